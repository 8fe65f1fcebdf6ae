"""Reminders before a document's last day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy_api.rules.expiry import months_before, next_reminder, reminder_days

DAYS = st.dates(date(1950, 1, 1), date(2200, 12, 31))


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 8, 31), 6, date(2026, 2, 28)),
        (date(2028, 8, 31), 6, date(2028, 2, 29)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
        (date(2026, 12, 31), 12, date(2025, 12, 31)),
        (date(2026, 11, 30), -3, date(2027, 2, 28)),
    ],
)
def test_months_end_where_the_month_does(day: date, months: int, expected: date) -> None:
    assert months_before(day, months) == expected


@given(DAYS, st.lists(st.integers(1, 60), min_size=1, max_size=5))
def test_walking_from_reminder_to_reminder_meets_each_once(expires_on: date, months: list[int]) -> None:
    met, day = [], expires_on - timedelta(days=4000)
    while (found := next_reminder(expires_on, months, after=day)) is not None:
        met.append(found)
        day = found
    assert met == reminder_days(expires_on, months)
    assert all(day < expires_on for day in met)
