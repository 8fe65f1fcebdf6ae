"""A dossier as those who work on it read it."""

import json
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from services.policy_api.rules.dossier_states import allowed_moves
from services.policy_api.rules.three_sync import Limits, check_three_sync, manifest_hash, manifest_of
from services.policy_api.rules.three_sync.manifest import differing_subjects
from services.policy_api.service.dossier_facts import Act, Loaded
from shared.kit.workdays import WorkCalendar
from shared.schemas.dossiers import (
    ApprovalRecord,
    Dossier,
    DossierPolicy,
    ExemptionInput,
    FeedbackInput,
    HeldConsultation,
    Material,
    PlanInput,
    ReceiptInput,
    ReturnRecord,
    ReviewRecord,
    SignatureRecord,
    ThreeSyncReport,
)
from shared.schemas.policies import InterpretationInput

Stated = TypeVar("Stated", PlanInput, ExemptionInput, HeldConsultation, FeedbackInput)


def etag_of(version: int) -> str:
    """ETag of a dossier's version."""
    return f'"{version}"'


def current_manifest(loaded: Loaded) -> dict[str, str]:
    """What a signature covers, as it is now; once released, as it is published."""
    publication = loaded.facts.publication
    return publication.manifest if publication is not None else manifest_of(loaded.facts)


def report_on(loaded: Loaded, *, today: date, calendar: WorkCalendar, limits: Limits) -> ThreeSyncReport:
    """The checklist as the dossier stands."""
    return check_three_sync(loaded.facts, today, calendar, limits=limits)


def view_dossier(loaded: Loaded) -> Dossier:
    """The whole dossier."""
    row, facts = loaded.row, loaded.facts
    manifest = current_manifest(loaded)
    return Dossier(
        id=loaded.id,
        version=row["version"],
        state=facts.state,
        allowed_moves=allowed_moves(facts.state),
        organization=row["organization"],
        policy=DossierPolicy(
            id=row["policy_id"],
            title=loaded.content["title"],
            doc_no=loaded.content["doc_no"],
            external_id=loaded.policy["external_id"],
            version_number=facts.policy.version_number,
            content_hash=facts.policy.hash,
        ),
        drafting_units=row["drafting_units"],
        handles_applications=row["handles_applications"],
        plan=_parsed(PlanInput, row["plan"]),
        exemption=_parsed(ExemptionInput, row["exemption"]),
        consultation=_parsed(HeldConsultation, row["consultation"]),
        materials=[view_material(loaded, str(material["id"])) for material in loaded.materials],
        reviews=[view_review(act, manifest) for act in loaded.acts_of("review")],
        approvals=[view_approval(act) for act in loaded.acts_of("approval")],
        signature=_view_signature(loaded, manifest),
        returns=[_view_return(act) for act in loaded.acts_of("return")],
        receipts=[ReceiptInput.model_validate(act.details) for act in loaded.acts_of("receipt")],
        feedback=_parsed(FeedbackInput, row["feedback"]) or FeedbackInput(),
        manifest=manifest,
        manifest_hash=manifest_hash(manifest),
        created_at=row["created_at"],
        submitted_at=row["submitted_at"],
        released_at=row["released_at"],
        published_on=row["published_on"],
    )


def _parsed(model: type[Stated], text: str | None) -> Stated | None:
    return model.model_validate_json(text) if text is not None else None


def view_material(loaded: Loaded, material_id: str) -> Material:
    """One of its materials."""
    row = next(item for item in loaded.materials if str(item["id"]) == material_id)
    facts = next(item for item in loaded.facts.materials if item.id == material_id)
    return Material(
        id=row["id"],
        content=InterpretationInput.model_validate(json.loads(row["content"])),
        content_hash=row["content_hash"],
        public=row["state"] == "public",
        created_at=facts.created_at,
    )


def _who(act: Act) -> dict[str, Any]:
    return {"id": act.id, "client_id": act.actor.client_id, "person_id": act.actor.person_id, "at": act.at}


def view_review(act: Act, manifest: dict[str, str]) -> ReviewRecord:
    """A review, and whether it saw what is there now."""
    current = manifest.get(act.details["subject"]) == act.details["content_hash"]
    return ReviewRecord(**_who(act), **act.details, current=current)


def view_approval(act: Act) -> ApprovalRecord:
    """An approval with the hashes it covers."""
    return ApprovalRecord(**_who(act), **act.details)


def _view_signature(loaded: Loaded, manifest: dict[str, str]) -> SignatureRecord | None:
    signature = loaded.facts.signature
    if signature is None:
        return None
    changed = differing_subjects(signature.manifest, manifest)
    return SignatureRecord(
        id=UUID(signature.id),
        client_id=signature.actor.client_id,
        person_id=signature.actor.person_id,
        at=signature.at,
        manifest=signature.manifest,
        manifest_hash=manifest_hash(signature.manifest),
        void=bool(changed),
        changed=changed,
    )


def _view_return(act: Act) -> ReturnRecord:
    return ReturnRecord(**_who(act), **act.details)
