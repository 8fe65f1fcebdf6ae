"""Requests at the edge: handed in, read, listed, followed."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query, Request, Response
from pydantic import AwareDatetime

from services.request_api.repository import requests as repository
from services.request_api.routes.common import (
    Cursor,
    ExternalId,
    Identifier,
    Limit,
    Office,
    OpenVault,
    RequestId,
    Submitter,
    Supervisor,
    TermsNow,
    covered,
    judged_on,
)
from services.request_api.rules.receipt import only_for_the_desk
from services.request_api.service import showing
from services.request_api.service.keeping import open_applicant
from services.request_api.service.library import ensure_nothing_personal
from services.request_api.service.submission import Submission, day_of_arrival, submit
from shared.kit.auth import OrganizationCode
from shared.kit.clock import Now
from shared.kit.database import Reading, Writing, WritingForReal
from shared.kit.errors import InsufficientScope, InvalidCursor, NotFound
from shared.kit.http import api_router, page_links, problems
from shared.schemas.pages import Page
from shared.schemas.policies import Outcome
from shared.schemas.request_codes import RequestState
from shared.schemas.requests import (
    Applicant,
    CaseLine,
    CaseView,
    ClockView,
    KnownDeadline,
    MovedDeadline,
    Purpose,
    RequestInput,
    RequestReceipt,
)
from shared.schemas.scopes import Scope

router = api_router(tags=["requests"])
NOT_STORED = {"Cache-Control": "no-store"}


@router.put(
    "/v1/organizations/{org}/requests/{external_id}",
    response_model=RequestReceipt,
    responses={201: {"model": RequestReceipt, "description": "已登记"}, **problems(409)},
    summary="提交申请 Submit a request",
)
async def put_request(
    org: OrganizationCode,
    external_id: ExternalId,
    body: RequestInput,
    caller: Submitter,
    session: Writing,
    terms: TermsNow,
    vault: OpenVault,
    now: Now,
) -> Response:
    """Handed in by the website on a citizen's behalf, by a clerk, or by the province. A retry is harmless.

    What is asked for is what 条例第二十九条 names; nobody is asked what for. `received_on` follows from the channel
    (条例第三十一条): a request over the Internet counts from the day both sides have confirmed it. A website (`request:submit`
    alone) hands in what came over the Internet; letters, the counter, a confirmation and the province's id are the desk's to enter.
    """
    if not caller.has(Scope.REQUEST_HANDLE) and (entered := only_for_the_desk(body)):
        raise InsufficientScope(f"{entered}由承办机关登记", required_scope=Scope.REQUEST_HANDLE.value)
    submission = Submission(await caller.ensure_covers(org), external_id, body)
    judged = judged_on(terms, caller, day_of_arrival(body))
    receipt = await submit(session, caller, submission, judged, vault, now=now)
    status = 201 if receipt.outcome is Outcome.CREATED else 200
    return Response(receipt.model_dump_json(), status, media_type="application/json", headers=NOT_STORED)


@router.get(
    "/v1/requests/{request_id}", response_model=CaseView, responses=problems(404), summary="读取申请 Read a request"
)
async def get_request(
    request_id: RequestId, caller: Office, reads: Reading, terms: TermsNow, vault: OpenVault, response: Response
) -> CaseView:
    """As it stands today, the applicant masked."""
    response.headers.update(NOT_STORED)
    return await showing.show(reads, await covered(reads, caller, request_id), terms, vault)


@router.post(
    "/v1/requests/{request_id}:identify",
    response_model=Applicant,
    responses=problems(404, 410),
    summary="查看申请人 See who asked",
)
async def identify(
    request_id: RequestId,
    body: Purpose,
    caller: Identifier,
    reads: Reading,
    session: WritingForReal,
    vault: OpenVault,
    response: Response,
) -> Applicant:
    """The applicant unmasked. Who looked, at which request and what for is kept in the audit trail."""
    row = await covered(reads, caller, request_id)
    found = await repository.find_applicant(reads, request_id)
    if found is None:
        raise NotFound("申请人信息已按期删除")
    await ensure_nothing_personal(reads, request_id, {"purpose": body.purpose}, vault)
    session.record(
        actor=caller.client_id,
        action="request.identified",
        subject=str(request_id),
        version=row["version"],
        organization=row["organization"],
        purpose=body.purpose,
    )
    response.headers.update(NOT_STORED)
    return open_applicant(found, vault)


@router.get(
    "/v1/requests/{request_id}/clock",
    response_model=ClockView,
    responses=problems(404),
    summary="期限计算 Explain the clock",
)
async def get_clock(request_id: RequestId, caller: Office, reads: Reading, terms: TermsNow) -> ClockView:
    """Each day from the receipt to the deadline: counted, left out or started anew, and by which article."""
    return await showing.show_clock(reads, await covered(reads, caller, request_id), terms)


@router.get(
    "/v1/requests/{request_id}/deadline",
    response_model=KnownDeadline,
    responses=problems(404),
    summary="当时的期限 Deadline as it was known",
)
async def get_known_deadline(
    request_id: RequestId,
    caller: Office,
    reads: Reading,
    as_known_at: Annotated[AwareDatetime, Query(title="当时", description="What the system held at that moment.")],
) -> KnownDeadline:
    """What this service held to be the deadline at a moment, whatever has been learnt since."""
    known = await showing.show_known(reads, await covered(reads, caller, request_id), as_known_at)
    if known is None:
        raise NotFound("当时还没有这件申请")
    return known


@router.get("/v1/organizations/{org}/requests", response_model=Page[CaseLine], summary="申请列表 List requests")
async def list_requests(
    org: OrganizationCode,
    request: Request,
    caller: Office,
    reads: Reading,
    terms: TermsNow,
    response: Response,
    state: Annotated[RequestState | None, Query(title="状态")] = None,
    is_open: Annotated[bool | None, Query(alias="open", title="是否未办结")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[CaseLine]:
    """Newest first; nothing of the applicants."""
    await caller.ensure_covers(org)
    cursors, name = request.app.state.kit.cursors, f"requests:{org}:{state}:{is_open}"
    after = position_id(cursors.open(name, cursor)) if cursor else None
    rows = await repository.list_requests(
        reads, org, state=state.value if state else None, is_open=is_open, after=after, limit=limit
    )
    more = cursors.seal(name, [str(rows[limit - 1]["id"])]) if len(rows) > limit else None
    return page_of(request, response, showing.show_lines(rows[:limit], terms), more)


@router.get(
    "/v1/organizations/{org}/requests:urgent", response_model=Page[CaseLine], summary="临期申请 List by urgency"
)
async def list_urgent(
    org: OrganizationCode,
    request: Request,
    caller: Office,
    reads: Reading,
    terms: TermsNow,
    response: Response,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[CaseLine]:
    """Open requests whose time runs, the nearest deadline first, overdue ones before all."""
    await caller.ensure_covers(org)
    cursors, name = request.app.state.kit.cursors, f"urgent:{org}"
    after = _place(cursors.open(name, cursor)) if cursor else None
    rows = await repository.list_urgent(reads, org, after=after, limit=limit)
    last = rows[limit - 1] if len(rows) > limit else None
    more = cursors.seal(name, [last["due_on"].isoformat(), str(last["id"])]) if last else None
    return page_of(request, response, showing.show_lines(rows[:limit], terms), more)


@router.get(
    "/v1/calendar-moves/{calendar_version}",
    response_model=Page[MovedDeadline],
    summary="日历调整影响 Deadlines a calendar moved",
)
async def list_moved(
    calendar_version: Annotated[str, Path(title="日历版本", max_length=80)],
    request: Request,
    caller: Supervisor,
    reads: Reading,
    response: Response,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[MovedDeadline]:
    """Requests of the caller's subtree whose deadline this version of the calendar has moved."""
    cursors, name = request.app.state.kit.cursors, f"moved:{calendar_version}"
    after = position_id(cursors.open(name, cursor)) if cursor else None
    rows = await repository.list_moved(
        reads, calendar_version, within=caller.principal.organization, after=after, limit=limit
    )
    more = cursors.seal(name, [str(rows[limit - 1]["id"])]) if len(rows) > limit else None
    return page_of(request, response, [MovedDeadline(**dict(row)) for row in rows[:limit]], more)


def page_of(request: Request, response: Response, items: list[Any], more: str | None) -> Page[Any]:
    """One page, with its links, kept by nobody."""
    response.headers.update(page_links(request, next_cursor=more) | NOT_STORED)
    return Page(items=items, next_cursor=more)


def position_id(position: list[Any]) -> UUID:
    """The id at which a page ended."""
    try:
        (request_id,) = position
        return UUID(str(request_id))
    except ValueError as error:
        raise InvalidCursor("游标无法使用；请从第一页重新读取") from error


def _place(position: list[Any]) -> tuple[date, UUID]:
    try:
        due_on, request_id = position
        return date.fromisoformat(str(due_on)), UUID(str(request_id))
    except ValueError as error:
        raise InvalidCursor("游标无法使用；请从第一页重新读取") from error
