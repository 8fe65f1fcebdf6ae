"""Saved profiles at the edge: kept, erased, and what they match. Their facts are never given back."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from services.policy_api.repository import profiles as repository
from services.policy_api.routes.policies import ExternalId
from services.policy_api.service import profiles as service
from services.policy_api.service.sealing import ProfileSealer
from shared.kit.auth import Caller, OrganizationCode, require
from shared.kit.clock import Now
from shared.kit.database import Reading, Writing
from shared.kit.errors import InvalidCursor, NotFound
from shared.kit.http import PRIVATE_CACHE, api_router, page_links
from shared.schemas.clauses import FoundMatch, ProfileInput, ProfileReceipt
from shared.schemas.pages import Page
from shared.schemas.scopes import Scope

router = api_router(tags=["matching"])
Keeper = Annotated[Caller, Depends(require(Scope.PROFILE_WRITE))]


def _sealer(request: Request) -> ProfileSealer:
    sealer: ProfileSealer = request.app.state.kit.extra["profile_sealer"]
    return sealer


Sealer = Annotated[ProfileSealer, Depends(_sealer)]


@router.put(
    "/v1/organizations/{org}/profiles/{external_id}",
    response_model=ProfileReceipt,
    summary="保存企业档案 Save an enterprise's profile",
)
async def put_profile(
    org: OrganizationCode,
    external_id: ExternalId,
    body: ProfileInput,
    caller: Keeper,
    session: Writing,
    sealer: Sealer,
    now: Now,
) -> Response:
    """By the website's client, with the enterprise's consent. Kept sealed, and matched with every clause that is released."""
    await caller.ensure_covers(org)
    receipt = await service.save_profile(session, caller, sealer, org, external_id, body, now=now)
    return _private(receipt.model_dump_json())


@router.delete(
    "/v1/organizations/{org}/profiles/{external_id}",
    status_code=204,
    response_class=Response,
    summary="删除企业档案 Erase an enterprise's profile",
)
async def delete_profile(org: OrganizationCode, external_id: ExternalId, caller: Keeper, session: Writing) -> Response:
    """Facts, consent and matches are gone at once."""
    await caller.ensure_covers(org)
    await service.erase_profile(session, caller, org, external_id)
    return Response(status_code=204)


@router.get(
    "/v1/organizations/{org}/profiles/{external_id}/matches",
    response_model=Page[FoundMatch],
    summary="档案匹配到的条款 List what a profile matches",
)
async def list_matches(
    request: Request,
    org: OrganizationCode,
    external_id: ExternalId,
    caller: Keeper,
    reads: Reading,
    cursor: Annotated[str | None, Query(title="游标", max_length=400)] = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=100)] = 20,
) -> Response:
    """Open clauses that the profile matches, newest match first. A profile just saved is matched within seconds."""
    await caller.ensure_covers(org)
    profile_id = await repository.find(reads, org, external_id)
    if profile_id is None:
        raise NotFound(service.NO_PROFILE)
    name, cursors = f"matches:{profile_id}", request.app.state.kit.cursors
    after = _place(cursors.open(name, cursor)) if cursor else None
    rows = await repository.list_matches(reads, profile_id, after=after, limit=limit)
    more = None
    if len(rows) > limit:
        last = rows[limit - 1]
        more = cursors.seal(name, [last["matched_at"].isoformat(), str(last["id"])])
    page = Page[FoundMatch](items=[service.read_match(row) for row in rows[:limit]], next_cursor=more)
    answer = _private(page.model_dump_json())
    answer.headers.update(page_links(request, next_cursor=more))
    return answer


def _private(body: str) -> Response:
    return Response(body, media_type="application/json", headers={"Cache-Control": PRIVATE_CACHE})


def _place(position: list[object]) -> tuple[datetime, UUID]:
    try:
        matched_at, match_id = position
        return datetime.fromisoformat(str(matched_at)), UUID(str(match_id))
    except ValueError as error:
        raise InvalidCursor("游标无法使用；请从第一页重新读取") from error
