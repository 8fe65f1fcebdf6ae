"""The background door of exchange_api: sends events to subscribers, carries out what partners sent, forgets what is old."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial

import httpx

from services.exchange_api.repository import clients as client_repository
from services.exchange_api.repository import inbound as inbound_repository
from services.exchange_api.repository import webhooks as webhook_repository
from services.exchange_api.rules.addresses import parse_networks
from services.exchange_api.service.carrying import Carrier
from services.exchange_api.service.dispatching import Dispatcher
from services.exchange_api.service.following import follow_all
from services.exchange_api.service.inbound import carry_out_due
from services.exchange_api.service.sending import Sender
from services.exchange_api.service.tokens import issue_own_token, sealer_of
from services.exchange_api.settings import Settings
from shared.kit import log
from shared.kit.clock import Clock, local_day, system_clock
from shared.kit.collector import calm_collector
from shared.kit.database import Database
from shared.kit.idempotency import forget_old_keys
from shared.kit.logging import configure_logging
from shared.kit.reader import LogReader
from shared.kit.worker import Job, run_jobs, stop_on_signals
from shared.schemas.scopes import Scope

_AT_ONCE = 100
_PRUNED_AT_ONCE = 5000
SCOPES = (
    *(Scope.EVENTS_READ, Scope.REQUEST_SUBMIT, Scope.REQUEST_HANDLE, Scope.REQUEST_SUPERVISE, Scope.REQUEST_BACKFILL),
    *(Scope.POLICY_WRITE, Scope.POLICY_IMPORT),
)
_REFRESH_BEFORE = timedelta(seconds=60)


class OwnTokens:
    """Tokens that the worker makes for itself; the interface of `shared.kit.reader.TokenSource`."""

    def __init__(self, database: Database, settings: Settings, clock: Clock) -> None:
        self._database, self._settings, self._clock = database, settings, clock
        self._token = ""
        self._ends_at = clock()

    async def headers(self) -> dict[str, str]:
        """What a request carries."""
        now = self._clock()
        if not self._token or now > self._ends_at - _REFRESH_BEFORE:
            token = await issue_own_token(self._database.reads, self._settings, SCOPES, now=now)
            self._token, self._ends_at = token.access_token, now + timedelta(seconds=token.expires_in)
        return {"Authorization": f"Bearer {self._token}"}

    def forget(self) -> None:
        """A service refused the token: make another next time."""
        self._token = ""


@asynccontextmanager
async def open_jobs(
    database: Database,
    settings: Settings,
    *,
    clock: Clock = system_clock,
    transport: httpx.AsyncBaseTransport | None = None,
) -> AsyncIterator[list[Job]]:
    """Everything this worker does, with what it uses, closed after the block. `transport` replaces the inner network."""
    sender = Sender(
        networks=parse_networks(settings.webhook_networks),
        timeout_seconds=settings.webhook_timeout_seconds,
        ca_file=settings.webhook_ca_file,
    )
    timeout = settings.outbound_timeout_seconds
    async with httpx.AsyncClient(timeout=timeout, trust_env=False, transport=transport) as client:
        tokens = OwnTokens(database, settings, clock)
        readers = {name: LogReader(client, tokens, name=name, base_url=url) for name, url in settings.sources.items()}
        dispatcher = Dispatcher(
            database,
            sender,
            sealer_of(settings),
            disable_after=timedelta(days=settings.webhook_disable_after_days),
            clock=clock,
            refresh_seconds=settings.webhook_refresh_seconds,
        )

        async def follow() -> bool:
            await follow_all(
                database,
                readers,
                page_events=settings.page_events,
                long_poll_seconds=settings.long_poll_seconds,
                clock=clock,
                grown=dispatcher.wake,
            )
            return False

        async def dispatch() -> bool:
            await dispatcher.run()
            return False

        carrier = Carrier(client, tokens, settings.sources, today=lambda: local_day(clock()))

        async def carry_out() -> bool:
            return await carry_out_due(
                database,
                sealer_of(settings),
                carrier.carry_out,
                now=clock(),
                retry_after=timedelta(seconds=settings.inbound_retry_seconds),
                attempts=settings.inbound_attempts,
                limit=_AT_ONCE,
            )

        try:
            yield [
                Job("follow", 1.0, follow),
                Job("dispatch", 1.0, dispatch),
                Job("disable failing", 60.0, dispatcher.disable_failing),
                Job("carry out", 0.5, carry_out),
                Job("prune", 600.0, partial(_prune, database, settings, clock)),
            ]
        finally:
            await sender.close()


async def _prune(database: Database, settings: Settings, clock: Clock) -> bool:
    kept_from = clock() - timedelta(days=settings.webhook_retention_days)
    forgotten = 0
    for forget in _forgetting(kept_from, now=clock()):
        async with database.write() as session:
            forgotten = max(forgotten, await forget(await session.driver()))
    connection = await database.connect()
    try:
        await forget_old_keys(connection, older_than=clock() - timedelta(hours=settings.idempotency_retention_hours))
        pruned = await log.prune(connection, older_than=clock() - timedelta(days=settings.event_retention_days))
    finally:
        await connection.close()
    return pruned > 0 or forgotten >= _PRUNED_AT_ONCE


def _forgetting(kept_from: datetime, *, now: datetime) -> list[Callable[..., Awaitable[int]]]:
    """What is forgotten, each in a transaction of its own."""
    return [
        partial(webhook_repository.prune_attempts, before=kept_from, limit=_PRUNED_AT_ONCE),
        partial(webhook_repository.prune_messages, before=local_day(kept_from), limit=_PRUNED_AT_ONCE),
        partial(client_repository.forget_assertions, before=now, limit=_PRUNED_AT_ONCE),
        partial(inbound_repository.prune, before=kept_from, limit=_PRUNED_AT_ONCE),
    ]


async def main() -> None:
    """Until SIGTERM."""
    settings = Settings()
    configure_logging("exchange-worker", level=settings.log_level)
    calm_collector()
    database = Database(settings)
    await database.open()
    try:
        async with open_jobs(database, settings) as jobs:
            await run_jobs(database, name="exchange", jobs=jobs, asked_to_stop=stop_on_signals())
    finally:
        await database.close()


if __name__ == "__main__":
    asyncio.run(main())
