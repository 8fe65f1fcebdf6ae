"""The annual report and review cases at the edge."""

import asyncio
from enum import StrEnum
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request, Response

from services.request_api.repository import reports as repository
from services.request_api.routes.common import Cursor, ExternalId, Handler, Limit, Office, RequestId, covered
from services.request_api.routes.requests import NOT_STORED, page_of, position_id
from services.request_api.rules.report_html import UnreadableReport, read_tables
from services.request_api.rules.report_identities import Beside, check_report
from services.request_api.service import reports as service
from services.request_api.service.report_files import WRITERS
from services.request_api.service.reports import Year
from shared.kit.auth import Caller, OrganizationCode, require
from shared.kit.clock import Now
from shared.kit.database import Reading, Writing
from shared.kit.errors import InvalidCursor, NotFound, RuleViolation
from shared.kit.http import api_router, bounded_body, page_links, problems
from shared.schemas.annual_reports import (
    COLUMNS,
    ROWS,
    AnnualReport,
    CheckInput,
    Report,
    ReportCellEntry,
    ReportCheck,
    ReportInput,
    ReportPublication,
    ReviewCase,
    ReviewCaseInput,
)
from shared.schemas.pages import Page
from shared.schemas.problems import InvalidField
from shared.schemas.scopes import Scope

router = api_router(tags=["reports"])
Reporter = Annotated[Caller, Depends(require(Scope.REPORT_WRITE))]
Checker = Annotated[Caller, Depends(require(Scope.REPORT_WRITE, Scope.REQUEST_SUPERVISE))]
YearNumber = Annotated[int, Path(alias="year", title="年度", ge=2008, le=2100)]
AT = "/v1/organizations/{org}/reports/{year}"


class FileForm(StrEnum):
    """The forms of a report as a file."""

    XLSX = "xlsx"
    DOCX = "docx"
    HTML = "html"


@router.put(AT, response_model=AnnualReport, summary="编写年度报告 Write a report")
async def put_report(
    org: OrganizationCode, year: YearNumber, body: ReportInput, caller: Reporter, session: Writing, now: Now
) -> AnnualReport:
    """What people write. Tables 3 and 4 and the fees are counted from the records at every reading until publication."""
    return await service.write(session, caller, Year(await caller.ensure_covers(org), year), body, now=now)


@router.post(f"{AT}:submit", response_model=AnnualReport, responses=problems(404, 409), summary="提交年度报告 Submit")
async def submit_report(
    org: OrganizationCode, year: YearNumber, caller: Reporter, session: Writing, now: Now
) -> AnnualReport:
    """Handed to the authority; refused with every identity that does not hold."""
    return await service.submit(session, caller, Year(await caller.ensure_covers(org), year), now=now)


@router.post(f"{AT}:publish", response_model=AnnualReport, responses=problems(404, 409), summary="发布年度报告 Publish")
async def publish_report(
    org: OrganizationCode, year: YearNumber, body: ReportPublication, caller: Reporter, session: Writing, now: Now
) -> AnnualReport:
    """Kept as it is now and told. Written, submitted and published again it replaces the first, with the reason."""
    return await service.publish(session, caller, Year(await caller.ensure_covers(org), year), body, now=now)


@router.get(AT, response_model=AnnualReport, responses=problems(404), summary="读取年度报告 Read a report")
async def get_report(
    org: OrganizationCode, year: YearNumber, caller: Checker, reads: Reading, response: Response
) -> AnnualReport:
    """As it stands, with what the identities find."""
    row = await _found(reads, caller, org, year)
    response.headers.update(NOT_STORED)
    return await service.show(reads, row)


async def _found(reads: Any, caller: Caller, org: str, year: int) -> Any:
    await caller.ensure_covers(org)
    row = await repository.find_report(reads, org, year)
    if row is None:
        raise NotFound(service.NO_REPORT)
    return row


@router.get(
    f"{AT}/file",
    response_class=Response,
    responses={
        200: {"description": "报告文件", "content": {media_type: {} for _, media_type in WRITERS.values()}},
        **problems(404),
    },
    summary="导出年度报告 Export a report",
)
async def export_report(
    org: OrganizationCode,
    year: YearNumber,
    caller: Checker,
    reads: Reading,
    form: Annotated[FileForm, Query(title="格式")] = FileForm.DOCX,
) -> Response:
    """In the official layout, merged cells as printed."""
    shown = await service.show(reads, await _found(reads, caller, org, year))
    write, media_type = WRITERS[form.value]
    content = await asyncio.to_thread(write, shown.report)
    headers = NOT_STORED | {
        "Content-Disposition": f'attachment; filename="report-{year}.{form.value}"',
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=media_type, headers=headers)


@router.get(
    f"{AT}/cells/{{row}}/{{column}}",
    response_model=Page[ReportCellEntry],
    responses=problems(404),
    summary="表三明细 Behind a cell",
)
async def list_cell(
    org: OrganizationCode,
    year: YearNumber,
    row: Annotated[str, Path(title="行", examples=["r.partial"], max_length=40)],
    column: Annotated[str, Path(title="列", examples=["natural"], max_length=40)],
    request: Request,
    caller: Checker,
    reads: Reading,
    response: Response,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[ReportCellEntry]:
    """The requests that a count of table 3 is made of."""
    if row not in ROWS or column not in COLUMNS:
        raise NotFound("表三没有这一格")
    report = await _found(reads, caller, org, year)
    members = await service.members_of(reads, report)
    since, until = Year(await caller.ensure_covers(org), year).period
    cursors, name = request.app.state.kit.cursors, f"cell:{org}:{year}:{row}:{column}"
    after = position_id(cursors.open(name, cursor)) if cursor else None
    kind = None if column == "total" else column
    rows = await repository.list_cell(reads, members, since, until, row=row, kind=kind, after=after, limit=limit)
    more = cursors.seal(name, [str(rows[limit - 1]["id"])]) if len(rows) > limit else None
    return page_of(request, response, [ReportCellEntry(**dict(one)) for one in rows[:limit]], more)


@router.get("/v1/reports", response_model=Page[AnnualReport], summary="已发布的年度报告 Published reports")
async def list_reports(
    request: Request,
    reads: Reading,
    response: Response,
    year: Annotated[int | None, Query(title="年度", ge=2008, le=2100)] = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=50)] = 10,
) -> Page[AnnualReport]:
    """Public: as they were published, newest year first."""
    cursors, name = request.app.state.kit.cursors, f"reports:{year}"
    after = _place(cursors.open(name, cursor)) if cursor else None
    rows = await repository.list_published(reads, year=year, after=after, limit=limit)
    last = rows[limit - 1] if len(rows) > limit else None
    more = cursors.seal(name, [last["year"], last["organization"]]) if last else None
    response.headers.update(page_links(request, next_cursor=more) | {"Cache-Control": "public, max-age=60"})
    return Page(items=[service.show_published(row) for row in rows[:limit]], next_cursor=more)


def _place(position: list[Any]) -> tuple[int, str]:
    try:
        year, organization = position
        return int(year), str(organization)
    except (ValueError, TypeError) as error:
        raise InvalidCursor("游标无法使用；请从第一页重新读取") from error


@router.post("/v1/reports:check", response_model=ReportCheck, summary="检查报告 Check a report")
async def check(body: CheckInput, caller: Checker) -> ReportCheck:
    """A report of any body against the identities AR-01 to AR-12, and against the year before when that is given too."""
    return ReportCheck(report=body.report, findings=check_report(body.report, Beside(previous=body.previous)))


@router.post(
    "/v1/reports:check-page",
    response_model=ReportCheck,
    responses=problems(413, 415),
    summary="检查网页报告 Check a report's page",
    openapi_extra={"requestBody": {"required": True, "content": {"text/html": {"schema": {"type": "string"}}}}},
)
async def check_page(
    request: Request,
    caller: Checker,
    organization: Annotated[str, Query(title="机关名称", min_length=1, max_length=200)],
    year: Annotated[int, Query(title="年度", ge=2008, le=2100)],
) -> ReportCheck:
    """A report as a page of HTML: its tables are found and read, merged cells and blanks as printed."""
    content = await bounded_body(request)
    period = {"period_from": f"{year}-01-01", "period_to": f"{year}-12-31"}
    try:
        tables = await asyncio.to_thread(read_tables, content.decode("utf-8", "replace"))
        report = Report.model_validate({"organization_name": organization, "year": year} | period | tables)
    except ValueError as error:
        detail = str(error) if isinstance(error, UnreadableReport) else "表格中的数字超出范围"
        raise RuleViolation("无法读取这份报告", errors=[InvalidField(pointer="", detail=detail)]) from error
    return ReportCheck(report=report, findings=check_report(report))


@router.put(
    "/v1/requests/{request_id}/reviews/{external_id}",
    response_model=ReviewCase,
    responses=problems(404),
    summary="登记复议诉讼 Keep a review case",
)
async def put_review(
    request_id: RequestId,
    external_id: ExternalId,
    body: ReviewCaseInput,
    caller: Handler,
    reads: Reading,
    session: Writing,
    now: Now,
) -> ReviewCase:
    """Reconsideration or a suit over this request, as it stands now; table 4 counts it."""
    await covered(reads, caller, request_id)
    return await service.keep_review(session, caller, request_id, external_id, body, now=now)


@router.get(
    "/v1/requests/{request_id}/reviews",
    response_model=list[ReviewCase],
    responses=problems(404),
    summary="复议诉讼列表 List review cases",
)
async def list_reviews(request_id: RequestId, caller: Office, reads: Reading) -> list[ReviewCase]:
    """All of a request."""
    await covered(reads, caller, request_id)
    return [service.show_review(row) for row in await repository.list_reviews(reads, request_id)]
