"""The shortest way from a public GET by id to its stored bytes, ahead of the framework's routing.

The same address is an ordinary route as well: it documents the answer, and takes over whenever this layer has nothing
to say (a query, another method, not found, overtaken by a date). A test holds that both give the same answer.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.kit.clock import Clock, local_day
from shared.kit.http import PUBLIC_CACHE, etag_matches

Lookup = Callable[[asyncpg.Pool, UUID, date], Awaitable[Any]]
"""Finds `representation` and `etag` that may be served as they are on that day, or None."""

_UUID_LENGTH = 36
_CACHE = PUBLIC_CACHE.encode()


@dataclass(frozen=True)
class _Route:
    """What the metrics read of a matched route."""

    path: str


class StoredReads:
    """ASGI layer: `GET {prefix}/{uuid}` without a query is one look-up. `pool` is asked for once the app has started."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        lookups: Mapping[str, tuple[str, Lookup]],
        pool: Callable[[], asyncpg.Pool],
        clock: Callable[[], Clock],
    ) -> None:
        self.app = app
        self._lookups = {prefix: (_Route(route), lookup) for prefix, (route, lookup) in lookups.items()}
        self._pool = pool
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["query_string"]:
            await self.app(scope, receive, send)
            return
        path = scope["path"]
        known = self._lookups.get(path[len(scope.get("root_path", "")) : -_UUID_LENGTH - 1])
        if known is None or (subject := _parse(path[-_UUID_LENGTH:])) is None:
            await self.app(scope, receive, send)
            return
        route, lookup = known
        stored = await lookup(self._pool(), subject, local_day(self._clock()()))
        if stored is None:
            await self.app(scope, receive, send)
            return
        scope["route"] = route
        await _answer(scope, send, stored["representation"], stored["etag"])


async def _answer(scope: Scope, send: Send, body: bytes, etag: str) -> None:
    headers = [(b"etag", etag.encode()), (b"cache-control", _CACHE)]
    asked = next((value for name, value in scope["headers"] if name == b"if-none-match"), None)
    if asked is not None and etag_matches(asked.decode("latin-1"), etag):
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
        return
    headers += [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _parse(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
