"""Dates and periods as Chinese official texts write them: 2025年6月5日, 二〇二五年六月五日, ２０２５年 6月 5 日, 五年, 18个月.

A date that no calendar has (2025年2月30日) is no date.
"""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from services.policy_api.rules.numerals import find_number

_ARABIC = r"[0-9０-９]"
DATE_PATTERN = (
    rf"(?:(?:{_ARABIC}{{4}}|[一二][零〇○ＯO一二三四五六七八九]{{3}})\s{{0,4}}年\s{{0,4}}"
    rf"(?:{_ARABIC}{{1,2}}|[元一二三四五六七八九十]{{1,2}})\s{{0,4}}月\s{{0,4}}"
    rf"(?:{_ARABIC}{{1,2}}|[一二三四五六七八九十]{{1,3}})\s{{0,4}}日)"
)
"""A whole date, without groups, for use inside other expressions."""
_DATE = re.compile(DATE_PATTERN)
_PARTS = re.compile(r"(.+)年(.+)月(.+)日")


@dataclass(frozen=True)
class Period:
    """A length of time as it was written."""

    years: int = 0
    months: int = 0

    def last_day_from(self, first: date) -> date:
        """The inclusive last day of a period that begins on `first`: 2024-03-01 and five years give 2029-02-28."""
        months = first.month - 1 + self.months
        year, month = first.year + self.years + months // 12, months % 12 + 1
        day = min(first.day, calendar.monthrange(year, month)[1])
        ends = date(year, month, day)
        return ends if day < first.day else ends - timedelta(days=1)


def find_dates(text: str) -> Iterator[tuple[int, date]]:
    """Every date of the text with its position."""
    for match in _DATE.finditer(text):
        if (day := read_date(match[0])) is not None:
            yield match.start(), day


def read_date(written: str) -> date | None:
    """The date that a text of the form of DATE_PATTERN names; None when the calendar has no such day."""
    match = _PARTS.fullmatch("".join(written.split()))
    if match is None:
        return None
    numbers = [find_number(part.replace("O", "〇").replace("Ｏ", "〇").replace("元", "一")) for part in match.groups()]
    try:
        year, month, day = (number or 0 for number in numbers)
        return date(year, month, day)
    except ValueError:
        return None


def read_period(number: str, unit: str) -> Period | None:
    """五 and 年, 18 and 个月."""
    count = find_number(number)
    if count is None or count > 600:
        return None
    return Period(years=count) if unit == "年" else Period(months=count)
