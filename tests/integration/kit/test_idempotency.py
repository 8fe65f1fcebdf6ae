"""`Idempotency-Key`: the work is done once, whoever asks again, even at the same moment."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from fastapi import Response

from shared.kit.database import Database
from shared.kit.errors import IdempotencyKeyReused
from shared.kit.idempotency import Once, forget_old_keys
from shared.kit.log import Announcement
from shared.schemas.scopes import Scope
from tests.services import DISTRICT_A, Suite

SAME, OTHER = b"fingerprint of a request", b"fingerprint of another"


class Work:
    """Announces one event each time it is done; holds still or fails on request."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.done = 0
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.fails = False

    async def request(
        self, key: str | None = "k", fingerprint: bytes = SAME, client: str = "c", secret: bool = False
    ) -> Response:
        """One request as a route makes it."""
        async with self._database.write() as session:

            async def work() -> Response:
                self.begun.set()
                await self.gate.wait()
                if self.fails:
                    raise LookupError
                self.done += 1
                session.announce(Announcement("subject.changed", "a", self.done, b"{}"))
                headers = {"Location": f"/v1/subjects/{self.done}", "ETag": f'"{self.done}"'}
                return Response(
                    b'{"n":%d}' % self.done, status_code=201, headers=headers, media_type="application/json"
                )

            return await Once(key, fingerprint).run(session, client, work, holds_secret=secret)


@pytest.fixture
def work(database: Database) -> Work:
    return Work(database)


async def test_same_key_and_body_replay_the_answer(work: Work, driver: asyncpg.Connection) -> None:
    first, second = await work.request(), await work.request()
    assert (second.status_code, bytes(second.body), second.headers["location"], second.headers["etag"]) == (
        201,
        bytes(first.body),
        first.headers["location"],
        first.headers["etag"],
    )
    assert (first.headers.get("idempotency-replayed"), second.headers["idempotency-replayed"]) == (None, "true")
    assert await driver.fetchval("SELECT count(*) FROM event") == 1


async def test_same_key_with_another_body_is_refused(work: Work) -> None:
    await work.request()
    with pytest.raises(IdempotencyKeyReused):
        await work.request(fingerprint=OTHER)


async def test_key_belongs_to_its_client(work: Work) -> None:
    await work.request()
    await work.request(client="another")
    assert work.done == 2


async def test_without_a_key_nothing_is_remembered(work: Work) -> None:
    await work.request(key=None)
    await work.request(key=None)
    assert work.done == 2


async def waits_on_a_lock(driver: asyncpg.Connection) -> None:
    """Return once somebody waits for another transaction."""
    async with asyncio.timeout(20):
        while not await driver.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            pass


async def start_twins(
    work: Work, driver: asyncpg.Connection, request: Callable[[], Awaitable[Response]]
) -> tuple[asyncio.Task[Response], asyncio.Task[Response]]:
    """The first holds inside its work, the second waits for it in PostgreSQL."""
    work.gate.clear()
    first = asyncio.ensure_future(request())
    await work.begun.wait()
    second = asyncio.ensure_future(request())
    await waits_on_a_lock(driver)
    assert not second.done()
    return first, second


async def test_concurrent_twin_waits_then_replays(work: Work, driver: asyncpg.Connection) -> None:
    first, second = await start_twins(work, driver, work.request)
    work.gate.set()
    assert bytes((await first).body) == bytes((await second).body)
    assert ((await second).headers["idempotency-replayed"], work.done) == ("true", 1)


async def test_twin_does_the_work_when_the_first_fails(work: Work, driver: asyncpg.Connection) -> None:
    work.fails = True
    first, second = await start_twins(work, driver, work.request)
    work.begun.clear()
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    await work.begun.wait()
    work.fails = False
    work.gate.set()
    assert ((await second).status_code, work.done) == (201, 1)
    assert await driver.fetchval("SELECT count(*) FROM event") == 1


async def test_failed_work_may_be_tried_again_with_its_key(work: Work) -> None:
    work.fails = True
    with pytest.raises(LookupError):
        await work.request()
    work.fails = False
    assert (await work.request()).status_code == 201


async def test_answer_with_a_secret_is_not_kept(work: Work, driver: asyncpg.Connection) -> None:
    await work.request(secret=True)
    assert await driver.fetchval("SELECT body FROM idempotency_key") is None
    with pytest.raises(IdempotencyKeyReused, match="密钥"):
        await work.request(secret=True)


async def test_old_keys_are_forgotten(work: Work, driver: asyncpg.Connection) -> None:
    await work.request()
    await forget_old_keys(driver, older_than=datetime.now(UTC) - timedelta(hours=48))
    await work.request()
    assert work.done == 1
    await forget_old_keys(driver, older_than=datetime.now(UTC) + timedelta(seconds=1))
    await work.request()
    assert work.done == 2


async def test_over_http_a_repeated_creation_makes_one_client(suite: Suite, driver: asyncpg.Connection) -> None:
    wanted = {"name": "测试客户端", "organization": DISTRICT_A, "scopes": [Scope.EVENTS_READ.value]}
    headers = suite.admin | {"Idempotency-Key": "0b5c"}
    before = await driver.fetchval("SELECT count(*) FROM client")
    answers = [await suite.exchange.post("/v1/clients", json=wanted, headers=headers) for _ in range(2)]
    other = await suite.exchange.post("/v1/clients", json=wanted | {"name": "别的客户端"}, headers=headers)
    assert [answer.status_code for answer in (*answers, other)] == [201, 409, 409]
    assert answers[1].json()["code"] == "idempotency_key_reused"
    assert await driver.fetchval("SELECT count(*) FROM client") == before + 1


@pytest.mark.parametrize("key", ["", "a b", "键", "x" * 201])
async def test_impossible_keys_are_refused(suite: Suite, key: str) -> None:
    headers = [*suite.admin.items(), ("Idempotency-Key", key.encode())]
    answer = await suite.exchange.post("/v1/clients", json={}, headers=headers)  # type: ignore[arg-type]  # bytes are allowed
    assert answer.status_code == 422


async def test_body_of_a_route_without_one_is_bounded_too(suite: Suite) -> None:
    created = await suite.exchange.post(
        "/v1/clients",
        json={"name": "测试客户端", "organization": DISTRICT_A, "scopes": ["events:read"]},
        headers=suite.admin,
    )
    path = f"/v1/clients/{created.json()['client']['id']}/secrets"
    answer = await suite.exchange.post(path, content=b"x" * 5_000_000, headers=suite.admin)
    assert (answer.status_code, answer.json()["limit_bytes"]) == (413, 4_000_000)
