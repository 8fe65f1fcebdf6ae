"""PostgreSQL goes away and comes back: said clearly meanwhile, and nobody has to restart a service."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from deploy.local.postgres import Postgres, place_for
from deploy.local.processes import free_port
from deploy.local.provision import provision
from shared.kit import migrations
from shared.schemas.scopes import Scope
from tests.conftest import PASSWORD, service_url
from tests.services import CITY, DISTRICT_A, Suite, exchange_suite

YEAR = {"off": ["2027-01-01"], "work": [], "source": "国务院办公厅关于2027年部分节假日安排的通知（虚构）"}


@pytest.fixture
async def own_postgres(state: Path) -> AsyncIterator[Postgres]:
    """A server that only this test stops."""
    server = Postgres(place_for(state / "stopped"), port=free_port(), password=PASSWORD, durable=False)
    (state / "stopped").mkdir(mode=0o711)
    # From this thread: the child is to die with the thread that started it.
    server.start()
    admin = await asyncpg.connect(server.url)
    await provision(admin, password=PASSWORD)
    await admin.close()
    url = service_url(server, "postgres", "exchange")
    await asyncio.to_thread(migrations.upgrade, "services.exchange_api", database_url=url, schema="exchange")
    yield server
    server.stop()


async def statuses(suite: Suite) -> dict[str, int]:
    """What one call of each kind is answered."""
    calls = {
        "health": suite.exchange.get("/healthz"),
        "ready": suite.exchange.get("/readyz"),
        "read": suite.exchange.get(f"/v1/organizations/{DISTRICT_A}"),
        "list": suite.exchange.get("/v1/organizations"),
        "write": suite.exchange.put("/v1/calendar/years/2027", json=YEAR, headers=suite.admin),
        "metrics": suite.exchange.get("/metrics"),
    }
    return {name: (await call).status_code for name, call in calls.items()}


async def test_service_says_that_its_database_is_away_and_recovers_by_itself(own_postgres: Postgres) -> None:
    async with exchange_suite(lambda schema: service_url(own_postgres, "postgres", schema)) as suite:
        well = {"health": 200, "ready": 200, "read": 200, "list": 200, "write": 200, "metrics": 200}
        assert await statuses(suite) == well
        own_postgres.stop()
        assert await statuses(suite) == well | {"ready": 503, "read": 503, "list": 503, "write": 503}
        problem = await suite.exchange.get(f"/v1/organizations/{DISTRICT_A}")
        assert problem.headers["content-type"] == "application/problem+json"
        assert (problem.json()["code"], problem.headers["retry-after"]) == ("unavailable", "5")
        own_postgres.start()
        assert await statuses(suite) == well
        await _log_wakes_its_readers_again(suite)


async def _log_wakes_its_readers_again(suite: Suite) -> None:
    headers = await suite.token(CITY, Scope.EVENTS_READ)
    cursor = (await suite.exchange.get("/v1/events", headers=headers)).json()["cursor"]
    async with asyncio.timeout(25):
        query: dict[str, str | int] = {"after": cursor, "wait": 20}
        waiting = asyncio.create_task(suite.exchange.get("/v1/events", params=query, headers=headers))
        changed = YEAR | {"off": ["2027-01-01", "2027-02-05"]}
        await suite.exchange.put("/v1/calendar/years/2027", json=changed, headers=suite.admin)
        assert [event["type"] for event in (await waiting).json()["events"]] == ["calendar.changed"]


async def test_not_ready_before_its_tables_exist(suite: Suite) -> None:
    connection = await suite.apps["exchange"].state.kit.database.connect()
    await connection.execute("ALTER TABLE log_head RENAME TO elsewhere")
    await connection.close()
    assert (await suite.exchange.get("/readyz")).status_code == 503
