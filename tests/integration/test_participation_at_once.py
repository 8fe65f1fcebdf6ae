"""Opinions, handlings and results that meet at the same moment, held together by locks and not by luck."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from services.policy_api.service.entries import render_entries
from tests.kit_atomic import assert_atomic
from tests.participation import TODAY, consultation, decision, opinion
from tests.participation_office import Office, open_office
from tests.services import Suite

AFTER = TODAY + timedelta(days=31)


@pytest.fixture
async def office(library: Suite) -> Office:
    return await open_office(library)


@asynccontextmanager
async def holding(office: Office, statement: str, *values: object) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Another transaction holds what `statement` locks, until the block ends; gives a wait for somebody to be stopped by it."""
    other: asyncpg.Connection = await office.database.connect()
    try:
        async with other.transaction():
            await other.execute(statement, *values)

            async def until_someone_waits() -> None:
                blocked = "SELECT count(*) FROM pg_locks AS l WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(l.pid))"
                async with asyncio.timeout(10):
                    while not await other.fetchval(blocked):
                        pass

            yield until_someone_waits
    finally:
        await other.close()


async def test_opinion_on_its_way_at_midnight_is_counted_and_the_result_waits_for_it(office: Office) -> None:
    """The request came before the close, its transaction ends after it."""
    consultation_id = await office.announce()
    async with holding(office, "LOCK TABLE opinion IN EXCLUSIVE MODE") as until_someone_waits:
        sending = asyncio.create_task(office.hand_in(consultation_id))
        await until_someone_waits()
        # It holds the consultation by now and waits for its place among the opinions.
        office.set_day(AFTER)
        publishing = asyncio.create_task(office.put_result(consultation_id))
    await sending
    answer = await publishing
    assert (answer.status_code, answer.json()["unhandled"]) == (409, 1)
    assert (await office.read(f"/v1/consultations/{consultation_id}"))["result"] is None


async def test_opinion_that_comes_behind_the_result_is_refused(office: Office) -> None:
    consultation_id = await office.announce()
    publish = "SELECT FROM entry WHERE id = $1 FOR UPDATE"
    async with holding(office, publish, consultation_id) as until_someone_waits:
        office.set_day(AFTER)
        publishing = asyncio.create_task(office.put_result(consultation_id))
        await until_someone_waits()
        # Its clock says that the last day is not over yet; the queue for the lock says that it is too late.
        office.set_day(AFTER - timedelta(days=1))
        sending = asyncio.create_task(
            office.call("POST", f"/v1/consultations/{consultation_id}/opinions", {"text": "迟到的意见"})
        )
        await _until_waiting(office, 2)
    assert (await publishing).status_code == 200
    late = await sending
    count = (await office.read(f"/v1/consultations/{consultation_id}/opinion-count"))["received"]
    assert (late.status_code, late.json()["code"], count) == (409, "illegal_move", 0)


async def test_many_opinions_at_once_are_all_kept(office: Office) -> None:
    consultation_id = await office.announce()
    ids = await asyncio.gather(*(office.hand_in(consultation_id, text=f"第{n}条意见") for n in range(30)))
    assert len(set(ids)) == 30
    assert (await office.read(f"/v1/consultations/{consultation_id}/opinion-count"))["received"] == 30


async def test_of_two_handlings_of_what_both_have_read_one_wins(office: Office) -> None:
    opinion_id = await office.hand_in(await office.announce())
    seen = {"If-Match": '"0"'}
    answers = await asyncio.gather(
        *(office.handle(opinion_id, outcome, headers=seen) for outcome in ("adopted", "partly", "not_adopted"))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
    entries = [entry for entry in await office.audit() if entry["action"] == "opinion.handled"]
    assert len(entries) == 1


async def test_same_handling_twice_at_once_is_one(office: Office) -> None:
    opinion_id = await office.hand_in(await office.announce())
    answers = await asyncio.gather(*(office.handle(opinion_id) for _ in range(4)))
    assert {(answer.status_code, answer.headers["etag"]) for answer in answers} == {(200, '"1"')}


async def test_handling_that_meets_the_result_is_either_in_it_or_refused(office: Office) -> None:
    consultation_id = await office.announce()
    opinion_id = await office.hand_in(consultation_id)
    await office.handle(opinion_id)
    office.set_day(AFTER)
    changing, publishing = await asyncio.gather(
        office.handle(opinion_id, "partly"), office.put_result(consultation_id, received=1, adopted=1)
    )
    assert sorted((changing.status_code, publishing.status_code)) == [200, 409]
    shown = (await office.read(f"/v1/consultations/{consultation_id}"))["result"]
    assert (shown is not None) is (publishing.status_code == 200)


async def test_push_that_waits_for_a_result_does_not_undo_it(office: Office) -> None:
    """The push has read the consultation without its result before it gets the lock."""
    consultation_id = await office.announce()
    office.set_day(AFTER)
    body = consultation(channels=["泉城市人民政府门户网站", "信函", "电子邮件"])
    async with holding(office, "SELECT FROM entry WHERE id = $1 FOR UPDATE", consultation_id) as until_someone_waits:
        publishing = asyncio.create_task(office.put_result(consultation_id))
        await until_someone_waits()
        pushing = asyncio.create_task(office.put_entry("consultations", body))
        await _until_waiting(office, 2)
    assert (await publishing).status_code == 200
    pushed = await pushing
    assert pushed.status_code == 200, pushed.text
    shown = await office.read(f"/v1/consultations/{consultation_id}")
    assert (shown["version"], len(shown["channels"]), shown["result"]["received"]) == (3, 3, 0)
    versions = [event["subjectversion"] for event in await office.events() if event["subject"] == consultation_id]
    assert versions == [1, 2, 3]


async def test_push_that_waits_for_a_rendering_counts_on_from_it(office: Office) -> None:
    opened_on = TODAY + timedelta(days=5)
    dates: dict[str, Any] = {"opened_on": str(opened_on), "closes_on": str(opened_on + timedelta(days=30))}
    consultation_id = await office.announce(**dates)
    body = consultation(**dates, channels=["信函"])
    async with office.database.write() as session:
        # The worker has rendered the opening, but not committed yet.
        assert await render_entries(session, [UUID(consultation_id)], today=opened_on)
        office.set_day(opened_on)
        pushing = asyncio.create_task(office.put_entry("consultations", body))
        await _until_waiting(office, 1)
    assert (await pushing).json()["version"] == 3
    versions = [event["subjectversion"] for event in await office.events() if event["subject"] == consultation_id]
    assert versions == [1, 2, 3]


async def test_of_results_at_once_one_is_published_and_told_once(office: Office) -> None:
    consultation_id = await office.announce()
    office.set_day(AFTER)
    answers = await asyncio.gather(*(office.put_result(consultation_id) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {200}
    told = [event["type"] for event in await office.events() if event["subject"] == consultation_id]
    assert told == ["consultation.released", "consultation.changed"]


async def _until_waiting(office: Office, number: int) -> None:
    """Returns once that many sessions wait for a lock."""
    async with asyncio.timeout(10):
        while (
            await office.database.reads.fetchval("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted") < number
        ):
            pass


async def test_decision_older_than_its_consultation_does_not_wait_crosswise(office: Office) -> None:
    """A result holds the consultation and goes on to what points at it; a push of that must come the same way."""
    decision_id = (await office.put_entry("decisions", decision())).json()["id"]
    consultation_id = await office.announce()
    running = {"started_on": str(TODAY), "methods": ["公开征求意见"], "consultation_id": consultation_id}
    linked = await office.put_entry("decisions", decision(participation=running))
    assert linked.status_code == 200, linked.text
    other: asyncpg.Connection = await office.database.connect()
    async with other.transaction():
        await other.execute("SELECT FROM entry WHERE id = $1 FOR UPDATE", consultation_id)
        again = decision(participation=running | {"methods": ["公开征求意见", "座谈会"]})
        pushing = asyncio.create_task(office.put_entry("decisions", again))
        await _until_waiting(office, 1)
        await other.execute("SELECT FROM entry WHERE id = $1 FOR UPDATE NOWAIT", decision_id)
    await other.close()
    assert (await pushing).status_code == 200


async def test_each_step_is_whole_or_nothing(office: Office) -> None:
    consultation_id = await office.announce()
    driver: asyncpg.Connection = await office.database.connect()
    path = f"/v1/consultations/{consultation_id}/opinions"
    audited = ["audit_entry", "log_head", "opinion"]
    await assert_atomic(driver, lambda: office.call("POST", path, opinion()), changes=audited)
    (kept,) = (await office.call("GET", path)).json()["items"]
    await assert_atomic(driver, lambda: office.handle(kept["id"]), changes=audited)
    office.set_day(AFTER)
    published = ["audit_entry", "log_head", "event", "entry", "rendering"]
    await assert_atomic(driver, lambda: office.put_result(consultation_id, received=1, adopted=1), changes=published)
    asked = {"identities": "true", "reason": "回访提出建议的市民"}
    await assert_atomic(driver, lambda: office.call("GET", path, params=asked), changes=["audit_entry", "log_head"])
    await driver.close()
