"""Opinions on consultations and their results at the edge. What an opinion says and whose it is goes to the drafter only."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel

from services.policy_api.repository import entries as entry_repository
from services.policy_api.repository import opinions as repository
from services.policy_api.routes.entries import EntryId
from services.policy_api.service import opinions as service
from services.policy_api.service.sealing import OpinionSealer
from shared.kit.auth import Caller, require
from shared.kit.clock import Now
from shared.kit.database import Reading, Writing, WritingForReal
from shared.kit.errors import InvalidCursor, NotFound, RuleViolation
from shared.kit.http import PRIVATE_CACHE, PUBLIC_CACHE, IfMatch, api_router, page_links, problems
from shared.kit.idempotency import Idempotent
from shared.schemas.consultations import (
    Handling,
    HandlingInput,
    HandlingOutcome,
    Opinion,
    OpinionCount,
    OpinionInput,
    OpinionReceipt,
    PublishedResult,
    ResultInput,
)
from shared.schemas.pages import Page
from shared.schemas.problems import InvalidField
from shared.schemas.scopes import Scope

router = api_router(tags=["consultations"])
OpinionId = Annotated[UUID, Path(title="意见编号")]
Submitter = Annotated[Caller, Depends(require(Scope.OPINION_WRITE))]
OpinionReader = Annotated[Caller, Depends(require(Scope.OPINION_READ))]
Drafter = Annotated[Caller, Depends(require(Scope.CONSULTATION_WRITE))]


def _sealer(request: Request) -> OpinionSealer:
    sealer: OpinionSealer = request.app.state.kit.extra["opinion_sealer"]
    return sealer


Sealer = Annotated[OpinionSealer, Depends(_sealer)]


def _answer(body: BaseModel, *, status: int = 200, etag: str | None = None, cache: str = PRIVATE_CACHE) -> Response:
    headers = {"Cache-Control": cache} | ({"ETag": etag} if etag is not None else {})
    return Response(body.model_dump_json(), status_code=status, headers=headers, media_type="application/json")


@router.post(
    "/v1/consultations/{entry_id}/opinions",
    status_code=201,
    response_model=OpinionReceipt,
    responses=problems(409),
    summary="提交意见 Hand in an opinion",
)
async def create_opinion(
    entry_id: EntryId,
    body: OpinionInput,
    caller: Submitter,
    once: Idempotent,
    reads: Reading,
    session: Writing,
    sealer: Sealer,
    now: Now,
) -> Response:
    """By the website's client for somebody, while the consultation is open (409 else). Text and submitter are kept sealed."""
    await caller.ensure_covers((await _consultation(reads, entry_id))["organization"])

    async def work() -> Response:
        return _answer(await service.receive_opinion(session, caller, sealer, entry_id, body, now=now), status=201)

    return await once.run(session, caller.client_id, work)


async def _consultation(reads: Reading, entry_id: UUID) -> Any:
    row = await entry_repository.find(reads, "consultation", entry_id)
    if row is None:
        raise NotFound(service.NO_CONSULTATION)
    return row


@router.get("/v1/consultations/{entry_id}/opinion-count", response_model=OpinionCount, summary="意见数 Count opinions")
async def get_opinion_count(entry_id: EntryId, reads: Reading) -> Response:
    """Public. How many opinions were received; what became of them stands in the published result."""
    if (await _consultation(reads, entry_id))["state"] != "public":
        raise NotFound(service.NO_CONSULTATION)
    counted = OpinionCount(consultation_id=entry_id, received=await repository.count(reads, entry_id))
    return _answer(counted, cache=PUBLIC_CACHE)


@router.get("/v1/consultations/{entry_id}/opinions", response_model=Page[Opinion], summary="意见列表 List opinions")
async def list_opinions(
    request: Request,
    entry_id: EntryId,
    caller: OpinionReader,
    reads: Reading,
    session: WritingForReal,
    sealer: Sealer,
    handling: Annotated[
        HandlingOutcome | Literal["none"] | None, Query(title="处理结果", description="`none`: not handled yet.")
    ] = None,
    identities: Annotated[
        bool,
        Query(title="显示提交者", description="Needs `opinion:identify` and `reason`; the audit trail keeps both."),
    ] = False,
    reason: Annotated[str | None, Query(title="查看提交者的理由", min_length=5, max_length=200)] = None,
    cursor: Annotated[str | None, Query(title="游标", max_length=400)] = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=100)] = 20,
) -> Response:
    """For the drafter, in the order in which they came. Without who gave them, unless that is asked for with a reason."""
    consultation = await _consultation(reads, entry_id)
    await caller.ensure_covers(consultation["organization"])
    if identities:
        caller.ensure_has(Scope.OPINION_IDENTIFY)
        _ensure_reason(reason)
    name = f"opinions:{entry_id}:{handling}:{identities}"
    cursors = request.app.state.kit.cursors
    rows = await repository.list_of(
        reads,
        entry_id,
        outcome=handling.value if isinstance(handling, HandlingOutcome) else None,
        handled=False if handling == "none" else None,
        identities=identities,
        after=_place(cursors.open(name, cursor)) if cursor else None,
        limit=limit,
    )
    items = service.open_opinions(rows[:limit], sealer)
    if identities and reason is not None:
        service.record_identification(session, caller, consultation, items, reason=reason)
    more = cursors.seal(name, [str(items[-1].id)]) if len(rows) > limit else None
    answer = _answer(Page[Opinion](items=items, next_cursor=more))
    answer.headers.update(page_links(request, next_cursor=more))
    return answer


def _ensure_reason(reason: str | None) -> None:
    if reason is None:
        errors = [InvalidField(pointer="?reason", detail="查看提交者应说明理由")]
        raise RuleViolation("查看提交者应说明理由", errors=errors)


def _place(position: list[object]) -> UUID:
    try:
        (opinion_id,) = position
        return UUID(str(opinion_id))
    except ValueError as error:
        raise InvalidCursor("游标无法使用；请从第一页重新读取") from error


@router.put(
    "/v1/opinions/{opinion_id}/handling",
    response_model=Handling,
    responses=problems(409, 412),
    summary="处理意见 Handle an opinion",
)
async def put_handling(
    opinion_id: OpinionId,
    body: HandlingInput,
    caller: Drafter,
    reads: Reading,
    session: Writing,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """What became of it. `If-Match` takes the ETag of the last handling, `"0"` before the first. 409 once the result is out."""
    consultation = await repository.find_consultation_of(reads, opinion_id)
    if consultation is None:
        raise NotFound("没有这条意见")
    await caller.ensure_covers(consultation["organization"])
    handling = await service.handle_opinion(
        session, caller, consultation["id"], opinion_id, body, now=now, if_match=if_match
    )
    return _answer(handling, etag=service.handling_etag(handling.version))


@router.put(
    "/v1/consultations/{entry_id}/result",
    response_model=PublishedResult,
    responses=problems(409, 412),
    summary="公布意见采纳情况 Publish the result",
)
async def put_result(
    entry_id: EntryId,
    body: ResultInput,
    caller: Drafter,
    reads: Reading,
    session: Writing,
    now: Now,
    if_match: IfMatch = None,
) -> Response:
    """After the close, when every opinion is handled: 409 with `difference` and `unhandled` when the numbers differ. Public at once."""
    await caller.ensure_covers((await _consultation(reads, entry_id))["organization"])
    return _answer(await service.publish_result(session, caller, entry_id, body, now=now, if_match=if_match))
