"""A suite's services behind one port of this machine, as a gateway would place them, for clients that need a socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from deploy.local.processes import free_port


class Front:
    """`/api/policy/v1/...` is `/v1/...` of the application called policy."""

    def __init__(self, apps: dict[str, FastAPI]) -> None:
        self._apps = apps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, api, name, _ = scope["path"].split("/", 3)
        assert api == "api"
        prefix = f"/api/{name}"
        inner = {
            "path": scope["path"].removeprefix(prefix),
            "raw_path": scope["raw_path"].removeprefix(prefix.encode()),
        }
        await self._apps[name]({**scope, **inner}, receive, send)


@asynccontextmanager
async def serving(apps: dict[str, FastAPI]) -> AsyncIterator[int]:
    """The port. The applications are started already, and are stopped by whoever did."""
    port = free_port()
    config = uvicorn.Config(
        Front(apps), host="127.0.0.1", port=port, lifespan="off", log_config=None, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    try:
        async with asyncio.timeout(10):
            while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
                await asyncio.sleep(0)
        yield port
    finally:
        server.should_exit = True
        await task
