"""What districts, their bureaus, towns and the zone issue on the city's papers, each in its own voice and numbers."""

from datetime import date, timedelta

from deploy.local.demo.areas import Area, areas
from deploy.local.demo.city import BUREAU_OF, BUREAUS, DISTRICTS, OFFICE, ZONE, District, units
from deploy.local.demo.district_voices import BUREAU_POINTS, TOWN_POINTS, VOICES
from deploy.local.demo.markup import fill, scale_targets, select, set_points
from deploy.local.demo.papers import (
    LATEST_DAY,
    Link,
    Paper,
    Text,
    last_day,
    month_after,
    pick,
    publication_day,
    spoken,
    workday,
)
from shared.schemas.policies import DocClass, DocKind, RelationType

_DISTRICTS_AN_AREA = 3
_TOWN_AREAS = ("eldercare", "farmland", "flood", "relief", "safety", "village", "waste")
_ZONE_AREAS = ("commerce", "data", "employment", "finance", "innovation", "sme")
_TO_DISTRICT = (
    ("各区人民政府", "各街道办事处、镇人民政府"),
    ("各区", "各街道（镇）"),
    ("市、区、镇", "区、镇"),
    ("市、区", "区、镇街"),
    ("市级", "区级"),
    ("全市", "全区"),
    ("我市", "我区"),
    ("本市", "本区"),
    ("市政府", "区政府"),
)


def district_papers(city: dict[str, Paper]) -> list[Paper]:
    """Everything below the city, made from its papers (`city`, by key)."""
    found: list[Paper] = []
    for number, area in enumerate(areas()):
        found += [_implementing(area, district, city) for district in _districts_of(area)]
        found += _forwarding(area, list(DISTRICTS.values())[number % len(DISTRICTS)], city)
    found += [_of_town(area, number) for number, area in enumerate(_chosen(_TOWN_AREAS * 2))]
    return [*found, *(_of_zone(area, city) for area in _chosen(_ZONE_AREAS))]


def _chosen(keys: tuple[str, ...]) -> list[Area]:
    by_key = {area.key: area for area in areas()}
    return [by_key[key] for key in keys]


def _districts_of(area: Area) -> list[District]:
    every = list(DISTRICTS.values())
    first = pick(area.key, len(every))
    return [every[(first + 2 * step + step // 3) % len(every)] for step in range(_DISTRICTS_AN_AREA)]


def _to_district(text: str) -> str:
    for city_word, district_word in _TO_DISTRICT:
        text = text.replace(city_word, district_word)
    return text


def _district_unit(key: str) -> str:
    """Who answers in a district to what the city calls by that key."""
    if key == OFFICE:
        return "区政府办公室"
    if key in BUREAUS:
        return f"区{BUREAUS[key][0]}"
    return "区" + units()[key].short.removeprefix("市").replace("委", "局")


def _after(area: Area, day: date, seed: str) -> date:
    """One to three months later, within the demo's time."""
    return min(workday(day + timedelta(days=24 + pick(seed + area.key, 66))), workday(LATEST_DAY - timedelta(days=7)))


def _implementing(area: Area, district: District, city: dict[str, Paper]) -> Paper:
    base = city[f"{area.key}-policy-2"]
    voice, key = VOICES[district.key], f"{area.key}-{district.key}"
    signed = _after(area, base.published_on, district.key)
    published = publication_day(key, signed)
    values = {**district.places, "town": district.towns[-1], "subject": area.name}
    values["base"] = f"{{ref:{base.key}}}"
    issuer = f"{district.key}.office" if pick(key, 3) else district.key
    name = f"{district.short}{area.name}{voice.form}"
    is_opinion = voice.form == "实施意见"
    whole = units()[issuer].name + (f"关于推进{area.name}的实施意见" if is_opinion else f"关于印发《{name}》的通知")
    return Paper(
        key=key,
        issuer=issuer,
        title=whole,
        kind=DocKind.OPINION if is_opinion else DocKind.NOTICE,
        theme=area.theme,
        signed_on=signed,
        texts=(Text(fill(_district_body(area, district), values), published, published),),
        area=area.key,
        links=(Link(RelationType.IMPLEMENTS, key=base.key),),
        cover=None if is_opinion else f"现将《{name}》印发给你们，请认真组织实施。",
        flags=frozenset(area.flags) & {"livelihood"},
    )


def _district_body(area: Area, district: District) -> str:
    voice = VOICES[district.key]
    lines = [voice.opening, f"# {voice.goal_heading}", voice.goal]
    lines += _localised(area, district)
    lines += [f"# {voice.duty_heading}", *voice.duties, f"% {voice.closing}"]
    return set_points(lines, _district_unit)


def _localised(area: Area, district: District) -> list[str]:
    """The city's points as far as this district takes them up, its own among them."""
    headings_and_points = [
        _to_district(scale_targets(line, district.share))
        for line in select(area.policy.text, 2)
        if line.startswith(("# ", "- "))
    ]
    kept = [
        line
        for line in headings_and_points
        if line.startswith("# ") or pick(district.key + line[:12], 4) or "{n" in line
    ]
    own = _own_points(area, district)
    middle = next((place for place in range(len(kept) - 1, 0, -1) if kept[place].startswith("# ")), len(kept))
    return [*kept[:middle], *own, *kept[middle:]]


def _own_points(area: Area, district: District) -> list[str]:
    return [scale_targets(line, district.share) for line in select(area.local.text, 1)]


def _forwarding(area: Area, district: District, city: dict[str, Paper]) -> list[Paper]:
    """A bureau passes the measure on with requirements of its own."""
    base = city[f"{area.key}-measure"]
    bureau = BUREAU_OF.get(base.issuer if base.issuer in BUREAU_OF else area.lead)
    if bureau is None:
        return []
    key, unit = f"{area.key}-{district.key}-bureau", units()[f"{district.key}.{bureau}"]
    text = base.texts[-1] if base.texts[-1].effective_on <= LATEST_DAY else base.texts[-2]
    signed = _after(area, text.published_on, f"{key}-bureau")
    published = publication_day(key, signed)
    first = pick(key, len(BUREAU_POINTS))
    chosen = [BUREAU_POINTS[(first + 3 * step) % len(BUREAU_POINTS)] for step in range(3)]
    lines = [f"现将{{ref:{base.key}}}转发给你们，并结合我区实际提出以下要求，请一并贯彻执行。", "# 准确把握要求"]
    lines += [*chosen, "# 突出我区重点", *_own_points(area, district)]
    body = fill(set_points(lines, _district_unit), {**district.places, "town": district.towns[0]})
    return [
        Paper(
            key=key,
            issuer=unit.key,
            title=f"{unit.name}转发《{base.title.partition('《')[2].partition('》')[0] or base.title}》的通知",
            kind=DocKind.NOTICE,
            theme=area.theme,
            signed_on=signed,
            texts=(Text(body, published, published),),
            area=area.key,
            links=(Link(RelationType.FORWARDS, key=base.key),),
        )
    ]


def _of_town(area: Area, number: int) -> Paper:
    """A town's plan of work on its district's, or where there is none the city's, paper."""
    district = list(DISTRICTS.values())[number % len(DISTRICTS)]
    unit = units()[f"{district.key}.town{number // len(DISTRICTS) % 2 + 1}"]
    key = f"{area.key}-{unit.key}"
    base = f"{area.key}-{district.key}" if district in _districts_of(area) else f"{area.key}-policy-2"
    signed = workday(date(2025, 2 + pick(key, 10), 3 + pick(key + "day", 24)))
    published = publication_day(key, signed)
    first = pick(key, len(TOWN_POINTS))
    points = [TOWN_POINTS[(first + step) % len(TOWN_POINTS)] for step in range(3)]
    lines = [f"为落实{{ref:{base}}}，做好{unit.short}{area.name}工作，现就有关事项安排如下。", "# 重点事项"]
    lines += [*_own_points(area, district), "# 工作办法", *points]
    body = set_points([line.partition(" @")[0] for line in lines], _district_unit)
    return Paper(
        key=key,
        issuer=unit.key,
        title=f"{unit.name}关于做好{signed.year}年{area.name}工作的通知",
        kind=DocKind.NOTICE,
        theme=area.theme,
        signed_on=signed,
        texts=(Text(fill(body, {**district.places, "town": unit.short}), published, published),),
        area=area.key,
        links=(Link(RelationType.IMPLEMENTS, key=base),),
    )


def _of_zone(area: Area, city: dict[str, Paper]) -> Paper:
    """The zone's own 若干政策 for its enterprises: normative, with a last day."""
    base, key = city[f"{area.key}-policy-2"], f"{area.key}-zone"
    signed = _after(area, base.published_on, "zone")
    published = publication_day(key, signed)
    effective = month_after(published)
    expires = last_day(effective, 3)
    lines = [f"为落实{{ref:{base.key}}}，支持区内企业发展，制定本政策。", "# 支持措施"]
    points = [line for line in select(area.policy.text, 2) if line.startswith("- ")][:5]
    lines += [scale_targets(line, 0.1).partition(" @")[0] for line in points]
    lines += [
        "# 兑现方式",
        "企业在“泉惠企”一次登记，政策按数据自动匹配；需要申报的，材料不超过三项，十五个工作日内办结。",
    ]
    lines += [
        f"% 本政策自{spoken(effective)}起施行，有效期至{spoken(expires)}。与市级政策重复的，按就高不重复原则执行。"
    ]
    name = f"泉城高新区支持{area.name}若干政策"
    return Paper(
        key=key,
        issuer=ZONE,
        title=f"{units()[ZONE].name}关于印发《{name}》的通知",
        kind=DocKind.NOTICE,
        theme=area.theme,
        signed_on=signed,
        texts=(Text(set_points(lines, _district_unit), published, effective),),
        area=area.key,
        doc_class=DocClass.NORMATIVE,
        expires_on=expires,
        links=(Link(RelationType.IMPLEMENTS, key=base.key),),
        cover=f"现将《{name}》印发给你们，请遵照执行。",
        flags=frozenset({"market"}),
    )
