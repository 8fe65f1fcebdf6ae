"""Whether a clause's condition is well formed: known facts, fitting operators and values, bounded depth and size. Pure."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from services.policy_api.rules.enterprise_facts import FACTS, OPERATORS, Fact, FactType, is_area_code
from shared.schemas.problems import InvalidField

MAX_DEPTH = 10
MAX_NODES = 200
MAX_VALUES = 200
_KEYS = frozenset({"fact", "op", "value", "unit", "as_of"})
_Fault = tuple[str, str]


def check_conditions(expression: Any, *, base: str = "") -> list[InvalidField]:
    """Every fault with a pointer to its node, at most twenty; none when the expression can be compiled."""
    found: list[InvalidField] = []
    nodes = 0
    waiting = [(base, expression, 1)]
    while waiting:
        pointer, node, depth = waiting.pop()
        nodes += 1
        if nodes > MAX_NODES:
            return [*found, InvalidField(pointer=base, detail=f"条件过多：一个表达式最多{MAX_NODES}个节点")]
        if depth > MAX_DEPTH:
            return [*found, InvalidField(pointer=pointer, detail=f"条件嵌套过深：最多{MAX_DEPTH}层")]
        found += [InvalidField(pointer=at, detail=detail) for at, detail in _check_node(node, pointer)]
        if len(found) >= 20:
            break
        waiting += reversed([(at, child, depth + 1) for at, child in children_of(node, pointer)])
    return found


def children_of(node: Any, pointer: str) -> list[tuple[str, Any]]:
    """The parts of a connective with their pointers; none of a test."""
    if not isinstance(node, dict) or len(node) != 1:
        return []
    ((key, inner),) = node.items()
    if key == "not":
        return [(f"{pointer}/not", inner)]
    if key in ("all", "any") and isinstance(inner, list):
        return [(f"{pointer}/{key}/{number}", child) for number, child in enumerate(inner)]
    return []


def _check_node(node: Any, pointer: str) -> Iterator[_Fault]:
    if not isinstance(node, dict):
        yield pointer, "条件应为 JSON 对象：all、any、not 之一，或对一项事实的要求"
    elif "fact" in node:
        yield from _check_test(node, pointer)
    elif len(node) != 1 or next(iter(node)) not in ("all", "any", "not"):
        yield pointer, "条件应恰好有 all、any、not 之一，或写明 fact 与 op"
    elif "not" not in node:
        ((key, inner),) = node.items()
        if not isinstance(inner, list) or not inner:
            yield f"{pointer}/{key}", f"{key} 应为非空列表"


def _check_test(node: dict[str, Any], pointer: str) -> Iterator[_Fault]:
    for name in sorted(node.keys() - _KEYS):
        yield f"{pointer}/{name}", "没有这个字段"
    fact = FACTS.get(node["fact"]) if isinstance(node["fact"], str) else None
    if fact is None:
        yield f"{pointer}/fact", f"没有这项事实；可用：{'、'.join(FACTS)}"
        return
    operator = node.get("op")
    if not isinstance(operator, str) or operator not in OPERATORS[fact.type]:
        yield f"{pointer}/op", f"“{fact.chinese}”可用的比较：{'、'.join(sorted(OPERATORS[fact.type]))}"
        return
    yield from _check_value(fact, operator, node, f"{pointer}/value")
    if node.get("unit") is not None and node["unit"] != fact.unit:
        yield f"{pointer}/unit", f"“{fact.chinese}”的单位应为{fact.unit or '空'}"
    yield from _check_day(fact, node, f"{pointer}/as_of")


def _check_day(fact: Fact, node: dict[str, Any], pointer: str) -> Iterator[_Fault]:
    if node.get("as_of") is None:
        return
    if not fact.dated:
        yield pointer, f"“{fact.chinese}”不按某一天计算，不能给出 as_of"
    elif not _is_day(node["as_of"]):
        yield pointer, "日期应写作 2026-01-31"


def _check_value(fact: Fact, operator: str, node: dict[str, Any], pointer: str) -> Iterator[_Fault]:
    value = node.get("value")
    if operator == "exists":
        if not isinstance(value, bool | None):
            yield pointer, "exists 的值应为 true、false，或不写"
    elif operator == "in":
        if not isinstance(value, list) or not 1 <= len(value) <= MAX_VALUES:
            yield pointer, f"in 的值应为1至{MAX_VALUES}个值的列表"
            return
        for number, one in enumerate(value):
            if not _fits(fact, one):
                yield f"{pointer}/{number}", _expected(fact)
    elif operator == "between":
        if not isinstance(value, list) or len(value) != 2 or not all(_fits(fact, one) for one in value):
            yield pointer, f"between 的值应为下限和上限两个值；{_expected(fact)}"
        elif value[0] > value[1]:
            yield pointer, "下限不能大于上限"
    elif not _fits(fact, value):
        yield pointer, _expected(fact)


def _fits(fact: Fact, value: Any) -> bool:
    match fact.type:
        case FactType.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1e12
        case FactType.FLAG:
            return isinstance(value, bool)
        case FactType.DAY:
            return _is_day(value)
        case FactType.AREA:
            return isinstance(value, str) and is_area_code(fact, value)
        case FactType.TEXT:
            return isinstance(value, str) and 1 <= len(value) <= 100
        case _:
            return isinstance(value, str) and value in fact.values


_EXPECTED = {
    FactType.NUMBER: "的值应为不小于0的数",
    FactType.FLAG: "的值应为 true 或 false",
    FactType.DAY: "的值应为日期，如 2026-01-31",
    FactType.TEXT: "的值应为1至100字",
}
_EXPECTED_CODES = {
    "industry": "的值应为门类字母，或门类字母加二至四位数字（GB/T 4754-2017）",
    "region": "的值应为二、四或六位数字的行政区划代码（GB/T 2260）",
}


def _expected(fact: Fact) -> str:
    listed = f"的值应为：{'、'.join(sorted(fact.values))}"
    return f"“{fact.chinese}”{_EXPECTED_CODES.get(fact.name) or _EXPECTED.get(fact.type, listed)}"


def _is_day(value: Any) -> bool:
    if not isinstance(value, str) or len(value) != 10:
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
