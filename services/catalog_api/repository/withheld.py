"""Statements on withheld information. No decisions."""

from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from services.catalog_api.repository.catalogs import Reads, Rows


async def lock(driver: asyncpg.Connection, organization: str, external_id: str) -> Any:
    """Held, and its name too, so that one at a time makes a new one."""
    await driver.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"withheld {organization} {external_id}"
    )
    return await driver.fetchrow(
        "SELECT * FROM withheld WHERE organization = $1 AND external_id = $2 FOR UPDATE", organization, external_id
    )


async def keep(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    await driver.execute(
        """
        INSERT INTO withheld (id, organization, organization_name, organization_path, external_id, content,
                              content_hash, reviews, state, next_review_on, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (id) DO UPDATE SET content = excluded.content, content_hash = excluded.content_hash,
            reviews = excluded.reviews, state = excluded.state, next_review_on = excluded.next_review_on,
            version = excluded.version
        """,
        *(row["id"], row["organization"], row["organization_name"], row["organization_path"], row["external_id"]),
        *(row["content"], row["content_hash"], row["reviews"], row["state"], row["next_review_on"], row["version"]),
    )


async def list_below(
    reads: Reads, organization: str, *, due_until: date | None, after: UUID | None, limit: int
) -> Rows:
    """Of an organisation and all below it, newest first; one more than `limit` when there are more."""
    rows: Rows = await reads.fetch(
        """
        SELECT * FROM withheld WHERE organization_path @> ARRAY[$1::text]
            AND ($2::date IS NULL OR (state = 'withheld' AND next_review_on <= $2)) AND ($3::uuid IS NULL OR id < $3)
        ORDER BY id DESC LIMIT $4
        """,
        *(organization, due_until, after, limit + 1),
    )
    return rows
