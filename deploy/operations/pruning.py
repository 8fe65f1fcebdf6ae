"""Forgets what is old: events of the logs, and of webhooks messages, tries and what partners sent. Workers do it as well."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

from deploy.local.provision import SCHEMAS
from deploy.operations.installation import Installation
from deploy.operations.reaching import connect
from deploy.operations.writing import opened
from services.exchange_api.repository import inbound, webhooks
from services.exchange_api.settings import Settings as ExchangeSettings
from shared.kit import log
from shared.kit.clock import local_day
from shared.kit.database import Database

_AT_ONCE = 5000


def ages(installed: Installation, days: int | None, *, now: datetime) -> dict[str, datetime]:
    """From when events are kept, by service; `webhooks` for the rest. `days` takes the place of every setting."""
    settings = {name: installed.settings(name) for name in SCHEMAS}
    exchange = settings["exchange"]
    assert isinstance(exchange, ExchangeSettings)
    kept = {name: one.event_retention_days for name, one in settings.items()}
    kept["webhooks"] = exchange.webhook_retention_days
    return {name: now - timedelta(days=days or of_setting) for name, of_setting in kept.items()}


async def count_old(installed: Installation, kept_from: dict[str, datetime]) -> dict[str, int]:
    """How much there is to forget, by what it is."""
    counts = {}
    for name in SCHEMAS:
        async with connect(installed, name) as connection:
            counts[f"{name} 事件"] = await connection.fetchval(
                "SELECT count(*) FROM event WHERE recorded_at < $1", kept_from[name]
            )
    before = kept_from["webhooks"]
    async with connect(installed, "exchange") as connection:
        counts["推送尝试"] = await connection.fetchval("SELECT count(*) FROM attempt WHERE at < $1", before)
        counts["推送消息"] = await connection.fetchval(
            """
            SELECT count(*) FROM message WHERE day < $1
            AND NOT EXISTS (SELECT FROM delivery WHERE message_id = message.id AND state = 'pending')
            """,
            local_day(before),
        )
        counts["收到的消息"] = await connection.fetchval(
            "SELECT count(*) FROM inbound WHERE state <> 'stored' AND received_at < $1", before
        )
    return counts


async def prune(installed: Installation, kept_from: dict[str, datetime], advance: Callable[[int], None]) -> None:
    """Forget it, in pieces. Its room can be used again then; the files of the database do not shrink."""
    for name in SCHEMAS:
        async with connect(installed, name) as connection:
            while count := await log.prune(connection, older_than=kept_from[name], limit=_AT_ONCE):
                advance(count)
            await connection.execute("VACUUM (ANALYZE) event")
    before = kept_from["webhooks"]
    async with opened(installed, "exchange") as database:
        for forget in (
            partial(webhooks.prune_attempts, before=before, limit=_AT_ONCE),
            partial(webhooks.prune_messages, before=local_day(before), limit=_AT_ONCE),
            partial(inbound.prune, before=before, limit=_AT_ONCE),
        ):
            await _until_none(database, forget, advance)
    async with connect(installed, "exchange") as connection:
        await connection.execute("VACUUM (ANALYZE) attempt, message, delivery, inbound")


async def _until_none(
    database: Database, forget: Callable[..., Awaitable[int]], advance: Callable[[int], None]
) -> None:
    while True:
        async with database.write() as session:
            count = await forget(await session.driver())
        if not count:
            return
        advance(count)
