"""The process that looks into files of requests and answers (`python -m services.request_api.service.answer_files`)."""

from services.request_api.service.answer_files.work import do_work
from shared.kit.confined import allow_computing, serve

_FIRST_SECONDS = 2.0
_SECONDS_A_MEGABYTE = 1.5


def read_file(data: bytes, most_seconds: float) -> bytes:
    """One order: see `work`."""
    allow_computing(min(_FIRST_SECONDS + len(data) / 1_000_000 * _SECONDS_A_MEGABYTE, most_seconds))
    return do_work(data)


if __name__ == "__main__":
    serve(read_file)
