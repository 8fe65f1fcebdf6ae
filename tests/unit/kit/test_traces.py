"""A trace tells method, route and status, never a query or a path's values."""

import httpx
from fastapi import FastAPI
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from services.request_api.settings import Settings
from shared.kit.telemetry import trace_requests
from tests.services import SECRETS


async def test_a_trace_holds_neither_codes_nor_names() -> None:
    app, exporter = FastAPI(), InMemorySpanExporter()

    @app.get("/v1/things/{name}")
    async def read(name: str) -> dict[str, str]:
        return {"name": name}

    settings = Settings(database_url="postgresql://u:p@h/d", otlp_endpoint="http://collector.test", **SECRETS)
    traced = trace_requests(app, settings, exporter=exporter)
    transport = httpx.ASGITransport(app=traced)
    async with httpx.AsyncClient(transport=transport, base_url="http://request.test") as client:
        answer = await client.get("/v1/things/liu-qinghe", params={"code": "ABCDEFGHJKLM"})
    assert answer.status_code == 200
    spans = exporter.get_finished_spans()
    told = "\n".join(span.to_json() for span in spans)
    assert "GET /v1/things/{name}" in {span.name for span in spans}
    assert [planted for planted in ("liu-qinghe", "ABCDEFGHJKLM") if planted in told] == []


def test_without_a_collector_nothing_is_traced() -> None:
    app = FastAPI()
    assert trace_requests(app, Settings(database_url="postgresql://u:p@h/d", **SECRETS)) is app
