"""Requests for information (依申请公开) as they cross the service's border.

Asked for is what 条例第二十九条 names and nothing more: no purpose (用途), ever.
"""

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, model_validator

from shared.schemas.policies import OrganizationRef, Outcome, Strict
from shared.schemas.request_codes import (
    ApplicantKind,
    Colour,
    ConsultationKind,
    DecisionCode,
    DeliveryMethod,
    ExemptionCode,
    Opinion,
    ReportRow,
    RequestState,
    StepKind,
    SubmissionChannel,
)


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("不能为空白")
    return text


def without_identity_number(text: str) -> str:
    """The text itself; ValueError when it holds a number of GB 11643 that can be somebody's. For what is kept in the open."""
    for start in range(len(text) - 17):
        number = text[start : start + 18].upper()
        if number[:17].isascii() and number[:17].isdecimal() and number[17] in "0123456789X" and _fits(number):
            raise ValueError("这里公开保存，不能含有身份证号码")
    return text


_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def _fits(number: str) -> bool:
    """The check character, and a month and day that can be."""
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _WEIGHTS, strict=True))
    is_day = 1 <= int(number[10:12]) <= 12 and 1 <= int(number[12:14]) <= 31
    return "10X98765432"[total % 11] == number[17] and is_day and number[6:8] in ("18", "19", "20")


Words = Annotated[str, AfterValidator(_not_blank)]


class IdentityKind(StrEnum):
    """证件类型."""

    ID_CARD = "id_card"
    PASSPORT = "passport"
    RESIDENCE_PERMIT = "residence_permit"
    CREDIT_CODE = "credit_code"
    OTHER = "other"


class Identity(Strict):
    """身份证明 (条例第二十九条第二款第一项)."""

    kind: IdentityKind = Field(title="证件类型")
    number: Words = Field(title="证件号码", min_length=4, max_length=40)


class Agent(Strict):
    """代理人: acts for the applicant with a written authorisation (授权委托书)."""

    name: Words = Field(title="代理人姓名", min_length=1, max_length=100)
    identity: Identity = Field(title="代理人身份证明")
    authorization: Words = Field(
        title="授权委托书", description="What was shown, and when.", min_length=2, max_length=300
    )


class Applicant(Strict):
    """申请人. Kept sealed field by field; only `kind`, which the annual report counts, is kept open."""

    kind: ApplicantKind = Field(title="申请人类型")
    name: Words = Field(title="姓名或者名称", min_length=1, max_length=200)
    identity: Identity = Field(title="身份证明")
    phone: Words | None = Field(default=None, title="联系电话", min_length=3, max_length=60)
    address: Words | None = Field(default=None, title="通信地址", min_length=2, max_length=300)
    postcode: str | None = Field(default=None, title="邮政编码", pattern=r"^\d{6}$")
    email: str | None = Field(default=None, title="电子邮箱", max_length=200, pattern=r"^[^@\s]+@[^@\s]+$")
    employer: str | None = Field(default=None, title="工作单位", max_length=200)
    legal_representative: str | None = Field(default=None, title="法定代表人", max_length=100)
    contact_person: str | None = Field(default=None, title="联系人", max_length=100)
    agent: Agent | None = Field(default=None, title="代理人")

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if not (self.phone or self.address or self.email):
            raise ValueError("应有联系方式：电话、通信地址、电子邮箱至少一项（条例第二十九条）")
        return self


class Wanted(Strict):
    """所需政府信息: name, document number, or other features by which it can be searched."""

    description: Words = Field(title="内容描述", min_length=2, max_length=2000)
    title: str | None = Field(default=None, title="名称", max_length=300)
    doc_no: str | None = Field(default=None, title="文号", max_length=80)
    index_no: str | None = Field(default=None, title="索引号", max_length=60)


class Carrier(StrEnum):
    """获取方式: in what form."""

    PAPER = "paper"
    EMAIL = "email"
    DISC = "disc"


class Way(StrEnum):
    """获取途径: how it reaches the applicant."""

    POST = "post"
    PICK_UP = "pick_up"
    READ_ON_SITE = "read_on_site"
    EMAIL = "email"
    FAX = "fax"


class WantedForm(Strict):
    """形式要求 (条例第二十九条第二款第三项)."""

    carriers: list[Carrier] = Field(title="获取方式", min_length=1, max_length=3)
    ways: list[Way] = Field(title="获取途径", min_length=1, max_length=5)
    accepts_other: bool = Field(default=True, title="是否接受其他方式")


class Assistance(StrEnum):
    """需要的帮助 (条例第四十三条)."""

    READING = "reading"
    VISUAL = "visual"
    HEARING = "hearing"
    WRITING = "writing"


class RequestInput(Strict):
    """A request as the website, a clerk or the province hands it in."""

    channel: SubmissionChannel = Field(title="提交方式")
    submitted_at: AwareDatetime = Field(title="提交时间", description="When the applicant handed it in or sent it off.")
    arrived_on: date | None = Field(default=None, title="到达日期", description="Of a letter, a fax.")
    signed_on: date | None = Field(default=None, title="签收日期", description="Of a letter that is signed for.")
    confirmed_on: date | None = Field(
        default=None,
        title="确认日期",
        description="The day both sides confirmed it (条例第三十一条); may follow later.",
    )
    applicant: Applicant = Field(title="申请人")
    wanted: Wanted = Field(title="所需信息")
    form: WantedForm = Field(title="形式要求")
    assistance: list[Assistance] = Field(default_factory=list, title="需要的帮助", max_length=4)
    filled_by_staff: bool = Field(default=False, title="是否由工作人员代填", description="An oral request always is.")
    suggests_publication: bool = Field(default=False, title="是否建议主动公开", description="条例第四十四条第二款.")
    province_id: str | None = Field(
        default=None, title="省平台编号", min_length=1, max_length=64, pattern=r"^[\w.:-]+$"
    )

    @model_validator(mode="after")
    def _oral_is_written_down(self) -> Self:
        if self.channel is SubmissionChannel.ORAL and not self.filled_by_staff:
            raise ValueError("口头申请应由受理机构代填（条例第二十九条第一款）：filled_by_staff 应为 true")
        return self


class RequestReceipt(BaseModel):
    """登记回执: what the applicant needs to follow the request."""

    outcome: Outcome = Field(title="结果")
    id: UUID = Field(title="编号")
    number: str = Field(title="申请编号")
    query_code: str = Field(title="查询码", description="Shown to the applicant; needed with the number to follow it.")
    state: RequestState = Field(title="状态")
    received_on: date | None = Field(title="收到日期", description="From which the law counts; empty until confirmed.")
    due_on: date | None = Field(title="答复期限")
    provisional: bool = Field(title="是否暂定", description="Counts days of a year whose calendar is not known yet.")


class OnDay(Strict):
    """A step that needs its day only."""

    on: date = Field(title="日期", description="The day it happened; not after today.")


class CorrectionNotice(OnDay):
    """补正告知: once, within seven working days of receipt (条例第三十条)."""

    items: list[Annotated[str, Field(min_length=2, max_length=500)]] = Field(
        title="需要补正的事项", min_length=1, max_length=20
    )
    workdays: int | None = Field(default=None, title="补正期限（工作日）", ge=1, le=60)


class Corrected(OnDay):
    """补正: the request as it is after correction, and the day it was received."""

    wanted: Wanted = Field(title="补正后的所需信息")
    form: WantedForm | None = Field(default=None, title="补正后的形式要求")
    applicant: Applicant | None = Field(default=None, title="补正后的申请人")


class ConsultationInput(OnDay):
    """征求意见: a letter to a third party, a co-producer or another organ; `on` is the day it was sent."""

    kind: ConsultationKind = Field(title="对象类型")
    name: Words = Field(title="征求意见对象", description="Kept sealed: a third party may be a person.", max_length=200)
    question: Words = Field(title="征求意见的内容", min_length=2, max_length=2000)
    received_on: date | None = Field(default=None, title="对方收到日期")


class ConsultationAnswer(OnDay):
    """What came back; `on` is the day the reply arrived."""

    opinion: Opinion = Field(title="意见")
    grounds: str | None = Field(default=None, title="理由", max_length=2000)

    @model_validator(mode="after")
    def _answers(self) -> Self:
        if self.opinion not in (Opinion.AGREES, Opinion.OBJECTS):
            raise ValueError("答复只能是同意或者不同意；未答复的由期限届满认定")
        return self


class ReasonsQuestion(OnDay):
    """要求说明理由 (条例第三十五条): in what the number or frequency is beyond reason."""

    reason: Words = Field(
        default="申请公开政府信息的数量、频次明显超过合理范围", title="情况说明", min_length=2, max_length=1000
    )


class ReasonsEvaluation(OnDay):
    """对申请理由的评估 (条例第三十五条)."""

    reasonable: bool = Field(title="理由是否合理")
    evaluation: Words = Field(title="评估", min_length=2, max_length=2000)
    delayed_until: date | None = Field(
        default=None, title="延迟答复至", description="When reasonable but not doable in time."
    )


class FeeMethod(StrEnum):
    """计费方式 (国办函〔2020〕109号): one of the two, never both."""

    PER_ITEM = "per_item"
    PER_PAGE = "per_page"


class FeeNotice(OnDay):
    """收费通知; `on` is the day the applicant received it."""

    method: FeeMethod = Field(title="计费方式")
    pages: int | None = Field(default=None, title="页数", ge=1, le=1_000_000)

    @model_validator(mode="after")
    def _has_its_quantity(self) -> Self:
        if (self.method is FeeMethod.PER_PAGE) != (self.pages is not None):
            raise ValueError("按量计费应给出页数，按件计费不应给出页数")
        return self


class Payment(OnDay):
    """缴费; `on` is the day payment was completed."""

    receipt_no: Annotated[str, AfterValidator(without_identity_number)] = Field(
        title="财政票据号", min_length=1, max_length=60, pattern=r"^[0-9A-Za-z-]+$"
    )


class Extension(OnDay):
    """延期答复: once, before the time is up, with the consent of the head of the disclosure office (条例第三十三条)."""

    workdays: int = Field(title="延长工作日数", ge=1, le=20)
    reason: Words = Field(title="理由", min_length=2, max_length=500)


class Withheld(Strict):
    """One part that is not disclosed."""

    place: Words = Field(title="位置", description="Where it stands: a page, an article, a column.", max_length=300)
    exemption: ExemptionCode = Field(title="情形")
    reason: Words = Field(title="理由", min_length=2, max_length=1000)


class SearchRecord(Strict):
    """检索记录 (条例第三十六条第（四）项)."""

    places: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        title="检索处所", min_length=1, max_length=50
    )
    keywords: list[Annotated[str, Field(min_length=1, max_length=100)]] = Field(
        title="关键词", min_length=1, max_length=50
    )
    searched_by: Words = Field(title="检索人", max_length=60)
    searched_on: date = Field(title="检索日期")


class ResponsibleOrgan(Strict):
    """负责公开该信息的机关 (条例第三十六条第（五）项)."""

    name: Words = Field(title="名称", min_length=2, max_length=120)
    contact: str | None = Field(default=None, title="联系方式", max_length=300)


class Answer(Strict):
    """答复: the decision and what it has to contain (domain.md §1.6)."""

    decision: DecisionCode = Field(title="决定类型")
    exemption: ExemptionCode | None = Field(default=None, title="不予公开的情形")
    reasons: str | None = Field(default=None, title="理由", max_length=5000)
    access: str | None = Field(default=None, title="获取方式、途径和时间", max_length=2000)
    withheld: list[Withheld] = Field(default_factory=list, title="不予公开的部分", max_length=200)
    search_record: SearchRecord | None = Field(default=None, title="检索记录")
    responsible: ResponsibleOrgan | None = Field(default=None, title="负责公开的机关")
    law: str | None = Field(default=None, title="另有规定的法律、行政法规", max_length=500)
    guidance: str | None = Field(default=None, title="其他途径", max_length=2000)
    earlier_number: str | None = Field(default=None, title="此前的申请编号", max_length=40)
    evaluation: str | None = Field(default=None, title="对理由的评估", max_length=2000)
    public_interest: str | None = Field(
        default=None,
        title="公共利益衡量",
        description="Why what a third party objects to is disclosed all the same (条例第三十二条).",
        max_length=2000,
    )


class Draft(OnDay):
    """拟稿."""

    answer: Answer = Field(title="答复")


class ReviewKind(StrEnum):
    """审核: the two that every answer passes before it is signed (条例第十七条)."""

    LEGAL = "legal"
    SECRECY = "secrecy"


class Review(OnDay):
    """审核意见: passes, or goes back to who drafted it."""

    kind: ReviewKind = Field(title="审核类型")
    passes: bool = Field(title="是否通过")
    note: str = Field(default="", title="意见", max_length=1000)


class Return(OnDay):
    """退回."""

    reason: Words = Field(title="理由", min_length=2, max_length=500)


_OF_THE_POST = re.compile(r"[A-Z]{2}[0-9]{9}[A-Z]{2}|[A-Z]{2}[0-9]{11}|[0-9]{13}")


class Service(OnDay):
    """送达: by post, the day it was handed to the post office (交邮之日)."""

    method: DeliveryMethod = Field(title="送达方式")
    postal_number: str | None = Field(
        default=None, title="邮件号", description="Of the post, 13 characters; a courier's is refused.", max_length=60
    )

    @model_validator(mode="after")
    def _post_is_proved(self) -> Self:
        # 邮政法第五十五条: 快递企业不得寄递国家机关公文.
        if (self.method is DeliveryMethod.POST) != (self.postal_number is not None):
            raise ValueError("邮寄送达应通过邮政企业办理并登记邮件号；其他方式没有邮件号")
        if self.postal_number is not None and not _OF_THE_POST.fullmatch(self.postal_number):
            raise ValueError("邮件号应为邮政企业的13位号码，如 XA12345678937；快递单号不能登记（邮政法第五十五条）")
        return self


class Withdrawal(OnDay):
    """撤回申请."""

    reason: str = Field(default="", title="说明", max_length=500)


class Purpose(Strict):
    """Why somebody has to see whose request it is; kept in the audit trail."""

    purpose: Words = Field(title="查看目的", min_length=4, max_length=300)


class Consultation(BaseModel):
    """征求意见 as it stands."""

    id: UUID = Field(title="编号")
    kind: ConsultationKind = Field(title="对象类型")
    sent_on: date = Field(title="发出日期")
    received_on: date | None = Field(title="对方收到日期")
    opinion_due_on: date = Field(title="意见期限")
    replied_on: date | None = Field(title="回复日期")
    opinion: Opinion | None = Field(title="意见", description="Empty while it is open and its time not up.")


class Step(BaseModel):
    """办理环节 as it was recorded."""

    sequence: int = Field(title="序号")
    kind: StepKind = Field(title="环节")
    on: date = Field(title="日期")
    recorded_at: AwareDatetime = Field(title="记录时间")
    state: RequestState = Field(title="办理后的状态")
    due_on: date | None = Field(title="办理后的答复期限")
    facts: dict[str, Any] = Field(title="事项", description="What the clock counts with; never personal data.")


class CaseView(BaseModel):
    """A request as the office sees it; the applicant masked."""

    id: UUID = Field(title="编号")
    number: str = Field(title="申请编号")
    organization: OrganizationRef = Field(title="机关")
    external_id: str = Field(title="外部编号")
    province_id: str | None = Field(title="省平台编号")
    channel: SubmissionChannel = Field(title="提交方式")
    state: RequestState = Field(title="状态")
    allowed: list[StepKind] = Field(title="现在可以办理的环节")
    received_on: date | None = Field(title="收到日期")
    first_due_on: date | None = Field(title="最初的答复期限")
    due_on: date | None = Field(title="现在的答复期限")
    waiting_until: date | None = Field(title="等待申请人至", description="For correction, reasons or payment.")
    provisional: bool = Field(title="是否暂定")
    calendar_version: str = Field(title="日历版本")
    colour: Colour = Field(title="时限颜色")
    workdays_left: int | None = Field(title="剩余工作日", description="Negative when overdue.")
    answered_on: date | None = Field(title="答复日期")
    in_time: bool | None = Field(title="是否按时答复")
    applicant_kind: ApplicantKind = Field(title="申请人类型")
    applicant: dict[str, str] = Field(title="申请人（脱敏）")
    wanted: Wanted | None = Field(title="所需信息", description="Empty once the personal data has been erased.")
    form: WantedForm | None = Field(title="形式要求")
    assistance: list[Assistance] = Field(title="需要的帮助")
    consultations: list[Consultation] = Field(title="征求意见")
    decision: DecisionCode | None = Field(title="决定类型")
    report_row: ReportRow | None = Field(title="年报行")
    reply_number: str | None = Field(title="答复文号")
    steps: list[Step] = Field(title="办理环节")
    version: int = Field(title="版本")


class CaseLine(BaseModel):
    """A request in a list: nothing of its applicant."""

    id: UUID = Field(title="编号")
    number: str = Field(title="申请编号")
    organization: str = Field(title="机关代码")
    channel: SubmissionChannel = Field(title="提交方式")
    state: RequestState = Field(title="状态")
    received_on: date | None = Field(title="收到日期")
    due_on: date | None = Field(title="答复期限")
    colour: Colour = Field(title="时限颜色")
    decision: DecisionCode | None = Field(title="决定类型")
    applicant_kind: ApplicantKind = Field(title="申请人类型")


class DayKind(StrEnum):
    """How a day of the clock was treated."""

    START = "start"
    COUNTED = "counted"
    REST = "rest"
    EXCLUDED = "excluded"
    WAITING = "waiting"


class ClockDay(BaseModel):
    """One day of the clock and why it counts or not."""

    day: date = Field(title="日期")
    kind: DayKind = Field(title="计算")
    number: int | None = Field(title="第几个工作日")
    reason: str = Field(title="说明")
    article: str = Field(title="依据")


class ClockView(BaseModel):
    """期限计算: every day from the receipt to the deadline, explained."""

    received_on: date | None = Field(title="收到日期")
    first_due_on: date | None = Field(title="最初的答复期限")
    due_on: date | None = Field(title="现在的答复期限")
    provisional: bool = Field(title="是否暂定")
    calendar_version: str = Field(title="日历版本")
    workdays_allowed: int = Field(title="答复工作日数")
    restarts: list[date] = Field(title="重新起算日")
    days: list[ClockDay] = Field(title="逐日")


class KnownDeadline(BaseModel):
    """What the system held to be the deadline at a moment."""

    as_known_at: AwareDatetime = Field(title="当时")
    state: RequestState = Field(title="当时状态")
    due_on: date | None = Field(title="当时的答复期限")


class MovedDeadline(BaseModel):
    """A deadline that a change of the calendar has moved."""

    id: UUID = Field(title="编号")
    number: str = Field(title="申请编号")
    organization: str = Field(title="机关代码")
    recorded_at: AwareDatetime = Field(title="重新计算的时间")
    due_before: date | None = Field(title="此前的期限")
    due_after: date | None = Field(title="此后的期限")


class Deadline(BaseModel):
    """A period counted from a day (public calculator)."""

    period: str | None = Field(default=None, title="期间编号")
    name: str | None = Field(default=None, title="期间名称")
    basis: str | None = Field(default=None, title="依据")
    start_on: date = Field(title="起算日", description="Not counted itself (民法典第二百零一条).")
    workdays: int | None = Field(title="工作日数")
    days: int | None = Field(title="自然日数")
    due_on: date = Field(title="届满日")
    due_at: AwareDatetime | None = Field(default=None, title="届满时刻", description="Of a period in hours.")
    provisional: bool = Field(title="是否暂定")
    calendar_version: str = Field(title="日历版本")


class NamedPeriod(BaseModel):
    """A period that a law names (法定期间), for the calculator."""

    period: str = Field(title="期间编号", examples=["P-04"])
    name: str = Field(title="名称")
    start: str = Field(title="起算")
    basis: str = Field(title="依据")
    workdays: int | None = Field(title="工作日数")
    days: int | None = Field(title="自然日数")
    hours: int | None = Field(title="小时数")
    before: bool = Field(title="是否倒算", description="The latest day that is early enough.")


class TrackedDocument(BaseModel):
    """A document for the applicant."""

    id: UUID = Field(title="编号")
    title: str = Field(title="名称")
    issued_on: date = Field(title="日期")


class Tracked(BaseModel):
    """What an applicant sees with number and query code."""

    number: str = Field(title="申请编号")
    organization: str = Field(title="受理机关")
    state: RequestState = Field(title="状态")
    received_on: date | None = Field(title="收到日期")
    due_on: date | None = Field(title="答复期限")
    waiting_until: date | None = Field(title="请您在此日期前办理", description="A correction, reasons or a payment.")
    answered_on: date | None = Field(title="答复日期")
    decision: DecisionCode | None = Field(title="决定类型", description="Once it has been served.")
    steps: list["TrackedStep"] = Field(title="进度")
    documents: list[TrackedDocument] = Field(title="文书")


class TrackedStep(BaseModel):
    """What has happened, in the applicant's words."""

    on: date = Field(title="日期")
    title: str = Field(title="进度")
