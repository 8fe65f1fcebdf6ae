"""A real process, planted values in every part of a request, and its log searched for them afterwards."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from deploy.local.processes import free_port, spawn, stop
from services.exchange_api.bootstrap import bootstrap
from services.exchange_api.settings import Settings
from shared.kit.database import Database
from shared.schemas.organizations import Level, OrganizationInput, OrganizationKind
from tests.services import CITY, SECRETS

ROOT = Path(__file__).resolve().parents[3]
PLANTED = "planted-value-93751"
FAULT = """
CREATE FUNCTION refuse_client() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'cannot store %', NEW.name USING DETAIL = NEW.name; END $$;
CREATE TRIGGER refuse_client BEFORE INSERT ON client FOR EACH ROW EXECUTE FUNCTION refuse_client()
"""


@dataclass
class Process:
    """A service as an operator runs it."""

    url: str
    log: Path
    client_id: str
    client_secret: str
    process: subprocess.Popen[bytes]


@pytest.fixture
async def exchange(settings: Settings, database: Database, tmp_path: Path) -> AsyncIterator[Process]:
    root = OrganizationInput(
        name="泉城市人民政府", kind=OrganizationKind.GOVERNMENT, level=Level.CITY, division_code="370100"
    )
    created = await bootstrap(database, settings, CITY, root)
    assert created is not None
    log, port = tmp_path / "log", free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "MINGQUAN_DATABASE_URL": settings.database_url.get_secret_value(),
        "MINGQUAN_CURSOR_KEY": SECRETS["cursor_key"],
        "MINGQUAN_KEY_ENCRYPTION_KEY": SECRETS["key_encryption_key"],
        "MINGQUAN_EXCHANGE_URL": f"http://127.0.0.1:{port}",
    }
    command = [sys.executable, "-m", "uvicorn", "--factory", "services.exchange_api.main:app", "--port", str(port)]
    process = spawn(command, log=log, environment=environment)
    secret = created.secret
    yield Process(f"http://127.0.0.1:{port}", log, str(secret.client_id), secret.client_secret, process)
    stop(process)


async def ready(client: httpx.AsyncClient) -> None:
    """Return once the process answers."""
    async with asyncio.timeout(60):
        while True:
            try:
                if (await client.get("/readyz")).is_success:
                    return
            except httpx.TransportError:
                await asyncio.to_thread(os.sched_yield)


async def test_log_repeats_nothing_of_what_was_sent(exchange: Process, database: Database) -> None:
    secrets = [exchange.client_secret]
    async with httpx.AsyncClient(base_url=exchange.url, trust_env=False) as client:
        await ready(client)
        form = {"grant_type": "client_credentials", "client_id": exchange.client_id, "client_secret": secrets[0]}
        token = (await client.post("/v1/oauth/token", data=form)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "X-Request-Id": "known-request-id"}
        secrets.append(token)
        wrong = form | {"client_secret": PLANTED}
        wanted = {"name": PLANTED, "organization": CITY, "scopes": ["events:read"]}
        calls = [
            client.post("/v1/oauth/token", data=wrong),
            client.get(f"/v1/organizations/{PLANTED}", params={"q": PLANTED}, headers={"X-Planted": PLANTED}),
            client.get("/v1/events", params={"after": PLANTED}, headers=headers),
            client.get(f"/{PLANTED}?{PLANTED}"),
            client.get("/v1/events", headers={"Authorization": f"Bearer {PLANTED}"}),
            client.post("/v1/clients", json={"name": 1, PLANTED: PLANTED}, headers=headers),
            client.post("/v1/clients", content=PLANTED, headers=headers | {"Content-Type": "application/json"}),
        ]
        assert [(await call).status_code for call in calls] == [401, 404, 422, 404, 401, 422, 422]
        beside = await database.connect()
        await beside.execute(FAULT)
        await beside.close()
        failed = await client.post("/v1/clients", json=wanted, headers=headers)
        assert (failed.status_code, PLANTED in failed.text) == (500, False)
    stop(exchange.process)
    text = exchange.log.read_text(encoding="utf-8")
    assert [value for value in (PLANTED, *secrets) if value in text] == []
    lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    fault = next(line for line in lines if line["event"] == "unexpected error")
    assert fault["request_id"] == "known-request-id"
    assert any("RaiseError" in link["type"] for link in fault["exception"])
    assert {line["route"] for line in lines if line["event"] == "request"} >= {"/v1/organizations/{code}", "(none)"}


async def test_stop_lets_waiting_readers_go_and_logs_no_fault(exchange: Process) -> None:
    async with httpx.AsyncClient(base_url=exchange.url, trust_env=False, timeout=40) as client:
        await ready(client)
        form = {"grant_type": "client_credentials"}
        token = await client.post("/v1/oauth/token", data=form, auth=(exchange.client_id, exchange.client_secret))
        headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
        cursor = (await client.get("/v1/events", headers=headers)).json()["cursor"]
        query = {"after": cursor, "wait": 30}
        # Two connections that are open already: what is sent on the first is there before what the second answers.
        await asyncio.gather(client.get("/healthz"), client.get("/healthz"))
        waiting = asyncio.create_task(client.get("/v1/events", params=query, headers=headers))
        # Another answer after it has been sent: by then the reader's request is on its way in.
        assert (await client.get("/healthz")).status_code == 200
        exchange.process.terminate()
        async with asyncio.timeout(10):
            page = await waiting
        assert (page.status_code, page.json()["events"]) == (200, [])
    assert await asyncio.to_thread(exchange.process.wait, 10) is not None
    said = exchange.log.read_text(encoding="utf-8")
    assert '"level": "error"' not in said, said[-2000:]
