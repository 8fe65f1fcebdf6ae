"""Opinions on a consultation: handed in sealed, read by the drafter, handled, and answered by a published result."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from services.policy_api.repository import opinions as repository
from services.policy_api.rules.consultations import Announced, check_result, ensure_takes_opinions
from services.policy_api.rules.personal_data import find_personal_data
from services.policy_api.service.entries import supplement_entry
from services.policy_api.service.sealing import SUBMITTER, TEXT, OpinionSealer
from shared.kit.auth import Caller
from shared.kit.clock import local_day
from shared.kit.database import WriteSession
from shared.kit.errors import IllegalMove, NotFound, RuleViolation
from shared.kit.http import check_if_match
from shared.schemas.consultations import (
    Handling,
    HandlingInput,
    HandlingOutcome,
    Opinion,
    OpinionInput,
    OpinionReceipt,
    PublishedResult,
    ResultInput,
    Submitter,
    SubmitterKind,
)

NO_CONSULTATION = "没有这次已公开的征求意见"


async def receive_opinion(
    session: WriteSession,
    caller: Caller,
    sealer: OpinionSealer,
    consultation_id: UUID,
    wanted: OpinionInput,
    *,
    now: datetime,
) -> OpinionReceipt:
    """Take an opinion in while the consultation is open. The time of the request decides, not that of the lock."""
    driver = await session.driver()
    row, have = await _hold(driver, consultation_id, alone=False)
    ensure_takes_opinions(have, local_day(now))
    opinion_id = uuid7()
    submitter = wanted.submitter
    named = submitter is not None and not submitter.is_empty
    await repository.insert(
        driver,
        {
            "id": opinion_id,
            "consultation_id": consultation_id,
            "received_at": now,
            "submitter_kind": wanted.submitter_kind.value,
            "about": wanted.about,
            "sealed_text": sealer.seal(wanted.text.encode(), opinion_id=opinion_id, part=TEXT),
            "sealed_submitter": sealer.seal(submitter.model_dump_json().encode(), opinion_id=opinion_id, part=SUBMITTER)
            if named and submitter is not None
            else None,
        },
    )
    session.record(
        actor=caller.client_id,
        action="opinion.received",
        subject=str(opinion_id),
        version=1,
        organization=row["organization"],
        consultation=str(consultation_id),
    )
    return OpinionReceipt(id=opinion_id, consultation_id=consultation_id, received_at=now)


async def _hold(driver: asyncpg.Connection, consultation_id: UUID, *, alone: bool) -> tuple[Any, Announced]:
    row = await repository.hold_consultation(driver, consultation_id, alone=alone)
    if row is None:
        raise NotFound(NO_CONSULTATION)
    return row, Announced(json.loads(row["content"]), json.loads(row["supplement"]))


def open_opinions(rows: Iterable[Any], sealer: OpinionSealer) -> list[Opinion]:
    """Rows of opinions as the drafter reads them; with their submitters where the rows carry them."""
    return [_open(row, sealer) for row in rows]


def _open(row: Any, sealer: OpinionSealer) -> Opinion:
    sealed = row.get("sealed_submitter")
    submitter = None
    if sealed is not None:
        submitter = Submitter.model_validate_json(sealer.open(sealed, opinion_id=row["id"], part=SUBMITTER))
    return Opinion(
        id=row["id"],
        received_at=row["received_at"],
        submitter_kind=SubmitterKind(row["submitter_kind"]),
        about=row["about"],
        text=sealer.open(row["sealed_text"], opinion_id=row["id"], part=TEXT).decode(),
        handling=_handling(row) if row["outcome"] is not None else None,
        submitter=submitter,
    )


def _handling(row: Any) -> Handling:
    names = ("version", "outcome", "reason", "handled_at")
    return Handling.model_validate({name: row[name] for name in names})


def record_identification(
    session: WriteSession, caller: Caller, consultation: Any, opinions: Iterable[Opinion], *, reason: str
) -> None:
    """Note in the audit trail who was shown whose opinions these are, and what for."""
    errors = find_personal_data([("?reason", reason)])
    if errors:
        raise RuleViolation("查看理由会记入审计记录，不要写入个人信息", errors=errors)
    session.record(
        actor=caller.client_id,
        action="opinion.identified",
        subject=str(consultation["id"]),
        version=consultation["version"],
        organization=consultation["organization"],
        reason=reason,
        opinions=[str(opinion.id) for opinion in opinions],
    )


async def handle_opinion(
    session: WriteSession,
    caller: Caller,
    consultation_id: UUID,
    opinion_id: UUID,
    wanted: HandlingInput,
    *,
    now: datetime,
    if_match: str | None,
) -> Handling:
    """Say what became of an opinion. May be changed until the result is published."""
    errors = find_personal_data([("/reason", wanted.reason)])
    if errors:
        raise RuleViolation("理由中不要写入个人信息", errors=errors)
    driver = await session.driver()
    consultation, have = await _hold(driver, consultation_id, alone=False)
    row = await repository.lock(driver, opinion_id)
    if row is None:
        raise NotFound("没有这条意见")
    check_if_match(if_match, etag=handling_etag(row["version"]), version=row["version"])
    if (row["outcome"], row["reason"]) == (wanted.outcome.value, wanted.reason):
        return _handling(row)
    if have.result is not None:
        raise IllegalMove("征求意见的结果已经公布，处理情况不能再改", allowed=[])
    changed = {
        "version": row["version"] + 1,
        "outcome": wanted.outcome.value,
        "reason": wanted.reason,
        "handled_at": now,
    }
    await repository.store_handling(driver, opinion_id, changed)
    session.record(
        actor=caller.client_id,
        action="opinion.handled",
        subject=str(opinion_id),
        version=changed["version"],
        organization=consultation["organization"],
        consultation=str(consultation_id),
        outcome=wanted.outcome.value,
    )
    return _handling(changed)


def handling_etag(version: int) -> str:
    """Of a handling; `"0"` before the first."""
    return f'"{version}"'


async def publish_result(
    session: WriteSession,
    caller: Caller,
    consultation_id: UUID,
    wanted: ResultInput,
    *,
    now: datetime,
    if_match: str | None,
) -> PublishedResult:
    """Publish what became of the opinions, within the consultation. Again: corrects it; the same changes nothing."""
    today = local_day(now)
    driver = await session.driver()
    row, have = await _hold(driver, consultation_id, alone=True)
    check_if_match(if_match, etag=row["etag"], version=row["version"])
    counted = await repository.count_by_outcome(driver, consultation_id)
    handled = {HandlingOutcome(name) if name is not None else None: number for name, number in counted.items()}
    check_result(wanted, have, handled, today)
    published_on = have.result["published_on"] if have.result is not None else today
    result = PublishedResult.model_validate(wanted.model_dump() | {"published_on": published_on})
    dumped = result.model_dump(mode="json")
    if dumped == have.result:
        return result
    await supplement_entry(session, consultation_id, have.supplement | {"result": dumped}, today=today)
    session.record(
        actor=caller.client_id,
        action="consultation.result_published",
        subject=str(consultation_id),
        version=row["version"] + 1,
        organization=row["organization"],
        **{name: dumped[name] for name in ("received", "adopted", "partly", "not_adopted")},
    )
    return result
