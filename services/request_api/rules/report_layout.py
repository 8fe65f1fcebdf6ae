"""The report as it is laid out: headings in the official words and order, and tables as placed cells. Pure.

The writers of .xlsx, .docx and HTML place these cells; none of them knows what they mean.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from services.request_api.rules.report_tables import COLUMN_LABELS, CORNER, PRINTED
from shared.schemas.annual_reports import COLUMNS, Made, Outcome5, Report


@dataclass(frozen=True)
class Cell:
    """A cell and the rows and columns it spans."""

    row: int
    column: int
    text: str
    rows: int = 1
    columns: int = 1


@dataclass(frozen=True)
class Grid:
    """A table."""

    cells: tuple[Cell, ...]

    @property
    def height(self) -> int:
        return max(cell.row + cell.rows for cell in self.cells)

    @property
    def width(self) -> int:
        return max(cell.column + cell.columns for cell in self.cells)


Part = str | Grid
_TOPICS = (
    *(("proactive", "（一）主动公开"), ("on_request", "（二）依申请公开"), ("management", "（三）政府信息管理")),
    *(("platform", "（四）政府信息公开平台建设"), ("supervision", "（五）监督保障")),
)


def title_of(report: Report) -> str:
    return f"{report.organization_name}{report.year}年政府信息公开工作年度报告"


def sections_of(report: Report) -> Iterator[tuple[str, list[Part]]]:
    """The six sections in their order: heading, then paragraphs and tables."""
    topics = [f"{label}\n{getattr(report.overview, name)}" for name, label in _TOPICS]
    yield "一、总体情况", list(topics)
    yield "二、主动公开政府信息情况", [table2(report)]
    yield "三、收到和处理政府信息公开申请情况", [table3(report)]
    yield "四、政府信息公开行政复议、行政诉讼情况", [table4(report)]
    yield "五、存在的主要问题及改进情况", [report.problems]
    yield "六、其他需要报告的事项", [*([_fees(report)] if report.fees is not None else []), report.other]


def _fees(report: Report) -> str:
    assert report.fees is not None
    fees = report.fees
    return (
        f"本年度发出信息处理费收费通知{fees.notices}件，总金额{fees.noticed_yuan}元，实际收取总金额{fees.paid_yuan}元。"
    )


def table2(report: Report) -> Grid:
    """二: four blocks, each under the item of 条例第二十条 it answers to."""
    table, cells = report.table2, []

    def heading(row: int, text: str) -> None:
        cells.append(Cell(row, 0, text, columns=4))

    def labels(row: int, *texts: str) -> None:
        wide = 4 - len(texts) + 1
        cells.extend(
            Cell(row, place, text, columns=wide if place == len(texts) - 1 else 1) for place, text in enumerate(texts)
        )

    def made(row: int, label: str, counts: Made) -> None:
        labels(row, label, str(counts.made), str(counts.repealed), str(counts.valid))

    heading(0, "第二十条第（一）项")
    labels(1, "信息内容", "本年制发件数", "本年废止件数", "现行有效件数")
    made(2, "规章", table.regulations)
    made(3, "行政规范性文件", table.normative)
    heading(4, "第二十条第（五）项")
    labels(5, "信息内容", "本年处理决定数量")
    labels(6, "行政许可", str(table.licensing))
    heading(7, "第二十条第（六）项")
    labels(8, "信息内容", "本年处理决定数量")
    labels(9, "行政处罚", str(table.punishment))
    labels(10, "行政强制", str(table.coercion))
    heading(11, "第二十条第（八）项")
    labels(12, "信息内容", "本年收费金额（单位：万元）")
    labels(13, "行政事业性收费", format(table.fees_wan_yuan.normalize(), "f"))
    return Grid(tuple(cells))


_HEAD_ROWS, _LABEL_COLUMNS = 3, 3


def table3(report: Report) -> Grid:
    """三: three columns of labels, seven of counts, under three rows of headings."""
    cells = [
        Cell(0, 0, CORNER, rows=_HEAD_ROWS, columns=_LABEL_COLUMNS),
        Cell(0, 3, "申请人情况", columns=7),
        Cell(1, 3, COLUMN_LABELS["natural"], rows=2),
        Cell(1, 4, "法人或其他组织", columns=5),
        Cell(1, 9, COLUMN_LABELS["total"], rows=2),
        *(Cell(2, 3 + place, COLUMN_LABELS[COLUMNS[place]]) for place in range(1, 6)),
    ]
    for number, printed in enumerate(PRINTED, start=_HEAD_ROWS):
        column = _LABEL_COLUMNS - sum(columns for _, _, columns in printed.labels)
        for text, rows, columns in printed.labels:
            cells.append(Cell(number, column, text, rows, columns))
            column += columns
        cells += [Cell(number, 3 + place, str(report.cell(printed.key, name))) for place, name in enumerate(COLUMNS)]
    return Grid(tuple(cells))


def table4(report: Report) -> Grid:
    """四: one row of fifteen numbers under three rows of headings."""
    cells = [
        Cell(0, 0, "行政复议", rows=2, columns=5),
        Cell(0, 5, "行政诉讼", columns=10),
        Cell(1, 5, "未经复议直接起诉", columns=5),
        Cell(1, 10, "复议后起诉", columns=5),
    ]
    groups: tuple[Outcome5, ...] = (report.table4.review, report.table4.suit_direct, report.table4.suit_after_review)
    for place, group in enumerate(groups):
        values = (group.upheld, group.corrected, group.other, group.pending, group.total)
        for offset, (label, value) in enumerate(
            zip(("结果维持", "结果纠正", "其他结果", "尚未审结", "总计"), values, strict=True)
        ):
            cells += [Cell(2, 5 * place + offset, label), Cell(3, 5 * place + offset, str(value))]
    return Grid(tuple(cells))
