"""What was found in a file: of what kind, where, and a masked excerpt; whether it keeps the file from leaving."""

import unicodedata
from dataclasses import dataclass

from shared.kit.identifiers import excerpt_of, find_identifiers
from shared.schemas.patrol import FindingKind

PERSONAL = frozenset(
    {FindingKind.IDENTITY_NUMBER, FindingKind.BANK_CARD, FindingKind.MOBILE_PHONE, FindingKind.ADDRESS}
)
MOST = 200
"""Of one file: more say nothing new."""


@dataclass(frozen=True)
class Found:
    """One finding. A number itself is never repeated."""

    kind: str
    place: str
    excerpt: str
    blocking: bool


def in_text(place: str, text: str) -> list[Found]:
    """Numbers of persons in a text, in whatever width they are written. An address may be the office's: it is only told."""
    wide = unicodedata.normalize("NFKC", text)
    hits = find_identifiers(wide)
    return [
        Found(
            one.kind.value,
            place,
            excerpt_of(wide, (one.start, one.end), hits),
            blocking=one.kind is not FindingKind.ADDRESS,
        )
        for one in hits[:MOST]
        if one.kind in PERSONAL
    ]
