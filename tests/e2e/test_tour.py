"""`make run` with its demo data, then `make tour`: the main job from the push to the repeal, as a newcomer sees it."""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console
from rich.progress import Progress

from deploy.local.demo import load
from deploy.local.demo.api import Session, open_gateway
from deploy.local.demo.clauses import clauses
from deploy.local.demo.disclosure import searchable
from deploy.local.demo.dossiers import department
from deploy.local.demo.interpretations import interpretations
from deploy.local.demo.library import waves
from deploy.local.demo.loader import WITHDRAWN, open_sessions, read_credentials
from deploy.local.demo.voices import ASKED
from deploy.local.processes import free_port
from deploy.local.state import State
from tests.e2e.test_run import LAST_LINE, PATIENCE_SECONDS, Home, Launcher, until


class DemoLauncher(Launcher):
    """A first start as it is meant: with the demo data."""

    def __init__(self, home: Home) -> None:
        command, environment = home.command("run")
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.said = ""


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    folder = Path(tempfile.mkdtemp(prefix="mingquan-tour-"))
    folder.chmod(0o711)
    home = Home(folder / "state", free_port())
    launcher = DemoLauncher(home)
    try:
        launcher.wait_for(LAST_LINE)
        yield home
    finally:
        if launcher.process.poll() is None:
            launcher.end(signal.SIGTERM)
        if launcher.process.stdout is not None:
            launcher.process.stdout.close()
        shutil.rmtree(folder)


def tour(home: Home) -> tuple[int, str]:
    """Exit code and what it said. The machine may be busy with other tests: the second of grace is widened."""
    _, environment = home.command("run")
    ended = subprocess.run(
        [sys.executable, "-m", "deploy.local.tour", "--within", "30"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    return ended.returncode, ended.stdout + ended.stderr


@pytest.fixture
def sessions(home: Home) -> Iterator[dict[str, Session]]:
    """The demo's clients, signed in."""
    credentials = read_credentials(home.state)
    assert credentials is not None
    with open_gateway(f"http://127.0.0.1:{home.port}") as gateway:
        yield open_sessions(gateway, credentials)


def all_events(session: Session) -> list[str]:
    """The ids of every event of policy_api."""
    found: list[str] = []
    cursor = ""
    while True:
        page = session.must("GET", f"/api/policy/v1/events?limit=500{cursor}")
        found += [event["id"] for event in page["events"]]
        if page["at_end"]:
            return found
        cursor = f"&after={page['cursor']}"


def test_a_first_start_loads_the_whole_demo_city(home: Home) -> None:
    assert json.loads((home.state / "secrets.json").read_bytes())["demo_loaded"] is True
    wanted = {
        "interpretation": len(interpretations()),
        "policy": len(waves()[0]) - len(WITHDRAWN) + 1,  # and the one with real files
        "question": len(ASKED),
        "clause": len(clauses()),
        "collection": 1,
        "consultation": 3,
        **searchable(date.today()),
    }
    assert until(lambda: home.get("/api/search/v1/status").json()["documents"] == wanted)


def test_loading_again_changes_nothing(home: Home, sessions: dict[str, Session]) -> None:
    before = all_events(sessions["office"])
    administrator, clients = State(home.state).read_secrets().administrator, read_credentials(home.state)
    assert administrator is not None
    with Progress(console=Console(quiet=True)) as progress:
        loaded = load(f"http://127.0.0.1:{home.port}", administrator, home.state, progress)
    assert all_events(sessions["office"]) == before
    assert loaded == clients


def test_dossiers_are_left_refused_waiting_and_ready(sessions: dict[str, Session]) -> None:
    states = {}
    for name in ("charging", "community", "maintenance"):
        wanted = {"organization": department().code, "external_id": f"DRAFT-{name}"}
        answer = sessions["department"].call("POST", "/api/policy/v1/dossiers", json=wanted)
        assert answer.status_code == 409
        open_dossier = f"/api/policy/v1/dossiers/{answer.json()['dossier_id']}"
        states[name] = sessions["department"].must("GET", open_dossier)["state"]
    assert states == {"charging": "returned", "community": "submitted", "maintenance": "signed"}


def test_the_tour_keeps_every_promise_in_every_run(home: Home) -> None:
    for _ in range(2):
        code, said = tour(home)
        assert code == 0, said[-3000:]
        assert "全部做到：58 步" in said
