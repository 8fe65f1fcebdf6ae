"""The process that reads uploaded documents. Serves nothing else."""

from services.policy_api.rules.drafting import ReadText, draft_policy
from services.policy_api.service.readers.found import Bounds
from services.policy_api.service.readers.reading import read_kind
from shared.kit.confined import allow_computing, serve
from shared.schemas.parsing import UncertainField

_FIRST_SECONDS = 0.5
"""Of computing, for what is not in proportion to the file."""
_SECONDS_A_MEGABYTE = 0.4
_SECONDS_A_PAGE = 0.1
_CHARACTERS_A_SECOND = 50_000


def read_file(data: bytes, most_seconds: float) -> bytes:
    """A ParsedDocument as JSON. Computing time is granted as the file turns out to be large, never more than the most."""
    allowed = _FIRST_SECONDS + len(data) / 1_000_000 * _SECONDS_A_MEGABYTE

    def allow(more: float) -> None:
        allow_computing(min(allowed + more, most_seconds))

    allow(0.0)
    found = read_kind(data, Bounds(), lambda pages: allow(pages * _SECONDS_A_PAGE))
    allow(len(found.text) / _CHARACTERS_A_SECOND)
    remarks = [
        UncertainField(pointer=remark.pointer, reason=remark.reason, seen=remark.seen) for remark in found.remarks
    ]
    return draft_policy(ReadText(found.media_type, found.text, found.pages, remarks)).model_dump_json().encode()


if __name__ == "__main__":
    serve(read_file)
