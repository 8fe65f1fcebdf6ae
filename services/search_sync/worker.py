"""The background door of search_sync: the one writer of the index."""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from services.search_sync.repository.engine import Engine
from services.search_sync.repository.orders import Order
from services.search_sync.service.following import Following
from services.search_sync.service.keeping import Keeper, Schedule
from services.search_sync.service.ordering import carry_out
from services.search_sync.service.writing import Limits
from services.search_sync.settings import Settings
from shared.kit.collector import calm_collector
from shared.kit.database import Database
from shared.kit.logging import configure_logging
from shared.kit.reader import Credentials, LogReader, TokenSource
from shared.kit.worker import audit_looked_after, stop_on_signals


@asynccontextmanager
async def open_keeper(
    settings: Settings, *, transport: httpx.AsyncBaseTransport | None = None
) -> AsyncIterator[Keeper]:
    """A keeper with everything it uses, closed after the block. `transport` replaces the network."""
    engine = Engine(
        settings.meili_url, settings.meili_key.get_secret_value(), timeout_seconds=settings.meili_timeout_seconds
    )
    database = Database(settings)
    async with httpx.AsyncClient(
        timeout=settings.outbound_timeout_seconds, trust_env=False, transport=transport
    ) as client:
        try:
            yield Keeper(
                engine,
                database,
                _following(settings, client),
                uid=settings.index_uid,
                limits=Limits(
                    batch_documents=settings.batch_documents,
                    batch_bytes=settings.batch_bytes,
                    tasks_in_flight=settings.tasks_in_flight,
                    bytes_in_flight=settings.bytes_in_flight,
                ),
                schedule=Schedule(
                    parked_retry_seconds=settings.parked_retry_seconds,
                    verify_every_seconds=settings.verify_every_hours * 3600,
                ),
            )
        finally:
            engine.close()
            await database.engine.dispose()


def _following(settings: Settings, client: httpx.AsyncClient) -> Following:
    tokens = TokenSource(
        client,
        exchange_url=settings.exchange_url,
        credentials=Credentials(settings.client_id, settings.client_secret),
    )
    return Following(
        {name: LogReader(client, tokens, name=name, base_url=url) for name, url in settings.sources.items()},
        settings.page_events,
        settings.long_poll_seconds,
        settings.passage_rest_seconds,
    )


async def order_and_wait(
    settings: Settings,
    kind: str,
    *,
    wait_seconds: float,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Order:
    """The finished order, done by whichever worker leads. TimeoutError when it is not done in time."""
    database = Database(settings)
    try:
        return await carry_out(kind, database, open_keeper(settings, transport=transport), wait_seconds=wait_seconds)
    finally:
        await database.engine.dispose()


def run_command(kind: str, *, description: str | None) -> dict[str, Any]:
    """What the commands do: order, wait, print the outcome and return it. Exits with 2 when it could not be done."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wait-seconds", type=float, default=600.0)
    arguments = parser.parse_args()
    configure_logging("search-command", level="ERROR")
    try:
        order = asyncio.run(order_and_wait(Settings(), kind, wait_seconds=arguments.wait_seconds))
    except TimeoutError:
        sys.stderr.write("没有在限定时间内完成；请查看 /v1/status\n")
        sys.exit(2)
    sys.stdout.write(json.dumps(order.outcome or {"error": order.error}, ensure_ascii=False, indent=2) + "\n")
    if order.outcome is None:
        sys.exit(2)
    return order.outcome


async def main() -> None:
    """Until SIGTERM."""
    settings = Settings()
    configure_logging("search-worker", level=settings.log_level)
    calm_collector()
    async with open_keeper(settings) as keeper, audit_looked_after(Database(settings)):
        await keeper.run(stop_on_signals())


if __name__ == "__main__":
    asyncio.run(main())
