"""What in a request asks to be looked at: likeness of texts, signs of a petition, personal data left in a case. Pure."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from shared.kit.identifiers import find_identifiers
from shared.schemas.patrol import FindingKind

PETITION_SIGNS: tuple[str, ...] = (
    *(
        "举报",
        "投诉",
        "信访",
        "上访",
        "控告",
        "检举",
        "要求查处",
        "要求处理",
        "要求赔偿",
        "要求追究",
        "追究责任",
        "要求答复",
    ),
    *("为什么不", "给个说法", "严肃处理", "讨要", "维权", "咨询一下", "如何办理", "能否办理", "是否合法", "是否违法"),
)
"""Words that a request for information seldom has and a petition often (条例第三十九条第一款). A person decides."""
_NOT_WORDS = re.compile(r"[\W_]+")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_PERSONAL = frozenset(
    {FindingKind.IDENTITY_NUMBER, FindingKind.BANK_CARD, FindingKind.MOBILE_PHONE, FindingKind.ADDRESS}
)
_SHORTEST_KNOWN = 2


def normalize(text: str) -> str:
    """Letters and digits only, in one width and case: what two people write differently becomes the same."""
    return _NOT_WORDS.sub("", unicodedata.normalize("NFKC", text)).casefold()


def likeness(one: str, other: str) -> float:
    """Shared pairs of neighbouring characters among all of both (Jaccard), 0 to 1."""
    mine, theirs = _pairs(one), _pairs(other)
    return len(mine & theirs) / len(mine | theirs) if mine and theirs else 0.0


def _pairs(text: str) -> frozenset[str]:
    plain = normalize(text)
    return frozenset(plain[place : place + 2] for place in range(len(plain) - 1))


def petition_signs(text: str) -> list[str]:
    """The words in it that point to a petition, a complaint or an inquiry."""
    return [sign for sign in PETITION_SIGNS if sign in text]


@dataclass(frozen=True)
class Leak:
    """Personal data that is still in a text: of what kind and where, never which."""

    kind: str
    place: str


def remaining(texts: dict[str, str], known: Iterable[str]) -> list[Leak]:
    """What must not be in a shared case: known values of its people, and anything that has their form."""
    values = {plain for plain in map(normalize, known) if len(plain) >= _SHORTEST_KNOWN}
    leaks: list[Leak] = []
    for place, text in texts.items():
        plain = normalize(text)
        if any(value in plain for value in values):
            leaks.append(Leak("known", place))
        wide = unicodedata.normalize("NFKC", text)
        leaks += [Leak(found.kind.value, place) for found in find_identifiers(wide) if found.kind in _PERSONAL]
        if _EMAIL.search(wide):
            leaks.append(Leak("email", place))
    return leaks


def rounded(count: int) -> int:
    """To the nearest multiple of five: figures of few people say nothing of any one of them."""
    return (count + 2) // 5 * 5
