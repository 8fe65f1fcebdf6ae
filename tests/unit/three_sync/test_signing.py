"""TS-09 to TS-16, each failing and passing."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.policy_api.rules.scans import ScanHit, ScanKind
from services.policy_api.rules.three_sync import Dossier
from services.policy_api.rules.three_sync.facts import Approval, File, Return, Review, Scan, Submission
from services.policy_api.rules.three_sync.signing import file_subjects
from shared.schemas.dossiers import ApprovalStep, DossierState, ReviewResult, ReviewType, Severity
from shared.schemas.policies import DocClass
from tests.unit.three_sync.factory import (
    APPROVED_AT,
    FAIL,
    NOT_APPLICABLE,
    PASS,
    REVIEWED_AT,
    REVIEWER,
    SIGNED_AT,
    SUBMITTED_AT,
    approved,
    check,
    digest,
    drafted,
    finding,
    make_material,
    make_plan,
    make_policy,
    released,
    signed,
    status,
    submitted,
    with_material,
)


def split(dossier: Dossier, *packages: str) -> Dossier:
    """Each part approved in a package of its own, in turn."""
    whole = dossier.approvals[0]
    parts = tuple(
        replace(whole, id=f"approval-{subject}", package_id=package, items={subject: content})
        for package, (subject, content) in zip(packages, whole.items.items(), strict=True)
    )
    return replace(dossier, approvals=parts)


def test_ts_09_passes_in_one_package_even_by_several_approvals() -> None:
    assert status(drafted(), "TS-09") is PASS
    assert status(split(drafted(), "a", "a", "a"), "TS-09") is PASS


def test_ts_09_fails_when_one_part_is_in_another_package() -> None:
    assert status(split(drafted(), "a", "a", "b"), "TS-09") is FAIL


def test_ts_09_fails_when_a_part_was_changed_since_its_approval() -> None:
    found = finding(replace(drafted(), plan=make_plan(hash=digest("plan 2"))), "TS-09")
    assert found.status is FAIL
    assert "解读方案" in found.sentence


@pytest.mark.parametrize("lacking", [{"plan": None}, {"materials": ()}])
def test_ts_09_fails_without_plan_or_material(lacking: dict[str, Any]) -> None:
    assert status(drafted(**lacking), "TS-09") is FAIL


def test_ts_10_passes_when_the_head_approved_before_submission() -> None:
    assert status(submitted(), "TS-10") is PASS


def test_ts_10_fails_when_only_the_office_approved() -> None:
    assert status(approved(drafted(), step=ApprovalStep.OFFICE), "TS-10") is FAIL


def test_ts_10_fails_when_the_head_approved_after_submission() -> None:
    late = approved(submitted(), at=SUBMITTED_AT + timedelta(seconds=1))
    assert status(late, "TS-10") is FAIL


def test_ts_10_fails_when_the_head_approved_another_text() -> None:
    assert status(with_material(drafted(), hash=digest("rewritten")), "TS-10") is FAIL


def test_ts_10_fails_with_nothing_to_approve() -> None:
    assert status(drafted(plan=None, materials=()), "TS-10") is FAIL


def test_ts_11_is_judged_at_signing() -> None:
    assert status(submitted(), "TS-11") is NOT_APPLICABLE


def test_ts_11_passes_when_the_material_was_approved_first() -> None:
    assert status(signed(), "TS-11") is PASS


def test_ts_11_fails_when_the_last_approval_is_later_than_the_signature() -> None:
    dossier = signed()
    after = replace(dossier.approvals[0], id="approval-2", at=SIGNED_AT + timedelta(minutes=1))
    assert status(replace(dossier, approvals=(*dossier.approvals, after)), "TS-11") is FAIL


def test_ts_11_fails_for_a_material_nobody_approved() -> None:
    dossier = signed()
    assert status(replace(dossier, materials=(*dossier.materials, make_material(id="m-2"))), "TS-11") is FAIL


def test_ts_12_is_judged_after_signing() -> None:
    assert status(submitted(), "TS-12") is NOT_APPLICABLE


def test_ts_12_passes_when_nothing_changed() -> None:
    assert status(signed(), "TS-12") is PASS
    assert status(released(), "TS-12") is PASS


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"policy": make_policy(hash=digest("edited"))}, "政策文本"),
        ({"policy": make_policy(attachments=(File("附件1", digest("other"), digest("b")),))}, "附件1"),
        ({"policy": make_policy(attachments=())}, "附件1"),
        ({"plan": make_plan(hash=digest("edited"))}, "解读方案"),
        ({"materials": (make_material(hash=digest("edited")),)}, "解读材料material-1"),
        ({"materials": (make_material(), make_material(id="m-2"))}, "解读材料m-2"),
        ({"materials": ()}, "解读材料material-1"),
    ],
)
def test_ts_12_fails_when_anything_signed_was_changed(change: dict[str, Any], named: str) -> None:
    found = finding(replace(signed(), **change), "TS-12")
    assert (found.status, found.severity) == (FAIL, Severity.BLOCK)
    assert f"签发后{named}有改动" in found.sentence
    assert any(item.name.startswith("signed:") for item in found.evidence)


def test_ts_12_fails_when_something_else_was_published() -> None:
    dossier = released()
    assert dossier.publication is not None
    other = replace(dossier.publication, manifest=dossier.publication.manifest | {"policy": digest("other")})
    assert status(replace(dossier, publication=other), "TS-12") is FAIL


@pytest.mark.parametrize("doc_class", [DocClass.NORMATIVE, DocClass.REGULATION])
def test_ts_13_normative_documents_need_the_legality_review(doc_class: DocClass) -> None:
    dossier = drafted(policy=make_policy(doc_class=doc_class))
    assert status(dossier, "TS-13") is PASS
    without = [review for review in dossier.reviews if review.type is not ReviewType.LEGALITY]
    assert status(replace(dossier, reviews=tuple(without)), "TS-13") is FAIL


def test_ts_13_market_related_documents_need_the_fair_competition_review() -> None:
    dossier = drafted(policy=make_policy(market_related=True))
    assert status(dossier, "TS-13") is PASS
    without = [review for review in dossier.reviews if review.type is not ReviewType.FAIR_COMPETITION]
    assert status(replace(dossier, reviews=tuple(without)), "TS-13") is FAIL


def test_ts_13_fails_after_the_reviewed_text_was_changed_or_the_newest_review_refuses() -> None:
    dossier = drafted(policy=make_policy(market_related=True))
    edited = replace(dossier, policy=replace(dossier.policy, hash=digest("edited")))
    assert status(edited, "TS-13") is FAIL
    refusal = add_review(dossier, ReviewType.FAIR_COMPETITION, "policy", dossier.policy.hash, ReviewResult.FAIL)
    assert status(refusal, "TS-13") is FAIL


def test_ts_13_does_not_apply_to_other_documents() -> None:
    assert status(drafted(), "TS-13") is NOT_APPLICABLE


def add_review(
    dossier: Dossier,
    kind: ReviewType,
    subject: str,
    content: str,
    result: ReviewResult = ReviewResult.PASS,
    reason: str | None = None,
) -> Dossier:
    at = REVIEWED_AT + timedelta(minutes=1)
    review = Review("review-later", kind, subject, content, result, REVIEWER, at, reason)
    return replace(dossier, reviews=(*dossier.reviews, review))


def test_ts_14_passes_when_each_file_was_reviewed() -> None:
    assert status(drafted(), "TS-14") is PASS


def with_file() -> Dossier:
    file = File("图解.png", digest("picture"), digest("picture bytes"))
    return drafted(materials=(make_material(attachments=(file,)),))


@pytest.mark.parametrize(
    ("subject", "named"),
    [
        ("policy", "政策文本"),
        ("attachment:1", "附件1"),
        ("material:material-1", "解读材料material-1"),
        ("material:material-1/attachment:1", "解读材料material-1的附件1"),
    ],
)
def test_ts_14_fails_when_one_file_was_left_out(subject: str, named: str) -> None:
    dossier = with_file()
    assert status(dossier, "TS-14") is PASS
    reviews = tuple(review for review in dossier.reviews if review.subject != subject)
    found = finding(replace(dossier, reviews=reviews), "TS-14")
    assert found.status is FAIL
    assert found.sentence.startswith(f"{named}的现内容没有保密审查记录")


@pytest.mark.parametrize("result", [ReviewResult.FAIL, ReviewResult.ESCALATED])
def test_ts_14_fails_when_a_file_was_refused_or_escalated(result: ReviewResult) -> None:
    dossier = drafted()
    assert status(add_review(dossier, ReviewType.SECRECY, "policy", dossier.policy.hash, result), "TS-14") is FAIL


def test_ts_14_fails_for_a_file_whose_bytes_nothing_pins() -> None:
    policy = make_policy(attachments=(File("附件1", digest("file"), None),))
    found = finding(drafted(policy=policy), "TS-14")
    assert found.status is FAIL
    assert "sha256" in found.sentence


def hit_in(dossier: Dossier, kind: ScanKind) -> Dossier:
    found = Scan("policy", dossier.policy.hash, (ScanHit(kind, 3, 14, "138****0000"),))
    return replace(dossier, scans=(found, *(scan for scan in dossier.scans if scan.subject != "policy")))


def test_ts_15_passes_when_nothing_was_found() -> None:
    assert status(drafted(), "TS-15") is PASS


@pytest.mark.parametrize("kind", list(ScanKind))
def test_ts_15_fails_on_a_find_and_shows_it_masked(kind: ScanKind) -> None:
    found = finding(hit_in(drafted(), kind), "TS-15")
    assert found.status is FAIL
    assert f"{kind.value} 138****0000" in {item.value for item in found.evidence}


@pytest.mark.parametrize(
    ("kind", "review"),
    [
        (ScanKind.MOBILE, ReviewType.PERSONAL_INFORMATION),
        (ScanKind.SECRECY, ReviewType.SECRECY),
        (ScanKind.TYPO, ReviewType.SECRECY),
    ],
)
def test_ts_15_a_reviewer_lets_a_find_pass_with_a_reason_and_not_without(kind: ScanKind, review: ReviewType) -> None:
    dossier = hit_in(drafted(), kind)
    content = dossier.policy.hash
    assert status(add_review(dossier, review, "policy", content), "TS-15") is FAIL
    assert status(add_review(dossier, review, "policy", content, reason="公开的值班电话"), "TS-15") is PASS
    assert status(add_review(dossier, review, "policy", digest("older"), reason="公开"), "TS-15") is FAIL


def test_ts_15_shows_the_first_finds_and_counts_the_rest() -> None:
    dossier = drafted()
    many = tuple(ScanHit(ScanKind.MOBILE, place, place + 11, "138****0000") for place in range(0, 1200, 12))
    scans = (Scan("policy", dossier.policy.hash, many), *(s for s in dossier.scans if s.subject != "policy"))
    evidence = finding(replace(dossier, scans=scans), "TS-15").evidence
    assert [item.value for item in evidence if item.name == "hits:policy"] == ["100"]
    assert len(evidence) == 21


def test_ts_15_fails_when_the_present_text_was_not_scanned() -> None:
    dossier = drafted()
    assert status(replace(dossier, scans=()), "TS-15") is FAIL
    older = tuple(replace(scan, hash=digest("older")) for scan in dossier.scans)
    assert status(replace(dossier, scans=older), "TS-15") is FAIL


def test_ts_15_a_file_no_machine_reads_needs_a_persons_review() -> None:
    dossier = drafted()
    scans = tuple(replace(scan, readable=scan.subject != "attachment:1") for scan in dossier.scans)
    unread = replace(dossier, scans=scans)
    assert status(unread, "TS-15") is FAIL
    content = file_subjects(unread)["attachment:1"][0]
    assert status(add_review(unread, ReviewType.PERSONAL_INFORMATION, "attachment:1", content), "TS-15") is PASS


def test_ts_16_does_not_apply_to_complete_submissions() -> None:
    assert status(submitted(), "TS-16") is NOT_APPLICABLE


def test_ts_16_passes_when_an_incomplete_submission_was_returned_with_what_is_missing() -> None:
    refused = replace(
        drafted(plan=None),
        state=DossierState.RETURNED,
        submissions=(Submission(SUBMITTED_AT, ("TS-02",)),),
        returns=(Return(SUBMITTED_AT, automatic=True, missing=("解读方案",)),),
    )
    found = finding(refused, "TS-16")
    assert (found.status, found.severity) == (PASS, Severity.INFO)
    assert "解读方案" in {item.value for item in found.evidence}


@pytest.mark.parametrize(
    "returns",
    [
        (),
        (Return(SUBMITTED_AT, automatic=True, missing=()),),
        (Return(SUBMITTED_AT, automatic=False, missing=("解读方案",)),),
        (Return(APPROVED_AT, automatic=True, missing=("解读方案",)),),
    ],
)
def test_ts_16_fails_when_it_was_not(returns: tuple[Return, ...]) -> None:
    refused = replace(drafted(), submissions=(Submission(SUBMITTED_AT, ("TS-02",)),), returns=returns)
    assert status(refused, "TS-16") is FAIL


def test_an_approval_names_what_it_saw() -> None:
    approval: Approval = drafted().approvals[0]
    assert set(approval.items) == {"policy", "plan", "material:material-1"}
    assert check(signed()).blocks == ()
