"""Working days (工作日) of the State Council's calendar, make-up days (调休) included.

Pure: the calendar is a value with a version, seeded from data and replaceable by an administrator.
A year the calendar does not know is never guessed silently: results that touch it are `provisional`.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, cached_property
from importlib import resources

from shared.schemas.calendar import Calendar

_SATURDAY = 5


@dataclass(frozen=True)
class DueDate:
    """A computed day and what it rests on."""

    on: date
    provisional: bool
    calendar_version: str


@dataclass(frozen=True)
class WorkCalendar:
    """Answers whether a day is worked. Days not listed follow Monday to Friday."""

    data: Calendar

    @property
    def version(self) -> str:
        return self.data.version

    @cached_property
    def _off(self) -> frozenset[date]:
        return frozenset(day for year in self.data.years.values() for day in year.off)

    @cached_property
    def _work(self) -> frozenset[date]:
        return frozenset(day for year in self.data.years.values() for day in year.work)

    def knows(self, day: date) -> bool:
        """Whether the yearly notice for that day's year has been imported."""
        return day.year in self.data.years

    def is_workday(self, day: date) -> bool:
        """Whether `day` is worked; Monday to Friday where the year is unknown."""
        if day in self._work:
            return True
        return day.weekday() < _SATURDAY and day not in self._off

    def add_workdays(self, start: date, days: int, *, excluded: Iterable[tuple[date, date]] = ()) -> DueDate:
        """The day on which `days` working days after `start` have passed (domain.md §4.1 DL-02, DL-06).

        The start day is not counted (民法典第二百零一条). `excluded` are half-open intervals `(a, b]` whose
        days do not count (条例第三十三条第三款). Zero gives `start`; a negative number raises ValueError.
        Receipt Monday 2025-09-22 and 20 working days: Friday 2025-10-24.
        """
        if days < 0:
            raise ValueError("days must not be negative")
        spans = tuple(excluded)
        day, used, known = start, 0, True
        while used < days:
            day += timedelta(days=1)
            known = known and self.knows(day)
            if self.is_workday(day) and not any(a < day <= b for a, b in spans):
                used += 1
        return DueDate(day, not known, self.version)

    def workdays_between(self, start: date, end: date) -> int:
        """How many working days lie in `(start, end]`; zero when `end` is not after `start`."""
        span = max((end - start).days, 0)
        return sum(self.is_workday(start + timedelta(days=offset)) for offset in range(1, span + 1))


@cache
def load_seed_calendar() -> WorkCalendar:
    """The calendar shipped with the kit: the State Council's notices for 2004 to 2026."""
    text = resources.files("shared.kit").joinpath("data/workdays.json").read_text(encoding="utf-8")
    return WorkCalendar(Calendar.model_validate(json.loads(text)))
