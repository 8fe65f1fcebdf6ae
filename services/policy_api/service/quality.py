"""Quality reports: on one document as it stands now, and on all of an organisation as the worker last saw them.

The worker follows the event log; after a change of the rules, or where the log no longer reaches back, it looks at
everything once more.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from services.policy_api.repository import quality as repository
from services.policy_api.repository.reading import Reads
from services.policy_api.rules.bodies import plain_text
from services.policy_api.rules.quality import RULES_VERSION, Surroundings, inspect, score_of
from services.policy_api.service.reading import NO_POLICY
from shared.kit.clock import local_day
from shared.kit.database import WriteSession
from shared.kit.errors import NotFound
from shared.kit.log import LogHead, read_head
from shared.schemas.quality import OrganizationQuality, QualityFinding, QualityReport, RuleCount

_FIRST = UUID(int=0)


@dataclass(frozen=True)
class Looked:
    """One document and what was found."""

    row: Any
    document: dict[str, Any]
    body_hash: str
    findings: list[QualityFinding]
    alike: list[UUID]


async def look_on(session: WriteSession, *, now: datetime, limit: int) -> int:
    """Look at what changed since the last time, or go on looking at everything; returns how much there was to do."""
    driver, today = await session.driver(), local_day(now)
    progress, head = await repository.lock_progress(driver), await read_head(driver)
    if progress is None or _starts_over(progress, head):
        await _keep(driver, head, seq=head.seq, sweep_after=_FIRST, reflects_until=now)
        progress = await repository.lock_progress(driver)
    if progress["sweep_after"] is not None:
        ids = await repository.list_next(driver, after=progress["sweep_after"], limit=limit)
        await _renew(driver, ids, today)
        following = ids[-1] if len(ids) == limit else None
        await _keep(driver, head, seq=progress["seq"], sweep_after=following, reflects_until=progress["reflects_until"])
        return max(len(ids), 1)
    events = await repository.list_changed(driver, after=progress["seq"], limit=limit)
    changed = {UUID(event["subject"]) for event in events if event["type"].startswith("policy.")}
    await _renew(driver, sorted(changed), today)
    seq, until = (events[-1]["seq"], events[-1]["recorded_at"]) if events else (progress["seq"], now)
    await _keep(driver, head, seq=seq, sweep_after=None, reflects_until=until)
    return len(events)


def _starts_over(progress: Any, head: LogHead) -> bool:
    return bool(
        progress["rules_version"] != RULES_VERSION
        or progress["epoch"] != head.epoch
        or progress["seq"] < head.pruned_through
    )


async def _keep(
    driver: asyncpg.Connection, head: LogHead, *, seq: int, sweep_after: UUID | None, reflects_until: datetime
) -> None:
    await repository.keep_progress(
        driver,
        rules_version=RULES_VERSION,
        epoch=head.epoch,
        seq=seq,
        sweep_after=sweep_after,
        reflects_until=reflects_until,
    )


async def _renew(driver: asyncpg.Connection, ids: Sequence[UUID], today: date) -> None:
    """Replace the reports on these, and on those that turn out to look like them."""
    alike = await _replace(driver, ids, today)
    others = sorted(alike - set(ids))
    if others:
        await _replace(driver, others, today)


async def _replace(driver: asyncpg.Connection, ids: Sequence[UUID], today: date) -> set[UUID]:
    await repository.forget(driver, ids)
    alike: set[UUID] = set()
    for row in await repository.load_documents(driver, ids):
        looked = await _look(driver, row, today)
        alike |= set(looked.alike)
        await _store(driver, looked, today)
    return alike


async def _look(reads: Reads, row: Any, today: date) -> Looked:
    document = json.loads(row["representation"])
    text = plain_text(document["body"]) if document["body_format"] == "html" else document["body"]
    body_hash = hashlib.sha256("".join(text.split()).encode()).hexdigest()
    alike = await repository.find_look_alikes(reads, row["id"], body_hash=body_hash, reg_no=document["reg_no"])
    around = Surroundings(
        same_text=tuple(one["title"] for one in alike if one["alike"] == "text"),
        same_registration=tuple(one["title"] for one in alike if one["alike"] == "registration"),
        outlines=await _outlines(reads, document),
    )
    found = inspect(document, around, today=today)
    return Looked(row, document, body_hash, found, [one["policy_id"] for one in alike])


async def _outlines(reads: Reads, document: dict[str, Any]) -> dict[str, frozenset[str]]:
    """Of the documents of which this one repeals parts."""
    cut = [
        UUID(relation["policy_id"])
        for relation in document["relations"]
        if relation["type"] == "partly_repeals" and relation["policy_id"]
    ]
    rows = await repository.load_documents(reads, cut) if cut else []
    return {
        str(row["id"]): frozenset(node["address"] for node in json.loads(row["representation"])["outline"])
        for row in rows
    }


async def _store(driver: asyncpg.Connection, looked: Looked, today: date) -> None:
    row, document, score = looked.row, looked.document, score_of(looked.findings)
    await repository.insert_reports(
        driver,
        [
            (
                *(row["id"], document["version"], document["title"], document["doc_no"], document["reg_no"]),
                *(looked.body_hash, score, today),
            )
        ],
    )
    places = [(code, code == row["organization"]) for code in row["organization_path"]]
    await repository.insert_places(driver, [(code, row["id"], own, score) for code, own in places])
    await repository.insert_findings(
        driver,
        [
            (
                *(code, finding.rule, row["id"], position, own, finding.severity.value),
                *(finding.pointer, finding.sentence, finding.evidence),
            )
            for position, finding in enumerate(looked.findings)
            for code, own in places
        ],
    )


async def report_on(reads: Reads, policy_id: UUID, *, today: date) -> QualityReport:
    """What is to be mended in one document as it stands now."""
    rows = await repository.load_documents(reads, [policy_id])
    if not rows:
        raise NotFound(NO_POLICY)
    looked = await _look(reads, rows[0], today)
    return QualityReport(
        policy_id=policy_id,
        policy_version=looked.document["version"],
        organization=rows[0]["organization"],
        title=looked.document["title"],
        doc_no=looked.document["doc_no"],
        score=score_of(looked.findings),
        findings=looked.findings,
        checked_on=today,
    )


async def report_on_organization(reads: Reads, organization: str, *, subtree: bool) -> OrganizationQuality:
    """All its documents as the worker last saw them."""
    progress = await repository.find_progress(reads)
    total = await repository.sum_up(reads, organization, own=not subtree)
    rules = await repository.count_rules(reads, organization, own=not subtree)
    return OrganizationQuality(
        organization=organization,
        subtree=subtree,
        documents=total["documents"],
        flawless=total["flawless"],
        score=total["score"],
        rules=[RuleCount.model_validate(dict(row)) for row in rules],
        complete=progress is not None and progress["sweep_after"] is None,
        reflects_until=progress["reflects_until"] if progress is not None else None,
    )
