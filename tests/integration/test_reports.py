"""The annual report from the records, over HTTP and a real PostgreSQL."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from shared.schemas.scopes import Scope
from tests.request_office import PERSON, RequestOffice, open_request_office, request
from tests.services import BUREAU_A, CITY, DISTRICT_A

WRITTEN = {"scope": "government", "overview": {"on_request": "本年新收3件。"}, "problems": "公开平台更新不够及时"}


@pytest.fixture
async def office(database_url: Callable[[str], str]) -> AsyncIterator[RequestOffice]:
    async with open_request_office(database_url) as opened:
        yield opened


async def call(office: RequestOffice, method: str, path: str, body: Any = None, **options: Any) -> Any:
    return await office.call("reporter", method, path, body, **options)


async def one(
    office: RequestOffice, name: str, day: str, *, org: str = CITY, answered: str | None = None, **changes: Any
) -> str:
    """A letter of a day, and its answer."""
    office.set_day(day)
    body = request(
        submitted_at=f"{day}T09:00:00+08:00", signed_on=day, wanted={"description": f"{name}的文件"}, **changes
    )
    receipt = await office.submit(body, name, org=org)
    if answered:
        await office.moved(receipt["id"], "accept", day)
        await office.answer(receipt["id"], answered)
    return str(receipt["id"])


async def year_of(office: RequestOffice) -> dict[str, str]:
    """One carried in, three of the year of which one is still open, one that never was received, one of a bureau."""
    ids = {"carried": await one(office, "old", "2024-12-30", answered="2025-01-10")}
    ids["granted"] = await one(office, "a", "2025-03-03", answered="2025-03-20")
    firm = PERSON | {"kind": "legal.commercial", "name": "青禾商贸有限公司"}
    ids["bureau"] = await one(office, "b", "2025-05-06", org=BUREAU_A, answered="2025-05-20", applicant=firm)
    ids["open"] = await one(office, "c", "2025-12-22")
    office.set_day("2025-12-23")
    pending = await office.submit(
        request(channel="online", signed_on=None, submitted_at="2025-12-22T09:00:00+08:00"), "never"
    )
    await office.moved(pending["id"], "withdraw", "2025-12-24", who="website")
    return ids


async def test_AR_11_each_request_is_counted_once_by_its_final_decision(office: RequestOffice) -> None:
    ids = await year_of(office)
    office.set_day("2026-01-15")
    path = f"/v1/organizations/{CITY}/reports/2025"
    written = await call(office, "PUT", path, WRITTEN)
    assert written.status_code == 200, written.text
    report = written.json()["report"]
    table = {row: columns for row, columns in report["table3"].items() if columns["total"]}
    assert {row: columns["total"] for row, columns in table.items()} == {
        **{"new": 3, "carried_in": 1, "r.granted": 3, "r.total": 3, "carried_out": 1},
    }
    assert table["r.granted"]["legal.commercial"] == 1
    assert report["members"] == sorted([CITY, BUREAU_A])
    assert written.json()["findings"] == []
    behind = await call(office, "GET", f"{path}/cells/carried_out/natural")
    assert [one["id"] for one in behind.json()["items"]] == [ids["open"]]
    assert len((await call(office, "GET", f"{path}/cells/r.total/total")).json()["items"]) == 3
    assert (await call(office, "GET", f"{path}/cells/r.nothing/total")).status_code == 404


async def test_table_4_and_the_fees_follow_from_the_records(office: RequestOffice) -> None:
    before = await one(office, "older", "2024-06-03", answered="2024-06-20")
    granted = (await year_of(office))["granted"]
    office.set_day("2025-12-30")
    early = {"kind": "review", "filed_on": "2025-03-02"}
    refused = await office.call("handler", "PUT", f"/v1/requests/{granted}/reviews/r0", early)
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/filed_on"], "before it was asked for"
    for name, body in {
        "r1": {"kind": "review", "filed_on": "2025-04-01", "result": "upheld", "decided_on": "2025-05-30"},
        "r2": {"kind": "review", "filed_on": "2025-11-03"},
        "s1": {"kind": "suit_after_review", "filed_on": "2024-07-01", "result": "other", "decided_on": "2025-02-03"},
        "s2": {"kind": "suit_direct", "filed_on": "2024-07-01", "result": "upheld", "decided_on": "2024-12-03"},
    }.items():
        over = before if body["filed_on"] < "2025" else granted
        kept = await office.call("handler", "PUT", f"/v1/requests/{over}/reviews/{name}", body)
        assert kept.status_code == 200, kept.text
    report = (await call(office, "PUT", f"/v1/organizations/{CITY}/reports/2025", WRITTEN)).json()["report"]
    assert report["table4"]["review"] == {"upheld": 1, "corrected": 0, "other": 0, "pending": 1, "total": 2}
    assert report["table4"]["suit_after_review"]["other"] == 1
    assert report["table4"]["suit_direct"]["total"] == 0, "decided the year before"
    assert report["fees"] == {"notices": 0, "noticed_yuan": 0, "paid_yuan": 0}


async def test_a_report_is_submitted_published_told_and_corrected_with_a_reason(office: RequestOffice) -> None:
    await year_of(office)
    path = f"/v1/organizations/{CITY}/reports/2025"
    await call(office, "PUT", path, WRITTEN)
    early = await call(office, "POST", f"{path}:publish", {})
    assert early.status_code == 409, "not before it is submitted"
    assert (await call(office, "POST", f"{path}:submit")).status_code == 200
    assert (await call(office, "POST", f"{path}:publish", {})).status_code == 409, "the year is not over"
    office.set_day("2026-03-02")
    published = await call(office, "POST", f"{path}:publish", {})
    assert published.status_code == 200, published.text
    listed = await office.call(None, "GET", "/v1/reports", params={"year": 2025})
    assert [one["report"]["table3"]["new"]["total"] for one in listed.json()["items"]] == [3]
    told = [event for event in await office.events() if event["type"] == "annual_report.published"]
    assert [event["data"]["report"]["year"] for event in told] == [2025]
    # A late registration changes the records, not what was published; it shows as a finding.
    await one(office, "late", "2025-06-03", answered="2025-06-20", **{})
    office.set_day("2026-04-07")
    shown = (await call(office, "GET", path)).json()
    assert shown["report"]["table3"]["new"]["total"] == 3
    assert "AR-11" in {finding["rule"] for finding in shown["findings"]}
    await call(office, "PUT", path, WRITTEN | {"overview": {}})
    assert [one["state"] for one in (await office.call(None, "GET", "/v1/reports")).json()["items"]] == ["published"]
    await call(office, "POST", f"{path}:submit")
    assert (await call(office, "POST", f"{path}:publish", {})).status_code == 422, "a correction needs its reason"
    corrected = await call(office, "POST", f"{path}:publish", {"reason": "补登一件纸质申请"})
    assert corrected.status_code == 200, corrected.text
    assert corrected.json()["report"]["table3"]["new"]["total"] == 4
    assert {finding["rule"] for finding in corrected.json()["findings"]} == {"AR-10"}, "late is said, not refused"


async def test_AR_05_a_wrong_carry_over_blocks_publication(office: RequestOffice) -> None:
    await one(office, "a", "2024-12-30")
    path = f"/v1/organizations/{CITY}/reports"
    for year, day in ((2024, "2025-01-10"), (2025, "2026-01-10")):
        office.set_day(day)
        await call(office, "PUT", f"{path}/{year}", {"scope": "department"})
        await call(office, "POST", f"{path}/{year}:submit")
        if year == 2024:
            assert (await call(office, "POST", f"{path}/{year}:publish", {})).status_code == 200
            await one(office, "b", "2024-12-31", answered=None)
    refused = await call(office, "POST", f"{path}/2025:publish", {})
    assert refused.status_code in (409, 422), refused.text
    written = await call(office, "GET", f"{path}/2025")
    assert "AR-05" in {finding["rule"] for finding in written.json()["findings"]}


async def test_AR_09_a_government_sums_up_what_its_departments_published(office: RequestOffice) -> None:
    await one(office, "b", "2025-05-06", org=BUREAU_A, answered="2025-05-20")
    office.set_day("2026-01-10")
    bureau = f"/v1/organizations/{BUREAU_A}/reports/2025"
    await call(office, "PUT", bureau, {"scope": "department"})
    await call(office, "POST", f"{bureau}:submit")
    assert (await call(office, "POST", f"{bureau}:publish", {})).status_code == 200
    district = f"/v1/organizations/{DISTRICT_A}/reports/2025"
    written = await call(office, "PUT", district, {"scope": "government", "members": [DISTRICT_A, BUREAU_A]})
    assert written.json()["findings"] == []
    await one(office, "late", "2025-06-03", org=BUREAU_A)
    office.set_day("2026-02-10")
    findings = (await call(office, "GET", district)).json()["findings"]
    assert {finding["rule"] for finding in findings} == {"AR-09"}
    outside = await call(office, "PUT", district, {"scope": "government", "members": [CITY]})
    assert outside.status_code == 422


@pytest.mark.parametrize(("form", "begins"), [("xlsx", b"PK"), ("docx", b"PK"), ("html", b"<!DOCTYPE html>")])
async def test_a_report_is_exported(office: RequestOffice, form: str, begins: bytes) -> None:
    path = f"/v1/organizations/{CITY}/reports/2025"
    await call(office, "PUT", path, WRITTEN)
    answer = await call(office, "GET", f"{path}/file", params={"form": form})
    assert answer.status_code == 200
    assert answer.content.startswith(begins)


async def test_another_bodys_report_is_checked_as_json_and_as_a_page(office: RequestOffice) -> None:
    path = f"/v1/organizations/{CITY}/reports/2025"
    report = (await call(office, "PUT", path, WRITTEN)).json()["report"]
    report["table4"]["review"]["upheld"] = 3
    checked = await call(office, "POST", "/v1/reports:check", {"report": report})
    assert [finding["rule"] for finding in checked.json()["findings"] if finding["level"] == "error"] == ["AR-04"]
    page = (await call(office, "GET", f"{path}/file", params={"form": "html"})).content
    params: dict[str, str | int] = {"organization": "某区", "year": 2025}
    client, headers = (
        office.suite.clients["request"],
        await office.headers_of("reporter") | {"content-type": "text/html"},
    )
    read = await client.post("/v1/reports:check-page", content=page, params=params, headers=headers)
    assert read.status_code == 200, read.text
    assert read.json()["findings"] == []
    nothing = await client.post("/v1/reports:check-page", content=b"<p>", params=params, headers=headers)
    assert nothing.status_code == 422


async def test_nobody_writes_another_organs_report(office: RequestOffice) -> None:
    bureau = await office.suite.token(BUREAU_A, Scope.REPORT_WRITE)
    client = office.suite.clients["request"]
    refused = await client.put(f"/v1/organizations/{CITY}/reports/2025", json=WRITTEN, headers=bureau)
    assert refused.status_code == 403
