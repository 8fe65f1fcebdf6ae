"""Statements on partners and their messages. No decisions."""

from datetime import date, datetime
from typing import Any

import asyncpg

from services.exchange_api.repository.webhooks import Reads, Rows


async def keep_partner(driver: asyncpg.Connection, row: dict[str, Any]) -> int:
    """The partner in place of what was there; its version."""
    version: int = await driver.fetchval(
        """
        INSERT INTO partner (source, name, organization, public_keys, sealed_secrets, shared_secrets, types, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 1)
        ON CONFLICT (source) DO UPDATE SET name = excluded.name, organization = excluded.organization,
            public_keys = excluded.public_keys, sealed_secrets = excluded.sealed_secrets,
            shared_secrets = excluded.shared_secrets, types = excluded.types, version = partner.version + 1
        RETURNING version
        """,
        *(row["source"], row["name"], row["organization"], row["public_keys"], row["sealed_secrets"]),
        *(row["shared_secrets"], row["types"]),
    )
    return version


async def find_partner(reads: Reads, source: str) -> Any:
    return await reads.fetchrow("SELECT * FROM partner WHERE source = $1", source)


async def list_partners(reads: Reads) -> Rows:
    rows: Rows = await reads.fetch("SELECT * FROM partner ORDER BY source")
    return rows


async def store(driver: asyncpg.Connection, row: dict[str, Any]) -> bool:
    """Once by its id; whether it is new."""
    names = ("source", "id", "type", "subject", "place", "day", "digest", "body", "received_at")
    found = await driver.fetchval(
        """
        INSERT INTO inbound (source, id, type, subject, place, day, digest, body, state, attempts, next_at, received_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'stored', 0, $9, $9) ON CONFLICT (source, id) DO NOTHING RETURNING id
        """,
        *(row[name] for name in names),
    )
    return found is not None


async def find_digest(reads: Reads, source: str, message_id: str) -> bytes | None:
    found: bytes | None = await reads.fetchval(
        "SELECT digest FROM inbound WHERE source = $1 AND id = $2", source, message_id
    )
    return found


async def list_due(reads: Reads, *, now: datetime, limit: int) -> Rows:
    """Of each subject the first that is not carried out, where it is due; the earliest received first."""
    rows: Rows = await reads.fetch(
        """
        SELECT own.*, partner.organization FROM inbound AS own JOIN partner ON partner.source = own.source
        WHERE state = 'stored' AND next_at <= $1 AND NOT EXISTS (
            SELECT 1 FROM inbound AS earlier WHERE earlier.source = own.source AND earlier.subject = own.subject
            AND earlier.state = 'stored' AND (earlier.place, earlier.seq) < (own.place, own.seq))
        ORDER BY seq LIMIT $2
        """,
        now,
        limit,
    )
    return rows


async def highest_done(reads: Reads, source: str, subject: str) -> int:
    """The last number within a subject that was carried out or given up; 0 when none was."""
    place: int = await reads.fetchval(
        "SELECT coalesce(max(place), 0) FROM inbound WHERE source = $1 AND subject = $2 AND state <> 'stored'",
        *(source, subject),
    )
    return place


async def settle(
    driver: asyncpg.Connection, source: str, message_id: str, *, state: str, error: str | None, next_at: datetime
) -> None:
    """What came of a try. What is done keeps no body: an assigned request is kept where it belongs."""
    await driver.execute(
        """
        UPDATE inbound SET state = $3, attempts = attempts + 1, last_error = $4, next_at = $5,
               done_at = CASE WHEN $3 = 'done' THEN $6::timestamptz END, body = CASE WHEN $3 = 'done' THEN NULL ELSE body END
        WHERE source = $1 AND id = $2 AND state = 'stored'
        """,
        *(source, message_id, state, error, next_at, next_at),
    )


async def retry(driver: asyncpg.Connection, source: str, message_id: str, *, now: datetime) -> bool:
    """Due again, though it was given up; whether there is such a one."""
    found = await driver.fetchval(
        """
        UPDATE inbound SET state = 'stored', attempts = 0, next_at = $3
        WHERE source = $1 AND id = $2 AND state = 'dead' RETURNING id
        """,
        *(source, message_id, now),
    )
    return found is not None


async def list_messages(reads: Reads, source: str, *, state: str | None, after: int | None, limit: int) -> Rows:
    """Newest first; one more than `limit` when there are more."""
    rows: Rows = await reads.fetch(
        """
        SELECT seq, id, source, type, subject, state, attempts, next_at, last_error, received_at, done_at FROM inbound
        WHERE source = $1 AND ($2::text IS NULL OR state = $2) AND ($3::bigint IS NULL OR seq < $3)
        ORDER BY seq DESC LIMIT $4
        """,
        *(source, state, after, limit + 1),
    )
    return rows


async def list_day(reads: Reads, source: str, day: date) -> Rows:
    """Type, id and place of each message of a day."""
    rows: Rows = await reads.fetch(
        "SELECT type, id, place FROM inbound WHERE source = $1 AND day = $2 ORDER BY type, id", source, day
    )
    return rows


async def prune(driver: asyncpg.Connection, *, before: datetime, limit: int) -> int:
    """Forget messages that are done or given up; how many."""
    status = await driver.execute(
        """
        DELETE FROM inbound WHERE (source, id) IN (
            SELECT source, id FROM inbound WHERE state <> 'stored' AND received_at < $1 LIMIT $2)
        """,
        before,
        limit,
    )
    return int(status.rpartition(" ")[2])
