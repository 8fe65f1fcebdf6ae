"""Pushing, withdrawing and reading policies at the edge."""

from datetime import date, datetime
from html import escape
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, Field
from pydantic_core import to_json

from services.policy_api.repository import reading as repository
from services.policy_api.repository.listing import PolicyFilter, list_public
from services.policy_api.rules.compare import render_html
from services.policy_api.rules.doc_number import parse_doc_number, written_alike
from services.policy_api.rules.themes import check_theme, theme_levels
from services.policy_api.service import reading as service
from services.policy_api.service.content import normalize_policy
from services.policy_api.service.publication import withdraw_policy
from services.policy_api.service.push_queue import PushQueue
from services.policy_api.service.pushing import Origin, Push, record_etag
from shared.kit.auth import Caller, MaybeAuthenticated, OrganizationCode, require
from shared.kit.clock import Now, local_day
from shared.kit.database import Reading, ValidateOnly, Writing
from shared.kit.errors import DomainError, InvalidCursor, NotFound
from shared.kit.feed import EventReader, ExportPlace, export_response
from shared.kit.http import IfMatch, api_router, page_links, problems, stored_answer
from shared.kit.logging import request_id_var
from shared.schemas.comparisons import Comparison
from shared.schemas.organizations import Level
from shared.schemas.pages import Page
from shared.schemas.policies import (
    DocClass,
    DocKind,
    Outcome,
    Policy,
    PolicyInput,
    PolicySummary,
    PolicyVersion,
    PolicyVersionFacts,
    Receipt,
    Validity,
    Withdrawal,
    WithdrawalForm,
)
from shared.schemas.scopes import Scope

router = api_router(tags=["policies"])
PolicyId = Annotated[UUID, Path(title="政策编号")]

Pusher = Annotated[Caller, Depends(require(Scope.POLICY_WRITE, Scope.POLICY_IMPORT))]
Releaser = Annotated[Caller, Depends(require(Scope.POLICY_RELEASE))]
ExternalId = Annotated[str, Path(title="机关内编号", min_length=1, max_length=200, pattern=r"^[^\x00-\x1f/?#]+$")]
KnownAt = Annotated[AwareDatetime | date, Field(union_mode="left_to_right")]
VersionNumber = Annotated[int, Path(title="版本号", ge=1, le=1_000_000)]


@router.put(
    "/v1/organizations/{org}/policies/{external_id}",
    response_model=Receipt,
    responses={201: {"model": Receipt, "description": "已创建"}, **problems(409, 412)},
    summary="推送政策文件 Push a policy",
)
async def put_policy(
    org: OrganizationCode,
    external_id: ExternalId,
    body: PolicyInput,
    request: Request,
    caller: Pusher,
    now: Now,
    if_match: IfMatch = None,
    validate_only: ValidateOnly = False,
) -> Response:
    """Creates or replaces what the organisation calls by this id. A retry is harmless: the same content changes nothing.

    With `published_on` (scope `policy:import`) it is public at once; without, it waits for its dossier's release.
    """
    push = await prepare_push(caller, org, external_id, body, now=now, if_match=if_match)
    queue: PushQueue = request.app.state.kit.extra["pushes"]
    result = await (queue.check(push) if validate_only else queue.push(push))
    if isinstance(result, DomainError):
        raise result
    created = result.outcome is Outcome.CREATED and not validate_only
    headers = {"ETag": record_etag(result.version, result.content_hash), "Cache-Control": "no-store"}
    return Response(
        result.model_dump_json(), status_code=201 if created else 200, headers=headers, media_type="application/json"
    )


async def prepare_push(
    caller: Caller, org: str, external_id: str, body: PolicyInput, *, now: datetime, if_match: str | None = None
) -> Push:
    """Check who, for whom and what; no transaction is open yet."""
    organization = await caller.ensure_covers(org)
    importing = body.published_on is not None or body.repealed_on is not None
    caller.ensure_has(Scope.POLICY_IMPORT if importing else Scope.POLICY_WRITE)
    content = normalize_policy(body, importing=importing, today=local_day(now))
    return Push(
        Origin(caller.client_id, now, request_id_var.get()),
        organization,
        external_id,
        content,
        body.published_on,
        if_match,
    )


async def _answer_of_withdrawn(request: Request, reads: Reading, policy_id: UUID) -> Response:
    """308 to where it has moved, 410 with what is said of it, 404 when it was never public."""
    told = await service.find_withdrawal(reads, policy_id)
    if told is None:
        raise NotFound(service.NO_POLICY)
    if told["form"] != WithdrawalForm.MOVED:
        raise await service.withdrawn_or_missing(reads, policy_id)
    moved_to = told["moved_to"] or f"{request.scope.get('root_path', '')}/v1/policies/{told['moved_to_policy']}"
    return Response(status_code=308, headers={"Location": moved_to, "Cache-Control": "public, max-age=60"})


@router.post(
    "/v1/policies/{policy_id}:withdraw",
    status_code=204,
    response_class=Response,
    responses=problems(409),
    summary="撤回政策文件 Withdraw a policy",
)
async def withdraw(
    policy_id: PolicyId, body: Withdrawal, caller: Releaser, reads: Reading, session: Writing, now: Now
) -> Response:
    """Takes the policy and its interpretations out of public view and of search; its history is kept. 404 when it is not public.

    `gone` answers 410 with the notice from then on, `moved` 308 to the other place. `banner` leaves it public under a
    warning, and may be said again, with another notice.
    """
    owner = await repository.find_owner(reads, policy_id)
    if owner is None:
        raise NotFound(service.NO_POLICY)
    await caller.ensure_covers(owner["organization"])
    await withdraw_policy(session, caller, policy_id, body, now=now)
    return Response(status_code=204)


@router.get(
    "/v1/policies/{policy_id}",
    response_model=Policy,
    responses={304: {"description": "未变化"}, 308: {"description": "已移至 Location 所示之处"}, **problems(410)},
    summary="读取政策文件 Read a policy",
)
async def get_policy(
    request: Request,
    policy_id: PolicyId,
    reads: Reading,
    now: Now,
    as_of: Annotated[
        date | None, Query(title="时点", description="The text in force and the validity on that day.")
    ] = None,
    as_known_at: Annotated[
        KnownAt | None,
        Query(title="所知时点", description="What this library said then: a moment, or a day, which means its end."),
    ] = None,
) -> Response:
    """Public. With its interpretations, relations both ways and history. Supports `If-None-Match`.

    `as_of` asks what was in force, `as_known_at` what the library said of it at that moment; both together, what it then
    said of that day. A document that was taken back answers 410 with what is said of it, or 308 to where it has moved.
    """
    today = local_day(now)
    if as_known_at is not None:
        if await service.find_withdrawal(reads, policy_id) is not None:
            return await _answer_of_withdrawn(request, reads, policy_id)
        moment = service.moment_of(as_known_at, now)
        known = await service.render_as_known(reads, policy_id, known_at=moment, day=as_of or local_day(moment))
        return stored_answer(request, known.representation, known.etag)
    stored = await repository.find_public(reads, policy_id)
    if stored is None:
        return await _answer_of_withdrawn(request, reads, policy_id)
    changes_on = stored["next_change_on"]
    if as_of is None and (changes_on is None or changes_on > today):
        return stored_answer(request, stored["representation"], stored["etag"])
    # A date has passed that the worker has not come to yet, or another day is asked for.
    rendered = await service.render_as_of(reads, policy_id, day=as_of or today, historic=as_of is not None)
    return stored_answer(request, rendered.representation, rendered.etag)


@router.get("/v1/policies", response_model=Page[PolicySummary], summary="政策文件列表 List policies")
async def list_policies(
    request: Request,
    reads: Reading,
    now: Now,
    organization: Annotated[str | None, Query(title="机关代码", max_length=18)] = None,
    issuer: Annotated[str | None, Query(title="发文机关名称", max_length=120)] = None,
    level: Annotated[Level | None, Query(title="层级")] = None,
    kind: Annotated[DocKind | None, Query(title="文种")] = None,
    doc_class: Annotated[DocClass | None, Query(title="文件类别")] = None,
    theme: Annotated[str | None, Query(title="主题分类", max_length=80)] = None,
    year: Annotated[int | None, Query(title="成文年份", ge=1949, le=2200)] = None,
    status: Annotated[Validity | None, Query(title="有效性")] = None,
    doc_no: Annotated[str | None, Query(title="发文字号包含", min_length=1, max_length=80)] = None,
    cursor: Annotated[str | None, Query(title="游标", max_length=600)] = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=100)] = 20,
) -> Response:
    """Public, newest publication first. A cursor belongs to the filters it was made with; `Link` names the next page.

    Under several filters that rarely meet, a page may be shorter than asked for, even empty, and go on: the list ends
    where `next_cursor` is null.
    """
    wanted = PolicyFilter(
        organization,
        issuer,
        level,
        kind,
        doc_class,
        *_theme(theme),
        year,
        status.value if status else None,
        _doc_no(doc_no),
    )
    cursors = request.app.state.kit.cursors
    kind_of_list = f"policies:{wanted}"
    after = _after(cursors.open(kind_of_list, cursor)) if cursor else None
    today = local_day(now)
    listed = await list_public(reads, wanted, today=today, after=after, limit=limit)
    items = {row["id"]: row["listing"] for row in listed.rows}
    overtaken = [row["id"] for row in listed.rows if row["next_change_on"] and row["next_change_on"] <= today]
    if overtaken:
        rendered = await service.render_many(reads, overtaken, day=today, historic=False)
        items |= {policy_id: one.listing for policy_id, one in rendered.items()}
    on = listed.go_on_after
    more = cursors.seal(kind_of_list, [on[0].isoformat(), str(on[1])]) if on else None
    return page_response(request, list(items.values()), more)


def page_response(request: Request, items: list[bytes], more: str | None) -> Response:
    """Stored representations joined into one page."""
    body = b'{"items":[' + b",".join(items) + b"]," + to_json({"next_cursor": more})[1:]
    headers = {**page_links(request, next_cursor=more), "Cache-Control": "public, max-age=5"}
    return Response(body, media_type="application/json", headers=headers)


def _doc_no(typed: str | None) -> str | None:
    """A whole number in any spelling becomes canonical; part of one is looked for as it is typed."""
    try:
        return parse_doc_number(typed).text if typed else None
    except ValueError:
        return written_alike(typed) if typed else None


def _theme(theme: str | None) -> tuple[str | None, str | None]:
    if theme is None:
        return None, None
    try:
        return theme_levels(check_theme(theme))
    except ValueError:
        return theme, None  # An unknown theme finds nothing.


def _after(position: list[object]) -> tuple[date, UUID]:
    try:
        day, policy_id = position
        return date.fromisoformat(str(day)), UUID(str(policy_id))
    except ValueError as error:
        raise InvalidCursor("游标无法使用；请从第一页重新读取") from error


class Versions(BaseModel):
    """The whole history of a document."""

    items: list[PolicyVersionFacts] = Field(title="历次文本")


@router.get(
    "/v1/policies/{policy_id}/versions",
    response_model=Versions,
    responses=problems(410),
    summary="历次文本 List versions",
)
async def list_versions(policy_id: PolicyId, reads: Reading, caller: MaybeAuthenticated) -> Versions:
    """Every released text; with a token of its organisation also those waiting for release."""
    rows = await service.list_versions(reads, caller, policy_id)
    return Versions(items=[PolicyVersionFacts.model_validate(row) for row in rows])


@router.get(
    "/v1/policies/{policy_id}/versions/{number}",
    response_model=PolicyVersion,
    responses=problems(410),
    summary="读取一份文本 Read a version",
)
async def get_version(
    policy_id: PolicyId, number: VersionNumber, reads: Reading, caller: MaybeAuthenticated
) -> PolicyVersion:
    """One text with its content exactly as it was accepted. It never changes."""
    return PolicyVersion.model_validate(await service.get_version(reads, caller, policy_id, number))


@router.get(
    "/v1/policies/{policy_id}/compare",
    response_model=Comparison,
    responses={
        200: {"description": "逐条、逐字的差异", "content": {"text/html": {"schema": {"type": "string"}}}},
        **problems(410),
    },
    summary="比较两份文本 Compare two versions",
)
async def compare(
    policy_id: PolicyId,
    reads: Reading,
    caller: MaybeAuthenticated,
    old: Annotated[int, Query(alias="from", title="旧版本号", ge=1, le=1_000_000)],
    new: Annotated[int, Query(alias="to", title="新版本号", ge=1, le=1_000_000)],
    output: Annotated[Literal["json", "html"], Query(alias="format", title="格式")] = "json",
) -> Response:
    """Article by article and character by character, as JSON or as a page of HTML."""
    comparison = await service.compare_versions(reads, caller, policy_id, old, new)
    if output == "html":
        return Response(_page(old, new, render_html(comparison)), media_type="text/html")
    return Response(comparison.model_dump_json(), media_type="application/json")


def _page(old: int, new: int, content: str) -> str:
    title = escape(f"第{old}版与第{new}版比较")
    return f'<!doctype html><html lang="zh"><meta charset="utf-8"><title>{title}</title>{content}</html>'


@router.get(
    "/v1/export",
    response_class=Response,
    responses={200: {"description": "NDJSON；末行是续读事件日志的游标", "content": {"application/x-ndjson": {}}}},
    tags=["events"],
    summary="导出全部公开内容 Export everything public",
)
async def export_public(request: Request, caller: EventReader, place: ExportPlace) -> Response:
    """Current representations of policies, interpretations and entries in one snapshot, closed by the cursor of the log."""
    return export_response(request, repository.EXPORT)
