"""Every public clause ready in memory, one set a process, as it was committed when a match begins.

Each look at the set asks the log where it ends: one row. When it has moved, the clauses that it told of are made ready
anew; a set that is too far behind, or whose part of the log is pruned, is loaded again.
"""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.policy_api.repository import clauses as repository
from services.policy_api.repository.reading import Reads
from services.policy_api.rules.conditions import ConditionTable
from services.policy_api.rules.matching import ClauseGroup, ReadyClause, make_ready, open_clauses

_MOST_BEHIND = 20_000
"""Events; beyond them loading all is cheaper than reading what happened."""
_MOST_STALE_CONDITIONS = 50_000
"""Conditions of replaced clauses stay in the table until it is made anew."""


@dataclass(frozen=True)
class ClauseSet:
    """The public clauses at the log's end `seq`. Never changed: a newer one takes its place."""

    epoch: str
    seq: int
    clauses: dict[UUID, ReadyClause]
    table: ConditionTable
    loaded_conditions: int
    _open: dict[date, ClauseGroup] = field(default_factory=dict)

    def open_on(self, today: date) -> ClauseGroup:
        """Those that can be had that day, newest first."""
        if today not in self._open:
            self._open[today] = ClauseGroup(open_clauses(self.clauses.values(), today), self.table)
        return self._open[today]


class ClauseSource:
    """Gives the set as of now."""

    def __init__(self) -> None:
        self._set: ClauseSet | None = None
        self._lock = asyncio.Lock()

    async def current(self, reads: Reads) -> tuple[ClauseSet, datetime]:
        """The set, and the time up to which no committed change is missing from it."""
        (head,) = await repository.read_head(reads)
        have = self._set
        if have is not None and (have.epoch, have.seq) == (head["epoch"], head["seq"]):
            return have, head["at"]
        async with self._lock:
            return await self._renew(reads, head)

    async def _renew(self, reads: Reads, head: Any) -> tuple[ClauseSet, datetime]:
        have = self._set
        if have is None or have.epoch != head["epoch"] or not 0 <= head["seq"] - have.seq <= _MOST_BEHIND:
            return await self._load(reads)
        if len(have.table.tests) - have.loaded_conditions > _MOST_STALE_CONDITIONS:
            return await self._load(reads)
        rows = await repository.list_changes(reads, have.seq)
        if rows[0]["epoch"] != have.epoch or rows[0]["pruned_through"] > have.seq:
            return await self._load(reads)
        clauses = have.clauses
        told = {row["subject"]: row["data"] for row in rows if row["subject"] is not None}
        if told:
            clauses = await asyncio.to_thread(_apply, have, told)
        opened = {} if told else have._open  # its own kind
        self._set = ClauseSet(have.epoch, rows[0]["seq"], clauses, have.table, have.loaded_conditions, opened)
        return self._set, rows[0]["at"]

    async def _load(self, reads: Reads) -> tuple[ClauseSet, datetime]:
        rows = await repository.list_all(reads)
        table = ConditionTable()
        clauses = await asyncio.to_thread(_make_all, [row["representation"] for row in rows if row["id"]], table)
        self._set = ClauseSet(rows[0]["epoch"], rows[0]["seq"], clauses, table, len(table.tests))
        return self._set, rows[0]["at"]


def _make_all(representations: list[bytes], table: ConditionTable) -> dict[UUID, ReadyClause]:
    ready = (make_ready(json.loads(one), table) for one in representations)
    return {clause.id: clause for clause in ready}


def _apply(have: ClauseSet, told: dict[str, str | None]) -> dict[UUID, ReadyClause]:
    """The newest that was told of each; what is no longer public is out."""
    clauses = dict(have.clauses)
    for subject, data in told.items():
        shown = json.loads(data) if data is not None else None
        if shown is None:
            clauses.pop(UUID(subject), None)
        else:
            clauses[UUID(subject)] = make_ready(shown, have.table)
    return clauses
