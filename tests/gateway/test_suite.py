"""The shipped nginx configuration before the whole running suite: five services, their workers, their storage."""

import json
import os
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from deploy.local.nginx import SERVICES, Nginx
from deploy.local.processes import free_port
from shared.schemas.scopes import Scope
from tests.e2e.test_run import LAST_LINE, Home, Launcher
from tests.gateway.houses import gateway, needs_nginx
from tests.subscribers import eventually

WANTED = "MINGQUAN_GATEWAY_TEST"
pytestmark = [
    needs_nginx,
    pytest.mark.skipif(WANTED not in os.environ, reason="starts a suite of its own: `make gateway-test` runs it"),
]
CITY = "1137010000418859XL"
LINES = 400
TEXT = "各区人民政府：请按要求做好政务公开有关工作，及时发布，认真解读。" * 180
CODE = "ABCDEFGHJKMN"


def passable_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="mingquan-gateway-suite-"))
    folder.chmod(0o711)
    return folder


@pytest.fixture(scope="module")
async def suite() -> AsyncIterator[tuple[Nginx, httpx.AsyncClient, Home]]:
    """`make run` without demo data, and the gateway of a deployment before it."""
    folder = passable_folder()
    home = Home(folder / "state", free_port())
    launcher = Launcher(home)
    try:
        launcher.wait_for(LAST_LINE)
        addresses: dict[str, Any] = home.running["services"]
        upstreams = {name: urlsplit(str(addresses[name])).netloc for name in SERVICES}
        async with (
            gateway(upstreams) as nginx,
            httpx.AsyncClient(base_url=nginx.url, trust_env=False, timeout=30) as client,
        ):
            yield nginx, client, home
    finally:
        if launcher.process.poll() is None:
            launcher.end(signal.SIGTERM)
        if launcher.process.stdout is not None:
            launcher.process.stdout.close()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
async def pushed(suite: tuple[Nginx, httpx.AsyncClient, Home]) -> list[dict[str, Any]]:
    """What a bulk push of more than nginx sends at once is answered, line by line."""
    _, client, home = suite
    credentials = json.loads((home.state / "secrets.json").read_bytes())["administrator"]
    admin = await token(client, credentials["client_id"], credentials["client_secret"])
    wanted = {
        "name": "推送",
        "organization": CITY,
        "scopes": [Scope.POLICY_WRITE, Scope.POLICY_IMPORT, Scope.EVENTS_READ],
    }
    secret = (await client.post("/api/exchange/v1/clients", json=wanted, headers=admin)).json()["secret"]
    headers = await token(client, secret["client_id"], secret["client_secret"])
    client.headers["X-Test-Token"] = headers["Authorization"]
    batch = "\n".join(json.dumps(line(number)) for number in range(LINES)).encode()
    assert len(batch) > 10_000_000
    ndjson = headers | {"Content-Type": "application/x-ndjson"}
    answered = await client.post("/api/policy/v1/policies:batch", content=batch, headers=ndjson)
    assert answered.status_code == 200, answered.text
    return [json.loads(one) for one in answered.text.splitlines()]


def line(number: int) -> dict[str, Any]:
    return {
        "organization": CITY,
        "external_id": f"gateway-{number}",
        "title": f"关于做好第{number}项政务公开工作的通知",
        "body": TEXT,
        "published_on": "2025-06-06",
    }


async def token(client: httpx.AsyncClient, client_id: str, client_secret: str) -> dict[str, str]:
    form = {"grant_type": "client_credentials"}
    answer = await client.post("/api/exchange/v1/oauth/token", data=form, auth=(client_id, client_secret))
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def test_every_service_is_reached_and_well(suite: tuple[Nginx, httpx.AsyncClient, Home]) -> None:
    _, client, _ = suite
    health = await client.get("/health")
    assert (health.status_code, health.json()["status"]) == (200, "ok")
    for name in SERVICES:
        led = await client.get(f"/api/{name}")
        assert led.headers["location"] == f"/api/{name}/docs"
        reference = await client.get(f"/api/{name}/docs")
        assert reference.headers["content-type"].startswith("text/html")
        for resource in set(_local_addresses(reference.text)):
            assert (await client.get(resource)).status_code == 200, resource
        described = (await client.get(f"/api/{name}/openapi.json")).json()
        assert described["servers"] == [{"url": f"/api/{name}"}]
        for word in ("healthz", "readyz", "metrics", "%6detrics", "/metrics", "metrics%0a", "v1/../metrics"):
            assert (await client.get(f"/api/{name}/{word}")).status_code == 404


def _local_addresses(page: str) -> list[str]:
    return [part.partition('"')[0] for part in page.split('="')[1:] if part.startswith("/api/")]


async def test_a_bulk_push_arrives_whole(pushed: list[dict[str, Any]]) -> None:
    assert len(pushed) == LINES
    assert {one["status"] for one in pushed} == {201}, pushed[0]


async def test_public_reads_are_kept_compressed_and_conditional(
    suite: tuple[Nginx, httpx.AsyncClient, Home], pushed: list[dict[str, Any]]
) -> None:
    _, client, home = suite
    listed = (await client.get("/api/policy/v1/policies")).json()["items"]
    path = f"/api/policy/v1/policies/{listed[0]['id']}"
    first, second = await client.get(path), await client.get(path)
    assert "hit" in second.headers["cache-status"]
    assert first.headers["content-encoding"] == second.headers["content-encoding"] == "gzip"
    assert second.content == home.get(path).content
    again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert len(pushed) == LINES


async def test_what_a_token_asks_passes_the_cache_by(
    suite: tuple[Nginx, httpx.AsyncClient, Home], pushed: list[dict[str, Any]]
) -> None:
    _, client, _ = suite
    headers = {"Authorization": client.headers["X-Test-Token"]}
    page = await client.get("/api/policy/v1/events?limit=1", headers=headers)
    assert (page.status_code, len(page.json()["events"])) == (200, 1)
    assert page.headers["cache-control"] == "no-store"
    assert '"client";q=100;w=1' in page.headers["ratelimit-policy"]
    export = await client.get("/api/policy/v1/export", headers=headers)
    assert len(export.text.splitlines()) == len(pushed) + 1
    assert (await client.get("/api/policy/v1/events")).status_code == 401


async def test_searches_go_through(suite: tuple[Nginx, httpx.AsyncClient, Home], pushed: list[dict[str, Any]]) -> None:
    _, client, _ = suite

    async def is_found() -> bool:
        found = await client.get("/api/search/v1/search", params={"q": "政务公开"})
        return found.status_code == 200 and found.json()["total"] >= len(pushed)

    await eventually(is_found, seconds=60)


async def test_wrong_query_codes_are_counted_by_the_visitors_address(
    suite: tuple[Nginx, httpx.AsyncClient, Home],
) -> None:
    """The service is told whose they are, and nothing that is written down names a code."""
    nginx, client, _ = suite
    statuses = [
        (await client.get("/api/request/v1/track", params={"number": "x", "code": CODE})).status_code for _ in range(11)
    ]
    assert statuses == [404] * 10 + [429]
    assert CODE not in nginx.log.read_text(encoding="utf-8")
