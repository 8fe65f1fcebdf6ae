"""`Idempotency-Key` (IETF draft): the same key and body replay the stored answer; the work is done once.

The key's row is written in the transaction of the work itself. A concurrent twin waits on that row: when the first
commits it replays the answer, when the first fails it does the work.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

import asyncpg
import sqlalchemy as sa
from fastapi import Depends, Header, Request, Response

from shared.kit.database import WriteSession
from shared.kit.errors import IdempotencyKeyReused, Unavailable
from shared.kit.http import bounded_body


def define_idempotency_table(metadata: sa.MetaData) -> None:
    """Add `idempotency_key` to a service's tables."""
    sa.Table(
        "idempotency_key",
        metadata,
        sa.Column("client_id", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now(), index=True),
        sa.Column("status", sa.SmallInteger),
        sa.Column("body", sa.LargeBinary),
        sa.Column("location", sa.Text),
        sa.Column("etag", sa.Text),
        comment="Answers to POSTs with an Idempotency-Key.",
    )


@dataclass(frozen=True)
class Once:
    """The request's key, if it has one, and what the request was."""

    key: str | None
    fingerprint: bytes

    async def run(
        self,
        session: WriteSession,
        client_id: str,
        work: Callable[[], Awaitable[Response]],
        *,
        holds_secret: bool = False,
    ) -> Response:
        """The answer of `work`, or the stored one when this key has been used for the same request.

        An answer that holds a secret is not stored: its repetition is refused and says so.
        """
        if self.key is None:
            return await work()
        driver = await session.driver()
        claimed = await driver.fetchval(
            """
            INSERT INTO idempotency_key (client_id, key, fingerprint) VALUES ($1, $2, $3)
            ON CONFLICT DO NOTHING RETURNING true
            """,
            client_id,
            self.key,
            self.fingerprint,
        )
        if not claimed:
            return await self._replay(driver, client_id)
        response = await work()
        await driver.execute(
            "UPDATE idempotency_key SET status = $3, body = $4, location = $5, etag = $6 WHERE client_id = $1 AND key = $2",
            client_id,
            self.key,
            response.status_code,
            None if holds_secret else bytes(response.body),
            response.headers.get("location"),
            response.headers.get("etag"),
        )
        return response

    async def _replay(self, driver: asyncpg.Connection, client_id: str) -> Response:
        row = await driver.fetchrow(
            "SELECT fingerprint, status, body, location, etag FROM idempotency_key WHERE client_id = $1 AND key = $2",
            client_id,
            self.key,
        )
        if row is None:
            raise Unavailable("这个 Idempotency-Key 的答复刚刚过期；请换用新的键")
        if row["fingerprint"] != self.fingerprint:
            raise IdempotencyKeyReused("这个 Idempotency-Key 已用于内容不同的请求；新的请求请用新的键")
        if row["body"] is None:
            raise IdempotencyKeyReused("该请求已办成；其答复含密钥，没有留存。请查询后轮换密钥")
        headers = {"Idempotency-Replayed": "true"}
        headers |= {name: row[name] for name in ("location", "etag") if row[name] is not None}
        return Response(row["body"], status_code=row["status"], headers=headers, media_type="application/json")


async def _once(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            title="幂等键",
            description="Any string of the caller's; the same key and body within 48 hours replay the first answer.",
            min_length=1,
            max_length=200,
            pattern=r"^[\x21-\x7e]+$",
        ),
    ] = None,
) -> Once:
    whole = f"{request.method} {request.url.path}?{request.url.query}\n".encode() + await bounded_body(request)
    return Once(idempotency_key, hashlib.sha256(whole).digest())


Idempotent = Annotated[Once, Depends(_once)]
"""In the signature of every POST that creates something."""


async def forget_old_keys(driver: asyncpg.Connection, *, older_than: datetime) -> None:
    """Drop answers that nobody can ask for any more."""
    await driver.execute("DELETE FROM idempotency_key WHERE created_at < $1", older_than)
