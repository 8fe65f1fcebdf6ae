"""Interpretations at the edge, and which subjects are public."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response

from services.policy_api.repository import reading as repository
from services.policy_api.routes.policies import ExternalId, page_response
from services.policy_api.service.interpretations import import_interpretation
from shared.kit.auth import Caller, OrganizationCode, require
from shared.kit.clock import Now
from shared.kit.database import Reading, Writing
from shared.kit.errors import InvalidCursor, NotFound, RuleViolation
from shared.kit.http import api_router, problems, stored_answer
from shared.schemas.pages import Page
from shared.schemas.policies import Interpretation, InterpretationImport, PublicState, PublicStates, Receipt
from shared.schemas.problems import InvalidField
from shared.schemas.scopes import Scope

router = api_router(tags=["interpretations"])
InterpretationId = Annotated[UUID, Path(title="解读编号")]
Interpreter = Annotated[Caller, Depends(require(Scope.POLICY_IMPORT, Scope.POLICY_WRITE))]
MAX_STATES = 100


@router.put(
    "/v1/organizations/{org}/interpretations/{external_id}",
    response_model=Receipt,
    responses={201: {"model": Receipt, "description": "已创建"}, **problems(409)},
    summary="导入或发布跟踪解读 Push an interpretation of a public policy",
)
async def put_interpretation(
    org: OrganizationCode,
    external_id: ExternalId,
    body: InterpretationImport,
    caller: Interpreter,
    session: Writing,
    now: Now,
) -> Response:
    """For interpretations of public policies; those of a new policy go through its dossier. Linked both ways at once.

    With scope `policy:import`: what is public already. With `policy:write`: a second or tracking interpretation
    (`stage` `follow_up`) of an own policy, public today. It carries its `reviews`: drafter, secrecy reviewer and approver
    are three persons, and its text is scanned. It closes the policy's open interpretation tasks.
    """
    organization = await caller.ensure_covers(org)
    imported = await import_interpretation(session, caller, organization, external_id, body, now=now)
    return Response(
        imported.receipt.model_dump_json(),
        status_code=201 if imported.created else 200,
        headers={"Cache-Control": "no-store"},
        media_type="application/json",
    )


@router.get(
    "/v1/interpretations/{interpretation_id}",
    response_model=Interpretation,
    responses={304: {"description": "未变化"}},
    summary="读取政策解读 Read an interpretation",
)
async def get_interpretation(request: Request, interpretation_id: InterpretationId, reads: Reading) -> Response:
    """Public. Names its policy and that policy's validity. Supports `If-None-Match`."""
    stored = await repository.find_public_interpretation(reads, interpretation_id)
    if stored is None:
        raise NotFound("没有这份解读，或尚未公开")
    return stored_answer(request, stored["representation"], stored["etag"])


@router.get("/v1/interpretations", response_model=Page[Interpretation], summary="政策解读列表 List interpretations")
async def list_interpretations(
    request: Request,
    reads: Reading,
    policy_id: Annotated[UUID | None, Query(title="政策编号")] = None,
    cursor: Annotated[str | None, Query(title="游标", max_length=400)] = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=100)] = 20,
) -> Response:
    """Public, newest first."""
    cursors = request.app.state.kit.cursors
    kind = f"interpretations:{policy_id}"
    after = _after(cursors.open(kind, cursor)) if cursor else None
    rows = await repository.list_public_interpretations(reads, policy_id=policy_id, after=after, limit=limit)
    last = rows[limit - 1] if len(rows) > limit else None
    more = cursors.seal(kind, [last["published_on"].isoformat(), str(last["id"])]) if last else None
    return page_response(request, [row["representation"] for row in rows[:limit]], more)


def _after(position: list[object]) -> tuple[date, UUID]:
    try:
        day, interpretation_id = position
        return date.fromisoformat(str(day)), UUID(str(interpretation_id))
    except ValueError as error:
        raise InvalidCursor("游标无法使用；请从第一页重新读取") from error


@router.get("/v1/public-states", response_model=PublicStates, tags=["events"], summary="公开状态 Which are public")
async def get_public_states(
    reads: Reading,
    ids: Annotated[
        str, Query(title="编号", description=f"Up to {MAX_STATES} UUIDs, comma-separated.", max_length=37 * MAX_STATES)
    ],
) -> PublicStates:
    """Of these policies and interpretations, those that the public may see at this moment, with their versions."""
    try:
        wanted = [UUID(part) for part in ids.split(",") if part]
    except ValueError as error:
        errors = [InvalidField(pointer="?ids", detail="应为以逗号分隔的 UUID")]
        raise RuleViolation("编号格式不正确", errors=errors) from error
    rows = await repository.list_public_states(reads, wanted)
    return PublicStates(items=[PublicState(**dict(row)) for row in rows])
