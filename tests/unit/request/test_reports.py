"""The annual report: the golden one, each identity broken and held, the layout written and read back. Figures but one are invented."""

import io
from collections.abc import Callable
from datetime import date
from html.parser import HTMLParser
from typing import Any

import pytest
from docx import Document
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from services.request_api.rules.report_html import UnreadableReport, read_tables
from services.request_api.rules.report_identities import Beside, check_report
from services.request_api.rules.report_layout import Grid, sections_of, table2, table3, table4
from services.request_api.rules.report_tables import PRINTED, RESULTS, cells_from
from services.request_api.service.report_files import to_docx, to_html, to_xlsx
from shared.schemas.annual_reports import COLUMNS, ROWS, FeeSummary, Outcome5, Overview, Report, ReportScope, Table4

KINDS = COLUMNS[:-1]
# The published totals of a city's report of 2025 (domain.md §2.4).
GOLDEN = {
    **{
        "new": 14069,
        "carried_in": 560,
        "r.granted": 5548,
        "r.partial": 2168,
        "r.denied.secret": 13,
        "r.denied.law": 30,
    },
    **{"r.denied.security": 11, "r.denied.third_party": 51, "r.denied.internal": 104, "r.denied.process": 85},
    **{"r.denied.casefile": 286, "r.denied.query": 150, "r.unable.not_held": 3222, "r.unable.need_make": 180},
    **{"r.unable.unclear": 19, "r.refused.petition": 203, "r.refused.repeat": 148, "r.refused.publication": 0},
    **{"r.refused.massive": 101, "r.refused.confirm": 5, "r.other.no_correction": 318, "r.other.no_payment": 203},
    **{"r.other.misc": 965, "r.total": 13810, "carried_out": 819},
}


def outcome(upheld: int, corrected: int, other: int, pending: int, total: int) -> Outcome5:
    return Outcome5(upheld=upheld, corrected=corrected, other=other, pending=pending, total=total)


def golden() -> Report:
    """All of it as if by natural persons, so that the columns hold too."""
    return Report(
        organization_name="某市人民政府",
        year=2025,
        period_from=date(2025, 1, 1),
        period_to=date(2025, 12, 31),
        table3={row: {"natural": count, "total": count} for row, count in GOLDEN.items()},
        table4=Table4(
            review=outcome(376, 97, 196, 121, 790),
            suit_direct=outcome(16, 1, 12, 27, 56),
            suit_after_review=outcome(74, 1, 30, 51, 156),
        ),
        fees=FeeSummary(notices=203, noticed_yuan=1000, paid_yuan=380),
    )


def with_cell(report: Report, row: str, column: str, count: int) -> Report:
    cells = {name: dict(columns) for name, columns in report.table3.items()}
    cells.setdefault(row, {})[column] = count
    return report.model_copy(update={"table3": cells})


def rules_of(report: Report, beside: Beside | None = None) -> set[str]:
    return {finding.rule for finding in check_report(report, beside)}


def test_the_golden_report_holds() -> None:
    assert check_report(golden()) == []


def _with(**changes: Any) -> Callable[[], Report]:
    return lambda: golden().model_copy(update=changes)


BROKEN: dict[str, tuple[Callable[[], Report], Beside | None]] = {
    "AR-01": (lambda: with_cell(golden(), "carried_out", "natural", 818), None),
    "AR-02": (lambda: with_cell(golden(), "r.granted", "natural", 5549), None),
    "AR-03": (lambda: with_cell(golden(), "r.partial", "legal.other", 1), None),
    "AR-04": (_with(table4=Table4(review=outcome(10, 1, 0, 0, 0))), None),
    "AR-05": (
        golden,
        Beside(previous=with_cell(golden(), "carried_out", "total", 561).model_copy(update={"year": 2024})),
    ),
    "AR-07": (
        lambda: Report.model_validate(golden().model_dump() | {"table2": {"normative": {"made": 3, "valid": 9}}}),
        Beside(previous=golden().model_copy(update={"year": 2024})),
    ),
    "AR-08": (_with(overview=Overview(on_request="本年新收政府信息公开申请14068件，上年结转560件。")), None),
    "AR-09": (golden, Beside(members=[cells_from({("new", "natural"): 1})])),
    "AR-10": (_with(period_from=date(2025, 1, 2)), None),
    "AR-11": (golden, Beside(records=cells_from({("new", "natural"): 14069}))),
    "AR-12": (_with(fees=FeeSummary(notices=202)), None),
}


@pytest.mark.parametrize("rule", sorted(BROKEN))
def test_AR_02_AR_04_AR_07_AR_12_and_the_others_each_find_what_breaks_it(rule: str) -> None:
    report, beside = BROKEN[rule]
    assert rule in rules_of(report(), beside)


def test_AR_06_counts_are_whole_and_not_negative() -> None:
    broken = golden().model_dump()
    broken["table3"]["new"]["natural"] = -1
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        Report.model_validate(broken)
    assert "AR-06" in rules_of(golden().model_copy(update={"table3": {"new": {"natural": -1}}}))


def test_AR_08_what_the_text_quotes_rightly_is_no_finding() -> None:
    text = "本年新收14069件，上年结转560件，结转下年度继续办理819件；行政复议790件。"
    assert rules_of(golden().model_copy(update={"overview": Overview(on_request=text)})) == set()


@pytest.mark.parametrize(
    ("scope", "day", "late"),
    [
        ("department", "2026-01-31", False),
        ("department", "2026-02-01", True),
        ("government", "2026-03-31", False),
        ("government", "2026-04-01", True),
    ],
)
def test_AR_10_and_P_10_and_REG_49_departments_by_january_governments_by_march(
    scope: str, day: str, late: bool
) -> None:
    report = golden().model_copy(update={"scope": ReportScope(scope), "published_on": date.fromisoformat(day)})
    assert ("AR-10" in rules_of(report)) is late


COUNTS = st.dictionaries(
    st.tuples(st.sampled_from(["carried_in", *RESULTS]), st.sampled_from(KINDS)), st.integers(0, 500)
)


@given(COUNTS, st.integers(0, 50))
def test_AR_01_to_AR_03_hold_for_whatever_the_records_are(counts: dict[tuple[str, str], int], left: int) -> None:
    """New is what makes the columns balance, as it does when every request is counted once."""
    for kind in KINDS:
        results = sum(counts.get((row, kind), 0) for row in RESULTS)
        counts[("carried_out", kind)] = max(left, counts.get(("carried_in", kind), 0) - results)
        counts[("new", kind)] = results + counts[("carried_out", kind)] - counts.get(("carried_in", kind), 0)
    report = golden().model_copy(update={"table3": cells_from(counts)})
    assert rules_of(report) & {"AR-01", "AR-02", "AR-03", "AR-06"} == set()


def test_the_printed_rows_are_the_25_of_the_format() -> None:
    assert [row.key for row in PRINTED] == list(ROWS)
    assert len(ROWS) == 25
    spans = {text: rows for row in PRINTED for text, rows, _ in row.labels}
    assert (spans["三、本年度办理结果"], spans["（三）不予公开"], spans["（四）无法提供"]) == (22, 8, 3)
    assert (spans["（五）不予处理"], spans["（六）其他处理"]) == (5, 3)


@pytest.mark.parametrize("make", [table2, table3, table4])
def test_cells_cover_each_table_once(make: Callable[[Report], Grid]) -> None:
    grid = make(golden())
    covered = [
        (cell.row + down, cell.column + right)
        for cell in grid.cells
        for down in range(cell.rows)
        for right in range(cell.columns)
    ]
    assert len(covered) == len(set(covered)) == grid.height * grid.width


def full_report() -> Report:
    """Another number in every cell, and text that would be a formula or a tag."""
    cells = {
        row: {column: 100 * number + place for place, column in enumerate(COLUMNS)} for number, row in enumerate(ROWS)
    }
    return golden().model_copy(
        update={
            "table3": cells,
            "problems": '=HYPERLINK("http://bad.example")\n@SUM(1)\n<script>alert(1)</script>',
            "overview": Overview(proactive="+1主动公开", platform="-2"),
        }
    )


def _grids(report: Report) -> list[Grid]:
    return [part for _, parts in sections_of(report) for part in parts if isinstance(part, Grid)]


def _spans(grid: Grid, top: int) -> set[tuple[int, int, int, int]]:
    return {
        (top + cell.row, cell.column, top + cell.row + cell.rows - 1, cell.column + cell.columns - 1)
        for cell in grid.cells
        if cell.rows * cell.columns > 1
    }


def test_the_workbook_holds_every_number_and_every_merged_cell() -> None:
    report = full_report()
    book = load_workbook(io.BytesIO(to_xlsx(report)))
    sheets = [book.worksheets[place] for place in (1, 2, 3)]
    for sheet, grid in zip(sheets, _grids(report), strict=True):
        for cell in grid.cells:
            assert str(sheet.cell(2 + cell.row, 1 + cell.column).value) == cell.text
        merged = {
            (one.min_row - 1, one.min_col - 1, one.max_row - 1, one.max_col - 1) for one in sheet.merged_cells.ranges
        }
        assert merged == _spans(grid, 1)
    problems = book.worksheets[4]
    assert problems["A2"].value.startswith("=HYPERLINK")
    assert problems["A2"].data_type == "s", "text, not a formula"
    assert book.properties.creator in (None, "")


def test_the_document_holds_every_number_and_every_merged_cell() -> None:
    report = full_report()
    document = Document(io.BytesIO(to_docx(report)))
    assert document.core_properties.author == ""
    headings = [one.text for one in document.paragraphs if one.style is not None and one.style.name == "Heading 1"]
    assert headings == [heading for heading, _ in sections_of(report)]
    for table, grid in zip(document.tables, _grids(report), strict=True):
        rows = [row.cells for row in table.rows]
        for cell in grid.cells:
            assert rows[cell.row][cell.column].text == cell.text
            last = rows[cell.row + cell.rows - 1][cell.column + cell.columns - 1]
            assert last._tc is rows[cell.row][cell.column]._tc


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)


def test_the_page_is_read_back_as_it_was_written() -> None:
    report = full_report()
    page = to_html(report).decode()
    read = read_tables(page)
    assert read["table3"] == report.table3
    assert read["table4"] == report.table4
    assert read["table2"] == report.table2
    tags = _Tags()
    tags.feed(page)
    assert "script" not in tags.seen


@given(st.dictionaries(st.tuples(st.sampled_from(ROWS), st.sampled_from(COLUMNS)), st.integers(0, 10**8), max_size=60))
def test_any_table_3_survives_the_page(cells: dict[tuple[str, str], int]) -> None:
    table = {row: {column: cells.get((row, column), 0) for column in COLUMNS} for row in ROWS}
    page = to_html(golden().model_copy(update={"table3": table})).decode()
    assert read_tables(page)["table3"] == table


def test_a_page_with_blanks_full_width_digits_and_other_tables_is_read() -> None:
    page = to_html(golden()).decode()
    page = page.replace("<td>0</td>", "<td>&nbsp;</td>").replace("<td>14069</td>", "<td> １４０６９ </td>")
    page = f"<table><tr><td>导航</td></tr></table>{page}<table></table>"
    read = read_tables(page)
    assert read["table3"]["new"]["natural"] == 14069
    assert read["table3"]["r.refused.publication"]["total"] == 0


@pytest.mark.parametrize(
    "page",
    [
        "",
        "<p>没有表格</p>",
        "<table><tr><td>本年新收政府信息公开申请数量",
        "<table><tr><td>一、本年新收政府信息公开申请数量</td></tr></table>",
        "<table>" * 2000,
        "<table><tr><td rowspan=999999999 colspan=999999999>本年新收政府信息公开申请数量</td></tr></table>",
    ],
)
def test_a_page_without_the_table_says_so(page: str) -> None:
    with pytest.raises(UnreadableReport):
        read_tables(page)
