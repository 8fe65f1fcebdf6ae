"""Moving a dossier on: reviews, approvals, submission, signature, return, release, and what follows a release."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from services.policy_api.rules.dossier_states import REFUSED_SUBMISSION, Transition, objection_to
from services.policy_api.rules.duties import Duty
from services.policy_api.rules.three_sync import check_three_sync, manifest_hash
from services.policy_api.rules.three_sync.facts import Dossier as DossierFacts
from services.policy_api.rules.three_sync.facts import Signature
from services.policy_api.rules.three_sync.signing import package_subjects
from services.policy_api.service.dossier_acts import Acting, append_act, begin
from services.policy_api.service.dossier_facts import Loaded, load_dossier
from services.policy_api.service.dossier_view import current_manifest, view_approval, view_review
from services.policy_api.service.dossiers import view_again
from services.policy_api.service.publication import (
    lock_neighbourhood,
    publish_interpretations,
    release_policy_version,
)
from shared.kit.database import WriteSession
from shared.kit.errors import Conflict, DomainError, NotFound
from shared.schemas.dossiers import (
    ApprovalInput,
    ApprovalRecord,
    ApprovalStep,
    Dossier,
    FeedbackInput,
    Move,
    ReceiptInput,
    ReturnInput,
    ReviewInput,
    ReviewRecord,
    SignInput,
    ThreeSyncReport,
)
from shared.schemas.scopes import Scope


async def add_review(session: WriteSession, acting: Acting, dossier_id: UUID, wanted: ReviewInput) -> ReviewRecord:
    """Record a review of the subject as it is now. A later change of the subject leaves it behind."""
    loaded, _ = await begin(session, dossier_id, acting, move=Move.REVIEW, duty=Duty.REVIEW)
    manifest = current_manifest(loaded)
    digest = _hash_of(manifest, wanted.subject)
    if wanted.content_hash is not None and wanted.content_hash != digest:
        raise Conflict("所审内容已有改动；请重新读取后再审", subject=wanted.subject, content_hash=digest)
    details = wanted.model_dump(mode="json") | {"content_hash": digest}
    act_id = await append_act(
        session,
        loaded,
        acting,
        "review",
        duty=Duty.REVIEW,
        details=details,
        type=wanted.type.value,
        about=wanted.subject,
        result=wanted.result.value,
        hash=digest,
    )
    after = await load_dossier(await session.driver(), dossier_id)
    return view_review(next(act for act in after.acts if act.id == act_id), manifest)


def _hash_of(manifest: dict[str, str], subject: str) -> str:
    if subject not in manifest:
        raise NotFound(f"本卷中没有{subject}；现有：{'、'.join(sorted(manifest))}")
    return manifest[subject]


async def add_approval(
    session: WriteSession, acting: Acting, dossier_id: UUID, wanted: ApprovalInput
) -> ApprovalRecord:
    """Record the approval of the package, or of the parts named, as they are now."""
    if wanted.step is ApprovalStep.DEPARTMENT_HEAD:
        acting.caller.ensure_has(Scope.POLICY_APPROVE)
    loaded, _ = await begin(session, dossier_id, acting, move=Move.APPROVE, duty=Duty.APPROVE)
    manifest = current_manifest(loaded)
    subjects = wanted.subjects or [*package_subjects(loaded.facts), *({"exemption"} & manifest.keys())]
    package_id = wanted.package_id or str(dossier_id)
    details = {
        "step": wanted.step.value,
        "package_id": package_id,
        "items": {subject: _hash_of(manifest, subject) for subject in subjects},
    }
    act_id = await append_act(
        session, loaded, acting, "approval", duty=Duty.APPROVE, details=details, step=wanted.step.value
    )
    after = await load_dossier(await session.driver(), dossier_id)
    return view_approval(next(act for act in after.acts if act.id == act_id))


@dataclass(frozen=True)
class Submitted:
    """What became of a submission. A refusal is an outcome, not an exception: its 退文 has to be kept."""

    dossier: Dossier
    refusal: DomainError | None


async def submit(session: WriteSession, acting: Acting, dossier_id: UUID) -> Submitted:
    """Send the package to the office when it is complete; else return it with what is missing (国办发〔2016〕80号)."""
    loaded, transition = await begin(session, dossier_id, acting, move=Move.SUBMIT, duty=Duty.DRAFT)
    prospect = replace(loaded.facts, submitted_at=acting.now)
    report = _judge(prospect, acting)
    refusal = objection_to(transition, prospect, report)
    if refusal is not None:
        await _refuse(session, acting, loaded, report)
        return Submitted(await view_again(session, loaded), refusal)
    await append_act(
        session,
        loaded,
        acting,
        "submission",
        duty=Duty.DRAFT,
        details={"blocked": []},
        changes={"state": transition.target.value, "submitted_at": acting.now},
        manifest=manifest_hash(current_manifest(loaded)),
    )
    return Submitted(await view_again(session, loaded), None)


async def _refuse(session: WriteSession, acting: Acting, loaded: Loaded, report: ThreeSyncReport) -> None:
    """自动退文 (TS-16)."""
    blocked = list(report.blocks)
    await append_act(
        session, loaded, acting, "submission", duty=Duty.DRAFT, details={"blocked": blocked}, blocked=blocked
    )
    missing = [f"{rule} {report.get(rule).sentence}" for rule in blocked]
    details = {"automatic": True, "reason": "三同步核查未通过，自动退文", "missing": missing}
    changes = {"state": REFUSED_SUBMISSION.value, "submitted_at": None}
    await append_act(session, loaded, acting, "return", details=details, changes=changes, blocked=blocked)


def _judge(facts: DossierFacts, acting: Acting) -> ThreeSyncReport:
    return check_three_sync(facts, acting.today, acting.calendar, limits=acting.limits)


def _ensure_no_objection(transition: Transition, facts: DossierFacts, acting: Acting) -> None:
    objection = objection_to(transition, facts, _judge(facts, acting))
    if objection is not None:
        raise objection


async def sign(session: WriteSession, acting: Acting, dossier_id: UUID, seen: SignInput) -> Dossier:
    """Sign all of it as it is now. The signature holds exactly as long as nothing changes."""
    loaded, transition = await begin(session, dossier_id, acting, move=Move.SIGN, duty=Duty.SIGN)
    manifest = current_manifest(loaded)
    digest = manifest_hash(manifest)
    if seen.manifest_hash is not None and seen.manifest_hash != digest:
        raise Conflict("内容在您阅读之后有改动；请重新阅读后再签发", manifest_hash=digest)
    signature = Signature("本次签发", acting.actor, acting.now, manifest)
    _ensure_no_objection(transition, replace(loaded.facts, signature=signature), acting)
    await append_act(
        session,
        loaded,
        acting,
        "signature",
        duty=Duty.SIGN,
        details={"manifest": manifest},
        changes={"state": transition.target.value},
        manifest=digest,
    )
    return await view_again(session, loaded)


async def return_dossier(session: WriteSession, acting: Acting, dossier_id: UUID, wanted: ReturnInput) -> Dossier:
    """Send it back with the reason; a signature lapses with it."""
    loaded, transition = await begin(session, dossier_id, acting, move=Move.RETURN)
    details = {"automatic": False, **wanted.model_dump()}
    changes = {"state": transition.target.value, "submitted_at": None}
    await append_act(session, loaded, acting, "return", details=details, changes=changes)
    return await view_again(session, loaded)


async def release(session: WriteSession, acting: Acting, dossier_id: UUID) -> Dossier:
    """Publish policy and materials together, in this transaction, or nothing at all."""
    await _hold(session, acting, dossier_id)
    # Read again: what was read before the policies were held may have changed while waiting for them.
    loaded, transition = await begin(session, dossier_id, acting, move=Move.RELEASE, duty=Duty.RELEASE)
    if loaded.policy["state"] == "withdrawn":
        raise Conflict("政策已撤回，不能发布；请用新的机关内编号推送")
    _ensure_no_objection(transition, replace(loaded.facts, release_on=acting.today), acting)
    number = loaded.facts.policy.version_number
    policy_id = loaded.row["policy_id"]
    await release_policy_version(
        session, acting.caller, policy_id, number, published_on=acting.today, now=acting.now, dossier_id=dossier_id
    )
    materials = [item["id"] for item in loaded.materials]
    if materials:
        await publish_interpretations(session, materials, published_on=acting.today, today=acting.today)
    changes: dict[str, Any] = {
        "state": transition.target.value,
        "released_at": acting.now,
        "published_on": acting.today,
        "version_number": number,
    }
    await append_act(
        session,
        loaded,
        acting,
        "release",
        duty=Duty.RELEASE,
        changes=changes,
        manifest=manifest_hash(current_manifest(loaded)),
    )
    return await view_again(session, loaded)


async def _hold(session: WriteSession, acting: Acting, dossier_id: UUID) -> None:
    """Lock the dossier, then every policy that the release will render, in their common order."""
    loaded, _ = await begin(session, dossier_id, acting, move=Move.RELEASE, duty=Duty.RELEASE)
    await lock_neighbourhood(session, [loaded.row["policy_id"]], [loaded.content])


async def add_receipt(session: WriteSession, acting: Acting, dossier_id: UUID, wanted: ReceiptInput) -> Dossier:
    """Note that a channel has carried an interpretation."""
    loaded, _ = await begin(session, dossier_id, acting, move=Move.FOLLOW_UP)
    await append_act(session, loaded, acting, "receipt", details=wanted.model_dump(mode="json"))
    return await view_again(session, loaded)


async def put_feedback(
    session: WriteSession, acting: Acting, dossier_id: UUID, wanted: FeedbackInput, *, if_match: str | None
) -> Dossier:
    """Note enquiries, evaluation and tasks to interpret again."""
    loaded, _ = await begin(session, dossier_id, acting, move=Move.FOLLOW_UP, if_match=if_match)
    await append_act(session, loaded, acting, "feedback_put", changes={"feedback": wanted.model_dump_json()})
    return await view_again(session, loaded)
