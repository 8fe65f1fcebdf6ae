"""Conditions: three-valued, explained, asking only what can still change the answer."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.policy_api.rules.condition_checks import check_conditions
from services.policy_api.rules.condition_tests import NO, UNKNOWN, YES
from services.policy_api.rules.conditions import ConditionTable, ask_next, compile_conditions, evaluate, explain
from services.policy_api.rules.enterprise_facts import FACTS, Known
from services.policy_api.rules.matching import ClauseGroup, ReadyClause, match_profile
from shared.schemas.clauses import EnterpriseProfile

TODAY = date(2026, 5, 6)
_NUMBERS = ("employees", "revenue_wan", "tax_wan", "invention_patents")
_tests = st.one_of(
    st.builds(
        lambda fact, op, value: {"fact": fact, "op": op, "value": value},
        st.sampled_from(_NUMBERS),
        st.sampled_from(["ge", "le", "gt", "lt", "eq"]),
        st.integers(0, 3),
    ),
    st.builds(
        lambda code: {"fact": "region", "op": "prefix", "value": code},
        st.sampled_from(["37", "370100", "370102", "110000"]),
    ),
    st.builds(
        lambda sizes: {"fact": "size", "op": "in", "value": sizes},
        st.lists(st.sampled_from(["micro", "small", "medium", "large"]), min_size=1, max_size=3, unique=True),
    ),
)
_expressions = st.recursive(
    _tests,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"all": parts}),
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: {"any": parts}),
        inner.map(lambda part: {"not": part}),
    ),
    max_leaves=8,
)
_whole = {
    "region": st.sampled_from(["370102", "370103", "110101"]),
    "industry": st.sampled_from(["C39", "I6513", "E47", "A01"]),
    "revenue_wan": st.integers(0, 3),
    "tax_wan": st.integers(0, 3),
    "assets_wan": st.integers(0, 3),
    "employees": st.integers(0, 3),
    "invention_patents": st.integers(0, 3),
}
_full_profiles = st.fixed_dictionaries(_whole)
_hidden = st.sets(st.sampled_from(sorted(_whole)))


def known(**facts: Any) -> Known:
    return Known(EnterpriseProfile.model_validate(facts), TODAY)


def result(expression: Any, **facts: Any) -> int:
    table = ConditionTable()
    root = compile_conditions(expression, table)
    return evaluate(root, table.evaluate(known(**facts)))


def asked(expression: Any, **facts: Any) -> list[str]:
    table = ConditionTable()
    root = compile_conditions(expression, table)
    have = known(**facts)
    return ask_next(root, table.evaluate(have))


def naive(expression: Any, facts: dict[str, Any]) -> int:
    """Written from the definition of Kleene's logic, part by part."""
    if "all" in expression:
        parts = {naive(part, facts) for part in expression["all"]}
        return NO if NO in parts else UNKNOWN if UNKNOWN in parts else YES
    if "any" in expression:
        parts = {naive(part, facts) for part in expression["any"]}
        return YES if YES in parts else UNKNOWN if UNKNOWN in parts else NO
    if "not" in expression:
        return {NO: YES, YES: NO, UNKNOWN: UNKNOWN}[naive(expression["not"], facts)]
    return result(expression, **facts)


def show(profile: dict[str, Any], hidden: set[str]) -> dict[str, Any]:
    return {name: value for name, value in profile.items() if name not in hidden}


@given(_expressions, _full_profiles, _hidden)
def test_evaluation_is_kleenes(expression: Any, profile: dict[str, Any], hidden: set[str]) -> None:
    facts = show(profile, hidden)
    assert check_conditions(expression) == []
    assert result(expression, **facts) == naive(expression, facts)


@given(st.lists(_expressions, min_size=1, max_size=3), _full_profiles, _hidden)
def test_de_morgan_holds(parts: list[Any], profile: dict[str, Any], hidden: set[str]) -> None:
    facts = show(profile, hidden)
    negated = [{"not": part} for part in parts]
    assert result({"not": {"all": parts}}, **facts) == result({"any": negated}, **facts)
    assert result({"not": {"any": parts}}, **facts) == result({"all": negated}, **facts)


@given(_expressions, _full_profiles, _hidden)
def test_more_facts_never_change_what_is_decided(expression: Any, profile: dict[str, Any], hidden: set[str]) -> None:
    partly, wholly = result(expression, **show(profile, hidden)), result(expression, **profile)
    assert wholly != UNKNOWN
    assert partly in (UNKNOWN, wholly)


@settings(max_examples=200)
@given(_expressions, _full_profiles, _hidden)
def test_asking_on_decides(expression: Any, profile: dict[str, Any], hidden: set[str]) -> None:
    """Answering what is asked, round by round, ends in an answer, and nothing known is asked again."""
    facts = show(profile, hidden)
    while result(expression, **facts) == UNKNOWN:
        wanted = asked(expression, **facts)
        assert wanted
        assert not set(wanted) & facts.keys()
        facts |= {name: profile[name] for name in wanted}
    assert asked(expression, **facts) == []


EMPLOYEES = {"fact": "employees", "op": "ge", "value": 20, "unit": "人"}
REGION = {"fact": "region", "op": "prefix", "value": "370100"}
TAX = {"fact": "tax_wan", "op": "ge", "value": 100}


def test_only_what_can_change_the_answer_is_asked_most_deciding_first() -> None:
    expression = {"all": [{"any": [REGION, TAX]}, EMPLOYEES]}
    assert asked(expression, region="370102") == ["employees"]
    assert asked(expression) == ["employees", "region", "tax_wan"]
    assert asked({"all": [EMPLOYEES, TAX]}, tax_wan=5) == []


def test_unknown_both_ways() -> None:
    assert [result(EMPLOYEES), result(EMPLOYEES, employees=20), result(EMPLOYEES, employees=19)] == [UNKNOWN, YES, NO]


@pytest.mark.parametrize(
    ("wanted", "have", "expected"),
    [
        ("370100", "370102", YES),
        ("3701", "370100", YES),
        ("370102", "370100", UNKNOWN),
        ("370102", "370103", NO),
        ("37", "110101", NO),
    ],
)
def test_place_contains_what_lies_under_it(wanted: str, have: str, expected: int) -> None:
    assert result({"fact": "region", "op": "prefix", "value": wanted}, region=have) == expected


@pytest.mark.parametrize(
    ("wanted", "have", "expected"),
    [("C", "C3912", YES), ("I65", "I6513", YES), ("I65", "I", UNKNOWN), ("I65", "I64", NO), ("C", "I65", NO)],
)
def test_section_contains_its_industries(wanted: str, have: str, expected: int) -> None:
    assert result({"fact": "industry", "op": "prefix", "value": wanted}, industry=have) == expected


@pytest.mark.parametrize(
    ("as_of", "expected"), [("2025-12-31", NO), ("2026-01-01", YES), ("2026-12-31", YES), ("2027-01-01", NO)]
)
def test_qualification_counts_while_it_is_valid(as_of: str, expected: int) -> None:
    held = [{"name": "high_tech", "valid_from": "2026-01-01", "valid_to": "2026-12-31"}]
    test = {"fact": "qualifications", "op": "eq", "value": "high_tech", "as_of": as_of}
    assert result(test, qualifications=held) == expected


@pytest.mark.parametrize(("founded", "years"), [("2025-05-07", 0), ("2025-05-06", 1), ("2024-02-29", 2)])
def test_age_is_whole_years(founded: str, years: int) -> None:
    assert result({"fact": "age_years", "op": "eq", "value": years}, established_on=founded) == YES
    assert asked({"fact": "age_years", "op": "ge", "value": 1}) == ["established_on"]


def test_size_outside_the_table_is_left_to_a_person() -> None:
    test = {"fact": "size", "op": "in", "value": ["small", "micro"]}
    assert (result(test, industry="J66"), asked(test, industry="J66")) == (UNKNOWN, [])


def test_reasons_are_sentences_with_their_place() -> None:
    table, have = ConditionTable(), known(employees=12)
    root = compile_conditions({"all": [EMPLOYEES, {"not": TAX}]}, table)
    reasons = explain(root, table.evaluate(have))
    assert [(one.pointer, one.result.value) for one in reasons] == [("/all/0", "NO_MATCH"), ("/all/1/not", "UNKNOWN")]
    assert reasons[0].sentence == "从业人员：要求不低于20人；企业为12人，不符合"
    assert reasons[1].sentence == "纳税额：要求低于100万元；企业未提供，无法判断"


def test_reasons_below_a_not_are_of_the_opposite() -> None:
    """Who fulfils a `not` is told so, not that the test within it fails."""
    table = ConditionTable()
    root = compile_conditions({"not": {"fact": "credit_status", "op": "eq", "value": "dishonest"}}, table)
    (reason,) = explain(root, table.evaluate(known(credit_status="good")))
    assert (reason.result.value, reason.sentence) == ("MATCH", "信用状况：要求不为严重失信主体；企业为良好，符合")
    root = compile_conditions({"not": {"not": EMPLOYEES}}, table)
    (reason,) = explain(root, table.evaluate(known(employees=12)))
    assert (reason.result.value, reason.sentence) == ("NO_MATCH", "从业人员：要求不低于20人；企业为12人，不符合")


def test_clause_without_conditions_is_unknown_and_asks_nothing() -> None:
    table = ConditionTable()
    root, values = compile_conditions(None, table), table.evaluate(known())
    assert (evaluate(root, values), ask_next(root, values)) == (UNKNOWN, [])
    assert "对照原文" in explain(root, values)[0].sentence


def deep(levels: int) -> Any:
    node: Any = EMPLOYEES
    for _ in range(levels - 1):
        node = {"not": node}
    return node


@pytest.mark.parametrize(
    ("expression", "pointer"),
    [
        ([], ""),
        ({}, ""),
        ({"all": []}, "/all"),
        ({"any": {}}, "/any"),
        ({"all": [EMPLOYEES], "any": [EMPLOYEES]}, ""),
        ({"all": [EMPLOYEES, {"fact": "shoe_size", "op": "eq", "value": 1}]}, "/all/1/fact"),
        ({"fact": ["region"], "op": "eq", "value": "37"}, "/fact"),
        ({"fact": "employees", "op": "prefix", "value": 1}, "/op"),
        ({"fact": "employees", "op": ["ge"], "value": 1}, "/op"),
        ({"fact": "employees", "op": "ge", "value": "20"}, "/value"),
        ({"fact": "employees", "op": "ge", "value": True}, "/value"),
        ({"fact": "employees", "op": "ge", "value": 1, "unit": "万元"}, "/unit"),
        ({"fact": "employees", "op": "between", "value": [5, 1]}, "/value"),
        ({"fact": "employees", "op": "ge", "value": 1, "as_of": "2026-01-01"}, "/as_of"),
        ({"fact": "age_years", "op": "ge", "value": 1, "as_of": "2026-02-30"}, "/as_of"),
        ({"fact": "industry", "op": "eq", "value": "C65"}, "/value"),
        ({"fact": "region", "op": "in", "value": ["370100", "3"]}, "/value/1"),
        ({"fact": "region", "op": "exists", "value": 1}, "/value"),
        ({"fact": "size", "op": "in", "value": []}, "/value"),
        ({"fact": "listed", "op": "eq", "value": True, "colour": 1}, "/colour"),
        (deep(11), "/not" * 10),
        ({"any": [EMPLOYEES] * 200}, ""),
    ],
)
def test_fault_is_found_where_it_stands(expression: Any, pointer: str) -> None:
    assert [one.pointer for one in check_conditions(expression)] == [pointer]


def test_bounds_themselves_are_allowed() -> None:
    assert check_conditions(deep(10)) == []
    assert check_conditions({"any": [EMPLOYEES] * 199}) == []


def test_every_fact_is_read_from_the_profile() -> None:
    assert {name for fact in FACTS.values() for name in fact.asked} <= EnterpriseProfile.model_fields.keys()


@given(st.lists(_expressions, min_size=1, max_size=6), _full_profiles, _hidden)
def test_many_together_come_out_as_each_alone(
    expressions: list[Any], profile: dict[str, Any], hidden: set[str]
) -> None:
    table, facts = ConditionTable(), show(profile, hidden)
    clauses = [
        ReadyClause(UUID(int=number), 1, "", "auto", UUID(int=0), {}, compile_conditions(expression, table))
        for number, expression in enumerate(expressions)
    ]
    matched = match_profile(EnterpriseProfile.model_validate(facts), ClauseGroup(clauses, table), TODAY)
    picked = {clause.id.int: outcome for clause, outcome in matched.pick(everything=True, limit=100)}
    assert picked == {number: naive(expression, facts) for number, expression in enumerate(expressions)}
    assert sum(matched.counts().values()) == len(expressions)
