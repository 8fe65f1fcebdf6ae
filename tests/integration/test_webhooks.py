"""Webhooks out: signed, at least once, in order where asked, tried again, given up, repaired; one endpoint never delays another."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from services.exchange_api.repository import webhooks as repository
from services.exchange_api.service.subscriptions import verify_attempts
from shared.kit.clock import local_day
from shared.schemas.organizations import Level, OrganizationInput
from shared.schemas.scopes import Scope
from tests.services import CITY, DISTRICT_A, DISTRICT_B, Suite, credit_code, exchange_suite
from tests.subscribers import Endpoint, Received, endpoint, eventually, working

OFFICES = [credit_code(f"113701021000{number:05d}") for number in range(1, 21)]


@pytest.fixture
async def suite(database_url: Callable[[str], str]) -> AsyncIterator[Suite]:
    async with exchange_suite(database_url) as opened:
        yield opened


async def subscribe(suite: Suite, url: str | None, **changes: Any) -> dict[str, Any]:
    body = {"name": "省平台", "organization": CITY, "url": url, "event_types": ["organization.*"]} | changes
    answer = await suite.exchange.post("/v1/subscriptions", json=body, headers=suite.admin)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def register(suite: Suite, code: str, parent: str = DISTRICT_A, **changes: Any) -> None:
    office = OrganizationInput(name=f"机关{code[-5:]}", level=Level.DISTRICT, division_code="370102", parent=parent)
    body = office.model_dump(mode="json") | changes
    answer = await suite.exchange.put(f"/v1/organizations/{code}", json=body, headers=suite.admin)
    assert answer.status_code in (200, 201), answer.text


async def shown(suite: Suite, made: dict[str, Any]) -> dict[str, Any]:
    address = f"/v1/subscriptions/{made['subscription']['id']}"
    answer: dict[str, Any] = (await suite.exchange.get(address, headers=suite.admin)).json()
    return answer


async def deliveries(suite: Suite, made: dict[str, Any], **params: Any) -> list[dict[str, Any]]:
    address = f"/v1/subscriptions/{made['subscription']['id']}/deliveries"
    answer = await suite.exchange.get(address, params={"limit": 100} | params, headers=suite.admin)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def settled(suite: Suite, made: dict[str, Any], state: str, count: int) -> list[dict[str, Any]]:
    """Asked again until so many are in a state; the worker writes it a moment after the endpoint has answered."""

    async def enough() -> bool:
        return len(await deliveries(suite, made, state=state)) >= count

    await eventually(enough)
    return await deliveries(suite, made, state=state)


async def test_an_event_arrives_signed_with_its_whole_content(suite: Suite) -> None:
    async with endpoint() as hooks, working(suite):
        made = await subscribe(suite, hooks.url, schemes=["v1", "v1a", "v1sm3"])
        await register(suite, OFFICES[0])
        await hooks.until(lambda: bool(hooks.accepted))
        [one] = hooks.accepted
        event = one.event
        assert (event["type"], event["subject"], event["data"]["code"]) == (
            *("organization.registered", OFFICES[0], OFFICES[0]),
        )
        assert event["timestamp"] == event["time"]
        assert one.headers["webhook-id"] == event["id"]
        keys = {secret["scheme"]: secret["key"] for secret in made["secrets"]}
        for key in (keys["v1"], keys["v1a"], f"sm3_{keys['v1sm3']}"):
            assert hooks.verified(one, [key]) is not None
        [delivery] = await settled(suite, made, "delivered", 1)
        assert (delivery["attempts"], delivery["last_status"]) == (1, 204)
        address = f"/v1/subscriptions/{made['subscription']['id']}/deliveries/{event['id']}"
        detail = (await suite.exchange.get(address, headers=suite.admin)).json()
        assert (detail["body"], [one["status"] for one in detail["tries"]]) == (event, [204])


async def test_only_what_was_asked_for_arrives(suite: Suite) -> None:
    async with endpoint() as hooks, working(suite):
        below = await subscribe(suite, hooks.url, organizations=[DISTRICT_A], name="历下")
        alone = await subscribe(suite, hooks.url, organizations=[DISTRICT_A], subtree=False, name="本级")
        towns = await subscribe(suite, hooks.url, levels=["town"], name="乡镇")
        types = await subscribe(suite, hooks.url, event_types=["calendar.changed", "policy.*"], name="日历")
        everything = await subscribe(suite, hooks.url, event_types=["*"], name="全部")
        await register(suite, OFFICES[0], DISTRICT_A)
        await register(suite, OFFICES[1], DISTRICT_B)
        await settled(suite, everything, "delivered", 2)
        subjects = {
            name: {one["subject"] for one in await deliveries(suite, made)}
            for name, made in {"below": below, "alone": alone, "towns": towns, "types": types}.items()
        }
        assert subjects == {"below": {OFFICES[0]}, "alone": set(), "towns": set(), "types": set()}


async def test_persons_matters_stay_in_the_subtree(suite: Suite) -> None:
    """A subscription disabled in district A is told to A and to the city, not to B."""
    async with endpoint() as hooks, working(suite):
        city, district_a, district_b = [
            await subscribe(
                suite, hooks.url, event_types=["subscription.*"], organization=code, name=f"订阅{code[-3:]}"
            )
            for code in (CITY, DISTRICT_A, DISTRICT_B)
        ]
        victim = await subscribe(suite, hooks.url, organization=DISTRICT_A, name="被停用的")
        address = f"/v1/subscriptions/{victim['subscription']['id']}:disable"
        assert (await suite.exchange.post(address, headers=suite.admin)).json()["state"] == "disabled"
        await settled(suite, city, "delivered", 1)
        await settled(suite, district_a, "delivered", 1)
        assert await deliveries(suite, district_b) == []


async def test_a_failed_message_is_tried_again_by_the_same_id(suite: Suite) -> None:
    async with endpoint() as hooks:
        answers = iter([500, 503, 302, 204])

        async def behave(_: Received) -> tuple[int, dict[str, str]]:
            return next(answers), {"location": hooks.url}

        hooks.behave = behave
        async with working(suite) as database:
            made = await subscribe(suite, hooks.url)
            await register(suite, OFFICES[0])
            for tries in range(1, 4):
                await hooks.until(partial(_have_come, hooks, tries))
                await _due_now(suite, made, database)
            await hooks.until(lambda: bool(hooks.accepted))
            await settled(suite, made, "delivered", 1)
        assert len({one.headers["webhook-id"] for one in hooks.received}) == 1
        assert len(hooks.received) == 4


def _have_come(hooks: Endpoint, count: int) -> bool:
    return len(hooks.received) == count


async def _is_failing(suite: Suite, made: dict[str, Any]) -> bool:
    return (await shown(suite, made))["failing_since"] is not None


async def _due_now(suite: Suite, made: dict[str, Any], database: Any) -> None:
    """As if the time of the next try had come."""

    async def hurried() -> bool:
        async with database.write() as session:
            done = await (await session.driver()).execute(
                """
                UPDATE delivery SET next_at = now() WHERE subscription_id = $1 AND state = 'pending'
                AND attempts > 0 AND next_at > now()
                """,
                made["subscription"]["id"],
            )
        return bool(done == "UPDATE 1")

    await eventually(hurried)


async def test_a_dead_and_a_slow_endpoint_delay_nobody(suite: Suite) -> None:
    async with endpoint() as well, endpoint() as slow, working(suite):
        held = asyncio.Event()

        async def stall(_: Received) -> tuple[int, dict[str, str]]:
            await held.wait()
            return 204, {}

        slow.behave = stall
        dead = await subscribe(suite, "http://127.0.0.1:9/hooks", name="无人应答")
        waiting = await subscribe(suite, slow.url, name="很慢")
        made = await subscribe(suite, well.url, name="正常")
        for code in OFFICES[:10]:
            await register(suite, code)
        await well.until(lambda: len(well.accepted) == 10)
        assert len(await settled(suite, made, "delivered", 10)) == 10
        assert await deliveries(suite, waiting, state="delivered") == []
        held.set()
        await settled(suite, waiting, "delivered", 10)
        assert (await shown(suite, dead))["pending"] == 10
        await eventually(lambda: _is_failing(suite, dead))


async def test_of_one_subject_the_order_is_kept_and_the_others_go_on(suite: Suite) -> None:
    async with endpoint() as hooks:
        failing = {OFFICES[0]}

        async def behave(one: Received) -> tuple[int, dict[str, str]]:
            return (500 if one.event["subject"] in failing else 204), {}

        hooks.behave = behave
        async with working(suite) as database:
            made = await subscribe(suite, hooks.url, ordered=True, concurrency=8)
            for version in range(3):
                for code in OFFICES[:5]:
                    await register(suite, code, name=f"机关{code[-5:]}第{version}版")
            await settled(suite, made, "delivered", 12)
            stuck = [one for one in hooks.received if one.event["subject"] == OFFICES[0]]
            assert {one.event["subjectversion"] for one in stuck} == {1}, "what comes after a failed one waits"
            failing.clear()
            async with database.write() as session:
                await (await session.driver()).execute("UPDATE delivery SET next_at = now() WHERE state = 'pending'")
            await settled(suite, made, "delivered", 15)
        for code in OFFICES[:5]:
            versions = [one.event["subjectversion"] for one in hooks.accepted if one.event["subject"] == code]
            assert versions == sorted(versions), code


async def test_410_disables_at_once_and_is_told(suite: Suite) -> None:
    async with endpoint() as hooks, endpoint() as told:

        async def gone(_: Received) -> tuple[int, dict[str, str]]:
            return 410, {}

        hooks.behave = gone
        async with working(suite):
            await subscribe(suite, told.url, event_types=["subscription.disabled"], name="值班")
            made = await subscribe(suite, hooks.url)
            await register(suite, OFFICES[0])
            await told.until(lambda: bool(told.accepted))
            assert told.accepted[0].event["data"]["reason"].startswith("接收地址答复 410")
            state = await shown(suite, made)
            assert (state["state"], state["pending"]) == ("disabled", 1)
            hooks.behave = told.behave
            address = f"/v1/subscriptions/{made['subscription']['id']}:enable"
            assert (await suite.exchange.post(address, headers=suite.admin)).json()["state"] == "active"


async def test_after_days_of_failing_an_endpoint_is_disabled(suite: Suite) -> None:
    async with working(suite) as database:
        made = await subscribe(suite, "http://127.0.0.1:9/hooks")
        await register(suite, OFFICES[0])
        await eventually(lambda: _is_failing(suite, made))
        async with database.write() as session:
            driver = await session.driver()
            await driver.execute("UPDATE subscription SET failing_since = now() - interval '6 days'")
        dispatcher = _dispatcher_of(suite, database)
        assert await dispatcher.disable_failing() is False
        assert (await shown(suite, made))["disabled_reason"] == "连续5日投递失败"


def _dispatcher_of(suite: Suite, database: Any) -> Any:
    from services.exchange_api.service.dispatching import Dispatcher
    from services.exchange_api.service.sending import Sender
    from services.exchange_api.service.tokens import sealer_of

    sealer = sealer_of(suite.apps["exchange"].state.kit.settings)
    sender = Sender(networks=[], timeout_seconds=1)
    return Dispatcher(database, sender, sealer, disable_after=timedelta(days=5), clock=lambda: datetime.now(UTC))


async def test_a_rotated_key_signs_beside_its_successor(suite: Suite) -> None:
    async with endpoint() as hooks, working(suite):
        made = await subscribe(suite, hooks.url)
        address = f"/v1/subscriptions/{made['subscription']['id']}:rotate"
        rotated = (await suite.exchange.post(address, headers=suite.admin)).json()
        await register(suite, OFFICES[0])
        await hooks.until(lambda: bool(hooks.accepted))
        for key in (made["secrets"][0]["key"], rotated["key"]):
            assert hooks.verified(hooks.accepted[-1], [key]) is not None
        keys = (await shown(suite, made))["keys"]
        assert [key["ends_at"] is None for key in keys] == [True, False]
        codes = [(await suite.exchange.post(address, headers=suite.admin)).status_code for _ in range(4)]
        assert codes == [201, 201, 201, 409], "the header does not grow without end"


async def test_dead_letters_are_listed_and_sent_again(suite: Suite) -> None:
    async with endpoint() as hooks, working(suite) as database:

        async def refuse(_: Received) -> tuple[int, dict[str, str]]:
            return 500, {}

        accept, hooks.behave = hooks.behave, refuse
        made = await subscribe(suite, hooks.url)
        await register(suite, OFFICES[0])
        await hooks.until(lambda: bool(hooks.received))

        async def was_tried() -> bool:
            return bool((await deliveries(suite, made))[0]["attempts"] == 1)

        await eventually(was_tried)
        async with database.write() as session:
            driver = await session.driver()
            await driver.execute("UPDATE delivery SET attempts = 9, next_at = now()")
        [dead] = await settled(suite, made, "dead", 1)
        assert (await shown(suite, made))["dead"] == 1
        hooks.behave = accept
        address = f"/v1/subscriptions/{made['subscription']['id']}:resend"
        resent = await suite.exchange.post(address, json={"since": "2020-01-01T00:00:00Z"}, headers=suite.admin)
        assert (resent.status_code, resent.json()["count"]) == (202, 1)
        await hooks.until(lambda: dead["message_id"] in {one.headers["webhook-id"] for one in hooks.accepted})


async def test_books_are_compared_and_what_is_missing_is_sent_again(suite: Suite) -> None:
    async with endpoint() as hooks, working(suite):
        made = await subscribe(suite, hooks.url)
        for code in OFFICES[:3]:
            await register(suite, code)
        await settled(suite, made, "delivered", 3)
        address = f"/v1/subscriptions/{made['subscription']['id']}"
        # Of the events themselves: the test may run at midnight.
        day = local_day(datetime.fromisoformat(hooks.accepted[0].event["time"])).isoformat()
        digest = (await suite.exchange.get(f"{address}/digest", params={"day": day}, headers=suite.admin)).json()
        [kind] = digest["types"]
        assert (kind["type"], kind["count"]) == ("organization.registered", 3)
        theirs = [one.headers["webhook-id"] for one in hooks.accepted][:2]
        body = {"day": day, "messages": {"organization.registered": [*theirs, "unheard"]}, "repair": True}
        answer = (await suite.exchange.post(f"{address}:reconcile", json=body, headers=suite.admin)).json()
        lost = hooks.accepted[2].headers["webhook-id"]
        assert answer == {
            "missing": {"organization.registered": [lost]},
            "unknown": {"organization.registered": ["unheard"]},
            "resent": 1,
        }
        await hooks.until(lambda: [one.headers["webhook-id"] for one in hooks.accepted].count(lost) == 2)


async def test_a_test_is_sent_at_once(suite: Suite) -> None:
    async with endpoint() as hooks, working(suite):
        made = await subscribe(suite, hooks.url, event_types=["policy.released"])
        address = f"/v1/subscriptions/{made['subscription']['id']}:test"
        assert (await suite.exchange.post(address, headers=suite.admin)).status_code == 202
        await hooks.until(lambda: bool(hooks.accepted), seconds=5)
        assert hooks.accepted[0].event["type"] == "webhook.test"


async def test_who_cannot_be_reached_fetches(suite: Suite) -> None:
    async with working(suite):
        made = await subscribe(suite, None)
        for code in OFFICES[:3]:
            await register(suite, code)
        await settled(suite, made, "delivered", 3)
        address = f"/v1/subscriptions/{made['subscription']['id']}"
        first = (await suite.exchange.get(f"{address}/feed", params={"limit": 2}, headers=suite.admin)).json()
        rest = (
            await suite.exchange.get(f"{address}/feed", params={"after": first["cursor"]}, headers=suite.admin)
        ).json()
        assert [one["subject"] for one in first["messages"] + rest["messages"]] == OFFICES[:3]
        assert (first["at_end"], rest["at_end"]) == (False, True)
        assert (await suite.exchange.post(f"{address}:test", headers=suite.admin)).status_code == 409


async def test_the_chain_of_tries_shows_what_was_changed(suite: Suite) -> None:
    async with endpoint() as hooks, working(suite) as database:
        made = await subscribe(suite, hooks.url)
        for code in OFFICES[:5]:
            await register(suite, code)
        await settled(suite, made, "delivered", 5)
        assert await verify_attempts(database.reads, at_once=2) is None
        async with database.write() as session:
            driver = await session.driver()
            await driver.execute("UPDATE attempt SET status = 200 WHERE seq = 3")
        assert await verify_attempts(database.reads, at_once=2) == 3
        async with database.write() as session:
            driver = await session.driver()
            await driver.execute("UPDATE attempt SET status = 204 WHERE seq = 3")
            # The last one, whose absence only the chain's end tells.
            last = await driver.fetchval("DELETE FROM attempt WHERE seq = (SELECT max(seq) FROM attempt) RETURNING seq")
        assert await verify_attempts(database.reads, at_once=2) == last
        async with database.write() as session:
            driver = await session.driver()
            await driver.execute("UPDATE attempt SET at = now() - interval '40 days' WHERE seq < 3")
            rows = await repository.prune_attempts(driver, before=datetime.now(UTC) - timedelta(days=30), limit=100)
            assert rows == 2


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://hooks.example/x", True),
        ("http://hooks.example/x", True),
        ("ftp://hooks.example/x", False),
        ("https://user:secret@hooks.example/x", False),
        ("https://hooks.example:0/x", False),
        ("https://hooks.example/x#y", False),
        ("https://ｈooks.example/x", False),
        ("https:///x", False),
    ],
)
async def test_an_address_is_a_plain_one(suite: Suite, url: str, allowed: bool) -> None:
    suite.apps["exchange"].state.kit.settings = suite.apps["exchange"].state.kit.settings.model_copy(
        update={"webhook_allow_http": True}
    )
    body = {"name": "省平台", "organization": CITY, "url": url, "event_types": ["organization.*"]}
    answer = await suite.exchange.post("/v1/subscriptions", json=body, headers=suite.admin)
    assert answer.status_code == (201 if allowed else 422), answer.text


async def test_without_the_setting_an_endpoint_has_tls(suite: Suite) -> None:
    body = {"name": "省平台", "organization": CITY, "url": "http://hooks.example/x", "event_types": ["*"]}
    answer = await suite.exchange.post("/v1/subscriptions", json=body, headers=suite.admin)
    assert answer.json()["errors"][0]["pointer"] == "/url"


async def test_a_type_that_is_none_is_refused(suite: Suite) -> None:
    for wrong in ("nothing.released", "policy", "policy.eaten", "nothing.*"):
        body = {"name": "省平台", "organization": CITY, "url": "https://hooks.example/x", "event_types": [wrong]}
        answer = await suite.exchange.post("/v1/subscriptions", json=body, headers=suite.admin)
        assert answer.status_code == 422, wrong


async def test_nobody_reads_anothers_subscription(suite: Suite) -> None:
    made = await subscribe(suite, None, organization=DISTRICT_B)
    outsider = await suite.token(DISTRICT_A, Scope.WEBHOOK_READ)
    address = f"/v1/subscriptions/{made['subscription']['id']}"
    for path in ("", "/feed", "/deliveries", "/digest?day=2026-03-04"):
        assert (await suite.exchange.get(address + path, headers=outsider)).status_code == 403, path
    insider = await suite.token(DISTRICT_B, Scope.WEBHOOK_READ)
    assert (await suite.exchange.get(address, headers=insider)).status_code == 200
    assert "whsec_" not in (await suite.exchange.get(address, headers=insider)).text


async def test_hooks_are_not_asked_for_more_than_they_want(suite: Suite) -> None:
    async with endpoint() as hooks, working(suite):
        under_way, most = 0, 0

        async def count(_: Received) -> tuple[int, dict[str, str]]:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0)
            under_way -= 1
            return 204, {}

        hooks.behave = count
        made = await subscribe(suite, hooks.url, concurrency=2)
        for code in OFFICES:
            await register(suite, code)
        await settled(suite, made, "delivered", 20)
        assert most <= 2
