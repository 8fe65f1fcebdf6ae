"""更正与自身相关的政府信息 (条例第四十一条): a case of its own, with no statutory period, counted in no table of the report."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from shared.schemas.policies import OrganizationRef, Outcome, Strict
from shared.schemas.requests import Applicant, Words


class RecordCorrectionInput(Strict):
    """What somebody says is wrong in a record about themselves, and what proves it."""

    submitted_on: date = Field(title="提出日期")
    applicant: Applicant = Field(title="申请人", description="Whom the record is about.")
    record: Words = Field(title="记录名称", min_length=2, max_length=300)
    wrong: Words = Field(title="不准确的内容", min_length=2, max_length=2000)
    right: Words = Field(title="应更正为", min_length=1, max_length=2000)
    proof: Words = Field(title="证据", description="What was shown to prove it.", min_length=2, max_length=2000)


class CorrectionOutcome(StrEnum):
    """What an organ does with it."""

    CORRECTED = "corrected"  # 审核属实，已更正
    NOT_PROVED = "not_proved"  # 审核不属实，或者证据不足
    FORWARDED = "forwarded"  # 转送有权更正的机关
    TOLD = "told"  # 告知向有权更正的机关提出


class RecordCorrectionAnswer(Strict):
    """The one answer, told to the applicant."""

    outcome: CorrectionOutcome = Field(title="结果")
    words: Words = Field(title="告知内容", min_length=2, max_length=2000)
    organ: Words | None = Field(
        default=None, title="有权更正的机关", description="Of `forwarded` and `told`.", min_length=2, max_length=200
    )
    told_on: date = Field(title="告知日期")


class RecordCorrectionReceipt(BaseModel):
    """登记回执."""

    outcome: Outcome = Field(title="结果")
    id: UUID = Field(title="编号")
    number: str = Field(title="登记编号")


class RecordCorrection(BaseModel):
    """A case as the office reads it: who asked is masked, and what proves it with them."""

    id: UUID = Field(title="编号")
    number: str = Field(title="登记编号")
    organization: OrganizationRef = Field(title="机关")
    submitted_on: date = Field(title="提出日期")
    applicant_name: str | None = Field(title="申请人（已遮盖）", description="Null once it has been erased.")
    record: str | None = Field(title="记录名称")
    outcome: CorrectionOutcome | None = Field(title="结果")
    organ: str | None = Field(title="有权更正的机关")
    told_on: date | None = Field(title="告知日期")
    recorded_at: AwareDatetime = Field(title="登记时间")
    erased_on: date | None = Field(title="个人信息删除日期")
    version: int = Field(title="版本", ge=1)


class RecordCorrectionWhole(RecordCorrectionInput):
    """A case whole, for who decides on it; each reading of it is recorded with its purpose."""

    answer: RecordCorrectionAnswer | None = Field(title="答复")
