"""Candidates for proactive disclosure at the edge."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response

from services.catalog_api.repository import candidates as repository
from services.catalog_api.routes.catalogs import ExternalId, page_response, responsible_for
from services.catalog_api.routes.monitoring import subject_of
from services.catalog_api.service import candidates as service
from services.catalog_api.service.importing import find_latest
from shared.kit.auth import Caller, OrganizationCode, require
from shared.kit.clock import Now
from shared.kit.database import Reading, Writing
from shared.kit.errors import NotFound, RuleViolation
from shared.kit.http import api_router, problems
from shared.schemas.candidates import Candidate, CandidateDecision, CandidateInput, CandidateReceipt, CandidateState
from shared.schemas.pages import Page
from shared.schemas.policies import Outcome
from shared.schemas.problems import InvalidField
from shared.schemas.scopes import Scope

router = api_router(tags=["candidates"])
Discloser = Annotated[Caller, Depends(require(Scope.DISCLOSURE_WRITE))]
Watcher = Annotated[Caller, Depends(require(Scope.DISCLOSURE_WRITE, Scope.MONITOR_READ))]


@router.put(
    "/v1/organizations/{org}/candidates/{external_id}",
    response_model=CandidateReceipt,
    responses={201: {"model": CandidateReceipt, "description": "已创建"}, **problems(409)},
    summary="登记依申请转主动候选 Put a candidate",
)
async def put_candidate(
    org: OrganizationCode, external_id: ExternalId, body: CandidateInput, caller: Discloser, session: Writing
) -> Response:
    """A subject that was often asked for (条例第四十四条). Nothing of who asked belongs here."""
    receipt = await service.put_candidate(session, caller, await caller.ensure_covers(org), external_id, body)
    return Response(
        receipt.model_dump_json(),
        status_code=201 if receipt.outcome is Outcome.CREATED else 200,
        headers={"Cache-Control": "no-store"},
        media_type="application/json",
    )


@router.get(
    "/v1/organizations/{org}/candidates", response_model=Page[Candidate], summary="依申请转主动候选 List candidates"
)
async def list_candidates(
    org: OrganizationCode,
    request: Request,
    caller: Watcher,
    reads: Reading,
    state: Annotated[CandidateState, Query(title="状态")] = CandidateState.OPEN,
    cursor: Annotated[str | None, Query(title="游标", max_length=400)] = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=100)] = 50,
) -> Response:
    """Of one organisation, newest first."""
    await caller.ensure_covers(org)
    cursors, name = request.app.state.kit.cursors, f"candidates:{org}:{state}"
    after = subject_of(cursors.open(name, cursor)) if cursor else None
    rows = await repository.list_of(reads, org, state=state, after=after, limit=limit)
    more = cursors.seal(name, [str(rows[limit - 1]["id"])]) if len(rows) > limit else None
    answer = page_response(
        request, [service.as_candidate(row).model_dump_json().encode() for row in rows[:limit]], more
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.post(
    "/v1/candidates/{candidate_id}:decide",
    response_model=Candidate,
    responses=problems(404, 409),
    summary="决定候选 Decide on a candidate",
)
async def decide_candidate(
    candidate_id: Annotated[UUID, Path(title="编号")],
    body: CandidateDecision,
    caller: Discloser,
    reads: Reading,
    session: Writing,
    now: Now,
) -> Candidate:
    """Once: into the next draft of a catalog (with `catalog:write` too), fulfilled by a publication, or not at all."""
    row = await repository.find(reads, candidate_id)
    if row is None:
        raise NotFound(service.NO_CANDIDATE)
    organization = await caller.ensure_covers(row["organization"])
    drafted = None
    if body.decision is CandidateState.ITEM and body.catalog is not None and body.item is not None:
        caller.ensure_has(Scope.CATALOG_WRITE)
        latest = await find_latest(reads, organization.code, body.catalog)
        if latest is None:
            detail = "本机关没有这份目录"
            raise RuleViolation(detail, errors=[InvalidField(pointer="/catalog", detail=detail)])
        content = latest.model_copy(update={"items": [*latest.items, body.item]})
        drafted = await responsible_for(caller, organization, content), content
    return await service.decide_candidate(session, caller, candidate_id, body, drafted=drafted, now=now)
