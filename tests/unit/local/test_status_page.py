"""The script of the status page, run by Node: what it says when all is well, when something is away, when everything is."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy.local.settings import REPOSITORY
from deploy.local.suite import SERVICES

PAGE = REPOSITORY / "deploy" / "gateway" / "status.html.template"
PATHS = [service.path for service in SERVICES]
WELL: dict[str, Any] = {
    "/health": {"services": dict.fromkeys(PATHS, "ok")},
    "/api/search/v1/status": {
        "stale": False,
        "sources": [{"reflects_until": "2026-11-24T03:00:05Z"}, {"reflects_until": "2026-11-24T03:00:00Z"}],
        "documents": {"policy": 1300, "clause": 40},
    },
    "/api/exchange/v1/calendar": {"years": {"2025": {}, "2026": {}}},
}


def shown(answers: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node here")
    script = Path(__file__).with_name("status_page.mjs")
    done = subprocess.run([node, script, PAGE, json.dumps(answers)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return found["texts"], found["states"]


def test_all_is_well() -> None:
    texts, states = shown(WELL)
    assert texts["whole"].startswith("各项服务正常。")
    assert texts["fresh"] == "2026/11/24 11:00:00", "the older of two, where the city is"
    assert (texts["documents"], texts["calendar"]) == ("1,340", "2026年12月31日")
    assert states == dict.fromkeys(PATHS, "state ok")


def test_what_is_away_is_named_and_the_search_may_be_behind() -> None:
    health = {"services": dict.fromkeys(PATHS, "ok") | {"/api/request": "not ready"}}
    texts, states = shown(WELL | {"/health": health})
    assert texts["whole"].startswith("有1项服务暂不可用")
    assert states["/api/request"] == "state bad"
    stale = WELL | {"/api/search/v1/status": WELL["/api/search/v1/status"] | {"stale": True}}
    texts, _ = shown(stale)
    assert "检索结果可能不是最新" in texts["whole"]
    assert texts["fresh"].endswith("（陈旧 stale）")


def test_everything_is_away() -> None:
    problem = {"status": 503, "code": "unavailable"}
    for answers in ({}, {"/api/search/v1/status": problem, "/api/exchange/v1/calendar": problem}):
        texts, states = shown(answers)
        assert texts["whole"].startswith(f"有{len(PATHS)}项服务暂不可用")
        assert texts["fresh"] == texts["documents"] == texts["calendar"] == "不详 unknown"
        assert set(states.values()) == {"state bad"}
