"""Corrections of records (条例第四十一条) and the office's work (第四十六条至第五十三条). People and text are invented."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pydantic import SecretStr

from services.request_api.service.keeping import vault_of
from tests.request_office import PERSON, RequestOffice, open_request_office
from tests.services import BUREAU_A, CITY, DISTRICT_A

WRONG: dict[str, Any] = {
    "submitted_on": "2025-09-22",
    "applicant": PERSON,
    "record": "青后小区不动产登记信息",
    "wrong": "柳青禾名下面积记为八十九平方米",
    "right": "面积为九十八平方米",
    "proof": "不动产权证书原件",
}
ANSWERS: dict[str, dict[str, Any]] = {
    "corrected": {},
    "not_proved": {},
    "forwarded": {"organ": "泉城市自然资源和规划局"},
    "told": {"organ": "泉城市自然资源和规划局"},
}


@pytest.fixture
async def office(database_url: Callable[[str], str]) -> AsyncIterator[RequestOffice]:
    async with open_request_office(database_url) as opened:
        yield opened


async def _ask(office: RequestOffice, name: str = "c1", **changes: Any) -> dict[str, Any]:
    path = f"/v1/organizations/{CITY}/record-corrections/{name}"
    answer = await office.call("website", "PUT", path, WRONG | changes)
    assert answer.status_code == 201, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


async def _answer(office: RequestOffice, correction_id: str, outcome: str, **changes: Any) -> Any:
    body = {"outcome": outcome, "words": "经核查，结果如下", "told_on": "2025-09-22"} | ANSWERS[outcome] | changes
    return await office.call("handler", "POST", f"/v1/record-corrections/{correction_id}:answer", body)


@pytest.mark.parametrize("outcome", sorted(ANSWERS))
async def test_REG_41_a_record_is_corrected_or_forwarded_or_told_where_to_turn(
    office: RequestOffice, outcome: str
) -> None:
    receipt = await _ask(office)
    assert receipt["number"] == f"{CITY}-GZ-2025-00001"
    answered = await _answer(office, receipt["id"], outcome)
    assert answered.status_code == 200, answered.text
    shown = answered.json()
    assert (shown["outcome"], shown["organ"]) == (outcome, ANSWERS[outcome].get("organ"))
    assert (shown["applicant_name"], shown["record"]) == ("柳*", WRONG["record"])
    assert (await _answer(office, receipt["id"], outcome)).status_code == 409


async def test_REG_41_is_no_request_for_information(office: RequestOffice) -> None:
    """No clock runs, no event tells of it, no table of the report and no board counts it."""
    receipt = await _ask(office)
    await _answer(office, receipt["id"], "corrected")
    board = await office.call("supervisor", "GET", "/v1/board", params={"organization": CITY})
    assert (board.json()["total"]["open"], board.json()["total"]["answered"]) == (0, 0)
    assert (await office.call("handler", "GET", f"/v1/organizations/{CITY}/requests")).json()["items"] == []
    assert await office.events() == []
    report = await office.call("reporter", "PUT", f"/v1/organizations/{CITY}/reports/2025", {"scope": "department"})
    assert report.status_code == 200, report.text
    table = json.loads((await office.call("reporter", "GET", f"/v1/organizations/{CITY}/reports/2025")).text)
    assert {count for row in table["report"]["table3"].values() for count in row.values()} <= {0}


@pytest.mark.parametrize(
    ("outcome", "changes", "pointer"),
    [
        ("forwarded", {"organ": None}, "/organ"),
        ("corrected", {"organ": "泉城市自然资源和规划局"}, "/organ"),
        ("corrected", {"told_on": "2025-09-21"}, "/told_on"),
        ("corrected", {"told_on": "2025-09-23"}, "/told_on"),
        ("told", {"organ": "柳青禾所在地的登记机构"}, "/organ"),
    ],
)
async def test_REG_41_an_answer_that_does_not_hold_is_refused(
    office: RequestOffice, outcome: str, changes: dict[str, Any], pointer: str
) -> None:
    receipt = await _ask(office)
    answer = await _answer(office, receipt["id"], outcome, **changes)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_a_correction_is_taken_in_once(office: RequestOffice) -> None:
    receipt = await _ask(office)
    path = f"/v1/organizations/{CITY}/record-corrections/c1"
    again = await office.call("website", "PUT", path, WRONG)
    assert (again.status_code, again.json()["id"], again.json()["outcome"]) == (200, receipt["id"], "unchanged")
    assert (await office.call("website", "PUT", path, WRONG | {"right": "一百平方米"})).status_code == 409
    late = await office.call("website", "PUT", f"{path}2", WRONG | {"submitted_on": "2025-09-23"})
    assert late.json()["errors"][0]["pointer"] == "/submitted_on"


async def test_many_corrections_at_once_are_numbered_without_a_gap(office: RequestOffice) -> None:
    await office.headers_of("website")
    receipts = await asyncio.gather(*(_ask(office, f"c{number}") for number in range(12)))
    numbers = sorted(receipt["number"] for receipt in receipts)
    assert numbers == [f"{CITY}-GZ-2025-{number:05d}" for number in range(1, 13)]


async def test_a_correction_is_read_whole_for_a_purpose_and_sealed_otherwise(office: RequestOffice) -> None:
    receipt = await _ask(office)
    address = f"/v1/record-corrections/{receipt['id']}"
    whole = await office.call("identifier", "POST", f"{address}:identify", {"purpose": "核对登记内容"})
    assert whole.json() == {**WRONG, "answer": None, "applicant": whole.json()["applicant"]}
    assert whole.json()["applicant"]["name"] == PERSON["name"]
    leaking = await office.call("identifier", "POST", f"{address}:identify", {"purpose": "替柳青禾核对"})
    assert leaking.status_code == 422
    assert (await office.call("handler", "POST", f"{address}:identify", {"purpose": "核对登记内容"})).status_code == 403
    assert (await office.call("bureau", "POST", f"{address}:answer", {})).status_code in (403, 422)
    reads = office.database.reads
    told = []
    for table in await reads.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'request'"):
        for row in await reads.fetch(f'SELECT * FROM request."{table["tablename"]}"'):
            told += [
                value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in row.values()
            ]
    kept = "\n".join(told)
    assert [one for one in (PERSON["name"], PERSON["phone"], WRONG["wrong"], WRONG["proof"]) if one in kept] == []
    assert "核对登记内容" in kept


async def test_a_correction_follows_a_rotation_and_is_erased_in_time(office: RequestOffice) -> None:
    receipt = await _ask(office)
    await _answer(office, receipt["id"], "corrected")
    app = office.suite.apps["request"]
    old = app.state.kit.settings.sealing_keys.get_secret_value()
    both = app.state.kit.settings.model_copy(update={"sealing_keys": SecretStr(f"next:aes-256-gcm:{'n' * 40} {old}")})
    app.state.kit.settings, app.state.kit.extra["vault"] = both, vault_of(both)
    await office.run_job("seal anew")
    alone = both.model_copy(update={"sealing_keys": SecretStr(f"next:aes-256-gcm:{'n' * 40}")})
    app.state.kit.settings, app.state.kit.extra["vault"] = alone, vault_of(alone)
    listed = await office.call("handler", "GET", f"/v1/organizations/{CITY}/record-corrections")
    assert listed.json()["items"][0]["applicant_name"] == "柳*"
    office.set_day("2035-10-22")
    await office.run_job("erase outlived")
    [shown] = (await office.call("handler", "GET", f"/v1/organizations/{CITY}/record-corrections")).json()["items"]
    assert (shown["applicant_name"], shown["record"], shown["outcome"]) == (None, None, "corrected")
    assert shown["erased_on"] == "2035-10-22"
    address = f"/v1/record-corrections/{receipt['id']}"
    assert (await office.call("identifier", "POST", f"{address}:identify", {"purpose": "核对内容"})).status_code == 404
    row = await office.database.reads.fetchrow("SELECT content, answer FROM record_correction")
    assert tuple(row) == (None, None)


async def _work(office: RequestOffice, name: str, org: str = CITY, who: str = "supervisor", **body: Any) -> Any:
    wanted = {"kind": "training", "on": "2025-09-01", "title": "政务公开业务培训"} | body
    return await office.call(who, "PUT", f"/v1/organizations/{org}/work-records/{name}", wanted)


async def test_REG_46_REG_47_REG_48_REG_51_and_REG_52_what_an_office_did_is_kept(office: RequestOffice) -> None:
    kinds: dict[str, dict[str, Any]] = {
        "assessment": {"title": "2025年度政务公开考核", "result": "优秀等次"},
        "social_evaluation": {"title": "社会评议", "participants": 300},
        "accountability": {"title": "责任追究", "result": "本年度无"},
        "rectification": {"title": "督促整改：指南未更新", "answer_by": "2025-09-30"},
        "criticism": {"title": "通报批评"},
        "report_of_failure": {"title": "群众投诉：逾期未答复", "closed_on": "2025-09-20"},
        "training": {"participants": 120},
        "system": {"title": "政府信息公开保密审查制度"},
    }
    for kind, body in kinds.items():
        answer = await _work(office, kind, DISTRICT_A, kind=kind, **body)
        assert answer.status_code == 201, answer.text
    path = f"/v1/organizations/{CITY}/work-records"
    listed = (await office.call("supervisor", "GET", path, params={"year": 2025})).json()["items"]
    assert {one["kind"] for one in listed} == set(kinds)
    assert {(one["organization"]["code"], one["recorded_by"]) for one in listed} == {(DISTRICT_A, CITY)}
    trained = (await office.call("supervisor", "GET", path, params={"kind": "training", "year": 2025})).json()["items"]
    assert [one["participants"] for one in trained] == [120]
    assert (await office.call("supervisor", "GET", path, params={"year": 2024})).json()["items"] == []


async def test_a_work_record_is_replaced_by_its_name_and_page_by_page(office: RequestOffice) -> None:
    assert (await _work(office, "w1")).json()["version"] == 1
    assert (await _work(office, "w1")).json()["outcome"] == "unchanged"
    assert (await _work(office, "w1", participants=30)).json()["version"] == 2
    await _work(office, "w2", on="2025-09-02")
    path = f"/v1/organizations/{CITY}/work-records"
    first = (await office.call("supervisor", "GET", path, params={"limit": 1})).json()
    rest = await office.call("supervisor", "GET", path, params={"limit": 1, "cursor": first["next_cursor"]})
    assert [one["external_id"] for one in first["items"] + rest.json()["items"]] == ["w2", "w1"]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"on": "2025-09-23"}, "/on"),
        ({"answer_by": "2025-08-31"}, "/answer_by"),
        ({"closed_on": "2025-08-31"}, "/closed_on"),
        ({"result": "投诉人身份证号370102199003071238"}, "/result"),
        ({"kind": "party"}, "/kind"),
    ],
)
async def test_a_work_record_that_does_not_hold_is_refused(
    office: RequestOffice, body: dict[str, Any], pointer: str
) -> None:
    answer = await _work(office, "w1", **body)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_REG_50_a_governments_report_tells_assessment_evaluation_and_accountability(
    office: RequestOffice,
) -> None:
    """What section 六 is written from is there by year; the report keeps what people write."""
    await _work(office, "a", kind="assessment", title="2025年度考核", result="优秀等次")
    listed = await office.call(
        "reporter", "GET", f"/v1/organizations/{CITY}/work-records", params={"year": 2025, "kind": "assessment"}
    )
    said = f"{listed.json()['items'][0]['title']}：{listed.json()['items'][0]['result']}"
    body = {"scope": "government", "other": said}
    report = await office.call("reporter", "PUT", f"/v1/organizations/{CITY}/reports/2025", body)
    assert report.status_code == 200, report.text
    assert said in json.dumps(report.json(), ensure_ascii=False)


async def test_REG_10_and_REG_13_somebody_elses_bureau_writes_nothing_here(office: RequestOffice) -> None:
    path = f"/v1/organizations/{BUREAU_A}/record-corrections/c1"
    assert (await office.call("bureau", "PUT", path, WRONG)).status_code == 201
    elsewhere = f"/v1/organizations/{CITY}/record-corrections/c1"
    assert (await office.call("bureau", "PUT", elsewhere, WRONG)).json()["code"] == "outside_subtree"
