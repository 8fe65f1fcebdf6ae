"""Statements on lists. No decisions."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.catalog_api.repository.catalogs import Reads, Rows

Key = tuple[str, str, str]


async def lock_entries(driver: asyncpg.Connection, keys: Sequence[Key]) -> dict[Key, Any]:
    """Entries by (organisation, kind, external id), held; the keys too, so that one at a time makes a new one."""
    await driver.execute(
        """
        SELECT pg_advisory_xact_lock(number) FROM (
            SELECT DISTINCT hashtextextended(key, 0) AS number FROM unnest($1::text[]) AS key ORDER BY number
        ) AS ordered
        """,
        [" ".join(("list", *key)) for key in keys],
    )
    rows = await driver.fetch(
        """
        SELECT list_entry.* FROM list_entry JOIN unnest($1::text[], $2::text[], $3::text[]) AS key(organization, kind, name)
          ON list_entry.organization = key.organization AND list_entry.kind = key.kind
         AND list_entry.external_id = key.name
        ORDER BY list_entry.id FOR UPDATE OF list_entry
        """,
        *([key[part] for key in keys] for part in range(3)),
    )
    return {(row["organization"], row["kind"], row["external_id"]): row for row in rows}


async def insert_entries(driver: asyncpg.Connection, rows: Sequence[dict[str, Any]]) -> None:
    await driver.executemany(
        """
        INSERT INTO list_entry (id, organization, organization_name, kind, external_id, latest_number, version)
        VALUES ($1, $2, $3, $4, $5, 0, 0)
        """,
        [
            tuple(row[name] for name in ("id", "organization", "organization_name", "kind", "external_id"))
            for row in rows
        ],
    )


async def add_texts(driver: asyncpg.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """New texts; one of the same day takes the place of what was said for it."""
    await driver.executemany(
        """
        UPDATE list_text SET superseded_at = $3 WHERE entry_id = $1 AND effective_on = $2 AND superseded_at IS NULL
        """,
        [(row["entry_id"], row["effective_on"], row["recorded_at"]) for row in rows],
    )
    columns = ("entry_id", "number", "effective_on", "content", "content_hash", "recorded_at", "recorded_by")
    await driver.executemany(
        """
        INSERT INTO list_text (entry_id, number, effective_on, content, content_hash, recorded_at, recorded_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        [tuple(row[name] for name in columns) for row in rows],
    )


async def list_texts(reads: Reads, ids: Sequence[UUID]) -> dict[UUID, Rows]:
    """By entry, every text in the order of recording."""
    rows = await reads.fetch("SELECT * FROM list_text WHERE entry_id = ANY($1) ORDER BY entry_id, number", list(ids))
    found: dict[UUID, Rows] = {entry_id: [] for entry_id in ids}
    for row in rows:
        found[row["entry_id"]].append(row)
    return found


async def keep_rendered(driver: asyncpg.Connection, rows: Sequence[dict[str, Any]]) -> None:
    columns = ("id", "latest_number", "version", "next_change_on", "representation", "etag")
    await driver.executemany(
        """
        UPDATE list_entry SET latest_number = $2, version = $3, next_change_on = $4, representation = $5, etag = $6
        WHERE id = $1
        """,
        [tuple(row[name] for name in columns) for row in rows],
    )


async def find_entry(reads: Reads, entry_id: UUID) -> Any:
    return await reads.fetchrow("SELECT * FROM list_entry WHERE id = $1", entry_id)


async def find_public(reads: Reads, entry_id: UUID) -> Any:
    """Stored representation, ETag and from which day it is another; None while nothing of it is in force."""
    return await reads.fetchrow(
        "SELECT representation, etag, next_change_on FROM list_entry WHERE id = $1 AND representation IS NOT NULL",
        entry_id,
    )


async def lock_due(driver: asyncpg.Connection, *, today: date, limit: int) -> Rows:
    """Entries that a day has made others, held."""
    rows: Rows = await driver.fetch(
        """
        SELECT * FROM list_entry WHERE next_change_on <= $1 ORDER BY next_change_on, id LIMIT $2
        FOR UPDATE SKIP LOCKED
        """,
        *(today, limit),
    )
    return rows


async def list_entries(
    reads: Reads,
    kind: str,
    *,
    organization: str | None,
    day: date,
    moment: datetime | None,
    after: UUID | None,
    limit: int,
) -> Rows:
    """Ids of entries of a list of which a text was in force that day, as known then; one more than `limit`."""
    rows: Rows = await reads.fetch(
        """
        SELECT list_entry.id FROM list_entry CROSS JOIN LATERAL (
            SELECT content FROM list_text
            WHERE entry_id = list_entry.id AND effective_on <= $3
              AND CASE WHEN $4::timestamptz IS NULL THEN superseded_at IS NULL
                  ELSE recorded_at <= $4 AND (superseded_at IS NULL OR superseded_at > $4) END
            ORDER BY effective_on DESC LIMIT 1
        ) AS present
        WHERE kind = $1 AND ($2::text IS NULL OR organization = $2) AND present.content IS NOT NULL
          AND ($5::uuid IS NULL OR list_entry.id > $5)
        ORDER BY list_entry.id LIMIT $6
        """,
        *(kind, organization, day, moment, after, limit + 1),
    )
    return rows


async def list_touched(
    reads: Reads, kind: str, *, organization: str | None, since: date, until: date, after: UUID | None, limit: int
) -> Rows:
    """Entries of a list with a text that begins in (since, until]; one more than `limit`."""
    rows: Rows = await reads.fetch(
        """
        SELECT list_entry.* FROM list_entry
        WHERE kind = $1 AND ($2::text IS NULL OR organization = $2) AND ($5::uuid IS NULL OR id > $5)
          AND EXISTS (SELECT FROM list_text WHERE entry_id = list_entry.id AND superseded_at IS NULL
                      AND effective_on > $3 AND effective_on <= $4)
        ORDER BY id LIMIT $6
        """,
        *(kind, organization, since, until, after, limit + 1),
    )
    return rows


async def find_entries(reads: Reads, ids: Sequence[UUID]) -> dict[UUID, Any]:
    rows = await reads.fetch("SELECT * FROM list_entry WHERE id = ANY($1)", list(ids))
    return {row["id"]: row for row in rows}
