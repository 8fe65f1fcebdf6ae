"""政务公开工作记录 (条例第四十六条至第四十八条、第五十条): what an office's year is told from, beside the counted figures."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, Field

from shared.schemas.policies import OrganizationRef, Outcome, Strict


class WorkRecordKind(StrEnum):
    """What was done."""

    ASSESSMENT = "assessment"  # 工作考核 (第四十六条)
    SOCIAL_EVALUATION = "social_evaluation"  # 社会评议 (第四十六条)
    ACCOUNTABILITY = "accountability"  # 责任追究 (第四十六条、第五十三条)
    RECTIFICATION = "rectification"  # 督促整改 (第四十七条)
    CRITICISM = "criticism"  # 通报批评 (第四十七条)
    REPORT_OF_FAILURE = "report_of_failure"  # 公民、法人和其他组织的投诉举报 (第四十七条、第五十一条)
    TRAINING = "training"  # 培训 (第四十八条)
    SYSTEM = "system"  # 建立健全有关制度、机制 (第十七条、第五十二条)


class WorkRecordInput(Strict):
    """One record. It speaks of offices, never of who complained."""

    kind: WorkRecordKind = Field(title="种类")
    on: date = Field(title="日期")
    title: str = Field(title="名称", min_length=2, max_length=300)
    result: str | None = Field(default=None, title="结果", max_length=4000)
    answer_by: date | None = Field(default=None, title="整改期限", description="Of 督促整改.")
    closed_on: date | None = Field(default=None, title="办结日期")
    participants: int | None = Field(default=None, title="参加人数", ge=0, le=1_000_000)


class WorkRecord(WorkRecordInput):
    """A record as it is read."""

    id: UUID = Field(title="编号")
    organization: OrganizationRef = Field(title="机关")
    external_id: str = Field(title="机关内编号")
    recorded_by: str = Field(title="登记机关")
    version: int = Field(title="版本", ge=1)


class WorkRecordReceipt(BaseModel):
    """回执."""

    outcome: Outcome = Field(title="结果")
    id: UUID = Field(title="编号")
    version: int = Field(title="版本", ge=1)
