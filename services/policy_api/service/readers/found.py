"""What a reader gives back, or why it does not. Holds no logic."""

from dataclasses import dataclass, field
from enum import StrEnum


class Reason(StrEnum):
    """Why a file is refused: the member `reason` of the problem document."""

    WRONG_TYPE = "wrong_type"
    TOO_LARGE = "too_large"
    ENCRYPTED = "encrypted"
    MACROS = "macros"
    BOMB = "bomb"
    TOO_DEEP = "too_deep"
    NO_TEXT = "no_text"
    BROKEN = "broken"
    TOO_COSTLY = "too_costly"


class RefusedFile(Exception):
    """This file is not read; `detail` is Chinese, for a clerk."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason, self.detail = reason, detail


@dataclass(frozen=True)
class Remark:
    """Something that a person should look at: where in the draft, why, and what was seen."""

    pointer: str
    reason: str
    seen: str | None = None


@dataclass(frozen=True)
class Bounds:
    """How much of a file is read. What exceeds them is refused, never cut."""

    members: int = 2_000
    """Files in a package (.docx)."""
    unpacked_bytes: int = 150_000_000
    xml_bytes: int = 30_000_000
    """Of one part that is parsed."""
    ratio: int = 200
    """Unpacked to packed, of whatever unpacks to more than a megabyte."""
    depth: int = 200
    """Elements within elements."""
    elements: int = 200_000
    """In a web page."""
    pages: int = 1_000
    page_bytes: int = 4_000_000
    """One stream of a PDF, unpacked."""
    characters: int = 1_000_000


@dataclass
class Readout:
    """The text of a file, a line a paragraph or row."""

    media_type: str
    text: str
    remarks: list[Remark] = field(default_factory=list)
    pages: int | None = None
