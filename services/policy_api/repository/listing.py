"""Statements that answer lists of policies, newest publication first. No decisions about who may see what.

However large the library, a page looks at a bounded number of rows. Each filter has an index in the order of the list,
a walk. One filter is its walk's beginning. Several are answered along the walk that is rarest where the page begins:
a first look at its beginning, then one at a window of it. When even that gives too few, the page is short and says
where to go on.

Part of a document number is the exception: where the text is long enough for its index, PostgreSQL chooses, and looks
at the documents whose numbers carry it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias
from uuid import UUID

from services.policy_api.repository.reading import Reads, Rows

Place: TypeAlias = tuple[date, UUID]
"""Where a row stands in the order of the list."""

FIRST_LOOK = 200
WINDOW = 1_000


@dataclass(frozen=True)
class PolicyFilter:
    """What a list is narrowed to; None does not narrow."""

    organization: str | None = None
    issuer: str | None = None
    level: str | None = None
    kind: str | None = None
    doc_class: str | None = None
    theme: str | None = None
    subtheme: str | None = None
    year: int | None = None
    status: str | None = None
    doc_no: str | None = None


@dataclass(frozen=True)
class Listed:
    """One page. `go_on_after` is None at the end of the list; a page may be shorter than asked for before it."""

    rows: Rows
    go_on_after: Place | None


_EQUAL = ("organization", "level", "kind", "doc_class", "theme", "subtheme", "year")
# Filters with an order of their own to walk.
WALKS = ("organization", "issuer", "level", "kind", "doc_class", "theme", "year", "status")
# The same as rules.validity.validity_on; a test compares the two.
_NOT_REPEALED = "(repealed_on IS NULL OR repealed_on > {today})"
_STATUS = {
    "repealed": "repealed_on <= {today}",
    "not_yet": f"effective_on > {{today}} AND {_NOT_REPEALED}",
    "lapsed": f"expires_on < {{today}} AND effective_on <= {{today}} AND {_NOT_REPEALED}",
    "in_force": f"effective_on <= {{today}} AND (expires_on IS NULL OR expires_on >= {{today}}) AND {_NOT_REPEALED}",
}
# What the trigram index can look up; it knows nothing of brackets.
_INDEXED_TEXT = re.compile(r"[^\W_]{3}")
_ORDER = "ORDER BY published_on DESC, id DESC"
_SHOWN = "id, published_on, listing, next_change_on"


async def list_public(reads: Reads, wanted: PolicyFilter, *, today: date, after: Place | None, limit: int) -> Listed:
    """One page of listings."""
    walks = [name for name in WALKS if getattr(wanted, name) is not None]
    if wanted.doc_no is not None and has_index(wanted.doc_no):
        statement = _Statement(wanted, today, after)
        rows = await statement.run(reads, statement.as_planned(limit + 1))
        return _cut(rows, limit)
    if wanted.doc_no is None and len(walks) <= 1:
        statement = _Statement(wanted, today, after)
        rows = await statement.run(reads, statement.look(walks[0] if walks else None, limit + 1, limit + 1))
        return _cut(rows, limit)
    for length in (FIRST_LOOK, WINDOW):
        walk, end = await _find_rarest(reads, wanted, walks or [None], today=today, after=after, length=length)
        # As far as that place, not that many rows: some may have come in between.
        statement = _Statement(wanted, today, after, until=end)
        rows = await statement.run(reads, statement.look(walk, 2 * WINDOW, limit + 1))
        if len(rows) > limit or end is None:
            return _cut(rows, limit)
    return Listed(rows, end)


def has_index(doc_no: str) -> bool:
    """Whether a piece of a document number is long enough for the index of numbers."""
    return _INDEXED_TEXT.search(doc_no) is not None


def _cut(rows: Rows, limit: int) -> Listed:
    """The page out of what was read, which is one more when there are more."""
    last = rows[limit - 1] if len(rows) > limit else None
    return Listed(rows[:limit], (last["published_on"], last["id"]) if last else None)


async def _find_rarest(
    reads: Reads,
    wanted: PolicyFilter,
    walks: Sequence[str | None],
    *,
    today: date,
    after: Place | None,
    length: int,
) -> tuple[str | None, Place | None]:
    """The walk whose next `length` rows lead furthest, and where they end; None when no more come after them."""
    statement = _Statement(wanted, today, after)
    ends: dict[int, Place] = {}
    going_on: set[int] = set()
    for row in await statement.run(reads, statement.ends(walks, length)):
        if ends.setdefault(row["number"], (row["published_on"], row["id"])) != (row["published_on"], row["id"]):
            going_on.add(row["number"])
    number = min(range(len(walks)), key=lambda one: ends[one] if one in going_on else (date.min, UUID(int=0)))
    return walks[number], ends[number] if number in going_on else None


class _Statement:
    """Text and values of one statement.

    Only what is asked for enters it, so that each condition has its index, and lengths are written out: PostgreSQL plans
    an unknown length as a tenth of the table.
    """

    def __init__(self, wanted: PolicyFilter, today: date, after: Place | None, *, until: Place | None = None) -> None:
        self._wanted = wanted
        # Written out like the status, both closed lists: a plan for any day would expect a third of all to be overtaken.
        self._today = f"date '{today.isoformat()}'"
        self._between = (("<", after), (">=", until))
        self._values: list[Any] = []

    async def run(self, reads: Reads, text: str) -> Rows:
        rows: Rows = await reads.fetch(text, *self._values)
        return rows

    def as_planned(self, limit: int) -> str:
        """All conditions at once; PostgreSQL chooses the index."""
        conditions = [*self._conditions(but=None), *self._beyond("id")]
        return _select(_SHOWN, "policy", conditions, limit)

    def look(self, walk: str | None, length: int, limit: int) -> str:
        """What fulfils all conditions among the next `length` rows of a walk, at most."""
        others = self._conditions(but=walk)
        if walk != "issuer" and others == _PUBLIC:
            return self._walk(walk, limit, _SHOWN)
        # A look-up for each row, in the walk's order, until there are enough: joined freely it might read the table.
        return f"""
            SELECT place.id, place.published_on, found.listing, found.next_change_on
            FROM ({self._walk(walk, length)}) AS place CROSS JOIN LATERAL (
                SELECT listing, next_change_on FROM policy WHERE policy.id = place.id AND {" AND ".join(others)} LIMIT 1
            ) AS found
            ORDER BY place.published_on DESC, place.id DESC LIMIT {limit}
        """  # noqa: S608  # fragments are constants of this module, values are bound

    def ends(self, walks: Sequence[str | None], length: int) -> str:
        """The last of the next `length` rows of each walk, by its number, and the one after it."""
        return " UNION ALL ".join(
            f"(SELECT {number} AS number, published_on, id FROM ({self._walk(walk, length + 1)}) AS walk"  # noqa: S608
            f" {_ORDER} OFFSET {length - 1})"
            for number, walk in enumerate(walks)
        )

    def _walk(self, walk: str | None, length: int, columns: str = "id, published_on") -> str:
        """The next rows that fulfil one condition, by its index alone."""
        if walk == "issuer":
            conditions = [f"issuer = {self._bind(self._wanted.issuer)}", *self._beyond("policy_id")]
            return _select("policy_id AS id, published_on", "policy_issuer", conditions, length)
        beyond = self._beyond("id")
        if walk == "status":
            return self._walk_status(beyond, length, columns)
        return _select(columns, "policy", [*_PUBLIC, *self._equal([walk]), *beyond], length)

    def _walk_status(self, beyond: Sequence[str], length: int, columns: str) -> str:
        """Those rendered with that validity, and those that a date has overtaken since, which the worker soon renders."""
        rendered = [
            f"validity = '{self._wanted.status}'",
            f"(next_change_on IS NULL OR next_change_on > {self._today})",
        ]
        overtaken = [f"next_change_on <= {self._today}", *self._status()]
        arms = (_select(columns, "policy", [*_PUBLIC, *arm, *beyond], length) for arm in (rendered, overtaken))
        return f"SELECT * FROM (({') UNION ALL ('.join(arms)})) AS either {_ORDER} LIMIT {length}"  # noqa: S608

    def _conditions(self, *, but: str | None) -> list[str]:
        """Every condition but the one that a walk fulfils."""
        conditions = [*_PUBLIC, *self._equal([name for name in WALKS if name != but])]
        if self._wanted.issuer is not None and but != "issuer":
            conditions.append(f"issuers @> ARRAY[{self._bind(self._wanted.issuer)}::text]")
        if self._wanted.doc_no is not None:
            pattern = self._wanted.doc_no.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
            conditions.append(f"doc_no LIKE {self._bind('%' + pattern + '%')}")
        return conditions if but == "status" else [*conditions, *self._status()]

    def _equal(self, names: Sequence[str | None]) -> list[str]:
        """Conditions of columns that hold the value itself; the two levels of a theme go together."""
        columns = [name for name in _EQUAL if ("theme" if name == "subtheme" else name) in names]
        given = {name: getattr(self._wanted, name) for name in columns}
        return [f"{name} = {self._bind(value)}" for name, value in given.items() if value is not None]

    def _status(self) -> list[str]:
        status = self._wanted.status
        return [_STATUS[status].format(today=self._today)] if status is not None else []

    def _beyond(self, identity: str) -> list[str]:
        """After the place where the page begins, and no further than the window."""
        return [
            f"(published_on, {identity}) {compares} ({self._bind(place[0])}::date, {self._bind(place[1])}::uuid)"
            for compares, place in self._between
            if place is not None
        ]

    def _bind(self, value: Any) -> str:
        self._values.append(value)
        return f"${len(self._values)}"


_PUBLIC = ["state = 'public'"]


def _select(columns: str, table: str, conditions: Sequence[str], length: int) -> str:
    return f"SELECT {columns} FROM {table} WHERE {' AND '.join(conditions)} {_ORDER} LIMIT {length}"  # noqa: S608
