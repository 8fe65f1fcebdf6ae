"""One pure-ASGI layer around every request: its id, its log line, its metrics. Health, readiness and traces.

`BaseHTTPMiddleware` would cost twenty times as much (docs/decisions/0003-read-path.md).
"""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uuid_utils import uuid7

from shared.kit.calls import Call, call_of
from shared.kit.clock import system_clock
from shared.kit.database import is_unavailable
from shared.kit.http import answer_unavailable, answer_unexpected
from shared.kit.journal import Journal, entry_of
from shared.kit.logging import get_logger, log_access, request_id_var
from shared.kit.quotas import SAFE_METHODS
from shared.kit.settings import KitSettings
from shared.kit.state_metrics import KIT_METRICS, StateMetric, state_registry
from shared.schemas.problems import ErrorCode

logger = get_logger(__name__)

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


@dataclass
class Metrics:
    """The service's own registry and the four golden signals' raw material."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)

    def __post_init__(self) -> None:
        self.requests = Counter(
            "mingquan_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "mingquan_request_seconds", "Time to the last byte.", ("route",), buckets=_BUCKETS, registry=self.registry
        )
        self.journal_dropped = Counter(
            "mingquan_journal_dropped", "Lines that clients will miss in their journals.", registry=self.registry
        )
        self._children: dict[tuple[str, str, int], tuple[Any, Any]] = {}

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answered request."""
        children = self._children.get((method, route, status))
        if children is None:
            children = (self.requests.labels(method, route, str(status)), self.seconds.labels(route))
            self._children[method, route, status] = children
        children[0].inc()
        children[1].observe(seconds)


class RequestEnvelope:
    """Outermost ASGI layer. Logs method, route template, status and time; never the query or a path's values."""

    def __init__(
        self, app: ASGIApp, *, metrics: Metrics, log_access: bool, journal: Callable[[], Journal], external_ids: bool
    ) -> None:
        """`journal` is asked for once the app has started; `external_ids` says whether clients' own ids may stand in it."""
        self.app = app
        self.journal = journal
        self.external_ids = external_ids
        self.metrics = metrics
        self.log_access = log_access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        token = request_id_var.set(request_id)
        header = (b"x-request-id", request_id.encode())
        started, status = time.perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                call = call_of(scope)
                message["headers"] = [*message["headers"], header, *(call.headers if call is not None else ())]
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except ClientDisconnect:
            # Nobody is left to answer, and nothing went wrong here.
            logger.info("client went away")
        except Exception as error:
            if status:
                # Half an answer has left: only a cut connection tells the caller that it is not whole.
                raise
            away = is_unavailable(error)
            if (call := call_of(scope)) is not None:
                call.code = (ErrorCode.UNAVAILABLE if away else ErrorCode.INTERNAL_ERROR).value
            answer = answer_unavailable(error) if away else answer_unexpected(error)
            await answer(scope, receive, send_with_id)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "(none)")
            # The word is the caller's: an invented one must neither make a new time series nor reach the log.
            method = scope["method"] if scope["method"] in _METHODS else "OTHER"
            self.metrics.observe(method, route, status, seconds)
            if self.log_access:
                log_access(method, route, status, seconds, request_id)
            call = call_of(scope)
            if call is not None and (method not in SAFE_METHODS or status >= 400):
                self._note(call, scope, method, route, status, request_id, seconds)
            request_id_var.reset(token)

    def _note(
        self, call: Call, scope: Scope, method: str, route: str, status: int, request_id: str, seconds: float
    ) -> None:
        entry = entry_of(
            call,
            at=system_clock(),
            method=method,
            route=route,
            status=status,
            request_id=request_id,
            seconds=seconds,
            values=scope.get("path_params", {}),
            external_ids=self.external_ids,
        )
        self.journal().note(entry, over_quota=call.over_quota)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return bytes(value).decode()
    return uuid7().hex


def install_health_routes(app: FastAPI, state: Sequence[StateMetric]) -> None:
    """`/healthz` (the process runs), `/readyz` (it can serve), `/metrics`. Internal: the gateway does not route them."""

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> Response:
        return Response(b'{"status":"ok"}', media_type="application/json")

    @app.get("/readyz", include_in_schema=False)
    async def readyz(request: Request) -> Response:
        try:
            await request.app.state.kit.database.reads.fetchval("SELECT 1 FROM log_head", timeout=2)
        except Exception as error:  # Whatever it is, the answer is the same: not ready.
            logger.warning("not ready", error=type(error).__name__)
            return Response(b'{"status":"database"}', status_code=503, media_type="application/json")
        return Response(b'{"status":"ok"}', media_type="application/json")

    @app.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        now = await state_registry((*KIT_METRICS, *state), request.app.state.kit)
        counted = generate_latest(request.app.state.metrics.registry)
        return Response(counted + generate_latest(now), media_type=CONTENT_TYPE_LATEST)


_TELLING = (
    *("http.url", "http.target", "url.full", "url.path", "url.query", "http.user_agent", "user_agent.original"),
    *("net.peer.ip", "client.address"),
)
"""What a span would say of an address and of who asks: a query may hold a code, a path a name that somebody gave."""


def trace_requests(app: ASGIApp, settings: KitSettings, *, exporter: Any = None) -> ASGIApp:
    """OpenTelemetry around the app when `MINGQUAN_OTLP_ENDPOINT` is set; the app itself otherwise. `exporter` for tests.

    A span tells method, route template and status; never the query or a path's values.
    """
    if settings.otlp_endpoint is None:
        return app
    # Imported here: the SDK costs 40 MB and 0.4 s that a city without a collector need not pay.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": f"mingquan-{settings.schema_name}"}))
    provider.add_span_processor(
        SimpleSpanProcessor(exporter)
        if exporter is not None
        else BatchSpanProcessor(OTLPSpanExporter(endpoint=settings.otlp_endpoint))
    )
    return OpenTelemetryMiddleware(
        _naming(app),
        default_span_details=lambda scope: (str(scope.get("method", scope["type"])), {}),
        server_request_hook=_keep_still,
        tracer_provider=provider,
        exclude_spans=["receive", "send"],
    )


def _keep_still(span: Any, scope: dict[str, Any]) -> None:
    if span is not None and span.is_recording():
        for name in _TELLING:
            if name in span.attributes:
                span.set_attribute(name, "")


def _naming(app: ASGIApp) -> ASGIApp:
    """Names the span by the route, which is known only once it has been found."""
    from opentelemetry import trace

    async def named(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_named(message: Message) -> None:
            route = getattr(scope.get("route"), "path", None)
            if message["type"] == "http.response.start" and route is not None:
                span = trace.get_current_span()
                span.set_attribute("http.route", route)
                span.update_name(f"{scope['method']} {route}")
            await send(message)

        await app(scope, receive, send_named)

    return named
