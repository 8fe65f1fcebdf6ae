"""Counts of enquiries (咨询件数) on a policy, as the hotline's and the counters' systems push them. Numbers only."""

from datetime import date
from uuid import UUID

from pydantic import AwareDatetime, Field

from shared.schemas.entries import PolicyLink
from shared.schemas.organizations import CreditCode
from shared.schemas.policies import Strict
from shared.schemas.questions import QuestionSource, Topic

MAX_ENQUIRIES = 10_000_000


class TopicCount(Strict):
    """How many of the enquiries were about one thing."""

    topic: Topic
    count: int = Field(title="件数", ge=0, le=MAX_ENQUIRIES)


class EnquiriesInput(Strict):
    """The enquiries of one period on one policy. Pushed again under the same id, the numbers are replaced."""

    policy: PolicyLink = Field(title="政策")
    source: QuestionSource = Field(default=QuestionSource.HOTLINE, title="来源")
    period_from: date = Field(title="起始日期")
    period_to: date = Field(title="截止日期", description="Inclusive.")
    count: int = Field(title="件数", ge=0, le=MAX_ENQUIRIES)
    topics: list[TopicCount] = Field(default_factory=list, title="主题分布", max_length=50)


class Enquiries(Strict):
    """One pushed period."""

    organization: CreditCode
    external_id: str = Field(title="机关内编号")
    source: QuestionSource = Field(title="来源")
    period_from: date = Field(title="起始日期")
    period_to: date = Field(title="截止日期")
    count: int = Field(title="件数")
    topics: list[TopicCount] = Field(title="主题分布")
    recorded_at: AwareDatetime = Field(title="记录时间")


class PolicyEnquiries(Strict):
    """What was asked on a policy so far, by everybody who pushes counts; never public."""

    policy_id: UUID = Field(title="政策编号")
    total: int = Field(title="累计件数")
    threshold: int = Field(
        title="二次解读阈值", description="Every further one opens a task (setting follow_up_enquiries)."
    )
    periods: list[Enquiries] = Field(title="各期", description="The newest 200.")
