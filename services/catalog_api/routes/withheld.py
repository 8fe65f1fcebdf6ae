"""The register of withheld information at the edge."""

from typing import Annotated

from fastapi import Depends, Query, Request, Response

from services.catalog_api.repository import withheld as repository
from services.catalog_api.routes.catalogs import ExternalId, page_response
from services.catalog_api.routes.disclosure import TermsNow
from services.catalog_api.routes.monitoring import subject_of
from services.catalog_api.service import withheld as service
from shared.kit.auth import Caller, OrganizationCode, require
from shared.kit.database import Reading, Writing
from shared.kit.http import api_router, problems
from shared.schemas.pages import Page
from shared.schemas.policies import Outcome
from shared.schemas.scopes import Scope
from shared.schemas.withheld import Withheld, WithheldInput, WithheldReceipt, WithheldReviewInput

router = api_router(tags=["withheld"])
Discloser = Annotated[Caller, Depends(require(Scope.DISCLOSURE_WRITE))]
Watcher = Annotated[Caller, Depends(require(Scope.DISCLOSURE_WRITE, Scope.MONITOR_READ))]


@router.put(
    "/v1/organizations/{org}/withheld/{external_id}",
    response_model=WithheldReceipt,
    responses={201: {"model": WithheldReceipt, "description": "已创建"}, **problems(409)},
    summary="登记不予公开信息 Put withheld information",
)
async def put_withheld(
    org: OrganizationCode,
    external_id: ExternalId,
    request: Request,
    body: WithheldInput,
    caller: Discloser,
    session: Writing,
    terms: TermsNow,
) -> Response:
    """What is withheld is evaluated again (条例第十八条): a year later, unless the office says when."""
    months = request.app.state.kit.settings.withheld_review_months
    receipt = await service.put_withheld(
        session, caller, await caller.ensure_covers(org), external_id, body, today=terms.today, months=months
    )
    return Response(
        receipt.model_dump_json(),
        status_code=201 if receipt.outcome is Outcome.CREATED else 200,
        headers={"Cache-Control": "no-store"},
        media_type="application/json",
    )


@router.post(
    "/v1/organizations/{org}/withheld/{external_id}:review",
    response_model=Withheld,
    responses=problems(404, 409),
    summary="评估不予公开信息 Evaluate withheld information",
)
async def review_withheld(
    org: OrganizationCode,
    external_id: ExternalId,
    request: Request,
    body: WithheldReviewInput,
    caller: Discloser,
    session: Writing,
    terms: TermsNow,
    response: Response,
) -> Withheld:
    """Still withheld, until the next evaluation; or to be published: then a task `withheld-…` is open under the item."""
    response.headers["Cache-Control"] = "no-store"
    months = request.app.state.kit.settings.withheld_review_months
    organization = await caller.ensure_covers(org)
    return await service.review_withheld(session, caller, organization, external_id, body, terms, months=months)


@router.get(
    "/v1/organizations/{org}/withheld", response_model=Page[Withheld], summary="不予公开信息 List withheld information"
)
async def list_withheld(
    org: OrganizationCode,
    request: Request,
    caller: Watcher,
    reads: Reading,
    terms: TermsNow,
    due: Annotated[bool, Query(title="只看应评估的")] = False,
    cursor: Annotated[str | None, Query(title="游标", max_length=400)] = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=100)] = 50,
) -> Response:
    """Of an organisation and all below it, newest first."""
    await caller.ensure_covers(org)
    cursors, name = request.app.state.kit.cursors, f"withheld:{org}:{due}"
    after = subject_of(cursors.open(name, cursor)) if cursor else None
    rows = await repository.list_below(reads, org, due_until=terms.today if due else None, after=after, limit=limit)
    more = cursors.seal(name, [str(rows[limit - 1]["id"])]) if len(rows) > limit else None
    shown = [service.as_withheld(row, terms.today).model_dump_json().encode() for row in rows[:limit]]
    answer = page_response(request, shown, more)
    answer.headers["Cache-Control"] = "no-store"
    return answer
