"""Writes changes into one generation of the index and into its ledger, several batches at once, in order.

A batch is enqueued at the engine, its task awaited, and then, after every batch before it, its ledger rows and the log's
cursor are committed in one transaction. The engine takes tasks in the order they came, so a document's versions reach it
in order; whatever fails is begun again from the last committed cursor, and repeating a write changes nothing.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from services.search_sync.repository import ledger
from services.search_sync.repository.engine import Engine, EngineRefused
from services.search_sync.repository.ledger import Generation, ParkedDocument, Position
from services.search_sync.rules.passage_documents import edition_of
from services.search_sync.rules.queries import none_of, one_of
from services.search_sync.rules.shelves import Shelf
from services.search_sync.service.changes import Change
from shared.kit.database import Database
from shared.kit.logging import get_logger

logger = get_logger(__name__)


class LostLeadership(Exception):
    """Another worker has taken over: this one may write no more."""


@dataclass(frozen=True)
class Limits:
    """How much is written at once, and how much may be under way."""

    batch_documents: int
    batch_bytes: int
    tasks_in_flight: int
    bytes_in_flight: int


@dataclass
class _Batch:
    changes: list[Change]
    position: Position | None
    settled: asyncio.Task[None] | None = None
    size: int = 0


@dataclass
class _Landed:
    written: list[Change] = field(default_factory=list)
    parked: list[ParkedDocument] = field(default_factory=list)


class Writer:
    """Of one generation of one shelf, under one epoch. `uid` is what the engine calls the index now."""

    def __init__(
        self,
        engine: Engine,
        database: Database,
        *,
        shelf: Shelf,
        generation: Generation,
        uid: str,
        epoch: int,
        limits: Limits,
    ) -> None:
        self.shelf = shelf
        self.generation = generation
        self.uid = uid
        self._engine = engine
        self._database = database
        self._epoch = epoch
        self._limits = limits
        self._under_way: deque[_Batch] = deque()
        self._sent: dict[tuple[str, str], int] = {}
        """The newest version under way of each subject."""
        self.failed = asyncio.Event()
        """Set when a batch went wrong; `submit` and `drain` raise what it was."""

    async def submit(self, changes: Sequence[Change], position: Position | None, *, force: bool = False) -> None:
        """Write these and then store the position. Returns when the engine has them queued, not when they are in.

        What is not newer than what was written already is dropped, unless `force`. Raises what went wrong with any batch
        before. Waits while too much is under way.
        """
        wanted = list(changes) if force else await self._newer(changes)
        pieces = list(_cut(wanted, self._limits)) or [[]]
        for number, piece in enumerate(pieces):
            await self._make_room(piece)
            await self._send(piece, position if number == len(pieces) - 1 else None)

    async def drain(self) -> None:
        """Return when everything submitted is in and committed."""
        while self._under_way:
            await self._finish_oldest()

    async def until_idle(self) -> None:
        """Return when nothing is under way. What went wrong is not raised here."""
        while under_way := [batch.settled for batch in self._under_way if batch.settled and not batch.settled.done()]:
            await asyncio.wait(under_way)

    async def abandon(self) -> None:
        """Forget what is under way: it is begun again from the last committed cursor."""
        tasks = [batch.settled for batch in self._under_way if batch.settled is not None]
        self._under_way.clear()
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task

    async def _newer(self, changes: Sequence[Change]) -> list[Change]:
        """Those of a version that is neither in the index nor on its way there."""
        # Copied first: a batch that is committed during the query below leaves `_sent` and may be missed by the query.
        known = {change.key: self._sent.get(change.key, -1) for change in changes}
        for source in {change.source for change in changes}:
            subjects = [change.subject for change in changes if change.source == source]
            versions = await ledger.versions_of(self._database.reads, self.generation.id, source, subjects)
            for subject, version in versions.items():
                known[source, subject] = max(known[source, subject], version)
        return [change for change in changes if change.version > known[change.key]]

    async def _make_room(self, changes: Sequence[Change]) -> None:
        size = sum(change.size for change in changes)
        while self._under_way and (
            len(self._under_way) >= self._limits.tasks_in_flight
            or sum(batch.size for batch in self._under_way) + size > self._limits.bytes_in_flight
        ):
            await self._finish_oldest()
        while self._under_way and (done := self._under_way[0].settled) is not None and done.done():
            await self._finish_oldest()

    async def _finish_oldest(self) -> None:
        settled = self._under_way[0].settled
        assert settled is not None
        # Shielded: who waits here may be cancelled without ending the batch itself.
        await asyncio.shield(settled)
        self._under_way.popleft()

    async def _send(self, changes: list[Change], position: Position | None) -> None:
        good = [change for change in changes if change.fault is None]
        tasks: list[int] | None
        for change in good:
            self._sent[change.key] = change.version
        try:
            tasks = await self._enqueue(good)
        except EngineRefused:
            tasks = None  # Too large or unreadable as a whole: `_land` finds out which part.
        before = self._under_way[-1].settled if self._under_way else None
        batch = _Batch(changes, position, size=sum(change.size for change in changes))
        batch.settled = asyncio.create_task(self._settle(batch, good, tasks, before))
        batch.settled.add_done_callback(self._note)
        self._under_way.append(batch)

    def _note(self, settled: asyncio.Task[None]) -> None:
        if settled.cancelled() or settled.exception() is not None:
            self.failed.set()

    async def _enqueue(self, changes: Sequence[Change]) -> list[int]:
        lines = [line for change in changes for line in change.lines]
        tasks = [await self._engine.add(self.uid, lines)] if lines else []
        remainder = remainder_of(self.shelf, changes)
        return tasks + ([await self._engine.delete(self.uid, remainder)] if remainder else [])

    async def _settle(
        self, batch: _Batch, good: list[Change], tasks: list[int] | None, before: asyncio.Task[None] | None
    ) -> None:
        landed = _Landed(parked=[change.parked(change.fault) for change in batch.changes if change.fault])
        if before is not None:
            # The engine takes tasks in order, so asking after this one earlier would only cost both of us time.
            await asyncio.shield(before)
        await self._land(good, tasks, landed)
        await self._commit(batch, landed, at=datetime.now(UTC))
        for change in good:
            if self._sent.get(change.key) == change.version:
                del self._sent[change.key]

    async def _land(self, changes: list[Change], tasks: list[int] | None, landed: _Landed) -> None:
        """Wait until these are in. A refused batch is halved until the documents that spoil it stand alone."""
        try:
            for task in await self._enqueue(changes) if tasks is None else tasks:
                await self._engine.wait(task)
            landed.written += changes
        except EngineRefused as refusal:
            if len(changes) == 1:
                landed.parked.append(changes[0].parked(refusal.reason))
                return
            middle = len(changes) // 2
            for half in (changes[:middle], changes[middle:]):
                # Meanwhile a later batch may have brought a newer version, which must not be overwritten.
                still_newest = [change for change in half if self._sent.get(change.key) == change.version]
                if still_newest:
                    await self._land(still_newest, None, landed)

    async def _commit(self, batch: _Batch, landed: _Landed, *, at: datetime) -> None:
        if not landed.written and not landed.parked and batch.position is None:
            return
        times = [change.at for change in landed.written if change.at is not None]
        lag = round((at - max(times)).total_seconds() * 1000) if times else None
        async with self._database.write() as session:
            driver = await session.driver()
            if await ledger.hold_epoch(driver) != self._epoch:
                raise LostLeadership
            await ledger.store_entries(driver, self.generation.id, [change.entry() for change in landed.written])
            for document in landed.parked:
                await ledger.park(driver, self.generation.id, document)
            if batch.position is not None:
                position = _counting(batch.position, len(landed.written))
                await ledger.store_position(driver, self.generation.id, position, last_lag_ms=lag)
        for document in landed.parked:
            logger.warning("document parked", subject=document.subject, version=document.version)


def remainder_of(shelf: Shelf, changes: Sequence[Change]) -> str | None:
    """What has to be taken out once these are in: what is gone and, of a subject with many entries, those it had before.

    By edition, not by number: whatever an attempt that was never committed has left, it goes as well.
    """
    gone = [change.subject for change in changes if not change.lines]
    if not shelf.is_many:
        return one_of(shelf.key, gone) if gone else None
    renewed = [change for change in changes if change.lines and not change.is_first]
    subjects = gone + [change.subject for change in renewed]
    if not subjects:
        return None
    kept = [edition_of(change.subject, change.version) for change in renewed]
    return one_of(shelf.key, subjects) + (f" AND {none_of('edition', kept)}" if kept else "")


def _counting(position: Position, applied: int) -> Position:
    return Position(position.source, position.cursor, position.reflects_until, applied)


def _cut(changes: Sequence[Change], limits: Limits) -> list[list[Change]]:
    """Pieces within the limits of one write, always of at least one change."""
    pieces: list[list[Change]] = []
    size = 0
    for change in changes:
        if not pieces or len(pieces[-1]) >= limits.batch_documents or size + change.size > limits.batch_bytes:
            pieces.append([])
            size = 0
        pieces[-1].append(change)
        size += change.size
    return pieces
