"""Hands the worker an order from a command line and waits; stands in for the worker where none runs."""

import asyncio
from contextlib import AbstractAsyncContextManager

from services.search_sync.repository import orders
from services.search_sync.repository.orders import Order
from services.search_sync.service.keeping import Keeper
from shared.kit.database import Database

_LOOK_SECONDS = 0.1


async def carry_out(
    kind: str, database: Database, keeper: AbstractAsyncContextManager[Keeper], *, wait_seconds: float
) -> Order:
    """The finished order; TimeoutError when it is not done in time. Only one worker writes, so `keeper` may wait in vain."""
    async with database.write() as session:
        order = await orders.insert_order(await session.driver(), kind, requested_by="command")
    stop = asyncio.Event()
    async with keeper as stand_in:
        keeping = asyncio.create_task(stand_in.run(stop))
        try:
            async with asyncio.timeout(wait_seconds):
                return await _wait_for(database, order)
        finally:
            stop.set()
            await keeping


async def _wait_for(database: Database, order: Order) -> Order:
    while True:
        async with database.write() as session:
            found = await orders.find_order(await session.driver(), order.id)
        if found is not None and found.finished_at is not None:
            return found
        await asyncio.sleep(_LOOK_SECONDS)
