"""What `/metrics` tells of the state of each service, and that a broken audit chain is found and told."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import asyncpg
import httpx
import pytest

from services.exchange_api.service.state import STATE_METRICS as EXCHANGE_STATE
from services.search_sync.repository.state import STATE_METRICS as SEARCH_STATE
from shared.kit.audit import check_audit
from shared.kit.clock import system_clock
from shared.kit.database import Database
from shared.kit.state_metrics import state_registry
from shared.kit.worker import run_jobs
from tests.integration.test_webhooks import OFFICES, register, subscribe
from tests.request_office import open_request_office, request
from tests.services import Suite, exchange_suite
from tests.subscribers import Received, endpoint, eventually, working


@pytest.fixture
async def suite(database_url: Callable[[str], str]) -> AsyncIterator[Suite]:
    async with exchange_suite(database_url) as opened:
        yield opened


async def told(client: httpx.AsyncClient) -> dict[str, float]:
    """Series and value."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    lines = [line.rpartition(" ") for line in answer.text.splitlines() if line.startswith("mingquan_")]
    return {name: float(value) for name, _, value in lines}


async def test_exchange_tells_of_readers_messages_and_the_calendar(suite: Suite) -> None:
    async with endpoint() as hooks:

        async def refuse(_: Received) -> tuple[int, dict[str, str]]:
            return 500, {}

        hooks.behave = refuse
        async with working(suite):
            await subscribe(suite, hooks.url)
            await register(suite, OFFICES[0])
            await hooks.until(lambda: bool(hooks.received))
            now = await told(suite.exchange)
    assert now['mingquan_deliveries{state="pending"}'] == 1
    assert now['mingquan_deliveries{state="dead"}'] == now["mingquan_subscriptions_disabled"] == 0
    assert 0 <= now["mingquan_delivery_oldest_seconds"] < 60
    assert 0 <= now['mingquan_reader_lag_seconds{reader="webhooks",source="exchange"}'] < 60
    assert now["mingquan_calendar_horizon_days"] > -366
    assert now["mingquan_log_events"] == 5
    wanted = {metric.name for metric in EXCHANGE_STATE}
    assert {re.split("[{]", name)[0] for name in now} >= wanted


async def test_requests_are_told_by_the_colour_of_their_clock(database_url: Callable[[str], str]) -> None:
    async with open_request_office(database_url) as office:
        await office.submit()
        await office.submit(request(channel="online", signed_on=None, wanted={"description": "另一份"}), "r2")
        office.set_day("2025-10-30")
        now = await told(office.suite.clients["request"])
    assert {name: value for name, value in now.items() if "open_requests" in name and value} == {
        'mingquan_open_requests{colour="red"}': 1,
        'mingquan_open_requests{colour="none"}': 1,
    }


async def test_a_figure_that_cannot_be_read_is_left_out(suite: Suite) -> None:
    """search_sync's tables are not in this schema: none of its figures is told, and nothing fails."""
    kit = suite.apps["exchange"].state.kit
    assert [one.samples for one in (await state_registry(SEARCH_STATE, kit)).collect() if one.samples] == []


async def test_a_changed_audit_trail_is_found_and_told(suite: Suite, database_url: Callable[[str], str]) -> None:
    database: Database = suite.apps["exchange"].state.kit.database
    await register(suite, OFFICES[0])
    first = await check_audit(database)
    assert first.whole
    await register(suite, OFFICES[1])
    second = await check_audit(database)
    assert second.entries == first.entries + 1
    assert (await told(suite.exchange))["mingquan_audit_whole"] == 1
    owner = await asyncpg.connect(database_url("exchange"))
    await owner.execute("ALTER TABLE exchange.audit_entry DISABLE TRIGGER USER")
    await owner.execute("UPDATE exchange.audit_entry SET entry = entry || ' ' WHERE seq = 2")
    await owner.close()
    # What was found whole is not walked again until the next day.
    assert (await check_audit(database)).whole
    verdict = await check_audit(database, lambda: system_clock() + timedelta(days=1, seconds=1))
    assert verdict.broken_at == 2
    assert (await told(suite.exchange))["mingquan_audit_whole"] == 0
    assert not (await check_audit(database)).whole, "it is told until it is mended"


async def test_new_entries_that_do_not_fit_are_found_at_once(suite: Suite, database_url: Callable[[str], str]) -> None:
    database: Database = suite.apps["exchange"].state.kit.database
    assert (await check_audit(database)).whole
    await register(suite, OFFICES[0])
    owner = await asyncpg.connect(database_url("exchange"))
    await owner.execute("ALTER TABLE exchange.audit_entry DISABLE TRIGGER USER")
    await owner.execute("DELETE FROM exchange.audit_entry WHERE seq = (SELECT max(seq) FROM exchange.audit_entry)")
    await owner.close()
    assert not (await check_audit(database)).whole


async def test_the_worker_looks_by_itself(suite: Suite) -> None:

    database: Database = suite.apps["exchange"].state.kit.database
    stop = asyncio.Event()
    running = asyncio.create_task(run_jobs(database, name="watched", jobs=[], asked_to_stop=stop))

    async def looked() -> bool:
        return bool(await database.reads.fetchval("SELECT count(*) FROM audit_check"))

    await eventually(looked)
    stop.set()
    await running
