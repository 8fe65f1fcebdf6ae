"""The working-day calendar in force: the shipped years, and those an administrator imported instead."""

import json

import asyncpg

from services.exchange_api.models import CalendarYearRow
from services.exchange_api.repository import calendar as repository
from shared.kit.auth import Caller
from shared.kit.database import WriteSession
from shared.kit.errors import RuleViolation
from shared.kit.log import Announcement
from shared.kit.workdays import load_seed_calendar
from shared.schemas.calendar import Calendar, CalendarYear
from shared.schemas.problems import InvalidField


async def get_calendar(reads: asyncpg.Pool) -> Calendar:
    """Shipped years overlaid with imported ones. The version names both."""
    rows = await repository.list_years(reads)
    return _overlay({row["year"]: (json.loads(row["content"]), row["revision"]) for row in rows})


async def import_year(session: WriteSession, caller: Caller | None, year: int, wanted: CalendarYear) -> Calendar:
    """Put one year in place of the shipped or earlier one; the same again changes nothing. No caller: a command."""
    errors = [
        InvalidField(pointer=f"/{name}/{index}", detail=f"{day}不在{year}年")
        for name, days in (("off", wanted.off), ("work", wanted.work))
        for index, day in enumerate(days)
        if day.year != year
    ]
    if errors:
        raise RuleViolation(f"所列日期不都在{year}年", errors=errors)
    orm = await session.orm()
    revision = await repository.lock_calendar(orm) + 1
    row = await repository.find_year(orm, year)
    content = wanted.model_dump(mode="json")
    if row is None or row.content != content:
        if row is None:
            row = CalendarYearRow(year=year)
            orm.add(row)
        row.content, row.revision = content, revision
        await orm.flush()
        _tell(session, caller, year, wanted, revision)
    rows = await repository.list_year_rows(orm)
    return _overlay({row.year: (row.content, row.revision) for row in rows})


def _overlay(imported: dict[int, tuple[object, int]]) -> Calendar:
    seed = load_seed_calendar().data
    years = {year: CalendarYear.model_validate(content) for year, (content, _) in imported.items()}
    newest = max((revision for _, revision in imported.values()), default=0)
    version = f"{seed.version}+{newest}" if newest else seed.version
    return Calendar(version=version, years=dict(sorted({**seed.years, **years}.items())))


def _tell(session: WriteSession, caller: Caller | None, year: int, wanted: CalendarYear, revision: int) -> None:
    data = b'{"year":%d,"calendar":%s}' % (year, wanted.model_dump_json().encode())
    session.announce(Announcement("calendar.changed", str(year), revision, data))
    session.record(
        actor=caller.client_id if caller else "command",
        action="calendar.changed",
        subject=str(year),
        version=revision,
        organization=caller.principal.organization if caller else "",
        source=wanted.source,
    )
