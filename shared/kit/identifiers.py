"""Numbers of persons in a text, each checked by what its standard says, and how each is shown. Pure.

Only what passes its check is a hit: a birth date that can be and a check character that fits (GB 11643-1999), Luhn's sum and
an issuer's prefix (ISO/IEC 7812), a mobile prefix in use. Addresses have no check and are looked for by their form, down
to the door.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from shared.schemas.organizations import check_credit_code
from shared.schemas.patrol import FindingKind, Severity

_AROUND = 12
# Not within a longer number, code or address of a page.
_ALONE, _END = r"(?<![0-9A-Za-z./_=%-])", r"(?![0-9A-Za-z_%])"
_IDENTITY = re.compile(_ALONE + r"[1-9]\d{5}[ -]?(?:18|19|20)\d{2}[ -]?\d{4}[ -]?\d{3}[\dXx]" + _END)
_MOBILE = re.compile(r"(?<![0-9A-Za-z./_=%-])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}" + _END)
_CARD = re.compile(_ALONE + r"(?:\d{16,19}|\d{4}(?:[ -]\d{4}){3}(?:[ -]?\d{1,3})?)" + _END)
_CREDIT = re.compile(_ALONE + r"[159AY][1-9]\d{6}[0-9A-HJ-NPQRTUWXY]{10}" + _END)
_ADDRESS = re.compile(
    r"[\u4e00-\u9fff]{2,10}(?:小区|花园|家园|公寓|社区|新村|宿舍|苑|村|路|街|巷)[\u4e00-\u9fff\d]{0,8}?"
    r"(?:\d{1,4}|[一二三四五六七八九十百]{1,4})(?:号楼|栋|幢|座|号院|号|组)[^\n，。；、]{0,6}?"
    r"(?:\d{1,4}|[一二三四五六七八九十]{1,3})(?:单元|室|户|门)(?:\d{1,4}(?:室|号|户)?)?"
)
_OFFICE = re.compile("机关|政务|办公|大厦|大院|服务中心|大厅|委员会|政府|写字楼|商务")
_RUN = re.compile(r"[0-9A-Z][0-9A-Za-z -]{9,}")
# One character for one: what is written in full width is found at its own place.
_WIDE = {0xFF10 + n: 0x30 + n for n in range(10)} | {0xFF21 + n: 0x41 + n for n in range(26)}
_WIDE |= {0xFF41 + n: 0x61 + n for n in range(26)} | {
    0xFF0D: 0x2D,
    0x2010: 0x2D,
    0x2011: 0x2D,
    0xA0: 0x20,
    0x3000: 0x20,
}
_DOOR = re.compile(r"(?:\d|[一二三四五六七八九十])(?:单元|室|户|门)")
_LONGEST_ADDRESS, _AFTER_DOOR = 60, 10
Spans = Callable[[str], Iterable[tuple[int, int]]]
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PROVINCES = frozenset(
    (*range(11, 16), *range(21, 24), *range(31, 38), *range(41, 47), *range(50, 55), *range(61, 66), 71, 81, 82, 83)
)
_PREFIXES = ("62", "4", "51", "52", "53", "54", "55", "35", "9")
"""银联 62 and 9, Visa, MasterCard, JCB."""


@dataclass(frozen=True)
class Found:
    """A hit in a text."""

    kind: FindingKind
    severity: Severity
    start: int
    end: int


def find_identifiers(text: str) -> list[Found]:
    """All that pass their checks, in order. What one kind has taken, no later kind takes."""
    text = text.translate(_WIDE)
    taken: list[Found] = []
    for kind, severity, pattern, holds in _KINDS:
        starts = [one.start for one in taken]
        taken += [
            Found(kind, severity, start, end)
            for start, end in pattern(text)
            if _is_free(taken, starts, start, end) and holds(text[start:end])
        ]
        taken.sort(key=lambda one: one.start)
    return taken


def _is_free(taken: list[Found], starts: list[int], start: int, end: int) -> bool:
    """Whether none that was taken before reaches into these places; they are in order and apart."""
    after = bisect_left(starts, end)
    return after == 0 or taken[after - 1].end <= start


def is_identity_number(number: str) -> bool:
    """Eighteen characters of GB 11643-1999: a province, a birth date that can be, the check character."""
    number = "".join(char for char in number if char not in " -").upper()
    if int(number[:2]) not in _PROVINCES:
        return False
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _WEIGHTS, strict=True))
    return born >= date(1890, 1, 1) and "10X98765432"[total % 11] == number[17]


def is_bank_card(number: str) -> bool:
    """Sixteen to nineteen digits of an issuer that there is, with Luhn's sum."""
    digits = [int(char) for char in number if char.isdigit()]
    if not 16 <= len(digits) <= 19 or not number.startswith(_PREFIXES) or len(set(digits)) < 4:
        return False
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _is_private_code(code: str) -> bool:
    """A code that fits, of anybody but public bodies: theirs (1: registered by 机构编制) stand in every index number."""
    if code[0] == "1":
        return False
    try:
        check_credit_code(code)
    except ValueError:
        return False
    return True


def _always(_: str) -> bool:
    return True


def _spans_of(pattern: re.Pattern[str]) -> Spans:
    """Within the runs of digits and letters that are long enough to hold one: most of a text is neither."""

    def find(text: str) -> Iterator[tuple[int, int]]:
        for run in _RUN.finditer(text):
            # One more, so that what follows the run is seen by whoever asks what follows.
            for match in pattern.finditer(text, run.start(), run.end() + 1):
                yield match.span()

    return find


def _addresses(text: str) -> Iterator[tuple[int, int]]:
    """Looked for from their doors, which are few: every Chinese word may be the beginning of one."""
    done = 0
    for door in _DOOR.finditer(text):
        begin = max(done, door.start() - _LONGEST_ADDRESS)
        found = _ADDRESS.search(text, begin, min(len(text), door.end() + _AFTER_DOOR))
        if found is not None:
            yield found.span()
            done = found.end()


def _is_home(address: str) -> bool:
    return _OFFICE.search(address) is None


# The first that claims a place keeps it: an identity number may look like a card's.
_KINDS: tuple[tuple[FindingKind, Severity, Spans, Callable[[str], bool]], ...] = (
    (FindingKind.IDENTITY_NUMBER, Severity.ERROR, _spans_of(_IDENTITY), is_identity_number),
    (FindingKind.CREDIT_CODE, Severity.NOTE, _spans_of(_CREDIT), _is_private_code),
    (FindingKind.BANK_CARD, Severity.ERROR, _spans_of(_CARD), is_bank_card),
    (FindingKind.MOBILE_PHONE, Severity.WARNING, _spans_of(_MOBILE), _always),
    (FindingKind.ADDRESS, Severity.WARNING, _addresses, _is_home),
)


def mask(kind: FindingKind, words: str) -> str:
    """How a hit is shown (domain.md §11.3). The birth date of an identity number is what stays hidden."""
    match kind:
        case FindingKind.IDENTITY_NUMBER:
            bare = "".join(char for char in words if char not in " -")
            return f"{bare[:6]}********{bare[-4:]}"
        case FindingKind.BANK_CARD:
            return f"****{words[-4:]}"
        case FindingKind.MOBILE_PHONE:
            digits = "".join(char for char in words if char.isdigit())[-11:]
            return f"{digits[:3]}****{digits[-4:]}"
        case FindingKind.ADDRESS:
            return f"{words[:4]}***"
        case _:
            return words


def excerpt_of(text: str, at: tuple[int, int], others: list[Found]) -> str:
    """The words around a place. Every identifier that reaches into them is masked, and none is shown in part."""
    start, end = max(0, at[0] - _AROUND), min(len(text), at[1] + _AROUND)
    parts: list[str] = []
    place = start
    for one in (other for other in others if other.end > start and other.start < end):
        parts += [text[place : max(place, one.start)], mask(one.kind, text[one.start : one.end])]
        place = max(place, one.end)
    parts.append(text[place : max(place, end)])
    return " ".join("".join(parts).split())
