"""Every statement of the annual report and of review cases. No decisions."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from services.request_api.repository.requests import Reads, Rows

_CELLS = {
    "new": "received_on BETWEEN $2 AND $3",
    "carried_in": "received_on < $2 AND (closed_on IS NULL OR closed_on >= $2) AND $3::date IS NOT NULL",
    "carried_out": "received_on <= $3 AND (closed_on IS NULL OR closed_on > $3) AND $2::date IS NOT NULL",
}
_CLOSED = "closed_on BETWEEN $2 AND $3 AND report_row IS NOT NULL"


async def count_cells(
    reads: Reads, organizations: Sequence[str], since: date, until: date
) -> dict[tuple[str, str], int]:
    """Table 3 of a year by row and kind of applicant."""
    parts = [
        f"SELECT '{row}' AS row, applicant_kind AS kind, count(*) FROM request"  # noqa: S608  # names of a closed list
        f" WHERE organization = ANY($1) AND {condition} GROUP BY applicant_kind"
        for row, condition in _CELLS.items()
    ]
    parts.append(
        f"SELECT report_row, applicant_kind, count(*) FROM request"  # noqa: S608  # a constant
        f" WHERE organization = ANY($1) AND {_CLOSED} GROUP BY report_row, applicant_kind"
    )
    rows = await reads.fetch(" UNION ALL ".join(parts), list(organizations), since, until)
    return {(row["row"], row["kind"]): row["count"] for row in rows}


async def list_cell(
    reads: Reads,
    organizations: Sequence[str],
    since: date,
    until: date,
    *,
    row: str,
    kind: str | None,
    after: UUID | None,
    limit: int,
) -> Rows:
    """The requests behind a cell of table 3, one more than asked for."""
    condition = _CELLS.get(row, _CLOSED)
    rows: Rows = await reads.fetch(
        f"""
        SELECT id, number, organization, received_on, closed_on FROM request
        WHERE organization = ANY($1) AND {condition} AND ($4::text IS NULL OR report_row = $4)
          AND ($5::text IS NULL OR applicant_kind = $5) AND ($6::uuid IS NULL OR id > $6)
        ORDER BY id LIMIT $7
        """,  # noqa: S608  # names of a closed list
        list(organizations),
        since,
        until,
        None if row in _CELLS or row == "r.total" else row,
        kind,
        after,
        limit + 1,
    )
    return rows


async def count_reviews(reads: Reads, organizations: Sequence[str], since: date, until: date) -> Rows:
    """Review cases of a year by kind and result: those decided in it, and those still pending at its end."""
    rows: Rows = await reads.fetch(
        """
        SELECT kind, CASE WHEN decided_on <= $3 THEN result ELSE 'pending' END AS outcome, count(*) FROM review_case
        WHERE organization = ANY($1) AND filed_on <= $3 AND (decided_on IS NULL OR decided_on >= $2)
        GROUP BY 1, 2
        """,
        list(organizations),
        since,
        until,
    )
    return rows


async def sum_fees(reads: Reads, organizations: Sequence[str], since: date, until: date) -> Any:
    """Fee notices of a year, and what was paid in it."""
    return await reads.fetchrow(
        """
        SELECT count(*) FILTER (WHERE noticed_on BETWEEN $2 AND $3) AS notices,
               coalesce(sum(amount_yuan) FILTER (WHERE noticed_on BETWEEN $2 AND $3), 0)::bigint AS noticed_yuan,
               coalesce(sum(amount_yuan) FILTER (WHERE paid_on BETWEEN $2 AND $3), 0)::bigint AS paid_yuan
        FROM fee_notice WHERE organization = ANY($1) AND noticed_on <= $3
        """,
        list(organizations),
        since,
        until,
    )


async def list_below(reads: Reads, organization: str) -> dict[str, str]:
    """Names of those at and below an organisation that have ever had a request: from one to the next along the index."""
    rows = await reads.fetch(
        """
        WITH RECURSIVE known AS (
            (SELECT organization, organization_name, organization_path FROM request ORDER BY organization, id LIMIT 1)
            UNION ALL
            SELECT following.* FROM known CROSS JOIN LATERAL (
                SELECT organization, organization_name, organization_path FROM request
                WHERE organization > known.organization ORDER BY organization, id LIMIT 1
            ) AS following
        )
        SELECT organization, organization_name FROM known WHERE $1 = ANY(organization_path) ORDER BY 1
        """,
        organization,
    )
    return {row["organization"]: row["organization_name"] for row in rows}


async def find_report(reads: Reads, organization: str, year: int) -> Any:
    return await reads.fetchrow("SELECT * FROM annual_report WHERE organization = $1 AND year = $2", organization, year)


async def lock_report(driver: asyncpg.Connection, organization: str, year: int) -> Any:
    """The report, one transaction at a time, new or not."""
    await driver.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"report {organization} {year}")
    return await find_report(driver, organization, year)


async def keep_report(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    """The report as it is now."""
    columns = (
        *("organization", "year", "organization_name", "organization_path", "state", "written", "published"),
        *("published_on", "reason", "version", "updated_at"),
    )
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns[2:])
    await driver.execute(
        f"INSERT INTO annual_report ({', '.join(columns)}) VALUES ({places})"  # noqa: S608  # names are the code's own
        f" ON CONFLICT (organization, year) DO UPDATE SET {changes}",
        *(row[name] for name in columns),
    )


async def list_published(reads: Reads, *, year: int | None, after: tuple[int, str] | None, limit: int) -> Rows:
    """Published reports, newest year first, one more than asked for."""
    rows: Rows = await reads.fetch(
        """
        SELECT * FROM annual_report WHERE published IS NOT NULL AND ($1::int IS NULL OR year = $1)
          AND ($2::int IS NULL OR (-year, organization) > (-$2, $3))
        ORDER BY -year, organization LIMIT $4
        """,
        year,
        *(after or (None, "")),
        limit + 1,
    )
    return rows


async def list_members(reads: Reads, organizations: Sequence[str], year: int) -> Rows:
    """Published reports of a year of these organisations."""
    rows: Rows = await reads.fetch(
        "SELECT * FROM annual_report WHERE published IS NOT NULL AND year = $2 AND organization = ANY($1)",
        list(organizations),
        year,
    )
    return rows


async def lock_review(driver: asyncpg.Connection, request_id: UUID, external_id: str) -> Any:
    return await driver.fetchrow(
        "SELECT * FROM review_case WHERE request_id = $1 AND external_id = $2 FOR UPDATE", request_id, external_id
    )


async def keep_review(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    """A review case as it is told now."""
    columns = ("id", "request_id", "organization", "external_id", "kind", "filed_on", "result", "decided_on", "version")
    await driver.execute(
        f"INSERT INTO review_case ({', '.join(columns)}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"  # noqa: S608  # constants
        " ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, filed_on = excluded.filed_on,"
        " result = excluded.result, decided_on = excluded.decided_on, version = excluded.version",
        *(row[name] for name in columns),
    )


async def list_reviews(reads: Reads, request_id: UUID) -> Rows:
    rows: Rows = await reads.fetch("SELECT * FROM review_case WHERE request_id = $1 ORDER BY id", request_id)
    return rows
