"""Invented policy documents of about 2 KB: the same number gives the same document for ever.

Varied but ordinary Chinese, not random characters: an index of random characters costs several times as much as one
of a real library. What each document is (kind, theme, dates…) follows from its number, so that a filter's share of the
library is known: common values, rare values and every validity occur.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from pydantic_core import to_json

from shared.schemas.organizations import credit_code_check_character
from tools.bench import vocabulary as words

CITY = "1137010000418859XL"
BODY_BYTES = 2_000
RARE_EVERY = 500
"""One document in so many carries each rare value."""

_FIRST_DAY = date(2008, 1, 2)
_DAYS = 6_500
_COMMON_KINDS = ("notice", "notice", "notice", "opinion", "reply", "circular")
_COMMON_CLASSES = ("other", "other", "normative")
_THEMES = (
    "综合政务\\政务公开",
    "综合政务\\电子政务",
    "民政、扶贫、救灾\\社会福利",
    "财政、金融、审计\\财政",
    "农业、林业、水利\\水利",
)
_RARE_THEME = "国土资源、能源\\海洋"


@dataclass(frozen=True)
class Publisher:
    """An organisation that documents come from."""

    code: str
    name: str
    abbreviation: str
    """What its document numbers begin with."""


def _bureau(number: int, name: str, abbreviation: str) -> Publisher:
    first17 = f"113701000041{number:05d}"
    return Publisher(first17 + credit_code_check_character(first17), name, abbreviation)


PUBLISHERS = (
    Publisher(CITY, "泉城市人民政府", "泉政发"),
    _bureau(101, "泉城市教育局", "泉教发"),
    _bureau(102, "泉城市民政局", "泉民字"),
    _bureau(103, "泉城市财政局", "泉财规"),
)
RARE_PUBLISHER = _bureau(104, "泉城市档案馆", "泉档函")


def publisher_of(number: int) -> Publisher:
    """Whose document that is."""
    return RARE_PUBLISHER if number % RARE_EVERY == 7 else PUBLISHERS[number % len(PUBLISHERS)]


def document(number: int, *, edition: int = 1, today: date) -> dict[str, Any]:
    """A PolicyInput that is public already. Another edition has another text and the same metadata."""
    chance = Random(number)  # repeatable, not secret
    publisher = publisher_of(number)
    published = _FIRST_DAY + timedelta(days=chance.randrange(_DAYS))
    subject = chance.choice(words.SUBJECTS)
    rare = number % RARE_EVERY
    return {
        "title": f"关于{chance.choice(words.ADVERBS)}{chance.choice(words.VERBS)}{subject}有关工作的通知",
        "doc_class": "regulation" if rare == 11 else chance.choice(_COMMON_CLASSES),
        "kind": "communique" if rare == 13 else chance.choice(_COMMON_KINDS),
        "doc_no": f"{publisher.abbreviation}〔{published.year}〕{number + 1}号",
        "theme": _RARE_THEME if rare == 17 else chance.choice(_THEMES),
        "issuers": [publisher.name, *([chance.choice(words.DEPARTMENTS)] if rare == 19 else [])],
        "signed_on": published.isoformat(),
        "published_on": published.isoformat(),
        **_lifetime(chance, published, today),
        "body": body_text(Random(f"{number}/{edition}"), subject),
        "contact": {"organ": publisher.name, "phone": "0531-00000000"},
        "livelihood": number % 3 == 0,
    }


def _lifetime(chance: Random, published: date, today: date) -> dict[str, str]:
    """2 % repealed, 3 % lapsed, half a per cent not yet in force, a tenth still to lapse."""
    lot = chance.random()
    if lot < 0.02:
        return {"repealed_on": (published + timedelta(days=300)).isoformat()}
    if lot < 0.05:
        return {"expires_on": (published + timedelta(days=400)).isoformat()}
    if lot < 0.055:
        return {"effective_on": (today + timedelta(days=90)).isoformat()}
    return {"expires_on": (today + timedelta(days=800)).isoformat()} if lot < 0.155 else {}


def body_text(chance: Random, subject: str) -> str:
    """An outline of headings and points, cut at about BODY_BYTES of UTF-8."""
    parts = [f"各区县人民政府，市政府各部门：\n　　经市政府同意，现就{subject}有关工作通知如下。"]
    size = len(parts[0].encode())
    for part in _points(chance, subject):
        parts.append(part)
        size += len(part.encode()) + 1
        if size >= BODY_BYTES:
            break
    return "\n".join(parts)


def _points(chance: Random, subject: str) -> Iterator[str]:
    for chapter, heading in enumerate(chance.sample(words.HEADINGS, len(words.HEADINGS))):
        yield f"　　{'一二三四五六七八'[chapter]}、{heading}"
        for point in range(chance.randint(2, 4)):
            yield _point(chance, "一二三四"[point], subject)


def _point(chance: Random, number: str, subject: str) -> str:
    verb, thing, other = chance.choice(words.VERBS), chance.choice(words.OBJECTS), chance.choice(words.OBJECTS)
    year, month = chance.randint(2009, 2027), chance.randint(1, 12)
    departments = "、".join(chance.sample(words.DEPARTMENTS, chance.randint(1, 3)))
    return (
        f"　　（{number}）{chance.choice(words.ADVERBS)}{verb}{thing}。围绕{subject}{chance.choice(words.VERBS)}{other}，"
        f"{year}年{month}月底前{chance.choice(words.RESULTS)}，安排资金{chance.randint(12, 980)}万元，"
        f"涉及{chance.randint(2, 160)}个点位。（责任单位：{departments}）"
    )


def line(number: int, *, today: date) -> bytes:
    """One line of a batch, with its line end."""
    keys = {"organization": publisher_of(number).code, "external_id": external_id(number)}
    return to_json(keys | document(number, today=today)) + b"\n"


def external_id(number: int) -> str:
    return f"bench-{number}"


def queries() -> list[str]:
    """About fifty searches."""
    return [*words.SPECIAL_QUERIES, *words.SUBJECTS[::2], *words.OBJECTS[::4]]
