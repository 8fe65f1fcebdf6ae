"""Statements that answer readers. No decisions, no writes."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

Rows = list[Any]
Reads: TypeAlias = "asyncpg.Pool | asyncpg.Connection"


async def find_public(reads: Reads, policy_id: UUID) -> Any:
    """Stored representation, ETag and the day it changes by itself; None unless public. One look-up by primary key."""
    return await reads.fetchrow(
        "SELECT representation, etag, next_change_on FROM policy WHERE id = $1 AND state = 'public'", policy_id
    )


async def find_current(reads: Reads, policy_id: UUID, today: date) -> Any:
    """The same, unless a date has overtaken what is stored."""
    return await reads.fetchrow(
        """
        SELECT representation, etag FROM policy
        WHERE id = $1 AND state = 'public' AND (next_change_on IS NULL OR next_change_on > $2)
        """,
        policy_id,
        today,
    )


async def find_known_at(reads: Reads, policy_id: UUID, moment: datetime) -> Any:
    """What the public read of a policy at a moment, kept as evidence; None when it was not public then."""
    return await reads.fetchrow(
        """
        SELECT coalesce(
                   (SELECT representation FROM rendering WHERE subject = $1 AND replaced_at > $2 ORDER BY version LIMIT 1),
                   policy.representation
               ) AS representation
        FROM policy
        WHERE id = $1 AND state = 'public'
          AND (SELECT min(released_at) FROM policy_version WHERE policy_id = $1) <= $2
        """,
        policy_id,
        moment,
    )


async def find_withdrawal(reads: Reads, policy_id: UUID) -> Any:
    """In which form a policy was taken back; None unless it was."""
    return await reads.fetchrow("SELECT withdrawal FROM policy WHERE id = $1 AND state = 'withdrawn'", policy_id)


async def find_owner(reads: Reads, policy_id: UUID) -> Any:
    """Organisation, state and newest text's number of a policy, public or not."""
    return await reads.fetchrow("SELECT organization, state, latest_number FROM policy WHERE id = $1", policy_id)


async def find_path(reads: Reads, policy_id: UUID) -> list[str]:
    """The policy's organisation and those above it."""
    path: list[str] = await reads.fetchval("SELECT organization_path FROM policy WHERE id = $1", policy_id)
    return path


async def find_by_key(reads: Reads, organization: str, external_id: str) -> Any:
    """The same by what an organisation calls it, with the id."""
    return await reads.fetchrow(
        "SELECT id, organization, state, latest_number FROM policy WHERE organization = $1 AND external_id = $2",
        organization,
        external_id,
    )


async def find_public_id_by_doc_no(reads: Reads, doc_no: str) -> UUID | None:
    found: UUID | None = await reads.fetchval("SELECT id FROM policy WHERE doc_no = $1 AND state = 'public'", doc_no)
    return found


async def list_versions(reads: Reads, policy_id: UUID, *, released_only: bool) -> Rows:
    """Facts of every text without its content, oldest record first."""
    rows: Rows = await reads.fetch(
        """
        SELECT number, label, adopted_on, effective_on, instrument, content_hash, published_on, released_at, recorded_at
        FROM policy_version WHERE policy_id = $1 AND (released_at IS NOT NULL OR NOT $2) ORDER BY number
        """,
        policy_id,
        released_only,
    )
    return rows


async def find_public_interpretation(reads: Reads, interpretation_id: UUID) -> Any:
    return await reads.fetchrow(
        "SELECT representation, etag FROM interpretation WHERE id = $1 AND state = 'public'", interpretation_id
    )


async def find_current_interpretation(reads: Reads, interpretation_id: UUID, _today: date) -> Any:
    """The same; no date changes it without its policy's representation changing first."""
    return await find_public_interpretation(reads, interpretation_id)


async def list_public_interpretations(
    reads: Reads, *, policy_id: UUID | None, after: tuple[date, UUID] | None, limit: int
) -> Rows:
    """Newest first, one more than `limit` when there are more."""
    values: list[Any] = [limit + 1]
    conditions = ["state = 'public'"]
    # Only the conditions that are asked for enter the statement, so that each list has its index.
    if policy_id is not None:
        values.append(policy_id)
        conditions.append(f"policy_id = ${len(values)}")
    if after is not None:
        values += after
        conditions.append(f"(published_on, id) < (${len(values) - 1}::date, ${len(values)}::uuid)")
    rows: Rows = await reads.fetch(
        f"""
        SELECT id, published_on, representation FROM interpretation WHERE {" AND ".join(conditions)}
        ORDER BY published_on DESC, id DESC LIMIT $1
        """,  # noqa: S608  # fragments are constants of this module, values are bound
        *values,
    )
    return rows


async def list_public_states(reads: Reads, ids: Sequence[UUID]) -> Rows:
    """Id, version and type of those that are public."""
    rows: Rows = await reads.fetch(
        """
        SELECT id, version, 'policy' AS type FROM policy WHERE id = ANY($1::uuid[]) AND state = 'public'
        UNION ALL
        SELECT id, version, 'interpretation' FROM interpretation WHERE id = ANY($1::uuid[]) AND state = 'public'
        UNION ALL
        SELECT id, version, kind FROM entry WHERE id = ANY($1::uuid[]) AND state = 'public'
        """,
        ids,
    )
    return rows


EXPORT = """
    SELECT '{"type":"policy","subject":"' || id || '","version":' || version || ',"hash":"' || trim(both '"' from etag)
           || '","data":' || convert_from(representation, 'UTF8') || '}' AS line
    FROM policy WHERE state = 'public'
    UNION ALL
    SELECT '{"type":"interpretation","subject":"' || id || '","version":' || version || ',"hash":"'
           || trim(both '"' from etag) || '","data":' || convert_from(representation, 'UTF8') || '}'
    FROM interpretation WHERE state = 'public'
    UNION ALL
    SELECT '{"type":"' || kind || '","subject":"' || id || '","version":' || version || ',"hash":"'
           || trim(both '"' from etag) || '","data":' || convert_from(representation, 'UTF8') || '}'
    FROM entry WHERE state = 'public'
"""
