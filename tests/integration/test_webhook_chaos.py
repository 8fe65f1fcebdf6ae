"""The dispatcher ends at any moment, the endpoint fails in every way: all arrive at least once, in order, and the books are equal."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import date, datetime
from typing import Any

import asyncpg
import pytest

from services.exchange_api.rules.delivery import digest_of
from services.exchange_api.service.subscriptions import verify_attempts
from shared.kit.clock import local_day
from shared.kit.database import Database
from tests.integration.test_webhooks import OFFICES, deliveries, register, shown, subscribe
from tests.services import Suite, exchange_suite
from tests.subscribers import Endpoint, Received, endpoint, eventually, working

SEED = 20261123
SUBJECTS = OFFICES[:8]
VERSIONS = 6
LIVES = 8


@pytest.fixture
async def suite(database_url: Callable[[str], str]) -> AsyncIterator[Suite]:
    async with exchange_suite(database_url) as opened:
        yield opened


def moody(rng: random.Random, hooks: Endpoint) -> Callable[[Received], Any]:
    """Half of the time it takes a message; else it fails, redirects, asks for patience, breaks off or holds it for a while."""
    never = asyncio.Event()

    async def behave(_: Received) -> tuple[int, dict[str, str]]:
        mood = rng.random()
        if mood < 0.5:
            return 204, {}
        if mood < 0.65:
            return 500, {}
        if mood < 0.75:
            return 307, {"location": hooks.url}
        if mood < 0.85:
            return 429, {"retry-after": "1"}
        if mood < 0.95:
            raise ConnectionResetError
        with suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                await never.wait()
        return 204, {}

    return behave


async def hurry(database: Database) -> None:
    """As if the time of every next try had come. All at once, so it may cross the worker's own writing, and gives way."""
    with suppress(asyncpg.DeadlockDetectedError):
        async with database.write() as session:
            driver = await session.driver()
            await driver.execute("UPDATE delivery SET next_at = now() WHERE state <> 'delivered'")
            await driver.execute("UPDATE delivery SET state = 'pending', attempts = 0 WHERE state = 'dead'")


async def one_life(suite: Suite, rng: random.Random, hooks: Endpoint) -> None:
    """A worker that is ended in the middle of whatever it does."""
    before = len(hooks.received)
    async with working(suite) as database:
        await hurry(database)
        with suppress(TimeoutError):
            await hooks.until(lambda: len(hooks.received) >= before + rng.randrange(1, 12), seconds=1.5)


async def test_whatever_dies_every_event_arrives_in_order_and_the_books_are_equal(suite: Suite) -> None:
    rng = random.Random(SEED)
    async with endpoint() as hooks:
        calm, hooks.behave = hooks.behave, moody(rng, hooks)
        async with working(suite):
            made = await subscribe(suite, hooks.url, ordered=True, concurrency=4)

        async def write() -> None:
            for version in range(VERSIONS):
                for code in SUBJECTS:
                    await register(suite, code, name=f"机关{code[-5:]}第{version}版")

        async def live_and_die() -> None:
            for _ in range(LIVES):
                await one_life(suite, rng, hooks)

        await asyncio.gather(write(), live_and_die())
        hooks.behave = calm
        async with working(suite) as database:

            async def all_arrived() -> bool:
                await hurry(database)
                state = await shown(suite, made)
                # The organizations that were there before may come, too: whoever subscribes before they are read gets them.
                done = [one for one in await deliveries(suite, made, state="delivered") if one["subject"] in SUBJECTS]
                return bool(state["pending"] == 0 and len(done) == len(SUBJECTS) * VERSIONS)

            await eventually(all_arrived, seconds=40)
            assert await verify_attempts(database.reads) is None
        _assert_in_order(hooks)
        await _assert_equal_books(suite, made, hooks)


def _assert_in_order(hooks: Endpoint) -> None:
    """Of each subject every version came, and none for the first time after a later one."""
    for code in SUBJECTS:
        firsts = list(
            dict.fromkeys(one.event["subjectversion"] for one in hooks.accepted if one.event["subject"] == code)
        )
        assert firsts == list(range(1, VERSIONS + 1)), code


async def _assert_equal_books(suite: Suite, made: dict[str, Any], hooks: Endpoint) -> None:
    """What the endpoint has kept, by its own count and hash, is what we say was sent."""
    theirs: dict[date, dict[str, set[tuple[str, int]]]] = {}
    for one in hooks.accepted:
        day = local_day(datetime.fromisoformat(one.event["time"]))
        kept = theirs.setdefault(day, {}).setdefault(one.event["type"], set())
        kept.add((one.event["id"], one.event["subjectversion"]))
    address = f"/v1/subscriptions/{made['subscription']['id']}/digest"
    for day, types in theirs.items():
        ours = (await suite.exchange.get(address, params={"day": day.isoformat()}, headers=suite.admin)).json()
        assert {one["type"]: (one["count"], one["hash"]) for one in ours["types"]} == {
            kind: digest_of(lines) for kind, lines in types.items()
        }
