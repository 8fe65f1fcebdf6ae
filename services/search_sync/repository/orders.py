"""Every SQL statement on what administrators ask the worker to do. No decisions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg
from pydantic_core import from_json, to_json
from uuid_utils.compat import uuid7

Connection: TypeAlias = "asyncpg.Pool | asyncpg.Connection"
_COLUMNS = "id, kind, requested_by, requested_at, started_at, finished_at, outcome, error"


@dataclass(frozen=True)
class Order:
    """Something to do, under way, or done."""

    id: UUID
    kind: str
    requested_by: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    outcome: dict[str, Any] | None
    error: str | None


async def insert_order(driver: asyncpg.Connection, kind: str, *, requested_by: str) -> Order:
    """An open order of that kind; one that nobody has begun yet is as good as a new one."""
    waiting = await driver.fetchrow(
        f"SELECT {_COLUMNS} FROM work_order WHERE kind = $1 AND started_at IS NULL AND finished_at IS NULL LIMIT 1",  # noqa: S608
        kind,
    )
    if waiting is not None:
        return _order(waiting)
    row = await driver.fetchrow(
        f"INSERT INTO work_order (id, kind, requested_by) VALUES ($1, $2, $3) RETURNING {_COLUMNS}",  # noqa: S608
        uuid7(),
        kind,
        requested_by,
    )
    return _order(row)


async def find_order(connection: Connection, order_id: UUID) -> Order | None:
    row = await connection.fetchrow(f"SELECT {_COLUMNS} FROM work_order WHERE id = $1", order_id)  # noqa: S608
    return _order(row) if row else None


async def find_newest(connection: Connection, kind: str) -> Order | None:
    """The last one of that kind that was finished without an error."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM work_order WHERE kind = $1 AND finished_at IS NOT NULL AND error IS NULL"  # noqa: S608
        " ORDER BY finished_at DESC LIMIT 1",
        kind,
    )
    return _order(row) if row else None


async def begin_next(driver: asyncpg.Connection) -> Order | None:
    """The oldest order that is not finished, begun. One that another worker began and left is begun again."""
    row = await driver.fetchrow(
        f"""
        UPDATE work_order SET started_at = now() WHERE id = (
            SELECT id FROM work_order WHERE finished_at IS NULL ORDER BY requested_at LIMIT 1
        ) RETURNING {_COLUMNS}
        """  # noqa: S608
    )
    return _order(row) if row else None


async def finish(
    driver: asyncpg.Connection, order_id: UUID, *, outcome: dict[str, Any] | None, error: str | None = None
) -> None:
    await driver.execute(
        "UPDATE work_order SET finished_at = now(), outcome = $2::text::jsonb, error = $3 WHERE id = $1",
        order_id,
        to_json(outcome).decode(),
        error,
    )


def _order(row: asyncpg.Record) -> Order:
    outcome = row["outcome"]
    return Order(**{**row, "outcome": from_json(outcome) if isinstance(outcome, str) else outcome})
