"""Documents about to expire, at the edge. For offices only: the public reads a document's last day in the document."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Request

from services.policy_api.repository import expiry as repository
from services.policy_api.service import expiry as service
from shared.kit.auth import Caller, OrganizationCode, require
from shared.kit.clock import Now
from shared.kit.database import Reading, Writing
from shared.kit.errors import InvalidCursor
from shared.kit.http import api_router, problems
from shared.schemas.expiry import ExpiryDecisionInput, ExpiryTask
from shared.schemas.pages import Page
from shared.schemas.scopes import Scope

router = api_router(tags=["expiry"])
Office = Annotated[Caller, Depends(require(Scope.POLICY_WRITE))]


@router.get(
    "/v1/organizations/{org}/expiry-tasks",
    response_model=Page[ExpiryTask],
    summary="到期评估列表 List documents about to expire",
)
async def list_expiry_tasks(
    org: OrganizationCode,
    request: Request,
    caller: Office,
    reads: Reading,
    decided: Annotated[bool | None, Query(title="已有处理意见")] = None,
    cursor: Annotated[str | None, Query(title="游标", max_length=400)] = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=100)] = 20,
) -> Page[ExpiryTask]:
    """Of this organisation, the nearest last day first. Tasks open by themselves, months before (`expiry_reminder_months`)."""
    await caller.ensure_covers(org)
    cursors = request.app.state.kit.cursors
    kind = f"expiry:{org}:{decided}"
    after = _after(cursors.open(kind, cursor)) if cursor else None
    rows = await repository.list_of(reads, org, decided=decided, after=after, limit=limit)
    last = rows[limit - 1] if len(rows) > limit else None
    more = cursors.seal(kind, [last["expires_on"].isoformat(), str(last["id"])]) if last else None
    return Page[ExpiryTask](items=[service.shown(row) for row in rows[:limit]], next_cursor=more)


@router.post(
    "/v1/expiry-tasks/{task_id}:decide",
    response_model=ExpiryTask,
    responses=problems(409),
    summary="到期处理意见 Decide on an expiring document",
)
async def decide_expiry(
    task_id: Annotated[UUID, Path(title="编号")],
    body: ExpiryDecisionInput,
    caller: Office,
    reads: Reading,
    session: Writing,
    now: Now,
) -> ExpiryTask:
    """Keeps the evaluation and what follows from it, and ends the reminders.

    Carried out it is by a document: `continues` with `until`, `amends`, `repeals`, or nothing when it may lapse.
    """
    await caller.ensure_covers(await service.find_organization(reads, task_id))
    return await service.decide(session, caller, task_id, body, now=now)


def _after(position: list[Any]) -> tuple[date, UUID]:
    try:
        day, task_id = position
        return date.fromisoformat(str(day)), UUID(str(task_id))
    except ValueError as error:
        raise InvalidCursor("游标无法使用；请从第一页重新读取") from error
