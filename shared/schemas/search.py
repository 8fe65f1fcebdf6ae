"""Answers of the search service (检索) as they cross its border."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from shared.schemas.organizations import Level
from shared.schemas.policies import DocClass, DocKind, InterpretationForm, Validity

MAX_QUERY_CHARACTERS = 200
MAX_LIMIT = 50
MAX_OFFSET = 1000


class SearchedType(StrEnum):
    """What a hit is."""

    POLICY = "policy"  # 政策文件
    INTERPRETATION = "interpretation"  # 政策解读
    QUESTION = "question"  # 问答
    CLAUSE = "clause"  # 政策条款
    CONSULTATION = "consultation"  # 意见征集
    COLLECTION = "collection"  # 专题集成
    ITEM = "item"  # 公开事项
    PUBLICATION = "publication"  # 公开记录
    LIST_ENTRY = "list_entry"  # 清单事项


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
    doc_no: str | None = Field(title="发文字号", description="Of what is about a policy: the policy's.")
    organization: str = Field(title="机关代码")
    organization_name: str = Field(title="机关名称")
    issuers: list[str] = Field(title="发文机关")
    level: Level | None = Field(title="层级")
    kind: DocKind | None = Field(title="文种")
    doc_class: DocClass | None = Field(title="文件类别")
    form: InterpretationForm | None = Field(title="解读形式")
    theme: str | None = Field(title="主题分类")
    year: int | None = Field(title="年份")
    published_on: date | None = Field(title="公布日期", description="Null: an item of a catalog.")
    effective_on: date | None = Field(title="施行日期")
    expires_on: date | None = Field(title="失效日期")
    repealed_on: date | None = Field(title="废止日期")
    validity: Validity = Field(
        title="有效性",
        description="Of an interpretation: its policy's. `lapsed` also of a question or clause none of whose policies is "
        "in force, and of a consultation that has ended.",
    )
    status: str | None = Field(
        title="状态", description="Of questions, clauses, consultations, collections: their own."
    )
    flagged: bool = Field(title="已失效或废止", description="No longer in force: show it as such.")
    summary: str | None = Field(title="摘要")
    policy_id: UUID | None = Field(title="政策编号", description="The policy that this explains, or is about first.")
    policy_title: str | None = Field(title="所涉政策")
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


class AnswerPassage(BaseModel):
    """A passage or Q&A entry that answers, word for word, and where it stands."""

    number: int = Field(title="序号", description="What sentences of `phrased` cite.")
    type: SearchedType = Field(title="类型")
    id: UUID = Field(title="编号", description="Of what the passage is from.")
    version: int = Field(title="版本")
    outdated: bool = Field(description="True: a newer version is public already and will be indexed in a moment.")
    title: str = Field(title="标题", description="Of a Q&A entry: the question.")
    doc_no: str | None = Field(title="发文字号", description="Of what is about a policy: the policy's.")
    label: str | None = Field(title="条款", examples=["第十二条"])
    address: str = Field(title="位置", examples=["art-12"])
    headings: list[str] = Field(title="所在章节", description="From the outermost.")
    text: str = Field(title="原文")
    level: Level = Field(title="层级")
    organization_name: str = Field(title="机关名称")
    published_on: date = Field(title="公布日期")
    validity: Validity = Field(title="有效性")
    flagged: bool = Field(title="已失效或废止", description="No longer in force: show it as such.")
    policy_id: UUID | None = Field(title="政策编号")
    policy_title: str | None = Field(title="所涉政策")
    path: str = Field(title="路径", examples=["/api/policy/v1/policies/0190f8a2-7c3e-7d10-8a55-2f1b6c9d0e11#art-12"])
    citation: str = Field(title="引文", examples=["《泉城市社区食堂办法》（泉政规〔2026〕3号）第十二条"])
    share: float = Field(
        title="吻合度", description="How much of what was asked it holds, the rare words counting more."
    )


class PhrasedSentence(BaseModel):
    """One sentence, and the numbers of the passages that bear it out."""

    text: str = Field(title="句子", description="Plain text: escape it.")
    citations: list[int] = Field(title="依据")


class Phrased(BaseModel):
    """The passages in a model's words. Every sentence was checked against what it cites; others were dropped."""

    model: str = Field(title="模型")
    sentences: list[PhrasedSentence] = Field(title="各句")
    dropped: int = Field(
        title="删去的句数", description="Sentences without a valid citation, or beyond their passages."
    )


class Answers(BaseModel):
    """What answers a question, best first; nothing but passages of public documents and Q&A entries."""

    found: bool = Field(title="是否找到")
    note: str = Field(title="说明", description="Says so plainly when nothing answers.")
    items: list[AnswerPassage] = Field(title="各段")
    phrased: Phrased | None = Field(
        title="归纳", description="Null where no model is set, or nothing that it wrote could be borne out."
    )
    freshness: list[Freshness] = Field(title="数据时点")
    stale: bool = Field(title="索引滞后")


Word = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=30, pattern=r"^[^\x00-\x1f\ue000\ue001]+$"),
]


class SynonymsInput(BaseModel):
    """All synonyms: whoever searches for one word of a group finds the others as well."""

    model_config = ConfigDict(extra="forbid")

    groups: list[Annotated[list[Word], Field(min_length=2, max_length=10)]] = Field(
        title="同义词组", max_length=1000, examples=[[["低保", "最低生活保障"], ["养老院", "养老机构", "敬老院"]]]
    )


class StopWordsInput(BaseModel):
    """All stop words: they do not count in a search."""

    model_config = ConfigDict(extra="forbid")

    words: list[Word] = Field(title="停用词", max_length=1000, examples=[["关于", "请问"]])


class VocabularyState(BaseModel):
    """Which version it is, and whether it has come into effect."""

    version: int = Field(title="版本", description="0: never put. Also the ETag.")
    changed_at: AwareDatetime | None = Field(title="变更时间")
    applied: bool = Field(title="已生效", description="False: the worker is still at it, or away.")


class Synonyms(VocabularyState):
    """The synonyms as they were put last."""

    groups: list[list[str]] = Field(title="同义词组")


class StopWords(VocabularyState):
    """The stop words as they were put last."""

    words: list[str] = Field(title="停用词")


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
