"""政府信息公开工作年度报告 (国办公开办函〔2021〕30号): six sections, three tables, and what a check finds in them."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, model_validator

from shared.schemas.organizations import CreditCode
from shared.schemas.policies import OrganizationRef, Strict
from shared.schemas.request_codes import ApplicantKind, ReportRow

COLUMNS: tuple[str, ...] = (*(kind.value for kind in ApplicantKind), "total")
ROWS: tuple[str, ...] = ("new", "carried_in", *(row.value for row in ReportRow), "r.total", "carried_out")
Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Cells = dict[str, dict[str, Count]]


class ReportScope(StrEnum):
    """Whose report: a department's of its own, or a government's of itself and all that it answers for."""

    DEPARTMENT = "department"
    GOVERNMENT = "government"


class ReportState(StrEnum):
    """Where a report stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    PUBLISHED = "published"


class Made(Strict):
    """制发、废止、现行有效."""

    made: Count = Field(default=0, title="本年制发件数")
    repealed: Count = Field(default=0, title="本年废止件数")
    valid: Count = Field(default=0, title="现行有效件数")


class Table2(Strict):
    """二、主动公开政府信息情况."""

    regulations: Made = Field(default_factory=Made, title="规章")
    normative: Made = Field(default_factory=Made, title="行政规范性文件")
    licensing: Count = Field(default=0, title="行政许可")
    punishment: Count = Field(default=0, title="行政处罚")
    coercion: Count = Field(default=0, title="行政强制")
    fees_wan_yuan: Decimal = Field(
        default=Decimal(0), title="行政事业性收费（万元）", ge=0, max_digits=14, decimal_places=6
    )


class Outcome5(Strict):
    """结果维持、结果纠正、其他结果、尚未审结、总计."""

    upheld: Count = Field(default=0, title="结果维持")
    corrected: Count = Field(default=0, title="结果纠正")
    other: Count = Field(default=0, title="其他结果")
    pending: Count = Field(default=0, title="尚未审结")
    total: Count = Field(default=0, title="总计")


class Table4(Strict):
    """四、政府信息公开行政复议、行政诉讼情况."""

    review: Outcome5 = Field(default_factory=Outcome5, title="行政复议")
    suit_direct: Outcome5 = Field(default_factory=Outcome5, title="未经复议直接起诉")
    suit_after_review: Outcome5 = Field(default_factory=Outcome5, title="复议后起诉")


Text = Annotated[str, Field(max_length=20_000)]


class Overview(Strict):
    """一、总体情况: its five topics."""

    proactive: Text = Field(default="", title="主动公开")
    on_request: Text = Field(default="", title="依申请公开")
    management: Text = Field(default="", title="政府信息管理")
    platform: Text = Field(default="", title="政府信息公开平台建设")
    supervision: Text = Field(default="", title="监督保障")


class ReportInput(Strict):
    """What people write; tables 3 and 4 and the fees follow from the records."""

    scope: ReportScope = Field(title="报告范围")
    members: list[CreditCode] = Field(
        default_factory=list,
        title="汇总范围",
        description="Of a government's report: whose requests it counts. Empty: everything below it.",
        max_length=2000,
    )
    overview: Overview = Field(default_factory=Overview, title="一、总体情况")
    table2: Table2 = Field(default_factory=Table2, title="二、主动公开政府信息情况")
    problems: Text = Field(default="", title="五、存在的主要问题及改进情况")
    other: Text = Field(default="", title="六、其他需要报告的事项")


class FeeSummary(Strict):
    """信息处理费: what section six has to say of it."""

    notices: Count = Field(default=0, title="收费通知件数")
    noticed_yuan: Count = Field(default=0, title="通知金额（元）")
    paid_yuan: Count = Field(default=0, title="实收金额（元）")


class Report(Strict):
    """A whole report: one of ours, or another body's that is handed in to be checked."""

    organization_name: str = Field(title="机关", min_length=1, max_length=200)
    year: int = Field(title="年度", ge=2008, le=2100)
    scope: ReportScope = Field(default=ReportScope.GOVERNMENT, title="报告范围")
    period_from: date = Field(title="统计期间起")
    period_to: date = Field(title="统计期间止")
    published_on: date | None = Field(default=None, title="发布日期")
    members: list[str] = Field(default_factory=list, title="汇总范围", max_length=2000)
    overview: Overview = Field(default_factory=Overview, title="一、总体情况")
    table2: Table2 = Field(default_factory=Table2, title="二、主动公开政府信息情况")
    table3: Cells = Field(title="三、收到和处理政府信息公开申请情况", description="Row, column, count; blank is 0.")
    table4: Table4 = Field(default_factory=Table4, title="四、行政复议、行政诉讼情况")
    problems: Text = Field(default="", title="五、存在的主要问题及改进情况")
    other: Text = Field(default="", title="六、其他需要报告的事项")
    fees: FeeSummary | None = Field(default=None, title="信息处理费")

    @model_validator(mode="after")
    def _names_known_cells(self) -> Self:
        if unknown := set(self.table3) - set(ROWS):
            raise ValueError(f"没有这些行：{'、'.join(sorted(unknown))}")
        if unknown := {column for row in self.table3.values() for column in row} - set(COLUMNS):
            raise ValueError(f"没有这些列：{'、'.join(sorted(unknown))}")
        return self

    def cell(self, row: str, column: str) -> int:
        """A count of table 3; what is blank is 0."""
        return self.table3.get(row, {}).get(column, 0)


class FindingLevel(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    WARN = "warn"


class ReportFinding(BaseModel):
    """What an identity (勾稽关系) finds."""

    rule: str = Field(title="规则", examples=["AR-01"])
    level: FindingLevel = Field(title="程度")
    place: str = Field(title="位置")
    expected: str = Field(title="应为")
    found: str = Field(title="实为")
    detail: str = Field(title="说明")


class ReportCheck(BaseModel):
    """A report that was handed in, as it was understood, and what is wrong with it."""

    report: Report = Field(title="报告")
    findings: list[ReportFinding] = Field(title="发现")


class CheckInput(Strict):
    """A report of any body to check, and that of the year before if it is at hand."""

    report: Report = Field(title="报告")
    previous: Report | None = Field(default=None, title="上一年度报告")


class AnnualReport(BaseModel):
    """A report of ours: computed from the records while it is a draft, as it was published afterwards."""

    organization: OrganizationRef = Field(title="机关")
    state: ReportState = Field(title="状态")
    report: Report = Field(title="报告")
    findings: list[ReportFinding] = Field(title="勾稽检查")
    reason: str | None = Field(title="更正理由")
    version: int = Field(title="版本", ge=1)
    updated_at: AwareDatetime = Field(title="更新时间")


class ReportPublication(Strict):
    """发布; published again, it needs the reason of the correction."""

    reason: str | None = Field(default=None, title="更正理由", min_length=2, max_length=1000)


class ReportCellEntry(BaseModel):
    """A request behind a cell."""

    id: UUID = Field(title="编号")
    number: str = Field(title="申请编号")
    organization: str = Field(title="机关代码")
    received_on: date = Field(title="收到日期")
    closed_on: date | None = Field(title="办结日期")


class ReviewKindOf(StrEnum):
    """行政复议、未经复议直接起诉、复议后起诉."""

    REVIEW = "review"
    SUIT_DIRECT = "suit_direct"
    SUIT_AFTER_REVIEW = "suit_after_review"


class ReviewResult(StrEnum):
    """How a reconsideration or a suit ended."""

    UPHELD = "upheld"
    CORRECTED = "corrected"
    OTHER = "other"


class ReviewCaseInput(Strict):
    """行政复议、行政诉讼案件, recorded against the request it is about."""

    kind: ReviewKindOf = Field(title="类型")
    filed_on: date = Field(title="受理或者立案日期")
    result: ReviewResult | None = Field(default=None, title="结果")
    decided_on: date | None = Field(default=None, title="审结日期")

    @model_validator(mode="after")
    def _result_has_its_day(self) -> Self:
        if (self.result is None) != (self.decided_on is None):
            raise ValueError("结果和审结日期应同时给出")
        if self.decided_on is not None and self.decided_on < self.filed_on:
            raise ValueError("审结日期不能早于受理日期")
        return self


class ReviewCase(ReviewCaseInput):
    """A case as it is kept."""

    id: UUID = Field(title="编号")
    external_id: str = Field(title="外部编号")
    version: int = Field(title="版本", ge=1)
