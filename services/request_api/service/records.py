"""Corrections of records (条例第四十一条), and the records of an office's work (条例第四十六条至第四十八条)."""

import hashlib
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import from_json, to_json
from uuid_utils.compat import uuid7

from services.request_api.repository import records as repository
from services.request_api.repository.requests import Reads, next_number
from services.request_api.rules.guards import Terms
from services.request_api.rules.masks import mask_name
from services.request_api.service.keeping import Vault
from services.request_api.service.library import values_of
from services.request_api.service.openness import refuse_numbers, refuse_personal
from services.request_api.service.upkeep import SYSTEM
from shared.kit.auth import Caller
from shared.kit.database import WriteSession
from shared.kit.errors import Conflict, NotFound, RuleViolation
from shared.schemas.organizations import Organization, OrganizationKind
from shared.schemas.policies import OrganizationRef, Outcome
from shared.schemas.problems import InvalidField
from shared.schemas.record_corrections import (
    CorrectionOutcome,
    RecordCorrection,
    RecordCorrectionAnswer,
    RecordCorrectionInput,
    RecordCorrectionReceipt,
    RecordCorrectionWhole,
)
from shared.schemas.work_records import WorkRecord, WorkRecordInput, WorkRecordReceipt

CORRECTIONS = "record_correction"
NO_CORRECTION = "没有这件更正申请"
_FIRST_DAY = date(2008, 5, 1)
"""From this day the Regulation is in force."""
_ELSEWHERE = (CorrectionOutcome.FORWARDED, CorrectionOutcome.TOLD)


async def put_correction(
    session: WriteSession,
    caller: Caller,
    organization: Organization,
    external_id: str,
    wanted: RecordCorrectionInput,
    terms: Terms,
    vault: Vault,
    *,
    now: datetime,
) -> RecordCorrectionReceipt:
    """Take it in once; the same one again is answered as the first time."""
    driver = await session.driver()
    content_key = vault.prints.of(to_json(wanted).decode(), purpose="content")
    have = await repository.lock_key(driver, CORRECTIONS, organization.code, external_id)
    if have is not None:
        if bytes(have["content_key"]) != content_key:
            raise Conflict("这个外部编号已登记另一件更正申请；另一件请用另一编号")
        return RecordCorrectionReceipt(outcome=Outcome.UNCHANGED, id=have["id"], number=have["number"])
    if organization.kind is OrganizationKind.EXTERNAL:
        _refuse("{org", "外部机关不在本平台办理")
    if not _FIRST_DAY <= wanted.submitted_on <= terms.today:
        _refuse("/submitted_on", "提出日期应在今天或之前")
    correction_id = uuid7()
    row: dict[str, Any] = {
        "id": correction_id,
        "organization": organization.code,
        "organization_name": organization.name,
        "external_id": external_id,
        "content_key": content_key,
        "content": _sealed(vault, wanted, "record correction", correction_id),
        "submitted_on": wanted.submitted_on,
        "sealed_with": vault.ring.current,
        "recorded_at": now,
        "version": 1,
        **dict.fromkeys(("outcome", "organ", "answer", "told_on", "erased_on")),
    }
    number = await next_number(driver, organization.code, CORRECTIONS, terms.today.year)
    row["number"] = f"{organization.code}-GZ-{terms.today.year}-{number:05d}"
    await repository.insert_correction(driver, row)
    _record(session, caller.client_id, "record_correction.submitted", row)
    return RecordCorrectionReceipt(outcome=Outcome.CREATED, id=correction_id, number=row["number"])


async def answer_correction(
    session: WriteSession, caller: Caller, row: Any, wanted: RecordCorrectionAnswer, terms: Terms, vault: Vault
) -> RecordCorrection:
    """Once. The organ with the power to correct checks and corrects; another forwards it or says to whom it goes."""
    if (wanted.outcome in _ELSEWHERE) != (wanted.organ is not None):
        _refuse("/organ", "转送或者告知向其他机关提出的，应写明有权更正的机关；其他结果不写（条例第四十一条）")
    if not row["submitted_on"] <= wanted.told_on <= terms.today:
        _refuse("/told_on", "告知日期应在提出之后、今天或之前")
    if wanted.organ is not None:
        # It is kept in the open.
        refuse_personal({"organ": wanted.organ}, _known(row, vault))
    sealed = _sealed(vault, wanted, "record correction answer", row["id"])
    answered = await repository.answer_correction(
        await session.driver(),
        row["id"],
        outcome=wanted.outcome.value,
        organ=wanted.organ,
        answer=sealed,
        told_on=wanted.told_on,
    )
    if answered is None:
        raise Conflict("这件更正申请已经答复")
    _record(session, caller.client_id, "record_correction.answered", answered, outcome=wanted.outcome.value)
    return show_correction(answered, vault)


async def read_whole(
    session: WriteSession, caller: Caller, row: Any, vault: Vault, *, purpose: str
) -> RecordCorrectionWhole:
    """Everything that was said, for a purpose that goes into the audit trail."""
    if row["content"] is None:
        raise NotFound("个人信息已按期删除")
    refuse_personal({"purpose": purpose}, _known(row, vault))
    _record(session, caller.client_id, "record_correction.viewed", row, purpose=purpose)
    content = vault.open(bytes(row["content"]), "record correction", row["id"])
    said = row["answer"] and vault.open(bytes(row["answer"]), "record correction answer", row["id"])
    return RecordCorrectionWhole(**content, answer=said)


def _known(row: Any, vault: Vault) -> list[str]:
    content = vault.open(bytes(row["content"]), "record correction", row["id"])
    return values_of(RecordCorrectionInput.model_validate(content).applicant)


async def find_correction(reads: Reads, correction_id: UUID) -> Any:
    """NotFound when there is none."""
    row = await repository.find_correction(reads, correction_id)
    if row is None:
        raise NotFound(NO_CORRECTION)
    return row


def show_correction(row: Any, vault: Vault) -> RecordCorrection:
    """As the office reads it."""
    content = row["content"] and vault.open(bytes(row["content"]), "record correction", row["id"])
    names = ("id", "number", "submitted_on", "outcome", "organ", "told_on", "recorded_at", "erased_on", "version")
    return RecordCorrection(
        organization=OrganizationRef(code=row["organization"], name=row["organization_name"]),
        applicant_name=mask_name(content["applicant"]["name"]) if content else None,
        record=content["record"] if content else None,
        **{name: row[name] for name in names},
    )


def _sealed(vault: Vault, value: BaseModel, place: str, correction_id: UUID) -> bytes:
    return vault.seal(value, place, correction_id)


async def seal_corrections_anew(session: WriteSession, vault: Vault, *, limit: int) -> int:
    """Cases that an older key has sealed, under the current one; how many."""
    driver = await session.driver()
    rows = await repository.list_sealed_otherwise(driver, vault.ring.current, limit=limit)
    for row in rows:
        places = {"content": "record correction", "answer": "record correction answer"}
        anew = {
            name: row[name] and vault.ring.reseal(bytes(row[name]), binding=f"{place} {row['id']}")
            for name, place in places.items()
        }
        await repository.keep_sealed(driver, row["id"], vault.ring.current, anew["content"], anew["answer"])
    return len(rows)


async def erase_corrections(session: WriteSession, *, today: date, years: int, limit: int) -> int:
    """Erase what is personal of cases whose time is over; how many."""
    before = today.replace(year=today.year - years, day=min(today.day, 28))
    rows = await repository.erase_outlived(await session.driver(), told_before=before, today=today, limit=limit)
    for row in rows:
        _record(session, SYSTEM, "record_correction.erased", row)
    return len(rows)


async def put_work_record(
    session: WriteSession,
    caller: Caller,
    organization: Organization,
    external_id: str,
    wanted: WorkRecordInput,
    *,
    today: date,
) -> WorkRecordReceipt:
    """Keep it, or what it says now."""
    _ensure_sound(wanted, today)
    driver = await session.driver()
    have = await repository.lock_key(driver, "work_record", organization.code, external_id)
    text = to_json(wanted).decode()
    digest = hashlib.sha256(text.encode()).hexdigest()
    if have is not None and have["content_hash"] == digest:
        return WorkRecordReceipt(outcome=Outcome.UNCHANGED, id=have["id"], version=have["version"])
    row = {
        "id": have["id"] if have is not None else uuid7(),
        "organization": organization.code,
        "organization_name": organization.name,
        "organization_path": list(organization.path),
        "external_id": external_id,
        "kind": wanted.kind.value,
        "on_day": wanted.on,
        "content": text,
        "content_hash": digest,
        "recorded_by": caller.principal.organization,
        "version": (have["version"] if have is not None else 0) + 1,
    }
    await repository.keep_work(driver, row)
    _record(session, caller.client_id, "work_record.put", row, kind=wanted.kind.value)
    outcome = Outcome.CREATED if have is None else Outcome.UPDATED
    return WorkRecordReceipt(outcome=outcome, id=row["id"], version=row["version"])


def _ensure_sound(wanted: WorkRecordInput, today: date) -> None:
    if not _FIRST_DAY <= wanted.on <= today:
        _refuse("/on", "日期应在今天或之前")
    for name in ("answer_by", "closed_on"):
        day = getattr(wanted, name)
        if day is not None and day < wanted.on:
            _refuse(f"/{name}", "不能早于日期")
    refuse_numbers({"title": wanted.title, "result": wanted.result or ""})


def show_work_record(row: Any) -> WorkRecord:
    return WorkRecord(
        **from_json(row["content"]),
        id=row["id"],
        organization=OrganizationRef(code=row["organization"], name=row["organization_name"]),
        external_id=row["external_id"],
        recorded_by=row["recorded_by"],
        version=row["version"],
    )


def _refuse(pointer: str, detail: str) -> None:
    raise RuleViolation(detail, errors=[InvalidField(pointer=pointer, detail=detail)])


def _record(session: WriteSession, actor: str, action: str, row: Any, **facts: Any) -> None:
    session.record(
        actor=actor,
        action=action,
        subject=str(row["id"]),
        version=row["version"],
        organization=row["organization"],
        **facts,
    )
