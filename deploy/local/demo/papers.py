"""A demo document before it has its number: what it is, its texts, and whom it refers to by key."""

import zlib
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from shared.schemas.policies import DocClass, DocKind, RelationType

LATEST_DAY = date(2026, 6, 15)
"""The demo's own present: nothing is published later, so that any later today may load it."""


@dataclass(frozen=True)
class Link:
    """A relation to another demo document (`key`), or to an act that is not in the library (`title`)."""

    type: RelationType
    key: str | None = None
    title: str | None = None


@dataclass(frozen=True)
class Text:
    """One text of a document. `body` may hold `{ref:key}`, which becomes the other's title and number."""

    body: str
    published_on: date
    effective_on: date
    label: str | None = None
    adopted_on: date | None = None
    instrument: str | None = None


@dataclass(frozen=True)
class Paper:
    """One document."""

    key: str
    issuer: str
    """Key of its unit (city.py)."""
    title: str
    kind: DocKind
    theme: str
    signed_on: date
    texts: tuple[Text, ...]
    area: str | None = None
    doc_class: DocClass = DocClass.OTHER
    prefix: str | None = None
    """机关代字; None: the unit's own for this class."""
    fixed_number: str | None = None
    """Orders are numbered by hand."""
    expires_on: date | None = None
    co_issuers: tuple[str, ...] = ()
    links: tuple[Link, ...] = ()
    addressee: str | None = None
    attachments: tuple[str, ...] = ()
    summary: str | None = None
    cover: str | None = None
    """The sentence before the text proper when the text is issued by a notice; holds its name in 《》."""
    flags: frozenset[str] = field(default_factory=frozenset)

    @property
    def published_on(self) -> date:
        return self.texts[0].published_on

    @property
    def effective_on(self) -> date:
        return self.texts[0].effective_on

    def is_valid_on(self, day: date) -> bool:
        """By its own dates."""
        return self.effective_on <= day and (self.expires_on is None or day <= self.expires_on)

    def extended(self, years: int) -> "Paper":
        """The same with a later last day (公布继续有效)."""
        assert self.expires_on is not None
        return replace(self, expires_on=years_later(self.expires_on, years))


def pick(seed: str, size: int) -> int:
    """A number below `size` that is the same on every machine and in every run."""
    return zlib.crc32(seed.encode()) % size


def workday(day: date) -> date:
    """The day itself, or the Monday after a weekend."""
    return day + timedelta(days={5: 2, 6: 1}.get(day.weekday(), 0))


def publication_day(key: str, signed_on: date) -> date:
    """One to six days after signature, never on a weekend, never after the demo's present."""
    return min(workday(signed_on + timedelta(days=1 + pick(key, 5))), LATEST_DAY)


def month_after(day: date) -> date:
    """The first day of the second month after: gives thirty days to prepare."""
    month = day.month + 1
    return date(day.year + month // 12, month % 12 + 1, 1)


def years_later(day: date, years: int) -> date:
    """The same day of a later year; 29 February becomes 28 February."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def last_day(effective_on: date, years: int) -> date:
    """The last day of a validity of so many years."""
    return years_later(effective_on, years) - timedelta(days=1)


def spoken(day: date) -> str:
    """2024年5月1日."""
    return f"{day.year}年{day.month}月{day.day}日"
