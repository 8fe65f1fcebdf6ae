"""Compares index and services, document by document, and repairs what differs.

    python -m services.search_sync.verify [--wait-seconds 600]

prints the outcome as JSON. Ends with 0 when nothing differed, 1 when something did (it is repaired), 2 when it could not
be done. The worker does it, being the only one that writes; where none runs, this command is the worker for so long.
"""

import sys

from services.search_sync.worker import run_command


def main() -> None:
    """With the settings of the environment."""
    outcome = run_command("verify", description=__doc__)
    sys.exit(1 if any(outcome[kind]["count"] for kind in ("missing", "extra", "stale")) else 0)


if __name__ == "__main__":
    main()
