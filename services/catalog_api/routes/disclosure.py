"""Tasks and publications at the edge: one by one, in bulk, read."""

from collections.abc import Awaitable, Callable, Hashable
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from services.catalog_api.repository import disclosure as repository
from services.catalog_api.routes.catalogs import ExternalId, page_response
from services.catalog_api.service import publications, tasks
from services.catalog_api.service.publications import PublicationPush
from services.catalog_api.service.recurring import RECURRING
from services.catalog_api.service.tasks import TaskPush, Terms
from services.catalog_api.settings import Settings
from shared.kit.auth import Caller, OrganizationCode, require
from shared.kit.clock import Now
from shared.kit.database import Reading, ValidateOnly, WriteSession, Writing
from shared.kit.errors import Conflict, DomainError, InvalidCursor, NotFound, UnsupportedMediaType
from shared.kit.http import (
    DuplexResponse,
    api_router,
    problems,
    stored_answer,
)
from shared.kit.line_batch import BatchBounds, BatchWork, LineBatch
from shared.schemas.disclosure import (
    Publication,
    PublicationInput,
    PublicationLine,
    PublicationReceipt,
    Task,
    TaskInput,
    TaskLine,
    TaskReceipt,
)
from shared.schemas.pages import Page
from shared.schemas.policies import Outcome, Strict
from shared.schemas.scopes import Scope

router = api_router(tags=["disclosure"])
Discloser = Annotated[Caller, Depends(require(Scope.DISCLOSURE_WRITE))]
Watcher = Annotated[Caller, Depends(require(Scope.DISCLOSURE_WRITE, Scope.MONITOR_READ))]
NDJSON = "application/x-ndjson"


class Reason(Strict):
    """Why something is taken back."""

    reason: str = Field(title="理由", min_length=2, max_length=500)


def _own_name(external_id: str) -> str:
    """Duties that come back are opened by the calendar: nobody opens, moves or cancels them by their names."""
    if external_id.startswith(RECURRING):
        raise Conflict(f"以“{RECURRING}”开头的是周期性公开任务，由系统按期开立，不能登记、改动或者取消")
    return external_id


async def _terms(request: Request, now: Now) -> Terms:
    """Asks for the calendar before a transaction is begun: it may have to be fetched."""
    kit = request.app.state.kit
    return Terms(now, await kit.calendar.get(), kit.settings.due_soon_workdays)


TermsNow = Annotated[Terms, Depends(_terms)]


@router.put(
    "/v1/organizations/{org}/tasks/{external_id}",
    response_model=TaskReceipt,
    responses={201: {"model": TaskReceipt, "description": "已创建"}},
    summary="登记公开任务 Announce a task",
)
async def put_task(
    org: OrganizationCode,
    external_id: ExternalId,
    body: TaskInput,
    caller: Discloser,
    terms: TermsNow,
    session: Writing,
) -> Response:
    """Information was formed, changed or approved: the answer says by when it has to be public, channel by channel.

    A retry is harmless. Of a changed event the deadlines are computed anew.
    """
    push = TaskPush(await caller.ensure_covers(org), _own_name(external_id), body)
    (receipt,) = await tasks.put_tasks(session, caller, [push], terms)
    return _answer(receipt)


@router.post(
    "/v1/tasks/{task_id}:cancel",
    status_code=204,
    response_class=Response,
    responses=problems(404, 409),
    summary="取消公开任务 Cancel a task",
)
async def cancel_task(
    task_id: Annotated[UUID, Path(title="任务编号")], body: Reason, caller: Discloser, reads: Reading, session: Writing
) -> Response:
    """What was announced was not so: nothing is due. Pushed again, it is open again."""
    row = await repository.find_task(reads, task_id)
    if row is None:
        raise NotFound(tasks.NO_TASK)
    await caller.ensure_covers(row["organization"])
    _own_name(row["external_id"])
    await tasks.cancel_task(session, caller, task_id, reason=body.reason)
    return Response(status_code=204)


@router.get(
    "/v1/organizations/{org}/tasks",
    response_model=Page[Task],
    summary="未完成的公开任务 List open tasks",
)
async def list_open_tasks(
    org: OrganizationCode,
    request: Request,
    caller: Watcher,
    reads: Reading,
    terms: TermsNow,
    cursor: Annotated[str | None, Query(title="游标", max_length=400)] = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=100)] = 50,
) -> Response:
    """What an organisation still has to publish, the most urgent first."""
    await caller.ensure_covers(org)
    cursors, name = request.app.state.kit.cursors, f"tasks:{org}"
    after = _place(cursors.open(name, cursor)) if cursor else None
    rows = await repository.list_open(reads, org, after=after, limit=limit)
    last = rows[limit - 1] if len(rows) > limit else None
    more = cursors.seal(name, [last["due_on"].isoformat(), str(last["id"])]) if last else None
    shown = await tasks.show_tasks(reads, rows[:limit], terms)
    answer = page_response(request, [task.model_dump_json().encode() for task in shown], more)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.get("/v1/tasks/{task_id}", response_model=Task, responses=problems(404), summary="读取公开任务 Read a task")
async def get_task(
    task_id: Annotated[UUID, Path(title="任务编号")], caller: Watcher, reads: Reading, terms: TermsNow
) -> Task:
    """As it stands today."""
    row = await repository.find_task(reads, task_id)
    if row is None:
        raise NotFound(tasks.NO_TASK)
    await caller.ensure_covers(row["organization"])
    return (await tasks.show_tasks(reads, [row], terms))[0]


@router.put(
    "/v1/organizations/{org}/publications/{external_id}",
    response_model=PublicationReceipt,
    responses={201: {"model": PublicationReceipt, "description": "已创建"}},
    summary="登记公开记录 Register a publication",
)
async def put_publication(
    org: OrganizationCode,
    external_id: ExternalId,
    body: PublicationInput,
    caller: Discloser,
    session: Writing,
    now: Now,
) -> Response:
    """What was made public on one channel, with its reviews (条例第十七条); refused without them."""
    push = PublicationPush(await caller.ensure_covers(org), external_id, body)
    (receipt,) = await publications.put_publications(session, caller, [push], now=now)
    return _answer(receipt)


@router.post(
    "/v1/publications/{publication_id}:withdraw",
    status_code=204,
    response_class=Response,
    responses=problems(404, 409),
    summary="撤下公开记录 Withdraw a publication",
)
async def withdraw_publication(
    publication_id: Annotated[UUID, Path(title="公开记录编号")],
    body: Reason,
    caller: Discloser,
    reads: Reading,
    session: Writing,
) -> Response:
    """Taken down from its channel. The task it fulfilled is open again unless something else fulfils it."""
    row = await repository.find_publication(reads, publication_id)
    if row is None:
        raise NotFound(publications.NO_PUBLICATION)
    await caller.ensure_covers(row["organization"])
    await publications.withdraw_publication(session, caller, publication_id, reason=body.reason)
    return Response(status_code=204)


@router.get(
    "/v1/publications/{publication_id}",
    response_model=Publication,
    responses={304: {"description": "未变化"}, **problems(404)},
    summary="读取公开记录 Read a publication",
)
async def get_publication(
    request: Request, publication_id: Annotated[UUID, Path(title="公开记录编号")], reads: Reading
) -> Response:
    """Public. Supports `If-None-Match`."""
    stored = await repository.find_public(reads, publication_id)
    if stored is None:
        raise NotFound(publications.NO_PUBLICATION)
    return stored_answer(request, stored["representation"], stored["etag"])


@router.get("/v1/publications", response_model=Page[Publication], summary="公开目录 List publications")
async def list_publications(
    request: Request,
    reads: Reading,
    organization: Annotated[str | None, Query(title="机关代码", max_length=18)] = None,
    item: Annotated[UUID | None, Query(title="公开事项编号")] = None,
    cursor: Annotated[str | None, Query(title="游标", max_length=400)] = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=100)] = 20,
) -> Response:
    """Public. Newest first, each with 索引、名称、内容概述、生成日期 (条例第十二条)."""
    cursors, name = request.app.state.kit.cursors, f"publications:{organization}:{item}"
    after = _place(cursors.open(name, cursor)) if cursor else None
    rows = await repository.list_public(reads, organization=organization, item=item, after=after, limit=limit)
    last = rows[limit - 1] if len(rows) > limit else None
    more = cursors.seal(name, [last["published_on"].isoformat(), str(last["id"])]) if last else None
    return page_response(request, [row["representation"] for row in rows[:limit]], more)


def lines_of(model: type[BaseModel], receipt: str, *, result: str = "DisclosureResult") -> dict[str, Any]:
    """How a route of lines describes itself."""
    return {
        "response_class": Response,
        "responses": {
            200: {
                "description": f"每行输入一行结果（NDJSON），顺序相同；receipt 为 {receipt}",
                "content": {NDJSON: {"schema": {"$ref": f"#/components/schemas/{result}"}}},
            },
            **problems(415),
        },
        "openapi_extra": {
            "requestBody": {
                "required": True,
                "description": f"NDJSON，每行一个 {model.__name__}",
                "content": {NDJSON: {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}},
            }
        },
    }


@router.post("/v1/tasks:batch", summary="批量登记公开任务 Announce many tasks", **lines_of(TaskLine, "TaskReceipt"))
async def put_tasks_batch(
    request: Request, caller: Discloser, terms: TermsNow, validate_only: ValidateOnly = False
) -> Response:
    """One `TaskLine` a line in, one `DisclosureResult` a line out, in order, committed in chunks as they arrive."""

    async def prepare(line: TaskLine) -> TaskPush:
        organization = await caller.ensure_covers(line.organization)
        wanted = TaskInput.model_construct(**{name: getattr(line, name) for name in TaskInput.model_fields})
        return TaskPush(organization, _own_name(line.external_id), wanted)

    async def push(session: WriteSession, pushes: list[TaskPush]) -> list[Any]:
        return list(await tasks.put_tasks(session, caller, pushes, terms))

    return batch_answer(request, TaskLine, prepare, push, validate_only=validate_only)


@router.post(
    "/v1/publications:batch",
    summary="批量登记公开记录 Register many publications",
    **lines_of(PublicationLine, "PublicationReceipt"),
)
async def put_publications_batch(
    request: Request, caller: Discloser, now: Now, validate_only: ValidateOnly = False
) -> Response:
    """One `PublicationLine` a line in, one `DisclosureResult` a line out, in order, committed in chunks as they arrive."""

    async def prepare(line: PublicationLine) -> PublicationPush:
        organization = await caller.ensure_covers(line.organization)
        names = PublicationInput.model_fields
        wanted = PublicationInput.model_construct(**{name: getattr(line, name) for name in names})
        return PublicationPush(organization, line.external_id, wanted)

    async def push(session: WriteSession, pushes: list[PublicationPush]) -> list[Any]:
        return list(await publications.put_publications(session, caller, pushes, now=now))

    return batch_answer(request, PublicationLine, prepare, push, validate_only=validate_only)


def _key(line: Any) -> tuple[str, str]:
    return line.organization, line.external_id


def batch_answer(
    request: Request,
    model: Any,
    prepare: Callable[[Any], Awaitable[Any]],
    push: Callable[[WriteSession, list[Any]], Awaitable[list[Any]]],
    key: Callable[[Any], Hashable] = _key,
    *,
    validate_only: bool,
) -> Response:
    """Lines in, results out; `push` carries out a chunk in one transaction, which `validate_only` undoes."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in (NDJSON, "application/ndjson", "application/jsonl"):
        raise UnsupportedMediaType(f"批量登记应为 {NDJSON}（每行一个 JSON 对象）")
    kit = request.app.state.kit
    settings: Settings = kit.settings

    async def push_chunk(pushes: list[Any]) -> list[Any]:
        async with kit.database.write(rehearsal=validate_only) as session:
            return await push(session, pushes)

    bounds = BatchBounds(settings.max_batch_lines, settings.max_line_bytes, settings.batch_chunk_lines)
    work: BatchWork[Any, Any] = BatchWork(model, key, prepare, push_chunk, _status)
    return DuplexResponse(LineBatch(bounds, work).run(request), media_type=NDJSON)


def _status(receipt: Any) -> int:
    return 201 if receipt.outcome is Outcome.CREATED else 200


def _answer(receipt: TaskReceipt | PublicationReceipt | DomainError) -> Response:
    if isinstance(receipt, DomainError):
        raise receipt
    return Response(
        receipt.model_dump_json(),
        status_code=_status(receipt),
        headers={"Cache-Control": "no-store"},
        media_type="application/json",
    )


def _place(position: list[Any]) -> tuple[date, UUID]:
    try:
        day, subject = position
        return date.fromisoformat(str(day)), UUID(str(subject))
    except ValueError as error:
        raise InvalidCursor("游标无法使用；请从第一页重新读取") from error
