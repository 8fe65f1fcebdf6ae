"""Duties that come back by the calendar: every month, quarter, half-year or year asks for its information. Pure."""

from collections.abc import Iterator
from datetime import date, timedelta

from shared.schemas.catalogs import Recurrence

_MONTHS = {Recurrence.MONTHLY: 1, Recurrence.QUARTERLY: 3, Recurrence.HALF_YEARLY: 6, Recurrence.YEARLY: 12}


def ended_periods(recurrence: Recurrence, since: date, today: date) -> Iterator[tuple[str, date]]:
    """Name and last day of every period that ended on or after `since` and before today, the earliest first."""
    length = _MONTHS[recurrence]
    first = date(since.year, (since.month - 1) // length * length + 1, 1)
    while (end := _add_months(first, length) - timedelta(days=1)) < today:
        yield _name(recurrence, first), end
        first = _add_months(first, length)


def _add_months(first: date, months: int) -> date:
    total = first.year * 12 + first.month - 1 + months
    return date(total // 12, total % 12 + 1, 1)


def months_later(day: date, months: int) -> date:
    """The same day so many months later, or the month's last where it has none."""
    first = _add_months(day, months)
    return first.replace(day=min(day.day, (_add_months(first, 1) - timedelta(days=1)).day))


def _name(recurrence: Recurrence, first: date) -> str:
    match recurrence:
        case Recurrence.MONTHLY:
            return f"{first:%Y-%m}"
        case Recurrence.QUARTERLY:
            return f"{first.year}-Q{(first.month - 1) // 3 + 1}"
        case Recurrence.HALF_YEARLY:
            return f"{first.year}-H{(first.month - 1) // 6 + 1}"
        case _:
            return f"{first.year}"
