"""An upgrade while partners push and citizens read: the code of before the newest migration serves on, on the new schema, until
the new code takes over its door. No request fails, and what was answered is there.

Old and new process of a service share its listening socket, as two replicas share a service's address.
"""

import asyncio
import io
import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from deploy.local.exchange import CITY_CODE, ROOT_ARGUMENTS, create_client
from deploy.local.meilisearch import Meilisearch
from deploy.local.postgres import Postgres
from deploy.local.processes import listen, spawn, stop
from deploy.local.provision import provision
from deploy.local.state import Credentials
from shared.schemas.scopes import Scope
from tests.conftest import MASTER_KEY, PACKAGES, PASSWORD, ROOT, service_url
from tests.policies import published
from tests.request_office import PERSON, request
from tests.services import SECRETS, credit_code
from tests.subscribers import eventually

DATABASE = "upgrade"
# The code is the one that PYTHONPATH says, never that of the folder in which the tests run.
PYTHON = (sys.executable, "-P")
ROUNDS = 3
"""Of every caller, in each stretch of the upgrade."""
MIGRATIONS = "services/*/migrations/versions/*.py"
FEE = {"title": "检验费", "effective_on": "2026-01-01"}


def git(*arguments: str) -> bytes:
    done = subprocess.run(["git", "-C", str(ROOT), *arguments], capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else b""


@pytest.fixture(scope="module")
def before() -> AsyncIterator[Path] | Any:
    """The code as it stood before the newest migration was written."""
    newest = git("log", "-1", "--format=%H", "--", MIGRATIONS).decode().strip()
    packed = git("archive", f"{newest}^") if newest else b""
    if not packed:
        pytest.skip("there is no history here: the code of before is needed")
    folder = Path(tempfile.mkdtemp(prefix="mingquan-before-"))
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    yield folder
    shutil.rmtree(folder)


@dataclass
class House:
    """A suite on one machine: the doors stay, the processes behind them change."""

    postgres: Postgres
    meilisearch: Meilisearch
    folder: Path
    doors: dict[str, socket.socket]
    clients: dict[str, Credentials] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _numbers: Any = field(default_factory=itertools.count)

    def address(self, name: str) -> str:
        return f"http://127.0.0.1:{self.doors[name].getsockname()[1]}"

    def environment(self, name: str, code: Path) -> dict[str, str]:
        """What the service is told; old and new are told the same."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("MINGQUAN_")}
        given = {
            "PYTHONPATH": str(code),
            "MINGQUAN_DATABASE_URL": service_url(self.postgres, DATABASE, name),
            "MINGQUAN_EXCHANGE_URL": self.address("exchange"),
            "MINGQUAN_POLICY_URL": self.address("policy"),
            "MINGQUAN_SEARCH_URL": self.address("search"),
            "MINGQUAN_CATALOG_URL": self.address("catalog"),
            "MINGQUAN_SOURCES": json.dumps({"policy": self.address("policy")}),
            "MINGQUAN_FILES_URL": (self.folder / "files").as_uri(),
            "MINGQUAN_MEILI_URL": self.meilisearch.url,
            "MINGQUAN_MEILI_KEY": MASTER_KEY,
            "MINGQUAN_INDEX_UID": DATABASE,
            "MINGQUAN_LONG_POLL_SECONDS": "0.5",
        }
        secret = {f"MINGQUAN_{key.upper()}": value for key, value in SECRETS.items() if isinstance(value, str)}
        client = self.clients.get(name)
        own = {"MINGQUAN_CLIENT_ID": client.client_id, "MINGQUAN_CLIENT_SECRET": client.client_secret} if client else {}
        return inherited | secret | given | own

    async def run(self, name: str, code: Path, *command: str) -> str:
        """A command to its end; what it said."""
        process = await asyncio.create_subprocess_exec(
            *(*PYTHON, "-m", *command),
            cwd=code,
            env=self.environment(name, code),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = await process.communicate()
        assert process.returncode == 0, complained.decode()[-2000:]
        return said.decode()

    async def migrate(self, code: Path) -> None:
        many = (self.run(name, code, "shared.kit.migrations", package) for name, package in PACKAGES.items())
        await asyncio.gather(*many)

    async def start(self, name: str, code: Path) -> None:
        """A process behind the service's door, beside whatever is there; returns when it accepts. The other one is ended."""
        door = self.doors[name].fileno()
        command = [
            *(*PYTHON, "-m", "uvicorn", "--factory", f"{PACKAGES[name]}.main:app"),
            *("--root-path", f"/api/{name}", "--fd", str(door), "--no-access-log"),
            # Else it would put the folder in which the tests run first.
            *("--app-dir", str(code)),
            *("--timeout-graceful-shutdown", "5"),
        ]
        await self._replace(name, code, command, until="Uvicorn running", keep_open=[door])

    async def work(self, name: str, code: Path) -> None:
        """The service's worker: the new one stands by until the old one has gone."""
        command = [*PYTHON, "-m", f"{PACKAGES[name]}.worker"]
        await self._replace(f"{name}-worker", code, command, until="", keep_open=[], of=name)

    async def _replace(
        self, name: str, code: Path, command: list[str], *, until: str, keep_open: list[int], of: str | None = None
    ) -> None:
        log = self.folder / f"{name}-{next(self._numbers)}.log"
        log.touch()
        old = self.running.get(name)
        environment = self.environment(of or name, code)
        self.running[name] = process = spawn(command, log=log, environment=environment, keep_open=keep_open)

        async def accepts() -> bool:
            said = log.read_text()
            assert process.poll() is None, said[-2000:]
            return until in said

        await eventually(accepts, seconds=60)
        if old is not None:
            await asyncio.to_thread(stop, old)

    def end(self) -> None:
        for process in self.running.values():
            stop(process)
        for door in self.doors.values():
            door.close()


@pytest.fixture
async def house(postgres: Postgres, meilisearch: Meilisearch, before: Path) -> AsyncIterator[House]:
    """On the schema of before, with the code of before."""
    admin = await asyncpg.connect(postgres.url)
    await admin.execute(f"CREATE DATABASE {DATABASE}")
    inside = await asyncpg.connect(postgres.url.rpartition("/")[0] + f"/{DATABASE}")
    await provision(inside, password=PASSWORD)
    await inside.close()
    with tempfile.TemporaryDirectory(prefix="mingquan-upgrade-") as folder:
        made = House(postgres, meilisearch, Path(folder), {name: listen(0) for name in PACKAGES})
        try:
            await made.migrate(before)
            yield made
        finally:
            made.end()
            await admin.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")
            await admin.close()


@dataclass
class Callers:
    """Partners and citizens who go on and on, and count."""

    http: httpx.AsyncClient
    credentials: Credentials
    headers: dict[str, str]
    rounds: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    answered: dict[str, str] = field(default_factory=dict)
    """Address to read by title, of every write that was answered."""
    requests: int = 0

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        """The answer's document, or None for what should not have been."""
        self.requests += 1
        try:
            answer = await self.http.request(method, f"/api/{path}", json=body, headers=self.headers, **more)
        except httpx.HTTPError as error:
            self.failures.append(f"{method} {path}: {error!r}")
            return None
        if not answer.is_success:
            self.failures.append(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
            return None
        return answer.json()

    async def policies(self, number: int) -> None:
        title = f"关于社区食堂第{number}批试点的通知"
        path = f"policy/v1/organizations/{CITY_CODE}/policies/upgrade-{number}"
        receipt = await self.ask("PUT", path, published(title=title, doc_no=f"泉升字〔2026〕{number}号"))
        if receipt is not None:
            self.answered[title] = f"policy/v1/policies/{receipt['id']}"
            await self.ask("GET", self.answered[title])
        await self.ask("GET", "search/v1/search?q=社区食堂")

    async def fees(self, number: int) -> None:
        title = f"检验费{number}"
        path = f"catalog/v1/organizations/{CITY_CODE}/lists/fees/upgrade-{number}"
        await self.ask("PUT", path, FEE | {"title": title})
        await self.ask("GET", "catalog/v1/lists/fees")

    async def requests_for_information(self, number: int) -> None:
        path = f"request/v1/organizations/{CITY_CODE}/requests/upgrade-{number}"
        body = request(applicant=PERSON | {"identity": {"kind": "passport", "number": f"E{number:08d}"}})
        receipt = await self.ask("PUT", path, body)
        if receipt is not None:
            self.answered[receipt["number"]] = f"request/v1/requests/{receipt['id']}"
            await self.ask("GET", self.answered[receipt["number"]])

    async def organizations(self, number: int) -> None:
        code, name = credit_code(f"1137010210{number:07d}"), f"第{number}街道办事处"
        body = {"name": name, "level": "town", "division_code": "370102001", "parent": CITY_CODE}
        if await self.ask("PUT", f"exchange/v1/organizations/{code}", body) is not None:
            self.answered[name] = f"exchange/v1/organizations/{code}"
        self.headers = await signed_in(self.http, self.credentials)

    async def go_on(self, kind: Callable[[int], Awaitable[None]]) -> None:
        for number in itertools.count(1):
            await kind(number)
            self.rounds[kind.__name__] = number

    async def some_rounds(self) -> None:
        """Returns when each has come round a few times more."""
        wanted = {name: count + ROUNDS + 1 for name, count in self.rounds.items()}

        async def done() -> bool:
            return all(self.rounds[name] >= count for name, count in wanted.items())

        await eventually(done, seconds=60)


@asynccontextmanager
async def gateway(house: House) -> AsyncIterator[str]:
    """The local gateway before the doors; its address."""
    with listen(0) as door:
        upstreams = json.dumps({f"/api/{name}": house.address(name) for name in PACKAGES})
        process = spawn(
            [*(sys.executable, "-m", "deploy.local.gateway"), "--socket", str(door.fileno()), "--upstreams", upstreams],
            log=house.folder / "gateway.log",
            environment=os.environ | {"PYTHONPATH": str(ROOT)},
            keep_open=[door.fileno()],
        )
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            stop(process)


async def open_house(house: House, code: Path) -> Credentials:
    """All services and the search worker; the administrator."""
    said = await house.run("exchange", code, "services.exchange_api.bootstrap", *ROOT_ARGUMENTS)
    made = json.loads(next(line for line in said.splitlines() if '"client_secret"' in line))
    administrator = Credentials(client_id=made["client_id"], client_secret=made["client_secret"])
    await house.start("exchange", code)
    address = house.address("exchange")
    for name, scopes in {"search": ("events:read",), "request": ("disclosure:write",)}.items():
        house.clients[name] = await asyncio.to_thread(
            create_client, address, administrator, name=name, organization=CITY_CODE, scopes=scopes
        )
    await asyncio.gather(*(house.start(name, code) for name in PACKAGES if name != "exchange"))
    await house.work("search", code)
    return administrator


async def revisions(postgres: Postgres) -> Mapping[str, str]:
    inside = await asyncpg.connect(postgres.url.rpartition("/")[0] + f"/{DATABASE}")
    try:
        return {name: await inside.fetchval(f"SELECT version_num FROM {name}.alembic_version") for name in PACKAGES}
    finally:
        await inside.close()


async def test_an_upgrade_fails_no_request_and_loses_nothing(house: House, before: Path) -> None:
    administrator = await open_house(house, before)
    caller = await asyncio.to_thread(
        create_client,
        *(house.address("exchange"), administrator),
        name="业务系统",
        organization=CITY_CODE,
        scopes=[scope.value for scope in Scope],
    )
    async with gateway(house) as url, httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as http:
        headers = await signed_in(http, caller)

        async def searchable() -> bool:
            return (await http.get("/api/search/v1/search?q=社区食堂")).is_success

        await eventually(searchable, seconds=60)
        callers = Callers(http, caller, headers)
        kinds = (callers.policies, callers.fees, callers.requests_for_information, callers.organizations)
        callers.rounds = {kind.__name__: 0 for kind in kinds}
        loops = [asyncio.create_task(callers.go_on(kind)) for kind in kinds]
        try:
            await callers.some_rounds()
            old = await revisions(house.postgres)
            await house.migrate(ROOT)
            assert await revisions(house.postgres) != old, "an upgrade of nothing shows nothing"
            await callers.some_rounds()
            for name in PACKAGES:
                await house.start(name, ROOT)
            await house.work("search", ROOT)
            await callers.some_rounds()
        finally:
            for loop in loops:
                loop.cancel()
            ends = await asyncio.gather(*loops, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ends), ends
        assert callers.failures == []
        await everything_is_there(callers)


async def signed_in(http: httpx.AsyncClient, caller: Credentials) -> dict[str, str]:
    form = {"grant_type": "client_credentials"}
    answer = await http.post("/api/exchange/v1/oauth/token", data=form, auth=(caller.client_id, caller.client_secret))
    assert answer.is_success, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}", "Acting-Person": "staff-0001"}


async def everything_is_there(callers: Callers) -> None:
    """What was answered is read, and the last document is found: the new worker goes on where the old one was."""
    assert callers.requests > 4 * 3 * ROUNDS
    several = asyncio.Semaphore(8)

    async def is_there(name: str, path: str) -> bool:
        async with several:
            return name in json.dumps(await callers.ask("GET", path), ensure_ascii=False)

    there = await asyncio.gather(*(is_there(name, path) for name, path in callers.answered.items()))
    assert all(there)
    title, path = [(name, path) for name, path in callers.answered.items() if path.startswith("policy/")][-1]

    async def found() -> bool:
        hits = await callers.ask("GET", f"search/v1/search?q={title}")
        return path.rpartition("/")[2] in [hit["id"] for hit in hits["items"]]

    await eventually(found, seconds=30)
    assert callers.failures == []
