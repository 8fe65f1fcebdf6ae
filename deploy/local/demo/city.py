"""Organisations of the demo city: governments, departments, districts with their bureaus, towns, a zone. No documents."""

from dataclasses import dataclass, field
from datetime import date
from functools import cache

from shared.schemas.organizations import Level, OrganizationInput, OrganizationKind, credit_code_check_character

CITY_CODE = "1137010000418859XL"
CITY = "泉城市"
GOVERNMENT, OFFICE = "gov", "office"
ZONE = "zone"
_BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


@dataclass(frozen=True)
class Unit:
    """An organisation and how it numbers its documents."""

    key: str
    code: str
    name: str
    short: str
    """As other organisations call it: 市教育局."""
    number_prefix: str
    """机关代字 without its ending: 泉教 gives 泉教字 or 泉教规."""
    serial: int
    """Its three digits in registration numbers (统一登记号)."""
    organization: OrganizationInput
    address: str
    """Whom its notices are addressed to."""


@dataclass(frozen=True)
class District:
    """What makes a district itself; the texts draw on it."""

    key: str
    name: str
    division: str
    mark: str
    """Its one-character or two-character abbreviation in document numbers."""
    initials: str
    """Its two letters in registration numbers."""
    share: float
    """Its part of the city's population: targets are broken down by it."""
    places: dict[str, str] = field(hash=False)
    towns: tuple[str, ...] = ()

    @property
    def short(self) -> str:
        return self.name.removeprefix(CITY)


DEPARTMENTS: dict[str, tuple[str, str, str]] = {
    # key: name, short name, abbreviation in document numbers
    "fgw": ("发展和改革委员会", "发展改革委", "发改"),
    "jyj": ("教育局", "教育局", "教"),
    "kjj": ("科学技术局", "科技局", "科"),
    "gxj": ("工业和信息化局", "工业和信息化局", "工信"),
    "gaj": ("公安局", "公安局", "公"),
    "mzj": ("民政局", "民政局", "民"),
    "sfj": ("司法局", "司法局", "司"),
    "czj": ("财政局", "财政局", "财"),
    "rsj": ("人力资源和社会保障局", "人力资源社会保障局", "人社"),
    "zrzy": ("自然资源和规划局", "自然资源和规划局", "自然资规"),
    "hbj": ("生态环境局", "生态环境局", "环"),
    "zjj": ("住房和城乡建设局", "住房城乡建设局", "建"),
    "cgj": ("城市管理局", "城市管理局", "城管"),
    "jtj": ("交通运输局", "交通运输局", "交"),
    "swj": ("水务局", "水务局", "水"),
    "nyj": ("农业农村局", "农业农村局", "农"),
    "swu": ("商务局", "商务局", "商"),
    "wlj": ("文化和旅游局", "文化和旅游局", "文旅"),
    "wjw": ("卫生健康委员会", "卫生健康委", "卫"),
    "tyjr": ("退役军人事务局", "退役军人局", "退役军人"),
    "yjj": ("应急管理局", "应急局", "应急"),
    "scj": ("市场监督管理局", "市场监管局", "市监"),
    "tyj": ("体育局", "体育局", "体"),
    "ybj": ("医疗保障局", "医保局", "医保"),
    "sjj": ("大数据局", "大数据局", "数"),
    "spj": ("行政审批服务局", "行政审批服务局", "审批"),
    "ylj": ("园林和林业绿化局", "园林和林业绿化局", "园林"),
    "tcj": ("投资促进局", "投资促进局", "投促"),
}
MERGED = {"tcj": ("swu", date(2023, 12, 31))}
"""Departments that are no more: merged into which, and their last day."""

BUREAUS: dict[str, tuple[str, str]] = {
    "jyj": ("教育和体育局", "教"),
    "mzj": ("民政局", "民"),
    "zjj": ("住房和城乡建设局", "建"),
    "wjw": ("卫生健康局", "卫"),
    "scj": ("市场监督管理局", "市监"),
    "nyj": ("农业农村局", "农"),
    "rsj": ("人力资源和社会保障局", "人社"),
    "gxj": ("科技和工业信息化局", "工信"),
    "yjj": ("应急管理局", "应急"),
}
BUREAU_OF = {
    **{key: key for key in BUREAUS},
    **{"tyj": "jyj", "cgj": "zjj", "ylj": "zjj", "ybj": "wjw", "kjj": "gxj", "swj": "nyj"},
}
"""Which of a district's bureaus answers to a city department."""


def _places(street: str, park: str, landmark: str, industry: str, trait: str) -> dict[str, str]:
    return {"street": street, "park": park, "landmark": landmark, "industry": industry, "trait": trait}


DISTRICTS: dict[str, District] = {
    item.key: item
    for item in (
        District(
            *("minghu", "泉城市明湖区", "370102", "明", "MH", 0.19),
            _places("芙蓉巷街道", "中央商务片区", "听荷湖公园", "金融和专业服务业", "老城密集"),
            ("芙蓉巷街道", "东关街道"),
        ),
        District(
            *("wenchang", "泉城市文昌区", "370103", "文", "WC", 0.16),
            _places("舜耕路街道", "文昌创意产业园", "八里山森林公园", "文化创意和商贸流通业", "山城交错"),
            ("舜耕路街道", "八里山街道"),
        ),
        District(
            *("huailin", "泉城市槐林区", "370104", "槐", "HL", 0.14),
            _places("西客站街道", "国际医学谷", "槐荫古树园", "医疗康养和会展业", "高铁枢纽"),
            ("西客站街道", "吴家堡街道"),
        ),
        District(
            *("hegang", "泉城市河港区", "370105", "港", "HG", 0.13),
            _places("北园街道", "临港物流园", "古渡口遗址", "现代物流和智能装备业", "沿黄滩区"),
            ("北园街道", "大桥镇"),
        ),
        District(
            *("fengqi", "泉城市凤栖区", "370112", "凤", "FQ", 0.22),
            _places("洪家楼街道", "凤栖科创园", "凤栖山遗址公园", "信息技术和先进制造业", "高校密集"),
            ("柳埠样镇", "港沟示例镇"),
        ),
        District(
            *("xiuyuan", "泉城市绣源区", "370114", "绣", "XY", 0.16),
            _places("明水街道", "绣源产业园", "百脉泉畔", "高端装备和绿色食品业", "山水田园"),
            ("官庄样镇", "相公示例镇"),
        ),
    )
}


def credit_code(division: str, serial: int, registrar: str = "11") -> str:
    """A valid invented credit code: both check characters are right (GB 11714-1997, GB 32100-2015)."""
    digits = f"MB9{serial:05d}"
    values = [int(char) if char.isdigit() else ord(char) - 55 for char in digits]
    rest = 11 - sum(value * weight for value, weight in zip(values, _BODY_WEIGHTS, strict=True)) % 11
    body = digits + {10: "X", 11: "0"}.get(rest, str(rest))
    return (code := f"{registrar}{division}{body}") + credit_code_check_character(code)


@cache
def units() -> dict[str, Unit]:
    """Every organisation of the city by key, parents before their children."""
    listed = [*_city_units(), *(unit for district in DISTRICTS.values() for unit in _district_units(district))]
    return {unit.key: unit for unit in [*listed, _zone(len(listed))]}


def _city_units() -> list[Unit]:
    everybody = "各区人民政府，市政府各部门、各直属单位："
    government = OrganizationInput(
        name=f"{CITY}人民政府",
        short_name="市政府",
        kind=OrganizationKind.GOVERNMENT,
        level=Level.CITY,
        division_code="370100",
    )
    office = _below(government, f"{CITY}人民政府办公室", "市政府办公室", OrganizationKind.OFFICE, CITY_CODE)
    found = [
        Unit(GOVERNMENT, CITY_CODE, government.name, "市政府", "泉政", 1, government, everybody),
        Unit(OFFICE, credit_code("370100", 1), office.name, "市政府办公室", "泉政办", 2, office, everybody),
    ]
    for number, (key, (name, short, mark)) in enumerate(DEPARTMENTS.items(), 3):
        organization = _below(government, CITY + name, f"市{short}", OrganizationKind.DEPARTMENT, CITY_CODE)
        if key in MERGED:
            into, last_day = MERGED[key]
            heir = next(unit.code for unit in found if unit.key == into)
            organization = organization.model_copy(update={"valid_to": last_day, "merged_into": heir})
        address = f"各区{name.replace('委员会', '局')}，高新区管委会，各有关单位："
        code = credit_code("370100", number)
        found.append(Unit(key, code, CITY + name, f"市{short}", f"泉{mark}", number, organization, address))
    return found


def _below(upper: OrganizationInput, name: str, short: str, kind: OrganizationKind, parent: str) -> OrganizationInput:
    return OrganizationInput(
        name=name, short_name=short, kind=kind, level=upper.level, division_code=upper.division_code, parent=parent
    )


def _district_units(district: District) -> list[Unit]:
    code, short, division = credit_code(district.division, 1), district.short, district.division
    everybody = "各街道办事处、镇人民政府，区政府各部门："
    government = OrganizationInput(
        name=f"{short}人民政府",
        short_name=f"{short}政府",
        kind=OrganizationKind.GOVERNMENT,
        level=Level.DISTRICT,
        division_code=division,
        parent=CITY_CODE,
    )
    office = _below(government, f"{short}人民政府办公室", f"{short}政府办公室", OrganizationKind.OFFICE, code)
    mark = district.mark
    found = [
        Unit(district.key, code, government.name, "区政府", f"{mark}政", 1, government, everybody),
        Unit(
            f"{district.key}.office",
            credit_code(division, 2),
            office.name,
            "区政府办公室",
            f"{mark}政办",
            2,
            office,
            everybody,
        ),
    ]
    for number, (key, (name, initial)) in enumerate(BUREAUS.items(), 3):
        own = _below(government, short + name, f"区{name}", OrganizationKind.DEPARTMENT, code)
        unit = Unit(
            f"{district.key}.{key}",
            credit_code(division, number),
            short + name,
            f"区{name}",
            mark + initial,
            number,
            own,
            "各有关单位：",
        )
        found.append(unit)
    return [*found, *(_town(district, code, number) for number in range(len(district.towns)))]


def _town(district: District, parent: str, number: int) -> Unit:
    name = district.towns[number]
    full = f"{district.short}{name}" + ("人民政府" if name.endswith("镇") else "办事处")
    organization = OrganizationInput(
        name=full,
        short_name=name,
        kind=OrganizationKind.GOVERNMENT,
        level=Level.TOWN,
        division_code=f"{district.division}{number + 1:03d}",
        parent=parent,
    )
    mark = f"{district.mark}{name[0]}{'镇' if name.endswith('镇') else '街'}"
    code = credit_code(district.division, 20 + number)
    key = f"{district.key}.town{number + 1}"
    return Unit(key, code, full, name, mark, 20 + number, organization, "各村（社区），镇街各站所：")


def _zone(serial: int) -> Unit:
    organization = OrganizationInput(
        name=f"{CITY}高新技术产业开发区管理委员会",
        short_name="高新区管委会",
        kind=OrganizationKind.ZONE,
        level=Level.DISTRICT,
        division_code="370112",
        zone_code="QC-GX",
        parent=CITY_CODE,
    )
    code = credit_code("370100", serial + 100)
    return Unit(
        ZONE, code, organization.name, "高新区管委会", "泉高管", 90, organization, "管委会各部门、各街道，各有关企业："
    )
