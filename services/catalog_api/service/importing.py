"""Uploaded tables into catalogs: what would change, row by row, and the draft that comes of it."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from services.catalog_api.repository import catalogs as repository
from services.catalog_api.repository.catalogs import Reads
from services.catalog_api.rules.differences import compare_items
from services.catalog_api.rules.domains import domain_of
from services.catalog_api.rules.refinement import title_of
from services.catalog_api.rules.standard_table import Grid, ReadRow, ReadTable, read_tables
from services.catalog_api.service.catalogs import unparsed_keys
from shared.kit.confined import ConfinedReader, too_costly
from shared.kit.errors import RuleViolation
from shared.kit.http import describe_invalid
from shared.schemas.catalogs import (
    CatalogInput,
    CatalogItemInput,
    CatalogPreview,
    ImportedRow,
    ItemDifference,
)
from shared.schemas.problems import InvalidField

WORKBOOKS = "services.catalog_api.service.workbooks"
_MOST_ITEMS = 5000
_ERRORS_SHOWN = 200
_NOT_IN_EVERY_TABLE = (
    *("organization", "refines", "format", "five_disclosure", "site_column_id"),
    *("statutory", "public_interest", "requires_coordination", "requires_approval"),
)


@dataclass(frozen=True)
class Imported:
    """A table as it was understood: what it would change, and the items it says."""

    preview: CatalogPreview
    items: list[CatalogItemInput]


async def understand_table(
    reader: ConfinedReader, data: bytes, before: CatalogInput | None, *, domain: str | None
) -> Imported:
    """An uploaded .xlsx or .csv beside the latest version of its catalog. RuleViolation for a file that is refused."""
    answer = await reader.read(data)
    return await asyncio.to_thread(_understand, answer, before, domain)


async def find_latest(reads: Reads, organization: str, external_id: str) -> CatalogInput | None:
    """The content of a catalog's latest version, drafts included."""
    row = await repository.find_by_key(reads, organization, external_id)
    version = await repository.find_version(reads, row["id"], row["latest_number"]) if row is not None else None
    return CatalogInput.model_validate_json(version["content"]) if version is not None else None


def catalog_of(imported: Imported, facts: Mapping[str, Any], before: CatalogInput | None) -> CatalogInput:
    """The catalog that the table asks for; RuleViolation that names each row that cannot be taken."""
    refused = [row for row in imported.preview.rows if row.change == "refused"]
    if refused or not imported.items:
        errors = [
            InvalidField(pointer=f"/{row.sheet}/{row.row}", detail=f"第{row.row}行：{'；'.join(row.problems)}")
            for row in refused
        ]
        nothing = InvalidField(pointer="/file", detail="没有读到任何公开事项；请核对表头是否为国家标准目录的栏目")
        raise RuleViolation("表格不能导入，请按所列各行改正", errors=(errors or [nothing])[:_ERRORS_SHOWN])
    if before is None and facts.get("level") is None:
        detail = "新目录应写明层级（level）"
        raise RuleViolation(detail, errors=[InvalidField(pointer="?level", detail=detail)])
    kept = before.model_dump(include={"level", "upper", "basis", "title"}) if before is not None else {}
    wanted = {name: value for name, value in facts.items() if value is not None}
    named = {"title": imported.preview.title} if imported.preview.title else {}
    # What is said with the call goes before what the table says, and that before what was there.
    title = {"title": "政务公开标准目录"} | kept | named | wanted
    return CatalogInput.model_validate(title | {"items": imported.items})


def _understand(answer: bytes, before: CatalogInput | None, domain: str | None) -> Imported:
    try:
        found = from_json(answer)
    except ValueError as error:
        # Cut: the child was ended while it answered.
        raise too_costly() from error
    grids = [Grid(sheet["name"], sheet["rows"], sheet["merged"]) for sheet in found["sheets"]]
    table = read_tables(grids, default_domain=domain and domain_of(domain.strip()))
    table.remarks[:0] = found["remarks"]
    known = {item.key: item for item in before.items} if before is not None else {}
    rows, items = [], []
    for row in table.rows:
        item = _item_of(row, known)
        if item is not None and not row.problems:
            items.append(item)
            if item.time_limit and unparsed_keys([item]):
                row.remarks.append(f"公开时限“{item.time_limit[:40]}”没有读懂，按原文保留；请在目录中写明规则（limit）")
            if len(items) > _MOST_ITEMS:
                row.problems.append(f"一份目录最多{_MOST_ITEMS}项")
        rows.append(_shown(row, item, known))
    return Imported(_preview(table, rows, items, known), items)


def _item_of(row: ReadRow, known: Mapping[str, CatalogItemInput]) -> CatalogItemInput | None:
    if not row.item:
        return None
    try:
        item = CatalogItemInput.model_validate(row.item)
    except ValidationError as error:
        row.problems += [
            f"{one.pointer.removeprefix('/')}：{one.detail}" for one in describe_invalid(error.errors(), base="/")
        ]
        return None
    old = known.get(item.key)
    if old is None:
        return item
    # What a table cannot say, or this one does not have a column for, stays as it was.
    stays: dict[str, Any] = {name: getattr(old, name) for name in _NOT_IN_EVERY_TABLE if name not in row.item}
    stays["channel_limits"] = {one: limit for one, limit in old.channel_limits.items() if one in item.channels}
    if old.time_limit == item.time_limit:
        stays["limit"] = old.limit
    return item.model_copy(update=stays)


def _shown(row: ReadRow, item: CatalogItemInput | None, known: Mapping[str, CatalogItemInput]) -> ImportedRow:
    facts: dict[str, Any] = {"sheet": row.sheet[:100], "row": row.number, "remarks": row.remarks}
    said = row.item
    title = title_of(said.get("first_level", ""), said.get("second_level")) if said else ""
    key = said.get("key") if said else None
    if row.problems or item is None:
        return ImportedRow(key=key, title=title, change="refused", fields=[], problems=row.problems, **facts)
    differences = compare_items([known[item.key]] if item.key in known else [], [item])
    change, fields = (differences[0].change, differences[0].fields) if differences else ("unchanged", [])
    assert change != "removed"
    return ImportedRow(key=item.key, title=title, change=change, fields=fields, problems=[], **facts)


def _preview(
    table: ReadTable,
    rows: Sequence[ImportedRow],
    items: Sequence[CatalogItemInput],
    known: Mapping[str, CatalogItemInput],
) -> CatalogPreview:
    counts = {change: sum(row.change == change for row in rows) for change in _CHANGES}
    spoken_of = {row.key for row in rows}
    removed: list[ItemDifference] = [
        one for one in compare_items(known.values(), items) if one.change == "removed" and one.key not in spoken_of
    ]
    return CatalogPreview(title=table.title, rows=list(rows), removed=removed, remarks=table.remarks, **counts)


_CHANGES = ("added", "changed", "unchanged", "refused")
