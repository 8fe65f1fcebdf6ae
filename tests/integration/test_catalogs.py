"""Catalogs: drafted, reviewed, in force, superseded; a lower one never weakens its upper one."""

from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any

import pytest

from tests.catalogs import CatalogOffice, catalog, item, open_catalog_office
from tests.services import BUREAU_A, CITY, DISTRICT_A, DISTRICT_B


@pytest.fixture
async def office(database_url: Callable[[str], str]) -> AsyncIterator[CatalogOffice]:
    async with open_catalog_office(database_url) as opened:
        yield opened


async def test_draft_is_not_public_and_a_version_in_force_is(office: CatalogOffice) -> None:
    receipt = await office.draft(catalog())
    assert (receipt.status_code, receipt.json()["state"], receipt.json()["number"]) == (201, "draft", 1)
    catalog_id = receipt.json()["id"]
    assert (await office.call(None, "GET", f"/v1/catalogs/{catalog_id}")).status_code == 404
    assert await office.enforce(catalog()) == catalog_id
    shown = (await office.call(None, "GET", f"/v1/catalogs/{catalog_id}")).json()
    assert (shown["number"], shown["items"], shown["domains"]) == (1, 1, {"compulsory_education": 1})
    (only,) = (await office.items(catalog_id)).values()
    assert only["limit"]["period"] == {"days": 20, "unit": "workdays"}
    assert [event["type"] for event in await office.events()] == ["item.released", "catalog.released"]


async def test_same_draft_again_changes_nothing(office: CatalogOffice) -> None:
    first, again = await office.draft(catalog()), await office.draft(catalog())
    assert (first.json()["outcome"], again.json()["outcome"]) == ("created", "unchanged")
    await office.enforce(catalog())
    assert (await office.draft(catalog())).json()["outcome"] == "unchanged"


async def test_next_version_keeps_ids_and_supersedes(office: CatalogOffice) -> None:
    catalog_id = await office.enforce(catalog(item("a"), item("b"), item("c")), effective_on="2026-03-01")
    before = await office.items(catalog_id)
    await office.enforce(catalog(item("a"), item("b", channels=["web", "gazette"]), item("d")))
    after = await office.items(catalog_id)
    assert after.keys() == {"a", "b", "d"}
    assert [after[key]["id"] == before[key]["id"] for key in "ab"] == [True, True]
    assert (after["a"]["version"], after["b"]["version"]) == (1, 2)
    told = [(event["type"], event["subject"]) for event in await office.events()][4:]
    assert set(told) == {
        ("item.changed", before["b"]["id"]),
        ("item.released", after["d"]["id"]),
        ("item.withdrawn", before["c"]["id"]),
        ("catalog.changed", catalog_id),
    }
    states = [
        (await office.call("drafter", "GET", f"/v1/catalogs/{catalog_id}/versions/{number}")).json()["state"]
        for number in (1, 2)
    ]
    assert states == ["superseded", "in_force"]
    asked = [
        (await office.call(None, "GET", f"/v1/catalogs/{catalog_id}", params={"as_of": day}))
        for day in ("2026-02-28", "2026-03-01", "2026-05-05", "2026-05-06")
    ]
    assert [answer.status_code for answer in asked] == [404, 200, 200, 200]
    assert [answer.json()["number"] for answer in asked[1:]] == [1, 1, 2]


async def test_versions_are_compared_item_by_item(office: CatalogOffice) -> None:
    catalog_id = await office.enforce(catalog(item("a"), item("b")))
    await office.draft(catalog(item("b", time_limit="及时公开", publisher="教体局"), item("c")))
    answer = await office.call("drafter", "GET", f"/v1/catalogs/{catalog_id}/compare", params={"from": 1, "to": 2})
    found = {one["key"]: (one["change"], one["fields"]) for one in answer.json()}
    assert found == {"a": ("removed", []), "b": ("changed", ["time_limit", "publisher"]), "c": ("added", [])}


async def test_duties_are_kept_apart(office: CatalogOffice) -> None:
    receipt = (await office.draft(catalog())).json()
    path = f"/v1/catalogs/{receipt['id']}/versions/1"
    early = await office.move(receipt["id"], 1, "enforce")
    assert (early.status_code, early.json()["allowed"]) == (409, ["review"])
    everything = office._known
    everything["reviewer"], kept = await office.headers_of("drafter"), await office.headers_of("reviewer")
    assert (await office.call("reviewer", "POST", f"{path}:review", {})).status_code == 403
    everything["reviewer"] = kept


async def test_unparsed_time_limits_are_named_and_kept(office: CatalogOffice) -> None:
    receipt = await office.draft(catalog(item("a", time_limit="同上"), item("b", time_limit="视情况")))
    assert receipt.json()["unparsed"] == ["a", "b"]
    catalog_id = await office.enforce(catalog(item("a", time_limit="同上")))
    assert (await office.items(catalog_id))["a"]["limit"]["kind"] == "unparsed"
    assert (await office.items(catalog_id))["a"]["time_limit"] == "同上"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"audience": "specific"}, "/items/0/audience_note"),
        ({"channels": ["other"]}, "/items/0/other_channels"),
        ({"channels": ["web", "web"]}, "/items/0/channels"),
        ({"limit": {"kind": "within"}}, "/items/0/limit/period"),
        ({"key": "目录"}, "/items/0/key"),
    ],
)
async def test_fault_is_found_where_it_stands(office: CatalogOffice, changes: dict[str, Any], pointer: str) -> None:
    answer = await office.draft(catalog(item(**changes)))
    assert (answer.status_code, [one["pointer"] for one in answer.json()["errors"]]) == (422, [pointer])


async def test_key_may_come_once(office: CatalogOffice) -> None:
    answer = await office.draft(catalog(item("a"), item("a")))
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/items/1/key"]


async def lower(office: CatalogOffice, *items: dict[str, Any], upper: str, org: str = DISTRICT_A) -> Any:
    body = catalog(*items, level="district", upper=upper, title="历下区义务教育公开目录")
    receipt = await office.draft(body, "district", org)
    assert receipt.status_code in (200, 201), receipt.text
    return await office.move(receipt.json()["id"], receipt.json()["number"], "review")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"channels": ["web"]}, "公开查阅点"),
        ({"time_limit": "信息形成或者变更之日起30个工作日内"}, "时限"),
        ({"time_limit": "信息形成或者变更之日起29日内"}, "时限"),
        ({"time_limit": "视情况"}, "无法"),
        ({"mode": "on_request"}, "依申请"),
        ({"audience": "specific", "audience_note": "学生家长"}, "特定群体"),
    ],
)
async def test_REG_22_lower_item_weakens_nothing(office: CatalogOffice, changes: dict[str, Any], words: str) -> None:
    upper = await office.enforce(catalog(item("a")))
    above = (await office.items(upper))["a"]["id"]
    refused = await lower(office, item("x", refines=above, **changes), upper=upper)
    assert refused.status_code == 422
    assert [words in one["detail"] for one in refused.json()["errors"]] == [True]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"time_limit": "信息形成或者变更之日起5个工作日内"},
        {"time_limit": "实时公开"},
        {"channels": ["web", "reading_point", "social"]},
    ],
)
async def test_lower_item_may_ask_for_more(office: CatalogOffice, changes: dict[str, Any]) -> None:
    upper = await office.enforce(catalog(item("a")))
    above = (await office.items(upper))["a"]["id"]
    assert (await lower(office, item("x", refines=above, **changes), upper=upper)).status_code == 200


async def test_mandatory_item_is_not_dropped(office: CatalogOffice) -> None:
    upper = await office.enforce(
        catalog(item("a"), item("b", mandatory=False), item("c", levels=["town"]), item("d", second_level="招生范围"))
    )
    above = {key: one["id"] for key, one in (await office.items(upper)).items()}
    refused = await lower(office, item("x", refines=above["a"]), upper=upper)
    assert [one["detail"] for one in refused.json()["errors"]] == ["缺少上级目录必须公开的事项：教育概况／招生范围"]
    whole = catalog(
        item("x", refines=above["a"]), item("y", refines=above["d"]), level="district", upper=upper, title="历下区目录"
    )
    district = await office.enforce(whole, "district", DISTRICT_A)
    gaps = (await office.call(None, "GET", f"/v1/catalogs/{district}/gaps")).json()
    assert [(gap["upper_item"], gap["mandatory"], gap["key"]) for gap in gaps] == [(above["b"], False, None)]


async def test_upper_catalog_is_a_superiors_and_higher(office: CatalogOffice) -> None:
    upper = await office.enforce(catalog(level="district"), "own", DISTRICT_A)
    for org, level in ((DISTRICT_B, "town"), (DISTRICT_A, "district"), (CITY, "town")):
        answer = await office.draft(catalog(level=level, upper=upper), "lower", org)
        assert [one["pointer"] for one in answer.json()["errors"]] == ["/upper"], org
    assert (await office.draft(catalog(level="town", upper=upper), "lower", BUREAU_A)).status_code == 201


async def test_retired_catalog_is_gone_with_its_items(office: CatalogOffice) -> None:
    catalog_id = await office.enforce(catalog())
    (only,) = (await office.items(catalog_id)).values()
    gone = await office.call("approver", "POST", f"/v1/catalogs/{catalog_id}:retire", {"reason": "并入新目录"})
    assert gone.status_code == 204
    for path in (f"/v1/catalogs/{catalog_id}", f"/v1/catalogs/{catalog_id}/items", f"/v1/items/{only['id']}"):
        assert (await office.call(None, "GET", path)).status_code == 404
    assert [event["type"] for event in await office.events()][2:] == ["item.withdrawn", "catalog.withdrawn"]


async def test_in_force_not_before_the_former_nor_in_the_future(office: CatalogOffice) -> None:
    catalog_id = await office.enforce(catalog(item("a")), effective_on="2026-03-01")
    await office.draft(catalog(item("b")))
    assert (await office.move(catalog_id, 2, "review")).status_code == 200
    for day in ("2026-02-28", "2026-05-07"):
        answer = await office.move(catalog_id, 2, "enforce", effective_on=day)
        assert [one["pointer"] for one in answer.json()["errors"]] == ["/effective_on"]
    office.set_day(date(2026, 5, 7))
    assert (await office.move(catalog_id, 2, "enforce", effective_on="2026-05-07")).status_code == 200


async def test_lists_go_on(office: CatalogOffice) -> None:
    ids = [await office.enforce(catalog(item(f"k{number}")), f"c{number}") for number in range(3)]
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await office.call(None, "GET", "/v1/catalogs", params=params)).json()
        seen += [one["id"] for one in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == ids[::-1]


async def test_a_retired_catalog_can_be_drafted_again(office: CatalogOffice) -> None:
    catalog_id = await office.enforce(catalog())
    retired = await office.call("approver", "POST", f"/v1/catalogs/{catalog_id}:retire", {"reason": "机构改革"})
    assert retired.status_code == 204, retired.text
    again = await office.draft(catalog())
    assert again.json()["state"] == "draft", again.text
