"""Every statement on corrections of records and on the office's work. No decisions."""

from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from services.request_api.repository.requests import Reads, Rows, insert

CORRECTION = (
    *("id", "organization", "organization_name", "external_id", "number", "content_key", "content", "submitted_on"),
    *("outcome", "organ", "answer", "told_on", "erased_on", "sealed_with", "recorded_at", "version"),
)
_CORRECTION_LISTED = ", ".join(name for name in CORRECTION if name not in ("content_key", "answer"))


async def lock_key(driver: asyncpg.Connection, table: str, organization: str, external_id: str) -> Any:
    """Held, and its name too, so that one at a time makes a new one. `table` is one of this module's two."""
    await driver.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"{table} {organization} {external_id}"
    )
    return await driver.fetchrow(
        f"SELECT * FROM {table} WHERE organization = $1 AND external_id = $2 FOR UPDATE",  # noqa: S608  # one of two names
        organization,
        external_id,
    )


async def insert_correction(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    await insert(driver, "record_correction", CORRECTION, row)


async def find_correction(reads: Reads, correction_id: UUID) -> Any:
    return await reads.fetchrow("SELECT * FROM record_correction WHERE id = $1", correction_id)


async def answer_correction(
    driver: asyncpg.Connection, correction_id: UUID, *, outcome: str, organ: str | None, answer: bytes, told_on: date
) -> Any:
    """The row as it is now; None when it had been answered."""
    return await driver.fetchrow(
        """
        UPDATE record_correction SET outcome = $2, organ = $3, answer = $4, told_on = $5, version = version + 1
        WHERE id = $1 AND outcome IS NULL RETURNING *
        """,
        *(correction_id, outcome, organ, answer, told_on),
    )


async def list_corrections(
    reads: Reads, organization: str, *, is_open: bool | None, after: UUID | None, limit: int
) -> Rows:
    """Newest first; one more than `limit` when there are more."""
    rows: Rows = await reads.fetch(
        f"""
        SELECT {_CORRECTION_LISTED} FROM record_correction
        WHERE organization = $1 AND ($2::boolean IS NULL OR (outcome IS NULL) = $2) AND ($3::uuid IS NULL OR id < $3)
        ORDER BY id DESC LIMIT $4
        """,  # noqa: S608  # names of a closed list
        *(organization, is_open, after, limit + 1),
    )
    return rows


async def list_sealed_otherwise(driver: asyncpg.Connection, current: str, *, limit: int) -> Rows:
    """Corrections that an older key has sealed, held until the transaction ends."""
    rows: Rows = await driver.fetch(
        """
        SELECT id, content, answer FROM record_correction WHERE sealed_with < $1 OR sealed_with > $1
        ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
        """,
        current,
        limit,
    )
    return rows


async def keep_sealed(
    driver: asyncpg.Connection, correction_id: UUID, current: str, content: bytes | None, answer: bytes | None
) -> None:
    await driver.execute(
        "UPDATE record_correction SET sealed_with = $2, content = $3, answer = $4 WHERE id = $1",
        *(correction_id, current, content, answer),
    )


async def erase_outlived(driver: asyncpg.Connection, *, told_before: date, today: date, limit: int) -> Rows:
    """Erase what is personal of cases that were answered before a day; which."""
    rows: Rows = await driver.fetch(
        """
        UPDATE record_correction SET content = NULL, answer = NULL, erased_on = $2, version = version + 1
        WHERE id IN (SELECT id FROM record_correction WHERE erased_on IS NULL AND told_on < $1
                     ORDER BY told_on LIMIT $3 FOR UPDATE SKIP LOCKED)
        RETURNING id, organization, version
        """,
        *(told_before, today, limit),
    )
    return rows


async def keep_work(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    await driver.execute(
        """
        INSERT INTO work_record (id, organization, organization_name, organization_path, external_id, kind, on_day,
                                 content, content_hash, recorded_by, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, on_day = excluded.on_day, content = excluded.content,
            content_hash = excluded.content_hash, recorded_by = excluded.recorded_by, version = excluded.version
        """,
        *(row["id"], row["organization"], row["organization_name"], row["organization_path"], row["external_id"]),
        *(row["kind"], row["on_day"], row["content"], row["content_hash"], row["recorded_by"], row["version"]),
    )


async def list_work(
    reads: Reads, organization: str, *, kind: str | None, year: int | None, after: UUID | None, limit: int
) -> Rows:
    """Of an organisation and all below it, newest first; one more than `limit` when there are more."""
    first, last = (date(year, 1, 1), date(year, 12, 31)) if year is not None else (None, None)
    rows: Rows = await reads.fetch(
        """
        SELECT * FROM work_record WHERE organization_path @> ARRAY[$1::text] AND ($2::text IS NULL OR kind = $2)
            AND ($3::date IS NULL OR on_day BETWEEN $3 AND $4) AND ($5::uuid IS NULL OR id < $5)
        ORDER BY id DESC LIMIT $6
        """,
        *(organization, kind, first, last, after, limit + 1),
    )
    return rows
