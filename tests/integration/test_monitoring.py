"""效能监测: figures that are counts of rows, urging and its answer, duties that come back, and a calendar that moves."""

from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any
from xml.etree import ElementTree

import pytest

from shared.kit.workdays import WorkCalendar
from shared.schemas.calendar import Calendar
from tests.catalogs import SEED, CatalogOffice, catalog, item, open_catalog_office, publication, task
from tests.services import BUREAU_A, CITY, DISTRICT_A
from tests.tables import cells_of

WEB = {"channels": ["web"]}


@pytest.fixture
async def office(database_url: Callable[[str], str]) -> AsyncIterator[CatalogOffice]:
    async with open_catalog_office(database_url) as opened:
        yield opened


async def monitor(office: CatalogOffice, **asked: Any) -> dict[str, Any]:
    answer = await office.call(
        "reader", "GET", "/v1/monitor", params={"organization": CITY, "to": "2026-12-31"} | asked
    )
    assert answer.status_code == 200, answer.text
    table: dict[str, Any] = answer.json()
    return table


async def duties(office: CatalogOffice, **asked: Any) -> list[dict[str, Any]]:
    params = {"organization": CITY, "to": "2026-12-31", "limit": 2} | asked
    found: list[dict[str, Any]] = []
    while True:
        page = (await office.call("reader", "GET", "/v1/monitor/duties", params=params)).json()
        found += page["items"]
        if page.get("next_cursor") is None:
            return found
        params |= {"cursor": page["next_cursor"]}


async def fill(office: CatalogOffice) -> dict[str, str]:
    """City: one on time, one late, one overdue; the bureau: one open; a second item that nobody published anything of."""
    catalog_id = await office.enforce(
        catalog(item("a", **WEB), item("b", number=2, domain="health", organization=BUREAU_A, **WEB))
    )
    items = {key: str(one["id"]) for key, one in (await office.items(catalog_id)).items()}
    for name, day in (("in-time", "2026-04-07"), ("late", "2026-03-02"), ("overdue", "2026-03-03")):
        assert (await office.put_task(task(items["a"], occurred_on=day), name)).status_code == 201
    assert (await office.put_task(task(items["a"], occurred_on="2026-05-06"), "open", BUREAU_A)).status_code == 201
    for name in ("in-time", "late"):
        assert (await office.put_publication(publication(task=name), f"p-{name}")).status_code == 201
    return items


async def test_table_counts_the_rows_behind_it(office: CatalogOffice) -> None:
    await fill(office)
    table = await monitor(office)
    city, bureau = (next(row for row in table["rows"] if row["key"] == code) for code in (CITY, BUREAU_A))
    assert [city[name] for name in ("duties", "on_time", "late", "overdue", "open")] == [3, 1, 1, 1, 0]
    assert (city["timeliness"], city["items"], city["covered"], city["coverage"]) == (0.3333, 1, 1, 1.0)
    # (0.7 × (1 + 0.5) / 3 + 0.3 × 1) × 100
    assert city["score"] == 65.0
    assert (bureau["open"], bureau["timeliness"], bureau["items"], bureau["covered"]) == (1, None, 1, 0)
    assert bureau["score"] == 0.0
    total = table["total"]
    for state in ("on_time", "late", "overdue", "open", "due_soon"):
        rows = await duties(office, state=state)
        assert len(rows) == total[state], state
        assert all(row["state"] == state or (state, row["state"]) == ("open", "due_soon") for row in rows)
    assert len(await duties(office)) == total["duties"] == 4


async def test_groups_are_of_the_same_rows(office: CatalogOffice) -> None:
    await fill(office)
    tables = {by: await monitor(office, by=by) for by in ("organization", "level", "domain", "month")}
    counted = ("duties", "on_time", "late", "overdue", "open", "due_soon")
    sums = {by: [table["total"][name] for name in counted] for by, table in tables.items()}
    assert len({tuple(one) for one in sums.values()}) == 1
    assert [row["key"] for row in tables["month"]["rows"]] == ["2026-03", "2026-05", "2026-06"]
    assert tables["month"]["rows"][0]["items"] is None
    assert {row["key"]: row["items"] for row in tables["domain"]["rows"]} == {"compulsory_education": 1, "health": 1}
    alone = await monitor(office, subtree=False)
    assert [row["key"] for row in alone["rows"]] == [CITY]


async def test_period_bounds_what_is_counted(office: CatalogOffice) -> None:
    await fill(office)
    march = await monitor(office, **{"from": "2026-03-01", "to": "2026-03-31"})
    assert (march["total"]["duties"], march["total"]["covered"]) == (2, 0)
    wrong = await office.call(
        "reader", "GET", "/v1/monitor", params={"organization": CITY, "from": "2026-04-01", "to": "2026-03-01"}
    )
    assert wrong.status_code == 422
    for far in ("0001-01-01", "9999-12-31"):
        asked = {"organization": CITY, "to": far}
        assert (await office.call("reader", "GET", "/v1/monitor", params=asked)).status_code == 200, far
        handed = await office.call(None, "GET", f"/v1/organizations/{CITY}/transfer-list", params={"to": far})
        assert handed.status_code == 200, far
        listed = await office.call(None, "GET", "/v1/lists/fees", params={"as_known_at": f"{far}T00:00:00+14:00"})
        assert listed.status_code == 200, far
    outside = await office.call("bureau", "GET", "/v1/monitor", params={"organization": CITY})
    assert outside.status_code == 403


async def test_urging_is_answered_once(office: CatalogOffice) -> None:
    items = await fill(office)
    late = (await office.put_task(task(items["a"], occurred_on="2026-03-04"), "slow", BUREAU_A)).json()["task"]["id"]
    body = {"tasks": [late], "words": "请于期限内公开并说明原因", "answer_by": "2026-05-12"}
    own = await office.call("urger", "POST", f"/v1/organizations/{CITY}/urgings", body)
    assert own.status_code == 403
    sent = await office.call("urger", "POST", f"/v1/organizations/{BUREAU_A}/urgings", body)
    assert sent.status_code == 201, sent.text
    urging = sent.json()
    assert (urging["organization"], urging["urged_by"], urging["answer"]) == (BUREAU_A, CITY, None)
    seen = (await office.call("bureau", "GET", f"/v1/organizations/{BUREAU_A}/urgings")).json()["items"]
    assert [one["id"] for one in seen] == [urging["id"]]
    path = f"/v1/urgings/{urging['id']}:answer"
    answered = await office.call("bureau", "POST", path, {"words": "材料已补齐，今日公开"})
    assert (answered.status_code, answered.json()["answer"]) == (200, "材料已补齐，今日公开")
    assert (await office.call("bureau", "POST", path, {"words": "再答一次"})).status_code == 409


async def test_urging_names_open_tasks_of_the_urged(office: CatalogOffice) -> None:
    items = await fill(office)
    of_city = (await office.put_task(task(items["a"], occurred_on="2026-03-05"), "city-own")).json()["task"]["id"]
    body = {"tasks": [of_city], "words": "请公开", "answer_by": "2026-05-05"}
    refused = await office.call("urger", "POST", f"/v1/organizations/{BUREAU_A}/urgings", body)
    assert refused.status_code == 422
    assert {one["pointer"] for one in refused.json()["errors"]} == {"/tasks/0", "/answer_by"}


async def test_ended_periods_open_their_tasks_once(office: CatalogOffice) -> None:
    monthly = item("m", time_limit="每月公开", organization=BUREAU_A, **WEB)
    await office.enforce(catalog(item("a", **WEB), monthly), effective_on="2026-03-10")
    for _ in range(2):
        await office.run_job("open recurring tasks")
    page = (await office.call("bureau", "GET", f"/v1/organizations/{BUREAU_A}/tasks")).json()
    assert [(one["title"], one["occurred_on"]) for one in page["items"]] == [
        ("教育概况／义务教育学校名录（2026-03）", "2026-03-31"),
        ("教育概况／义务教育学校名录（2026-04）", "2026-04-30"),
    ]
    office.set_day(date(2026, 6, 1))
    await office.run_job("open recurring tasks")
    page = (await office.call("bureau", "GET", f"/v1/organizations/{BUREAU_A}/tasks")).json()
    assert len(page["items"]) == 3


async def test_edited_calendar_moves_open_deadlines_only(office: CatalogOffice) -> None:
    items = await fill(office)
    assert (await office.put_task(task(items["a"], occurred_on="2026-05-06"), "moving")).status_code == 201
    year = SEED.data.years[2026]
    off = sorted({*year.off, date(2026, 5, 18)})
    edited = WorkCalendar(
        Calendar(version="edited", years={**SEED.data.years, 2026: year.model_copy(update={"off": off})})
    )
    before = {row["external_id"]: row["due_on"] for row in await duties(office)}
    await office.run_job("recompute deadlines", calendar=edited)
    after = {row["external_id"]: row["due_on"] for row in await duties(office)}
    assert {name for name in after if after[name] != before[name]} == {"moving", "open"}
    assert after["moving"] == str(edited.add_workdays(date(2026, 5, 6), 20).on)
    open_tasks = (await office.call("discloser", "GET", f"/v1/organizations/{CITY}/tasks")).json()["items"]
    assert {one["calendar_version"] for one in open_tasks} == {"edited"}


async def test_responsible_organisations_stand_below_the_catalogs(office: CatalogOffice) -> None:
    above = await office.draft(catalog(item("a", organization=CITY)), org=DISTRICT_A)
    assert above.status_code == 422
    assert above.json()["errors"][0]["pointer"] == "/items/0/organization"


async def test_table_and_chart_for_a_report(office: CatalogOffice) -> None:
    await fill(office)
    asked = {"organization": CITY, "to": "2026-12-31"}
    table = await office.call("reader", "GET", "/v1/monitor/table", params=asked)
    lines = cells_of(table.content)
    assert lines[2][:4] == ["名称", "应公开", "按时", "逾期后公开"]
    assert lines[5][:5] == ["合计", "4", "1", "1", "1"]
    chart = await office.call("reader", "GET", "/v1/monitor/chart", params=asked)
    assert chart.headers["content-type"] == "image/svg+xml"
    drawn = ElementTree.fromstring(chart.text)
    assert "泉城市人民政府" in "".join(drawn.itertext())
    assert len(drawn.findall("{http://www.w3.org/2000/svg}rect")) == 1 + 4 + 4


async def test_coverage_is_made_of_items_that_can_be_listed(office: CatalogOffice) -> None:
    one = item("a", channels=["web"])
    two = item("b", number=2, second_level="学区划分", channels=["web"])
    ids = await office.items(await office.enforce(catalog(one, two)))
    assert (await office.put_publication(publication(item=ids["a"]["id"]))).status_code == 201
    table = await monitor(office)
    listed = {}
    for covered in ("true", "false"):
        params = {"organization": CITY, "to": "2026-12-31", "covered": covered, "limit": 1}
        page = await office.call("reader", "GET", "/v1/monitor/items", params=params)
        assert page.status_code == 200, page.text
        listed[covered] = [found["item"] for found in page.json()["items"]]
    assert listed == {"true": [ids["a"]["id"]], "false": [ids["b"]["id"]]}
    assert (table["total"]["items"], table["total"]["covered"]) == (2, 1)
    none = {"organization": CITY, "to": "2026-12-31", "level": "town"}
    assert (await office.call("reader", "GET", "/v1/monitor/items", params=none)).json()["items"] == []
    assert (await office.call("reader", "GET", "/v1/monitor/duties", params=none)).json()["items"] == []


async def test_a_channel_that_the_item_does_not_ask_for_meets_no_task(office: CatalogOffice) -> None:
    ids = await office.items(await office.enforce(catalog(item("a", channels=["web"]))))
    assert (await office.put_task(task(ids["a"]["id"]))).status_code == 201
    refused = await office.put_publication(publication(task="t1", channel="print", url=None, place="报纸"))
    assert [found["pointer"] for found in refused.json()["errors"]] == ["/channel"]
