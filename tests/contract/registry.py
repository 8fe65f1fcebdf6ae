"""Every service that has a door, running in this process over one database: the contract tests walk them all.

A new service joins by an entry in `STARTERS`; `test_every_service_is_walked` fails until it does.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from deploy.local.meilisearch import Meilisearch
from shared.schemas.scopes import Scope
from tests.conftest import MASTER_KEY
from tests.services import CITY, SECRETS, HostRouter, Suite, policy_suite, running

ROOT = Path(__file__).resolve().parents[2]
_numbers = itertools.count(1)
WRITES = ("put", "post", "patch", "delete")


def services_with_doors() -> set[str]:
    """Short names of all services that have a `main.py`."""
    return {path.parent.name.split("_")[0] for path in (ROOT / "services").glob("*/main.py")}


@dataclass(frozen=True)
class Operation:
    """One method of one path of one service, as its OpenAPI document describes it."""

    service: str
    method: str
    path: str
    document: dict[str, Any]

    @property
    def name(self) -> str:
        """Such as `policy PUT /v1/…`: how tests refer to it."""
        return f"{self.service} {self.method.upper()} {self.path}"

    @property
    def is_protected_write(self) -> bool:
        return self.method in WRITES and bool(self.document.get("security"))

    @property
    def admitting_scopes(self) -> set[str]:
        """Any one of these lets a caller in."""
        return {scope for way in self.document.get("security", []) for scopes in way.values() for scope in scopes}


def operations_of(suite: Suite) -> list[Operation]:
    """All of all services."""
    return [
        Operation(service, method, path, operation)
        for service, app in suite.apps.items()
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
    ]


Starter = Callable[[Suite, Callable[[str], str], Meilisearch], Awaitable[FastAPI]]


async def _start_search(suite: Suite, database_url: Callable[[str], str], meilisearch: Meilisearch) -> FastAPI:
    from services.search_sync.main import build_app
    from services.search_sync.settings import Settings

    wanted = {"name": "检索服务", "organization": CITY, "scopes": [Scope.EVENTS_READ.value]}
    answer = await suite.exchange.post("/v1/clients", json=wanted, headers=suite.admin)
    secret = answer.json()["secret"]
    settings = Settings(
        database_url=database_url("search"),
        policy_url="http://policy.test",
        more_sources={"catalog": "http://catalog.test"},
        client_id=secret["client_id"],
        client_secret=secret["client_secret"],
        meili_url=meilisearch.url,
        meili_key=MASTER_KEY,
        index_uid=f"contract-{next(_numbers)}",
        **SECRETS,
    )
    return build_app(settings, transport=_router_of(suite))


def _router_of(suite: Suite) -> HostRouter:
    return HostRouter({f"{name}.test": app for name, app in suite.apps.items()})


@asynccontextmanager
async def indexed(suite: Suite) -> AsyncIterator[None]:
    """search_sync's worker runs inside the block and has filled its index."""
    from services.search_sync.worker import open_keeper

    asked_to_stop = asyncio.Event()
    settings = suite.apps["search"].state.kit.settings
    async with open_keeper(settings, transport=_router_of(suite)) as keeper:
        work = asyncio.create_task(keeper.run(asked_to_stop))
        try:
            async with asyncio.timeout(60):
                while not (await suite.clients["search"].get("/v1/status")).json()["ready"]:
                    assert not work.done(), work
            yield
        finally:
            asked_to_stop.set()
            await work


async def _start_catalog(suite: Suite, database_url: Callable[[str], str], _meilisearch: Meilisearch) -> FastAPI:
    from services.catalog_api.main import build_app
    from services.catalog_api.settings import Settings

    return build_app(Settings(database_url=database_url("catalog"), **SECRETS), transport=_router_of(suite))


async def _start_request(suite: Suite, database_url: Callable[[str], str], _meilisearch: Meilisearch) -> FastAPI:
    from services.request_api.main import build_app
    from services.request_api.settings import Settings

    return build_app(Settings(database_url=database_url("request"), **SECRETS), transport=_router_of(suite))


STARTERS: dict[str, Starter] = {"catalog": _start_catalog, "request": _start_request, "search": _start_search}


@asynccontextmanager
async def whole_suite(database_url: Callable[[str], str], meilisearch: Meilisearch) -> AsyncIterator[Suite]:
    """exchange_api, policy_api and whatever else has a door."""
    async with policy_suite(database_url) as suite, AsyncExitStack() as stack:
        for name in sorted(services_with_doors() & set(STARTERS)):
            app = await STARTERS[name](suite, database_url, meilisearch)
            suite.apps[name] = app
            suite.clients[name] = await stack.enter_async_context(running(app, f"http://{name}.test"))
        yield suite
