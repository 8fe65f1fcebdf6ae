"""Information that is withheld and looked at again (条例第十八条): why, since when, when next, and what came of it."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, Field

from shared.schemas.policies import OrganizationRef, Outcome, Strict
from shared.schemas.request_codes import ExemptionCode


class WithheldInput(Strict):
    """不予公开信息: what an office does not make public, and on what ground."""

    title: str = Field(title="信息名称", min_length=1, max_length=500)
    exemptions: list[ExemptionCode] = Field(title="不予公开的情形", min_length=1, max_length=10)
    reason: str = Field(title="理由", min_length=2, max_length=2000)
    decided_on: date = Field(title="决定日期")
    next_review_on: date | None = Field(
        default=None, title="下次评估日期", description="Default: a year after the decision (`withheld_review_months`)."
    )


class ReviewResult(StrEnum):
    """What an evaluation came to."""

    WITHHELD = "withheld"  # 仍不予公开
    TO_PUBLISH = "to_publish"  # 转为公开


class WithheldReviewInput(Strict):
    """评估: still withheld until the next one, or to be published under an item of the catalog."""

    result: ReviewResult = Field(title="评估结果")
    reason: str = Field(title="理由", min_length=2, max_length=2000)
    reviewed_on: date = Field(title="评估日期")
    next_review_on: date | None = Field(default=None, title="下次评估日期", description="Default: a year later.")
    item: UUID | None = Field(
        default=None, title="公开事项编号", description="Of `to_publish`: a task opens under it, counted from that day."
    )


class Withheld(WithheldInput):
    """As those who keep the register read it. Nobody else does: a title may say what is withheld."""

    id: UUID = Field(title="编号")
    organization: OrganizationRef = Field(title="机关")
    external_id: str = Field(title="机关内编号")
    state: ReviewResult = Field(title="状态")
    is_due: bool = Field(title="应评估", description="Its next evaluation is today or past.")
    reviews: list[WithheldReviewInput] = Field(title="历次评估")
    version: int = Field(title="版本", ge=1)


class WithheldReceipt(BaseModel):
    """回执."""

    outcome: Outcome = Field(title="结果")
    id: UUID = Field(title="编号")
    next_review_on: date = Field(title="下次评估日期")
    version: int = Field(title="版本", ge=1)
