"""Disclosure tasks and publications: what a business system announces, and what was published where (条例第二十六条)."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from shared.schemas.catalogs import Channel, Trigger
from shared.schemas.organizations import CreditCode, Level
from shared.schemas.policies import OrganizationRef, Outcome, Sha256, Strict


class TaskInput(Strict):
    """公开任务: information that has been formed, changed or approved, and that an item requires to be public."""

    item: UUID = Field(title="公开事项编号")
    title: str = Field(title="信息名称", min_length=1, max_length=500)
    trigger: Trigger = Field(default=Trigger.FORMED_OR_CHANGED, title="触发")
    occurred_on: date = Field(title="发生日期", description="The day the information was formed, changed, approved….")
    event_on: date | None = Field(
        default=None, title="事件日期", description="Of the event that a 'before …' limit names, such as 开学前."
    )


class DutyState(StrEnum):
    """How a task, or what it asks of one channel, stands on a day."""

    ON_TIME = "on_time"
    LATE = "late"
    OPEN = "open"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    CANCELLED = "cancelled"


class Duty(BaseModel):
    """What a task asks of one channel."""

    channel: Channel = Field(title="渠道")
    due_on: date = Field(title="期限")
    provisional: bool = Field(title="是否暂定", description="Counts days of a year without a calendar.")
    assumed: bool = Field(title="是否按法定期限", description="The item says no number of days: 条例第二十六条.")
    state: DutyState = Field(title="状态")
    done_on: date | None = Field(title="完成日期")
    publication: UUID | None = Field(title="公开记录编号")


class Task(BaseModel):
    """A task with its deadlines, as it stands today."""

    id: UUID = Field(title="编号")
    organization: OrganizationRef = Field(title="机关")
    external_id: str = Field(title="机关内编号")
    item: UUID = Field(title="公开事项编号")
    item_version: int = Field(title="事项版本")
    domain: str = Field(title="领域")
    title: str = Field(title="信息名称")
    trigger: Trigger = Field(title="触发")
    occurred_on: date = Field(title="发生日期")
    event_on: date | None = Field(title="事件日期")
    due_on: date = Field(title="期限", description="The last of its channels'.")
    state: DutyState = Field(title="状态", description="The worst of its channels'.")
    done_on: date | None = Field(title="完成日期")
    duties: list[Duty] = Field(title="各渠道")
    calendar_version: str = Field(title="日历版本")
    version: int = Field(title="版本", ge=1)


class TaskReceipt(BaseModel):
    """回执: what was announced and by when it has to be public."""

    outcome: Outcome = Field(title="结果")
    task: Task = Field(title="任务")


class FileReviews(Strict):
    """逐件审查 (条例第十七条): without both, nothing is registered as published."""

    secrecy: Literal["pass"] = Field(title="保密审查")
    personal_information: Literal["pass"] = Field(title="个人信息审查")
    reviewed_by: str = Field(title="审查人", min_length=1, max_length=100)
    reviewed_on: date = Field(title="审查日期")


class Agreement(Strict):
    """Who agreed to or approved a publication before it was made (条例第十一条)."""

    by: str = Field(title="机关", min_length=2, max_length=500)
    on: date = Field(title="日期")
    document: str | None = Field(default=None, title="文号", max_length=200)


class PublicationInput(Strict):
    """公开记录: one piece of information on one channel. The first four fields are those of REG-12's directory."""

    index_no: str = Field(title="索引", min_length=1, max_length=64)
    title: str = Field(title="名称", min_length=1, max_length=500)
    summary: str = Field(title="内容概述", min_length=1, max_length=2000)
    formed_on: date = Field(title="生成日期")
    item: UUID | None = Field(default=None, title="公开事项编号", description="Default: the task's.")
    task: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        default=None, title="任务的机关内编号", description="Which task it fulfils, if any."
    )
    channel: Channel = Field(title="渠道")
    url: str | None = Field(default=None, title="地址", max_length=2000, pattern=r"^https?://[^\s]+$")
    place: str | None = Field(default=None, title="地点", max_length=300, description="Of what is not on the web.")
    published_at: AwareDatetime = Field(title="公开时间")
    sha256: Sha256 | None = Field(default=None, title="内容哈希")
    text: str | None = Field(
        default=None, title="正文", description="For the patrol; not kept with the public entry.", max_length=200_000
    )
    expires_on: date | None = Field(default=None, title="公示到期日", description="After it the notice comes down.")
    clarifies: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        default=None, title="澄清的虚假或者不完整信息", description="This is a clarification (条例第六条); of what."
    )
    coordination: Agreement | None = Field(
        default=None, title="协调确认", description="Of an item that asks for it (条例第十一条)."
    )
    approval: Agreement | None = Field(default=None, title="批准", description="Of an item that asks for it.")
    reviews: FileReviews = Field(title="审查")


class Publication(BaseModel):
    """A publication as everybody may read it."""

    id: UUID = Field(title="编号")
    organization: OrganizationRef = Field(title="机关")
    external_id: str = Field(title="机关内编号")
    level: Level = Field(title="层级")
    index_no: str = Field(title="索引")
    title: str = Field(title="名称")
    summary: str = Field(title="内容概述")
    formed_on: date = Field(title="生成日期")
    item: UUID = Field(title="公开事项编号")
    domain: str = Field(title="领域")
    channel: Channel = Field(title="渠道")
    url: str | None = Field(title="地址")
    place: str | None = Field(title="地点")
    published_at: AwareDatetime = Field(title="公开时间")
    sha256: str | None = Field(title="内容哈希")
    expires_on: date | None = Field(title="公示到期日")
    clarifies: str | None = Field(default=None, title="澄清的虚假或者不完整信息")
    version: int = Field(title="版本", ge=1)


class PublicationReceipt(BaseModel):
    """回执: what was registered, and which task it fulfils how."""

    outcome: Outcome = Field(title="结果")
    id: UUID = Field(title="编号")
    organization: CreditCode = Field(title="机关代码")
    external_id: str = Field(title="机关内编号")
    version: int = Field(title="版本", ge=1)
    task: UUID | None = Field(title="任务编号")
    duty: DutyState | None = Field(title="任务在此渠道的状态")


class TaskLine(TaskInput):
    """One task of a batch."""

    organization: str = Field(title="机关代码", min_length=1, max_length=40)
    external_id: str = Field(title="机关内编号", min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f/]+$")


class PublicationLine(PublicationInput):
    """One publication of a batch."""

    organization: str = Field(title="机关代码", min_length=1, max_length=40)
    external_id: str = Field(title="机关内编号", min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f/]+$")


class DisclosureResult(BaseModel):
    """The answer to one line, in order: a receipt (TaskReceipt or PublicationReceipt) or a problem."""

    line: int = Field(title="行号", ge=1)
    status: int = Field(title="状态码")
    receipt: dict[str, Any] | None = Field(default=None, title="回执")
    problem: dict[str, Any] | None = Field(default=None, title="问题")
