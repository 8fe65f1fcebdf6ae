"""Dossiers (会签卷) and the report of the three-synchronised check (三同步) as they cross a service's border.

A dossier carries one policy text, its interpretation plan and materials from the draft to the public.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, computed_field, model_validator

from shared.schemas.organizations import CreditCode
from shared.schemas.policies import (
    Contact,
    InterpretationForm,
    InterpretationInput,
    InterpretationStage,
    Sha256,
    Strict,
)

SUBJECT_PATTERN = r"^(policy|plan|exemption|attachment:[1-9]\d{0,3}|material:[0-9a-f-]{36}(/attachment:[1-9]\d{0,3})?)$"


class DossierState(StrEnum):
    """Where a dossier stands. How it moves: `services/policy_api/rules/dossier_states.py`."""

    DRAFT = "draft"  # 起草：收集方案、解读材料、审查和部门审批
    SUBMITTED = "submitted"  # 已报送：整卷送到政府办公室，等待签发
    SIGNED = "signed"  # 已签发：签名锁定全部内容的哈希
    RETURNED = "returned"  # 已退文：按缺项补正后可再次报送
    RELEASED = "released"  # 已发布：文件与解读已同时公开


class Move(StrEnum):
    """What moves a dossier on."""

    EDIT = "edit"  # 修改方案、材料、免予解读、征求意见
    REVIEW = "review"  # 登记审查
    APPROVE = "approve"  # 登记审批
    SUBMIT = "submit"  # 报送
    SIGN = "sign"  # 签发
    RETURN = "return"  # 退文
    RELEASE = "release"  # 发布
    FOLLOW_UP = "follow_up"  # 登记发布回执和反馈


class ReviewType(StrEnum):
    """审查类型."""

    LEGALITY = "legality"  # 合法性审核
    FAIR_COMPETITION = "fair_competition"  # 公平竞争审查
    SECRECY = "secrecy"  # 保密审查
    PERSONAL_INFORMATION = "personal_information"  # 个人信息审查
    PUBLICITY = "publicity"  # 公开属性审查
    DISCLOSURE_OFFICE = "disclosure_office"  # 政务公开机构审查


class ReviewResult(StrEnum):
    """审查结论."""

    PASS = "pass"  # noqa: S105  # 通过
    FAIL = "fail"  # 不通过
    ESCALATED = "escalated"  # 报有关主管部门或保密行政管理部门确定（条例第十七条）


class ApprovalStep(StrEnum):
    """审批环节."""

    DEPARTMENT_HEAD = "department_head"  # 起草部门主要负责人
    OFFICE = "office"  # 政府办公室


class ExemptionReason(StrEnum):
    """免予解读的理由 (domain.md §7.1)."""

    NOT_PUBLIC = "not_public"  # 不公开的文件
    PERSONNEL = "personnel"  # 人事任免
    COMMENDATION = "commendation"  # 表彰奖励
    PURE_FORWARDING = "pure_forwarding"  # 单纯转发，无新内容
    INTERNAL_WORK = "internal_work"  # 内部工作安排
    MEETING_NOTICE = "meeting_notice"  # 会议通知
    SELF_EXPLANATORY = "self_explanatory"  # 内容自明的技术性文件


class RuleStatus(StrEnum):
    """核查结论."""

    PASS = "pass"  # noqa: S105  # 通过
    FAIL = "fail"  # 不通过
    NOT_APPLICABLE = "not_applicable"  # 不适用，或现阶段尚不能判断


class Severity(StrEnum):
    """What a failure means."""

    BLOCK = "block"  # 不得进入下一环节
    ERROR = "error"  # 错误，须改正
    WARN = "warn"  # 提醒
    INFO = "info"  # 信息


class Evidence(BaseModel):
    """One fact that a finding rests on."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(title="名称", examples=["material", "submitted_at", "hash"])
    value: str = Field(title="值", description="An id, a time (RFC 3339), a day, a hash or a code.")


class Finding(BaseModel):
    """What one rule says of a dossier."""

    model_config = ConfigDict(frozen=True)

    rule: str = Field(title="规则编号", pattern=r"^TS-\d{2}$", examples=["TS-04"])
    name: str = Field(title="规则名称")
    status: RuleStatus = Field(title="结论")
    severity: Severity = Field(title="严重程度", description="Of a failure; some rules grade it by the facts.")
    sentence: str = Field(title="说明", description="What is wrong and what to do, for a clerk.")
    evidence: tuple[Evidence, ...] = Field(default=(), title="证据")
    basis: str = Field(title="依据")


class ThreeSyncReport(BaseModel):
    """三同步核查报告: one finding a rule, TS-01 to TS-30 in order."""

    model_config = ConfigDict(frozen=True)

    dossier_id: str = Field(title="会签卷编号")
    state: DossierState = Field(title="状态")
    checked_on: date = Field(title="核查日期")
    calendar_version: str = Field(title="工作日历版本")
    findings: tuple[Finding, ...] = Field(title="逐项结论")

    @computed_field(title="阻断项", description="Rules that fail with severity `block`.")  # type: ignore[prop-decorator]  # mypy does not know decorated properties
    @property
    def blocks(self) -> tuple[str, ...]:
        return tuple(
            finding.rule
            for finding in self.findings
            if finding.status is RuleStatus.FAIL and finding.severity is Severity.BLOCK
        )

    def get(self, rule: str) -> Finding:
        """The finding of that rule, e.g. `TS-04`."""
        return next(finding for finding in self.findings if finding.rule == rule)


class DossierInput(Strict):
    """Which draft to carry: by id, or by organisation and external id."""

    policy_id: UUID | None = Field(default=None, title="政策编号")
    organization: CreditCode | None = Field(default=None, title="机关")
    external_id: str | None = Field(default=None, title="机关内编号", min_length=1, max_length=200)
    drafting_units: list[CreditCode] = Field(
        default_factory=list,
        title="起草单位",
        description="The lead first; default: the policy's organisation.",
        max_length=20,
    )
    handles_applications: bool = Field(default=False, title="涉及办事", description="The policy sets up a service.")

    @model_validator(mode="after")
    def _names_one_policy(self) -> "DossierInput":
        named = self.organization is not None and self.external_id is not None
        partly = (self.organization is None) != (self.external_id is None)
        if partly or (self.policy_id is not None) == named:
            raise ValueError("给出 policy_id，或同时给出 organization 和 external_id，二者择一")
        return self


class ActivityInput(Strict):
    """One planned interpretation."""

    channel: str = Field(title="解读渠道", min_length=1, max_length=100, examples=["市政府门户网站"])
    form: InterpretationForm = Field(default=InterpretationForm.TEXT, title="解读形式")
    stage: InterpretationStage = Field(default=InterpretationStage.ISSUE, title="解读阶段")
    on: date | None = Field(default=None, title="解读日期")
    days_after_release: int | None = Field(
        default=None,
        title="发布后第几天",
        description="0 is the day of publication: keeps the plan true when the release moves.",
        ge=0,
        le=3650,
    )


class FirstInterpreterInput(Strict):
    """第一解读人."""

    name: str = Field(title="姓名", min_length=1, max_length=60)
    post: str = Field(title="职务", min_length=1, max_length=100)
    unit: CreditCode = Field(title="所在单位")
    principal_head: bool = Field(default=False, title="是否部门主要负责人")


class PlanInput(Strict):
    """解读方案. What is left empty is named by the check (TS-03)."""

    outline: str = Field(default="", title="解读提纲", max_length=20_000)
    units: list[CreditCode] = Field(
        default_factory=list, title="责任单位", description="The responsible unit first.", max_length=20
    )
    judicial_unit: CreditCode | None = Field(
        default=None, title="司法行政部门", description="规章 are interpreted by the drafter with it."
    )
    person: str = Field(default="", title="解读人", max_length=60)
    contact: Contact | None = Field(default=None, title="联系人")
    audience: str = Field(default="", title="目标受众", max_length=500)
    first_interpreter: FirstInterpreterInput | None = Field(default=None, title="第一解读人")
    activities: list[ActivityInput] = Field(default_factory=list, title="解读安排", max_length=50)
    release_on: date | None = Field(default=None, title="拟发布日期")


class ExemptionInput(Strict):
    """免予解读. The disclosure office decides by its review of `exemption`."""

    reason: str = Field(title="理由", description=f"One of: {', '.join(ExemptionReason)}.", min_length=1, max_length=60)
    explanation: str = Field(title="说明", min_length=1, max_length=1000)


class HeldConsultation(Strict):
    """A consultation held on the draft: one of this library by its id, or one held elsewhere as it is reported."""

    consultation_id: UUID | None = Field(
        default=None, title="征求意见编号", description="Days and draft interpretation are read from it (TS-08)."
    )
    reference: str | None = Field(
        default=None, title="别处的征求意见编号", description="Of one held elsewhere.", min_length=1, max_length=200
    )
    opened_on: date | None = Field(default=None, title="公布日期")
    closes_on: date | None = Field(default=None, title="截止日期")
    interpretation_reference: str | None = Field(default=None, title="草案解读编号", min_length=1, max_length=1000)
    interpretation_published_on: date | None = Field(default=None, title="草案解读公布日期")

    @model_validator(mode="after")
    def _is_ours_or_reported(self) -> "HeldConsultation":
        reported = self.model_dump(exclude={"consultation_id"}, exclude_none=True)
        if self.consultation_id is not None and reported:
            raise ValueError("给出 consultation_id 时，其他各项以该征求意见为准，请勿另填")
        if self.consultation_id is None and (self.reference is None or self.opened_on is None):
            raise ValueError("给出 consultation_id，或给出 reference 和 opened_on")
        return self


Subject = Annotated[
    str,
    Field(
        title="对象",
        description=(
            "`policy`, `attachment:<n>`, `plan`, `exemption`, `material:<id>` or `material:<id>/attachment:<n>`, "
            "attachments counted from 1. Each file is reviewed by itself."
        ),
        pattern=SUBJECT_PATTERN,
        examples=["policy", "attachment:1"],
    ),
]


class ReviewInput(Strict):
    """审查结论. It binds to the subject's content of this moment; a later change needs a new review."""

    type: ReviewType = Field(title="审查类型")
    subject: Subject = "policy"
    result: ReviewResult = Field(title="结论")
    reason: str | None = Field(
        default=None,
        title="理由",
        description="Needed unless the result is `pass`, and to let pass what the scan has found.",
        min_length=1,
        max_length=2000,
    )
    content_hash: Sha256 | None = Field(
        default=None, title="所审内容的哈希", description="409 when the content has changed since it was read."
    )

    @model_validator(mode="after")
    def _gives_reason(self) -> "ReviewInput":
        if self.result is not ReviewResult.PASS and self.reason is None:
            raise ValueError("不通过或上报的，应写明理由")
        return self


class ApprovalInput(Strict):
    """审批. One approval covers the whole package; `subjects` names the parts when it does not."""

    step: ApprovalStep = Field(title="审批环节")
    package_id: str | None = Field(
        default=None, title="审批件编号", description="Default: the dossier's own id.", min_length=1, max_length=200
    )
    subjects: list[Subject] | None = Field(default=None, title="对象", min_length=1, max_length=500)


class SignInput(Strict):
    """签发."""

    manifest_hash: Sha256 | None = Field(
        default=None, title="所见清单的哈希", description="409 when the content is no longer what the signer has read."
    )


class ReturnInput(Strict):
    """退文."""

    reason: str = Field(title="退文理由", min_length=1, max_length=2000)
    missing: list[Annotated[str, Field(min_length=1, max_length=300)]] = Field(
        default_factory=list, title="缺项", max_length=100
    )


class ReceiptInput(Strict):
    """发布回执: a channel has carried an interpretation."""

    channel: str = Field(title="渠道", min_length=1, max_length=100)
    executed_on: date = Field(title="发布日期")
    url: str | None = Field(default=None, title="地址", max_length=1000, pattern=r"^https?://")


class FollowUpTask(Strict):
    """二次解读、跟踪解读的任务."""

    title: str = Field(title="任务", min_length=1, max_length=300)
    due_on: date = Field(title="完成期限")


class FeedbackInput(Strict):
    """What became known after release."""

    enquiries: int = Field(default=0, title="咨询件数", description="12345 and other enquiries.", ge=0)
    evaluation_issues: bool = Field(default=False, title="评估发现问题")
    follow_up_tasks: list[FollowUpTask] = Field(default_factory=list, title="跟踪解读任务", max_length=100)


class Act(BaseModel):
    """One recorded act: who, when, on what content."""

    id: UUID = Field(title="编号")
    client_id: str = Field(title="客户端编号")
    person_id: str = Field(title="经办人", description="As the caller's own system knows the person.")
    at: AwareDatetime = Field(title="时间")


class ReviewRecord(Act):
    """审查记录."""

    type: ReviewType = Field(title="审查类型")
    subject: str = Field(title="对象")
    content_hash: Sha256 = Field(title="内容哈希")
    result: ReviewResult = Field(title="结论")
    reason: str | None = Field(title="理由")
    current: bool = Field(title="是否针对现内容", description="False once the subject has changed.")


class ApprovalRecord(Act):
    """审批记录."""

    step: ApprovalStep = Field(title="审批环节")
    package_id: str = Field(title="审批件编号")
    items: dict[str, Sha256] = Field(title="所批内容的哈希")


class SignatureRecord(Act):
    """签发记录."""

    manifest: dict[str, Sha256] = Field(title="清单")
    manifest_hash: Sha256 = Field(title="清单哈希")
    void: bool = Field(title="是否失效", description="True as soon as anything it covers was changed.")
    changed: list[str] = Field(title="已变化的对象")


class ReturnRecord(Act):
    """退文记录."""

    automatic: bool = Field(title="是否自动退文")
    reason: str = Field(title="理由")
    missing: list[str] = Field(title="缺项")


class Material(BaseModel):
    """解读材料."""

    id: UUID = Field(title="编号")
    content: InterpretationInput = Field(title="内容")
    content_hash: Sha256 = Field(title="内容哈希")
    public: bool = Field(title="是否已公开")
    created_at: AwareDatetime = Field(title="建立时间")


class DossierPolicy(BaseModel):
    """The text a dossier carries."""

    id: UUID = Field(title="编号")
    title: str = Field(title="标题")
    doc_no: str | None = Field(title="发文字号")
    external_id: str = Field(title="机关内编号")
    version_number: int = Field(title="文本版本号")
    content_hash: Sha256 = Field(title="内容哈希")


class Dossier(BaseModel):
    """会签卷 as its office and reviewers read it. Never public."""

    id: UUID = Field(title="编号")
    version: int = Field(title="版本", ge=1)
    state: DossierState = Field(title="状态")
    allowed_moves: list[Move] = Field(title="现可进行的操作")
    organization: CreditCode
    policy: DossierPolicy = Field(title="政策文件")
    drafting_units: list[CreditCode] = Field(title="起草单位")
    handles_applications: bool = Field(title="涉及办事")
    plan: PlanInput | None = Field(title="解读方案")
    exemption: ExemptionInput | None = Field(title="免予解读")
    consultation: HeldConsultation | None = Field(title="征求意见")
    materials: list[Material] = Field(title="解读材料")
    reviews: list[ReviewRecord] = Field(title="审查记录")
    approvals: list[ApprovalRecord] = Field(title="审批记录")
    signature: SignatureRecord | None = Field(title="签发")
    returns: list[ReturnRecord] = Field(title="退文记录")
    receipts: list[ReceiptInput] = Field(title="发布回执")
    feedback: FeedbackInput = Field(title="反馈")
    manifest: dict[str, Sha256] = Field(title="内容清单", description="Subject and content hash of each part now.")
    manifest_hash: Sha256 = Field(title="清单哈希")
    created_at: AwareDatetime = Field(title="建立时间")
    submitted_at: AwareDatetime | None = Field(title="报送时间")
    released_at: AwareDatetime | None = Field(title="发布时间")
    published_on: date | None = Field(title="公布日期")
