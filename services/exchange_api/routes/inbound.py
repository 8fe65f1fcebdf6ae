"""Partners and their messages at the edge."""

from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Path, Query, Request, Response

from services.exchange_api.repository import inbound as repository
from services.exchange_api.routes.webhooks import NOT_STORED, number_of_position
from services.exchange_api.service import asyncapi, inbound
from services.exchange_api.service.tokens import sealer_of
from shared.kit.auth import Caller, ensure_supervises_all, require
from shared.kit.clock import Now
from shared.kit.database import Reading, Writing, WritingForReal
from shared.kit.http import api_router, page_links, problems, read_body
from shared.schemas.pages import Page
from shared.schemas.scopes import Scope
from shared.schemas.webhooks import InboundMessage, InboundReceipt, InboundState, Partner, PartnerInput, WebhookDigest

router = api_router(tags=["inbound"])
Administrator = Annotated[Caller, Depends(require(Scope.PARTNER_ADMIN))]
Watcher = Annotated[Caller, Depends(require(Scope.PARTNER_ADMIN, Scope.WEBHOOK_READ))]
Source = Annotated[str, Path(title="来源", pattern=r"^[a-z][a-z0-9-]{1,39}$", examples=["shandong"])]
MessageId = Annotated[str, Path(title="消息编号", min_length=1, max_length=100)]
MAX_MESSAGE_BYTES = 262_144


@router.post(
    "/v1/inbound/{source}",
    status_code=202,
    response_model=InboundReceipt,
    responses=problems(401, 409, 413, 415),
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "`{type, timestamp, data}`; `/v1/asyncapi` has the schemas. At most 256 KiB.",
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
        "parameters": [
            {"name": name, "in": "header", "required": True, "schema": {"type": "string"}, "description": title}
            for name, title in (
                ("webhook-id", "消息编号 The message's id"),
                ("webhook-timestamp", "时间 Seconds since 1970"),
                ("webhook-signature", "签名 v1, v1a or v1sm3"),
            )
        ],
    },
    summary="接收外部平台消息 Receive a message",
)
async def receive(source: Source, request: Request, session: WritingForReal, now: Now) -> InboundReceipt:
    """Signed by Standard Webhooks 1.0 over the raw bytes. Stored once and carried out later; a replay changes nothing."""
    raw = await read_body(request, limit=MAX_MESSAGE_BYTES)
    sealer = sealer_of(request.app.state.kit.settings)
    return await inbound.receive(session, source, request.headers, raw, sealer, now=now)


@router.get("/v1/asyncapi", response_class=Response, summary="消息约定 The message contract")
async def get_asyncapi() -> Response:
    """Public. AsyncAPI 3.0: what partners send, what subscribers receive, with the schemas of every message."""
    return Response(
        asyncapi.document(), media_type="application/json", headers={"Cache-Control": "public, max-age=300"}
    )


@router.put(
    "/v1/partners/{source}", response_model=Partner, responses=problems(404), summary="登记外部平台 Put a partner"
)
async def put_partner(
    source: Source, request: Request, body: PartnerInput, caller: Administrator, session: Writing
) -> Partner:
    """Who may send, signed by which keys. Several keys while one rotates."""
    await ensure_supervises_all(caller)
    await caller.ensure_covers(body.organization)
    return await inbound.put_partner(session, caller, source, body, sealer_of(request.app.state.kit.settings))


@router.get("/v1/partners", response_model=list[Partner], summary="外部平台 List partners")
async def list_partners(caller: Watcher, reads: Reading, response: Response) -> list[Partner]:
    """Without their secrets."""
    await ensure_supervises_all(caller)
    response.headers.update(NOT_STORED)
    return [inbound.show_partner(row) for row in await repository.list_partners(reads)]


@router.get(
    "/v1/partners/{source}/messages",
    response_model=Page[InboundMessage],
    responses=problems(404),
    summary="外部平台的消息 List a partner's messages",
)
async def list_messages(
    source: Source,
    request: Request,
    caller: Watcher,
    reads: Reading,
    response: Response,
    state: Annotated[InboundState | None, Query(title="状态", description="`dead`: the dead letters.")] = None,
    cursor: Annotated[str | None, Query(title="游标", max_length=400)] = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=100)] = 50,
) -> Page[InboundMessage]:
    """Newest first; never what they say."""
    partner = await _covered(reads, caller, source)
    cursors, name = request.app.state.kit.cursors, f"inbound:{partner['source']}:{state}"
    after = number_of_position(cursors.open(name, cursor)) if cursor else None
    rows = await repository.list_messages(reads, source, state=state, after=after, limit=limit)
    more = cursors.seal(name, [rows[limit - 1]["seq"]]) if len(rows) > limit else None
    response.headers.update(page_links(request, next_cursor=more) | NOT_STORED)
    return Page(items=[inbound.show_message(row) for row in rows[:limit]], next_cursor=more)


@router.post(
    "/v1/partners/{source}/messages/{message_id}:retry",
    status_code=204,
    response_class=Response,
    responses=problems(404),
    summary="重新办理 Retry a message",
)
async def retry(
    source: Source, message_id: MessageId, caller: Administrator, reads: Reading, session: Writing, now: Now
) -> Response:
    """One that was given up is due again."""
    partner = await _covered(reads, caller, source)
    await inbound.retry(session, caller, partner, message_id, now=now)
    return Response(status_code=204)


@router.get(
    "/v1/partners/{source}/digest",
    response_model=WebhookDigest,
    responses=problems(404),
    summary="对账 Digest of a day",
)
async def get_partner_digest(
    source: Source,
    day: Annotated[date, Query(title="日期", examples=["2026-03-04"])],
    caller: Watcher,
    reads: Reading,
    response: Response,
) -> WebhookDigest:
    """How many messages of each type a day held, and a hash over their ids and sequences."""
    await _covered(reads, caller, source)
    response.headers.update(NOT_STORED)
    return await inbound.digest(reads, source, day)


async def _covered(reads: Any, caller: Caller, source: str) -> Any:
    partner = await inbound.find_partner(reads, source)
    await caller.ensure_covers(partner["organization"])
    return partner
