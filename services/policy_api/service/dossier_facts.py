"""From rows to the facts that the rules judge: a dossier as it stands in one transaction. Decides and changes nothing."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
from pydantic_core import to_json

from services.policy_api.repository import dossiers as repository
from services.policy_api.repository import enquiries as enquiry_repository
from services.policy_api.repository import entries as entry_repository
from services.policy_api.repository import follow_up as follow_up_repository
from services.policy_api.repository import policies as policy_repository
from services.policy_api.rules.consultations import Announced
from services.policy_api.rules.duties import Duty
from services.policy_api.rules.entry_kinds.consultation import CONSULTATION
from services.policy_api.rules.media import media_of_attachments, media_of_html
from services.policy_api.rules.scans import DEFAULT_WORDS, WordLists, scan_text
from services.policy_api.rules.similarity import copied_share
from services.policy_api.rules.three_sync.facts import (
    POLICY,
    Activity,
    Actor,
    Amendment,
    Approval,
    ChannelReceipt,
    ConsultationFacts,
    Dossier,
    Exemption,
    Feedback,
    File,
    FirstInterpreter,
    FollowUpTask,
    MaterialFacts,
    PlanFacts,
    PolicyFacts,
    PublicationFacts,
    Return,
    Review,
    Scan,
    Signature,
    Submission,
    Target,
    attachment_subject,
    material_subject,
)
from services.policy_api.rules.three_sync.manifest import manifest_of
from shared.kit.errors import NotFound
from shared.schemas.dossiers import (
    ApprovalStep,
    DossierState,
    ExemptionInput,
    ExemptionReason,
    FeedbackInput,
    HeldConsultation,
    PlanInput,
    ReviewResult,
    ReviewType,
)
from shared.schemas.interpretation_tasks import TaskReason, TaskState
from shared.schemas.policies import (
    DocClass,
    InterpretationForm,
    InterpretationStage,
    PublicityAttribute,
    RelationType,
)

_ENDED = frozenset({"repealed", "lapsed"})


@dataclass(frozen=True)
class Act:
    """A row of `dossier_act`."""

    id: UUID
    kind: str
    duty: Duty | None
    actor: Actor
    at: datetime
    details: dict[str, Any]


@dataclass(frozen=True)
class Loaded:
    """A dossier's rows and the facts made of them."""

    row: Any
    policy: Any
    text: Any
    content: dict[str, Any]
    materials: Sequence[Any]
    acts: Sequence[Act]
    facts: Dossier

    @property
    def id(self) -> UUID:
        identity: UUID = self.row["id"]
        return identity

    @property
    def state(self) -> DossierState:
        return self.facts.state

    def acts_of(self, kind: str) -> list[Act]:
        """Acts of one kind, oldest first."""
        return [act for act in self.acts if act.kind == kind]

    def duties_done(self) -> list[tuple[Duty, Actor]]:
        """Who has done what. Whoever pushed the text has drafted it; the person behind is known to that system only."""
        pusher = (Duty.DRAFT, Actor(self.text["recorded_by"], ""))
        return [pusher, *((act.duty, act.actor) for act in self.acts if act.duty is not None)]


async def load_dossier(
    driver: asyncpg.Connection, dossier_id: UUID, *, lock: bool = False, words: WordLists = DEFAULT_WORDS
) -> Loaded:
    """Everything of a dossier; NotFound when there is none."""
    row = await repository.load(driver, dossier_id, lock=lock)
    if row is None:
        raise NotFound("没有这个会签卷")
    policy = await repository.load_policy(driver, row["policy_id"])
    number = row["version_number"] or policy["latest_number"]
    text = await policy_repository.load_version(driver, row["policy_id"], number)
    materials = await repository.list_materials(driver, dossier_id)
    acts = [_act(item) for item in await repository.list_acts(driver, dossier_id)]
    content = json.loads(text["content"])
    public = json.loads(policy["representation"]) if policy["representation"] is not None else None
    facts = _facts(row, policy, text, content, materials, acts, public, words)
    facts = replace(facts, consultation=await _load_consultation(driver, row))
    if row["released_at"] is not None:
        facts = await _add_aftermath(driver, facts, row, content, public)
    return Loaded(row, policy, text, content, materials, acts, facts)


def content_hash(value: Any) -> str:
    """Hash of a value's canonical JSON."""
    return hashlib.sha256(to_json(value)).hexdigest()


def _act(row: Any) -> Act:
    duty = Duty(row["duty"]) if row["duty"] is not None else None
    actor = Actor(row["client_id"], row["person_id"])
    return Act(row["id"], row["kind"], duty, actor, row["at"], json.loads(row["details"]))


def _facts(
    row: Any,
    policy: Any,
    text: Any,
    content: dict[str, Any],
    materials: Sequence[Any],
    acts: Sequence[Act],
    public: dict[str, Any] | None,
    words: WordLists,
) -> Dossier:
    released = row["released_at"] is not None
    policy_facts = _policy(policy, text, content, public if released else None)
    added = {act.details["material"]: act.at for act in acts if act.kind == "material_added"}
    plan = PlanInput.model_validate_json(row["plan"]) if row["plan"] is not None else None
    material_facts = tuple(_material(item, policy_facts, content, added, public) for item in materials)
    last_return = max((act.at for act in acts if act.kind == "return"), default=None)
    return Dossier(
        id=str(row["id"]),
        state=DossierState(row["state"]),
        policy=policy_facts,
        drafting_units=tuple(row["drafting_units"]),
        drafters=frozenset(act.actor for act in acts if act.duty is Duty.DRAFT),
        handles_applications=row["handles_applications"],
        plan=_plan(row, plan) if plan is not None else None,
        materials=material_facts,
        reviews=tuple(_review(act) for act in acts if act.kind == "review"),
        approvals=tuple(_approval(act) for act in acts if act.kind == "approval"),
        scans=(*_scan_policy(policy_facts, content, words), *_scan_materials(material_facts, materials, words)),
        submissions=tuple(
            Submission(act.at, tuple(act.details["blocked"])) for act in acts if act.kind == "submission"
        ),
        submitted_at=row["submitted_at"],
        signature=_signature(acts, last_return),
        returns=tuple(
            Return(act.at, act.details["automatic"], tuple(act.details["missing"]))
            for act in acts
            if act.kind == "return"
        ),
        exemption=_exemption(row, acts),
        release_on=row["published_on"] or (plan.release_on if plan is not None else None),
        receipts=tuple(
            ChannelReceipt(str(act.id), act.details["channel"], date.fromisoformat(act.details["executed_on"]))
            for act in acts
            if act.kind == "receipt"
        ),
        feedback=_feedback(row),
    )


def _policy(policy: Any, text: Any, content: dict[str, Any], public: dict[str, Any] | None) -> PolicyFacts:
    """The text to be signed; once released, number, theme, issuers and life span as the public reads them."""
    shown = public or content | {
        "issuers": content["issuers"] or [policy["organization_name"]],
        "effective_on": content["effective_on"],
    }
    return PolicyFacts(
        id=str(policy["id"]),
        hash=text["content_hash"],
        version_number=text["number"],
        publicity=PublicityAttribute(content["publicity"]),
        publicity_reason=content["publicity_reason"],
        doc_class=DocClass(content["doc_class"]),
        doc_no=shown["doc_no"],
        theme=shown["theme"],
        issuers=tuple(shown["issuers"]),
        market_related=content["market_related"],
        major=content["major"],
        livelihood=content["livelihood"],
        effective_on=_day(shown["effective_on"]),
        expires_on=_day(shown["expires_on"]),
        repealed_on=_day(shown["repealed_on"]),
        relations=frozenset(RelationType(relation["type"]) for relation in content["relations"]),
        attachments=_files(content),
    )


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value is not None else None


def _files(content: dict[str, Any]) -> tuple[File, ...]:
    return tuple(File(item["name"], content_hash(item), item["sha256"]) for item in content["attachments"])


def _material(
    row: Any, policy: PolicyFacts, policy_content: dict[str, Any], added: dict[str, datetime], public: Any
) -> MaterialFacts:
    content = json.loads(row["content"])
    shown = json.loads(row["representation"]) if row["representation"] is not None else None
    contact = content["contact"] or {}
    named = [(item["name"], item["media_type"], item["alt_text"]) for item in content["attachments"]]
    listed = {item["id"] for item in public["interpretations"]} if public is not None else set()
    in_text = media_of_html(content["body"]) if content["body_format"] == "html" else []
    return MaterialFacts(
        id=str(row["id"]),
        hash=row["content_hash"],
        created_at=added.get(str(row["id"]), row["created_at"]),
        form=InterpretationForm(row["form"]),
        stage=InterpretationStage(row["stage"]),
        target=_target(row, shown, policy),
        sections=frozenset(content["sections"]),
        contact_organ=contact.get("organ"),
        contact_phone=contact.get("phone"),
        attachments=_files(content),
        media=(*media_of_attachments(named), *in_text),
        similarity=round(copied_share(content["body"], policy_content["body"]), 4),
        published_on=row["published_on"],
        shown_on_policy=str(row["id"]) in listed,
        public=row["state"] == "public",
        flagged=shown is not None and shown["policy"]["validity"] in _ENDED,
    )


def _target(row: Any, shown: dict[str, Any] | None, policy: PolicyFacts) -> Target:
    """The policy as the material's public page names it; before there is one, the policy it is filed under."""
    if shown is None:
        return Target(str(row["policy_id"]), policy.doc_no, policy.theme, policy.issuers)
    return Target(shown["policy"]["id"], shown["policy"]["doc_no"], shown["theme"], policy.issuers)


def _plan(row: Any, plan: PlanInput) -> PlanFacts:
    first = plan.first_interpreter
    return PlanFacts(
        hash=row["plan_hash"],
        created_at=row["plan_created_at"],
        outline=plan.outline,
        units=tuple(plan.units),
        judicial_unit=plan.judicial_unit,
        person=plan.person,
        first_interpreter=FirstInterpreter(**first.model_dump()) if first is not None else None,
        activities=tuple(Activity(**item.model_dump()) for item in plan.activities),
    )


def _review(act: Act) -> Review:
    details = act.details
    return Review(
        id=str(act.id),
        type=ReviewType(details["type"]),
        subject=details["subject"],
        hash=details["content_hash"],
        result=ReviewResult(details["result"]),
        actor=act.actor,
        at=act.at,
        reason=details["reason"],
    )


def _approval(act: Act) -> Approval:
    details = act.details
    return Approval(
        str(act.id), details["package_id"], ApprovalStep(details["step"]), act.actor, act.at, details["items"]
    )


def _signature(acts: Sequence[Act], last_return: datetime | None) -> Signature | None:
    """The last one, unless the dossier was returned since."""
    last = max((act for act in acts if act.kind == "signature"), key=lambda act: act.at, default=None)
    if last is None or (last_return is not None and last_return >= last.at):
        return None
    return Signature(str(last.id), last.actor, last.at, last.details["manifest"])


def _exemption(row: Any, acts: Sequence[Act]) -> Exemption | None:
    if row["exemption"] is None:
        return None
    stated = ExemptionInput.model_validate_json(row["exemption"]).reason
    reason = ExemptionReason(stated) if stated in set(ExemptionReason) else None
    drafter = next(act.actor for act in reversed(acts) if act.kind == "exemption_put")
    return Exemption(row["exemption_hash"], reason, stated, drafter)


async def _load_consultation(driver: asyncpg.Connection, row: Any) -> ConsultationFacts | None:
    """What TS-08 goes by: of a consultation of ours its own record, of one held elsewhere what was reported."""
    if row["consultation"] is None:
        return None
    held = HeldConsultation.model_validate_json(row["consultation"])
    if held.consultation_id is None:
        assert held.reference is not None
        assert held.opened_on is not None
        return ConsultationFacts(
            held.reference, held.opened_on, held.interpretation_reference, held.interpretation_published_on
        )
    kept = await entry_repository.find(driver, CONSULTATION.name, held.consultation_id)
    consultation, identity = Announced(json.loads(kept["content"]), json.loads(kept["supplement"])), str(kept["id"])
    # Once withdrawn it shows nobody an interpretation any more.
    day = consultation.interpretation_on if kept["state"] == "public" else None
    return ConsultationFacts(identity, consultation.opened_on, identity if day is not None else None, day)


def _feedback(row: Any) -> Feedback:
    known = FeedbackInput.model_validate_json(row["feedback"]) if row["feedback"] is not None else FeedbackInput()
    tasks = tuple(f"{task.title}（{task.due_on.isoformat()}）" for task in known.follow_up_tasks)
    return Feedback(known.enquiries, known.evaluation_issues, tasks)


def _scan_policy(policy: PolicyFacts, content: dict[str, Any], words: WordLists) -> list[Scan]:
    names = ("title", "body", "summary", "addressee", "copies_to", "contact")
    scans = [Scan(POLICY, policy.hash, tuple(scan_text(_text_of(content, names), words)))]
    for number, (item, file) in enumerate(zip(content["attachments"], policy.attachments, strict=True), 1):
        scans.append(_scan_file(attachment_subject(number), item, file, words))
    return scans


def _scan_materials(materials: Sequence[MaterialFacts], rows: Sequence[Any], words: WordLists) -> list[Scan]:
    scans = []
    for material, row in zip(materials, rows, strict=True):
        content = json.loads(row["content"])
        text = _text_of(content, ("title", "body", "interpreter", "contact"))
        scans.append(Scan(material.subject, material.hash, tuple(scan_text(text, words))))
        for number, (item, file) in enumerate(zip(content["attachments"], material.attachments, strict=True), 1):
            scans.append(_scan_file(material_subject(material.id, number), item, file, words))
    return scans


def _scan_file(subject: str, item: dict[str, Any], file: File, words: WordLists) -> Scan:
    """A file's name and description are scanned; its bytes are kept elsewhere, so a person has to look through them."""
    hits = scan_text(_text_of(item, ("name", "alt_text")), words)
    return Scan(subject, file.hash, tuple(hits), readable=False)


def _text_of(content: dict[str, Any], names: Sequence[str]) -> str:
    """The fields' texts, one under the other."""
    values = [content[name] for name in names]
    parts = [" ".join(str(v) for v in value.values() if v) if isinstance(value, dict) else value for value in values]
    return "\n".join(part for part in parts if part)


async def _add_aftermath(
    driver: asyncpg.Connection, facts: Dossier, row: Any, content: dict[str, Any], public: dict[str, Any] | None
) -> Dossier:
    """What happened since the release: further interpretations and amendments."""
    publication = PublicationFacts(row["released_at"], row["published_on"], manifest_of(facts), public is not None)
    later = await repository.list_later_interpretations(driver, row["policy_id"], row["id"], row["published_on"])
    more = tuple(_material(item, facts.policy, content, {}, public) for item in later)
    amendments = await repository.list_amendments(
        driver,
        row["policy_id"],
        number=row["version_number"],
        released_at=row["released_at"],
        published_on=row["published_on"],
    )
    tasks = await follow_up_repository.list_of_policy(driver, row["policy_id"])
    after_amendment = {item["cause"]: str(item["id"]) for item in tasks if item["reason"] == TaskReason.AMENDED}
    counted = await enquiry_repository.total_of(driver, row["policy_id"])
    return replace(
        facts,
        publication=publication,
        materials=(*facts.materials, *more),
        amendments=tuple(
            Amendment(item["id"], item["published_on"], item["interpreted_on"], after_amendment.get(item["id"]))
            for item in amendments
        ),
        feedback=_add_known(facts.feedback, tasks, counted),
    )


def _add_known(reported: Feedback, tasks: Sequence[Any], counted: int) -> Feedback:
    """What the library knows itself, beside what the office reports."""
    others = [item for item in tasks if item["reason"] != TaskReason.AMENDED]
    return replace(
        reported,
        enquiries=max(reported.enquiries, counted),
        evaluation_issues=reported.evaluation_issues or any(item["reason"] == TaskReason.EVALUATION for item in others),
        tasks=tuple(
            FollowUpTask(str(item["id"]), TaskReason(item["reason"]), item["due_on"], TaskState(item["state"]))
            for item in others
        ),
    )
