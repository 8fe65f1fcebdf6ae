"""Tasks and publications: deadlines channel by channel, on time and late, refused without reviews, in bulk, at once."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any

import pytest

from tests.catalogs import CatalogOffice, catalog, item, open_catalog_office, publication, task
from tests.services import BUREAU_A, CITY, DISTRICT_A


@pytest.fixture
async def office(database_url: Callable[[str], str]) -> AsyncIterator[CatalogOffice]:
    async with open_catalog_office(database_url) as opened:
        yield opened


@pytest.fixture
async def item_id(office: CatalogOffice) -> str:
    """An item of the city's with two channels, of which the reading point has ten working days."""
    ten = {"kind": "within", "period": {"days": 10, "unit": "workdays"}, "trigger": "formed_or_changed"}
    catalog_id = await office.enforce(catalog(item("a", channel_limits={"reading_point": ten})))
    return str((await office.items(catalog_id))["a"]["id"])


async def read_task(office: CatalogOffice, task_id: str) -> dict[str, Any]:
    answer = await office.call("discloser", "GET", f"/v1/tasks/{task_id}")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def states(shown: dict[str, Any]) -> dict[str, str]:
    return {duty["channel"]: duty["state"] for duty in shown["duties"]}


async def test_REG_26_event_is_answered_with_a_deadline_a_channel(office: CatalogOffice, item_id: str) -> None:
    answer = await office.put_task(task(item_id))
    assert answer.status_code == 201, answer.text
    shown = answer.json()["task"]
    assert {duty["channel"]: duty["due_on"] for duty in shown["duties"]} == {
        "web": "2026-05-08",
        "reading_point": "2026-04-21",
    }
    assert (shown["due_on"], shown["state"]) == ("2026-05-08", "overdue")
    assert states(shown) == {"web": "due_soon", "reading_point": "overdue"}
    again = await office.put_task(task(item_id))
    assert (again.status_code, again.json()["outcome"]) == (200, "unchanged")


async def test_publication_meets_its_channels_duty(office: CatalogOffice, item_id: str) -> None:
    task_id = (await office.put_task(task(item_id))).json()["task"]["id"]
    first = await office.put_publication(publication(task="t1"))
    assert (first.status_code, first.json()["duty"], first.json()["task"]) == (201, "on_time", task_id)
    second = await office.put_publication(publication(task="t1", channel="reading_point", place="市图书馆"), "p2")
    assert second.json()["duty"] == "late"
    shown = await read_task(office, task_id)
    assert (shown["state"], shown["done_on"], states(shown)) == (
        "late",
        "2026-05-06",
        {"web": "on_time", "reading_point": "late"},
    )
    listed = await office.call("discloser", "GET", f"/v1/organizations/{CITY}/tasks")
    assert listed.json()["items"] == []


async def test_earlier_publication_counts_and_withdrawal_opens_again(office: CatalogOffice, item_id: str) -> None:
    task_id = (await office.put_task(task(item_id))).json()["task"]["id"]
    await office.put_publication(publication(task="t1"), "later")
    earlier = publication(
        task="t1",
        published_at="2026-04-20T09:00:00+08:00",
        reviews=publication()["reviews"] | {"reviewed_on": "2026-04-20"},
    )
    await office.put_publication(earlier, "earlier")
    web = next(duty for duty in (await read_task(office, task_id))["duties"] if duty["channel"] == "web")
    assert web["done_on"] == "2026-04-20"
    gone = await office.call(
        "discloser", "POST", f"/v1/publications/{web['publication']}:withdraw", {"reason": "内容有误"}
    )
    assert gone.status_code == 204
    web = next(duty for duty in (await read_task(office, task_id))["duties"] if duty["channel"] == "web")
    assert web["done_on"] == "2026-05-06"
    await office.call("discloser", "POST", f"/v1/publications/{web['publication']}:withdraw", {"reason": "内容有误"})
    assert states(await read_task(office, task_id))["web"] == "due_soon"


async def test_changed_event_has_its_deadlines_computed_anew(office: CatalogOffice, item_id: str) -> None:
    await office.put_task(task(item_id))
    await office.put_publication(publication(task="t1"))
    moved = await office.put_task(task(item_id, occurred_on="2026-03-30"))
    shown = moved.json()["task"]
    assert (moved.json()["outcome"], states(shown)["web"]) == ("updated", "late")


async def test_task_that_was_none_is_cancelled_and_may_come_back(office: CatalogOffice, item_id: str) -> None:
    task_id = (await office.put_task(task(item_id))).json()["task"]["id"]
    path = f"/v1/tasks/{task_id}:cancel"
    assert (await office.call("discloser", "POST", path, {"reason": "登记有误"})).status_code == 204
    assert (await office.call("discloser", "POST", path, {"reason": "登记有误"})).status_code == 409
    assert (await read_task(office, task_id))["state"] == "cancelled"
    listed = await office.call("discloser", "GET", f"/v1/organizations/{CITY}/tasks")
    assert listed.json()["items"] == []
    refused = await office.put_publication(publication(task="t1"))
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/task"]
    back = await office.put_task(task(item_id))
    assert (back.json()["outcome"], back.json()["task"]["state"]) == ("updated", "overdue")


async def test_REG_12_publication_is_public_with_its_four_fields(office: CatalogOffice, item_id: str) -> None:
    receipt = (await office.put_publication(publication(item=item_id, text="全文，供巡查"))).json()
    shown = await office.call(None, "GET", f"/v1/publications/{receipt['id']}")
    document = shown.json()
    assert {"index_no", "title", "summary", "formed_on"} <= document.keys()
    assert "全文，供巡查" not in shown.text
    assert "staff-0200" not in shown.text
    assert [event["type"] for event in await office.events()][-1] == "publication.released"
    page = (await office.call(None, "GET", "/v1/publications", params={"item": item_id})).json()
    assert [one["id"] for one in page["items"]] == [receipt["id"]]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"reviews": None}, "/reviews"),
        (
            {"reviews": {"secrecy": "pass", "reviewed_by": "a", "reviewed_on": "2026-05-05"}},
            "/reviews/personal_information",
        ),
        ({"reviews": publication()["reviews"] | {"secrecy": "fail"}}, "/reviews/secrecy"),
        ({"reviews": publication()["reviews"] | {"reviewed_on": "2026-05-07"}}, "/reviews/reviewed_on"),
        ({"published_at": "2026-05-07T00:00:00+08:00"}, "/published_at"),
        ({"published_at": "2026-05-06T09:00:00"}, "/published_at"),
        ({"formed_on": "2026-05-07"}, "/formed_on"),
        ({"url": None}, "/url"),
        ({"url": "javascript:alert(1)"}, "/url"),
        ({"task": "nothing"}, "/task"),
        ({"item": "00000000-0000-0000-0000-000000000000"}, "/item"),
        ({"item": None}, "/item"),
    ],
)
async def test_REG_17_publication_that_does_not_hold_is_refused(
    office: CatalogOffice, item_id: str, changes: dict[str, Any], pointer: str
) -> None:
    body = {name: value for name, value in ({"item": item_id} | publication() | changes).items() if value is not None}
    answer = await office.put_publication(body)
    assert (answer.status_code, [one["pointer"] for one in answer.json()["errors"]][:1]) == (422, [pointer])
    assert (await office.call(None, "GET", "/v1/publications")).json()["items"] == []


async def test_item_has_to_be_in_force_and_a_superiors(office: CatalogOffice, item_id: str) -> None:
    assert (await office.put_task(task(item_id), "t", BUREAU_A)).status_code == 201
    own = await office.enforce(catalog(item("x"), level="district"), "own", DISTRICT_A)
    below = (await office.items(own))["x"]["id"]
    refused = await office.put_task(task(below), "t", CITY)
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/item"]
    await office.call("approver", "POST", f"/v1/catalogs/{own}:retire", {"reason": "并入新目录"})
    late = await office.put_task(task(below), "t2", DISTRICT_A)
    assert [one["pointer"] for one in late.json()["errors"]] == ["/item"]


async def test_event_comes_before_today_and_with_its_day(office: CatalogOffice) -> None:
    catalog_id = await office.enforce(catalog(item("a", time_limit="开学前")))
    item_id = (await office.items(catalog_id))["a"]["id"]
    refused = await office.put_task(task(item_id, occurred_on="2026-05-07"))
    assert {one["pointer"] for one in refused.json()["errors"]} == {"/occurred_on", "/event_on"}
    taken = await office.put_task(task(item_id, event_on="2026-09-01"))
    assert taken.json()["task"]["due_on"] == "2026-08-31"


async def test_batches_answer_line_by_line(office: CatalogOffice, item_id: str) -> None:
    good = {"organization": CITY, **task(item_id)}
    lines: list[Any] = [good | {"external_id": f"b{number}"} for number in range(3)]
    lines += [b"{", good | {"external_id": "b1"}, good | {"external_id": "x", "occurred_on": "2030-01-01"}]
    lines += [good | {"organization": "12370000000000000X", "external_id": "y"}]
    lines[0] = b"\xef\xbb\xbf" + json.dumps(lines[0]).encode()  # as Windows editors begin a file
    results = await office.batch("tasks", lines)
    assert [line["status"] for line in results] == [201, 201, 201, 422, 409, 422, 404]
    assert results[0]["receipt"]["task"]["due_on"] == "2026-05-08"
    published = [
        {"organization": CITY, "external_id": f"b{number}", **publication(task=f"b{number}")} for number in range(3)
    ]
    answers = await office.batch("publications", [*published, published[0] | {"external_id": "z", "task": "none"}])
    assert [line["status"] for line in answers] == [201, 201, 201, 422]
    assert [line["receipt"]["duty"] for line in answers[:3]] == ["on_time"] * 3
    assert [line["status"] for line in await office.batch("publications", published)] == [200] * 3


async def test_open_tasks_come_most_urgent_first_page_by_page(office: CatalogOffice, item_id: str) -> None:
    days = ["2026-04-07", "2026-03-02", "2026-04-30", "2026-03-02"]
    for number, day in enumerate(days):
        await office.put_task(task(item_id, occurred_on=day), f"t{number}")
    seen: list[str] = []
    cursor = None
    while True:
        params = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = (await office.call("reader", "GET", f"/v1/organizations/{CITY}/tasks", params=params)).json()
        seen += [one["external_id"] for one in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == ["t1", "t3", "t0", "t2"]


async def test_many_writers_of_one_task_agree(office: CatalogOffice, item_id: str) -> None:
    """Registered, changed, withdrawn at once: the task says what its publications say."""
    task_id = (await office.put_task(task(item_id))).json()["task"]["id"]
    bodies = [publication(task="t1", title=f"第{number}版") for number in range(6)]
    answers = await asyncio.gather(
        *(office.put_publication(body, f"p{number % 3}") for number, body in enumerate(bodies)),
        *(office.put_task(task(item_id, title=f"改名{number}")) for number in range(4)),
    )
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert states(await read_task(office, task_id))["web"] == "on_time"
    ids = [(await office.call(None, "GET", "/v1/publications")).json()["items"][number]["id"] for number in range(3)]
    await asyncio.gather(
        *(office.call("discloser", "POST", f"/v1/publications/{one}:withdraw", {"reason": "重复"}) for one in ids)
    )
    assert states(await read_task(office, task_id))["web"] == "due_soon"


async def test_tomorrow_what_was_due_soon_is_overdue(office: CatalogOffice, item_id: str) -> None:
    task_id = (await office.put_task(task(item_id))).json()["task"]["id"]
    office.set_day(date(2026, 5, 8))
    assert states(await read_task(office, task_id))["web"] == "due_soon"
    office.set_day(date(2026, 5, 9))
    assert states(await read_task(office, task_id))["web"] == "overdue"


async def test_what_was_public_before_its_event_does_not_meet_it(office: CatalogOffice) -> None:
    ids = await office.items(await office.enforce(catalog()))
    opened = await office.put_task(task(ids["jy-01"]["id"]))
    assert opened.status_code == 201, opened.text
    days = {"formed_on": "2026-03-02", "published_at": "2026-03-05T09:00:00+08:00"}
    reviews = publication()["reviews"] | {"reviewed_on": "2026-03-04"}
    early = await office.put_publication(publication(task="t1", reviews=reviews, **days))
    assert early.status_code == 422
    assert [one["pointer"] for one in early.json()["errors"]] == ["/published_at"]


async def test_a_publication_is_not_of_the_future_and_not_over_before_it_begins(office: CatalogOffice) -> None:
    ids = await office.items(await office.enforce(catalog()))
    late = publication(item=ids["jy-01"]["id"], published_at="2026-05-06T23:00:00+08:00")
    assert [one["pointer"] for one in (await office.put_publication(late)).json()["errors"]] == ["/published_at"]
    over = publication(item=ids["jy-01"]["id"], expires_on="2026-01-01")
    assert [one["pointer"] for one in (await office.put_publication(over)).json()["errors"]] == ["/expires_on"]


async def test_duties_of_the_calendar_are_not_opened_by_their_names(office: CatalogOffice) -> None:
    ids = await office.items(await office.enforce(catalog()))
    taken = await office.put_task(task(ids["jy-01"]["id"]), name=f"auto-{ids['jy-01']['id']}-2026-03")
    assert taken.status_code == 409


async def test_an_address_with_a_password_is_no_address(office: CatalogOffice) -> None:
    ids = await office.items(await office.enforce(catalog()))
    for url in ("https://user:pw@www.quancheng.example/", "https://www.quancheng.example:99999/"):
        refused = await office.put_publication(publication(item=ids["jy-01"]["id"], url=url))
        assert refused.status_code == 422, url
