"""What PostgreSQL touches to answer a list: the service's own statements under EXPLAIN (ANALYZE, BUFFERS)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Any, cast

import asyncpg

from services.policy_api.repository.listing import FIRST_LOOK, WALKS, WINDOW, PolicyFilter, has_index, list_public
from services.policy_api.repository.reading import Reads

PAGE = 20
_BEFORE = 7
_names = count(1)


def bound_of(wanted: PolicyFilter) -> int:
    """Rows that a page may touch whatever the library's size.

    One filter: the page, and what it is read through. Several, or a piece of a number too short for its index: a first
    look and a window of every filter, and one of them again with the rows that it leads to.
    """
    walks = sum(getattr(wanted, name) is not None for name in WALKS)
    if walks <= 1 and (wanted.doc_no is None or has_index(wanted.doc_no)):
        return 6 * (PAGE + 1)
    return (max(walks, 1) + 2) * (FIRST_LOOK + WINDOW + 2)


@dataclass(frozen=True)
class Touched:
    """Rows that the scans gave or threw away, and blocks of 8 KiB."""

    rows: int
    blocks: int


async def explain_lists(url: str, filters: Mapping[str, PolicyFilter], *, today: date) -> dict[str, Touched]:
    """What each list touches in one database."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "policy,public", "jit": "off"})
    try:
        found = {}
        for name, wanted in filters.items():
            explaining = _Explaining(connection)
            await list_public(cast(Reads, explaining), wanted, today=today, after=None, limit=PAGE)
            found[name] = explaining.touched
        return found
    finally:
        await connection.close()


class _Explaining:
    """Stands where the repository expects a pool, and adds up what each statement touches before it gives the rows.

    A statement is run a few times first, as the service runs it prepared: from the sixth time on PostgreSQL may use a
    plan made for any value.
    """

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection
        self.touched = Touched(0, 0)

    async def fetch(self, statement: str, *values: object) -> Sequence[Any]:
        name = f"asked_{next(_names)}"
        await self._connection.execute(f"PREPARE {name} AS {statement}")
        execute = f"EXECUTE {name}" + (f"({', '.join(map(_literal, values))})" if values else "")
        for _ in range(_BEFORE):
            await self._connection.execute(execute)
        plan = await self._connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {execute}")
        here = _read_plan(json.loads(plan)[0]["Plan"])
        self.touched = Touched(self.touched.rows + here.rows, self.touched.blocks + here.blocks)
        rows: Sequence[Any] = await self._connection.fetch(execute)
        return rows


def _literal(value: object) -> str:
    return "'" + str(value).replace("'", "''") + "'"


def _read_plan(plan: dict[str, Any]) -> Touched:
    blocks = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return Touched(sum(_rows_of(node) for node in _walk(plan) if _reads(node)), blocks)


def _rows_of(node: dict[str, Any]) -> int:
    thrown_away = sum(node.get(name, 0) for name in ("Rows Removed by Filter", "Rows Removed by Index Recheck"))
    return int((node["Actual Rows"] + thrown_away) * node["Actual Loops"])


def _reads(node: dict[str, Any]) -> bool:
    """A scan of a table or an index, not of what another node has read already."""
    return "Scan" in node["Node Type"] and node["Node Type"] != "Subquery Scan"


def _walk(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _walk(below)
