"""The annual catalog of major administrative decisions (重大行政决策事项目录) and evaluations after implementation.

What a record may say is checked by policy_api's rules: the order of the procedure is law, not form.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from shared.schemas.consultations import SAYS_SOMETHING, HearingRecord, Line
from shared.schemas.entries import Address, Entry, EntryInput
from shared.schemas.policies import Attachment, Strict

Reason = Annotated[str, Field(min_length=5, max_length=1000, pattern=SAYS_SOMETHING)]
Text = Annotated[str, Field(min_length=2, max_length=5000, pattern=SAYS_SOMETHING)]


class DecisionCategory(StrEnum):
    """国务院令第713号第三条."""

    PUBLIC_POLICY = "public_policy"  # 公共服务、市场监管、社会管理、环境保护等方面的重大公共政策和措施
    PLAN = "plan"  # 经济和社会发展等方面的重要规划
    RESOURCES = "resources"  # 开发利用、保护重要自然资源和文化资源的重大公共政策和措施
    CONSTRUCTION = "construction"  # 在本行政区域实施的重大公共建设项目
    OTHER = "other"  # 对经济社会发展有重大影响、涉及重大公共利益或者社会公众切身利益的其他重大事项


class DecisionStatus(StrEnum):
    """Where an item of the catalog stands on a day; computed from its records."""

    PLANNED = "planned"  # 已列入目录
    PARTICIPATION = "participation"  # 公众参与
    REVIEW = "review"  # 论证、评估和审查
    DELIBERATED = "deliberated"  # 已经会议审议
    PUBLISHED = "published"  # 决策已公布
    IMPLEMENTED = "implemented"  # 已施行
    EVALUATED = "evaluated"  # 已作决策后评估


class NotApplicable(Strict):
    """A step that this item does not need, and why."""

    not_applicable_reason: Reason = Field(title="不适用的理由")


class Participation(Strict):
    """公众参与."""

    started_on: date = Field(title="开始日期")
    completed_on: date | None = Field(default=None, title="完成日期")
    methods: list[Line] = Field(title="方式", min_length=1, max_length=20, examples=[["公开征求意见", "听证会"]])
    consultation_id: UUID | None = Field(default=None, title="征求意见编号", description="A consultation held here.")
    hearing: HearingRecord | None = Field(default=None, title="听证会")
    adoption: Text | None = Field(default=None, title="意见采纳情况", description="Needed once completed.")


class ExpertReview(Strict):
    """专家论证."""

    completed_on: date = Field(title="完成日期")
    form: Line = Field(title="论证形式")
    opinion: Text = Field(title="论证意见")


class RiskLevel(StrEnum):
    """风险等级."""

    HIGH = "high"  # 高风险
    MEDIUM = "medium"  # 中风险
    LOW = "low"  # 低风险


class RiskAssessment(Strict):
    """风险评估."""

    completed_on: date = Field(title="完成日期")
    level: RiskLevel = Field(title="风险等级")
    opinion: Text = Field(title="评估结论")


class LegalityResult(StrEnum):
    """合法性审查结论."""

    LAWFUL = "lawful"  # 合法
    UNLAWFUL = "unlawful"  # 不合法


class LegalityReview(Strict):
    """合法性审查. It cannot be replaced by a consultation or a meeting."""

    submitted_on: date = Field(title="送审日期")
    completed_on: date | None = Field(default=None, title="完成日期")
    result: LegalityResult | None = Field(default=None, title="审查结论")
    shortened_reason: Reason | None = Field(default=None, title="缩短审查期限的理由")

    @model_validator(mode="after")
    def _is_whole(self) -> "LegalityReview":
        if (self.completed_on is None) != (self.result is None):
            raise ValueError("完成日期和审查结论应同时填写")
        return self


class CollectiveDiscussion(Strict):
    """承办单位集体讨论."""

    completed_on: date = Field(title="讨论日期")
    meeting: Line = Field(title="会议名称")


class DeliberationOutcome(StrEnum):
    """会议审议结果."""

    PASSED = "passed"  # 通过
    PASSED_WITH_CHANGES = "passed_with_changes"  # 原则通过，按会议意见修改
    POSTPONED = "postponed"  # 暂缓
    REJECTED = "rejected"  # 不予通过


class Deliberation(Strict):
    """会议审议: by the decision organ's executive or plenary meeting."""

    held_on: date = Field(title="会议日期")
    meeting: Line = Field(title="会议名称")
    outcome: DeliberationOutcome = Field(title="审议结果")


class Publication(Strict):
    """决策公布."""

    published_on: date = Field(title="公布日期")
    channels: list[Line] = Field(title="公布渠道", min_length=1, max_length=20)
    adoption_explained: Text | None = Field(
        default=None, title="公众意见、专家论证意见采纳情况的说明", description="For what the public follows widely."
    )


class PartyConsent(Strict):
    """同级党委同意目录."""

    given_on: date = Field(title="同意日期")
    reference: str | None = Field(default=None, title="文号或会议", max_length=200)


class DecisionInput(EntryInput):
    """One item of the annual catalog, with the records of its procedure so far."""

    year: int = Field(title="目录年度", ge=2019, le=2100)
    category: DecisionCategory = Field(title="事项类别")
    drafter: Line = Field(title="承办单位")
    procedure: list[Line] = Field(title="决策程序", description="The steps it will take.", min_length=1, max_length=20)
    planned_time: Line = Field(title="拟决策时间和计划")
    party_consent: PartyConsent = Field(title="同级党委同意")
    catalog_published_on: date = Field(title="目录公布日期")
    adjustment_reason: Reason | None = Field(
        default=None, title="目录调整理由", description="Needed when the item's entry in the catalog changes."
    )
    participation: Participation | NotApplicable | None = Field(default=None, title="公众参与")
    expert_review: ExpertReview | NotApplicable | None = Field(default=None, title="专家论证")
    risk_assessment: RiskAssessment | NotApplicable | None = Field(default=None, title="风险评估")
    legality_review: LegalityReview | None = Field(default=None, title="合法性审查")
    collective_discussion: CollectiveDiscussion | NotApplicable | None = Field(default=None, title="集体讨论")
    deliberation: Deliberation | None = Field(default=None, title="会议审议")
    publication: Publication | None = Field(default=None, title="决策结果公布")
    implemented_on: date | None = Field(default=None, title="施行日期")
    evaluated_on: date | None = Field(default=None, title="决策后评估日期")


class Adjustment(Strict):
    """目录调整: what the catalog said before."""

    adjusted_on: date = Field(title="调整日期")
    reason: str = Field(title="理由")
    before: dict[str, str | list[str]] = Field(title="调整前", description="The members that changed, as they were.")


class Decision(Entry):
    """An item of the catalog as the public reads it."""

    year: int = Field(title="目录年度")
    category: DecisionCategory = Field(title="事项类别")
    drafter: str = Field(title="承办单位")
    procedure: list[str] = Field(title="决策程序")
    planned_time: str = Field(title="拟决策时间和计划")
    party_consent: PartyConsent = Field(title="同级党委同意")
    catalog_published_on: date = Field(title="目录公布日期")
    adjustments: list[Adjustment] = Field(title="调整记录")
    participation: Participation | NotApplicable | None = Field(title="公众参与")
    expert_review: ExpertReview | NotApplicable | None = Field(title="专家论证")
    risk_assessment: RiskAssessment | NotApplicable | None = Field(title="风险评估")
    legality_review: LegalityReview | None = Field(title="合法性审查")
    collective_discussion: CollectiveDiscussion | NotApplicable | None = Field(title="集体讨论")
    deliberation: Deliberation | None = Field(title="会议审议")
    publication: Publication | None = Field(title="决策结果公布")
    implemented_on: date | None = Field(title="施行日期")
    evaluated_on: date | None = Field(title="决策后评估日期")


class Conclusion(StrEnum):
    """评估结论."""

    CONTINUE = "continue"  # 继续执行
    AMEND = "amend"  # 修改
    REPEAL = "repeal"  # 废止
    STOP = "stop"  # 停止执行


class EvaluationIssue(Strict):
    """One thing that the evaluation found."""

    issue: Text = Field(title="问题")
    articles: list[Address] = Field(default_factory=list, title="所涉条款", max_length=50)
    proposal: Text | None = Field(default=None, title="建议")


class EvaluationInput(EntryInput):
    """决策后评估. `policies` names what was evaluated."""

    evaluated_on: date = Field(title="评估日期")
    evaluator: Line = Field(title="评估机构")
    methods: list[Line] = Field(title="评估方式", min_length=1, max_length=20)
    conclusion: Conclusion = Field(title="评估结论")
    summary: Text = Field(title="评估情况")
    issues: list[EvaluationIssue] = Field(default_factory=list, title="发现的问题", max_length=100)
    decision_id: UUID | None = Field(
        default=None, title="决策事项编号", description="The catalog's item, if it is one."
    )
    report: Attachment | None = Field(default=None, title="评估报告")


class Evaluation(Entry):
    """An evaluation as the public reads it; its status is its conclusion."""

    evaluated_on: date = Field(title="评估日期")
    evaluator: str = Field(title="评估机构")
    methods: list[str] = Field(title="评估方式")
    conclusion: Conclusion = Field(title="评估结论")
    summary: str = Field(title="评估情况")
    issues: list[EvaluationIssue] = Field(title="发现的问题")
    decision_id: UUID | None = Field(title="决策事项编号")
    report: Attachment | None = Field(title="评估报告")
