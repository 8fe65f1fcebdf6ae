"""The size table of 国统字〔2017〕213号, its edges and its rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy_api.rules.enterprise_size import SIZES, TABLE, SizeRow, classify
from services.policy_api.rules.industries import SECTIONS, divisions_of, is_industry_code
from shared.schemas.clauses import EnterpriseSize

_LETTER = {division: section for section in SECTIONS for division in divisions_of(section)}
_rows = st.sampled_from(TABLE)
_figure = st.integers(0, 300_000)
_figures = st.fixed_dictionaries(dict.fromkeys(("employees", "revenue_wan", "assets_wan"), _figure))


def code_of(row: SizeRow) -> str:
    return _LETTER[row.prefixes[0][:2]] + row.prefixes[0]


def size(
    industry: str, people: float | None = None, revenue: float | None = None, assets: float | None = None
) -> object:
    return classify(industry, {"employees": people, "revenue_wan": revenue, "assets_wan": assets}).decided


def test_example_of_the_statistics_bureau() -> None:
    assert size("I65", 103, 15735) is EnterpriseSize.MEDIUM


EDGES = [
    ("A01", (None, 20000, None), "large"), ("A01", (None, 19999.99, None), "medium"), ("A01", (None, 49, None), "micro"),
    ("C39", (1000, 40000, None), "large"), ("C39", (999, 40000, None), "medium"), ("D44", (19, 40000, None), "micro"),
    ("B06", (300, 1999, None), "small"), ("E47", (None, 80000, 79999), "medium"), ("E48", (None, 6000, 4999), "small"),
    ("F51", (5, 1000, None), "small"), ("F51", (200, 39999, None), "medium"), ("F52", (9, 20000, None), "micro"),
    ("F52", (300, 20000, None), "large"), ("G54", (300, 3000, None), "medium"), ("G58", (19, 3000, None), "micro"),
    ("G59", (200, 30000, None), "large"), ("G59", (99, 30000, None), "small"), ("G60", (300, 1999, None), "small"),
    ("H61", (100, 2000, None), "medium"), ("H62", (10, 99, None), "micro"), ("I63", (2000, 99999, None), "medium"),
    ("I64", (100, 1000, None), "medium"), ("I6513", (10, 50, None), "small"), ("K7010", (None, 200000, 9999), "medium"),
    ("K7010", (None, 1000, 4999), "small"), ("K7020", (300, 999, None), "small"), ("K7020", (99, 999, None), "micro"),
    ("L71", (300, None, 120000), "large"), ("L72", (300, None, 7999), "small"), ("M73", (300, None, None), "large"),
    ("Q85", (9, None, None), "micro"), ("K7030", (100, None, None), "medium"), ("R86", (10, None, None), "small"),
]  # fmt: skip


@pytest.mark.parametrize(("industry", "figures", "expected"), EDGES)
def test_edges_of_the_table(industry: str, figures: tuple[float | None, ...], expected: str) -> None:
    assert size(industry, *figures) == expected


@given(_rows, _figures)
def test_every_combination_gives_one_class(row: SizeRow, figures: dict[str, float]) -> None:
    verdict = classify(code_of(row), figures)
    assert verdict.decided in SIZES
    assert verdict.missing == ()


@given(_rows, _figures, st.sampled_from(["employees", "revenue_wan", "assets_wan"]), _figure)
def test_growing_never_makes_smaller(row: SizeRow, figures: dict[str, float], name: str, more: int) -> None:
    before = classify(code_of(row), figures).possible[0]
    after = classify(code_of(row), figures | {name: figures[name] + more}).possible[0]
    assert SIZES.index(after) >= SIZES.index(before)


@given(_rows, _figures, st.sets(st.sampled_from(["employees", "revenue_wan", "assets_wan"])))
def test_what_is_not_known_leaves_bounds_that_hold(row: SizeRow, figures: dict[str, float], hidden: set[str]) -> None:
    partly = classify(code_of(row), {name: None if name in hidden else value for name, value in figures.items()})
    assert classify(code_of(row), figures).decided in partly.possible
    assert set(partly.missing) <= hidden
    assert (partly.decided is None) == bool(partly.missing)


def test_rising_bounds_and_known_codes() -> None:
    for row in TABLE:
        assert is_industry_code(code_of(row))
        assert all(list(bounds) == sorted(set(bounds)) for bounds in row.bounds.values())
    assert sum(len(divisions_of(section)) for section in SECTIONS) == 97
    assert len(SECTIONS) == 20


@pytest.mark.parametrize("industry", ["J66", "G53", "P83", "K7040", "S91", "Q84", "T97"])
def test_industries_outside_the_table_have_no_class(industry: str) -> None:
    assert classify(industry, {"employees": 1000}).possible == ()


@pytest.mark.parametrize("industry", ["G", "K", "F", "Q", "I", "K70"])
def test_coarse_code_is_asked_for_more_precisely(industry: str) -> None:
    assert classify(industry, {"employees": 1}).missing == ("industry",)


def test_letter_is_enough_where_the_section_has_one_row() -> None:
    assert size("C", 1000, 40000) is EnterpriseSize.LARGE
