"""When something has to be public, by its time limit, the event it runs from and the working-day calendar. Pure.

Where a limit says no number of days, the Regulation's own bound holds: twenty working days (条例第二十六条). An answer
that rests on it, or on a year without a calendar, says so.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from shared.kit.workdays import WorkCalendar
from shared.schemas.catalogs import DayUnit, LimitKind, Period, TimeLimit

STATUTORY = Period(days=20, unit=DayUnit.WORKDAYS)  # 条例第二十六条


@dataclass(frozen=True)
class Deadline:
    """The last day, and what it rests on."""

    on: date
    provisional: bool
    """Some day that was counted lies in a year whose calendar is not known."""
    assumed: bool
    """The limit says no number of days: the statutory one was taken."""
    calendar_version: str


def deadline_of(limit: TimeLimit, since: date, calendar: WorkCalendar, *, event_on: date | None = None) -> Deadline:
    """The last day on which it is on time.

    `since` is the day of the trigger, or the last day of a recurring duty's period. `event_on` is the day of the event
    that a `before_event` limit names; ValueError without it.
    """
    match limit.kind:
        case LimitKind.REAL_TIME:
            return Deadline(since, False, False, calendar.version)
        case LimitKind.BEFORE_EVENT:
            if event_on is None:
                raise ValueError("a limit before an event needs the event's day")
            return Deadline(event_on - timedelta(days=1), False, False, calendar.version)
        case LimitKind.WITHIN if limit.period is not None:
            return _after(limit.period, since, calendar, assumed=False)
        case LimitKind.RECURRING if limit.period is not None:
            return _after(limit.period, since, calendar, assumed=False)
        case _:
            return _after(STATUTORY, since, calendar, assumed=True)


def end_of(period: Period, since: date, calendar: WorkCalendar) -> date:
    """The last day of a period that begins the day after `since`, such as that of a public notice (公示期)."""
    return _after(period, since, calendar, assumed=False).on


def _after(period: Period, since: date, calendar: WorkCalendar, *, assumed: bool) -> Deadline:
    if period.unit is DayUnit.WORKDAYS:
        due = calendar.add_workdays(since, period.days)
        return Deadline(due.on, due.provisional, assumed, due.calendar_version)
    last = since + timedelta(days=period.days)
    # 民法典第二百零三条: a last day that is a day off gives way to the day after the days off.
    rolled = last
    while not calendar.is_workday(rolled):
        rolled += timedelta(days=1)
    known = all(calendar.knows(day) for day in (last, rolled))
    return Deadline(rolled, not known, assumed, calendar.version)
