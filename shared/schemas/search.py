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

    title: str = Field(title="标题")
    doc_no: str | None = Field(default=None, title="发文字号")
    body: str | None = Field(default=None, title="正文摘录")


class Hit(BaseModel):
    """One document found."""

    id: UUID = Field(title="编号")
    type: SearchedType = Field(title="类型")
    version: int = Field(description="Of the representation that was indexed.")
    outdated: bool = Field(description="True: a newer version is public already and will be indexed in a moment.")
    exact_number: bool = Field(title="字号精确匹配", description="The query names this document's number.")
    title: str = Field(title="标题")
    doc_no: str | None = Field(description="Of an interpretation: its policy's.")
    organization: str = Field(title="机关代码")
    organization_name: str = Field(title="机关名称")
    issuers: list[str] = Field(title="发文机关")
    level: Level = Field(title="层级")
    kind: DocKind | None = Field(title="文种")
    doc_class: DocClass | None = Field(title="文件类别")
    form: InterpretationForm | None = Field(title="解读形式")
    theme: str | None = Field(title="主题分类")
    year: int = Field(title="年份")
    published_on: date = Field(title="公布日期")
    effective_on: date | None = Field(title="施行日期")
    expires_on: date | None = Field(title="失效日期")
    repealed_on: date | None = Field(title="废止日期")
    validity: Validity = Field(title="有效性", description="Of an interpretation: its policy's.")
    flagged: bool = Field(title="已失效或废止", description="No longer in force: show it as such.")
    summary: str | None = Field(title="摘要")
    policy_id: UUID | None = Field(description="Of an interpretation: the policy it explains.")
    policy_title: str | None = Field(title="所解读的政策")
    interpretation_count: int | None = Field(title="解读件数")
    highlights: Highlights = Field(title="命中处")


class Freshness(BaseModel):
    """Up to which moment the answer reflects one service."""

    source: str = Field(title="来源服务")
    reflects_until: AwareDatetime = Field(title="反映至")


class SearchAnswer(BaseModel):
    """One page of hits."""

    items: list[Hit] = Field(title="各项")
    total: int = Field(title="总数", description="The engine's estimate, exact while it is small.")
    left_out: int = Field(
        title="未列出的失效和废止文件数", description="Matches that are lapsed or repealed and were not asked for."
    )
    facets: dict[str, dict[str, int]] = Field(title="分面", description="Counts by value over all matches.")
    freshness: list[Freshness] = Field(title="数据时点")
    stale: bool = Field(title="索引滞后", description="True: the index lags behind by more than it should.")


class Suggestion(BaseModel):
    """A title or number that begins like what was typed."""

    id: UUID = Field(title="编号")
    type: SearchedType = Field(title="类型")
    title: str = Field(title="标题")
    doc_no: str | None = Field(title="发文字号")
    highlighted: str = Field(description="The title as HTML, escaped, `<em>` the only element.")


class SuggestAnswer(BaseModel):
    """Best first."""

    items: list[Suggestion] = Field(title="各项")


class SourceStatus(BaseModel):
    """How far one log has been applied."""

    source: str = Field(title="来源服务")
    cursor: str = Field(title="游标")
    reflects_until: AwareDatetime = Field(title="反映至")
    lag_seconds: float = Field(description="Since `reflects_until`: an idle log is confirmed every few seconds.")
    last_change_lag_ms: int | None = Field(description="Of the newest change: from its commit to being searchable.")
    applied: int = Field(description="Documents written since this index was begun.")


class PassageStatus(BaseModel):
    """The index of passages, which is written a moment behind that of documents."""

    index_version: str | None = Field(description="Of settings and passage format in use; null while it is built.")
    passages_in_engine: int | None = Field(title="引擎中的段落数")
    sources: list[SourceStatus] = Field(title="各来源")


class SearchStatus(BaseModel):
    """State of the index."""

    ready: bool = Field(title="是否可用")
    stale: bool = Field(title="是否陈旧")
    index_uid: str = Field(title="索引名")
    index_version: str | None = Field(description="Of settings and document format in use.")
    wanted_index_version: str = Field(description="Differs while a rebuild is due or under way.")
    live_since: AwareDatetime | None = Field(title="启用时间")
    engine_available: bool = Field(title="引擎是否可用")
    documents_in_engine: int | None = Field(title="引擎中的文件数")
    documents: dict[str, int] = Field(description="By type, as the ledger knows.")
    parked: int = Field(title="搁置数", description="Documents that could not be indexed.")
    rebuilding: bool = Field(title="是否重建中")
    sources: list[SourceStatus] = Field(title="各来源")
    passages: PassageStatus = Field(title="段落索引")


class WorkOrder(BaseModel):
    """Something that the worker was asked to do. Read it again until `finished_at` is set."""

    id: UUID = Field(title="编号")
    kind: Literal["rebuild", "verify", "retry_parked"] = Field(title="任务")
    requested_by: str = Field(title="提出者")
    requested_at: AwareDatetime = Field(title="提出时间")
    started_at: AwareDatetime | None = Field(title="开始时间")
    finished_at: AwareDatetime | None = Field(title="完成时间")
    outcome: dict[str, Any] | None = Field(title="结果")
    error: str | None = Field(title="错误")


class Parked(BaseModel):
    """A document that could not be indexed."""

    source: str = Field(title="来源服务")
    subject: str = Field(title="对象")
    type: str = Field(title="类型")
    version: int = Field(title="版本")
    reason: str = Field(title="理由")
    attempts: int = Field(title="尝试次数")
    parked_at: AwareDatetime = Field(title="搁置时间")


class ParkedList(BaseModel):
    """Oldest first."""

    items: list[Parked] = Field(title="各项")
    total: int = Field(title="总数")
