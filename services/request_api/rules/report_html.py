"""Reads a report of another body from HTML tables in the official layout. Pure.

Merged cells are laid out first, then rows are found by their labels and columns by their place, so that blank cells, other
widths and what stands around the tables do not matter. What a table does not say is 0.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from html.parser import HTMLParser
from typing import Any

from services.request_api.rules.report_tables import PRINTED
from shared.schemas.annual_reports import COLUMNS, Made, Outcome5, Table2, Table4

Rows = list[list[str]]
_MOST_ROWS, _MOST_COLUMNS, _MOST_SPAN = 400, 60, 60
_NOISE = re.compile(r"[\s\u3000（）()“”\"、，,。.：:；;]+")


class UnreadableReport(ValueError):
    """The page holds no table 3 that can be recognised."""


@dataclass
class _Table:
    rows: Rows = field(default_factory=list)
    taken: dict[tuple[int, int], str] = field(default_factory=dict)
    row: int = -1


class _Tables(HTMLParser):
    """Every table of a page, merged cells laid out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[Rows] = []
        self._open: list[_Table] = []
        self._text: list[str] | None = None
        self._span = (1, 1)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._open.append(_Table())
        elif not self._open:
            return
        elif tag == "tr":
            self._open[-1].row += 1
        elif tag in ("td", "th"):
            given = dict(attrs)
            self._span = (_span(given.get("rowspan")), _span(given.get("colspan")))
            self._text = []

    def handle_endtag(self, tag: str) -> None:
        if not self._open:
            return
        if tag in ("td", "th") and self._text is not None:
            self._place("".join(self._text).strip())
            self._text = None
        elif tag == "table":
            done = self._open.pop()
            self.tables.append(_laid_out(done.taken))

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def _place(self, text: str) -> None:
        table = self._open[-1]
        row, column = max(table.row, 0), 0
        while (row, column) in table.taken:
            column += 1
        for down in range(self._span[0]):
            for right in range(self._span[1]):
                if row + down < _MOST_ROWS and column + right < _MOST_COLUMNS:
                    table.taken.setdefault((row + down, column + right), text)


def _span(value: str | None) -> int:
    return min(max(int(value), 1), _MOST_SPAN) if value and value.strip().isdecimal() else 1


def _laid_out(taken: dict[tuple[int, int], str]) -> Rows:
    if not taken:
        return []
    height, width = max(row for row, _ in taken) + 1, max(column for _, column in taken) + 1
    return [[taken.get((row, column), "") for column in range(width)] for row in range(height)]


def read_tables(page: str) -> dict[str, Any]:
    """`table2`, `table3` and `table4` of a page; UnreadableReport when there is no table 3."""
    parser = _Tables()
    parser.feed(page)
    parser.close()
    found: dict[str, Any] = {}
    for rows in parser.tables:
        text = _plain("".join(cell for row in rows for cell in row))
        if "本年新收政府信息公开申请数量" in text:
            found["table3"] = _table3(rows)
        elif "未经复议直接起诉" in text:
            found["table4"] = _table4(rows)
        elif "行政规范性文件" in text or "本年制发件数" in text:
            found["table2"] = _table2(rows)
    if "table3" not in found:
        raise UnreadableReport("没有找到“收到和处理政府信息公开申请情况”表")
    return found


def _plain(text: str) -> str:
    return _NOISE.sub("", unicodedata.normalize("NFKC", text))


def _count(text: str) -> int:
    plain = unicodedata.normalize("NFKC", text).replace(",", "").strip()
    if not plain:
        return 0
    if not re.fullmatch(r"\d{1,9}", plain):
        raise UnreadableReport(f"“{text[:20]}”不是件数")
    return int(plain)


def _table3(rows: Rows) -> dict[str, dict[str, int]]:
    """The last seven cells of the row that begins with each printed label, in the printed order."""
    cells: dict[str, dict[str, int]] = {}
    wanted = list(PRINTED)
    for row in rows:
        if not wanted or len(row) < len(COLUMNS) + 1:
            continue
        labels = _plain("".join(row[: -len(COLUMNS)]))
        if _plain(wanted[0].labels[-1][0]) in labels:
            printed = wanted.pop(0)
            cells[printed.key] = dict(zip(COLUMNS, map(_count, row[-len(COLUMNS) :]), strict=True))
    if wanted:
        raise UnreadableReport(f"表三没有“{wanted[0].labels[-1][0]}”行")
    return cells


def _table4(rows: Rows) -> Table4:
    """The one row of fifteen numbers."""
    for row in rows:
        if len(row) >= 15 and all(re.fullmatch(r"\s*[\d\uff10-\uff19,]*\s*", cell) for cell in row[-15:]):
            numbers = [_count(cell) for cell in row[-15:]]
            names = ("upheld", "corrected", "other", "pending", "total")
            groups = [Outcome5(**dict(zip(names, numbers[place : place + 5], strict=True))) for place in (0, 5, 10)]
            return Table4(review=groups[0], suit_direct=groups[1], suit_after_review=groups[2])
    raise UnreadableReport("行政复议、行政诉讼表没有15个数")


def _table2(rows: Rows) -> Table2:
    def numbers(label: str) -> Sequence[str]:
        return next((row[1:] for row in rows if row and _plain(row[0]) == label), ())

    def made(label: str) -> Made:
        cells = [*map(_count, numbers(label)[:3]), 0, 0, 0]
        return Made(made=cells[0], repealed=cells[1], valid=cells[2])

    def one(label: str) -> int:
        cells = numbers(label)
        return _count(cells[0]) if cells else 0

    fees = "".join(numbers("行政事业性收费")[:1]).replace(",", "").strip() or "0"
    try:
        amount = Decimal(unicodedata.normalize("NFKC", fees))
    except InvalidOperation as error:
        raise UnreadableReport(f"“{fees[:20]}”不是金额") from error
    return Table2(
        regulations=made("规章"),
        normative=made("行政规范性文件"),
        licensing=one("行政许可"),
        punishment=one("行政处罚"),
        coercion=one("行政强制"),
        fees_wan_yuan=amount,
    )
