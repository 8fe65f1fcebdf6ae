"""Organisations at the edge."""

from typing import Annotated

from fastapi import Depends, Query, Request, Response
from pydantic_core import to_json

from services.exchange_api.repository import organizations as repository
from services.exchange_api.service import organizations as service
from shared.kit.auth import Caller, OrganizationCode, require
from shared.kit.database import Reading, Writing
from shared.kit.errors import UnknownOrganization
from shared.kit.feed import EventReader, ExportPlace, export_response
from shared.kit.http import IfMatch, api_router, page_links, problems, stored_answer
from shared.schemas.organizations import CreditCode, Level, Organization, OrganizationInput, check_credit_code
from shared.schemas.pages import Page
from shared.schemas.scopes import Scope

router = api_router(tags=["organizations"])
Registrar = Annotated[Caller, Depends(require(Scope.ORGANIZATIONS_WRITE))]


@router.put(
    "/v1/organizations/{code}",
    response_model=Organization,
    responses={201: {"model": Organization, "description": "已登记"}, **problems(409, 412)},
    summary="登记或变更机关 Register or change an organisation",
)
async def put_organization(
    code: OrganizationCode, body: OrganizationInput, caller: Registrar, session: Writing, if_match: IfMatch = None
) -> Response:
    """Idempotent: the same body again changes nothing. 403 outside the caller's subtree; a move takes all below along."""
    result = await service.put_organization(session, caller, _known_form(code), body, if_match=if_match)
    return Response(
        result.representation,
        status_code=201 if result.created else 200,
        headers={"ETag": result.etag, "Cache-Control": "no-store"},
        media_type="application/json",
    )


@router.get(
    "/v1/organizations/{code}",
    response_model=Organization,
    responses={304: {"description": "未变化"}},
    summary="读取机关 Read an organisation",
)
async def get_organization(request: Request, code: OrganizationCode, reads: Reading) -> Response:
    """Public. Supports `If-None-Match`."""
    stored = await repository.find_stored(reads, code.upper())
    if stored is None:
        raise UnknownOrganization(f"没有代码为{code}的机关")
    return stored_answer(request, stored["representation"], stored["etag"])


@router.get("/v1/organizations", response_model=Page[Organization], summary="机关列表 List organisations")
async def list_organizations(
    request: Request,
    reads: Reading,
    parent: Annotated[CreditCode | None, Query(title="上级机关")] = None,
    within: Annotated[CreditCode | None, Query(title="在此机关及其下级之内")] = None,
    level: Annotated[Level | None, Query(title="层级")] = None,
    division_code: Annotated[str | None, Query(title="行政区划代码", max_length=12)] = None,
    cursor: Annotated[str | None, Query(title="游标", max_length=400)] = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=100)] = 20,
) -> Response:
    """Public, by code. The cursor belongs to the filters it was made with."""
    cursors = request.app.state.kit.cursors
    kind = f"organizations:{parent}:{within}:{level}:{division_code}"
    after = str(cursors.open(kind, cursor)[0]) if cursor else None
    wanted = repository.OrganizationFilter(parent, within, level, division_code)
    rows = await repository.list_stored(reads, wanted, after=after, limit=limit)
    more = cursors.seal(kind, [rows[limit - 1]["code"]]) if len(rows) > limit else None
    body = b'{"items":[' + b",".join(row["representation"] for row in rows[:limit]) + b"],"
    body += to_json({"next_cursor": more})[1:]
    return Response(body, media_type="application/json", headers=page_links(request, next_cursor=more))


@router.get(
    "/v1/export",
    response_class=Response,
    responses={200: {"description": "NDJSON；末行是续读事件日志的游标", "content": {"application/x-ndjson": {}}}},
    summary="导出全部机关 Export all organisations",
)
async def export_organizations(request: Request, caller: EventReader, place: ExportPlace) -> Response:
    """Current representations in one snapshot; the last line holds the cursor to follow the log from."""
    return export_response(request, repository.EXPORT)


def _known_form(code: str) -> str:
    try:
        return check_credit_code(code)
    except ValueError as error:
        raise UnknownOrganization(f"机关代码不正确：{error}") from error
