"""Statements on documents about to expire. No decisions."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.policy_api.repository.reading import Reads, Rows

_SHOWN = """
    task.id, task.policy_id, task.organization, policy.title, policy.doc_no, task.expires_on, task.version, policy.validity,
    (policy.state <> 'public' OR policy.repealed_on IS NOT NULL OR policy.expires_on IS DISTINCT FROM task.expires_on)
        AS carried_out,
    task.next_reminder_on, task.evaluation, task.decision, task.decided_at, task.opened_at
"""


async def list_unopened(driver: asyncpg.Connection, *, today: date, until: date, limit: int) -> Rows:
    """Public documents in force whose last day comes by `until` and of which nobody has been told."""
    rows: Rows = await driver.fetch(
        """
        SELECT id, organization, expires_on FROM policy
        WHERE state = 'public' AND expires_on BETWEEN $1 AND $2 AND repealed_on IS NULL
          AND NOT EXISTS (SELECT FROM expiry_task WHERE policy_id = policy.id AND expires_on = policy.expires_on)
        ORDER BY expires_on, id LIMIT $3
        """,
        today,
        until,
        limit,
    )
    return rows


async def insert(driver: asyncpg.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Open tasks: (id, policy_id, organization, expires_on, next_reminder_on, opened_at)."""
    await driver.executemany(
        """
        INSERT INTO expiry_task (id, policy_id, organization, expires_on, version, next_reminder_on, opened_at)
        VALUES ($1, $2, $3, $4, 0, $5, $6) ON CONFLICT (policy_id, expires_on) DO NOTHING
        """,
        rows,
    )


async def list_remindable(driver: asyncpg.Connection, today: date, *, limit: int) -> Rows:
    """Undecided tasks whose reminder is due, locked."""
    rows: Rows = await driver.fetch(
        f"""
        SELECT {_SHOWN} FROM expiry_task AS task JOIN policy ON policy.id = task.policy_id
        WHERE task.next_reminder_on <= $1 AND task.decision IS NULL
        ORDER BY task.next_reminder_on, task.id LIMIT $2 FOR UPDATE OF task
        """,  # noqa: S608  # constant
        today,
        limit,
    )
    return rows


async def note_reminder(
    driver: asyncpg.Connection, task_id: UUID, *, version: int, next_reminder_on: date | None
) -> None:
    """That somebody was told, and when it will be told again."""
    await driver.execute(
        "UPDATE expiry_task SET version = $2, next_reminder_on = $3 WHERE id = $1", task_id, version, next_reminder_on
    )


async def find(reads: Reads, task_id: UUID) -> Any:
    """One task with its document; None when there is none."""
    return await reads.fetchrow(
        f"SELECT {_SHOWN} FROM expiry_task AS task JOIN policy ON policy.id = task.policy_id WHERE task.id = $1",  # noqa: S608  # constant
        task_id,
    )


async def lock(driver: asyncpg.Connection, task_id: UUID) -> None:
    """Let one at a time decide."""
    await driver.execute("SELECT FROM expiry_task WHERE id = $1 FOR UPDATE", task_id)


async def decide(
    driver: asyncpg.Connection, task_id: UUID, *, evaluation: str, decision: str, by: str, at: datetime, version: int
) -> None:
    """Keep the evaluation and what follows from it."""
    await driver.execute(
        """
        UPDATE expiry_task SET evaluation = $2, decision = $3, decided_by = $4, decided_at = $5, version = $6,
               next_reminder_on = NULL
        WHERE id = $1
        """,
        task_id,
        evaluation,
        decision,
        by,
        at,
        version,
    )


async def list_of(
    reads: Reads, organization: str, *, decided: bool | None, after: tuple[date, UUID] | None, limit: int
) -> Rows:
    """An organisation's tasks, the nearest last day first; one more than `limit` when there are more."""
    values: list[Any] = [organization, limit + 1]
    conditions = ["task.organization = $1"]
    if decided is not None:
        conditions.append(f"task.decision IS {'NOT ' if decided else ''}NULL")
    if after is not None:
        values += after
        conditions.append("(task.expires_on, task.id) > ($3::date, $4::uuid)")
    rows: Rows = await reads.fetch(
        f"""
        SELECT {_SHOWN} FROM expiry_task AS task JOIN policy ON policy.id = task.policy_id
        WHERE {" AND ".join(conditions)} ORDER BY task.expires_on, task.id LIMIT $2
        """,  # noqa: S608  # fragments are constants of this module, values are bound
        *values,
    )
    return rows
