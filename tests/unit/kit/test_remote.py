"""Facts of other services: shared calls, old answers while the owner is away, no queue while it hangs."""

import asyncio
from collections.abc import Callable

import httpx
import pytest

from shared.kit.calendars import CalendarSource
from shared.kit.errors import Unavailable, UnknownOrganization
from shared.kit.organizations import OrganizationDirectory, organizations_over_http
from shared.kit.remote import Remembered
from shared.kit.workdays import load_seed_calendar

CODE = "1137010000418859XL"


class Owner:
    """Answers with a number that grows; can be away, and can be made to hang."""

    def __init__(self) -> None:
        self.asked = 0
        self.away = False
        self.entered = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    async def load(self, _key: str) -> int:
        self.asked += 1
        self.entered.set()
        await self.gate.wait()
        if self.away:
            raise Unavailable("无法访问")
        return self.asked


async def test_concurrent_callers_share_one_call() -> None:
    owner = Owner()
    known = Remembered(owner.load, ttl_seconds=60)
    assert set(await asyncio.gather(*(known.get("a") for _ in range(50)))) == {1}
    assert owner.asked == 1


async def test_old_answer_is_used_while_the_owner_is_away() -> None:
    owner = Owner()
    known = Remembered(owner.load, ttl_seconds=0.000001)
    assert await known.get("a") == 1
    owner.away = True
    assert [await known.get("a") for _ in range(20)] == [1] * 20
    assert owner.asked == 2


async def test_those_who_queue_while_the_owner_hangs_share_its_refusal() -> None:
    owner = Owner()
    owner.away = True
    owner.gate.clear()
    known = Remembered(owner.load, ttl_seconds=60)
    waiting = [asyncio.create_task(known.get("a")) for _ in range(50)]
    await owner.entered.wait()
    owner.gate.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, Unavailable) for result in results)
    assert owner.asked == 1


async def test_owner_is_asked_again_as_soon_as_it_is_back() -> None:
    owner = Owner()
    owner.away = True
    known = Remembered(owner.load, ttl_seconds=60)
    with pytest.raises(Unavailable):
        await known.get("a")
    owner.away = False
    assert await known.get("a") == 2


async def test_fresh_asks_now_and_forget_asks_anew() -> None:
    owner = Owner()
    known = Remembered(owner.load, ttl_seconds=60)
    assert [await known.get("a"), await known.get("a", fresh=True), await known.get("a")] == [1, 2, 2]
    known.forget()
    assert await known.get("a") == 3


def client_of(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


async def test_unknown_organization_is_not_an_outage() -> None:
    async with client_of(lambda _: httpx.Response(404)) as client:
        directory = OrganizationDirectory(organizations_over_http(client, "http://x.test"), ttl_seconds=60)
        with pytest.raises(UnknownOrganization):
            await directory.get(CODE)


@pytest.mark.parametrize("code", ["", "x", "1137010000418859XX", "机关", CODE + "0"])
async def test_impossible_code_is_refused_without_asking(code: str) -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        raise AssertionError("asked")

    async with client_of(refuse) as client:
        directory = OrganizationDirectory(organizations_over_http(client, "http://x.test"), ttl_seconds=60)
        with pytest.raises(UnknownOrganization):
            await directory.get(code)


@pytest.mark.parametrize(
    "answer", [httpx.Response(200, text="<html>"), httpx.Response(200, json={}), httpx.Response(502)]
)
async def test_unreadable_answer_is_the_owners_fault(answer: httpx.Response) -> None:
    async with client_of(lambda _: answer) as client:
        directory = OrganizationDirectory(organizations_over_http(client, "http://x.test"), ttl_seconds=60)
        with pytest.raises(Unavailable):
            await directory.get(CODE)


async def test_shipped_calendar_serves_until_the_owner_answers() -> None:
    def refuse(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away")

    async with client_of(refuse) as client:
        source = CalendarSource(client, exchange_url="http://x.test", ttl_seconds=60)
        assert (await source.get()).version == load_seed_calendar().version


async def test_imported_calendar_wins() -> None:
    imported = load_seed_calendar().data.model_copy(update={"version": "2026.1+3"})
    async with client_of(lambda _: httpx.Response(200, content=imported.model_dump_json())) as client:
        source = CalendarSource(client, exchange_url="http://x.test", ttl_seconds=60)
        assert (await source.get()).version == "2026.1+3"
