"""Taking in counts of enquiries; the push that passes the threshold opens the task to interpret again."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic_core import to_json
from uuid_utils.compat import uuid7

from services.policy_api.repository import enquiries as repository
from services.policy_api.repository import policies as policy_repository
from services.policy_api.repository import reading
from services.policy_api.repository.reading import Reads
from services.policy_api.rules.enquiries import check_enquiries
from services.policy_api.service.entries import find_linked_policy
from services.policy_api.service.follow_up import Terms, open_for_enquiries
from shared.kit.auth import Caller
from shared.kit.database import WriteSession
from shared.kit.errors import Conflict, RuleViolation
from shared.schemas.enquiries import Enquiries, EnquiriesInput, PolicyEnquiries
from shared.schemas.organizations import Organization
from shared.schemas.policies import Outcome, Receipt
from shared.schemas.problems import InvalidField

MAX_PERIODS = 200


@dataclass(frozen=True)
class EnquiriesPush:
    """One period's numbers, for one organisation."""

    organization: Organization
    external_id: str
    wanted: EnquiriesInput
    now: datetime


async def put_enquiries(session: WriteSession, caller: Caller, push: EnquiriesPush, terms: Terms) -> Receipt:
    """Record a period, or replace its numbers; open a task when the total passes the threshold once more."""
    errors = check_enquiries(push.wanted, terms.today)
    if errors:
        raise RuleViolation("咨询件数不符合要求，请按所列各项改正", errors=errors)
    driver = await session.driver()
    await repository.lock_key(driver, push.organization.code, push.external_id)
    have = await repository.find_by_key(driver, push.organization.code, push.external_id)
    policy = await _hold_policy(driver, push)
    row = _row_of(push, have, policy["id"])
    if have is not None and have["content_hash"] == row["content_hash"]:
        return _receipt(push, dict(have), Outcome.UNCHANGED)
    other = await repository.find_overlapping(driver, row)
    if other is not None:
        raise Conflict(f"与{other}的统计期间重叠，会重复计数；请改正期间，或更正那一期", overlapping=other)
    await repository.upsert(driver, row)
    session.record(
        actor=caller.client_id,
        action="enquiries.recorded",
        subject=str(row["id"]),
        version=row["version"],
        organization=push.organization.code,
        policy=str(policy["id"]),
        count=row["count"],
    )
    total = await repository.total_of(driver, policy["id"])
    await open_for_enquiries(session, terms, policy, total=total, counted_to=row["period_to"])
    return _receipt(push, row, Outcome.UPDATED if have else Outcome.CREATED)


async def _hold_policy(driver: asyncpg.Connection, push: EnquiriesPush) -> Any:
    """The public policy, held, so that counts and tasks of one policy are written one after the other."""
    found = await find_linked_policy(driver, push.organization.code, push.wanted.policy)
    if found is not None:
        await policy_repository.lock(driver, [found])
        owner = await reading.find_owner(driver, found)
        if owner["state"] == "public":
            return {"id": found, "organization": owner["organization"]}
    detail = "没有这份已公开的政策；请只给出 policy_id、doc_no、external_id 之一"
    raise RuleViolation("没有找到被咨询的政策", errors=[InvalidField(pointer="/policy", detail=detail)])


def _row_of(push: EnquiriesPush, have: Any, policy_id: UUID) -> dict[str, Any]:
    wanted = push.wanted
    topics = to_json(wanted.topics).decode()
    said = to_json([policy_id, wanted.source, wanted.period_from, wanted.period_to, wanted.count, topics])
    return {
        "id": have["id"] if have else uuid7(),
        "organization": push.organization.code,
        "external_id": push.external_id,
        "policy_id": policy_id,
        "source": wanted.source.value,
        "period_from": wanted.period_from,
        "period_to": wanted.period_to,
        "count": wanted.count,
        "topics": topics,
        "version": (have["version"] if have else 0) + 1,
        "content_hash": hashlib.sha256(said).hexdigest(),
        "recorded_at": push.now,
    }


def _receipt(push: EnquiriesPush, row: dict[str, Any], outcome: Outcome) -> Receipt:
    return Receipt(
        outcome=outcome,
        id=row["id"],
        organization=push.organization.code,
        external_id=push.external_id,
        version=row["version"],
        content_hash=row["content_hash"],
        public=False,
        recorded_at=push.now,
    )


async def view_enquiries(reads: Reads, policy_id: UUID, *, threshold: int) -> PolicyEnquiries:
    """The total on a policy and its newest periods."""
    rows = await repository.list_of_policy(reads, policy_id, limit=MAX_PERIODS)
    names = ("organization", "external_id", "source", "period_from", "period_to", "count", "recorded_at")
    return PolicyEnquiries(
        policy_id=policy_id,
        total=await repository.total_of(reads, policy_id),
        threshold=threshold,
        periods=[Enquiries(**{name: row[name] for name in names}, topics=json.loads(row["topics"])) for row in rows],
    )
