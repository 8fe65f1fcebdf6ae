"""The limit: an ASGI application that does nothing but the same look-up and sends the same bytes.

No framework, no routing, no request id, no metrics, no log, no conditional requests. Same asyncpg, same pool size, same
server options as policy_api. `MINGQUAN_DATABASE_URL` says where.
"""

import os
from typing import Any
from uuid import UUID

import asyncpg
from starlette.types import Receive, Scope, Send

_POOL_SIZE = 8  # as KitSettings.read_pool_size
_READ = "SELECT representation, etag FROM policy WHERE id = $1 AND state = 'public'"
_LIST = """
    SELECT id, published_on, listing FROM policy WHERE state = 'public' ORDER BY published_on DESC, id DESC LIMIT 20
"""
_pool: asyncpg.Pool | None = None


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """`GET …/{id}` answers the stored bytes, `GET /list` the newest twenty joined."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    assert _pool is not None
    path: str = scope["path"]
    body = await _list(_pool) if path.endswith("/list") else await _read(_pool, path[-36:])
    status = 200 if body is not None else 404
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body or b""))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body or b""})


async def _read(pool: asyncpg.Pool, text: str) -> bytes | None:
    row = await pool.fetchrow(_READ, UUID(text))
    return bytes(row["representation"]) if row is not None else None


async def _list(pool: asyncpg.Pool) -> bytes:
    rows: list[Any] = await pool.fetch(_LIST)
    return b'{"items":[' + b",".join([row["listing"] for row in rows]) + b"]}"


async def _keep_session(_connection: asyncpg.Connection) -> None:
    """asyncpg's reset is a round trip that policy_api saves too: readers change no session state."""


async def _live(receive: Receive, send: Send) -> None:
    global _pool  # noqa: PLW0603  # the whole application is this module
    await receive()
    _pool = await asyncpg.create_pool(
        os.environ["MINGQUAN_DATABASE_URL"],
        min_size=_POOL_SIZE,
        max_size=_POOL_SIZE,
        server_settings={"search_path": "policy", "jit": "off"},
        reset=_keep_session,
    )
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await _pool.close()
    await send({"type": "lifespan.shutdown.complete"})
