"""Our signatures and the reference library of JavaScript, in both directions, and a province that sends and receives."""

import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.kit.clock import local_day
from shared.webhooks import InvalidWebhook, new_key_pair, new_secret, sign, verify
from tests.front import serving
from tests.integration.test_inbound import TYPES, assigned
from tests.integration.test_webhook_chaos import hurry
from tests.integration.test_webhooks import OFFICES, register, settled, subscribe
from tests.province import Province, province
from tests.services import CITY, Suite, exchange_suite
from tests.subscribers import eventually, working

SECRET, OLD = new_secret(), new_secret()
PRIVATE, PUBLIC = new_key_pair()
BODIES = [
    '{"type":"t","data":{}}',
    '{"标题":"早餐工程🍜"}',
    '{"a":"' + "x" * 5000 + '"}',
    '{"a": "\\u0000\\ud83d\\ude00"}',
]


@pytest.fixture
async def suite(database_url: Callable[[str], str]) -> AsyncIterator[Suite]:
    async with exchange_suite(database_url) as opened:
        yield opened


@pytest.fixture
async def far(tmp_path: Path) -> AsyncIterator[Province]:
    """A province that knows one secret of ours and signs with both kinds of key."""
    async with province(tmp_path / "province", "--secret", SECRET, "--signing-key", SECRET) as made:
        yield made


async def post(far: Province, body: bytes, headers: dict[str, str]) -> int:
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.post(far.hooks, content=body, headers=headers)).status_code


def headers(body: bytes, *keys: str, message_id: str = "msg_1", stamp: int | None = None) -> dict[str, str]:
    at = int(time.time()) if stamp is None else stamp
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": sign(message_id, at, body, keys),
    }


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
async def test_the_reference_library_accepts_what_we_sign(far: Province, body: str) -> None:
    raw = body.encode()
    assert await post(far, raw, headers(raw, SECRET)) == 204
    # A new and an old secret sign while one is replaced, and schemes that the library does not know are passed over.
    assert await post(far, raw, headers(raw, new_secret(), PRIVATE, f"sm3_{SECRET}", SECRET)) == 204
    await far.know(public_keys=[PUBLIC])
    assert await post(far, raw, headers(raw, SECRET, PRIVATE)) == 204
    assert await post(far, raw, headers(raw, SECRET)) == 401, "the Ed25519 signature is missing"


@pytest.mark.parametrize("spoilt", ["body", "id", "stamp", "signature", "secret", "old", "future", "no id"])
async def test_the_reference_library_refuses_what_was_spoilt(far: Province, spoilt: str) -> None:
    body = b'{"type":"t"}'
    stamp = int(time.time()) + {"old": -301, "future": 302}.get(spoilt, 0)
    sent = headers(body, new_secret() if spoilt == "secret" else SECRET, stamp=stamp)
    if spoilt == "body":
        body = b'{"type":"u"}'
    elif spoilt == "id":
        sent["webhook-id"] = "msg_2"
    elif spoilt == "stamp":
        sent["webhook-timestamp"] = str(stamp + 1)
    elif spoilt == "signature":
        sent["webhook-signature"] = sign("msg_1", stamp, b"{}", [SECRET])
    elif spoilt == "no id":
        del sent["webhook-id"]
    assert await post(far, body, sent) == 401
    with pytest.raises(InvalidWebhook):
        verify(sent, body, [SECRET], now=time.time())
    assert (await far.received())["messages"] == []


@pytest.fixture
async def city(suite: Suite, far: Province) -> AsyncIterator[Suite]:
    """Behind a socket, with the province as a partner of three keys."""
    partner = {"name": "省政府信息公开平台", "organization": CITY, "keys": [SECRET, OLD, PUBLIC], "types": TYPES}
    answer = await suite.exchange.put("/v1/partners/shandong", json=partner, headers=suite.admin)
    assert answer.status_code == 200, answer.text
    async with serving(suite.apps) as port:
        await far.know(target=f"http://127.0.0.1:{port}/api/exchange/v1/inbound/shandong")
        yield suite


async def test_we_accept_what_the_reference_library_signs_and_refuse_what_was_spoilt(
    city: Suite, far: Province
) -> None:
    order: dict[str, Any] = {"type": "request.assigned", "data": assigned()}
    for keys in ([SECRET], [OLD], [PRIVATE], [new_secret(), PRIVATE]):
        said = await far.send(**order, keys=keys)
        assert (said["status"], said["answer"]["status"]) == (202, "stored"), said
    once = {"id": "prov-1", "timestamp": datetime.now(UTC).isoformat()}
    assert [(await far.send(**order, **once))["answer"]["status"] for _ in range(2)] == ["stored", "known"]
    other = await far.send(type="request.assigned", data=assigned(description="别的内容"), **once)
    assert other["status"] == 409, "the same number with other content is no replay"
    for spoilt in ({"spoil": "body"}, {"spoil": "id"}, {"spoil": "time"}, {"spoil": "signature"}, {"seconds": -302}):
        refused = await far.send(**order, **spoilt)
        assert (refused["status"], refused["answer"]["code"]) == (401, "invalid_signature"), spoilt
    assert (await far.send(**order, seconds=302))["answer"]["code"] == "invalid_signature"
    assert (await far.send(**order, keys=[new_secret()]))["answer"]["code"] == "invalid_signature"


async def test_events_reach_the_province_and_the_books_are_equal(suite: Suite, far: Province) -> None:
    async with working(suite) as database:
        made = await subscribe(suite, far.hooks, schemes=["v1", "v1a"])
        keys = {key["scheme"]: key["key"] for key in made["secrets"]}
        await far.know(secrets=[keys["v1"]], public_keys=[keys["v1a"]])
        await far.behave("status", status=500, times=1)
        for code in OFFICES[:4]:
            await register(suite, code)
        await far.behave("ok")
        address = f"/v1/subscriptions/{made['subscription']['id']}"

        async def all_arrived() -> bool:
            await hurry(database)
            return len((await far.received())["messages"]) == 4

        await settled(suite, made, "delivered", 3)
        await eventually(all_arrived)
    day = local_day(datetime.now(UTC)).isoformat()
    ours = (await suite.exchange.get(f"{address}/digest", params={"day": day}, headers=suite.admin)).json()
    theirs = (await far.digest(day))["received"]
    assert {one["type"]: (one["count"], one["hash"]) for one in ours["types"]} == {
        kind: (book["count"], book["sha256"]) for kind, book in theirs.items()
    }


async def test_books_of_the_other_direction_are_equal_too(city: Suite, far: Province) -> None:
    now = datetime.now(UTC)
    for number in range(5):
        data = assigned(province_id=f"SD-{number}")
        assert (await far.send(type="request.assigned", data=data))["status"] == 202
    day = local_day(now).isoformat()
    answer = await city.exchange.get("/v1/partners/shandong/digest", params={"day": day}, headers=city.admin)
    ours = {one["type"]: (one["count"], one["hash"]) for one in answer.json()["types"]}
    theirs = {kind: (book["count"], book["sha256"]) for kind, book in (await far.digest(day))["sent"].items()}
    assert ours == theirs != {}


async def test_the_province_outlives_its_process(far: Province) -> None:
    body = b'{"type":"t","subject":"s","subjectversion":1,"time":"2026-03-02T01:00:00Z"}'
    assert await post(far, body, headers(body, SECRET)) == 204
    before = await far.received()
    far.kill()
    await far.start()
    assert (await far.received())["messages"] == before["messages"] != []
    assert await post(far, body, headers(body, SECRET)) == 204
    assert [len(before["messages"]), (await far.received())["attempts"]] == [1, 2]
