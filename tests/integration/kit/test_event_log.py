"""The event log under contention: nothing skipped, nothing twice, no older state after a newer one."""

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from services.exchange_api.settings import Settings
from shared.kit import log
from shared.kit.database import Database
from shared.kit.log import Announcement
from shared.schemas.events import EventPage
from shared.schemas.scopes import Scope
from tests.services import CITY, Suite

WRITERS = 32
CHANGES = 25
SUBJECTS = 6


async def write_changes(database: Database, writer: int, *, seed: int) -> int:
    """Change random subjects: their row locks, taken in any order, are what writers contend for. How many lasted."""
    chance, lasted = random.Random(seed), 0
    for change in range(CHANGES):
        subject = f"s{chance.randrange(SUBJECTS)}"
        fails = chance.random() < 0.1
        try:
            async with database.write() as session:
                driver = await session.driver()
                version = await driver.fetchval(
                    "INSERT INTO subject VALUES ($1, 1) "
                    "ON CONFLICT (id) DO UPDATE SET version = subject.version + 1 RETURNING version",
                    subject,
                )
                data = json.dumps({"id": subject, "version": version, "by": f"{writer}-{change}"}).encode()
                session.announce(Announcement("subject.changed", subject, version, data))
                if fails:
                    raise _Deliberate
        except _Deliberate:
            continue
        lasted += 1
    return lasted


class _Deliberate(Exception):
    pass


@pytest.fixture
async def contended(settings: Settings) -> AsyncIterator[Database]:
    """A connection a writer, so that they meet in PostgreSQL and not before it."""
    database = Database(settings.model_copy(update={"write_pool_size": WRITERS}))
    await database.open()
    async with database.write() as session:
        await (await session.driver()).execute("CREATE TABLE subject (id text PRIMARY KEY, version bigint NOT NULL)")
    yield database
    await database.close()


class RestartingReader:
    """Reads pages, and at random forgets what it has not stored: then it goes on from its last stored cursor."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str], *, seed: int) -> None:
        self._client, self._headers, self._chance = client, headers, random.Random(seed)
        self.cursor: str | None = None
        self.applied: list[dict[str, Any]] = []
        self.restarts = 0

    async def read_page(self) -> bool:
        """Whether the end was reached and applied."""
        query: dict[str, Any] = {"limit": self._chance.choice([1, 3, 17, 200])} | (
            {"after": self.cursor} if self.cursor else {}
        )
        answer = await self._client.get("/v1/events", params=query, headers=self._headers)
        assert answer.status_code == 200, answer.text
        page = EventPage.model_validate_json(answer.content)
        if self._chance.random() < 0.3:
            self.restarts += 1
            return False
        self.applied += answer.json()["events"]
        self.cursor = page.cursor
        return page.at_end


async def test_32_writers_and_a_reader_that_restarts(suite: Suite, contended: Database) -> None:
    """Issue 2, criterion 2: every event once a subject version, in order, without a gap, while all write at once."""
    headers = await suite.token(CITY, Scope.EVENTS_READ)
    before = await log.read_head(contended.reads)
    reader = RestartingReader(suite.exchange, headers, seed=7)
    writing = asyncio.gather(*(write_changes(contended, number, seed=number) for number in range(WRITERS)))
    while not writing.done():
        await reader.read_page()
    written = sum(await writing)
    while not await reader.read_page():
        pass
    assert reader.restarts > 10
    sequences = [int(event["sequence"]) for event in reader.applied]
    assert sequences == list(range(1, before.seq + written + 1))
    versions = defaultdict(list)
    for event in reader.applied:
        if event["type"] == "subject.changed":
            versions[event["subject"]].append(event["subjectversion"])
            assert event["data"]["version"] == event["subjectversion"]
    assert sum(map(len, versions.values())) == written
    assert all(seen == list(range(1, len(seen) + 1)) for seen in versions.values())
    times = [event["time"] for event in reader.applied]
    assert times == sorted(times)


async def announce(database: Database, count: int = 1, *, size: int = 0, subject: str = "a") -> None:
    async with database.write() as session:
        for number in range(count):
            data = json.dumps({"n": number, "filler": "x" * size}).encode()
            session.announce(Announcement("subject.changed", subject, number + 1, data))


@pytest.fixture
async def follower(suite: Suite) -> Callable[..., Any]:
    """`GET /v1/events` with the right scope."""
    headers = await suite.token(CITY, Scope.EVENTS_READ)

    async def get(**query: Any) -> httpx.Response:
        return await suite.exchange.get("/v1/events", params=query, headers=headers)

    return get


async def end_of(follower: Callable[..., Any]) -> str:
    return str((await follower(limit=1000)).json()["cursor"])


async def test_pruned_position_is_gone_and_a_younger_one_is_not(
    follower: Callable[..., Any], database: Database, driver: asyncpg.Connection
) -> None:
    old = (await follower(limit=1)).json()["cursor"]
    young = await end_of(follower)
    await announce(database, 3)
    assert await log.prune(driver, older_than=datetime.now(UTC) + timedelta(minutes=1), limit=2) == 2
    assert (await follower(after=old)).status_code == 410
    fresh = await follower()
    assert (fresh.status_code, fresh.json()["code"]) == (410, "cursor_gone")
    assert [event["sequence"] for event in (await follower(after=young)).json()["events"]] == ["5", "6", "7"]


async def test_whole_log_pruned_leaves_the_end_readable(
    follower: Callable[..., Any], database: Database, driver: asyncpg.Connection
) -> None:
    end = await end_of(follower)
    await log.prune(driver, older_than=datetime.now(UTC) + timedelta(minutes=1))
    assert (await follower(after=end)).json()["events"] == []
    await announce(database)
    assert len((await follower(after=end)).json()["events"]) == 1


async def test_events_pruned_between_two_reads_are_gone_not_skipped(
    suite: Suite, database: Database, driver: asyncpg.Connection
) -> None:
    await announce(database, 5)
    head = await log.read_head(driver)
    await log.prune(driver, older_than=datetime.now(UTC) + timedelta(minutes=1), limit=2)
    assert (await log.read_slice(driver, after=0, head=head, limit=10)).starts_late
    assert not (await log.read_slice(driver, after=2, head=head, limit=10)).starts_late
    await log.prune(driver, older_than=datetime.now(UTC) + timedelta(minutes=1))
    assert (await log.read_slice(driver, after=2, head=head, limit=10)).starts_late


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c[:-1],
        lambda c: ("B" if c[0] == "A" else "A") + c[1:],
        lambda c: c + "A",
        lambda _: "x",
        lambda _: "0",
    ],
)
async def test_forged_cursor_is_refused(follower: Callable[..., Any], change: Callable[[str], str]) -> None:
    answer = await follower(after=change(await end_of(follower)))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor")


async def test_cursor_of_a_list_is_no_position_in_the_log(suite: Suite, follower: Callable[..., Any]) -> None:
    page = (await suite.exchange.get("/v1/organizations", params={"limit": 1})).json()
    assert (await follower(after=page["next_cursor"])).status_code == 422


async def test_restored_database_makes_every_cursor_gone(
    follower: Callable[..., Any], driver: asyncpg.Connection
) -> None:
    """docs/operations.md: after restoring a backup the epoch is changed, because numbers are given anew."""
    end = await end_of(follower)
    await driver.execute("UPDATE log_head SET epoch = gen_random_uuid()::text")
    assert (await follower(after=end)).status_code == 410


async def test_cursor_ahead_of_the_log_is_gone(follower: Callable[..., Any], driver: asyncpg.Connection) -> None:
    end = await end_of(follower)
    await driver.execute("UPDATE log_head SET seq = seq - 1")
    assert (await follower(after=end)).status_code == 410


async def test_waiting_reader_is_woken_by_the_commit(
    suite: Suite, follower: Callable[..., Any], database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    end, signal, waits = await end_of(follower), suite.apps["exchange"].state.kit.signal, asyncio.Event()
    wait = signal.wait

    async def tell_and_wait(seconds: float, *, since: int) -> None:
        waits.set()
        await wait(seconds, since=since)

    monkeypatch.setattr(signal, "wait", tell_and_wait)
    async with asyncio.timeout(15):
        waiting = asyncio.create_task(follower(after=end, wait=30))
        await waits.wait()
        await announce(database)
        assert len((await waiting).json()["events"]) == 1


async def test_growth_between_reading_and_waiting_is_not_slept_through(suite: Suite, database: Database) -> None:
    signal = suite.apps["exchange"].state.kit.signal
    seen = signal.wakes
    await announce(database)
    async with asyncio.timeout(10):
        while signal.wakes == seen:
            await signal.wait(10)
        await signal.wait(3600, since=seen)


async def test_wait_ends_without_events(follower: Callable[..., Any]) -> None:
    end = await end_of(follower)
    started = asyncio.get_running_loop().time()
    page = (await follower(after=end, wait=0.2)).json()
    assert 0.2 <= asyncio.get_running_loop().time() - started < 5
    assert (page["events"], page["at_end"], page["cursor"]) == ([], True, end)


async def test_pages_are_bounded_by_bytes_but_never_empty(follower: Callable[..., Any], database: Database) -> None:
    end = await end_of(follower)
    await announce(database, 3, size=3_500_000)
    await announce(database, 1, size=9_000_000)
    counts, cursor = [], end
    for _ in range(3):
        answer = await follower(after=cursor, limit=1000)
        counts.append(len(answer.json()["events"]))
        cursor = answer.json()["cursor"]
    assert counts == [3, 1, 0]


async def test_reflects_until_speaks_of_what_was_committed(follower: Callable[..., Any], database: Database) -> None:
    """A page in the middle reflects up to its last event; one at the end up to the moment of reading."""
    end = await end_of(follower)
    await announce(database, 2)
    middle = EventPage.model_validate_json((await follower(after=end, limit=1)).content)
    assert (middle.at_end, middle.reflects_until) == (False, middle.events[-1].time)
    last = EventPage.model_validate_json((await follower(after=middle.cursor)).content)
    assert last.at_end
    assert last.reflects_until > last.events[-1].time


async def test_withdrawn_subject_has_no_data(follower: Callable[..., Any], database: Database) -> None:
    end = await end_of(follower)
    async with database.write() as session:
        session.announce(Announcement("subject.withdrawn", "a", 2, None))
    event = (await follower(after=end)).json()["events"][0]
    assert (event["data"], event["subjectversion"], event["specversion"]) == (None, 2, "1.0")


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 1001}, {"wait": 31}, {"wait": -1}, {"wait": "nan"}])
async def test_bounds_of_the_query(follower: Callable[..., Any], query: dict[str, Any]) -> None:
    assert (await follower(**query)).status_code == 422


async def test_log_needs_its_scope(suite: Suite) -> None:
    for path in ("/v1/events", "/v1/export"):
        assert (await suite.exchange.get(path)).status_code == 401
        headers = await suite.token(CITY, Scope.POLICY_WRITE)
        assert (await suite.exchange.get(path, headers=headers)).status_code == 403
