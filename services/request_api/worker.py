"""The background door of request_api: lapses, deadlines that a calendar moves, and what may be forgotten."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import httpx
from pydantic import SecretStr

from services.request_api.service.conversion import deliver
from services.request_api.service.keeping import terms_of, vault_of
from services.request_api.service.records import erase_corrections, seal_corrections_anew
from services.request_api.service.retention import erase_outlived, seal_anew
from services.request_api.service.upkeep import close_lapsed, follow_calendar
from services.request_api.settings import Settings
from shared.kit import log
from shared.kit.calendars import CalendarSource
from shared.kit.clock import Clock, local_day, system_clock
from shared.kit.collector import calm_collector
from shared.kit.database import Database
from shared.kit.idempotency import forget_old_keys
from shared.kit.logging import configure_logging
from shared.kit.organizations import OrganizationDirectory, organizations_over_http
from shared.kit.reader import Credentials, TokenSource
from shared.kit.workdays import WorkCalendar
from shared.kit.worker import Job, run_jobs, stop_on_signals

_AT_ONCE = 200


def jobs_of(
    database: Database,
    settings: Settings,
    directory: OrganizationDirectory,
    calendar: Callable[[], Awaitable[WorkCalendar]],
    client: httpx.AsyncClient,
    clock: Clock = system_clock,
) -> list[Job]:
    """Everything this worker does."""
    vault = vault_of(settings)
    credentials = Credentials(settings.client_id or "", settings.client_secret or SecretStr(""))
    tokens = TokenSource(client, exchange_url=settings.exchange_url, credentials=credentials)

    async def lapse() -> bool:
        terms = terms_of(clock(), await calendar(), settings)
        closed = await close_lapsed(database, directory, terms, vault, settings, now=clock(), limit=_AT_ONCE)
        return closed >= _AT_ONCE

    async def recompute() -> bool:
        terms = terms_of(clock(), await calendar(), settings)
        async with database.write() as session:
            return await follow_calendar(session, terms, vault, now=clock(), limit=_AT_ONCE) >= _AT_ONCE

    async def hand_over() -> bool:
        if settings.catalog_url is None or settings.client_id is None or settings.client_secret is None:
            return False
        return await deliver(database, client, tokens, settings.catalog_url, limit=_AT_ONCE) >= _AT_ONCE

    async def seal() -> bool:
        async with database.write() as session:
            sealed = await seal_anew(session, vault, limit=_AT_ONCE)
            return max(sealed, await seal_corrections_anew(session, vault, limit=_AT_ONCE)) >= _AT_ONCE

    async def erase() -> bool:
        async with database.write() as session:
            today, years = local_day(clock()), settings.retention_years
            erased = await erase_outlived(session, today=today, years=years, limit=_AT_ONCE)
            others = await erase_corrections(session, today=today, years=years, limit=_AT_ONCE)
            return max(erased, others) >= _AT_ONCE

    return [
        Job("close lapsed", 60.0, lapse),
        Job("recompute deadlines", 60.0, recompute),
        Job("hand over conversions", 2.0, hand_over),
        Job("seal anew", 60.0, seal),
        Job("erase outlived", 600.0, erase),
        Job("prune", 600.0, partial(_prune, database, settings, clock)),
    ]


async def _prune(database: Database, settings: Settings, clock: Clock) -> bool:
    connection = await database.connect()
    try:
        await forget_old_keys(connection, older_than=clock() - timedelta(hours=settings.idempotency_retention_hours))
        return await log.prune(connection, older_than=clock() - timedelta(days=settings.event_retention_days)) > 0
    finally:
        await connection.close()


async def main() -> None:
    """Until SIGTERM."""
    settings = Settings()
    configure_logging("request-worker", level=settings.log_level)
    calm_collector()
    database = Database(settings)
    try:
        async with httpx.AsyncClient(timeout=settings.outbound_timeout_seconds, trust_env=False) as client:
            calendar = CalendarSource(
                client, exchange_url=settings.exchange_url, ttl_seconds=settings.directory_ttl_seconds
            )
            load = organizations_over_http(client, settings.exchange_url)
            directory = OrganizationDirectory(load, ttl_seconds=settings.directory_ttl_seconds)
            jobs = jobs_of(database, settings, directory, calendar.get, client)
            await run_jobs(database, name="request", jobs=jobs, asked_to_stop=stop_on_signals())
    finally:
        await database.engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
