"""Withheld information (条例第十八条): kept, looked at again in time, and published when its ground has gone."""

import hashlib
from datetime import date
from typing import Any

from pydantic_core import from_json, to_json
from uuid_utils.compat import uuid7

from services.catalog_api.repository import withheld as repository
from services.catalog_api.rules.recurrence import months_later
from services.catalog_api.service.tasks import FIRST_DAY, TaskPush, Terms, put_tasks
from shared.kit.auth import Caller
from shared.kit.database import WriteSession
from shared.kit.errors import Conflict, DomainError, NotFound, RuleViolation
from shared.schemas.disclosure import TaskInput
from shared.schemas.organizations import Organization
from shared.schemas.policies import OrganizationRef, Outcome
from shared.schemas.problems import InvalidField
from shared.schemas.withheld import ReviewResult, Withheld, WithheldInput, WithheldReceipt, WithheldReviewInput

NO_WITHHELD = "没有登记这条不予公开信息"
_LONGEST_MONTHS = 36


async def put_withheld(
    session: WriteSession,
    caller: Caller,
    organization: Organization,
    external_id: str,
    wanted: WithheldInput,
    *,
    today: date,
    months: int,
) -> WithheldReceipt:
    """Keep it. What was evaluated stays evaluated; what is to be published changes no more."""
    driver = await session.driver()
    have = await repository.lock(driver, organization.code, external_id)
    digest = hashlib.sha256(to_json(wanted)).hexdigest()
    if have is not None and have["content_hash"] == digest:
        return _receipt(Outcome.UNCHANGED, have)
    if have is not None and have["state"] == ReviewResult.TO_PUBLISH:
        raise Conflict("这条信息已决定转为公开，不再改")
    if not FIRST_DAY <= wanted.decided_on <= today:
        _refuse("/decided_on", "决定日期应在今天或之前")
    reviewed = from_json(have["reviews"])[-1:] if have is not None else []
    since = date.fromisoformat(reviewed[0]["reviewed_on"]) if reviewed else wanted.decided_on
    row = {
        "id": have["id"] if have is not None else uuid7(),
        "organization": organization.code,
        "organization_name": organization.name,
        "organization_path": list(organization.path),
        "external_id": external_id,
        "content": to_json(wanted).decode(),
        "content_hash": digest,
        "reviews": have["reviews"] if have is not None else "[]",
        "state": ReviewResult.WITHHELD.value,
        "next_review_on": _next(since, wanted.next_review_on, months, "/next_review_on"),
        "version": (have["version"] if have is not None else 0) + 1,
    }
    await repository.keep(driver, row)
    _record(session, caller, "withheld.put", row)
    return _receipt(Outcome.CREATED if have is None else Outcome.UPDATED, row)


async def review_withheld(
    session: WriteSession,
    caller: Caller,
    organization: Organization,
    external_id: str,
    wanted: WithheldReviewInput,
    terms: Terms,
    *,
    months: int,
) -> Withheld:
    """An evaluation. What is to be published becomes a task: 条例第二十六条 counts from the day of the evaluation."""
    driver = await session.driver()
    have = await repository.lock(driver, organization.code, external_id)
    if have is None:
        raise NotFound(NO_WITHHELD)
    if have["state"] == ReviewResult.TO_PUBLISH:
        raise Conflict("这条信息已决定转为公开")
    earlier = from_json(have["reviews"])
    content = from_json(have["content"])
    since = date.fromisoformat(earlier[-1]["reviewed_on"] if earlier else content["decided_on"])
    if not since <= wanted.reviewed_on <= terms.today:
        _refuse("/reviewed_on", "评估日期应在上次决定或评估之后、今天或之前")
    next_on = _next(wanted.reviewed_on, wanted.next_review_on, months, "/next_review_on")
    if (wanted.result is ReviewResult.TO_PUBLISH) != (wanted.item is not None):
        _refuse("/item", "转为公开的应给出公开事项；仍不予公开的不写")
    if wanted.item is not None:
        task = TaskInput(item=wanted.item, title=content["title"], occurred_on=wanted.reviewed_on)
        [answer] = await put_tasks(
            session, caller, [TaskPush(organization, f"withheld-{external_id}"[:200], task)], terms
        )
        if isinstance(answer, DomainError):
            raise answer
    kept = wanted.model_copy(update={"next_review_on": None if wanted.item is not None else next_on})
    row = dict(have) | {
        "reviews": to_json([*earlier, kept.model_dump(mode="json")]).decode(),
        "state": wanted.result.value,
        "next_review_on": next_on,
        "version": have["version"] + 1,
    }
    await repository.keep(driver, row)
    _record(session, caller, f"withheld.{wanted.result}", row)
    return as_withheld(row, terms.today)


def _next(since: date, wanted: date | None, months: int, pointer: str) -> date:
    """The day of the next evaluation; 定期 leaves it to the office how soon, not whether."""
    last = months_later(since, _LONGEST_MONTHS)
    if wanted is not None and not since < wanted <= last:
        _refuse(pointer, f"应在{since.isoformat()}之后、{last.isoformat()}之前（定期评估，条例第十八条）")
    return wanted or months_later(since, months)


def as_withheld(row: Any, today: date) -> Withheld:
    content = from_json(row["content"])
    return Withheld(
        **content | {"next_review_on": row["next_review_on"]},
        id=row["id"],
        organization=OrganizationRef(code=row["organization"], name=row["organization_name"]),
        external_id=row["external_id"],
        state=row["state"],
        is_due=row["state"] == ReviewResult.WITHHELD and row["next_review_on"] <= today,
        reviews=from_json(row["reviews"]),
        version=row["version"],
    )


def _receipt(outcome: Outcome, row: Any) -> WithheldReceipt:
    return WithheldReceipt(outcome=outcome, id=row["id"], next_review_on=row["next_review_on"], version=row["version"])


def _refuse(pointer: str, detail: str) -> None:
    raise RuleViolation(detail, errors=[InvalidField(pointer=pointer, detail=detail)])


def _record(session: WriteSession, caller: Caller, action: str, row: dict[str, Any]) -> None:
    session.record(
        actor=caller.client_id,
        action=action,
        subject=str(row["id"]),
        version=row["version"],
        organization=row["organization"],
        hash=row["content_hash"],
    )
