"""How a duty stands on a day: on time, late, overdue, due soon, open. Pure."""

from collections.abc import Iterable
from datetime import date

from shared.kit.workdays import WorkCalendar
from shared.schemas.disclosure import DutyState

_WORST_FIRST = (DutyState.OVERDUE, DutyState.DUE_SOON, DutyState.OPEN, DutyState.LATE, DutyState.ON_TIME)


def standing_of(due_on: date, done_on: date | None, today: date, soon_until: date) -> DutyState:
    """`soon_until` is the last deadline that counts as near on this day. A deadline ends with its day (domain.md DL-04)."""
    if done_on is not None:
        return DutyState.ON_TIME if done_on <= due_on else DutyState.LATE
    if today > due_on:
        return DutyState.OVERDUE
    return DutyState.DUE_SOON if due_on <= soon_until else DutyState.OPEN


def soon_until(today: date, workdays: int, calendar: WorkCalendar) -> date:
    """The day so many working days from now."""
    return calendar.add_workdays(today, workdays).on


def worst_of(states: Iterable[DutyState]) -> DutyState:
    """What decides for a whole task."""
    found = set(states)
    return next((state for state in _WORST_FIRST if state in found), DutyState.ON_TIME)
