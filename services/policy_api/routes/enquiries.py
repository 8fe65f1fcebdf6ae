"""Counts of enquiries at the edge. Never public."""

from typing import Annotated

from fastapi import Depends, Request, Response

from services.policy_api.repository import reading
from services.policy_api.routes.policies import ExternalId, PolicyId
from services.policy_api.service.enquiries import EnquiriesPush, put_enquiries, view_enquiries
from services.policy_api.service.follow_up import Terms, limits_of
from shared.kit.auth import Caller, OrganizationCode, require
from shared.kit.clock import Now, local_day
from shared.kit.database import Reading, Writing
from shared.kit.errors import NotFound
from shared.kit.http import api_router, problems
from shared.schemas.enquiries import EnquiriesInput, PolicyEnquiries
from shared.schemas.policies import Outcome, Receipt
from shared.schemas.scopes import Scope

router = api_router(tags=["enquiries"])
Counter = Annotated[Caller, Depends(require(Scope.ENQUIRY_WRITE))]
Watcher = Annotated[Caller, Depends(require(Scope.POLICY_WRITE, Scope.ENQUIRY_WRITE))]


@router.put(
    "/v1/organizations/{org}/enquiries/{external_id}",
    response_model=Receipt,
    responses={201: {"model": Receipt, "description": "已创建"}, **problems(409)},
    summary="推送咨询件数 Push counts of enquiries",
    name="put_enquiries",
)
async def put_enquiry_counts(
    request: Request,
    org: OrganizationCode,
    external_id: ExternalId,
    body: EnquiriesInput,
    caller: Counter,
    session: Writing,
    now: Now,
) -> Response:
    """The enquiries of one period on one public policy; pushed again, the numbers are replaced.

    Periods of one organisation, policy and source must not overlap (409). When the policy's total passes the threshold
    once more, a task to interpret it again is opened in the same transaction (TS-27).
    """
    organization = await caller.ensure_covers(org)
    kit = request.app.state.kit
    terms = Terms(local_day(now), await kit.calendar.get(), limits_of(kit.settings))
    receipt = await put_enquiries(session, caller, EnquiriesPush(organization, external_id, body, now), terms)
    return Response(
        receipt.model_dump_json(),
        status_code=201 if receipt.outcome is Outcome.CREATED else 200,
        headers={"Cache-Control": "no-store"},
        media_type="application/json",
    )


@router.get("/v1/policies/{policy_id}/enquiries", response_model=PolicyEnquiries, summary="咨询件数 Read enquiries")
async def get_policy_enquiries(request: Request, policy_id: PolicyId, caller: Watcher, reads: Reading) -> Response:
    """How much was asked on a policy so far, for the policy's office and those above it."""
    owner = await reading.find_owner(reads, policy_id)
    if owner is None:
        raise NotFound("没有这份政策")
    await caller.ensure_covers(owner["organization"])
    threshold = request.app.state.kit.settings.follow_up_enquiries
    view = await view_enquiries(reads, policy_id, threshold=threshold)
    return Response(view.model_dump_json(), headers={"Cache-Control": "no-store"}, media_type="application/json")
