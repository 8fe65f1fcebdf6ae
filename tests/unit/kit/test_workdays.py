"""Counting working days: the specification's worked examples, an independent slow count, another library's calendar."""

from datetime import date, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kit.workdays import WorkCalendar, load_seed_calendar
from shared.schemas.calendar import Calendar, CalendarYear

SEED = load_seed_calendar()
KNOWN = st.dates(date(2004, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2025-09-22", 20, "2025-10-24"),  # the Mon–Fri count says 2025-10-20
        ("2025-09-22", 7, "2025-09-30"),  # correction notice, 条例第三十条
        ("2025-09-22", 40, "2025-11-21"),  # extended by 20
        ("2026-02-09", 20, "2026-03-13"),  # Spring Festival with three make-up days; Mon–Fri says 2026-03-09
        ("2025-09-28", 20, "2025-10-31"),  # received on a Sunday that is worked
        ("2025-10-14", 20, "2025-11-11"),  # the corrected request starts a new clock
        ("2025-09-30", 15, "2025-10-28"),  # a third party's opinion, 条例第三十二条
        ("2025-06-05", 20, "2025-07-03"),
        ("2025-06-05", 10, "2025-06-19"),
        ("2025-06-05", 3, "2025-06-10"),
        ("2025-06-14", 20, "2025-07-11"),  # received on a Saturday: day 1 is Monday 06-16
        ("2025-01-20", 20, "2025-02-21"),  # 01-26 and 02-08 are worked
        ("2024-02-28", 1, "2024-02-29"),  # leap day
        ("2024-02-29", 1, "2024-03-01"),
    ],
)
def test_worked_examples_of_the_specification(start: str, days: int, due: str) -> None:
    result = SEED.add_workdays(date.fromisoformat(start), days)
    assert (result.on.isoformat(), result.provisional) == (due, False)


def test_days_of_a_third_partys_consultation_do_not_count() -> None:
    """Received 2025-09-22, letter sent 09-29, reply on 10-17: 14 of 20 remain after it (条例第三十三条第三款)."""
    consulted = (date(2025, 9, 29), date(2025, 10, 17))
    assert SEED.add_workdays(date(2025, 9, 22), 20, excluded=[consulted]).on == date(2025, 11, 6)


def test_overlapping_exclusions_count_once() -> None:
    parts = [(date(2025, 9, 29), date(2025, 10, 14)), (date(2025, 10, 10), date(2025, 10, 17))]
    assert SEED.add_workdays(date(2025, 9, 22), 20, excluded=parts).on == date(2025, 11, 6)


@pytest.mark.parametrize(("start", "provisional"), [("2026-12-03", False), ("2026-12-04", True)])
def test_a_period_that_reaches_an_unknown_year_is_provisional(start: str, provisional: bool) -> None:
    """Without the notice for 2027 nobody knows; the first receipt that needs it is 2026-12-04."""
    assert SEED.add_workdays(date.fromisoformat(start), 20).provisional is provisional


def test_importing_the_year_ends_the_provision() -> None:
    year = CalendarYear(off=[date(2027, 1, 1)], work=[], source="invented notice")
    known = WorkCalendar(Calendar(version="test", years={**SEED.data.years, 2027: year}))
    result = known.add_workdays(date(2026, 12, 4), 20)
    assert (result.on, result.provisional, result.calendar_version) == (date(2027, 1, 4), False, "test")


@given(KNOWN)
def test_zero_days_is_the_start_itself(start: date) -> None:
    assert SEED.add_workdays(start, 0).on == start


def test_negative_days_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        SEED.add_workdays(date(2025, 6, 5), -1)


@given(KNOWN)
def test_calendar_equals_another_librarys(day: date) -> None:
    assert SEED.is_workday(day) == chinese_calendar.is_workday(day)


@pytest.mark.parametrize(("year", "days"), [(2025, 248), (2026, 248)])
def test_working_days_of_a_year(year: int, days: int) -> None:
    assert SEED.workdays_between(date(year - 1, 12, 31), date(year, 12, 31)) == days


def slow_due(start: date, days: int, spans: list[tuple[date, date]]) -> date:
    """Lists every later day that counts and takes the n-th: another way than the kit's."""
    later = [start + timedelta(days=offset) for offset in range(1, days * 3 + 400)]
    barred = {a + timedelta(days=offset) for a, b in spans for offset in range(1, (b - a).days + 1)}
    counting = [day for day in later if chinese_calendar.is_workday(day) and day not in barred]
    return counting[days - 1] if days else start


SPANS = st.lists(
    st.tuples(st.dates(date(2004, 1, 1), date(2024, 12, 31)), st.integers(0, 60)).map(
        lambda pair: (pair[0], pair[0] + timedelta(days=pair[1]))
    ),
    max_size=3,
)


@given(st.dates(date(2004, 1, 1), date(2024, 6, 30)), st.integers(0, 60), SPANS)
def test_due_day_equals_an_independent_count(start: date, days: int, spans: list[tuple[date, date]]) -> None:
    assert SEED.add_workdays(start, days, excluded=spans).on == slow_due(start, days, spans)


@given(st.dates(date(2004, 1, 1), date(2025, 12, 31)), st.integers(1, 60))
def test_due_day_is_worked_and_the_count_between_agrees(start: date, days: int) -> None:
    due = SEED.add_workdays(start, days).on
    assert SEED.is_workday(due)
    assert SEED.workdays_between(start, due) == days


@given(KNOWN, KNOWN)
def test_nothing_lies_between_backwards(start: date, end: date) -> None:
    if end <= start:
        assert SEED.workdays_between(start, end) == 0
