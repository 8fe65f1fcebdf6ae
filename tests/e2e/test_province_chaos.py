"""Dispatcher and province are processes, killed at random (`kill -9`) while events are sent: nothing is lost, untold or out of order.

Beside the deaths the province fails in every way it knows: errors, resets, stalls longer than the sender waits, a wrong clock.
"""

import asyncio
import json
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.processes import spawn, stop
from services.exchange_api.service.subscriptions import verify_attempts
from shared.kit.clock import local_day
from tests.conftest import ROOT
from tests.front import serving
from tests.integration.test_webhook_chaos import hurry
from tests.integration.test_webhooks import OFFICES, register, shown, subscribe
from tests.province import Province, province
from tests.services import SECRETS, Suite, exchange_suite
from tests.subscribers import eventually

SEED = 20261124
SUBJECTS = OFFICES[:20]
# Of each subject, in each turn.
VERSIONS = 2
DEATHS = ("worker", "province") * 4
MOODS: tuple[dict[str, Any], ...] = (
    {"mode": "status", "status": 500, "times": 15},
    {"mode": "reset", "times": 15},
    {"mode": "stall", "seconds": 30, "times": 4},
    {"mode": "retry_after", "seconds": 1, "times": 10},
    {"mode": "clock_skew", "seconds": 3600},
    {"mode": "status", "status": 302, "times": 5},
)


@pytest.fixture
async def suite(database_url: Callable[[str], str]) -> AsyncIterator[Suite]:
    async with exchange_suite(database_url) as opened:
        kit = opened.apps["exchange"].state.kit
        given = {"webhook_networks": ["127.0.0.0/8"], "webhook_allow_http": True}
        kit.settings = kit.settings.model_copy(update=given)
        yield opened


class Worker:
    """exchange_api's worker as a process."""

    def __init__(self, suite: Suite, port: int, log: Path) -> None:
        settings = suite.apps["exchange"].state.kit.settings
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MINGQUAN_")}
        self._log = log
        self._environment = inherited | {
            "PYTHONPATH": str(ROOT),
            "MINGQUAN_DATABASE_URL": settings.database_url.get_secret_value(),
            "MINGQUAN_CURSOR_KEY": SECRETS["cursor_key"],
            "MINGQUAN_KEY_ENCRYPTION_KEY": SECRETS["key_encryption_key"],
            "MINGQUAN_EXCHANGE_URL": f"http://127.0.0.1:{port}/api/exchange",
            "MINGQUAN_SOURCES": json.dumps({"exchange": f"http://127.0.0.1:{port}/api/exchange"}),
            "MINGQUAN_WEBHOOK_NETWORKS": '["127.0.0.0/8"]',
            "MINGQUAN_WEBHOOK_ALLOW_HTTP": "true",
            "MINGQUAN_WEBHOOK_TIMEOUT_SECONDS": "1",
            "MINGQUAN_WEBHOOK_REFRESH_SECONDS": "0.1",
            "MINGQUAN_LONG_POLL_SECONDS": "0.5",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "services.exchange_api.worker"]
        self.process = spawn(command, log=self._log, environment=self._environment)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        if self.process is not None:
            stop(self.process)


async def write(suite: Suite, versions: range) -> None:
    """Each subject's versions, one after another."""
    for version in versions:
        for code in SUBJECTS:
            await register(suite, code, name=f"机关{code[-5:]}第{version}版")


async def strike(rng: random.Random, suite: Suite, worker: Worker, far: Province) -> None:
    """A mood, events in the midst of it, and a death when the mood has been felt: as often as `DEATHS` says."""
    moods = [*MOODS, *rng.sample(MOODS, len(DEATHS) - len(MOODS))]
    for turn, (victim, mood) in enumerate(zip(DEATHS, moods, strict=True)):
        await far.behave(**mood)
        before = await failures(suite)
        await asyncio.gather(
            write(suite, range(turn * VERSIONS, (turn + 1) * VERSIONS)),
            failed(suite, before + rng.randrange(2, 5)),
        )
        if victim == "worker":
            worker.kill()
            worker.start()
        else:
            far.kill()
            await far.start()


async def failures(suite: Suite) -> int:
    """Tries that did not arrive, so far."""
    database = suite.apps["exchange"].state.kit.database
    count: int = await database.reads.fetchval("SELECT count(*) FROM attempt WHERE status NOT BETWEEN 200 AND 299")
    return count


async def failed(suite: Suite, times: int) -> None:
    """Returns when so many tries have not arrived."""

    async def enough() -> bool:
        return await failures(suite) >= times

    await eventually(enough, seconds=30)


async def hurry_along(suite: Suite, over: asyncio.Event) -> None:
    """What failed is due again at once: the schedule's hours are another test's."""
    while not over.is_set():
        await hurry(suite.apps["exchange"].state.kit.database)
        with suppress(TimeoutError):
            async with asyncio.timeout(0.1):
                await over.wait()


async def test_nothing_is_lost_untold_or_out_of_order(suite: Suite, tmp_path: Path) -> None:
    rng = random.Random(SEED)
    async with province(tmp_path / "province") as far, serving(suite.apps) as port:
        worker = Worker(suite, port, tmp_path / "worker.log")
        made = await subscribe(suite, far.hooks, ordered=True, concurrency=4, schemes=["v1", "v1a"])
        keys = {key["scheme"]: key["key"] for key in made["secrets"]}
        far.arguments = ("--secret", keys["v1"], "--public-key", keys["v1a"])
        far.kill()
        await far.start()
        worker.start()
        try:
            over = asyncio.Event()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(hurry_along(suite, over))
                await strike(rng, suite, worker, far)
                over.set()
            await far.behave("ok")
            await _until_all_are_delivered(suite, made)
        finally:
            worker.end()
        await _judge(suite, made, far)


async def _until_all_are_delivered(suite: Suite, made: dict[str, Any]) -> None:
    database = suite.apps["exchange"].state.kit.database

    async def all_delivered() -> bool:
        await hurry(database)
        count: int = await database.reads.fetchval(
            "SELECT count(*) FROM delivery WHERE state = 'delivered' AND subject = ANY($1)", SUBJECTS
        )
        return count == len(SUBJECTS) * VERSIONS * len(DEATHS) and (await shown(suite, made))["pending"] == 0

    await eventually(all_delivered, seconds=60)


async def _judge(suite: Suite, made: dict[str, Any], far: Province) -> None:
    """By what the province has on its disk, after one more death."""
    far.kill()
    await far.start()
    told = await far.received()
    versions: dict[str, list[int]] = {}
    for line in told["messages"]:
        versions.setdefault(line["subject"], []).append(line["place"])
    assert {code: versions[code] for code in SUBJECTS} == {
        code: [*range(1, VERSIONS * len(DEATHS) + 1)] for code in SUBJECTS
    }
    database = suite.apps["exchange"].state.kit.database
    acknowledged = await database.reads.fetch("SELECT message_id FROM delivery WHERE state = 'delivered'")
    assert {row["message_id"] for row in acknowledged} == {line["id"] for line in told["messages"]}
    assert await verify_attempts(database.reads) is None
    day = local_day(datetime.now(UTC)).isoformat()
    address = f"/v1/subscriptions/{made['subscription']['id']}/digest"
    ours: httpx.Response = await suite.exchange.get(address, params={"day": day}, headers=suite.admin)
    theirs = (await far.digest(day))["received"]
    assert {one["type"]: (one["count"], one["hash"]) for one in ours.json()["types"]} == {
        kind: (book["count"], book["sha256"]) for kind, book in theirs.items()
    }
