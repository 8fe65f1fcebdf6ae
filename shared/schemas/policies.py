"""Policies (政策文件), their versions, relations and interpretations (政策解读) as they cross a service's border.

Codes are English, the Chinese term stands beside each. What a field may contain beyond its form (themes, numbers,
dates that fit together) is checked by policy_api's rules.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from shared.schemas.organizations import CreditCode, Level
from shared.schemas.reviews import FollowUpReviews

MAX_BODY_CHARACTERS = 1_000_000


class DocClass(StrEnum):
    """Class of the library (文件类别)."""

    REGULATION = "regulation"  # 政府规章
    NORMATIVE = "normative"  # 行政规范性文件
    OTHER = "other"  # 其他文件
    LAW = "law"  # 法律、法规（上位法）


class DocKind(StrEnum):
    """文种: the fifteen of 党政机关公文处理工作条例第八条, and what has none of its own."""

    RESOLUTION = "resolution"  # 决议
    DECISION = "decision"  # 决定
    ORDER = "order"  # 命令（令）
    COMMUNIQUE = "communique"  # 公报
    PROCLAMATION = "proclamation"  # 公告
    CIRCULAR = "circular"  # 通告
    OPINION = "opinion"  # 意见
    NOTICE = "notice"  # 通知
    BULLETIN = "bulletin"  # 通报
    REPORT = "report"  # 报告
    REQUEST = "request"  # 请示
    REPLY = "reply"  # 批复
    PROPOSAL = "proposal"  # 议案
    LETTER = "letter"  # 函
    MINUTES = "minutes"  # 纪要
    NONE = "none"  # 无文种（法律、法规等）


KIND_NAMES: dict[DocKind, str] = dict(
    zip(
        DocKind,
        [
            "决议",
            "决定",
            "命令",
            "公报",
            "公告",
            "通告",
            "意见",
            "通知",
            "通报",
            "报告",
            "请示",
            "批复",
            "议案",
            "函",
            "纪要",
            "无",
        ],
        strict=True,
    )
)
"""The Chinese word of each kind."""


class PublicityAttribute(StrEnum):
    """公开属性."""

    PROACTIVE = "proactive"  # 主动公开
    ON_REQUEST = "on_request"  # 依申请公开
    WITHHELD = "withheld"  # 不予公开


class Validity(StrEnum):
    """有效性, derived from dates and relations for a given day, never stored by hand (domain.md §6.6)."""

    NOT_YET = "not_yet"  # 尚未生效
    IN_FORCE = "in_force"  # 现行有效
    REPEALED = "repealed"  # 已废止
    LAPSED = "lapsed"  # 失效


class RelationType(StrEnum):
    """What one document does to another (domain.md §6.7). The inverse is always shown on the other side."""

    AMENDS = "amends"  # 修改
    REPEALS = "repeals"  # 废止
    REPLACES = "replaces"  # 代替
    PARTLY_REPEALS = "partly_repeals"  # 废止部分条款
    IMPLEMENTS = "implements"  # 贯彻落实
    BASED_ON = "based_on"  # 依据
    FORWARDS = "forwards"  # 转发
    CONTINUES = "continues"  # 公布继续有效
    SUPPLEMENTS = "supplements"  # 补充
    CORRECTS = "corrects"  # 更正


class InterpretationForm(StrEnum):
    """解读形式 (domain.md §7.1)."""

    TEXT = "text"  # 文字解读
    INFOGRAPHIC = "infographic"  # 图解
    VIDEO = "video"  # 视频
    ANIMATION = "animation"  # 动漫
    AUDIO = "audio"  # 音频
    H5 = "h5"
    PRESS_CONF = "press_conf"  # 新闻发布会
    OFFICIAL = "official"  # 领导干部解读
    EXPERT = "expert"  # 专家解读
    MEDIA = "media"  # 媒体解读
    QA = "qa"  # 问答
    ON_SITE = "on_site"  # 现场宣讲
    CASE = "case"  # 案例


class InterpretationStage(StrEnum):
    """解读阶段."""

    DRAFT = "draft"  # 出台前
    ISSUE = "issue"  # 出台时
    FOLLOW_UP = "follow_up"  # 实施后（二次、跟踪解读）


Title = Annotated[str, Field(title="标题", min_length=2, max_length=500)]
BodyText = Annotated[
    str,
    Field(
        title="正文", description="Plain text or HTML; HTML is sanitised.", min_length=1, max_length=MAX_BODY_CHARACTERS
    ),
]
BodyFormat = Annotated[Literal["text", "html"], Field(title="正文格式")]
Sha256 = Annotated[
    str, Field(pattern=r"^[0-9a-f]{64}$", examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])
]


_FIRST_YEAR, _LAST_YEAR = 1000, 2999


class Strict(BaseModel):
    """Input that refuses fields it does not know."""

    model_config = ConfigDict(extra="forbid")

    @field_validator("*")
    @classmethod
    def _check_year(cls, value: Any) -> Any:
        """A day that no calendar reaches: what is counted from it would fall out of time."""
        if isinstance(value, date) and not _FIRST_YEAR <= value.year <= _LAST_YEAR:
            raise ValueError(f"日期应在{_FIRST_YEAR}年至{_LAST_YEAR}年之间；没有期限的请留空")
        return value


class Contact(Strict):
    """联系方式（解读机关、电话）."""

    organ: str | None = Field(default=None, title="单位", max_length=120)
    person: str | None = Field(default=None, title="联系人", description="An official's public name.", max_length=60)
    phone: str | None = Field(default=None, title="电话", max_length=60)


class Attachment(Strict):
    """附件: named and hashed; each has its own review."""

    name: str = Field(title="名称", min_length=1, max_length=200)
    url: str | None = Field(default=None, title="地址", max_length=1000, pattern=r"^(https?://|/)")
    sha256: Sha256 | None = Field(default=None, title="文件哈希")
    media_type: str | None = Field(default=None, title="类型", max_length=100)
    alt_text: str | None = Field(default=None, title="替代文本", max_length=2000)


class RelationInput(Strict):
    """A relation to another document, named by id, by number, or, when unknown here, by title."""

    type: RelationType = Field(title="关系")
    target_id: UUID | None = Field(default=None, title="目标编号")
    target_doc_no: str | None = Field(default=None, title="目标发文字号", max_length=80)
    target_title: str | None = Field(default=None, title="目标标题", max_length=500)
    articles: list[str] = Field(
        default_factory=list, title="条款", description="Outline addresses, e.g. `art-12`.", max_length=200
    )
    until: date | None = Field(
        default=None, title="继续有效至", description="Of `continues` only: the last day that the act gives its target."
    )


class VersionInput(Strict):
    """Which text this is among the document's texts (历次文本)."""

    label: str | None = Field(default=None, title="版本名称", description="原始、第一次修订…", max_length=60)
    adopted_on: date | None = Field(default=None, title="通过日期")
    effective_on: date | None = Field(
        default=None,
        title="本文本施行日期",
        description="Default: the document's own. A later date adds a text to the history.",
    )
    instrument: str | None = Field(default=None, title="修订依据", description="E.g. 市政府令第290号.", max_length=300)


class PolicyInput(Strict):
    """A document as its organisation pushes it."""

    title: Title
    doc_class: DocClass = Field(default=DocClass.OTHER, title="文件类别")
    kind: DocKind = Field(default=DocKind.NOTICE, title="文种")
    doc_no: str | None = Field(
        default=None, title="发文字号", description="Normalised to 〔〕; the raw spelling is kept.", max_length=80
    )
    index_no: str | None = Field(default=None, title="索引号", max_length=60)
    reg_no: str | None = Field(default=None, title="统一登记号", description="Normative documents only.", max_length=40)
    theme: str | None = Field(
        default=None,
        title="主题分类",
        description="`一级` or `一级\\二级`.",
        max_length=80,
        examples=["综合政务\\政务公开"],
    )
    issuers: list[str] = Field(
        default_factory=list, title="发文机关", description="In order; default: the organisation's name.", max_length=20
    )
    signed_on: date | None = Field(default=None, title="成文日期")
    issued_on: date | None = Field(default=None, title="印发日期")
    published_on: date | None = Field(
        default=None, title="发布日期", description="Only with scope `policy:import`: the document is public already."
    )
    effective_on: date | None = Field(default=None, title="施行日期", description="Default: published_on.")
    expires_on: date | None = Field(default=None, title="有效期至", description="Inclusive last day.")
    expiry_reason: str | None = Field(default=None, title="无有效期的理由", max_length=300)
    repealed_on: date | None = Field(
        default=None, title="废止日期", description="Imports only; else it follows from the repealing act."
    )
    publicity: PublicityAttribute = Field(default=PublicityAttribute.PROACTIVE, title="公开属性")
    publicity_reason: str | None = Field(default=None, title="不公开的理由", max_length=1000)
    body: BodyText
    body_format: BodyFormat = "text"
    summary: str | None = Field(default=None, title="摘要", max_length=2000)
    addressee: str | None = Field(default=None, title="主送机关", max_length=2000)
    copies_to: str | None = Field(default=None, title="抄送", max_length=2000)
    combo_class: str | None = Field(default=None, title="组配分类", max_length=60)
    contact: Contact | None = Field(default=None, title="联系方式")
    attachments: list[Attachment] = Field(default_factory=list, title="附件", max_length=100)
    relations: list[RelationInput] = Field(default_factory=list, title="与其他文件的关系", max_length=200)
    version: VersionInput = Field(default_factory=VersionInput, title="文本版本")
    market_related: bool = Field(default=False, title="涉及市场主体")
    major: bool = Field(default=False, title="重大政策")
    livelihood: bool = Field(default=False, title="涉及民生")
    source_url: str | None = Field(default=None, title="原文地址", max_length=1000, pattern=r"^https?://")


class BatchLine(PolicyInput):
    """One line of a batch: a document and what its organisation calls it."""

    organization: CreditCode
    external_id: str = Field(title="机关内编号", min_length=1, max_length=200, pattern=r"^[^\x00-\x1f/?#]+$")


class Outcome(StrEnum):
    """What became of a push."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


class Receipt(BaseModel):
    """回执: proof of what was accepted. `content_hash` covers the normalised document."""

    outcome: Outcome = Field(title="结果")
    id: UUID = Field(title="编号")
    organization: CreditCode
    external_id: str = Field(title="机关内编号")
    version: int = Field(title="版本号", ge=1)
    content_hash: Sha256 = Field(title="内容哈希")
    public: bool = Field(title="是否已公开", description="False: waits for its dossier's release.")
    recorded_at: AwareDatetime = Field(title="记录时间")


class OrganizationRef(BaseModel):
    """An organisation as a document names it."""

    code: CreditCode
    name: str = Field(title="名称")


class OutlineNode(BaseModel):
    """A heading or article with its stable address (`art-12`, `chap-2`)."""

    address: str = Field(title="位置")
    kind: str = Field(description="chapter, section, article, point…")
    label: str = Field(title="标签", examples=["第十二条"])
    heading: str = Field(description="The heading, or the first words.")
    parent: str | None = Field(default=None, title="上级条目")
    responsible: list[str] = Field(default_factory=list, title="责任单位")


class Relation(BaseModel):
    """One relation as seen from this document."""

    type: str = Field(description="A RelationType, or its inverse such as `repealed_by`, `amended_by`, `replaced_by`.")
    policy_id: UUID | None = Field(description="Null while the other document is not in the library.")
    title: str | None = Field(title="文件标题")
    doc_no: str | None = Field(title="发文字号")
    articles: list[str] = Field(title="所涉条款")
    effective_on: date | None = Field(title="生效日期", description="From which day the act acts, where that is known.")
    until: date | None = Field(title="继续有效至", description="Of `continues` and `continued_by`: the new last day.")


class InterpretationRef(BaseModel):
    """An interpretation as its policy lists it."""

    id: UUID = Field(title="编号")
    title: str = Field(title="标题")
    form: InterpretationForm = Field(title="解读形式")
    stage: InterpretationStage = Field(title="解读阶段")
    published_on: date = Field(title="公布日期")


class Standing(StrEnum):
    """Where a text stands in its document's history on a day."""

    PAST = "past"  # 历史文本
    CURRENT = "current"  # 现行文本
    PROSPECTIVE = "prospective"  # 尚未施行的文本
    SUPERSEDED = "superseded"  # 被更正的记录


class VersionRef(BaseModel):
    """One text of the history."""

    number: int = Field(title="序号")
    label: str | None = Field(title="标签")
    adopted_on: date | None = Field(title="通过日期")
    effective_on: date = Field(description="From this day it is the text.")
    instrument: str | None = Field(title="公布文件")
    content_hash: Sha256 = Field(title="内容哈希")
    published_on: date = Field(title="公布日期")
    superseded: bool = Field(description="True when a later record corrected the text of the same effective day.")
    standing: Standing = Field(title="文本状态", description="On the day of this representation.")


class Banner(BaseModel):
    """What stands above a document that was taken back but is still shown."""

    notice: str = Field(title="提示")
    since: AwareDatetime = Field(title="自何时")


class Policy(BaseModel):
    """A document as the public reads it: the text in force (or to come), its validity today, its whole history."""

    id: UUID = Field(title="编号")
    version: int = Field(
        title="记录版本", description="Grows with every change of this representation; events carry it."
    )
    version_number: int = Field(title="文本版本号", description="Which entry of `versions` the text is.")
    organization: OrganizationRef = Field(title="机关")
    external_id: str = Field(title="机关内编号")
    level: Level = Field(title="层级")
    division_code: str = Field(title="行政区划代码")
    title: str = Field(title="标题")
    doc_class: DocClass = Field(title="文件类别")
    kind: DocKind = Field(title="文种")
    doc_no: str | None = Field(title="发文字号")
    doc_no_raw: str | None = Field(title="原始发文字号")
    index_no: str | None = Field(title="索引号")
    reg_no: str | None = Field(title="登记号")
    theme: str | None = Field(title="主题分类")
    issuers: list[str] = Field(title="发文机关")
    signed_on: date | None = Field(title="成文日期")
    issued_on: date | None = Field(title="印发日期")
    published_on: date = Field(title="公布日期")
    effective_on: date = Field(title="施行日期")
    expires_on: date | None = Field(title="失效日期")
    repealed_on: date | None = Field(title="废止日期")
    validity: Validity = Field(title="有效性")
    validity_note: str | None = Field(title="有效性说明")
    partly_repealed: list[str] = Field(title="部分废止的条款")
    validity_changes_on: date | None = Field(
        title="有效性下次变化日期", description="The next day on which `validity` or the text changes by date alone."
    )
    as_of: date | None = Field(default=None, title="时点", description="Set in answers to `?as_of=`.")
    as_known_at: AwareDatetime | None = Field(
        default=None, title="所知时点", description="Set in answers to `?as_known_at=`: what the library said then."
    )
    banner: Banner | None = Field(
        default=None, title="提示", description="Set on a document that is kept only with a warning."
    )
    caption: str | None = Field(
        default=None, title="题注", description="Of regulations and laws: their history in one line."
    )
    publicity: PublicityAttribute = Field(title="公开属性")
    body: str = Field(title="正文")
    body_format: BodyFormat
    outline: list[OutlineNode] = Field(title="文件结构")
    summary: str | None = Field(title="摘要")
    addressee: str | None = Field(title="主送机关")
    copies_to: str | None = Field(title="抄送机关")
    combo_class: str | None = Field(title="组配分类")
    contact: Contact | None = Field(title="联系方式")
    attachments: list[Attachment] = Field(title="附件")
    relations: list[Relation] = Field(title="关联文件")
    interpretations: list[InterpretationRef] = Field(title="政策解读")
    versions: list[VersionRef] = Field(title="历次文本")
    market_related: bool = Field(title="涉及市场主体")
    major: bool = Field(title="重大决策")
    livelihood: bool = Field(title="涉及民生")
    source_url: str | None = Field(title="原文地址")
    content_hash: Sha256 = Field(description="Of the text's own normalised content, as in the receipt.")


class InterpretationInput(Strict):
    """An interpretation as its organisation writes it."""

    title: Title
    form: InterpretationForm = Field(default=InterpretationForm.TEXT, title="解读形式")
    stage: InterpretationStage = Field(default=InterpretationStage.ISSUE, title="解读阶段")
    body: BodyText
    body_format: BodyFormat = "text"
    sections: list[str] = Field(
        default_factory=list,
        title="要素",
        description="Which required parts it covers: background, basis, goals, main_content, scope, standards, keywords, benefits, differences, procedure.",
        max_length=20,
    )
    interpreter: Contact | None = Field(default=None, title="解读人")
    contact: Contact | None = Field(default=None, title="解读机关和电话")
    attachments: list[Attachment] = Field(title="附件", default_factory=list, max_length=50)
    channels: list[str] = Field(default_factory=list, title="渠道", max_length=20)


class InterpretationImport(InterpretationInput):
    """An interpretation of a public policy, outside of a dossier.

    With scope `policy:import`: what is public already, of any stage. With `policy:write`: a second or tracking
    interpretation (`stage` `follow_up`) that goes public today, with its `reviews`.
    """

    policy_external_id: str | None = Field(default=None, title="政策的机关内编号", max_length=200)
    policy_doc_no: str | None = Field(default=None, title="政策的发文字号", max_length=80)
    policy_id: UUID | None = Field(default=None, title="政策编号")
    published_on: date = Field(title="发布日期", description="Without scope `policy:import`: today.")
    reviews: FollowUpReviews | None = Field(
        default=None, title="审查审批记录", description="Required without scope `policy:import`. Kept, never public."
    )


class PolicyRef(BaseModel):
    """A policy as its interpretation names it."""

    id: UUID = Field(title="政策编号")
    title: str = Field(title="标题")
    doc_no: str | None = Field(title="发文字号")
    validity: Validity = Field(title="有效性")


class Interpretation(BaseModel):
    """An interpretation as the public reads it. Flagged through `policy.validity` when its policy is no longer in force."""

    id: UUID = Field(title="编号")
    version: int = Field(title="版本")
    organization: OrganizationRef = Field(title="机关")
    level: Level = Field(title="层级")
    policy: PolicyRef = Field(title="政策文件")
    title: str = Field(title="标题")
    form: InterpretationForm = Field(title="解读形式")
    stage: InterpretationStage = Field(title="解读阶段")
    body: str = Field(title="正文")
    body_format: BodyFormat
    sections: list[str] = Field(title="要素")
    interpreter: Contact | None = Field(title="解读人")
    contact: Contact | None = Field(title="联系方式")
    attachments: list[Attachment] = Field(title="附件")
    published_on: date = Field(title="公布日期")
    theme: str | None = Field(title="主题分类")
    content_hash: Sha256 = Field(title="内容哈希")


class PolicySummary(BaseModel):
    """A policy as a list shows it: the representation without text, outline, attachments and history."""

    id: UUID = Field(title="编号")
    version: int = Field(title="版本")
    version_number: int = Field(title="文本序号")
    organization: OrganizationRef = Field(title="机关")
    external_id: str = Field(title="机关内编号")
    level: Level = Field(title="层级")
    division_code: str = Field(title="行政区划代码")
    title: str = Field(title="标题")
    doc_class: DocClass = Field(title="文件类别")
    kind: DocKind = Field(title="文种")
    doc_no: str | None = Field(title="发文字号")
    theme: str | None = Field(title="主题分类")
    issuers: list[str] = Field(title="发文机关")
    signed_on: date | None = Field(title="成文日期")
    published_on: date = Field(title="公布日期")
    effective_on: date = Field(title="施行日期")
    expires_on: date | None = Field(title="失效日期")
    repealed_on: date | None = Field(title="废止日期")
    validity: Validity = Field(title="有效性")
    validity_note: str | None = Field(title="有效性说明")
    publicity: PublicityAttribute = Field(title="公开属性")
    summary: str | None = Field(title="摘要")
    relations: list[Relation] = Field(title="关联文件")
    interpretations: list[InterpretationRef] = Field(title="政策解读")
    content_hash: Sha256 = Field(title="内容哈希")


class PolicyVersionFacts(BaseModel):
    """One text of a document, without its content."""

    number: int = Field(title="序号")
    label: str | None = Field(title="标签")
    adopted_on: date | None = Field(title="通过日期")
    effective_on: date | None = Field(description="Null for a draft that says no day; its release sets it.")
    instrument: str | None = Field(title="公布文件")
    content_hash: Sha256 = Field(title="内容哈希")
    published_on: date | None = Field(title="公布日期")
    released_at: AwareDatetime | None = Field(description="Since when it is public; null: not yet.")
    recorded_at: AwareDatetime = Field(title="记录时间")


class PolicyVersion(PolicyVersionFacts):
    """One text with its content as it was accepted; `content_hash` covers it."""

    content: dict[str, Any] = Field(description="The normalised PolicyInput, plus `doc_no_raw`.")


class WithdrawalForm(StrEnum):
    """撤回的方式."""

    GONE = "gone"  # 不再公开
    MOVED = "moved"  # 移至他处
    BANNER = "banner"  # 仍公开，加提示


class Withdrawal(Strict):
    """Why a policy is taken back, how, and what the public is told."""

    reason: str = Field(title="撤回理由", description="For the audit trail.", min_length=2, max_length=500)
    form: WithdrawalForm = Field(default=WithdrawalForm.GONE, title="撤回方式")
    notice: str | None = Field(
        default=None,
        title="对公众的说明",
        description="Required under a banner.",
        min_length=2,
        max_length=500,
    )
    moved_to: str | None = Field(
        default=None, title="移至的地址", description="Of `moved`.", max_length=1000, pattern=r"^https?://[^\s/]"
    )
    moved_to_policy: UUID | None = Field(default=None, title="移至的文件", description="Of `moved`: one of ours.")

    @model_validator(mode="after")
    def _says_what_its_form_needs(self) -> "Withdrawal":
        places = (self.moved_to is not None) + (self.moved_to_policy is not None)
        if places != (self.form is WithdrawalForm.MOVED):
            raise ValueError("移至他处时应给出 moved_to 或 moved_to_policy 之一；其他方式不给")
        if self.form is WithdrawalForm.BANNER and self.notice is None:
            raise ValueError("仍公开并加提示时应给出 notice")
        return self


class PublicState(BaseModel):
    """That something is public now, and in which version."""

    id: UUID = Field(title="编号")
    version: int = Field(title="版本")
    type: str = Field(title="类型", description="`policy`, `interpretation`, or a kind of entry.")


class PublicStates(BaseModel):
    """Those of the asked for that are public; the others are not, or not any more."""

    items: list[PublicState] = Field(title="各项")


class BatchResult(BaseModel):
    """What became of one line of a batch: a receipt, or the problem document that says why not."""

    line: int = Field(title="行号", description="From 1; blank lines are not counted.")
    status: int = Field(title="状态码", description="As the single PUT would have answered.")
    receipt: Receipt | None = Field(default=None, title="回执")
    problem: dict[str, Any] | None = Field(default=None, title="错误", description="A Problem (RFC 9457).")
