"""Statements on the working-day calendar."""

from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from services.exchange_api.models import CalendarYearRow


async def list_years(reads: asyncpg.Pool) -> list[Any]:
    rows: list[Any] = await reads.fetch("SELECT year, content, revision FROM calendar_year ORDER BY year")
    return rows


async def lock_calendar(orm: AsyncSession) -> int:
    """Holds the calendar for this transaction; returns its newest revision, 0 when nothing was imported."""
    await orm.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('exchange calendar'))"))
    return int(await orm.scalar(sa.select(sa.func.coalesce(sa.func.max(CalendarYearRow.revision), 0))) or 0)


async def find_year(orm: AsyncSession, year: int) -> CalendarYearRow | None:
    return await orm.get(CalendarYearRow, year)


async def list_year_rows(orm: AsyncSession) -> list[CalendarYearRow]:
    return list((await orm.scalars(sa.select(CalendarYearRow))).all())
