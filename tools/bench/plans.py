"""What PostgreSQL touches to answer a list: the service's own statements under EXPLAIN (ANALYZE, BUFFERS)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import asyncpg

from services.policy_api.repository.reading import PolicyFilter, Reads, list_public

PAGE = 20


@dataclass(frozen=True)
class Touched:
    """Rows that the scans gave or threw away, and blocks of 8 KiB."""

    rows: int
    blocks: int


async def explain_lists(url: str, filters: Mapping[str, PolicyFilter], *, today: date) -> dict[str, Touched]:
    """What each list touches in one database."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "policy,public", "jit": "off"})
    reads = cast(Reads, _Explaining(connection))
    try:
        found = {}
        for name, wanted in filters.items():
            answer = await list_public(reads, wanted, today=today, after=None, limit=PAGE)
            found[name] = _read_plan(json.loads(answer[0][0])[0]["Plan"])
        return found
    finally:
        await connection.close()


class _Explaining:
    """Stands where the repository expects a pool, and asks for the plan instead of the rows."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def fetch(self, statement: str, *values: object) -> Sequence[Any]:
        rows: Sequence[Any] = await self._connection.fetch(
            f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", *values
        )
        return rows


def _read_plan(plan: dict[str, Any]) -> Touched:
    blocks = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    return Touched(sum(_rows_of(node) for node in _walk(plan) if "Scan" in node["Node Type"]), blocks)


def _rows_of(node: dict[str, Any]) -> int:
    thrown_away = sum(node.get(name, 0) for name in ("Rows Removed by Filter", "Rows Removed by Index Recheck"))
    return int((node["Actual Rows"] + thrown_away) * node["Actual Loops"])


def _walk(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _walk(below)
