"""Builds fresh indexes beside those in use and swaps them in: no second without hits, no change lost on the way."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from services.search_sync.repository import ledger, vocabulary
from services.search_sync.repository.engine import Engine, EngineRefused
from services.search_sync.repository.ledger import Generation
from services.search_sync.rules.shelves import Shelf
from services.search_sync.rules.vocabulary import settings_of
from services.search_sync.service.following import Following, catch_up, fill_from_exports
from services.search_sync.service.writing import Limits, LostLeadership, Writer
from shared.kit.database import Database
from shared.kit.logging import get_logger

logger = get_logger(__name__)


@dataclass(frozen=True)
class Workshop:
    """What writing the index of one shelf takes."""

    shelf: Shelf
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
        return Writer(
            self.engine,
            self.database,
            shelf=self.shelf,
            generation=generation,
            uid=uid,
            epoch=self.epoch,
            limits=self.limits,
        )

    async def find_live(self) -> Generation | None:
        """The generation in use."""
        return await ledger.find_live(self.database.reads, self.shelf.name)


async def settle_interrupted(shop: Workshop) -> Generation | None:
    """Finish or undo what a worker left that ended in the middle of a rebuild; returns the live generation, if it is sound.

    The engine's identity of the index in use tells whether the swap had happened. An index that no generation knows
    was lost or replaced behind our back: its generation is not live any more.
    """
    generations = await ledger.list_generations(shop.database.reads, shop.shelf.name)
    identity = await shop.engine.identity(shop.uid)
    current = next((one for one in generations if one.engine_identity == identity), None)
    if current is not None and current.state == "building":
        # Swapped, but not yet recorded. Its positions were stored before the swap.
        await _record_live(shop, current)
        current = await shop.find_live()
    for one in generations:
        if current is None or one.id != current.id:
            await _delete(shop, one)
    if generations and current is None:
        logger.warning("index lost", uid=shop.uid)
    if await shop.engine.identity(shop.next_uid) is not None:
        await shop.engine.drop(shop.next_uid)
    await _clear_ledgers(shop)
    return current


async def rebuild(shops: Sequence[Workshop], hold: Callable[[], AbstractAsyncContextManager[None]]) -> None:
    """Fill fresh indexes from the exports, catch up with the logs, swap all at once.

    `hold` stops whoever follows the logs into the indexes in use: entered for the last events and the swap only.
    """
    following, engine = shops[0].following, shops[0].engine
    fresh = [await _begin(shop) for shop in shops]
    writers = [shop.writer(one, shop.next_uid) for shop, one in zip(shops, fresh, strict=True)]
    async with _abandoned_on_error(writers):
        cursors = await fill_from_exports(following, writers)
        cursors = await catch_up(following, writers, cursors)
        async with hold():
            # Nobody reads the logs into the indexes in use now, so this end is the high-water mark of all.
            await catch_up(following, writers, cursors)
            await engine.swap([(shop.uid, shop.next_uid) for shop in shops])
            for shop, one in zip(shops, fresh, strict=True):
                await _record_live(shop, one)
    for shop, one in zip(shops, fresh, strict=True):
        await engine.drop(shop.next_uid)
        logger.info("index rebuilt", shelf=shop.shelf.name, generation=one.id, version=one.index_version)
    await _clear_ledgers(shops[0])


async def _begin(shop: Workshop) -> Generation:
    """A new generation and its empty index; the index in use is there as well, if need be empty: a swap wants two."""
    if await shop.engine.identity(shop.uid) is None:
        await shop.engine.create(shop.uid, None)
    if await shop.engine.identity(shop.next_uid) is not None:
        await shop.engine.drop(shop.next_uid)
    identity = await shop.engine.create(shop.next_uid, shop.shelf.settings)
    words = await give_vocabulary(shop, shop.next_uid)
    async with shop.database.write() as session:
        driver = await session.driver()
        await _check_epoch(shop, await ledger.hold_epoch(driver))
        for one in await ledger.list_generations(driver, shop.shelf.name):
            if one.state == "building":
                await ledger.delete_generation(driver, one.id)
        return await ledger.insert_generation(
            driver,
            shop.shelf.name,
            engine_identity=identity,
            index_version=shop.shelf.version,
            vocabulary=words,
        )


async def give_vocabulary(shop: Workshop, uid: str) -> str:
    """Give an index the synonyms and stop words that were put last; returns what it has then.

    What the engine refuses is not tried again until something else is put: it must not keep the index from being kept.
    """
    words = await vocabulary.read(shop.database.reads)
    try:
        await shop.engine.change_settings(uid, settings_of(words.groups, words.stop_words))
    except EngineRefused as refusal:
        logger.error("vocabulary refused", uid=uid, version=words.version, reason=refusal.code)
        return f"{words.version}{vocabulary.REFUSED}"
    return words.version


async def _record_live(shop: Workshop, generation: Generation) -> None:
    async with shop.database.write() as session:
        driver = await session.driver()
        await _check_epoch(shop, await ledger.hold_epoch(driver))
        await ledger.make_live(driver, generation)


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
async def _abandoned_on_error(writers: Sequence[Writer]) -> AsyncIterator[None]:
    try:
        yield
    except BaseException:
        for writer in writers:
            await writer.abandon()
        raise
