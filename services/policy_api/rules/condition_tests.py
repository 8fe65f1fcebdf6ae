"""One condition on one fact, made ready once: how it comes out for an enterprise, and the sentence that says why. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.policy_api.rules.enterprise_facts import FACTS, Fact, FactType, Known, stem_of
from services.policy_api.rules.enterprise_size import SizeVerdict

NO, UNKNOWN, YES = 0, 1, 2
"""Kleene's three values in their order: `all` is the least of its parts, `any` the greatest, `not` two minus."""

Compare = Callable[[Any], int]
_SAID = {
    "eq": "为",
    "in": "为其一：",
    "ge": "不低于",
    "le": "不高于",
    "gt": "高于",
    "lt": "低于",
    "prefix": "在其范围内：",
}
_OPPOSITE = {
    "eq": "不为",
    "in": "不为其中任何一个：",
    "ge": "低于",
    "le": "高于",
    "gt": "不高于",
    "lt": "不低于",
    "prefix": "不在其范围内：",
}
_OUTCOME = {NO: "不符合", UNKNOWN: "无法判断", YES: "符合"}


@dataclass(frozen=True)
class Condition:
    """A condition on one fact. Equal conditions have one `key`."""

    key: tuple[Any, ...]
    fact: Fact
    as_of: date | None
    compare: Compare
    """Of a value that is known."""
    wanted: str
    unwanted: str
    """The same where the expression asks that it does not hold."""

    def evaluate(self, known: Known) -> int:
        value = known.read(self.fact, self.as_of)
        return UNKNOWN if value is None else self.compare(value)

    def explain(self, known: Known, result: int, *, negated: bool = False) -> str:
        """For a clerk and for the enterprise itself."""
        value = known.read(self.fact, self.as_of)
        if isinstance(value, SizeVerdict) and not value.possible:
            have = "该行业不在统计划型办法之内，请人工核对"
        else:
            have = f"企业{_written(self.fact, value)}"
        return f"{self.fact.chinese}：要求{self.unwanted if negated else self.wanted}；{have}，{_OUTCOME[result]}"


def make_condition(node: dict[str, Any]) -> Condition:
    """From a node that `check_conditions` found sound."""
    fact, operator, value = FACTS[node["fact"]], node["op"], node.get("value")
    as_of = date.fromisoformat(node["as_of"]) if node.get("as_of") else None
    key = (fact.name, operator, str(value), as_of)
    return Condition(key, fact, as_of, _comparison(fact, operator, value), *_say(fact, operator, value, as_of))


def _comparison(fact: Fact, operator: str, value: Any) -> Compare:
    if operator == "exists":
        return _existence(fact, wanted=value is not False)
    match fact.type:
        case FactType.AREA:
            return _containment([stem_of(fact, one) for one in _listed(value)], fact)
        case FactType.SIZE:
            return _membership_of_possible(frozenset(_listed(value)))
        case FactType.TAGS:
            held = frozenset(_listed(value))
            return lambda have: NO if held.isdisjoint(have) else YES
        case FactType.NUMBER | FactType.DAY:
            bounds = [_bound(fact, one) for one in _listed(value)]
            return _ordering(operator, bounds[0], bounds[-1])
        case _:
            allowed = frozenset(_listed(value))
            return lambda have: YES if have in allowed else NO


def _bound(fact: Fact, value: Any) -> Any:
    return date.fromisoformat(value) if fact.type is FactType.DAY else value


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _existence(fact: Fact, *, wanted: bool) -> Compare:
    """There is such a thing: one of the tags, more than none of a number, or any value that is known."""
    right, wrong = (YES, NO) if wanted else (NO, YES)
    if fact.type in (FactType.TAGS, FactType.FLAG, FactType.NUMBER):
        return lambda have: right if have else wrong
    if fact.type is FactType.SIZE:
        return lambda have: right if have.possible else wrong
    return lambda _have: right


def _containment(stems: list[str], fact: Fact) -> Compare:
    """Within one of these; a code that is coarser than what is asked leaves it open."""
    begins = tuple(stems)

    def compare(have: str) -> int:
        own = stem_of(fact, have)
        if own.startswith(begins):
            return YES
        return UNKNOWN if any(stem.startswith(own) for stem in begins) else NO

    return compare


def _membership_of_possible(allowed: frozenset[str]) -> Compare:
    def compare(have: SizeVerdict) -> int:
        possible = have.possible
        if not possible:
            return UNKNOWN
        hits = sum(size in allowed for size in possible)
        return YES if hits == len(possible) else UNKNOWN if hits else NO

    return compare


def _ordering(operator: str, value: Any, high: Any) -> Compare:
    match operator:
        case "ge":
            return lambda have: YES if have >= value else NO
        case "le":
            return lambda have: YES if have <= value else NO
        case "gt":
            return lambda have: YES if have > value else NO
        case "lt":
            return lambda have: YES if have < value else NO
        case "between":
            return lambda have: YES if value <= have <= high else NO
        case _:
            return lambda have: YES if have == value else NO


def _say(fact: Fact, operator: str, value: Any, as_of: date | None) -> tuple[str, str]:
    """What is asked, and its opposite."""
    when = f"（{as_of.isoformat()}时）" if as_of is not None else ""
    unit = fact.unit or ""
    if operator == "exists":
        both = (f"有{when}", f"没有{when}")
        return both[::-1] if value is False else both
    if operator == "between":
        range_ = f"在{value[0]}{unit}至{value[1]}{unit}之间{when}"
        return range_, f"不{range_}"
    listed = f"{'、'.join(_name(one) for one in _listed(value))}{unit}{when}"
    return _SAID[operator] + listed, _OPPOSITE[operator] + listed


def _written(fact: Fact, value: Any) -> str:
    if value is None:
        return "未提供"
    if isinstance(value, SizeVerdict):
        return (
            "可能为" * (value.decided is None)
            + "为" * (value.decided is not None)
            + "、".join(_name(one) for one in value.possible)
        )
    if isinstance(value, frozenset):
        return "持有" + ("、".join(sorted(_name(one) for one in value)) or "无")
    return f"为{_name(value)}{fact.unit or ''}"


_NAMES = {
    "micro": "微型",
    "small": "小型",
    "medium": "中型",
    "large": "大型",
    "limited_company": "有限责任公司",
    "joint_stock": "股份有限公司",
    "sole_proprietorship": "个人独资企业",
    "partnership": "合伙企业",
    "individual_business": "个体工商户",
    "cooperative": "农民专业合作社",
    "other": "其他",
    "good": "良好",
    "abnormal": "列入经营异常名录",
    "dishonest": "严重失信主体",
    "tech_sme": "科技型中小企业",
    "high_tech": "高新技术企业",
    "innovative_sme": "创新型中小企业",
    "specialized_sme": "专精特新中小企业",
    "little_giant": "专精特新“小巨人”企业",
    "champion": "制造业单项冠军",
    "gazelle": "瞪羚企业",
    "unicorn": "独角兽企业",
    "agri_leader": "农业产业化龙头企业",
    "green_factory": "绿色工厂",
    "above_scale": "规上企业",
}


def _name(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float):
        return f"{value:g}" if value < 1e6 else f"{value:.2f}".rstrip("0").rstrip(".")
    return _NAMES.get(str(value), str(value))
