"""When somebody is reminded that a document will expire (domain.md §6.5): months before its last day, the earliest first."""

import calendar
from collections.abc import Sequence
from datetime import date


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or that month's last: 6 months before 31 August is 28 or 29 February."""
    month = day.year * 12 + day.month - 1 - months
    year, number = divmod(month, 12)
    return date(year, number + 1, min(day.day, calendar.monthrange(year, number + 1)[1]))


def reminder_days(expires_on: date, months: Sequence[int]) -> list[date]:
    """Each day on which a reminder is due, in order."""
    return sorted({months_before(expires_on, number) for number in months})


def next_reminder(expires_on: date, months: Sequence[int], *, after: date) -> date | None:
    """The first reminder after a day; None when none is left."""
    return next((day for day in reminder_days(expires_on, months) if day > after), None)
