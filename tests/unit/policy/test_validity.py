"""Validity and the text in force, on any day."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy_api.rules.validity import (
    Lifetime,
    TextSpan,
    next_change_after,
    next_text_change_after,
    superseded_numbers,
    text_in_force,
    text_to_show,
    validity_on,
)
from shared.schemas.policies import Validity

START = date(2024, 2, 20)
DAYS = st.integers(0, 30).map(lambda offset: START + timedelta(days=offset))
LIFETIMES = st.builds(Lifetime, DAYS, st.none() | DAYS, st.none() | DAYS)
SPANS = st.lists(DAYS, min_size=1, max_size=6).map(
    lambda days: [TextSpan(number, day) for number, day in enumerate(days, 1)]
)


@pytest.mark.parametrize(
    ("day", "validity"),
    [
        (date(2024, 1, 31), Validity.NOT_YET),
        (date(2024, 2, 1), Validity.IN_FORCE),
        (date(2024, 2, 29), Validity.IN_FORCE),
        (date(2027, 12, 31), Validity.IN_FORCE),
        (date(2028, 1, 1), Validity.LAPSED),
    ],
)
def test_last_day_of_validity_counts(day: date, validity: Validity) -> None:
    assert validity_on(Lifetime(date(2024, 2, 1), date(2027, 12, 31), None), day) is validity


def test_a_repeal_counts_from_its_day_and_outweighs_the_rest() -> None:
    repealed = Lifetime(date(2020, 1, 1), date(2024, 12, 31), date(2023, 6, 1))
    assert validity_on(repealed, date(2023, 5, 31)) is Validity.IN_FORCE
    assert validity_on(repealed, date(2023, 6, 1)) is Validity.REPEALED
    assert validity_on(repealed, date(2025, 1, 1)) is Validity.REPEALED
    assert validity_on(Lifetime(date(2030, 1, 1), None, date(2025, 1, 1)), date(2026, 1, 1)) is Validity.REPEALED


def test_next_change_is_the_day_after_the_last_day() -> None:
    lifetime = Lifetime(date(2024, 2, 1), date(2027, 12, 31), None)
    assert next_change_after(lifetime, date(2024, 1, 1)) == date(2024, 2, 1)
    assert next_change_after(lifetime, date(2024, 2, 1)) == date(2028, 1, 1)
    assert next_change_after(lifetime, date(2028, 1, 1)) is None
    assert next_change_after(Lifetime(date(2024, 2, 1), date.max, None), date(2024, 2, 1)) is None


@given(LIFETIMES, DAYS)
def test_next_change_is_what_looking_at_every_day_finds(lifetime: Lifetime, day: date) -> None:
    coming = (day + timedelta(days=offset) for offset in range(1, 40))
    expected = next((later for later in coming if validity_on(lifetime, later) is not validity_on(lifetime, day)), None)
    assert next_change_after(lifetime, day) == expected


def test_text_in_force_is_the_latest_begun_and_of_one_day_the_last_recorded() -> None:
    spans = [TextSpan(1, date(2020, 1, 1)), TextSpan(2, date(2023, 1, 1)), TextSpan(3, date(2020, 1, 1))]
    assert text_in_force(spans, date(2019, 12, 31)) is None
    assert text_in_force(spans, date(2020, 1, 1)) == spans[2]
    assert text_in_force(spans, date(2023, 1, 1)) == spans[1]
    assert superseded_numbers(spans) == {1}


def test_before_the_first_day_the_text_to_come_is_shown() -> None:
    spans = [TextSpan(1, date(2026, 7, 1)), TextSpan(2, date(2026, 7, 1)), TextSpan(3, date(2027, 1, 1))]
    assert text_to_show(spans, date(2026, 6, 30)) == spans[1]
    assert next_text_change_after(spans, date(2026, 6, 30)) == date(2027, 1, 1)


def test_a_document_without_texts_has_none_to_show() -> None:
    with pytest.raises(ValueError, match="without texts"):
        text_to_show([], START)
    assert text_in_force([], START) is None
    assert next_text_change_after([], START) is None
    assert superseded_numbers([]) == set()


@given(SPANS, DAYS)
def test_next_text_change_is_what_looking_at_every_day_finds(spans: list[TextSpan], day: date) -> None:
    coming = (day + timedelta(days=offset) for offset in range(1, 40))
    expected = next((later for later in coming if text_to_show(spans, later) != text_to_show(spans, day)), None)
    assert next_text_change_after(spans, day) == expected


@given(SPANS, DAYS)
def test_a_superseded_text_is_never_shown(spans: list[TextSpan], day: date) -> None:
    assert text_to_show(spans, day).number not in superseded_numbers(spans)
    assert text_to_show(list(reversed(spans)), day) == text_to_show(spans, day)
