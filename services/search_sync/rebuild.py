"""Fills a fresh index from the services and swaps it in; searching goes on meanwhile.

    python -m services.search_sync.rebuild [--wait-seconds 600]

prints the outcome as JSON. Ends with 0 when the new index is in use, 2 when it could not be done. The worker does it,
being the only one that writes; where none runs, this command is the worker for so long.
"""

from services.search_sync.worker import run_command


def main() -> None:
    """With the settings of the environment."""
    run_command("rebuild", description=__doc__)


if __name__ == "__main__":
    main()
