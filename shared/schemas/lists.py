"""清单: powers and duties, service items, fees and the like, entry by entry, each with the days from which it says what."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from shared.schemas.organizations import CreditCode
from shared.schemas.policies import OrganizationRef, Outcome, Strict


class ListKind(StrEnum):
    """Which list."""

    POWERS_AND_DUTIES = "powers_and_duties"  # 权责清单
    SERVICE_ITEMS = "service_items"  # 政务服务事项及办事指南
    INTERMEDIARY_SERVICES = "intermediary_services"  # 行政审批中介服务清单
    FEES = "fees"  # 收费清单
    MARKET_ACCESS = "market_access"  # 市场准入负面清单
    INSPECTIONS = "inspections"  # 涉企行政检查事项清单


FieldName = Annotated[str, Field(min_length=1, max_length=60)]
FieldText = Annotated[str, Field(max_length=20_000)]


class ListEntryInput(Strict):
    """What an entry says from a day on. Said again for the same day, it takes the place of what was said."""

    title: str = Field(title="事项名称", min_length=1, max_length=300)
    code: str | None = Field(default=None, title="事项编码", max_length=80)
    basis: list[Annotated[str, Field(min_length=1, max_length=2000)]] = Field(
        default_factory=list, title="依据", max_length=100
    )
    fields: dict[FieldName, FieldText] = Field(
        default_factory=dict,
        title="栏目",
        description="The list's own columns by name, such as 收费标准, 办理时限, 检查频次.",
        max_length=60,
    )
    effective_on: date = Field(title="生效日期", description="From which day it says so; may lie ahead.")
    url: str | None = Field(default=None, title="办事指南地址", max_length=1000, pattern=r"^https?://[^\s]+$")


class ListEntryEnd(Strict):
    """An entry holds no more from a day on."""

    effective_on: date = Field(title="失效日期", description="The first day on which it does not hold.")
    reason: str = Field(title="理由", min_length=2, max_length=500)


class ListEntry(BaseModel):
    """An entry as it stands on a day."""

    id: UUID = Field(title="编号")
    organization: OrganizationRef = Field(title="机关")
    kind: ListKind = Field(title="清单")
    external_id: str = Field(title="机关内编号")
    number: int = Field(title="文本", description="Which of its texts this is, in the order of recording.", ge=1)
    title: str = Field(title="事项名称")
    code: str | None = Field(title="事项编码")
    basis: list[str] = Field(title="依据")
    fields: dict[str, str] = Field(title="栏目")
    url: str | None = Field(title="办事指南地址")
    effective_on: date = Field(title="生效日期")
    until: date | None = Field(title="至", description="The day from which it says something else, or ends.")
    version: int = Field(title="表示版本", ge=1)
    as_of: date | None = Field(title="时点", description="Null: today.")
    as_known_at: AwareDatetime | None = Field(title="所知时点", description="Null: now.")


class ListEntryText(BaseModel):
    """One text of an entry, or its end."""

    number: int = Field(title="文本", ge=1)
    effective_on: date = Field(title="生效日期")
    content: ListEntryInput | None = Field(title="内容", description="Null: it ends on that day.")
    recorded_at: AwareDatetime = Field(title="记录时间")
    superseded_at: AwareDatetime | None = Field(title="被取代时间", description="Another text was said for its day.")


class ListReceipt(BaseModel):
    """回执."""

    outcome: Outcome = Field(title="结果")
    id: UUID = Field(title="编号")
    organization: CreditCode = Field(title="机关代码")
    kind: ListKind = Field(title="清单")
    external_id: str = Field(title="机关内编号")
    number: int = Field(title="文本", ge=1)
    version: int = Field(title="表示版本", description="0: nothing of it is in force yet.", ge=0)


class ListChange(BaseModel):
    """How an entry differs between two days."""

    id: UUID = Field(title="编号")
    organization: OrganizationRef = Field(title="机关")
    external_id: str = Field(title="机关内编号")
    title: str = Field(title="事项名称")
    change: Literal["added", "changed", "ended"] = Field(title="变化")
    effective_on: date = Field(title="生效日期", description="Of the last change in between.")
    fields: list[str] = Field(title="变化的栏目")


class ListLine(ListEntryInput):
    """One entry of a batch."""

    organization: str = Field(title="机关代码", min_length=1, max_length=40)
    kind: ListKind = Field(title="清单")
    external_id: str = Field(title="机关内编号", min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f/]+$")


class ListLineResult(BaseModel):
    """The answer to one line, in order: a ListReceipt or a problem."""

    line: int = Field(title="行号", ge=1)
    status: int = Field(title="状态码")
    receipt: dict[str, Any] | None = Field(default=None, title="回执")
    problem: dict[str, Any] | None = Field(default=None, title="问题")
