"""Consultations (公开征求意见), the opinions they receive and their results, as they cross a service's border.

An opinion and who gave it never become public: what the public reads of them is a number and the published result.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, model_validator

from shared.schemas.entries import Entry, EntryInput
from shared.schemas.policies import Attachment, Contact, InterpretationForm, InterpretationStage, Strict, Title

SAYS_SOMETHING = r"\S"
"""More than blanks: a reason of spaces is none."""
LongText = Annotated[str, Field(description="Plain text.", min_length=10, max_length=300_000, pattern=SAYS_SOMETHING)]
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=SAYS_SOMETHING)]
Said = Annotated[str, Field(min_length=2, max_length=20_000, pattern=SAYS_SOMETHING)]
Sentence = Annotated[str, Field(min_length=2, max_length=2000, pattern=SAYS_SOMETHING)]


class ConsultedKind(StrEnum):
    """What the draft is to become; it decides how long the public is asked."""

    MAJOR_DECISION = "major_decision"  # 重大行政决策
    REGULATION = "regulation"  # 规章
    NORMATIVE_MARKET = "normative_market"  # 与市场主体生产经营活动密切相关的行政规范性文件
    NORMATIVE = "normative"  # 其他行政规范性文件
    OTHER = "other"  # 其他文件


class ConsultationStatus(StrEnum):
    """Where a consultation stands on a day; computed."""

    UPCOMING = "upcoming"  # 即将开始：只公布预告
    OPEN = "open"  # 征集中
    CLOSED = "closed"  # 已截止，结果待公布
    OVERDUE_RESULT = "overdue_result"  # 已截止，逾期未公布结果
    RESULT_PUBLISHED = "result_published"  # 已公布结果


class PeriodUnit(StrEnum):
    """How a period is counted."""

    CALENDAR_DAYS = "calendar_days"  # 日
    WORKDAYS = "workdays"  # 工作日


class HearingRecord(Strict):
    """听证会: announced, participants chosen by a published method, materials sent in time."""

    announced_on: date = Field(title="公告日期")
    held_on: date = Field(title="举行日期")
    place: str = Field(title="地点", min_length=1, max_length=200)
    notice: str = Field(
        title="公告内容", description="Time, place, matter and how to apply.", min_length=10, max_length=20_000
    )
    selection_method: str = Field(title="参加人遴选办法", min_length=2, max_length=5000)
    participants_published_on: date = Field(title="参加人名单公布日期")
    materials_sent_on: date = Field(title="材料送达日期")


class DraftInterpretation(Strict):
    """草案解读: published with the draft, stage 出台前."""

    title: Title
    form: InterpretationForm = Field(default=InterpretationForm.TEXT, title="解读形式")
    body: LongText = Field(title="正文")
    published_on: date | None = Field(
        default=None,
        title="公布日期",
        description="Believed only of consultations that are recorded here after they closed; else it is the day on which it is published here.",
    )


class ConsultationInput(EntryInput):
    """A consultation as its organisation announces it. `policies` names what became of the draft, once that is public."""

    drafters: list[Line] = Field(
        default_factory=list, title="征集部门", description="Empty: the organisation itself.", max_length=20
    )
    doc_kind: ConsultedKind = Field(title="文件类型")
    draft: LongText = Field(title="草案内容")
    explanation: LongText = Field(title="起草说明")
    files: list[Attachment] = Field(default_factory=list, title="附件", max_length=50)
    interpretation: DraftInterpretation | None = Field(default=None, title="草案解读")
    opened_on: date = Field(title="开始日期")
    closes_on: date = Field(title="截止日期", description="Inclusive: until 24:00 in the city.")
    shortened_reason: str | None = Field(
        default=None,
        title="缩短期限的理由",
        description="Stated in the notice when the period is shorter than the rule's.",
        min_length=5,
        max_length=1000,
        pattern=SAYS_SOMETHING,
    )
    channels: list[Line] = Field(
        title="征集渠道", description="How opinions can be given.", min_length=1, max_length=20
    )
    contact: Contact = Field(title="联系方式")
    hearing: HearingRecord | None = Field(default=None, title="听证会")


class ConsultationPeriod(Strict):
    """The minimum that applies, and the rule that sets it."""

    rule: str | None = Field(title="规则编号", description="Null: no minimum.", examples=["PP-03"])
    basis: str | None = Field(title="依据", examples=["国务院令第713号第十五条"])
    days: int = Field(title="最短期限")
    unit: PeriodUnit = Field(title="期限单位")
    earliest_closes_on: date = Field(title="最早截止日期")
    met: bool = Field(title="是否足期", description="False: shortened for the stated reason.")
    provisional: bool = Field(title="是否暂定", description="Rests on a year whose working days are not announced yet.")
    calendar_version: str | None = Field(title="工作日历版本")


class PublishedInterpretation(Strict):
    """草案解读 as the public reads it."""

    title: str = Field(title="标题")
    form: InterpretationForm = Field(title="解读形式")
    stage: InterpretationStage = Field(title="解读阶段", description="Always `draft`.")
    body: str = Field(title="正文")
    published_on: date = Field(title="公布日期")


class ResultItem(Strict):
    """One kind of opinion and what became of it, without who gave it."""

    opinion: Sentence = Field(title="意见归纳")
    outcome: "HandlingOutcome" = Field(title="处理结果")
    reason: Sentence = Field(title="理由")


class HandlingOutcome(StrEnum):
    """What became of an opinion."""

    ADOPTED = "adopted"  # 采纳
    PARTLY = "partly"  # 部分采纳
    NOT_ADOPTED = "not_adopted"  # 未采纳


class ResultInput(Strict):
    """意见采纳情况. The numbers have to be those of the handlings."""

    received: int = Field(title="收到意见数", ge=0, le=10_000_000)
    adopted: int = Field(title="采纳数", ge=0, le=10_000_000)
    partly: int = Field(title="部分采纳数", ge=0, le=10_000_000)
    not_adopted: int = Field(title="未采纳数", ge=0, le=10_000_000)
    summary: Said = Field(title="总体情况")
    items: list[ResultItem] = Field(default_factory=list, title="意见及采纳情况", max_length=500)
    enterprises_heard: Sentence | None = Field(
        default=None, title="听取企业和行业协会商会意见情况", description="Needed for what touches market entities."
    )


class PublishedResult(ResultInput):
    """意见采纳情况 as the public reads it."""

    published_on: date = Field(title="公布日期", description="Of the first result; a corrected one keeps it.")


class Consultation(Entry):
    """A consultation as the public reads it. Before it opens: the announcement, without draft, explanation and files."""

    drafters: list[str] = Field(title="征集部门")
    doc_kind: ConsultedKind = Field(title="文件类型")
    opened_on: date = Field(title="开始日期")
    closes_on: date = Field(title="截止日期")
    shortened_reason: str | None = Field(title="缩短期限的理由")
    channels: list[str] = Field(title="征集渠道")
    contact: Contact = Field(title="联系方式")
    hearing: HearingRecord | None = Field(title="听证会")
    period: ConsultationPeriod = Field(title="最短期限")
    recorded_on: date = Field(title="首次录入日期", description="After `closes_on`: recorded after it was held.")
    result_due_on: date = Field(title="结果公布期限")
    result: PublishedResult | None = Field(title="意见采纳情况")
    draft: str | None = Field(default=None, title="草案内容", description="Not in lists.")
    explanation: str | None = Field(default=None, title="起草说明", description="Not in lists.")
    files: list[Attachment] | None = Field(default=None, title="附件", description="Not in lists.")
    interpretation: PublishedInterpretation | None = Field(default=None, title="草案解读", description="Not in lists.")


class SubmitterKind(StrEnum):
    """Who speaks."""

    CITIZEN = "citizen"  # 个人
    ENTERPRISE = "enterprise"  # 企业
    ASSOCIATION = "association"  # 行业协会、商会
    ORGANIZATION = "organization"  # 其他组织


class Submitter(Strict):
    """Who gives an opinion. Kept sealed, shown only to those who may and say why."""

    name: str | None = Field(default=None, title="姓名或名称", min_length=1, max_length=100)
    contact: str | None = Field(default=None, title="联系方式", min_length=1, max_length=200)
    identity_number: str | None = Field(default=None, title="证件号码", min_length=1, max_length=40)

    @property
    def is_empty(self) -> bool:
        return self.name is None and self.contact is None and self.identity_number is None


class OpinionInput(Strict):
    """An opinion as the website's client hands it in for somebody."""

    text: Said = Field(title="意见")
    about: str | None = Field(
        default=None,
        title="所涉条款",
        description="An address in the draft.",
        max_length=40,
        pattern=r"^[a-z][a-z0-9_-]*$",
    )
    submitter_kind: SubmitterKind = Field(default=SubmitterKind.CITIZEN, title="提交者类型")
    submitter: Submitter | None = Field(default=None, title="提交者", description="Absent: anonymous.")


class OpinionReceipt(Strict):
    """Proof that an opinion was received. Says nothing of what it says or whose it is."""

    id: UUID = Field(title="编号")
    consultation_id: UUID = Field(title="征求意见编号")
    received_at: AwareDatetime = Field(title="收到时间")


class OpinionCount(Strict):
    """What the public reads of opinions."""

    consultation_id: UUID = Field(title="征求意见编号")
    received: int = Field(title="收到意见数", ge=0)


class HandlingInput(Strict):
    """意见处理."""

    outcome: HandlingOutcome = Field(title="处理结果")
    reason: Sentence | None = Field(default=None, title="理由", description="Needed unless adopted.")

    @model_validator(mode="after")
    def _gives_reason(self) -> "HandlingInput":
        if self.outcome is not HandlingOutcome.ADOPTED and self.reason is None:
            raise ValueError("部分采纳或未采纳的，应说明理由")
        return self


class Handling(HandlingInput):
    """意见处理 as it stands."""

    version: int = Field(title="版本", ge=1)
    handled_at: AwareDatetime = Field(title="处理时间")


class Opinion(Strict):
    """An opinion as the drafter reads it; `submitter` only on request with its own right."""

    id: UUID = Field(title="编号")
    received_at: AwareDatetime = Field(title="收到时间")
    submitter_kind: SubmitterKind = Field(title="提交者类型")
    about: str | None = Field(title="所涉条款")
    text: str = Field(title="意见")
    handling: Handling | None = Field(title="处理")
    submitter: Submitter | None = Field(default=None, title="提交者")


ResultItem.model_rebuild()
