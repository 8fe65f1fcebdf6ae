"""The suite while its parts are killed (`kill -9`) under a partner's pushes: nothing acknowledged is lost, told twice or
left unsearchable, and nothing has to be repaired afterwards.

The tests of this file share one suite and run in their order.
"""

import asyncio
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from deploy.local.exchange import CITY_CODE, create_client
from deploy.local.processes import free_port
from deploy.local.state import Credentials, State
from tests.applicants import Applicants
from tests.e2e.test_run import LAST_LINE, Home, Launcher
from tests.partner import PATIENCE_SECONDS, Document, Partner, Progress
from tests.policies import published

SEED = 20260303
DOCUMENTS = 2000
LAST = DOCUMENTS + 1
BATCHES = 5
CHANGERS = 4
CHANGES_EACH = 50
REQUESTS = 200
DESK = {"request-api": 2, "postgres": 1}
VICTIMS = {"search-worker": 2, "meilisearch": 2, "postgres": 2, "policy-api": 2}
LONGEST_DELAY_SECONDS = 0.3
# Far below what a city would set, so that the second test need not wait for a minute.
SETTINGS = {"MINGQUAN_LONG_POLL_SECONDS": "1", "MINGQUAN_STALE_AFTER_SECONDS": "4"}
SCOPES = (
    *("request:submit", "request:handle", "request:backfill"),
    *("policy:write", "policy:import", "policy:release", "events:read", "search:admin"),
)
WORD = "社区食堂"
NOTHING = {"missing": 0, "extra": 0, "stale": 0}


class ImpatientLauncher(Launcher):
    """With this file's settings."""

    def __init__(self, home: Home) -> None:
        command, environment = home.command("run", "--no-demo", **SETTINGS)
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.said = ""


@pytest.fixture(scope="module")
def home() -> Iterator[Home]:
    folder = Path(tempfile.mkdtemp(prefix="mingquan-chaos-"))
    folder.chmod(0o711)
    home = Home(folder / "state", free_port())
    launcher = ImpatientLauncher(home)
    try:
        launcher.wait_for(LAST_LINE)
        yield home
        assert launcher.process.poll() is None, launcher.said
    finally:
        if launcher.process.poll() is None:
            launcher.end(signal.SIGTERM)
        if launcher.process.stdout is not None:
            launcher.process.stdout.close()
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def credentials(home: Home) -> Credentials:
    administrator = State(home.state).read_secrets().administrator
    assert administrator is not None
    exchange = State(home.state).read_running().services["exchange"]
    return create_client(exchange, administrator, name="业务系统", organization=CITY_CODE, scopes=SCOPES)


@pytest.fixture(scope="module")
async def http(home: Home) -> AsyncIterator[httpx.AsyncClient]:
    url = f"http://127.0.0.1:{home.port}"
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture(scope="module")
def partner(http: httpx.AsyncClient, credentials: Credentials) -> Partner:
    return Partner(http, credentials)


async def eventually(holds: Callable[[], Awaitable[Any]], progress: Progress) -> Any:
    """What `holds` returns once it is true; looks again whenever there is a receipt, and now and then."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not (result := await holds()):
            await progress.pause()
        return result


def document(number: int, revision: int = 0, **changes: Any) -> Document:
    """One of the many, with a text that tells its revisions apart."""
    text = (
        f"各街道办事处：\n　　一、第{number}号试点现为第{revision}稿，其余照旧。\n"
        + "　　二、早餐价格每月公示一次。\n" * 20
    )
    content = published(title=f"关于{WORD}第{number}号试点的通知", doc_no=f"泉食字〔2026〕{number}号", body=text)
    return Document(CITY_CODE, f"canteen-{number}", content | changes)


@dataclass
class Killer:
    """Kills processes of the suite at moments that a seed decides, counted in receipts and split seconds."""

    home: Home
    progress: Progress
    last_pid: dict[str, int] = field(default_factory=dict)

    async def strike(self, rng: random.Random, *, until: int, marked: dict[str, int] = VICTIMS) -> None:
        begun = self.progress.count
        victims = [name for name, times in marked.items() for _ in range(times)]
        rng.shuffle(victims)
        moments = sorted(rng.randrange(until // 20, until) for _ in victims)
        for moment, name in zip(moments, victims, strict=True):
            delay = rng.uniform(0, LONGEST_DELAY_SECONDS)
            sys.stdout.write(f"after {moment} receipts and {delay:.3f} s: {name}\n")
            await self.progress.reach(begun + moment)
            pid = await self._alive(name)
            killed = asyncio.Event()
            asyncio.get_running_loop().call_later(delay, self._kill, pid, killed)
            await killed.wait()
            self.last_pid[name] = pid
        for name in marked:
            await self._alive(name)

    async def _alive(self, name: str) -> int:
        """Its process, another than the one that was killed last."""

        async def started() -> int:
            pid = self.home.running["processes"].get(name, 0)
            return pid if pid != self.last_pid.get(name) else 0

        pid: int = await eventually(started, self.progress)
        return pid

    @staticmethod
    def _kill(pid: int, killed: asyncio.Event) -> None:
        with contextlib.suppress(ProcessLookupError):  # Its own end came first: it had started without a database.
            os.kill(pid, signal.SIGKILL)
        killed.set()


@dataclass
class Follower:
    """Reads the log beside the storm, as any other reader does."""

    partner: Partner
    source: str = "policy"
    events: list[dict[str, Any]] = field(default_factory=list)
    cursor: str | None = None

    async def follow(self, over: asyncio.Event) -> None:
        """Until the log's end after the storm."""
        ended = False
        while not ended:
            # Asked first: a page that was read before the last push does not end the log.
            is_over = over.is_set()
            ended = await self.read_page(wait=0.5) and is_over

    async def read_page(self, *, wait: float = 0) -> bool:
        """Whether this was the log's end."""
        params: dict[str, Any] = {"limit": 500, "wait": wait} | ({"after": self.cursor} if self.cursor else {})
        try:
            answer = await self.partner.http.get(
                f"/api/{self.source}/v1/events", params=params, headers=await self.partner.headers()
            )
        except httpx.RemoteProtocolError:
            return False
        if answer.status_code == 503:
            await self.partner.progress.pause()
            return False
        assert answer.status_code == 200, answer.text
        page = answer.json()
        self.events += page["events"]
        self.cursor = page["cursor"]
        return bool(page["at_end"])


@dataclass
class Searcher:
    """A citizen who searches all the time."""

    partner: Partner
    answers: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    found_once: bool = False
    slowest_seconds: float = 0.0

    async def search(self, over: asyncio.Event) -> None:
        while not over.is_set():
            began = time.monotonic()
            try:
                answer = await self.partner.http.get("/api/search/v1/search", params={"q": WORD})
            except httpx.HTTPError as error:
                self.faults.append(repr(error))
                continue
            self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)
            self._judge(answer)
            await self.partner.progress.pause()

    def _judge(self, answer: httpx.Response) -> None:
        self.answers[answer.status_code] += 1
        if answer.status_code == 200:
            found = bool(answer.json()["items"]) and answer.json()["total"] > 0
            self.found_once = self.found_once or found
            if self.found_once and not found:
                self.faults.append(f"empty: {answer.text[:300]}")
        elif answer.status_code != 503:
            self.faults.append(f"{answer.status_code}: {answer.text[:300]}")


async def change_documents(partner: Partner, rng: random.Random, own: list[int]) -> dict[int, int]:
    """Push changes of documents that were acknowledged, one by one; returns each one's last revision."""
    revisions: dict[int, int] = {}
    for _ in range(CHANGES_EACH):

        async def known() -> list[int]:
            return [number for number in own if f"canteen-{number}" in partner.receipts]

        number = rng.choice(await eventually(known, partner.progress))
        revisions[number] = revisions.get(number, 0) + 1
        await partner.put(document(number, revisions[number]))
    return revisions


async def push_batches(partner: Partner) -> None:
    for part in range(BATCHES):
        await partner.push([document(number) for number in range(1 + part, DOCUMENTS + 1, BATCHES)])


@dataclass
class Aftermath:
    """What is left of a storm."""

    partner: Partner
    follower: Follower
    searcher: Searcher
    log: Follower
    """The whole log, read again from its beginning."""


@pytest.fixture(scope="module")
async def aftermath(home: Home, partner: Partner) -> Aftermath:
    """Pushes, changes, searches, a reader and deaths, all at once; then the log once more."""
    over, follower, searcher, log = asyncio.Event(), Follower(partner), Searcher(partner), Follower(partner)
    sys.stdout.write(f"seed {SEED}\n")
    async with asyncio.TaskGroup() as beside:
        beside.create_task(follower.follow(over))
        beside.create_task(searcher.search(over))
        async with asyncio.TaskGroup() as storm:
            storm.create_task(push_batches(partner))
            for number in range(CHANGERS):
                own = list(range(1 + number, DOCUMENTS + 1, CHANGERS))
                storm.create_task(change_documents(partner, random.Random(SEED + number), own))
            until = DOCUMENTS + CHANGERS * CHANGES_EACH
            storm.create_task(Killer(home, partner.progress).strike(random.Random(SEED), until=until))

        async def found() -> bool:
            return searcher.found_once

        # A storm may leave the index no moment; what is searched for has to appear all the same.
        await eventually(found, partner.progress)
        over.set()
    while not await log.read_page():
        pass
    return Aftermath(partner, follower, searcher, log)


def test_the_storm_did_hit(aftermath: Aftermath) -> None:
    assert aftermath.partner.sent_again > 0
    assert aftermath.searcher.found_once
    assert aftermath.searcher.answers[200] > 0 < aftermath.searcher.answers[503]


def test_nothing_that_was_right_is_refused(aftermath: Aftermath) -> None:
    assert aftermath.partner.refused == []
    assert len(aftermath.partner.receipts) == DOCUMENTS


async def test_every_receipt_is_kept(aftermath: Aftermath) -> None:
    receipts = aftermath.partner.receipts
    wanted = {key: (one["id"], one["version"], one["content_hash"]) for key, one in receipts.items()}
    shown = {one["external_id"]: one async for one in listed(aftermath.partner)}
    assert {key: told(one) for key, one in shown.items()} == wanted
    for key, receipt in receipts.items():
        if receipt["version"] > 1:
            answer = await aftermath.partner.http.get(f"/api/policy/v1/policies/{receipt['id']}")
            assert answer.status_code == 200, answer.text
            assert told(answer.json()) == wanted[key]


def told(document: dict[str, Any]) -> tuple[str, int, str]:
    """What a receipt says of the document."""
    return document["id"], document["version_number"], document["content_hash"]


async def listed(partner: Partner) -> AsyncIterator[dict[str, Any]]:
    """Every public document."""
    cursor: dict[str, str] = {}
    while True:
        answer = await partner.http.get("/api/policy/v1/policies", params={"limit": 100, **cursor})
        assert answer.status_code == 200, answer.text
        page = answer.json()
        for one in page["items"]:
            yield one
        if page["next_cursor"] is None:
            return
        cursor = {"cursor": page["next_cursor"]}


def test_the_log_tells_everything_once_and_in_order(aftermath: Aftermath) -> None:
    events = aftermath.log.events
    assert [int(event["sequence"]) for event in events] == list(range(1, len(events) + 1))
    versions: dict[str, list[int]] = {}
    for event in events:
        versions.setdefault(event["subject"], []).append(event["subjectversion"])
    assert all(found == list(range(1, len(found) + 1)) for found in versions.values())
    assert len(versions) == DOCUMENTS
    # Who read it in the storm saw the same.
    assert aftermath.follower.events == events


async def test_the_export_is_what_the_log_ends_with(aftermath: Aftermath) -> None:
    told = {event["subject"]: (event["subjectversion"], event["data"]) for event in aftermath.log.events}
    headers = await aftermath.partner.headers()
    answer = await aftermath.partner.http.get("/api/policy/v1/export", headers=headers)
    *lines, end = map(json.loads, answer.text.splitlines())
    assert {line["subject"]: (line["version"], line["data"]) for line in lines} == told
    assert end["count"] == len(lines) == DOCUMENTS
    after = await aftermath.partner.http.get("/api/policy/v1/events", params={"after": end["cursor"]}, headers=headers)
    assert after.json()["events"] == []


@pytest.mark.usefixtures("aftermath")
def test_the_audit_chain_is_whole(home: Home) -> None:
    code, said = home.say("audit", "verify")
    assert code == 0, said


def test_searching_never_failed_otherwise_than_for_now(aftermath: Aftermath) -> None:
    sys.stdout.write(f"{dict(aftermath.searcher.answers)}, slowest {aftermath.searcher.slowest_seconds:.2f} s\n")
    assert aftermath.searcher.faults == []


async def test_the_index_needed_no_repair(home: Home, aftermath: Aftermath) -> None:
    await aftermath.partner.put(document(LAST, title="关于最后一份文件的通知"))

    async def last_is_found() -> bool:
        """The log is applied in order: when the last document is in, all are."""
        answer = await aftermath.partner.http.get("/api/search/v1/search", params={"q": f"泉食字〔2026〕{LAST}号"})
        return answer.status_code == 200 and any(hit["exact_number"] for hit in answer.json()["items"])

    await eventually(last_is_found, aftermath.partner.progress)
    code, said = home.say("verify")
    assert code == 0, said
    assert '"parked": 0' in said
    assert f'"checked": {LAST}' in said
    # The worker verifies by itself when a write timed out; that must have found nothing either.
    assert await verified(home) == [NOTHING] * len(await verified(home))
    assert "document parked" not in (home.state / "logs" / "search-worker.log").read_text(encoding="utf-8")


@pytest.mark.usefixtures("aftermath")
def test_no_part_met_what_it_had_not_foreseen(home: Home) -> None:
    for log in (home.state / "logs").iterdir():
        said = log.read_text(encoding="utf-8", errors="replace")
        for stumble in ("Exception in ASGI application", 'index not kept"', "job failed"):
            assert stumble not in said, f"{log.name}: {said[said.index(stumble) - 200 :][:2000]}"


async def verified(home: Home) -> list[dict[str, int]]:
    """What every verification of this suite's life found."""
    url = State(home.state).read_running().environments["search"]["MINGQUAN_DATABASE_URL"]
    connection = await asyncpg.connect(url)
    try:
        found = await connection.fetch("SELECT outcome FROM search.work_order WHERE kind = 'verify'")
    finally:
        await connection.close()
    outcomes = [json.loads(row["outcome"]) for row in found]
    return [{kind: outcome[kind]["count"] for kind in NOTHING} for outcome in outcomes]


async def test_what_is_withdrawn_is_not_served_from_a_stale_index(home: Home, partner: Partner) -> None:
    word = "便民书屋"
    papers = [document(LAST + number, title=f"关于第{number}批{word}的通知") for number in range(1, 9)]
    await partner.push(papers)
    ids = [partner.receipts[paper.external_id]["id"] for paper in papers]

    async def search() -> dict[str, Any]:
        answer = await partner.http.get("/api/search/v1/search", params={"q": word, "limit": 50})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def all_are_found() -> bool:
        return {hit["id"] for hit in (await search())["items"]} == set(ids)

    await eventually(all_are_found, partner.progress)
    worker = home.running["processes"]["search-worker"]
    os.kill(worker, signal.SIGSTOP)
    try:
        for one in ids[:3]:
            answer = await partner.http.post(
                f"/api/policy/v1/policies/{one}:withdraw",
                json={"reason": "发布有误，撤回核对"},
                headers=await partner.headers(),
            )
            assert answer.status_code == 204, answer.text
        found = await search()
        assert {hit["id"] for hit in found["items"]} == set(ids[3:])
        assert found["total"] == len(ids) - 3
        suggested = await partner.http.get("/api/search/v1/suggest", params={"q": word, "limit": 20})
        assert {item["id"] for item in suggested.json()["items"]} <= set(ids[3:])

        async def is_marked() -> bool:
            return bool((await search())["stale"])

        await eventually(is_marked, partner.progress)
    finally:
        os.kill(worker, signal.SIGCONT)

    async def is_fresh() -> bool:
        return not (await search())["stale"]

    await eventually(is_fresh, partner.progress)
    assert {hit["id"] for hit in (await search())["items"]} == set(ids[3:])
    assert home.say("verify")[0] == 0


async def test_no_request_is_lost_and_numbers_have_no_gap(home: Home, partner: Partner) -> None:
    """Handed in, accepted and withdrawn while the service and the database die (issue 5, criterion 4)."""
    storm = Applicants(partner, REQUESTS)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(storm.all())
        killer = Killer(home, partner.progress)
        tasks.create_task(killer.strike(random.Random(SEED), until=2 * REQUESTS, marked=DESK))
    assert storm.refused == []
    assert storm.sent_again > 0
    numbers = sorted(receipt["number"] for receipt in storm.receipts.values())
    assert numbers == [f"{CITY_CODE}-2025-{number:05d}" for number in range(1, REQUESTS + 1)]
    for receipt in storm.receipts.values():
        answer = await partner.http.get(f"/api/request/v1/requests/{receipt['id']}", headers=await partner.headers())
        steps = [step["kind"] for step in answer.json()["steps"]]
        assert steps == ["submitted", "accepted", "withdrawn"]
    log, told = Follower(partner, source="request"), Counter[str]()
    while not await log.read_page():
        pass
    assert [int(event["sequence"]) for event in log.events] == list(range(1, len(log.events) + 1))
    told.update(event["subject"] for event in log.events)
    assert set(told.values()) == {3}
    assert len(told) == REQUESTS
