"""Messages of partners: trusted for a signature, stored once, carried out in order by the service that owns the matter."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import pytest

from services.request_api.main import build_app as build_request
from services.request_api.settings import Settings as RequestSettings
from shared.schemas.scopes import Scope
from shared.webhooks import new_key_pair, new_secret, sign
from tests.request_office import PERSON
from tests.services import (
    CITY,
    DISTRICT_A,
    SECRETS,
    HostRouter,
    Suite,
    exchange_suite,
    ready_made,
    running,
)
from tests.subscribers import eventually, working

SECRET, (PRIVATE, PUBLIC) = new_secret(), new_key_pair()
TYPES = ["request.assigned", "request.urged", "request.withdrawn", "policy.announced"]


@pytest.fixture
async def suite(database_url: Callable[[str], str]) -> AsyncIterator[Suite]:
    async with exchange_suite(database_url) as opened, AsyncExitStack() as stack:
        settings = RequestSettings(database_url=database_url("request"), **SECRETS)
        app = ready_made(build_request, settings, transport=HostRouter({"exchange.test": opened.apps["exchange"]}))
        opened.apps["request"] = app
        opened.clients["request"] = await stack.enter_async_context(running(app, "http://request.test"))
        await register(opened)
        yield opened


async def register(suite: Suite, source: str = "shandong", **changes: Any) -> None:
    body = {"name": "省政府信息公开平台", "organization": CITY, "keys": [SECRET, PUBLIC], "types": TYPES} | changes
    answer = await suite.exchange.put(f"/v1/partners/{source}", json=body, headers=suite.admin)
    assert answer.status_code == 200, answer.text
    assert "whsec_" not in answer.text


def assigned(sequence: int = 1, **changes: Any) -> dict[str, Any]:
    today = datetime.now(UTC).date().isoformat()
    return {
        "province_id": "SD-2026-000123",
        "sequence": sequence,
        "organization": CITY,
        "submitted_at": f"{today}T00:00:00+08:00",
        "received_on": today,
        "applicant": PERSON,
        "description": "青后片区征收补偿方案",
    } | changes


def message(kind: str, data: dict[str, Any]) -> bytes:
    body = {"type": kind, "timestamp": datetime.now(UTC).isoformat(), "data": data}
    return json.dumps(body, ensure_ascii=False).encode()


def signed(raw: bytes, name: str = "m1", key: str = SECRET, at: int | None = None) -> dict[str, str]:
    stamp = at if at is not None else int(datetime.now(UTC).timestamp())
    return {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(stamp),
        "webhook-signature": sign(name, stamp, raw, [key]),
    }


async def send(suite: Suite, kind: str, data: dict[str, Any], name: str = "m1", key: str = SECRET) -> Any:
    raw = message(kind, data)
    return await suite.exchange.post("/v1/inbound/shandong", content=raw, headers=signed(raw, name, key))


async def messages(suite: Suite, **params: Any) -> list[dict[str, Any]]:
    answer = await suite.exchange.get("/v1/partners/shandong/messages", params=params, headers=suite.admin)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def until_done(suite: Suite, count: int) -> None:
    async def done() -> bool:
        return len(await messages(suite, state="done")) == count

    await eventually(done)


async def test_an_assigned_request_becomes_one_of_ours_urged_and_withdrawn(suite: Suite) -> None:
    async with working(suite, inbound_retry_seconds=0.05):
        later = {"province_id": "SD-2026-000123"}
        today = datetime.now(UTC).date().isoformat()
        # What comes first is what was sent last: the order is the subject's own.
        for name, kind, data in (
            ("m3", "request.withdrawn", later | {"sequence": 3, "withdrawn_on": today}),
            ("m2", "request.urged", later | {"sequence": 2, "reason": "请尽快办理", "due_on": "2099-12-31"}),
            ("m1", "request.assigned", assigned()),
        ):
            answer = await send(suite, kind, data, name)
            assert (answer.status_code, answer.json()) == (202, {"id": name, "status": "stored"})
        await until_done(suite, 3)
        office = await suite.token(CITY, Scope.REQUEST_HANDLE, Scope.REQUEST_SUPERVISE)
        found = await suite.clients["request"].get("/v1/province-requests/SD-2026-000123", headers=office)
        assert (found.status_code, found.json()["state"]) == (200, "closed")
        urgings = await suite.clients["request"].get(f"/v1/organizations/{CITY}/request-urgings", headers=office)
        assert [(one["urged_by"], one["words"]) for one in urgings.json()["items"]] == [("shandong", "请尽快办理")]


async def test_a_replay_changes_nothing_and_another_content_is_refused(suite: Suite) -> None:
    async with working(suite):
        raw = message("request.assigned", assigned())
        headers = signed(raw)
        statuses = []
        for _ in range(3):
            answer = await suite.exchange.post("/v1/inbound/shandong", content=raw, headers=headers)
            statuses.append((answer.status_code, answer.json()["status"]))
        assert statuses == [(202, "stored"), (202, "known"), (202, "known")]
        await until_done(suite, 1)
        again = await suite.exchange.post("/v1/inbound/shandong", content=raw, headers=headers)
        assert again.json()["status"] == "known"
        assert (await send(suite, "request.assigned", assigned(description="另一份文件"))).status_code == 409
        assert len(await messages(suite)) == 1


async def test_many_replays_at_once_are_stored_once(suite: Suite) -> None:
    raw = message("request.assigned", assigned())
    headers = signed(raw)

    async def post() -> str:
        answer = await suite.exchange.post("/v1/inbound/shandong", content=raw, headers=headers)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["status"])

    assert sorted(await asyncio.gather(*(post() for _ in range(10)))) == ["known"] * 9 + ["stored"]


async def test_whatever_is_wrong_with_a_signature_is_one_error(suite: Suite) -> None:
    raw = message("request.assigned", assigned())
    good, now = signed(raw), int(datetime.now(UTC).timestamp())
    wrong: dict[str, tuple[str, bytes, dict[str, str]]] = {
        "body": ("shandong", raw + b" ", good),
        "id": ("shandong", raw, good | {"webhook-id": "m2"}),
        "time": ("shandong", raw, good | {"webhook-timestamp": str(now - 1)}),
        "signature": ("shandong", raw, good | {"webhook-signature": "v1,AAAA"}),
        "old": ("shandong", raw, signed(raw, at=now - 400)),
        "future": ("shandong", raw, signed(raw, at=now + 400)),
        "key": ("shandong", raw, signed(raw, key=new_secret())),
        "source": ("elsewhere", raw, good),
        "none": ("shandong", raw, {"content-type": "application/json"}),
    }
    told = set()
    for name, (source, body, headers) in wrong.items():
        answer = await suite.exchange.post(f"/v1/inbound/{source}", content=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_signature"), name
        told.add(answer.json()["detail"])
    assert len(told) == 1
    assert await messages(suite) == []


async def test_either_kind_of_key_is_known_and_a_rotated_one_no_more(suite: Suite) -> None:
    assert (await send(suite, "request.assigned", assigned(), "a", PRIVATE)).status_code == 202
    other = new_secret()
    await register(suite, keys=[SECRET, other])
    assert (await send(suite, "request.assigned", assigned(2), "b", SECRET)).status_code == 202
    await register(suite, keys=[other])
    assert (await send(suite, "request.assigned", assigned(3), "c", SECRET)).status_code == 401
    assert (await send(suite, "request.assigned", assigned(3), "c", other)).status_code == 202


@pytest.mark.parametrize(
    ("kind", "data", "pointer"),
    [
        ("request.eaten", {}, "/type"),
        ("request.urged", {"province_id": "x", "sequence": 1}, "/data/reason"),
        (
            "request.urged",
            {"province_id": "x", "sequence": 0, "reason": "请办", "due_on": "2026-01-01"},
            "/data/sequence",
        ),
        ("request.assigned", assigned(applicant={}), "/data/applicant/kind"),
        ("request.assigned", assigned(purpose="科研"), "/data/purpose"),
    ],
)
async def test_a_message_that_is_not_agreed_is_refused_and_not_repeated(
    suite: Suite, kind: str, data: dict[str, Any], pointer: str
) -> None:
    answer = await send(suite, kind, data)
    assert answer.status_code == 422, answer.text
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]
    assert PERSON["name"] not in answer.text


async def test_a_partner_sends_only_what_it_may(suite: Suite) -> None:
    await register(suite, types=["policy.announced"])
    assert (await send(suite, "request.assigned", assigned())).json()["errors"][0]["pointer"] == "/type"


async def test_what_the_owner_refuses_is_a_dead_letter_and_may_be_tried_again(suite: Suite) -> None:
    async with working(suite):
        sent = await send(suite, "request.assigned", assigned(organization="91370100MA3TEST00X"))
        assert sent.status_code == 422, "no organisation has such a code"
        nobody = assigned(received_on="2020-01-01", submitted_at="2026-01-01T00:00:00+08:00")
        assert (await send(suite, "request.assigned", nobody)).status_code == 202

        async def dead() -> bool:
            return len(await messages(suite, state="dead")) == 1

        await eventually(dead)
        [letter] = await messages(suite)
        assert letter["last_error"].startswith("request服务不接受：422")
        assert PERSON["name"] not in json.dumps(letter, ensure_ascii=False)
        address = "/v1/partners/shandong/messages/m1:retry"
        assert (await suite.exchange.post(address, headers=suite.admin)).status_code == 204
        await eventually(dead)


async def test_a_service_that_is_away_is_asked_again(suite: Suite) -> None:
    app = suite.apps.pop("request")
    async with working(suite, inbound_retry_seconds=0.05):
        await send(suite, "request.assigned", assigned())

        async def tried() -> bool:
            found = await messages(suite)
            return bool(found and found[0]["attempts"] >= 2 and found[0]["state"] == "stored")

        await eventually(tried)
    suite.apps["request"] = app
    async with working(suite, inbound_retry_seconds=0.05):
        await until_done(suite, 1)


async def test_personal_data_is_sealed_and_gone_once_it_is_carried_out(suite: Suite) -> None:
    async with working(suite):
        await send(suite, "request.assigned", assigned())
        reads = suite.apps["exchange"].state.kit.database.reads
        body = await reads.fetchval("SELECT body FROM inbound")
        assert body is None or PERSON["name"].encode() not in body
        await until_done(suite, 1)
        assert await reads.fetchval("SELECT body FROM inbound") is None
        told = []
        for table in await reads.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'exchange'"):
            told += [str(tuple(row)) for row in await reads.fetch(f'SELECT * FROM exchange."{table["tablename"]}"')]
        assert [one for one in (PERSON["name"], PERSON["phone"]) if one in "\n".join(told)] == []


async def test_the_books_of_a_day_and_who_may_read_them(suite: Suite) -> None:
    await send(suite, "request.assigned", assigned())
    day = datetime.now(UTC).astimezone().date().isoformat()
    answer = await suite.exchange.get("/v1/partners/shandong/digest", params={"day": day}, headers=suite.admin)
    assert answer.status_code == 200
    outsider = await suite.token(DISTRICT_A, Scope.PARTNER_ADMIN, Scope.WEBHOOK_READ)
    for path in ("", "/shandong/messages", f"/shandong/digest?day={day}"):
        assert (await suite.exchange.get(f"/v1/partners{path}", headers=outsider)).status_code == 403, path


async def test_the_contract_describes_itself(suite: Suite) -> None:
    document = (await suite.exchange.get("/v1/asyncapi")).json()
    assert document["asyncapi"] == "3.0.0"
    assert set(document["channels"]["inbound"]["messages"]) == set(TYPES)
    assert "$defs" not in json.dumps(document)
    types = (await suite.exchange.get("/v1/event-types")).json()
    assert {f"sent.{one['type']}" for one in types} <= set(document["components"]["messages"])
