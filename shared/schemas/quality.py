"""Quality of documents (文件质量) as it crosses a service's border: findings by rule (domain.md §6.8)."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field


class QualitySeverity(StrEnum):
    """How much a finding weighs."""

    ERROR = "error"  # 应当改正
    WARNING = "warning"  # 建议核对


class QualityFinding(BaseModel):
    """One thing that is missing or does not fit."""

    rule: str = Field(title="规则", examples=["LIB-01"])
    severity: QualitySeverity = Field(title="程度")
    pointer: str = Field(title="位置", description="JSON pointer into the representation; empty: the whole document.")
    sentence: str = Field(title="说明")
    evidence: str | None = Field(default=None, title="依据", description="What was found, in few words.")


class QualityReport(BaseModel):
    """All findings on one document. Empty: nothing to mend."""

    policy_id: UUID = Field(title="政策编号")
    policy_version: int = Field(title="记录版本", description="Of the representation that was looked at.")
    organization: str = Field(title="机关代码")
    title: str = Field(title="标题")
    doc_no: str | None = Field(title="发文字号")
    score: int = Field(title="得分", description="100 less 10 an error and 2 a warning, at least 0.")
    findings: list[QualityFinding] = Field(title="问题")
    checked_on: date = Field(title="检查日期")


class FindingItem(QualityFinding):
    """A finding with its document, as an organisation's list shows it."""

    policy_id: UUID = Field(title="政策编号")
    title: str = Field(title="标题")
    doc_no: str | None = Field(title="发文字号")


class RuleCount(BaseModel):
    """How often a rule found something."""

    rule: str = Field(title="规则")
    severity: QualitySeverity = Field(title="程度")
    documents: int = Field(title="文件数")
    findings: int = Field(title="问题数")


class OrganizationQuality(BaseModel):
    """The quality of all public documents of an organisation, or of its whole subtree."""

    organization: str = Field(title="机关代码")
    subtree: bool = Field(title="含下级机关")
    documents: int = Field(title="文件数", description="That were checked.")
    flawless: int = Field(title="无问题文件数")
    score: float = Field(title="平均得分", description="Mean of the documents' scores; 100 where there are none.")
    rules: list[RuleCount] = Field(title="各规则")
    complete: bool = Field(
        title="是否完整", description="False while the documents are looked at for the first time or by new rules."
    )
    reflects_until: AwareDatetime | None = Field(title="反映至", description="Changes until then are in it.")
