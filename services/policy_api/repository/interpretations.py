"""Statements on interpretations. No decisions."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

Rows = list[Any]
_COLUMNS = """
    id, organization, organization_name, level, external_id, policy_id, dossier_id, state, version, title, form, stage,
    content, content_hash, published_on, etag
"""


async def lock_key(driver: asyncpg.Connection, organization: str, external_id: str) -> None:
    """Let one at a time write what an organisation calls so, also when there is no row yet to lock."""
    await driver.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"interpretation {organization} {external_id}"
    )


async def find_policy_of(driver: asyncpg.Connection, organization: str, external_id: str) -> UUID | None:
    """The policy that an organisation's interpretation explains, unlocked."""
    found: UUID | None = await driver.fetchval(
        "SELECT policy_id FROM interpretation WHERE organization = $1 AND external_id = $2", organization, external_id
    )
    return found


async def find_by_key(driver: asyncpg.Connection, organization: str, external_id: str) -> Any:
    """The interpretation an organisation calls so, locked; None when there is none."""
    return await driver.fetchrow(
        f"SELECT {_COLUMNS} FROM interpretation WHERE organization = $1 AND external_id = $2 FOR UPDATE",  # noqa: S608  # constant
        organization,
        external_id,
    )


async def list_by_ids(driver: asyncpg.Connection, ids: Sequence[UUID]) -> Rows:
    """These interpretations, locked in the order of their ids."""
    rows: Rows = await driver.fetch(
        f"SELECT {_COLUMNS} FROM interpretation WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE",  # noqa: S608  # constant
        ids,
    )
    return rows


async def list_public_of(driver: asyncpg.Connection, policy_ids: Sequence[UUID]) -> Rows:
    """Public interpretations of these policies, locked."""
    rows: Rows = await driver.fetch(
        f"""
        SELECT {_COLUMNS} FROM interpretation WHERE policy_id = ANY($1::uuid[]) AND state = 'public' ORDER BY id FOR UPDATE
        """,  # noqa: S608  # constant
        policy_ids,
    )
    return rows


async def upsert(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    """Insert a draft, or put a new content in place of an older one. The public sees it once it is rendered."""
    await driver.execute(
        """
        INSERT INTO interpretation (id, organization, organization_name, level, external_id, policy_id, dossier_id, state,
                                    version, title, form, stage, content, content_hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'draft', 0, $8, $9, $10, $11, $12)
        ON CONFLICT (id) DO UPDATE SET organization_name = excluded.organization_name, policy_id = excluded.policy_id,
               title = excluded.title, form = excluded.form, stage = excluded.stage, content = excluded.content,
               content_hash = excluded.content_hash, changed_at = now()
        """,
        *(row["id"], row["organization"], row["organization_name"], row["level"], row["external_id"], row["policy_id"]),
        *(row["dossier_id"], row["title"], row["form"], row["stage"], row["content"], row["content_hash"]),
    )


async def store_reviews(driver: asyncpg.Connection, interpretation_id: UUID, reviews: str) -> None:
    """Keep who reviewed and approved it. Never shown."""
    await driver.execute("UPDATE interpretation SET reviews = $2 WHERE id = $1", interpretation_id, reviews)


async def keep_replaced(driver: asyncpg.Connection, ids: Sequence[UUID]) -> None:
    """Keep what the public has seen until now as evidence, before it is replaced."""
    await driver.execute(
        """
        INSERT INTO rendering (subject, version, representation)
        SELECT id, version, representation FROM interpretation
        WHERE id = ANY($1::uuid[]) AND representation IS NOT NULL
        ON CONFLICT DO NOTHING
        """,
        ids,
    )


async def store_rendered(
    driver: asyncpg.Connection,
    interpretation_id: UUID,
    *,
    version: int,
    published_on: date,
    representation: bytes,
    etag: str,
) -> None:
    """Put a representation in place; the interpretation is public from here on."""
    await driver.execute(
        """
        UPDATE interpretation SET state = 'public', version = $2, published_on = $3, representation = $4, etag = $5,
               changed_at = now()
        WHERE id = $1
        """,
        interpretation_id,
        version,
        published_on,
        representation,
        etag,
    )


async def withdraw_of(driver: asyncpg.Connection, policy_id: UUID) -> Rows:
    """Take a policy's interpretations out of public view with it; returns their new versions."""
    rows: Rows = await driver.fetch(
        """
        UPDATE interpretation SET state = 'withdrawn', version = version + 1, representation = NULL, etag = NULL,
               changed_at = now()
        WHERE policy_id = $1 AND state = 'public' RETURNING id, version, organization
        """,
        policy_id,
    )
    return rows
