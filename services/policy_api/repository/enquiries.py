"""Statements on counts of enquiries. No decisions."""

from typing import Any
from uuid import UUID

import asyncpg

from services.policy_api.repository.reading import Reads, Rows

_COLUMNS = """
    id, organization, external_id, policy_id, source, period_from, period_to, count, topics, version, content_hash, recorded_at
"""
_NAMES = tuple(name.strip() for name in _COLUMNS.split(","))


async def lock_key(driver: asyncpg.Connection, organization: str, external_id: str) -> None:
    """Let one at a time write what an organisation calls so, also when there is no row yet to lock."""
    await driver.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"enquiries {organization} {external_id}"
    )


async def find_by_key(driver: asyncpg.Connection, organization: str, external_id: str) -> Any:
    """What an organisation calls so; None when there is none."""
    return await driver.fetchrow(
        f"SELECT {_COLUMNS} FROM enquiries WHERE organization = $1 AND external_id = $2",  # noqa: S608  # constant
        organization,
        external_id,
    )


async def find_overlapping(driver: asyncpg.Connection, row: dict[str, Any]) -> str | None:
    """What the organisation calls another period on the same policy from the same source that shares a day."""
    found: str | None = await driver.fetchval(
        """
        SELECT external_id FROM enquiries
        WHERE policy_id = $1 AND organization = $2 AND source = $3 AND period_from <= $5 AND period_to >= $4 AND id <> $6
        ORDER BY period_from LIMIT 1
        """,
        *(row[name] for name in ("policy_id", "organization", "source", "period_from", "period_to", "id")),
    )
    return found


async def upsert(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    """Insert a period, or put new numbers in place of the old."""
    kept = ("id", "organization", "external_id")
    changes = ", ".join(f"{name} = excluded.{name}" for name in _NAMES if name not in kept)
    await driver.execute(
        f"""
        INSERT INTO enquiries ({_COLUMNS}) VALUES ({", ".join(f"${n}" for n in range(1, len(_NAMES) + 1))})
        ON CONFLICT (id) DO UPDATE SET {changes}
        """,  # noqa: S608  # names are constants of this module, values are bound
        *(row[name] for name in _NAMES),
    )


async def total_of(reads: Reads, policy_id: UUID) -> int:
    """All enquiries on a policy so far, whoever counted them."""
    total: int = await reads.fetchval(
        "SELECT coalesce(sum(count), 0)::bigint FROM enquiries WHERE policy_id = $1", policy_id
    )
    return total


async def list_of_policy(reads: Reads, policy_id: UUID, *, limit: int) -> Rows:
    """The newest periods on a policy."""
    rows: Rows = await reads.fetch(
        f"SELECT {_COLUMNS} FROM enquiries WHERE policy_id = $1 ORDER BY period_to DESC, id DESC LIMIT $2",  # noqa: S608  # constant
        policy_id,
        limit,
    )
    return rows
