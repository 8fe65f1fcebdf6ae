"""The patrol (巡查): looks at everything that is public, again whenever what is looked for changes, and keeps a queue."""

import asyncio
import hashlib
import hmac
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from pydantic_core import from_json
from uuid_utils.compat import uuid7

from services.catalog_api.repository import patrol as repository
from services.catalog_api.repository.catalogs import Reads
from services.catalog_api.rules.word_scan import Words, WordScan
from services.catalog_api.service.publications import withdraw_publication
from shared.kit.auth import Caller
from shared.kit.clock import local_day
from shared.kit.database import WriteSession
from shared.kit.errors import Conflict, NotFound
from shared.kit.identifiers import excerpt_of, find_identifiers
from shared.schemas.patrol import (
    Decision,
    Finding,
    FindingDecision,
    FindingKind,
    Hit,
    RetentionRule,
    RetentionRuleInput,
    Severity,
    WordList,
    WordListInput,
)

NO_FINDING, NO_LIST, NO_RULE = "没有这条巡查发现", "没有这个词表", "没有这条保留规则"
RULES_VERSION = 2
"""Of the patterns in the code: a higher number makes the patrol look at everything again."""
MOST_HITS = 1000
_NEAR = 8
"""Numbers on either side of a place: more do not fit into the words around it."""
_GRAVITY = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTE: 2}
_A_CHANGE = 1_000_000
_IN_TEXTS = (
    *(FindingKind.IDENTITY_NUMBER, FindingKind.BANK_CARD, FindingKind.MOBILE_PHONE, FindingKind.ADDRESS),
    *(FindingKind.CREDIT_CODE, FindingKind.WORD),
)
_FIELDS = ("title", "summary", "text", "place", "clarifies")


@dataclass(frozen=True)
class Lists:
    """What is looked for, and the number that says so."""

    scan: WordScan
    version: int


async def read_lists(reads: Reads, known: Lists | None = None) -> Lists:
    """The lists as they are now; `known` again, unless they have changed since."""
    version = RULES_VERSION * _A_CHANGE + await repository.read_changes(reads)
    if known is not None and known.version == version:
        return known
    rows = await repository.list_word_lists(reads)
    words = [Words(row["name"], Severity(row["severity"]), tuple(row["words"])) for row in rows]
    # A list of thousands of words takes a moment to be made one expression.
    return Lists(await asyncio.to_thread(WordScan, words), version)


def scan_text(text: str, lists: Lists) -> list[tuple[Hit, str]]:
    """What is in a text, in order, each with the words themselves: for a fingerprint, not to be kept.

    At most MOST_HITS numbers and as many words: more tell nobody more.
    """
    identifiers = find_identifiers(text)
    starts = [one.start for one in identifiers]

    def excerpt(start: int, end: int) -> str:
        """Whatever number reaches into the words around is masked, whether or not it is told of itself."""
        place = bisect_left(starts, start)
        return excerpt_of(text, (start, end), identifiers[max(0, place - _NEAR) : place + _NEAR])

    found = [
        (
            Hit(
                kind=one.kind,
                rule=one.kind,
                severity=one.severity,
                at=one.start,
                length=one.end - one.start,
                excerpt=excerpt(one.start, one.end),
            ),
            text[one.start : one.end],
        )
        for one in sorted(identifiers, key=lambda one: _GRAVITY[one.severity])[:MOST_HITS]
    ]
    found += [
        (
            Hit(
                kind=FindingKind.WORD,
                rule=word.list,
                severity=word.severity,
                at=word.start,
                length=word.end - word.start,
                excerpt=excerpt(word.start, word.end),
            ),
            text[word.start : word.end],
        )
        for word in islice(lists.scan.find(text), MOST_HITS)
    ]
    return sorted(found, key=lambda one: one[0].at)


async def patrol_texts(session: WriteSession, lists: Lists, *, key: bytes, now: datetime, limit: int) -> int:
    """The next publications that these lists have not looked at; how many they were."""
    driver = await session.driver()
    rows = await repository.lock_unscanned(driver, rules=lists.version, limit=limit)
    findings: list[dict[str, Any]] = []
    present: list[tuple[UUID, list[bytes]]] = []
    for row in rows:
        content = from_json(row["content"])
        text = "\n".join(content[name] for name in _FIELDS if content.get(name))
        own = {
            fingerprint(key, hit.kind, hit.rule, words): _row(row, hit, now) for hit, words in scan_text(text, lists)
        }
        findings += [found | {"fingerprint": mark} for mark, found in own.items()]
        present.append((row["id"], list(own)))
    if rows:
        await repository.end_findings(driver, present, kinds=_IN_TEXTS, on=local_day(now))
        await repository.keep_findings(driver, findings)
        await repository.note_scanned(driver, [row["id"] for row in rows], rules=lists.version)
    return len(rows)


async def patrol_days(session: WriteSession, *, key: bytes, now: datetime, limit: int) -> int:
    """Notices past their last day, and what a retention rule lets stay no longer; how many were found."""
    driver = await session.driver()
    today = local_day(now)
    findings = []
    for row in await repository.list_expired(driver, today=today, limit=limit):
        excerpt = f"公示到期日为{row['expires_on']}，应当撤下"
        hit = _noted(FindingKind.EXPIRED, "expired", Severity.WARNING, excerpt)
        findings.append(_row(row, hit, now) | {"fingerprint": fingerprint(key, "expired", "", "")})
    for row in await repository.list_retained(driver, today=today, limit=limit):
        excerpt = f"{row['published_on']}公开，{row['title']}规定保留{row['days']}日"
        hit = _noted(FindingKind.RETENTION, row["name"], Severity.WARNING, excerpt)
        mark = {"fingerprint": fingerprint(key, "retention", row["name"], ""), "action": row["action"]}
        findings.append(_row(row, hit, now) | mark)
    await repository.keep_findings(driver, findings)
    await repository.end_expired(driver, today=today)
    return len(findings)


async def note_links(
    session: WriteSession, checked: Sequence[tuple[Any, str | None]], *, key: bytes, now: datetime
) -> None:
    """Rows that were asked, each with what is wrong with its address, or None."""
    driver = await session.driver()
    mark = fingerprint(key, "dead_link", "", "")
    dead = [
        _row(row, _noted(FindingKind.DEAD_LINK, "dead_link", Severity.ERROR, fault), now) | {"fingerprint": mark}
        for row, fault in checked
        if fault is not None
    ]
    await repository.keep_findings(driver, dead)
    alive: list[tuple[UUID, list[bytes]]] = [(row["id"], []) for row, fault in checked if fault is None]
    await repository.end_findings(driver, alive, kinds=[FindingKind.DEAD_LINK], on=local_day(now))
    await repository.note_links(driver, [row["id"] for row, _ in checked], on=local_day(now))


async def decide_finding(
    session: WriteSession, caller: Caller, finding_id: UUID, wanted: FindingDecision, *, now: datetime
) -> Finding:
    """Somebody decides; `withdrawn` takes the publication down with it."""
    driver = await session.driver()
    row = await repository.find_finding(driver, finding_id)
    if row is None:
        raise NotFound(NO_FINDING)
    if wanted.decision is Decision.WITHDRAWN:
        # Before the finding is held: publications are locked first by whoever locks both.
        await withdraw_publication(session, caller, row["publication_id"], reason=wanted.note, deciding=finding_id)
    row = await repository.find_finding(driver, finding_id, lock=True)
    if row["decision"] is not None or row["gone_on"] is not None:
        raise Conflict("这条发现已经处理，或已不存在")
    await repository.decide(driver, finding_id, decision=wanted.decision, note=wanted.note, by=caller.client_id, at=now)
    session.record(
        actor=caller.client_id,
        action="finding.decided",
        subject=str(finding_id),
        version=row["version"] + 1,
        organization=row["organization"],
        decision=wanted.decision.value,
        publication=str(row["publication_id"]),
    )
    return as_finding(await repository.find_finding(driver, finding_id))


async def put_word_list(session: WriteSession, caller: Caller, name: str, wanted: WordListInput) -> WordList:
    """A list in place of what was there. Everything public is looked at again."""
    driver = await session.driver()
    row = wanted.model_dump() | {"words": sorted(set(wanted.words))}
    version = await repository.keep_word_list(driver, name, row)
    await repository.count_change(driver)
    _record(session, caller, "word_list.put", name, version)
    return WordList(name=name, version=version, **row)


async def drop_word_list(session: WriteSession, caller: Caller, name: str) -> None:
    """Looked for no more: its open findings end when its publications are looked at again."""
    driver = await session.driver()
    if not await repository.drop_word_list(driver, name):
        raise NotFound(NO_LIST)
    await repository.count_change(driver)
    _record(session, caller, "word_list.dropped", name, 1)


async def put_retention_rule(
    session: WriteSession, caller: Caller, name: str, wanted: RetentionRuleInput
) -> RetentionRule:
    """A rule in place of what was there."""
    version = await repository.keep_retention_rule(await session.driver(), name, wanted.model_dump())
    _record(session, caller, "retention_rule.put", name, version)
    return RetentionRule(name=name, version=version, **wanted.model_dump())


async def drop_retention_rule(session: WriteSession, caller: Caller, name: str) -> None:
    """Holds no more; what it found stays in the queue."""
    if not await repository.drop_retention_rule(await session.driver(), name):
        raise NotFound(NO_RULE)
    _record(session, caller, "retention_rule.dropped", name, 1)


def as_word_list(row: Any) -> WordList:
    return WordList(**{name: row[name] for name in WordList.model_fields})


def as_retention_rule(row: Any) -> RetentionRule:
    return RetentionRule(
        item=row["item_id"], **{name: row[name] for name in RetentionRule.model_fields if name != "item"}
    )


def as_finding(row: Any) -> Finding:
    """As its owner reads it."""
    own = {name: row[name] for name in Finding.model_fields if name not in ("publication", "title")}
    title = str(from_json(row["representation"])["title"])
    masked = excerpt_of(title, (0, len(title)), find_identifiers(title))
    return Finding(publication=row["publication_id"], title=masked, **own)


def fingerprint(key: bytes, *parts: str) -> bytes:
    """Tells the same finding again. Keyed: from a plain hash a number could be found by trying them all."""
    return hmac.digest(key, "\0".join(("finding", *parts)).encode(), hashlib.sha256)


def _noted(kind: FindingKind, rule: str, severity: Severity, excerpt: str) -> Hit:
    return Hit(kind=kind, rule=rule, severity=severity, at=0, length=0, excerpt=excerpt)


def _row(publication: Any, hit: Hit, now: datetime) -> dict[str, Any]:
    return {
        "id": uuid7(),
        "organization": publication["organization"],
        "publication_id": publication["id"],
        "kind": hit.kind.value,
        "rule": hit.rule,
        "severity": hit.severity.value,
        "excerpt": hit.excerpt[:500],
        "action": None,
        "found_at": now,
    }


def _record(session: WriteSession, caller: Caller, action: str, name: str, version: int) -> None:
    session.record(
        actor=caller.client_id,
        action=action,
        subject=name,
        version=version,
        organization=caller.principal.organization,
    )


def due_before(today: date, days: int) -> date:
    """Addresses asked before this day are asked again."""
    return date.fromordinal(today.toordinal() - days + 1)
