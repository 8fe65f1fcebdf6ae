"""依申请转主动: what was often asked for, proposed to be published unasked (条例第四十四条; domain.md §9.5)."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from shared.schemas.catalogs import CatalogItemInput
from shared.schemas.policies import OrganizationRef, Outcome, Strict


class CandidateInput(Strict):
    """A subject that several people asked for. Says nothing of who asked."""

    subject: str = Field(title="信息内容", description="Without any applicant's data.", min_length=2, max_length=500)
    requests: int = Field(title="申请件数", ge=1, le=1_000_000)
    period_from: date = Field(title="期间起")
    period_to: date = Field(title="期间止")
    proposal: str | None = Field(default=None, title="建议", max_length=2000)


class CandidateState(StrEnum):
    """Where a candidate stands."""

    OPEN = "open"
    ITEM = "item"  # 纳入目录
    PUBLICATION = "publication"  # 已主动公开
    REJECTED = "rejected"  # 不予转化


class CandidateDecision(Strict):
    """What becomes of it."""

    decision: CandidateState = Field(title="决定", description="`item`, `publication` or `rejected`.")
    note: str = Field(title="说明", min_length=2, max_length=1000)
    catalog: str | None = Field(
        default=None, title="目录的机关内编号", description="Of `item`: into whose next draft it goes.", max_length=200
    )
    item: CatalogItemInput | None = Field(default=None, title="公开事项", description="Of `item`.")
    publication: str | None = Field(
        default=None, title="公开记录的机关内编号", description="Of `publication`: what fulfils it.", max_length=200
    )


class Candidate(BaseModel):
    """A candidate, and what became of it."""

    id: UUID = Field(title="编号")
    organization: OrganizationRef = Field(title="机关")
    external_id: str = Field(title="机关内编号")
    subject: str = Field(title="信息内容")
    requests: int = Field(title="申请件数")
    period_from: date = Field(title="期间起")
    period_to: date = Field(title="期间止")
    proposal: str | None = Field(title="建议")
    state: CandidateState = Field(title="状态")
    note: str | None = Field(title="说明")
    result: UUID | None = Field(title="结果编号", description="The catalog drafted into, or the publication.")
    decided_at: AwareDatetime | None = Field(title="决定时间")
    version: int = Field(title="版本", ge=1)


class CandidateReceipt(BaseModel):
    """回执."""

    outcome: Outcome = Field(title="结果")
    id: UUID = Field(title="编号")
    version: int = Field(title="版本", ge=1)
