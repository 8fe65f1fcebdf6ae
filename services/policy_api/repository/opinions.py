"""Every statement on opinions. No decisions; what is sealed comes and goes sealed.

The consultation is locked before its opinions: shared by those who hand in and handle, alone by the result.
"""

from typing import Any
from uuid import UUID

import asyncpg

from services.policy_api.repository.reading import Reads, Rows

_COLUMNS = "id, consultation_id, received_at, submitter_kind, about, sealed_text, version, outcome, reason, handled_at"


async def hold_consultation(driver: asyncpg.Connection, consultation_id: UUID, *, alone: bool) -> Any:
    """A public consultation as it is now, and until the transaction ends; None when there is none."""
    strength = "UPDATE" if alone else "SHARE"
    return await driver.fetchrow(
        f"""
        SELECT id, organization, version, content, supplement, etag FROM entry
        WHERE id = $1 AND kind = 'consultation' AND state = 'public' FOR {strength}
        """,  # noqa: S608  # constant
        consultation_id,
    )


async def insert(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    """One opinion, sealed."""
    await driver.execute(
        """
        INSERT INTO opinion (id, consultation_id, received_at, submitter_kind, about, sealed_text, sealed_submitter, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 0)
        """,
        *(row["id"], row["consultation_id"], row["received_at"], row["submitter_kind"], row["about"]),
        *(row["sealed_text"], row["sealed_submitter"]),
    )


async def find_consultation_of(reads: Reads, opinion_id: UUID) -> Any:
    """Which consultation an opinion belongs to, and whose that is; None when there is no such opinion."""
    return await reads.fetchrow(
        """
        SELECT entry.id, entry.organization FROM opinion JOIN entry ON entry.id = opinion.consultation_id
        WHERE opinion.id = $1
        """,
        opinion_id,
    )


async def lock(driver: asyncpg.Connection, opinion_id: UUID) -> Any:
    """One opinion, held until the transaction ends."""
    return await driver.fetchrow(f"SELECT {_COLUMNS} FROM opinion WHERE id = $1 FOR UPDATE", opinion_id)  # noqa: S608  # constant


async def list_of(
    reads: Reads,
    consultation_id: UUID,
    *,
    outcome: str | None,
    handled: bool | None,
    identities: bool,
    after: UUID | None,
    limit: int,
) -> Rows:
    """In the order in which they came, one more than `limit` when there are more. Submitters only when asked for."""
    values: list[Any] = [consultation_id, limit + 1]
    conditions = ["consultation_id = $1"]
    if outcome is not None:
        values.append(outcome)
        conditions.append(f"outcome = ${len(values)}")
    if handled is not None:
        conditions.append(f"outcome IS {'NOT ' if handled else ''}NULL")
    if after is not None:
        values.append(after)
        conditions.append(f"id > ${len(values)}")
    columns = f"{_COLUMNS}, sealed_submitter" if identities else _COLUMNS
    rows: Rows = await reads.fetch(
        f"SELECT {columns} FROM opinion WHERE {' AND '.join(conditions)} ORDER BY id LIMIT $2",  # noqa: S608  # fragments are constants of this module, values are bound
        *values,
    )
    return rows


async def count(reads: Reads, consultation_id: UUID) -> int:
    """How many came."""
    number: int = await reads.fetchval("SELECT count(*) FROM opinion WHERE consultation_id = $1", consultation_id)
    return number


async def count_by_outcome(driver: asyncpg.Connection, consultation_id: UUID) -> dict[str | None, int]:
    """How many were handled how; None: not yet."""
    rows = await driver.fetch(
        "SELECT outcome, count(*) AS number FROM opinion WHERE consultation_id = $1 GROUP BY outcome", consultation_id
    )
    return {row["outcome"]: row["number"] for row in rows}


async def store_handling(driver: asyncpg.Connection, opinion_id: UUID, row: dict[str, Any]) -> None:
    """What became of an opinion."""
    await driver.execute(
        "UPDATE opinion SET version = $2, outcome = $3, reason = $4, handled_at = $5 WHERE id = $1",
        opinion_id,
        *(row[name] for name in ("version", "outcome", "reason", "handled_at")),
    )
