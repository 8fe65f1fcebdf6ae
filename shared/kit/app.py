"""Builds a service's FastAPI application from its settings and routers: one way for all five."""

import asyncio
import signal
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from types import FrameType
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel

from shared.kit import feed, journal_route
from shared.kit.auth import (
    SECOND_ISSUER_ALGORITHMS,
    ClaimMapping,
    DenyList,
    LoadKeys,
    TokenVerifier,
    denied_over_http,
    keys_over_http,
)
from shared.kit.calendars import CalendarSource
from shared.kit.clock import Clock, system_clock
from shared.kit.collector import calm_collector
from shared.kit.database import Database
from shared.kit.feed import LogSignal
from shared.kit.http import SCOPES_MEMBER, install_problem_handlers
from shared.kit.journal import Journal
from shared.kit.logging import configure_logging
from shared.kit.organizations import OrganizationDirectory, organizations_over_http
from shared.kit.paging import CursorCodec
from shared.kit.quotas import Quotas
from shared.kit.settings import KitSettings
from shared.kit.state_metrics import StateMetric
from shared.kit.stored_reads import Lookup, StoredReads
from shared.kit.telemetry import Metrics, RequestEnvelope, install_health_routes, trace_requests
from shared.schemas.problems import Problem

Extend = Callable[["Kit"], AbstractAsyncContextManager[None]]


@dataclass
class Kit:
    """What every route may need, made once a process. `extra` holds a service's own long-lived parts by name."""

    settings: KitSettings
    database: Database
    cursors: CursorCodec
    client: httpx.AsyncClient
    verifier: TokenVerifier
    denied: DenyList
    directory: OrganizationDirectory
    calendar: CalendarSource
    signal: LogSignal
    quotas: Quotas
    journal: Journal
    extra: dict[str, Any]
    exports: asyncio.Semaphore
    """Places for exports: each holds a connection of its own for minutes."""
    clock: Clock = system_clock


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities that are trusted, read once a process."""
    return httpx.create_ssl_context(trust_env=False)


def build_kit(settings: KitSettings, *, transport: httpx.AsyncBaseTransport | None = None) -> Kit:
    """The parts, unopened. `transport` replaces the network for calls to other services."""
    database = Database(settings)
    client = httpx.AsyncClient(
        timeout=settings.outbound_timeout_seconds, trust_env=False, transport=transport, verify=_trusted()
    )
    ttl = settings.directory_ttl_seconds
    kept = timedelta(days=settings.journal_retention_days)
    return Kit(
        settings=settings,
        database=database,
        cursors=CursorCodec(settings.cursor_key.get_secret_value()),
        client=client,
        verifier=build_verifier(settings, client, keys_over_http(client, settings.keys_url)),
        denied=DenyList(denied_over_http(client, settings.denied_url), ttl_seconds=settings.denied_ttl_seconds),
        directory=OrganizationDirectory(organizations_over_http(client, settings.exchange_url), ttl_seconds=ttl),
        calendar=CalendarSource(client, exchange_url=settings.exchange_url, ttl_seconds=ttl),
        signal=LogSignal(database, settings.schema_name),
        quotas=Quotas(reads=settings.quota_reads_per_minute, writes=settings.quota_writes_per_minute),
        journal=Journal(database, retention=kept),
        extra={},
        exports=asyncio.Semaphore(settings.max_exports_at_once),
    )


def build_verifier(settings: KitSettings, client: httpx.AsyncClient, load_keys: LoadKeys) -> TokenVerifier:
    """Of exchange_api's tokens, and of the second issuer's where the settings name one."""
    second = None
    if settings.second_issuer is not None and settings.second_jwks_url is not None:
        second = TokenVerifier(
            keys_over_http(client, settings.second_jwks_url),
            issuer=settings.second_issuer,
            audience=settings.second_audience or settings.token_audience,
            algorithms=SECOND_ISSUER_ALGORITHMS,
            mapping=mapping_of(settings),
        )
    return TokenVerifier(load_keys, issuer=settings.token_issuer, audience=settings.token_audience, second=second)


def mapping_of(settings: KitSettings) -> ClaimMapping:
    """How the second issuer's claims are read."""
    roles = settings.second_roles
    return ClaimMapping(
        subject=settings.second_subject_claim,
        organization=settings.second_organization_claim,
        scope=settings.second_scope_claim,
        roles=None if roles is None else {role: frozenset(s.value for s in held) for role, held in roles.items()},
    )


@contextmanager
def _told_of_the_stop(log_signal: LogSignal) -> Iterator[None]:
    """Let the log's readers go as soon as the server is asked to stop, before it waits for them."""
    loop = asyncio.get_running_loop()
    servers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    ours = {}
    for number, server in servers.items():
        # Only in front of a server's own handler: a test run or a shell has others.
        if getattr(server, "__name__", "") == "handle_exit" and callable(server):

            def leave(given: int, frame: FrameType | None, server: Callable[..., Any] = server) -> None:
                loop.call_soon_threadsafe(log_signal.close)
                server(given, frame)

            signal.signal(number, leave)
            ours[number] = server
    try:
        yield
    finally:
        for number, server in ours.items():
            signal.signal(number, server)


@asynccontextmanager
async def open_kit(kit: Kit, metrics: Metrics) -> AsyncIterator[None]:
    """Connected inside the block, closed after it."""
    async with kit.client:
        await kit.database.open()
        kit.signal.start()
        kit.journal.start(metrics.journal_dropped.inc)
        try:
            with _told_of_the_stop(kit.signal):
                yield
        finally:
            await kit.signal.stop()
            await kit.journal.close()
            await kit.database.close()


def create_app(
    settings: KitSettings,
    *,
    title: str,
    description: str,
    routers: Sequence[APIRouter],
    extend: Extend | None = None,
    serves_log: bool = True,
    transport: httpx.AsyncBaseTransport | None = None,
    stored_reads: Mapping[str, tuple[str, Lookup]] | None = None,
    line_schemas: Sequence[type[BaseModel]] = (),
    journal_external_ids: bool = True,
    state_metrics: Sequence[StateMetric] = (),
) -> FastAPI:
    """The application with problem documents, health, metrics, log and an API reference that needs no network.

    `extend` is entered inside the kit's own life span, for a service's own long-lived parts. `stored_reads` maps an
    address without its id (`/v1/policies`) to the route's template and the look-up of what is stored. `line_schemas` are
    the models of NDJSON lines, which OpenAPI cannot find by itself. `journal_external_ids` says whether the ids that
    clients give may stand in their journals: not where they may tell of persons. `state_metrics` are the service's own
    beside the kit's.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        configure_logging(settings.schema_name, level=settings.log_level)
        calm_collector()
        kit: Kit = app.state.kit
        async with open_kit(kit, app.state.metrics):
            if extend is None:
                yield
            else:
                async with extend(kit):
                    yield

    app = FastAPIOffline(
        title=title,
        description=description,
        version="1",
        lifespan=lifespan,
        servers=[{"url": settings.source}],
        generate_unique_id_function=lambda route: route.name,
        redoc_url=None,
    )
    app.state.kit = build_kit(settings, transport=transport)
    app.state.metrics = Metrics()
    install_problem_handlers(app)
    install_health_routes(app, state_metrics)
    for router in (*routers, *([feed.router] if serves_log else []), journal_route.router):
        app.include_router(router)
    app.openapi = lambda: _openapi(app, (Problem, *line_schemas))  # type: ignore[method-assign]  # FastAPI's documented way to replace it
    if stored_reads:
        app.add_middleware(
            StoredReads,
            lookups=stored_reads,
            pool=lambda: app.state.kit.database.reads,
            clock=lambda: app.state.kit.clock,
        )
    app.add_middleware(
        RequestEnvelope,
        metrics=app.state.metrics,
        log_access=settings.log_access,
        journal=lambda: app.state.kit.journal,
        external_ids=journal_external_ids,
    )
    if settings.otlp_endpoint is not None:
        build = app.build_middleware_stack
        app.build_middleware_stack = lambda: trace_requests(build(), settings)  # type: ignore[method-assign]  # the only place outside all middleware
    return app


_HEADERS = {
    "RateLimit-Policy": {
        "description": "配额：时段 w 秒内 q 次（draft-ietf-httpapi-ratelimit-headers）",
        "schema": {"type": "string", "examples": ['"writes";q=30000;w=60']},
    },
    "RateLimit": {
        "description": "余额：还可调用 r 次，t 秒后恢复",
        "schema": {"type": "string", "examples": ['"writes";r=29999;t=1']},
    },
    "Retry-After": {"description": "多少秒后可以重试", "schema": {"type": "integer", "minimum": 0}},
}


def _openapi(app: FastAPI, models: Sequence[type[BaseModel]]) -> dict[str, Any]:
    """FastAPI's document plus these models' schemas, less the validation schema that is never answered."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            servers=app.servers,
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        for model in models:
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(schema.pop("$defs", {}))
            schemas[model.__name__] = schema
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        for operations in document["paths"].values():
            for operation in operations.values():
                _name_scopes(operation)
                _name_headers(operation)
        document["components"]["headers"] = _HEADERS
        app.openapi_schema = document
    return app.openapi_schema


def _name_headers(operation: dict[str, Any]) -> None:
    """What answers say of the quota, where a token is asked for, and of when to come back."""
    quota = ("RateLimit-Policy", "RateLimit") if "security" in operation else ()
    for status, response in operation["responses"].items():
        names = (*quota, *(("Retry-After",) if status in ("429", "503") else ()))
        if names:
            named = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
            response["headers"] = {**named, **response.get("headers", {})}


def _name_scopes(operation: dict[str, Any]) -> None:
    """Say in OpenAPI's own way which scopes admit: any one of them; none at all where a token is optional."""
    wanted = operation.pop(SCOPES_MEMBER, None)
    if wanted is None or "security" not in operation:
        return
    ways = [{"oauth2": [str(scope)]} for scope in wanted["any_of"]] or [{"oauth2": []}]
    operation["security"] = [{}, *ways] if wanted["optional"] else ways
