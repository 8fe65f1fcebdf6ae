"""Statements on entries of every kind. No decisions.

Locks are taken policies first, then entries that point at policies only, then those that may point at other entries,
each after what it points at: so no two writers wait crosswise.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg

from services.policy_api.repository.reading import Reads, Rows

_COLUMNS = """
    id, kind, organization, organization_name, level, division_code, external_id, state, version, title, content,
    content_hash, supplement, published_on, status, representation, etag
"""
_OWN = (
    *("id", "kind", "organization", "organization_name", "organization_path", "level", "division_code", "external_id"),
    *("state", "version", "title", "content", "content_hash", "supplement", "published_on", "status", "next_change_on"),
    *("representation", "listing", "etag"),
)
_KEPT = ("id", "kind", "organization", "external_id")
_ORDER_OF_LOCKS = (
    "ORDER BY array_position(ARRAY['question', 'decision', 'evaluation', 'collection'], kind) NULLS FIRST, id"
)


async def lock_key(driver: asyncpg.Connection, kind: str, organization: str, external_id: str) -> None:
    """Let one at a time write what an organisation calls so, also when there is no row yet to lock."""
    await driver.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"entry {kind} {organization} {external_id}"
    )


async def find_by_key(driver: asyncpg.Connection, kind: str, organization: str, external_id: str) -> Any:
    """What an organisation calls so, unlocked; the caller holds the key. None when there is none."""
    return await driver.fetchrow(
        f"SELECT {_COLUMNS} FROM entry WHERE kind = $1 AND organization = $2 AND external_id = $3",  # noqa: S608  # constant
        kind,
        organization,
        external_id,
    )


async def find(reads: Reads, kind: str, entry_id: UUID) -> Any:
    """An entry whatever its state; None when there is none of that kind."""
    return await reads.fetchrow(f"SELECT {_COLUMNS} FROM entry WHERE id = $1 AND kind = $2", entry_id, kind)  # noqa: S608  # constant


async def lock(driver: asyncpg.Connection, ids: Iterable[UUID]) -> Rows:
    """These entries, held until the transaction ends."""
    rows: Rows = await driver.fetch(
        f"SELECT {_COLUMNS} FROM entry WHERE id = ANY($1::uuid[]) {_ORDER_OF_LOCKS} FOR UPDATE",  # noqa: S608  # constant
        sorted(set(ids)),
    )
    return rows


async def list_pointing_at(driver: asyncpg.Connection, targets: Sequence[UUID]) -> list[UUID]:
    """Public entries that point at one of these."""
    rows = await driver.fetch(
        """
        SELECT DISTINCT entry.id FROM entry_link JOIN entry ON entry.id = entry_link.entry_id
        WHERE entry_link.target_id = ANY($1::uuid[]) AND entry.state = 'public'
        """,
        targets,
    )
    return [row["id"] for row in rows]


async def list_links(reads: Reads, ids: Sequence[UUID]) -> Rows:
    """What these entries point at, in their order."""
    rows: Rows = await reads.fetch(
        """
        SELECT entry_id, target_kind, target_id, articles FROM entry_link WHERE entry_id = ANY($1::uuid[])
        ORDER BY entry_id, position
        """,
        ids,
    )
    return rows


async def list_shown(reads: Reads, ids: Sequence[UUID]) -> dict[tuple[str, UUID], bytes]:
    """By kind and id, what the public reads of these policies, interpretations and entries; only of public ones.

    Without the long texts of policies and entries.
    """
    rows = await reads.fetch(
        """
        SELECT 'policy' AS kind, id, listing FROM policy WHERE id = ANY($1::uuid[]) AND state = 'public'
        UNION ALL
        SELECT 'interpretation', id, representation FROM interpretation WHERE id = ANY($1::uuid[]) AND state = 'public'
        UNION ALL
        SELECT kind, id, listing FROM entry WHERE id = ANY($1::uuid[]) AND state = 'public'
        """,
        ids,
    )
    return {(row["kind"], row["id"]): row["listing"] for row in rows}


async def keep_replaced(driver: asyncpg.Connection, entry_id: UUID) -> None:
    """Keep what the public has seen until now as evidence, before it is replaced."""
    await driver.execute(
        """
        INSERT INTO rendering (subject, version, representation)
        SELECT id, version, representation FROM entry WHERE id = $1 AND representation IS NOT NULL
        ON CONFLICT DO NOTHING
        """,
        entry_id,
    )


async def upsert(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    """Insert an entry, or put a new content and representation in place of the old."""
    changes = ", ".join(f"{name} = excluded.{name}" for name in _OWN if name not in _KEPT)
    await driver.execute(
        f"""
        INSERT INTO entry ({", ".join(_OWN)}) VALUES ({", ".join(f"${n}" for n in range(1, len(_OWN) + 1))})
        ON CONFLICT (id) DO UPDATE SET {changes}, changed_at = now()
        """,  # noqa: S608  # names are constants of this module, values are bound
        *(row[name] for name in _OWN),
    )


async def write_links(
    driver: asyncpg.Connection, entry_id: UUID, kind: str, published_on: date, links: Sequence[Any]
) -> None:
    """Put (kind, id, articles) of each target in place of what the entry pointed at."""
    await driver.execute("DELETE FROM entry_link WHERE entry_id = $1", entry_id)
    await driver.executemany(
        """
        INSERT INTO entry_link (entry_id, position, target_kind, target_id, articles, entry_kind, published_on)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        [
            (entry_id, position, link.kind, link.id, list(link.articles), kind, published_on)
            for position, link in enumerate(links)
        ],
    )


async def store_rendered(driver: asyncpg.Connection, entry_id: UUID, row: dict[str, Any]) -> None:
    """Put a representation, and what it repeats, in place."""
    await driver.execute(
        """
        UPDATE entry SET version = $2, status = $3, next_change_on = $4, representation = $5, listing = $6, etag = $7,
               changed_at = now()
        WHERE id = $1
        """,
        entry_id,
        *(row[name] for name in ("version", "status", "next_change_on", "representation", "listing", "etag")),
    )


async def store_supplement(driver: asyncpg.Connection, entry_id: UUID, supplement: str | None) -> None:
    """What the service adds to the content; shown with the next rendering."""
    await driver.execute("UPDATE entry SET supplement = $2 WHERE id = $1", entry_id, supplement)


async def withdraw(driver: asyncpg.Connection, entry_id: UUID, *, version: int) -> None:
    """Take an entry out of public view. What the public saw is kept."""
    await driver.execute(
        """
        UPDATE entry SET state = 'withdrawn', version = $2, representation = NULL, listing = NULL, etag = NULL,
               status = NULL, next_change_on = NULL, changed_at = now()
        WHERE id = $1
        """,
        entry_id,
        version,
    )


async def list_due(driver: asyncpg.Connection, today: date, *, limit: int) -> list[UUID]:
    """Public entries whose representation a date has overtaken."""
    rows = await driver.fetch(
        """
        SELECT id FROM entry WHERE state = 'public' AND next_change_on <= $1 ORDER BY next_change_on, id LIMIT $2
        """,
        today,
        limit,
    )
    return [row["id"] for row in rows]


async def find_public(reads: Reads, kind: str, entry_id: UUID) -> Any:
    """Stored representation, ETag and the day it changes by itself; None unless public."""
    return await reads.fetchrow(
        "SELECT representation, etag, next_change_on FROM entry WHERE id = $1 AND kind = $2 AND state = 'public'",
        entry_id,
        kind,
    )


async def list_public(
    reads: Reads,
    kind: str,
    *,
    organization: str | None,
    status: str | None,
    policy_id: UUID | None,
    after: tuple[date, UUID] | None,
    limit: int,
) -> Rows:
    """Newest publication first, one more than `limit` when there are more."""
    values: list[Any] = [kind, limit + 1]

    def bind(value: Any) -> str:
        values.append(value)
        return f"${len(values)}"

    # Only the conditions that are asked for enter the statement, so that each list has its index.
    conditions = ["entry.kind = $1", "entry.state = 'public'"]
    source, place = "entry", "entry.published_on, entry.id"
    if policy_id is not None:
        # An entry may point at different parts of one policy; its first link stands for it.
        source = "entry_link JOIN entry ON entry.id = entry_link.entry_id"
        place = "entry_link.published_on, entry_link.entry_id"
        conditions += [f"entry_link.target_id = {bind(policy_id)}", "entry_link.entry_kind = $1"]
        conditions.append(
            "NOT EXISTS (SELECT FROM entry_link AS first WHERE first.entry_id = entry_link.entry_id"
            " AND first.target_id = entry_link.target_id AND first.position < entry_link.position)"
        )
    if organization is not None:
        conditions.append(f"entry.organization = {bind(organization)}")
    if status is not None:
        conditions.append(f"entry.status = {bind(status)}")
    if after is not None:
        conditions.append(f"({place}) < ({bind(after[0])}::date, {bind(after[1])}::uuid)")
    order = ", ".join(f"{column} DESC" for column in place.split(", "))
    rows: Rows = await reads.fetch(
        f"""
        SELECT entry.id, entry.published_on, entry.listing FROM {source} WHERE {" AND ".join(conditions)}
        ORDER BY {order} LIMIT $2
        """,  # noqa: S608  # fragments are constants of this module, values are bound
        *values,
    )
    return rows


async def list_linked_with(
    reads: Reads, target: UUID, *, after: tuple[str, date, UUID, int] | None, limit: int
) -> Rows:
    """What points at a policy or another subject, by kind, newest first; one more than `limit` when there are more.

    An interpretation's status says whether what it explains still holds.
    """
    values: list[Any] = [target, limit + 1]
    condition = explained = ""
    if after is not None:
        values += after
        explained = "AND ('interpretation', link.published_on, link.id, 0) < ($3, $4::date, $5, $6)"
        condition = "AND (link.entry_kind, link.published_on, link.entry_id, link.position) < ($3, $4::date, $5, $6)"
    rows: Rows = await reads.fetch(
        f"""
        SELECT kind, id, title, status, published_on, articles, position FROM (
            (SELECT link.entry_kind AS kind, entry.id, entry.title, entry.status, link.published_on, link.articles,
                    link.position
             FROM entry_link AS link JOIN entry ON entry.id = link.entry_id AND entry.state = 'public'
             WHERE link.target_id = $1 {condition}
             ORDER BY link.entry_kind DESC, link.published_on DESC, link.entry_id DESC, link.position DESC LIMIT $2)
            UNION ALL
            (SELECT 'interpretation', link.id, link.title,
                    CASE WHEN policy.validity IN ('repealed', 'lapsed') THEN 'flagged' ELSE 'current' END,
                    link.published_on, '{{}}', 0
             FROM interpretation AS link JOIN policy ON policy.id = link.policy_id
             WHERE link.policy_id = $1 AND link.state = 'public' {explained}
             ORDER BY link.published_on DESC, link.id DESC LIMIT $2)
        ) AS link ORDER BY kind DESC, published_on DESC, id DESC, position DESC LIMIT $2
        """,  # noqa: S608  # fragments are constants of this module, values are bound
        *values,
    )
    return rows
