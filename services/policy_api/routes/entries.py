"""The doors of every kind of entry, made from its description: push, withdraw, read, list."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field
from pydantic_core import to_json

from services.policy_api.repository import entries as repository
from services.policy_api.repository import reading
from services.policy_api.routes.policies import ExternalId, PolicyId, page_response
from services.policy_api.rules.entry_kinds.kind import EntryKind, Fields
from services.policy_api.service import entries as service
from services.policy_api.service.reading import NO_POLICY
from shared.kit.auth import Caller, OrganizationCode, require
from shared.kit.clock import Now, local_day
from shared.kit.database import Reading, Writing
from shared.kit.errors import InvalidCursor, NotFound
from shared.kit.http import IfMatch, api_router, problems, stored_answer
from shared.kit.stored_reads import Lookup
from shared.schemas.entries import EntryInput, LinkItem
from shared.schemas.organizations import Organization
from shared.schemas.pages import Page
from shared.schemas.policies import Outcome, Receipt, Strict

EntryId = Annotated[UUID, Path(title="编号")]
Prepare = Callable[[Request, Organization, Any, datetime], Awaitable[Fields | service.Supply | None]]
"""Checks a push against what only the service knows, and gives what it adds to the content."""


class EntryWithdrawal(Strict):
    """Why an entry is taken back."""

    reason: str = Field(title="撤回理由", min_length=2, max_length=500)


def entry_router(kind: EntryKind, *, prepare: Prepare | None = None) -> APIRouter:
    """All doors of one kind."""
    router = api_router(tags=[kind.plural])
    _add_writes(router, kind, prepare)
    _add_reads(router, kind)
    _add_links(router, kind)
    return router


def entry_lookup(kind: EntryKind) -> Lookup:
    """For the short way from a GET by id to the stored bytes."""

    async def find_current(reads: Any, entry_id: UUID, today: date) -> Any:
        stored = await repository.find_public(reads, kind.name, entry_id)
        overtaken = stored is None or (stored["next_change_on"] is not None and stored["next_change_on"] <= today)
        return None if overtaken else stored

    return find_current


def _add_writes(router: APIRouter, kind: EntryKind, prepare: Prepare | None) -> None:
    writer = Annotated[Caller, Depends(require(kind.scope))]

    async def put_entry(
        org: OrganizationCode,
        external_id: ExternalId,
        request: Request,
        body: EntryInput,
        caller: Caller,
        session: Writing,
        now: Now,
        if_match: IfMatch = None,
    ) -> Response:
        organization = await caller.ensure_covers(org)
        supplement = await prepare(request, organization, body, now) if prepare is not None else None
        push = service.EntryPush(kind, organization, external_id, body, supplement, if_match)
        receipt = await service.put_entry(session, caller, push, now=now)
        headers = {"ETag": service.receipt_etag(receipt.version, receipt.content_hash), "Cache-Control": "no-store"}
        status = 201 if receipt.outcome is Outcome.CREATED else 200
        return Response(receipt.model_dump_json(), status_code=status, headers=headers, media_type="application/json")

    async def withdraw_entry(
        entry_id: EntryId, body: EntryWithdrawal, caller: Caller, reads: Reading, session: Writing, now: Now
    ) -> Response:
        owner = await repository.find(reads, kind.name, entry_id)
        if owner is None:
            raise NotFound(f"没有这条{kind.chinese}")
        await caller.ensure_covers(owner["organization"])
        await service.withdraw_entry(session, caller, kind, entry_id, reason=body.reason, today=local_day(now))
        return Response(status_code=204)

    # What differs between kinds is read from annotations: the body's schema and the scope that admits.
    put_entry.__annotations__ |= {"body": kind.input, "caller": writer}
    withdraw_entry.__annotations__ |= {"caller": writer}
    router.add_api_route(
        f"/v1/organizations/{{org}}/{kind.plural}/{{external_id}}",
        put_entry,
        methods=["PUT"],
        name=f"put_{kind.name}",
        response_model=Receipt,
        responses={201: {"model": Receipt, "description": "已创建"}, **problems(409, 412)},
        summary=f"推送{kind.chinese} Push {'an' if kind.name[0] in 'aeiou' else 'a'} {kind.name}",
        description="Creates or replaces what the organisation calls by this id; public at once. "
        "A retry is harmless: the same content changes nothing.",
    )
    router.add_api_route(
        f"/v1/{kind.plural}/{{entry_id}}:withdraw",
        withdraw_entry,
        methods=["POST"],
        name=f"withdraw_{kind.name}",
        status_code=204,
        response_class=Response,
        summary=f"撤回{kind.chinese} Withdraw a {kind.name}",
        description="Takes it out of public view and of search. What the public saw is kept. 404 when it is not public.",
    )


def _add_reads(router: APIRouter, kind: EntryKind) -> None:
    async def get_entry(request: Request, entry_id: EntryId, reads: Reading, now: Now) -> Response:
        stored = await repository.find_public(reads, kind.name, entry_id)
        today = local_day(now)
        if stored is not None and stored["next_change_on"] is not None and stored["next_change_on"] <= today:
            stored = await service.render_now(reads, kind, entry_id, today=today)
        if stored is None:
            raise NotFound(f"没有这条{kind.chinese}，或尚未公开")
        return stored_answer(request, stored["representation"], stored["etag"])

    async def list_entries(
        request: Request,
        reads: Reading,
        organization: Annotated[str | None, Query(title="机关代码", max_length=18)] = None,
        policy_id: Annotated[UUID | None, Query(title="政策编号")] = None,
        status: Annotated[
            str | None, Query(title="状态", description=f"One of: {', '.join(kind.statuses)}.", max_length=40)
        ] = None,
        cursor: Annotated[str | None, Query(title="游标", max_length=400)] = None,
        limit: Annotated[int, Query(title="条数", ge=1, le=100)] = 20,
    ) -> Response:
        cursors = request.app.state.kit.cursors
        name = f"{kind.plural}:{organization}:{policy_id}:{status}"
        after = _place(cursors.open(name, cursor)) if cursor else None
        rows = await repository.list_public(
            reads,
            kind.name,
            organization=organization,
            status=status,
            policy_id=policy_id,
            after=after,
            limit=limit,
        )
        last = rows[limit - 1] if len(rows) > limit else None
        more = cursors.seal(name, [last["published_on"].isoformat(), str(last["id"])]) if last else None
        return page_response(request, [row["listing"] for row in rows[:limit]], more)

    router.add_api_route(
        f"/v1/{kind.plural}/{{entry_id}}",
        get_entry,
        methods=["GET"],
        name=f"get_{kind.name}",
        response_model=kind.public,
        responses={304: {"description": "未变化"}},
        summary=f"读取{kind.chinese} Read a {kind.name}",
        description="Public. Supports `If-None-Match`.",
    )
    router.add_api_route(
        f"/v1/{kind.plural}",
        list_entries,
        methods=["GET"],
        name=f"list_{kind.plural}",
        response_model=Page[kind.public],  # type: ignore[name-defined]  # a class, known when the app is built
        summary=f"{kind.chinese}列表 List {kind.plural}",
        description="Public, newest publication first."
        + (f" Without {', '.join(sorted(kind.not_in_lists))}." if kind.not_in_lists else ""),
    )


links = api_router(tags=["policies"])
LinkCursor = Annotated[str | None, Query(title="游标", max_length=400)]
LinkLimit = Annotated[int, Query(title="条数", ge=1, le=100)]


@links.get("/v1/policies/{policy_id}/links", response_model=Page[LinkItem], summary="关联内容 List what is linked")
async def list_policy_links(
    request: Request,
    policy_id: PolicyId,
    reads: Reading,
    cursor: LinkCursor = None,
    limit: LinkLimit = 100,
) -> Response:
    """Public. Interpretations, questions, clauses, consultations and whatever else points at this policy.

    By kind, newest first. `/v1/policies/{policy_id}/link-check` says which links cannot be followed from both ends.
    """
    if await reading.find_public(reads, policy_id) is None:
        raise NotFound(NO_POLICY)
    return await _linked_page(request, reads, policy_id, cursor, limit)


@links.get(
    "/v1/interpretations/{interpretation_id}/links",
    response_model=Page[LinkItem],
    tags=["interpretations"],
    summary="关联内容 List what is linked",
)
async def list_interpretation_links(
    request: Request,
    interpretation_id: Annotated[UUID, Path(title="解读编号")],
    reads: Reading,
    cursor: LinkCursor = None,
    limit: LinkLimit = 100,
) -> Response:
    """Public. The collections that show this interpretation; its policy stands in its own representation."""
    if await reading.find_public_interpretation(reads, interpretation_id) is None:
        raise NotFound("没有这份解读，或尚未公开")
    return await _linked_page(request, reads, interpretation_id, cursor, limit)


def _add_links(router: APIRouter, kind: EntryKind) -> None:
    async def list_entry_links(
        request: Request, entry_id: EntryId, reads: Reading, cursor: LinkCursor = None, limit: LinkLimit = 100
    ) -> Response:
        if await repository.find_public(reads, kind.name, entry_id) is None:
            raise NotFound(f"没有这条{kind.chinese}，或尚未公开")
        return await _linked_page(request, reads, entry_id, cursor, limit)

    router.add_api_route(
        f"/v1/{kind.plural}/{{entry_id}}/links",
        list_entry_links,
        methods=["GET"],
        name=f"list_{kind.name}_links",
        response_model=Page[LinkItem],
        summary="关联内容 List what is linked",
        description=f"Public. What points at this {kind.name}, such as collections, by kind, newest first.",
    )


async def _linked_page(request: Request, reads: Any, target: UUID, cursor: str | None, limit: int) -> Response:
    cursors = request.app.state.kit.cursors
    name = f"links:{target}"
    after = _link_place(cursors.open(name, cursor)) if cursor else None
    rows = await repository.list_linked_with(reads, target, after=after, limit=limit)
    last = rows[limit - 1] if len(rows) > limit else None
    more = (
        cursors.seal(name, [last["kind"], last["published_on"].isoformat(), str(last["id"]), last["position"]])
        if last
        else None
    )
    return page_response(request, [to_json(_link(request, row)) for row in rows[:limit]], more)


def _link(request: Request, row: Any) -> Fields:
    kinds = request.app.state.kit.extra["entry_kinds"]
    plural = kinds[row["kind"]].plural if row["kind"] in kinds else f"{row['kind']}s"
    shown = {name: row[name] for name in ("kind", "id", "title", "status", "published_on", "articles")}
    return {**shown, "href": f"/api/policy/v1/{plural}/{row['id']}"}


def _place(position: list[Any]) -> tuple[date, UUID]:
    try:
        day, entry_id = position
        return date.fromisoformat(str(day)), UUID(str(entry_id))
    except ValueError as error:
        raise InvalidCursor("游标无法使用；请从第一页重新读取") from error


def _link_place(position: list[Any]) -> tuple[str, date, UUID, int]:
    try:
        kind, day, entry_id, number = position
        return str(kind), date.fromisoformat(str(day)), UUID(str(entry_id)), int(number)
    except ValueError as error:
        raise InvalidCursor("游标无法使用；请从第一页重新读取") from error
