"""Corrections of records (条例第四十一条) and records of the office's work at the edge."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response

from services.request_api.repository import records as repository
from services.request_api.routes.common import (
    Cursor,
    ExternalId,
    Handler,
    Identifier,
    Limit,
    Office,
    OpenVault,
    Submitter,
    TermsNow,
)
from services.request_api.routes.requests import NOT_STORED, page_of, position_id
from services.request_api.service import records as service
from shared.kit.auth import Caller, OrganizationCode, require
from shared.kit.clock import Now
from shared.kit.database import Reading, Writing, WritingForReal
from shared.kit.http import api_router, problems
from shared.schemas.pages import Page
from shared.schemas.policies import Outcome
from shared.schemas.record_corrections import (
    RecordCorrection,
    RecordCorrectionAnswer,
    RecordCorrectionInput,
    RecordCorrectionReceipt,
    RecordCorrectionWhole,
)
from shared.schemas.requests import Purpose
from shared.schemas.scopes import Scope
from shared.schemas.work_records import WorkRecord, WorkRecordInput, WorkRecordKind, WorkRecordReceipt

router = api_router(tags=["records"])
CorrectionId = Annotated[UUID, Path(title="更正申请编号")]
Recorder = Annotated[Caller, Depends(require(Scope.REPORT_WRITE, Scope.REQUEST_SUPERVISE))]


@router.put(
    "/v1/organizations/{org}/record-corrections/{external_id}",
    response_model=RecordCorrectionReceipt,
    responses={201: {"model": RecordCorrectionReceipt, "description": "已登记"}, **problems(409)},
    summary="提出更正 Ask for a correction",
)
async def put_correction(
    org: OrganizationCode,
    external_id: ExternalId,
    body: RecordCorrectionInput,
    caller: Submitter,
    session: Writing,
    terms: TermsNow,
    vault: OpenVault,
    now: Now,
) -> Response:
    """A record about oneself that is inaccurate (条例第四十一条). No request for information: no clock, no report counts it."""
    organization = await caller.ensure_covers(org)
    receipt = await service.put_correction(session, caller, organization, external_id, body, terms, vault, now=now)
    return Response(
        receipt.model_dump_json(),
        status_code=201 if receipt.outcome is Outcome.CREATED else 200,
        headers=NOT_STORED,
        media_type="application/json",
    )


@router.get(
    "/v1/organizations/{org}/record-corrections",
    response_model=Page[RecordCorrection],
    summary="更正申请列表 List corrections",
)
async def list_corrections(
    org: OrganizationCode,
    request: Request,
    caller: Office,
    reads: Reading,
    vault: OpenVault,
    response: Response,
    is_open: Annotated[bool | None, Query(alias="open", title="是否未答复")] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[RecordCorrection]:
    """Of one organisation, newest first, names masked."""
    await caller.ensure_covers(org)
    cursors, name = request.app.state.kit.cursors, f"corrections:{org}:{is_open}"
    after = position_id(cursors.open(name, cursor)) if cursor else None
    rows = await repository.list_corrections(reads, org, is_open=is_open, after=after, limit=limit)
    more = cursors.seal(name, [str(rows[limit - 1]["id"])]) if len(rows) > limit else None
    return page_of(request, response, [service.show_correction(row, vault) for row in rows[:limit]], more)


@router.post(
    "/v1/record-corrections/{correction_id}:identify",
    response_model=RecordCorrectionWhole,
    responses=problems(404),
    summary="查看更正申请 Read a correction whole",
)
async def read_correction(
    correction_id: CorrectionId,
    body: Purpose,
    caller: Identifier,
    reads: Reading,
    session: WritingForReal,
    vault: OpenVault,
    response: Response,
) -> RecordCorrectionWhole:
    """Everything that was said and shown. Who looked and what for is kept in the audit trail."""
    row = await service.find_correction(reads, correction_id)
    await caller.ensure_covers(row["organization"])
    response.headers.update(NOT_STORED)
    return await service.read_whole(session, caller, row, vault, purpose=body.purpose)


@router.post(
    "/v1/record-corrections/{correction_id}:answer",
    response_model=RecordCorrection,
    responses=problems(404, 409),
    summary="答复更正申请 Answer a correction",
)
async def answer_correction(
    correction_id: CorrectionId,
    body: RecordCorrectionAnswer,
    caller: Handler,
    reads: Reading,
    session: Writing,
    terms: TermsNow,
    vault: OpenVault,
    response: Response,
) -> RecordCorrection:
    """Once: corrected, not proved, forwarded to the organ with the power, or told to turn to it."""
    row = await service.find_correction(reads, correction_id)
    await caller.ensure_covers(row["organization"])
    response.headers.update(NOT_STORED)
    return await service.answer_correction(session, caller, row, body, terms, vault)


@router.put(
    "/v1/organizations/{org}/work-records/{external_id}",
    response_model=WorkRecordReceipt,
    responses={201: {"model": WorkRecordReceipt, "description": "已登记"}},
    summary="登记工作记录 Put a work record",
)
async def put_work_record(
    org: OrganizationCode,
    external_id: ExternalId,
    body: WorkRecordInput,
    caller: Recorder,
    session: Writing,
    terms: TermsNow,
) -> Response:
    """考核、社会评议、责任追究、督促整改、通报批评、投诉举报、培训、制度 (条例第四十六条至第四十八条、第五十二条)."""
    organization = await caller.ensure_covers(org)
    receipt = await service.put_work_record(session, caller, organization, external_id, body, today=terms.today)
    return Response(
        receipt.model_dump_json(),
        status_code=201 if receipt.outcome is Outcome.CREATED else 200,
        headers=NOT_STORED,
        media_type="application/json",
    )


@router.get(
    "/v1/organizations/{org}/work-records", response_model=Page[WorkRecord], summary="工作记录 List work records"
)
async def list_work_records(
    org: OrganizationCode,
    request: Request,
    caller: Recorder,
    reads: Reading,
    response: Response,
    kind: Annotated[WorkRecordKind | None, Query(title="种类")] = None,
    year: Annotated[int | None, Query(title="年度", ge=2008, le=2100)] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[WorkRecord]:
    """Of an organisation and all below it, newest first; what section 六 of a government's report tells of (第五十条)."""
    await caller.ensure_covers(org)
    cursors, name = request.app.state.kit.cursors, f"work:{org}:{kind}:{year}"
    after = position_id(cursors.open(name, cursor)) if cursor else None
    rows = await repository.list_work(reads, org, kind=kind, year=year, after=after, limit=limit)
    more = cursors.seal(name, [str(rows[limit - 1]["id"])]) if len(rows) > limit else None
    return page_of(request, response, [service.show_work_record(row) for row in rows[:limit]], more)
