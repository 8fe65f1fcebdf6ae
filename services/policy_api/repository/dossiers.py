"""Statements on dossiers, their acts and their materials. No decisions."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic_core import to_json

Rows = list[Any]


async def load(driver: asyncpg.Connection, dossier_id: UUID, *, lock: bool = False) -> Any:
    """The dossier's row, held until the transaction ends when `lock`; None when there is none."""
    suffix = " FOR UPDATE" if lock else ""
    return await driver.fetchrow(f"SELECT * FROM dossier WHERE id = $1{suffix}", dossier_id)  # noqa: S608  # constants


async def find_organization(reads: asyncpg.Pool, dossier_id: UUID) -> str | None:
    """Whose dossier it is. That never changes."""
    organization: str | None = await reads.fetchval("SELECT organization FROM dossier WHERE id = $1", dossier_id)
    return organization


async def find_open(driver: asyncpg.Connection, policy_id: UUID) -> UUID | None:
    """The dossier that carries this policy and is not released yet."""
    found: UUID | None = await driver.fetchval(
        "SELECT id FROM dossier WHERE policy_id = $1 AND state <> 'released'", policy_id
    )
    return found


async def load_policy(driver: asyncpg.Connection, policy_id: UUID) -> Any:
    """What a dossier needs of its policy; None when there is none."""
    return await driver.fetchrow(
        """
        SELECT id, organization, organization_name, external_id, level, state, latest_number, doc_no, title, representation
        FROM policy WHERE id = $1
        """,
        policy_id,
    )


async def insert(driver: asyncpg.Connection, row: dict[str, Any]) -> bool:
    """Open a dossier; False when the policy has an open one already."""
    done = await driver.fetchval(
        """
        INSERT INTO dossier (id, policy_id, organization, state, version, drafting_units, handles_applications, created_at)
        VALUES ($1, $2, $3, 'draft', 0, $4, $5, $6) ON CONFLICT (policy_id) WHERE state <> 'released' DO NOTHING
        RETURNING true
        """,
        *(row["id"], row["policy_id"], row["organization"], row["drafting_units"], row["handles_applications"]),
        row["created_at"],
    )
    return bool(done)


_COLUMNS = frozenset(
    {
        *("state", "plan", "plan_hash", "plan_created_at", "exemption", "exemption_hash", "consultation", "feedback"),
        *("submitted_at", "released_at", "published_on", "version_number"),
    }
)


async def update(driver: asyncpg.Connection, dossier_id: UUID, changes: dict[str, Any]) -> int:
    """Change columns and count the act; returns the new version."""
    unknown = changes.keys() - _COLUMNS
    if unknown:
        raise ValueError(f"no such columns: {sorted(unknown)}")
    assignments = "".join(f", {name} = ${place}" for place, name in enumerate(changes, 2))
    version: int = await driver.fetchval(
        f"UPDATE dossier SET version = version + 1{assignments} WHERE id = $1 RETURNING version",  # noqa: S608  # listed above
        dossier_id,
        *changes.values(),
    )
    return version


async def insert_act(
    driver: asyncpg.Connection,
    act_id: UUID,
    dossier_id: UUID,
    *,
    kind: str,
    duty: str | None,
    client_id: str,
    person_id: str,
    at: datetime,
    details: dict[str, Any],
) -> None:
    """Append an act."""
    await driver.execute(
        """
        INSERT INTO dossier_act (id, dossier_id, kind, duty, client_id, person_id, at, details)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        *(act_id, dossier_id, kind, duty, client_id, person_id, at, to_json(details).decode()),
    )


async def list_acts(driver: asyncpg.Connection, dossier_id: UUID) -> Rows:
    """All acts, oldest first."""
    rows: Rows = await driver.fetch(
        "SELECT id, kind, duty, client_id, person_id, at, details FROM dossier_act WHERE dossier_id = $1 ORDER BY at, id",
        dossier_id,
    )
    return rows


async def list_materials(driver: asyncpg.Connection, dossier_id: UUID) -> Rows:
    """The dossier's interpretations, drafts and published, oldest first."""
    rows: Rows = await driver.fetch(
        """
        SELECT id, policy_id, state, form, stage, content, content_hash, published_on, representation, created_at
        FROM interpretation WHERE dossier_id = $1 ORDER BY id
        """,
        dossier_id,
    )
    return rows


async def list_later_interpretations(
    driver: asyncpg.Connection, policy_id: UUID, dossier_id: UUID, since: date
) -> Rows:
    """Public interpretations of the policy from elsewhere, published since."""
    rows: Rows = await driver.fetch(
        """
        SELECT id, policy_id, state, form, stage, content, content_hash, published_on, representation, created_at
        FROM interpretation WHERE policy_id = $1 AND dossier_id IS DISTINCT FROM $2 AND state = 'public'
          AND published_on >= $3
        ORDER BY published_on, id LIMIT 200
        """,
        policy_id,
        dossier_id,
        since,
    )
    return rows


async def delete_material(driver: asyncpg.Connection, dossier_id: UUID, material_id: UUID) -> bool:
    """Take a draft out of a dossier; False when it has none of that id."""
    done = await driver.fetchval(
        "DELETE FROM interpretation WHERE id = $1 AND dossier_id = $2 AND state = 'draft' RETURNING true",
        material_id,
        dossier_id,
    )
    return bool(done)


async def list_amendments(
    driver: asyncpg.Connection, policy_id: UUID, *, number: int, released_at: datetime, published_on: date
) -> Rows:
    """What changed the policy after this text: later texts of its own and documents that amend it.

    Each with the day of the first interpretation, of the policy or of the amending document, published from then on.
    """
    rows: Rows = await driver.fetch(
        """
        WITH amendment AS (
            SELECT policy_id::text || '#' || number AS id, published_on, policy_id AS source_id
            FROM policy_version WHERE policy_id = $1 AND number > $2 AND released_at > $3
            UNION ALL
            SELECT source.id::text, source.published_on, source.id
            FROM relation JOIN policy AS source ON source.id = relation.source_id AND source.state = 'public'
            WHERE relation.target_id = $1 AND relation.type IN ('amends', 'partly_repeals', 'supplements')
              AND source.published_on >= $4
        )
        SELECT amendment.id, amendment.published_on,
               (SELECT min(published_on) FROM interpretation
                WHERE policy_id IN ($1, amendment.source_id) AND state = 'public'
                  AND interpretation.published_on >= amendment.published_on) AS interpreted_on
        FROM amendment ORDER BY amendment.published_on, amendment.id
        """,
        policy_id,
        number,
        released_at,
        published_on,
    )
    return rows
