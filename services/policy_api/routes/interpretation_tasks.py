"""Tasks to interpret again, at the edge. Never public."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response

from services.policy_api.repository import follow_up as repository
from services.policy_api.service.follow_up import dismiss_task, view_task
from shared.kit.auth import Caller, require
from shared.kit.clock import Now, local_day
from shared.kit.database import Reading, Writing
from shared.kit.errors import InvalidCursor, NotFound
from shared.kit.http import api_router, page_links, problems
from shared.schemas.interpretation_tasks import Dismissal, InterpretationTask, TaskState
from shared.schemas.pages import Page
from shared.schemas.scopes import Scope

router = api_router(tags=["interpretations"])
Office = Annotated[Caller, Depends(require(Scope.POLICY_WRITE))]
TaskId = Annotated[UUID, Path(title="任务编号")]


@router.get(
    "/v1/interpretation-tasks",
    response_model=Page[InterpretationTask],
    summary="跟踪解读任务 List interpretation tasks",
)
async def list_interpretation_tasks(
    request: Request,
    caller: Office,
    reads: Reading,
    now: Now,
    organization: Annotated[
        str | None, Query(title="机关代码", description="Default: the caller's.", max_length=18)
    ] = None,
    state: Annotated[TaskState | None, Query(title="状态")] = None,
    cursor: Annotated[str | None, Query(title="游标", max_length=400)] = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=100)] = 20,
) -> Response:
    """Of an organisation and everything below it, first due first.

    A released interpretation of the follow-up stage closes a task; after an amendment any new one does.
    """
    code = (await caller.ensure_covers(organization or caller.principal.organization)).code
    cursors = request.app.state.kit.cursors
    kind = f"interpretation-tasks:{code}:{state}"
    after = _after(cursors.open(kind, cursor)) if cursor else None
    rows = await repository.list_tasks(reads, code, state=state, after=after, limit=limit)
    last = rows[limit - 1] if len(rows) > limit else None
    more = cursors.seal(kind, [last["due_on"].isoformat(), str(last["id"])]) if last else None
    items = [view_task(row, local_day(now)) for row in rows[:limit]]
    page = Page[InterpretationTask](items=items, next_cursor=more)
    headers = {**page_links(request, next_cursor=more), "Cache-Control": "no-store"}
    return Response(page.model_dump_json(), headers=headers, media_type="application/json")


@router.post(
    "/v1/interpretation-tasks/{interpretation_task_id}:dismiss",
    response_model=InterpretationTask,
    responses=problems(409),
    summary="免办解读任务 Dismiss an interpretation task",
)
async def dismiss_interpretation_task(
    interpretation_task_id: TaskId, body: Dismissal, caller: Office, reads: Reading, session: Writing, now: Now
) -> Response:
    """With the reason why no interpretation is needed, for good: the same cause opens no second task."""
    row = await repository.find(reads, interpretation_task_id)
    if row is None:
        raise NotFound("没有这项解读任务")
    await caller.ensure_covers(row["organization"])
    task = await dismiss_task(session, caller, interpretation_task_id, reason=body.reason, today=local_day(now))
    return Response(task.model_dump_json(), headers={"Cache-Control": "no-store"}, media_type="application/json")


def _after(position: list[Any]) -> tuple[date, UUID]:
    try:
        day, task_id = position
        return date.fromisoformat(str(day)), UUID(str(task_id))
    except ValueError as error:
        raise InvalidCursor("游标无法使用；请从第一页重新读取") from error
