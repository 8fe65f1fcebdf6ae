"""Every statement on saved profiles and their matches. No decisions; facts come and go sealed.

A profile's row is locked before its matches are written.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.policy_api.repository.reading import Reads, Rows


async def lock_key(driver: asyncpg.Connection, organization: str, external_id: str) -> None:
    """Let one at a time write what an organisation calls so, also when there is no row yet to lock."""
    await driver.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"profile {organization} {external_id}"
    )


async def find(reads: Reads, organization: str, external_id: str) -> UUID | None:
    """The profile's opaque id; None when there is none."""
    found: UUID | None = await reads.fetchval(
        "SELECT id FROM enterprise_profile WHERE organization = $1 AND external_id = $2", organization, external_id
    )
    return found


async def upsert(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    """Keep a profile in place of what was there; it waits to be matched."""
    await driver.execute(
        """
        INSERT INTO enterprise_profile
            (id, organization, external_id, sealed_facts, consent_text_version, consented_at, saved_at, pending)
        VALUES ($1, $2, $3, $4, $5, $6, $7, true)
        ON CONFLICT (organization, external_id) DO UPDATE SET sealed_facts = excluded.sealed_facts,
            consent_text_version = excluded.consent_text_version, consented_at = excluded.consented_at,
            saved_at = excluded.saved_at, pending = true, unreadable = false
        """,
        *(row["id"], row["organization"], row["external_id"], row["sealed_facts"]),
        *(row["consent_text_version"], row["consented_at"], row["saved_at"]),
    )


async def erase(driver: asyncpg.Connection, organization: str, external_id: str) -> UUID | None:
    """Remove a profile with its matches; its id, or None when there was none."""
    erased: UUID | None = await driver.fetchval(
        "DELETE FROM enterprise_profile WHERE organization = $1 AND external_id = $2 RETURNING id",
        organization,
        external_id,
    )
    return erased


async def lock_pending(driver: asyncpg.Connection, *, limit: int) -> Rows:
    """Profiles that were not matched since they were saved, held until the transaction ends."""
    rows: Rows = await driver.fetch(
        "SELECT id, sealed_facts FROM enterprise_profile WHERE pending ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED",
        limit,
    )
    return rows


async def lock_after(driver: asyncpg.Connection, after: UUID | None, *, limit: int) -> Rows:
    """The next profiles in the order of their ids, kept from changing until the transaction ends."""
    rows: Rows = await driver.fetch(
        """
        SELECT id, sealed_facts FROM enterprise_profile WHERE ($1::uuid IS NULL OR id > $1) AND NOT unreadable
        ORDER BY id LIMIT $2 FOR UPDATE
        """,
        after,
        limit,
    )
    return rows


async def note_matched(driver: asyncpg.Connection, profile_id: UUID) -> None:
    await driver.execute("UPDATE enterprise_profile SET pending = false WHERE id = $1", profile_id)


async def note_unreadable(driver: asyncpg.Connection, profile_ids: Sequence[UUID]) -> None:
    """The key does not open these: they wait no more."""
    await driver.execute(
        "UPDATE enterprise_profile SET pending = false, unreadable = true WHERE id = ANY($1)", list(profile_ids)
    )


async def retry_unreadable(driver: asyncpg.Connection) -> None:
    """Let all that could not be opened wait to be matched again."""
    await driver.execute("UPDATE enterprise_profile SET pending = true, unreadable = false WHERE unreadable")


async def list_matched_clauses(reads: Reads, profile_id: UUID) -> set[UUID]:
    """Clauses that a profile is known to match."""
    rows = await reads.fetch("SELECT clause_id FROM profile_match WHERE profile_id = $1", profile_id)
    return {row["clause_id"] for row in rows}


async def find_unmatched_clause(driver: asyncpg.Connection) -> Any:
    """A clause whose present version has not met every profile, and how far it came; None when there is none."""
    return await driver.fetchrow(
        """
        SELECT entry.id, entry.version, entry.representation,
               CASE WHEN done.clause_version = entry.version THEN done.after_profile END AS after_profile
        FROM entry LEFT JOIN clause_matching AS done ON done.clause_id = entry.id
        WHERE entry.kind = 'clause' AND (done.clause_version IS DISTINCT FROM entry.version OR NOT done.done)
        ORDER BY entry.id LIMIT 1
        """
    )


async def note_progress(
    driver: asyncpg.Connection, clause_id: UUID, *, version: int, after_profile: UUID | None, done: bool
) -> None:
    """How far a clause's version has been matched."""
    await driver.execute(
        """
        INSERT INTO clause_matching (clause_id, clause_version, after_profile, done) VALUES ($1, $2, $3, $4)
        ON CONFLICT (clause_id) DO UPDATE SET clause_version = excluded.clause_version,
            after_profile = excluded.after_profile, done = excluded.done
        """,
        *(clause_id, version, after_profile, done),
    )


async def insert_matches(driver: asyncpg.Connection, rows: Sequence[tuple[Any, ...]]) -> Rows:
    """Keep (id, profile, clause, version, policy, time); gives back those that were not there yet."""
    found: Rows = await driver.fetch(
        """
        INSERT INTO profile_match (id, profile_id, clause_id, clause_version, policy_id, matched_at)
        SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::uuid[], $6::timestamptz[])
        ON CONFLICT (profile_id, clause_id) DO NOTHING
        RETURNING id, profile_id, clause_id, policy_id, matched_at
        """,
        *(list(column) for column in zip(*rows, strict=True)),
    )
    return found


async def delete_matches_of_clause(
    driver: asyncpg.Connection, clause_id: UUID, *, profiles: Sequence[UUID] | None = None
) -> None:
    """What these profiles, or all, no longer match."""
    await driver.execute(
        "DELETE FROM profile_match WHERE clause_id = $1 AND ($2::uuid[] IS NULL OR profile_id = ANY($2))",
        clause_id,
        list(profiles) if profiles is not None else None,
    )


async def delete_matches_except(driver: asyncpg.Connection, profile_id: UUID, *, clauses: Sequence[UUID]) -> None:
    """What a profile no longer matches."""
    await driver.execute(
        "DELETE FROM profile_match WHERE profile_id = $1 AND clause_id <> ALL($2::uuid[])", profile_id, list(clauses)
    )


async def list_matches(reads: Reads, profile_id: UUID, *, after: tuple[datetime, UUID] | None, limit: int) -> Rows:
    """Newest first, one more than `limit` when there are more."""
    rows: Rows = await reads.fetch(
        """
        SELECT id, profile_id, clause_id, policy_id, matched_at FROM profile_match
        WHERE profile_id = $1 AND ($2::timestamptz IS NULL OR (matched_at, id) < ($2, $3::uuid))
        ORDER BY matched_at DESC, id DESC LIMIT $4
        """,
        profile_id,
        *(after or (None, None)),
        limit + 1,
    )
    return rows
