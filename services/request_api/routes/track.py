"""What needs no token: an applicant follows a request by number and query code; anybody computes a deadline."""

import hmac
from datetime import date
from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import Path, Query, Request, Response

from services.request_api.repository import requests as repository
from services.request_api.routes.common import OpenVault, TermsNow
from services.request_api.routes.requests import NOT_STORED
from services.request_api.rules.clock import add_days
from services.request_api.service import showing
from services.request_api.service.keeping import Vault
from services.request_api.service.throttle import Throttle
from shared.kit.auth import Caller, MaybeAuthenticated
from shared.kit.database import Reading
from shared.kit.errors import NotFound, RuleViolation
from shared.kit.http import api_router, problems
from shared.kit.workdays import DueDate
from shared.schemas.problems import InvalidField
from shared.schemas.requests import Deadline, Tracked
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
    number = number.strip().upper()
    # The website asks for all its visitors from one address: there the tries are counted by number.
    asks_for_others = caller is not None and caller.has(Scope.REQUEST_SUBMIT)
    address = f"number {number}" if asks_for_others else request.client.host if request.client else ""
    throttle.ensure_may_try(address)
    given = "".join(code.split()).replace("-", "").upper()
    # The code is computed, and the row asked for, whether or not there is such a number: both take the same time.
    is_right = hmac.compare_digest(vault.query_code(number).encode(), given.encode())
    row = await repository.find_number(reads, number)
    if row is None or not is_right:
        throttle.note_failure(address)
        raise NotFound(NOT_SO)
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


@router.get("/v1/deadlines", response_model=Deadline, summary="期限计算器 Compute a deadline")
async def compute_deadline(
    terms: TermsNow,
    start: Annotated[date, Query(title="起算日", examples=["2025-09-22"])],
    workdays: Annotated[int | None, Query(title="工作日数", ge=0, le=400)] = None,
    days: Annotated[int | None, Query(title="自然日数", ge=0, le=2000)] = None,
) -> Deadline:
    """Public: the day on which so many working days, or days, after `start` are over; `start` itself is not counted.

    A period in days that ends on a day of rest ends on the next working day (民法典第二百零三条).
    """
    if (workdays is None) == (days is None):
        errors = [InvalidField(pointer="?workdays", detail="工作日数和自然日数应给出其中一个")]
        raise RuleViolation("工作日数和自然日数应给出其中一个", errors=errors)
    if not 1000 <= start.year <= 2990:
        raise RuleViolation("日期有误", errors=[InvalidField(pointer="?start", detail="应在1000年至2990年之间")])
    due: DueDate = (
        terms.calendar.add_workdays(start, workdays)
        if workdays is not None
        else add_days(start, days or 0, terms.calendar)
    )
    return Deadline(
        start_on=start,
        workdays=workdays,
        days=days,
        due_on=due.on,
        provisional=due.provisional,
        calendar_version=due.calendar_version,
    )
