"""TS-17 to TS-20, TS-26 and TS-30, each failing and passing, with worked dates."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from services.policy_api.rules.three_sync import Dossier
from services.policy_api.rules.three_sync.facts import Activity, Exemption
from shared.schemas.dossiers import ExemptionReason, RuleStatus, Severity
from shared.schemas.policies import InterpretationForm, InterpretationStage, PublicityAttribute
from tests.unit.three_sync.factory import (
    DRAFTER,
    FAIL,
    NOT_APPLICABLE,
    PASS,
    RELEASED_ON,
    TARGET,
    digest,
    drafted,
    finding,
    make_material,
    make_plan,
    make_policy,
    released,
    signed,
    status,
    with_material,
)


def test_ts_17_is_judged_after_release() -> None:
    assert status(signed(), "TS-17") is NOT_APPLICABLE


BEFORE_NATIONAL_DAY = date(2025, 9, 30)


@pytest.mark.parametrize(
    ("policy_on", "material_on", "expected"),
    [
        (RELEASED_ON, RELEASED_ON, (PASS, Severity.ERROR)),
        # Thursday to the Tuesday after: Friday, Monday, Tuesday.
        (RELEASED_ON, date(2025, 6, 10), (FAIL, Severity.WARN)),
        (RELEASED_ON, date(2025, 6, 11), (FAIL, Severity.ERROR)),
        # 国庆 2025: October 1 to 8 are off, Saturday the 11th is worked: 9, 10, 11.
        (BEFORE_NATIONAL_DAY, date(2025, 10, 11), (FAIL, Severity.WARN)),
        (BEFORE_NATIONAL_DAY, date(2025, 10, 12), (FAIL, Severity.ERROR)),
        # 春节 2026: from February 14 (a worked Saturday) the next working days are 24, 25, 26.
        (date(2026, 2, 14), date(2026, 2, 26), (FAIL, Severity.WARN)),
        (date(2026, 2, 14), date(2026, 2, 27), (FAIL, Severity.ERROR)),
        (RELEASED_ON, RELEASED_ON - timedelta(days=1), (FAIL, Severity.ERROR)),
    ],
)
def test_ts_17_and_P_14_grades_by_working_days(
    policy_on: date, material_on: date, expected: tuple[RuleStatus, Severity]
) -> None:
    dossier = with_material(released(on=policy_on), published_on=material_on)
    found = finding(dossier, "TS-17", max(policy_on, material_on))
    assert (found.status, found.severity) == expected


def test_ts_17_fails_when_nothing_interprets_the_public_policy() -> None:
    found = finding(with_material(released(), published_on=None), "TS-17")
    assert (found.status, found.severity) == (FAIL, Severity.ERROR)


def test_ts_17_counts_from_the_first_material_and_says_the_latest_day() -> None:
    later = make_material(id="m-2", published_on=RELEASED_ON + timedelta(days=30))
    found = finding(released(materials=(make_material(), later)), "TS-17")
    assert found.status is PASS
    assert {"2025-06-10"} == {item.value for item in found.evidence if item.name == "latest_on"}


def test_ts_17_does_not_apply_to_an_exempt_policy() -> None:
    exemption = Exemption(digest("exemption"), ExemptionReason.MEETING_NOTICE, "meeting_notice", DRAFTER)
    dossier = released(plan=None, materials=(), exemption=exemption)
    assert status(dossier, "TS-17") is NOT_APPLICABLE
    assert status(dossier, "TS-20") is NOT_APPLICABLE
    assert status(dossier, "TS-30") is NOT_APPLICABLE


def test_ts_18_passes_when_both_links_resolve() -> None:
    assert status(released(), "TS-18") is PASS
    assert status(signed(), "TS-18") is NOT_APPLICABLE


@pytest.mark.parametrize(
    ("broken", "direction"),
    [
        ({"shown_on_policy": False}, "政策→解读"),
        ({"public": False}, "政策→解读"),
        ({"target": replace(TARGET, policy_id="another")}, "解读→政策"),
    ],
)
def test_ts_18_fails_when_a_link_is_missing_or_does_not_open(broken: dict[str, Any], direction: str) -> None:
    found = finding(with_material(released(), **broken), "TS-18")
    assert found.status is FAIL
    assert f"（{direction}）" in found.sentence


def test_ts_18_fails_when_the_policy_does_not_open() -> None:
    assert status(taken_down(released()), "TS-18") is FAIL


def test_ts_18_does_not_apply_before_a_material_is_public() -> None:
    assert status(with_material(released(), published_on=None), "TS-18") is NOT_APPLICABLE


def taken_down(dossier: Dossier) -> Dossier:
    assert dossier.publication is not None
    return replace(dossier, publication=replace(dossier.publication, in_library=False))


def test_ts_19_passes_when_both_are_in_the_library_and_related() -> None:
    assert status(released(), "TS-19") is PASS
    assert status(signed(), "TS-19") is NOT_APPLICABLE


def test_ts_19_fails_when_one_is_not() -> None:
    assert status(taken_down(released()), "TS-19") is FAIL
    assert status(with_material(released(), public=False), "TS-19") is FAIL
    assert status(with_material(released(), shown_on_policy=False), "TS-19") is FAIL


def test_ts_19_does_not_apply_to_a_policy_without_material() -> None:
    assert status(released(materials=()), "TS-19") is NOT_APPLICABLE


TWO_CHANNELS = make_plan(
    activities=(
        Activity("市政府门户网站", InterpretationForm.TEXT, InterpretationStage.ISSUE, days_after_release=0),
        Activity("泉城日报", InterpretationForm.MEDIA, InterpretationStage.ISSUE, on=RELEASED_ON + timedelta(days=3)),
    )
)


def test_ts_20_passes_when_every_channel_that_is_due_has_its_receipt() -> None:
    assert status(released(plan=TWO_CHANNELS), "TS-20", RELEASED_ON + timedelta(days=2)) is PASS


def test_ts_20_fails_when_a_channel_missed_its_day() -> None:
    found = finding(released(plan=TWO_CHANNELS), "TS-20", RELEASED_ON + timedelta(days=3))
    assert (found.status, found.severity) == (FAIL, Severity.WARN)
    assert "泉城日报（2025-06-08）" in found.sentence
    assert "市政府门户网站" not in found.sentence


def test_ts_20_does_not_apply_before_a_day_has_come() -> None:
    assert status(signed(), "TS-20") is NOT_APPLICABLE
    late = replace(TWO_CHANNELS, activities=TWO_CHANNELS.activities[1:])
    assert status(released(plan=late), "TS-20") is NOT_APPLICABLE


def test_ts_26_passes_when_the_material_names_the_policy_as_it_is() -> None:
    assert status(drafted(), "TS-26") is PASS


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"doc_no": "泉政办发〔2025〕4号"}, "发文字号"),
        ({"theme": "综合政务\\信访"}, "主题分类"),
        ({"issuers": ("泉城市教育局",)}, "发文机关"),
        ({"policy_id": "another"}, "政策"),
    ],
)
def test_ts_26_fails_when_it_names_another(wrong: dict[str, Any], named: str) -> None:
    found = finding(with_material(released(), target=replace(TARGET, **wrong)), "TS-26")
    assert found.status is FAIL
    assert f"material-1的{named}" in found.sentence


def test_ts_26_does_not_apply_without_material() -> None:
    assert status(drafted(materials=()), "TS-26") is NOT_APPLICABLE


def planned(on: date, stage: InterpretationStage = InterpretationStage.ISSUE) -> Dossier:
    return drafted(plan=make_plan(activities=(Activity("泉城日报", InterpretationForm.MEDIA, stage, on=on),)))


def test_ts_30_passes_on_and_after_the_day_of_publication() -> None:
    assert status(planned(RELEASED_ON), "TS-30") is PASS
    assert status(drafted(), "TS-30") is PASS
    assert status(released(plan=TWO_CHANNELS), "TS-30") is PASS


def test_ts_30_fails_when_an_interpretation_is_planned_before_the_policy() -> None:
    found = finding(planned(RELEASED_ON - timedelta(days=1)), "TS-30", date(2025, 6, 1))
    assert (found.status, found.severity) == (FAIL, Severity.BLOCK)


def test_ts_30_lets_the_draft_be_interpreted_before() -> None:
    early = planned(RELEASED_ON - timedelta(days=40), InterpretationStage.DRAFT)
    assert status(early, "TS-30", date(2025, 4, 1)) is PASS


def test_ts_30_fails_when_the_release_comes_later_than_planned() -> None:
    assert status(planned(RELEASED_ON), "TS-30", RELEASED_ON + timedelta(days=1)) is FAIL
    late = released(on=RELEASED_ON + timedelta(days=1), plan=planned(RELEASED_ON).plan)
    assert status(late, "TS-30") is FAIL


def test_ts_30_does_not_apply_to_what_is_not_public() -> None:
    policy = make_policy(publicity=PublicityAttribute.WITHHELD, publicity_reason="涉密")
    assert status(drafted(policy=policy), "TS-30") is NOT_APPLICABLE
