"""The closed table of facts that a clause's condition may ask of an enterprise (domain.md §10), and how each is read.

Pure. What a profile leaves out is None here: not known. Codes of places and industries contain what lies under them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from services.policy_api.rules.enterprise_size import SizeVerdict, classify
from services.policy_api.rules.industries import is_industry_code
from shared.schemas.clauses import (
    CreditStatus,
    EnterpriseProfile,
    EnterpriseSize,
    Qualification,
    RegistrationType,
)
from shared.schemas.problems import InvalidField


class FactType(StrEnum):
    """How a fact is compared."""

    AREA = "area"  # a code that contains others
    CHOICE = "choice"  # one of a closed list
    SIZE = "size"  # one of a list, computed, perhaps known within bounds only
    TAGS = "tags"  # several of a closed list, each with its days
    TEXT = "text"
    FLAG = "flag"
    NUMBER = "number"
    DAY = "day"


_EQUAL = frozenset({"eq", "in", "exists"})
_ORDER = frozenset({"eq", "ge", "le", "gt", "lt", "between", "exists"})
OPERATORS = {
    FactType.AREA: _EQUAL | {"prefix"},
    FactType.CHOICE: _EQUAL,
    FactType.SIZE: _EQUAL,
    FactType.TAGS: _EQUAL,
    FactType.TEXT: _EQUAL,
    FactType.FLAG: frozenset({"eq", "exists"}),
    FactType.NUMBER: _ORDER,
    FactType.DAY: _ORDER,
}


@dataclass(frozen=True)
class Fact:
    """One fact. `sources` are the profile's fields that it is read from."""

    name: str
    chinese: str
    type: FactType
    unit: str | None = None
    values: frozenset[str] = frozenset()
    sources: tuple[str, ...] = ()
    dated: bool = False
    """Whether a condition may ask for it as of a day."""

    @property
    def asked(self) -> tuple[str, ...]:
        return self.sources or (self.name,)


_TABLE = (
    Fact("region", "注册地", FactType.AREA),
    Fact("industry", "行业", FactType.AREA),
    Fact(
        "size",
        "企业规模",
        FactType.SIZE,
        values=frozenset(EnterpriseSize),
        sources=("industry", "employees", "revenue_wan", "assets_wan"),
    ),
    Fact("registration_type", "登记注册类型", FactType.CHOICE, values=frozenset(RegistrationType)),
    Fact("established_on", "成立日期", FactType.DAY),
    Fact("age_years", "成立年限", FactType.NUMBER, "年", sources=("established_on",), dated=True),
    Fact("listed", "上市或挂牌", FactType.FLAG),
    Fact("qualifications", "资质荣誉", FactType.TAGS, values=frozenset(Qualification), dated=True),
    Fact("invention_patents", "发明专利数", FactType.NUMBER, "件"),
    Fact("utility_models", "实用新型数", FactType.NUMBER, "件"),
    Fact("software_copyrights", "软件著作权数", FactType.NUMBER, "件"),
    Fact("rd_ratio", "研发费用占比", FactType.NUMBER, "%"),
    Fact("revenue_wan", "营业收入", FactType.NUMBER, "万元"),
    Fact("tax_wan", "纳税额", FactType.NUMBER, "万元"),
    Fact("assets_wan", "资产总额", FactType.NUMBER, "万元"),
    Fact("employees", "从业人员", FactType.NUMBER, "人"),
    Fact("credit_status", "信用状况", FactType.CHOICE, values=frozenset(CreditStatus)),
    Fact("park", "园区", FactType.TEXT),
)
FACTS = {fact.name: fact for fact in _TABLE}
_PLACE = re.compile(r"^[1-9][0-9](?:[0-9]{2}){0,2}$")


@dataclass(frozen=True)
class Known:
    """An enterprise as conditions see it on one day."""

    profile: EnterpriseProfile
    today: date

    def read(self, fact: Fact, as_of: date | None = None) -> Any:
        """The fact's value; None when it is not known."""
        reader = _READERS.get(fact.name)
        return reader(self, as_of or self.today) if reader is not None else getattr(self.profile, fact.name)

    def missing(self, fact: Fact) -> tuple[str, ...]:
        """The profile's fields to ask for, when the fact is not known well enough."""
        if fact.name == "size":
            return _size_of(self, self.today).missing
        # A code may be there and too coarse: then it is asked for again.
        return fact.asked


def _size_of(known: Known, _day: date) -> SizeVerdict:
    profile = known.profile
    figures = {name: getattr(profile, name) for name in ("employees", "revenue_wan", "assets_wan")}
    return classify(profile.industry, figures)


def _age_of(known: Known, day: date) -> int | None:
    """Whole years on that day; none yet before the enterprise was founded."""
    founded = known.profile.established_on
    if founded is None:
        return None
    return max(0, day.year - founded.year - ((day.month, day.day) < (founded.month, founded.day)))


def _qualifications_of(known: Known, day: date) -> frozenset[str] | None:
    held = known.profile.qualifications
    if held is None:
        return None
    return frozenset(
        one.name
        for one in held
        if (one.valid_from is None or one.valid_from <= day) and (one.valid_to is None or day <= one.valid_to)
    )


_READERS: dict[str, Callable[[Known, date], Any]] = {
    "size": _size_of,
    "age_years": _age_of,
    "qualifications": _qualifications_of,
}


def is_area_code(fact: Fact, code: str) -> bool:
    """A place of two, four or six digits, or an industry from its section letter on."""
    return is_industry_code(code) if fact.name == "industry" else bool(_PLACE.match(code))


def stem_of(fact: Fact, code: str) -> str:
    """What every code within this one begins with: `370100` is the whole city, as `3701` is (GB/T 2260)."""
    if fact.name == "industry":
        return code
    while len(code) > 2 and code.endswith("00"):
        code = code[:-2]
    return code


def check_profile(profile: EnterpriseProfile, today: date) -> list[InvalidField]:
    """What no enterprise's facts can be."""
    found = []
    if profile.industry is not None and not is_industry_code(profile.industry):
        found.append(("/industry", "行业代码应为门类字母加二至四位数字（GB/T 4754-2017），且数字属于该门类"))
    if profile.established_on is not None and profile.established_on > today:
        found.append(("/established_on", "成立日期不能在今天之后"))
    for number, held in enumerate(profile.qualifications or []):
        if held.valid_from is not None and held.valid_to is not None and held.valid_to < held.valid_from:
            found.append((f"/qualifications/{number}/valid_to", "有效期止不能早于有效期起"))
    return [InvalidField(pointer=pointer, detail=detail) for pointer, detail in found]
