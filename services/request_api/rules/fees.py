"""信息处理费 (国办函〔2020〕109号; domain.md §3): marginal tiers, per item or per page, exact yuan."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Band:
    """From `above` (exclusive) on, each unit costs `rate` yuan, until the next band begins."""

    above: int
    rate: int


PER_PAGE = (Band(0, 0), Band(30, 10), Band(100, 20), Band(200, 40))
"""FEE-04: pages of one request, never accumulated across requests."""
FREE_ITEMS, FIRST_ITEMS, STEP_ITEMS, STEP_YUAN = 10, 30, 10, 100


def fee_of_item(place: int) -> int:
    """FEE-03: what the `place`-th request of an applicant in a calendar month costs, in yuan."""
    if place <= FREE_ITEMS:
        return 0
    if place <= FIRST_ITEMS:
        return STEP_YUAN
    return STEP_YUAN * ((place - FIRST_ITEMS - 1) // STEP_ITEMS + 2)


def fee_of_items(count: int) -> int:
    """What the first `count` requests of a month cost together, in yuan."""
    return sum(fee_of_item(place) for place in range(1, count + 1))


def fee_of_pages(pages: int, bands: Sequence[Band] = PER_PAGE) -> int:
    """FEE-04: what the pages of one request cost, in yuan."""
    ends = [band.above for band in bands[1:]] + [pages]
    return sum(max(0, min(pages, end) - band.above) * band.rate for band, end in zip(bands, ends, strict=True))
