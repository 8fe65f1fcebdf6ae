"""Every statement on requests, their applicants and steps. No decisions."""

from collections.abc import Sequence
from datetime import date
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

Reads: TypeAlias = asyncpg.Pool | asyncpg.Connection
Rows: TypeAlias = Sequence[Any]

REQUEST = (
    *("id", "organization", "organization_name", "organization_path", "external_id", "number", "province_id"),
    *("channel", "state", "is_open", "applicant_kind", "applicant_key", "content_key", "subject_key", "assistance"),
    *("form", "wanted"),
    *("submitted_at", "received_on", "first_due_on", "due_on", "waiting_until", "provisional", "calendar_version"),
    *("decision", "exemption", "report_row", "answered_on", "closed_on", "reply_number", "erased_on", "version"),
    *("recorded_at", "sealed_with"),
)
MOVED = (
    *("state", "is_open", "received_on", "first_due_on", "due_on", "waiting_until", "provisional", "calendar_version"),
    *("decision", "exemption", "report_row", "answered_on", "closed_on", "reply_number", "version"),
)
APPLICANT = ("request_id", "name", "identity", "phone", "address", "email", "more", "agent")
STEP = ("request_id", "sequence", "kind", "on_day", "recorded_at", "actor", "facts", "private", "state", "due_on")


async def lock_key(driver: asyncpg.Connection, organization: str, external_id: str) -> Any:
    """The request that an organisation calls so, one transaction at a time; None when it is new."""
    await driver.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"request {organization} {external_id}"
    )
    return await driver.fetchrow(
        "SELECT * FROM request WHERE organization = $1 AND external_id = $2", organization, external_id
    )


async def lock_request(driver: asyncpg.Connection, request_id: UUID) -> Any:
    """The request, held until the transaction ends."""
    return await driver.fetchrow("SELECT * FROM request WHERE id = $1 FOR UPDATE", request_id)


async def find_request(reads: Reads, request_id: UUID) -> Any:
    return await reads.fetchrow("SELECT * FROM request WHERE id = $1", request_id)


async def find_number(reads: Reads, number: str) -> Any:
    return await reads.fetchrow("SELECT * FROM request WHERE number = $1", number)


async def has_province_id(reads: Reads, province_id: str) -> bool:
    return bool(await reads.fetchval("SELECT true FROM request WHERE province_id = $1", province_id))


async def find_province_id(reads: Reads, province_id: str) -> Any:
    return await reads.fetchrow("SELECT * FROM request WHERE province_id = $1", province_id)


async def note_sealed(driver: asyncpg.Connection, request_id: UUID, key: str) -> None:
    """Some value of it was sealed by this key just now. A process that still has another key than the worker's is found out."""
    await driver.execute("UPDATE request SET sealed_with = $2 WHERE id = $1 AND sealed_with <> $2", request_id, key)


async def find_applicant(reads: Reads, request_id: UUID) -> Any:
    return await reads.fetchrow("SELECT * FROM applicant WHERE request_id = $1", request_id)


async def list_steps(reads: Reads, request_id: UUID) -> Rows:
    """A request's steps in their order."""
    rows: Rows = await reads.fetch("SELECT * FROM step WHERE request_id = $1 ORDER BY sequence", request_id)
    return rows


async def insert_request(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    await insert(driver, "request", REQUEST, row)


async def insert_applicant(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    await insert(driver, "applicant", APPLICANT, row)


async def replace_applicant(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    await driver.execute("DELETE FROM applicant WHERE request_id = $1", row["request_id"])
    await insert(driver, "applicant", APPLICANT, row)


async def insert_step(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    await insert(driver, "step", STEP, row)


async def update_request(driver: asyncpg.Connection, request_id: UUID, changes: dict[str, Any]) -> None:
    """Set these columns."""
    names = sorted(changes)
    assignments = ", ".join(f"{name} = ${number}" for number, name in enumerate(names, start=2))
    await driver.execute(
        f"UPDATE request SET {assignments} WHERE id = $1",  # noqa: S608  # names are the code's own
        request_id,
        *(changes[name] for name in names),
    )


async def next_number(driver: asyncpg.Connection, organization: str, name: str, year: int) -> int:
    """The next number of a series, held until the transaction ends: undone with it, it leaves no gap."""
    number: int = await driver.fetchval(
        """
        INSERT INTO series (organization, name, year, last) VALUES ($1, $2, $3, 1)
        ON CONFLICT (organization, name, year) DO UPDATE SET last = series.last + 1 RETURNING last
        """,
        organization,
        name,
        year,
    )
    return number


async def list_requests(
    reads: Reads, organization: str, *, state: str | None, is_open: bool | None, after: UUID | None, limit: int
) -> Rows:
    """An organisation's requests, newest first, one more than asked for."""
    rows: Rows = await reads.fetch(
        """
        SELECT id, number, organization, channel, state, received_on, due_on, decision, applicant_kind
        FROM request WHERE organization = $1 AND ($2::text IS NULL OR state = $2)
          AND ($3::boolean IS NULL OR is_open = $3) AND ($4::uuid IS NULL OR id < $4)
        ORDER BY id DESC LIMIT $5
        """,
        organization,
        state,
        is_open,
        after,
        limit + 1,
    )
    return rows


async def list_urgent(reads: Reads, organization: str, *, after: tuple[date, UUID] | None, limit: int) -> Rows:
    """Open requests with a deadline, the most urgent first, one more than asked for."""
    rows: Rows = await reads.fetch(
        """
        SELECT id, number, organization, channel, state, received_on, due_on, decision, applicant_kind
        FROM request WHERE organization = $1 AND is_open AND due_on IS NOT NULL
          AND ($2::date IS NULL OR (due_on, id) > ($2, $3::uuid))
        ORDER BY due_on, id LIMIT $4
        """,
        organization,
        *(after or (None, None)),
        limit + 1,
    )
    return rows


async def list_waiting(reads: Reads, *, before: date, limit: int) -> Rows:
    """Open requests that have waited for their applicant until before a day."""
    rows: Rows = await reads.fetch(
        "SELECT id, organization FROM request WHERE is_open AND waiting_until < $1 AND state = ANY($2) ORDER BY waiting_until LIMIT $3",
        before,
        ["awaiting_correction", "awaiting_payment"],
        limit,
    )
    return rows


async def list_stale(reads: Reads, calendar_version: str, *, limit: int) -> Rows:
    """Open requests whose deadlines rest on another calendar, one at a time and nobody else's."""
    rows: Rows = await reads.fetch(
        """
        SELECT id FROM request WHERE is_open AND calendar_version <> $1
        ORDER BY calendar_version, id LIMIT $2 FOR UPDATE SKIP LOCKED
        """,
        calendar_version,
        limit,
    )
    return rows


async def list_moved(reads: Reads, calendar_version: str, *, within: str, after: UUID | None, limit: int) -> Rows:
    """Requests whose deadline a calendar has moved, with both days, one more than asked for."""
    rows: Rows = await reads.fetch(
        """
        SELECT request.id, request.number, request.organization, step.recorded_at,
               (step.facts::jsonb ->> 'from')::date AS due_before, step.due_on AS due_after
        FROM step JOIN request ON request.id = step.request_id
        WHERE step.kind = 'recomputed' AND step.facts::jsonb ->> 'calendar_version' = $1
          AND $2 = ANY(request.organization_path) AND ($3::uuid IS NULL OR request.id > $3)
        ORDER BY request.id LIMIT $4
        """,
        calendar_version,
        within,
        after,
        limit + 1,
    )
    return rows


async def count_in_month(
    reads: Reads, applicant_key: bytes, organization: str, *, since: date, until: date, upto: UUID
) -> int:
    """Which request of its month this one is: those of the same applicant received in `[since, until]`, in the order they were registered."""
    count: int = await reads.fetchval(
        """
        SELECT count(*) FROM request
        WHERE applicant_key = $1 AND organization = $2 AND received_on BETWEEN $3 AND $4 AND id <= $5
        """,
        applicant_key,
        organization,
        since,
        until,
        upto,
    )
    return count


async def insert_fee(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    columns = ("request_id", "organization", "method", "quantity", "amount_yuan", "noticed_on", "pay_until")
    await insert(driver, "fee_notice", columns, row)


async def note_payment(driver: asyncpg.Connection, request_id: UUID, *, paid_on: date, receipt_no: str) -> None:
    await driver.execute(
        "UPDATE fee_notice SET paid_on = $2, receipt_no = $3 WHERE request_id = $1", request_id, paid_on, receipt_no
    )


async def insert(driver: asyncpg.Connection, table: str, columns: Sequence[str], row: dict[str, Any]) -> None:
    """A new row of a table."""
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    await driver.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})",  # noqa: S608  # names are the code's own
        *(row[name] for name in columns),
    )
