"""The whole suite on one machine: what runs, in which order, with which environment, and what the first start adds.

Children get everything by their environment, as in any other deployment; nothing here is known to a service.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGINT

import httpx

from deploy.local import exchange
from deploy.local.database import create_database, list_outdated, prepare_database, role_url
from deploy.local.meilisearch import Meilisearch
from deploy.local.postgres import Postgres, place_for
from deploy.local.processes import StartFailed, free_port, last_lines, spawn
from deploy.local.settings import REPOSITORY, LocalSettings
from deploy.local.state import Credentials, Running, Secrets, State
from deploy.local.supervisor import Child, Supervisor

_KEEP_ALIVE_SECONDS = 30
_GRACE_SECONDS = 5


@dataclass(frozen=True)
class Service:
    """One service as the launcher sees it."""

    name: str
    package: str
    title: str
    has_worker: bool = False
    scopes: tuple[str, ...] = ()
    """Rights of the service's own client, for services that ask others."""

    @property
    def path(self) -> str:
        """Where the gateway shows it."""
        return f"/api/{self.name}"


SERVICES = (
    Service("exchange", "services.exchange_api", "交换服务 exchange_api", has_worker=True),
    Service("policy", "services.policy_api", "政策文件库 policy_api", has_worker=True),
    Service("catalog", "services.catalog_api", "政务公开目录 catalog_api", has_worker=True),
    Service(
        "request",
        "services.request_api",
        "依申请公开 request_api",
        has_worker=True,
        scopes=("disclosure:write",),
    ),
    Service("search", "services.search_sync", "检索 search_sync", has_worker=True, scopes=("events:read",)),
)
Step = Callable[[str], AbstractContextManager[None]]


class Suite:
    """Everything that runs, from the storage to the gateway. Use from the main thread: it spawns."""

    def __init__(
        self, settings: LocalSettings, state: State, *, door: socket.socket, lock: int, supervisor: Supervisor
    ) -> None:
        self._settings = settings
        self._state = state
        self._door = door
        self._lock = lock
        self._supervisor = supervisor
        self._addresses = {service.name: f"http://127.0.0.1:{free_port()}" for service in SERVICES}
        self._meili_url = self._meili_key = ""
        self.secrets: Secrets = state.read_secrets()

    @property
    def gateway_url(self) -> str:
        return f"http://127.0.0.1:{self._door.getsockname()[1]}"

    def start(self, step: Step) -> None:
        """Start all in order; StartFailed says what did not."""
        self._state.save_secrets(self.secrets)
        with step("数据库 PostgreSQL"):
            self._start_database()
        with step("搜索引擎 Meilisearch"):
            self._start_meilisearch()
        with step("数据库结构 Migrations"):
            self._prepare_database()
        if self._is_complete:
            with step("各项服务 Services"):
                self._start_services(SERVICES)
        else:
            with step("首个机关与管理员 First organisation and administrator"):
                self._bootstrap()
            with step("各项服务 Services"):
                self._start_services(SERVICES[:1])
                self._create_clients()
                self._start_services(SERVICES[1:])
        with step("网关 Gateway"):
            self._supervisor.start([self._gateway()])
        self.publish()

    def publish(self) -> None:
        """Write down where everything is, for the other commands."""
        pids = {child.name: child.process.pid for child in self._supervisor.children if child.process}
        self._state.save_running(
            Running(
                gateway=self.gateway_url,
                services=self._addresses,
                environments=self.environments(),
                processes=pids,
            )
        )

    def environments(self) -> dict[str, dict[str, str]]:
        """The settings of each service, by its name."""
        return {service.name: self._own_environment(service) for service in SERVICES}

    def open_database(self, step: Step) -> str:
        """Only the database with its roles, and nothing migrated; its identity."""
        self._state.save_secrets(self.secrets)
        with step("数据库 PostgreSQL"):
            self._start_database()
            return self._provision()

    def adopt(self, database_id: str) -> None:
        """What a backup brought into this database belongs to the credentials that are here."""
        self.secrets.database_id = database_id
        self._state.save_secrets(self.secrets)

    def _start_database(self) -> None:
        if self._settings.database_url is None:
            self._supervisor.start([self._own_postgres()])
        else:
            self._admin_url = self._settings.database_url.get_secret_value()

    def _start_meilisearch(self) -> None:
        if self._settings.meili_url is None:
            self._supervisor.start([self._own_meilisearch()])
            return
        self._meili_url = self._settings.meili_url.rstrip("/")
        self._meili_key = self._settings.meili_key.get_secret_value() if self._settings.meili_key else ""
        if not _answers(f"{self._meili_url}/health"):
            raise StartFailed(
                f"MINGQUAN_MEILI_URL 指定的 Meilisearch（{self._meili_url}）没有应答：请检查地址，或不设此变量"
            )

    def _own_meilisearch(self) -> Child:
        server = Meilisearch(
            self._state.root / "meilisearch",
            port=free_port(),
            master_key=self.secrets.meili_master_key,
            cache=self._settings.cache,
            log=self._state.log("meilisearch"),
            keep_open=[self._lock],
        )
        server.prepare()
        self._meili_url, self._meili_key = server.url, self.secrets.meili_master_key
        return Child("meilisearch", "搜索引擎 Meilisearch", server.launch, server.is_ready, server.log, stop_last=True)

    def _own_postgres(self) -> Child:
        server = Postgres(
            place_for(self._state.root),
            port=free_port(),
            password=self.secrets.database_password,
            log=self._state.log("postgres"),
            keep_open=[self._lock],
        )
        server.prepare()
        self._admin_url = server.url
        return Child(
            *("postgres", "数据库 PostgreSQL", server.launch, server.is_ready, server.log),
            patience_seconds=20.0,
            stop_signal=SIGINT,
            stop_last=True,
        )

    def _provision(self) -> str:
        """The database and its roles; what identifies it."""
        if self._settings.database_url is None:
            self._admin_url = create_database(self._admin_url)
        return prepare_database(self._admin_url, password=self.secrets.database_password)

    def _prepare_database(self) -> None:
        self.secrets.belong_to(self._provision())
        outdated = list_outdated(self._admin_url, {service.name: service.package for service in SERVICES})
        services = [service for service in SERVICES if service.package in outdated]
        self._run_side_by_side(
            {
                f"migrate-{service.name}": (service, ["-m", "shared.kit.migrations", service.package])
                for service in services
            }
        )

    @property
    def _is_complete(self) -> bool:
        """Whether an earlier start made the administrator and the services' clients."""
        wanted = {service.name for service in SERVICES if service.scopes}
        return self.secrets.administrator is not None and wanted <= self.secrets.clients.keys()

    def _bootstrap(self) -> None:
        if self.secrets.administrator is not None:
            return
        exchange_service = SERVICES[0]
        command = ["-m", "services.exchange_api.bootstrap", *exchange.ROOT_ARGUMENTS]
        answer = self._run_side_by_side({"bootstrap": (exchange_service, command)})["bootstrap"]
        # What it prints is a secret, and a log is no place for one.
        self._state.log("bootstrap").unlink()
        line = next((line for line in answer.splitlines() if '"client_secret"' in line), None)
        if line is None:
            raise StartFailed(
                "这个数据库已有管理员，但状态目录里没有他的凭据：请换回原来的状态目录，或换一个空的数据库"
            )
        made = json.loads(line)
        self.secrets.administrator = Credentials(client_id=made["client_id"], client_secret=made["client_secret"])
        self._state.save_secrets(self.secrets)

    def _create_clients(self) -> None:
        assert self.secrets.administrator is not None
        for service in SERVICES:
            if service.scopes and service.name not in self.secrets.clients:
                self.secrets.clients[service.name] = exchange.create_client(
                    self._addresses["exchange"],
                    self.secrets.administrator,
                    name=f"内部：{service.title}",
                    organization=exchange.CITY_CODE,
                    scopes=service.scopes,
                )
                self._state.save_secrets(self.secrets)

    def _start_services(self, services: Sequence[Service]) -> None:
        children = []
        for service in services:
            children.append(self._api(service))
            if service.has_worker:
                children.append(self._worker(service))
        self._supervisor.start(children)

    def _api(self, service: Service) -> Child:
        address = self._addresses[service.name]
        command = [
            *("-m", "uvicorn", "--factory", f"{service.package}.main:app", "--root-path", service.path),
            *("--host", "127.0.0.1", "--port", address.rpartition(":")[2]),
            *("--no-access-log", "--no-server-header", "--log-level", "warning"),
            *("--timeout-keep-alive", str(_KEEP_ALIVE_SECONDS), "--timeout-graceful-shutdown", str(_GRACE_SECONDS)),
        ]
        return self._python(
            f"{service.name}-api",
            service.title,
            command,
            environment=self._environment(service),
            is_ready=lambda: _answers(f"{address}/readyz"),
        )

    def _worker(self, service: Service) -> Child:
        command = ["-m", f"{service.package}.worker"]
        environment = self._environment(service)
        title = f"{service.title} 后台 worker"
        # A worker has no port to ask; whether it lives is what the supervisor watches anyway.
        return self._python(f"{service.name}-worker", title, command, environment=environment, is_ready=lambda: True)

    def _gateway(self) -> Child:
        upstreams = {service.path: self._addresses[service.name] for service in SERVICES}
        door = self._door.fileno()
        command = ["-m", "deploy.local.gateway", "--socket", str(door), "--upstreams", json.dumps(upstreams)]
        return self._python(
            *("gateway", "网关 gateway", command),
            environment=self._base_environment(),
            is_ready=lambda: _answers(f"{self.gateway_url}/"),
            keep_open=[door],
        )

    def _python(
        self,
        name: str,
        title: str,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str],
        is_ready: Callable[[], bool],
        keep_open: Sequence[int] = (),
    ) -> Child:
        log = self._state.log(name)

        def launch() -> subprocess.Popen[bytes]:
            command = [sys.executable, *arguments]
            return spawn(command, log=log, environment=environment, keep_open=[self._lock, *keep_open])

        return Child(name, title, launch, is_ready, log, patience_seconds=_GRACE_SECONDS + 3)

    def _run_side_by_side(self, commands: Mapping[str, tuple[Service, list[str]]]) -> dict[str, str]:
        """Run commands to their end, all at once; what each wrote. StartFailed with the log of one that failed."""
        running: dict[str, tuple[subprocess.Popen[bytes], Path]] = {}
        for name, (service, arguments) in commands.items():
            log = self._state.log(name)
            log.unlink(missing_ok=True)
            log.touch(mode=0o600)
            environment = self._environment(service)
            command = [sys.executable, *arguments]
            running[name] = (spawn(command, log=log, environment=environment, keep_open=[self._lock]), log)
        results = {}
        for name, (process, log) in running.items():
            if process.wait() != 0:
                raise StartFailed(f"{name} 失败（日志：{log}）：\n{last_lines(log)}")
            results[name] = log.read_text(encoding="utf-8")
        return results

    def _environment(self, service: Service) -> dict[str, str]:
        return self._base_environment() | self._own_environment(service)

    def _own_environment(self, service: Service) -> dict[str, str]:
        """What one service gets: its own role and key, and where the others are."""
        environment = {
            "MINGQUAN_DATABASE_URL": role_url(self._admin_url, service.name, self.secrets.database_password),
            "MINGQUAN_CURSOR_KEY": self.secrets.cursor_key(service.name),
            "MINGQUAN_EXCHANGE_URL": self._addresses["exchange"],
        }
        if service.name == "exchange":
            environment["MINGQUAN_KEY_ENCRYPTION_KEY"] = self.secrets.key_encryption_key
            followed = ("policy", "catalog", "request", "exchange")
            environment["MINGQUAN_SOURCES"] = json.dumps({name: self._addresses[name] for name in followed})
            # Whoever receives on this machine may: it is nobody else's network.
            environment["MINGQUAN_WEBHOOK_NETWORKS"] = '["127.0.0.0/8"]'
            environment["MINGQUAN_WEBHOOK_ALLOW_HTTP"] = "true"
        if service.name == "policy":
            environment["MINGQUAN_PROFILE_KEY"] = self.secrets.profile_key
            environment["MINGQUAN_OPINION_KEY"] = self.secrets.opinion_key
            environment["MINGQUAN_FILES_URL"] = (self._state.root / "files").resolve().as_uri()
        if service.name == "request":
            environment["MINGQUAN_SEALING_KEYS"] = f"local:aes-256-gcm:{self.secrets.request_key}"
            environment["MINGQUAN_FINGERPRINT_KEY"] = self.secrets.fingerprint_key
            environment["MINGQUAN_SEARCH_URL"] = self._addresses["search"]
            environment["MINGQUAN_CATALOG_URL"] = self._addresses["catalog"]
        if service.name == "search":
            environment |= {
                "MINGQUAN_MEILI_URL": self._meili_url,
                "MINGQUAN_MEILI_KEY": self._meili_key,
                "MINGQUAN_POLICY_URL": self._addresses.get("policy", ""),
                "MINGQUAN_MORE_SOURCES": json.dumps({"catalog": self._addresses.get("catalog", "")}),
            }
        if client := self.secrets.clients.get(service.name):
            environment |= {
                "MINGQUAN_CLIENT_ID": client.client_id,
                "MINGQUAN_CLIENT_SECRET": client.client_secret,
            }
        return environment

    def _base_environment(self) -> dict[str, str]:
        """The caller's own, so that any setting may be given, less what is the launcher's or slows every start."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name
            not in {"MINGQUAN_DATABASE_URL", "MINGQUAN_MEILI_URL", "MINGQUAN_MEILI_KEY", "PYTHONDONTWRITEBYTECODE"}
        }
        return inherited | {"PYTHONPATH": str(REPOSITORY), "PYTHONUNBUFFERED": "1"}


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False
