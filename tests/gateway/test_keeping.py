"""What the gateway keeps of public answers, in which form, for how long, and what it never keeps."""

import asyncio
import gzip
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from tests.gateway.houses import Street, answer, needs_nginx, street
from tests.subscribers import eventually

pytestmark = needs_nginx
BODY = b'{"text":"' + "政务公开".encode() * 500 + b'"}'
GZIP = {"Accept-Encoding": "gzip"}
PLAIN = {"Accept-Encoding": "identity"}


@pytest.fixture(scope="module")
async def opened() -> AsyncIterator[Street]:
    async with street(MINGQUAN_RATE_PER_ADDRESS="10000", MINGQUAN_RATE_PER_CLIENT="10000") as made:
        yield made


@pytest.fixture
def town(opened: Street) -> Street:
    opened.forget()
    return opened


@pytest.fixture
def path(request: pytest.FixtureRequest) -> str:
    """An address of the test's own."""
    return f"/api/policy/v1/{request.node.name}"


def word(answered: httpx.Response) -> str:
    """HIT, MISS, STALE, …"""
    return answered.headers["cache-status"].rpartition("=")[2]


async def test_a_public_answer_is_kept_as_long_as_the_service_says(town: Street, path: str) -> None:
    town.policy.keep(BODY)
    answers = [await town.client.get(path, headers=PLAIN) for _ in range(3)]
    assert [word(one) for one in answers] == ["MISS", "HIT", "HIT"]
    assert {one.content for one in answers} == {BODY}
    assert len(town.asked) == 1
    assert len({one.headers["x-request-id"] for one in answers}) == 3
    assert {one.headers["cache-control"] for one in answers} == {"public, max-age=60"}
    head = await town.client.head(path, headers=PLAIN)
    assert (head.status_code, head.content, word(head)) == (200, b"", "HIT")


async def test_the_compressed_answer_is_kept_beside_the_plain_one(town: Street, path: str) -> None:
    town.policy.keep(BODY)
    ways = ["gzip", "gzip, deflate, br", "br, GZIP;q=0.5", "identity", "br", "gzip;q=0, br", "gzip; q=0.0", "x-gzip2"]
    for way in ways:
        answered = await town.client.get(path, headers={"Accept-Encoding": way})
        is_compressed = ways.index(way) < 3
        assert answered.headers.get("content-encoding") == ("gzip" if is_compressed else None), way
        assert answered.content == BODY
        assert "Accept-Encoding" in answered.headers["vary"]
    assert len(town.asked) == 2
    assert all(dict(scope["headers"]).get(b"accept-encoding") is None for scope in town.asked)


async def test_it_is_kept_as_it_is_sent(town: Street, path: str) -> None:
    town.policy.keep(BODY)
    await town.client.get(path, headers=GZIP)
    kept = [file.read_bytes() for file in (town.nginx.folder / "cache/answers").rglob("*") if file.is_file()]
    (ours,) = [content for content in kept if f" {path} ".encode() in content]
    assert BODY not in ours
    assert gzip.decompress(ours[ours.index(b"\x1f\x8b") :]) == BODY


@pytest.mark.parametrize(
    "headers", [{"Authorization": "Bearer x.y.z"}, {"Cookie": "a=b"}, {"Authorization": "Basic eA=="}]
)
async def test_what_a_token_or_a_cookie_asks_is_never_kept_nor_answered_from_what_is(
    town: Street, headers: dict[str, str]
) -> None:
    path = f"/api/policy/v1/with-{'-'.join(headers)}-{len(str(headers))}"
    town.policy.keep(b'"of one client"')
    for _ in range(2):
        own = await town.client.get(path, headers=headers)
        assert own.text == '"of one client"'
    assert len(town.asked) == 2
    town.policy.keep(b'"public"')
    assert (await town.client.get(path)).text == '"public"'
    town.policy.keep(b'"of one client, later"')
    assert (await town.client.get(path, headers=headers)).text == '"of one client, later"'
    assert (await town.client.get(path)).text == '"public"'


@pytest.mark.parametrize("caching", [b"no-store", b"private, max-age=60", b"no-cache", b"max-age=0", b""])
async def test_what_the_service_does_not_give_away_is_not_kept(town: Street, caching: bytes) -> None:
    path = f"/api/policy/v1/caching-{len(caching)}"
    town.policy.keep(caching=caching)
    assert [word(await town.client.get(path)) in ("MISS", "EXPIRED") for _ in range(2)] == [True, True]
    assert len(town.asked) == 2


async def test_searches_tracked_requests_and_writes_pass_the_cache_by(town: Street) -> None:
    for house in town.houses.values():
        house.keep()
    for path in ("/api/search/v1/search?q=1", "/api/request/v1/track?number=1&code=2", "/api/policy/v1/events"):
        for _ in range(2):
            assert "cache-status" not in (await town.client.get(path)).headers or "BYPASS" in word(
                await town.client.get(path)
            )
    town.forget()
    for house in town.houses.values():
        house.keep()
    for _ in range(2):
        await town.client.post("/api/policy/v1/x")
    assert len(town.asked) == 2


async def test_address_host_and_accepted_type_tell_answers_apart(town: Street, path: str) -> None:
    town.policy.keep()
    for changed in ({}, {"Host": "other.example"}, {"Accept": "text/html"}):
        assert word(await town.client.get(path, headers=changed)) == "MISS"
    assert word(await town.client.get(f"{path}?x=1")) == "MISS"
    assert word(await town.client.get(path)) == "HIT"


async def test_a_caller_who_has_it_gets_304(town: Street, path: str) -> None:
    town.policy.keep(BODY)
    for encoding in (PLAIN, GZIP):
        first = await town.client.get(path, headers=encoding)
        again = await town.client.get(path, headers=encoding | {"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
        assert (await town.client.get(path, headers=encoding | {"If-None-Match": '"2"'})).status_code == 200
    direct = await town.client.get(path, headers={"Authorization": "Basic eA==", "If-None-Match": '"1"'})
    assert direct.status_code == 304


async def test_what_has_aged_is_asked_for_conditionally(town: Street, path: str) -> None:
    town.policy.keep(BODY, caching=b"public, max-age=1")
    for encoding in (PLAIN, GZIP):
        await town.client.get(path, headers=encoding)

        async def is_revalidated(encoding: dict[str, str] = encoding) -> bool:
            return word(await town.client.get(path, headers=encoding)) == "REVALIDATED"

        await eventually(is_revalidated)
    assert sum(b"if-none-match" in dict(scope["headers"]) for scope in town.asked) >= 2


async def test_an_old_answer_is_given_while_the_service_fails(town: Street, path: str) -> None:
    town.policy.keep(BODY, caching=b"public, max-age=1")
    assert (await town.client.get(path, headers=PLAIN)).content == BODY
    for status in (500, 503):
        town.policy.keep(b'{"code":"unavailable"}', status=status, caching=b"no-store")

        async def is_stale() -> bool:
            answered = await town.client.get(path, headers=PLAIN)
            assert (answered.status_code, answered.content) == (200, BODY)
            return word(answered) == "STALE"

        await eventually(is_stale)
    # Nobody has asked for this one before.
    assert (await town.client.get(f"{path}-other")).status_code == 503
    # What is gone is gone.
    town.policy.keep(b'{"code":"withdrawn"}', status=410, caching=b"no-store")
    assert (await town.client.get(path, headers=PLAIN)).status_code == 410


async def test_an_old_answer_is_given_while_a_new_one_is_fetched(town: Street, path: str) -> None:
    town.policy.keep(BODY, caching=b"public, max-age=1, stale-while-revalidate=60")
    await town.client.get(path)
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_scope: Scope, _receive: Receive, send: Send) -> None:
        asked.set()
        await go_on.wait()
        await answer(send, b'"new"', headers=[(b"cache-control", b"public, max-age=60")])

    town.policy.handler = slow
    town.policy.asked.clear()

    async def is_being_fetched() -> bool:
        # Nobody waits for the service; only the connection that set it going takes no further request until then.
        async with httpx.AsyncClient(base_url=town.nginx.url, trust_env=False) as passer_by:
            assert (await passer_by.get(path, timeout=5)).content == BODY
        return asked.is_set()

    await eventually(is_being_fetched)
    assert await is_being_fetched()
    assert len(town.asked) == 1
    go_on.set()

    async def is_new() -> bool:
        return (await town.client.get(path)).text == '"new"'

    await eventually(is_new)
    assert len(town.asked) == 1


async def test_large_files_are_not_kept(town: Street, path: str) -> None:
    town.policy.keep(b"x" * 1_000_000)
    assert [word(await town.client.get(path, headers=PLAIN)) for _ in range(2)] == ["MISS", "MISS"]


async def test_what_is_not_kept_is_compressed_too(town: Street, path: str) -> None:
    town.policy.keep(BODY)
    answered = await town.client.get(path, headers=GZIP | {"Authorization": "Basic eA=="})
    assert answered.headers["content-encoding"] == "gzip"
    assert answered.content == BODY
