"""Lists at the edge: put, end, read as of any day, what changed between two."""

from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from services.catalog_api.repository import lists as repository
from services.catalog_api.routes.catalogs import ExternalId, page_response
from services.catalog_api.routes.disclosure import batch_answer, lines_of
from services.catalog_api.routes.monitoring import subject_of
from services.catalog_api.service import lists as service
from services.catalog_api.service.lists import EntryPush
from shared.kit.auth import Caller, OrganizationCode, require
from shared.kit.clock import Now, local_day
from shared.kit.database import Reading, ValidateOnly, WriteSession, Writing
from shared.kit.errors import DomainError, NotFound, RuleViolation
from shared.kit.http import api_router, problems, stored_answer
from shared.schemas.lists import (
    ListChange,
    ListEntry,
    ListEntryEnd,
    ListEntryInput,
    ListEntryText,
    ListKind,
    ListLine,
    ListReceipt,
)
from shared.schemas.pages import Page
from shared.schemas.policies import Outcome
from shared.schemas.problems import InvalidField
from shared.schemas.scopes import Scope

router = api_router(tags=["lists"])
_BEFORE_ALL = datetime(1900, 1, 1, tzinfo=UTC)
_AFTER_ALL = datetime(9000, 1, 1, tzinfo=UTC)
Keeper = Annotated[Caller, Depends(require(Scope.LIST_WRITE))]
Kind = Annotated[ListKind, Path(title="清单")]
EntryId = Annotated[UUID, Path(title="清单事项编号")]
AsOf = Annotated[date | None, Query(title="时点", description="What was in force on that day; default: today.")]
KnownAt = Annotated[
    datetime | None,
    Query(title="所知时点", description="What had been recorded at that moment, with its time zone; default: now."),
]
Whose = Annotated[str | None, Query(title="机关代码", max_length=18)]
Cursor = Annotated[str | None, Query(title="游标", max_length=400)]
Limit = Annotated[int, Query(title="条数", ge=1, le=100)]


class ListTexts(BaseModel):
    """Everything that an entry ever said."""

    items: list[ListEntryText] = Field(title="历次内容")


@router.put(
    "/v1/organizations/{org}/lists/{kind}/{external_id}",
    response_model=ListReceipt,
    responses={201: {"model": ListReceipt, "description": "已创建"}},
    summary="设置清单事项 Put a list entry",
)
async def put_entry(
    org: OrganizationCode,
    kind: Kind,
    external_id: ExternalId,
    body: ListEntryInput,
    caller: Keeper,
    session: Writing,
    now: Now,
) -> Response:
    """What an entry says from a day on. Said again for the same day, it takes the place of what was said; nothing is lost."""
    push = EntryPush(await caller.ensure_covers(org), kind, external_id, body)
    (receipt,) = await service.put_entries(session, caller, [push], now=now)
    if isinstance(receipt, DomainError):
        raise receipt
    return Response(
        receipt.model_dump_json(),
        status_code=201 if receipt.outcome is Outcome.CREATED else 200,
        headers={"Cache-Control": "no-store"},
        media_type="application/json",
    )


@router.post(
    "/v1/list-entries:batch",
    summary="批量设置清单事项 Put many list entries",
    **lines_of(ListLine, "ListReceipt", result="ListLineResult"),
)
async def put_entries_batch(
    request: Request, caller: Keeper, now: Now, validate_only: ValidateOnly = False
) -> Response:
    """One `ListLine` a line in, one `ListLineResult` a line out, in order, committed in chunks as they arrive."""

    async def prepare(line: ListLine) -> EntryPush:
        organization = await caller.ensure_covers(line.organization)
        wanted = ListEntryInput.model_construct(**{name: getattr(line, name) for name in ListEntryInput.model_fields})
        return EntryPush(organization, line.kind, line.external_id, wanted)

    async def push(session: WriteSession, pushes: list[EntryPush]) -> list[Any]:
        return list(await service.put_entries(session, caller, pushes, now=now))

    return batch_answer(request, ListLine, prepare, push, _line_key, validate_only=validate_only)


def _line_key(line: ListLine) -> tuple[str, str, str]:
    return line.organization, line.kind, line.external_id


@router.post(
    "/v1/list-entries/{entry_id}:end",
    status_code=204,
    response_class=Response,
    responses=problems(404, 409),
    summary="终止清单事项 End a list entry",
)
async def end_entry(
    entry_id: EntryId, body: ListEntryEnd, caller: Keeper, reads: Reading, session: Writing, now: Now
) -> Response:
    """It holds no more from a day on, which may lie ahead. Put again for a later day, it holds again."""
    row = await repository.find_entry(reads, entry_id)
    if row is None:
        raise NotFound(service.NO_ENTRY)
    await caller.ensure_covers(row["organization"])
    await service.end_entry(session, caller, entry_id, effective_on=body.effective_on, reason=body.reason, now=now)
    return Response(status_code=204)


@router.get("/v1/lists/{kind}", response_model=Page[ListEntry], summary="清单 Read a list")
async def read_list(
    kind: Kind,
    request: Request,
    reads: Reading,
    now: Now,
    organization: Whose = None,
    as_of: AsOf = None,
    as_known_at: KnownAt = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Public. The entries in force today or on any day, as known now or at any moment."""
    day = as_of or local_day(as_known_at or now)
    moment = _checked(as_known_at)
    cursors, name = request.app.state.kit.cursors, f"list:{kind}:{organization}:{as_of}:{as_known_at}"
    after = subject_of(cursors.open(name, cursor)) if cursor else None
    rows = await repository.list_entries(
        reads, kind, organization=organization, day=day, moment=moment, after=after, limit=limit
    )
    ids = [row["id"] for row in rows[:limit]]
    more = cursors.seal(name, [str(ids[-1])]) if len(rows) > limit else None
    shown = await service.show_many(reads, ids, day=day, moment=moment, asked=as_of is not None)
    return page_response(request, shown, more)


@router.get("/v1/lists/{kind}/changes", response_model=Page[ListChange], summary="清单变化 What changed in a list")
async def read_changes(
    kind: Kind,
    request: Request,
    reads: Reading,
    now: Now,
    since: Annotated[date, Query(title="自", description="As it stood at the end of that day.")],
    until: Annotated[date | None, Query(title="至", description="Default: today.")] = None,
    organization: Whose = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """Public. Entries that were added, changed or ended since a day, and in which columns."""
    last = until or local_day(now)
    if since > last:
        detail = "“至”不能早于“自”"
        raise RuleViolation(detail, errors=[InvalidField(pointer="?until", detail=detail)])
    cursors, name = request.app.state.kit.cursors, f"list-changes:{kind}:{organization}:{since}:{last}"
    after = subject_of(cursors.open(name, cursor)) if cursor else None
    found, on = await service.list_changes(
        reads, kind, organization=organization, since=since, until=last, after=after, limit=limit
    )
    more = cursors.seal(name, [str(on)]) if on is not None else None
    return page_response(request, [one.model_dump_json().encode() for one in found], more)


@router.get(
    "/v1/list-entries/{entry_id}",
    response_model=ListEntry,
    responses={304: {"description": "未变化"}, **problems(404)},
    summary="读取清单事项 Read a list entry",
)
async def read_entry(
    request: Request, entry_id: EntryId, reads: Reading, now: Now, as_of: AsOf = None, as_known_at: KnownAt = None
) -> Response:
    """Public. Today or on any day, as known now or at any moment. Supports `If-None-Match`."""
    today = local_day(now)
    if as_of is None and as_known_at is None:
        stored = await repository.find_public(reads, entry_id)
        if stored is not None and (stored["next_change_on"] is None or stored["next_change_on"] > today):
            return stored_answer(request, stored["representation"], stored["etag"])
    if await repository.find_entry(reads, entry_id) is None:
        raise NotFound(service.NO_ENTRY)
    moment = _checked(as_known_at)
    day = as_of or (local_day(moment) if moment is not None else today)
    shown = await service.show_many(reads, [entry_id], day=day, moment=moment, asked=as_of is not None)
    if not shown:
        raise NotFound(service.NO_ENTRY)
    return Response(shown[0], media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get(
    "/v1/list-entries/{entry_id}/texts",
    response_model=ListTexts,
    responses=problems(404),
    summary="清单事项历次内容 List an entry's texts",
)
async def read_texts(entry_id: EntryId, reads: Reading) -> ListTexts:
    """Public. In the order of recording, with what was superseded and when."""
    if await repository.find_entry(reads, entry_id) is None:
        raise NotFound(service.NO_ENTRY)
    rows = (await repository.list_texts(reads, [entry_id]))[entry_id]
    names = ("number", "effective_on", "recorded_at", "superseded_at")
    return ListTexts(
        items=[
            ListEntryText(
                content=ListEntryInput.model_validate_json(row["content"]) if row["content"] is not None else None,
                **{name: row[name] for name in names},
            )
            for row in rows
        ]
    )


def _checked(moment: datetime | None) -> datetime | None:
    if moment is not None and moment.tzinfo is None:
        detail = "应为带时区的时间，如 2026-06-05T01:00:00Z"
        raise RuleViolation(detail, errors=[InvalidField(pointer="?as_known_at", detail=detail)])
    return min(max(moment, _BEFORE_ALL), _AFTER_ALL) if moment is not None else None
