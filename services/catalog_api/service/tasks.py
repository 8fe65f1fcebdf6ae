"""Tasks: a business system announces an event and is told by when it has to be public, channel by channel."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from uuid_utils.compat import uuid7

from services.catalog_api.repository import disclosure as repository
from services.catalog_api.repository import monitoring as monitoring_repository
from services.catalog_api.repository.catalogs import Reads
from services.catalog_api.rules.deadlines import Deadline, deadline_of
from services.catalog_api.rules.standing import soon_until, standing_of, worst_of
from services.catalog_api.service.disclosers import facts_of
from shared.kit.auth import Caller
from shared.kit.clock import local_day
from shared.kit.database import WriteSession
from shared.kit.errors import Conflict, DomainError, NotFound, RuleViolation
from shared.kit.workdays import WorkCalendar
from shared.schemas.catalogs import LimitKind, TimeLimit, Trigger
from shared.schemas.disclosure import Duty, DutyState, Task, TaskInput, TaskReceipt
from shared.schemas.organizations import Organization
from shared.schemas.policies import OrganizationRef, Outcome
from shared.schemas.problems import InvalidField

FIRST_DAY = date(1949, 10, 1)
NO_TASK = "没有这个公开任务"


@dataclass(frozen=True)
class Terms:
    """By what tasks are judged: today, the calendar, and how near a deadline counts as near."""

    now: datetime
    calendar: WorkCalendar
    soon_workdays: int

    @property
    def today(self) -> date:
        return local_day(self.now)


@dataclass(frozen=True)
class TaskPush:
    """A task as somebody wants it kept."""

    organization: Organization
    external_id: str
    wanted: TaskInput

    @property
    def key(self) -> repository.Key:
        return self.organization.code, self.external_id

    @property
    def hash(self) -> str:
        return hashlib.sha256(to_json(self.wanted)).hexdigest()


async def put_tasks(
    session: WriteSession, caller: Caller, pushes: Sequence[TaskPush], terms: Terms
) -> list[TaskReceipt | DomainError]:
    """Keep these tasks, each with its deadlines; for each a receipt or why it is refused. No key may come twice."""
    driver = await session.driver()
    await repository.lock_keys(driver, "task", [push.key for push in pushes])
    have = await repository.lock_tasks(driver, [push.key for push in pushes])
    items = await repository.find_items(driver, list({push.wanted.item for push in pushes}))
    results: list[TaskReceipt | DomainError | None] = [None] * len(pushes)
    rows: dict[int, dict[str, Any]] = {}
    duties: list[dict[str, Any]] = []
    for index, push in enumerate(pushes):
        old = have.get(push.key)
        if old is not None and old["content_hash"] == push.hash and not old["cancelled"]:
            continue
        item = items.get(push.wanted.item)
        errors = _faults(push, item, terms.today)
        if errors or item is None:
            results[index] = RuleViolation("公开任务有误，请按所列各项改正", errors=errors)
            continue
        deadlines = _deadlines(push.wanted, from_json(item["representation"]), terms.calendar)
        rows[index] = _row(push, item, old, deadlines, terms)
        duties += [_duty_row(rows[index], channel, *found) for channel, found in deadlines.items()]
    await monitoring_repository.keep_disclosers(driver, facts_of([push.organization for push in pushes]))
    if rows:
        ids = [row["id"] for row in rows.values()]
        await repository.upsert_tasks(driver, list(rows.values()))
        await repository.replace_duties(driver, ids, duties)
        await repository.settle(driver, [row["id"] for row in rows.values() if row["version"] > 1])
        for row in rows.values():
            _record(session, caller, "task.announced", row)
    return await _receipts(driver, pushes, results, rows, have, terms)


async def cancel_task(session: WriteSession, caller: Caller, task_id: UUID, *, reason: str) -> None:
    """What was announced was not so: nothing is due."""
    driver = await session.driver()
    row = await repository.find_task(driver, task_id)
    if row is None:
        raise NotFound(NO_TASK)
    row = (await repository.lock_tasks(driver, [(row["organization"], row["external_id"])])).popitem()[1]
    if row["cancelled"]:
        raise Conflict("这个公开任务已经取消")
    await repository.cancel_task(driver, task_id, version=row["version"] + 1)
    _record(session, caller, "task.cancelled", dict(row) | {"version": row["version"] + 1}, reason=reason)


async def show_tasks(reads: Reads, rows: Sequence[Any], terms: Terms) -> list[Task]:
    """Tasks as they stand today."""
    duties = await repository.list_duties(reads, [row["id"] for row in rows])
    near = soon_until(terms.today, terms.soon_workdays, terms.calendar)
    return [_task(row, duties.get(row["id"], []), terms.today, near) for row in rows]


async def _receipts(
    reads: Reads,
    pushes: Sequence[TaskPush],
    results: Sequence[TaskReceipt | DomainError | None],
    written: dict[int, dict[str, Any]],
    have: dict[repository.Key, Any],
    terms: Terms,
) -> list[TaskReceipt | DomainError]:
    taken = [index for index, result in enumerate(results) if result is None]
    kept = await repository.lock_tasks(reads, [pushes[index].key for index in taken]) if taken else {}
    shown = await show_tasks(reads, [kept[pushes[index].key] for index in taken], terms)
    receipts = dict(zip(taken, shown, strict=True))
    return [
        result
        if result is not None
        else TaskReceipt(outcome=_outcome(index in written, pushes[index].key in have), task=receipts[index])
        for index, result in enumerate(results)
    ]


def _outcome(is_written: bool, is_known: bool) -> Outcome:
    if not is_written:
        return Outcome.UNCHANGED
    return Outcome.UPDATED if is_known else Outcome.CREATED


def _faults(push: TaskPush, item: Any, today: date) -> list[InvalidField]:
    wanted = push.wanted
    errors = []
    if item is None or not item["in_force"] or item["organization"] not in push.organization.path:
        detail = "没有这个施行中的公开事项，或它不属于本机关及其上级的目录"
        errors.append(InvalidField(pointer="/item", detail=detail))
    if not FIRST_DAY <= wanted.occurred_on <= today:
        errors.append(InvalidField(pointer="/occurred_on", detail="发生日期应在今天或之前"))
    if item is not None and wanted.event_on is None and _waits_for_event(from_json(item["representation"])):
        errors.append(InvalidField(pointer="/event_on", detail="该事项的时限是“某事之前”，应给出该事的日期"))
    if item is not None and not _may_begin(from_json(item["representation"]), wanted.trigger):
        detail = "该事项的时限自批准（批复）之日起算，应报批准"
        errors.append(InvalidField(pointer="/trigger", detail=detail))
    return errors


def _may_begin(item: dict[str, Any], trigger: Trigger) -> bool:
    """A limit that runs from an approval does not run from a forming or a change (预算法第十四条)."""
    is_approval = item["limit"]["trigger"] == Trigger.APPROVED
    return not (is_approval and trigger in (Trigger.FORMED, Trigger.CHANGED))


def _waits_for_event(item: dict[str, Any]) -> bool:
    limits = (item["limit"], *item["channel_limits"].values())
    return any(limit["kind"] == LimitKind.BEFORE_EVENT for limit in limits)


def _deadlines(
    wanted: TaskInput, item: dict[str, Any], calendar: WorkCalendar
) -> dict[str, tuple[TimeLimit, Deadline]]:
    """By channel, the rule and what it comes to."""
    found = {}
    for channel in item["channels"]:
        limit = TimeLimit.model_validate(item["channel_limits"].get(channel) or item["limit"])
        found[channel] = limit, deadline_of(limit, wanted.occurred_on, calendar, event_on=wanted.event_on)
    return found


def _row(
    push: TaskPush, item: Any, old: Any, deadlines: dict[str, tuple[TimeLimit, Deadline]], terms: Terms
) -> dict[str, Any]:
    organization, wanted = push.organization, push.wanted
    return {
        "id": old["id"] if old is not None else uuid7(),
        "organization": organization.code,
        "organization_name": organization.name,
        "organization_path": organization.path,
        "level": organization.level,
        "external_id": push.external_id,
        "item_id": item["id"],
        "item_version": item["version"],
        "domain": item["domain"],
        "title": wanted.title,
        "trigger": wanted.trigger,
        "occurred_on": wanted.occurred_on,
        "event_on": wanted.event_on,
        "due_on": max(deadline.on for _, deadline in deadlines.values()),
        "content_hash": push.hash,
        "calendar_version": terms.calendar.version,
        "version": (old["version"] if old is not None else 0) + 1,
        "recorded_at": terms.now,
    }


def _duty_row(task: dict[str, Any], channel: str, limit: TimeLimit, deadline: Deadline) -> dict[str, Any]:
    return {
        "task_id": task["id"],
        "channel": channel,
        "organization": task["organization"],
        "level": task["level"],
        "domain": task["domain"],
        "item_id": task["item_id"],
        "time_limit": limit.model_dump_json(),
        "due_on": deadline.on,
        "provisional": deadline.provisional,
        "assumed": deadline.assumed,
    }


def _task(row: Any, duties: Sequence[Any], today: date, near: date) -> Task:
    shown = [
        Duty(
            channel=duty["channel"],
            due_on=duty["due_on"],
            provisional=duty["provisional"],
            assumed=duty["assumed"],
            state=standing_of(duty["due_on"], duty["done_on"], today, near),
            done_on=duty["done_on"],
            publication=duty["publication_id"],
        )
        for duty in duties
    ]
    names = ("id", "external_id", "item_version", "domain", "title", "trigger", "occurred_on", "event_on", "due_on")
    return Task(
        organization=OrganizationRef(code=row["organization"], name=row["organization_name"]),
        item=row["item_id"],
        state=DutyState.CANCELLED if row["cancelled"] else worst_of(duty.state for duty in shown),
        done_on=row["done_on"],
        duties=shown,
        calendar_version=row["calendar_version"],
        version=row["version"],
        **{name: row[name] for name in names},
    )


def _record(session: WriteSession, caller: Caller, action: str, row: dict[str, Any], **facts: Any) -> None:
    session.record(
        actor=caller.client_id,
        action=action,
        subject=str(row["id"]),
        version=row["version"],
        organization=row["organization"],
        **facts,
    )
