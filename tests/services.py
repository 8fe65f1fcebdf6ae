"""Starts services in the test's own process, wired to each other without a socket: same apps as production."""

import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from argon2 import PasswordHasher
from fastapi import FastAPI

from services.catalog_api.main import build_app as build_catalog
from services.catalog_api.settings import Settings as CatalogSettings
from services.exchange_api.bootstrap import bootstrap
from services.exchange_api.main import build_app as build_exchange
from services.exchange_api.service import secrets as client_secrets
from services.exchange_api.settings import Settings as ExchangeSettings
from services.policy_api.main import build_app as build_policy
from services.policy_api.settings import Settings as PolicySettings
from services.request_api.main import build_app as build_request
from services.request_api.settings import Settings as RequestSettings
from shared.kit.app import build_kit
from shared.kit.database import Database
from shared.kit.settings import KitSettings
from shared.schemas.organizations import (
    Level,
    OrganizationInput,
    OrganizationKind,
    credit_code_check_character,
)
from shared.schemas.scopes import Scope

CITY = "1137010000418859XL"
# As safe a secret, hashed cheaply: every test makes its own clients.
client_secrets._HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
client_secrets._NOBODY = client_secrets._HASHER.hash("nobody")
EXCHANGE_URL = "http://exchange.test"
SECRETS: dict[str, Any] = {
    "cursor_key": "a-cursor-key-for-tests-only-000000",
    "key_encryption_key": "a-key-encryption-key-for-tests-only",
    "opinion_key": "an-opinion-key-for-tests-only-00000",
    "profile_key": "a-profile-key-for-tests-only-000000",
    "sealing_keys": "test:aes-256-gcm:a-sealing-key-for-tests-only-00000",
    "fingerprint_key": "a-fingerprint-key-for-tests-only-0",
    "exchange_url": EXCHANGE_URL,
    "log_access": False,
}


def credit_code(first17: str) -> str:
    """A valid invented organisation code."""
    return first17 + credit_code_check_character(first17)


DISTRICT_A = credit_code("11370102004190001")
DISTRICT_B = credit_code("11370103004190002")
BUREAU_A = credit_code("11370102004190003")  # a bureau of district A
TREE = {
    DISTRICT_A: OrganizationInput(
        name="历下区人民政府",
        kind=OrganizationKind.GOVERNMENT,
        level=Level.DISTRICT,
        division_code="370102",
        parent=CITY,
    ),
    DISTRICT_B: OrganizationInput(
        name="市中区人民政府",
        kind=OrganizationKind.GOVERNMENT,
        level=Level.DISTRICT,
        division_code="370103",
        parent=CITY,
    ),
    BUREAU_A: OrganizationInput(name="历下区教育局", level=Level.DISTRICT, division_code="370102", parent=DISTRICT_A),
}


CITY_ADMINISTRATOR: tuple[str, str] | None = None
"""Of the database that tests get copies of; None in a process that has made none."""


@dataclass
class Suite:
    """Services running in this process, reached by name."""

    exchange: httpx.AsyncClient
    admin_token: str
    apps: dict[str, FastAPI] = field(default_factory=dict)
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    async def token(self, organization: str, *scopes: Scope) -> dict[str, str]:
        """Headers of a new client of that organisation with those scopes."""
        wanted = {"name": "测试客户端", "organization": organization, "scopes": [scope.value for scope in scopes]}
        created = await self.exchange.post("/v1/clients", json=wanted, headers=self.admin)
        assert created.status_code == 201, created.text
        secret = created.json()["secret"]
        return await sign_in(self.exchange, secret["client_id"], secret["client_secret"])

    @property
    def policy(self) -> httpx.AsyncClient:
        """policy_api, once `policy_suite` has started it."""
        return self.clients["policy"]

    @property
    def admin(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.admin_token}"}


async def sign_in(exchange: httpx.AsyncClient, client_id: str, client_secret: str) -> dict[str, str]:
    """Headers with an access token."""
    form = {"grant_type": "client_credentials"}
    answer = await exchange.post("/v1/oauth/token", data=form, auth=(client_id, client_secret))
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


_idle: dict[Any, list[FastAPI]] = {}


def ready_made(
    build: Callable[..., FastAPI], settings: KitSettings, *, transport: httpx.AsyncBaseTransport | None = None
) -> FastAPI:
    """The application as `build` makes it, with a kit of its own: an earlier test's where one has ended.

    Making a hundred routes takes ten times as long as all that a test then does with them.
    """
    idle = _idle.setdefault(build, [])
    if not idle:
        app = build(settings) if transport is None else build(settings, transport=transport)
        app.state.returned_to = idle
        return app
    app = idle.pop()
    app.state.kit = build_kit(settings, transport=transport)
    return app


@asynccontextmanager
async def running(app: FastAPI, base_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """The app between start and stop, and a client that talks to it directly."""
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=base_url) as client:
            yield client
    returned_to = getattr(app.state, "returned_to", None)
    if returned_to is not None:
        returned_to.append(app)


class HostRouter(httpx.AsyncBaseTransport):
    """Carries a service's outgoing calls to other services of this process, by host name."""

    def __init__(self, hosts: dict[str, FastAPI]) -> None:
        self._hosts = {host: httpx.ASGITransport(app=app, raise_app_exceptions=False) for host, app in hosts.items()}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        transport = self._hosts.get(request.url.host)
        if transport is None:
            raise httpx.ConnectError(f"no such service: {request.url.host}")
        return await transport.handle_async_request(request)


@asynccontextmanager
async def exchange_suite(database_url: Callable[[str], str]) -> AsyncIterator[Suite]:
    """exchange_api with a city, two districts and a bureau, and an administrator's token.

    They are made, unless the database is a copy of one where they are already.
    """
    settings = ExchangeSettings(database_url=database_url("exchange"), **SECRETS)
    app = ready_made(build_exchange, settings)
    async with AsyncExitStack() as stack:
        exchange = await stack.enter_async_context(running(app, EXCHANGE_URL))
        known = CITY_ADMINISTRATOR is not None and await _is_founded(exchange)
        administrator = CITY_ADMINISTRATOR if known and CITY_ADMINISTRATOR else await _found_city(settings)
        headers = await sign_in(exchange, *administrator)
        suite = Suite(exchange, headers["Authorization"].removeprefix("Bearer "), apps={"exchange": app})
        suite.clients["exchange"] = exchange
        if not known:
            await _plant_tree(exchange, headers)
        yield suite


async def found_city(database_url: Callable[[str], str]) -> None:
    """Make the city in a database that others are copied from, and remember its administrator for them."""
    global CITY_ADMINISTRATOR  # noqa: PLW0603  # one a process, like the database
    settings = ExchangeSettings(database_url=database_url("exchange"), **SECRETS)
    administrator = await _found_city(settings)
    app = ready_made(build_exchange, settings)
    async with running(app, EXCHANGE_URL) as exchange:
        await _plant_tree(exchange, await sign_in(exchange, *administrator))
    CITY_ADMINISTRATOR = administrator


async def _plant_tree(exchange: httpx.AsyncClient, headers: dict[str, str]) -> None:
    for code, organization in TREE.items():
        body = organization.model_dump(mode="json")
        answer = await exchange.put(f"/v1/organizations/{code}", json=body, headers=headers)
        assert answer.status_code == 201, answer.text


async def _found_city(settings: ExchangeSettings) -> tuple[str, str]:
    """The root and its administrator's credentials."""
    database = Database(settings)
    root = OrganizationInput(
        name="泉城市人民政府", kind=OrganizationKind.GOVERNMENT, level=Level.CITY, division_code="370100"
    )
    created = await bootstrap(database, settings, CITY, root)
    await database.engine.dispose()
    assert created is not None
    return str(created.secret.client_id), created.secret.client_secret


async def _is_founded(exchange: httpx.AsyncClient) -> bool:
    """Whether this database has the city already."""
    return (await exchange.get(f"/v1/organizations/{CITY}")).is_success


@asynccontextmanager
async def policy_suite(database_url: Callable[[str], str]) -> AsyncIterator[Suite]:
    """exchange_api and policy_api over one test database."""
    async with exchange_suite(database_url) as suite, AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mingquan-files-")))
        settings = PolicySettings(database_url=database_url("policy"), files_url=folder.as_uri(), **SECRETS)
        app = ready_made(build_policy, settings, transport=HostRouter({"exchange.test": suite.apps["exchange"]}))
        suite.apps["policy"] = app
        suite.clients["policy"] = await stack.enter_async_context(running(app, "http://policy.test"))
        yield suite


@asynccontextmanager
async def request_suite(database_url: Callable[[str], str]) -> AsyncIterator[Suite]:
    """exchange_api and request_api over one test database."""
    async with exchange_suite(database_url) as suite, AsyncExitStack() as stack:
        settings = RequestSettings(database_url=database_url("request"), **SECRETS)
        app = ready_made(build_request, settings, transport=HostRouter({"exchange.test": suite.apps["exchange"]}))
        suite.apps["request"] = app
        suite.clients["request"] = await stack.enter_async_context(running(app, "http://request.test"))
        yield suite


@asynccontextmanager
async def catalog_suite(database_url: Callable[[str], str]) -> AsyncIterator[Suite]:
    """exchange_api and catalog_api over one test database."""
    async with exchange_suite(database_url) as suite, AsyncExitStack() as stack:
        settings = CatalogSettings(database_url=database_url("catalog"), **SECRETS)
        app = ready_made(build_catalog, settings, transport=HostRouter({"exchange.test": suite.apps["exchange"]}))
        suite.apps["catalog"] = app
        suite.clients["catalog"] = await stack.enter_async_context(running(app, "http://catalog.test"))
        yield suite
