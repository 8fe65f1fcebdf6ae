"""Catalogs as tables in the standard's own layout: .xlsx with its merged headers, .csv for everything else."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import xlsxwriter

from services.catalog_api.rules.standard_cells import harmless
from services.catalog_api.rules.standard_columns import COLUMNS, MORE_COLUMNS, header_rows, levels_shown, table_rows

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
_WIDTHS = {"content": 48, "basis": 30, "channels": 34, "time_limit": 20, "publisher": 18, "refines": 38, "key": 18}


def write_workbook(title: str, items: Sequence[Mapping[str, Any]]) -> bytes:
    """One sheet: the title, two header rows with their merged cells, a row an item. Text only: nothing is a formula."""
    levels = levels_shown(items)
    top, sub = header_rows(levels)
    buffer = io.BytesIO()
    # Never a formula, a link or a number out of what somebody wrote.
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(buffer, options) as book:
        sheet = book.add_worksheet("标准目录")
        heading = book.add_format(
            {"bold": True, "align": "center", "valign": "vcenter", "text_wrap": True, "border": 1}
        )
        cell = book.add_format({"valign": "vcenter", "text_wrap": True, "border": 1})
        sheet.merge_range(0, 0, 0, len(top) - 1, title, book.add_format({"bold": True, "align": "center", "size": 14}))
        _write_header(sheet, top, sub, heading)
        for number, name in enumerate(_names(len(levels))):
            sheet.set_column(number, number, _WIDTHS.get(name, 12))
        for number, row in enumerate(table_rows(items, levels), 3):
            for column, text in enumerate(row):
                sheet.write_string(number, column, text, cell)
        sheet.freeze_panes(3, 0)
    return buffer.getvalue()


def _names(levels: int) -> list[str]:
    return [name for name, _, _ in COLUMNS] + ["level"] * levels + [name for name, _, _ in MORE_COLUMNS]


def _write_header(sheet: Any, top: Sequence[str], sub: Sequence[str], heading: Any) -> None:
    column = 0
    while column < len(top):
        if not sub[column]:
            sheet.merge_range(1, column, 2, column, top[column], heading)
            column += 1
            continue
        last = column
        while last + 1 < len(top) and sub[last + 1] and not top[last + 1]:
            last += 1
        if last > column:
            sheet.merge_range(1, column, 1, last, top[column], heading)
        else:
            sheet.write_string(1, column, top[column], heading)
        for number in range(column, last + 1):
            sheet.write_string(2, number, sub[number], heading)
        column = last + 1


def write_csv(items: Sequence[Mapping[str, Any]]) -> bytes:
    """One header row of the lower names; cells that a spreadsheet would run are quoted. UTF-8 with a mark, for Excel."""
    levels = levels_shown(items)
    top, sub = header_rows(levels)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(lower or upper for upper, lower in zip(top, sub, strict=True))
    writer.writerows([harmless(cell) for cell in row] for row in table_rows(items, levels))
    return b"\xef\xbb\xbf" + text.getvalue().encode()
