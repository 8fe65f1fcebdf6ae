"""Tasks to interpret again, counts of enquiries, and the figures on interpretation."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy_api.rules.enquiries import check_enquiries
from services.policy_api.rules.follow_up_tasks import FollowUpLimits, closes, due_of, is_mature, times_passed
from services.policy_api.rules.interpretation_duty import Tally, add_up, deadlines, figures_of, is_in_scope
from shared.kit.workdays import load_seed_calendar
from shared.schemas.enquiries import EnquiriesInput
from shared.schemas.interpretation_metrics import Timing
from shared.schemas.interpretation_tasks import TaskReason
from shared.schemas.policies import DocClass, InterpretationStage

TODAY = date(2026, 6, 1)
CALENDAR = load_seed_calendar()


@pytest.mark.parametrize(("count", "times"), [(0, 0), (49, 0), (50, 1), (99, 1), (120, 2)])
def test_each_passing_of_the_threshold_counts_once(count: int, times: int) -> None:
    assert times_passed(count, 50) == times


@pytest.mark.parametrize(
    ("effective_on", "today", "mature"),
    [
        (date(2025, 8, 31), date(2026, 2, 27), False),
        (date(2025, 8, 31), date(2026, 2, 28), True),
        (date(2025, 8, 31), date(2026, 8, 30), True),
        (date(2025, 8, 31), date(2026, 8, 31), False),
        (date(2010, 1, 1), date(2026, 8, 31), False),
    ],
)
def test_six_months_after_effect(effective_on: date, today: date, *, mature: bool) -> None:
    assert is_mature(effective_on, today, 6) is mature


def test_amendment_is_due_in_three_working_days_everything_else_in_twenty() -> None:
    amended = due_of(
        TaskReason.AMENDED, caused_on=date(2025, 9, 30), today=TODAY, calendar=CALENDAR, limits=FollowUpLimits()
    )
    assert amended.on == date(2025, 10, 11)  # the National Day holiday lies between, Saturday 11 October is worked
    asked = due_of(
        TaskReason.ENQUIRIES,
        caused_on=date(2025, 9, 1),
        today=date(2025, 9, 22),
        calendar=CALENDAR,
        limits=FollowUpLimits(),
    )
    assert asked.on == date(2025, 10, 24)


@pytest.mark.parametrize(
    ("reason", "stage", "published_on", "closed"),
    [
        ("enquiries", "follow_up", date(2026, 3, 10), True),
        ("enquiries", "follow_up", date(2026, 3, 9), False),
        ("enquiries", "issue", date(2026, 3, 20), False),
        ("amended", "issue", date(2026, 3, 1), True),
        ("amended", "follow_up", date(2026, 2, 28), False),
        ("amended", "draft", date(2026, 3, 20), False),
    ],
)
def test_which_interpretation_closes_a_task(reason: str, stage: str, published_on: date, *, closed: bool) -> None:
    answer = closes(
        TaskReason(reason),
        caused_on=date(2026, 3, 1),
        opened_on=date(2026, 3, 10),
        stage=InterpretationStage(stage),
        published_on=published_on,
    )
    assert answer is closed


def enquiries(**changes: Any) -> dict[str, Any]:
    return {
        "policy": {"external_id": "a"},
        "period_from": "2026-05-01",
        "period_to": "2026-05-31",
        "count": 30,
        "topics": [{"topic": "用餐资格", "count": 20}],
    } | changes


@pytest.mark.parametrize(
    ("changes", "pointers"),
    [
        ({}, []),
        ({"period_to": "2026-06-02"}, ["/period_to"]),
        ({"period_to": "2026-04-30"}, ["/period_to"]),
        ({"period_from": "2025-05-01"}, ["/period_to"]),
        ({"period_from": "1900-05-01", "period_to": "1900-05-01"}, ["/period_from"]),
        ({"count": 19}, ["/topics"]),
        ({"topics": [{"topic": "用餐", "count": 1}, {"topic": "用餐", "count": 1}]}, ["/topics/1/topic"]),
        ({"topics": [{"topic": "13800138000", "count": 1}]}, ["/topics/0/topic"]),
        ({"policy": {"external_id": "a", "articles": ["art-1"]}}, ["/policy/articles"]),
    ],
)
def test_counts_that_cannot_be(changes: dict[str, Any], pointers: list[str]) -> None:
    found = check_enquiries(EnquiriesInput.model_validate(enquiries(**changes)), TODAY)
    assert [error.pointer for error in found] == pointers


@pytest.mark.parametrize(
    ("doc_class", "concerns_many", "in_scope"),
    [
        ("regulation", False, True),
        ("normative", False, True),
        ("other", False, False),
        ("other", True, True),
        ("law", True, False),
    ],
)
def test_scope(doc_class: str, *, concerns_many: bool, in_scope: bool) -> None:
    assert is_in_scope(DocClass(doc_class), concerns_many=concerns_many) is in_scope


def test_deadlines_follow_the_calendar_and_say_where_it_ends() -> None:
    found = {
        one.published_on: one for one in deadlines(date(2025, 9, 30), date(2025, 10, 9), CALENDAR, late_workdays=3)
    }
    assert len(found) == 10
    assert found[date(2025, 9, 30)].due_on == date(2025, 10, 11)
    assert not any(one.provisional for one in found.values())
    assert deadlines(date(2031, 1, 1), date(2031, 1, 1), CALENDAR, late_workdays=3)[0].provisional


counts = st.dictionaries(st.sampled_from(Timing), st.integers(0, 500))


def tally(timing: dict[Timing, int], forms: int = 0, links: int = 0, resolving: int = 0) -> Tally:
    return Tally(sum(timing.values()), timing, forms, 0, links, resolving)


@given(counts, counts)
def test_figures_hold_together_and_add_up(one: dict[Timing, int], other: dict[Timing, int]) -> None:
    figures: dict[str, Any] = figures_of(add_up([tally(one), tally(other)]))
    assert figures["in_scope"] + figures["timing"][Timing.EXEMPT] == figures["policies"]
    assert figures["interpreted"] <= figures["in_scope"]
    for name in ("interpretation_ratio", "on_time_ratio"):
        assert figures[name] is None or 0 <= figures[name] <= 1
    assert all(figures["timing"][key] == one.get(key, 0) + other.get(key, 0) for key in Timing)


def test_what_is_not_due_yet_is_neither_on_time_nor_late() -> None:
    timing = {
        Timing.SAME_DAY: 1,
        Timing.IN_TIME: 1,
        Timing.LATE: 1,
        Timing.PENDING: 1,
        Timing.MISSING: 1,
        Timing.EXEMPT: 5,
    }
    figures = figures_of(tally(timing, forms=6, links=4, resolving=3))
    assert (figures["interpretation_ratio"], figures["on_time_ratio"]) == (0.6, 0.5)
    assert (figures["forms_per_policy"], figures["link_integrity_ratio"]) == (2.0, 0.75)
    assert figures_of(tally({}))["interpretation_ratio"] is None
