"""Statements that answer readers. No decisions, no writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
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


async def find_owner(reads: Reads, policy_id: UUID) -> Any:
    """Organisation, state and newest text's number of a policy, public or not."""
    return await reads.fetchrow("SELECT organization, state, latest_number FROM policy WHERE id = $1", policy_id)


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
    rows: Rows = await reads.fetch(
        """
        SELECT id, published_on, representation FROM interpretation
        WHERE state = 'public' AND ($1::uuid IS NULL OR policy_id = $1)
          AND ($2::date IS NULL OR (published_on, id) < ($2, $3::uuid))
        ORDER BY published_on DESC, id DESC LIMIT $4
        """,
        policy_id,
        after[0] if after else None,
        after[1] if after else None,
        limit + 1,
    )
    return rows


async def list_public_states(reads: Reads, ids: Sequence[UUID]) -> Rows:
    """Id, version and type of those that are public."""
    rows: Rows = await reads.fetch(
        """
        SELECT id, version, 'policy' AS type FROM policy WHERE id = ANY($1::uuid[]) AND state = 'public'
        UNION ALL
        SELECT id, version, 'interpretation' FROM interpretation WHERE id = ANY($1::uuid[]) AND state = 'public'
        """,
        ids,
    )
    return rows


@dataclass(frozen=True)
class PolicyFilter:
    """What a list is narrowed to; None does not narrow."""

    organization: str | None = None
    issuer: str | None = None
    level: str | None = None
    kind: str | None = None
    doc_class: str | None = None
    theme: str | None = None
    subtheme: str | None = None
    year: int | None = None
    status: str | None = None
    doc_no: str | None = None


_EQUAL = ("organization", "level", "kind", "doc_class", "theme", "subtheme", "year")
# The same as rules.validity.validity_on, for an index to answer; a test compares the two.
_NOT_REPEALED = "(repealed_on IS NULL OR repealed_on > {today})"
_STATUS = {
    "repealed": "repealed_on <= {today} AND (repealed_on IS NOT NULL) = true",
    "not_yet": f"effective_on > {{today}} AND {_NOT_REPEALED}",
    "lapsed": f"expires_on < {{today}} AND effective_on <= {{today}} AND {_NOT_REPEALED}",
    "in_force": f"effective_on <= {{today}} AND (expires_on IS NULL OR expires_on >= {{today}}) AND {_NOT_REPEALED}",
}


async def list_public(
    reads: Reads, wanted: PolicyFilter, *, today: date, after: tuple[date, UUID] | None, limit: int
) -> Rows:
    """Listings, newest publication first, one more than `limit` when there are more.

    Only the conditions that are asked for enter the statement, so that each has its index.
    """
    values: list[Any] = []

    def bind(value: Any) -> str:
        values.append(value)
        return f"${len(values)}"

    conditions = ["state = 'public'"]
    conditions += [f"{name} = {bind(getattr(wanted, name))}" for name in _EQUAL if getattr(wanted, name) is not None]
    if wanted.issuer is not None:
        conditions.append(f"issuers @> ARRAY[{bind(wanted.issuer)}::text]")
    if wanted.doc_no is not None:
        pattern = wanted.doc_no.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
        conditions.append(f"doc_no LIKE {bind('%' + pattern + '%')}")
    if wanted.status is not None:
        conditions.append(_STATUS[wanted.status].format(today=f"{bind(today)}::date"))
    if after is not None:
        conditions.append(f"(published_on, id) < ({bind(after[0])}::date, {bind(after[1])}::uuid)")
    rows: Rows = await reads.fetch(
        f"""
        SELECT id, published_on, listing, next_change_on FROM policy WHERE {" AND ".join(conditions)}
        ORDER BY published_on DESC, id DESC LIMIT {bind(limit + 1)}
        """,  # noqa: S608  # fragments are constants of this module, values are bound
        *values,
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
"""
