"""Every statement on templates of notices. No decisions."""

from collections.abc import Sequence
from typing import Any

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
