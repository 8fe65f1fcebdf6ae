"""The 26 domains of grass-roots disclosure (国办发〔2019〕54号), an open code table: other domains keep their own name.

`[D]` The codes are ours. Fourteen names are confirmed by published catalogs; the rest are from memory (domain.md §5.2).
"""

DOMAINS = {
    "territorial_planning": "国土空间规划",
    "major_projects": "重大建设项目",
    "public_resource_trading": "公共资源交易",
    "budget": "财政预决算",
    "work_safety": "安全生产",
    "taxation": "税收管理",
    "land_compensation": "征地补偿",
    "housing_expropriation": "国有土地上房屋征收",
    "affordable_housing": "保障性住房",
    "rural_housing": "农村危房改造",
    "environment": "生态环境",
    "public_culture": "公共文化服务",
    "legal_services": "公共法律服务",
    "poverty_alleviation": "扶贫",
    "disaster_relief": "救灾",
    "food_and_drugs": "食品药品监管",
    "urban_enforcement": "城市综合执法",
    "employment": "就业",
    "social_insurance": "社会保险",
    "social_assistance": "社会救助",
    "elderly_care": "养老服务",
    "household_registration": "户籍管理",
    "agricultural_subsidies": "涉农补贴",
    "compulsory_education": "义务教育",
    "health_care": "医疗卫生",
    "municipal_services": "市政服务",
}
_CODES = {name: code for code, name in DOMAINS.items()}


def domain_of(name: str) -> str:
    """The code of a domain's name; a name outside the table stands for itself."""
    return _CODES.get(name, name)


def name_of(domain: str) -> str:
    """What a domain is called."""
    return DOMAINS.get(domain, domain)


def domain_in(title: str) -> str | None:
    """The one domain that a sheet's name or a table's title speaks of; None when it is none or several."""
    found = [code for code, name in DOMAINS.items() if name in title]
    # 农村危房改造 and the like hold no other's name, but a title may list several.
    return found[0] if len(found) == 1 else None
