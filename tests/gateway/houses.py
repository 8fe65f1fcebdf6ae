"""Services that the tests decide about, and the real nginx with the shipped configuration before them."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.types import Message, Receive, Scope, Send

from deploy.local.nginx import MISSING, SERVICES, Nginx, find_nginx, settings_for
from deploy.local.processes import listen
from tests.subscribers import eventually

Handler = Callable[[Scope, Receive, Send], Awaitable[None]]
needs_nginx = pytest.mark.skipif(find_nginx() is None, reason=MISSING)
PUBLIC = b"public, max-age=60"


class House:
    """A service whose next answers the test decides. Keeps what it was asked."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.handler: Handler = self.echo
        self.asked: list[Scope] = []
        self.is_ready = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
        elif scope["path"] == "/readyz" and scope["raw_path"] == b"/readyz":
            status, body = (200, b'{"status":"ok"}') if self.is_ready else (503, b'{"status":"database"}')
            await answer(send, body, status=status)
        else:
            self.asked.append(scope)
            await self.handler(scope, receive, send)

    async def echo(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What was asked, as an answer that may be kept by nobody."""
        told = {
            "service": self.name,
            "method": scope["method"],
            "target": scope["raw_path"].decode() + (f"?{query}" if (query := scope["query_string"].decode()) else ""),
            "headers": {name.decode(): value.decode() for name, value in scope["headers"]},
            "length": len(await read(receive)),
        }
        await answer(send, json.dumps(told).encode())

    def keep(self, body: bytes = b"{}", *, caching: bytes = PUBLIC, status: int = 200) -> None:
        """From now on every answer is this one."""

        async def kept(scope: Scope, _receive: Receive, send: Send) -> None:
            headers = [(b"cache-control", caching)] + ([(b"etag", b'"1"')] if status == 200 else [])
            asked = dict(scope["headers"]).get(b"if-none-match")
            if status == 200 and asked is not None and b'"1"' in asked:
                await answer(send, b"", status=304, headers=headers)
            else:
                await answer(send, body, status=status, headers=headers)

        self.handler = kept


async def read(receive: Receive) -> bytes:
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    return body


async def answer(
    send: Send, body: bytes, *, status: int = 200, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    content = [] if status == 304 else [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    start: Message = {"type": "http.response.start", "status": status, "headers": [*content, *(headers or [])]}
    await send(start)
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def serving(house: House) -> AsyncIterator[str]:
    """`host:port` of the house, behind a real socket."""
    with listen(0) as door:
        config = uvicorn.Config(house, log_level="critical", timeout_graceful_shutdown=1, forwarded_allow_ips="")
        server = uvicorn.Server(config)
        # Not `serve`, which would take the signal handlers from pytest. Callers wait in the socket until it listens.
        running = asyncio.ensure_future(server._serve(sockets=[door]))
        yield f"127.0.0.1:{door.getsockname()[1]}"
        server.should_exit = True
        await running


@dataclass
class Street:
    """The houses by name, and the gateway before them."""

    houses: dict[str, House]
    upstreams: dict[str, str]
    nginx: Nginx
    client: httpx.AsyncClient

    @property
    def policy(self) -> House:
        return self.houses["policy"]

    @property
    def asked(self) -> list[Scope]:
        return [scope for house in self.houses.values() for scope in house.asked]

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", int(self.nginx.environment["MINGQUAN_GATEWAY_PORT"])

    def forget(self) -> None:
        """Every house as new."""
        for house in self.houses.values():
            house.handler, house.is_ready = house.echo, True
            house.asked.clear()

    async def log_lines(self, request_id: str) -> list[dict[str, Any]]:
        """What the access log says of that request; it is written within a second."""

        async def is_written() -> bool:
            return bool(self._logged(request_id))

        await eventually(is_written)
        return self._logged(request_id)

    def _logged(self, request_id: str) -> list[dict[str, Any]]:
        lines = self.nginx.log.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and request_id in line]


@asynccontextmanager
async def gateway(upstreams: Mapping[str, str], **changed: str) -> AsyncIterator[Nginx]:
    """nginx with the shipped configuration before these services, until the block ends."""
    folder = Path(tempfile.mkdtemp(prefix="mingquan-gateway-"))
    nginx = Nginx(folder, settings_for(upstreams, folder) | changed)
    try:
        nginx.start()
        yield nginx
    finally:
        nginx.stop()
        shutil.rmtree(folder)


@asynccontextmanager
async def street(**changed: str) -> AsyncIterator[Street]:
    """Five houses and the gateway."""
    async with AsyncExitStack() as stack:
        houses = {name: House(name) for name in SERVICES}
        upstreams = {name: await stack.enter_async_context(serving(house)) for name, house in houses.items()}
        nginx = await stack.enter_async_context(gateway(upstreams, **changed))
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=nginx.url, trust_env=False))
        yield Street(houses, upstreams, nginx, client)
