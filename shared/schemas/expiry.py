"""Documents about to expire (到期评估) as they cross a service's border."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from shared.schemas.policies import Strict, Validity


class ExpiryDecision(StrEnum):
    """What becomes of a document whose last day comes near (domain.md §6.5)."""

    CONTINUE = "continue"  # 继续有效：重新登记、编号、公布
    AMEND = "amend"  # 修改后公布
    REPEAL = "repeal"  # 废止
    LAPSE = "lapse"  # 到期失效


class ExpiryEvaluation(Strict):
    """评估: who looked at it, when and how, and what came out."""

    evaluated_on: date = Field(title="评估日期")
    method: str = Field(title="评估方式", min_length=2, max_length=500)
    findings: str = Field(title="评估结论", min_length=2, max_length=5000)


class ExpiryDecisionInput(Strict):
    """The evaluation and what follows from it. The act itself comes as a document, as always."""

    evaluation: ExpiryEvaluation = Field(title="评估")
    decision: ExpiryDecision = Field(title="处理意见")


class ExpiryTask(BaseModel):
    """One document and one last day that has to be decided on."""

    id: UUID = Field(title="编号")
    policy_id: UUID = Field(title="政策编号")
    organization: str = Field(title="机关代码")
    title: str = Field(title="标题")
    doc_no: str | None = Field(title="发文字号")
    expires_on: date = Field(title="有效期至")
    validity: Validity | None = Field(title="有效性", description="Now; null once it was withdrawn.")
    carried_out: bool = Field(
        title="已落实", description="The document's last day moved, or it was repealed, replaced or withdrawn."
    )
    next_reminder_on: date | None = Field(title="下次提醒")
    evaluation: ExpiryEvaluation | None = Field(title="评估")
    decision: ExpiryDecision | None = Field(title="处理意见")
    decided_at: AwareDatetime | None = Field(title="决定时间")
    opened_at: AwareDatetime = Field(title="开始时间")
