"""Every statement of the board, of urging and of public statistics. No decisions."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.request_api.repository.requests import Reads, Rows, insert

URGING = ("id", "request_id", "organization", "urged_by", "words", "answer_by", "urged_at", "answer", "answered_at")
_KEYS = {
    "organization": ("organization", "organization_name"),
    "channel": ("channel", "channel"),
    "state": ("state", "state"),
}


async def count_open(
    reads: Reads,
    organization: str,
    *,
    by: str,
    today: date,
    orange_until: date,
    yellow_until: date,
    confirm_before: datetime,
) -> Rows:
    """Open requests of a subtree by key and state, with how near their deadlines are."""
    key, name = _KEYS[by]
    rows: Rows = await reads.fetch(
        f"""
        SELECT {key} AS key, max({name}) AS name, state, count(*) AS open,
               count(*) FILTER (WHERE due_on > $4) AS green,
               count(*) FILTER (WHERE due_on > $3 AND due_on <= $4) AS yellow,
               count(*) FILTER (WHERE due_on >= $2 AND due_on <= $3) AS orange,
               count(*) FILTER (WHERE due_on < $2) AS red,
               count(*) FILTER (WHERE waiting_until IS NOT NULL) AS waiting,
               count(*) FILTER (WHERE state = 'pending_confirm' AND submitted_at < $5) AS unconfirmed
        FROM request WHERE is_open AND $1 = ANY(organization_path) GROUP BY {key}, state
        """,  # noqa: S608  # names of a closed list
        organization,
        today,
        orange_until,
        yellow_until,
        confirm_before,
    )
    return rows


async def count_colours(reads: Reads, today: date, orange_until: date, yellow_until: date) -> Any:
    """All open requests, by how near their deadlines are."""
    return await reads.fetchrow(
        """
        SELECT count(*) FILTER (WHERE due_on > $3) AS green,
               count(*) FILTER (WHERE due_on > $2 AND due_on <= $3) AS yellow,
               count(*) FILTER (WHERE due_on >= $1 AND due_on <= $2) AS orange,
               count(*) FILTER (WHERE due_on < $1) AS red,
               count(*) FILTER (WHERE due_on IS NULL) AS none
        FROM request WHERE is_open
        """,
        *(today, orange_until, yellow_until),
    )


async def count_answered(reads: Reads, organizations: Sequence[str], *, by: str, since: date, until: date) -> Rows:
    """Requests of these organisations that were answered in a period, and how many of them in time."""
    key, _ = _KEYS[by]
    rows: Rows = await reads.fetch(
        f"""
        SELECT {key} AS key, count(*) AS answered, count(*) FILTER (WHERE answered_on <= due_on) AS in_time
        FROM request WHERE closed_on BETWEEN $2 AND $3 AND answered_on IS NOT NULL AND organization = ANY($1)
        GROUP BY {key}
        """,  # noqa: S608  # names of a closed list
        list(organizations),
        since,
        until,
    )
    return rows


async def count_year(reads: Reads, since: date, until: date) -> tuple[Rows, Rows, Any]:
    """Of a year: received by channel, closed by row of the report, answered and in time."""
    received = await reads.fetch(
        "SELECT channel AS key, count(*) FROM request WHERE received_on BETWEEN $1 AND $2 GROUP BY channel ORDER BY 1",
        since,
        until,
    )
    closed = await reads.fetch(
        """
        SELECT report_row AS key, count(*) FROM request
        WHERE closed_on BETWEEN $1 AND $2 AND report_row IS NOT NULL GROUP BY report_row ORDER BY 1
        """,
        since,
        until,
    )
    answered = await reads.fetchrow(
        """
        SELECT count(*) AS answered, count(*) FILTER (WHERE answered_on <= due_on) AS in_time FROM request
        WHERE closed_on BETWEEN $1 AND $2 AND answered_on IS NOT NULL
        """,
        since,
        until,
    )
    return received, closed, answered


async def list_of_province(reads: Reads, organization: str, since: datetime, until: datetime) -> Rows:
    """Requests of the province in a subtree that had a step in `[since, until)`, as they stood at its end."""
    rows: Rows = await reads.fetch(
        """
        SELECT request.province_id, request.number, last.state, last.sequence AS steps
        FROM request CROSS JOIN LATERAL (
            SELECT state, sequence, recorded_at FROM step
            WHERE request_id = request.id AND recorded_at < $3 ORDER BY sequence DESC LIMIT 1
        ) AS last
        WHERE request.province_id IS NOT NULL AND $1 = ANY(request.organization_path) AND last.recorded_at >= $2
        ORDER BY request.province_id
        """,
        organization,
        since,
        until,
    )
    return rows


async def insert_urging(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    await insert(driver, "request_urging", URGING, row)


async def find_urging(reads: Reads, urging_id: UUID) -> Any:
    return await reads.fetchrow("SELECT * FROM request_urging WHERE id = $1", urging_id)


async def answer_urging(driver: asyncpg.Connection, urging_id: UUID, *, answer: bytes, at: datetime) -> bool:
    """Whether it was still unanswered."""
    changed = await driver.fetchval(
        "UPDATE request_urging SET answer = $2, answered_at = $3 WHERE id = $1 AND answer IS NULL RETURNING true",
        urging_id,
        answer,
        at,
    )
    return bool(changed)


async def list_urgings(
    reads: Reads, organization: str, *, is_open: bool | None, after: UUID | None, limit: int
) -> Rows:
    """Notices to an organisation, newest first, with their requests' numbers, one more than asked for."""
    rows: Rows = await reads.fetch(
        """
        SELECT request_urging.*, request.number FROM request_urging JOIN request ON request.id = request_id
        WHERE request_urging.organization = $1 AND ($2::boolean IS NULL OR (request_urging.answer IS NULL) = $2)
          AND ($3::uuid IS NULL OR request_urging.id < $3)
        ORDER BY request_urging.id DESC LIMIT $4
        """,
        organization,
        is_open,
        after,
        limit + 1,
    )
    return rows
