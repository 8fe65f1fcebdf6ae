"""`make bench`: every figure beside its baseline, in one run, in interleaved rounds.

| module | does |
|---|---|
| `__main__` | the command: which sections, how long, where the report goes |
| `rig` | starts PostgreSQL, Meilisearch and the services for the run, in a folder of their own |
| `corpus`, `vocabulary` | the invented documents |
| `client`, `load`, `canned` | the load generator, and what shows its own ceiling |
| `bare`, `orm_app` | the baselines that serve |
| `reads`, `writes`, `searching`, `growth` … | the sections |
| `figures`, `report` | what a section gives back, and how it is shown and kept in docs/benchmarks.md |

Speaks to the services over HTTP like any caller. The baselines and the query plans look into their tables; that is
what a measurement is for and nothing else may do it.
"""
