"""Workbooks (.xlsx): numbers of persons in every cell, and sheets, rows, columns and caches that do not show."""

import re
import zipfile

from services.request_api.service.answer_files.findings import Found, in_text
from shared.kit.office_package import OfficeKind, PackageBounds, open_package

_SHEET = re.compile(rb"<sheet\s[^>]*?>")
_HIDDEN_STATE = re.compile(rb'state="(?:hidden|veryHidden)"')
_HIDDEN_LINE = {
    "行": re.compile(rb'<row\s[^>]*?hidden="(?:1|true)"'),
    "列": re.compile(rb'<col\s[^>]*?hidden="(?:1|true)"'),
}
_TEXTS = re.compile(rb"<(?:\w+:)?(?:t|v)(?:\s[^>]*)?>([^<]*)</")
_SHEET_PART = re.compile(r"^xl/worksheets/[^/]+\.xml$")
_MARKS = {
    "xl/comments": ("comments", "有批注"),
    "xl/threadedComments/": ("comments", "有批注"),
    "xl/externalLinks/": ("external_link", "引用外部文件"),
    "xl/pivotCache/": ("pivot_cache", "数据透视表带有原始数据"),
    "xl/embeddings/": ("embedded", "有内嵌文件"),
    "customXml/": ("embedded", "有自定义数据"),
    "xl/connections.xml": ("external_link", "有外部数据连接"),
}
_CELLS_AT_ONCE = 2_000_000


def check(data: bytes) -> list[Found]:
    """What a workbook holds that must not leave."""
    with open_package(data, OfficeKind.WORKBOOK, PackageBounds()) as package:
        return [*_check_structure(package), *_check_texts(package)]


def _check_structure(package: zipfile.ZipFile) -> list[Found]:
    found = []
    names = package.namelist()
    if any(_HIDDEN_STATE.search(sheet) for sheet in _SHEET.findall(package.read("xl/workbook.xml"))):
        found.append(Found("hidden_sheet", "xl/workbook.xml", "有隐藏的工作表", blocking=True))
    for name in names:
        if _SHEET_PART.match(name):
            part = package.read(name)
            for label, pattern in _HIDDEN_LINE.items():
                if pattern.search(part):
                    found.append(Found("hidden_cells", name, f"有隐藏的{label}", blocking=True))
    for mark, (kind, label) in _MARKS.items():
        if any(name.startswith(mark) for name in names):
            found.append(Found(kind, mark.strip("/"), label, blocking=True))
    if "docProps/core.xml" in names:
        found.append(Found("properties", "docProps/core.xml", "文档属性含作者等信息", blocking=False))
    return found


def _check_texts(package: zipfile.ZipFile) -> list[Found]:
    """Cell by cell: two numbers beside each other are not one."""
    found: list[Found] = []
    for name in package.namelist():
        if name.startswith("xl/") and name.endswith(".xml"):
            texts = _TEXTS.findall(package.read(name))[:_CELLS_AT_ONCE]
            found += in_text(name, "\n".join(text.decode("utf-8", "replace") for text in texts))
    return found
