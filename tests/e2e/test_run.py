"""`make run` as a person meets it: everything behind one port, said in sentences, stopped without a trace.

The tests of this file share one state and run in their order: each goes on where the one before left the suite.
"""

import fcntl
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from deploy.local.postgres import place_for
from deploy.local.processes import free_port, is_listening, listen
from deploy.local.settings import REPOSITORY
from deploy.local.suite import SERVICES

PATIENCE_SECONDS = 120
CITY = "/api/exchange/v1/organizations/1137010000418859XL"
LAST_LINE = "Press Ctrl-C to stop"


@dataclass
class Home:
    """A state and a port of this file's own."""

    state: Path
    port: int

    def command(self, *arguments: str, **changed: str) -> tuple[list[str], dict[str, str]]:
        ours = {"MINGQUAN_STATE": str(self.state), "MINGQUAN_PORT": str(self.port), "PYTHONPATH": str(REPOSITORY)}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MINGQUAN_")}
        return [sys.executable, "-m", "deploy.operations", *arguments], inherited | ours | changed

    def say(self, *arguments: str, **changed: str) -> tuple[int, str]:
        """Exit code and output of a command that ends by itself."""
        command, environment = self.command(*arguments, **changed)
        ended = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS
        )
        return ended.returncode, ended.stdout + ended.stderr

    @property
    def running(self) -> dict[str, dict[str, int]]:
        document: dict[str, dict[str, int]] = json.loads((self.state / "running.json").read_bytes())
        return document

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", trust_env=False, timeout=10)


class Launcher:
    """One `run`, and what it says."""

    def __init__(self, home: Home) -> None:
        command, environment = home.command("run", "--no-demo")
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.said = ""

    def wait_for(self, words: str) -> None:
        """Read on until it says that."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        assert self.process.stdout is not None
        seen = len(self.said)
        while words not in self.said[seen:]:
            ready, _, _ = select.select([self.process.stdout], [], [], deadline - time.monotonic())
            assert ready, f"never said {words!r}:\n{self.said}"
            chunk = os.read(self.process.stdout.fileno(), 65536)
            assert chunk, f"ended without saying {words!r}:\n{self.said}"
            self.said += chunk.decode()

    def end(self, how: int) -> int:
        """Ask it to stop; its exit code."""
        self.process.send_signal(how)
        rest, _ = self.process.communicate(timeout=PATIENCE_SECONDS)
        self.said += rest.decode()
        return self.process.returncode


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    folder = Path(tempfile.mkdtemp(prefix="mingquan-e2e-"))
    folder.chmod(0o711)
    yield Home(folder / "state", free_port())
    outside = place_for(folder / "state").parent
    shutil.rmtree(folder)
    assert outside.is_relative_to(folder) or not outside.exists(), "PostgreSQL's files were left behind"


@pytest.fixture(scope="module")
def start(home: Home) -> Iterator[Callable[[], Launcher]]:
    """Starts the suite; whatever still runs at the end is stopped."""
    launchers: list[Launcher] = []

    def start_one() -> Launcher:
        launchers.append(Launcher(home))
        launchers[-1].wait_for(LAST_LINE)
        return launchers[-1]

    yield start_one
    for launcher in launchers:
        if launcher.process.poll() is None:
            launcher.end(signal.SIGTERM)
        if launcher.process.stdout is not None:
            launcher.process.stdout.close()


@pytest.fixture(scope="module")
def launcher(start: Callable[[], Launcher]) -> Launcher:
    return start()


def until(question: Callable[[], bool]) -> bool:
    """Ask again and again; each question waits by itself for an answer."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if question():
            return True
    return False


def nobody_is_left(home: Home) -> bool:
    """Every child holds this lock as long as it lives."""
    with (home.state / "children.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


@pytest.mark.usefixtures("launcher")
def test_everything_answers_behind_one_port(home: Home) -> None:
    health = home.get("/health")
    assert health.json() == {"status": "ok", "services": {service.path: "ok" for service in SERVICES}}
    assert "明泉" in home.get("/").text
    assert home.get(CITY).json()["name"] == "泉城市人民政府"
    for service in SERVICES:
        assert home.get(f"{service.path}/openapi.json").json()["servers"] == [{"url": service.path}]
        reference = home.get(f"{service.path}/docs")
        assert reference.status_code == 200
        assert not re.search(r'(?:src|href)="(?:https?:)?//', reference.text), "the reference needs the network"
        assert home.get(f"{service.path}/metrics").status_code == 404


def test_the_table_shows_addresses_and_credentials(launcher: Launcher, home: Home) -> None:
    assert f"http://127.0.0.1:{home.port}/" in launcher.said
    secrets = json.loads((home.state / "secrets.json").read_bytes())
    assert secrets["administrator"]["client_id"] in launcher.said
    form = {"grant_type": "client_credentials"}
    url = f"http://127.0.0.1:{home.port}/api/exchange/v1/oauth/token"
    who = (secrets["administrator"]["client_id"], secrets["administrator"]["client_secret"])
    assert httpx.post(url, data=form, auth=who, trust_env=False).status_code == 200


def test_no_secret_is_left_in_a_log(launcher: Launcher, home: Home) -> None:
    assert launcher.process.poll() is None
    secrets = json.loads((home.state / "secrets.json").read_bytes())
    logs = "".join(log.read_text(encoding="utf-8", errors="replace") for log in (home.state / "logs").iterdir())
    assert "client_secret" not in logs
    for name in ("database_password", "key_encryption_key", "opinion_key", "meili_master_key"):
        assert secrets[name] not in logs


@pytest.mark.usefixtures("launcher")
def test_a_second_run_on_the_same_state_is_one_sentence(home: Home) -> None:
    code, said = home.say("run", MINGQUAN_PORT=str(free_port()))
    assert code == 1
    assert "另一个明泉正在使用" in said
    assert len(said.strip().splitlines()) == 1


@pytest.mark.usefixtures("launcher")
def test_a_reset_under_a_running_suite_is_refused(home: Home) -> None:
    code, said = home.say("reset", "--yes")
    assert code == 1
    assert "另一个明泉正在使用" in said
    assert home.get(CITY).status_code == 200


def test_a_port_in_use_is_one_sentence(home: Home, tmp_path: Path) -> None:
    with listen(0) as taken:
        port = taken.getsockname()[1]
        code, said = home.say("run", MINGQUAN_STATE=str(tmp_path / "other"), MINGQUAN_PORT=str(port))
    assert code == 1
    assert f"端口 {port} 已被别的程序占用" in said
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) <= 2


@pytest.mark.usefixtures("launcher")
def test_the_audit_trail_is_verified_by_a_command(home: Home) -> None:
    code, said = home.say("audit", "verify")
    assert code == 0, said
    assert said.count("完整") == len(SERVICES)


@pytest.mark.parametrize(
    "name", ["meilisearch", "postgres", "policy-worker", "search-worker", "exchange-api", "gateway"]
)
def test_a_child_killed_hard_comes_back_by_itself(launcher: Launcher, home: Home, name: str) -> None:
    before = home.running["processes"]
    os.kill(before[name], signal.SIGKILL)
    launcher.wait_for("SIGKILL")
    assert until(lambda: home.running["processes"].get(name, before[name]) != before[name])

    def is_well() -> bool:
        try:
            return home.get("/health").is_success and home.get(CITY).is_success
        except httpx.HTTPError:
            return False

    assert until(is_well)
    assert launcher.process.poll() is None


def test_ctrl_c_stops_everything(launcher: Launcher, home: Home) -> None:
    began = time.monotonic()
    assert launcher.end(signal.SIGINT) == 0
    assert time.monotonic() - began < 20
    assert "已全部停止" in launcher.said
    assert "Traceback" not in launcher.said
    assert nobody_is_left(home)
    assert not is_listening(home.port)
    assert not (home.state / "running.json").exists()


def test_a_second_start_finds_everything_and_survives_nobody(home: Home, start: Callable[[], Launcher]) -> None:
    secrets = (home.state / "secrets.json").read_bytes()
    kept = home.state / "files" / "ab" / "abc"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text("停放点位表", encoding="utf-8")
    again = start()
    assert kept.exists()
    assert "First organisation" not in again.said
    assert (home.state / "secrets.json").read_bytes() == secrets
    assert home.get(CITY).status_code == 200
    # Killed hard, it can stop nobody: the kernel does.
    assert again.end(signal.SIGKILL) == -signal.SIGKILL
    assert until(lambda: nobody_is_left(home))


def test_reset_starts_over(home: Home) -> None:
    assert home.say("reset", "--yes")[0] == 0
    assert list(home.state.iterdir()) == []
