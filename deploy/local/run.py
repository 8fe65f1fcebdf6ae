"""`make run`: starts the suite, loads the demo data, watches until Ctrl-C, stops in order."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import FrameType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.local import console
from deploy.local.processes import StartFailed, listen
from deploy.local.settings import LocalSettings
from deploy.local.state import Credentials, State
from deploy.local.suite import SERVICES, Suite
from deploy.local.supervisor import Supervisor

_LARGEST_LOG = 20_000_000
_WATCH_SECONDS = 0.1


class _StopAsked(BaseException):
    """SIGINT, SIGTERM or SIGHUP. No Exception, for nobody on the way may swallow it."""


def run(settings: LocalSettings, *, with_demo: bool) -> None:
    """Returns after a stop that was asked for; StartFailed otherwise."""
    with _only_suite(settings, settings.port) as (suite, supervisor, state):
        suite.start(console.step)
        _serve(suite, supervisor, state, with_demo=with_demo)


@contextmanager
def only_database(settings: LocalSettings) -> Iterator[tuple[Suite, str]]:
    """The suite with its database running, provisioned and nothing else, and the database's identity."""
    is_done = False
    with _only_suite(settings, 0) as (suite, _supervisor, _state):
        yield suite, suite.open_database(console.step)
        is_done = True
    if not is_done:
        raise StartFailed("已中断，没有做完")


@contextmanager
def _only_suite(settings: LocalSettings, port: int) -> Iterator[tuple[Suite, Supervisor, State]]:
    """A suite that nobody else runs on this state; stopped in order afterwards, whatever happens inside."""
    state = State(settings.state.resolve())
    state.make()
    with state.only_instance() as lock, listen(port) as door, _stop_signals():
        _set_aside_large_logs(state)
        supervisor = Supervisor(console.say)
        try:
            yield Suite(settings, state, door=door, lock=lock, supervisor=supervisor), supervisor, state
        except _StopAsked:
            console.console.print()
        finally:
            _ignore_stop_signals()
            with console.console.status("正在停止 Stopping…"):
                state.running_file.unlink(missing_ok=True)
                supervisor.stop()
            console.console.print("已全部停止 Stopped")


def _serve(suite: Suite, supervisor: Supervisor, state: State, *, with_demo: bool) -> None:
    """Watch until asked to stop; the demo data comes in meanwhile."""
    with_demo = with_demo and _demo_is_there()
    demo = _Demo(suite, state) if with_demo and not suite.secrets.demo_loaded else None
    if demo is None:
        _show(suite, state)
    while True:
        if supervisor.watch(time.monotonic()):
            suite.publish()
        if demo is not None and demo.is_over():
            demo.close()
            demo = None
            _show(suite, state)
        time.sleep(_WATCH_SECONDS)


def _demo_is_there() -> bool:
    """Whether this installation brings demo data; a folder without a module is none."""
    found = find_spec("deploy.local.demo")
    return found is not None and found.origin is not None


def _show(suite: Suite, state: State) -> None:
    assert suite.secrets.administrator is not None
    services = [(service.title, service.path) for service in SERVICES]
    if _demo_is_there():
        _show_demo_clients(state)
    console.show_addresses(suite.gateway_url, services, suite.secrets.administrator, str(state.logs))


def _show_demo_clients(state: State) -> None:
    known = import_module("deploy.local.demo").read_credentials(state.root)
    if known is None:
        return
    clients = {
        key: (
            f"{client.name}：{' '.join(client.scopes)}",
            Credentials(client_id=client.client_id, client_secret=client.client_secret),
        )
        for key, client in known.clients.items()
    }
    console.show_clients(clients)


class _Demo:
    """Loads the demo data beside the watching: children are spawned, hence watched, by the main thread only."""

    def __init__(self, suite: Suite, state: State) -> None:
        self._suite = suite
        self._state = state
        self._error: Exception | None = None
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console.console)
        self._progress.start()
        self._thread = threading.Thread(target=self._load, name="demo", daemon=True)
        self._thread.start()

    def _load(self) -> None:
        assert self._suite.secrets.administrator is not None
        try:
            load = import_module("deploy.local.demo").load
            load(self._suite.gateway_url, self._suite.secrets.administrator, self._state.root, self._progress)
        except Exception as error:  # Whatever stops the demo data, the suite itself runs.
            self._error = error

    def is_over(self) -> bool:
        return not self._thread.is_alive()

    def close(self) -> None:
        """Say how it went, and remember when all is in."""
        self._progress.stop()
        if self._error is not None:
            console.say(f"演示数据没有全部载入（{type(self._error).__name__}: {self._error}）；下次启动时会继续")
            return
        self._suite.secrets.demo_loaded = True
        self._state.save_secrets(self._suite.secrets)


@contextmanager
def _stop_signals() -> Iterator[None]:
    def ask(_number: int, _frame: FrameType | None) -> None:
        raise _StopAsked

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore_stop_signals() -> None:
    """A second Ctrl-C does not cut short what keeps the data whole; every wait on the way has its bound."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _set_aside_large_logs(state: State) -> None:
    for log in state.logs.glob("*.log"):
        if log.stat().st_size > _LARGEST_LOG:
            log.replace(log.with_suffix(".log.1"))
