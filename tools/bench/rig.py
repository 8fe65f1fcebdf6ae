"""What a measurement stands on: PostgreSQL, Meilisearch and services of its own, in a temporary folder, on free ports.

PostgreSQL is durable (fsync on), services are separate processes with the launcher's own server options and everything
in place, their log lines going to a file. Measures nothing itself.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
from pydantic import SecretStr

from deploy.local.database import prepare_database, role_url
from deploy.local.exchange import ROOT_ARGUMENTS, create_client, get_token
from deploy.local.meilisearch import Meilisearch, find_program
from deploy.local.postgres import Postgres, find_installation, place_for
from deploy.local.processes import StartFailed, free_port, is_listening, last_lines, spawn, stop
from deploy.local.settings import REPOSITORY, LocalSettings
from deploy.local.state import Credentials
from services.policy_api.settings import Settings as PolicySettings
from shared.schemas.scopes import Scope
from tools.bench.corpus import CITY
from tools.bench.organizations import create_organizations
from tools.bench.processes import Memory, memory_of, program_version

_PASSWORD = "bench-only-password"
KEY = "bench-only-key-000000000000000000"
_TEMPLATE = "bench_template"
_START_SECONDS = 40.0
# What a migration needs because the settings ask for it, although it calls nobody.
_UNUSED = {f"MINGQUAN_{name}": "unused" for name in ("MEILI_URL", "POLICY_URL", "CLIENT_ID", "CLIENT_SECRET")}
PACKAGES = {
    "exchange": "services.exchange_api",
    "policy": "services.policy_api",
    "catalog": "services.catalog_api",
    "request": "services.request_api",
    "search": "services.search_sync",
}


@dataclass(frozen=True)
class Server:
    """A process that listens."""

    name: str
    url: str
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.process.pid


class Rig:
    """Everything that runs. Use from the main thread: children die with the thread that started them."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder = folder
        self._stack = stack
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.postgres = Postgres(place_for(folder), port=free_port(), password=_PASSWORD, log=folder / "postgres.log")
        self._meilisearch: Meilisearch | None = None
        self.authorization: dict[str, str] = {}

    def start(self) -> None:
        """PostgreSQL with a migrated template, exchange_api with its organisations, a token."""
        self._stack.callback(self.postgres.stop)
        self.postgres.start()
        assert self.postgres.process is not None
        self.running["postgres"] = self.postgres.process
        self.create_database(_TEMPLATE, template=None)
        prepare_database(self.admin_url(_TEMPLATE), password=_PASSWORD)
        for schema, package in PACKAGES.items():
            self._run(["-m", "shared.kit.migrations", package], self._environment(_TEMPLATE, schema) | _UNUSED)
        self.create_database("bench_exchange")
        self._start_exchange()

    # Addresses and databases

    def admin_url(self, database: str) -> str:
        """Address of a database for the superuser."""
        return urlunsplit(urlsplit(self.postgres.url)._replace(path=f"/{database}"))

    def database_url(self, database: str, schema: str) -> str:
        """Address of a database in a service's own role."""
        return role_url(self.admin_url(database), schema, _PASSWORD)

    def create_database(self, name: str, *, template: str | None = _TEMPLATE) -> str:
        """A database of that name, a copy of the template; its name. Nobody may be connected to the template."""
        source = f"TEMPLATE {template} STRATEGY file_copy" if template else ""
        asyncio.run(self._execute(f"CREATE DATABASE {name} {source}"))
        return name

    def drop_database(self, name: str) -> None:
        asyncio.run(self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))

    def execute(self, statement: str, *, database: str) -> None:
        """One statement as the superuser."""
        asyncio.run(self._execute(statement, url=self.admin_url(database)))

    async def _execute(self, statement: str, url: str | None = None) -> None:
        connection = await asyncpg.connect(url or self.postgres.url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    # Services

    @contextmanager
    def policy_api(self, database: str, *, name: str = "policy-api") -> Iterator[Server]:
        """policy_api on a database, one worker, as the launcher starts it."""
        command = ["--factory", "services.policy_api.main:app", "--root-path", "/api/policy"]
        with self.serve(name, command, self._environment(database, "policy"), ready="/readyz") as server:
            yield server

    @contextmanager
    def catalog_api(self, database: str) -> Iterator[Server]:
        """catalog_api on a database, one worker, as the launcher starts it."""
        command = ["--factory", "services.catalog_api.main:app", "--root-path", "/api/catalog"]
        with self.serve("catalog-api", command, self._environment(database, "catalog"), ready="/readyz") as server:
            yield server

    @contextmanager
    def request_api(self, database: str) -> Iterator[Server]:
        """request_api on a database, one worker, as the launcher starts it."""
        command = ["--factory", "services.request_api.main:app", "--root-path", "/api/request"]
        with self.serve("request-api", command, self._environment(database, "request"), ready="/readyz") as server:
            yield server

    @contextmanager
    def baseline(self, name: str, application: str, database: str) -> Iterator[Server]:
        """An application of this package on a service's tables, with the same server options."""
        environment = self._environment(database, "policy")
        with self.serve(name, [application], environment, ready=None) as server:
            yield server

    @contextmanager
    def search_api(self, database: str, policy_url: str) -> Iterator[Server]:
        command = ["--factory", "services.search_sync.main:app", "--root-path", "/api/search"]
        environment = self._search_environment(database, policy_url)
        with self.serve("search-api", command, environment, ready="/readyz") as server:
            yield server

    @contextmanager
    def search_worker(self, database: str, policy_url: str) -> Iterator[subprocess.Popen[bytes]]:
        environment = self._search_environment(database, policy_url)
        with self.background("search-worker", ["-m", "services.search_sync.worker"], environment) as process:
            yield process

    @contextmanager
    def policy_worker(self, database: str) -> Iterator[subprocess.Popen[bytes]]:
        environment = self._environment(database, "policy")
        with self.background("policy-worker", ["-m", "services.policy_api.worker"], environment) as process:
            yield process

    @contextmanager
    def serve(
        self, name: str, application: Sequence[str], environment: Mapping[str, str], *, ready: str | None
    ) -> Iterator[Server]:
        """One uvicorn worker, until the block ends."""
        port = free_port()
        command = [
            *("-m", "uvicorn", *application, "--host", "127.0.0.1", "--port", str(port)),
            *("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--no-server-header"),
            *("--log-level", "warning", "--timeout-keep-alive", "30", "--timeout-graceful-shutdown", "5"),
        ]
        with self.background(name, command, environment) as process:
            url = f"http://127.0.0.1:{port}"
            self._await(name, process, url + (ready or "/"), any_answer=ready is None)
            yield Server(name, url, process)

    @contextmanager
    def background(
        self, name: str, arguments: Sequence[str], environment: Mapping[str, str]
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A Python process, until the block ends."""
        process = spawn([sys.executable, *arguments], log=self.log(name), environment=environment)
        self.running[name] = process
        try:
            yield process
        finally:
            stop(process)
            self.running.pop(name, None)

    @property
    def meilisearch(self) -> Meilisearch:
        """Started at first use."""
        if self._meilisearch is None:
            server = Meilisearch(
                self._folder / "meilisearch", port=free_port(), master_key=KEY, cache=LocalSettings().cache
            )
            self._stack.callback(server.stop)
            server.start()
            assert server.process is not None
            self.running["meilisearch"] = server.process
            self._meilisearch = server
        return self._meilisearch

    def log(self, name: str) -> Path:
        """Where a process writes."""
        return self._folder / f"{name}.log"

    def list_memory(self) -> dict[str, Memory]:
        """Of everything that runs, by name."""
        return {name: memory_of(process.pid) for name, process in self.running.items()}

    def versions(self) -> str:
        """Of the servers that are not ours."""
        programs = [find_installation().program("postgres"), find_program(LocalSettings().cache)]
        return ", ".join(program_version(program) for program in programs)

    def plain_environment(self) -> dict[str, str]:
        """For a process that needs no settings."""
        return os.environ | {"PYTHONPATH": str(REPOSITORY)}

    def await_port(self, port: int) -> None:
        """Return when somebody listens there."""
        deadline = time.monotonic() + _START_SECONDS
        while not is_listening(port):
            if time.monotonic() > deadline:
                raise StartFailed(f"nothing listens on port {port}")
            time.sleep(0.05)

    # Inside

    def _start_exchange(self) -> None:
        environment = self._environment("bench_exchange", "exchange")
        printed = self._run(["-m", "services.exchange_api.bootstrap", *ROOT_ARGUMENTS], environment)
        made = json.loads(next(line for line in printed.splitlines() if '"client_secret"' in line))
        self._administrator = Credentials(client_id=made["client_id"], client_secret=made["client_secret"])
        command = ["--factory", "services.exchange_api.main:app", "--root-path", "/api/exchange"]
        server = self.serve("exchange-api", command, environment, ready="/readyz")
        self.exchange = self._stack.enter_context(server)
        create_organizations(self.exchange.url, get_token(self.exchange.url, self._administrator))
        importer = self.create_client("压测", [Scope.POLICY_WRITE, Scope.POLICY_IMPORT, Scope.MATCH_RUN])
        self.authorization = {"authorization": f"Bearer {get_token(self.exchange.url, importer)}"}
        self._reader = self.create_client("检索", [Scope.EVENTS_READ])

    def create_client(self, name: str, scopes: Sequence[Scope]) -> Credentials:
        """A client of the city."""
        wanted = [scope.value for scope in scopes]
        return create_client(self.exchange.url, self._administrator, name=name, organization=CITY, scopes=wanted)

    def _environment(self, database: str, schema: str) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MINGQUAN_")}
        exchange_url = self.exchange.url if hasattr(self, "exchange") else "http://127.0.0.1:9"
        return inherited | {
            "PYTHONPATH": str(REPOSITORY),
            "MINGQUAN_DATABASE_URL": self.database_url(database, schema),
            "MINGQUAN_CURSOR_KEY": KEY,
            "MINGQUAN_KEY_ENCRYPTION_KEY": KEY,
            "MINGQUAN_OPINION_KEY": KEY,
            "MINGQUAN_PROFILE_KEY": KEY,
            "MINGQUAN_SEALING_KEYS": f"bench:aes-256-gcm:{KEY}",
            "MINGQUAN_FINGERPRINT_KEY": KEY,
            "MINGQUAN_EXCHANGE_URL": exchange_url,
        }

    def policy_settings(self, database: str) -> PolicySettings:
        """For work of policy_api in this process."""
        return PolicySettings(
            database_url=SecretStr(self.database_url(database, "policy")),
            cursor_key=SecretStr(KEY),
            opinion_key=SecretStr(KEY),
            profile_key=SecretStr(KEY),
            exchange_url=self.exchange.url,
        )

    def _search_environment(self, database: str, policy_url: str) -> dict[str, str]:
        return self._environment(database, "search") | {
            "MINGQUAN_MEILI_URL": self.meilisearch.url,
            "MINGQUAN_MEILI_KEY": KEY,
            "MINGQUAN_POLICY_URL": policy_url,
            "MINGQUAN_CLIENT_ID": self._reader.client_id,
            "MINGQUAN_CLIENT_SECRET": self._reader.client_secret,
        }

    def _run(self, arguments: Sequence[str], environment: Mapping[str, str]) -> str:
        command = [sys.executable, *arguments]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if result.returncode:
            raise StartFailed(f"{' '.join(arguments)}: {(result.stderr or result.stdout).strip()[-800:]}")
        return result.stdout

    def _await(self, name: str, process: subprocess.Popen[bytes], url: str, *, any_answer: bool) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            try:
                if httpx.get(url, timeout=2, trust_env=False).is_success or any_answer:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
        raise StartFailed(f"{name} did not start:\n{last_lines(self.log(name))}")


@contextmanager
def rig() -> Iterator[Rig]:
    """A running rig; everything is stopped and removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="mingquan-bench-"))
    folder.chmod(0o711)
    try:
        with ExitStack() as stack:
            made = Rig(folder, stack)
            made.start()
            yield made
    finally:
        place = place_for(folder)
        shutil.rmtree(place if place.is_relative_to(folder) else place.parent, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
