"""When a policy is to be interpreted again, and which interpretation closes the task (TS-27, TS-28; SEED（五）).

One task for each cause: an evaluation, an amendment, a day of effect, or each time that the enquiries pass the threshold
once more. The same cause never opens a second.
"""

from dataclasses import dataclass
from datetime import date

from services.policy_api.rules.three_sync.follow_up import add_months
from shared.kit.workdays import DueDate, WorkCalendar
from shared.schemas.interpretation_tasks import TaskReason
from shared.schemas.policies import InterpretationStage


@dataclass(frozen=True)
class FollowUpLimits:
    """Numbers that a city may set (domain.md §7.2, mark D)."""

    enquiries: int = 50
    months: int = 6
    late_workdays: int = 3
    due_workdays: int = 20


def times_passed(enquiries: int, threshold: int) -> int:
    """How often the enquiries so far have passed the threshold: 49 of 50 never, 120 twice."""
    return enquiries // threshold


def is_mature(effective_on: date, today: date, months: int) -> bool:
    """Whether a policy has been in effect for so many months, and not for twice as many.

    The window keeps what was imported long after its day from asking for an interpretation that nobody waits for.
    In effect on 2025-08-31: from 2026-02-28 through 2026-08-30, with six months.
    """
    return add_months(effective_on, months) <= today < add_months(effective_on, 2 * months)


def earliest_amendment(today: date, months: int) -> date:
    """Amendments published before that day open no task: they were there before the library was."""
    return add_months(today, -months)


def due_of(
    reason: TaskReason, *, caused_on: date, today: date, calendar: WorkCalendar, limits: FollowUpLimits
) -> DueDate:
    """The last day for the new interpretation.

    TS-28: amended Tuesday 2025-09-30, three working days: Saturday 2025-10-11. Others count from the task's opening.
    """
    if reason is TaskReason.AMENDED:
        return calendar.add_workdays(caused_on, limits.late_workdays)
    return calendar.add_workdays(today, limits.due_workdays)


def closes(
    reason: TaskReason, *, caused_on: date, opened_on: date, stage: InterpretationStage, published_on: date
) -> bool:
    """Whether an interpretation does what the task asks for.

    An amendment asks for any new interpretation from its own day on, everything else for one of the follow-up stage
    from the task's opening on.
    """
    if reason is TaskReason.AMENDED:
        return stage is not InterpretationStage.DRAFT and published_on >= caused_on
    return stage is InterpretationStage.FOLLOW_UP and published_on >= opened_on
