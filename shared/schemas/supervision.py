"""Supervision of disclosure on request (domain.md §9): the board, urging, public statistics."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from shared.schemas.policies import Strict
from shared.schemas.requests import Words


class BoardBy(StrEnum):
    """What the rows of the board are."""

    ORGANIZATION = "organization"
    CHANNEL = "channel"
    STATE = "state"


class BoardRow(BaseModel):
    """How many requests stand how, for one organisation, channel or state."""

    key: str = Field(title="分组")
    name: str = Field(title="名称")
    open: int = Field(title="未办结")
    green: int = Field(title="绿")
    yellow: int = Field(title="黄")
    orange: int = Field(title="橙")
    red: int = Field(title="红（逾期）")
    waiting: int = Field(title="等待申请人")
    unconfirmed: int = Field(title="逾期未确认", description="Older than the day by which both sides should confirm.")
    stages: dict[str, int] = Field(title="各环节件数")
    answered: int = Field(title="期间内答复")
    in_time: int = Field(title="其中按时")


class Board(BaseModel):
    """The whole of a subtree today, and what was answered in a period."""

    organization: str = Field(title="机关")
    as_of: date = Field(title="截至")
    period_from: date = Field(title="期间起")
    period_to: date = Field(title="期间止")
    items: list[BoardRow] = Field(title="分组")
    total: BoardRow = Field(title="合计")


class RequestUrgingInput(Strict):
    """督办: in which words, to be answered by when."""

    words: Words = Field(title="督办内容", min_length=2, max_length=2000)
    answer_by: date = Field(title="答复期限")
    superior: str | None = Field(
        default=None,
        title="外部上级",
        description="A superior outside this tree, such as the province, for whom the root passes it on.",
        min_length=2,
        max_length=100,
    )


class RequestUrgingAnswer(Strict):
    """What the urged office says."""

    words: Words = Field(title="答复", min_length=2, max_length=2000)


class RequestUrging(BaseModel):
    """A notice and its answer."""

    id: UUID = Field(title="编号")
    request_id: UUID = Field(title="申请")
    number: str = Field(title="申请编号")
    organization: str = Field(title="被督办机关")
    urged_by: str = Field(title="督办机关")
    words: str = Field(title="督办内容")
    answer_by: date = Field(title="答复期限")
    urged_at: AwareDatetime = Field(title="督办时间")
    answer: str | None = Field(title="答复")
    answered_at: AwareDatetime | None = Field(title="答复时间")


class DigestEntry(BaseModel):
    """One request of the province, as it stood at the end of a day."""

    province_id: str = Field(title="省平台编号")
    number: str = Field(title="申请编号")
    state: str = Field(title="状态")
    steps: int = Field(title="已办环节数")


class Digest(BaseModel):
    """对账: what happened on a day to requests that the province assigned; equal hashes on both sides mean equal books."""

    day: date = Field(title="日期")
    count: int = Field(title="件数")
    hash: str = Field(title="摘要", description="SHA-256 over `province_id state steps` lines in the order of the ids.")
    items: list[DigestEntry] = Field(title="明细")


class StatisticsRow(BaseModel):
    """Requests that were received or closed in a year, by one value."""

    key: str = Field(title="分组")
    count: int = Field(title="件数", description="Rounded to a multiple of five.")


class Statistics(BaseModel):
    """Public figures. Each is rounded to a multiple of five, and sums are those of rounded ones: nobody is counted out."""

    year: int = Field(title="年度")
    received: list[StatisticsRow] = Field(title="按提交方式收到")
    closed: list[StatisticsRow] = Field(title="按办理结果办结")
    in_time: int = Field(title="按时答复")
    answered: int = Field(title="答复")
