"""The process that reads uploaded workbooks. Serves nothing else."""

from services.catalog_api.service.workbooks.reading import read_grids
from shared.kit.confined import allow_computing, serve

_FIRST_SECONDS = 1.0
_SECONDS_A_MEGABYTE = 1.5
"""A megabyte of a packed workbook is some 20,000 rows."""


def read_file(data: bytes, most_seconds: float) -> bytes:
    """Every sheet as JSON, see `reading`."""
    allow_computing(min(_FIRST_SECONDS + len(data) / 1_000_000 * _SECONDS_A_MEGABYTE, most_seconds))
    return read_grids(data)


if __name__ == "__main__":
    serve(read_file)
