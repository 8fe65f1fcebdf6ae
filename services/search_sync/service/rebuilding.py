"""Builds a fresh index beside the one in use and swaps it in: no second without hits, no change lost on the way."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from services.search_sync.repository import ledger
from services.search_sync.repository.engine import Engine
from services.search_sync.repository.ledger import Generation
from services.search_sync.rules.index_settings import INDEX_VERSION, SETTINGS
from services.search_sync.service.following import Following, catch_up, fill_from_exports
from services.search_sync.service.writing import Limits, LostLeadership, Writer
from shared.kit.database import Database
from shared.kit.logging import get_logger

logger = get_logger(__name__)


@dataclass(frozen=True)
class Workshop:
    """What writing an index takes."""

    engine: Engine
    database: Database
    following: Following
    limits: Limits
    uid: str
    """What the index in use is called."""
    epoch: int

    @property
    def next_uid(self) -> str:
        """What the index being built is called."""
        return f"{self.uid}_next"

    def writer(self, generation: Generation, uid: str) -> Writer:
        return Writer(self.engine, self.database, generation=generation, uid=uid, epoch=self.epoch, limits=self.limits)


async def settle_interrupted(shop: Workshop) -> Generation | None:
    """Finish or undo what a worker left that ended in the middle of a rebuild; returns the live generation, if it is sound.

    The engine's identity of the index in use tells whether the swap had happened. An index that no generation knows
    was lost or replaced behind our back: its generation is not live any more.
    """
    generations = await ledger.list_generations(shop.database.reads)
    identity = await shop.engine.identity(shop.uid)
    current = next((one for one in generations if one.engine_identity == identity), None)
    if current is not None and current.state == "building":
        # Swapped, but not yet recorded. Its positions were stored before the swap.
        await _record_live(shop, current)
        current = await ledger.find_live(shop.database.reads)
    for one in generations:
        if current is None or one.id != current.id:
            await _delete(shop, one)
    if generations and current is None:
        logger.warning("index lost", uid=shop.uid)
    if await shop.engine.identity(shop.next_uid) is not None:
        await shop.engine.drop(shop.next_uid)
    await _clear_ledgers(shop)
    return current


async def rebuild(shop: Workshop, hold: Callable[[], AbstractAsyncContextManager[None]]) -> Generation:
    """Fill a fresh index from the exports, catch up with the logs, swap. Returns the new live generation.

    `hold` stops whoever follows the logs into the index in use: entered for the last events and the swap only.
    """
    fresh = await _begin(shop)
    writer = shop.writer(fresh, shop.next_uid)
    async with _abandoned_on_error(writer):
        cursors = await fill_from_exports(shop.following, writer)
        cursors = await catch_up(shop.following, writer, cursors)
        async with hold():
            # Nobody reads the logs into the index in use now, so this end is the high-water mark of both.
            await catch_up(shop.following, writer, cursors)
            await shop.engine.swap(shop.uid, shop.next_uid)
            await _record_live(shop, fresh)
    await shop.engine.drop(shop.next_uid)
    await _clear_ledgers(shop)
    logger.info("index rebuilt", generation=fresh.id, version=INDEX_VERSION)
    return fresh


async def _begin(shop: Workshop) -> Generation:
    """A new generation and its empty index; the index in use is there as well, if need be empty: a swap wants two."""
    if await shop.engine.identity(shop.uid) is None:
        await shop.engine.create(shop.uid, None)
    if await shop.engine.identity(shop.next_uid) is not None:
        await shop.engine.drop(shop.next_uid)
    identity = await shop.engine.create(shop.next_uid, SETTINGS)
    async with shop.database.write() as session:
        driver = await session.driver()
        await _check_epoch(shop, await ledger.hold_epoch(driver))
        for one in await ledger.list_generations(driver):
            if one.state == "building":
                await ledger.delete_generation(driver, one.id)
        return await ledger.insert_generation(driver, engine_identity=identity, index_version=INDEX_VERSION)


async def _record_live(shop: Workshop, generation: Generation) -> None:
    async with shop.database.write() as session:
        driver = await session.driver()
        await _check_epoch(shop, await ledger.hold_epoch(driver))
        await ledger.make_live(driver, generation.id)


async def _delete(shop: Workshop, generation: Generation) -> None:
    async with shop.database.write() as session:
        driver = await session.driver()
        await _check_epoch(shop, await ledger.hold_epoch(driver))
        await ledger.delete_generation(driver, generation.id)


async def _check_epoch(shop: Workshop, epoch: int) -> None:
    if epoch != shop.epoch:
        raise LostLeadership


async def _clear_ledgers(shop: Workshop) -> None:
    connection = await shop.database.connect()
    try:
        await ledger.clear_ledgers(connection)
    finally:
        await connection.close()


@asynccontextmanager
async def _abandoned_on_error(writer: Writer) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        await writer.abandon()
        raise
