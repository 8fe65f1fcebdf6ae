"""Keeping the index: nothing lost, nothing old on top of something new, whatever is away, killed or poisonous."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import to_json

from deploy.local.meilisearch import Meilisearch
from deploy.local.processes import free_port
from services.search_sync.repository.engine import Engine, EngineAway
from services.search_sync.rules import index_settings
from services.search_sync.rules.queries import one_of
from services.search_sync.rules.shelves import SHELVES
from services.search_sync.service import keeping, rebuilding
from services.search_sync.settings import Settings
from services.search_sync.worker import order_and_wait
from tests.conftest import CACHE, MASTER_KEY
from tests.search import NOTHING, Search, representation, search_suite


@pytest.fixture
async def search(database_url: Callable[[str], str], meilisearch: Meilisearch) -> AsyncIterator[Search]:
    """An empty library and no worker."""
    async with search_suite(database_url, meilisearch) as running:
        yield running


def engine_of(settings: Settings) -> Engine:
    return Engine(settings.meili_url, settings.meili_key.get_secret_value(), timeout_seconds=10)


async def test_poisonous_documents_are_parked_and_their_neighbours_are_in(search: Search) -> None:
    async with search.worker():
        await search.until_applied()
        good = [representation() for _ in range(40)]
        await search.log.publish(*good[:13])
        # The engine refuses this id, and with it every document of the same write.
        await search.log.publish(representation(), subject="非法编号")
        await search.log.publish(*good[13:])
        broken = representation()
        del broken["title"]
        await search.log.publish(broken)
        status = await search.until_applied()
        assert status["documents"] == {"policy": 40}
        assert status["documents_in_engine"] == 40
        parked = (await search.api.get("/v1/parked", headers=search.admin)).json()
        reasons = {item["subject"]: item["reason"] for item in parked["items"]}
        assert parked["total"] == 2
        assert "invalid_document_id" in reasons["非法编号"]
        assert "title" in reasons[broken["id"]]
        assert await search.differences() == NOTHING


async def test_one_poisonous_document_among_many_in_one_write_is_found_by_halving(search: Search) -> None:
    things = [representation() for _ in range(30)]
    await search.log.publish(*things[:17])
    await search.log.publish(representation(), subject="非法编号")
    await search.log.publish(*things[17:])
    async with search.worker():
        status = await search.until_applied()
        assert (status["documents"], status["parked"]) == ({"policy": 30}, 1)
        assert await search.differences() == NOTHING


async def test_parked_document_leaves_when_a_newer_version_is_good_or_when_tried_again(search: Search) -> None:
    thing, other = representation(), representation()
    bad, unlucky = {**thing, "level": "galaxy"}, {**other, "level": "galaxy"}
    async with search.worker():
        await search.log.publish(bad, unlucky)
        assert (await search.until_applied())["parked"] == 2
        await search.log.publish({**thing, "version": 2})
        status = await search.until_applied()
        assert (status["parked"], status["documents"]) == (1, {"policy": 1})
        assert (await search.order("retry_parked"))["outcome"] == {"tried": 1, "still_parked": 1}
        # What the worker refused it may accept after its code has learned; here the stored text is what changes.
        connection = await open_database(search)
        await connection.execute("UPDATE parked SET data = replace(data, 'galaxy', 'city')")
        await connection.close()
        assert (await search.order("retry_parked"))["outcome"] == {"tried": 1, "still_parked": 0}
        assert set(await search.find()) == {thing["id"], other["id"]}


async def test_older_version_after_a_newer_one_is_dropped(search: Search) -> None:
    new = representation(title="关于第三版的通知", version=3)
    async with search.worker():
        await search.log.publish(new)
        await search.until_applied()
        await search.log.announce({**new, "title": "关于第二版的通知", "version": 2}, version=2)
        await search.log.publish(representation())
        await search.until_applied()
        hit = (await search.get("/v1/search", q="第三版"))["items"][0]
        assert (hit["id"], hit["version"]) == (new["id"], 3)
        await search.log.withdraw({**new, "version": 3})
        await search.until_applied()
        await search.log.announce(new, version=3)
        await search.log.publish(representation())
        assert (await search.until_applied())["documents"] == {"policy": 2}


async def test_changes_of_one_document_arrive_in_order_with_several_writes_under_way(search: Search) -> None:
    things = [representation() for _ in range(5)]
    async with search.worker(batch_documents=1, page_events=1, tasks_in_flight=8):
        await search.until_applied()
        for version in range(1, 21):
            await search.log.publish(*({**thing, "version": version, "summary": f"第{version}稿"} for thing in things))
        await search.until_applied()
        hits = (await search.get("/v1/search"))["items"]
        assert {(hit["version"], hit["summary"]) for hit in hits} == {(20, "第20稿")}
        assert await search.differences() == NOTHING


async def test_verify_finds_and_repairs_what_was_damaged_behind_its_back(search: Search) -> None:
    things = [representation() for _ in range(8)]
    foreign = {**representation(), "source": "policy"}
    engine = engine_of(search.settings)
    async with search.worker():
        await search.log.publish(*things)
        await search.until_applied()
        assert await search.differences() == NOTHING
        uid = search.settings.index_uid
        await engine.wait(await engine.delete(uid, one_of("id", [things[0]["id"], things[1]["id"]])))
        damaged = (await engine.documents(uid, condition=one_of("id", [things[2]["id"]])))[0]
        lines = [{**damaged, "title": "被改动的标题"}, {**damaged, "id": foreign["id"]}]
        await engine.wait(await engine.add(uid, [to_json(line) for line in lines]))
        outcome = (await search.order("verify"))["outcome"]
        assert set(outcome["missing"]["ids"]) == {things[0]["id"], things[1]["id"]}
        assert outcome["stale"]["ids"] == [things[2]["id"]]
        assert outcome["extra"]["ids"] == [foreign["id"]]
        assert (outcome["checked"], outcome["repaired"]) == (8, 4)
        assert await search.differences() == NOTHING
        assert set(await search.find()) == {thing["id"] for thing in things}
        # The repaired documents go on as before.
        await search.log.publish({**things[0], "version": 2, "title": "关于修复之后的通知"})
        await search.until_applied()
        assert await search.find("修复之后") == [things[0]["id"]]
    engine.close()


async def test_verify_while_changes_go_on_reports_nothing(search: Search) -> None:
    things = [representation() for _ in range(60)]
    async with search.worker():
        await search.log.publish(*things)
        await search.until_applied()
        changing = asyncio.create_task(change_all(search, things, rounds=6))
        found = [await search.differences() for _ in range(3)]
        await changing
        assert found == [NOTHING] * 3


async def test_rebuild_while_changes_go_on_leaves_no_empty_moment_and_loses_nothing(search: Search) -> None:
    things = [representation() for _ in range(120)]
    async with search.worker():
        await search.log.publish(*things)
        await search.until_applied()
        changing = asyncio.create_task(change_all(search, things, rounds=8))
        rebuilding_ = asyncio.create_task(search.order("rebuild"))
        totals = []
        while not rebuilding_.done():
            totals.append((await search.get("/v1/search", q="便民书屋", limit=1))["total"])
        before = await rebuilding_
        await changing
        status = await search.until_applied()
        assert before["outcome"]["generation"] == 4  # Two indexes, built twice.
        assert set(totals) == {len(things)}
        assert len(totals) > 5
        assert status["documents"] == {"policy": len(things)}
        assert status["rebuilding"] is False
        assert await search.differences() == NOTHING
        assert {hit["version"] for hit in (await search.get("/v1/search", limit=50))["items"]} == {9}


async def test_index_of_another_version_is_replaced_beside(search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    await search.log.publish(*(representation() for _ in range(5)))
    older = tuple(replace(shelf, version="an-older-one") for shelf in SHELVES)
    monkeypatch.setattr(keeping, "SHELVES", older)
    async with search.worker():
        assert (await search.until_applied())["index_version"] == "an-older-one"
    monkeypatch.undo()
    async with search.worker():
        assert len(await search.find("便民书屋")) == 5

        async def renewed() -> bool:
            status = await search.get("/v1/status")
            return bool(status["index_version"] == index_settings.INDEX_VERSION)

        await search.until(renewed)
        assert len(await search.find("便民书屋")) == 5


async def test_pruned_log_makes_it_rebuild(search: Search) -> None:
    async with search.worker():
        await search.log.publish(*(representation() for _ in range(5)))
        await search.until_applied()
    late = [representation() for _ in range(3)]
    await search.log.publish(*late)
    connection = await search.log.database.connect()
    await connection.execute("DELETE FROM event")
    await connection.execute("UPDATE log_head SET pruned_through = seq")
    await connection.close()
    async with search.worker():
        status = await search.until_applied()
        assert status["documents"] == {"policy": 8}
        assert await search.differences() == NOTHING


async def test_lost_index_is_built_again(search: Search) -> None:
    engine = engine_of(search.settings)
    async with search.worker():
        await search.log.publish(*(representation() for _ in range(5)))
        await search.until_applied()
    await engine.drop(search.settings.index_uid)
    async with search.worker():
        assert (await search.until_applied())["documents_in_engine"] == 5
    engine.close()


async def test_cancelled_in_the_middle_and_started_again_nothing_differs(search: Search) -> None:
    things = [representation() for _ in range(400)]
    await search.log.publish(*(representation() for _ in range(5)))
    small = {"batch_documents": 10, "page_events": 10, "tasks_in_flight": 4}
    async with search.worker():
        await search.until_applied()
    await search.log.publish(*things)
    interrupted = 0
    while True:
        async with search.worker(**small) as worker:
            await search.until(partial(has_more_than, search, 5 + interrupted * 30))
            done = (await search.get("/v1/status"))["documents"]["policy"]
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)
        interrupted += 1
        if done >= 250:
            break
    assert interrupted > 1
    async with search.worker():
        assert (await search.until_applied())["documents"] == {"policy": 405}
        assert await search.differences() == NOTHING


async def test_interrupted_rebuild_is_undone_or_finished(search: Search, monkeypatch: pytest.MonkeyPatch) -> None:
    await search.log.publish(*(representation() for _ in range(20)))
    async with search.worker():
        await search.until_applied()
    for step in ("swap", "drop"):
        # The worker dies just before the swap, and just after it but before anything is recorded.
        with monkeypatch.context() as patch:
            reached = asyncio.Event()

            async def die(*_: Any, reached: asyncio.Event = reached) -> None:
                reached.set()
                await asyncio.Event().wait()

            if step == "swap":
                patch.setattr(Engine, "swap", die)
            else:
                patch.setattr(rebuilding, "_record_live", die)
            async with search.worker() as worker:
                await search.until(lambda: is_followed(search))
                await search.api.post("/v1/rebuild", headers=search.admin)
                await asyncio.wait([worker, asyncio.ensure_future(reached.wait())], return_when="FIRST_COMPLETED")
                assert reached.is_set()
                worker.cancel()
                await asyncio.gather(worker, return_exceptions=True)
        assert len(await search.find("便民书屋", limit=50)) == 20
        await search.log.publish(representation())
        await search.log.withdraw(await public_one(search))
        async with search.worker():
            status = await search.until_applied()
            assert status["documents"] == {"policy": 20}
            assert await search.differences() == NOTHING


async def test_service_away_and_back_loses_nothing(search: Search) -> None:
    hosts: dict[str, Any] = search.transport._hosts
    async with search.worker():
        await search.log.publish(representation())
        await search.until_applied()
        for host in ("policy.test", "exchange.test"):
            away = hosts.pop(host)
            await search.log.publish(representation())
            hosts[host] = away
            await search.until_applied()
    assert len((await search.get("/v1/search"))["items"]) == 3


async def test_only_one_worker_writes_and_the_other_takes_over(search: Search) -> None:
    async with search.worker() as first:
        await search.log.publish(representation())
        await search.until_applied()
        async with search.worker():
            connection = await open_database(search)
            locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            assert await connection.fetchval(locks) == 1
            epoch = await connection.fetchval("SELECT epoch FROM writer")
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)
            await search.log.publish(representation())
            await search.until_applied()
            assert await connection.fetchval("SELECT epoch FROM writer") > epoch
            await connection.close()
            assert len(await search.find()) == 2


async def test_deposed_worker_can_commit_nothing(search: Search) -> None:
    async with search.worker() as worker:
        await search.log.publish(representation())
        await search.until_applied()
        connection = await open_database(search)
        await connection.execute("UPDATE writer SET epoch = epoch + 1")
        deposed_at = await connection.fetchval("SELECT epoch FROM writer")
        await search.log.publish(representation())
        await search.until_applied()
        # It noticed, stepped back and took the lead anew.
        assert await connection.fetchval("SELECT epoch FROM writer") > deposed_at
        assert not worker.done()
        await connection.close()


async def test_engine_killed_and_back_loses_nothing(database_url: Callable[[str], str], state: Path) -> None:
    server = Meilisearch(state / "meilisearch-killed", port=free_port(), master_key=MASTER_KEY, cache=CACHE)
    server.start()
    try:
        async with search_suite(database_url, server) as search:
            things = [representation() for _ in range(300)]
            async with search.worker(batch_documents=10, page_events=10):
                await search.until_applied()
                await search.log.publish(*things)
                await search.until(lambda: has_more_than(search, 20))
                server.kill()
                refused = await search.api.get("/v1/search")
                assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
                assert (await search.get("/v1/status"))["engine_available"] is False
                await search.log.publish(*({**thing, "version": 2} for thing in things[:50]))
                await asyncio.to_thread(server.start)
                status = await search.until_applied()
                assert status["documents"] == {"policy": 300}
                assert await search.differences() == NOTHING
    finally:
        server.stop()


async def test_engine_that_is_not_there_is_named(search: Search) -> None:
    engine = Engine(f"http://127.0.0.1:{free_port()}", "", timeout_seconds=1)
    assert await engine.is_ready() is False
    with pytest.raises(EngineAway):
        await engine.count("any")
    engine.close()


async def test_search_before_the_first_build_says_so(search: Search) -> None:
    answer = await search.api.get("/v1/search")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert (await search.get("/v1/status"))["ready"] is False


async def test_commands_work_with_and_without_a_worker(search: Search) -> None:
    await search.log.publish(*(representation() for _ in range(3)))

    async def command(kind: str) -> dict[str, Any]:
        order = await order_and_wait(search.settings, kind, wait_seconds=30, transport=search.transport)
        assert order.outcome is not None
        return order.outcome

    alone = [await command("verify"), await command("rebuild")]
    async with search.worker():
        await search.until_applied()
        beside = [await command("verify"), await command("rebuild")]
    for verified, rebuilt in (alone, beside):
        assert (verified["checked"], verified["missing"]["count"]) == (3, 0)
        assert rebuilt["documents"] == 3
    assert len(await search.find("便民书屋")) == 3


async def change_all(search: Search, things: list[dict[str, Any]], *, rounds: int) -> None:
    """Every document anew, `rounds` times, a few at once."""
    for version in range(2, rounds + 2):
        for start in range(0, len(things), 20):
            await search.log.publish(*({**thing, "version": version} for thing in things[start : start + 20]))


async def has_more_than(search: Search, count: int) -> bool:
    status = (await search.api.get("/v1/status")).json()
    return bool(status.get("documents", {}).get("policy", 0) > count)


async def is_followed(search: Search) -> bool:
    connection = await open_database(search)
    held = await connection.fetchval("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted")
    await connection.close()
    return bool(held)


async def public_one(search: Search) -> dict[str, Any]:
    """Any document that is public now."""
    hit = (await search.get("/v1/search", limit=1))["items"][0]
    return {"id": hit["id"], "version": hit["version"]}


async def open_database(search: Search) -> Any:
    return await search.app.state.kit.database.connect()
