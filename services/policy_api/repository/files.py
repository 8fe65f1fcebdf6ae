"""Every statement on uploaded files and their uses. No decisions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.policy_api.repository.reading import Reads, Rows
from shared.kit.files import BACKUP_LOCK

_COLUMNS = """
    file.sha256, file.organization, file.name, file.media_type, file.size, file.uploaded_by, file.uploaded_at,
    file.review, file.passed, EXISTS (SELECT FROM file_use WHERE file_use.sha256 = file.sha256) AS used
"""


async def lock(driver: asyncpg.Connection, sha256: str) -> None:
    """Let one transaction at a time decide over these bytes, in the store as here."""
    await driver.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 1))", f"file {sha256}")


async def may_remove(driver: asyncpg.Connection) -> bool:
    """Whether no backup copies files, which cannot begin before this transaction ends either."""
    free: bool = await driver.fetchval("SELECT pg_try_advisory_xact_lock_shared(hashtext($1))", BACKUP_LOCK)
    return free


async def insert(driver: asyncpg.Connection, row: dict[str, Any]) -> bool:
    """Keep what an organisation uploaded; False when it had uploaded the same before."""
    found = await driver.fetchval(
        """
        INSERT INTO file (sha256, organization, organization_path, name, media_type, size, uploaded_by, uploaded_at, passed)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, false) ON CONFLICT DO NOTHING RETURNING true
        """,
        *(row["sha256"], row["organization"], row["organization_path"], row["name"], row["media_type"]),
        *(row["size"], row["uploaded_by"], row["uploaded_at"]),
    )
    return bool(found)


async def find(reads: Reads, sha256: str, organization: str) -> Any:
    """An organisation's file; None when it has no such file."""
    return await reads.fetchrow(
        f"SELECT {_COLUMNS} FROM file WHERE sha256 = $1 AND organization = $2",  # noqa: S608  # columns are a constant
        sha256,
        organization,
    )


async def find_many(reads: Reads, keys: Sequence[tuple[str, str]]) -> Rows:
    """Of these (organization, sha256)."""
    rows: Rows = await reads.fetch(
        """
        SELECT file.organization, file.sha256, file.media_type, file.passed
        FROM file JOIN unnest($1::text[], $2::text[]) AS key(organization, sha256)
          ON file.organization = key.organization AND file.sha256 = key.sha256
        FOR SHARE OF file
        """,
        [organization for organization, _ in keys],
        [sha256 for _, sha256 in keys],
    )
    return rows


async def find_readable(reads: Reads, sha256: str) -> Rows:
    """Who has these bytes, of what type; `public` where some public text names them."""
    rows: Rows = await reads.fetch(
        """
        SELECT file.organization, file.name, file.media_type, file.size, EXISTS (
            SELECT FROM file_use AS use
            LEFT JOIN policy_version AS text ON use.kind = 'policy_version' AND text.policy_id = use.subject
                AND text.number = use.number AND text.released_at IS NOT NULL
            LEFT JOIN policy ON policy.id = text.policy_id AND policy.state = 'public'
            LEFT JOIN interpretation ON use.kind = 'interpretation' AND interpretation.id = use.subject
                AND interpretation.state = 'public'
            LEFT JOIN entry ON use.kind = 'entry' AND entry.id = use.subject AND entry.state = 'public'
            WHERE use.sha256 = file.sha256
              AND (policy.id IS NOT NULL OR interpretation.id IS NOT NULL OR entry.id IS NOT NULL)
        ) AS public
        FROM file WHERE file.sha256 = $1 ORDER BY file.uploaded_at, file.organization
        """,
        sha256,
    )
    return rows


async def list_of(
    reads: Reads, organization: str, *, unused: bool, after: tuple[datetime, str] | None, limit: int
) -> Rows:
    """An organisation's files, newest first; one more than `limit` when there are more."""
    rows: Rows = await reads.fetch(
        f"""
        SELECT {_COLUMNS} FROM file
        WHERE organization = $1 AND ($2::timestamptz IS NULL OR (uploaded_at, sha256) < ($2, $3))
          AND (NOT $5 OR NOT EXISTS (SELECT FROM file_use WHERE file_use.sha256 = file.sha256))
        ORDER BY uploaded_at DESC, sha256 DESC LIMIT $4
        """,  # noqa: S608  # columns are a constant
        organization,
        *(after or (None, None)),
        limit + 1,
        unused,
    )
    return rows


async def keep_review(driver: asyncpg.Connection, sha256: str, organization: str, *, review: str, passed: bool) -> None:
    await driver.execute(
        "UPDATE file SET review = $3, passed = $4 WHERE sha256 = $1 AND organization = $2",
        *(sha256, organization, review, passed),
    )


async def delete_unused(driver: asyncpg.Connection, sha256: str, organization: str) -> bool:
    """Forget an organisation's file unless some content names it."""
    # Whoever is about to name it holds it: only after that is seen whether it is named.
    await driver.execute("SELECT FROM file WHERE sha256 = $1 AND organization = $2 FOR UPDATE", sha256, organization)
    gone = await driver.fetchval(
        """
        DELETE FROM file WHERE sha256 = $1 AND organization = $2
          AND NOT EXISTS (SELECT FROM file_use WHERE file_use.sha256 = file.sha256) RETURNING true
        """,
        sha256,
        organization,
    )
    return bool(gone)


async def exists(reads: Reads, sha256: str) -> bool:
    """Whether any organisation has these bytes."""
    return bool(await reads.fetchval("SELECT EXISTS (SELECT FROM file WHERE sha256 = $1)", sha256))


async def list_orphans(driver: asyncpg.Connection, *, before: datetime, limit: int) -> Rows:
    """Files that no content names and that were uploaded long ago."""
    rows: Rows = await driver.fetch(
        """
        SELECT sha256, organization FROM file
        WHERE uploaded_at < $1 AND NOT EXISTS (SELECT FROM file_use WHERE file_use.sha256 = file.sha256)
        ORDER BY uploaded_at LIMIT $2
        """,
        before,
        limit,
    )
    return rows


async def list_users(reads: Reads, sha256: str) -> list[UUID]:
    """What names these bytes."""
    rows = await reads.fetch("SELECT DISTINCT subject FROM file_use WHERE sha256 = $1 LIMIT 20", sha256)
    return [row["subject"] for row in rows]
