"""Fees: the worked examples of domain.md §3, and sums taken the slow way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.request_api.rules.fees import fee_of_item, fee_of_items, fee_of_pages


@pytest.mark.parametrize(
    ("requests", "yuan"), [(10, 0), (11, 100), (30, 2000), (31, 2200), (35, 3000), (40, 4000), (47, 6100), (60, 11000)]
)
def test_FEE_03_requests_of_one_month(requests: int, yuan: int) -> None:
    assert fee_of_items(requests) == yuan


@pytest.mark.parametrize(
    ("pages", "yuan"), [(0, 0), (30, 0), (31, 10), (68, 380), (100, 700), (200, 2700), (250, 4700)]
)
def test_FEE_04_pages_of_one_request(pages: int, yuan: int) -> None:
    assert fee_of_pages(pages) == yuan


def _page_price(page: int) -> int:
    return 0 if page <= 30 else 10 if page <= 100 else 20 if page <= 200 else 40


@given(st.integers(0, 1000))
def test_FEE_04_every_page_costs_what_its_own_band_says(pages: int) -> None:
    assert fee_of_pages(pages) == sum(_page_price(page) for page in range(1, pages + 1))


@given(st.integers(1, 500))
def test_FEE_03_each_further_ten_cost_a_hundred_more(place: int) -> None:
    assert fee_of_item(place + 10) - fee_of_item(place) in ((0, 100) if place <= 20 else (100,))
    assert fee_of_item(place + 1) >= fee_of_item(place)
