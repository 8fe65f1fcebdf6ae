"""Disclosure catalogs (政务公开标准目录): the ten columns of the national standard, versioned (domain.md §5).

Says what a catalog may look like. What follows from a time limit, and whether a lower catalog may say it, is checked by
catalog_api's rules.
"""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from shared.schemas.organizations import CreditCode
from shared.schemas.policies import OrganizationRef, Outcome, Strict


class Channel(StrEnum):
    """公开渠道和载体: the standard's thirteen, in its order."""

    WEB = "web"
    GAZETTE = "gazette"
    SOCIAL = "social"
    PRESS_HEARING = "press_hearing"
    BROADCAST = "broadcast"
    PRINT = "print"
    READING_POINT = "reading_point"
    SERVICE_HALL = "service_hall"
    CONVENIENCE_STATION = "convenience_station"
    ONSITE = "onsite"
    BULLETIN_BOARD = "bulletin_board"
    TARGETED_PUSH = "targeted_push"
    OTHER = "other"


class Audience(StrEnum):
    """公开对象."""

    EVERYBODY = "everybody"  # 全社会
    SPECIFIC = "specific"  # 特定群体


class DisclosureMode(StrEnum):
    """公开方式."""

    PROACTIVE = "proactive"  # 主动
    ON_REQUEST = "on_request"  # 依申请


class CatalogLevel(StrEnum):
    """公开层级. Villages and communities are the extension of cities that have it."""

    CITY = "city"  # 市级
    DISTRICT = "district"  # 县级
    TOWN = "town"  # 乡级
    VILLAGE = "village"  # 村级


class LimitKind(StrEnum):
    """What sort of a time limit (公开时限) an item has."""

    WITHIN = "within"  # n days after a trigger
    AT_ONCE = "at_once"  # 及时
    REAL_TIME = "real_time"  # 实时
    RECURRING = "recurring"  # 每月、每季度、按年度
    BEFORE_EVENT = "before_event"  # 开学前 and the like: the day comes with the task
    UNPARSED = "unparsed"  # kept as written, for a person to say


class DayUnit(StrEnum):
    """What is counted."""

    WORKDAYS = "workdays"
    DAYS = "days"


class Trigger(StrEnum):
    """From when a time limit runs."""

    FORMED_OR_CHANGED = "formed_or_changed"
    FORMED = "formed"
    CHANGED = "changed"
    MADE_OR_OBTAINED = "made_or_obtained"
    APPROVED = "approved"


class Recurrence(StrEnum):
    """How often a recurring duty returns."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    HALF_YEARLY = "half_yearly"
    YEARLY = "yearly"


class StatutoryMatter(StrEnum):
    """法定主动公开内容: what 条例第二十条 asks of every organ, and 第二十一条 of cities and districts or of towns."""

    RULES = "20-01"  # 行政法规、规章和规范性文件
    FUNCTIONS = "20-02"  # 机关职能、机构设置、办公地址、办公时间、联系方式、负责人姓名
    PLANS = "20-03"  # 国民经济和社会发展规划、专项规划、区域规划及相关政策
    STATISTICS = "20-04"  # 国民经济和社会发展统计信息
    PERMITS = "20-05"  # 行政许可和其他对外管理服务事项
    PENALTIES = "20-06"  # 行政处罚、行政强制
    BUDGETS = "20-07"  # 财政预算、决算信息
    CHARGES = "20-08"  # 行政事业性收费项目及其依据、标准
    PROCUREMENT = "20-09"  # 政府集中采购项目
    PROJECTS = "20-10"  # 重大建设项目
    LIVELIHOOD = "20-11"  # 扶贫、教育、医疗、社会保障、促进就业
    EMERGENCIES = "20-12"  # 突发公共事件
    INSPECTIONS = "20-13"  # 环境保护、公共卫生、安全生产、食品药品、产品质量
    RECRUITMENT = "20-14"  # 公务员招考
    OTHER_LAWS = "20-15"  # 其他应当主动公开的政府信息
    MUNICIPAL_WORKS = "21-1-01"  # 市政建设
    PUBLIC_SERVICES = "21-1-02"  # 公共服务
    PUBLIC_WELFARE = "21-1-03"  # 公益事业
    LAND_TAKEN = "21-1-04"  # 土地征收
    HOUSES_TAKEN = "21-1-05"  # 房屋征收
    PUBLIC_ORDER = "21-1-06"  # 治安管理
    SOCIAL_ASSISTANCE = "21-1-07"  # 社会救助
    RURAL_POLICIES = "21-2-01"  # 贯彻落实农业农村政策
    IRRIGATION = "21-2-02"  # 农田水利工程建设运营
    LAND_CONTRACTS = "21-2-03"  # 农村土地承包经营权流转
    HOMESTEADS = "21-2-04"  # 宅基地使用情况审核
    TOWN_LAND_TAKEN = "21-2-05"  # 土地征收
    TOWN_HOUSES_TAKEN = "21-2-06"  # 房屋征收
    LEVIES = "21-2-07"  # 筹资筹劳
    TOWN_ASSISTANCE = "21-2-08"  # 社会救助


class PublicInterest(StrEnum):
    """Why information has to be public without being asked for (条例第十九条)."""

    INTERESTS_ADJUSTED = "interests_adjusted"  # 涉及公众利益调整
    WIDELY_KNOWN = "widely_known"  # 需要公众广泛知晓
    PARTICIPATION = "participation"  # 需要公众参与决策


class Period(Strict):
    """So many days of a unit."""

    days: int = Field(title="天数", ge=0, le=3650)
    unit: DayUnit = Field(title="单位")


class TimeLimit(Strict):
    """公开时限 as the deadline engine takes it."""

    kind: LimitKind = Field(title="种类")
    period: Period | None = Field(
        default=None, title="期限", description="Of `within`, and of `recurring` after its end."
    )
    trigger: Trigger | None = Field(default=None, title="起算", description="Of `within`.")
    recurrence: Recurrence | None = Field(default=None, title="周期", description="Of `recurring`.")
    display: Period | None = Field(default=None, title="公示期", description="How long it has to stay up at least.")
    permanent: bool = Field(default=False, title="长期公开")


ItemKey = Annotated[
    str,
    Field(title="事项编码", min_length=1, max_length=64, pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]*$", examples=["yw-01"]),
]


class CatalogItemInput(Strict):
    """One row of a catalog (公开事项)."""

    key: ItemKey
    number: int = Field(title="序号", ge=1, le=100_000)
    domain: str = Field(title="领域", min_length=1, max_length=64, examples=["compulsory_education"])
    first_level: str = Field(title="一级事项", min_length=1, max_length=200)
    second_level: str | None = Field(default=None, title="二级事项", max_length=300)
    content: str = Field(title="公开内容（要素）", min_length=1, max_length=20_000)
    basis: list[Annotated[str, Field(min_length=1, max_length=2000)]] = Field(
        default_factory=list, title="公开依据", max_length=100
    )
    time_limit: str = Field(
        default="", title="公开时限", description="As the catalog writes it; needed before review.", max_length=1000
    )
    limit: TimeLimit | None = Field(
        default=None, title="时限规则", description="Default: what `time_limit` is understood to say."
    )
    channel_limits: dict[Channel, TimeLimit] = Field(
        default_factory=dict, title="各渠道时限", description="Where a channel has a limit of its own."
    )
    publisher: str = Field(default="", title="公开主体", description="Needed before review.", max_length=500)
    organization: CreditCode | None = Field(
        default=None, title="责任机关", description="Default: the catalog's organisation."
    )
    channels: list[Channel] = Field(
        default_factory=list, title="公开渠道和载体", description="At least one before review.", max_length=13
    )
    other_channels: list[Annotated[str, Field(min_length=1, max_length=200)]] = Field(
        default_factory=list, title="其他渠道", max_length=20
    )
    audience: Audience = Field(default=Audience.EVERYBODY, title="公开对象")
    audience_note: str | None = Field(default=None, title="特定群体说明", max_length=500)
    mode: DisclosureMode = Field(default=DisclosureMode.PROACTIVE, title="公开方式")
    levels: list[CatalogLevel] = Field(title="公开层级", min_length=1, max_length=4)
    mandatory: bool = Field(default=True, title="必须公开", description="A lower catalog may not drop it.")
    refines: UUID | None = Field(
        default=None, title="上级事项编号", description="The upper catalog's item it rests on."
    )
    format: str | None = Field(default=None, title="公开格式", max_length=200)
    five_disclosure: Literal["decision", "execution", "management", "service", "result"] | None = Field(
        default=None, title="五公开"
    )
    site_column_id: str | None = Field(default=None, title="网站栏目", max_length=200)
    statutory: list[StatutoryMatter] = Field(
        default_factory=list, title="法定主动公开内容", description="条例第二十条、第二十一条.", max_length=30
    )
    public_interest: list[PublicInterest] = Field(
        default_factory=list, title="应当主动公开的情形", description="条例第十九条.", max_length=3
    )
    requires_coordination: bool = Field(
        default=False, title="须协调确认", description="Concerns other organs: agreed with them first (条例第十一条)."
    )
    requires_approval: bool = Field(
        default=False,
        title="须经批准",
        description="Public only after an approval that the state asks for (条例第十一条).",
    )
    written: dict[Annotated[str, Field(max_length=40)], Annotated[str, Field(max_length=20_000)]] = Field(
        default_factory=dict,
        title="原表写法",
        description="By column, how an imported table wrote a cell, where the standard would write it otherwise.",
        max_length=20,
    )


class CatalogInput(Strict):
    """A catalog as its organisation drafts it."""

    title: str = Field(title="目录名称", min_length=2, max_length=200)
    level: CatalogLevel = Field(title="层级")
    upper: UUID | None = Field(default=None, title="上级目录编号", description="What it refines; null at the top.")
    basis: list[Annotated[str, Field(min_length=1, max_length=500)]] = Field(
        default_factory=list, title="编制依据", max_length=50
    )
    items: list[CatalogItemInput] = Field(title="公开事项", min_length=1, max_length=5000)


class VersionState(StrEnum):
    """Where a catalog's version stands. DRAFT → REVIEWED → IN_FORCE → SUPERSEDED."""

    DRAFT = "draft"
    REVIEWED = "reviewed"
    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    RETIRED = "retired"


class CatalogReceipt(BaseModel):
    """回执: what was accepted as a version of a catalog."""

    outcome: Outcome = Field(title="结果")
    id: UUID = Field(title="目录编号")
    organization: CreditCode = Field(title="机关代码")
    external_id: str = Field(title="机关内编号")
    number: int = Field(title="版本", ge=1)
    state: VersionState = Field(title="状态")
    items: int = Field(title="事项数", ge=0)
    unparsed: list[str] = Field(title="时限待核对的事项", description="Keys whose time limit nobody understood.")
    incomplete: list[str] = Field(
        title="内容不全的事项", description="Keys without a publisher, a channel or a time limit: review refuses them."
    )
    recorded_at: AwareDatetime = Field(title="记录时间")


class CatalogReview(Strict):
    """审核: by somebody other than who drafted it."""

    note: str | None = Field(default=None, title="审核意见", max_length=2000)


class CatalogEnforcement(Strict):
    """施行: by somebody who neither drafted nor reviewed it."""

    effective_on: date | None = Field(default=None, title="施行日期", description="Default: today; not in the future.")


class Retirement(Strict):
    """Why a catalog holds no more."""

    reason: str = Field(title="理由", min_length=2, max_length=500)


class Catalog(BaseModel):
    """A catalog in force, without its items."""

    id: UUID = Field(title="编号")
    organization: OrganizationRef = Field(title="机关")
    external_id: str = Field(title="机关内编号")
    level: CatalogLevel = Field(title="层级")
    title: str = Field(title="目录名称")
    basis: list[str] = Field(title="编制依据")
    upper: UUID | None = Field(title="上级目录编号")
    number: int = Field(title="版本", ge=1)
    effective_on: date = Field(title="施行日期")
    items: int = Field(title="事项数")
    domains: dict[str, int] = Field(title="各领域事项数")
    version: int = Field(title="表示版本", ge=1)


class CatalogItem(BaseModel):
    """An item in force, as everybody may read it."""

    id: UUID = Field(title="编号", description="Stable over the versions of its catalog.")
    catalog: UUID = Field(title="目录编号")
    catalog_number: int = Field(title="目录版本")
    organization: OrganizationRef = Field(title="机关")
    responsible: CreditCode = Field(title="责任机关代码")
    level: CatalogLevel = Field(title="目录层级")
    key: ItemKey
    number: int = Field(title="序号")
    domain: str = Field(title="领域")
    first_level: str = Field(title="一级事项")
    second_level: str | None = Field(title="二级事项")
    content: str = Field(title="公开内容（要素）")
    basis: list[str] = Field(title="公开依据")
    time_limit: str = Field(title="公开时限")
    limit: TimeLimit = Field(title="时限规则")
    channel_limits: dict[Channel, TimeLimit] = Field(title="各渠道时限")
    publisher: str = Field(title="公开主体")
    channels: list[Channel] = Field(title="公开渠道和载体")
    other_channels: list[str] = Field(title="其他渠道")
    audience: Audience = Field(title="公开对象")
    audience_note: str | None = Field(title="特定群体说明")
    mode: DisclosureMode = Field(title="公开方式")
    levels: list[CatalogLevel] = Field(title="公开层级")
    mandatory: bool = Field(title="必须公开")
    refines: UUID | None = Field(title="上级事项编号")
    format: str | None = Field(title="公开格式")
    five_disclosure: str | None = Field(title="五公开")
    site_column_id: str | None = Field(title="网站栏目")
    statutory: list[StatutoryMatter] = Field(default_factory=list, title="法定主动公开内容")
    public_interest: list[PublicInterest] = Field(default_factory=list, title="应当主动公开的情形")
    requires_coordination: bool = Field(default=False, title="须协调确认")
    requires_approval: bool = Field(default=False, title="须经批准")
    version: int = Field(title="表示版本", ge=1)


class CatalogVersion(BaseModel):
    """One version of a catalog, drafts included, with its items as they were given."""

    catalog: UUID = Field(title="目录编号")
    number: int = Field(title="版本", ge=1)
    state: VersionState = Field(title="状态")
    effective_on: date | None = Field(title="施行日期")
    ended_on: date | None = Field(title="失效日期", description="The day from which another version holds.")
    content: CatalogInput = Field(title="内容")


class StatutoryGap(BaseModel):
    """What the Regulation names and no item in force of a catalog is for."""

    matter: StatutoryMatter = Field(title="法定主动公开内容")
    name: str = Field(title="名称")
    basis: str = Field(title="依据")


class ItemDifference(BaseModel):
    """How an item differs between two versions, or between a catalog and its upper one."""

    key: str = Field(title="事项编码")
    change: Literal["added", "removed", "changed"] = Field(title="变化")
    title: str = Field(title="事项")
    fields: list[str] = Field(title="变化的栏目")


class ItemGap(BaseModel):
    """An item of the upper catalog that a lower one lacks or weakens."""

    upper_item: UUID = Field(title="上级事项编号")
    title: str = Field(title="事项")
    mandatory: bool = Field(title="必须公开")
    key: str | None = Field(title="本级事项编码", description="Null: nothing here refines it.")
    reasons: list[str] = Field(title="原因")


class ImportedRow(BaseModel):
    """What becomes of one row of an uploaded table."""

    sheet: str = Field(title="工作表")
    row: int = Field(title="行号", ge=1)
    key: str | None = Field(title="事项编码", description="Null: the row is no item.")
    title: str = Field(title="事项")
    change: Literal["added", "changed", "unchanged", "refused"] = Field(title="变化")
    fields: list[str] = Field(title="变化的栏目")
    remarks: list[str] = Field(title="说明", description="What was understood in other words than it is written.")
    problems: list[str] = Field(title="问题", description="Why the row cannot be taken.")


class CatalogPreview(BaseModel):
    """What importing a table would do. Nothing is stored."""

    title: str | None = Field(title="表题")
    rows: list[ImportedRow] = Field(title="各行")
    removed: list[ItemDifference] = Field(title="不再有的事项", description="Items that the table does not have.")
    remarks: list[str] = Field(title="全表说明")
    added: int = Field(title="新增")
    changed: int = Field(title="变更")
    unchanged: int = Field(title="不变")
    refused: int = Field(title="不能导入", description="An import with any is refused whole.")


class Domain(BaseModel):
    """领域: one of the 26 of grass-roots disclosure."""

    code: str = Field(title="领域代码", examples=["compulsory_education"])
    name: str = Field(title="领域名称", examples=["义务教育"])
    examples: int = Field(title="示例事项数", description="Rows of the shipped template.")
