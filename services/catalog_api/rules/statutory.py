"""What the Regulation itself asks to be public (条例第十九条至第二十一条), and what of it a catalog has no item for. Pure."""

from collections.abc import Iterable, Mapping

from shared.schemas.catalogs import CatalogItemInput, CatalogLevel, DisclosureMode, StatutoryGap, StatutoryMatter

MATTERS: Mapping[StatutoryMatter, str] = {
    StatutoryMatter.RULES: "行政法规、规章和规范性文件",
    StatutoryMatter.FUNCTIONS: "机关职能、机构设置、办公地址、办公时间、联系方式、负责人姓名",
    StatutoryMatter.PLANS: "国民经济和社会发展规划、专项规划、区域规划及相关政策",
    StatutoryMatter.STATISTICS: "国民经济和社会发展统计信息",
    StatutoryMatter.PERMITS: "办理行政许可和其他对外管理服务事项的依据、条件、程序以及办理结果",
    StatutoryMatter.PENALTIES: "实施行政处罚、行政强制的依据、条件、程序以及具有一定社会影响的行政处罚决定",
    StatutoryMatter.BUDGETS: "财政预算、决算信息",
    StatutoryMatter.CHARGES: "行政事业性收费项目及其依据、标准",
    StatutoryMatter.PROCUREMENT: "政府集中采购项目的目录、标准及实施情况",
    StatutoryMatter.PROJECTS: "重大建设项目的批准和实施情况",
    StatutoryMatter.LIVELIHOOD: "扶贫、教育、医疗、社会保障、促进就业等方面的政策、措施及其实施情况",
    StatutoryMatter.EMERGENCIES: "突发公共事件的应急预案、预警信息及应对情况",
    StatutoryMatter.INSPECTIONS: "环境保护、公共卫生、安全生产、食品药品、产品质量的监督检查情况",
    StatutoryMatter.RECRUITMENT: "公务员招考的职位、名额、报考条件等事项以及录用结果",
    StatutoryMatter.OTHER_LAWS: "法律、法规、规章和国家有关规定规定应当主动公开的其他政府信息",
    StatutoryMatter.MUNICIPAL_WORKS: "市政建设",
    StatutoryMatter.PUBLIC_SERVICES: "公共服务",
    StatutoryMatter.PUBLIC_WELFARE: "公益事业",
    StatutoryMatter.LAND_TAKEN: "土地征收",
    StatutoryMatter.HOUSES_TAKEN: "房屋征收",
    StatutoryMatter.PUBLIC_ORDER: "治安管理",
    StatutoryMatter.SOCIAL_ASSISTANCE: "社会救助",
    StatutoryMatter.RURAL_POLICIES: "贯彻落实农业农村政策",
    StatutoryMatter.IRRIGATION: "农田水利工程建设运营",
    StatutoryMatter.LAND_CONTRACTS: "农村土地承包经营权流转",
    StatutoryMatter.HOMESTEADS: "宅基地使用情况审核",
    StatutoryMatter.TOWN_LAND_TAKEN: "土地征收",
    StatutoryMatter.TOWN_HOUSES_TAKEN: "房屋征收",
    StatutoryMatter.LEVIES: "筹资筹劳",
    StatutoryMatter.TOWN_ASSISTANCE: "社会救助",
}
# 第二十条 is for every organ; 第二十一条 adds seven matters for cities and districts, eight for towns. Villages are no organs.
_ASKED = {
    CatalogLevel.CITY: ("20-", "21-1-"),
    CatalogLevel.DISTRICT: ("20-", "21-1-"),
    CatalogLevel.TOWN: ("20-", "21-2-"),
    CatalogLevel.VILLAGE: (),
}


def matters_of(level: CatalogLevel) -> list[StatutoryMatter]:
    """What the Regulation names for a level."""
    return [matter for matter in StatutoryMatter if matter.value.startswith(_ASKED[level])]


def missing_matters(items: Iterable[CatalogItemInput], level: CatalogLevel) -> list[StatutoryGap]:
    """What no item says that it is for."""
    covered = {matter for item in items for matter in item.statutory}
    return [
        StatutoryGap(matter=matter, name=MATTERS[matter], basis=f"条例第{_ARTICLES[matter.value[:2]]}条")
        for matter in matters_of(level)
        if matter not in covered
    ]


_ARTICLES = {"20": "二十", "21": "二十一"}


def must_be_proactive(item: CatalogItemInput) -> str | None:
    """Why an item may not wait to be asked for; None when it may, or does not."""
    if item.mode is DisclosureMode.PROACTIVE:
        return None
    if item.public_interest:
        return "涉及公众利益调整、需要公众广泛知晓或者参与决策的，应当主动公开（条例第十九条）"
    return "属于法定主动公开的内容，应当主动公开（条例第二十条、第二十一条）" if item.statutory else None
