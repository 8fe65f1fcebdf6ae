"""Withheld information is looked at again in time (条例第十八条)."""

from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any

import pytest

from tests.catalogs import CatalogOffice, catalog, item, open_catalog_office, publication
from tests.services import BUREAU_A, CITY

KEPT: dict[str, Any] = {
    "title": "城区供水应急调度内部方案",
    "exemptions": ["EX14_SEC_PUB"],
    "reason": "公开后可能危及公共安全",
    "decided_on": "2025-05-07",
}
PATH = f"/v1/organizations/{CITY}/withheld"


@pytest.fixture
async def office(database_url: Callable[[str], str]) -> AsyncIterator[CatalogOffice]:
    async with open_catalog_office(database_url) as opened:
        yield opened


async def _put(office: CatalogOffice, name: str = "w1", **changes: Any) -> Any:
    return await office.call("discloser", "PUT", f"{PATH}/{name}", KEPT | changes)


async def _review(office: CatalogOffice, result: str, name: str = "w1", **changes: Any) -> Any:
    body = {"result": result, "reason": "经评估", "reviewed_on": "2026-05-07"} | changes
    return await office.call("discloser", "POST", f"{PATH}/{name}:review", body)


async def _due(office: CatalogOffice) -> list[str]:
    listed = await office.call("reader", "GET", PATH, params={"due": True})
    return [one["external_id"] for one in listed.json()["items"]]


async def test_REG_18_what_is_withheld_is_evaluated_a_year_later_and_again(office: CatalogOffice) -> None:
    office.set_day(date(2026, 5, 6))
    kept = await _put(office)
    assert (kept.status_code, kept.json()["next_review_on"]) == (201, "2026-05-07")
    assert await _due(office) == []
    office.set_day(date(2026, 5, 7))
    assert await _due(office) == ["w1"]
    still = await _review(office, "withheld")
    assert (still.status_code, still.json()["next_review_on"], still.json()["is_due"]) == (200, "2027-05-07", False)
    assert await _due(office) == []
    office.set_day(date(2027, 5, 7))
    assert await _due(office) == ["w1"]


async def test_REG_18_what_is_to_be_published_becomes_a_task(office: CatalogOffice) -> None:
    catalog_id = await office.enforce(catalog(item("a", channels=["web"])))
    item_id = (await office.items(catalog_id))["a"]["id"]
    office.set_day(date(2026, 5, 7))
    await _put(office)
    assert (await _review(office, "to_publish")).json()["errors"][0]["pointer"] == "/item"
    assert (await _review(office, "withheld", item=item_id)).json()["errors"][0]["pointer"] == "/item"
    reviewed = await _review(office, "to_publish", item=item_id)
    assert (reviewed.status_code, reviewed.json()["state"]) == (200, "to_publish")
    tasks = await office.call("discloser", "GET", f"/v1/organizations/{CITY}/tasks", params={"limit": 10})
    [task] = tasks.json()["items"]
    # 条例第二十六条: twenty working days from the evaluation; Saturday 05-09 is worked.
    assert (task["external_id"], task["occurred_on"], task["due_on"]) == ("withheld-w1", "2026-05-07", "2026-06-03")
    assert (await _review(office, "withheld")).status_code == 409
    assert (await _put(office, reason="另一个理由")).status_code == 409
    assert (await _put(office)).json()["outcome"] == "unchanged"


async def test_an_item_that_is_none_changes_nothing(office: CatalogOffice) -> None:
    office.set_day(date(2026, 5, 7))
    await _put(office)
    answer = await _review(office, "to_publish", item="00000000-0000-0000-0000-000000000000")
    assert answer.status_code == 422
    listed = await office.call("reader", "GET", PATH)
    assert [(one["state"], one["reviews"]) for one in listed.json()["items"]] == [("withheld", [])]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"decided_on": "2026-05-08"}, "/decided_on"),
        ({"decided_on": "1900-01-01"}, "/decided_on"),
        ({"next_review_on": "2025-05-07"}, "/next_review_on"),
        ({"next_review_on": "2028-05-08"}, "/next_review_on"),
        ({"exemptions": []}, "/exemptions"),
        ({"exemptions": ["随便"]}, "/exemptions/0"),
    ],
)
async def test_what_does_not_hold_is_refused(office: CatalogOffice, changes: dict[str, Any], pointer: str) -> None:
    office.set_day(date(2026, 5, 7))
    answer = await _put(office, **changes)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_reviews_follow_each_other_and_the_register_is_not_public(office: CatalogOffice) -> None:
    office.set_day(date(2026, 5, 7))
    await _put(office, decided_on="2024-02-29")
    early = await _review(office, "withheld", reviewed_on="2024-02-28")
    assert early.json()["errors"][0]["pointer"] == "/reviewed_on"
    assert (await _review(office, "withheld", next_review_on="2026-11-07")).json()["next_review_on"] == "2026-11-07"
    assert (await _review(office, "withheld", reviewed_on="2026-05-06")).status_code == 422
    assert (await _review(office, "withheld", name="nothing")).status_code == 404
    assert (await office.call(None, "GET", PATH)).status_code == 401
    assert (await office.call("bureau", "PUT", f"{PATH}/w2", KEPT)).json()["code"] == "outside_subtree"
    assert (await office.call("bureau", "PUT", f"/v1/organizations/{BUREAU_A}/withheld/w1", KEPT)).status_code == 201
    first = (await office.call("reader", "GET", PATH, params={"limit": 1})).json()
    rest = await office.call("reader", "GET", PATH, params={"limit": 1, "cursor": first["next_cursor"]})
    assert [one["organization"]["code"] for one in first["items"] + rest.json()["items"]] == [BUREAU_A, CITY]


async def test_a_leap_day_is_followed_by_the_months_last(office: CatalogOffice) -> None:
    office.set_day(date(2026, 5, 7))
    assert (await _put(office, decided_on="2024-02-29")).json()["next_review_on"] == "2025-02-28"


@pytest.mark.parametrize("name", ["coordination", "approval"])
async def test_REG_11_what_has_to_be_agreed_or_approved_first_is_refused_without(
    office: CatalogOffice, name: str
) -> None:
    catalog_id = await office.enforce(catalog(item("a", channels=["web"], **{f"requires_{name}": True})))
    item_id = (await office.items(catalog_id))["a"]["id"]
    refused = await office.put_publication(publication(item=item_id))
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, f"/{name}")
    late = {name: {"by": "泉城市水务局", "on": "2026-05-07"}}
    answer = await office.put_publication(publication(item=item_id, **late))
    assert answer.json()["errors"][0]["pointer"] == f"/{name}/on"
    agreed = {name: {"by": "泉城市水务局", "on": "2026-05-05", "document": "泉水函〔2026〕5号"}}
    assert (await office.put_publication(publication(item=item_id, **agreed))).status_code == 201


async def test_REG_06_a_clarification_says_of_what(office: CatalogOffice) -> None:
    catalog_id = await office.enforce(catalog(item("a", channels=["web"])))
    item_id = (await office.items(catalog_id))["a"]["id"]
    said = "网传“停水三天”的消息"
    answer = await office.put_publication(publication(item=item_id, title="关于供水情况的说明", clarifies=said))
    assert answer.status_code == 201, answer.text
    shown = await office.call(None, "GET", f"/v1/publications/{answer.json()['id']}")
    assert shown.json()["clarifies"] == said


@pytest.mark.parametrize(
    "ground",
    [
        {"public_interest": ["interests_adjusted"]},
        {"public_interest": ["widely_known", "participation"]},
        {"statutory": ["20-07"]},
        {"statutory": ["21-1-07"]},
    ],
)
async def test_REG_13_and_REG_19_what_concerns_the_public_does_not_wait_to_be_asked_for(
    office: CatalogOffice, ground: dict[str, Any]
) -> None:
    refused = await office.draft(catalog(item("a", mode="on_request", **ground)))
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/items/0/mode")
    assert (await office.draft(catalog(item("a", mode="on_request")))).status_code == 201
    assert (await office.draft(catalog(item("a", **ground)), name="other")).status_code == 201


async def test_REG_20_REG_21_and_REG_22_what_the_regulation_names_and_a_catalog_lacks(office: CatalogOffice) -> None:
    catalog_id = await office.enforce(catalog(item("a", statutory=["20-01", "21-1-07"])))
    gaps = (await office.call(None, "GET", f"/v1/catalogs/{catalog_id}/statutory-gaps")).json()
    named = [f"20-{number:02d}" for number in range(1, 16)] + [f"21-1-{number:02d}" for number in range(1, 8)]
    assert [gap["matter"] for gap in gaps] == [one for one in named if one not in ("20-01", "21-1-07")]
    assert gaps[0] == {
        "matter": "20-02",
        "name": "机关职能、机构设置、办公地址、办公时间、联系方式、负责人姓名",
        "basis": "条例第二十条",
    }
    town = catalog(item("a", levels=["town"]), level="town")
    town_id = await office.enforce(town, name="town")
    gaps = (await office.call(None, "GET", f"/v1/catalogs/{town_id}/statutory-gaps")).json()
    assert [gap["matter"] for gap in gaps[15:]] == [f"21-2-{number:02d}" for number in range(1, 9)]
    assert (await office.call(None, "GET", "/v1/catalogs/" + "0" * 32 + "/statutory-gaps")).status_code == 404
