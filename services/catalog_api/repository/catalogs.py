"""Every statement on catalogs, their versions and the items in force. No decisions."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

Rows = list[Any]
Reads: TypeAlias = "asyncpg.Pool | asyncpg.Connection"


async def lock_key(driver: asyncpg.Connection, organization: str, external_id: str) -> None:
    """Let one at a time write what an organisation calls so, also when there is no row yet to lock."""
    await driver.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"catalog {organization} {external_id}"
    )


async def find_by_key(reads: Reads, organization: str, external_id: str) -> Any:
    return await reads.fetchrow(
        "SELECT * FROM catalog WHERE organization = $1 AND external_id = $2", organization, external_id
    )


async def find(reads: Reads, catalog_id: UUID) -> Any:
    return await reads.fetchrow("SELECT * FROM catalog WHERE id = $1", catalog_id)


async def lock(driver: asyncpg.Connection, ids: Iterable[UUID]) -> Rows:
    """These catalogs, held until the transaction ends, in one order for all."""
    rows: Rows = await driver.fetch("SELECT * FROM catalog WHERE id = ANY($1) ORDER BY id FOR UPDATE", list(ids))
    return rows


async def insert(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    await driver.execute(
        """
        INSERT INTO catalog (id, organization, organization_name, organization_path, division_code, external_id, level,
                             upper, latest_number, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0)
        """,
        *(row["id"], row["organization"], row["organization_name"], row["organization_path"], row["division_code"]),
        *(row["external_id"], row["level"], row["upper"]),
    )


async def keep_draft(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    """A draft in place of what that version was; nothing of an earlier review stays."""
    await driver.execute(
        """
        INSERT INTO catalog_version (catalog_id, number, state, content, content_hash, drafted_by, drafted_at)
        VALUES ($1, $2, 'draft', $3, $4, $5, $6)
        ON CONFLICT (catalog_id, number) DO UPDATE SET state = 'draft', content = excluded.content,
            content_hash = excluded.content_hash, drafted_by = excluded.drafted_by, drafted_at = excluded.drafted_at,
            reviewed_by = NULL
        """,
        *(row["catalog_id"], row["number"], row["content"], row["content_hash"], row["drafted_by"], row["drafted_at"]),
    )
    await driver.execute("UPDATE catalog SET latest_number = $2 WHERE id = $1", row["catalog_id"], row["number"])


async def find_version(reads: Reads, catalog_id: UUID, number: int) -> Any:
    return await reads.fetchrow(
        "SELECT * FROM catalog_version WHERE catalog_id = $1 AND number = $2", catalog_id, number
    )


async def find_in_force(reads: Reads, catalog_id: UUID, day: date | None = None) -> Any:
    """The version in force now, or on a day."""
    if day is None:
        return await reads.fetchrow(
            "SELECT * FROM catalog_version WHERE catalog_id = $1 AND state = 'in_force'", catalog_id
        )
    return await reads.fetchrow(
        """
        SELECT * FROM catalog_version
        WHERE catalog_id = $1 AND effective_on <= $2 AND (ended_on IS NULL OR ended_on > $2)
        ORDER BY number DESC LIMIT 1
        """,
        catalog_id,
        day,
    )


async def list_versions(reads: Reads, catalog_id: UUID) -> Rows:
    """Without their content, newest first."""
    rows: Rows = await reads.fetch(
        """
        SELECT number, state, effective_on, ended_on, content_hash, drafted_at FROM catalog_version
        WHERE catalog_id = $1 ORDER BY number DESC
        """,
        catalog_id,
    )
    return rows


async def note_review(driver: asyncpg.Connection, catalog_id: UUID, number: int, *, by: str) -> None:
    await driver.execute(
        "UPDATE catalog_version SET state = 'reviewed', reviewed_by = $3 WHERE catalog_id = $1 AND number = $2",
        *(catalog_id, number, by),
    )


async def end_in_force(driver: asyncpg.Connection, catalog_id: UUID, *, on: date, state: str) -> None:
    """What is in force holds no more from that day on."""
    await driver.execute(
        "UPDATE catalog_version SET state = $3, ended_on = $2 WHERE catalog_id = $1 AND state = 'in_force'",
        *(catalog_id, on, state),
    )


async def put_in_force(driver: asyncpg.Connection, catalog_id: UUID, number: int, *, on: date, by: str) -> None:
    await driver.execute(
        """
        UPDATE catalog_version SET state = 'in_force', effective_on = $3, enforced_by = $4
        WHERE catalog_id = $1 AND number = $2
        """,
        *(catalog_id, number, on, by),
    )


async def keep_rendered(
    driver: asyncpg.Connection, catalog_id: UUID, *, version: int, representation: bytes | None, etag: str | None
) -> None:
    """What the public reads of a catalog; None: it is not public any more."""
    await driver.execute(
        "UPDATE catalog SET version = $2, representation = $3, etag = $4 WHERE id = $1",
        *(catalog_id, version, representation, etag),
    )


async def list_items(reads: Reads, catalog_id: UUID) -> Rows:
    """Every item that was ever in force in a catalog."""
    rows: Rows = await reads.fetch(
        "SELECT id, key, in_force, version, representation FROM item WHERE catalog_id = $1 ORDER BY position",
        catalog_id,
    )
    return rows


async def keep_items(driver: asyncpg.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Items as they are in force now."""
    await driver.executemany(
        """
        INSERT INTO item (id, catalog_id, key, position, domain, level, responsible, refines, in_force, version,
                          representation, etag, recurrence, since)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, true, $9, $10, $11, $12, $13)
        ON CONFLICT (id) DO UPDATE SET position = excluded.position, domain = excluded.domain, level = excluded.level,
            responsible = excluded.responsible, refines = excluded.refines, in_force = true, version = excluded.version,
            representation = excluded.representation, etag = excluded.etag, recurrence = excluded.recurrence,
            since = CASE WHEN item.in_force THEN item.since ELSE excluded.since END
        """,
        [
            tuple(row[name] for name in ("id", "catalog_id", "key", "position", "domain", "level"))
            + tuple(row[name] for name in ("responsible", "refines", "version", "representation", "etag", "recurrence"))
            + (row["since"],)
            for row in rows
        ],
    )


async def end_items(driver: asyncpg.Connection, ends: Sequence[tuple[UUID, int]]) -> None:
    """These (id, version) are in force no more."""
    await driver.executemany("UPDATE item SET in_force = false, version = $2 WHERE id = $1", list(ends))


async def find_public(reads: Reads, catalog_id: UUID) -> Any:
    """Stored representation and ETag; None unless some version is in force."""
    return await reads.fetchrow(
        "SELECT representation, etag FROM catalog WHERE id = $1 AND representation IS NOT NULL", catalog_id
    )


async def find_public_item(reads: Reads, item_id: UUID) -> Any:
    """Stored representation and ETag; None unless in force."""
    return await reads.fetchrow("SELECT representation, etag FROM item WHERE id = $1 AND in_force", item_id)


async def list_public(
    reads: Reads, *, organization: str | None, level: str | None, after: UUID | None, limit: int
) -> Rows:
    """Catalogs in force, newest first; one more than `limit` when there are more."""
    rows: Rows = await reads.fetch(
        """
        SELECT id, representation FROM catalog
        WHERE representation IS NOT NULL AND ($1::text IS NULL OR organization = $1)
          AND ($2::text IS NULL OR level = $2) AND ($3::uuid IS NULL OR id < $3)
        ORDER BY id DESC LIMIT $4
        """,
        *(organization, level, after, limit + 1),
    )
    return rows


async def list_public_items(
    reads: Reads, catalog_id: UUID, *, domain: str | None, after: int | None, limit: int
) -> Rows:
    """Items in force of a catalog, in its order; one more than `limit` when there are more."""
    rows: Rows = await reads.fetch(
        """
        SELECT position, representation FROM item
        WHERE catalog_id = $1 AND in_force AND ($2::text IS NULL OR domain = $2) AND ($3::bigint IS NULL OR position > $3)
        ORDER BY position LIMIT $4
        """,
        *(catalog_id, domain, after, limit + 1),
    )
    return rows


async def list_recurring(reads: Reads, *, after: UUID | None, limit: int) -> Rows:
    """Items in force that ask by themselves, in the order of their ids."""
    rows: Rows = await reads.fetch(
        """
        SELECT item.id, item.responsible, item.recurrence, item.since, item.representation FROM item
        WHERE in_force AND recurrence IS NOT NULL AND ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2
        """,
        after,
        limit,
    )
    return rows


async def list_public_states(reads: Reads, ids: Sequence[UUID]) -> Rows:
    """Id, version and type of those that are public."""
    rows: Rows = await reads.fetch(
        """
        SELECT id, version, 'item' AS type FROM item WHERE id = ANY($1) AND in_force
        UNION ALL
        SELECT id, version, 'publication' FROM publication WHERE id = ANY($1) AND state = 'public'
        UNION ALL
        SELECT id, version, 'list_entry' FROM list_entry WHERE id = ANY($1) AND representation IS NOT NULL
        UNION ALL
        SELECT id, version, 'guide' FROM guide WHERE id = ANY($1)
        UNION ALL
        SELECT id, version, 'catalog' FROM catalog WHERE id = ANY($1) AND representation IS NOT NULL
        """,
        list(ids),
    )
    return rows


def _lines(kind: str, table: str, condition: str) -> str:
    return f"""
        SELECT '{{"type":"{kind}","subject":"' || id || '","version":' || version || ',"hash":"'
               || trim(both '"' from etag) || '","data":' || convert_from(representation, 'UTF8') || '}}' AS line
        FROM {table} WHERE {condition}
    """  # noqa: S608  # names are constants below


EXPORT = " UNION ALL ".join(
    (
        _lines("catalog", "catalog", "representation IS NOT NULL"),
        _lines("item", "item", "in_force"),
        _lines("publication", "publication", "state = 'public'"),
        _lines("list_entry", "list_entry", "representation IS NOT NULL"),
        _lines("guide", "guide", "true"),
    )
)
"""Everything public, a line each, as `/v1/export` gives it."""
