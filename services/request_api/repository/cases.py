"""Every statement on the case library, joint consultations and conversions. No decisions."""

from typing import Any
from uuid import UUID

import asyncpg

from services.request_api.repository.requests import Reads, Rows, insert

CASE = (
    *("id", "request_id", "case_no", "organization", "organization_name", "organization_path", "share_scope", "topic"),
    *("decision", "content", "words", "withdrawn", "shared_at", "version"),
)
_VISIBLE = """
    NOT withdrawn AND (share_scope = 'city' OR $1 = ANY(organization_path)
        OR (share_scope = 'district' AND organization_path[2] = $2))
"""
"""`$1`: who asks, for itself and those below; `$2`: the district, or the city's department, that who asks belongs to."""


async def lock_case(driver: asyncpg.Connection, request_id: UUID) -> Any:
    return await driver.fetchrow("SELECT * FROM library_case WHERE request_id = $1 FOR UPDATE", request_id)


async def insert_case(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    await insert(driver, "library_case", CASE, row)


async def update_case(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    await driver.execute(
        """
        UPDATE library_case SET share_scope = $2, topic = $3, content = $4, words = $5, withdrawn = $6, version = $7
        WHERE id = $1
        """,
        *(row[name] for name in ("id", "share_scope", "topic", "content", "words", "withdrawn", "version")),
    )


async def find_case(reads: Reads, case_id: UUID, *, within: str, district: str | None) -> Any:
    """A case that who asks may read."""
    return await reads.fetchrow(
        f"SELECT * FROM library_case WHERE {_VISIBLE} AND id = $3",  # noqa: S608  # a constant
        within,
        district,
        case_id,
    )


async def list_cases(
    reads: Reads,
    *,
    within: str,
    district: str | None,
    topic: str | None,
    decision: str | None,
    words: str | None,
    after: UUID | None,
    limit: int,
) -> Rows:
    """Cases that who asks may read, newest first, one more than asked for."""
    rows: Rows = await reads.fetch(
        f"""
        SELECT * FROM library_case WHERE {_VISIBLE} AND ($3::text IS NULL OR topic = $3)
          AND ($4::text IS NULL OR decision = $4) AND ($5::text IS NULL OR words LIKE $5)
          AND ($6::uuid IS NULL OR id < $6)
        ORDER BY id DESC LIMIT $7
        """,  # noqa: S608  # a constant
        within,
        district,
        topic,
        decision,
        f"%{words}%" if words else None,
        after,
        limit + 1,
    )
    return rows


async def list_alike(reads: Reads, words: str, *, within: str, district: str | None, limit: int) -> Rows:
    """Visible cases whose words are most like these."""
    rows: Rows = await reads.fetch(
        f"""
        SELECT id, case_no, decision, content, word_similarity($3, words) AS likeness FROM library_case
        WHERE {_VISIBLE} ORDER BY word_similarity($3, words) DESC, id DESC LIMIT $4
        """,  # noqa: S608  # a constant
        within,
        district,
        words,
        limit,
    )
    return rows


async def lock_joint(driver: asyncpg.Connection, request_id: UUID, external_id: str) -> Any:
    return await driver.fetchrow(
        "SELECT * FROM joint_consultation WHERE request_id = $1 AND external_id = $2 FOR UPDATE",
        request_id,
        external_id,
    )


async def keep_joint(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    """A joint consultation as it is told now."""
    await driver.execute(
        """
        INSERT INTO joint_consultation (id, request_id, external_id, content, recorded_at, version)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (id) DO UPDATE SET content = excluded.content, version = excluded.version
        """,
        *(row[name] for name in ("id", "request_id", "external_id", "content", "recorded_at", "version")),
    )


async def list_joint(reads: Reads, request_id: UUID) -> Rows:
    rows: Rows = await reads.fetch("SELECT * FROM joint_consultation WHERE request_id = $1 ORDER BY id", request_id)
    return rows


async def list_same_applicant(reads: Reads, applicant_key: bytes, organization: str, *, but: UUID, limit: int) -> Rows:
    """Other requests of the same applicant to the same organ, newest first."""
    rows: Rows = await reads.fetch(
        """
        SELECT id, number, wanted, answered_on, decision FROM request
        WHERE applicant_key = $1 AND organization = $2 AND id <> $3 ORDER BY id DESC LIMIT $4
        """,
        applicant_key,
        organization,
        but,
        limit,
    )
    return rows


async def sum_up_subject(reads: Reads, organization: str, subject_key: bytes) -> Any:
    """Those that asked this organ for the same and were given it: how many, how many people, when, which."""
    return await reads.fetchrow(
        """
        SELECT count(DISTINCT applicant_key) AS applicants, min(received_on) AS period_from,
               max(received_on) AS period_to, (array_agg(number ORDER BY id DESC))[1:20] AS requests
        FROM request WHERE organization = $1 AND subject_key = $2 AND decision IN ('A2', 'B') AND answered_on IS NOT NULL
        """,
        organization,
        subject_key,
    )


async def propose_conversion(driver: asyncpg.Connection, row: dict[str, Any]) -> bool:
    """A new proposal, or a present one with its figures of now. One that was decided stays as it is."""
    changed = await driver.fetchval(
        """
        INSERT INTO conversion (id, organization, organization_name, subject_key, requests, applicants, period_from,
            period_to, suggested, state, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'proposed', 1)
        ON CONFLICT (organization, subject_key) DO UPDATE SET requests = excluded.requests,
            applicants = excluded.applicants, period_from = excluded.period_from, period_to = excluded.period_to,
            suggested = conversion.suggested OR excluded.suggested, version = conversion.version + 1
        WHERE conversion.state = 'proposed'
        RETURNING true
        """,
        *(row[name] for name in ("id", "organization", "organization_name", "subject_key", "requests")),
        *(row[name] for name in ("applicants", "period_from", "period_to", "suggested")),
    )
    return bool(changed)


async def find_conversion(reads: Reads, conversion_id: UUID) -> Any:
    return await reads.fetchrow("SELECT * FROM conversion WHERE id = $1", conversion_id)


async def find_conversion_of(reads: Reads, organization: str, subject_key: bytes) -> Any:
    return await reads.fetchrow(
        "SELECT * FROM conversion WHERE organization = $1 AND subject_key = $2", organization, subject_key
    )


async def lock_conversion(driver: asyncpg.Connection, conversion_id: UUID) -> Any:
    return await driver.fetchrow("SELECT * FROM conversion WHERE id = $1 FOR UPDATE", conversion_id)


async def decide_conversion(
    driver: asyncpg.Connection, conversion_id: UUID, *, state: str, subject: str | None, note: str, by: str
) -> None:
    await driver.execute(
        """
        UPDATE conversion SET state = $2, subject = $3, note = $4, decided_by = $5, version = version + 1 WHERE id = $1
        """,
        conversion_id,
        state,
        subject,
        note,
        by,
    )


async def note_delivered(driver: asyncpg.Connection, conversion_id: UUID, candidate_id: UUID) -> None:
    await driver.execute(
        "UPDATE conversion SET state = 'delivered', candidate_id = $2, version = version + 1 WHERE id = $1",
        conversion_id,
        candidate_id,
    )


async def list_conversions(
    reads: Reads, organization: str, *, state: str | None, after: UUID | None, limit: int
) -> Rows:
    rows: Rows = await reads.fetch(
        """
        SELECT * FROM conversion WHERE organization = $1 AND ($2::text IS NULL OR state = $2)
          AND ($3::uuid IS NULL OR id < $3) ORDER BY id DESC LIMIT $4
        """,
        organization,
        state,
        after,
        limit + 1,
    )
    return rows


async def list_accepted(reads: Reads, *, limit: int) -> Rows:
    """Conversions that catalog_api has not been told of yet."""
    rows: Rows = await reads.fetch("SELECT * FROM conversion WHERE state = 'accepted' ORDER BY id LIMIT $1", limit)
    return rows
