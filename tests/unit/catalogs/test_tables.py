"""The standard's table: read into items without a silent loss, written back into the same cells."""

import io
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json

from services.catalog_api.rules.standard_cells import harmless, read_channels, without_quote, write_channels
from services.catalog_api.rules.standard_columns import levels_shown, table_rows
from services.catalog_api.rules.standard_table import Grid, ReadTable, read_tables
from services.catalog_api.service.exporting import write_csv, write_workbook
from services.catalog_api.service.workbooks.reading import read_grids
from shared.schemas.catalogs import CatalogItemInput, Channel
from tests.tables import cells_of, row, workbook

ROWS = [
    row(),
    row("0505", second="学校介绍", channels="政府网站、投资项目在线审批监管平台、政府服务中心", town="√"),
    row(3, second="学校名录", limit="同上", everybody="", specific="适龄儿童的监护人"),
    row(4, first="", second="资助政策", basis="《甲法》\n《乙办法》", proactive="", on_request="√"),
]


def read(content: bytes, domain: str | None = None) -> ReadTable:
    sheets = from_json(read_grids(content))["sheets"]
    return read_tables([Grid(one["name"], one["rows"], one["merged"]) for one in sheets], default_domain=domain)


def items_of(table: ReadTable) -> list[dict[str, Any]]:
    assert [found.problems for found in table.rows if found.problems] == []
    return [from_json(CatalogItemInput.model_validate(found.item).model_dump_json()) for found in table.rows]


def test_rows_become_items() -> None:
    table = read(workbook(ROWS))
    first, second, third, fourth = items_of(table)
    assert table.title == "泉城市义务教育领域基层政务公开标准目录"
    assert (first["domain"], first["channels"], first["levels"]) == (
        "compulsory_education",
        ["web", "social"],
        ["district"],
    )
    assert (second["number"], second["channels"]) == (505, ["web", "service_hall", "other"])
    assert (second["other_channels"], second["levels"]) == (["投资项目在线审批监管平台"], ["district", "town"])
    assert third["time_limit"] == first["time_limit"]
    assert (third["audience"], third["audience_note"]) == ("specific", "适龄儿童的监护人")
    assert (fourth["first_level"], fourth["basis"], fourth["mode"]) == (
        "招生管理",
        ["《甲法》", "《乙办法》"],
        "on_request",
    )
    assert len({one["key"] for one in (first, second, third, fourth)}) == 4


def test_exported_cells_are_the_imported_ones() -> None:
    items = items_of(read(workbook(ROWS)))
    exported = cells_of(write_workbook("泉城市义务教育领域基层政务公开标准目录", items))
    wanted = [[str(cell) for cell in line] for line in ROWS]
    wanted[3][1] = "招生管理"
    assert [line[:14] for line in exported[3:]] == wanted


def test_import_of_an_export_changes_nothing() -> None:
    items = items_of(read(workbook(ROWS)))
    title = "泉城市义务教育领域基层政务公开标准目录"
    for content in (write_workbook(title, items), write_csv(items)):
        again = items_of(read(content))
        for one, other in zip(items, again, strict=True):
            assert one == other


CELL = st.text(st.sampled_from("甲乙、；;■□√ 1=+-@'\n：:同上"), max_size=12)


@given(st.lists(st.tuples(*[CELL] * 13), min_size=1, max_size=4))
def test_what_is_read_is_written_in_the_same_words(lines: list[tuple[str, ...]]) -> None:
    """Of any table: an item's cells are those of its row, or the standard's words for the same."""
    grid = Grid(
        "就业",
        [
            (
                "序号",
                "一级事项",
                "二级事项",
                "公开内容",
                "公开依据",
                "公开时限",
                "公开主体",
                "公开渠道",
                *("全社会", "特定群体", "主动", "依申请", "县级"),
            ),
            *lines,
        ],
    )
    table = read_tables([grid], default_domain=None)
    good = [found for found in table.rows if not found.problems]
    assert len(table.rows) == sum(any(cell.strip() for cell in line) for line in lines)
    for found in good:
        line = [without_quote(cell).strip() for cell in lines[found.number - 2]]
        (written,) = table_rows([found.item], levels_shown([found.item]))
        for position in (3, 6):
            assert written[position] in (line[position], "同上") or line[position] == "同上"
        assert read_channels(written[7]) == read_channels(line[7])


@given(st.lists(st.sampled_from(Channel), unique=True), st.lists(st.text("平台网站", min_size=1), max_size=3))
def test_channels_are_read_as_written(known: list[Channel], others: list[str]) -> None:
    others = list(dict.fromkeys(others)) if Channel.OTHER in known else []
    found = read_channels(write_channels(known, others))
    assert set(found.known) == set(known)
    assert list(found.others) == others


@pytest.mark.parametrize(
    ("cell", "known", "others"),
    [
        ("■政府网站\n口政府公报\n■社区/企事业单位/村公示栏(电子屏)", ["web", "bulletin_board"], ()),
        ("☑政府服务中心 ☐其他", ["service_hall"], ()),
        ("■其他：村务微信群、广播车", ["other"], ("村务微信群", "广播车")),
        ("政府网站，两微一端", ["web", "social"], ()),
        ("", [], ()),
    ],
)
def test_channels_as_offices_write_them(cell: str, known: list[str], others: tuple[str, ...]) -> None:
    found = read_channels(cell)
    assert (list(found.known), found.others) == (known, others)


@given(CELL)
def test_harmless_cell_says_the_same(cell: str) -> None:
    assert harmless(cell)[:1] not in ("=", "+", "-", "@")
    if not cell.startswith("'"):
        assert without_quote(harmless(cell)) == cell


def test_formulas_stay_text_in_exports() -> None:
    items = items_of(read(workbook([row(content="'=HYPERLINK(1)", publisher="'+86")])))
    assert (items[0]["content"], items[0]["publisher"]) == ("=HYPERLINK(1)", "+86")
    book = openpyxl.load_workbook(io.BytesIO(write_workbook("目录", items)))
    assert {cell.data_type for line in book.worksheets[0].iter_rows(min_row=4) for cell in line} <= {"s", "n"}
    assert b"'+86" in write_csv(items)
    assert b",+86" not in write_csv(items)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"everybody": "√", "specific": "√"}, "既选了全社会"),
        ({"proactive": "√", "on_request": "√"}, "既选了主动"),
        ({"district": ""}, "没有勾选公开层级"),
        ({"district": "县直部门"}, "公开层级应打勾"),
        ({"content": ""}, "没有写公开内容"),
        ({"limit": "同上"}, "没有可以沿用的内容"),
    ],
)
def test_row_that_cannot_be_taken_says_why(changes: dict[str, str], problem: str) -> None:
    table = read(workbook([row(**changes), row(2, second="学校名录")]))
    assert problem in "；".join(table.rows[0].problems)
    assert table.rows[1].problems == []


def test_nothing_is_left_out_silently() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook([row(), ["注：本目录由教育局解释"], row(2)])))
    book.worksheets[0]["O3"] = "备注"
    book.create_sheet("说明")["A1"] = "填表说明"
    buffer = io.BytesIO()
    book.save(buffer)
    table = read(buffer.getvalue())
    assert any("备注" in remark for remark in table.remarks)
    assert any("说明" in remark for remark in table.remarks)
    assert table.rows[1].problems
    assert table.rows[2].item["key"] == table.rows[0].item["key"] + "-2"


def test_domain_comes_from_column_sheet_title_or_call() -> None:
    plain = workbook([row()], title="目录")
    assert "领域" in "；".join(read(plain).rows[0].problems)
    assert read(plain, "就业").rows[0].item["domain"] == "就业"
    assert read(workbook([row()], title="就业领域标准目录")).rows[0].item["domain"] == "employment"


def test_merged_rows_share_what_they_share() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook([row(), row(2, first="", second="学校名录", publisher="")])))
    sheet = book.worksheets[0]
    sheet.merge_cells("B4:B5")
    sheet.merge_cells("G4:G5")
    buffer = io.BytesIO()
    book.save(buffer)
    found = items_of(read(buffer.getvalue()))
    assert (found[1]["first_level"], found[1]["publisher"]) == ("招生管理", "教育局")
