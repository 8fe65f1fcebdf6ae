"""Workbooks (.xlsx): numbers of persons in every part, and sheets, rows, columns and caches that do not show."""

from collections.abc import Iterator
from typing import Any

from services.request_api.service.answer_files.findings import Found
from services.request_api.service.answer_files.parts import (
    check_links,
    check_members,
    check_properties,
    check_texts,
    distinct,
    local,
    read_parts,
)
from shared.kit.office_package import OfficeKind, PackageBounds, open_package

_MARKS = {
    "xl/comments": ("comments", "有批注"),
    "xl/threadedComments/": ("comments", "有批注"),
    "xl/persons/": ("comments", "有批注人"),
    "xl/externalLinks/": ("external_link", "引用外部文件"),
    "xl/pivotCache/": ("pivot_cache", "数据透视表带有原始数据"),
    "xl/embeddings/": ("embedded", "有内嵌文件"),
    "xl/revisions/": ("tracked_changes", "有修订记录"),
    "xl/macrosheets/": ("embedded", "有宏表"),
    "xl/dialogsheets/": ("embedded", "有对话框表"),
    "xl/model/": ("pivot_cache", "带有数据模型"),
    "xl/queryTables/": ("external_link", "有外部数据查询"),
    "customXml/": ("embedded", "有自定义数据"),
    "xl/connections.xml": ("external_link", "有外部数据连接"),
}
_ON = frozenset({"1", "true", "on"})
_HIDDEN_STATES = frozenset({"hidden", "veryhidden"})
_UNSEEN_FORMAT = ";;;"
_WHITE = frozenset({"FFFFFFFF", "00FFFFFF", "FFFFFF"})


def check(data: bytes) -> list[Found]:
    """What a workbook holds that must not leave."""
    with open_package(data, OfficeKind.WORKBOOK, PackageBounds()) as package:
        parts = read_parts(package)
        found = [*check_members(data, package)]
        names = package.namelist()
    for mark, (kind, label) in _MARKS.items():
        if any(name.startswith(mark) for name in names):
            found.append(Found(kind, mark.strip("/"), label, blocking=True))
    for name, root in parts.items():
        found += check_texts(name, root)
        found += check_links(name, root)
        found += check_properties(name, root)
        found += _check_part(name, root)
    return distinct(found)


def _check_part(name: str, root: Any) -> Iterator[Found]:
    for element in root.iter():
        match local(element):
            case "sheet" if element.get("state", "").lower() in _HIDDEN_STATES:
                yield Found("hidden_sheet", name, "有隐藏的工作表", blocking=True)
            case "definedName" if element.get("hidden", "").lower() in _ON and not _is_filter(element):
                yield Found("hidden_cells", name, "有隐藏的名称", blocking=True)
            case "row" | "col" if element.get("hidden", "").lower() in _ON or _is_flat(element):
                yield Found("hidden_cells", name, "有隐藏的行或者列", blocking=True)
            case "sheetFormatPr" if element.get("zeroHeight", "").lower() in _ON:
                yield Found("hidden_cells", name, "有隐藏的行或者列", blocking=True)
            case "numFmt" if element.get("formatCode", "").replace('"', "").strip() == _UNSEEN_FORMAT:
                yield Found("hidden_text", name, "有不显示内容的单元格格式", blocking=True)
            case "font" if name == "xl/styles.xml" and _is_white(element):
                yield Found("hidden_text", name, "有白色字体，请核对是否有看不见的文字", blocking=False)


def _is_filter(name: Any) -> bool:
    """What a filter leaves behind is hidden in every workbook."""
    return bool(name.get("name", "").startswith("_xlnm."))


def _is_flat(line: Any) -> bool:
    return line.get("ht") in ("0", "0.0") or line.get("width") in ("0", "0.0")


def _is_white(font: Any) -> bool:
    return any(local(one) == "color" and one.get("rgb", "").upper() in _WHITE for one in font)
