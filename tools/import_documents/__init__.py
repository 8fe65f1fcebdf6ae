"""Loads documents that were issued elsewhere or long ago into the running suite (`make import FILE=…`).

| module | does |
|---|---|
| `sources` | opens files, recognises their form, gives their rows |
| `mapping`, `laws` | turn a row into what the suite takes, finding in the text what the row lacks |
| `places` | which organisation a name is, with a placeholder code |
| `suite` | talks to the running suite |
| `journal` | remembers what is in, so that a second run sends only the rest |
| `running` | the whole import, and its report (`report`) |

Reads files and speaks HTTP like any other caller; touches no database.
"""
