"""Issuing access tokens (OAuth 2.0 client credentials, RFC 6749 §4.4) and publishing the keys that verify them."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import jwt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from uuid_utils.compat import uuid7

from services.exchange_api.models import SigningKeyRow
from services.exchange_api.repository import clients as repository
from services.exchange_api.service.assertions import NotProven, verify_assertion
from services.exchange_api.service.secrets import KeySealer, base64url, matches_any
from services.exchange_api.settings import Settings
from shared.kit.auth import LEEWAY_SECONDS, Caller
from shared.kit.clock import local_day
from shared.kit.database import Database, WriteSession
from shared.kit.errors import InsufficientScope, Unauthenticated, Unavailable
from shared.schemas.clients import DeniedClients, JsonWebKey, JsonWebKeySet, Token
from shared.schemas.problems import ErrorCode
from shared.schemas.scopes import Scope

_USE_NOTED_EVERY = timedelta(minutes=10)
OWN_CLIENT = "00000000-0000-7000-8000-65786368616e"
"""What this service's own worker is called in audit trails."""


class InvalidClient(Unauthenticated):
    """RFC 6749 §5.2 `invalid_client`. Says nothing about which part was wrong."""

    code, title = ErrorCode.INVALID_CLIENT, "客户端凭证无效"

    def __init__(self) -> None:
        super().__init__("客户端编号或密钥不正确，或该客户端已停用、过期", error="invalid_client")
        self.headers = {"WWW-Authenticate": 'Basic realm="mingquan"'}


@dataclass(frozen=True)
class ClientCredentials:
    """What a caller presents: its number and secret."""

    client_id: str
    client_secret: str


@dataclass(frozen=True)
class ClientAssertion:
    """What a caller presents: a statement that its own key signed (RFC 7523)."""

    client_id: str
    assertion: str


def sealer_of(settings: Settings) -> KeySealer:
    return KeySealer(settings.key_encryption_key.get_secret_value())


async def issue_token(
    database: Database,
    settings: Settings,
    presented: ClientCredentials | ClientAssertion,
    *,
    scope: str | None,
    address: str | None,
    now: datetime,
) -> Token:
    """A token for the client's scopes, or for those asked for; refuses what is disabled, expired, unknown or elsewhere."""
    reads = database.reads
    client_id = _parse_client_id(presented.client_id)
    found = await repository.find_credentials(reads, client_id, now=now) if client_id else None
    if isinstance(presented, ClientAssertion):
        used = _read_assertion(presented, found, settings, now)
    elif not await matches_any(presented.client_secret, found["hashes"] if found else []):
        raise InvalidClient
    if found is None or client_id is None:
        raise InvalidClient
    today = local_day(now)
    ended = any(last_day is not None and last_day < today for last_day in (found["expires_on"], found["valid_to"]))
    if found["disabled_at"] is not None or ended or not _may_come_from(found["networks"], address):
        raise InvalidClient
    granted = _granted_scopes(found["scopes"], scope)
    if isinstance(presented, ClientAssertion):
        await _use_once(database, client_id, *used)
    if found["last_used_at"] is None or now - found["last_used_at"] > _USE_NOTED_EVERY:
        async with database.write() as session:
            await repository.note_use(await session.driver(), client_id, now=now)
    claims = {
        # First, for the gateway counts by the token's beginning (deploy/gateway/maps.conf.template). In the one spelling:
        # idempotency keys and the audit trail go by it.
        "sub": str(client_id),
        "iss": settings.token_issuer,
        "aud": settings.token_audience,
        "organization": found["organization"],
        "division_code": found["division_code"],
        "level": found["level"],
        "scope": " ".join(granted),
        "iat": now,
        "exp": now + timedelta(seconds=settings.token_lifetime_seconds),
        "jti": uuid7().hex,
        **_own_quota(found),
    }
    key_id, private_key = await _active_key(reads, settings, now)
    token = jwt.encode(claims, private_key, algorithm="EdDSA", headers={"kid": key_id})
    return Token(access_token=token, expires_in=settings.token_lifetime_seconds, scope=" ".join(granted))


def _own_quota(found: Any) -> dict[str, Any]:
    """The claim that services go by; none where a client has no quota of its own."""
    own = {"reads": found["reads_per_minute"], "writes": found["writes_per_minute"]}
    own = {kind: limit for kind, limit in own.items() if limit is not None}
    return {"quota": own} if own else {}


async def issue_own_token(reads: asyncpg.Pool, settings: Settings, scopes: Sequence[Scope], *, now: datetime) -> Token:
    """A token for this service's own worker, in the name of the root: it holds the keys and need not ask with a secret."""
    root = await repository.find_root(reads)
    if root is None:
        raise Unavailable("尚无首个机关；请运行初始化命令")
    claims = {
        "iss": settings.token_issuer,
        "aud": settings.token_audience,
        "sub": OWN_CLIENT,
        "organization": root["code"],
        "division_code": root["division_code"],
        "level": root["level"],
        "scope": " ".join(scope.value for scope in scopes),
        "iat": now,
        "exp": now + timedelta(seconds=settings.token_lifetime_seconds),
        "jti": uuid7().hex,
    }
    key_id, private_key = await _active_key(reads, settings, now)
    token = jwt.encode(claims, private_key, algorithm="EdDSA", headers={"kid": key_id})
    return Token(access_token=token, expires_in=settings.token_lifetime_seconds, scope=claims["scope"])


def _read_assertion(
    presented: ClientAssertion, found: Any, settings: Settings, now: datetime
) -> tuple[bytes, datetime]:
    """What to remember of it; InvalidClient for one that proves nothing."""
    keys = found["public_keys"] if found else "[]"
    try:
        return verify_assertion(
            presented.assertion, keys, client_id=presented.client_id, issuer=settings.token_issuer, now=now
        )
    except NotProven as error:
        raise InvalidClient from error


async def _use_once(database: Database, client_id: UUID, jti: bytes, ends_at: datetime) -> None:
    async with database.write() as session:
        if not await repository.use_assertion(await session.driver(), client_id, jti, ends_at=ends_at):
            raise InvalidClient


def _parse_client_id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _may_come_from(networks: list[str], address: str | None) -> bool:
    """Whether the client may ask from there; from anywhere when it names no networks."""
    if not networks:
        return True
    try:
        place = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    if isinstance(place, ipaddress.IPv6Address) and place.ipv4_mapped is not None:
        place = place.ipv4_mapped
    return any(place in ipaddress.ip_network(network) for network in networks)


async def denied_clients(reads: asyncpg.Pool, settings: Settings, *, now: datetime) -> DeniedClients:
    """Those whose last token may still be good."""
    alive = timedelta(seconds=settings.token_lifetime_seconds + 2 * LEEWAY_SECONDS)
    return DeniedClients(clients=await repository.list_denied(reads, since=now - alive))


def _granted_scopes(held: list[str], asked: str | None) -> list[str]:
    if asked is None or not asked.split():
        return held
    lacking = sorted(set(asked.split()) - set(held))
    if lacking:
        raise InsufficientScope("该客户端没有所请求的权限", error="invalid_scope", required_scope=lacking[0][:100])
    return sorted(set(asked.split()))


async def _active_key(reads: asyncpg.Pool, settings: Settings, now: datetime) -> tuple[str, Ed25519PrivateKey]:
    for row in await repository.list_published_keys(reads, retired_after=now):
        if row["retired_at"] is None:
            try:
                raw = sealer_of(settings).open(row["encrypted_private_key"], name=row["id"])
            except InvalidTag as error:
                raise Unavailable("签名密钥无法解开：MINGQUAN_KEY_ENCRYPTION_KEY 与建立密钥时不同") from error
            return row["id"], Ed25519PrivateKey.from_private_bytes(raw)
    raise Unavailable("尚无签名密钥；请运行初始化命令")


async def published_keys(reads: asyncpg.Pool, settings: Settings, *, now: datetime) -> JsonWebKeySet:
    """Every key that a token still alive may have been signed with."""
    alive = now - timedelta(seconds=settings.token_lifetime_seconds + LEEWAY_SECONDS)
    rows = await repository.list_published_keys(reads, retired_after=alive)
    return JsonWebKeySet(keys=[JsonWebKey(kid=row["id"], x=base64url(row["public_key"])) for row in rows])


async def rotate_key(session: WriteSession, settings: Settings, caller: Caller | None, *, now: datetime) -> str:
    """Sign with a new key from now on; the old one stays published until its last token has expired."""
    orm = await session.orm()
    await repository.lock_keys(orm)
    await repository.retire_keys(orm, at=now)
    return await _add_key(session, settings, caller, now)


async def ensure_key(session: WriteSession, settings: Settings, *, now: datetime) -> None:
    """Make the first key when there is none."""
    if not await repository.lock_keys(await session.orm()):
        await rotate_key(session, settings, None, now=now)


async def _add_key(session: WriteSession, settings: Settings, caller: Caller | None, now: datetime) -> str:
    key, key_id = Ed25519PrivateKey.generate(), uuid7().hex
    raw = key.private_bytes(serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    sealed = sealer_of(settings).seal(raw, name=key_id)
    orm = await session.orm()
    orm.add(SigningKeyRow(id=key_id, public_key=public, encrypted_private_key=sealed, created_at=now))
    session.record(
        actor=caller.client_id if caller else "command",
        action="key.rotated",
        subject=key_id,
        version=1,
        organization=caller.principal.organization if caller else "",
    )
    return key_id
