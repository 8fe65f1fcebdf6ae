"""The background door of policy_api: what dates change, links that missed each other, what may be forgotten."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial

import httpx

from services.policy_api.service.clause_set import ClauseSource
from services.policy_api.service.entries import refresh_due_entries
from services.policy_api.service.expiry import remind
from services.policy_api.service.files import forget_orphans, remove_unknown
from services.policy_api.service.follow_up import Terms, limits_of, open_due_tasks
from services.policy_api.service.profiles import match_released_clause, match_saved_profiles, retry_unreadable
from services.policy_api.service.publication import bind_stragglers, bind_titles, refresh_due
from services.policy_api.service.quality import look_on
from services.policy_api.service.sealing import ProfileSealer
from services.policy_api.settings import Settings, file_store
from shared.kit import log
from shared.kit.calendars import CalendarSource
from shared.kit.clock import Clock, local_day, system_clock
from shared.kit.collector import calm_collector
from shared.kit.database import Database
from shared.kit.idempotency import forget_old_keys
from shared.kit.logging import configure_logging
from shared.kit.workdays import WorkCalendar, load_seed_calendar
from shared.kit.worker import Job, run_jobs, stop_on_signals

_AT_ONCE = 200
_MATCHES_AT_ONCE = 1000
"""Each may match every clause, and all that is found is announced in one transaction."""


async def _seed_calendar() -> WorkCalendar:
    return load_seed_calendar()


async def _forget_files(database: Database, settings: Settings, clock: Clock) -> bool:
    before = clock() - timedelta(days=settings.orphan_file_days)
    if await forget_orphans(database, before=before, limit=_AT_ONCE) >= _AT_ONCE:
        return True
    await remove_unknown(database, file_store(settings))
    return False


async def _prune(database: Database, settings: Settings, clock: Clock) -> bool:
    connection = await database.connect()
    try:
        kept_from = clock() - timedelta(days=settings.event_retention_days)
        forget_from = clock() - timedelta(hours=settings.idempotency_retention_hours)
        await forget_old_keys(connection, older_than=forget_from)
        return await log.prune(connection, older_than=kept_from) > 0
    finally:
        await connection.close()


def jobs_of(
    database: Database,
    settings: Settings,
    clock: Clock = system_clock,
    calendar: Callable[[], Awaitable[WorkCalendar]] = _seed_calendar,
) -> list[Job]:
    """Everything this worker does."""

    async def tell_date_changes() -> bool:
        async with database.write() as session:
            return await refresh_due(session, today=local_day(clock()), limit=_AT_ONCE) >= _AT_ONCE

    async def tell_entry_changes() -> bool:
        async with database.write() as session:
            return await refresh_due_entries(session, today=local_day(clock()), limit=_AT_ONCE) >= _AT_ONCE

    async def tell_expiries() -> bool:
        async with database.write() as session:
            handled = await remind(session, months=settings.expiry_reminder_months, now=clock(), limit=_AT_ONCE)
        return handled >= _AT_ONCE

    async def look_at_quality() -> bool:
        async with database.write() as session:
            return await look_on(session, now=clock(), limit=_AT_ONCE) >= _AT_ONCE

    async def bind_links() -> bool:
        async with database.write() as session:
            more = await bind_stragglers(session, today=local_day(clock()), limit=_AT_ONCE) >= _AT_ONCE
        async with database.write() as session:
            return await bind_titles(session, today=local_day(clock()), limit=_AT_ONCE) >= _AT_ONCE or more

    async def open_follow_ups() -> bool:
        # Asked for before a transaction is begun: it may have to be fetched.
        terms = Terms(local_day(clock()), await calendar(), limits_of(settings))
        async with database.write() as session:
            return await open_due_tasks(session, terms, at_once=_AT_ONCE) >= _AT_ONCE

    sealer, clauses = ProfileSealer(settings.profile_key.get_secret_value()), ClauseSource()

    retried = False

    async def match_profiles() -> bool:
        nonlocal retried
        async with database.write() as session:
            if not retried:
                await retry_unreadable(session)
            more = await match_saved_profiles(session, sealer, clauses, now=clock(), limit=_MATCHES_AT_ONCE)
        retried = True
        return more

    async def match_clauses() -> bool:
        async with database.write() as session:
            return await match_released_clause(session, sealer, now=clock(), limit=_AT_ONCE)

    return [
        Job("date changes", 5.0, tell_date_changes),
        Job("entry changes", 5.0, tell_entry_changes),
        Job("expiries", 60.0, tell_expiries),
        Job("quality", 2.0, look_at_quality),
        Job("links", 30.0, bind_links),
        Job("follow-ups", 60.0, open_follow_ups),
        Job("saved profiles", 5.0, match_profiles),
        Job("released clauses", 5.0, match_clauses),
        Job("unused files", 3600.0, partial(_forget_files, database, settings, clock)),
        Job("prune", 600.0, partial(_prune, database, settings, clock)),
    ]


async def main() -> None:
    """Until SIGTERM."""
    settings = Settings()
    configure_logging("policy-worker", level=settings.log_level)
    calm_collector()
    database = Database(settings)
    try:
        async with httpx.AsyncClient(timeout=settings.outbound_timeout_seconds, trust_env=False) as client:
            ttl = settings.directory_ttl_seconds
            calendar = CalendarSource(client, exchange_url=settings.exchange_url, ttl_seconds=ttl)
            jobs = jobs_of(database, settings, calendar=calendar.get)
            await run_jobs(database, name="policy", jobs=jobs, asked_to_stop=stop_on_signals())
    finally:
        await database.engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
