"""Which installation a command works on, and the settings of its services.

Where `MINGQUAN_SECRETS_DIR` names a folder with one folder a service (deploy/container/secrets.py), it is that one: a file
of a service's folder says more than the environment, which all services have in common. Else it is the local run of
`MINGQUAN_STATE`, whose database is started for commands that need nothing else.
"""

import importlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from deploy.container.__main__ import package_of
from deploy.local.processes import StartFailed
from deploy.local.provision import SCHEMAS
from deploy.local.run import only_database
from deploy.local.settings import LocalSettings, read_settings
from deploy.local.state import Running, State
from services.exchange_api.service.own_clients import OWN_CLIENTS
from shared.kit.settings import SECRETS_DIR, KitSettings

_LAUNCHERS = {f"MINGQUAN_{name.upper()}" for name in LocalSettings.model_fields}


class OperationFailed(StartFailed):
    """Said to the operator as one sentence; what belongs to it stands on further lines."""


@dataclass(frozen=True)
class Installation:
    """The services' environments by schema, and what the local run is kept in, where it is one."""

    name: str
    environments: Mapping[str, Mapping[str, str]]
    state: State | None = None
    adopt: Callable[[], None] = lambda: None
    """What is in the database from now on belongs to the credentials that the local run's folder has."""

    def database_url(self, service: str) -> str:
        """By which the service reaches the database, in its own role."""
        try:
            return self.environments[service]["MINGQUAN_DATABASE_URL"]
        except KeyError as error:
            raise OperationFailed(f"{service} 没有数据库地址：请给出 {service}/mingquan_database_url") from error

    def settings(self, service: str) -> KitSettings:
        """As the service itself would read them; OperationFailed names what is wrong."""
        try:
            return self.read_settings(service)
        except ValidationError as error:
            raise OperationFailed(f"{service} 的设置不能使用：{'；'.join(faults_of(error))}") from error

    def read_settings(self, service: str) -> KitSettings:
        """The same; ValidationError, which never shows a value."""
        settings: type[KitSettings] = importlib.import_module(f"{package_of(service)}.settings").Settings
        with _environment(self.environments[service]):
            return settings()


def faults_of(error: ValidationError) -> list[str]:
    """Which setting, and what is wrong with it. Never its value: it may be a secret."""
    return [
        f"MINGQUAN_{'_'.join(map(str, fault['loc'])).upper() or '*'} {fault['msg']}"
        for fault in error.errors(include_url=False, include_input=False, include_context=False)
    ]


@contextmanager
def installation(*, may_start: bool = False) -> Iterator[Installation]:
    """The one that the environment names. `may_start`: its database is enough, and a stopped local run's is started."""
    folder = os.environ.get(SECRETS_DIR)
    if folder:
        yield deployed(Path(folder))
        return
    settings = read_settings()
    state = State(settings.state.resolve())
    running = _find_running(state) if may_start else state.read_running()
    if running is not None:
        yield Installation(str(state.root), {name: _local(own) for name, own in running.environments.items()}, state)
        return
    with only_database(settings) as (suite, database_id):
        environments = {name: _local(own) for name, own in suite.environments().items()}
        yield Installation(str(state.root), environments, state, partial(suite.adopt, database_id))


def _find_running(state: State) -> Running | None:
    try:
        return state.read_running()
    except StartFailed:
        return None


def deployed(folder: Path) -> Installation:
    """Of a folder of secrets; OperationFailed when there is none, or it is a single service's."""
    lacking = [name for name in SCHEMAS if not (folder / name).is_dir()]
    if lacking:
        raise OperationFailed(f"{SECRETS_DIR} 指定的 {folder} 里没有各服务的目录（缺 {'、'.join(lacking)}）")
    common = {name: value for name, value in os.environ.items() if name != SECRETS_DIR}
    known = {own.file: {"MINGQUAN_CLIENT_ID": str(own.id)} for own in OWN_CLIENTS}
    environments = {name: common | known.get(name, {}) | _files(folder / name) for name in SCHEMAS}
    return Installation(str(folder), environments)


def _files(folder: Path) -> dict[str, str]:
    return {
        path.name.upper(): path.read_text(encoding="utf-8").strip()
        for path in folder.iterdir()
        if path.is_file() and path.name.startswith("mingquan_")
    }


def _local(own: Mapping[str, str]) -> dict[str, str]:
    """A service's own environment on the caller's, less what that says to the launcher."""
    return {name: value for name, value in os.environ.items() if name not in _LAUNCHERS} | dict(own)


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
