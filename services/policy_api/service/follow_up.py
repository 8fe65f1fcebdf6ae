"""Opening, closing and reading tasks to interpret again (TS-27, TS-28).

The worker opens them, or the push that passes the threshold; an interpretation's publication closes them in its own
transaction. Whoever opens a task holds the policies' locks, as whoever publishes an interpretation does: neither misses
the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Protocol
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from services.policy_api.repository import follow_up as repository
from services.policy_api.repository import policies as policy_repository
from services.policy_api.repository.reading import Rows
from services.policy_api.rules.follow_up_tasks import (
    FollowUpLimits,
    closes,
    due_of,
    earliest_amendment,
    is_mature,
    times_passed,
)
from services.policy_api.rules.interpretation_duty import ALWAYS_IN_SCOPE
from services.policy_api.rules.three_sync.follow_up import add_months
from services.policy_api.settings import Settings
from shared.kit.auth import Caller
from shared.kit.database import WriteSession
from shared.kit.errors import IllegalMove, NotFound
from shared.kit.workdays import WorkCalendar
from shared.schemas.interpretation_tasks import InterpretationTask, TaskPolicy, TaskReason, TaskState
from shared.schemas.policies import InterpretationStage, OrganizationRef

_WORKER = "policy_api"
"""Whom the audit trail names where nobody called."""
_MOOT = "政策已废止、失效或撤回，不再需要解读"


@dataclass(frozen=True)
class Terms:
    """The day, the calendar and the limits by which tasks are opened."""

    today: date
    calendar: WorkCalendar
    limits: FollowUpLimits


def limits_of(settings: Settings) -> FollowUpLimits:
    """As the city has set them."""
    return FollowUpLimits(
        enquiries=settings.follow_up_enquiries,
        months=settings.follow_up_months,
        late_workdays=settings.interpretation_late_workdays,
        due_workdays=settings.follow_up_due_workdays,
    )


class _Finder(Protocol):
    async def __call__(self, driver: asyncpg.Connection, *, among: Sequence[UUID] | None, limit: int) -> Rows: ...


async def open_due_tasks(session: WriteSession, terms: Terms, *, at_once: int) -> int:
    """Open what evaluations, six months of effect and amendments ask for; returns how many were opened or closed."""
    driver = await session.driver()
    finders = _finders(terms)
    # Looks without locks first, then again at what it holds: in one ordered lock, so that no two wait crosswise.
    seen = [row for find in finders.values() for row in await find(driver, among=None, limit=at_once)]
    done = 0
    if seen:
        await policy_repository.lock(driver, {row[name] for row in seen for name in ("policy_id", "source_id")})
        among = list({row["policy_id"] for row in seen})
        for reason, find in finders.items():
            for row in await find(driver, among=among, limit=at_once):
                done += await _open(session, terms, reason, row)
    for row in await repository.list_moot(driver, limit=at_once):
        done += await _close(session, row, on=terms.today, dismissal=_MOOT)
    return done


def _finders(terms: Terms) -> dict[TaskReason, _Finder]:
    months = terms.limits.months
    since = earliest_amendment(terms.today, months)

    async def evaluations(driver: asyncpg.Connection, *, among: Sequence[UUID] | None, limit: int) -> Rows:
        return await repository.list_evaluations(driver, since=since, among=among, limit=limit)

    async def matured(driver: asyncpg.Connection, *, among: Sequence[UUID] | None, limit: int) -> Rows:
        # Months differ in length: a few days more than the span on both sides, and the rule decides.
        span = {"after": add_months(terms.today, -2 * months), "through": since + timedelta(days=3)}
        rows = await repository.list_matured(driver, **span, among=among, limit=limit)
        return [row for row in rows if is_mature(row["caused_on"], terms.today, months)]

    async def amendments(driver: asyncpg.Connection, *, among: Sequence[UUID] | None, limit: int) -> Rows:
        return await repository.list_amendments(
            driver, since=since, always_in_scope=list(ALWAYS_IN_SCOPE), among=among, limit=limit
        )

    return {TaskReason.EVALUATION: evaluations, TaskReason.EFFECT: matured, TaskReason.AMENDED: amendments}


async def open_for_enquiries(session: WriteSession, terms: Terms, policy: Any, *, total: int, counted_to: date) -> None:
    """Each time that a policy's enquiries pass the threshold once more. The caller holds the policy's lock."""
    times = times_passed(total, terms.limits.enquiries)
    if times > 0:
        row = {"policy_id": policy["id"], "organization": policy["organization"], "cause": str(times)}
        await _open(session, terms, TaskReason.ENQUIRIES, row | {"caused_on": counted_to})


async def _open(session: WriteSession, terms: Terms, reason: TaskReason, row: Any) -> bool:
    due = due_of(reason, caused_on=row["caused_on"], today=terms.today, calendar=terms.calendar, limits=terms.limits)
    task = {
        "id": uuid7(),
        **{name: row[name] for name in ("policy_id", "cause", "caused_on")},
        "reason": reason.value,
        "opened_on": terms.today,
        "due_on": due.on,
    }
    if not await repository.insert(await session.driver(), task):
        return False
    session.record(
        actor=_WORKER,
        action="interpretation_task.opened",
        subject=str(task["id"]),
        version=1,
        organization=row["organization"],
        policy=str(row["policy_id"]),
        reason=reason.value,
        cause=row["cause"],
    )
    return True


async def close_done_tasks(session: WriteSession, interpretations: Sequence[Any], *, published_on: date) -> None:
    """Close what these interpretations, public from now on, were asked for. The caller holds their policies' locks."""
    driver = await session.driver()
    for task in await repository.list_open_of(driver, sorted({row["policy_id"] for row in interpretations})):
        for row in interpretations:
            concerned = row["policy_id"] == task["policy_id"] or str(row["policy_id"]) == task["cause"]
            if concerned and closes(
                TaskReason(task["reason"]),
                caused_on=task["caused_on"],
                opened_on=task["opened_on"],
                stage=InterpretationStage(row["stage"]),
                published_on=published_on,
            ):
                await _close(session, task, on=published_on, by=row["id"])
                break


async def dismiss_task(
    session: WriteSession, caller: Caller, task_id: UUID, *, reason: str, today: date
) -> InterpretationTask:
    """Close a task without an interpretation; NotFound, or IllegalMove when it is closed already."""
    driver = await session.driver()
    row = await repository.find(driver, task_id)
    if row is None:
        raise NotFound("没有这项解读任务")
    if not await _close(session, row, on=today, dismissal=reason, actor=caller.client_id):
        raise IllegalMove("这项解读任务已经办结，不能再免办", allowed=[])
    return view_task(await repository.find(driver, task_id), today)


async def _close(
    session: WriteSession,
    task: Any,
    *,
    on: date,
    by: UUID | None = None,
    dismissal: str | None = None,
    actor: str = _WORKER,
) -> bool:
    if not await repository.close(await session.driver(), task["id"], on=on, by=by, dismissal=dismissal):
        return False
    session.record(
        actor=actor,
        action="interpretation_task.done" if by is not None else "interpretation_task.dismissed",
        subject=str(task["id"]),
        version=task["version"] + 1,
        organization=task["organization"],
        policy=str(task["policy_id"]),
        **({"interpretation": str(by)} if by is not None else {"reason": dismissal}),
    )
    return True


def view_task(row: Any, today: date) -> InterpretationTask:
    """A task as its office reads it on a day."""
    names = (
        "id",
        "reason",
        "cause",
        "caused_on",
        "opened_on",
        "due_on",
        "state",
        "closed_on",
        "closed_by",
        "dismissal",
    )
    policy = {"id": row["policy_id"], **{name: row[name] for name in ("title", "doc_no", "validity")}}
    return InterpretationTask(
        organization=OrganizationRef(code=row["organization"], name=row["organization_name"]),
        policy=TaskPolicy(**policy),
        overdue=row["state"] == TaskState.OPEN and row["due_on"] < today,
        **{name: row[name] for name in names},
    )
