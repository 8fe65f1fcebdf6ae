"""Fees: the worked examples of domain.md §3, and sums taken the slow way."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.request_api.rules.fees import (
    PER_PAGE,
    Band,
    ItemBands,
    charge_by_item,
    charge_by_page,
    check_bands,
    fee_of_item,
    fee_of_items,
    fee_of_pages,
    may_charge_pages,
    pay_until,
)
from shared.kit.workdays import load_seed_calendar
from shared.schemas.request_codes import DecisionCode
from shared.schemas.requests import FeeMethod, Payment

SEED = load_seed_calendar()


@pytest.mark.parametrize(
    ("requests", "yuan"), [(10, 0), (11, 100), (30, 2000), (31, 2200), (35, 3000), (40, 4000), (47, 6100), (60, 11000)]
)
def test_FEE_03_requests_of_one_month(requests: int, yuan: int) -> None:
    assert fee_of_items(requests) == yuan


@pytest.mark.parametrize(
    ("place", "yuan"),
    [(1, 0), (10, 0), (11, 100), (30, 100), (31, 200), (40, 200), (41, 300), (50, 300), (51, 400), (60, 400)],
)
def test_FEE_03_the_place_in_the_month_decides_what_a_request_costs(place: int, yuan: int) -> None:
    assert fee_of_item(place) == yuan


def test_FEE_03_a_new_month_begins_at_nothing() -> None:
    assert charge_by_item(35).yuan == 200
    assert charge_by_item(0).yuan == 0


def test_FEE_03_several_matters_in_one_application_are_as_many_requests() -> None:
    assert charge_by_item(9, matters=3).yuan == 0 + 100 + 100
    assert charge_by_item(9, matters=3).quantity == 12


@pytest.mark.parametrize(
    ("pages", "yuan"), [(0, 0), (30, 0), (31, 10), (68, 380), (100, 700), (200, 2700), (201, 2740), (250, 4700)]
)
def test_FEE_04_pages_of_one_request(pages: int, yuan: int) -> None:
    assert fee_of_pages(pages) == yuan


def test_FEE_04_pages_are_not_accumulated_across_requests() -> None:
    assert charge_by_page(30).yuan + charge_by_page(30).yuan == 0


def test_FEE_04_being_told_where_it_is_public_costs_no_pages() -> None:
    assert [code for code in DecisionCode if not may_charge_pages(code)] == [DecisionCode.A1]


def _page_price(page: int) -> int:
    return 0 if page <= 30 else 10 if page <= 100 else 20 if page <= 200 else 40


def _item_price(place: int) -> int:
    return 0 if place <= 10 else 100 if place <= 30 else 100 * ((place - 31) // 10 + 2)


@given(st.integers(0, 1000))
def test_FEE_04_every_page_costs_what_its_own_band_says(pages: int) -> None:
    assert fee_of_pages(pages) == sum(_page_price(page) for page in range(1, pages + 1))


@given(st.integers(0, 400))
def test_FEE_03_every_request_costs_what_the_printed_formula_says(count: int) -> None:
    assert fee_of_items(count) == sum(_item_price(place) for place in range(1, count + 1))


@given(st.integers(0, 300), st.integers(1, 40))
def test_FEE_02_what_is_charged_one_by_one_is_what_is_charged_together(earlier: int, matters: int) -> None:
    one_by_one = sum(charge_by_item(earlier + place).yuan for place in range(matters))
    assert charge_by_item(earlier, matters=matters).yuan == one_by_one
    assert fee_of_items(earlier) + one_by_one == fee_of_items(earlier + matters)


@given(st.integers(1, 500))
def test_FEE_03_each_further_ten_cost_a_hundred_more(place: int) -> None:
    assert fee_of_item(place + 10) - fee_of_item(place) in ((0, 100) if place <= 20 else (100,))
    assert fee_of_item(place + 1) >= fee_of_item(place)


@given(st.integers(0, 1000))
def test_FEE_04_more_pages_never_cost_less(pages: int) -> None:
    assert fee_of_pages(pages + 1) >= fee_of_pages(pages)


def test_FEE_02_a_charge_names_one_way_of_counting() -> None:
    assert (charge_by_item(10).method, charge_by_item(10).quantity) == (FeeMethod.PER_ITEM, 11)
    assert (charge_by_page(40).method, charge_by_page(40).quantity) == (FeeMethod.PER_PAGE, 40)


def test_FEE_01_what_is_usual_is_free() -> None:
    assert {charge_by_item(earlier).yuan for earlier in range(10)} == {0}
    assert {charge_by_page(pages).yuan for pages in range(31)} == {0}


def test_a_city_may_set_other_bands() -> None:
    bands = ItemBands(fixed=(Band(0, 0), Band(5, 50)), rising_above=10, step=5, more=25)
    assert [fee_of_item(place, bands) for place in (5, 6, 10, 11, 15, 16)] == [0, 50, 50, 75, 75, 100]
    assert fee_of_pages(12, (Band(0, 0), Band(10, 3))) == 6


@pytest.mark.parametrize("bands", [(), (Band(1, 0),), (Band(0, 0), Band(0, 5)), (Band(0, 10), Band(5, 5))])
def test_bands_that_make_no_sense_are_refused(bands: tuple[Band, ...]) -> None:
    check_bands(PER_PAGE)
    with pytest.raises(ValueError, match="band"):
        check_bands(bands)
    with pytest.raises(ValueError, match="band"):
        ItemBands(fixed=bands)


def test_FEE_07_thirty_days_are_counted_from_the_day_after_the_notice() -> None:
    due = pay_until(date(2025, 10, 21), SEED)
    assert (due.on, due.provisional) == (date(2025, 11, 20), False)


def test_FEE_07_DL_03_a_last_day_of_rest_moves_on_unless_a_city_says_otherwise() -> None:
    notice = date(2025, 9, 4)  # thirty days on, the fourth of the eight days off of October
    assert pay_until(notice, SEED).on == date(2025, 10, 9)
    assert pay_until(notice, SEED, moves_off_holidays=False).on == date(2025, 10, 4)


@given(st.dates(date(2024, 1, 1), date(2025, 11, 1)))
def test_FEE_07_payment_never_ends_early_nor_on_a_rest_day(received_on: date) -> None:
    last = pay_until(received_on, SEED).on
    assert last >= received_on + timedelta(days=30)
    assert SEED.is_workday(last)


def test_FEE_08_payment_begins_twenty_new_working_days() -> None:
    assert SEED.add_workdays(date(2025, 11, 5), 20).on == date(2025, 12, 3)


def test_FEE_10_a_payment_has_its_fiscal_receipt() -> None:
    with pytest.raises(ValidationError, match="receipt_no"):
        Payment.model_validate({"on": "2025-11-05"})


def test_impossible_quantities_are_refused() -> None:
    with pytest.raises(ValueError, match="counted from 1"):
        fee_of_item(0)
    with pytest.raises(ValueError, match="negative"):
        fee_of_pages(-1)
    with pytest.raises(ValueError, match="at least one"):
        charge_by_item(3, matters=0)
