"""Real processes, killed without warning in the middle of their work: afterwards index and service agree."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from fastapi import FastAPI

from deploy.local.meilisearch import Meilisearch
from deploy.local.postgres import Postgres, place_for
from deploy.local.processes import free_port, spawn, stop
from deploy.local.provision import SCHEMAS, provision
from shared.kit import migrations
from shared.kit.app import create_app
from tests.conftest import CACHE, MASTER_KEY, PACKAGES, PASSWORD, ROOT, service_url
from tests.search import NOTHING, Search, StubSettings, representation, router, search_suite

DOCUMENTS = 800


def stub_app() -> FastAPI:
    """For `uvicorn --factory`: the stub as a process of its own."""
    return create_app(StubSettings(), title="Stub", description="A log.", routers=[router])


@dataclass
class Machine:
    """A PostgreSQL, a Meilisearch and services of its own."""

    postgres: Postgres
    meilisearch: Meilisearch
    folder: Path

    def url(self, schema: str) -> str:
        return service_url(self.postgres, "template_mingquan", schema)

    def run(self, name: str, arguments: list[str], environment: dict[str, str]) -> "subprocess.Popen[bytes]":
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MINGQUAN_")}
        return spawn(
            [sys.executable, *arguments],
            log=self.folder / f"{name}.log",
            environment={**inherited, **environment, "PYTHONPATH": str(ROOT)},
        )


@pytest.fixture
async def machine(state: Path) -> AsyncIterator[Machine]:
    """Not the run's own servers: these are going to be killed."""
    folder = state / "killed"
    folder.mkdir()
    folder.chmod(0o711)
    made = Machine(
        Postgres(place_for(folder), port=free_port(), password=PASSWORD),
        Meilisearch(folder / "meilisearch", port=free_port(), master_key=MASTER_KEY, cache=CACHE),
        folder,
    )
    made.postgres.start()
    made.meilisearch.start()
    try:
        admin = await asyncpg.connect(made.postgres.url)
        await admin.execute("CREATE DATABASE template_mingquan")
        await admin.close()
        inside = await asyncpg.connect(made.postgres.url.rpartition("/")[0] + "/template_mingquan")
        await provision(inside, password=PASSWORD)
        await inside.close()
        for schema in SCHEMAS:
            await asyncio.to_thread(migrations.upgrade, PACKAGES[schema], database_url=made.url(schema), schema=schema)
        yield made
    finally:
        made.meilisearch.stop()
        made.postgres.stop()


@asynccontextmanager
async def processes(machine: Machine, search: Search) -> AsyncIterator[Callable[[], Any]]:
    """exchange_api and the stub as processes; yields what starts a worker as a process that follows them."""
    exchange, policy = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    common = {
        "MINGQUAN_CURSOR_KEY": search.settings.cursor_key.get_secret_value(),
        "MINGQUAN_EXCHANGE_URL": exchange,
        "MINGQUAN_KEY_ENCRYPTION_KEY": "a-key-encryption-key-for-tests-only",
    }
    started = []
    for name, factory, url, schema in (
        ("exchange", "services.exchange_api.main:app", exchange, "exchange"),
        ("stub", "tests.integration.test_search_killed:stub_app", policy, "policy"),
    ):
        server = ["-m", "uvicorn", "--factory", factory, "--port", url.rpartition(":")[2], "--no-access-log"]
        started.append(machine.run(name, server, {**common, "MINGQUAN_DATABASE_URL": machine.url(schema)}))
    worker = {
        **common,
        "MINGQUAN_DATABASE_URL": machine.url("search"),
        "MINGQUAN_POLICY_URL": policy,
        "MINGQUAN_CLIENT_ID": search.settings.client_id,
        "MINGQUAN_CLIENT_SECRET": search.settings.client_secret.get_secret_value(),
        "MINGQUAN_MEILI_URL": machine.meilisearch.url,
        "MINGQUAN_MEILI_KEY": MASTER_KEY,
        "MINGQUAN_INDEX_UID": search.settings.index_uid,
        "MINGQUAN_PAGE_EVENTS": "20",
        "MINGQUAN_BATCH_DOCUMENTS": "20",
        "MINGQUAN_TASKS_IN_FLIGHT": "4",
    }

    def start() -> "subprocess.Popen[bytes]":
        process = machine.run("worker", ["-m", "services.search_sync.worker"], worker)
        started.append(process)
        return process

    try:
        yield start
    except BaseException:
        # The only witness: the folder goes with the run.
        sys.stderr.write((machine.folder / "worker.log").read_text()[-20_000:])
        raise
    finally:
        for process in reversed(started):
            stop(process)


async def test_everything_is_killed_during_a_batch_and_afterwards_nothing_differs(machine: Machine) -> None:
    async with (
        search_suite(machine.url, machine.meilisearch) as search,
        processes(machine, search) as start_worker,
    ):
        worker = start_worker()
        await until_documents(search, 0)
        await search.log.publish(*(representation() for _ in range(DOCUMENTS)))
        await until_documents(search, 60)
        worker.kill()
        worker.wait()
        worker = start_worker()
        await until_documents(search, await documents(search) + 40)
        machine.meilisearch.kill()
        machine.meilisearch.start()
        await until_documents(search, await documents(search) + 40)
        machine.postgres.kill()
        machine.postgres.start()
        await until_documents(search, 0)
        assert await documents(search) < DOCUMENTS, "all was done before anything was killed"
        assert worker.poll() is None, "the worker should outlive its stores"
        await until_documents(search, DOCUMENTS)
        await search.until_applied()
        assert await search.differences() == NOTHING
        assert await documents(search) == DOCUMENTS
        worker.terminate()
        assert await asyncio.to_thread(worker.wait, 30) == 0


async def documents(search: Search) -> int:
    """How many the ledger has; -1 while nobody can tell."""
    answer = await search.api.get("/v1/status")
    status = answer.json()
    return int(status["documents"].get("policy", 0)) if answer.is_success and status["ready"] else -1


async def until_documents(search: Search, at_least: int) -> None:
    async def reached() -> bool:
        return await documents(search) >= at_least

    try:
        await search.until(reached)
    except TimeoutError:
        pytest.fail(f"{at_least} documents not reached: {(await search.api.get('/v1/status')).text}")
