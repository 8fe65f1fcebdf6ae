"""Statements of the patrol. No decisions."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.catalog_api.repository.catalogs import Reads, Rows

FINDING = (
    *("id", "organization", "publication_id", "kind", "rule", "severity", "excerpt", "action", "fingerprint"),
    "found_at",
)


async def keep_word_list(driver: asyncpg.Connection, name: str, row: dict[str, Any]) -> int:
    """A list as it is now; its version."""
    version: int = await driver.fetchval(
        """
        INSERT INTO word_list (name, title, severity, words, version) VALUES ($1, $2, $3, $4, 1)
        ON CONFLICT (name) DO UPDATE SET title = excluded.title, severity = excluded.severity, words = excluded.words,
            version = word_list.version + 1
        RETURNING version
        """,
        *(name, row["title"], row["severity"], row["words"]),
    )
    return version


async def drop_word_list(driver: asyncpg.Connection, name: str) -> bool:
    return bool(await driver.fetchval("DELETE FROM word_list WHERE name = $1 RETURNING true", name))


async def list_word_lists(reads: Reads) -> Rows:
    rows: Rows = await reads.fetch("SELECT * FROM word_list ORDER BY name")
    return rows


async def keep_retention_rule(driver: asyncpg.Connection, name: str, row: dict[str, Any]) -> int:
    """A rule as it is now; its version."""
    version: int = await driver.fetchval(
        """
        INSERT INTO retention_rule (name, title, item_id, domain, days, action, basis, version)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 1)
        ON CONFLICT (name) DO UPDATE SET title = excluded.title, item_id = excluded.item_id, domain = excluded.domain,
            days = excluded.days, action = excluded.action, basis = excluded.basis, version = retention_rule.version + 1
        RETURNING version
        """,
        *(name, row["title"], row["item"], row["domain"], row["days"], row["action"], row["basis"]),
    )
    return version


async def drop_retention_rule(driver: asyncpg.Connection, name: str) -> bool:
    return bool(await driver.fetchval("DELETE FROM retention_rule WHERE name = $1 RETURNING true", name))


async def list_retention_rules(reads: Reads) -> Rows:
    rows: Rows = await reads.fetch("SELECT * FROM retention_rule ORDER BY name")
    return rows


async def count_change(driver: asyncpg.Connection) -> None:
    """The lists are others now."""
    await driver.execute(
        """
        INSERT INTO patrol_rules (single, changes) VALUES (true, 1)
        ON CONFLICT (single) DO UPDATE SET changes = patrol_rules.changes + 1
        """
    )


async def read_changes(reads: Reads) -> int:
    return int(await reads.fetchval("SELECT changes FROM patrol_rules") or 0)


async def lock_unscanned(driver: asyncpg.Connection, *, rules: int, limit: int) -> Rows:
    """Public publications that these rules have not looked at, held."""
    rows: Rows = await driver.fetch(
        """
        SELECT id, organization, content, version FROM publication WHERE state = 'public' AND scanned_with < $1
        ORDER BY scanned_with, id LIMIT $2 FOR UPDATE SKIP LOCKED
        """,
        *(rules, limit),
    )
    return rows


async def note_scanned(driver: asyncpg.Connection, ids: Sequence[UUID], *, rules: int) -> None:
    await driver.execute("UPDATE publication SET scanned_with = $2 WHERE id = ANY($1)", list(ids), rules)


async def keep_findings(driver: asyncpg.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """New ones; one that was said to be fixed, or had gone, is open again."""
    await driver.executemany(
        f"""
        INSERT INTO finding ({", ".join(FINDING)}, version)
        VALUES ({", ".join(f"${number}" for number in range(1, len(FINDING) + 1))}, 1)
        ON CONFLICT (publication_id, fingerprint) DO UPDATE SET excerpt = excluded.excerpt, severity = excluded.severity,
            rule = excluded.rule, found_at = excluded.found_at, decision = NULL, note = NULL, decided_by = NULL,
            decided_at = NULL, gone_on = NULL, version = finding.version + 1
        WHERE finding.gone_on IS NOT NULL OR finding.decision = 'fixed'
        """,  # noqa: S608  # columns are a constant
        [tuple(row[name] for name in FINDING) for row in rows],
    )


async def end_findings(
    driver: asyncpg.Connection, present: Sequence[tuple[UUID, list[bytes]]], *, kinds: Sequence[str], on: date
) -> None:
    """Findings of these publications that were not found again are there no more."""
    await driver.executemany(
        """
        UPDATE finding SET gone_on = $4, version = version + 1
        WHERE publication_id = $1 AND gone_on IS NULL AND kind = ANY($3) AND NOT fingerprint = ANY($2::bytea[])
        """,
        [(publication, found, list(kinds), on) for publication, found in present],
    )


async def end_all_findings(driver: asyncpg.Connection, publication_id: UUID, *, but: UUID | None) -> None:
    """What was taken down holds nothing any more."""
    await driver.execute(
        """
        UPDATE finding SET gone_on = (now() AT TIME ZONE 'Asia/Shanghai')::date, version = version + 1
        WHERE publication_id = $1 AND gone_on IS NULL AND decision IS NULL AND id IS DISTINCT FROM $2
        """,
        publication_id,
        but,
    )


async def end_expired(driver: asyncpg.Connection, *, today: date) -> None:
    """Notices whose last day was moved are past it no more."""
    await driver.execute(
        """
        UPDATE finding SET gone_on = $1, version = finding.version + 1 FROM publication
        WHERE finding.publication_id = publication.id AND finding.kind = 'expired' AND finding.gone_on IS NULL
          AND (publication.expires_on IS NULL OR publication.expires_on >= $1)
        """,
        today,
    )


async def list_expired(reads: Reads, *, today: date, limit: int) -> Rows:
    """Public notices past their last day without a finding of it."""
    rows: Rows = await reads.fetch(
        """
        SELECT id, organization, expires_on FROM publication
        WHERE state = 'public' AND expires_on < $1
          AND NOT EXISTS (SELECT FROM finding WHERE publication_id = publication.id AND kind = 'expired'
                          AND gone_on IS NULL AND decision IS DISTINCT FROM 'fixed')
        ORDER BY expires_on, id LIMIT $2
        """,
        *(today, limit),
    )
    return rows


async def list_retained(reads: Reads, *, today: date, limit: int) -> Rows:
    """What has been public longer than a rule lets it, without a finding of that rule."""
    rows: Rows = await reads.fetch(
        """
        SELECT publication.id, publication.organization, publication.published_on, rule.name, rule.title, rule.action,
               rule.days
        FROM retention_rule AS rule JOIN publication
          ON publication.state = 'public' AND publication.published_on + rule.days::int < $1
         AND (rule.item_id IS NULL OR rule.item_id = publication.item_id)
         AND (rule.domain IS NULL OR rule.domain = (SELECT domain FROM item WHERE item.id = publication.item_id))
        WHERE NOT EXISTS (
            SELECT FROM finding WHERE publication_id = publication.id AND kind = 'retention' AND finding.rule = rule.name
               AND gone_on IS NULL AND decision IS DISTINCT FROM 'fixed'
        )
        ORDER BY publication.id, rule.name LIMIT $2
        """,
        *(today, limit),
    )
    return rows


async def list_links(reads: Reads, *, checked_before: date, hosts: Sequence[str], limit: int) -> Rows:
    """Public addresses on these hosts that were not asked since then."""
    rows: Rows = await reads.fetch(
        """
        SELECT id, organization, url FROM publication
        WHERE state = 'public' AND url IS NOT NULL AND link_checked_on < $1
          AND lower(substring(url FROM '^https?://([^/:?#]+)')) = ANY($2)
        ORDER BY link_checked_on, id LIMIT $3
        """,
        *(checked_before, list(hosts), limit),
    )
    return rows


async def note_links(driver: asyncpg.Connection, ids: Sequence[UUID], *, on: date) -> None:
    await driver.execute("UPDATE publication SET link_checked_on = $2 WHERE id = ANY($1)", list(ids), on)


async def list_findings(
    reads: Reads,
    organizations: Sequence[str],
    *,
    state: str,
    kind: str | None,
    after: UUID | None,
    limit: int,
) -> Rows:
    """Newest first; one more than `limit` when there are more."""
    rows: Rows = await reads.fetch(
        f"""
        SELECT finding.*, publication.representation FROM finding JOIN publication ON publication.id = publication_id
        WHERE finding.organization = ANY($1) AND {_STATES[state]} AND ($2::text IS NULL OR kind = $2)
          AND ($3::uuid IS NULL OR finding.id < $3)
        ORDER BY finding.id DESC LIMIT $4
        """,  # noqa: S608  # states are constants of this module
        *(list(organizations), kind, after, limit + 1),
    )
    return rows


_STATES = {
    "open": "decision IS NULL AND gone_on IS NULL",
    "decided": "decision IS NOT NULL AND gone_on IS NULL",
    "gone": "gone_on IS NOT NULL",
}


async def find_finding(reads: Reads, finding_id: UUID, *, lock: bool = False) -> Any:
    return await reads.fetchrow(
        f"""
        SELECT finding.*, publication.representation FROM finding JOIN publication ON publication.id = publication_id
        WHERE finding.id = $1 {"FOR UPDATE OF finding" if lock else ""}
        """,  # noqa: S608  # one of two constants
        finding_id,
    )


async def decide(
    driver: asyncpg.Connection, finding_id: UUID, *, decision: str, note: str, by: str, at: datetime
) -> None:
    await driver.execute(
        """
        UPDATE finding SET decision = $2, note = $3, decided_by = $4, decided_at = $5, version = version + 1
        WHERE id = $1
        """,
        *(finding_id, decision, note, by, at),
    )
