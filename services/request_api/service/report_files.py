"""Writes a report as .xlsx, .docx and HTML in the official layout, merged cells as printed. All text stays text."""

import html
import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

import xlsxwriter
from docx import Document
from docx.document import Document as DocumentType

from services.request_api.rules.report_layout import Cell, Grid, sections_of, title_of
from shared.schemas.annual_reports import Report

_EPOCH = datetime(2019, 5, 15, tzinfo=UTC)
"""Files tell nothing of when or by whom they were made; the Regulation's own day stands in."""


def to_xlsx(report: Report) -> bytes:
    """A sheet a section."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        book.set_properties({"created": _EPOCH.replace(tzinfo=None), "title": title_of(report)})
        frame = book.add_format({"border": 1, "text_wrap": True, "align": "center", "valign": "vcenter"})
        for heading, parts in sections_of(report):
            sheet = book.add_worksheet(heading[:1] + heading[1:15].replace("/", "·"))
            sheet.write_string(0, 0, heading)
            row = 1
            for part in parts:
                if isinstance(part, str):
                    for line in part.splitlines() or [""]:
                        sheet.write_string(row, 0, line)
                        row += 1
                else:
                    _place_in_sheet(sheet, part, row, frame)
                    row += part.height + 1
    return buffer.getvalue()


def _place_in_sheet(sheet: xlsxwriter.worksheet.Worksheet, grid: Grid, top: int, frame: object) -> None:
    for cell in grid.cells:
        row, column = top + cell.row, cell.column
        if cell.rows * cell.columns > 1:
            sheet.merge_range(row, column, row + cell.rows - 1, column + cell.columns - 1, "", frame)
        if cell.text.isascii() and cell.text.isdecimal():
            sheet.write_number(row, column, int(cell.text), frame)
        else:
            sheet.write_string(row, column, cell.text, frame)


def to_docx(report: Report) -> bytes:
    """Headings, paragraphs, and tables with merged cells."""
    document: DocumentType = Document()
    core = document.core_properties
    core.author = core.last_modified_by = core.comments = ""
    core.title, core.created, core.modified = title_of(report), _EPOCH, _EPOCH
    document.add_heading(title_of(report), 0)
    for heading, parts in sections_of(report):
        document.add_heading(heading, 1)
        for part in parts:
            if isinstance(part, str):
                for line in part.splitlines():
                    document.add_paragraph(line)
            else:
                _place_in_document(document, part)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def _place_in_document(document: DocumentType, grid: Grid) -> None:
    table = document.add_table(grid.height, grid.width)
    table.style = "Table Grid"
    # Each look-up of a cell walks the table: rows are taken once.
    rows = [row.cells for row in table.rows]
    for cell in grid.cells:
        first = rows[cell.row][cell.column]
        if cell.rows * cell.columns > 1:
            first = first.merge(rows[cell.row + cell.rows - 1][cell.column + cell.columns - 1])
        first.text = cell.text


def to_html(report: Report) -> bytes:
    """One page without scripts or addresses."""
    parts = [f"<h1>{html.escape(title_of(report))}</h1>"]
    for heading, content in sections_of(report):
        parts.append(f"<h2>{html.escape(heading)}</h2>")
        for part in content:
            if isinstance(part, str):
                parts += [f"<p>{html.escape(line)}</p>" for line in part.splitlines()]
            else:
                parts.append(_table(part))
    style = "table{border-collapse:collapse}td{border:1px solid;padding:.2em .4em;text-align:center}"
    head = (
        f'<!DOCTYPE html><html lang="zh-CN"><head><meta charset="utf-8"><title>{html.escape(title_of(report))}</title>'
    )
    return f"{head}<style>{style}</style></head><body>{''.join(parts)}</body></html>".encode()


def _table(grid: Grid) -> str:
    rows: list[list[Cell]] = [[] for _ in range(grid.height)]
    for cell in sorted(grid.cells, key=lambda one: (one.row, one.column)):
        rows[cell.row].append(cell)
    lines = ["".join(_td(cell) for cell in row) for row in rows]
    return f"<table>{''.join(f'<tr>{line}</tr>' for line in lines)}</table>"


def _td(cell: Cell) -> str:
    spans = (f' rowspan="{cell.rows}"' if cell.rows > 1 else "") + (
        f' colspan="{cell.columns}"' if cell.columns > 1 else ""
    )
    return f"<td{spans}>{html.escape(cell.text)}</td>"


WRITERS: Mapping[str, tuple[Callable[[Report], bytes], str]] = MappingProxyType(
    {
        "xlsx": (to_xlsx, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        "docx": (to_docx, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        "html": (to_html, "text/html; charset=utf-8"),
    }
)
