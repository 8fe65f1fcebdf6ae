"""Catalogs at the edge: draft, review, put in force, read, compare."""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from pydantic_core import to_json

from services.catalog_api.repository import catalogs as repository
from services.catalog_api.service import catalogs as service
from shared.kit.auth import Caller, OrganizationCode, require
from shared.kit.clock import Now, local_day
from shared.kit.database import Reading, Writing
from shared.kit.errors import InvalidCursor, NotFound, RuleViolation, UnknownOrganization
from shared.kit.http import api_router, page_links, problems, stored_answer
from shared.schemas.catalogs import (
    Catalog,
    CatalogEnforcement,
    CatalogInput,
    CatalogItem,
    CatalogLevel,
    CatalogReceipt,
    CatalogReview,
    CatalogVersion,
    ItemDifference,
    ItemGap,
    Retirement,
    StatutoryGap,
)
from shared.schemas.organizations import Organization
from shared.schemas.pages import Page
from shared.schemas.policies import Outcome
from shared.schemas.problems import InvalidField
from shared.schemas.scopes import Scope

router = api_router(tags=["catalogs"])
Drafter = Annotated[Caller, Depends(require(Scope.CATALOG_WRITE))]
Reviewer = Annotated[Caller, Depends(require(Scope.CATALOG_REVIEW))]
Approver = Annotated[Caller, Depends(require(Scope.CATALOG_APPROVE))]
Office = Annotated[Caller, Depends(require(Scope.CATALOG_WRITE, Scope.CATALOG_REVIEW, Scope.CATALOG_APPROVE))]
CatalogId = Annotated[UUID, Path(title="目录编号")]
Number = Annotated[int, Path(title="版本", ge=1, le=1_000_000)]
ExternalId = Annotated[
    str, Path(title="机关内编号", min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f/]+$", examples=["base-2026"])
]


async def cover(reads: Any, caller: Caller, catalog_id: UUID) -> Any:
    """The catalog's row, when the caller may act for its organisation."""
    row = await repository.find(reads, catalog_id)
    if row is None:
        raise NotFound(service.NO_VERSION)
    await caller.ensure_covers(row["organization"])
    return row


@router.put(
    "/v1/organizations/{org}/catalogs/{external_id}",
    response_model=CatalogReceipt,
    responses={201: {"model": CatalogReceipt, "description": "已创建"}, **problems(409)},
    summary="起草目录 Draft a catalog",
)
async def put_catalog(
    org: OrganizationCode,
    external_id: ExternalId,
    body: CatalogInput,
    caller: Drafter,
    session: Writing,
    now: Now,
) -> Response:
    """A draft of a new catalog or of its next version, in place of the draft before. Nothing is public yet.

    Items whose 公开时限 was not understood are named in `unparsed`: give them a `limit`.
    """
    organization = await caller.ensure_covers(org)
    responsible = await responsible_for(caller, organization, body)
    receipt = await service.draft_catalog(session, caller, responsible, external_id, body, now=now)
    status = 201 if receipt.outcome is Outcome.CREATED else 200
    headers = {"Cache-Control": "no-store"}
    return Response(receipt.model_dump_json(), status_code=status, headers=headers, media_type="application/json")


@router.post(
    "/v1/catalogs/{catalog_id}/versions/{number}:review",
    response_model=CatalogVersion,
    responses=problems(404, 409),
    summary="审核目录 Review a catalog's version",
)
async def review_catalog(
    catalog_id: CatalogId, number: Number, body: CatalogReview, caller: Reviewer, reads: Reading, session: Writing
) -> CatalogVersion:
    """By another client than drafted it. A version that weakens its upper catalog is refused with each reason."""
    await cover(reads, caller, catalog_id)
    return await service.review_catalog(session, caller, catalog_id, number, note=body.note)


@router.post(
    "/v1/catalogs/{catalog_id}/versions/{number}:enforce",
    response_model=CatalogVersion,
    responses=problems(404, 409),
    summary="施行目录 Put a catalog's version in force",
)
async def enforce_catalog(
    catalog_id: CatalogId,
    number: Number,
    body: CatalogEnforcement,
    caller: Approver,
    reads: Reading,
    session: Writing,
    now: Now,
) -> CatalogVersion:
    """By a client that neither drafted nor reviewed it. The former version is superseded; items keep their ids."""
    await cover(reads, caller, catalog_id)
    return await service.enforce_catalog(session, caller, catalog_id, number, effective_on=body.effective_on, now=now)


@router.post(
    "/v1/catalogs/{catalog_id}:retire",
    status_code=204,
    response_class=Response,
    responses=problems(404),
    summary="废止目录 Retire a catalog",
)
async def retire_catalog(
    catalog_id: CatalogId, body: Retirement, caller: Approver, reads: Reading, session: Writing, now: Now
) -> Response:
    """It holds no more, and nothing takes its place."""
    await cover(reads, caller, catalog_id)
    await service.retire_catalog(session, caller, catalog_id, reason=body.reason, today=local_day(now))
    return Response(status_code=204)


@router.get(
    "/v1/catalogs/{catalog_id}/versions/{number}",
    response_model=CatalogVersion,
    responses=problems(404),
    summary="读取目录版本 Read a catalog's version",
)
async def get_version(catalog_id: CatalogId, number: Number, caller: Office, reads: Reading) -> CatalogVersion:
    """Drafts included, for those who work on it."""
    await cover(reads, caller, catalog_id)
    row = await repository.find_version(reads, catalog_id, number)
    if row is None:
        raise NotFound(service.NO_VERSION)
    return service.as_version(row)


@router.get(
    "/v1/catalogs/{catalog_id}/compare",
    response_model=list[ItemDifference],
    responses=problems(404),
    summary="比较目录版本 Compare two versions",
)
async def compare_versions(
    catalog_id: CatalogId,
    caller: Office,
    reads: Reading,
    old: Annotated[int, Query(alias="from", title="原版本", ge=1, le=1_000_000)],
    new: Annotated[int, Query(alias="to", title="新版本", ge=1, le=1_000_000)],
) -> list[ItemDifference]:
    """Item by item: added, removed, changed in which columns."""
    await cover(reads, caller, catalog_id)
    return await service.compare_versions(reads, catalog_id, old, new)


@router.get(
    "/v1/catalogs/{catalog_id}/gaps",
    response_model=list[ItemGap],
    responses=problems(404),
    summary="与上级目录比较 Compare with the upper catalog",
)
async def compare_with_upper(catalog_id: CatalogId, reads: Reading) -> list[ItemGap]:
    """Public. What the upper catalog asks of this level that this one lacks or weakens."""
    return await service.compare_with_upper(reads, catalog_id)


@router.get(
    "/v1/catalogs/{catalog_id}/statutory-gaps",
    response_model=list[StatutoryGap],
    responses=problems(404),
    summary="与法定公开内容比较 Compare with the Regulation",
)
async def compare_with_law(catalog_id: CatalogId, reads: Reading) -> list[StatutoryGap]:
    """Public. What 条例第二十条、第二十一条 name for this level and no item of the catalog says that it is for."""
    return await service.compare_with_law(reads, catalog_id)


@router.get("/v1/catalogs", response_model=Page[Catalog], summary="目录列表 List catalogs")
async def list_catalogs(
    request: Request,
    reads: Reading,
    organization: Annotated[str | None, Query(title="机关代码", max_length=18)] = None,
    level: Annotated[CatalogLevel | None, Query(title="层级")] = None,
    cursor: Annotated[str | None, Query(title="游标", max_length=400)] = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=100)] = 20,
) -> Response:
    """Public. Catalogs in force, newest first."""
    cursors, name = request.app.state.kit.cursors, f"catalogs:{organization}:{level}"
    after = _id(cursors.open(name, cursor)) if cursor else None
    rows = await repository.list_public(reads, organization=organization, level=level, after=after, limit=limit)
    more = cursors.seal(name, [str(rows[limit - 1]["id"])]) if len(rows) > limit else None
    return page_response(request, [row["representation"] for row in rows[:limit]], more)


@router.get(
    "/v1/catalogs/{catalog_id}",
    response_model=Catalog,
    responses={304: {"description": "未变化"}, **problems(404)},
    summary="读取目录 Read a catalog",
)
async def get_catalog(
    request: Request,
    catalog_id: CatalogId,
    reads: Reading,
    as_of: Annotated[date | None, Query(title="日期", description="Which version was in force that day.")] = None,
) -> Response:
    """Public. The version in force, or the one that was on a day; its items are at `/items`."""
    if as_of is None:
        stored = await repository.find_public(reads, catalog_id)
        if stored is None:
            raise NotFound(service.NO_CATALOG)
        return stored_answer(request, stored["representation"], stored["etag"])
    shown = await service.show_as_of(reads, catalog_id, as_of)
    return Response(shown, media_type="application/json", headers={"Cache-Control": "public, max-age=5"})


@router.get(
    "/v1/catalogs/{catalog_id}/items",
    response_model=Page[CatalogItem],
    responses=problems(404),
    summary="公开事项列表 List a catalog's items",
)
async def list_items(
    request: Request,
    catalog_id: CatalogId,
    reads: Reading,
    domain: Annotated[str | None, Query(title="领域", max_length=64)] = None,
    cursor: Annotated[str | None, Query(title="游标", max_length=400)] = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=200)] = 50,
) -> Response:
    """Public. Items in force, in the catalog's order."""
    if await repository.find_public(reads, catalog_id) is None:
        raise NotFound(service.NO_CATALOG)
    cursors, name = request.app.state.kit.cursors, f"items:{catalog_id}:{domain}"
    after = _position(cursors.open(name, cursor)) if cursor else None
    rows = await repository.list_public_items(reads, catalog_id, domain=domain, after=after, limit=limit)
    more = cursors.seal(name, [rows[limit - 1]["position"]]) if len(rows) > limit else None
    return page_response(request, [row["representation"] for row in rows[:limit]], more)


@router.get(
    "/v1/items/{item_id}",
    response_model=CatalogItem,
    responses={304: {"description": "未变化"}, **problems(404)},
    summary="读取公开事项 Read an item",
)
async def get_item(request: Request, item_id: Annotated[UUID, Path(title="事项编号")], reads: Reading) -> Response:
    """Public. Supports `If-None-Match`."""
    stored = await repository.find_public_item(reads, item_id)
    if stored is None:
        raise NotFound("没有这个公开事项，或它已不再施行")
    return stored_answer(request, stored["representation"], stored["etag"])


def page_response(request: Request, items: list[bytes], more: str | None) -> Response:
    """Stored representations joined into one page."""
    body = b'{"items":[' + b",".join(items) + b"]," + to_json({"next_cursor": more})[1:]
    headers = {**page_links(request, next_cursor=more), "Cache-Control": "public, max-age=5"}
    return Response(body, media_type="application/json", headers=headers)


def _id(position: list[Any]) -> UUID:
    try:
        (catalog_id,) = position
        return UUID(str(catalog_id))
    except ValueError as error:
        raise InvalidCursor("游标无法使用；请从第一页重新读取") from error


def _position(position: list[Any]) -> int:
    try:
        (number,) = position
        return int(number)
    except (ValueError, TypeError) as error:
        raise InvalidCursor("游标无法使用；请从第一页重新读取") from error


async def responsible_for(caller: Caller, organization: Organization, wanted: CatalogInput) -> list[Organization]:
    """The catalog's organisation and, after it, those that its items name: all within its subtree."""
    found = {organization.code: organization}
    errors = []
    for position, item in enumerate(wanted.items):
        if item.organization is None or item.organization in found:
            continue
        try:
            one = await caller.directory.get(item.organization)
        except UnknownOrganization as unknown:
            errors.append(InvalidField(pointer=f"/items/{position}/organization", detail=str(unknown)))
            continue
        if one.is_within(organization.code):
            found[one.code] = one
        else:
            detail = "责任机关应是本机关或其下级"
            errors.append(InvalidField(pointer=f"/items/{position}/organization", detail=detail))
    if errors:
        raise RuleViolation("目录有误，请按所列各项改正", errors=errors[:200])
    return list(found.values())
