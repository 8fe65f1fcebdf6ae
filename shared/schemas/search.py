"""Answers of the search service (检索) as they cross its border."""

from datetime import date
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from shared.schemas.organizations import Level
from shared.schemas.policies import DocClass, DocKind, InterpretationForm, Validity

MAX_QUERY_CHARACTERS = 200
MAX_LIMIT = 50
MAX_OFFSET = 1000


class SearchedType(StrEnum):
    """What a hit is."""

    POLICY = "policy"  # 政策文件
    INTERPRETATION = "interpretation"  # 政策解读


class Sort(StrEnum):
    """Order of the hits."""

    RELEVANCE = "relevance"  # 相关度
    NEWEST = "-published_on"  # 发布日期，新的在前
    OLDEST = "published_on"  # 发布日期，旧的在前


class Highlights(BaseModel):
    """Parts of the document with the words that matched: HTML, escaped, `<em>` the only element."""

    title: str
    doc_no: str | None = None
    body: str | None = Field(default=None, title="正文摘录")


class Hit(BaseModel):
    """One document found."""

    id: UUID
    type: SearchedType
    version: int = Field(description="Of the representation that was indexed.")
    outdated: bool = Field(description="True: a newer version is public already and will be indexed in a moment.")
    exact_number: bool = Field(title="字号精确匹配", description="The query names this document's number.")
    title: str
    doc_no: str | None = Field(description="Of an interpretation: its policy's.")
    organization: str = Field(title="机关代码")
    organization_name: str
    issuers: list[str]
    level: Level
    kind: DocKind | None
    doc_class: DocClass | None
    form: InterpretationForm | None
    theme: str | None
    year: int
    published_on: date
    effective_on: date | None
    expires_on: date | None
    repealed_on: date | None
    validity: Validity = Field(title="有效性", description="Of an interpretation: its policy's.")
    flagged: bool = Field(title="已失效或废止", description="No longer in force: show it as such.")
    summary: str | None
    policy_id: UUID | None = Field(description="Of an interpretation: the policy it explains.")
    policy_title: str | None
    interpretation_count: int | None
    highlights: Highlights


class Freshness(BaseModel):
    """Up to which moment the answer reflects one service."""

    source: str
    reflects_until: AwareDatetime


class SearchAnswer(BaseModel):
    """One page of hits."""

    items: list[Hit]
    total: int = Field(title="总数", description="The engine's estimate, exact while it is small.")
    left_out: int = Field(
        title="未列出的失效和废止文件数", description="Matches that are lapsed or repealed and were not asked for."
    )
    facets: dict[str, dict[str, int]] = Field(title="分面", description="Counts by value over all matches.")
    freshness: list[Freshness] = Field(title="数据时点")
    stale: bool = Field(title="索引滞后", description="True: the index lags behind by more than it should.")


class Suggestion(BaseModel):
    """A title or number that begins like what was typed."""

    id: UUID
    type: SearchedType
    title: str
    doc_no: str | None
    highlighted: str = Field(description="The title as HTML, escaped, `<em>` the only element.")


class SuggestAnswer(BaseModel):
    """Best first."""

    items: list[Suggestion]


class SourceStatus(BaseModel):
    """How far one log has been applied."""

    source: str
    cursor: str
    reflects_until: AwareDatetime
    lag_seconds: float = Field(description="Since `reflects_until`: an idle log is confirmed every few seconds.")
    last_change_lag_ms: int | None = Field(description="Of the newest change: from its commit to being searchable.")
    applied: int = Field(description="Documents written since this index was begun.")


class SearchStatus(BaseModel):
    """State of the index."""

    ready: bool
    stale: bool
    index_uid: str
    index_version: str | None = Field(description="Of settings and document format in use.")
    wanted_index_version: str = Field(description="Differs while a rebuild is due or under way.")
    live_since: AwareDatetime | None
    engine_available: bool
    documents_in_engine: int | None
    documents: dict[str, int] = Field(description="By type, as the ledger knows.")
    parked: int = Field(title="搁置数", description="Documents that could not be indexed.")
    rebuilding: bool
    sources: list[SourceStatus]


class WorkOrder(BaseModel):
    """Something that the worker was asked to do. Read it again until `finished_at` is set."""

    id: UUID
    kind: Literal["rebuild", "verify", "retry_parked"]
    requested_by: str
    requested_at: AwareDatetime
    started_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    outcome: dict[str, Any] | None
    error: str | None


class Parked(BaseModel):
    """A document that could not be indexed."""

    source: str
    subject: str
    type: str
    version: int
    reason: str
    attempts: int
    parked_at: AwareDatetime


class ParkedList(BaseModel):
    """Oldest first."""

    items: list[Parked]
    total: int
