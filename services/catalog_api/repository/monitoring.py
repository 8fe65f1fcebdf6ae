"""Statements of 效能监测 and of urging. No decisions."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from services.catalog_api.repository.catalogs import Reads, Rows

_GROUPS = {
    "organization": ("duty.organization", "item.responsible"),
    "level": ("duty.level", "item.level"),
    "domain": ("duty.domain", "item.domain"),
    "month": ("to_char(duty.due_on, 'YYYY-MM')", "NULL"),
}


async def keep_disclosers(driver: asyncpg.Connection, rows: Sequence[tuple[str, str, str, list[str]]]) -> None:
    """Who pushes, with (code, name, level, path)."""
    await driver.executemany(
        """
        INSERT INTO discloser (code, name, level, path) VALUES ($1, $2, $3, $4)
        ON CONFLICT (code) DO UPDATE SET name = excluded.name, level = excluded.level, path = excluded.path
        WHERE (discloser.name, discloser.level, discloser.path) IS DISTINCT FROM (excluded.name, excluded.level, excluded.path)
        """,
        sorted(rows),
    )


async def list_disclosers(reads: Reads, organization: str, *, subtree: bool) -> dict[str, str]:
    """Names by code, of an organisation and, on request, of those below it."""
    rows = await reads.fetch(
        "SELECT code, name FROM discloser WHERE code = $1 OR ($2 AND $1 = ANY(path))", organization, subtree
    )
    return {row["code"]: row["name"] for row in rows}


async def count_duties(
    reads: Reads, organizations: Sequence[str], *, by: str, since: date, until: date, today: date, near: date
) -> Rows:
    """By group, how many duties due in the period stand how."""
    rows: Rows = await reads.fetch(
        f"""
        SELECT {_GROUPS[by][0]} AS key, count(*) AS duties,
               count(*) FILTER (WHERE done_on <= due_on) AS on_time,
               count(*) FILTER (WHERE done_on > due_on) AS late,
               count(*) FILTER (WHERE done_on IS NULL AND due_on < $4) AS overdue,
               count(*) FILTER (WHERE done_on IS NULL AND due_on >= $4) AS open,
               count(*) FILTER (WHERE done_on IS NULL AND due_on BETWEEN $4 AND $5) AS due_soon
        FROM duty WHERE organization = ANY($1) AND due_on BETWEEN $2 AND $3 AND NOT cancelled
        GROUP BY 1 ORDER BY 1
        """,  # noqa: S608  # the group is a constant of this module
        *(list(organizations), since, until, today, near),
    )
    return rows


async def count_items(reads: Reads, organizations: Sequence[str], *, by: str, since: date, until: date) -> Rows:
    """By group, items in force and how many of them have a publication of the period; none where rows are months."""
    if by == "month":
        return []
    rows: Rows = await reads.fetch(
        f"""
        SELECT {_GROUPS[by][1]} AS key, count(*) AS items, count(*) FILTER (WHERE EXISTS (
            SELECT FROM publication WHERE publication.item_id = item.id AND publication.state = 'public'
              AND publication.published_on BETWEEN $2 AND $3
        )) AS covered
        FROM item WHERE in_force AND responsible = ANY($1) GROUP BY 1 ORDER BY 1
        """,  # noqa: S608  # the group is a constant of this module
        *(list(organizations), since, until),
    )
    return rows


async def list_duties(
    reads: Reads,
    organizations: Sequence[str],
    *,
    since: date,
    until: date,
    domain: str | None,
    level: str | None,
    condition: str,
    today: date,
    near: date,
    after: tuple[date, UUID, str] | None,
    limit: int,
) -> Rows:
    """The duties that figures are made of, by deadline; one more than `limit` when there are more."""
    values: list[Any] = [list(organizations), since, until, limit + 1, today, near, domain, level]
    place = ""
    if after is not None:
        values += after
        place = "AND (duty.due_on, duty.task_id, duty.channel) > ($9::date, $10::uuid, $11)"
    rows: Rows = await reads.fetch(
        f"""
        SELECT duty.task_id, duty.channel, duty.organization, task.organization_name, task.external_id, task.title,
               duty.domain, duty.item_id, duty.due_on, duty.done_on
        FROM duty JOIN task ON task.id = duty.task_id
        WHERE duty.organization = ANY($1) AND duty.due_on BETWEEN $2 AND $3 AND NOT duty.cancelled
          AND ($7::text IS NULL OR duty.domain = $7) AND ($8::text IS NULL OR duty.level = $8) AND $5::date IS NOT NULL AND $6::date IS NOT NULL
          AND {_STANDING[condition]} {place}
        ORDER BY duty.due_on, duty.task_id, duty.channel LIMIT $4
        """,  # noqa: S608  # conditions are constants of this module, values are bound
        *values,
    )
    return rows


async def list_items(
    reads: Reads,
    organizations: Sequence[str],
    *,
    since: date,
    until: date,
    domain: str | None,
    level: str | None,
    covered: bool | None,
    after: UUID | None,
    limit: int,
) -> Rows:
    """The items that coverage is made of, with whether they have a publication of the period; one more than `limit`."""
    rows: Rows = await reads.fetch(
        """
        SELECT * FROM (
            SELECT item.id AS item, item.responsible, item.domain, item.level, item.representation,
                   EXISTS (
                       SELECT FROM publication WHERE publication.item_id = item.id AND publication.state = 'public'
                         AND publication.published_on BETWEEN $2 AND $3
                   ) AS covered
            FROM item WHERE in_force AND responsible = ANY($1)
              AND ($4::text IS NULL OR domain = $4) AND ($5::text IS NULL OR level = $5)
              AND ($6::uuid IS NULL OR id > $6)
        ) AS found WHERE $7::boolean IS NULL OR covered = $7 ORDER BY item LIMIT $8
        """,
        *(list(organizations), since, until, domain, level, after, covered, limit + 1),
    )
    return rows


_STANDING = {
    "any": "true",
    "on_time": "duty.done_on <= duty.due_on",
    "late": "duty.done_on > duty.due_on",
    "overdue": "duty.done_on IS NULL AND duty.due_on < $5",
    "due_soon": "duty.done_on IS NULL AND duty.due_on BETWEEN $5 AND $6",
    "open": "duty.done_on IS NULL AND duty.due_on >= $5",
}


async def find_tasks(reads: Reads, ids: Sequence[UUID]) -> Rows:
    """Whose these tasks are and whether they are done."""
    rows: Rows = await reads.fetch(
        "SELECT id, organization, done_on, cancelled FROM task WHERE id = ANY($1)", list(ids)
    )
    return rows


async def insert_urging(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    await driver.execute(
        """
        INSERT INTO urging (id, organization, urged_by, tasks, words, answer_by, urged_at, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 1)
        """,
        *(row["id"], row["organization"], row["urged_by"], row["tasks"], row["words"], row["answer_by"]),
        row["urged_at"],
    )


async def find_urging(reads: Reads, urging_id: UUID) -> Any:
    return await reads.fetchrow("SELECT * FROM urging WHERE id = $1", urging_id)


async def lock_urging(driver: asyncpg.Connection, urging_id: UUID) -> Any:
    return await driver.fetchrow("SELECT * FROM urging WHERE id = $1 FOR UPDATE", urging_id)


async def keep_answer(driver: asyncpg.Connection, urging_id: UUID, *, words: str, at: Any) -> None:
    await driver.execute(
        "UPDATE urging SET answer = $2, answered_at = $3, version = version + 1 WHERE id = $1", urging_id, words, at
    )


async def list_urgings(reads: Reads, organization: str, *, after: UUID | None, limit: int) -> Rows:
    """To an organisation or by it, newest first; one more than `limit` when there are more."""
    rows: Rows = await reads.fetch(
        """
        SELECT * FROM urging WHERE (organization = $1 OR urged_by = $1) AND ($2::uuid IS NULL OR id < $2)
        ORDER BY id DESC LIMIT $3
        """,
        *(organization, after, limit + 1),
    )
    return rows


async def list_outdated(driver: asyncpg.Connection, *, calendar_version: str, limit: int) -> Rows:
    """Open tasks whose deadlines rest on another calendar, held."""
    rows: Rows = await driver.fetch(
        """
        SELECT * FROM task WHERE calendar_version <> $1 AND done_on IS NULL AND NOT cancelled
        ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
        """,
        calendar_version,
        limit,
    )
    return rows


async def move_deadlines(
    driver: asyncpg.Connection, duties: Sequence[tuple[UUID, str, date, bool]], tasks: Sequence[tuple[UUID, date, str]]
) -> None:
    """New deadlines of (task, channel), and what follows for the tasks."""
    await driver.executemany(
        "UPDATE duty SET due_on = $3, provisional = $4 WHERE task_id = $1 AND channel = $2", list(duties)
    )
    await driver.executemany(
        "UPDATE task SET due_on = $2, calendar_version = $3, version = version + 1 WHERE id = $1", list(tasks)
    )
