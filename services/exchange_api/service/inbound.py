"""Messages of partners: taken in when their signature holds, once; carried out later by the service that owns the matter."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import asyncpg
from pydantic import ValidationError
from pydantic_core import from_json, to_json

from services.exchange_api.repository import inbound as repository
from services.exchange_api.service.carrying import CarryOut, NotYet, Refused
from services.exchange_api.service.secrets import KeySealer
from services.exchange_api.service.subscriptions import digest_by_type
from shared.kit.auth import Caller
from shared.kit.clock import local_day
from shared.kit.database import Database, WriteSession
from shared.kit.errors import Conflict, NotFound, RuleViolation, Unauthenticated
from shared.kit.http import describe_invalid, parse_json
from shared.kit.logging import get_logger
from shared.schemas.interchange import DATA, Message
from shared.schemas.problems import ErrorCode, InvalidField
from shared.schemas.webhooks import InboundMessage, InboundReceipt, InboundState, Partner, PartnerInput, WebhookDigest
from shared.webhooks import ID_HEADER, InvalidWebhook, check_key, verify

logger = get_logger(__name__)
NO_PARTNER = "没有这个外部平台"
_MOST_ERROR = 300


class InvalidSignature(Unauthenticated):
    """Whatever is wrong with it; an unknown source answers the same."""

    code, title = ErrorCode.INVALID_SIGNATURE, "签名无效"

    def __init__(self) -> None:
        super().__init__("签名、时间或者来源不正确：请按 Standard Webhooks 1.0 对原文签名，时间相差不超过5分钟")
        self.headers = {"WWW-Authenticate": 'Webhook realm="mingquan"'}


async def put_partner(
    session: WriteSession, caller: Caller, source: str, wanted: PartnerInput, sealer: KeySealer
) -> Partner:
    """The partner in place of what was there."""
    secrets = [key for key in wanted.keys if not key.startswith("whpk_")]
    errors = [
        InvalidField(pointer=f"/keys/{position}", detail="不是 whsec_、sm3_whsec_ 或者 whpk_ 开头的密钥")
        for position, key in enumerate(wanted.keys)
        if not _is_key(key)
    ]
    errors += [
        InvalidField(pointer=f"/types/{position}", detail="没有这种消息")
        for position, kind in enumerate(wanted.types)
        if kind not in DATA
    ]
    if errors:
        raise RuleViolation("外部平台有误，请按所列各项改正", errors=errors)
    row: dict[str, Any] = {
        "source": source,
        "name": wanted.name,
        "organization": wanted.organization,
        "public_keys": [key for key in wanted.keys if key.startswith("whpk_")],
        "sealed_secrets": sealer.seal(to_json(secrets), name=f"partner {source}"),
        "shared_secrets": len(secrets),
        "types": wanted.types,
    }
    row["version"] = await repository.keep_partner(await session.driver(), row)
    session.record(
        actor=caller.client_id,
        action="partner.put",
        subject=source,
        version=row["version"],
        organization=wanted.organization,
    )
    return show_partner(row)


def _is_key(key: str) -> bool:
    try:
        # A private key is its owner's alone.
        return bool(check_key(key)) and not key.startswith("whsk_")
    except ValueError:
        return False


def show_partner(row: Any) -> Partner:
    """Without its secrets."""
    return Partner(**{name: row[name] for name in Partner.model_fields})


async def receive(
    session: WriteSession, source: str, headers: Mapping[str, str], raw: bytes, sealer: KeySealer, *, now: datetime
) -> InboundReceipt:
    """Stored when the signature over the raw bytes holds; a replay changes nothing. InvalidSignature otherwise."""
    driver = await session.driver()
    partner = await repository.find_partner(driver, source)
    if partner is None:
        raise InvalidSignature
    secrets = from_json(sealer.open(partner["sealed_secrets"], name=f"partner {source}"))
    try:
        verified = verify(headers, raw, [*partner["public_keys"], *secrets], now=now.timestamp())
    except InvalidWebhook as error:
        raise InvalidSignature from error
    if len(verified.id) > 100 or not verified.id.isascii():
        raise RuleViolation("消息编号过长", errors=[InvalidField(pointer=f"@{ID_HEADER}", detail="最多100个字符")])
    message = read_message(raw, partner["types"])
    digest = hashlib.sha256(raw).digest()
    row = {
        "source": source,
        "id": verified.id,
        "type": message.type,
        "subject": message.data.province_id,
        "place": message.data.sequence,
        "day": local_day(message.timestamp),
        "digest": digest,
        "body": sealer.seal(raw, name=f"inbound {source} {verified.id}"),
        "received_at": now,
    }
    if await repository.store(driver, row):
        return InboundReceipt(id=verified.id, status="stored")
    if await repository.find_digest(driver, source, verified.id) != digest:
        raise Conflict("这个消息编号已用于另一条内容不同的消息")
    return InboundReceipt(id=verified.id, status="known")


def read_message(raw: bytes, types: Sequence[str]) -> Message:
    """The message, when it is one that this partner may send; RuleViolation that does not repeat what it says."""
    value = parse_json(raw)
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in DATA or kind not in types:
        raise RuleViolation("不接受这种消息", errors=[InvalidField(pointer="/type", detail="不是约定的消息类型")])
    try:
        data = DATA[kind].model_validate(value.get("data"))
    except ValidationError as error:
        raise RuleViolation(
            "消息内容不符合约定",
            errors=describe_invalid([{**one, "loc": ("body", "data", *one["loc"])} for one in error.errors()]),
        ) from error
    try:
        return Message.model_validate({**value, "data": data})
    except ValidationError as error:
        raise RuleViolation(
            "消息内容不符合约定",
            errors=describe_invalid([{**one, "loc": ("body", *one["loc"])} for one in error.errors()]),
        ) from error


async def carry_out_due(
    database: Database,
    sealer: KeySealer,
    carry_out: CarryOut,
    *,
    now: datetime,
    retry_after: timedelta,
    attempts: int,
    limit: int,
) -> bool:
    """Messages that are due, each in its own transaction; whether there are more."""
    rows = await repository.list_due(database.reads, now=now, limit=limit)
    moved = False
    for row in rows:
        moved |= await _carry_out_one(
            database, sealer, carry_out, row, now=now, retry_after=retry_after, attempts=attempts
        )
    return moved and len(rows) > 0


async def _carry_out_one(
    database: Database,
    sealer: KeySealer,
    carry_out: CarryOut,
    row: Any,
    *,
    now: datetime,
    retry_after: timedelta,
    attempts: int,
) -> bool:
    """Whether it is done or given up, so that the next of its subject may follow."""
    state, said, next_at = InboundState.DONE, None, now
    try:
        missing = row["place"] - 1 - await repository.highest_done(database.reads, row["source"], row["subject"])
        if missing > 0:
            raise NotYet(f"此前还有{missing}条消息未到")
        raw = sealer.open(row["body"], name=f"inbound {row['source']} {row['id']}")
        await carry_out(row, read_message(raw, [row["type"]]))
    except Refused as error:
        state, said = InboundState.DEAD, str(error)
    except NotYet as error:
        last = row["attempts"] + 1 >= attempts
        state, said, next_at = InboundState.DEAD if last else InboundState.STORED, str(error), now + retry_after
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        logger.warning("message not carried out", source=row["source"], error=type(error).__name__)
        return False
    async with database.write() as session:
        await repository.settle(
            await session.driver(),
            row["source"],
            row["id"],
            state=state.value,
            error=said[:_MOST_ERROR] if said else None,
            next_at=next_at,
        )
        if state is not InboundState.STORED:
            session.record(
                actor=f"partner {row['source']}",
                action=f"inbound.{state.value}",
                subject=row["id"],
                version=row["place"],
                organization=row["organization"],
                type=row["type"],
            )
    return state is not InboundState.STORED


async def retry(session: WriteSession, caller: Caller, partner: Any, message_id: str, *, now: datetime) -> None:
    """A message that was given up is due again."""
    if not await repository.retry(await session.driver(), partner["source"], message_id, now=now):
        raise NotFound("没有这条失败的消息")
    session.record(
        actor=caller.client_id,
        action="inbound.retried",
        subject=message_id,
        version=1,
        organization=partner["organization"],
    )


async def find_partner(reads: Any, source: str) -> Any:
    """NotFound when there is none."""
    row = await repository.find_partner(reads, source)
    if row is None:
        raise NotFound(NO_PARTNER)
    return row


def show_message(row: Any) -> InboundMessage:
    """As it is listed."""
    shown = {name: row[name] for name in InboundMessage.model_fields}
    return InboundMessage(**shown | {"next_at": row["next_at"] if row["state"] == InboundState.STORED else None})


async def digest(reads: Any, source: str, day: date) -> WebhookDigest:
    """A day's books of a partner's messages."""
    return digest_by_type(day, await repository.list_day(reads, source, day))
