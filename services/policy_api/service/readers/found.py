"""What a reader gives back, or why it does not. Holds no logic."""

from dataclasses import dataclass, field

from shared.kit.office_package import PackageBounds


@dataclass(frozen=True)
class Remark:
    """Something that a person should look at: where in the draft, why, and what was seen."""

    pointer: str
    reason: str
    seen: str | None = None


@dataclass(frozen=True)
class Bounds:
    """How much of a file is read. What exceeds them is refused, never cut."""

    package: PackageBounds = field(default_factory=PackageBounds)
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
