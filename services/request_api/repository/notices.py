"""Every statement on templates of notices. No decisions."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from services.request_api.repository.requests import Reads, Rows, insert

TEMPLATE = (*("organization", "kind", "version", "is_active", "sha256", "content", "uploaded_by", "uploaded_at"),)


async def lock_templates(driver: asyncpg.Connection, organization: str, kind: str) -> Any:
    """The template in force, one transaction at a time; None when there is none."""
    await driver.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"template {organization} {kind}")
    return await driver.fetchrow(
        "SELECT version, sha256, uploaded_at FROM notice_template WHERE organization = $1 AND kind = $2 AND is_active",
        organization,
        kind,
    )


async def retire_template(driver: asyncpg.Connection, organization: str, kind: str) -> None:
    """Its versions stay; none is in force."""
    await driver.execute(
        "UPDATE notice_template SET is_active = false WHERE organization = $1 AND kind = $2 AND is_active",
        organization,
        kind,
    )


async def insert_template(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    await insert(driver, "notice_template", TEMPLATE, row)


async def list_templates(reads: Reads, path: Sequence[str]) -> Rows:
    """The templates in force along a path from the root, the nearest one of each kind, without their content."""
    rows: Rows = await reads.fetch(
        """
        SELECT DISTINCT ON (kind) organization, kind, version, sha256, uploaded_at FROM notice_template
        WHERE organization = ANY($1) AND is_active ORDER BY kind, array_position($1::text[], organization) DESC
        """,
        list(path),
    )
    return rows


async def find_template(reads: Reads, path: Sequence[str], kind: str) -> Any:
    """The nearest template in force of a kind, with its content."""
    return await reads.fetchrow(
        """
        SELECT * FROM notice_template WHERE organization = ANY($1) AND kind = $2 AND is_active
        ORDER BY array_position($1::text[], organization) DESC LIMIT 1
        """,
        list(path),
        kind,
    )


NOTICE = (
    *("id", "request_id", "organization", "kind", "number", "year", "template_of", "template_version", "fields"),
    *("content", "sha256", "issued_on", "revoked_on", "recorded_at"),
)
_TO_APPLICANT = """
    notice.content IS NOT NULL AND (notice.kind IN ('receipt', 'correction', 'reasons', 'extension', 'delay', 'consultation',
        'fee', 'closing') OR (notice.kind LIKE 'reply%' AND request.answered_on IS NOT NULL))
"""
"""What the applicant may have: letters to others never, the reply once it is served."""


async def insert_notice(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    await insert(driver, "notice", NOTICE, row)


async def list_to_applicant(reads: Reads, request_id: UUID) -> Rows:
    """Notices that the applicant may have, without their content."""
    rows: Rows = await reads.fetch(
        f"""
        SELECT notice.id, notice.kind, notice.number, notice.issued_on
        FROM notice JOIN request ON request.id = notice.request_id
        WHERE notice.request_id = $1 AND {_TO_APPLICANT} ORDER BY notice.id
        """,  # noqa: S608  # a constant
        request_id,
    )
    return rows


async def find_to_applicant(reads: Reads, request_id: UUID, notice_id: UUID) -> Any:
    """A notice that the applicant may have."""
    return await reads.fetchrow(
        f"""
        SELECT notice.* FROM notice JOIN request ON request.id = notice.request_id
        WHERE notice.request_id = $1 AND notice.id = $2 AND {_TO_APPLICANT}
        """,  # noqa: S608  # a constant
        request_id,
        notice_id,
    )


async def list_notices(reads: Reads, request_id: UUID) -> Rows:
    """All of a request, without their content."""
    rows: Rows = await reads.fetch(
        "SELECT id, kind, number, issued_on, sha256 FROM notice WHERE request_id = $1 ORDER BY id", request_id
    )
    return rows


async def find_notice(reads: Reads, request_id: UUID, notice_id: UUID) -> Any:
    return await reads.fetchrow("SELECT * FROM notice WHERE request_id = $1 AND id = $2", request_id, notice_id)
