"""Statements on candidates. No decisions."""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.catalog_api.repository.catalogs import Reads, Rows


async def lock(driver: asyncpg.Connection, organization: str, external_id: str) -> Any:
    """Held, and its name too, so that one at a time makes a new one."""
    await driver.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"candidate {organization} {external_id}"
    )
    return await driver.fetchrow(
        "SELECT * FROM candidate WHERE organization = $1 AND external_id = $2 FOR UPDATE", organization, external_id
    )


async def keep(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    await driver.execute(
        """
        INSERT INTO candidate (id, organization, organization_name, external_id, content, content_hash, state, version)
        VALUES ($1, $2, $3, $4, $5, $6, 'open', $7)
        ON CONFLICT (id) DO UPDATE SET content = excluded.content, content_hash = excluded.content_hash,
            version = excluded.version
        """,
        *(row["id"], row["organization"], row["organization_name"], row["external_id"], row["content"]),
        *(row["content_hash"], row["version"]),
    )


async def find(reads: Reads, candidate_id: UUID) -> Any:
    return await reads.fetchrow("SELECT * FROM candidate WHERE id = $1", candidate_id)


async def decide(
    driver: asyncpg.Connection,
    candidate_id: UUID,
    *,
    state: str,
    note: str,
    result: UUID | None,
    by: str,
    at: datetime,
) -> None:
    await driver.execute(
        """
        UPDATE candidate SET state = $2, note = $3, result = $4, decided_by = $5, decided_at = $6, version = version + 1
        WHERE id = $1
        """,
        *(candidate_id, state, note, result, by, at),
    )


async def list_of(reads: Reads, organization: str, *, state: str, after: UUID | None, limit: int) -> Rows:
    """Newest first; one more than `limit` when there are more."""
    rows: Rows = await reads.fetch(
        """
        SELECT * FROM candidate WHERE organization = $1 AND state = $2 AND ($3::uuid IS NULL OR id < $3)
        ORDER BY id DESC LIMIT $4
        """,
        *(organization, state, after, limit + 1),
    )
    return rows


async def find_public_publication(reads: Reads, organization: str, external_id: str) -> UUID | None:
    found: UUID | None = await reads.fetchval(
        "SELECT id FROM publication WHERE organization = $1 AND external_id = $2 AND state = 'public'",
        *(organization, external_id),
    )
    return found
