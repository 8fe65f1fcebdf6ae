"""TS-21 to TS-25 and TS-27 to TS-29, each failing and passing, with worked dates."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.policy_api.rules.three_sync import Dossier
from services.policy_api.rules.three_sync.facts import Amendment, Feedback, FollowUpTask, Medium
from services.policy_api.rules.three_sync.follow_up import add_months
from services.policy_api.rules.three_sync.quality import PARTS
from shared.schemas.dossiers import Severity
from shared.schemas.interpretation_tasks import TaskReason, TaskState
from shared.schemas.policies import InterpretationForm, InterpretationStage, RelationType
from tests.unit.three_sync.factory import (
    FAIL,
    NOT_APPLICABLE,
    PASS,
    RELEASED_ON,
    drafted,
    finding,
    make_material,
    make_policy,
    released,
    signed,
    status,
    with_material,
)

VIDEO = make_material(id="m-video", form=InterpretationForm.VIDEO)
EXPERT = make_material(id="m-expert", form=InterpretationForm.EXPERT)


@pytest.mark.parametrize("mark", ["major", "livelihood", "market_related"])
def test_ts_21_important_policies_need_two_forms_one_of_them_not_text(mark: str) -> None:
    policy = make_policy(**{mark: True})
    assert status(drafted(policy=policy), "TS-21") is FAIL
    assert status(drafted(policy=policy, materials=(make_material(), EXPERT)), "TS-21") is FAIL
    assert status(drafted(policy=policy, materials=(make_material(), VIDEO)), "TS-21") is PASS


def test_ts_21_does_not_apply_to_others() -> None:
    assert status(drafted(), "TS-21") is NOT_APPLICABLE


def test_ts_22_passes_when_all_parts_are_covered_by_the_materials_together() -> None:
    assert status(drafted(), "TS-22") is PASS
    half = frozenset(list(PARTS)[:4])
    pair = (make_material(sections=half), make_material(id="m-2", sections=frozenset(PARTS) - half))
    assert status(drafted(materials=pair), "TS-22") is PASS


@pytest.mark.parametrize("part", list(PARTS))
def test_ts_22_fails_and_names_each_part_that_lacks(part: str) -> None:
    found = finding(drafted(materials=(make_material(sections=frozenset(PARTS) - {part}),)), "TS-22")
    assert (found.status, found.severity) == (FAIL, Severity.WARN)
    assert [item.value for item in found.evidence] == [part]


@pytest.mark.parametrize("relation", [RelationType.AMENDS, RelationType.REPLACES])
def test_ts_22_differences_are_needed_when_an_older_document_is_changed(relation: RelationType) -> None:
    policy = make_policy(relations=frozenset({relation}))
    assert status(drafted(policy=policy), "TS-22") is FAIL
    told = make_material(sections=frozenset({*PARTS, "differences"}))
    assert status(drafted(policy=policy, materials=(told,)), "TS-22") is PASS


def test_ts_22_a_service_needs_its_procedure() -> None:
    assert status(drafted(handles_applications=True), "TS-22") is FAIL
    told = make_material(sections=frozenset({*PARTS, "procedure"}))
    assert status(drafted(handles_applications=True, materials=(told,)), "TS-22") is PASS


@pytest.mark.parametrize(("share", "expected"), [(0.0, PASS), (0.59, PASS), (0.6, FAIL), (1.0, FAIL)])
def test_ts_23_an_interpretation_is_no_abridgement(share: float, expected: object) -> None:
    assert status(with_material(drafted(), similarity=share), "TS-23") is expected


@pytest.mark.parametrize("lacking", [{"contact_organ": None}, {"contact_phone": " "}])
def test_ts_24_fails_without_organ_or_telephone(lacking: dict[str, Any]) -> None:
    assert status(drafted(), "TS-24") is PASS
    assert status(with_material(drafted(), **lacking), "TS-24") is FAIL


def test_ts_25_wants_text_beside_every_picture() -> None:
    assert status(drafted(), "TS-25") is NOT_APPLICABLE
    described, bare = Medium("图1", has_alternative=True), Medium("图2", has_alternative=False)
    assert status(with_material(drafted(), media=(described,)), "TS-25") is PASS
    found = finding(with_material(drafted(), media=(described, bare)), "TS-25")
    assert found.status is FAIL
    assert found.sentence.startswith("图2没有替代文本")


@pytest.mark.parametrize("rule", ["TS-22", "TS-23", "TS-24", "TS-25"])
def test_without_material_its_quality_is_not_judged(rule: str) -> None:
    assert status(drafted(materials=()), rule) is NOT_APPLICABLE


FOLLOW_UP = make_material(id="m-follow", stage=InterpretationStage.FOLLOW_UP)


@pytest.mark.parametrize("feedback", [Feedback(enquiries=50), Feedback(evaluation_issues=True)])
def test_ts_27_questions_or_evaluation_call_for_a_second_interpretation(feedback: Feedback) -> None:
    dossier = released(feedback=feedback)
    assert status(dossier, "TS-27") is FAIL
    assert status(replace(dossier, feedback=replace(feedback, follow_up_tasks=("二次解读",))), "TS-27") is PASS
    assert status(released(feedback=feedback, materials=(make_material(), FOLLOW_UP)), "TS-27") is PASS


def test_ts_27_the_librarys_own_task_is_enough_until_it_is_overdue() -> None:
    task = FollowUpTask("t-1", TaskReason.ENQUIRIES, date(2026, 4, 30), TaskState.OPEN)
    dossier = released(feedback=Feedback(enquiries=50, tasks=(task,)))
    assert status(dossier, "TS-27", date(2026, 4, 30)) is PASS
    assert status(dossier, "TS-27", date(2026, 5, 1)) is FAIL
    dismissed = replace(task, state=TaskState.DISMISSED)
    assert status(released(feedback=Feedback(enquiries=50, tasks=(dismissed,))), "TS-27", date(2026, 5, 1)) is PASS


def test_ts_27_does_not_apply_without_cause() -> None:
    assert status(released(feedback=Feedback(enquiries=49)), "TS-27") is NOT_APPLICABLE
    assert status(signed(feedback=Feedback(enquiries=99)), "TS-27") is NOT_APPLICABLE


def test_ts_27_a_major_policy_is_followed_up_six_months_after_it_takes_effect() -> None:
    dossier = released(policy=make_policy(major=True, effective_on=date(2025, 8, 31)))
    assert status(dossier, "TS-27", date(2026, 2, 27)) is NOT_APPLICABLE
    assert status(dossier, "TS-27", date(2026, 2, 28)) is FAIL


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        (date(2025, 8, 31), 6, date(2026, 2, 28)),
        (date(2023, 8, 31), 6, date(2024, 2, 29)),
        (date(2025, 7, 1), 6, date(2026, 1, 1)),
        (date(2025, 12, 31), 0, date(2025, 12, 31)),
        (date(9999, 12, 1), 6, date.max),
    ],
)
def test_months_end_where_the_month_ends(day: date, count: int, expected: date) -> None:
    assert add_months(day, count) == expected


BEFORE_NATIONAL_DAY = date(2025, 9, 30)


def amended(interpreted_on: date | None) -> Dossier:
    return released(amendments=(Amendment("amendment-1", BEFORE_NATIONAL_DAY, interpreted_on),))


def test_ts_28_passes_when_the_amendment_was_interpreted_in_three_working_days() -> None:
    assert status(amended(date(2025, 10, 11)), "TS-28", date(2025, 12, 1)) is PASS


def test_ts_28_fails_when_it_was_not() -> None:
    assert status(amended(date(2025, 10, 12)), "TS-28", date(2025, 12, 1)) is FAIL
    assert status(amended(None), "TS-28", date(2025, 10, 12)) is FAIL


def test_ts_28_waits_while_the_days_run_and_without_amendment() -> None:
    found = finding(amended(None), "TS-28", date(2025, 10, 11))
    assert found.status is NOT_APPLICABLE
    assert "2025-10-11" in found.sentence
    assert status(released(), "TS-28") is NOT_APPLICABLE
    assert status(signed(), "TS-28") is NOT_APPLICABLE


def test_ts_29_passes_when_the_materials_of_an_ended_policy_are_flagged() -> None:
    ended = released(policy=make_policy(expires_on=date(2025, 12, 31)))
    assert status(with_material(ended, flagged=True), "TS-29", date(2026, 2, 1)) is PASS


@pytest.mark.parametrize(
    ("changes", "last_good_day"),
    [
        # Valid through 2025-12-31; January 1 to 3 are off, Sunday the 4th is worked.
        ({"expires_on": date(2025, 12, 31)}, date(2026, 1, 4)),
        ({"repealed_on": BEFORE_NATIONAL_DAY}, date(2025, 10, 9)),
        ({"repealed_on": BEFORE_NATIONAL_DAY, "expires_on": date(2027, 1, 1)}, date(2025, 10, 9)),
    ],
)
def test_ts_29_fails_one_working_day_after_the_end(changes: dict[str, Any], last_good_day: date) -> None:
    ended = released(policy=make_policy(**changes))
    assert status(ended, "TS-29", last_good_day) is NOT_APPLICABLE
    assert status(ended, "TS-29", last_good_day + timedelta(days=1)) is FAIL


def test_ts_29_does_not_apply_while_the_policy_is_in_force() -> None:
    dossier = released(policy=make_policy(expires_on=date(2025, 12, 31), repealed_on=date(2026, 5, 1)))
    assert status(dossier, "TS-29", date(2025, 12, 31)) is NOT_APPLICABLE
    assert status(signed(), "TS-29", RELEASED_ON) is NOT_APPLICABLE
