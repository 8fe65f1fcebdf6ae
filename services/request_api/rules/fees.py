"""信息处理费 (国办函〔2020〕109号; domain.md §3): marginal tiers, per item or per page, exact yuan.

FEE-01, FEE-11: a fee tempers requests beyond a usual quantity, and may be charged; what is computed here is proposed, and a
person decides. Bands are values: a city whose finance department sets others passes its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from services.request_api.rules.clock import Periods, add_days
from shared.kit.workdays import DueDate, WorkCalendar
from shared.schemas.request_codes import DecisionCode
from shared.schemas.requests import FeeMethod


@dataclass(frozen=True)
class Band:
    """From `above` (exclusive) on, each unit costs `rate` yuan, until the next band begins."""

    above: int
    rate: int


@dataclass(frozen=True)
class ItemBands:
    """FEE-03: fixed bands, and after the last of them one more every `step` requests, each dearer by `more` yuan."""

    fixed: tuple[Band, ...] = (Band(0, 0), Band(10, 100))
    rising_above: int = 30
    step: int = 10
    more: int = 100

    def __post_init__(self) -> None:
        check_bands(self.fixed)
        if self.rising_above < self.fixed[-1].above or self.step < 1 or self.more < 0:
            raise ValueError("rising bands begin after the fixed ones, are not empty and never get cheaper")


def check_bands(bands: Sequence[Band]) -> None:
    """ValueError unless the bands begin at nothing, follow one another and never get cheaper."""
    if not bands or bands[0].above != 0 or bands[0].rate < 0:
        raise ValueError("the first band begins at 0 and costs 0 or more")
    if any(later.above <= earlier.above or later.rate < earlier.rate for earlier, later in pairwise(bands)):
        raise ValueError("each band begins after the one before it and is not cheaper")


PER_ITEM = ItemBands()
PER_PAGE = (Band(0, 0), Band(30, 10), Band(100, 20), Band(200, 40))
"""FEE-04: pages of one request, never accumulated across requests."""
_ONLY_TOLD_WHERE = frozenset({DecisionCode.A1})


@dataclass(frozen=True)
class Charge:
    """FEE-02: what one request costs by the one way of counting that was picked, never by both."""

    method: FeeMethod
    quantity: int
    """Per item: which request of the month it is, its last matter. Per page: its pages."""
    yuan: int


def fee_of_item(place: int, bands: ItemBands = PER_ITEM) -> int:
    """FEE-03: what the `place`-th request of an applicant in a calendar month costs, in yuan."""
    if place < 1:
        raise ValueError("requests of a month are counted from 1")
    if place > bands.rising_above:
        return bands.fixed[-1].rate + bands.more * ((place - bands.rising_above - 1) // bands.step + 1)
    return next(band.rate for band in reversed(bands.fixed) if place > band.above)


def fee_of_items(count: int, bands: ItemBands = PER_ITEM) -> int:
    """What the first `count` requests of a month cost together, in yuan."""
    return sum(fee_of_item(place, bands) for place in range(1, count + 1))


def fee_of_pages(pages: int, bands: Sequence[Band] = PER_PAGE) -> int:
    """FEE-04: what the pages of one request cost, in yuan."""
    if pages < 0:
        raise ValueError("pages must not be negative")
    ends = [band.above for band in bands[1:]] + [pages]
    return sum(max(0, min(pages, end) - band.above) * band.rate for band, end in zip(bands, ends, strict=True))


def charge_by_item(earlier: int, *, matters: int = 1, bands: ItemBands = PER_ITEM) -> Charge:
    """FEE-03: a request after `earlier` ones of the same applicant and calendar month.

    It applies to every decision. Several matters in one application are as many requests (一事一申请).
    """
    if matters < 1:
        raise ValueError("a request has at least one matter")
    last = earlier + matters
    return Charge(FeeMethod.PER_ITEM, last, sum(fee_of_item(place, bands) for place in range(earlier + 1, last + 1)))


def charge_by_page(pages: int, bands: Sequence[Band] = PER_PAGE) -> Charge:
    """FEE-04: one request by its pages; those of other requests do not count."""
    return Charge(FeeMethod.PER_PAGE, pages, fee_of_pages(pages, bands))


def may_charge_pages(decision: DecisionCode) -> bool:
    """FEE-04: nobody pays for pages when only told where public information is to be had (条例第三十六条第（一）项)."""
    return decision not in _ONLY_TOLD_WHERE


def pay_until(
    received_on: date, calendar: WorkCalendar, *, days: int = Periods.payment_days, moves_off_holidays: bool = True
) -> DueDate:
    """FEE-07, P-09: the last day of payment, `days` calendar days counted from the day after the notice was received.

    DL-03 (民法典第二百零三条第一款): a last day that is a rest day moves to the next working day, unless a city reads the
    unverified wording of 109号 otherwise. Notice of Tuesday 2025-10-21: Thursday 2025-11-20.
    """
    if moves_off_holidays:
        return add_days(received_on, days, calendar)
    last = received_on + timedelta(days=days)
    return DueDate(last, not calendar.knows(last), calendar.version)
