"""Which organisation a document belongs to, for organisations that the running city has not registered.

Their codes are PLACEHOLDERS: well-formed (GB 32100-2015, right check character) but invented from the name, always
beginning with Y9, which no registration department of China uses for an agency (agencies begin with 11). The same
name always gets the same code. Replace them when the real codes are known.
"""

import hashlib
import re
from dataclasses import dataclass

from shared.schemas.organizations import Level, OrganizationInput, OrganizationKind, credit_code_check_character

EXTERNAL_ROOT = "外部来源"
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_NATION = "100000"
# GB/T 2260: provinces, and of the cities and districts those that import files have named so far.
_PROVINCES = {
    "北京市": "110000",
    "天津市": "120000",
    "河北省": "130000",
    "山西省": "140000",
    "内蒙古自治区": "150000",
    "辽宁省": "210000",
    "吉林省": "220000",
    "黑龙江省": "230000",
    "上海市": "310000",
    "江苏省": "320000",
    "浙江省": "330000",
    "安徽省": "340000",
    "福建省": "350000",
    "江西省": "360000",
    "山东省": "370000",
    "河南省": "410000",
    "湖北省": "420000",
    "湖南省": "430000",
    "广东省": "440000",
    "广西壮族自治区": "450000",
    "海南省": "460000",
    "重庆市": "500000",
    "四川省": "510000",
    "贵州省": "520000",
    "云南省": "530000",
    "西藏自治区": "540000",
    "陕西省": "610000",
    "甘肃省": "620000",
    "青海省": "630000",
    "宁夏回族自治区": "640000",
    "新疆维吾尔自治区": "650000",
}
_CITIES = {"济南市": "370100", "青岛市": "370200", "淄博市": "370300", "广州市": "440100", "深圳市": "440300"}
_DISTRICTS = {
    ("济南市", "历下区"): "370102",
    ("济南市", "市中区"): "370103",
    ("济南市", "章丘区"): "370114",
    ("广州市", "天河区"): "440106",
    ("广州市", "越秀区"): "440104",
}
_CITY_NAME = re.compile(r"^([\u4e00-\u9fff]{1,7}市)(?!场)")
_NATIONAL = re.compile("国务院|中华人民共和国|全国|最高人民|国家|中共中央|中央军委")
_DISTRICT_NAME = re.compile(r"^(?:[\u4e00-\u9fff]{1,7}市)?([\u4e00-\u9fff]{1,6}(?:区|县))(?!域)")


@dataclass(frozen=True)
class Place:
    """An organisation by name, and where it stands."""

    name: str
    level: Level
    division_code: str

    @property
    def code(self) -> str:
        """Its placeholder code."""
        return placeholder_code(self.name, self.division_code)

    def as_input(self, parent: str) -> OrganizationInput:
        """How it is registered."""
        return OrganizationInput(
            name=self.name,
            kind=OrganizationKind.EXTERNAL,
            level=self.level,
            division_code=self.division_code,
            parent=parent,
        )


def placeholder_code(name: str, division_code: str) -> str:
    """A well-formed, invented code that depends on the name alone (and the division, for readers)."""
    number = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big")
    body = ""
    for _ in range(9):
        number, digit = divmod(number, len(_ALPHABET))
        body += _ALPHABET[digit]
    first17 = f"Y9{division_code[:6]}{body}"
    return first17 + credit_code_check_character(first17)


def locate(name: str, *, city: str | None = None) -> Place:
    """Level and division of an organisation by its name; `city` is the file's city, for names that leave it out."""
    name = name[:120]
    if _NATIONAL.match(name):
        return Place(name, Level.NATIONAL, _NATION)
    province = next((province for province in _PROVINCES if name.startswith(province)), None)
    # 北京市 and 上海市 are provinces whose names end like a city's.
    if province is not None and (not province.endswith("市") or not _district(name, province)):
        return Place(name, Level.PROVINCE, _PROVINCES[province])
    found = _CITY_NAME.match(name)
    own_city = province or (found[1] if found else city)
    if own_city is None:
        return Place(name, Level.NATIONAL, _NATION)
    division = _CITIES.get(own_city) or _PROVINCES.get(own_city) or _NATION
    if district := _district(name, own_city):
        return Place(name, Level.DISTRICT, _DISTRICTS.get((own_city, district), division))
    return Place(name, Level.CITY, division)


def _district(name: str, city: str) -> str | None:
    found = _DISTRICT_NAME.match(name.removeprefix(city))
    return found[1] if found and not found[1].endswith(("自治区", "地区", "社区")) else None


def clean_issuers(written: str, *, city: str | None = None) -> list[str]:
    """Organs of a field such as `甲市民政局、市财政局（某站发布）`: remarks left off, 市 and 区 written out."""
    bare = re.sub(r"（[^（）]*）|\([^()]*\)", "", written)
    names = [name for name in re.split(r"[、,，;；\s]+", bare) if len(name) > 1]
    return [_spell_out(name, names[0], city) for name in dict.fromkeys(names)]


def _spell_out(name: str, first: str, city: str | None) -> str:
    """市财政局 beside 广州市民政局 is 广州市财政局."""
    city_of_first = _CITY_NAME.match(first)
    base = city_of_first[1] if city_of_first else city
    if base is None:
        return name
    if name.startswith("市"):
        return base + name[1:]
    if name.startswith("区"):
        district = _district(first, base)
        return f"{base}{district}{name[1:]}" if district else name
    return name
