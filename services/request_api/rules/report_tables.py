"""The tables of the annual report as they are printed (国办公开办函〔2021〕30号): labels, spans, and cells from counts. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.schemas.annual_reports import COLUMNS, ROWS, Cells
from shared.schemas.request_codes import ReportRow

CORNER = "（本列数据的勾稽关系为：第一项加第二项之和，等于第三项加第四项之和）"
COLUMN_LABELS: Mapping[str, str] = {
    "natural": "自然人",
    "legal.commercial": "商业企业",
    "legal.research": "科研机构",
    "legal.social": "社会公益组织",
    "legal.legal_service": "法律服务机构",
    "legal.other": "其他",
    "total": "总计",
}


@dataclass(frozen=True)
class PrintedRow:
    """A row of table 3: the labels it begins with, each with how many rows and columns it spans."""

    key: str
    labels: tuple[tuple[str, int, int], ...]


def _row(key: str, *labels: tuple[str, int, int]) -> PrintedRow:
    return PrintedRow(key, labels)


PRINTED: tuple[PrintedRow, ...] = (
    _row("new", ("一、本年新收政府信息公开申请数量", 1, 3)),
    _row("carried_in", ("二、上年结转政府信息公开申请数量", 1, 3)),
    _row("r.granted", ("三、本年度办理结果", 22, 1), ("（一）予以公开", 1, 2)),
    _row("r.partial", ("（二）部分公开（区分处理的，只计这一情形，不计其他情形）", 1, 2)),
    _row("r.denied.secret", ("（三）不予公开", 8, 1), ("1.属于国家秘密", 1, 1)),
    _row("r.denied.law", ("2.其他法律行政法规禁止公开", 1, 1)),
    _row("r.denied.security", ("3.危及“三安全一稳定”", 1, 1)),
    _row("r.denied.third_party", ("4.保护第三方合法权益", 1, 1)),
    _row("r.denied.internal", ("5.属于三类内部事务信息", 1, 1)),
    _row("r.denied.process", ("6.属于四类过程性信息", 1, 1)),
    _row("r.denied.casefile", ("7.属于行政执法案卷", 1, 1)),
    _row("r.denied.query", ("8.属于行政查询事项", 1, 1)),
    _row("r.unable.not_held", ("（四）无法提供", 3, 1), ("1.本机关不掌握相关政府信息", 1, 1)),
    _row("r.unable.need_make", ("2.没有现成信息需要另行制作", 1, 1)),
    _row("r.unable.unclear", ("3.补正后申请内容仍不明确", 1, 1)),
    _row("r.refused.petition", ("（五）不予处理", 5, 1), ("1.信访举报投诉类申请", 1, 1)),
    _row("r.refused.repeat", ("2.重复申请", 1, 1)),
    _row("r.refused.publication", ("3.要求提供公开出版物", 1, 1)),
    _row("r.refused.massive", ("4.无正当理由大量反复申请", 1, 1)),
    _row("r.refused.confirm", ("5.要求行政机关确认或重新出具已获取信息", 1, 1)),
    _row(
        "r.other.no_correction",
        ("（六）其他处理", 3, 1),
        ("1.申请人无正当理由逾期不补正、行政机关不再处理其政府信息公开申请", 1, 1),
    ),
    _row("r.other.no_payment", ("2.申请人逾期未按收费通知要求缴纳费用、行政机关不再处理其政府信息公开申请", 1, 1)),
    _row("r.other.misc", ("3.其他", 1, 1)),
    _row("r.total", ("（七）总计", 1, 2)),
    _row("carried_out", ("四、结转下年度继续办理", 1, 3)),
)
LABELS: Mapping[str, str] = {row.key: row.labels[-1][0] for row in PRINTED}
RESULTS: tuple[str, ...] = tuple(row.value for row in ReportRow)


def cells_from(counts: Mapping[tuple[str, str], int]) -> Cells:
    """All 25 rows and 7 columns from counts by row and kind of applicant; totals are sums."""
    cells: Cells = {row: {column: counts.get((row, column), 0) for column in COLUMNS} for row in ROWS}
    for column in COLUMNS:
        cells["r.total"][column] = sum(cells[row][column] for row in RESULTS)
    for row in ROWS:
        cells[row]["total"] = sum(cells[row][column] for column in COLUMNS[:-1])
    return cells
