"""Case library, joint consultation, proposals and conversion at the edge."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Request, Response

from services.request_api.repository import cases as repository
from services.request_api.routes.common import (
    Cursor,
    ExternalId,
    Handler,
    Limit,
    Office,
    OpenVault,
    RequestId,
    covered,
)
from services.request_api.routes.requests import NOT_STORED, page_of, position_id
from services.request_api.service import conversion, library
from services.request_api.service.proposals import propose
from shared.kit.auth import Caller, OrganizationCode
from shared.kit.clock import Now
from shared.kit.database import Reading, Writing
from shared.kit.errors import NotFound
from shared.kit.http import api_router, problems
from shared.schemas.cases import (
    CaseInput,
    Conversion,
    ConversionDecision,
    ConversionState,
    JointConsultation,
    JointConsultationInput,
    LibraryCase,
    Proposals,
)
from shared.schemas.pages import Page
from shared.schemas.request_codes import DecisionCode

router = api_router(tags=["library"])
CaseId = Annotated[UUID, Path(title="案例编号")]
ConversionId = Annotated[UUID, Path(title="提议编号")]


async def _sight_of(caller: Caller) -> tuple[str, str | None]:
    """Whose eyes look: the caller's organisation, and the district or department of the city that it belongs to."""
    organization = await caller.directory.get(caller.principal.organization)
    return organization.code, organization.path[1] if len(organization.path) > 1 else None


@router.put(
    "/v1/requests/{request_id}/case",
    response_model=LibraryCase,
    responses=problems(404, 409),
    summary="共享案例 Share as a case",
)
async def share_case(
    request_id: RequestId,
    body: CaseInput,
    caller: Handler,
    reads: Reading,
    session: Writing,
    vault: OpenVault,
    now: Now,
) -> LibraryCase:
    """An answered request as a lesson for others; refused, field by field, while anything personal is in it."""
    await covered(reads, caller, request_id)
    return await library.share_case(session, caller, request_id, body, vault, now=now)


@router.delete(
    "/v1/requests/{request_id}/case",
    status_code=204,
    response_class=Response,
    responses=problems(404),
    summary="撤回案例 Withdraw a case",
)
async def withdraw_case(request_id: RequestId, caller: Handler, reads: Reading, session: Writing) -> Response:
    """Nobody reads it any more."""
    await covered(reads, caller, request_id)
    await library.withdraw_case(session, caller, request_id)
    return Response(status_code=204)


@router.get("/v1/cases", response_model=Page[LibraryCase], summary="案例库 List cases")
async def list_cases(
    request: Request,
    caller: Office,
    reads: Reading,
    response: Response,
    topic: Annotated[str | None, Query(title="专题", max_length=40)] = None,
    decision: Annotated[DecisionCode | None, Query(title="决定类型")] = None,
    words: Annotated[str | None, Query(title="检索词", description="Found as it is written.", max_length=60)] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[LibraryCase]:
    """Those that are shared with the caller's organisation: of the whole city, of its district, or its own."""
    within, district = await _sight_of(caller)
    cursors, name = request.app.state.kit.cursors, f"cases:{within}:{topic}:{decision}:{words}"
    after = position_id(cursors.open(name, cursor)) if cursor else None
    pattern = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") if words else None
    rows = await repository.list_cases(
        reads,
        within=within,
        district=district,
        topic=topic,
        decision=decision.value if decision else None,
        words=pattern,
        after=after,
        limit=limit,
    )
    more = cursors.seal(name, [str(rows[limit - 1]["id"])]) if len(rows) > limit else None
    return page_of(request, response, [library.show_case(row) for row in rows[:limit]], more)


@router.get("/v1/cases/{case_id}", response_model=LibraryCase, responses=problems(404), summary="读取案例 Read a case")
async def get_case(case_id: CaseId, caller: Office, reads: Reading) -> LibraryCase:
    """A case that is shared with the caller's organisation."""
    within, district = await _sight_of(caller)
    row = await repository.find_case(reads, case_id, within=within, district=district)
    if row is None:
        raise NotFound(library.NO_CASE)
    return library.show_case(row)


@router.put(
    "/v1/requests/{request_id}/joint-consultations/{external_id}",
    response_model=JointConsultation,
    responses=problems(404),
    summary="登记会商 Keep a joint consultation",
)
async def put_joint(
    request_id: RequestId,
    external_id: ExternalId,
    body: JointConsultationInput,
    caller: Handler,
    reads: Reading,
    session: Writing,
    vault: OpenVault,
    now: Now,
) -> JointConsultation:
    """Several offices over one question. It does not stop the clock: only a written consultation does."""
    await covered(reads, caller, request_id)
    return await library.keep_joint(session, caller, request_id, external_id, body, vault, now=now)


@router.get(
    "/v1/requests/{request_id}/joint-consultations",
    response_model=list[JointConsultation],
    responses=problems(404),
    summary="会商列表 List joint consultations",
)
async def list_joint(
    request_id: RequestId, caller: Office, reads: Reading, vault: OpenVault, response: Response
) -> list[JointConsultation]:
    """All of a request."""
    await covered(reads, caller, request_id)
    response.headers.update(NOT_STORED)
    return await library.list_joint(reads, request_id, vault)


@router.get(
    "/v1/requests/{request_id}/proposals",
    response_model=Proposals,
    responses=problems(404),
    summary="办理提示 What to look at",
)
async def get_proposals(
    request_id: RequestId, request: Request, caller: Office, reads: Reading, vault: OpenVault, response: Response
) -> Proposals:
    """Repeats, similar cases, a petition in disguise, what is public already. It proposes; a person decides."""
    row = await covered(reads, caller, request_id)
    kit = request.app.state.kit
    response.headers.update(NOT_STORED)
    path = row["organization_path"]
    return await propose(
        reads,
        row,
        vault,
        district=path[1] if len(path) > 1 else None,
        repeated_from=kit.settings.repeated_likeness,
        search=kit.client,
        search_url=kit.settings.search_url,
    )


@router.get(
    "/v1/organizations/{org}/conversions", response_model=Page[Conversion], summary="转主动公开提议 List conversions"
)
async def list_conversions(
    org: OrganizationCode,
    request: Request,
    caller: Office,
    reads: Reading,
    response: Response,
    state: Annotated[ConversionState | None, Query(title="状态")] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[Conversion]:
    """What several applicants were given, or one suggested, proposed to be published unasked (条例第四十四条)."""
    await caller.ensure_covers(org)
    cursors, name = request.app.state.kit.cursors, f"conversions:{org}:{state}"
    after = position_id(cursors.open(name, cursor)) if cursor else None
    rows = await repository.list_conversions(reads, org, state=state.value if state else None, after=after, limit=limit)
    more = cursors.seal(name, [str(rows[limit - 1]["id"])]) if len(rows) > limit else None
    return page_of(request, response, [conversion.show(row) for row in rows[:limit]], more)


@router.post(
    "/v1/conversions/{conversion_id}:decide",
    response_model=Conversion,
    responses=problems(404, 409),
    summary="决定转主动公开 Decide a conversion",
)
async def decide_conversion(
    conversion_id: ConversionId, body: ConversionDecision, caller: Handler, reads: Reading, session: Writing
) -> Any:
    """Accepted, it goes to the disclosure catalog as a candidate, in the words given here."""
    row = await repository.find_conversion(reads, conversion_id)
    if row is None:
        raise NotFound(conversion.NO_CONVERSION)
    await caller.ensure_covers(row["organization"])
    return await conversion.decide(session, caller, conversion_id, body)
