"""Every period of the table by its number (domain.md §4.2)."""

from datetime import date, datetime

import pytest

from services.request_api.rules.periods import PERIODS, last_day, last_moment
from shared.kit.workdays import load_seed_calendar

SEED = load_seed_calendar()


@pytest.mark.parametrize(
    ("number", "start", "due"),
    [
        ("P-01", "2025-09-22", "2025-10-24"),
        ("P-02", "2025-09-22", "2025-09-30"),  # 09-28 is worked
        ("P-03", "2025-09-22", "2025-10-11"),  # 10-11 is worked
        ("P-04", "2025-09-22", "2025-10-24"),
        ("P-05", "2025-10-24", "2025-11-21"),
        ("P-06", "2025-09-22", "2025-10-17"),
        ("P-07", "2025-09-22", "2025-10-17"),
        ("P-08", "2025-09-22", "2025-09-22"),
        ("P-09", "2025-10-21", "2025-11-20"),
        ("P-10a", "2025-09-22", "2026-01-31"),
        ("P-10b", "2025-09-22", "2026-03-31"),
        ("P-11a", "2025-10-21", "2025-12-22"),  # 12-20 is a Saturday
        ("P-11b", "2025-08-31", "2026-02-28"),  # a Saturday that is worked
        ("P-11c", "2025-10-21", "2025-11-05"),
        ("P-12", "2025-06-05", "2025-06-10"),
        ("P-13", "2026-04-14", "2026-05-06"),  # 05-04 and 05-05 are days off
        ("P-14", "2025-09-30", "2025-10-11"),
        ("P-15", "2026-04-01", "2026-05-01"),  # the least time: a day off does not lengthen it
        ("P-16", "2025-09-22", "2025-09-30"),
        ("P-17", "2026-05-08", "2026-05-01"),
        ("P-18", "2026-04-01", "2026-05-01"),
        ("P-19", "2026-04-01", "2026-05-06"),
        ("P-20", "2026-05-08", "2026-04-08"),
    ],
)
def test_P_01_to_P_20_last_day_of_each_period(number: str, start: str, due: str) -> None:
    counted = last_day(number, date.fromisoformat(start), SEED)
    assert (counted.on.isoformat(), counted.provisional) == (due, False)


def test_P_18_and_P_19_a_regulation_is_filed_in_thirty_days_and_in_force_no_sooner() -> None:
    published = date(2026, 6, 1)
    assert last_day("P-18", published, SEED).on == date(2026, 7, 1)
    assert last_day("P-19", published, SEED).on == date(2026, 7, 1)


def test_P_21_authoritative_information_in_five_hours_and_a_press_conference_in_a_day() -> None:
    happened = datetime.fromisoformat("2026-05-01T22:30:00+08:00")
    assert last_moment("P-21a", happened).isoformat() == "2026-05-02T03:30:00+08:00"
    assert last_moment("P-21b", happened).isoformat() == "2026-05-02T22:30:00+08:00"


def test_every_period_has_one_length_and_one_way_to_be_counted() -> None:
    for number, period in PERIODS.items():
        lengths = (period.workdays, period.days, period.hours, period.month_day)
        assert sum(length is not None for length in lengths) + period.half_year == 1, number
        if period.hours is None:
            with pytest.raises(ValueError, match="in days"):
                last_moment(number, datetime(2026, 5, 1))
        else:
            with pytest.raises(ValueError, match="in hours"):
                last_day(number, date(2026, 5, 1), SEED)
