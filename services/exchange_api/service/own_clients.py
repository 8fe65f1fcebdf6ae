"""The suite's own clients, whose secrets the deployment makes: nobody has to carry one from a screen to a file."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from services.exchange_api.models import ClientRow, ClientSecretRow
from services.exchange_api.repository import clients as repository
from services.exchange_api.service.secrets import hash_secret, matches_any
from shared.kit.database import WriteSession
from shared.schemas.scopes import Scope

MIN_SECRET = 32
_OVERLAP = timedelta(hours=24)
"""How long a replaced secret still serves the processes that were started with it."""


@dataclass(frozen=True)
class OwnClient:
    """A client that belongs to the suite itself, under an identifier that configuration may name beforehand."""

    file: str
    id: UUID
    name: str
    scopes: tuple[Scope, ...]


OWN_CLIENTS = (
    OwnClient("administrator", UUID("00000000-0000-7000-8000-61646d696e00"), "平台管理员", tuple(Scope)),
    OwnClient(
        "request",
        UUID("00000000-0000-7000-8000-726571756573"),
        "内部：依申请公开 request_api",
        (Scope.DISCLOSURE_WRITE,),
    ),
    OwnClient("search", UUID("00000000-0000-7000-8000-736561726368"), "内部：检索 search_sync", (Scope.EVENTS_READ,)),
)


async def keep_client(
    session: WriteSession, own: OwnClient, organization: str, *, secret: str, expires_at: datetime, now: datetime
) -> None:
    """The client exists with these scopes, and the secret is good until `expires_at`. Others end within a day.

    A disabled client stays disabled. ValueError for a secret that could be guessed.
    """
    if len(secret) < MIN_SECRET:
        raise ValueError(f"the secret of {own.file} is shorter than {MIN_SECRET} characters")
    orm = await session.orm()
    row = await repository.find_client(orm, own.id, lock=True)
    changes = []
    if row is None:
        row = ClientRow(id=own.id, version=0, name=own.name, organization=organization, scopes=_values(own))
        orm.add(row)
        await orm.flush()
        changes.append("client.created")
    elif row.scopes != _values(own):
        row.scopes = _values(own)
        changes.append("client.scopes_changed")
    if await _keep_secret(orm, row.id, secret, expires_at=expires_at, now=now):
        changes.append("client.secret_added")
    for action in changes:
        row.version += 1
        session.record(
            actor="command", action=action, subject=str(row.id), version=row.version, organization=row.organization
        )


def _values(own: OwnClient) -> list[str]:
    return sorted(scope.value for scope in own.scopes)


async def _keep_secret(orm: AsyncSession, client_id: UUID, secret: str, *, expires_at: datetime, now: datetime) -> bool:
    """Whether it had to be added."""
    kept = None
    for row in await repository.list_secrets(orm, client_id):
        if row.revoked_at is not None or row.expires_at <= now:
            continue
        if kept is None and await matches_any(secret, [row.hash]):
            kept = row
            row.expires_at = max(row.expires_at, expires_at)
        else:
            row.expires_at = min(row.expires_at, now + _OVERLAP)
    if kept is None:
        orm.add(ClientSecretRow(id=uuid7(), client_id=client_id, hash=await hash_secret(secret), expires_at=expires_at))
    return kept is None
