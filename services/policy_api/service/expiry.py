"""Before documents expire: somebody is told in good time, evaluates them, and decides what becomes of them.

The decision does not end or continue anything by itself: the act that does comes as a document.
"""

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from uuid_utils.compat import uuid7

from services.policy_api.repository import expiry as repository
from services.policy_api.repository.reading import Reads
from services.policy_api.rules.expiry import months_before, next_reminder, reminder_days
from shared.kit.auth import Caller
from shared.kit.clock import local_day
from shared.kit.database import WriteSession
from shared.kit.errors import IllegalMove, NotFound, RuleViolation
from shared.kit.log import Announcement
from shared.schemas.expiry import ExpiryDecisionInput, ExpiryTask
from shared.schemas.problems import InvalidField

NO_TASK = "没有这项到期评估"


async def remind(session: WriteSession, *, months: Sequence[int], now: datetime, limit: int) -> int:
    """Open what comes into view and tell the log of every reminder that is due; returns how many were handled."""
    driver, today = await session.driver(), local_day(now)
    # Months are not equally long: a few days more are looked at than the earliest reminder needs.
    until = months_before(today, -max(months)) + timedelta(days=3)
    unopened = await repository.list_unopened(driver, today=today, until=until, limit=limit)
    rows = [
        (uuid7(), row["id"], row["organization"], row["expires_on"], _first(row["expires_on"], months, today), now)
        for row in unopened
    ]
    await repository.insert(driver, rows)
    due = await repository.list_remindable(driver, today, limit=limit)
    for row in due:
        version = row["version"] + 1
        await repository.note_reminder(
            driver, row["id"], version=version, next_reminder_on=next_reminder(row["expires_on"], months, after=today)
        )
        if not row["carried_out"]:
            _announce(session, row, version, today)
    return len(rows) + len(due)


def _first(expires_on: date, months: Sequence[int], today: date) -> date | None:
    """The last reminder that is due already, so that a late start reminds once and not of every month at once."""
    past = [day for day in reminder_days(expires_on, months) if day <= today]
    return past[-1] if past else next_reminder(expires_on, months, after=today)


def _announce(session: WriteSession, row: Any, version: int, today: date) -> None:
    told = {
        "policy_id": row["policy_id"],
        "title": row["title"],
        "doc_no": row["doc_no"],
        "expires_on": row["expires_on"],
        "days_left": (row["expires_on"] - today).days,
    }
    session.announce(Announcement("expiry.reminder", str(row["id"]), version, to_json(told)))


async def decide(
    session: WriteSession, caller: Caller, task_id: UUID, wanted: ExpiryDecisionInput, *, now: datetime
) -> ExpiryTask:
    """Keep the evaluation and the decision; it may be replaced as long as nothing was carried out."""
    if wanted.evaluation.evaluated_on > local_day(now):
        errors = [InvalidField(pointer="/evaluation/evaluated_on", detail="评估日期不能在今天之后")]
        raise RuleViolation("评估应已完成", errors=errors)
    driver = await session.driver()
    await repository.lock(driver, task_id)
    row = await repository.find(driver, task_id)
    if row is None:
        raise NotFound(NO_TASK)
    if row["carried_out"] and row["decision"] is not None:
        raise IllegalMove("处理意见已经落实，不能再改", allowed=[])
    version = row["version"] + 1
    evaluation = to_json(wanted.evaluation).decode()
    await repository.decide(
        driver,
        task_id,
        evaluation=evaluation,
        decision=wanted.decision.value,
        by=caller.client_id,
        at=now,
        version=version,
    )
    session.record(
        actor=caller.client_id,
        action="expiry.decided",
        subject=str(task_id),
        version=version,
        organization=row["organization"],
        policy=str(row["policy_id"]),
        decision=wanted.decision.value,
    )
    return shown(await repository.find(driver, task_id))


async def find_organization(reads: Reads, task_id: UUID) -> str:
    """Whose task it is; NotFound when there is none."""
    row = await repository.find(reads, task_id)
    if row is None:
        raise NotFound(NO_TASK)
    organization: str = row["organization"]
    return organization


def shown(row: Any) -> ExpiryTask:
    """A task as its office reads it."""
    evaluation = json.loads(row["evaluation"]) if row["evaluation"] else None
    return ExpiryTask.model_validate({**dict(row), "evaluation": evaluation})
