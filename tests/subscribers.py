"""An endpoint on this machine that receives webhooks, and an exchange_api whose worker sends to it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import uvicorn
from pydantic_core import from_json
from starlette.types import Receive, Scope, Send

from deploy.local.processes import listen
from services.exchange_api.repository import webhooks as repository
from services.exchange_api.settings import Settings
from services.exchange_api.worker import open_jobs
from shared.kit.database import Database
from shared.kit.worker import repeat
from shared.webhooks import InvalidWebhook, Verified, verify
from tests.services import HostRouter, Suite

Behaviour = Callable[["Received"], Awaitable[tuple[int, dict[str, str]]]]


@dataclass(frozen=True)
class Received:
    """One request that arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = from_json(self.body)
        return event


async def accept(_: Received) -> tuple[int, dict[str, str]]:
    return 204, {}


@dataclass
class Endpoint:
    """Keeps what arrives and answers as `behave` says."""

    url: str = ""
    behave: Behaviour = accept
    received: list[Received] = field(default_factory=list)
    accepted: list[Received] = field(default_factory=list)
    grown: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        else:
            # The sender was gone before its message was whole.
            return
        one = Received({name.decode(): value.decode() for name, value in scope["headers"]}, body)
        self.received.append(one)
        status, headers = await self.behave(one)
        if 200 <= status < 300:
            self.accepted.append(one)
        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": [*pairs, (b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})
        async with self.grown:
            self.grown.notify_all()

    async def until(self, holds: Callable[[], bool], *, seconds: float = 20.0) -> None:
        """Return when it holds; looks after each request."""
        async with self.grown, asyncio.timeout(seconds):
            await self.grown.wait_for(holds)

    def verified(self, one: Received, keys: list[str]) -> Verified | None:
        try:
            return verify(one.headers, one.body, keys, now=datetime.now(UTC).timestamp())
        except InvalidWebhook:
            return None


async def eventually(holds: Callable[[], Awaitable[bool]], *, seconds: float = 20.0) -> None:
    """Asked again until it holds: what a worker writes, it writes a moment after its endpoint has answered."""
    never = asyncio.Event()
    async with asyncio.timeout(seconds):
        while not await holds():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.01):
                    await never.wait()


@asynccontextmanager
async def endpoint() -> AsyncIterator[Endpoint]:
    """Listening on a port of its own."""
    made = Endpoint()
    config = uvicorn.Config(made, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    with listen(0) as door:
        running = asyncio.ensure_future(server._serve(sockets=[door]))
        made.url = f"http://127.0.0.1:{door.getsockname()[1]}/hooks"
        try:
            yield made
        finally:
            server.should_exit = True
            await running


@asynccontextmanager
async def working(suite: Suite, **changes: Any) -> AsyncIterator[Database]:
    """The worker of exchange_api at work: every job but pruning. Its inner calls go to the suite's services."""
    app = suite.apps["exchange"]
    given: dict[str, Any] = {
        "sources": {name: f"http://{name}.test" for name in suite.apps},
        "webhook_networks": ["127.0.0.0/8"],
        "webhook_allow_http": True,
        "long_poll_seconds": 0.2,
        "webhook_refresh_seconds": 0.05,
    }
    settings = app.state.kit.settings.model_copy(update=given | changes)
    assert isinstance(settings, Settings)
    # What the service accepts, too.
    app.state.kit.settings = settings
    hosts = {f"{name}.test": one for name, one in suite.apps.items()}
    database = Database(settings)
    await database.open()
    try:
        async with open_jobs(database, settings, transport=HostRouter(hosts)) as jobs:
            tasks = [asyncio.create_task(repeat(job)) for job in jobs if job.name != "prune"]

            async def has_read() -> bool:
                return await repository.find_position(database.reads, "exchange") is not None

            try:
                # What happened before a test begins is nobody's message.
                await eventually(has_read)
                yield database
            finally:
                for task in tasks:
                    task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await asyncio.gather(*tasks, return_exceptions=True)
    finally:
        await database.close()
