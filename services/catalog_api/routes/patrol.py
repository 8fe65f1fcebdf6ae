"""The patrol at the edge: the queue and its decisions, what is looked for, and a look before publishing."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response

from services.catalog_api.repository import patrol as repository
from services.catalog_api.repository.monitoring import list_disclosers
from services.catalog_api.routes.catalogs import page_response
from services.catalog_api.routes.monitoring import subject_of
from services.catalog_api.service import patrol
from shared.kit.auth import Caller, OrganizationCode, ensure_supervises_all, require
from shared.kit.clock import Now
from shared.kit.database import Reading, Writing
from shared.kit.errors import NotFound
from shared.kit.http import api_router, problems
from shared.schemas.pages import Page
from shared.schemas.patrol import (
    Finding,
    FindingDecision,
    FindingKind,
    FindingState,
    Hit,
    ListName,
    RetentionRule,
    RetentionRuleInput,
    ScanInput,
    WordList,
    WordListInput,
)
from shared.schemas.scopes import Scope

router = api_router(tags=["patrol"])
Discloser = Annotated[Caller, Depends(require(Scope.DISCLOSURE_WRITE))]
Watcher = Annotated[Caller, Depends(require(Scope.DISCLOSURE_WRITE, Scope.MONITOR_READ, Scope.PATROL_WRITE))]
Patrol = Annotated[Caller, Depends(require(Scope.PATROL_WRITE))]
Name = Annotated[ListName, Path()]


@router.get(
    "/v1/organizations/{org}/findings", response_model=Page[Finding], summary="巡查发现 List what the patrol found"
)
async def list_findings(
    org: OrganizationCode,
    request: Request,
    caller: Watcher,
    reads: Reading,
    subtree: Annotated[bool, Query(title="含下级")] = False,
    state: Annotated[FindingState, Query(title="状态", description="`gone`: not there when looked at again.")] = "open",
    kind: Annotated[FindingKind | None, Query(title="种类")] = None,
    cursor: Annotated[str | None, Query(title="游标", max_length=400)] = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=100)] = 50,
) -> Response:
    """The queue of an organisation, on request with those below it, newest first. Excerpts are masked."""
    await caller.ensure_covers(org)
    cursors, name = request.app.state.kit.cursors, f"findings:{org}:{subtree}:{state}:{kind}"
    after = subject_of(cursors.open(name, cursor)) if cursor else None
    whose = list(await list_disclosers(reads, org, subtree=subtree))
    rows = await repository.list_findings(reads, whose, state=state, kind=kind, after=after, limit=limit)
    more = cursors.seal(name, [str(rows[limit - 1]["id"])]) if len(rows) > limit else None
    shown = [patrol.as_finding(row).model_dump_json().encode() for row in rows[:limit]]
    answer = page_response(request, shown, more)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.post(
    "/v1/findings/{finding_id}:decide",
    response_model=Finding,
    responses=problems(404, 409),
    summary="处理巡查发现 Decide on a finding",
)
async def decide_finding(
    finding_id: Annotated[UUID, Path(title="编号")],
    body: FindingDecision,
    caller: Discloser,
    reads: Reading,
    session: Writing,
    now: Now,
) -> Finding:
    """Once. `withdrawn` takes the publication down; `fixed` opens again if it is found again."""
    row = await repository.find_finding(reads, finding_id)
    if row is None:
        raise NotFound(patrol.NO_FINDING)
    await caller.ensure_covers(row["organization"])
    return await patrol.decide_finding(session, caller, finding_id, body, now=now)


@router.post("/v1/patrol:scan", response_model=list[Hit], summary="发布前扫描 Scan a text before publishing")
async def scan(request: Request, body: ScanInput, _caller: Watcher, reads: Reading) -> list[Hit]:
    """What the patrol would find in a text, up to 1,000 numbers and as many words. Stores nothing."""
    extra = request.app.state.kit.extra
    lists = extra["lists"] = await patrol.read_lists(reads, extra.get("lists"))
    return [hit for hit, _ in await asyncio.to_thread(patrol.scan_text, body.text, lists)]


@router.get("/v1/word-lists", response_model=list[WordList], summary="词表 List the word lists")
async def list_word_lists(_caller: Watcher, reads: Reading) -> list[WordList]:
    """What is looked for."""
    return [patrol.as_word_list(row) for row in await repository.list_word_lists(reads)]


@router.put("/v1/word-lists/{name}", response_model=WordList, summary="设置词表 Put a word list")
async def put_word_list(name: Name, body: WordListInput, caller: Patrol, session: Writing) -> WordList:
    """One for the whole city, so by the root's clients. Everything public is looked at again."""
    await ensure_supervises_all(caller)
    return await patrol.put_word_list(session, caller, name, body)


@router.delete(
    "/v1/word-lists/{name}",
    status_code=204,
    response_class=Response,
    responses=problems(404),
    summary="删除词表 Delete a word list",
)
async def drop_word_list(name: Name, caller: Patrol, session: Writing) -> Response:
    """Its findings end when their publications are looked at again."""
    await ensure_supervises_all(caller)
    await patrol.drop_word_list(session, caller, name)
    return Response(status_code=204)


@router.get("/v1/retention-rules", response_model=list[RetentionRule], summary="保留规则 List the retention rules")
async def list_retention_rules(_caller: Watcher, reads: Reading) -> list[RetentionRule]:
    """How long publications stay up."""
    return [patrol.as_retention_rule(row) for row in await repository.list_retention_rules(reads)]


@router.put("/v1/retention-rules/{name}", response_model=RetentionRule, summary="设置保留规则 Put a retention rule")
async def put_retention_rule(name: Name, body: RetentionRuleInput, caller: Patrol, session: Writing) -> RetentionRule:
    """One for the whole city, so by the root's clients. What it finds is decided by people."""
    await ensure_supervises_all(caller)
    return await patrol.put_retention_rule(session, caller, name, body)


@router.delete(
    "/v1/retention-rules/{name}",
    status_code=204,
    response_class=Response,
    responses=problems(404),
    summary="删除保留规则 Delete a retention rule",
)
async def drop_retention_rule(name: Name, caller: Patrol, session: Writing) -> Response:
    """What it found stays in the queue."""
    await ensure_supervises_all(caller)
    await patrol.drop_retention_rule(session, caller, name)
    return Response(status_code=204)
