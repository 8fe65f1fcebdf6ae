"""The journal: a client's own recent writes and refused calls, for the client to read. A convenience, not the audit trail.

Lines are gathered in memory and written together about once a second, in transactions of their own: no request waits
for them. While PostgreSQL is away they wait, up to a bound; beyond it they are dropped and counted. Holds neither bodies
nor queries nor values of a path, except ids.
"""

import asyncio
import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, fields
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import sqlalchemy as sa

from shared.kit.calls import Call
from shared.kit.clock import Clock, system_clock
from shared.kit.database import Database, is_unavailable
from shared.kit.logging import get_logger
from shared.schemas.journal import JournalLine, StatusClass

logger = get_logger(__name__)

MAX_WAITING = 10_000
_TOGETHER = 1_000
_EVERY_SECONDS = 1.0
_PRUNED_EVERY = timedelta(minutes=10)
_PRUNED_AT_ONCE = 10_000
_LAST_WRITE_SECONDS = 5
_ID = re.compile(r"[0-9a-f]{64}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
"""A UUID, or the hash of a file."""
_CODE = re.compile(r"[0-9A-Z]{18}")
"""统一社会信用代码."""
_MAX_OWN_ID = 200


def define_journal_table(metadata: sa.MetaData) -> None:
    """Add `journal_line` to a service's tables."""
    sa.Table(
        "journal_line",
        metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("client_id", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, index=True),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("route", sa.Text, nullable=False),
        sa.Column("status", sa.SmallInteger),
        sa.Column("code", sa.Text),
        sa.Column("request_id", sa.Text, nullable=False),
        sa.Column("organization", sa.Text, nullable=False),
        sa.Column("subject", sa.Text),
        sa.Column("milliseconds", sa.BigInteger, nullable=False),
        sa.Column("lines", sa.BigInteger),
        sa.Column("lines_refused", sa.BigInteger),
        sa.Column("times", sa.BigInteger, nullable=False),
        sa.Column("validate_only", sa.Boolean, nullable=False),
        sa.Index("ix_journal_line_client_id_at_id", "client_id", "at", "id"),
        comment="Recent calls of clients, for themselves. No bodies, no queries, no personal data; pruned by age.",
    )


@dataclass
class Entry:
    """One line on its way to the table."""

    client_id: str
    at: datetime
    method: str
    route: str
    status: int | None
    code: str | None
    request_id: str
    organization: str
    subject: str | None
    milliseconds: int
    lines: int | None
    lines_refused: int | None
    validate_only: bool
    times: int = 1


_COLUMNS = tuple(column.name for column in fields(Entry))


def entry_of(
    call: Call,
    *,
    at: datetime,
    method: str,
    route: str,
    status: int,
    request_id: str,
    seconds: float,
    values: Mapping[str, str],
    external_ids: bool,
) -> Entry:
    """What is kept of a call. `values` are the path's; a client's own ids only where they tell of no person."""
    return Entry(
        call.client_id,
        at,
        method,
        route,
        status or None,
        call.code,
        request_id,
        _organization(values) or call.organization,
        _subject(values, external_ids=external_ids),
        round(seconds * 1000),
        call.lines,
        None if call.lines is None else call.lines_refused,
        call.rehearsed,
    )


def _organization(values: Mapping[str, str]) -> str | None:
    code = values.get("org") or values.get("code") or ""
    return code if _CODE.fullmatch(code) else None


def _subject(values: Mapping[str, str], *, external_ids: bool) -> str | None:
    """The last id in the address: that of the innermost resource."""
    found = [value for value in values.values() if _ID.fullmatch(value)]
    if found:
        return found[-1].lower()
    own = values.get("external_id", "")
    # A path holds whatever a caller puts there.
    return own if external_ids and 0 < len(own) <= _MAX_OWN_ID and own.isprintable() else None


class Journal:
    """The journal of one process."""

    def __init__(
        self,
        database: Database,
        *,
        retention: timedelta,
        clock: Clock = system_clock,
        every_seconds: float = _EVERY_SECONDS,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self._database, self._retention, self._clock = database, retention, clock
        self._every, self._max_waiting = every_seconds, max_waiting
        self._waiting: list[Entry] = []
        self._over_quota: dict[tuple[str, str, str], Entry] = {}
        self._noted, self._closing = asyncio.Event(), asyncio.Event()
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._pruned_at: datetime | None = None
        self._count_dropped: Callable[[int], Any] = lambda _: None

    def start(self, count_dropped: Callable[[int], Any]) -> None:
        self._count_dropped = count_dropped
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """After the last request: writes what waits, as long as PostgreSQL answers."""
        self._closing.set()
        self._noted.set()
        if self._task is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WRITE_SECONDS):
                    await self._task
        if self._waiting:
            self._drop(len(self._waiting))

    def note(self, entry: Entry, *, over_quota: bool) -> None:
        """Take a line in. Never waits and never fails. Calls over the quota become one line until the next writing."""
        if over_quota:
            key = (entry.client_id, entry.method, entry.route)
            if (known := self._over_quota.get(key)) is not None:
                known.times += 1
                known.at, known.request_id = entry.at, entry.request_id
                known.subject, known.organization = entry.subject, entry.organization
                return
            if len(self._waiting) < self._max_waiting:
                self._over_quota[key] = entry
        if len(self._waiting) >= self._max_waiting:
            self._count_dropped(1)
            return
        self._waiting.append(entry)
        self._noted.set()

    async def write(self) -> None:
        """Write what waits now; what PostgreSQL cannot take at the moment waits on."""
        async with self._writing:
            await self._write()

    async def _write(self) -> None:
        while self._waiting:
            entries = self._waiting[:_TOGETHER]
            # What is on its way to the table must not change any more.
            self._over_quota.clear()
            try:
                async with self._database.write() as session:
                    driver = await session.driver()
                    records = [astuple(entry) for entry in entries]
                    await driver.copy_records_to_table("journal_line", records=records, columns=_COLUMNS)
            except Exception as error:
                if is_unavailable(error):
                    logger.warning("journal without database", error=type(error).__name__, waiting=len(self._waiting))
                    return
                # The fault is ours, and the same lines would fail again and again.
                logger.error("journal not written", exc_info=error)
                self._drop(len(entries))
            del self._waiting[: len(entries)]

    async def _run(self) -> None:
        while True:
            await self._noted.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._every):
                    await self._closing.wait()
            self._noted.clear()
            await self.write()
            if self._closing.is_set():
                return
            if self._waiting:
                self._noted.set()
            await self._prune()

    async def _prune(self) -> None:
        """Now and then, by whoever has written something."""
        now = self._clock()
        if self._pruned_at is not None and now - self._pruned_at < _PRUNED_EVERY:
            return
        try:
            async with self._database.write() as session:
                gone = await prune(await session.driver(), older_than=now - self._retention)
        except Exception as error:
            if not is_unavailable(error):
                logger.error("journal not pruned", exc_info=error)
            return
        # A full batch: there is more, and the next writing goes on.
        self._pruned_at = None if gone >= _PRUNED_AT_ONCE else now

    def _drop(self, lines: int) -> None:
        self._count_dropped(lines)
        logger.warning("journal lines dropped", lines=lines)


async def prune(driver: asyncpg.Connection, *, older_than: datetime) -> int:
    """Forget old lines, some at a time; returns how many went."""
    done: str = await driver.execute(
        """
        DELETE FROM journal_line WHERE id IN (
            SELECT id FROM journal_line WHERE at < $1 ORDER BY at LIMIT $2 FOR UPDATE SKIP LOCKED
        )
        """,
        older_than,
        _PRUNED_AT_ONCE,
    )
    return int(done.rpartition(" ")[2])


@dataclass(frozen=True)
class Filter:
    """Which lines are wanted."""

    statuses: tuple[StatusClass, ...] = ()
    route: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def read_lines(
    reads: asyncpg.Pool, client_id: str, wanted: Filter, *, after: tuple[datetime, int] | None, limit: int
) -> list[tuple[int, JournalLine]]:
    """A client's lines behind a position, newest first, each with its number."""
    at, number = after or (None, None)
    rows = await reads.fetch(
        """
        SELECT * FROM journal_line WHERE client_id = $1
            AND ($2::timestamptz IS NULL OR (at, id) < ($2, $3::bigint))
            AND ($4::int[] = '{}' OR status / 100 = ANY($4)) AND ($5::text IS NULL OR route = $5)
            AND ($6::timestamptz IS NULL OR at >= $6) AND ($7::timestamptz IS NULL OR at < $7)
        ORDER BY at DESC, id DESC LIMIT $8
        """,
        client_id,
        at,
        number,
        [int(status.value[0]) for status in wanted.statuses],
        wanted.route,
        wanted.since,
        wanted.until,
        limit,
    )
    return [(row["id"], JournalLine.model_validate(dict(row))) for row in rows]
