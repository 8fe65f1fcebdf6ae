"""Statements on clients, secrets and signing keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from services.exchange_api.models import ClientRow, ClientSecretRow, SigningKeyRow


async def find_client(orm: AsyncSession, client_id: UUID, *, lock: bool = False) -> ClientRow | None:
    """As it is now, not as this session saw it before; `lock` keeps others from changing it until the commit."""
    statement = sa.select(ClientRow).where(ClientRow.id == client_id).execution_options(populate_existing=True)
    return (await orm.scalars(statement.with_for_update() if lock else statement)).one_or_none()


async def list_secrets(orm: AsyncSession, client_id: UUID) -> Sequence[ClientSecretRow]:
    statement = sa.select(ClientSecretRow).where(ClientSecretRow.client_id == client_id).order_by(ClientSecretRow.id)
    return (await orm.scalars(statement)).all()


async def find_credentials(reads: asyncpg.Pool, client_id: UUID, *, now: datetime) -> Any:
    """The client, its organisation and its live secret hashes in one row; None when there is no such client."""
    return await reads.fetchrow(
        """
        SELECT client.scopes, client.expires_on, client.disabled_at, client.networks, client.last_used_at,
               client.public_keys, client.reads_per_minute, client.writes_per_minute, organization.code AS organization,
               organization.division_code, organization.level, organization.valid_to,
               array(SELECT hash FROM client_secret WHERE client_id = client.id
                     AND revoked_at IS NULL AND expires_at > $2 ORDER BY id DESC) AS hashes
        FROM client JOIN organization ON organization.code = client.organization WHERE client.id = $1
        """,
        client_id,
        now,
    )


async def use_assertion(driver: asyncpg.Connection, client_id: UUID, jti: bytes, *, ends_at: datetime) -> bool:
    """Whether it was not used before; from now on it was."""
    found = await driver.fetchval(
        "INSERT INTO used_assertion VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING true", client_id, jti, ends_at
    )
    return found is not None


async def forget_assertions(driver: asyncpg.Connection, *, before: datetime, limit: int) -> int:
    """Those that could not be used anyway."""
    done: str = await driver.execute(
        """
        DELETE FROM used_assertion WHERE (client_id, jti) IN
            (SELECT client_id, jti FROM used_assertion WHERE ends_at < $1 ORDER BY ends_at LIMIT $2)
        """,
        before,
        limit,
    )
    return int(done.rpartition(" ")[2])


async def note_use(driver: asyncpg.Connection, client_id: UUID, *, now: datetime) -> None:
    await driver.execute("UPDATE client SET last_used_at = $2 WHERE id = $1", client_id, now)


async def list_denied(reads: asyncpg.Pool, *, since: datetime) -> list[str]:
    """Clients that were disabled since a moment."""
    rows = await reads.fetch("SELECT id FROM client WHERE disabled_at > $1 ORDER BY id", since)
    return [str(row["id"]) for row in rows]


async def find_root(reads: asyncpg.Pool) -> Any:
    """The organisation that everything stands below; None before there is one."""
    return await reads.fetchrow("SELECT code, division_code, level FROM organization WHERE parent IS NULL")


async def list_published_keys(reads: asyncpg.Pool, *, retired_after: datetime) -> list[Any]:
    """Keys that a token still alive may have been signed with, newest first."""
    rows: list[Any] = await reads.fetch(
        """
        SELECT id, public_key, encrypted_private_key, retired_at FROM signing_key
        WHERE retired_at IS NULL OR retired_at > $1 ORDER BY created_at DESC, id DESC
        """,
        retired_after,
    )
    return rows


async def retire_keys(orm: AsyncSession, *, at: datetime) -> None:
    await orm.execute(sa.update(SigningKeyRow).where(SigningKeyRow.retired_at.is_(None)).values(retired_at=at))


async def lock_keys(orm: AsyncSession) -> bool:
    """Holds the keys for this transaction; returns whether one is active."""
    await orm.execute(sa.text("SELECT pg_advisory_xact_lock(hashtext('exchange signing keys'))"))
    return bool(await orm.scalar(sa.select(sa.exists().where(SigningKeyRow.retired_at.is_(None)))))
