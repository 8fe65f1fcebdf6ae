"""效能监测 at the edge: the table, the rows behind it, urging and its answer."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response

from services.catalog_api.repository import monitoring as repository
from services.catalog_api.routes.catalogs import page_response
from services.catalog_api.routes.disclosure import TermsNow
from services.catalog_api.rules.scoring import Weights
from services.catalog_api.service import monitoring
from services.catalog_api.service.exporting import XLSX
from services.catalog_api.service.monitor_files import SVG, draw_chart, write_table
from services.catalog_api.service.monitoring import Asked
from services.catalog_api.settings import Settings
from shared.kit.auth import Caller, OrganizationCode, require
from shared.kit.clock import Now
from shared.kit.database import Reading, Writing
from shared.kit.errors import InvalidCursor, NotFound
from shared.kit.http import api_router, problems
from shared.schemas.catalogs import Channel
from shared.schemas.monitoring import (
    GroupBy,
    Monitor,
    MonitoredDuty,
    MonitoredItem,
    Urging,
    UrgingAnswer,
    UrgingInput,
)
from shared.schemas.organizations import Level
from shared.schemas.pages import Page
from shared.schemas.scopes import Scope

router = api_router(tags=["monitoring"])
Watcher = Annotated[Caller, Depends(require(Scope.MONITOR_READ))]
Urger = Annotated[Caller, Depends(require(Scope.DISCLOSURE_URGE))]
Discloser = Annotated[Caller, Depends(require(Scope.DISCLOSURE_WRITE))]
Party = Annotated[Caller, Depends(require(Scope.DISCLOSURE_WRITE, Scope.DISCLOSURE_URGE, Scope.MONITOR_READ))]
_YEAR = timedelta(days=364)


async def _asked(
    caller: Watcher,
    terms: TermsNow,
    organization: Annotated[str, Query(title="机关代码", max_length=40)],
    subtree: Annotated[bool, Query(title="含下级")] = True,
    since: Annotated[
        date | None, Query(alias="from", title="期间起", description="Deadlines from this day on; default: a year ago.")
    ] = None,
    until: Annotated[
        date | None, Query(alias="to", title="期间止", description="Deadlines until this day; default: today.")
    ] = None,
) -> Asked:
    await caller.ensure_covers(organization)
    last = until or terms.today
    return Asked(organization, subtree, since or last - min(_YEAR, last - date.min), last)


What = Annotated[Asked, Depends(_asked)]


def _item_place(position: list[Any]) -> UUID:
    try:
        (item,) = position
        return UUID(str(item))
    except ValueError as error:
        raise InvalidCursor("游标无法使用；请从第一页重新读取") from error


def weights_of(settings: Settings) -> Weights:
    """How the city scores."""
    return Weights(settings.score_timeliness_weight, settings.score_coverage_weight, settings.score_late_value)


@router.get("/v1/monitor", response_model=Monitor, summary="效能监测 Read the monitoring table")
async def read_monitor(
    request: Request,
    asked: What,
    reads: Reading,
    terms: TermsNow,
    by: Annotated[GroupBy, Query(title="分组方式")] = GroupBy.ORGANIZATION,
) -> Monitor:
    """Coverage, timeliness and what is overdue, of the duties whose deadline lies in the period.

    Every figure is a count of the rows at `/v1/monitor/duties` with the same period.
    """
    return await monitoring.report(reads, asked, by, terms, weights_of(request.app.state.kit.settings))


def _file(media_type: str, what: str) -> dict[str, Any]:
    schema = {"schema": {"type": "string", "format": "binary"}}
    return {"response_class": Response, "responses": {200: {"description": what, "content": {media_type: schema}}}}


@router.get("/v1/monitor/table", summary="监测表下载 Download the table", **_file(XLSX, "工作簿"))
async def download_monitor(
    request: Request,
    asked: What,
    reads: Reading,
    terms: TermsNow,
    by: Annotated[GroupBy, Query(title="分组方式")] = GroupBy.ORGANIZATION,
) -> Response:
    """The same figures as an .xlsx with a chart in it."""
    table = await monitoring.report(reads, asked, by, terms, weights_of(request.app.state.kit.settings))
    headers = {"Content-Disposition": 'attachment; filename="monitor.xlsx"', "Cache-Control": "no-store"}
    return Response(write_table(table), media_type=XLSX, headers=headers)


@router.get("/v1/monitor/chart", summary="监测图 Draw the table", **_file(SVG, "图（SVG）"))
async def draw_monitor(
    request: Request,
    asked: What,
    reads: Reading,
    terms: TermsNow,
    by: Annotated[GroupBy, Query(title="分组方式")] = GroupBy.ORGANIZATION,
) -> Response:
    """A bar a row, for a report. SVG, drawn with the reader's fonts."""
    table = await monitoring.report(reads, asked, by, terms, weights_of(request.app.state.kit.settings))
    return Response(draw_chart(table), media_type=SVG, headers={"Cache-Control": "no-store"})


@router.get("/v1/monitor/duties", response_model=Page[MonitoredDuty], summary="监测明细 List monitored duties")
async def list_monitored_duties(
    request: Request,
    asked: What,
    reads: Reading,
    terms: TermsNow,
    state: Annotated[
        Literal["any", "on_time", "late", "overdue", "due_soon", "open"],
        Query(title="状态", description="`open` has those due soon in it, as the table's column has."),
    ] = "any",
    domain: Annotated[str | None, Query(title="领域", max_length=64)] = None,
    level: Annotated[Level | None, Query(title="层级")] = None,
    cursor: Annotated[str | None, Query(title="游标", max_length=400)] = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=500)] = 50,
) -> Response:
    """The rows behind a figure, by deadline."""
    cursors = request.app.state.kit.cursors
    name = f"duties:{asked.organization}:{asked.subtree}:{asked.since}:{asked.until}:{state}:{domain}:{level}"
    after = _place(cursors.open(name, cursor)) if cursor else None
    shown, has_more = await monitoring.list_duties(
        reads,
        asked,
        terms,
        state=state,
        domain=domain,
        level=level.value if level else None,
        after=after,
        limit=limit,
    )
    last = shown[-1] if has_more else None
    more = cursors.seal(name, [last.due_on.isoformat(), str(last.task), last.channel]) if last else None
    answer = page_response(request, [one.model_dump_json().encode() for one in shown], more)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.get("/v1/monitor/items", response_model=Page[MonitoredItem], summary="覆盖明细 List monitored items")
async def list_monitored_items(
    request: Request,
    asked: What,
    reads: Reading,
    covered: Annotated[bool | None, Query(title="期间内是否公开过")] = None,
    domain: Annotated[str | None, Query(title="领域", max_length=64)] = None,
    level: Annotated[Level | None, Query(title="层级")] = None,
    cursor: Annotated[str | None, Query(title="游标", max_length=400)] = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=500)] = 50,
) -> Response:
    """The items behind the coverage: which of them had a publication of the period, and which had none."""
    cursors = request.app.state.kit.cursors
    name = f"items:{asked.organization}:{asked.subtree}:{asked.since}:{asked.until}:{covered}:{domain}:{level}"
    after = _item_place(cursors.open(name, cursor)) if cursor else None
    shown, has_more = await monitoring.list_items(
        reads, asked, domain=domain, level=level.value if level else None, covered=covered, after=after, limit=limit
    )
    more = cursors.seal(name, [str(shown[-1].item)]) if has_more else None
    answer = page_response(request, [one.model_dump_json().encode() for one in shown], more)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.post(
    "/v1/organizations/{org}/urgings", status_code=201, response_model=Urging, summary="督办 Urge an organisation"
)
async def urge(org: OrganizationCode, body: UrgingInput, caller: Urger, terms: TermsNow, session: Writing) -> Urging:
    """A notice to an organisation below the caller's own, over tasks of its own that are not done."""
    organization = await caller.ensure_covers(org)
    return await monitoring.urge(session, caller, organization, body, terms=terms)


@router.post(
    "/v1/urgings/{urging_id}:answer",
    response_model=Urging,
    responses=problems(404, 409),
    summary="答复督办 Answer a notice",
)
async def answer_urging(
    urging_id: Annotated[UUID, Path(title="督办编号")],
    body: UrgingAnswer,
    caller: Discloser,
    reads: Reading,
    session: Writing,
    now: Now,
) -> Urging:
    """Once, by the urged organisation or one above it."""
    row = await repository.find_urging(reads, urging_id)
    if row is None:
        raise NotFound(monitoring.NO_URGING)
    await caller.ensure_covers(row["organization"])
    return await monitoring.answer_urging(session, caller, urging_id, words=body.words, now=now)


@router.get("/v1/organizations/{org}/urgings", response_model=Page[Urging], summary="督办列表 List notices")
async def list_urgings(
    org: OrganizationCode,
    request: Request,
    caller: Party,
    reads: Reading,
    cursor: Annotated[str | None, Query(title="游标", max_length=400)] = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=100)] = 50,
) -> Response:
    """Notices to an organisation and by it, newest first."""
    await caller.ensure_covers(org)
    cursors, name = request.app.state.kit.cursors, f"urgings:{org}"
    after = subject_of(cursors.open(name, cursor)) if cursor else None
    rows = await repository.list_urgings(reads, org, after=after, limit=limit)
    more = cursors.seal(name, [str(rows[limit - 1]["id"])]) if len(rows) > limit else None
    shown = [monitoring.as_urging(row).model_dump_json().encode() for row in rows[:limit]]
    answer = page_response(request, shown, more)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _place(position: list[Any]) -> tuple[date, UUID, str]:
    try:
        day, task, channel = position
        return date.fromisoformat(str(day)), UUID(str(task)), Channel(channel)
    except ValueError as error:
        raise InvalidCursor("游标无法使用；请从第一页重新读取") from error


def subject_of(position: list[Any]) -> UUID:
    """The place that a cursor over ids names."""
    try:
        (subject,) = position
        return UUID(str(subject))
    except ValueError as error:
        raise InvalidCursor("游标无法使用；请从第一页重新读取") from error
