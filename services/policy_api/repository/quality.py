"""Statements on quality reports. No decisions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.policy_api.repository.reading import Reads, Rows

_LOOK_ALIKES = 20


async def lock_progress(driver: asyncpg.Connection) -> Any:
    """How far the worker has looked, held until the transaction ends; None before the first time."""
    return await driver.fetchrow(
        "SELECT rules_version, epoch, seq, sweep_after, reflects_until FROM quality_progress FOR UPDATE"
    )


async def keep_progress(
    driver: asyncpg.Connection,
    *,
    rules_version: int,
    epoch: str,
    seq: int,
    sweep_after: UUID | None,
    reflects_until: datetime,
) -> None:
    """Note how far it has looked now."""
    await driver.execute(
        """
        INSERT INTO quality_progress (rules_version, epoch, seq, sweep_after, reflects_until)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (id) DO UPDATE SET rules_version = $1, epoch = $2, seq = $3, sweep_after = $4, reflects_until = $5
        """,
        rules_version,
        epoch,
        seq,
        sweep_after,
        reflects_until,
    )


async def list_changed(driver: asyncpg.Connection, *, after: int, limit: int) -> Rows:
    """The next events of the log: sequence number, kind and subject."""
    rows: Rows = await driver.fetch(
        """
        SELECT seq, recorded_at, envelope::json ->> 'type' AS type, envelope::json ->> 'subject' AS subject
        FROM event WHERE seq > $1 ORDER BY seq LIMIT $2
        """,
        after,
        limit,
    )
    return rows


async def list_next(driver: asyncpg.Connection, *, after: UUID, limit: int) -> list[UUID]:
    """The next documents in the order of their ids, public or once reported on."""
    rows = await driver.fetch(
        """
        SELECT id FROM policy WHERE id > $1 AND (state = 'public' OR id IN (SELECT policy_id FROM policy_quality))
        ORDER BY id LIMIT $2
        """,
        after,
        limit,
    )
    return [row["id"] for row in rows]


async def load_documents(reads: Reads, ids: Sequence[UUID]) -> Rows:
    """What the public reads of these documents, and where they stand among organisations."""
    rows: Rows = await reads.fetch(
        """
        SELECT id, organization, organization_path, representation FROM policy
        WHERE id = ANY($1::uuid[]) AND state = 'public'
        """,
        ids,
    )
    return rows


async def find_look_alikes(reads: Reads, policy_id: UUID, *, body_hash: str, reg_no: str | None) -> Rows:
    """Other documents with the same text or the same registration number."""
    rows: Rows = await reads.fetch(
        """
        (SELECT policy_id, title, 'text' AS alike FROM policy_quality
         WHERE body_hash = $2 AND policy_id <> $1 ORDER BY policy_id LIMIT $4)
        UNION ALL
        (SELECT policy_id, title, 'registration' FROM policy_quality
         WHERE reg_no = $3 AND policy_id <> $1 ORDER BY policy_id LIMIT $4)
        """,
        policy_id,
        body_hash,
        reg_no,
        _LOOK_ALIKES,
    )
    return rows


async def forget(driver: asyncpg.Connection, ids: Sequence[UUID]) -> None:
    """Drop the reports on these, with all that hangs on them."""
    await driver.execute("DELETE FROM policy_quality WHERE policy_id = ANY($1::uuid[])", ids)


async def insert_reports(driver: asyncpg.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """(policy_id, policy_version, title, doc_no, reg_no, body_hash, score, checked_on)."""
    await driver.executemany(
        """
        INSERT INTO policy_quality (policy_id, policy_version, title, doc_no, reg_no, body_hash, score, checked_on)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        rows,
    )


async def insert_places(driver: asyncpg.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """(organization, policy_id, own, score)."""
    await driver.executemany(
        "INSERT INTO quality_place (organization, policy_id, own, score) VALUES ($1, $2, $3, $4)", rows
    )


async def insert_findings(driver: asyncpg.Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """(organization, rule, policy_id, position, own, severity, pointer, sentence, evidence)."""
    await driver.executemany(
        """
        INSERT INTO quality_finding (organization, rule, policy_id, position, own, severity, pointer, sentence, evidence)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        rows,
    )


async def sum_up(reads: Reads, organization: str, *, own: bool) -> Any:
    """How many documents were checked, how many are flawless, and their mean score."""
    return await reads.fetchrow(
        """
        SELECT count(*) AS documents, count(*) FILTER (WHERE score = 100) AS flawless,
               coalesce(round(avg(score), 2), 100)::float AS score
        FROM quality_place WHERE organization = $1 AND (own OR NOT $2)
        """,
        organization,
        own,
    )


async def count_rules(reads: Reads, organization: str, *, own: bool) -> Rows:
    """How often each rule found something."""
    rows: Rows = await reads.fetch(
        """
        SELECT rule, severity, count(DISTINCT policy_id) AS documents, count(*) AS findings
        FROM quality_finding WHERE organization = $1 AND (own OR NOT $2)
        GROUP BY rule, severity ORDER BY rule, severity
        """,
        organization,
        own,
    )
    return rows


async def list_findings(
    reads: Reads,
    organization: str,
    *,
    own: bool,
    rule: str | None,
    after: tuple[str, UUID, int] | None,
    limit: int,
) -> Rows:
    """Findings by rule and document; one more than `limit` when there are more."""
    values: list[Any] = [organization, own, limit + 1]
    condition = ""
    if rule is not None:
        values.append(rule)
        condition += f" AND finding.rule = ${len(values)}"
    if after is not None:
        values += after
        first = len(values) - 2
        condition += (
            f" AND (finding.rule, finding.policy_id, finding.position) > (${first}, ${first + 1}, ${first + 2})"
        )
    rows: Rows = await reads.fetch(
        f"""
        SELECT finding.rule, finding.severity, finding.pointer, finding.sentence, finding.evidence, finding.position,
               finding.policy_id, report.title, report.doc_no
        FROM quality_finding AS finding JOIN policy_quality AS report ON report.policy_id = finding.policy_id
        WHERE finding.organization = $1 AND (finding.own OR NOT $2) {condition}
        ORDER BY finding.rule, finding.policy_id, finding.position LIMIT $3
        """,  # noqa: S608  # fragments are constants of this module, values are bound
        *values,
    )
    return rows


async def find_progress(reads: Reads) -> Any:
    """Up to when the reports reflect the library, and whether everything was looked at."""
    return await reads.fetchrow("SELECT reflects_until, sweep_after FROM quality_progress")
