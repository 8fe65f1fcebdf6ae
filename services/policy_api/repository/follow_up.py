"""Statements on tasks to interpret again, and on what opens and closes them. No decisions."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from services.policy_api.repository.reading import Reads, Rows

_TASK = """
    task.id, task.policy_id, task.reason, task.cause, task.caused_on, task.opened_on, task.due_on, task.state, task.version,
    task.closed_on, task.closed_by, task.dismissal, policy.organization, policy.organization_name, policy.title,
    policy.doc_no, policy.validity
"""
_STILL_HOLDS = "policy.state = 'public' AND policy.validity IN ('in_force', 'not_yet')"
_IS_NEW = """
    NOT EXISTS (SELECT FROM interpretation_task AS task
                WHERE task.policy_id = policy.id AND task.reason = $1 AND task.cause = due.cause)
"""


async def insert(driver: asyncpg.Connection, row: dict[str, Any]) -> bool:
    """Open a task; False when that cause has had its task, or when enquiries have an open one already."""
    done = await driver.fetchval(
        """
        INSERT INTO interpretation_task (id, policy_id, reason, cause, caused_on, opened_on, due_on, state, version)
        SELECT $1, $2, $3, $4, $5, $6, $7, 'open', 1
        WHERE $3 <> 'enquiries' OR NOT EXISTS (
            SELECT FROM interpretation_task WHERE policy_id = $2 AND reason = $3 AND state = 'open')
        ON CONFLICT (policy_id, reason, cause) DO NOTHING RETURNING true
        """,
        *(row[name] for name in ("id", "policy_id", "reason", "cause", "caused_on", "opened_on", "due_on")),
    )
    return bool(done)


async def list_evaluations(
    driver: asyncpg.Connection, *, since: date, among: Sequence[UUID] | None, limit: int
) -> Rows:
    """Public evaluations that list issues of a policy in force and have opened no task yet."""
    rows: Rows = await driver.fetch(
        f"""
        SELECT policy.id AS policy_id, policy.id AS source_id, policy.organization, due.cause, due.caused_on FROM (
            SELECT DISTINCT link.target_id, entry.id::text AS cause, entry.published_on AS caused_on
            FROM entry JOIN entry_link AS link ON link.entry_id = entry.id AND link.target_kind = 'policy'
            WHERE entry.kind = 'evaluation' AND entry.state = 'public' AND entry.published_on >= $2
              AND (entry.content::json -> 'issues')::text NOT IN ('[]', 'null', 'false', '0', '""')
        ) AS due JOIN policy ON policy.id = due.target_id
        WHERE {_STILL_HOLDS} AND {_IS_NEW} AND ($3::uuid[] IS NULL OR policy.id = ANY($3))
        ORDER BY due.caused_on, policy.id LIMIT $4
        """,  # noqa: S608  # fragments are constants of this module, values are bound
        "evaluation",
        since,
        among,
        limit,
    )
    return rows


async def list_matured(
    driver: asyncpg.Connection, *, after: date, through: date, among: Sequence[UUID] | None, limit: int
) -> Rows:
    """Major policies in force since a day of that span, without a follow-up interpretation and without a task."""
    rows: Rows = await driver.fetch(
        f"""
        SELECT policy.id AS policy_id, policy.id AS source_id, policy.organization, due.cause,
               policy.effective_on AS caused_on
        FROM policy CROSS JOIN LATERAL (SELECT policy.effective_on::text AS cause) AS due
        WHERE policy.major AND policy.state = 'public' AND policy.validity = 'in_force' AND policy.doc_class <> 'law'
          AND policy.effective_on BETWEEN $2 AND $3 AND {_IS_NEW} AND ($4::uuid[] IS NULL OR policy.id = ANY($4))
          AND NOT EXISTS (SELECT FROM interpretation WHERE policy_id = policy.id AND state = 'public'
                          AND stage = 'follow_up' AND published_on >= policy.effective_on)
        ORDER BY policy.effective_on, policy.id LIMIT $5
        """,  # noqa: S608  # fragments are constants of this module, values are bound
        "effect",
        after,
        through,
        among,
        limit,
    )
    return rows


async def list_amendments(
    driver: asyncpg.Connection,
    *,
    since: date,
    always_in_scope: Sequence[str],
    among: Sequence[UUID] | None,
    limit: int,
) -> Rows:
    """Amendments of policies in scope that nobody has interpreted yet and that have opened no task.

    A later text of its own, or a document that amends it; an interpretation of that document counts too.
    """
    rows: Rows = await driver.fetch(
        f"""
        SELECT policy.id AS policy_id, due.source_id, policy.organization, due.cause, due.caused_on FROM (
            SELECT policy_id, policy_id AS source_id, policy_id::text || '#' || number AS cause, published_on AS caused_on
            FROM policy_version AS text
            WHERE number > 1 AND released_at IS NOT NULL AND superseded_at IS NULL AND published_on >= $2
              AND EXISTS (SELECT FROM policy_version AS earlier WHERE earlier.policy_id = text.policy_id
                          AND earlier.released_at IS NOT NULL AND earlier.number < text.number
                          AND earlier.effective_on < text.effective_on)
            UNION
            SELECT relation.target_id, source.id, source.id::text, source.published_on
            FROM policy AS source JOIN relation ON relation.source_id = source.id
            WHERE source.state = 'public' AND source.published_on >= $2
              AND relation.type IN ('amends', 'partly_repeals', 'supplements') AND relation.target_id IS NOT NULL
        ) AS due JOIN policy ON policy.id = due.policy_id
        WHERE {_STILL_HOLDS} AND {_IS_NEW} AND ($4::uuid[] IS NULL OR policy.id = ANY($4))
          AND (policy.doc_class = ANY($3)
               OR policy.doc_class = 'other' AND (policy.major OR policy.livelihood OR policy.market_related))
          AND NOT EXISTS (SELECT FROM interpretation WHERE policy_id IN (policy.id, due.source_id) AND state = 'public'
                          AND stage <> 'draft' AND published_on >= due.caused_on)
        ORDER BY due.caused_on, policy.id LIMIT $5
        """,  # noqa: S608  # fragments are constants of this module, values are bound
        "amended",
        since,
        always_in_scope,
        among,
        limit,
    )
    return rows


async def list_open_of(driver: asyncpg.Connection, policy_ids: Sequence[UUID]) -> Rows:
    """Open tasks on these policies, or caused by these as amending documents; held until the transaction ends."""
    rows: Rows = await driver.fetch(
        f"""
        SELECT {_TASK} FROM interpretation_task AS task JOIN policy ON policy.id = task.policy_id
        WHERE task.state = 'open' AND (task.policy_id = ANY($1::uuid[]) OR task.cause = ANY($2::text[]))
        ORDER BY task.id FOR UPDATE OF task
        """,  # noqa: S608  # constant
        policy_ids,
        [str(policy_id) for policy_id in policy_ids],
    )
    return rows


async def list_moot(driver: asyncpg.Connection, *, limit: int) -> Rows:
    """Open tasks whose policy was withdrawn or has ended; held until the transaction ends."""
    rows: Rows = await driver.fetch(
        f"""
        SELECT {_TASK} FROM interpretation_task AS task JOIN policy ON policy.id = task.policy_id
        WHERE task.state = 'open' AND NOT ({_STILL_HOLDS}) ORDER BY task.id LIMIT $1 FOR UPDATE OF task
        """,  # noqa: S608  # constants
        limit,
    )
    return rows


async def close(
    driver: asyncpg.Connection, task_id: UUID, *, on: date, by: UUID | None = None, dismissal: str | None = None
) -> bool:
    """Done by an interpretation, or dismissed with a reason; False when it was closed already."""
    done = await driver.fetchval(
        """
        UPDATE interpretation_task SET state = CASE WHEN $3::uuid IS NULL THEN 'dismissed' ELSE 'done' END,
               closed_on = $2, closed_by = $3, dismissal = $4, version = version + 1
        WHERE id = $1 AND state = 'open' RETURNING true
        """,
        task_id,
        on,
        by,
        dismissal,
    )
    return bool(done)


async def find(reads: Reads, task_id: UUID) -> Any:
    """A task with what it says of its policy; None when there is none."""
    return await reads.fetchrow(
        f"SELECT {_TASK} FROM interpretation_task AS task JOIN policy ON policy.id = task.policy_id WHERE task.id = $1",  # noqa: S608  # constant
        task_id,
    )


async def list_of_policy(reads: Reads, policy_id: UUID) -> Rows:
    """The newest tasks of a policy, whatever their state."""
    rows: Rows = await reads.fetch(
        f"""
        SELECT {_TASK} FROM interpretation_task AS task JOIN policy ON policy.id = task.policy_id
        WHERE task.policy_id = $1 ORDER BY task.opened_on DESC, task.id DESC LIMIT 100
        """,  # noqa: S608  # constant
        policy_id,
    )
    return rows


async def list_tasks(
    reads: Reads, organization: str, *, state: str | None, after: tuple[date, UUID] | None, limit: int
) -> Rows:
    """Tasks of an organisation and everything below it, first due first; one more than `limit` when there are more."""
    values: list[Any] = [organization, limit + 1]
    conditions = ["$1 = ANY(policy.organization_path)"]
    if state is not None:
        values.append(state)
        conditions.append(f"task.state = ${len(values)}")
    if after is not None:
        values += after
        conditions.append(f"(task.due_on, task.id) > (${len(values) - 1}::date, ${len(values)}::uuid)")
    rows: Rows = await reads.fetch(
        f"""
        SELECT {_TASK} FROM interpretation_task AS task JOIN policy ON policy.id = task.policy_id
        WHERE {" AND ".join(conditions)} ORDER BY task.due_on, task.id LIMIT $2
        """,  # noqa: S608  # fragments are constants of this module, values are bound
        *values,
    )
    return rows
