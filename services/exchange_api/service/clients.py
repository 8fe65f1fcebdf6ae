"""Creating, rotating and disabling API clients."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from uuid_utils.compat import uuid7

from services.exchange_api.models import ClientRow, ClientSecretRow
from services.exchange_api.repository import clients as repository
from services.exchange_api.service.assertions import check_keys
from services.exchange_api.service.secrets import hash_secret, new_secret
from shared.kit.auth import Caller
from shared.kit.clock import local_day
from shared.kit.database import WriteSession
from shared.kit.errors import Conflict, InsufficientScope, NotFound, RuleViolation
from shared.schemas.clients import Client, ClientInput, ClientKeySet, ClientQuotas, NewClient, NewSecret, SecretFacts
from shared.schemas.problems import InvalidField

MAX_LIVE_SECRETS = 2
_WARNED_BEFORE = timedelta(days=30)


async def create_client(
    session: WriteSession, caller: Caller | None, wanted: ClientInput, *, secret_lifetime_days: int, now: datetime
) -> NewClient:
    """Create a client with its first secret. Nobody grants what they do not hold. No caller: the bootstrap command."""
    _ensure_grantable(caller, wanted)
    if wanted.expires_on is not None and wanted.expires_on < local_day(now):
        detail = "有效期已过"
        raise RuleViolation(detail, errors=[InvalidField(pointer="/expires_on", detail=detail)])
    row = ClientRow(id=uuid7(), version=1, **wanted.model_dump(mode="python"))
    orm = await session.orm()
    orm.add(row)
    await orm.flush()
    secret = await _add_secret(session, row, expires_at=now + timedelta(days=secret_lifetime_days))
    _record(session, caller, row, "client.created", scopes=list(wanted.scopes))
    return NewClient(client=await _facts(session, row, now), secret=secret)


async def rotate_secret(
    session: WriteSession, caller: Caller | None, client_id: UUID, *, secret_lifetime_days: int, now: datetime
) -> NewSecret:
    """Add a second live secret; the caller revokes the first once every system has the new one."""
    row = await _load(session, client_id)
    live = [secret for secret in (await _facts(session, row, now)).secrets if _is_live(secret, now)]
    if len(live) >= MAX_LIVE_SECRETS:
        raise Conflict("该客户端已有两个有效密钥；请先作废其中一个再轮换")
    row.version += 1
    secret = await _add_secret(session, row, expires_at=now + timedelta(days=secret_lifetime_days))
    _record(session, caller, row, "client.secret_added", secret=str(secret.secret_id))
    return secret


async def revoke_secret(
    session: WriteSession, caller: Caller | None, client_id: UUID, secret_id: UUID, *, now: datetime
) -> Client:
    """Revoke one secret; a second time changes nothing."""
    row = await _load(session, client_id)
    orm = await session.orm()
    secrets = await repository.list_secrets(orm, client_id)
    secret = next((secret for secret in secrets if secret.id == secret_id), None)
    if secret is None:
        raise NotFound("该客户端没有这个密钥")
    if secret.revoked_at is None:
        secret.revoked_at = now
        row.version += 1
        _record(session, caller, row, "client.secret_revoked", secret=str(secret_id))
    return await _facts(session, row, now)


async def replace_keys(
    session: WriteSession, caller: Caller, client_id: UUID, wanted: ClientKeySet, *, now: datetime
) -> Client:
    """These public keys in place of those there were; none: it proves who it is by its secret only."""
    check_keys(wanted.keys)
    row = await _load(session, client_id)
    content = to_json(wanted.keys, exclude_none=True).decode()
    if row.public_keys != content:
        row.public_keys = content
        row.version += 1
        _record(session, caller, row, "client.keys_replaced", keys=[key.kid for key in wanted.keys])
    return await _facts(session, row, now)


async def set_quotas(
    session: WriteSession, caller: Caller, client_id: UUID, wanted: ClientQuotas, *, now: datetime
) -> Client:
    """Its own quotas in place of those there were; its next token carries them."""
    row = await _load(session, client_id)
    if (row.reads_per_minute, row.writes_per_minute) != (wanted.reads_per_minute, wanted.writes_per_minute):
        row.reads_per_minute, row.writes_per_minute = wanted.reads_per_minute, wanted.writes_per_minute
        row.version += 1
        _record(session, caller, row, "client.quotas_set", **wanted.model_dump())
    return await _facts(session, row, now)


async def disable_client(session: WriteSession, caller: Caller | None, client_id: UUID, *, now: datetime) -> Client:
    """No further token for this client; those already out are refused everywhere within `denied_ttl_seconds`."""
    row = await _load(session, client_id)
    if row.disabled_at is None:
        row.disabled_at = now
        row.version += 1
        _record(session, caller, row, "client.disabled")
    return await _facts(session, row, now)


async def get_client(session: WriteSession, client_id: UUID, *, now: datetime) -> Client:
    return await _facts(session, await _load(session, client_id, lock=False), now)


async def get_owner(session: WriteSession, client_id: UUID) -> str:
    """The organisation that a client belongs to."""
    return (await _load(session, client_id, lock=False)).organization


async def _load(session: WriteSession, client_id: UUID, *, lock: bool = True) -> ClientRow:
    row = await repository.find_client(await session.orm(), client_id, lock=lock)
    if row is None:
        raise NotFound("没有这个客户端")
    return row


def _ensure_grantable(caller: Caller | None, wanted: ClientInput) -> None:
    if caller is None:
        return
    lacking = [scope.value for scope in wanted.scopes if not caller.has(scope)]
    if lacking:
        raise InsufficientScope(f"不能授予自己没有的权限：{'、'.join(lacking)}", required_scope=lacking[0])


async def _add_secret(session: WriteSession, row: ClientRow, *, expires_at: datetime) -> NewSecret:
    secret = new_secret()
    stored = ClientSecretRow(
        id=uuid7(),
        client_id=row.id,
        hash=await hash_secret(secret),
        expires_at=expires_at,
    )
    orm = await session.orm()
    orm.add(stored)
    await orm.flush()
    return NewSecret(client_id=row.id, secret_id=stored.id, client_secret=secret, expires_at=stored.expires_at)


def _is_live(secret: SecretFacts, now: datetime) -> bool:
    return secret.revoked_at is None and secret.expires_at > now


def _warnings(row: ClientRow, secrets: Sequence[ClientSecretRow], now: datetime) -> list[str]:
    """What ends soon: a client that is told in time renews in time."""
    soon = now + _WARNED_BEFORE
    live = [one for one in secrets if one.revoked_at is None and one.expires_at > now]
    said = []
    if row.expires_on is not None and row.expires_on <= local_day(soon):
        said.append(f"客户端有效期至{row.expires_on.isoformat()}")
    if live and max(one.expires_at for one in live) <= soon:
        said.append(f"密钥将于{local_day(max(one.expires_at for one in live)).isoformat()}失效，请轮换")
    return said


async def _facts(session: WriteSession, row: ClientRow, now: datetime) -> Client:
    orm = await session.orm()
    await orm.flush()
    secrets = await repository.list_secrets(orm, row.id)
    for secret in secrets:
        await orm.refresh(secret, ["created_at"])
    return Client(
        networks=row.networks,
        last_used_at=row.last_used_at,
        warnings=_warnings(row, secrets, now),
        id=row.id,
        name=row.name,
        organization=row.organization,
        scopes=row.scopes,
        expires_on=row.expires_on,
        quotas=ClientQuotas(reads_per_minute=row.reads_per_minute, writes_per_minute=row.writes_per_minute),
        disabled=row.disabled_at is not None,
        version=row.version,
        keys=from_json(row.public_keys),
        secrets=[SecretFacts.model_validate(secret, from_attributes=True) for secret in secrets],
    )


def _record(session: WriteSession, caller: Caller | None, row: ClientRow, action: str, **facts: Any) -> None:
    session.record(
        actor=caller.client_id if caller else "command",
        action=action,
        subject=str(row.id),
        version=row.version,
        organization=row.organization,
        **facts,
    )
