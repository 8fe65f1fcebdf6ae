"""The passage index: replaced as a set, rebuilt and compared like the documents, and what answers a question from it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pydantic_core import to_json

from deploy.local.meilisearch import Meilisearch
from services.search_sync.repository.engine import Engine
from services.search_sync.rules.queries import one_of
from shared.schemas.scopes import Scope
from tests.search import NOTHING, Search, entry, interpretation, representation, search_suite
from tests.services import DISTRICT_A

BODY = """第一章 总则
第一条 为了方便居民就餐，制定本办法。
第二条 六十周岁以上的居民在社区食堂就餐，每餐补贴三元，由街道按月结算。
第二章 建设
第三条 社区食堂由街道办事处负责选址，面积不得小于八十平方米。"""
LABELS: list[tuple[str | None, ...]] = [
    ("chap-1", "chapter", "第一章", "总则", None),
    ("art-1", "article", "第一条", "", "chap-1"),
    ("art-2", "article", "第二条", "", "chap-1"),
    ("chap-2", "chapter", "第二章", "建设", None),
    ("art-3", "article", "第三条", "", "chap-2"),
]
OUTLINE = [dict(zip(("address", "kind", "label", "heading", "parent"), row, strict=True)) for row in LABELS]
CANTEEN: dict[str, Any] = representation(
    title="泉城市社区食堂办法", doc_no="泉政规〔2026〕3号", body=BODY, outline=OUTLINE, doc_class="normative"
)
SHORTER = {**CANTEEN, "version": 2, "body": BODY.partition("\n第二章")[0], "outline": OUTLINE[:3]}
LAPSED = representation(
    title="社区食堂试点补贴办法", validity="lapsed", expires_on="2025-12-31", body="七十周岁以上的居民每餐补贴五元。"
)
ASKED = entry(
    "question", CANTEEN, question="社区食堂周末营业吗？", answer="周末照常营业，国家法定节假日除外。", title=""
)
FLAGGED = entry("question", LAPSED, question="试点补贴几元？", answer="试点期间每餐补贴五元。", title="")
EXPLAINED = interpretation(CANTEEN, body="就餐补贴不需要申请，刷脸即可享受。")


@pytest.fixture
async def search(database_url: Callable[[str], str], meilisearch: Meilisearch) -> AsyncIterator[Search]:
    """A small library, indexed, and a worker that goes on following."""
    async with search_suite(database_url, meilisearch) as running:
        await running.log.publish(CANTEEN, LAPSED, ASKED, FLAGGED, EXPLAINED, representation())
        async with running.worker():
            await running.until_applied()
            yield running


async def passages_of(search: Search, thing: dict[str, Any]) -> list[dict[str, Any]]:
    """In the order of the text, as the engine has them."""
    engine = engine_of(search)
    found = await engine.documents(uid_of(search), condition=one_of("subject", [str(thing["id"])]), limit=1000)
    engine.close()
    return sorted(found, key=lambda one: int(one["number"]))


def engine_of(search: Search) -> Engine:
    settings = search.settings
    return Engine(settings.meili_url, settings.meili_key.get_secret_value(), timeout_seconds=10)


def uid_of(search: Search) -> str:
    return f"{search.settings.index_uid}_passages"


async def answers(search: Search, q: str, **params: Any) -> dict[str, Any]:
    return await search.get("/v1/answers", q=q, **params)


async def test_policy_is_cut_by_its_articles(search: Search) -> None:
    found = await passages_of(search, CANTEEN)
    assert [one["address"] for one in found] == ["art-1", "art-2", "art-3"]
    assert found[1]["label"] == "第二条"
    assert found[1]["headings"] == ["第一章 总则"]
    assert found[1]["text"].startswith("第二条 六十周岁以上")
    assert {one["doc_no"] for one in found} == {"泉政规〔2026〕3号"}


async def test_shorter_text_leaves_no_passage_of_the_longer_one_and_withdrawal_none_at_all(search: Search) -> None:
    await search.log.publish(SHORTER)
    await search.until_applied()
    found = await passages_of(search, CANTEEN)
    assert [(one["address"], one["version"]) for one in found] == [("art-1", 2), ("art-2", 2)]
    await search.log.announce({**CANTEEN, "version": 1}, version=1)
    await search.log.publish(representation())
    await search.until_applied()
    assert len(await passages_of(search, CANTEEN)) == 2
    await search.log.withdraw(SHORTER)
    await search.until_applied()
    assert await passages_of(search, CANTEEN) == []
    assert await search.differences() == NOTHING


async def test_remainder_of_an_attempt_that_was_never_committed_goes_with_the_next_write(search: Search) -> None:
    engine = engine_of(search)
    left = {**(await passages_of(search, CANTEEN))[0], "id": f"{CANTEEN['id']}_77", "number": 77, "edition": "x.9"}
    await engine.wait(await engine.add(uid_of(search), [to_json(left)]))
    await search.log.publish({**CANTEEN, "version": 2})
    await search.until_applied()
    assert [one["number"] for one in await passages_of(search, CANTEEN)] == [0, 1, 2]
    engine.close()


async def test_verify_repairs_passages_lost_changed_and_planted(search: Search) -> None:
    engine, uid = engine_of(search), uid_of(search)
    first, second, _ = await passages_of(search, CANTEEN)
    await engine.wait(await engine.delete(uid, one_of("id", [first["id"]])))
    planted = {**second, "id": f"{CANTEEN['id']}_8", "text": "每餐补贴三百元。"}
    stranger = {**second, "id": "stranger_0", "subject": "stranger"}
    changed = {**(await passages_of(search, EXPLAINED))[0], "text": "别的话。"}
    await engine.wait(await engine.add(uid, [to_json(one) for one in (planted, stranger, changed)]))
    outcome = (await search.order("verify"))["outcome"]["passages"]
    assert set(outcome["stale"]["ids"]) == {CANTEEN["id"], EXPLAINED["id"]}
    assert outcome["extra"]["ids"] == ["stranger"]
    assert await search.differences() == NOTHING
    assert [one["address"] for one in await passages_of(search, CANTEEN)] == ["art-1", "art-2", "art-3"]
    engine.close()


async def test_lost_passage_index_is_built_again_while_documents_are_found(
    database_url: Callable[[str], str], meilisearch: Meilisearch
) -> None:
    async with search_suite(database_url, meilisearch) as search:
        async with search.worker():
            await search.log.publish(CANTEEN)
            await search.until_applied()
        engine = engine_of(search)
        await engine.drop(uid_of(search))
        async with search.worker():
            assert await search.find("社区食堂") == [CANTEEN["id"]]
            await search.until(lambda: answered(search))
            assert len(await passages_of(search, CANTEEN)) == 3
        engine.close()


async def answered(search: Search) -> bool:
    answer = await search.api.get("/v1/answers", params={"q": "就餐补贴几元"})
    return answer.status_code == 200 and answer.json()["found"]


async def test_rebuild_swaps_both_and_loses_nothing_while_changes_go_on(search: Search) -> None:
    things = [representation() for _ in range(30)]
    await search.log.publish(*things)
    await search.until_applied()
    order = asyncio.create_task(search.order("rebuild"))
    for version in range(2, 8):
        await search.log.publish(*({**thing, "version": version} for thing in things))
        assert (await answers(search, "社区食堂就餐补贴"))["found"]
    await order
    await search.until_applied()
    assert {one["version"] for thing in things for one in await passages_of(search, thing)} == {7}
    assert await search.differences() == NOTHING


async def test_answer_is_the_article_with_its_citation(search: Search) -> None:
    answer = await answers(search, "老人在社区食堂就餐，每餐有多少补贴？")
    first = answer["items"][0]
    assert answer["found"]
    assert (first["id"], first["address"], first["number"]) == (CANTEEN["id"], "art-2", 1)
    assert first["citation"] == "《泉城市社区食堂办法》（泉政规〔2026〕3号）第二条"
    assert first["path"] == f"/api/policy/v1/policies/{CANTEEN['id']}#art-2"
    assert (first["validity"], first["flagged"], first["outdated"]) == ("in_force", False, False)
    assert first["text"] in BODY
    assert answer["phrased"] is None


async def test_questions_and_interpretations_answer_too(search: Search) -> None:
    found = (await answers(search, "社区食堂周末营业吗"))["items"][0]
    assert (found["type"], found["id"], found["title"]) == ("question", ASKED["id"], "社区食堂周末营业吗？")
    assert found["path"].startswith(f"/api/policy/v1/questions/{ASKED['id']}#")
    found = (await answers(search, "就餐补贴需要申请吗"))["items"][0]
    assert (found["type"], found["policy_title"]) == ("interpretation", CANTEEN["title"])


async def test_lapsed_answers_are_left_out_unless_asked_for_and_flagged(search: Search) -> None:
    q = "社区食堂试点每餐补贴几元"
    gone = {LAPSED["id"], FLAGGED["id"]}
    assert not gone & {one["id"] for one in (await answers(search, q))["items"]}
    everything = (await answers(search, q, include_lapsed=True))["items"]
    assert {one["id"] for one in everything if one["flagged"]} == gone


async def test_it_says_so_when_nothing_answers(search: Search) -> None:
    for q in ("如何申请出国留学奖学金？", "火星移民的落户条件", "???", "居民"):
        answer = await answers(search, q)
        assert (answer["found"], answer["items"], answer["phrased"]) == (False, [], None), q
        assert "没有找到" in answer["note"]


async def test_what_was_withdrawn_a_moment_ago_answers_nothing(search: Search) -> None:
    await search.log.withdraw(CANTEEN, silently=True)
    assert CANTEEN["id"] not in {one["id"] for one in (await answers(search, "社区食堂就餐补贴"))["items"]}


async def test_level_narrows(search: Search) -> None:
    assert not (await answers(search, "社区食堂就餐补贴", level="district"))["found"]
    assert (await answers(search, "社区食堂就餐补贴", level="city"))["found"]


async def test_poisonous_subject_is_parked_once_and_tried_again_on_both(search: Search) -> None:
    await search.log.publish({**representation(), "level": "galaxy"})
    assert (await search.until_applied())["parked"] == 1
    assert (await search.order("retry_parked"))["outcome"] == {"tried": 1, "still_parked": 1}


async def test_every_type_is_searched_filtered_and_flagged(search: Search) -> None:
    open_, ended = entry("consultation", title="便民书屋布点征求意见"), entry("consultation", status="ended")
    others = (entry("clause", CANTEEN), entry("clause", LAPSED), entry("collection", CANTEEN), open_, ended)
    await search.log.publish(*others)
    await search.until_applied()
    assert await search.find(type="clause") == [others[0]["id"]]
    assert await search.find(type="collection") == [others[2]["id"]]
    assert await search.find(type="consultation") == [open_["id"]]
    assert await search.find(type="question") == [ASKED["id"]]
    assert {open_["id"], others[0]["id"]} <= set(await search.find("便民书屋"))
    asked_for = await search.get("/v1/search", type="consultation", include_lapsed=True)
    assert {hit["id"]: (hit["flagged"], hit["status"]) for hit in asked_for["items"]} == {
        open_["id"]: (False, "open"),
        ended["id"]: (True, "ended"),
    }
    assert (await search.get("/v1/search"))["facets"]["type"]["question"] == 1
    assert (await search.get("/v1/search", q=CANTEEN["doc_no"]))["items"][0]["id"] == CANTEEN["id"]
    assert await search.differences() == NOTHING


async def test_synonyms_and_stop_words_come_into_effect_without_a_rebuild(search: Search) -> None:
    before = (await search.get("/v1/status"))["live_since"]
    assert await search.find("饭堂") == []
    wanted = {"groups": [["食堂", "饭堂"]]}
    put = await search.api.put("/v1/synonyms", json=wanted, headers=search.admin)
    assert (put.status_code, put.json()["applied"], put.headers["etag"]) == (200, True, '"1"')
    assert CANTEEN["id"] in await search.find("饭堂")
    put = await search.api.put("/v1/stop-words", json={"words": ["敬请"]}, headers=search.admin)
    assert put.json()["applied"]
    assert (await search.get("/v1/status"))["live_since"] == before
    await search.order("rebuild")
    await search.until_applied()
    assert CANTEEN["id"] in await search.find("饭堂")
    read = (await search.api.get("/v1/synonyms", headers=search.admin)).json()
    assert (read["version"], read["groups"], read["applied"]) == (1, [["食堂", "饭堂"]], True)
    await search.api.put("/v1/synonyms", json={"groups": []}, headers=search.admin)
    assert await search.find("饭堂") == []


async def test_vocabulary_keeps_its_versions_bounds_and_rights(search: Search) -> None:
    async def put(body: object, **headers: str) -> Any:
        return await search.api.put("/v1/synonyms", json=body, headers={**search.admin, **headers})

    good = {"groups": [["低保", "最低生活保障"]]}
    assert (await put(good, **{"If-Match": '"0"'})).status_code == 200
    assert (await put(good, **{"If-Match": '"1"'})).json()["version"] == 1
    stale = await put({"groups": []}, **{"If-Match": '"0"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    refusals: tuple[dict[str, Any], ...] = (
        {"groups": [["一个"]]},
        {"groups": [["a", "b"]] * 1001},
        {"groups": [["长" * 31, "b"]]},
        {"groups": [[" ", "b"]]},
        {"words": []},
    )
    for bad in refusals:
        assert (await put(bad)).json()["code"] == "validation_failed", bad
    district = await search.suite.token(DISTRICT_A, Scope.SEARCH_ADMIN)
    refused = await search.api.put("/v1/stop-words", json={"words": []}, headers=district)
    assert refused.json()["code"] == "outside_subtree"
    connection = await search.app.state.kit.database.connect()
    entries = await connection.fetch("SELECT entry FROM audit_entry WHERE subject = 'synonyms'")
    await connection.close()
    assert len(entries) == 1


async def test_two_who_put_at_once_do_not_lose_each_other(search: Search) -> None:
    puts = [
        search.api.put("/v1/stop-words", json={"words": [f"词{n}"]}, headers={**search.admin, "If-Match": '"0"'})
        for n in range(4)
    ]
    statuses = sorted(answer.status_code for answer in await asyncio.gather(*puts))
    assert statuses == [200, 412, 412, 412]
