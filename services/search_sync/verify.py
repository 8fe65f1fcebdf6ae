"""Compares index and services, document by document, and repairs what differs.

    python -m services.search_sync.verify [--wait-seconds 600]

prints the outcome as JSON. Ends with 0 when nothing differed, 1 when something did (it is repaired), 2 when it could not
be done. The worker does it, being the only one that writes; where none runs, this command is the worker for so long.
"""

import argparse
import asyncio
import json
import sys

from services.search_sync.repository import orders
from services.search_sync.repository.orders import Order
from services.search_sync.settings import Settings
from services.search_sync.worker import open_keeper
from shared.kit.database import Database
from shared.kit.logging import configure_logging

_LOOK_SECONDS = 0.1


async def verify_once(settings: Settings, *, wait_seconds: float) -> Order:
    """The finished order; TimeoutError when it is not done in time. Stands in for the worker where none runs."""
    database = Database(settings)
    try:
        async with database.write() as session:
            order = await orders.insert_order(await session.driver(), "verify", requested_by="command")
        stop = asyncio.Event()
        async with open_keeper(settings) as keeper:
            keeping = asyncio.create_task(keeper.run(stop))
            try:
                async with asyncio.timeout(wait_seconds):
                    return await _wait_for(database, order)
            finally:
                stop.set()
                await keeping
    finally:
        await database.engine.dispose()


async def _wait_for(database: Database, order: Order) -> Order:
    while True:
        async with database.write() as session:
            found = await orders.find_order(await session.driver(), order.id)
        if found is not None and found.finished_at is not None:
            return found
        await asyncio.sleep(_LOOK_SECONDS)


def main() -> None:
    """With the settings of the environment."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wait-seconds", type=float, default=600.0)
    arguments = parser.parse_args()
    configure_logging("search-verify", level="ERROR")
    try:
        order = asyncio.run(verify_once(Settings(), wait_seconds=arguments.wait_seconds))
    except TimeoutError:
        sys.stderr.write("核对没有在限定时间内完成；请查看 /v1/status\n")
        sys.exit(2)
    sys.stdout.write(json.dumps(order.outcome or {"error": order.error}, ensure_ascii=False, indent=2) + "\n")
    if order.outcome is None:
        sys.exit(2)
    sys.exit(1 if any(order.outcome[kind]["count"] for kind in ("missing", "extra", "stale")) else 0)


if __name__ == "__main__":
    main()
