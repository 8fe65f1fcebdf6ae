"""The background door of catalog_api: what the calendar changes, duties that come back, and what may be forgotten."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from uuid import UUID

import httpx

from services.catalog_api.repository.patrol import list_links
from services.catalog_api.service.links import check_links
from services.catalog_api.service.lists import follow_days
from services.catalog_api.service.monitoring import follow_calendar
from services.catalog_api.service.patrol import due_before, note_links, patrol_days, patrol_texts, read_lists
from services.catalog_api.service.recurring import open_planned, plan_recurring
from services.catalog_api.service.tasks import Terms
from services.catalog_api.settings import Settings
from shared.kit import log
from shared.kit.calendars import CalendarSource
from shared.kit.clock import Clock, local_day, system_clock
from shared.kit.collector import calm_collector
from shared.kit.database import Database
from shared.kit.idempotency import forget_old_keys
from shared.kit.logging import configure_logging
from shared.kit.organizations import OrganizationDirectory, organizations_over_http
from shared.kit.workdays import WorkCalendar
from shared.kit.worker import Job, run_jobs, stop_on_signals

_AT_ONCE = 500
_LINKS_AT_ONCE = 100


def jobs_of(
    database: Database,
    settings: Settings,
    directory: OrganizationDirectory,
    calendar: Callable[[], Awaitable[WorkCalendar]],
    links: httpx.AsyncClient,
    clock: Clock = system_clock,
) -> list[Job]:
    """Everything this worker does."""

    async def recompute_deadlines() -> bool:
        known = await calendar()
        async with database.write() as session:
            return await follow_calendar(session, known, limit=_AT_ONCE) >= _AT_ONCE

    place: UUID | None = None

    async def open_recurring() -> bool:
        nonlocal place
        terms = Terms(clock(), await calendar(), settings.due_soon_workdays)
        connection = await database.connect()
        try:
            planned = await plan_recurring(connection, directory, terms, after=place, limit=_AT_ONCE)
        finally:
            await connection.close()
        async with database.write() as session:
            await open_planned(session, planned, directory, terms)
        place = planned.after
        return place is not None

    return [
        Job("recompute deadlines", 60.0, recompute_deadlines),
        Job("open recurring tasks", 60.0, open_recurring),
        Job("list days", 30.0, partial(_follow_days, database, clock)),
        *_patrol_jobs(database, settings, links, clock),
        Job("prune", 600.0, partial(_prune, database, settings, clock)),
    ]


def _patrol_jobs(database: Database, settings: Settings, links: httpx.AsyncClient, clock: Clock) -> list[Job]:
    key = settings.cursor_key.get_secret_value().encode()

    async def patrol() -> bool:
        async with database.write() as session:
            lists = await read_lists(await session.driver())
            looked = await patrol_texts(session, lists, key=key, now=clock(), limit=_AT_ONCE)
        async with database.write() as session:
            found = await patrol_days(session, key=key, now=clock(), limit=_AT_ONCE)
        return max(looked, found) >= _AT_ONCE

    async def ask_links() -> bool:
        hosts = frozenset(host.lower() for host in settings.patrol_hosts)
        before = due_before(local_day(clock()), settings.patrol_link_days)
        connection = await database.connect()
        try:
            rows = await list_links(connection, checked_before=before, hosts=sorted(hosts), limit=_LINKS_AT_ONCE)
        finally:
            await connection.close()
        checked = await check_links(links, rows, hosts=hosts)
        if checked:
            async with database.write() as session:
                await note_links(session, checked, key=key, now=clock())
        return len(rows) >= _LINKS_AT_ONCE

    return [Job("patrol", 10.0, patrol), Job("ask links", 60.0, ask_links)]


async def _follow_days(database: Database, clock: Clock) -> bool:
    async with database.write() as session:
        return await follow_days(session, today=local_day(clock()), limit=_AT_ONCE) >= _AT_ONCE


async def _prune(database: Database, settings: Settings, clock: Clock) -> bool:
    connection = await database.connect()
    try:
        forget_from = clock() - timedelta(hours=settings.idempotency_retention_hours)
        await forget_old_keys(connection, older_than=forget_from)
        kept_from = clock() - timedelta(days=settings.event_retention_days)
        return await log.prune(connection, older_than=kept_from) > 0
    finally:
        await connection.close()


async def main() -> None:
    """Until SIGTERM."""
    settings = Settings()
    configure_logging("catalog-worker", level=settings.log_level)
    calm_collector()
    database = Database(settings)
    try:
        async with httpx.AsyncClient(timeout=settings.outbound_timeout_seconds, trust_env=False) as client:
            ttl = settings.directory_ttl_seconds
            calendar = CalendarSource(client, exchange_url=settings.exchange_url, ttl_seconds=ttl)
            load = organizations_over_http(client, settings.exchange_url)
            directory = OrganizationDirectory(load, ttl_seconds=ttl)
            jobs = jobs_of(database, settings, directory, calendar.get, client)
            await run_jobs(database, name="catalog", jobs=jobs, asked_to_stop=stop_on_signals())
    finally:
        await database.engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
