"""效能监测: how an organisation and those below it stand with their disclosure; urging and its answer."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from shared.schemas.catalogs import Channel
from shared.schemas.disclosure import DutyState
from shared.schemas.organizations import CreditCode
from shared.schemas.policies import OrganizationRef, Strict


class GroupBy(StrEnum):
    """What the rows are of."""

    ORGANIZATION = "organization"
    LEVEL = "level"
    DOMAIN = "domain"
    MONTH = "month"


class MonitorRow(BaseModel):
    """One group's duties that were due in the period, and the items that it answers for."""

    key: str = Field(title="分组", description="Credit code, level, domain or month (YYYY-MM).")
    name: str = Field(title="名称")
    duties: int = Field(title="应公开", description="Duties due in the period: one a task and channel.")
    on_time: int = Field(title="按时")
    late: int = Field(title="逾期后公开")
    overdue: int = Field(title="逾期未公开")
    open: int = Field(title="未到期")
    due_soon: int = Field(title="即将到期", description="Among those not due yet.")
    timeliness: float | None = Field(
        title="及时率", description="On time by all that were due by today; null: none was."
    )
    items: int | None = Field(title="公开事项", description="In force; null where rows are months.")
    covered: int | None = Field(title="已有公开的事项", description="With a publication in the period.")
    coverage: float | None = Field(title="覆盖率", description="Covered by items; null: no items.")
    score: float | None = Field(title="得分", description="0 to 100; docs/monitoring.md has the formula.")


class Monitor(BaseModel):
    """The table, reproducible from the rows at `/v1/monitor/duties`."""

    organization: CreditCode = Field(title="机关代码")
    subtree: bool = Field(title="含下级")
    period_from: date = Field(title="期间起")
    period_to: date = Field(title="期间止")
    by: GroupBy = Field(title="分组方式")
    today: date = Field(title="统计日")
    total: MonitorRow = Field(title="合计")
    rows: list[MonitorRow] = Field(title="各组")


class MonitoredDuty(BaseModel):
    """One duty that a figure is made of."""

    task: UUID = Field(title="任务编号")
    organization: OrganizationRef = Field(title="机关")
    external_id: str = Field(title="任务的机关内编号")
    title: str = Field(title="信息名称")
    domain: str = Field(title="领域")
    item: UUID = Field(title="公开事项编号")
    channel: Channel = Field(title="渠道")
    due_on: date = Field(title="期限")
    done_on: date | None = Field(title="完成日期")
    state: DutyState = Field(title="状态")


class MonitoredItem(BaseModel):
    """One item that the coverage is made of."""

    item: UUID = Field(title="公开事项编号")
    organization: OrganizationRef = Field(title="责任机关")
    title: str = Field(title="公开事项")
    domain: str = Field(title="领域")
    level: str = Field(title="层级")
    covered: bool = Field(title="期间内是否公开过")


class UrgingInput(Strict):
    """督办通知: over which tasks, in which words, to be answered by when."""

    tasks: list[UUID] = Field(title="任务", min_length=1, max_length=200)
    words: str = Field(title="督办内容", min_length=2, max_length=2000)
    answer_by: date = Field(title="答复期限")


class UrgingAnswer(Strict):
    """What the urged organisation says."""

    words: str = Field(title="答复", min_length=2, max_length=2000)


class Urging(BaseModel):
    """A notice and its answer."""

    id: UUID = Field(title="编号")
    organization: CreditCode = Field(title="被督办机关")
    urged_by: CreditCode = Field(title="督办机关")
    tasks: list[UUID] = Field(title="任务")
    words: str = Field(title="督办内容")
    answer_by: date = Field(title="答复期限")
    urged_at: AwareDatetime = Field(title="督办时间")
    answer: str | None = Field(title="答复")
    answered_at: AwareDatetime | None = Field(title="答复时间")
    version: int = Field(title="版本", ge=1)
