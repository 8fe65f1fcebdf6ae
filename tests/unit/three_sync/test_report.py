"""The report as a whole, the manifest, the table of moves and the segregation of duties."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy_api.rules import dossier_states
from services.policy_api.rules.dossier_states import TRANSITIONS, find_transition, objection_to
from services.policy_api.rules.duties import Duty, ensure_duties_separated
from services.policy_api.rules.three_sync import RULES, Dossier, Limits, check_three_sync, manifest_hash, manifest_of
from services.policy_api.rules.three_sync.facts import Actor
from shared.kit.errors import DutiesNotSeparated, IllegalMove
from shared.schemas.dossiers import DossierState, Move, RuleStatus, Severity
from shared.schemas.policies import PublicityAttribute
from tests.unit.three_sync.factory import (
    CALENDAR,
    FAIL,
    PASS,
    RELEASED_ON,
    check,
    digest,
    drafted,
    make_material,
    make_plan,
    make_policy,
    released,
    signed,
    status,
    submitted,
    with_material,
)

STAGES = [drafted(), submitted(), signed(), released()]


@pytest.mark.parametrize("dossier", STAGES, ids=lambda dossier: dossier.state)
def test_a_valid_dossier_fails_no_rule_at_any_stage(dossier: Dossier) -> None:
    assert [item for item in check(dossier).findings if item.status is FAIL] == []


def test_the_report_holds_every_rule_in_order_with_basis_and_sentence() -> None:
    report = check(drafted())
    assert [item.rule for item in report.findings] == [f"TS-{number:02d}" for number in range(1, 31)]
    assert all(item.basis and item.sentence and item.name for item in report.findings)
    assert report.calendar_version == CALENDAR.version


def test_every_rule_cites_its_number_in_its_own_docstring() -> None:
    assert all((rule.check.__doc__ or "").startswith(rule.id) for rule in RULES)


def test_severities_are_those_of_the_checklist() -> None:
    by_severity = {severity: [rule.id for rule in RULES if rule.severity is severity] for severity in Severity}
    blocking = ["01", "02", "03", "04", "07", "09", "10", "12", "13", "14", "15", "30"]
    assert by_severity[Severity.BLOCK] == [f"TS-{number}" for number in blocking]
    assert by_severity[Severity.ERROR] == [f"TS-{n}" for n in ["05", "08", "11", "17", "18", "19", "26", "28", "29"]]
    assert by_severity[Severity.INFO] == ["TS-16"]


def test_blocks_are_the_failing_block_rules_and_no_others() -> None:
    report = check(drafted(plan=None))
    assert {"TS-02", "TS-03", "TS-09"} <= set(report.blocks)
    assert all(report.get(rule).severity is Severity.BLOCK for rule in report.blocks)
    assert report.model_dump(mode="json")["blocks"] == list(report.blocks)


def test_limits_can_be_set() -> None:
    dossier = with_material(drafted(), similarity=0.5)
    strict = check_three_sync(dossier, RELEASED_ON, CALENDAR, limits=Limits(similarity=0.5))
    assert strict.get("TS-23").status is RuleStatus.FAIL
    assert status(dossier, "TS-23") is PASS


def test_the_check_changes_nothing_and_answers_the_same_again() -> None:
    dossier = released()
    assert check(dossier) == check(dossier)


def test_the_manifest_covers_each_part_and_its_hash_the_whole() -> None:
    dossier = drafted()
    assert set(manifest_of(dossier)) == {"policy", "attachment:1", "plan", "material:material-1"}
    edited = replace(dossier, plan=make_plan(hash=digest("edited")))
    assert manifest_hash(manifest_of(edited)) != manifest_hash(manifest_of(dossier))


@given(st.dictionaries(st.text(max_size=20), st.text("0123456789abcdef", min_size=64, max_size=64)), st.randoms())
def test_the_manifests_hash_does_not_depend_on_order(manifest: dict[str, str], random: object) -> None:
    items = list(manifest.items())
    random.shuffle(items)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert manifest_hash(dict(items)) == manifest_hash(manifest)


ALL_MOVES = [(state, move) for state in DossierState for move in Move]


@pytest.mark.parametrize(("state", "move"), ALL_MOVES)
def test_a_move_is_in_the_table_or_refused_with_what_is_allowed(state: DossierState, move: Move) -> None:
    if (state, move) in TRANSITIONS:
        assert find_transition(state, move).target in DossierState
        return
    with pytest.raises(IllegalMove) as refused:
        find_transition(state, move)
    assert refused.value.facts["allowed"] == [m.value for m in dossier_states.allowed_moves(state)]
    assert move.value not in refused.value.facts["allowed"]


def test_nothing_leads_out_of_released() -> None:
    assert {TRANSITIONS[key].target for key in TRANSITIONS if key[0] is DossierState.RELEASED} == {
        DossierState.RELEASED
    }


def object_to(dossier: Dossier, move: Move) -> str | None:
    error = objection_to(find_transition(dossier.state, move), dossier, check(dossier))
    return error.code if error is not None else None


def test_complete_dossiers_move_on() -> None:
    assert object_to(drafted(), Move.SUBMIT) is None
    assert object_to(submitted(), Move.SIGN) is None
    assert object_to(signed(), Move.RELEASE) is None


def test_a_block_refuses_submission_signature_and_release() -> None:
    assert object_to(drafted(plan=None), Move.SUBMIT) == "three_sync_blocked"
    assert object_to(replace(submitted(), reviews=()), Move.SIGN) == "three_sync_blocked"
    assert object_to(replace(signed(), reviews=()), Move.RELEASE) == "three_sync_blocked"


def test_any_edit_after_signing_voids_the_signature() -> None:
    edits = (
        {"policy": make_policy(hash=digest("edited"))},
        {"plan": make_plan(hash=digest("edited"))},
        {"materials": (make_material(hash=digest("edited")),)},
        {"materials": ()},
    )
    for edit in edits:
        assert object_to(replace(signed(), **edit), Move.RELEASE) == "signature_void"


def test_what_is_not_for_the_public_is_not_released() -> None:
    policy = make_policy(publicity=PublicityAttribute.ON_REQUEST, publicity_reason="涉及第三方")
    assert object_to(signed(policy=policy), Move.RELEASE) == "illegal_move"


A, B = Actor("client-a", "person-a"), Actor("client-b", "person-b")


@pytest.mark.parametrize(
    ("earlier", "duty"),
    [
        (Duty.DRAFT, Duty.REVIEW),
        (Duty.DRAFT, Duty.APPROVE),
        (Duty.DRAFT, Duty.SIGN),
        (Duty.REVIEW, Duty.SIGN),
        (Duty.REVIEW, Duty.DRAFT),
    ],
)
@pytest.mark.parametrize("actor", [A, Actor("client-a", "person-x"), Actor("client-x", "person-a")])
def test_incompatible_duties_need_another_person_and_another_client(earlier: Duty, duty: Duty, actor: Actor) -> None:
    with pytest.raises(DutiesNotSeparated):
        ensure_duties_separated([(earlier, A)], duty, actor)
    ensure_duties_separated([(earlier, A)], duty, B)


@pytest.mark.parametrize("duty", list(Duty))
def test_the_same_duty_may_be_done_twice(duty: Duty) -> None:
    ensure_duties_separated([(duty, A)], duty, A)


def test_a_head_may_approve_and_sign() -> None:
    ensure_duties_separated([(Duty.APPROVE, A)], Duty.SIGN, A)
