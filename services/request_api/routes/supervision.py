"""The board, urging and public statistics at the edge."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Path, Query, Request, Response

from services.request_api.repository import supervision as repository
from services.request_api.repository.requests import find_province_id
from services.request_api.routes.common import (
    Cursor,
    Handler,
    Limit,
    Office,
    OpenVault,
    RequestId,
    Supervisor,
    TermsNow,
    covered,
)
from services.request_api.routes.requests import NOT_STORED, page_of, position_id
from services.request_api.service import supervision
from services.request_api.service.showing import show_lines
from services.request_api.service.steps import NO_REQUEST
from shared.kit.auth import OrganizationCode
from shared.kit.clock import Now
from shared.kit.database import Reading, Writing
from shared.kit.errors import NotFound, RuleViolation
from shared.kit.http import api_router, problems
from shared.schemas.organizations import CreditCode
from shared.schemas.pages import Page
from shared.schemas.problems import InvalidField
from shared.schemas.requests import CaseLine
from shared.schemas.supervision import (
    Board,
    BoardBy,
    Digest,
    RequestUrging,
    RequestUrgingAnswer,
    RequestUrgingInput,
    Statistics,
)

router = api_router(tags=["supervision"])
UrgingId = Annotated[UUID, Path(title="督办编号")]


@router.get("/v1/board", response_model=Board, summary="办理情况 The board")
async def get_board(
    request: Request,
    organization: Annotated[CreditCode, Query(title="机关代码")],
    caller: Supervisor,
    reads: Reading,
    terms: TermsNow,
    response: Response,
    by: Annotated[BoardBy, Query(title="分组")] = BoardBy.ORGANIZATION,
    from_: Annotated[
        date | None, Query(alias="from", title="期间起", description="Default: this year's first day.")
    ] = None,
    to: Annotated[date | None, Query(title="期间止", description="Default: today.")] = None,
) -> Board:
    """An organisation and all below it: open requests by colour and stage, answered ones of a period and how many in time."""
    await caller.ensure_covers(organization)
    since, until = from_ or terms.today.replace(month=1, day=1), to or terms.today
    if since > until:
        raise RuleViolation("期间有误", errors=[InvalidField(pointer="?from", detail="不能晚于期间止")])
    response.headers.update(NOT_STORED)
    workdays = request.app.state.kit.settings.confirm_alarm_workdays
    return await supervision.board_of(
        reads, organization, terms, by=by, since=since, until=until, confirm_workdays=workdays
    )


@router.get("/v1/statistics", response_model=Statistics, summary="公开统计 Public figures")
async def get_statistics(
    reads: Reading, response: Response, year: Annotated[int, Query(title="年度", ge=2008, le=2100)]
) -> Statistics:
    """Public. Every figure is rounded to a multiple of five, so that none speaks of one person."""
    response.headers["Cache-Control"] = "public, max-age=300"
    return await supervision.statistics_of(reads, year)


@router.get("/v1/province-digest", response_model=Digest, summary="省平台对账 Digest of a day")
async def get_digest(
    organization: Annotated[CreditCode, Query(title="机关代码")],
    day: Annotated[date, Query(title="日期", examples=["2026-03-04"])],
    caller: Supervisor,
    reads: Reading,
    response: Response,
) -> Digest:
    """Requests that the province assigned and that moved on a day: counts and a hash to compare, and the rows behind them."""
    await caller.ensure_covers(organization)
    if not 2000 <= day.year <= 2200:
        raise RuleViolation("日期有误", errors=[InvalidField(pointer="?day", detail="应在2000年至2200年之间")])
    response.headers.update(NOT_STORED)
    return await supervision.digest_of(reads, organization, day)


@router.get(
    "/v1/province-requests/{province_id}",
    response_model=CaseLine,
    responses=problems(404),
    summary="按省平台编号查找 Find by the province's id",
)
async def find_by_province(
    province_id: Annotated[str, Path(title="省平台编号", min_length=1, max_length=64, pattern=r"^[\w.:-]+$")],
    caller: Supervisor,
    reads: Reading,
    terms: TermsNow,
    response: Response,
) -> CaseLine:
    """The request that the province assigned under this id."""
    row = await find_province_id(reads, province_id)
    if row is None:
        raise NotFound(NO_REQUEST)
    await caller.ensure_covers(row["organization"])
    response.headers.update(NOT_STORED)
    return show_lines([row], terms)[0]


@router.post(
    "/v1/requests/{request_id}/urgings",
    response_model=RequestUrging,
    status_code=201,
    responses=problems(404, 409),
    summary="督办 Urge",
)
async def urge(
    request_id: RequestId,
    body: RequestUrgingInput,
    caller: Supervisor,
    reads: Reading,
    session: Writing,
    terms: TermsNow,
    vault: OpenVault,
    now: Now,
) -> RequestUrging:
    """By an organisation above the one that handles it."""
    row = await covered(reads, caller, request_id)
    return await supervision.urge(session, caller, row, body, terms, vault, now=now)


@router.post(
    "/v1/request-urgings/{urging_id}:answer",
    status_code=204,
    response_class=Response,
    responses=problems(404, 409),
    summary="答复督办 Answer an urging",
)
async def answer_urging(
    urging_id: UrgingId,
    body: RequestUrgingAnswer,
    caller: Handler,
    reads: Reading,
    session: Writing,
    vault: OpenVault,
    now: Now,
) -> Response:
    """Once, by the urged office."""
    row = await supervision.find_urging(reads, urging_id)
    await caller.ensure_covers(row["organization"])
    await supervision.answer(session, caller, row, body, vault, now=now)
    return Response(status_code=204)


@router.get(
    "/v1/organizations/{org}/request-urgings", response_model=Page[RequestUrging], summary="督办列表 List urgings"
)
async def list_urgings(
    org: OrganizationCode,
    request: Request,
    caller: Office,
    reads: Reading,
    vault: OpenVault,
    response: Response,
    is_open: Annotated[bool | None, Query(alias="open", title="是否未答复")] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Page[RequestUrging]:
    """Those sent to an organisation, newest first."""
    await caller.ensure_covers(org)
    cursors, name = request.app.state.kit.cursors, f"urgings:{org}:{is_open}"
    after = position_id(cursors.open(name, cursor)) if cursor else None
    rows = await repository.list_urgings(reads, org, is_open=is_open, after=after, limit=limit)
    more = cursors.seal(name, [str(rows[limit - 1]["id"])]) if len(rows) > limit else None
    return page_of(request, response, [supervision.show_urging(row, vault) for row in rows[:limit]], more)
