"""The national standard's table of ten columns and two header rows, read into items (domain.md §5.1). Pure.

Reading refuses nothing silently: each row becomes an item, or says why not; each column it does not know is named.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.catalog_api.rules.domains import domain_in, domain_of
from services.catalog_api.rules.standard_cells import plain, read_channels, read_number, read_tick, without_quote
from services.catalog_api.rules.standard_columns import (
    COLUMNS,
    FIVE,
    INHERITED,
    LEVEL_WORDS,
    MORE_COLUMNS,
    SAME,
    WRITTEN,
    lines_of,
    write_cell,
)
from shared.schemas.catalogs import Audience, CatalogLevel, DisclosureMode

_HEADER_WITHIN = 20
_ALIASES = {
    "公开内容": "content",
    "公开内容（要素）": "content",
    "公开渠道": "channels",
    "公开渠道和载体": "channels",
    "特定群众": "specific",
    "特定群体": "specific",
    "依申请公开": "on_request",
    "责任主体": "publisher",
    **{sub or head: name for name, head, sub in (*COLUMNS, *MORE_COLUMNS)},
}


@dataclass(frozen=True)
class Grid:
    """A sheet as text, and which cells are one: (first row, first column, last row, last column), from 0."""

    name: str
    rows: Sequence[Sequence[str]]
    merged: Sequence[tuple[int, int, int, int]] = ()


@dataclass
class ReadRow:
    """A row of the table: the item it says, what was understood in other words, and why it cannot be taken."""

    sheet: str
    number: int
    item: dict[str, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


@dataclass
class ReadTable:
    """Everything that a file says."""

    title: str | None = None
    rows: list[ReadRow] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def read_tables(grids: Sequence[Grid], *, default_domain: str | None) -> ReadTable:
    """All sheets that hold a table. A sheet without one is named."""
    table = ReadTable()
    for grid in grids:
        header = _find_header(grid)
        if header is None:
            if any(cell.strip() for row in grid.rows for cell in row):
                table.remarks.append(f"工作表“{grid.name}”没有找到标准目录的表头，没有读取")
            continue
        top, first, names = header
        title = next((cell.strip() for row in grid.rows[:top] for cell in row if cell.strip()), None)
        table.title = table.title or title
        unknown = [said for name, said in names.values() if name is None and said]
        if unknown:
            table.remarks.append(f"工作表“{grid.name}”中不认识的栏目没有读取：{'、'.join(unknown)}")
        domain = domain_in(grid.name) or (domain_in(title) if title else None) or default_domain
        table.rows += _read_rows(grid, first, names, domain)
    _check_keys(table.rows)
    return table


# What a column of the sheet is: one of ours (or None), and what its header says.
_Names = dict[int, tuple[str | None, str]]


def _find_header(grid: Grid) -> tuple[int, int, _Names] | None:
    """The header's row, the first row of data, and what each column is."""
    for number, row in enumerate(grid.rows[:_HEADER_WITHIN]):
        said = {plain(cell) for cell in row}
        if "序号" not in said or not said & {"公开事项", "一级事项"}:
            continue
        below = grid.rows[number + 1] if number + 1 < len(grid.rows) else []
        has_two = bool({plain(cell) for cell in below} & {"一级事项", "二级事项", "全社会", "主动", "县级"})
        names: _Names = {}
        for column in range(max(len(row), len(below))):
            head, sub = _cell(row, column), _cell(below, column) if has_two else ""
            label = plain(sub) or plain(head)
            names[column] = (_column_of(label), (sub or head).strip())
        if {"first_level", "content"} <= {name for name, _ in names.values()}:
            return number, number + (2 if has_two else 1), names
    return None


def _column_of(label: str) -> str | None:
    if label in _ALIASES:
        return _ALIASES[label]
    levels = [level for pattern, level in LEVEL_WORDS if pattern.search(label)]
    is_level = bool(levels) and len(label) <= 12 and label.rstrip("）").endswith("级")
    return f"level:{','.join(levels)}" if is_level else "first_level" if label == "公开事项" else None


def _cell(row: Sequence[str], column: int) -> str:
    return row[column] if column < len(row) else ""


def _read_rows(grid: Grid, first: int, names: _Names, domain: str | None) -> Iterator[ReadRow]:
    spread = _spread(grid)
    above: dict[str, str] = {}
    for number in range(first, len(grid.rows)):
        cells = {
            name: without_quote(spread.get((number, column), _cell(grid.rows[number], column)))
            for column, (name, _) in names.items()
            if name is not None
        }
        said = {name: cell for name, cell in cells.items() if cell.strip()}
        if not said:
            continue
        row = ReadRow(grid.name, number + 1)
        if said.keys() <= {"number"}:
            row.problems.append(f"这一行不是公开事项：“{next(iter(said.values())).strip()[:40]}”")
        else:
            _read_row(row, cells, above, names, domain)
        above = {name: row.item["_text"].get(name, "") for name in INHERITED} if row.item else above
        row.item.pop("_text", None)
        yield row


def _spread(grid: Grid) -> dict[tuple[int, int], str]:
    """What merged cells say in each of their places. Spans that claim half the sheet are none."""
    places: dict[tuple[int, int], str] = {}
    for top, left, *ends in grid.merged:
        bottom, right = min(ends[0], len(grid.rows) - 1), min(ends[1], 200)
        if top >= len(grid.rows) or (bottom - top + 1) * (right - left + 1) > 20_000 or len(places) > 200_000:
            continue
        text = _cell(grid.rows[top], left)
        places |= {(row, column): text for row in range(top, bottom + 1) for column in range(left, right + 1)}
    return places


def _read_row(
    row: ReadRow, cells: Mapping[str, str], above: Mapping[str, str], names: _Names, domain: str | None
) -> None:
    text = {name: cell.strip() for name, cell in cells.items()}
    written: dict[str, str] = {}
    for name in INHERITED:
        if text.get(name) == SAME:
            if not above.get(name):
                row.problems.append(f"“{SAME}”之上没有可以沿用的内容")
            else:
                row.remarks.append(f"“{SAME}”沿用上一行：{above[name][:40]}")
            written[name], text[name] = SAME, above.get(name, "")
    if not text.get("first_level") and above.get("first_level"):
        text["first_level"] = above["first_level"]
        row.remarks.append("一级事项空白，沿用上一行")
    named = domain_of(text["domain"]) if text.get("domain") else domain
    channels = read_channels(text.get("channels", ""))
    row.remarks += [f"公开渠道“{said}”按“{meant}”读取" for said, meant in channels.understood]
    item: dict[str, Any] = {
        "number": read_number(text.get("number", "")),
        "domain": named or "",
        "first_level": text.get("first_level", ""),
        "second_level": text.get("second_level") or None,
        "content": text.get("content", ""),
        "basis": lines_of(text.get("basis", "")),
        "time_limit": text.get("time_limit", ""),
        "publisher": text.get("publisher", ""),
        "channels": list(channels.known),
        "other_channels": list(channels.others),
    }
    _read_audience(row, item, text)
    _read_mode(row, item, text)
    _read_levels(row, item, cells, names)
    _read_more(row, item, text)
    item["number"] = item["number"] or row.number
    for name in ("first_level", "content"):
        if not item[name]:
            row.problems.append({"first_level": "没有写一级事项", "content": "没有写公开内容"}[name])
    if not item["domain"]:
        row.problems.append("看不出属于哪个领域：请加“领域”一栏，或在导入时指明")
    for name, said in text.items():
        if said and name in WRITTEN and write_cell(name, item) != said:
            written.setdefault(name, said)
    item["written"] = written
    item.setdefault("key", _key_of(item))
    item["_text"] = text
    row.item = item


def _read_audience(row: ReadRow, item: dict[str, Any], text: Mapping[str, str]) -> None:
    everybody, specific = read_tick(text.get("everybody", "")), text.get("specific", "")
    ticked = read_tick(specific)
    if everybody and ticked is not False:
        row.problems.append("公开对象既选了全社会，又选了特定群体")
    item["audience"] = Audience.EVERYBODY if everybody or ticked is False else Audience.SPECIFIC
    item["audience_note"] = specific if ticked is None else None
    if everybody is None:
        row.problems.append(f"公开对象“全社会”一栏应打勾或留空，写的是“{text['everybody'][:20]}”")
    elif not everybody and ticked is False:
        row.remarks.append("没有勾选公开对象，按全社会")


def _read_mode(row: ReadRow, item: dict[str, Any], text: Mapping[str, str]) -> None:
    proactive, on_request = read_tick(text.get("proactive", "")), read_tick(text.get("on_request", ""))
    if proactive and on_request:
        row.problems.append("公开方式既选了主动，又选了依申请")
    elif proactive is None or on_request is None:
        row.problems.append("公开方式应打勾或留空")
    elif not proactive and not on_request:
        row.remarks.append("没有勾选公开方式，按主动公开")
    item["mode"] = DisclosureMode.ON_REQUEST if on_request else DisclosureMode.PROACTIVE


def _read_levels(row: ReadRow, item: dict[str, Any], cells: Mapping[str, str], names: _Names) -> None:
    levels: set[str] = set()
    columns = [name for name, _ in names.values() if name is not None and name.startswith("level:")]
    for name in columns:
        ticked = read_tick(cells[name])
        if ticked is None:
            row.problems.append(f"公开层级应打勾或留空，写的是“{cells[name].strip()[:20]}”")
        if ticked:
            levels |= set(name.removeprefix("level:").split(","))
    item["levels"] = [level for level in CatalogLevel if level in levels]
    if not levels:
        row.problems.append("没有勾选公开层级")


def _read_more(row: ReadRow, item: dict[str, Any], text: Mapping[str, str]) -> None:
    for name in ("key", "organization", "refines", "format", "site_column_id"):
        if text.get(name):
            item[name] = text[name]
    mandatory = read_tick(text["mandatory"]) if text.get("mandatory") else True
    if mandatory is None:
        row.problems.append("“必须公开”一栏应打勾或留空")
    item["mandatory"] = mandatory is not False
    if said := text.get("five_disclosure"):
        found = [code for code, name in FIVE.items() if name in said]
        if len(found) == 1:
            item["five_disclosure"] = found[0]
        else:
            row.problems.append(f"五公开应是决策、执行、管理、服务、结果之一，写的是“{said[:20]}”")


def _key_of(item: Mapping[str, Any]) -> str:
    """The same for the same item of the same domain, so that a table can be imported again."""
    said = "\n".join((item["domain"], item["first_level"], item["second_level"] or ""))
    return f"i-{hashlib.sha256(said.encode()).hexdigest()[:12]}"


def _check_keys(rows: Sequence[ReadRow]) -> None:
    """One item a key: what two rows say alike gets a number, what both name is an error."""
    seen: dict[str, ReadRow] = {}
    for row in (row for row in rows if row.item):
        key = row.item["key"]
        if key in seen and key == _key_of(row.item):
            count = 2
            while f"{key}-{count}" in seen:
                count += 1
            key = row.item["key"] = f"{key}-{count}"
        elif key in seen:
            row.problems.append(f"事项编码与第{seen[key].number}行相同")
        seen.setdefault(key, row)
