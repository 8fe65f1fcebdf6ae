"""The procedure of a major decision: no step without its record, no meeting before all of them (PP-02 to PP-09, PP-C3)."""

from datetime import date
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy_api.rules.decisions import (
    check_decision,
    decision_changes_on,
    decision_status,
    missing_gates,
    supply_decision,
)
from services.policy_api.rules.entry_kinds.evaluation import check_evaluation
from shared.kit.errors import RuleViolation
from shared.kit.workdays import load_seed_calendar
from shared.schemas.consultations import ConsultationStatus
from shared.schemas.decisions import DecisionInput, EvaluationInput
from tests.participation import DELIBERATION, GATES, PUBLICATION, TODAY, decision, evaluation, hearing

CALENDAR = load_seed_calendar()
WAIVED = {"not_applicable_reason": "不涉及专业技术问题"}
PASSED = GATES | {"deliberation": DELIBERATION}
IN_FORCE = PASSED | {"publication": PUBLICATION, "implemented_on": "2026-05-01"}


def pointers(**changes: Any) -> list[str]:
    return [error.pointer for error in check_decision(DecisionInput.model_validate(decision(**changes)), TODAY)]


def supply(
    have: dict[str, Any] | None = None,
    adjustments: tuple[Any, ...] = (),
    consultation: ConsultationStatus | None = None,
    **changes: Any,
) -> dict[str, Any]:
    kept = None
    if have is not None:
        kept = DecisionInput.model_validate(have).model_dump(mode="json"), {"adjustments": list(adjustments)}
    return supply_decision(
        DecisionInput.model_validate(decision(**changes)),
        kept,
        TODAY,
        calendar=CALENDAR,
        legality_workdays=7,
        consultation=consultation,
    )


def refused_pointers(have: dict[str, Any] | None = None, **changes: Any) -> list[str]:
    with pytest.raises(RuleViolation) as refused:
        supply(have, **changes)
    return [error.pointer for error in refused.value.errors or []]


def test_item_with_its_whole_procedure_is_sound() -> None:
    assert pointers() == []
    assert pointers(**PASSED) == []
    assert pointers(**IN_FORCE, evaluated_on="2026-05-05") == []


@given(present=st.sets(st.sampled_from(sorted(GATES))))
def test_meeting_is_refused_with_exactly_what_is_missing(present: set[str]) -> None:
    done = {name: GATES[name] for name in present}
    missing = [name for name in GATES if name not in present]
    wanted = DecisionInput.model_validate(decision(**done, deliberation=DELIBERATION))
    assert [gate.name for gate in missing_gates(wanted)] == missing
    expected = ["/deliberation", *(f"/{name}" for name in missing)] if missing else []
    assert [error.pointer for error in check_decision(wanted, TODAY)] == expected


def test_refusal_names_what_is_missing() -> None:
    wanted = DecisionInput.model_validate(decision(deliberation=DELIBERATION))
    detail = check_decision(wanted, TODAY)[0].detail
    for name in ("公众参与", "专家论证", "风险评估", "合法性审查", "集体讨论"):
        assert name in detail


WAIVABLE = sorted(set(GATES) - {"legality_review"})


@pytest.mark.parametrize("names", [names for size in (1, 4) for names in combinations(WAIVABLE, size)])
def test_step_that_does_not_apply_needs_its_reason_only(names: tuple[str, ...]) -> None:
    assert pointers(**PASSED | dict.fromkeys(names, WAIVED)) == []


def test_legality_review_cannot_be_waived() -> None:
    """国令713 第二十五条."""
    with pytest.raises(ValueError, match="legality_review"):
        DecisionInput.model_validate(decision(legality_review=WAIVED))


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"participation": GATES["participation"] | {"completed_on": None, "adoption": None}}, "/deliberation"),
        ({"expert_review": GATES["expert_review"] | {"completed_on": "2026-04-03"}}, "/expert_review/completed_on"),
        ({"legality_review": GATES["legality_review"] | {"result": "unlawful"}}, "/legality_review/result"),
        ({"legality_review": {"submitted_on": "2026-03-13"}}, "/deliberation"),
        ({"participation": GATES["participation"] | {"adoption": None}}, "/participation/adoption"),
        ({"deliberation": DELIBERATION | {"held_on": "2026-05-07"}}, "/deliberation/held_on"),
        ({"participation": GATES["participation"] | {"hearing": hearing(materials_sent_on="2026-05-19")}},
         "/participation/hearing/materials_sent_on"),
        ({"party_consent": {"given_on": "2026-01-27"}}, "/party_consent/given_on"),
        ({"catalog_published_on": "2026-05-07"}, "/catalog_published_on"),
        ({"deliberation": DELIBERATION | {"outcome": "rejected"}, "publication": PUBLICATION}, "/publication"),
        ({"publication": PUBLICATION | {"published_on": "2026-04-01"}}, "/publication/published_on"),
        ({"implemented_on": "2026-05-01"}, "/implemented_on"),
        ({"publication": PUBLICATION, "implemented_on": "2026-04-07"}, "/implemented_on"),
        ({"publication": PUBLICATION, "evaluated_on": "2026-05-05"}, "/evaluated_on"),
        ({"expert_review": GATES["expert_review"] | {"opinion": "专家电话13800138000，方案可行。"}}, "/expert_review/opinion"),
    ],
)  # fmt: skip
def test_record_out_of_order_is_refused(changes: dict[str, Any], pointer: str) -> None:
    assert pointer in pointers(**PASSED | changes)


@pytest.mark.parametrize(
    ("submitted_on", "completed_on", "allowed"),
    [
        ("2026-03-13", "2026-03-24", True),  # Friday; seven working days end on Tuesday
        ("2026-03-13", "2026-03-23", False),
        ("2025-09-28", "2025-10-14", True),  # a working Sunday; 国庆 and the make-up Saturday 10-11 between
        ("2025-09-28", "2025-10-13", False),
    ],
)
def test_P_16_legality_review_is_given_seven_working_days(submitted_on: str, completed_on: str, allowed: bool) -> None:
    review = {"submitted_on": submitted_on, "completed_on": completed_on, "result": "lawful"}
    if allowed:
        assert supply(legality_review=review) == {"adjustments": []}
    else:
        assert refused_pointers(legality_review=review) == ["/legality_review/completed_on"]
        assert supply(legality_review=review | {"shortened_reason": "防汛应急需要"}) == {"adjustments": []}


CONSULTED = GATES["participation"] | {"consultation_id": "01890000-0000-7000-8000-000000000001"}


def test_participation_ends_with_the_result_of_the_consultation_it_names() -> None:
    assert refused_pointers(participation=CONSULTED) == ["/participation/consultation_id"]
    with pytest.raises(RuleViolation):
        supply(consultation=ConsultationStatus.CLOSED, participation=CONSULTED)
    supply(consultation=ConsultationStatus.RESULT_PUBLISHED, participation=CONSULTED)
    running = CONSULTED | {"completed_on": None, "adoption": None}
    supply(consultation=ConsultationStatus.OPEN, participation=running)


def test_adjustment_of_the_catalog_needs_a_reason_and_is_kept() -> None:
    assert refused_pointers(decision(), planned_time="2026年第三季度") == ["/adjustment_reason"]
    reason = "选址工作量超出预期"
    first = supply(decision(), planned_time="2026年第三季度", adjustment_reason=reason)["adjustments"]
    assert first == [{"adjusted_on": "2026-05-06", "reason": reason, "before": {"planned_time": "2026年第二季度"}}]
    have = decision(planned_time="2026年第三季度", adjustment_reason=reason)
    again = supply(have, tuple(first), planned_time="2026年第三季度", adjustment_reason=reason)
    assert again == {"adjustments": first}
    second = supply(have, tuple(first), planned_time="2026年第三季度", year=2027, adjustment_reason="跨年实施的需要")
    assert [one["before"] for one in second["adjustments"]] == [{"planned_time": "2026年第二季度"}, {"year": "2026"}]


def test_records_of_the_procedure_are_not_adjustments_and_cannot_be_removed() -> None:
    assert supply(decision(), **GATES) == {"adjustments": []}
    gone = {name: value for name, value in PASSED.items() if name != "expert_review"}
    assert refused_pointers(decision(**PASSED), **gone) == ["/expert_review"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "planned"),
        ({"participation": WAIVED}, "planned"),
        ({"participation": GATES["participation"]}, "participation"),
        ({"participation": WAIVED, "legality_review": {"submitted_on": "2026-03-13"}}, "review"),
        (GATES, "review"),
        (PASSED, "deliberated"),
        (PASSED | {"publication": PUBLICATION}, "published"),
        (IN_FORCE | {"implemented_on": "2026-05-07"}, "published"),
        (IN_FORCE | {"implemented_on": "2026-05-06"}, "implemented"),
        (IN_FORCE | {"evaluated_on": "2026-05-05"}, "evaluated"),
    ],
)
def test_status_is_how_far_the_records_reach(changes: dict[str, Any], status: str) -> None:
    content = DecisionInput.model_validate(decision(**changes)).model_dump(mode="json")
    assert decision_status(content, TODAY) == status
    assert decision_changes_on(content, TODAY) == (
        date(2026, 5, 7) if content["implemented_on"] == "2026-05-07" else None
    )


def test_evaluation_that_asks_for_change_says_what_it_found() -> None:
    def faults(**changes: Any) -> list[str]:
        wanted = EvaluationInput.model_validate(evaluation(**{"policies": [{"doc_no": "泉政发〔2026〕1号"}]} | changes))
        return [error.pointer for error in check_evaluation(wanted, TODAY)]

    assert faults() == []
    assert faults(conclusion="amend") == ["/issues"]
    assert faults(conclusion="amend", issues=[{"issue": "早餐价格标准偏高"}]) == []
    assert faults(evaluated_on="2026-05-07") == ["/evaluated_on"]
    assert faults(policies=[]) == ["/policies"]
    assert faults(issues=[{"issue": "投诉人13800138000反映"}]) == ["/issues/0/issue"]
