"""Subscriptions as their organisations keep them: made, changed, given new keys, looked into, repaired."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from uuid_utils.compat import uuid7

from services.exchange_api.repository import webhooks as repository
from services.exchange_api.rules.addresses import RefusedAddress, check_url
from services.exchange_api.rules.delivery import chain, digest_of
from services.exchange_api.rules.event_types import EVENT_TYPES
from services.exchange_api.service.dispatching import content_of, disable
from services.exchange_api.service.secrets import KeySealer
from shared.kit.auth import Caller
from shared.kit.clock import local_day
from shared.kit.database import WriteSession
from shared.kit.errors import Conflict, NotFound, RuleViolation
from shared.schemas.events import Event
from shared.schemas.problems import InvalidField
from shared.schemas.webhooks import (
    Attempt,
    Delivery,
    DeliveryDetail,
    DeliveryState,
    FeedPage,
    NewSubscription,
    NewWebhookSecret,
    Reconciled,
    ReconcileInput,
    ResendInput,
    SignatureScheme,
    Subscription,
    SubscriptionInput,
    TypeDigest,
    WebhookDigest,
    WebhookKey,
)
from shared.webhooks import new_key_pair, new_secret

NO_SUBSCRIPTION = "没有这个订阅"
NO_DELIVERY = "这个订阅没有这条消息，或它已过保存期"
_MOST_LISTED = 1000
MOST_KEYS = 5
"""Of one scheme that sign side by side while they rotate: each is a signature in every message's header."""


async def create(
    session: WriteSession,
    caller: Caller,
    wanted: SubscriptionInput,
    sealer: KeySealer,
    *,
    allow_http: bool,
    now: datetime,
) -> NewSubscription:
    """With a key for each scheme; the answer is the only one that shows a shared secret."""
    _ensure_sound(wanted, allow_http=allow_http)
    driver = await session.driver()
    subscription_id = uuid7()
    row = {"id": subscription_id, "organization": wanted.organization, "content": _text(wanted), "created_at": now}
    await repository.insert_subscription(driver, row)
    secrets = [await _add_key(driver, sealer, subscription_id, scheme, now=now) for scheme in wanted.schemes]
    _record(session, caller, "subscription.created", subscription_id, wanted.organization, 1)
    shown = await _shown(session, await repository.find_subscription(driver, subscription_id), now=now)
    return NewSubscription(subscription=shown, secrets=secrets)


async def update(
    session: WriteSession,
    caller: Caller,
    row: Any,
    wanted: SubscriptionInput,
    sealer: KeySealer,
    *,
    allow_http: bool,
    now: datetime,
) -> NewSubscription:
    """What it asks for now; a scheme that is new gets its key."""
    _ensure_sound(wanted, allow_http=allow_http)
    if wanted.organization != row["organization"]:
        raise Conflict("订阅的机关不能改；请另建订阅")
    driver = await session.driver()
    held = await _hold(driver, row["id"])
    before = set(from_json(held["content"])["schemes"])
    await repository.update_subscription(driver, row["id"], _text(wanted))
    added = [scheme for scheme in wanted.schemes if scheme.value not in before]
    secrets = [await _add_key(driver, sealer, row["id"], scheme, now=now) for scheme in added]
    for scheme in before - {one.value for one in wanted.schemes}:
        await repository.end_keys(driver, row["id"], scheme, at=now)
    _record(session, caller, "subscription.changed", row["id"], row["organization"], held["version"] + 1)
    shown = await _shown(session, await repository.find_subscription(driver, row["id"]), now=now)
    return NewSubscription(subscription=shown, secrets=secrets)


async def rotate(
    session: WriteSession,
    caller: Caller,
    row: Any,
    scheme: SignatureScheme,
    sealer: KeySealer,
    *,
    overlap: timedelta,
    now: datetime,
) -> NewWebhookSecret:
    """A new key; until the overlap is over both sign, so that the endpoint may change in its own time."""
    driver = await session.driver()
    held = await _hold(driver, row["id"])
    if scheme.value not in from_json(held["content"])["schemes"]:
        raise Conflict("这个订阅不用这种签名方式")
    signing = await repository.list_keys(driver, [row["id"]], now=now)
    if sum(key["scheme"] == scheme.value for key in signing) >= MOST_KEYS:
        raise Conflict(f"已有{MOST_KEYS}个密钥同时签名；较早的停用之后再轮换")
    await repository.end_keys(driver, row["id"], scheme.value, at=now + overlap)
    secret = await _add_key(driver, sealer, row["id"], scheme, now=now)
    await repository.update_subscription(driver, row["id"], held["content"])
    _record(session, caller, "subscription.key_rotated", row["id"], row["organization"], held["version"] + 1)
    return secret


async def delete(session: WriteSession, caller: Caller, row: Any) -> None:
    """With its messages; nothing is sent any more."""
    driver = await session.driver()
    held = await _hold(driver, row["id"])
    await repository.delete_subscription(driver, row["id"])
    _record(session, caller, "subscription.deleted", row["id"], row["organization"], held["version"] + 1)


async def set_active(session: WriteSession, caller: Caller, row: Any, *, active: bool, now: datetime) -> Subscription:
    """Sent to again, what waited included; or no more. A second time changes nothing."""
    driver = await session.driver()
    held = await _hold(driver, row["id"])
    if active and held["state"] != "active":
        await repository.set_state(driver, row["id"], state="active", reason=None)
        _record(session, caller, "subscription.enabled", row["id"], row["organization"], held["version"] + 1)
    if not active and held["state"] == "active":
        await disable(session, held, reason="由管理员停用", by=caller.client_id)
    return await _shown(session, await repository.find_subscription(driver, row["id"]), now=now)


async def send_test(session: WriteSession, caller: Caller, row: Any, *, now: datetime) -> Delivery:
    """A message of the type `webhook.test`, sent like any other."""
    _ensure_addressed(row)
    message_id = str(uuid7())
    event = Event(
        id=message_id,
        source="/api/exchange",
        type="webhook.test",
        subject=str(row["id"]),
        subjectversion=1,
        sequence="0",
        time=now,
        data={"organization": row["organization"], "words": "测试投递"},
    )
    driver = await session.driver()
    message = {
        "id": message_id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "subjectversion": 1,
        "occurred_at": now,
        "day": local_day(now),
        "body": to_json(event.model_dump(mode="json") | {"timestamp": now}).decode(),
    }
    await repository.keep_messages(driver, [message])
    await repository.keep_deliveries(driver, [(row["id"], message_id, event.subject)], now=now)
    _record(session, caller, "subscription.tested", row["id"], row["organization"], row["version"])
    return show_delivery(await repository.find_delivery(driver, row["id"], message_id))


async def resend_one(session: WriteSession, caller: Caller, row: Any, message_id: str, *, now: datetime) -> Delivery:
    """Due at once, by the same `webhook-id`."""
    _ensure_addressed(row)
    driver = await session.driver()
    if not await repository.resend(driver, row["id"], [message_id], now=now):
        raise NotFound(NO_DELIVERY)
    _record(session, caller, "subscription.resent", row["id"], row["organization"], row["version"], message=message_id)
    return show_delivery(await repository.find_delivery(driver, row["id"], message_id))


async def resend_range(session: WriteSession, caller: Caller, row: Any, wanted: ResendInput, *, now: datetime) -> int:
    """What happened in a stretch of time: what was given up, or everything."""
    _ensure_addressed(row)
    until = wanted.until or now
    if wanted.since > until:
        _refuse("/since", "不能晚于止")
    count = await repository.resend_range(
        await session.driver(), row["id"], since=wanted.since, until=until, only_failed=wanted.only_failed, now=now
    )
    _record(session, caller, "subscription.resent", row["id"], row["organization"], row["version"], count=count)
    return count


async def digest(reads: repository.Reads, subscription_id: UUID, day: date) -> WebhookDigest:
    """A day's books by type."""
    return digest_by_type(day, await repository.list_day(reads, subscription_id, day))


def digest_by_type(day: date, rows: Iterable[Any]) -> WebhookDigest:
    """From rows of type, id and version."""
    by_type: dict[str, list[tuple[str, int]]] = {}
    for kind, message_id, version in rows:
        by_type.setdefault(kind, []).append((message_id, version))
    types = []
    for kind, lines in sorted(by_type.items()):
        count, digest_ = digest_of(lines)
        types.append(TypeDigest(type=kind, count=count, hash=digest_))
    return WebhookDigest(day=day, types=types)


async def reconcile(
    session: WriteSession, caller: Caller, row: Any, wanted: ReconcileInput, *, now: datetime
) -> Reconciled:
    """What the other side lacks, sent again if asked for, and what it has that was never sent to it."""
    driver = await session.driver()
    ours: dict[str, set[str]] = {}
    for kind, message_id, _ in await repository.list_day(driver, row["id"], wanted.day):
        ours.setdefault(kind, set()).add(message_id)
    theirs = {kind: set(ids) for kind, ids in wanted.messages.items()}
    kinds = sorted(ours.keys() | theirs.keys())
    missing = {kind: sorted(ours.get(kind, set()) - theirs.get(kind, set())) for kind in kinds}
    unknown = {kind: sorted(theirs.get(kind, set()) - ours.get(kind, set())) for kind in kinds}
    resent = 0
    if wanted.repair:
        _ensure_addressed(row)
        lacking = [message_id for ids in missing.values() for message_id in ids]
        resent = await repository.resend(driver, row["id"], lacking, now=now)
        _record(session, caller, "subscription.repaired", row["id"], row["organization"], row["version"], count=resent)
    return Reconciled(
        missing={kind: ids[:_MOST_LISTED] for kind, ids in missing.items() if ids},
        unknown={kind: ids[:_MOST_LISTED] for kind, ids in unknown.items() if ids},
        resent=resent,
    )


async def feed(reads: repository.Reads, subscription_id: UUID, *, after: int, limit: int) -> FeedPage:
    """The messages in order, for who cannot be reached."""
    rows = await repository.list_feed(reads, subscription_id, after=after, limit=limit)
    page = rows[:limit]
    return FeedPage(
        messages=[from_json(row["body"]) for row in page],
        cursor=page[-1]["seq"] if page else after,
        at_end=len(rows) <= limit,
    )


async def find(reads: repository.Reads, subscription_id: UUID) -> Any:
    """NotFound when there is none."""
    row = await repository.find_subscription(reads, subscription_id)
    if row is None:
        raise NotFound(NO_SUBSCRIPTION)
    return row


async def show(reads: repository.Reads, rows: Sequence[Any], *, now: datetime) -> list[Subscription]:
    """As their organisations read them."""
    keys: dict[UUID, list[WebhookKey]] = {}
    for key in await repository.list_keys(reads, [row["id"] for row in rows], now=now):
        names = ("id", "scheme", "public_key", "created_at", "ends_at")
        keys.setdefault(key["subscription_id"], []).append(WebhookKey(**{name: key[name] for name in names}))
    facts = ("id", "state", "disabled_reason", "failing_since", "pending", "dead", "version", "created_at")
    return [
        Subscription(**from_json(row["content"]), keys=keys.get(row["id"], []), **{name: row[name] for name in facts})
        for row in rows
    ]


async def show_detail(reads: repository.Reads, subscription_id: UUID, message_id: str) -> DeliveryDetail:
    """A message with its tries."""
    row = await repository.find_delivery(reads, subscription_id, message_id)
    if row is None:
        raise NotFound(NO_DELIVERY)
    tries = [
        Attempt(
            sequence=one["seq"],
            at=one["at"],
            status=one["status"],
            latency_ms=one["latency_ms"],
            excerpt=one["excerpt"],
            hash=one["hash"].hex(),
        )
        for one in await repository.list_tries(reads, row["seq"])
    ]
    return DeliveryDetail(**show_delivery(row).model_dump(), body=from_json(row["body"]), tries=tries)


def show_delivery(row: Any) -> Delivery:
    """As it stands."""
    names = ("message_id", "type", "subject", "subjectversion", "state", "attempts", "last_status", "settled_at")
    return Delivery(
        sequence=row["seq"],
        next_at=row["next_at"] if row["state"] == DeliveryState.PENDING else None,
        **{name: row[name] for name in names},
    )


async def verify_attempts(reads: repository.Reads, *, at_once: int = 5000) -> int | None:
    """Walk the chain of tries; the number of the first that does not fit, None when all do."""
    head = await repository.read_attempt_head(reads)
    if head is None:
        return None
    seq, previous = head["pruned_through"], head["pruned_hash"]
    while rows := await repository.list_attempts(reads, after=seq, limit=at_once):
        for row in rows:
            previous = chain(previous, content_of(row))
            if row["seq"] != seq + 1 or previous != row["hash"]:
                return int(row["seq"])
            seq = row["seq"]
    return None if (seq, previous) >= (head["seq"], head["hash"]) or seq > head["seq"] else int(seq + 1)


async def _hold(driver: Any, subscription_id: UUID) -> Any:
    row = await repository.lock_subscription(driver, subscription_id)
    if row is None:
        raise NotFound(NO_SUBSCRIPTION)
    return row


async def _add_key(
    driver: Any, sealer: KeySealer, subscription_id: UUID, scheme: SignatureScheme, *, now: datetime
) -> NewWebhookSecret:
    key_id, public = uuid7(), None
    if scheme is SignatureScheme.V1A:
        kept, public = new_key_pair()
        told = public
    else:
        told = new_secret()
        kept = f"sm3_{told}" if scheme is SignatureScheme.V1SM3 else told
    row = {
        "id": key_id,
        "subscription_id": subscription_id,
        "scheme": scheme.value,
        "sealed": sealer.seal(kept.encode(), name=str(key_id)),
        "public_key": public,
        "created_at": now,
    }
    await repository.insert_key(driver, row)
    return NewWebhookSecret(scheme=scheme, key=told)


async def _shown(session: WriteSession, row: Any, *, now: datetime) -> Subscription:
    [shown] = await show(await session.driver(), [row], now=now)
    return shown


def _ensure_sound(wanted: SubscriptionInput, *, allow_http: bool) -> None:
    if wanted.url is not None:
        try:
            check_url(wanted.url, allow_http=allow_http)
        except RefusedAddress as error:
            _refuse("/url", str(error))
    kinds = {name.partition(".")[0] for name in EVENT_TYPES}
    for position, pattern in enumerate(wanted.event_types):
        kind, _, name = pattern.partition(".")
        if pattern != "*" and pattern not in EVENT_TYPES and not (name == "*" and kind in kinds):
            _refuse(f"/event_types/{position}", "没有这个事件类型；可用的见 /v1/event-types")
    if len(set(wanted.schemes)) != len(wanted.schemes):
        _refuse("/schemes", "签名方式重复")


def _ensure_addressed(row: Any) -> None:
    if from_json(row["content"])["url"] is None:
        raise Conflict("这个订阅没有接收地址，消息由对方从 /feed 读取")


def _text(wanted: SubscriptionInput) -> str:
    return to_json(wanted).decode()


def _refuse(pointer: str, detail: str) -> None:
    raise RuleViolation(detail, errors=[InvalidField(pointer=pointer, detail=detail)])


def _record(
    session: WriteSession,
    caller: Caller,
    action: str,
    subscription_id: UUID,
    organization: str,
    version: int,
    **facts: Any,
) -> None:
    session.record(
        actor=caller.client_id,
        action=action,
        subject=str(subscription_id),
        version=version,
        organization=organization,
        **facts,
    )
