"""Every statement on tasks, duties and publications, many rows at a time. No decisions."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from services.catalog_api.repository.catalogs import Reads, Rows

Key = tuple[str, str]


async def lock_keys(driver: asyncpg.Connection, kind: str, keys: Sequence[Key]) -> None:
    """Let one transaction at a time write what organisations call so, new or not, in one order for all."""
    await driver.execute(
        """
        SELECT pg_advisory_xact_lock(number) FROM (
            SELECT DISTINCT hashtextextended(key, 0) AS number FROM unnest($1::text[]) AS key ORDER BY number
        ) AS ordered
        """,
        [f"{kind} {organization} {external_id}" for organization, external_id in keys],
    )


async def find_items(reads: Reads, ids: Sequence[UUID]) -> dict[UUID, Any]:
    """Items by id, those no longer in force too, with the organisation of their catalog."""
    rows = await reads.fetch(
        """
        SELECT item.id, item.version, item.in_force, item.domain, item.responsible, item.representation,
               catalog.organization
        FROM item JOIN catalog ON catalog.id = item.catalog_id WHERE item.id = ANY($1)
        """,
        list(ids),
    )
    return {row["id"]: row for row in rows}


async def lock_tasks(driver: asyncpg.Connection, keys: Sequence[Key]) -> dict[Key, Any]:
    """Tasks by (organisation, external id), held until the transaction ends."""
    rows = await driver.fetch(
        """
        SELECT task.* FROM task JOIN unnest($1::text[], $2::text[]) AS key(organization, external_id)
          ON task.organization = key.organization AND task.external_id = key.external_id
        ORDER BY task.id FOR UPDATE OF task
        """,
        [organization for organization, _ in keys],
        [external_id for _, external_id in keys],
    )
    return {(row["organization"], row["external_id"]): row for row in rows}


async def upsert_tasks(driver: asyncpg.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Tasks as they are announced now; when they were done follows from their duties."""
    columns = (
        *("id", "organization", "organization_name", "organization_path", "level", "external_id", "item_id"),
        *("item_version", "domain", "title", "trigger", "occurred_on", "event_on", "due_on", "content_hash"),
        *("calendar_version", "version", "recorded_at"),
    )
    await driver.executemany(
        f"""
        INSERT INTO task ({", ".join(columns)}) VALUES ({", ".join(f"${n}" for n in range(1, len(columns) + 1))})
        ON CONFLICT (id) DO UPDATE SET item_id = excluded.item_id, item_version = excluded.item_version,
            domain = excluded.domain, title = excluded.title, trigger = excluded.trigger,
            occurred_on = excluded.occurred_on, event_on = excluded.event_on, due_on = excluded.due_on,
            content_hash = excluded.content_hash, calendar_version = excluded.calendar_version,
            version = excluded.version, cancelled = false
        """,  # noqa: S608  # columns are a constant
        [tuple(row[name] for name in columns) for row in rows],
    )


async def replace_duties(driver: asyncpg.Connection, tasks: Sequence[UUID], rows: Sequence[dict[str, Any]]) -> None:
    """What these tasks ask of each channel now."""
    await driver.execute("DELETE FROM duty WHERE task_id = ANY($1)", list(tasks))
    columns = (
        *("task_id", "channel", "organization", "level", "domain", "item_id", "time_limit", "due_on", "provisional"),
        "assumed",
    )
    await driver.copy_records_to_table(
        "duty", records=[tuple(row[name] for name in columns) for row in rows], columns=columns
    )


async def settle(driver: asyncpg.Connection, tasks: Sequence[UUID]) -> None:
    """Let duties and tasks say when they were met, by what is registered as public on their channels."""
    await driver.execute(
        """
        UPDATE duty SET done_on = met.on_day, publication_id = met.publication_id
        FROM (
            SELECT duty.task_id, duty.channel, first.published_on AS on_day, first.id AS publication_id
            FROM duty LEFT JOIN LATERAL (
                SELECT published_on, id FROM publication
                WHERE task_id = duty.task_id AND channel = duty.channel AND state = 'public'
                ORDER BY published_on, id LIMIT 1
            ) AS first ON true
            WHERE duty.task_id = ANY($1)
        ) AS met
        WHERE duty.task_id = met.task_id AND duty.channel = met.channel
          AND (duty.done_on, duty.publication_id) IS DISTINCT FROM (met.on_day, met.publication_id)
        """,
        list(tasks),
    )
    await driver.execute(
        """
        UPDATE task SET done_on = all_of.done_on
        FROM (SELECT task_id, CASE WHEN bool_and(done_on IS NOT NULL) THEN max(done_on) END AS done_on
              FROM duty WHERE task_id = ANY($1) GROUP BY task_id) AS all_of
        WHERE task.id = all_of.task_id AND task.done_on IS DISTINCT FROM all_of.done_on
        """,
        list(tasks),
    )


async def cancel_task(driver: asyncpg.Connection, task_id: UUID, *, version: int) -> None:
    """It asks for nothing any more."""
    await driver.execute("UPDATE task SET cancelled = true, version = $2 WHERE id = $1", task_id, version)
    await driver.execute("UPDATE duty SET cancelled = true WHERE task_id = $1", task_id)


async def find_task(reads: Reads, task_id: UUID) -> Any:
    return await reads.fetchrow("SELECT * FROM task WHERE id = $1", task_id)


async def list_duties(reads: Reads, tasks: Sequence[UUID]) -> dict[UUID, Rows]:
    """By task, its duties by channel."""
    rows = await reads.fetch("SELECT * FROM duty WHERE task_id = ANY($1) ORDER BY task_id, channel", list(tasks))
    found: dict[UUID, Rows] = {}
    for row in rows:
        found.setdefault(row["task_id"], []).append(row)
    return found


async def list_open(reads: Reads, organization: str, *, after: tuple[date, UUID] | None, limit: int) -> Rows:
    """An organisation's tasks that are not done, the most urgent first; one more than `limit` when there are more."""
    rows: Rows = await reads.fetch(
        """
        SELECT * FROM task
        WHERE organization = $1 AND done_on IS NULL AND NOT cancelled
          AND ($2::date IS NULL OR (due_on, id) > ($2, $3::uuid))
        ORDER BY due_on, id LIMIT $4
        """,
        *(organization, *(after or (None, None)), limit + 1),
    )
    return rows


async def lock_publications(driver: asyncpg.Connection, keys: Sequence[Key]) -> dict[Key, Any]:
    """Publications by (organisation, external id), held until the transaction ends."""
    rows = await driver.fetch(
        """
        SELECT publication.* FROM publication JOIN unnest($1::text[], $2::text[]) AS key(organization, external_id)
          ON publication.organization = key.organization AND publication.external_id = key.external_id
        ORDER BY publication.id FOR UPDATE OF publication
        """,
        [organization for organization, _ in keys],
        [external_id for _, external_id in keys],
    )
    return {(row["organization"], row["external_id"]): row for row in rows}


async def upsert_publications(driver: asyncpg.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Publications as they are registered now."""
    columns = (
        *("id", "organization", "organization_name", "organization_path", "external_id", "item_id", "task_id"),
        *("channel", "state", "published_on", "content", "content_hash", "version", "representation", "etag"),
        *("url", "expires_on"),
    )
    await driver.executemany(
        f"""
        INSERT INTO publication ({", ".join(columns)}) VALUES ({", ".join(f"${n}" for n in range(1, len(columns) + 1))})
        ON CONFLICT (id) DO UPDATE SET item_id = excluded.item_id, task_id = excluded.task_id,
            channel = excluded.channel, state = excluded.state, published_on = excluded.published_on,
            content = excluded.content, content_hash = excluded.content_hash, version = excluded.version,
            representation = excluded.representation, etag = excluded.etag, url = excluded.url,
            expires_on = excluded.expires_on, scanned_with = 0, link_checked_on = DEFAULT
        """,  # noqa: S608  # columns are a constant
        [tuple(row[name] for name in columns) for row in rows],
    )


async def lock_publication(driver: asyncpg.Connection, publication_id: UUID) -> Any:
    return await driver.fetchrow("SELECT * FROM publication WHERE id = $1 FOR UPDATE", publication_id)


async def find_publication(reads: Reads, publication_id: UUID) -> Any:
    return await reads.fetchrow("SELECT * FROM publication WHERE id = $1", publication_id)


async def withdraw_publication(driver: asyncpg.Connection, publication_id: UUID, *, version: int) -> None:
    await driver.execute(
        "UPDATE publication SET state = 'withdrawn', version = $2 WHERE id = $1", publication_id, version
    )


async def find_public(reads: Reads, publication_id: UUID) -> Any:
    """Stored representation and ETag; None unless public."""
    return await reads.fetchrow(
        "SELECT representation, etag FROM publication WHERE id = $1 AND state = 'public'", publication_id
    )


async def list_public(
    reads: Reads,
    *,
    organization: str | None,
    item: UUID | None,
    after: tuple[date, UUID] | None,
    limit: int,
) -> Rows:
    """Newest publication first; one more than `limit` when there are more."""
    values: list[Any] = [limit + 1]
    conditions = ["state = 'public'"]
    for column, value in (("organization", organization), ("item_id", item)):
        if value is not None:
            values.append(value)
            conditions.append(f"{column} = ${len(values)}")
    if after is not None:
        values += after
        conditions.append(f"(published_on, id) < (${len(values) - 1}::date, ${len(values)}::uuid)")
    rows: Rows = await reads.fetch(
        f"""
        SELECT id, published_on, representation FROM publication WHERE {" AND ".join(conditions)}
        ORDER BY published_on DESC, id DESC LIMIT $1
        """,  # noqa: S608  # conditions are constants of this module, values are bound
        *values,
    )
    return rows
