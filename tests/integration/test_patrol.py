"""The patrol: findings with masked excerpts, decided by their owners; another look when the lists change."""

from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any

import httpx
import pytest

from shared.schemas.scopes import Scope
from tests.catalogs import CatalogOffice, catalog, item, open_catalog_office, publication
from tests.services import BUREAU_A, CITY

NUMBER = "11010519491231002X"
SECRECY = {"title": "密级字样", "severity": "error", "words": ["绝密", "内部资料"]}


@pytest.fixture
async def office(database_url: Callable[[str], str]) -> AsyncIterator[CatalogOffice]:
    async with open_catalog_office(database_url) as opened:
        yield opened


@pytest.fixture
async def item_id(office: CatalogOffice) -> str:
    catalog_id = await office.enforce(catalog(item("a", channels=["web"])))
    return str((await office.items(catalog_id))["a"]["id"])


async def publish(office: CatalogOffice, item_id: str, name: str = "p1", **changes: Any) -> str:
    answer = await office.put_publication(publication(item=item_id, **changes), name)
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["id"])


async def findings(office: CatalogOffice, **asked: Any) -> list[dict[str, Any]]:
    answer = await office.call("discloser", "GET", f"/v1/organizations/{CITY}/findings", params=asked)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def decide(
    office: CatalogOffice, finding: dict[str, Any], decision: str, who: str = "discloser"
) -> httpx.Response:
    body = {"decision": decision, "note": "经核对"}
    return await office.call(who, "POST", f"/v1/findings/{finding['id']}:decide", body)


async def test_number_is_found_and_never_shown(office: CatalogOffice, item_id: str) -> None:
    publication_id = await publish(office, item_id, text=f"公示名单：张某，{NUMBER}，电话13812345678")
    await office.run_job("patrol")
    found = {one["kind"]: one for one in await findings(office)}
    assert set(found) == {"identity_number", "mobile_phone"}
    assert found["identity_number"]["publication"] == publication_id
    assert "110105********002X" in found["identity_number"]["excerpt"]
    assert not any(NUMBER in str(one) or "13812345678" in str(one) for one in found.values())
    rows = await office.database.reads.fetch("SELECT row_to_json(finding)::text AS text FROM finding")
    assert rows
    assert not any(NUMBER in row["text"] for row in rows)
    assert NUMBER not in str(await office.events())


async def test_finding_goes_with_what_it_was_about(office: CatalogOffice, item_id: str) -> None:
    await publish(office, item_id, text=f"张某，{NUMBER}")
    await office.run_job("patrol")
    await publish(office, item_id, text="张某，身份证号码已隐去")
    await office.run_job("patrol")
    assert await findings(office) == []
    assert [one["gone_on"] for one in await findings(office, state="gone")] == ["2026-05-06"]


async def test_decided_once_and_open_again_when_not_fixed(office: CatalogOffice, item_id: str) -> None:
    await publish(office, item_id, text=f"张某，{NUMBER}")
    await office.run_job("patrol")
    (finding,) = await findings(office)
    assert (await decide(office, finding, "fixed", "bureau")).status_code == 403
    decided = await decide(office, finding, "fixed")
    assert (decided.status_code, decided.json()["decision"]) == (200, "fixed")
    assert (await decide(office, finding, "accepted")).status_code == 409
    await publish(office, item_id, text=f"张某，{NUMBER}。")
    await office.run_job("patrol")
    (again,) = await findings(office)
    assert (again["id"], again["decision"]) == (finding["id"], None)
    assert (await decide(office, again, "mistaken")).status_code == 200
    await publish(office, item_id, text=f"张某，{NUMBER}！")
    await office.run_job("patrol")
    assert await findings(office) == []


async def test_withdrawing_takes_the_publication_down(office: CatalogOffice, item_id: str) -> None:
    publication_id = await publish(office, item_id, text=f"张某，{NUMBER}")
    await office.run_job("patrol")
    (finding,) = await findings(office)
    assert (await decide(office, finding, "withdrawn")).status_code == 200
    assert (await office.call(None, "GET", f"/v1/publications/{publication_id}")).status_code == 404
    assert (await office.events())[-1]["type"] == "publication.withdrawn"


async def test_changed_word_list_looks_at_everything_again(office: CatalogOffice, item_id: str) -> None:
    await publish(office, item_id, summary="内部 资料，注意保存")
    await office.run_job("patrol")
    assert await findings(office) == []
    blank = await office.call("patrol", "PUT", "/v1/word-lists/secrecy", SECRECY | {"words": ["　"]})
    assert blank.status_code == 422
    put = await office.call("patrol", "PUT", "/v1/word-lists/secrecy", SECRECY)
    assert (put.status_code, put.json()["version"]) == (200, 1)
    await office.run_job("patrol")
    (finding,) = await findings(office)
    assert (finding["kind"], finding["rule"], finding["severity"]) == ("word", "secrecy", "error")
    assert (await office.call("patrol", "DELETE", "/v1/word-lists/secrecy")).status_code == 204
    await office.run_job("patrol")
    assert await findings(office) == []
    assert (await office.call("patrol", "DELETE", "/v1/word-lists/secrecy")).status_code == 404


async def test_text_can_be_looked_at_before_it_is_published(office: CatalogOffice) -> None:
    await office.call("patrol", "PUT", "/v1/word-lists/secrecy", SECRECY)
    answer = await office.call("discloser", "POST", "/v1/patrol:scan", {"text": f"绝密：{NUMBER}"})
    assert [(hit["kind"], hit["at"]) for hit in answer.json()] == [("word", 0), ("identity_number", 3)]
    assert NUMBER not in answer.text


async def test_notice_past_its_day_and_what_was_kept_too_long(office: CatalogOffice, item_id: str) -> None:
    await publish(office, item_id, "notice", expires_on="2026-05-10")
    rule = {"title": "公示类信息", "item": item_id, "days": 30, "action": "unpublish", "basis": "公示期满即撤"}
    assert (await office.call("patrol", "PUT", "/v1/retention-rules/notices", rule)).status_code == 200
    await office.run_job("patrol")
    assert await findings(office) == []
    office.set_day(date(2026, 5, 11))
    await office.run_job("patrol")
    assert [one["kind"] for one in await findings(office)] == ["expired"]
    office.set_day(date(2026, 6, 6))
    for _ in range(2):
        await office.run_job("patrol")
    assert [(one["kind"], one["action"]) for one in await findings(office)] == [
        ("retention", "unpublish"),
        ("expired", None),
    ]


async def test_dead_links_of_listed_hosts_only(office: CatalogOffice, item_id: str) -> None:
    asked: list[str] = []
    gone = {"/gone.html"}

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(404 if request.url.path in gone else 200)

    office.suite.apps["catalog"].state.kit.settings.patrol_hosts.append("www.quancheng.example")
    await publish(office, item_id, "here", url="https://www.quancheng.example/here.html")
    await publish(office, item_id, "gone", url="https://www.quancheng.example/gone.html")
    await publish(office, item_id, "inside", url="http://127.0.0.1:9/admin")
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as links:
        await office.run_job("ask links", links=links)
        assert sorted(asked) == ["https://www.quancheng.example/gone.html", "https://www.quancheng.example/here.html"]
        assert [(one["kind"], one["excerpt"]) for one in await findings(office)] == [("dead_link", "地址回答404")]
        await office.run_job("ask links", links=links)
        assert len(asked) == 2
        gone.clear()
        office.set_day(date(2026, 5, 14))
        await office.run_job("ask links", links=links)
        assert await findings(office) == []


async def test_lists_are_the_roots_to_change(office: CatalogOffice) -> None:
    headers = await office.suite.token(BUREAU_A, Scope.PATROL_WRITE)
    client = office.suite.clients["catalog"]
    assert (await client.put("/v1/word-lists/secrecy", json=SECRECY, headers=headers)).status_code == 403


async def test_a_title_is_masked_too(office: CatalogOffice, item_id: str) -> None:
    await publish(office, item_id, title=f"关于张某（{NUMBER}）的公示")
    await office.run_job("patrol")
    (finding,) = await findings(office)
    assert NUMBER not in str(finding)
    assert finding["title"].startswith("关于张某（")


async def test_what_is_taken_down_leaves_nothing_open(office: CatalogOffice, item_id: str) -> None:
    publication_id = await publish(office, item_id, text=f"张某，{NUMBER}")
    await office.run_job("patrol")
    assert len(await findings(office)) == 1
    taken = await office.call(
        "discloser", "POST", f"/v1/publications/{publication_id}:withdraw", {"reason": "登记有误"}
    )
    assert taken.status_code == 204
    assert await findings(office) == []
