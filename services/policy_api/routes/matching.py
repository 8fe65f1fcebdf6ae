"""Matching enterprises with clauses at the edge. A profile is looked at and forgotten."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from services.policy_api.routes.batch import NDJSON
from services.policy_api.service import matching as service
from services.policy_api.service.clause_set import ClauseSource
from services.policy_api.service.match_batch import MatchBatch
from shared.kit.auth import Caller, require
from shared.kit.clock import Now, local_day
from shared.kit.database import Reading
from shared.kit.errors import UnsupportedMediaType
from shared.kit.http import PRIVATE_CACHE, DuplexResponse, api_router, problems
from shared.schemas.clauses import EnterpriseProfile, MatchAnswer
from shared.schemas.scopes import Scope

router = api_router(tags=["matching"])
Matcher = Annotated[Caller, Depends(require(Scope.MATCH_RUN))]


def _source(request: Request) -> ClauseSource:
    source: ClauseSource = request.app.state.kit.extra["clauses"]
    return source


Source = Annotated[ClauseSource, Depends(_source)]


@router.post("/v1/match", response_model=MatchAnswer, summary="匹配政策条款 Match an enterprise with clauses")
async def match(
    body: EnterpriseProfile,
    _caller: Matcher,
    source: Source,
    reads: Reading,
    now: Now,
    everything: Annotated[
        bool, Query(alias="all", title="全部列出", description="Also clauses that are out of the question.")
    ] = False,
    limit: Annotated[int, Query(title="条数", ge=1, le=1000)] = 200,
) -> Response:
    """Each open clause with MATCH, UNKNOWN or NO_MATCH, the reason per condition, and what to ask next. Stores nothing."""
    answer = await service.answer_profile(source, reads, body, today=local_day(now), everything=everything, limit=limit)
    return Response(answer.model_dump_json(), media_type="application/json", headers={"Cache-Control": PRIVATE_CACHE})


@router.post(
    "/v1/match:batch",
    response_class=Response,
    responses={
        200: {
            "description": "每行输入一行结果（NDJSON），顺序相同",
            "content": {NDJSON: {"schema": {"$ref": "#/components/schemas/MatchLineResult"}}},
        },
        **problems(404, 415),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "NDJSON，每行一家企业（MatchLine）",
            "content": {NDJSON: {"schema": {"$ref": "#/components/schemas/MatchLine"}}},
        },
    },
    summary="批量匹配企业 Match many enterprises",
)
async def match_many(
    request: Request,
    _caller: Matcher,
    source: Source,
    reads: Reading,
    now: Now,
    clauses: Annotated[
        list[UUID] | None, Query(title="条款编号", description="Default: every open 免申即享 clause.", max_length=100)
    ] = None,
    reasons: Annotated[bool, Query(title="附逐项说明")] = False,
) -> Response:
    """One `MatchLine` a line in, one `MatchLineResult` a line out, in order: the clauses that match or may match.

    A bad line is answered with its errors and never sinks its neighbours. At most 32,000 bytes a line and 64 MB in all; lines as for batches of policies.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type not in (NDJSON, "application/ndjson", "application/jsonl"):
        raise UnsupportedMediaType(f"批量匹配应为 {NDJSON}（每行一个 JSON 对象）")
    today = local_day(now)
    ready, _ = await source.current(reads)
    chosen = service.choose_clauses(ready, today, clauses or [])
    max_lines = request.app.state.kit.settings.max_batch_lines
    batch = MatchBatch(chosen, today, max_lines=max_lines, reasons=reasons)
    return DuplexResponse(batch.run(request), media_type=NDJSON)
