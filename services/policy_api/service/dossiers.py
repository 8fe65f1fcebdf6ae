"""Opening a dossier and drafting what belongs to it: plan, materials, exemption, consultation."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import to_json
from uuid_utils.compat import uuid7

from services.policy_api.repository import dossiers as repository
from services.policy_api.repository import entries as entry_repository
from services.policy_api.repository import interpretations as interpretation_repository
from services.policy_api.repository import policies as policy_repository
from services.policy_api.repository.reading import Reads
from services.policy_api.rules.duties import Duty
from services.policy_api.rules.entry_kinds.consultation import CONSULTATION
from services.policy_api.service.content import normalize_interpretation
from services.policy_api.service.dossier_acts import Acting, append_act, begin
from services.policy_api.service.dossier_facts import Loaded, content_hash, load_dossier
from services.policy_api.service.dossier_view import view_dossier, view_material
from services.policy_api.service.files import ensure_files
from shared.kit.database import WriteSession
from shared.kit.errors import Conflict, NotFound, RuleViolation
from shared.schemas.dossiers import (
    Dossier,
    DossierInput,
    ExemptionInput,
    HeldConsultation,
    Material,
    Move,
    PlanInput,
)
from shared.schemas.policies import InterpretationInput
from shared.schemas.problems import InvalidField


async def create_dossier(session: WriteSession, acting: Acting, policy_id: UUID, wanted: DossierInput) -> Dossier:
    """Open the dossier of a pushed text that is not public yet. A policy has one open dossier at a time."""
    driver = await session.driver()
    await policy_repository.lock(driver, [policy_id])
    policy = await repository.load_policy(driver, policy_id)
    if policy is None:
        raise NotFound("没有这份政策；请先推送草案")
    if policy["state"] == "withdrawn":
        raise Conflict("这份政策已撤回，不能再发布；请用新的机关内编号推送")
    text = await policy_repository.load_version(driver, policy_id, policy["latest_number"])
    if text["released_at"] is not None:
        raise Conflict("这份政策没有待发布的文本；请先推送新的文本")
    row = {
        "id": uuid7(),
        "policy_id": policy_id,
        "organization": policy["organization"],
        "drafting_units": wanted.drafting_units or [policy["organization"]],
        "handles_applications": wanted.handles_applications,
        "created_at": acting.now,
    }
    if not await repository.insert(driver, row):
        open_id = await repository.find_open(driver, policy_id)
        raise Conflict("这份政策已有会签卷；请在其中办理", dossier_id=str(open_id))
    loaded = await load_dossier(driver, row["id"])
    await append_act(session, loaded, acting, "created", duty=Duty.DRAFT, policy=str(policy_id))
    return await view_again(session, loaded)


async def view_again(session: WriteSession, loaded: Loaded) -> Dossier:
    """The dossier as this transaction leaves it."""
    return view_dossier(await load_dossier(await session.driver(), loaded.id))


async def put_plan(
    session: WriteSession, acting: Acting, dossier_id: UUID, plan: PlanInput, *, if_match: str | None
) -> Dossier:
    """Write or replace the interpretation plan. Its date of making stays that of the first."""
    loaded, _ = await begin(session, dossier_id, acting, move=Move.EDIT, duty=Duty.DRAFT, if_match=if_match)
    text, digest = _canonical(plan)
    if digest == loaded.row["plan_hash"]:
        return view_dossier(loaded)
    created_at = loaded.row["plan_created_at"] or acting.now
    changes = {"plan": text, "plan_hash": digest, "plan_created_at": created_at}
    await append_act(session, loaded, acting, "plan_put", duty=Duty.DRAFT, changes=changes, hash=digest)
    return await view_again(session, loaded)


async def put_exemption(
    session: WriteSession, acting: Acting, dossier_id: UUID, exemption: ExemptionInput, *, if_match: str | None
) -> Dossier:
    """Ask not to interpret. It counts once the disclosure office has reviewed `exemption`."""
    loaded, _ = await begin(session, dossier_id, acting, move=Move.EDIT, duty=Duty.DRAFT, if_match=if_match)
    text, digest = _canonical(exemption)
    if digest == loaded.row["exemption_hash"]:
        return view_dossier(loaded)
    changes = {"exemption": text, "exemption_hash": digest}
    await append_act(session, loaded, acting, "exemption_put", duty=Duty.DRAFT, changes=changes, hash=digest)
    return await view_again(session, loaded)


async def delete_exemption(session: WriteSession, acting: Acting, dossier_id: UUID) -> Dossier:
    """Take the wish back. A second time changes nothing."""
    loaded, _ = await begin(session, dossier_id, acting, move=Move.EDIT, duty=Duty.DRAFT)
    if loaded.row["exemption"] is None:
        return view_dossier(loaded)
    changes = {"exemption": None, "exemption_hash": None}
    await append_act(session, loaded, acting, "exemption_deleted", duty=Duty.DRAFT, changes=changes)
    return await view_again(session, loaded)


async def find_consultation(reads: Reads, consultation_id: UUID, *, today: date) -> str:
    """Whose consultation it is; RuleViolation unless the public has been asked by it."""
    row = await entry_repository.find(reads, CONSULTATION.name, consultation_id)
    asked = row is not None and row["state"] == "public"
    if not asked or date.fromisoformat(json.loads(row["content"])["opened_on"]) > today:
        errors = [
            InvalidField(pointer="/consultation_id", detail="没有这次已开始的征求意见；在别处举行的请填 reference")
        ]
        raise RuleViolation("所指的征求意见不存在、尚未开始或已撤回", errors=errors)
    organization: str = row["organization"]
    return organization


async def put_consultation(
    session: WriteSession, acting: Acting, dossier_id: UUID, held: HeldConsultation, *, if_match: str | None
) -> Dossier:
    """Note the consultation that was held on the draft."""
    loaded, _ = await begin(session, dossier_id, acting, move=Move.EDIT, duty=Duty.DRAFT, if_match=if_match)
    changes = {"consultation": _canonical(held)[0]}
    await append_act(session, loaded, acting, "consultation_put", duty=Duty.DRAFT, changes=changes)
    return await view_again(session, loaded)


def _canonical(value: BaseModel) -> tuple[str, str]:
    """Canonical JSON and its hash."""
    dumped = value.model_dump()
    return to_json(dumped).decode(), content_hash(dumped)


@dataclass(frozen=True)
class WrittenMaterial:
    """A material and the dossier's version with it."""

    material: Material
    version: int


async def add_material(
    session: WriteSession, acting: Acting, dossier_id: UUID, wanted: InterpretationInput
) -> WrittenMaterial:
    """Add an interpretation. It becomes public with the policy, in the same transaction."""
    loaded, _ = await begin(session, dossier_id, acting, move=Move.EDIT, duty=Duty.DRAFT)
    return await _write_material(session, acting, loaded, uuid7(), wanted, kind="material_added")


async def put_material(
    session: WriteSession,
    acting: Acting,
    dossier_id: UUID,
    material_id: UUID,
    wanted: InterpretationInput,
    *,
    if_match: str | None,
) -> WrittenMaterial:
    """Replace an interpretation. Reviews and approvals of the former text no longer count."""
    loaded, _ = await begin(session, dossier_id, acting, move=Move.EDIT, duty=Duty.DRAFT, if_match=if_match)
    have = next((item for item in loaded.materials if item["id"] == material_id), None)
    if have is None:
        raise NotFound("本卷中没有这份解读材料")
    if have["content_hash"] == normalize_interpretation(wanted).hash:
        return WrittenMaterial(view_material(loaded, str(material_id)), loaded.row["version"])
    return await _write_material(session, acting, loaded, material_id, wanted, kind="material_changed")


async def delete_material(session: WriteSession, acting: Acting, dossier_id: UUID, material_id: UUID) -> Dossier:
    """Take an interpretation out."""
    loaded, _ = await begin(session, dossier_id, acting, move=Move.EDIT, duty=Duty.DRAFT)
    if not await repository.delete_material(await session.driver(), dossier_id, material_id):
        raise NotFound("本卷中没有这份解读材料")
    details = {"material": str(material_id)}
    await append_act(
        session, loaded, acting, "material_removed", duty=Duty.DRAFT, details=details, material=str(material_id)
    )
    return await view_again(session, loaded)


async def _write_material(
    session: WriteSession, acting: Acting, loaded: Loaded, material_id: UUID, wanted: InterpretationInput, *, kind: str
) -> WrittenMaterial:
    content = normalize_interpretation(wanted)
    driver = await session.driver()
    await ensure_files(driver, loaded.policy["organization"], content.fields, public=False)
    await interpretation_repository.upsert(driver, _material_row(loaded, material_id, content.text, content.hash))
    details = {"material": str(material_id)}
    await append_act(
        session, loaded, acting, kind, duty=Duty.DRAFT, details=details, hash=content.hash, material=str(material_id)
    )
    after = await load_dossier(driver, loaded.id)
    return WrittenMaterial(view_material(after, str(material_id)), after.row["version"])


def _material_row(loaded: Loaded, material_id: UUID, text: str, digest: str) -> dict[str, Any]:
    policy, content = loaded.policy, json.loads(text)
    return {
        "id": material_id,
        "organization": policy["organization"],
        "organization_name": policy["organization_name"],
        "level": policy["level"],
        "external_id": None,
        "policy_id": policy["id"],
        "dossier_id": loaded.id,
        "title": content["title"],
        "form": content["form"],
        "stage": content["stage"],
        "content": text,
        "content_hash": digest,
    }
