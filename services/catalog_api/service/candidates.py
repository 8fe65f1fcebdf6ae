"""Candidates (依申请转主动): taken in, decided once; one that becomes an item goes into its catalog's next draft."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from uuid_utils.compat import uuid7

from services.catalog_api.repository import candidates as repository
from services.catalog_api.service.catalogs import draft_catalog
from shared.kit.auth import Caller
from shared.kit.database import WriteSession
from shared.kit.errors import Conflict, NotFound, RuleViolation
from shared.kit.identifiers import find_identifiers
from shared.schemas.candidates import (
    Candidate,
    CandidateDecision,
    CandidateInput,
    CandidateReceipt,
    CandidateState,
)
from shared.schemas.catalogs import CatalogInput
from shared.schemas.organizations import Organization
from shared.schemas.patrol import FindingKind
from shared.schemas.policies import OrganizationRef, Outcome
from shared.schemas.problems import InvalidField

_PERSONAL = frozenset({FindingKind.IDENTITY_NUMBER, FindingKind.MOBILE_PHONE, FindingKind.BANK_CARD})
NO_CANDIDATE = "没有这个候选"


async def put_candidate(
    session: WriteSession, caller: Caller, organization: Organization, external_id: str, wanted: CandidateInput
) -> CandidateReceipt:
    """Keep it, or what is new of it; a decided one changes no more."""
    if wanted.period_from > wanted.period_to:
        detail = "期间止不能早于期间起"
        raise RuleViolation(detail, errors=[InvalidField(pointer="/period_to", detail=detail)])
    _ensure_nothing_personal(wanted)
    driver = await session.driver()
    have = await repository.lock(driver, organization.code, external_id)
    text = to_json(wanted).decode()
    digest = hashlib.sha256(text.encode()).hexdigest()
    if have is not None and have["content_hash"] == digest:
        return CandidateReceipt(outcome=Outcome.UNCHANGED, id=have["id"], version=have["version"])
    if have is not None and have["state"] != CandidateState.OPEN:
        raise Conflict("这个候选已经决定，不能再改；新的情况请另行登记")
    row = {
        "id": have["id"] if have is not None else uuid7(),
        "organization": organization.code,
        "organization_name": organization.name,
        "external_id": external_id,
        "content": text,
        "content_hash": digest,
        "version": (have["version"] if have is not None else 0) + 1,
    }
    await repository.keep(driver, row)
    _record(session, caller, "candidate.put", row)
    outcome = Outcome.CREATED if have is None else Outcome.UPDATED
    return CandidateReceipt(outcome=outcome, id=row["id"], version=row["version"])


def _ensure_nothing_personal(wanted: CandidateInput) -> None:
    """It says what was asked for, never who asked."""
    texts = {"subject": wanted.subject, "proposal": wanted.proposal or ""}
    errors = [
        InvalidField(pointer=f"/{name}", detail="含有个人号码，请删去")
        for name, text in texts.items()
        if any(one.kind in _PERSONAL for one in find_identifiers(text))
    ]
    if errors:
        raise RuleViolation("候选不能含有个人信息", errors=errors)


async def decide_candidate(
    session: WriteSession,
    caller: Caller,
    candidate_id: UUID,
    wanted: CandidateDecision,
    *,
    drafted: tuple[Sequence[Organization], CatalogInput] | None,
    now: datetime,
) -> Candidate:
    """Once. `drafted` is the catalog with the item in it, and who answers for its items."""
    driver = await session.driver()
    found = await repository.find(driver, candidate_id)
    if found is None:
        raise NotFound(NO_CANDIDATE)
    row = await repository.lock(driver, found["organization"], found["external_id"])
    if row["state"] != CandidateState.OPEN:
        raise Conflict("这个候选已经决定")
    result: UUID | None = None
    match wanted.decision:
        case CandidateState.ITEM if drafted is not None and wanted.catalog is not None:
            responsible, content = drafted
            result = (await draft_catalog(session, caller, responsible, wanted.catalog, content, now=now)).id
        case CandidateState.PUBLICATION if wanted.publication is not None:
            result = await repository.find_public_publication(driver, row["organization"], wanted.publication)
            if result is None:
                _refuse("/publication", "没有这条公开记录，或它已撤下")
        case CandidateState.REJECTED:
            pass
        case _:
            _refuse("/decision", "应为 item（并给出目录和事项）、publication（并给出公开记录）或 rejected")
    await repository.decide(
        driver, candidate_id, state=wanted.decision, note=wanted.note, result=result, by=caller.client_id, at=now
    )
    _record(session, caller, f"candidate.{wanted.decision}", dict(row) | {"version": row["version"] + 1})
    return as_candidate(await repository.find(driver, candidate_id))


def _refuse(pointer: str, detail: str) -> None:
    raise RuleViolation(detail, errors=[InvalidField(pointer=pointer, detail=detail)])


def as_candidate(row: Any) -> Candidate:
    content = from_json(row["content"])
    names = ("id", "external_id", "state", "note", "result", "decided_at", "version")
    return Candidate(
        organization=OrganizationRef(code=row["organization"], name=row["organization_name"]),
        **{name: content[name] for name in CandidateInput.model_fields},
        **{name: row[name] for name in names},
    )


def _record(session: WriteSession, caller: Caller, action: str, row: dict[str, Any]) -> None:
    session.record(
        actor=caller.client_id,
        action=action,
        subject=str(row["id"]),
        version=row["version"],
        organization=row["organization"],
    )
