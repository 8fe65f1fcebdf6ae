"""The columns of the national standard's table, and each item's cell in them (domain.md §5.1). Pure."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from services.catalog_api.rules.domains import domain_of, name_of
from services.catalog_api.rules.standard_cells import read_channels, read_number, read_tick, write_channels
from shared.schemas.catalogs import Audience, CatalogLevel, Channel

TICK = "√"
SAME = "同上"
FIVE = {"decision": "决策", "execution": "执行", "management": "管理", "service": "服务", "result": "结果"}
LEVEL_NAMES = {
    CatalogLevel.CITY: "市级",
    CatalogLevel.DISTRICT: "县级",
    CatalogLevel.TOWN: "乡级",
    CatalogLevel.VILLAGE: "村级",
}
LEVEL_WORDS = (
    (re.compile("市级"), CatalogLevel.CITY),
    (re.compile("[县区]级"), CatalogLevel.DISTRICT),
    (re.compile("[乡镇街]"), CatalogLevel.TOWN),
    (re.compile("村"), CatalogLevel.VILLAGE),
)
# Column by (header, sub-header); the standard's ten first, then what cities add.
COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("number", "序号", ""),
    ("first_level", "公开事项", "一级事项"),
    ("second_level", "公开事项", "二级事项"),
    ("content", "公开内容（要素）", ""),
    ("basis", "公开依据", ""),
    ("time_limit", "公开时限", ""),
    ("publisher", "公开主体", ""),
    ("channels", "公开渠道和载体", ""),
    ("everybody", "公开对象", "全社会"),
    ("specific", "公开对象", "特定群体"),
    ("proactive", "公开方式", "主动"),
    ("on_request", "公开方式", "依申请"),
)
MORE_COLUMNS: tuple[tuple[str, str, str], ...] = (
    ("domain", "领域", ""),
    ("key", "事项编码", ""),
    ("organization", "责任机关代码", ""),
    ("mandatory", "必须公开", ""),
    ("refines", "上级事项编号", ""),
    ("format", "公开格式", ""),
    ("five_disclosure", "五公开", ""),
    ("site_column_id", "网站栏目", ""),
)
INHERITED = ("domain", "first_level", "basis", "time_limit", "publisher", "content")
"""What a row may leave to the one above it (同上)."""
WRITTEN = frozenset(name for name, _, _ in (*COLUMNS, *MORE_COLUMNS)) - {"key", "refines", "organization"}
Item = Mapping[str, Any]


def lines_of(cell: str) -> list[str]:
    """公开依据: one a line."""
    return [line.strip() for line in cell.split("\n") if line.strip()]


def _specific(item: Item) -> str:
    return (item["audience_note"] or TICK) if item["audience"] == Audience.SPECIFIC else ""


def _is(field: str, value: str) -> Callable[[Item], str]:
    return lambda item: TICK if item[field] == value else ""


_WRITERS: dict[str, Callable[[Item], str]] = {
    "channels": lambda item: write_channels([Channel(one) for one in item["channels"]], item["other_channels"]),
    "basis": lambda item: "\n".join(item["basis"]),
    "domain": lambda item: name_of(item["domain"]),
    "everybody": _is("audience", "everybody"),
    "specific": _specific,
    "proactive": _is("mode", "proactive"),
    "on_request": _is("mode", "on_request"),
    "mandatory": lambda item: TICK if item["mandatory"] else "否",
    "five_disclosure": lambda item: FIVE.get(item.get("five_disclosure") or "", ""),
}


def write_cell(name: str, item: Item) -> str:
    """The cell of a column in the words of the standard."""
    if name in _WRITERS:
        return _WRITERS[name](item)
    value = item.get(name)
    return "" if value is None else str(value)


def _same_channels(said: str, item: Item) -> bool:
    found = read_channels(said)
    return (list(found.known), list(found.others)) == (list(item["channels"]), list(item["other_channels"]))


def _same_tick(name: str) -> Callable[[str, Item], bool]:
    def holds(said: str, item: Item) -> bool:
        ticked = read_tick(said)
        return ticked is not None and ticked == bool(read_tick(write_cell(name, item)))

    return holds


_SAYS: dict[str, Callable[[str, Item], bool]] = {
    "channels": _same_channels,
    **{name: _same_tick(name) for name in ("everybody", "specific", "proactive", "on_request", "mandatory")},
    "number": lambda said, item: read_number(said) in (item["number"], None),
    "domain": lambda said, item: domain_of(said) == item["domain"],
    "basis": lambda said, item: lines_of(said) == item["basis"],
    "five_disclosure": lambda said, item: FIVE.get(item.get("five_disclosure") or "", "?") in said,
}


def _says(name: str, said: str, item: Item, before: Item | None) -> bool:
    """Whether these words still mean what the item holds."""
    if said == SAME and name in INHERITED:
        return before is not None and write_cell(name, before) == write_cell(name, item)
    return name in _SAYS and _SAYS[name](said, item)


def _cell_of(name: str, item: Item, before: Item | None) -> str:
    said = item.get("written", {}).get(name)
    return said if said is not None and _says(name, said, item, before) else write_cell(name, item)


def levels_shown(items: Sequence[Item]) -> list[CatalogLevel]:
    """县级 and 乡级 as the standard has them, and 市级 and 村级 where an item has them."""
    used = {level for item in items for level in item["levels"]}
    always = (CatalogLevel.DISTRICT, CatalogLevel.TOWN)
    return [level for level in CatalogLevel if level in used or level in always]


def header_rows(levels: Sequence[CatalogLevel]) -> tuple[list[str], list[str]]:
    """The two header rows; a header over several columns stands in the first of them."""
    columns = [*COLUMNS, *(("level", "公开层级", LEVEL_NAMES[level]) for level in levels), *MORE_COLUMNS]
    top, seen = [], ""
    for _, head, sub in columns:
        top.append("" if sub and head == seen else head)
        seen = head if sub else ""
    return top, [sub for _, _, sub in columns]


def table_rows(items: Sequence[Item], levels: Sequence[CatalogLevel]) -> Iterator[list[str]]:
    """A row an item. Where a table wrote a cell in other words that still say the same, those are written."""
    before: Item | None = None
    for item in items:
        cells = [_cell_of(name, item, before) for name, _, _ in COLUMNS]
        cells += [TICK if level in item["levels"] else "" for level in levels]
        yield cells + [_cell_of(name, item, before) for name, _, _ in MORE_COLUMNS]
        before = item
