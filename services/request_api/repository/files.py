"""Every statement on the files of requests. No decisions."""

from typing import Any
from uuid import UUID

import asyncpg

from services.request_api.repository.requests import Reads, Rows

FILE = (
    *("id", "request_id", "role", "title", "name", "media_type", "size", "content", "findings", "cleared"),
    *("issued_on", "recorded_at"),
)


async def insert_file(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    places = ", ".join(f"${number}" for number in range(1, len(FILE) + 1))
    await driver.execute(
        f"INSERT INTO request_file ({', '.join(FILE)}) VALUES ({places})",  # noqa: S608  # names are the code's own
        *(row[name] for name in FILE),
    )


async def list_issued(reads: Reads, request_id: UUID) -> Rows:
    """What the applicant may have: the answer's files once it is served."""
    rows: Rows = await reads.fetch(
        """
        SELECT file.id, file.title, file.issued_on FROM request_file AS file
        JOIN request ON request.id = file.request_id
        WHERE file.request_id = $1
          AND file.role = 'answer' AND request.answered_on IS NOT NULL
        ORDER BY file.id
        """,
        request_id,
    )
    return rows


async def find_issued(reads: Reads, request_id: UUID, file_id: UUID) -> Any:
    """A file that the applicant may have."""
    return await reads.fetchrow(
        """
        SELECT file.* FROM request_file AS file JOIN request ON request.id = file.request_id
        WHERE file.request_id = $1 AND file.id = $2
          AND file.role = 'answer' AND request.answered_on IS NOT NULL
        """,
        request_id,
        file_id,
    )


async def list_files(reads: Reads, request_id: UUID) -> Rows:
    """All files of a request without their content."""
    rows: Rows = await reads.fetch(
        """
        SELECT id, request_id, role, title, name, media_type, size, findings, cleared, issued_on, recorded_at
        FROM request_file WHERE request_id = $1 ORDER BY id
        """,
        request_id,
    )
    return rows


async def find_file(reads: Reads, request_id: UUID, file_id: UUID) -> Any:
    return await reads.fetchrow("SELECT * FROM request_file WHERE request_id = $1 AND id = $2", request_id, file_id)


async def clear_file(driver: asyncpg.Connection, file_id: UUID) -> None:
    await driver.execute("UPDATE request_file SET cleared = true WHERE id = $1", file_id)


async def has_uncleared(reads: Reads, request_id: UUID) -> bool:
    """Whether an answer's file may not leave yet."""
    return bool(
        await reads.fetchval(
            "SELECT true FROM request_file WHERE request_id = $1 AND role = 'answer' AND NOT cleared LIMIT 1",
            request_id,
        )
    )


async def delete_file(driver: asyncpg.Connection, file_id: UUID) -> None:
    await driver.execute("DELETE FROM request_file WHERE id = $1", file_id)
