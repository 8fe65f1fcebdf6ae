"""What was found in a file: of what kind, where, and a masked excerpt; whether it keeps the file from leaving."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from shared.kit.identifiers import find_identifiers, is_bank_card, is_identity_number, mask
from shared.schemas.patrol import FindingKind

PERSONAL = frozenset(
    {FindingKind.IDENTITY_NUMBER, FindingKind.BANK_CARD, FindingKind.MOBILE_PHONE, FindingKind.ADDRESS}
)
MOST = 200
"""Of one file: more say nothing new."""
POSSIBLE = "possible_number"
"""Digits that make an identity number once what stands between them is left out: a person has to look."""
# What follows a sign, a letter or a word counts here too: in a file that leaves, there are no addresses to spare.
_IDENTITY = re.compile(r"(?<!\d)[1-9]\d{16}[\dXx](?!\d)")
_CARD = re.compile(r"(?<!\d)\d{16,19}(?!\d)")
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_OLD = re.compile(r"(?<!\d)[1-9]\d{14}(?!\d)")
_BETWEEN = re.compile(r"(?<=\d)[\s\-.·•_/|,，、‐-―−﹣－]+(?=[\dXx])")
_WINDOW = re.compile(r"(?=([1-9]\d{16}[\dXx]))")
_PROVINCES = ("1", "2", "3", "4", "5", "6")


@dataclass(frozen=True)
class Found:
    """One finding. A number itself is never repeated."""

    kind: str
    place: str
    excerpt: str
    blocking: bool


def fold(text: str) -> str:
    """In one width, without what takes no place: soft hyphens, zero-width blanks, marks of direction."""
    wide = unicodedata.normalize("NFKC", text)
    return "".join(char for char in wide if unicodedata.category(char) != "Cf")


def in_text(place: str, text: str) -> list[Found]:
    """Numbers of persons in a text, in whatever width they are written. An address may be the office's: it is only told."""
    folded = fold(text)
    hits = [one for one in find_identifiers(folded) if one.kind in PERSONAL][:MOST]
    found = [
        Found(
            one.kind.value,
            place,
            # Itself only: what stands around a number may be a name.
            mask(one.kind, folded[one.start : one.end]),
            blocking=one.kind is not FindingKind.ADDRESS,
        )
        for one in hits
    ]
    known = {_bare(folded[one.start : one.end]) for one in hits}
    for kind, number in _further(folded):
        if number not in known and len(found) < MOST:
            known.add(number)
            shown = "书写分开的数字，疑似证件号码" if kind == POSSIBLE else mask(FindingKind(kind), number)
            found.append(Found(kind, place, shown, blocking=True))
    return found


def in_raw(place: str, data: bytes) -> list[Found]:
    """Identity numbers in the bytes of what is no text, as any single-byte or UTF-16 text in it would hold them."""
    plain = data.replace(b"\0", b"").decode("latin-1")
    return [
        Found(FindingKind.IDENTITY_NUMBER.value, place, mask(FindingKind.IDENTITY_NUMBER, one[0]), blocking=True)
        for one in _IDENTITY.finditer(plain)
        if is_identity_number(one[0])
    ][:MOST]


def _bare(number: str) -> str:
    return "".join(char for char in number if char.isalnum()).upper()


def _further(folded: str) -> Iterator[tuple[str, str]]:
    """What the search in a page's text passes over, and a file must not hold."""
    for pattern, kind, holds in (
        (_IDENTITY, FindingKind.IDENTITY_NUMBER, is_identity_number),
        (_CARD, FindingKind.BANK_CARD, _is_card),
        (_MOBILE, FindingKind.MOBILE_PHONE, bool),
    ):
        yield from ((kind.value, one[0].upper()) for one in pattern.finditer(folded) if holds(one[0]))
    yield from ((POSSIBLE, one[0]) for one in _OLD.finditer(folded) if _is_old_number(one[0]))
    joined = _BETWEEN.sub("", folded)
    if joined != folded:
        for window in _WINDOW.finditer(joined):
            if is_identity_number(window[1]):
                yield POSSIBLE, window[1].upper()


def _is_card(number: str) -> bool:
    return is_bank_card(number) and not (len(number) == 18 and is_identity_number(number))


def _is_old_number(number: str) -> bool:
    """Fifteen digits as they were given until 1999: province, birth date, order."""
    if not number.startswith(_PROVINCES):
        return False
    try:
        date(1900 + int(number[6:8]), int(number[8:10]), int(number[10:12]))
    except ValueError:
        return False
    return True
