"""Case library, joint consultation, proposals and conversion (domain.md §9.4, §9.5): nothing here says who asked."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from shared.schemas.policies import OrganizationRef, Strict
from shared.schemas.request_codes import DecisionCode
from shared.schemas.requests import Words

Short = Annotated[str, Field(min_length=1, max_length=200)]


class ShareScope(StrEnum):
    """共享范围: who of the city's officials may read a case."""

    CITY = "city"
    DISTRICT = "district"
    DEPARTMENT = "department"


class CaseInput(Strict):
    """案例: a request as a lesson for others. Applicants and third parties appear as roles only (domain.md §11.3)."""

    title: Words = Field(title="案例名称", min_length=2, max_length=200)
    topic: Words = Field(title="专题", examples=["征地拆迁"], max_length=40)
    request_summary: Words = Field(title="申请内容摘要（脱敏）", min_length=2, max_length=3000)
    info_type: Words = Field(title="信息类型", max_length=100)
    reasoning: Words = Field(title="说理", min_length=2, max_length=10_000)
    legal_basis: list[Short] = Field(title="法律依据", min_length=1, max_length=30)
    evidence: list[Short] = Field(default_factory=list, title="证据清单", max_length=50)
    consultation_used: bool = Field(default=False, title="是否会商")
    review_result: str | None = Field(default=None, title="复议或者诉讼结果", max_length=200)
    court_case_no: str | None = Field(default=None, title="案号", max_length=100)
    lessons: str | None = Field(default=None, title="启示", max_length=5000)
    keywords: list[Short] = Field(default_factory=list, title="关键词", max_length=30)
    share_scope: ShareScope = Field(title="共享范围")


class LibraryCase(CaseInput):
    """A case of the library."""

    id: UUID = Field(title="编号")
    case_no: str = Field(title="案例编号")
    organization: OrganizationRef = Field(title="答复机关")
    decision: DecisionCode = Field(title="决定类型")
    completeness: int = Field(title="完整度", description="Percent of what a case may say.", ge=0, le=100)
    shared_at: AwareDatetime = Field(title="共享时间")
    version: int = Field(title="版本", ge=1)


class JointConsultationInput(Strict):
    """会商: several offices over one question. Does not stop the clock."""

    convenor: Words = Field(title="召集单位", max_length=120)
    participants: list[Short] = Field(title="参加单位", min_length=1, max_length=30)
    question: Words = Field(title="会商事项", min_length=2, max_length=2000)
    opinions: list[Annotated[str, Field(min_length=1, max_length=2000)]] = Field(
        default_factory=list, title="意见", max_length=30
    )
    conclusion: str | None = Field(default=None, title="结论", max_length=2000)
    held_on: date = Field(title="会商日期")


class JointConsultation(JointConsultationInput):
    """A joint consultation as it is kept."""

    id: UUID = Field(title="编号")
    external_id: str = Field(title="外部编号")
    recorded_at: AwareDatetime = Field(title="记录时间")
    version: int = Field(title="版本", ge=1)


class ProposalKind(StrEnum):
    """What the system noticed."""

    ALREADY_PUBLIC = "already_public"
    REPEATED = "repeated"
    SIMILAR_CASE = "similar_case"
    PETITION = "petition"
    CONVERTED = "converted"
    FEE = "fee"


class Proposal(BaseModel):
    """Something to look at before deciding. The system proposes; a person decides."""

    kind: ProposalKind = Field(title="类型")
    decision: DecisionCode | None = Field(title="可考虑的决定")
    reason: str = Field(title="理由")
    reference: str | None = Field(title="参考", description="An address, a case's number, an earlier request's number.")
    likeness: float | None = Field(title="相似度", ge=0, le=1)


class Proposals(BaseModel):
    """Everything that was noticed about a request."""

    items: list[Proposal] = Field(title="提示")
    search_asked: bool = Field(title="是否已检索公开信息", description="False when the search could not be asked.")


class ConversionState(StrEnum):
    """Where a conversion stands."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    REJECTED = "rejected"


class Conversion(BaseModel):
    """依申请转主动: what several applicants asked the same organ for (条例第四十四条)."""

    id: UUID = Field(title="编号")
    organization: OrganizationRef = Field(title="机关")
    requests: list[str] = Field(title="申请编号", description="The newest of those that it rests on.")
    applicants: int = Field(title="申请人数")
    period_from: date = Field(title="期间起")
    period_to: date = Field(title="期间止")
    suggested: bool = Field(title="是否有申请人建议公开")
    state: ConversionState = Field(title="状态")
    subject: str | None = Field(title="信息内容", description="In the words of who accepted it.")
    note: str | None = Field(title="说明")
    candidate_id: UUID | None = Field(title="目录候选编号", description="At catalog_api, once it is there.")
    version: int = Field(title="版本", ge=1)


class ConversionDecision(Strict):
    """What becomes of it."""

    accepts: bool = Field(title="是否转为主动公开")
    subject: str | None = Field(
        default=None,
        title="信息内容",
        description="Needed to accept; without any applicant's data.",
        min_length=2,
        max_length=500,
    )
    note: Words = Field(title="说明", min_length=2, max_length=1000)
