"""Statements on organisations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from services.exchange_api.models import OrganizationRow


async def lock_tree(orm: AsyncSession) -> None:
    """Changes of the tree are rare and need to see one another: one at a time."""
    await orm.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('exchange organization tree'))"))


async def find_organization(orm: AsyncSession, code: str) -> OrganizationRow | None:
    return await orm.get(OrganizationRow, code, populate_existing=True)


async def list_descendants(orm: AsyncSession, code: str) -> Sequence[OrganizationRow]:
    """Everything below, the organisation itself left out, upper nodes first."""
    statement = (
        sa.select(OrganizationRow)
        .where(OrganizationRow.path.contains(sa.cast([code], ARRAY(sa.Text))), OrganizationRow.code != code)
        .order_by(sa.func.cardinality(OrganizationRow.path))
    )
    return (await orm.scalars(statement)).all()


async def has_root(orm: AsyncSession) -> bool:
    return bool(await orm.scalar(sa.select(sa.exists().where(OrganizationRow.parent.is_(None)))))


async def find_stored(reads: asyncpg.Pool, code: str) -> Any:
    """`representation` and `etag` of one organisation, or None."""
    return await reads.fetchrow("SELECT representation, etag FROM organization WHERE code = $1", code)


@dataclass(frozen=True)
class OrganizationFilter:
    """What a list is narrowed to."""

    parent: str | None = None
    within: str | None = None
    level: str | None = None
    division_code: str | None = None


async def list_stored(reads: asyncpg.Pool, wanted: OrganizationFilter, *, after: str | None, limit: int) -> list[Any]:
    """`code` and `representation`, by code, one more than `limit` when there are more."""
    rows: list[Any] = await reads.fetch(
        """
        SELECT code, representation FROM organization
        WHERE ($1::text IS NULL OR parent = $1) AND ($2::text IS NULL OR path @> ARRAY[$2::text])
          AND ($3::text IS NULL OR level = $3) AND ($4::text IS NULL OR division_code = $4)
          AND ($5::text IS NULL OR code > $5)
        ORDER BY code LIMIT $6
        """,
        wanted.parent,
        wanted.within,
        wanted.level,
        wanted.division_code,
        after,
        limit + 1,
    )
    return rows


EXPORT = """
    SELECT '{"type":"organization","subject":"' || code || '","version":' || version
           || ',"hash":"' || trim(both '"' from etag) || '","data":' || convert_from(representation, 'UTF8') || '}' AS line
    FROM organization ORDER BY code
"""
