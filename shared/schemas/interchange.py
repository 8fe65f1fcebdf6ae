"""What the provincial platform sends (domain.md §9.6): our published contract, for no public specification was found.

A message is `{"type", "timestamp", "data"}` signed by Standard Webhooks. Of one `province_id` messages are carried out in the
order of their `sequence`, which counts from 1.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.schemas.organizations import CreditCode
from shared.schemas.request_codes import SubmissionChannel
from shared.schemas.requests import Applicant, WantedForm, Words

ProvinceId = Annotated[
    str, Field(title="省平台编号", min_length=1, max_length=64, pattern=r"^[\w.:-]+$", examples=["SD-2026-000123"])
]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid")

    province_id: ProvinceId
    sequence: int = Field(title="序号", description="Of this `province_id`, from 1.", ge=1, le=1_000_000)


class RequestAssigned(_Data):
    """转办: a request for information that the province received and assigns to one of our organisations."""

    organization: CreditCode = Field(description="Who handles it.")
    channel: SubmissionChannel = Field(default=SubmissionChannel.ONLINE, title="提交方式")
    submitted_at: AwareDatetime = Field(title="提交时间")
    received_on: date = Field(title="确认收到日期", description="From which the law counts (条例第三十一条).")
    applicant: Applicant = Field(title="申请人")
    subject: Words | None = Field(default=None, title="名称", max_length=300)
    description: Words = Field(title="内容描述", min_length=2, max_length=2000)
    document_number: str | None = Field(default=None, title="文号", max_length=80)
    form: WantedForm | None = Field(default=None, title="形式要求", description="Default: on paper, by post.")


class RequestUrged(_Data):
    """督办: the province urges over a request that it assigned."""

    reason: Words = Field(title="督办内容", min_length=2, max_length=2000)
    due_on: date = Field(title="答复期限")


class RequestWithdrawn(_Data):
    """撤回: the applicant took the request back at the province."""

    withdrawn_on: date = Field(title="撤回日期")


class PolicyAnnounced(_Data):
    """政策发布: a document of the province, for ours to link to; kept under an external organisation of our tree."""

    organization: CreditCode = Field(description="The issuing organ as an external organisation (kind `external`).")
    title: str = Field(title="标题", min_length=2, max_length=300)
    document_number: str | None = Field(default=None, title="发文字号", max_length=80)
    issuer: str = Field(title="发文机关", min_length=2, max_length=200)
    issued_on: date = Field(title="印发日期")
    published_on: date = Field(title="公布日期")
    url: str = Field(title="原文地址", max_length=1000, pattern=r"^https?://[^\s]+$")
    text: str | None = Field(
        default=None,
        title="正文",
        description="Default: a line that leads to the original.",
        min_length=1,
        max_length=200_000,
    )


class Message(BaseModel):
    """The envelope; `data` is one of this module's by `type`."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["request.assigned", "request.urged", "request.withdrawn", "policy.announced"] = Field(
        title="消息类型"
    )
    timestamp: AwareDatetime = Field(title="发生时间")
    data: RequestAssigned | RequestUrged | RequestWithdrawn | PolicyAnnounced = Field(title="内容")


DATA: dict[str, type[_Data]] = {
    "request.assigned": RequestAssigned,
    "request.urged": RequestUrged,
    "request.withdrawn": RequestWithdrawn,
    "policy.announced": PolicyAnnounced,
}
"""Type by name."""
