"""TS-01 to TS-08, each failing and passing."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.policy_api.rules.three_sync import Dossier
from services.policy_api.rules.three_sync.facts import Actor, ConsultationFacts, Exemption, FirstInterpreter, Review
from shared.schemas.dossiers import ExemptionReason, ReviewResult, ReviewType
from shared.schemas.policies import DocClass, InterpretationForm, InterpretationStage, PublicityAttribute
from tests.unit.three_sync.factory import (
    DRAFTER,
    FAIL,
    NOT_APPLICABLE,
    OTHER_UNIT,
    PASS,
    RELEASED_ON,
    REVIEWED_AT,
    REVIEWER,
    SUBMITTED_AT,
    UNIT,
    check,
    digest,
    drafted,
    finding,
    make_material,
    make_plan,
    make_policy,
    status,
    submitted,
)


def office_review(dossier: Dossier, subject: str, content: str, **changes: Any) -> Dossier:
    values: dict[str, Any] = {
        "id": "office-review",
        "type": ReviewType.DISCLOSURE_OFFICE,
        "subject": subject,
        "hash": content,
        "result": ReviewResult.PASS,
        "actor": REVIEWER,
        "at": REVIEWED_AT,
    }
    return replace(dossier, reviews=(*dossier.reviews, Review(**(values | changes))))


def test_ts_01_passes_when_the_policy_is_to_be_public() -> None:
    assert status(drafted(), "TS-01") is PASS


def test_ts_01_fails_without_a_publicity_attribute() -> None:
    assert status(drafted(policy=make_policy(publicity=None)), "TS-01") is FAIL


@pytest.mark.parametrize("publicity", [PublicityAttribute.WITHHELD, PublicityAttribute.ON_REQUEST])
def test_ts_01_fails_without_a_reason_for_not_publishing(publicity: PublicityAttribute) -> None:
    assert status(drafted(policy=make_policy(publicity=publicity, publicity_reason=" ")), "TS-01") is FAIL


def test_ts_01_wants_the_disclosure_offices_review_of_this_very_text() -> None:
    policy = make_policy(publicity=PublicityAttribute.WITHHELD, publicity_reason="涉及商业秘密")
    dossier = drafted(policy=policy)
    assert status(dossier, "TS-01") is FAIL
    assert status(office_review(dossier, "policy", digest("older")), "TS-01") is FAIL
    assert status(office_review(dossier, "policy", policy.hash, result=ReviewResult.FAIL), "TS-01") is FAIL
    found = finding(office_review(dossier, "policy", policy.hash), "TS-01")
    assert found.status is PASS
    assert ("review", "office-review") in {(item.name, item.value) for item in found.evidence}


def test_ts_01_on_request_needs_a_reason_only() -> None:
    policy = make_policy(publicity=PublicityAttribute.ON_REQUEST, publicity_reason="涉及第三方")
    assert status(drafted(policy=policy), "TS-01") is PASS


def test_ts_02_passes_with_a_plan_made_before_submission() -> None:
    assert status(drafted(), "TS-02") is PASS
    assert status(submitted(), "TS-02") is PASS


@pytest.mark.parametrize("after", [timedelta(0), timedelta(seconds=1)])
def test_ts_02_fails_when_the_plan_is_not_older_than_the_submission(after: timedelta) -> None:
    assert status(submitted(plan=make_plan(created_at=SUBMITTED_AT + after)), "TS-02") is FAIL


def test_ts_02_fails_without_a_plan() -> None:
    assert status(drafted(plan=None), "TS-02") is FAIL


def test_ts_02_does_not_apply_to_what_is_not_public() -> None:
    policy = make_policy(publicity=PublicityAttribute.WITHHELD, publicity_reason="涉密")
    for rule in ("TS-02", "TS-03", "TS-04", "TS-05", "TS-06", "TS-09", "TS-10", "TS-11", "TS-21", "TS-22"):
        assert status(drafted(policy=policy), rule) is NOT_APPLICABLE, rule


def test_ts_03_passes_with_a_complete_plan() -> None:
    assert status(drafted(), "TS-03") is PASS


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"outline": "  "}, "解读提纲"),
        ({"activities": ()}, "解读形式、解读渠道、解读时间"),
        ({"activities": (replace(make_plan().activities[0], channel=" "),)}, "解读渠道"),
        ({"activities": (replace(make_plan().activities[0], days_after_release=None),)}, "解读时间"),
        ({"units": ()}, "责任单位"),
        ({"person": ""}, "解读人"),
    ],
)
def test_ts_03_fails_and_names_what_the_plan_lacks(changes: dict[str, Any], named: str) -> None:
    found = finding(drafted(plan=make_plan(**changes)), "TS-03")
    assert found.status is FAIL
    assert f"缺少：{named}；" in found.sentence


def test_ts_03_fails_without_a_plan() -> None:
    assert status(drafted(plan=None), "TS-03") is FAIL


@pytest.mark.parametrize("form", [InterpretationForm.TEXT, InterpretationForm.OFFICIAL])
def test_ts_04_passes_with_an_article_or_an_officials_interpretation(form: InterpretationForm) -> None:
    assert status(submitted(materials=(make_material(form=form),)), "TS-04") is PASS


def test_ts_04_fails_without_one() -> None:
    assert status(drafted(materials=()), "TS-04") is FAIL
    assert status(drafted(materials=(make_material(form=InterpretationForm.VIDEO),)), "TS-04") is FAIL


def test_ts_04_fails_when_it_was_drafted_after_submission() -> None:
    assert status(submitted(materials=(make_material(created_at=SUBMITTED_AT),)), "TS-04") is FAIL


def test_ts_05_passes_when_the_drafter_interprets() -> None:
    assert status(drafted(), "TS-05") is PASS


def test_ts_05_fails_when_somebody_else_interprets() -> None:
    assert status(drafted(plan=make_plan(units=(OTHER_UNIT, UNIT))), "TS-05") is FAIL
    assert status(drafted(plan=make_plan(units=())), "TS-05") is FAIL


def test_ts_05_of_a_joint_document_the_lead_interprets() -> None:
    joint = drafted(drafting_units=(OTHER_UNIT, UNIT))
    assert status(joint, "TS-05") is FAIL
    assert status(replace(joint, plan=make_plan(units=(OTHER_UNIT, UNIT))), "TS-05") is PASS


def test_ts_05_a_regulation_is_interpreted_with_the_judicial_department() -> None:
    regulation = drafted(policy=make_policy(doc_class=DocClass.REGULATION))
    assert status(regulation, "TS-05") is FAIL
    assert status(replace(regulation, plan=make_plan(judicial_unit=OTHER_UNIT)), "TS-05") is PASS


def test_ts_06_passes_with_the_principal_head() -> None:
    assert status(drafted(), "TS-06") is PASS


@pytest.mark.parametrize(
    "first",
    [
        None,
        FirstInterpreter("李四光", "副局长", UNIT, principal_head=False),
        FirstInterpreter("李四光", "局长", OTHER_UNIT, principal_head=True),
    ],
)
def test_ts_06_fails_without_the_principal_head_of_the_drafting_department(first: FirstInterpreter | None) -> None:
    assert status(drafted(plan=make_plan(first_interpreter=first)), "TS-06") is FAIL


EXEMPTION = Exemption(digest("exemption"), ExemptionReason.MEETING_NOTICE, "meeting_notice", DRAFTER)


def exempt(**changes: Any) -> Dossier:
    dossier = drafted(plan=None, materials=(), exemption=replace(EXEMPTION, **changes))
    return office_review(dossier, "exemption", EXEMPTION.hash)


def test_ts_07_passes_with_a_listed_reason_and_the_offices_consent() -> None:
    assert status(exempt(), "TS-07") is PASS
    assert check(exempt()).blocks == ()


def test_ts_07_does_not_apply_without_an_exemption() -> None:
    assert status(drafted(), "TS-07") is NOT_APPLICABLE


def test_ts_07_fails_for_a_reason_that_is_not_listed() -> None:
    assert status(exempt(reason=None, stated="too_busy"), "TS-07") is FAIL


def test_ts_07_fails_without_consent() -> None:
    dossier = drafted(plan=None, materials=(), exemption=EXEMPTION)
    assert status(dossier, "TS-07") is FAIL
    refused = office_review(dossier, "exemption", EXEMPTION.hash, result=ReviewResult.FAIL)
    assert status(refused, "TS-07") is FAIL


@pytest.mark.parametrize("approver", [DRAFTER, Actor(DRAFTER.client_id, "x"), Actor("x", DRAFTER.person_id)])
def test_ts_07_fails_when_the_drafter_consents_by_person_or_client(approver: Actor) -> None:
    dossier = drafted(plan=None, materials=(), exemption=EXEMPTION)
    assert status(office_review(dossier, "exemption", EXEMPTION.hash, actor=approver), "TS-07") is FAIL


@pytest.mark.parametrize("doc_class", [DocClass.REGULATION, DocClass.NORMATIVE])
def test_ts_07_never_exempts_regulations_and_normative_documents(doc_class: DocClass) -> None:
    dossier = replace(exempt(), policy=make_policy(doc_class=doc_class))
    assert status(dossier, "TS-07") is FAIL
    assert status(dossier, "TS-02") is FAIL


HELD = ConsultationFacts("consultation-1", RELEASED_ON - timedelta(days=40))


def test_ts_08_passes_when_the_draft_was_interpreted_the_same_day() -> None:
    held = replace(HELD, interpretation_id="draft-1", interpretation_published_on=HELD.opened_on)
    assert status(drafted(consultation=held), "TS-08") is PASS
    material = make_material(id="m-2", stage=InterpretationStage.DRAFT, published_on=HELD.opened_on)
    assert status(drafted(consultation=HELD, materials=(make_material(), material)), "TS-08") is PASS


def test_ts_08_fails_without_or_with_a_later_interpretation_of_the_draft() -> None:
    assert status(drafted(consultation=HELD), "TS-08") is FAIL
    later = HELD.opened_on + timedelta(days=1)
    late = replace(HELD, interpretation_id="draft-1", interpretation_published_on=later)
    assert status(drafted(consultation=late), "TS-08") is FAIL


def test_ts_08_does_not_apply_without_a_consultation() -> None:
    assert status(drafted(), "TS-08") is NOT_APPLICABLE
