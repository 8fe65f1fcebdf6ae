"""Finds personal information, secrecy marks and wrong words in a text before it becomes public (domain.md §11.2, §11.3).

A hit carries a masked excerpt only. Scanning proposes; a reviewer decides. Telephone numbers of offices (`0531-…`,
`12345`, `400-…`) are meant to be public and are no hits. Files are not opened here.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class ScanKind(StrEnum):
    """What kind of thing was found."""

    ID_CARD = "id_card"  # 公民身份号码
    MOBILE = "mobile"  # 手机号码
    BANK_CARD = "bank_card"  # 银行卡号
    EMAIL = "email"  # 个人电子邮箱
    SECRECY = "secrecy"  # 密级标志
    SENSITIVE = "sensitive"  # 敏感词
    TYPO = "typo"  # 严重错别字


PERSONAL = frozenset({ScanKind.ID_CARD, ScanKind.MOBILE, ScanKind.BANK_CARD, ScanKind.EMAIL})


@dataclass(frozen=True)
class ScanHit:
    """One find: where (character offsets) and what, masked."""

    kind: ScanKind
    start: int
    end: int
    excerpt: str


@dataclass(frozen=True)
class WordLists:
    """Words looked for besides secrecy marks; a city adds its own."""

    sensitive: tuple[str, ...] = ("内部资料", "内部文件", "不得外传", "注意保密")
    typos: tuple[str, ...] = ("中国入民", "烈土", "人民代表大人")


DEFAULT_WORDS = WordLists()
_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECK = "10X98765432"
_FULL_WIDTH = {
    ord(wide): narrow for wide, narrow in zip("０１２３４５６７８９Ｘｘ＠．－", "0123456789Xx@.-", strict=True)
}
_ID = re.compile(r"(?<![0-9A-Za-z])[1-9]\d{5}(?:18|19|20)\d{9}[0-9Xx](?![0-9A-Za-z])")
_MOBILE = re.compile(r"(?<![0-9A-Za-z.])(?:\+?86[- ]?)?(1[3-9]\d[- ]?\d{4}[- ]?\d{4})(?![0-9A-Za-z])")
_CARD = re.compile(r"(?<![0-9A-Za-z.])\d(?:[ -]?\d){15,18}(?![0-9A-Za-z])")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,12}")
# 保守国家秘密法: a mark is the level, the star and the term; `绝密★启用前` and a bare star count as well.
_SECRECY = re.compile(r"(?:绝\s*密|机\s*密|秘\s*密)\s*[★☆]")
# Stops at the next `<`, so that a text of nothing but `<` is read in one pass.
_MARKUP = re.compile(r"<[^<>]*>")


def scan_text(text: str, words: WordLists = DEFAULT_WORDS) -> list[ScanHit]:
    """Every find in order of place; of finds that overlap, the first kind counts. Full-width digits are read as digits."""
    # Markup is blanked, not cut, so that offsets hold; a number split by tags is found by the second pass.
    plain = text.translate(_FULL_WIDTH)
    found = list(_scan(_MARKUP.sub(lambda tag: " " * len(tag.group()), plain), words))
    if "<" in plain:
        found += _scan_joined(plain, words, found)
    return sorted(_without_overlaps(found, len(plain)), key=lambda hit: hit.start)


def _scan(text: str, words: WordLists) -> Iterator[ScanHit]:
    finders: tuple[Callable[[str], Iterable[ScanHit]], ...] = (_find_ids, _find_mobiles, _find_cards, _find_emails)
    for finder in finders:
        yield from finder(text)
    for match in _SECRECY.finditer(text):
        yield ScanHit(ScanKind.SECRECY, match.start(), match.end(), match.group())
    for kind, listed in ((ScanKind.SENSITIVE, words.sensitive), (ScanKind.TYPO, words.typos)):
        for word in listed:
            for match in re.finditer(re.escape(word), text):
                yield ScanHit(kind, match.start(), match.end(), word)


def _scan_joined(text: str, words: WordLists, known: list[ScanHit]) -> list[ScanHit]:
    """What shows only once tags are taken away: a reader sees `138<b>0013</b>8000` as one number."""
    places: list[int] = []
    letters: list[str] = []
    end = 0
    for match in [*_MARKUP.finditer(text), None]:
        start = match.start() if match else len(text)
        places += range(end, start)
        letters.append(text[end:start])
        end = match.end() if match else len(text)
    seen = {hit.start for hit in known}
    hits = (
        ScanHit(hit.kind, places[hit.start], places[hit.end - 1] + 1, hit.excerpt)
        for hit in _scan("".join(letters), words)
    )
    return [hit for hit in hits if hit.start not in seen]


def _find_ids(text: str) -> Iterator[ScanHit]:
    for match in _ID.finditer(text):
        if is_id_number(match.group()):
            yield ScanHit(ScanKind.ID_CARD, match.start(), match.end(), mask_id(match.group()))


def _find_mobiles(text: str) -> Iterator[ScanHit]:
    for match in _MOBILE.finditer(text):
        digits = re.sub(r"[- ]", "", match.group(1))
        yield ScanHit(ScanKind.MOBILE, match.start(), match.end(), f"{digits[:3]}****{digits[-4:]}")


def _find_cards(text: str) -> Iterator[ScanHit]:
    for match in _CARD.finditer(text):
        digits = re.sub(r"[- ]", "", match.group())
        if digits[0] in "3456" and passes_luhn(digits):
            yield ScanHit(ScanKind.BANK_CARD, match.start(), match.end(), f"****{digits[-4:]}")


def _find_emails(text: str) -> Iterator[ScanHit]:
    for match in _EMAIL.finditer(text):
        host = match.group().partition("@")[2].lower()
        # An authority's own mailbox is a contact for the public.
        if not host.endswith((".gov.cn", ".mil.cn", ".edu.cn")):
            yield ScanHit(ScanKind.EMAIL, match.start(), match.end(), f"{match.group()[0]}***@{host}")


def _without_overlaps(hits: Iterable[ScanHit], length: int) -> Iterator[ScanHit]:
    taken = bytearray(length)
    for hit in hits:
        if not any(taken[hit.start : hit.end]):
            taken[hit.start : hit.end] = b"\1" * (hit.end - hit.start)
            yield hit


def is_id_number(number: str) -> bool:
    """Whether this is a citizen's number: GB 11643-1999 check character and a birth date that exists.

    11010519491231002X is one; the same with another last character is not.
    """
    try:
        date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _ID_WEIGHTS, strict=True))
    return _ID_CHECK[total % 11] == number[17].upper()


def mask_id(number: str) -> str:
    """`110105********002X`: without the birth date."""
    return f"{number[:6]}********{number[14:].upper()}"


def passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 check digit of card numbers."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
