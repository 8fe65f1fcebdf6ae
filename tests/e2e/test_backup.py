"""A backup taken while partners and applicants write, restored into a fresh suite: what was accepted before it is there.

The tests of this file share two suites and run in their order: the second is made from the first one's backup.
"""

import asyncio
import json
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.exchange import CITY_CODE, create_client
from deploy.local.processes import free_port
from deploy.local.state import State
from deploy.operations.manifest import NAME, Manifest
from tests.applicants import Applicants
from tests.e2e.test_run import LAST_LINE, Home, Launcher
from tests.files import PNG
from tests.partner import PATIENCE_SECONDS, Document, Partner
from tests.policies import published

BEFORE = 40
"""Documents that are accepted before the backup begins; as many come while it is taken as fit in."""
SCOPES = ("request:submit", "request:handle", "request:backfill", "policy:write", "policy:import", "policy:review")
WORD = "社区食堂"


def document(number: int, **changes: Any) -> Document:
    content = published(title=f"关于{WORD}第{number}号试点的通知", doc_no=f"泉食字〔2026〕{number}号")
    return Document(CITY_CODE, f"canteen-{number}", content | changes)


@dataclass
class Story:
    """What was promised, and to whom it was said when."""

    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Receipts given before the backup began."""
    requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    file: str = ""
    written_meanwhile: int = 0


@dataclass
class Place:
    """Where the suites and the backup are."""

    folder: Path
    first: Home
    second: Home

    @property
    def backup(self) -> Path:
        return self.folder / "backup"


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    folder = Path(tempfile.mkdtemp(prefix="mingquan-backup-"))
    folder.chmod(0o711)
    yield Place(folder, Home(folder / "first", free_port()), Home(folder / "second", free_port()))
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
async def story(place: Place) -> Story:
    """The first suite's, which has ended, like its machine."""
    launcher = Launcher(place.first)
    try:
        launcher.wait_for(LAST_LINE)
        async with open_http(place.first) as http:
            return await write_and_back_up(place, http)
    finally:
        end(launcher)


@pytest.fixture(scope="module")
async def http(place: Place, story: Story) -> AsyncIterator[httpx.AsyncClient]:
    """The second suite, restored from the backup with the first one's secrets."""
    assert story.documents
    place.second.state.mkdir()
    shutil.copy(place.first.state / "secrets.json", place.second.state / "secrets.json")
    code, said = place.second.say("restore", str(place.backup))
    assert code == 0, said
    launcher = Launcher(place.second)
    try:
        launcher.wait_for(LAST_LINE)
        assert "First organisation" not in launcher.said
        async with open_http(place.second) as client:
            yield client
    finally:
        end(launcher)


def open_http(home: Home) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{home.port}", timeout=30, trust_env=False)


def end(launcher: Launcher) -> None:
    if launcher.process.poll() is None:
        launcher.end(signal.SIGTERM)
    if launcher.process.stdout is not None:
        launcher.process.stdout.close()


async def write_and_back_up(place: Place, http: httpx.AsyncClient) -> Story:
    story = Story()
    partner = Partner(http, new_client(place.first))
    applicants = Applicants(partner, 8)
    attachment = await keep_file(partner, Partner(http, new_client(place.first)))
    story.file = attachment["sha256"]
    await partner.put(document(10_000, attachments=[attachment]))
    await applicants.all()
    stopped = asyncio.Event()

    async def write(first: int) -> None:
        number = first
        while not stopped.is_set():
            await partner.put(document(number))
            number += 2

    async with asyncio.TaskGroup() as writers:
        for first in (1, 2):
            writers.create_task(write(first))
        await partner.progress.reach(partner.progress.count + BEFORE)
        story.documents, story.requests = dict(partner.receipts), dict(applicants.receipts)
        code, said = await asyncio.to_thread(place.first.say, "backup", str(place.backup))
        stopped.set()
    assert code == 0, said
    assert partner.refused == applicants.refused == []
    story.written_meanwhile = len(partner.receipts) - len(story.documents)
    return story


def new_client(home: Home) -> Any:
    administrator = State(home.state).read_secrets().administrator
    assert administrator is not None
    exchange = State(home.state).read_running().services["exchange"]
    return create_client(exchange, administrator, name="业务系统", organization=CITY_CODE, scopes=SCOPES)


async def keep_file(partner: Partner, reviewer: Partner) -> dict[str, Any]:
    """Uploaded by one client and reviewed by another: the attachment that names it."""
    path = f"/api/policy/v1/organizations/{CITY_CODE}/files"
    uploaded = await partner.http.post(
        path, files={"file": ("示意图.png", PNG)}, headers=await partner.headers() | {"Acting-Person": "drafter-1"}
    )
    assert uploaded.status_code == 201, uploaded.text
    attachment: dict[str, Any] = uploaded.json()["attachment"]
    passed = await partner.http.put(
        f"{path}/{attachment['sha256']}/review",
        json={"secrecy": "pass", "personal_information": "pass"},
        headers=await reviewer.headers() | {"Acting-Person": "reviewer-2"},
    )
    assert passed.status_code == 200, passed.text
    return {key: value for key, value in attachment.items() if value is not None} | {"alt_text": "点位示意"}


def test_writers_wrote_on_while_the_backup_was_taken(story: Story, place: Place) -> None:
    assert len(story.documents) > BEFORE
    assert story.written_meanwhile > 0
    manifest = Manifest.model_validate_json((place.backup / NAME).read_bytes())
    assert list(manifest.files) == [story.file]
    assert place.backup.stat().st_mode & 0o077 == 0


async def test_every_write_accepted_before_the_backup_is_there(story: Story, http: httpx.AsyncClient) -> None:
    for receipt in story.documents.values():
        answer = await http.get(f"/api/policy/v1/policies/{receipt['id']}")
        assert answer.status_code == 200, receipt
        assert answer.json()["version"] == receipt["version"]


async def test_sealed_requests_open_with_the_secrets_that_were_kept(
    story: Story, place: Place, http: httpx.AsyncClient
) -> None:
    headers = await Partner(http, new_client(place.second)).headers()
    assert len(story.requests) == 8
    for receipt in story.requests.values():
        answer = await http.get(f"/api/request/v1/requests/{receipt['id']}", headers=headers)
        assert answer.status_code == 200, answer.text
        assert answer.json()["applicant"]["name"]


async def test_the_uploaded_file_is_there(story: Story, http: httpx.AsyncClient) -> None:
    answer = await http.get(f"/api/policy/v1/files/{story.file}")
    assert (answer.status_code, answer.content) == (200, PNG)


async def test_search_finds_what_the_library_has_and_nothing_differs(
    story: Story, place: Place, http: httpx.AsyncClient
) -> None:
    async def total() -> int:
        answer = await http.get("/api/search/v1/search", params={"q": WORD, "limit": 1})
        return int(answer.json()["total"]) if answer.status_code == 200 else 0

    async with asyncio.timeout(PATIENCE_SECONDS):
        while await total() < len(story.documents):
            pass
    code, said = await asyncio.to_thread(place.second.say, "verify")
    assert code == 0, said
    outcome = json.loads(said)
    assert outcome["checked"] >= len(story.documents)
    assert {kind: outcome[kind]["count"] for kind in ("missing", "extra", "stale")} == {
        "missing": 0,
        "extra": 0,
        "stale": 0,
    }


@pytest.mark.usefixtures("http")
async def test_the_audit_chains_are_whole_and_numbers_go_on(place: Place, http: httpx.AsyncClient) -> None:
    partner = Partner(http, new_client(place.second))
    await partner.put(document(10_000, title="关于社区食堂的第二稿"))
    code, said = await asyncio.to_thread(place.second.say, "audit", "verify")
    assert code == 0, said


@pytest.mark.usefixtures("http")
async def test_a_running_suite_and_written_data_are_not_replaced(place: Place) -> None:
    code, said = await asyncio.to_thread(place.second.say, "restore", str(place.backup))
    assert code == 1
    assert "正在运行" in said
    assert "--yes" in said


@pytest.mark.usefixtures("http")
async def test_a_damaged_backup_is_refused_before_anything_is_touched(place: Place) -> None:
    damaged = place.folder / "damaged"
    shutil.copytree(place.backup, damaged)
    table = damaged / "policy" / "policy.copy.gz"
    content = bytearray(table.read_bytes())
    content[-20] ^= 1
    table.write_bytes(content)
    code, said = await asyncio.to_thread(place.second.say, "restore", str(damaged), "--yes")
    assert code == 1
    assert "policy/policy.copy.gz" in said
    (damaged / NAME).unlink()
    code, said = await asyncio.to_thread(place.second.say, "restore", str(damaged), "--yes")
    assert code == 1
    assert "不是完整的备份" in said
