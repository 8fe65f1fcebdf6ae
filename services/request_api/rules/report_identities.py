"""The identities (勾稽关系) of the annual report, AR-01 to AR-12 (domain.md §2.4). Pure: each a function of its own.

A wrong sum is an error; what may have another reason is a warning.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from services.request_api.rules.report_tables import COLUMN_LABELS, LABELS, RESULTS
from shared.schemas.annual_reports import COLUMNS, ROWS, Cells, FindingLevel, Report, ReportFinding, ReportScope

ERROR, WARN = FindingLevel.ERROR, FindingLevel.WARN
_GROUPS = {"review": "行政复议", "suit_direct": "未经复议直接起诉", "suit_after_review": "复议后起诉"}
_OUTCOMES = ("upheld", "corrected", "other", "pending")
_SAID = (
    (re.compile(r"本年(?:度)?新收[^。；\d]{0,20}?(\d+)\s*件"), "new"),
    (re.compile(r"上年(?:度)?结转[^。；\d]{0,20}?(\d+)\s*件"), "carried_in"),
    (re.compile(r"结转下(?:一)?年(?:度)?[^。；\d]{0,20}?(\d+)\s*件"), "carried_out"),
)
_SAID_REVIEWS = re.compile(r"行政复议[^。；\d诉]{0,20}?(\d+)\s*件")


@dataclass(frozen=True)
class Beside:
    """What a report is compared with; None where it is not at hand."""

    previous: Report | None = None
    members: Sequence[Cells] | None = None
    """Tables of those that a government's report sums up."""
    records: Cells | None = None


def check_report(report: Report, beside: Beside | None = None) -> list[ReportFinding]:
    """Everything that the identities find."""
    return [finding for rule in RULES.values() for finding in rule(report, beside or Beside())]


def ar_01(report: Report, _beside: Beside) -> Iterable[ReportFinding]:
    """New and carried in equal results and carried out, column by column."""
    for column in COLUMNS:
        left = report.cell("new", column) + report.cell("carried_in", column)
        right = report.cell("r.total", column) + report.cell("carried_out", column)
        if left != right:
            yield _finding(
                "AR-01",
                ERROR,
                f"表三“{COLUMN_LABELS[column]}”列",
                left,
                right,
                "第一项加第二项之和应等于第三项加第四项之和",
            )


def ar_02(report: Report, _beside: Beside) -> Iterable[ReportFinding]:
    """The results sum up to （七）总计, column by column."""
    for column in COLUMNS:
        left, right = sum(report.cell(row, column) for row in RESULTS), report.cell("r.total", column)
        if left != right:
            yield _finding(
                "AR-02", ERROR, f"表三“{COLUMN_LABELS[column]}”列", left, right, "各办理结果之和应等于（七）总计"
            )


def ar_03(report: Report, _beside: Beside) -> Iterable[ReportFinding]:
    """Natural persons and the five kinds of organisations sum up to the total, row by row."""
    for row in ROWS:
        left, right = sum(report.cell(row, column) for column in COLUMNS[:-1]), report.cell(row, "total")
        if left != right:
            yield _finding("AR-03", ERROR, f"表三“{LABELS[row]}”行", left, right, "各类申请人之和应等于总计")


def ar_04(report: Report, _beside: Beside) -> Iterable[ReportFinding]:
    """Outcomes sum up to the total in each group of table 4."""
    for name, label in _GROUPS.items():
        group = getattr(report.table4, name)
        left = sum(getattr(group, outcome) for outcome in _OUTCOMES)
        if left != group.total:
            yield _finding(
                "AR-04", ERROR, f"表四“{label}”", left, group.total, "维持、纠正、其他、尚未审结之和应等于总计"
            )


def ar_05(report: Report, beside: Beside) -> Iterable[ReportFinding]:
    """What is carried in is what the year before carried out."""
    if beside.previous is None or beside.previous.year != report.year - 1:
        return
    for column in COLUMNS:
        left, right = beside.previous.cell("carried_out", column), report.cell("carried_in", column)
        if left != right:
            yield _finding(
                "AR-05",
                ERROR,
                f"表三“{COLUMN_LABELS[column]}”列",
                left,
                right,
                "上年结转应等于上一年度报告的结转下年度",
            )


def ar_06(report: Report, _beside: Beside) -> Iterable[ReportFinding]:
    """Counts are whole and not negative. What arrives as a Report is already; kept for what is built in other ways."""
    for row, columns in report.table3.items():
        for column, count in columns.items():
            if not isinstance(count, int) or count < 0:
                yield _finding(
                    "AR-06",
                    ERROR,
                    f"表三“{LABELS[row]}”行“{COLUMN_LABELS[column]}”列",
                    "非负整数",
                    count,
                    "件数应为非负整数",
                )


def ar_07(report: Report, beside: Beside) -> Iterable[ReportFinding]:
    """Valid documents follow from last year's, made and repealed ones; clean-ups and lapses may explain a difference."""
    if beside.previous is None or beside.previous.year != report.year - 1:
        return
    for name, label in (("regulations", "规章"), ("normative", "行政规范性文件")):
        before, now = getattr(beside.previous.table2, name), getattr(report.table2, name)
        expected = before.valid + now.made - now.repealed
        if expected != now.valid:
            yield _finding(
                "AR-07",
                WARN,
                f"表二“{label}”",
                expected,
                now.valid,
                "现行有效件数与上年、本年制发和废止不符，请说明失效或者清理情况",
            )


def ar_08(report: Report, _beside: Beside) -> Iterable[ReportFinding]:
    """Numbers that the narrative quotes are those of the tables."""
    text = "\n".join(report.overview.model_dump().values())
    for pattern, row in _SAID:
        for said in pattern.findall(text):
            if int(said) != report.cell(row, "total"):
                yield _finding(
                    "AR-08", WARN, f"一、总体情况（{LABELS[row]}）", report.cell(row, "total"), said, "文字与表三不一致"
                )
    for said in _SAID_REVIEWS.findall(text):
        if int(said) != report.table4.review.total:
            yield _finding(
                "AR-08", WARN, "一、总体情况（行政复议）", report.table4.review.total, said, "文字与表四不一致"
            )


def ar_09(report: Report, beside: Beside) -> Iterable[ReportFinding]:
    """A government's report is the sum of those that it names."""
    if report.scope is not ReportScope.GOVERNMENT or beside.members is None:
        return
    for row in ROWS:
        left = sum(cells.get(row, {}).get("total", 0) for cells in beside.members)
        if left != report.cell(row, "total"):
            yield _finding(
                "AR-09", ERROR, f"表三“{LABELS[row]}”行", left, report.cell(row, "total"), "应等于汇总范围内各机关之和"
            )


def ar_10(report: Report, _beside: Beside) -> Iterable[ReportFinding]:
    """The period is the calendar year; published by 31 January (departments) or 31 March (governments), 条例第四十九条."""
    whole = (date(report.year, 1, 1), date(report.year, 12, 31))
    if (report.period_from, report.period_to) != whole:
        found = f"{report.period_from}至{report.period_to}"
        yield _finding("AR-10", ERROR, "统计期间", f"{whole[0]}至{whole[1]}", found, "统计期间应为自然年度")
    if report.published_on is not None and report.published_on > publish_by(report.scope, report.year):
        limit = publish_by(report.scope, report.year)
        yield _finding("AR-10", ERROR, "发布日期", f"{limit}前", report.published_on, LATE)


LATE = "超过条例第四十九条规定的发布期限"


def publish_by(scope: ReportScope, year: int) -> date:
    """The last day to publish a year's report."""
    return date(year + 1, 1, 31) if scope is ReportScope.DEPARTMENT else date(year + 1, 3, 31)


def ar_11(report: Report, beside: Beside) -> Iterable[ReportFinding]:
    """The records reproduce table 3: each request once, by its final decision."""
    if beside.records is None:
        return
    for row in ROWS:
        for column in COLUMNS:
            left, right = beside.records.get(row, {}).get(column, 0), report.cell(row, column)
            if left != right:
                yield _finding(
                    "AR-11", ERROR, f"表三“{LABELS[row]}”行“{COLUMN_LABELS[column]}”列", left, right, "与办理记录不一致"
                )


def ar_12(report: Report, _beside: Beside) -> Iterable[ReportFinding]:
    """No more requests end for want of payment than fees were noticed."""
    unpaid = report.cell("r.other.no_payment", "total")
    if report.fees is not None and unpaid > report.fees.notices:
        yield _finding(
            "AR-12", WARN, "表三（六）2", f"不多于{report.fees.notices}", unpaid, "逾期未缴费的件数多于收费通知件数"
        )


RULES: Mapping[str, Callable[[Report, Beside], Iterable[ReportFinding]]] = {
    **{"AR-01": ar_01, "AR-02": ar_02, "AR-03": ar_03, "AR-04": ar_04, "AR-05": ar_05, "AR-06": ar_06},
    **{"AR-07": ar_07, "AR-08": ar_08, "AR-09": ar_09, "AR-10": ar_10, "AR-11": ar_11, "AR-12": ar_12},
}


def _finding(rule: str, level: FindingLevel, place: str, expected: object, found: object, detail: str) -> ReportFinding:
    return ReportFinding(rule=rule, level=level, place=place, expected=str(expected), found=str(found), detail=detail)
