"""Every statement on sealed values as a whole: sealed anew, and erased. No decisions."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from services.request_api.repository.requests import Reads, Rows

SEALED: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "request": ("id", "id", ("wanted",)),
    "applicant": ("request_id", "request_id", ("name", "identity", "phone", "address", "email", "more", "agent")),
    "step": ("request_id", "sequence", ("private",)),
    "request_file": ("request_id", "id", ("name", "content")),
    "joint_consultation": ("request_id", "id", ("content",)),
    "notice": ("request_id", "id", ("fields", "content")),
    "request_urging": ("request_id", "id", ("words", "answer")),
}
"""Table: the column that names the request, the one that names the row in it, the sealed columns."""


async def list_sealed_otherwise(driver: asyncpg.Connection, current: str, *, limit: int) -> Rows:
    """Requests that an older key has sealed, nobody else's, held until the transaction ends."""
    rows: Rows = await driver.fetch(
        """
        SELECT id FROM request WHERE sealed_with < $1 OR sealed_with > $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
        """,
        current,
        limit,
    )
    return rows


async def list_outlived(driver: asyncpg.Connection, *, closed_before: date, limit: int) -> Rows:
    """Ended requests that were closed before a day and still hold personal data, unless a review or suit is pending."""
    rows: Rows = await driver.fetch(
        """
        SELECT id, organization, version FROM request
        WHERE NOT is_open AND erased_on IS NULL AND closed_on < $1
            AND NOT EXISTS (SELECT 1 FROM review_case WHERE request_id = request.id AND result IS NULL)
        ORDER BY closed_on LIMIT $2 FOR UPDATE SKIP LOCKED
        """,
        closed_before,
        limit,
    )
    return rows


async def list_values(reads: Reads, table: str, request_id: UUID) -> Rows:
    """The sealed values of a request in one table."""
    of, key, columns = SEALED[table]
    rows: Rows = await reads.fetch(
        f"SELECT {key} AS key, {', '.join(columns)} FROM {table} WHERE {of} = $1",  # noqa: S608  # names of a closed list
        request_id,
    )
    return rows


async def replace_values(
    driver: asyncpg.Connection, table: str, request_id: UUID, key: Any, values: Sequence[bytes | None]
) -> None:
    """Other sealed values for one row."""
    of, by, columns = SEALED[table]
    assignments = ", ".join(f"{column} = ${number}" for number, column in enumerate(columns, start=3))
    await driver.execute(
        f"UPDATE {table} SET {assignments} WHERE {of} = $1 AND {by} = $2",  # noqa: S608  # names of a closed list
        request_id,
        key,
        *values,
    )


async def note_sealed(driver: asyncpg.Connection, request_id: UUID, current: str) -> None:
    await driver.execute("UPDATE request SET sealed_with = $2 WHERE id = $1", request_id, current)


async def erase(driver: asyncpg.Connection, request_id: UUID, *, today: date) -> None:
    """Nothing personal is left: what the figures are counted from stays."""
    for statement in (
        "DELETE FROM applicant WHERE request_id = $1",
        "DELETE FROM request_file WHERE request_id = $1",
        "DELETE FROM joint_consultation WHERE request_id = $1",
        "DELETE FROM request_urging WHERE request_id = $1",
        "UPDATE step SET private = NULL WHERE request_id = $1",
        "UPDATE notice SET fields = NULL, content = NULL WHERE request_id = $1",
    ):
        await driver.execute(statement, request_id)
    await driver.execute(
        """
        UPDATE request SET wanted = NULL, applicant_key = NULL, erased_on = $2, version = version + 1 WHERE id = $1
        """,
        request_id,
        today,
    )
