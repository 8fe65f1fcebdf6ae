"""Keeps the indexes: the one writer, under an advisory lock, that follows the logs and does what it is asked.

Whatever fails (a service, PostgreSQL, the engine) ends the attempt and nothing else: after a pause the keeper begins
again from what is committed.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.search_sync.repository import ledger, orders, vocabulary
from services.search_sync.repository.engine import Engine, EngineRefused
from services.search_sync.repository.ledger import Generation, ParkedDocument
from services.search_sync.repository.orders import Order
from services.search_sync.rules.shelves import DOCUMENTS, SHELVES
from services.search_sync.service.changes import changes_of_parked
from services.search_sync.service.following import Following, following_all
from services.search_sync.service.rebuilding import Workshop, give_vocabulary, rebuild, settle_interrupted
from services.search_sync.service.verifying import verify
from services.search_sync.service.writing import Limits, LostLeadership, Writer
from shared.kit.database import Database, is_unavailable
from shared.kit.errors import Unavailable
from shared.kit.logging import get_logger
from shared.kit.reader import Backoff, LogGone
from shared.kit.worker import leadership

logger = get_logger(__name__)
LOCK_NAME = "search"
_LOOK_SECONDS = 0.25
_PARKED_AT_ONCE = 500
_LONGEST_PAUSE_SECONDS = 5.0
_SOUND_AFTER_SECONDS = 20.0


@dataclass(frozen=True)
class Schedule:
    """What is done unasked, and how often."""

    parked_retry_seconds: float
    verify_every_seconds: float


class Keeper:
    """One worker. `run` until asked to stop."""

    def __init__(
        self, engine: Engine, database: Database, following: Following, *, uid: str, limits: Limits, schedule: Schedule
    ) -> None:
        self._engine = engine
        self._database = database
        self._following = following
        self._uid = uid
        self._limits = limits
        self._schedule = schedule

    async def run(self, asked_to_stop: asyncio.Event) -> None:
        """Wait for the lock, keep the index, give the lock back; and again, whatever went wrong."""
        backoff = Backoff(longest_seconds=_LONGEST_PAUSE_SECONDS)
        while not asked_to_stop.is_set():
            began_at = time.monotonic()
            try:
                async with leadership(self._database, LOCK_NAME, asked_to_stop) as lost:
                    if not asked_to_stop.is_set():
                        await self._lead(lost, asked_to_stop)
            except Exception as error:  # Whatever it is, the committed state is sound, so beginning again is.
                _log_failure(error)
            if time.monotonic() - began_at > _SOUND_AFTER_SECONDS:
                backoff.reset()
            await _pause(asked_to_stop, backoff.next_seconds())

    async def _lead(self, lost: asyncio.Event, asked_to_stop: asyncio.Event) -> None:
        work = asyncio.create_task(self._keep())
        ends = [asyncio.create_task(event.wait()) for event in (lost, asked_to_stop)]
        try:
            await asyncio.wait([work, *ends], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (work, *ends):
                task.cancel()
            await asyncio.gather(work, *ends, return_exceptions=True)
        if not work.cancelled() and (error := work.exception()) is not None:
            raise error

    async def _keep(self) -> None:
        await self._database.open()
        try:
            shops = await self._open_shops()
            for shop in shops:
                await settle_interrupted(shop)
            if await shops[0].find_live() is None:
                await rebuild(shops, _nothing_to_hold)
            desk = _Desk(shops, self._schedule)
            async with desk.open():
                await desk.serve()
        finally:
            await self._database.close()

    async def _open_shops(self) -> list[Workshop]:
        async with self._database.write() as session:
            epoch = await ledger.take_epoch(await session.driver())
        return [
            Workshop(
                shelf, self._engine, self._database, self._following, self._limits, self._uid + shelf.suffix, epoch
            )
            for shelf in SHELVES
        ]


class _Desk:
    """Follows the logs into the live indexes and serves orders, one after another, until something fails."""

    def __init__(self, shops: Sequence[Workshop], schedule: Schedule) -> None:
        self._shops = shops
        self._engine = shops[0].engine
        self._database = shops[0].database
        self._following = shops[0].following
        self._live: list[tuple[Workshop, Generation]] = []
        self._schedule = schedule
        self._stack: AsyncExitStack | None = None
        self._writers: list[Writer] = []
        self._watch: asyncio.Task[None] | None = None
        self._doubts = self._engine.doubts
        self._next_retry = 0.0
        self._next_verify = 0.0
        self._actions: dict[str, Callable[[], Awaitable[dict[str, Any]]]] = {
            "rebuild": self._rebuild,
            "verify": self._verify,
            "retry_parked": self._retry_parked,
        }

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Followed inside the block."""
        try:
            try:
                await self._start()
            except LogGone:
                await self._rebuild()
            yield
        finally:
            await self._stop(orderly=False)

    async def serve(self) -> None:
        """Until something fails, which is raised."""
        newest = await orders.find_newest(self._database.reads, "verify")
        age = (time.time() - newest.finished_at.timestamp()) if newest and newest.finished_at else 0.0
        self._next_verify = time.monotonic() + max(0.0, self._schedule.verify_every_seconds - age)
        while True:
            try:
                if self._watch is None:
                    await self._start()
                if self._is_outdated():
                    await self._do(self._rebuild)
                await self._do(self._apply_vocabulary)
                await self._order_what_is_due()
                async with self._database.write() as session:
                    order = await orders.begin_next(await session.driver())
                if order is not None:
                    await self._carry_out(order)
                else:
                    await self._look_on(_LOOK_SECONDS)
            except LogGone as error:
                # The log was pruned, or is another one: what it had to say is in the export.
                logger.warning("log gone", source=str(error))
                await self._stop(orderly=False)
                await self._do(self._rebuild)

    def _is_outdated(self) -> bool:
        """Whether an index is built in another way than this code's, or is not there at all."""
        known = {generation.shelf: generation.index_version for _, generation in self._live}
        return any(known.get(shop.shelf.name) != shop.shelf.version for shop in self._shops)

    async def _look_on(self, seconds: float) -> None:
        """Let time pass; raises as soon as the following fails."""
        if self._watch is not None:
            await asyncio.wait([self._watch], timeout=seconds)
            if self._watch.done():
                self._watch.result()

    async def _carry_out(self, order: Order) -> None:
        outcome, fault = None, None
        try:
            outcome = await self._do(self._actions[order.kind])
        except EngineRefused as refusal:
            fault = refusal.reason
        async with self._database.write() as session:
            await orders.finish(await session.driver(), order.id, outcome=outcome, error=fault)

    async def _do(self, action: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
        """The action, unless what goes on beside it fails first."""
        task = asyncio.ensure_future(action())
        try:
            while not task.done():
                watch = self._watch
                await asyncio.wait([task, *([watch] if watch else [])], return_when=asyncio.FIRST_COMPLETED)
                if watch is not None and watch is self._watch and watch.done():
                    watch.result()
            return task.result()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _order_what_is_due(self) -> None:
        now = time.monotonic()
        if now >= self._next_retry:
            self._next_retry = now + self._schedule.parked_retry_seconds
            await self._order("retry_parked")
        if now >= self._next_verify or self._engine.doubts != self._doubts:
            self._next_verify = now + self._schedule.verify_every_seconds
            self._doubts = self._engine.doubts
            await self._order("verify")

    async def _order(self, kind: str) -> None:
        async with self._database.write() as session:
            await orders.insert_order(await session.driver(), kind, requested_by="worker")

    async def _rebuild(self) -> dict[str, Any]:
        await rebuild(self._shops, self._held)
        return {
            "generation": max(generation.id for _, generation in self._live),
            **{shop.shelf.name: await self._engine.count(shop.uid) for shop in self._shops},
        }

    async def _verify(self) -> dict[str, Any]:
        """The documents' differences, and beside them those of every other index under its name."""
        found = {shop.shelf.name: (await verify(shop, self._held)).as_outcome() for shop in self._shops}
        return {**found.pop(DOCUMENTS.name), **found}

    async def _apply_vocabulary(self) -> dict[str, Any]:
        """Give the indexes in use the synonyms and stop words that were put since."""
        wanted = await vocabulary.read_version(self._database.reads)
        tried = (wanted, wanted + vocabulary.REFUSED)
        waiting = [(shop, generation) for shop, generation in self._live if generation.vocabulary not in tried]
        for shop, generation in waiting:
            given = await give_vocabulary(shop, shop.uid)
            async with self._database.write() as session:
                await ledger.store_vocabulary(await session.driver(), generation.id, given)
        if waiting:
            await self._read_live()
        return {"given": len(waiting)}

    async def _retry_parked(self) -> dict[str, Any]:
        tried: set[tuple[str, str]] = set()
        if any([await self._list_parked(generation) for _, generation in self._live]):
            async with self._held():
                for shop, generation in self._live:
                    # Listed again: a newer version may have come in before the logs were let go.
                    parked = await self._list_parked(generation)
                    tried |= {(one.source, one.subject) for one in parked}
                    writer = shop.writer(generation, shop.uid)
                    await writer.submit(await changes_of_parked(shop.shelf, parked), None, force=True)
                    await writer.drain()
        left = await ledger.count_parked(self._database.reads, [generation.id for _, generation in self._live])
        return {"tried": len(tried), "still_parked": left}

    async def _list_parked(self, generation: Generation) -> list[ParkedDocument]:
        return await ledger.list_parked(self._database.reads, [generation.id], limit=_PARKED_AT_ONCE)

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[None]:
        """Nobody follows the logs inside the block; afterwards they are followed into whatever is live then."""
        await self._stop(orderly=True)
        yield
        await self._start()

    async def _read_live(self) -> None:
        found = [(shop, await shop.find_live()) for shop in self._shops]
        self._live = [(shop, generation) for shop, generation in found if generation is not None]

    async def _start(self) -> None:
        await self._read_live()
        followed = []
        for shop, generation in self._live:
            positions = await ledger.list_positions(self._database.reads, generation.id)
            cursors = {position.source: position.cursor for position in positions}
            if missing := self._following.readers.keys() - cursors.keys():
                # A log that was not followed when this index was built: only its export tells what came before.
                raise LogGone(", ".join(sorted(missing)))
            followed.append((shop.writer(generation, shop.uid), cursors))
        self._writers = [writer for writer, _ in followed]
        self._stack = AsyncExitStack()
        self._watch = await self._stack.enter_async_context(following_all(self._following, followed))

    async def _stop(self, *, orderly: bool) -> None:
        """`orderly` waits until everything enqueued is in and committed."""
        stack, self._stack, self._watch = self._stack, None, None
        if stack is None:
            return
        await stack.aclose()
        for writer in self._writers:
            if orderly:
                await writer.drain()
        for writer in self._writers:
            await writer.abandon()


@asynccontextmanager
async def _nothing_to_hold() -> AsyncIterator[None]:
    yield


def _log_failure(error: Exception) -> None:
    if isinstance(error, Unavailable | LostLeadership | LogGone) or is_unavailable(error):
        logger.warning("index not kept for now", reason=str(error) or type(error).__name__)
    elif isinstance(error, OSError | asyncpg.PostgresError | asyncpg.InterfaceError | TimeoutError):
        logger.warning("index not kept for now", reason=type(error).__name__)
    else:
        logger.error("index not kept", exc_info=error)


async def _pause(asked_to_stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asked_to_stop.wait()
