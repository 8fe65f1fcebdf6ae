"""Statements on guides, transfer lists and what the public catalog is made of. No decisions."""

from datetime import date
from typing import Any

import asyncpg

from services.catalog_api.repository.catalogs import Reads, Rows


async def lock_guide(driver: asyncpg.Connection, organization: str) -> Any:
    """Held, and the organisation's name too, so that one at a time makes a new one."""
    await driver.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"guide {organization}")
    return await driver.fetchrow("SELECT * FROM guide WHERE organization = $1 FOR UPDATE", organization)


async def keep_guide(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    await driver.execute(
        """
        INSERT INTO guide (id, organization, content_hash, version, representation, etag) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (id) DO UPDATE SET content_hash = excluded.content_hash, version = excluded.version,
            representation = excluded.representation, etag = excluded.etag
        """,
        *(row[name] for name in ("id", "organization", "content_hash", "version", "representation", "etag")),
    )


async def find_guide(reads: Reads, organization: str) -> Any:
    return await reads.fetchrow("SELECT representation, etag FROM guide WHERE organization = $1", organization)


async def list_for_transfer(reads: Reads, organization: str, *, since: date, until: date, limit: int) -> Rows:
    """What an organisation made public in a period, the earliest first."""
    rows: Rows = await reads.fetch(
        """
        SELECT representation FROM publication
        WHERE organization = $1 AND state = 'public' AND published_on BETWEEN $2 AND $3
        ORDER BY published_on, id LIMIT $4
        """,
        *(organization, since, until, limit),
    )
    return rows


async def list_catalogs(reads: Reads) -> Rows:
    """Every catalog in force, and since when."""
    rows: Rows = await reads.fetch(
        """
        SELECT representation FROM catalog WHERE representation IS NOT NULL ORDER BY id
        """
    )
    return rows
