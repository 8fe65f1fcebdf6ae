"""Subscriptions, their messages and their books at the edge."""

from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Request, Response

from services.exchange_api.repository import webhooks as repository
from services.exchange_api.rules.event_types import EVENT_TYPES
from services.exchange_api.service import subscriptions as service
from services.exchange_api.service.tokens import sealer_of
from services.exchange_api.settings import Settings
from shared.kit.auth import Caller, OrganizationCode, require
from shared.kit.clock import Now
from shared.kit.database import Reading, Writing
from shared.kit.errors import InvalidCursor
from shared.kit.http import api_router, page_links, problems
from shared.kit.idempotency import Idempotent
from shared.schemas.pages import Page
from shared.schemas.scopes import Scope
from shared.schemas.webhooks import (
    Delivery,
    DeliveryDetail,
    DeliveryState,
    EventTypeFacts,
    FeedPage,
    NewSubscription,
    NewWebhookSecret,
    Reconciled,
    ReconcileInput,
    ResendInput,
    Resent,
    SignatureScheme,
    Subscription,
    SubscriptionInput,
    WebhookDigest,
)

router = api_router(tags=["webhooks"])
Manager = Annotated[Caller, Depends(require(Scope.WEBHOOK_MANAGE))]
Fetcher = Annotated[Caller, Depends(require(Scope.WEBHOOK_MANAGE, Scope.WEBHOOK_READ))]
SubscriptionId = Annotated[UUID, Path(title="订阅编号")]
MessageId = Annotated[str, Path(title="消息编号", min_length=1, max_length=100)]
Cursor = Annotated[str | None, Query(title="游标", max_length=400)]
NOT_STORED = {"Cache-Control": "no-store"}


async def _covered(reads: Any, caller: Caller, subscription_id: UUID) -> Any:
    row = await service.find(reads, subscription_id)
    await caller.ensure_covers(row["organization"])
    return row


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.kit.settings
    return settings


@router.get("/v1/event-types", response_model=list[EventTypeFacts], summary="事件类型 Event types")
async def list_event_types() -> list[EventTypeFacts]:
    """Public. What can be subscribed to; docs/events.md and each service's OpenAPI document have the schemas of `data`."""
    return [
        EventTypeFacts(type=name, title=one.title, service=one.service, version=one.version, restricted=one.restricted)
        for name, one in EVENT_TYPES.items()
    ]


@router.post(
    "/v1/subscriptions",
    status_code=201,
    response_model=NewSubscription,
    responses=problems(409),
    summary="建立订阅 Create a subscription",
)
async def create_subscription(
    request: Request, body: SubscriptionInput, caller: Manager, once: Idempotent, session: Writing, now: Now
) -> Response:
    """The secret is in this answer and nowhere else. Events from now on are sent; earlier ones are read from the logs."""
    await caller.ensure_covers(body.organization)
    settings = _settings(request)

    async def work() -> Response:
        made = await service.create(
            session, caller, body, sealer_of(settings), allow_http=settings.webhook_allow_http, now=now
        )
        return Response(made.model_dump_json(), 201, NOT_STORED, "application/json")

    return await once.run(session, caller.client_id, work, holds_secret=True)


@router.put(
    "/v1/subscriptions/{subscription_id}",
    response_model=NewSubscription,
    responses=problems(404, 409),
    summary="修改订阅 Change a subscription",
)
async def update_subscription(
    request: Request,
    subscription_id: SubscriptionId,
    body: SubscriptionInput,
    caller: Manager,
    reads: Reading,
    session: Writing,
    now: Now,
    response: Response,
) -> NewSubscription:
    """Its whole wish. Messages that wait go to the new address; a scheme that is new shows its secret here."""
    row = await _covered(reads, caller, subscription_id)
    await caller.ensure_covers(body.organization)
    settings = _settings(request)
    response.headers.update(NOT_STORED)
    return await service.update(
        session, caller, row, body, sealer_of(settings), allow_http=settings.webhook_allow_http, now=now
    )


@router.get(
    "/v1/organizations/{org}/subscriptions", response_model=Page[Subscription], summary="订阅列表 List subscriptions"
)
async def list_subscriptions(
    org: OrganizationCode,
    request: Request,
    caller: Fetcher,
    reads: Reading,
    now: Now,
    response: Response,
    cursor: Cursor = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=100)] = 20,
) -> Page[Subscription]:
    """Of an organisation and all below it, newest first."""
    await caller.ensure_covers(org)
    cursors, name = request.app.state.kit.cursors, f"subscriptions:{org}"
    after = _uuid(cursors.open(name, cursor)) if cursor else None
    rows = await repository.list_subscriptions(reads, org, after=after, limit=limit)
    more = cursors.seal(name, [str(rows[limit - 1]["id"])]) if len(rows) > limit else None
    response.headers.update(page_links(request, next_cursor=more) | NOT_STORED)
    return Page(items=await service.show(reads, rows[:limit], now=now), next_cursor=more)


@router.get(
    "/v1/subscriptions/{subscription_id}",
    response_model=Subscription,
    responses=problems(404),
    summary="读取订阅 Read a subscription",
)
async def get_subscription(
    subscription_id: SubscriptionId, caller: Fetcher, reads: Reading, now: Now, response: Response
) -> Subscription:
    """How it stands: what waits, what was given up, since when it fails."""
    row = await _covered(reads, caller, subscription_id)
    response.headers.update(NOT_STORED)
    [shown] = await service.show(reads, [row], now=now)
    return shown


@router.post(
    "/v1/subscriptions/{subscription_id}:rotate",
    status_code=201,
    response_model=NewWebhookSecret,
    responses=problems(404, 409),
    summary="轮换签名密钥 Rotate a key",
)
async def rotate_webhook_key(
    request: Request,
    subscription_id: SubscriptionId,
    caller: Manager,
    reads: Reading,
    session: Writing,
    now: Now,
    response: Response,
    scheme: Annotated[SignatureScheme, Query(title="签名方式")] = SignatureScheme.V1,
) -> NewWebhookSecret:
    """A new key beside the old one: for `webhook_key_overlap_hours` messages carry both signatures."""
    row = await _covered(reads, caller, subscription_id)
    settings = _settings(request)
    overlap = timedelta(hours=settings.webhook_key_overlap_hours)
    response.headers.update(NOT_STORED)
    return await service.rotate(session, caller, row, scheme, sealer_of(settings), overlap=overlap, now=now)


@router.post(
    "/v1/subscriptions/{subscription_id}:enable",
    response_model=Subscription,
    responses=problems(404),
    summary="启用订阅 Enable a subscription",
)
async def enable(
    subscription_id: SubscriptionId, caller: Manager, reads: Reading, session: Writing, now: Now
) -> Subscription:
    """What waited is sent; what was given up is sent again on request (`:resend`)."""
    row = await _covered(reads, caller, subscription_id)
    return await service.set_active(session, caller, row, active=True, now=now)


@router.post(
    "/v1/subscriptions/{subscription_id}:disable",
    response_model=Subscription,
    responses=problems(404),
    summary="停用订阅 Disable a subscription",
)
async def disable(
    subscription_id: SubscriptionId, caller: Manager, reads: Reading, session: Writing, now: Now
) -> Subscription:
    """Nothing is sent, and no new message is kept, until it is enabled again."""
    row = await _covered(reads, caller, subscription_id)
    return await service.set_active(session, caller, row, active=False, now=now)


@router.post(
    "/v1/subscriptions/{subscription_id}:test",
    status_code=202,
    response_model=Delivery,
    responses=problems(404, 409),
    summary="测试投递 Send a test",
)
async def send_test(
    subscription_id: SubscriptionId, caller: Manager, reads: Reading, session: Writing, now: Now
) -> Delivery:
    """A message of the type `webhook.test`; what came of it is read like any delivery."""
    return await service.send_test(session, caller, await _covered(reads, caller, subscription_id), now=now)


@router.get(
    "/v1/subscriptions/{subscription_id}/deliveries",
    response_model=Page[Delivery],
    responses=problems(404),
    summary="投递列表 List deliveries",
)
async def list_deliveries(
    request: Request,
    subscription_id: SubscriptionId,
    caller: Fetcher,
    reads: Reading,
    response: Response,
    state: Annotated[DeliveryState | None, Query(title="状态", description="`dead`: the dead letters.")] = None,
    cursor: Cursor = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=100)] = 50,
) -> Page[Delivery]:
    """Newest first."""
    await _covered(reads, caller, subscription_id)
    cursors, name = request.app.state.kit.cursors, f"deliveries:{subscription_id}:{state}"
    after = number_of_position(cursors.open(name, cursor)) if cursor else None
    rows = await repository.list_deliveries(reads, subscription_id, state=state, after=after, limit=limit)
    more = cursors.seal(name, [rows[limit - 1]["seq"]]) if len(rows) > limit else None
    response.headers.update(page_links(request, next_cursor=more) | NOT_STORED)
    return Page(items=[service.show_delivery(row) for row in rows[:limit]], next_cursor=more)


@router.get(
    "/v1/subscriptions/{subscription_id}/deliveries/{message_id}",
    response_model=DeliveryDetail,
    responses=problems(404),
    summary="读取投递 Read a delivery",
)
async def get_delivery(
    subscription_id: SubscriptionId, message_id: MessageId, caller: Fetcher, reads: Reading, response: Response
) -> DeliveryDetail:
    """The message and every try: status, time taken, the answer's first bytes."""
    await _covered(reads, caller, subscription_id)
    response.headers.update(NOT_STORED)
    return await service.show_detail(reads, subscription_id, message_id)


@router.post(
    "/v1/subscriptions/{subscription_id}/deliveries/{message_id}:resend",
    status_code=202,
    response_model=Delivery,
    responses=problems(404, 409),
    summary="重发一条 Resend one",
)
async def resend_one(
    subscription_id: SubscriptionId, message_id: MessageId, caller: Manager, reads: Reading, session: Writing, now: Now
) -> Delivery:
    """By the same `webhook-id`; it may be older than what the endpoint has, as its `subjectversion` says."""
    row = await _covered(reads, caller, subscription_id)
    return await service.resend_one(session, caller, row, message_id, now=now)


@router.post(
    "/v1/subscriptions/{subscription_id}:resend",
    status_code=202,
    response_model=Resent,
    responses=problems(404, 409),
    summary="重发一段 Resend a range",
)
async def resend_range(
    subscription_id: SubscriptionId,
    body: ResendInput,
    caller: Manager,
    reads: Reading,
    session: Writing,
    now: Now,
) -> Resent:
    """What happened since a moment: what was given up, or all of it."""
    row = await _covered(reads, caller, subscription_id)
    return Resent(count=await service.resend_range(session, caller, row, body, now=now))


@router.get(
    "/v1/subscriptions/{subscription_id}/feed",
    response_model=FeedPage,
    responses=problems(404),
    summary="读取消息 Fetch messages",
)
async def read_feed(
    subscription_id: SubscriptionId,
    caller: Fetcher,
    reads: Reading,
    response: Response,
    after: Annotated[int, Query(title="游标", ge=0, le=2**63 - 1)] = 0,
    limit: Annotated[int, Query(title="条数", ge=1, le=500)] = 100,
) -> FeedPage:
    """The same messages in order, for a closed network that cannot be reached; of a subscription with an address too."""
    await _covered(reads, caller, subscription_id)
    response.headers.update(NOT_STORED)
    return await service.feed(reads, subscription_id, after=after, limit=limit)


@router.get(
    "/v1/subscriptions/{subscription_id}/digest",
    response_model=WebhookDigest,
    responses=problems(404),
    summary="对账 Digest of a day",
)
async def get_digest(
    subscription_id: SubscriptionId,
    day: Annotated[date, Query(title="日期", examples=["2026-03-04"])],
    caller: Fetcher,
    reads: Reading,
    response: Response,
) -> WebhookDigest:
    """How many messages of each type a day held, and a hash over their ids and versions."""
    await _covered(reads, caller, subscription_id)
    response.headers.update(NOT_STORED)
    return await service.digest(reads, subscription_id, day)


@router.post(
    "/v1/subscriptions/{subscription_id}:reconcile",
    response_model=Reconciled,
    responses=problems(404, 409),
    summary="核对并补发 Reconcile",
)
async def reconcile(
    subscription_id: SubscriptionId,
    body: ReconcileInput,
    caller: Manager,
    reads: Reading,
    session: Writing,
    now: Now,
) -> Reconciled:
    """Where digests differ: which messages of a day the other side lacks, sent again if asked for."""
    row = await _covered(reads, caller, subscription_id)
    return await service.reconcile(session, caller, row, body, now=now)


@router.delete(
    "/v1/subscriptions/{subscription_id}",
    status_code=204,
    response_class=Response,
    responses=problems(404),
    summary="删除订阅 Delete a subscription",
)
async def delete_subscription(
    subscription_id: SubscriptionId, caller: Manager, reads: Reading, session: Writing
) -> Response:
    """With its messages. What was tried stays in the chain of tries until it is pruned."""
    await service.delete(session, caller, await _covered(reads, caller, subscription_id))
    return Response(status_code=204)


def _uuid(position: list[Any]) -> UUID:
    try:
        (found,) = position
        return UUID(str(found))
    except ValueError as error:
        raise InvalidCursor("游标无法使用；请从第一页重新读取") from error


def number_of_position(position: list[Any]) -> int:
    """The number at which a page ended."""
    try:
        (found,) = position
        return int(found)
    except (TypeError, ValueError) as error:
        raise InvalidCursor("游标无法使用；请从第一页重新读取") from error
