"""Workbooks (.xlsx) and comma-separated tables (.csv) to plain text cells.

Formulas count as what they showed when the file was saved; what they would do now, links to other files, pictures, notes
and hidden sheets are not read, and each is remarked. Bounds refuse and never cut.
"""

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from pydantic_core import to_json
from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

from shared.kit.confined import Reason, RefusedFile
from shared.kit.office_package import OfficeKind, PackageBounds, open_package

_ZIP = b"PK"
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_FORMULA = re.compile(rb"<f[ >/]")
_CELL_PLACE = re.compile(rb'<c\s[^>]*?r="([A-Z]{1,3})(\d{1,7})"')
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class WorkbookBounds:
    """How much of a file is read."""

    rows: int = 20_000
    columns: int = 200
    sheets: int = 100
    cell_characters: int = 20_000
    merged: int = 50_000
    package: PackageBounds = field(default_factory=PackageBounds)


@dataclass
class Sheet:
    """Cells as text, row by row, and which are one: (first row, first column, last row, last column), from 0."""

    name: str
    rows: list[list[str]]
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)


def read_grids(data: bytes, bounds: WorkbookBounds | None = None) -> bytes:
    """`{"sheets": [{"name", "rows", "merged"}], "remarks": […]}`; RefusedFile for what is no table or exceeds its bounds."""
    limits = bounds or WorkbookBounds()
    remarks: list[str] = []
    if data.startswith(_OLE):
        raise _refuse_old(data)
    sheets = _read_workbook(data, limits, remarks) if data.startswith(_ZIP) else [_read_csv(data, limits, remarks)]
    if not any(cell for sheet in sheets for row in sheet.rows for cell in row):
        raise RefusedFile(Reason.NO_TEXT, "文件里没有内容")
    return to_json({"sheets": sheets, "remarks": remarks})


def _refuse_old(data: bytes) -> RefusedFile:
    if "EncryptedPackage".encode("utf-16-le") in data:
        return RefusedFile(Reason.ENCRYPTED, "这份工作簿有打开密码；请去除密码后再上传")
    return RefusedFile(Reason.WRONG_TYPE, "这是旧版 Office 文件（如 .xls）；请另存为 .xlsx 后再上传")


def _read_workbook(data: bytes, bounds: WorkbookBounds, remarks: list[str]) -> list[Sheet]:
    with open_package(data, OfficeKind.WORKBOOK, bounds.package) as package:
        names = package.namelist()
        formulas = 0
        for name in names:
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                part = package.read(name)
                formulas += len(_FORMULA.findall(part))
                # Before anything is laid out: one cell at the sheet's far end would make a table of millions.
                _check_places(part, bounds)
        if formulas:
            remarks.append(f"工作簿里有{formulas}处公式，按文件保存时显示的值读取，请核对")
        if any(name.startswith("xl/externalLinks/") for name in names):
            remarks.append("工作簿链接到其他文件；链接的内容没有读取")
        if any(name.startswith(("xl/media/", "xl/embeddings/")) for name in names):
            remarks.append("工作簿里的图片和嵌入对象没有读取")
        if any("comments" in name.lower() for name in names):
            remarks.append("工作簿里的批注没有读取")
    try:
        return _sheets_of(CalamineWorkbook.from_filelike(io.BytesIO(data)), bounds, remarks)
    except CalamineError as error:
        raise RefusedFile(Reason.BROKEN, "文件不完整或已损坏：工作簿无法读取") from error


def _check_places(part: bytes, bounds: WorkbookBounds) -> None:
    for match in _CELL_PLACE.finditer(part):
        letters, row = match[1], int(match[2])
        column = 0
        for letter in letters:
            column = column * 26 + letter - 64
        if row > bounds.rows or column > bounds.columns:
            detail = f"工作表超过{bounds.rows}行或{bounds.columns}列；请拆成几份，或删去多余的行列"
            raise RefusedFile(Reason.TOO_LARGE, detail)


def _sheets_of(workbook: CalamineWorkbook, bounds: WorkbookBounds, remarks: list[str]) -> list[Sheet]:
    if len(workbook.sheets_metadata) > bounds.sheets:
        raise RefusedFile(Reason.TOO_LARGE, f"工作簿超过{bounds.sheets}张工作表")
    sheets = []
    total = 0
    for facts in workbook.sheets_metadata:
        if facts.visible is not SheetVisibleEnum.Visible:
            remarks.append(f"隐藏的工作表“{facts.name}”没有读取")
            continue
        found = workbook.get_sheet_by_name(facts.name)
        rows: list[list[Any]] = found.to_python(skip_empty_area=False)
        total += len(rows)
        if total > bounds.rows:
            raise RefusedFile(Reason.TOO_LARGE, f"工作簿超过{bounds.rows}行；请拆成几份")
        merged = found.merged_cell_ranges or []
        if len(merged) > bounds.merged:
            raise RefusedFile(Reason.BOMB, f"工作表“{facts.name}”里合并的单元格超过{bounds.merged}处，不是正常的目录")
        sheets.append(
            Sheet(
                facts.name,
                [[_text(cell, bounds) for cell in row] for row in rows],
                [(top, left, bottom, right) for (top, left), (bottom, right) in merged],
            )
        )
    return sheets


def _text(value: Any, bounds: WorkbookBounds) -> str:
    """A cell as it is read: whole numbers without a point, days in full."""
    match value:
        case str():
            text = value
        case bool():
            text = "是" if value else "否"
        case float():
            text = str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case datetime():
            text = value.date().isoformat() if value.time() == time() else value.isoformat(" ")
        case date() | time() | timedelta() | int():
            text = str(value)
        case _:
            text = ""
    if len(text) > bounds.cell_characters:
        raise RefusedFile(Reason.TOO_LARGE, f"有一格超过{bounds.cell_characters}字")
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).replace("_x000D_", "")


def _read_csv(data: bytes, bounds: WorkbookBounds, remarks: list[str]) -> Sheet:
    text = _decode(data, remarks)
    rows: list[list[str]] = []
    csv.field_size_limit(bounds.cell_characters * 4)
    try:
        for row in csv.reader(io.StringIO(text, newline=""), strict=True):
            if len(rows) >= bounds.rows or len(row) > bounds.columns:
                raise RefusedFile(Reason.TOO_LARGE, f"表格超过{bounds.rows}行或{bounds.columns}列；请拆成几份")
            rows.append([_text(cell, bounds) for cell in row])
    except csv.Error as error:
        raise RefusedFile(Reason.BROKEN, "不是完整的 CSV：引号不成对，或有一格过长") from error
    return Sheet("CSV", _padded(rows))


def _decode(data: bytes, remarks: list[str]) -> str:
    encodings = ("utf-8-sig", "utf-16") if data.startswith((b"\xff\xfe", b"\xfe\xff")) else ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "gb18030":
            remarks.append("文件不是 UTF-8 编码，按 GB18030 读取，请核对有无乱码")
        if "\x00" in text:
            break
        return text
    raise RefusedFile(Reason.WRONG_TYPE, "这不是表格文件；请上传 .xlsx 或 .csv")


def _padded(rows: Sequence[list[str]]) -> list[list[str]]:
    width = max(map(len, rows), default=0)
    return [row + [""] * (width - len(row)) for row in rows]
