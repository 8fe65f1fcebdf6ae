"""A real PostgreSQL and a real Meilisearch for the whole run, started on demand, in folders of their own.

`database_url(schema)` gives a freshly cloned database per test that asks for one; unit tests ask for nothing and
start nothing.
"""

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.local.meilisearch import Meilisearch
from deploy.local.postgres import Postgres, place_for
from deploy.local.processes import free_port
from deploy.local.provision import SCHEMAS, provision
from shared.kit import migrations

PASSWORD = "test-only-password"
MASTER_KEY = "test-only-master-key"
ROOT = Path(__file__).resolve().parent.parent
# Survives runs: the Meilisearch program is downloaded once. `make run` shares it.
CACHE = Path(os.environ.get("MINGQUAN_CACHE", ROOT / ".mingquan" / "cache"))
PACKAGES = {
    "exchange": "services.exchange_api",
    "policy": "services.policy_api",
    "catalog": "services.catalog_api",
    "request": "services.request_api",
    "search": "services.search_sync",
}
MEMORY = Path("/dev/shm")
MEMORY_BYTES = 3_000_000_000
"""More than the servers of one process come to, their write-ahead log included."""
_PREFIX = "mingquan-test-"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def state() -> Iterator[Path]:
    """A folder for this run's servers."""
    memory = _memory()
    if memory is not None:
        _remove_left_behind(memory)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=memory))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def _memory() -> Path | None:
    """A folder in memory with room for this process's servers, where there is one: a clone costs a tenth there."""
    if not os.access(MEMORY, os.W_OK):
        return None
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    return MEMORY if shutil.disk_usage(MEMORY).free > processes * MEMORY_BYTES else None


def _remove_left_behind(memory: Path) -> None:
    """Runs that were killed leave their folder, and here it takes memory."""
    for folder in memory.glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdigit() and not Path("/proc", owner).exists():
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(state: Path) -> Iterator[Postgres]:
    """The run's PostgreSQL with one migrated template database."""
    server = Postgres(place_for(state), port=free_port(), password=PASSWORD, durable=False)
    server.start()
    try:
        # Alembic runs its own event loop, so this must not happen inside the tests'.
        asyncio.run(_make_template(server))
        for schema in SCHEMAS:
            url = service_url(server, "template_mingquan", schema)
            migrations.upgrade(PACKAGES[schema], database_url=url, schema=schema)
        asyncio.run(_make_city(server))
        yield server
    finally:
        server.stop()


def service_url(server: Postgres, database: str, schema: str) -> str:
    """The address by which one service reaches one database, in its own role."""
    host = server.url.rpartition("@")[2].rpartition("/")[0]
    return f"postgresql://mingquan_{schema}:{PASSWORD}@{host}/{database}"


async def _make_template(server: Postgres) -> None:
    admin = await asyncpg.connect(server.url)
    await admin.execute("CREATE DATABASE template_mingquan")
    await admin.close()
    inside = await asyncpg.connect(server.url.rpartition("/")[0] + "/template_mingquan")
    await provision(inside, password=PASSWORD)
    await inside.close()


async def _make_city(server: Postgres) -> None:
    """A second template, with the organisations that nearly every test begins with."""
    from tests.services import found_city

    admin = await asyncpg.connect(server.url)
    await admin.execute("CREATE DATABASE template_city TEMPLATE template_mingquan STRATEGY file_copy")
    await found_city(lambda schema: service_url(server, "template_city", schema))
    await admin.close()


@pytest.fixture
def template() -> str:
    """What a test's database is a copy of. Tests that look at the very beginning override it."""
    return "template_city"


@pytest.fixture
async def clone(postgres: Postgres, template: str) -> AsyncIterator[str]:
    """The name of a database of this test's own, migrated, with the city's organisations in it."""
    name = f"test_{next(_numbers)}"
    admin = await asyncpg.connect(postgres.url)
    await admin.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield name
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


@pytest.fixture
def database_url(postgres: Postgres, clone: str) -> Callable[[str], str]:
    """Address of the test's own database for a service's schema."""
    return lambda schema: service_url(postgres, clone, schema)


@pytest.fixture(scope="session")
def meilisearch(state: Path) -> Iterator[Meilisearch]:
    """The run's Meilisearch. Tests use index names of their own."""
    server = Meilisearch(state / "meilisearch", port=free_port(), master_key=MASTER_KEY, cache=CACHE)
    server.start()
    yield server
    server.stop()
