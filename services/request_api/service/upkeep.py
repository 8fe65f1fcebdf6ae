"""What time and a changed calendar bring about: lapses, and deadlines computed anew."""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from services.request_api.repository import requests as repository
from services.request_api.rules.case import Event
from services.request_api.rules.clock import ONE_DAY
from services.request_api.rules.guards import Terms
from services.request_api.service.issuing import Press
from services.request_api.service.keeping import Vault, columns_of
from services.request_api.service.moves import close
from services.request_api.service.steps import Taken, append, hold
from services.request_api.settings import Settings
from shared.kit.database import Database, WriteSession
from shared.kit.organizations import OrganizationDirectory
from shared.schemas.request_codes import RequestState, StepKind

SYSTEM = "request-worker"
_LAPSES = {
    RequestState.AWAITING_CORRECTION: StepKind.CORRECTION_LAPSED,
    RequestState.AWAITING_PAYMENT: StepKind.PAYMENT_LAPSED,
}


async def close_lapsed(
    database: Database,
    directory: OrganizationDirectory,
    terms: Terms,
    vault: Vault,
    settings: Settings,
    *,
    now: datetime,
    limit: int,
) -> int:
    """Close what its applicant has let pass, some working days after, for letters that are under way; how many."""
    connection = await database.connect()
    try:
        before = _with_grace(terms, settings.lapse_grace_workdays)
        rows = await repository.list_waiting(connection, before=before, limit=limit)
    finally:
        await connection.close()
    closed = 0
    for row in rows:
        organization = await directory.get(row["organization"])
        async with database.write() as session:
            press = Press(session, organization, directory, settings, vault, now)
            closed += await _close(press, row["id"], terms)
    return closed


def _with_grace(terms: Terms, grace: int) -> date:
    """The earliest day from which less than the grace has passed."""
    day = terms.today
    while terms.calendar.workdays_between(day, terms.today) <= grace:
        day -= ONE_DAY
    return day + ONE_DAY


async def _close(press: Press, request_id: UUID, terms: Terms) -> bool:
    # It lapsed some days ago, and is closed on that day.
    held = await hold(press.session, request_id, replace(terms, backfills=True))
    until, kind = held.case.waiting_until, _LAPSES.get(held.case.state)
    if kind is None or until is None or until >= terms.today:
        return False  # Somebody was faster.
    # The day it lapsed, not the day the worker came by: the report counts it there.
    event = Event(kind, until + ONE_DAY, {}, SYSTEM)
    await close(press.session, held, event, press.vault, press, now=press.now)
    return True


async def follow_calendar(session: WriteSession, terms: Terms, vault: Vault, *, now: datetime, limit: int) -> int:
    """Compute open requests anew whose deadlines rest on another calendar; a moved one is a step of its own. How many."""
    driver = await session.driver()
    rows = await repository.list_stale(driver, terms.calendar.version, limit=limit)
    for row in rows:
        held = await hold(session, row["id"], terms)
        columns = columns_of(held.case, terms)
        was, is_now = held.row["due_on"], columns["due_on"]
        if (was, held.row["waiting_until"]) == (is_now, columns["waiting_until"]):
            await repository.update_request(driver, row["id"], columns)
            continue
        facts = {
            "calendar_version": terms.calendar.version,
            "from": was and was.isoformat(),
            "to": is_now and is_now.isoformat(),
        }
        await append(session, held, Taken(Event(StepKind.RECOMPUTED, terms.today, facts, SYSTEM)), vault, now=now)
    return len(rows)
