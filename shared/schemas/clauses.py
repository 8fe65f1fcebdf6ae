"""Policy clauses (政策条款), enterprise profiles and what matching answers, as they cross a service's border."""

from datetime import date
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field, JsonValue, model_validator

from shared.schemas.entries import Entry, EntryInput
from shared.schemas.policies import Strict
from shared.schemas.problems import InvalidField

Text = Annotated[str, Field(min_length=1, max_length=2000)]
Number = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=100_000_000)]


class ClauseType(StrEnum):
    """条款类型 (domain.md §10)."""

    GRANT = "grant"  # 资金奖补
    TAX = "tax"  # 税费减免
    FINANCE = "finance"  # 融资
    TALENT = "talent"  # 人才
    LAND = "land"  # 用地
    SCENARIO = "scenario"  # 场景
    RECOGNITION = "recognition"  # 资质认定
    RENT = "rent"  # 减免租金
    OTHER = "other"  # 其他


class Delivery(StrEnum):
    """兑现方式."""

    MANUAL = "manual"  # 申报
    FAST = "fast"  # 直达快享
    AUTO = "auto"  # 免申即享


class ClauseStatus(StrEnum):
    """Computed from the clause's dates and its policy."""

    UPCOMING = "upcoming"  # not to be had yet
    OPEN = "open"
    CLOSED = "closed"  # the window is over
    ENDED = "ended"  # the clause, its article or its policy no longer holds


class AmountMode(StrEnum):
    """How an amount is meant."""

    FIXED = "fixed"  # 定额
    RATIO = "ratio"  # 比例
    CEILING = "ceiling"  # 上限
    TIERED = "tiered"  # 梯度


class AmountTier(Strict):
    """One step of a tiered amount."""

    when: str = Field(title="情形", min_length=1, max_length=200)
    value: Number = Field(title="数额", description="万元.")


class Amount(Strict):
    """支持标准. `value` is 万元, or percent with `ratio`."""

    mode: AmountMode = Field(title="方式")
    value: Number | None = Field(default=None, title="数额")
    cap: Number | None = Field(default=None, title="封顶", description="万元.")
    tiers: list[AmountTier] = Field(default_factory=list, title="梯度", max_length=30)

    @model_validator(mode="after")
    def _says_how_much(self) -> "Amount":
        if self.mode is AmountMode.TIERED and not self.tiers:
            raise ValueError("梯度支持应列出各档")
        if self.mode is not AmountMode.TIERED and (self.value is None or self.tiers):
            raise ValueError("应给出数额；只有梯度支持才列出各档")
        return self


class Window(Strict):
    """申报期. Both days belong to it."""

    opens_on: date | None = Field(default=None, title="开始日期")
    closes_on: date | None = Field(default=None, title="截止日期")


class ClauseFields(Strict):
    """What a clause is, as pushed and as read."""

    original_text: str = Field(title="原文", min_length=2, max_length=20_000)
    type: ClauseType = Field(title="条款类型")
    delivery: Delivery = Field(title="兑现方式")
    object_text: Text = Field(title="支持对象")
    conditions: dict[str, JsonValue] | None = Field(
        default=None,
        title="适用条件",
        description="An expression of `all`, `any`, `not` over facts of an enterprise; at most 10 deep and 200 nodes. "
        "Null: the conditions are not taken apart, so that matching says UNKNOWN. See docs/matching.md.",
        examples=[
            {
                "all": [
                    {"fact": "region", "op": "prefix", "value": "370100"},
                    {"fact": "employees", "op": "ge", "value": 20, "unit": "人"},
                ]
            }
        ],
    )
    amount: Amount | None = Field(default=None, title="支持标准")
    window: Window = Field(default_factory=Window, title="申报期")
    stackable: bool | None = Field(default=None, title="可否叠加享受")
    quota: str | None = Field(default=None, title="名额", max_length=200)
    materials: list[Text] = Field(default_factory=list, title="申报材料", max_length=50)
    procedure: str | None = Field(default=None, title="办理流程", max_length=5000)
    agency: str | None = Field(default=None, title="兑现部门", max_length=200)
    contact: str | None = Field(default=None, title="咨询方式", max_length=200, description="Of an office.")
    fund_source: str | None = Field(default=None, title="资金来源", max_length=200)
    valid_from: date | None = Field(default=None, title="条款生效日期")
    valid_to: date | None = Field(default=None, title="条款失效日期", description="The last day.")
    basis: str | None = Field(default=None, title="依据", max_length=500)


class ClauseInput(EntryInput, ClauseFields):
    """A clause as its organisation pushes it. `policies` names its one policy and, in `articles`, where in it it stands."""


class Clause(Entry, ClauseFields):
    """A clause as the public reads it."""


class EnterpriseSize(StrEnum):
    """企业规模 (国统字〔2017〕213号)."""

    MICRO = "micro"  # 微型
    SMALL = "small"  # 小型
    MEDIUM = "medium"  # 中型
    LARGE = "large"  # 大型


class RegistrationType(StrEnum):
    """登记注册类型."""

    LIMITED_COMPANY = "limited_company"  # 有限责任公司
    JOINT_STOCK = "joint_stock"  # 股份有限公司
    SOLE_PROPRIETORSHIP = "sole_proprietorship"  # 个人独资企业
    PARTNERSHIP = "partnership"  # 合伙企业
    INDIVIDUAL_BUSINESS = "individual_business"  # 个体工商户
    COOPERATIVE = "cooperative"  # 农民专业合作社
    OTHER = "other"  # 其他


class CreditStatus(StrEnum):
    """信用状况."""

    GOOD = "good"  # 良好
    ABNORMAL = "abnormal"  # 列入经营异常名录
    DISHONEST = "dishonest"  # 严重失信主体


class Qualification(StrEnum):
    """资质荣誉 (domain.md §10)."""

    TECH_SME = "tech_sme"  # 科技型中小企业
    HIGH_TECH = "high_tech"  # 高新技术企业
    INNOVATIVE_SME = "innovative_sme"  # 创新型中小企业
    SPECIALIZED_SME = "specialized_sme"  # 专精特新中小企业
    LITTLE_GIANT = "little_giant"  # 专精特新“小巨人”企业
    CHAMPION = "champion"  # 制造业单项冠军
    GAZELLE = "gazelle"  # 瞪羚
    UNICORN = "unicorn"  # 独角兽
    AGRI_LEADER = "agri_leader"  # 农业产业化龙头企业
    GREEN_FACTORY = "green_factory"  # 绿色工厂
    ABOVE_SCALE = "above_scale"  # 规上企业


class HeldQualification(Strict):
    """A qualification with its validity; an open end has no day."""

    name: Qualification = Field(title="资质")
    level: str | None = Field(default=None, title="级别", max_length=40)
    certificate_no: str | None = Field(default=None, title="证书编号", max_length=80)
    valid_from: date | None = Field(default=None, title="有效期起")
    valid_to: date | None = Field(default=None, title="有效期止")


class EnterpriseProfile(Strict):
    """Facts of an enterprise. What is left out is not known, which is not the same as no."""

    region: str | None = Field(default=None, title="注册地", pattern=r"^[1-9][0-9]{5}$", description="GB/T 2260.")
    industry: str | None = Field(
        default=None, title="行业", max_length=5, description="GB/T 4754-2017.", examples=["I6513"]
    )
    registration_type: RegistrationType | None = Field(default=None, title="登记注册类型")
    established_on: date | None = Field(default=None, title="成立日期")
    listed: bool | None = Field(default=None, title="已上市或挂牌")
    qualifications: list[HeldQualification] | None = Field(
        default=None,
        title="资质荣誉",
        max_length=100,
        description="All of them; an empty list says that there are none.",
    )
    invention_patents: Count | None = Field(default=None, title="发明专利数")
    utility_models: Count | None = Field(default=None, title="实用新型数")
    software_copyrights: Count | None = Field(default=None, title="软件著作权数")
    rd_ratio: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None = Field(
        default=None, title="研发费用占比", description="Percent of revenue."
    )
    revenue_wan: Number | None = Field(default=None, title="营业收入", description="万元.")
    tax_wan: Number | None = Field(default=None, title="纳税额", description="万元.")
    assets_wan: Number | None = Field(default=None, title="资产总额", description="万元.")
    employees: Count | None = Field(default=None, title="从业人员")
    credit_status: CreditStatus | None = Field(default=None, title="信用状况")
    park: str | None = Field(default=None, title="园区", max_length=100)


class MatchResult(StrEnum):
    """Unknown is not no."""

    MATCH = "MATCH"
    NO_MATCH = "NO_MATCH"
    UNKNOWN = "UNKNOWN"


class Reason(Strict):
    """What one condition came to."""

    pointer: str = Field(
        title="位置", description="Of the condition inside the clause's expression.", examples=["/all/0"]
    )
    fact: str | None = Field(title="事实")
    result: MatchResult = Field(title="结果")
    sentence: str = Field(title="说明")


class ClauseMatch(Strict):
    """One clause's answer."""

    clause_id: UUID = Field(title="条款编号")
    version: int = Field(title="条款版本", ge=1)
    title: str = Field(title="条款标题")
    delivery: Delivery = Field(title="兑现方式")
    status: ClauseStatus = Field(title="条款状态")
    result: MatchResult = Field(title="结果")
    reasons: list[Reason] = Field(title="逐项说明")
    ask_next: list[str] = Field(title="接着要问的事实", description="Of the profile; the most deciding first.")


class AskedFact(Strict):
    """A fact that would help, over all clauses."""

    fact: str = Field(title="事实")
    clauses: int = Field(title="涉及条款数", ge=1)


class MatchAnswer(Strict):
    """What a profile comes to. `counts` covers every open clause, `items` at most `limit`, matches first."""

    reflects_until: AwareDatetime = Field(
        title="反映到的时间", description="No later change of a clause is missing from before it."
    )
    counts: dict[MatchResult, int] = Field(title="各结果条款数")
    truncated: bool = Field(title="是否有未列出的条款")
    items: list[ClauseMatch] = Field(title="条款")
    ask_next: list[AskedFact] = Field(
        title="接着要问的事实", description="Over the clauses in `items`, the most asked first."
    )


class MatchLine(Strict):
    """One enterprise of a batch."""

    ref: str = Field(title="来方编号", min_length=1, max_length=100)
    profile: EnterpriseProfile = Field(title="企业情况")


class LineMatch(Strict):
    """A clause that a batch's enterprise matches, or may match."""

    clause_id: UUID = Field(title="条款编号")
    version: int = Field(title="条款版本")
    result: MatchResult = Field(title="结果")
    reasons: list[Reason] | None = Field(default=None, title="逐项说明", description="With `reasons=true`.")
    ask_next: list[str] = Field(title="接着要问的事实")


class MatchLineResult(Strict):
    """The answer to one line, in order: `matches`, or why the line could not be taken."""

    line: int = Field(title="行号", ge=1)
    ref: str | None = Field(title="来方编号")
    matches: list[LineMatch] | None = Field(default=None, title="条款")
    errors: list[InvalidField] | None = Field(default=None, title="错误")


class Consent(Strict):
    """同意 (个人信息保护法 第十四条): to which wording, and when."""

    text_version: str = Field(title="告知文本版本", min_length=1, max_length=80)
    agreed_at: AwareDatetime = Field(title="同意时间")


class ProfileInput(Strict):
    """A profile to be kept, so that its enterprise is told of new clauses."""

    consent: Consent = Field(title="同意")
    profile: EnterpriseProfile = Field(title="企业情况")


class ProfileReceipt(Strict):
    """What the website's client keeps of a saved profile."""

    profile_id: UUID = Field(title="档案编号", description="Opaque; names the profile in `match.found`.")
    saved_at: AwareDatetime = Field(title="保存时间")


class FoundMatch(Strict):
    """A clause that a saved profile matches. The data of `match.found`, and nothing else."""

    profile_id: UUID = Field(title="档案编号")
    clause_id: UUID = Field(title="条款编号")
    policy_id: UUID = Field(title="政策编号")
    result: MatchResult = Field(title="结果")
    matched_at: AwareDatetime = Field(title="匹配时间")
