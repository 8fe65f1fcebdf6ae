"""Lists (清单): what an entry says on any day, what was known of it at any moment, what changed since."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import date, datetime, time
from typing import Any

import httpx
import pytest

from shared.kit.clock import LOCAL_ZONE
from tests.catalogs import CatalogOffice, open_catalog_office
from tests.services import BUREAU_A, CITY

FEE = {
    "title": "特种设备检验费",
    "basis": ["发改价格〔2020〕1号"],
    "fields": {"收费标准": "每台200元", "收费依据": "甲"},
}


@pytest.fixture
async def office(database_url: Callable[[str], str]) -> AsyncIterator[CatalogOffice]:
    async with open_catalog_office(database_url) as opened:
        yield opened


async def put(office: CatalogOffice, day: str, name: str = "jy", org: str = CITY, **changes: Any) -> dict[str, Any]:
    path = f"/v1/organizations/{org}/lists/fees/{name}"
    answer = await office.call("lister", "PUT", path, FEE | {"effective_on": day} | changes)
    assert answer.status_code in (200, 201), answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


async def standard(office: CatalogOffice, entry_id: str, **asked: str) -> str | None:
    answer = await office.call(None, "GET", f"/v1/list-entries/{entry_id}", params=asked)
    return str(answer.json()["fields"]["收费标准"]) if answer.status_code == 200 else None


def at(day: date) -> str:
    return datetime.combine(day, time(11), LOCAL_ZONE).isoformat()


async def test_each_day_has_its_text(office: CatalogOffice) -> None:
    entry_id = (await put(office, "2026-01-01"))["id"]
    await put(office, "2026-07-01", fields={"收费标准": "每台150元"})
    assert await standard(office, entry_id) == "每台200元"
    assert [await standard(office, entry_id, as_of=day) for day in ("2025-12-31", "2026-06-30", "2026-07-01")] == [
        None,
        "每台200元",
        "每台150元",
    ]
    shown = (await office.call(None, "GET", f"/v1/list-entries/{entry_id}")).json()
    assert (shown["effective_on"], shown["until"], shown["version"]) == ("2026-01-01", "2026-07-01", 2)


async def test_correction_is_known_from_when_it_was_made(office: CatalogOffice) -> None:
    office.set_day(date(2026, 3, 1))
    entry_id = (await put(office, "2026-01-01"))["id"]
    office.set_day(date(2026, 4, 1))
    await put(office, "2026-01-01", fields={"收费标准": "每台180元"})
    asked = {"as_of": "2026-02-01"}
    assert await standard(office, entry_id, **asked) == "每台180元"
    assert await standard(office, entry_id, **asked, as_known_at=at(date(2026, 3, 15))) == "每台200元"
    assert await standard(office, entry_id, **asked, as_known_at=at(date(2026, 2, 15))) is None
    texts = (await office.call(None, "GET", f"/v1/list-entries/{entry_id}/texts")).json()["items"]
    assert [(one["number"], one["superseded_at"] is None) for one in texts] == [(1, False), (2, True)]


async def test_day_brings_the_next_text_and_says_so(office: CatalogOffice) -> None:
    entry_id = (await put(office, "2026-01-01"))["id"]
    await put(office, "2026-07-01", fields={"收费标准": "每台150元"})
    office.set_day(date(2026, 7, 1))
    assert await standard(office, entry_id) == "每台150元"
    await office.run_job("list days")
    told = [(one["type"], one["subjectversion"]) for one in await office.events() if one["subject"] == entry_id]
    assert told == [("list_entry.released", 1), ("list_entry.changed", 2), ("list_entry.changed", 3)]
    await office.run_job("list days")
    assert len([one for one in await office.events() if one["subject"] == entry_id]) == len(told)


async def test_ended_entry_is_history(office: CatalogOffice) -> None:
    entry_id = (await put(office, "2026-01-01"))["id"]
    body = {"effective_on": "2026-05-01", "reason": "取消收费"}
    assert (await office.call("lister", "POST", f"/v1/list-entries/{entry_id}:end", body)).status_code == 204
    assert await standard(office, entry_id) is None
    assert await standard(office, entry_id, as_of="2026-04-30") == "每台200元"
    assert (await office.call("lister", "POST", f"/v1/list-entries/{entry_id}:end", body)).status_code == 409
    assert (await office.events())[-1]["type"] == "list_entry.withdrawn"
    await put(office, "2026-05-05")
    assert await standard(office, entry_id) == "每台200元"


async def test_list_and_its_changes(office: CatalogOffice) -> None:
    await put(office, "2026-01-01", "a")
    await put(office, "2026-02-01", "b", BUREAU_A)
    await put(office, "2026-04-01", "a", fields={"收费标准": "免收"})
    ended = (await put(office, "2026-01-01", "c"))["id"]
    body = {"effective_on": "2026-03-01", "reason": "取消收费"}
    assert (await office.call("lister", "POST", f"/v1/list-entries/{ended}:end", body)).status_code == 204
    found: list[dict[str, Any]] = []
    params: dict[str, Any] = {"limit": 1}
    while True:
        page = (await office.call(None, "GET", "/v1/lists/fees", params=params)).json()
        found += page["items"]
        if page["next_cursor"] is None:
            break
        params["cursor"] = page["next_cursor"]
    assert [one["external_id"] for one in found] == ["a", "b"]
    then = (await office.call(None, "GET", "/v1/lists/fees", params={"as_of": "2026-01-15"})).json()["items"]
    assert [(one["external_id"], one["as_of"]) for one in then] == [("a", "2026-01-15"), ("c", "2026-01-15")]
    changes = (await office.call(None, "GET", "/v1/lists/fees/changes", params={"since": "2026-01-15"})).json()["items"]
    assert [(one["external_id"], one["change"], one["fields"]) for one in changes] == [
        ("a", "changed", ["收费标准", "收费依据"]),
        ("b", "added", []),
        ("c", "ended", []),
    ]


async def test_said_again_changes_nothing(office: CatalogOffice) -> None:
    assert (await put(office, "2026-01-01"))["outcome"] == "created"
    again = await put(office, "2026-01-01")
    assert (again["outcome"], again["number"]) == ("unchanged", 1)


async def test_batch_keeps_good_lines(office: CatalogOffice) -> None:
    good = FEE | {"organization": CITY, "kind": "fees", "effective_on": "2026-01-01"}
    lines = [good | {"external_id": "a"}, good | {"external_id": "b", "kind": "toys"}, good | {"external_id": "a"}]
    content = "\n".join(json.dumps(line) for line in lines)
    headers = await office.headers_of("lister") | {"content-type": "application/x-ndjson"}
    client: httpx.AsyncClient = office.suite.clients["catalog"]
    answer = await client.post("/v1/list-entries:batch", content=content, headers=headers)
    assert [json.loads(line)["status"] for line in answer.text.splitlines()] == [201, 422, 409]


async def test_the_end_of_time_is_a_moment_like_any_other(office: CatalogOffice) -> None:
    answer = await office.call(None, "GET", "/v1/lists/fees", params={"as_known_at": "9999-12-31T23:59:59-14:00"})
    assert answer.status_code == 200, answer.text
