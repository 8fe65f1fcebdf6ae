"""What needs no token: an applicant follows a request by number and query code; anybody computes a deadline."""

import hmac
import unicodedata
from datetime import date
from typing import Annotated, Any, NoReturn, cast
from uuid import UUID

from fastapi import Path, Query, Request, Response
from pydantic import AwareDatetime

from services.request_api.repository import requests as repository
from services.request_api.routes.common import OpenVault, TermsNow
from services.request_api.routes.requests import NOT_STORED
from services.request_api.rules.clock import add_days
from services.request_api.rules.periods import PERIODS, last_day, last_moment
from services.request_api.service import showing
from services.request_api.service.keeping import Vault
from services.request_api.service.throttle import Throttle
from shared.kit.auth import Caller, MaybeAuthenticated
from shared.kit.clock import local_day
from shared.kit.database import Reading
from shared.kit.errors import NotFound, RuleViolation
from shared.kit.http import api_router, problems
from shared.kit.workdays import DueDate, WorkCalendar
from shared.schemas.problems import InvalidField
from shared.schemas.requests import Deadline, NamedPeriod, Tracked
from shared.schemas.scopes import Scope

router = api_router(tags=["public"])
RequestNumber = Annotated[str, Query(title="申请编号", min_length=1, max_length=40)]
QueryCode = Annotated[str, Query(title="查询码", min_length=1, max_length=40)]
NOT_SO = "申请编号或者查询码不正确"


async def _tracked(
    request: Request, reads: Reading, vault: Vault, caller: Caller | None, number: str, code: str
) -> Any:
    """The request of that number when the code is its own. What is wrong, and how long it took, says nothing more."""
    throttle = cast(Throttle, request.app.state.kit.extra["throttle"])
    # As a phone's keyboard may write them.
    number, code = (unicodedata.normalize("NFKC", text).strip().upper() for text in (number, code))
    # The website asks for all its visitors from one address: there the tries are counted by number.
    asks_for_others = caller is not None and caller.has(Scope.REQUEST_SUBMIT)
    address = f"number {number}" if asks_for_others else request.client.host if request.client else ""
    # Noted before it is known to be wrong: many tries at once are as many tries.
    tried = throttle.begin(address)
    given = "".join(code.split()).replace("-", "")
    # The code is computed, and the row asked for, whether or not there is such a number: both take the same time.
    is_right = hmac.compare_digest(vault.query_code(number).encode(), given.encode())
    row = await repository.find_number(reads, number)
    if row is None or not is_right:
        raise NotFound(NOT_SO)
    throttle.take_back(address, tried)
    return row


@router.get("/v1/track", response_model=Tracked, responses=problems(404, 429), summary="查询办理进度 Follow a request")
async def track(
    request: Request,
    reads: Reading,
    vault: OpenVault,
    caller: MaybeAuthenticated,
    response: Response,
    number: RequestNumber,
    code: QueryCode,
) -> Tracked:
    """Status, dates and documents of one's own request. A wrong number and a wrong code are told apart by nothing."""
    row = await _tracked(request, reads, vault, caller, number, code)
    response.headers.update(NOT_STORED)
    return await showing.show_tracked(reads, row)


@router.get(
    "/v1/track/documents/{document_id}",
    response_class=Response,
    responses={200: {"description": "文书", "content": {"application/octet-stream": {}}}, **problems(404, 429)},
    summary="下载文书 Download a document",
)
async def download(
    request: Request,
    document_id: Annotated[UUID, Path(title="文书编号")],
    reads: Reading,
    vault: OpenVault,
    caller: MaybeAuthenticated,
    number: RequestNumber,
    code: QueryCode,
) -> Response:
    """A notice or a reply of one's own request."""
    row = await _tracked(request, reads, vault, caller, number, code)
    content = await showing.open_document(reads, row, document_id, vault)
    if content is None:
        raise NotFound("没有这份文书")
    headers = NOT_STORED | {"X-Content-Type-Options": "nosniff", "Content-Disposition": "attachment"}
    return Response(content, media_type="application/octet-stream", headers=headers)


@router.get("/v1/periods", response_model=list[NamedPeriod], summary="法定期间 Periods that laws name")
async def list_periods() -> list[NamedPeriod]:
    """Public. What `GET /v1/deadlines?period=…` can count."""
    return [
        NamedPeriod(
            period=number,
            name=one.name,
            start=one.start,
            basis=one.basis,
            workdays=one.workdays,
            days=one.days,
            hours=one.hours,
            before=one.before,
        )
        for number, one in PERIODS.items()
    ]


@router.get("/v1/deadlines", response_model=Deadline, summary="期限计算器 Compute a deadline")
async def compute_deadline(
    terms: TermsNow,
    start: Annotated[date | None, Query(title="起算日", examples=["2025-09-22"])] = None,
    start_at: Annotated[
        AwareDatetime | None, Query(title="起算时刻", description="Of a period in hours, in place of `start`.")
    ] = None,
    period: Annotated[str | None, Query(title="期间编号", max_length=10, examples=["P-04"])] = None,
    workdays: Annotated[int | None, Query(title="工作日数", ge=0, le=400)] = None,
    days: Annotated[int | None, Query(title="自然日数", ge=0, le=2000)] = None,
) -> Deadline:
    """Public: the day on which so many working days, or days, after `start` are over; `start` itself is not counted.

    A period in days that ends on a day of rest ends on the next working day (民法典第二百零三条). `period` names one of
    `GET /v1/periods` in place of a number of days.
    """
    if [workdays, days, period].count(None) != 2:
        _refuse("workdays", "工作日数、自然日数、期间编号应给出其中一个")
    if period is not None and period not in PERIODS:
        _refuse("period", "没有这个期间；可用的见 /v1/periods")
    in_hours = period is not None and PERIODS[period].hours is not None
    if in_hours and period is not None and start_at is not None and 1000 <= start_at.year <= 2990:
        moment = last_moment(period, start_at)
        due, first = DueDate(local_day(moment), False, terms.calendar.version), local_day(start_at)
    else:
        if in_hours:
            _refuse("start_at", "按小时计算的期间应给出起算时刻（1000年至2990年之间）")
        if start is None or not 1000 <= start.year <= 2990:
            _refuse("start", "应给出起算日，在1000年至2990年之间")
        moment, first = None, start
        due = _due(first, workdays, days, period, terms.calendar)
    named = PERIODS[period] if period is not None else None
    return Deadline(
        period=period,
        name=named.name if named else None,
        basis=named.basis if named else None,
        start_on=first,
        workdays=named.workdays if named else workdays,
        days=named.days if named else days,
        due_on=due.on,
        due_at=moment,
        provisional=due.provisional,
        calendar_version=due.calendar_version,
    )


def _due(start: date, workdays: int | None, days: int | None, period: str | None, calendar: WorkCalendar) -> DueDate:
    if period is not None:
        return last_day(period, start, calendar)
    return calendar.add_workdays(start, workdays) if workdays is not None else add_days(start, days or 0, calendar)


def _refuse(name: str, detail: str) -> NoReturn:
    raise RuleViolation(detail, errors=[InvalidField(pointer=f"?{name}", detail=detail)])
