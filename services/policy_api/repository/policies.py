"""Statements that write policies, their texts and relations, many rows at a time. No decisions.

They go through the driver: one statement a step for a whole chunk, whether the chunk is one document or two hundred.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

Rows = list[Any]


async def find_by_keys(driver: asyncpg.Connection, keys: Sequence[tuple[str, str]]) -> Rows:
    """The policies of these (organization, external_id) with all their versions' facts, unlocked."""
    rows: Rows = await driver.fetch(
        """
        SELECT policy.id, policy.organization, policy.external_id, policy.state, policy.version, policy.latest_number,
               policy.doc_no, policy.etag,
               EXISTS (SELECT FROM dossier WHERE policy_id = policy.id AND state <> 'released') AS in_dossier,
               (SELECT array_agg(ROW(number, content_hash, effective_on, released_at IS NOT NULL) ORDER BY number)
                FROM policy_version WHERE policy_id = policy.id) AS texts
        FROM policy JOIN unnest($1::text[], $2::text[]) AS key(organization, external_id)
          ON policy.organization = key.organization AND policy.external_id = key.external_id
        """,
        [organization for organization, _ in keys],
        [external_id for _, external_id in keys],
    )
    return rows


async def find_by_doc_nos(driver: asyncpg.Connection, doc_nos: Sequence[str]) -> Rows:
    """Who holds these document numbers."""
    rows: Rows = await driver.fetch(
        """
        SELECT doc_no, id, organization, external_id, organization_path, state FROM policy WHERE doc_no = ANY($1::text[])
        """,
        doc_nos,
    )
    return rows


async def find_claims(driver: asyncpg.Connection, numbers: Sequence[str], policies: Sequence[UUID]) -> Rows:
    """Whose these numbers are, and all numbers of these policies."""
    rows: Rows = await driver.fetch(
        """
        SELECT claimed.number, claimed.policy_id, policy.organization, policy.external_id
        FROM claimed_number AS claimed JOIN policy ON policy.id = claimed.policy_id
        WHERE claimed.number = ANY($1::text[]) OR claimed.policy_id = ANY($2::uuid[])
        """,
        numbers,
        policies,
    )
    return rows


async def release_numbers(driver: asyncpg.Connection, kept: Sequence[tuple[UUID, str]], ids: Sequence[UUID]) -> None:
    """Give back the numbers of these policies that neither `kept` nor any text that was public carries."""
    await driver.execute(
        """
        DELETE FROM claimed_number AS claimed
        WHERE claimed.policy_id = ANY($3::uuid[])
          AND (claimed.policy_id, claimed.number) NOT IN (SELECT * FROM unnest($1::uuid[], $2::text[]))
          AND NOT EXISTS (SELECT FROM policy_version AS version
                          WHERE version.policy_id = claimed.policy_id AND version.released_at IS NOT NULL
                            AND claimed.number IN (version.content::json ->> 'doc_no', version.content::json ->> 'reg_no'))
        """,
        [policy_id for policy_id, _ in kept],
        [number for _, number in kept],
        ids,
    )


async def find_by_ids(driver: asyncpg.Connection | asyncpg.Pool, ids: Iterable[UUID]) -> Rows:
    """Identity and place of these policies."""
    rows: Rows = await driver.fetch(
        "SELECT id, doc_no, title, organization, organization_path, external_id, state FROM policy WHERE id = ANY($1::uuid[])",
        list(ids),
    )
    return rows


async def lock(driver: asyncpg.Connection, ids: Iterable[UUID]) -> None:
    """Hold these policies until the transaction ends; always in the order of their ids, so that no two wait crosswise."""
    await driver.execute("SELECT FROM policy WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE", sorted(set(ids)))


_IDENTITY = ("id", "organization", "organization_name", "path", "level", "division_code", "external_id")
_RENDERED = (
    *("version", "title", "doc_no", "doc_class", "kind", "theme", "subtheme", "issuers", "year", "published_on"),
    *("effective_on", "expires_on", "repealed_on", "next_change_on", "representation", "listing", "etag"),
    "validity",
)


async def lock_keys(driver: asyncpg.Connection, keys: Sequence[tuple[str, str]]) -> None:
    """Hold the policies of these (organization, external_id), in the order of their ids."""
    await driver.execute(
        """
        SELECT FROM policy WHERE (organization, external_id) IN (SELECT * FROM unnest($1::text[], $2::text[]))
        ORDER BY id FOR UPDATE
        """,
        [organization for organization, _ in keys],
        [external_id for _, external_id in keys],
    )


async def insert_policies(driver: asyncpg.Connection, rows: Sequence[dict[str, Any]]) -> set[UUID]:
    """Insert drafts and, where a row is rendered already, public policies; returns the ids that went in.

    One that is missing lost a race for its key or number.
    """
    inserted = await driver.fetch(
        """
        INSERT INTO policy (id, organization, organization_name, organization_path, level, division_code, external_id,
                            state, latest_number, version, title, doc_no, doc_class, kind, theme, subtheme, issuers, year,
                            published_on, effective_on, expires_on, repealed_on, next_change_on, representation, listing,
                            etag, validity)
        SELECT id, organization, organization_name, string_to_array(path, ','), level, division_code, external_id,
               CASE WHEN representation IS NULL THEN 'draft' ELSE 'public' END, 1, version, title, doc_no, doc_class, kind,
               theme, subtheme, string_to_array(issuers, E'\\x1f'), year, published_on, effective_on, expires_on,
               repealed_on, next_change_on, representation, listing, etag, validity
        FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[],
                    $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[],
                    $16::bigint[], $17::date[], $18::date[], $19::date[], $20::date[], $21::date[], $22::bytea[],
                    $23::bytea[], $24::text[], $25::text[])
          AS new(id, organization, organization_name, path, level, division_code, external_id, version, title, doc_no,
                 doc_class, kind, theme, subtheme, issuers, year, published_on, effective_on, expires_on, repealed_on,
                 next_change_on, representation, listing, etag, validity)
        ON CONFLICT DO NOTHING RETURNING id
        """,
        *(_column(rows, name) for name in (*_IDENTITY, *_RENDERED)),
    )
    return {row["id"] for row in inserted}


def _column(rows: Sequence[dict[str, Any]], name: str) -> list[Any]:
    """One parameter of `unnest`; a list inside it travels as text."""
    if name == "issuers":
        return ["\x1f".join(row.get(name, ())) for row in rows]
    return [row.get(name) for row in rows]


async def insert_versions(
    driver: asyncpg.Connection, rows: Sequence[dict[str, Any]], claims: Sequence[tuple[str, UUID]]
) -> int:
    """Append texts and claim the new numbers that they carry; returns how many numbers were free.

    Texts are never changed; only `release_version` and `supersede` add to a row, once.
    """
    claimed = await driver.fetch(
        """
        WITH texts AS (
            INSERT INTO policy_version (policy_id, number, content, content_hash, label, adopted_on, effective_on,
                                        instrument, published_on, released_at, recorded_by, recorded_at)
            SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::date[], $7::date[],
                                 $8::text[], $9::date[], $10::timestamptz[], $11::text[], $12::timestamptz[])
        )
        INSERT INTO claimed_number (number, policy_id) SELECT * FROM unnest($13::text[], $14::uuid[])
        ON CONFLICT DO NOTHING RETURNING number
        """,
        *(
            [row[name] for row in rows]
            for name in (
                *("policy_id", "number", "content", "content_hash", "label", "adopted_on", "effective_on"),
                *("instrument", "published_on", "released_at", "recorded_by", "recorded_at"),
            )
        ),
        [number for number, _ in claims],
        [policy_id for _, policy_id in claims],
    )
    return len(claimed)


async def supersede(driver: asyncpg.Connection, days: Sequence[tuple[UUID, date | None]], *, at: datetime) -> None:
    """Note that the public text of each of these policies and effective days is about to be taken over."""
    await driver.execute(
        """
        UPDATE policy_version SET superseded_at = $3
        FROM unnest($1::uuid[], $2::date[]) AS taken(policy_id, effective_on)
        WHERE policy_version.policy_id = taken.policy_id AND policy_version.effective_on = taken.effective_on
          AND released_at IS NOT NULL AND superseded_at IS NULL
        """,
        [policy_id for policy_id, _ in days],
        [day for _, day in days],
        at,
    )


async def bump_latest(driver: asyncpg.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Note the newest text's number, and its document number and title while the policy is a draft."""
    await driver.execute(
        """
        UPDATE policy SET latest_number = new.number, changed_at = now(),
               organization_name = new.organization_name, organization_path = string_to_array(new.path, ','),
               doc_no = CASE WHEN state = 'draft' THEN new.doc_no ELSE policy.doc_no END,
               title = CASE WHEN state = 'draft' THEN new.title ELSE policy.title END
        FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[])
          AS new(id, number, doc_no, title, organization_name, path)
        WHERE policy.id = new.id
        """,
        *([row[name] for row in rows] for name in ("id", "number", "doc_no", "title", "organization_name", "path")),
    )


async def release_version(
    driver: asyncpg.Connection,
    policy_id: UUID,
    number: int,
    *,
    published_on: date,
    effective_on: date,
    released_at: datetime,
    dossier_id: UUID | None,
) -> bool:
    """Make a text public, once; False when it is already."""
    done = await driver.fetchval(
        """
        UPDATE policy_version SET published_on = $3, effective_on = coalesce(effective_on, $4), released_at = $5,
               dossier_id = $6
        WHERE policy_id = $1 AND number = $2 AND released_at IS NULL RETURNING true
        """,
        policy_id,
        number,
        published_on,
        effective_on,
        released_at,
        dossier_id,
    )
    return bool(done)


async def load_version(driver: asyncpg.Connection | asyncpg.Pool, policy_id: UUID, number: int) -> Any:
    """One text with its content, released or not; None when there is none of that number."""
    return await driver.fetchrow(
        """
        SELECT number, content, content_hash, label, adopted_on, effective_on, instrument, published_on, released_at,
               dossier_id, recorded_by, recorded_at
        FROM policy_version WHERE policy_id = $1 AND number = $2
        """,
        policy_id,
        number,
    )


async def list_last_days(driver: asyncpg.Connection, ids: Sequence[UUID]) -> dict[UUID, date]:
    """The first day of the last public text of each of these policies, in force or to come."""
    rows = await driver.fetch(
        """
        SELECT policy_id, max(effective_on) AS day FROM policy_version
        WHERE policy_id = ANY($1::uuid[]) AND released_at IS NOT NULL GROUP BY policy_id
        """,
        ids,
    )
    return {row["policy_id"]: row["day"] for row in rows}


async def delete_relations(driver: asyncpg.Connection, sources: Sequence[UUID]) -> Rows:
    """Forget what these policies said of others; returns it."""
    rows: Rows = await driver.fetch(
        """
        DELETE FROM relation WHERE source_id = ANY($1::uuid[])
        RETURNING source_id, type, target_id, target_doc_no, target_title, effective_on
        """,
        sources,
    )
    return rows


async def begin_relations_earlier(
    driver: asyncpg.Connection, source: UUID, relations: Sequence[dict[str, Any]], day: date
) -> set[UUID]:
    """Date relations back that an earlier text says already; returns whom they speak of."""
    rows = await driver.fetch(
        """
        UPDATE relation SET effective_on = $5
        FROM unnest($2::text[], $3::uuid[], $4::text[]) AS said(type, target_id, target_doc_no)
        WHERE source_id = $1 AND relation.type = said.type AND coalesce(relation.effective_on, $5) >= $5
          AND (relation.target_id = said.target_id OR relation.target_doc_no = said.target_doc_no)
        RETURNING relation.target_id
        """,
        source,
        [str(relation["type"]) for relation in relations],
        [relation["target_id"] and UUID(str(relation["target_id"])) for relation in relations],
        [relation["target_doc_no"] for relation in relations],
        day,
    )
    return {row["target_id"] for row in rows if row["target_id"] is not None}


async def insert_relations(driver: asyncpg.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Store relations of public policies, resolved where the target is known."""
    await driver.executemany(
        """
        INSERT INTO relation (source_id, position, type, target_id, target_doc_no, target_title, articles, effective_on,
                              until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        [
            (
                *(row["source_id"], row["position"], row["type"], row["target_id"], row["target_doc_no"]),
                *(row["target_title"], row["articles"], row["effective_on"], row["until"]),
            )
            for row in rows
        ],
    )


async def list_pending_sources(driver: asyncpg.Connection, doc_nos: Sequence[str]) -> set[UUID]:
    """Policies whose relations wait for one of these numbers."""
    rows = await driver.fetch(
        "SELECT DISTINCT source_id FROM relation WHERE target_id IS NULL AND target_doc_no = ANY($1::text[])", doc_nos
    )
    return {row["source_id"] for row in rows}


async def bind_pending(driver: asyncpg.Connection, ids: Sequence[UUID], changing: Sequence[str]) -> set[UUID]:
    """Bind waiting relations to these policies by number; returns the policies that gained a link, both sides.

    A relation of a type in `changing` binds only when the acting organisation stands at or above the target's.
    """
    rows = await driver.fetch(
        """
        UPDATE relation SET target_id = target.id
        FROM policy AS target, policy AS source
        WHERE relation.target_id IS NULL AND relation.target_doc_no = target.doc_no AND source.id = relation.source_id
          AND target.id = ANY($1::uuid[]) AND target.state = 'public' AND target.id <> source.id
          AND (relation.type <> ALL($2::text[]) OR source.organization = ANY(target.organization_path))
        RETURNING relation.source_id, relation.target_id
        """,
        ids,
        changing,
    )
    return {row["source_id"] for row in rows} | {row["target_id"] for row in rows}


async def list_bindable(driver: asyncpg.Connection, changing: Sequence[str], *, limit: int) -> set[UUID]:
    """Public policies that a waiting relation names by number: those that met while both were being written."""
    rows = await driver.fetch(
        """
        SELECT DISTINCT target.id FROM relation
        JOIN policy AS target ON target.doc_no = relation.target_doc_no
        JOIN policy AS source ON source.id = relation.source_id
        WHERE relation.target_id IS NULL AND target.state = 'public' AND target.id <> source.id
          AND (relation.type <> ALL($1::text[]) OR source.organization = ANY(target.organization_path))
        LIMIT $2
        """,
        changing,
        limit,
    )
    return {row["id"] for row in rows}


async def list_named_alone(driver: asyncpg.Connection, changing: Sequence[str], *, limit: int) -> Rows:
    """Waiting relations that name a title which just one public policy has: (source_id, position, target_id)."""
    rows: Rows = await driver.fetch(
        """
        SELECT relation.source_id, relation.position, (array_agg(target.id))[1] AS target_id FROM relation
        JOIN policy AS target ON target.title = relation.target_title AND target.state = 'public'
        WHERE relation.target_id IS NULL AND relation.target_doc_no IS NULL AND relation.target_title IS NOT NULL
          AND relation.type <> ALL($1::text[])
        GROUP BY relation.source_id, relation.position
        HAVING count(*) = 1 AND (array_agg(target.id))[1] <> relation.source_id
        LIMIT $2
        """,
        changing,
        limit,
    )
    return rows


async def bind_named(driver: asyncpg.Connection, found: Sequence[Any]) -> set[UUID]:
    """Bind these where they still wait and their target is still public; returns both sides of what was bound."""
    rows = await driver.fetch(
        """
        UPDATE relation SET target_id = target.id
        FROM unnest($1::uuid[], $2::bigint[], $3::uuid[]) AS found(source_id, position, target_id)
        JOIN policy AS target ON target.id = found.target_id
        WHERE relation.source_id = found.source_id AND relation.position = found.position
          AND relation.target_id IS NULL AND relation.target_title = target.title AND target.state = 'public'
        RETURNING relation.source_id, relation.target_id
        """,
        *([row[name] for row in found] for name in ("source_id", "position", "target_id")),
    )
    return {row["source_id"] for row in rows} | {row["target_id"] for row in rows}


async def load_facts(driver: asyncpg.Connection | asyncpg.Pool, ids: Sequence[UUID]) -> Rows:
    """What rendering needs of these policies besides a content: row, released texts, relations, interpretations."""
    rows: Rows = await driver.fetch(
        """
        SELECT policy.id, policy.state, policy.version, policy.organization, policy.organization_name, policy.external_id,
               policy.level, policy.division_code, policy.representation, policy.title, policy.doc_no, policy.etag,
               policy.withdrawal,
               (SELECT array_agg(ROW(number, label, adopted_on, effective_on, instrument, content_hash, published_on)
                                 ORDER BY number)
                FROM policy_version WHERE policy_id = policy.id AND released_at IS NOT NULL) AS texts,
               (SELECT array_agg(ROW(relation.type, target.id, coalesce(target.title, relation.target_title),
                                     coalesce(target.doc_no, relation.target_doc_no), relation.articles,
                                     coalesce(relation.effective_on, policy.effective_on), relation.until)
                                 ORDER BY relation.position)
                FROM relation LEFT JOIN policy AS target ON target.id = relation.target_id AND target.state = 'public'
                WHERE relation.source_id = policy.id) AS outgoing,
               (SELECT array_agg(ROW(relation.type, source.id, source.title, source.doc_no, relation.articles,
                                     coalesce(relation.effective_on, source.effective_on), relation.until)
                                 ORDER BY source.published_on, source.id, relation.position)
                FROM relation JOIN policy AS source ON source.id = relation.source_id AND source.state = 'public'
                WHERE relation.target_id = policy.id) AS incoming,
               (SELECT array_agg(ROW(id, title, form, stage, published_on) ORDER BY published_on, id)
                FROM interpretation WHERE policy_id = policy.id AND state = 'public') AS interpretations
        FROM policy WHERE id = ANY($1::uuid[])
        """,
        ids,
    )
    return rows


async def load_contents(
    driver: asyncpg.Connection | asyncpg.Pool, wanted: Sequence[tuple[UUID, int]]
) -> dict[tuple[UUID, int], str]:
    """Contents by policy and number."""
    rows = await driver.fetch(
        """
        SELECT policy_id, number, content FROM policy_version
        JOIN unnest($1::uuid[], $2::bigint[]) AS wanted(id, n) ON policy_id = id AND number = n
        """,
        [policy_id for policy_id, _ in wanted],
        [number for _, number in wanted],
    )
    return {(row["policy_id"], row["number"]): row["content"] for row in rows}


async def keep_replaced(driver: asyncpg.Connection, ids: Sequence[UUID]) -> None:
    """Keep what the public has seen until now as evidence, before it is replaced."""
    await driver.execute(
        """
        INSERT INTO rendering (subject, version, representation)
        SELECT id, version, representation FROM policy WHERE id = ANY($1::uuid[]) AND representation IS NOT NULL
        ON CONFLICT DO NOTHING
        """,
        ids,
    )


async def store_rendered(driver: asyncpg.Connection, rows: Sequence[dict[str, Any]]) -> int:
    """Put representations and what they repeat for filters in place; the policies are public from here on.

    Returns how many were still at the version before: one that is missing was rendered by somebody else. A number that
    another has taken since it was announced stays theirs: a date that passes must not fail.
    """
    stored = await driver.fetch(
        """
        UPDATE policy SET state = 'public', version = new.version, title = new.title,
               doc_no = CASE WHEN EXISTS (SELECT FROM policy AS other WHERE other.doc_no = new.doc_no
                                          AND other.id <> policy.id) THEN policy.doc_no ELSE new.doc_no END,
               doc_class = new.doc_class, kind = new.kind, theme = new.theme, subtheme = new.subtheme,
               issuers = string_to_array(new.issuers, E'\\x1f'), year = new.year, published_on = new.published_on,
               effective_on = new.effective_on, expires_on = new.expires_on, repealed_on = new.repealed_on,
               next_change_on = new.next_change_on, representation = new.representation, listing = new.listing,
               etag = new.etag, validity = new.validity, changed_at = now()
        FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                    $9::text[], $10::bigint[], $11::date[], $12::date[], $13::date[], $14::date[], $15::date[],
                    $16::bytea[], $17::bytea[], $18::text[], $19::text[])
          AS new(id, version, title, doc_no, doc_class, kind, theme, subtheme, issuers, year, published_on, effective_on,
                 expires_on, repealed_on, next_change_on, representation, listing, etag, validity)
        WHERE policy.id = new.id AND policy.version = new.version - 1 RETURNING policy.id
        """,
        *(_column(rows, name) for name in ("id", *_RENDERED)),
    )
    return len(stored)


async def put_banner(driver: asyncpg.Connection, policy_id: UUID, withdrawal: str) -> None:
    """Keep the warning under which a policy stays public; shown with its next rendering."""
    await driver.execute("UPDATE policy SET withdrawal = $2 WHERE id = $1", policy_id, withdrawal)


async def withdraw(driver: asyncpg.Connection, policy_id: UUID, *, version: int, withdrawal: str) -> None:
    """Take a policy out of public view and free its numbers. Its texts and what the public saw are kept."""
    await driver.execute("DELETE FROM claimed_number WHERE policy_id = $1", policy_id)
    await driver.execute(
        """
        UPDATE policy SET state = 'withdrawn', version = $2, representation = NULL, listing = NULL, etag = NULL,
               doc_no = NULL, next_change_on = NULL, withdrawal = $3, changed_at = now()
        WHERE id = $1
        """,
        policy_id,
        version,
        withdrawal,
    )


async def list_due(driver: asyncpg.Connection, today: date, *, limit: int) -> list[UUID]:
    """Public policies whose representation a date has overtaken."""
    rows = await driver.fetch(
        """
        SELECT id FROM policy WHERE state = 'public' AND next_change_on <= $1 ORDER BY next_change_on, id LIMIT $2
        """,
        today,
        limit,
    )
    return [row["id"] for row in rows]
