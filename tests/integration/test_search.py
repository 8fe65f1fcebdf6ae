"""Searching: what is found, what comes first, what is left out, what is never shown."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from deploy.local.meilisearch import Meilisearch
from shared.schemas.scopes import Scope
from tests.search import Search, ids_of, interpretation, representation, search_suite
from tests.services import DISTRICT_A

CANTEEN = representation(
    title="关于加快社区食堂建设的实施意见",
    doc_no="泉政办发〔2025〕2号",
    kind="opinion",
    theme="民政、扶贫、救灾\\社会福利",
    body_format="html",
    body="<p>每个街道至少建成一处社区食堂。</p><script>alert('社区食堂')</script><p>价格 &lt; 市场价</p>",
)
CANTEEN_EARLIER = representation(
    title="关于社区食堂试点的通知", doc_no="泉政办发〔2025〕12号", published_on="2025-01-05", effective_on="2025-01-05"
)
CITING = representation(title="关于学习泉政办发〔2025〕2号文件的通知", doc_no="泉民发〔2025〕2号")
BANK = representation(title="银行网点无障碍改造办法", doc_class="normative", level="district")
LAPSED = representation(title="社区食堂补贴暂行办法", validity="lapsed", expires_on="2025-12-31")
REPEALED = representation(title="社区食堂管理规定", validity="repealed", repealed_on="2025-06-30")
COMING = representation(title="夜间公交运行办法", validity="not_yet", effective_on="2030-01-01")
EXPLAINED = interpretation(CANTEEN)
EXPLAINED_LAPSED = interpretation(LAPSED)
EVERYTHING = (
    *(CANTEEN, CANTEEN_EARLIER, CITING, BANK, LAPSED, REPEALED, COMING),
    *(EXPLAINED, EXPLAINED_LAPSED),
)


@pytest.fixture
async def search(database_url: Callable[[str], str], meilisearch: Meilisearch) -> AsyncIterator[Search]:
    """A small library, indexed, and a worker that goes on following."""
    async with search_suite(database_url, meilisearch) as running:
        await running.log.publish(*EVERYTHING)
        async with running.worker():
            await running.until_applied()
            yield running


SPELLINGS = (
    "泉政办发〔2025〕2号",
    "泉政办发[2025]2号",
    "泉政办发(2025)2号",
    "泉政办发（２０２５）２号",
    " 泉政办发 〔 2025 〕 2 号 ",
    "泉政办发【2025】02号",
    "泉政办发20252号",
    "泉政办发2025-2",
    "泉政办发2025年第2号",
    "请查泉政办发〔2025〕2号全文",
)


async def test_number_in_any_spelling_finds_exactly_that_document_first(search: Search) -> None:
    for spelling in SPELLINGS:
        answer = await search.get("/v1/search", q=spelling)
        first, *others = answer["items"]
        assert first["id"] == CANTEEN["id"], spelling
        assert first["exact_number"], spelling
        assert not any(hit["exact_number"] for hit in others), spelling
        assert CANTEEN["id"] not in [hit["id"] for hit in others], spelling
        assert answer["total"] == len(answer["items"]), spelling


async def test_page_after_the_named_document_goes_on_without_repeating_it(search: Search) -> None:
    whole = await search.find("泉政办发〔2025〕2号")
    assert len(whole) > 1
    paged = [(await search.find("泉政办发〔2025〕2号", offset=place, limit=1)) for place in range(len(whole))]
    assert [hits[0] for hits in paged] == whole


async def test_title_is_found_by_words_pinyin_and_initials(search: Search) -> None:
    for q in ("社区食堂", "shequshitang", "she qu shi tang", "sqst", "jksqstjs", "SheQuShiTang"):
        assert CANTEEN["id"] in await search.find(q), q
    for q in ("yinhang", "yhwd", "yinhangwangdian"):
        assert await search.find(q) == ids_of(BANK), q


async def test_other_reading_of_a_character_finds_the_title_as_well(search: Search) -> None:
    assert BANK["id"] in await search.find("yinxingwangdian")


async def test_suggestions_follow_chinese_pinyin_and_initials(search: Search) -> None:
    for q in ("加快社", "jiakuaishe", "jks"):
        items = (await search.get("/v1/suggest", q=q))["items"]
        assert CANTEEN["id"] in [item["id"] for item in items], q
    marked = (await search.get("/v1/suggest", q="社区食堂"))["items"]
    assert all("<em>" in item["highlighted"] for item in marked)
    assert LAPSED["id"] not in [item["id"] for item in marked]


async def test_lapsed_and_repealed_are_left_out_unless_asked_for_and_flagged(search: Search) -> None:
    answer = await search.get("/v1/search", q="社区食堂")
    shown = {hit["id"] for hit in answer["items"]}
    gone = {LAPSED["id"], REPEALED["id"], EXPLAINED_LAPSED["id"]}
    assert not shown & gone
    assert not any(hit["flagged"] for hit in answer["items"])
    assert answer["left_out"] == len(gone)
    everything = await search.get("/v1/search", q="社区食堂", include_lapsed=True)
    assert {hit["id"] for hit in everything["items"] if hit["flagged"]} == gone
    assert everything["left_out"] == 0
    assert await search.find("社区食堂", status="repealed") == ids_of(REPEALED)
    both = await search.find("社区食堂", status=["repealed", "lapsed"], type="policy")
    assert set(both) == {LAPSED["id"], REPEALED["id"]}
    assert await search.find("夜间公交") == ids_of(COMING)


async def test_number_of_a_lapsed_document_finds_it_only_when_asked_for(search: Search) -> None:
    assert LAPSED["id"] not in await search.find(LAPSED["doc_no"])
    assert (await search.find(LAPSED["doc_no"], include_lapsed=True))[0] == LAPSED["id"]


async def test_filters_narrow_and_facets_count(search: Search) -> None:
    assert await search.find(level="district") == ids_of(BANK)
    assert await search.find(doc_class="normative") == ids_of(BANK)
    assert await search.find(kind="opinion") == ids_of(CANTEEN)
    assert await search.find(type="interpretation") == ids_of(EXPLAINED)
    assert set(await search.find(theme="民政、扶贫、救灾")) == {CANTEEN["id"], EXPLAINED["id"]}
    assert await search.find(theme="民政、扶贫、救灾\\社会福利", type="policy") == ids_of(CANTEEN)
    assert await search.find(year=2025, to="2025-12-31") == ids_of(CANTEEN_EARLIER)
    assert await search.find(issuer="没有这个机关") == []
    facets = (await search.get("/v1/search"))["facets"]
    assert facets["level"] == {"city": 5, "district": 1}
    assert facets["type"] == {"policy": 5, "interpretation": 1}


async def test_order_by_date_is_an_order_by_date(search: Search) -> None:
    for sort, backwards in (("-published_on", True), ("published_on", False)):
        days = [hit["published_on"] for hit in (await search.get("/v1/search", sort=sort))["items"]]
        assert days == sorted(days, reverse=backwards)
        assert len(set(days)) > 1


async def test_highlights_are_safe_html(search: Search) -> None:
    await search.log.publish(
        representation(title="关于<b>扬尘</b>治理 & \ue000检查\ue001 的通知", body="扬尘<i>治理</i>")
    )
    await search.until_applied()
    hit = (await search.get("/v1/search", q="扬尘"))["items"][0]
    assert hit["highlights"]["title"] == "关于&lt;b&gt;<em>扬尘</em>&lt;/b&gt;治理 &amp; 检查 的通知"
    canteen = (await search.get("/v1/search", q="街道 食堂", kind="opinion"))["items"][0]["highlights"]["body"]
    assert "<em>" in canteen
    assert "script" not in canteen
    assert "alert" not in canteen


async def test_withdrawn_document_is_never_shown_though_the_index_still_has_it(search: Search) -> None:
    await search.log.withdraw(CANTEEN, silently=True)
    answer = await search.get("/v1/search", q="泉政办发〔2025〕2号")
    assert CANTEEN["id"] not in [hit["id"] for hit in answer["items"]]
    assert answer["total"] == len(answer["items"])
    suggested = (await search.get("/v1/suggest", q="加快社区食堂"))["items"]
    assert CANTEEN["id"] not in [item["id"] for item in suggested]


async def test_withdrawal_leaves_the_index(search: Search) -> None:
    before = (await search.get("/v1/status"))["documents_in_engine"]
    await search.log.withdraw(CANTEEN)
    assert (await search.until_applied())["documents_in_engine"] == before - 1


async def test_search_is_refused_while_nobody_can_vouch_for_the_hits(search: Search) -> None:
    hosts: dict[str, Any] = search.transport._hosts
    policy = hosts.pop("policy.test")
    answer = await search.api.get("/v1/search", params={"q": "社区食堂"})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    hosts["policy.test"] = policy


async def test_answer_says_up_to_when_it_reflects_the_services(search: Search) -> None:
    first = await search.get("/v1/search")
    assert [one["source"] for one in first["freshness"]] == ["policy"]
    assert first["stale"] is False
    await search.log.publish(representation())
    status = await search.until_applied()
    assert status["sources"][0]["reflects_until"] > first["freshness"][0]["reflects_until"]
    assert status["sources"][0]["last_change_lag_ms"] >= 0


async def test_newer_public_version_marks_the_hit_outdated(search: Search) -> None:
    hit = (await search.get("/v1/search", q="夜间公交"))["items"][0]
    assert (hit["version"], hit["outdated"]) == (1, False)
    connection = await search.log.database.connect()
    await connection.execute("UPDATE stub_subject SET version = 2 WHERE subject = $1", COMING["id"])
    await connection.close()
    assert (await search.get("/v1/search", q="夜间公交"))["items"][0]["outdated"] is True


async def test_bad_questions_get_problem_documents(search: Search) -> None:
    for params in (
        {"q": "长" * 201},
        {"limit": 51},
        {"offset": 1001},
        {"status": "当前"},
        {"sort": "title"},
        {"from": "2026-02-30"},
        {"from": "2026-05-01", "to": "2026-04-01"},
        {"from": "0001-01-01"},
        {"organization": "370100"},
    ):
        answer = await search.api.get("/v1/search", params=params)
        assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed"), params
        assert answer.json()["errors"], params
    assert (await search.api.get("/v1/suggest")).status_code == 422


@pytest.mark.parametrize(
    "text",
    [
        'x" OR type = "policy',
        "\\",
        '\\"',
        "'",
        '"',
        "[]{}()",
        "a\nb\t",
        "🙂\ud7ff\ufffe",
        "OR NOT IN",
        "_geoRadius(1, 2, 3)",
    ],
)
async def test_no_text_breaks_the_engines_language(search: Search, text: str) -> None:
    for name in ("issuer", "theme"):
        answer = await search.api.get("/v1/search", params={name: text})
        assert (answer.status_code, answer.json()["items"]) == (200, []), name
    assert (await search.api.get("/v1/search", params={"q": text})).status_code == 200
    assert (await search.api.get("/v1/suggest", params={"q": text})).status_code == 200


async def test_only_the_root_may_order_and_only_with_the_scope(search: Search) -> None:
    district = await search.suite.token(DISTRICT_A, Scope.SEARCH_ADMIN)
    reader = await search.suite.token(DISTRICT_A, Scope.EVENTS_READ)
    for path in ("/v1/rebuild", "/v1/verify", "/v1/parked"):
        assert (await search.api.post(path)).status_code == 401
        assert (await search.api.post(path, headers=reader)).json()["code"] == "insufficient_scope"
        assert (await search.api.post(path, headers=district)).json()["code"] == "outside_subtree"
