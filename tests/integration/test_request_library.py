"""Board, urging, library, proposals and conversion, over HTTP and a real PostgreSQL; the catalog beside it is the real one."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from pydantic import SecretStr

from services.catalog_api.main import build_app as build_catalog
from services.catalog_api.settings import Settings as CatalogSettings
from shared.schemas.scopes import Scope
from tests.request_office import ID_NUMBER, PERSON, RequestOffice, open_request_office, request
from tests.services import BUREAU_A, CITY, DISTRICT_B, SECRETS, HostRouter, running

CASE: dict[str, Any] = {
    "title": "征收补偿方案的公开",
    "topic": "征地拆迁",
    "request_summary": "申请人申请公开某片区征收补偿方案",
    "info_type": "行政征收",
    "reasoning": "方案已经批准并印发，不属于过程性信息，应予公开。",
    "legal_basis": ["条例第三十六条第（二）项"],
    "share_scope": "city",
}


@pytest.fixture
async def office(database_url: Callable[[str], str]) -> AsyncIterator[RequestOffice]:
    async with open_request_office(database_url) as opened:
        yield opened


def asked_by(number: int, **changes: Any) -> dict[str, Any]:
    """The same request by another person."""
    identity = {"kind": "passport", "number": f"E1234567{number}"}
    return request(applicant=PERSON | {"name": f"路人{number}", "identity": identity}, **changes)


async def answered(office: RequestOffice, name: str, body: dict[str, Any]) -> str:
    office.set_day("2025-09-22")
    receipt = await office.submit(body, name)
    await office.moved(receipt["id"], "accept", "2025-09-22")
    await office.answer(receipt["id"], "2025-10-10")
    return str(receipt["id"])


async def test_the_board_counts_colours_stages_and_answers(office: RequestOffice) -> None:
    await answered(office, "done", request())
    for name in ("green", "red"):
        office.set_day("2025-09-22")
        await office.submit(request(wanted={"description": f"事项{name}的文件"}), name)
    office.set_day("2025-09-22")
    await office.submit(request(channel="online", signed_on=None, wanted={"description": "未确认的申请"}), "online")
    office.set_day("2025-10-23")
    board = await office.call("supervisor", "GET", "/v1/board", params={"organization": CITY})
    assert board.status_code == 200, board.text
    (row,) = board.json()["items"]
    assert (row["open"], row["orange"], row["red"], row["unconfirmed"]) == (3, 2, 0, 1)
    assert row["stages"] == {"registered": 2, "pending_confirm": 1}
    assert (row["answered"], row["in_time"]) == (1, 1)
    office.set_day("2025-10-27")
    by_state = await office.call("supervisor", "GET", "/v1/board", params={"organization": CITY, "by": "state"})
    assert {one["key"]: one["red"] for one in by_state.json()["items"]} == {
        "registered": 2,
        "pending_confirm": 0,
        "served": 0,
    }
    assert by_state.json()["total"]["open"] == 3
    by_channel = await office.call("supervisor", "GET", "/v1/board", params={"organization": CITY, "by": "channel"})
    names = {one["name"] for answer in (by_state, by_channel) for one in answer.json()["items"]}
    assert names == {"已登记", "待双方确认", "已送达", "邮寄（签收）", "互联网渠道"}
    outside = await office.call("supervisor", "GET", "/v1/board", params={"organization": CITY, "from": "2026-01-01"})
    assert outside.status_code == 422


async def test_public_figures_are_rounded_and_add_up(office: RequestOffice) -> None:
    for number in range(1, 8):
        office.set_day("2025-09-22")
        await office.submit(asked_by(number), f"r{number}")
    told = (await office.call(None, "GET", "/v1/statistics", params={"year": 2025})).json()
    assert told["received"] == [{"key": "mail_signed", "count": 5}]
    assert told["closed"] == []


async def test_a_superior_urges_and_is_answered_once(office: RequestOffice) -> None:
    receipt = await office.submit(name="b1", org=BUREAU_A)
    own = await office.submit(name="c1")
    body = {"words": "请于本周内办结", "answer_by": "2025-09-26"}
    itself = await office.call("supervisor", "POST", f"/v1/requests/{own['id']}/urgings", body)
    assert itself.status_code == 403
    urged = await office.call("supervisor", "POST", f"/v1/requests/{receipt['id']}/urgings", body)
    assert urged.status_code == 201, urged.text
    listed = await office.call(
        "bureau", "GET", f"/v1/organizations/{BUREAU_A}/request-urgings", params={"open": "true"}
    )
    assert [one["words"] for one in listed.json()["items"]] == ["请于本周内办结"]
    path = f"/v1/request-urgings/{urged.json()['id']}:answer"
    assert (await office.call("bureau", "POST", path, {"words": "已安排专人办理"})).status_code == 204
    assert (await office.call("bureau", "POST", path, {"words": "再答一次"})).status_code == 409
    rows = await office.database.reads.fetch("SELECT words, answer FROM request_urging")
    assert "请于本周内".encode() not in bytes(rows[0]["words"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", f"{PERSON['name']}申请公开案"),
        ("reasoning", f"申请人证件号 {ID_NUMBER[:6]} {ID_NUMBER[6:]}，住址已核实"),
        ("lessons", "联系电话１３８００５３１２３４"),
        ("keywords", ["qinghe.liu@mail.example"]),
        ("request_summary", "某人身份证号370103198809142340，申请公开方案"),
    ],
)
async def test_a_case_with_anything_personal_is_refused(office: RequestOffice, field: str, value: Any) -> None:
    request_id = await answered(office, "r1", request())
    refused = await office.call("handler", "PUT", f"/v1/requests/{request_id}/case", CASE | {field: value})
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["pointer"] == f"/{field}"
    assert ID_NUMBER not in refused.text


async def test_cases_are_seen_by_those_they_are_shared_with(office: RequestOffice) -> None:
    request_id = await answered(office, "r1", request())
    path = f"/v1/requests/{request_id}/case"
    shared = await office.call("handler", "PUT", path, CASE | {"share_scope": "department"})
    assert shared.status_code == 200, shared.text
    other = await office.suite.token(DISTRICT_B, Scope.REQUEST_HANDLE)
    client = office.suite.clients["request"]
    assert (await client.get("/v1/cases", headers=other)).json()["items"] == []
    again = await office.call("handler", "PUT", path, CASE)
    assert (again.json()["case_no"], again.json()["version"]) == (shared.json()["case_no"], 2)
    seen = await client.get("/v1/cases", params={"words": "过程性信息"}, headers=other)
    assert [one["title"] for one in seen.json()["items"]] == [CASE["title"]]
    assert (await client.get(f"/v1/cases/{again.json()['id']}", headers=other)).status_code == 200
    assert (await office.call("handler", "DELETE", path)).status_code == 204
    assert (await client.get(f"/v1/cases/{again.json()['id']}", headers=other)).status_code == 404


async def test_an_open_request_is_no_case_yet(office: RequestOffice) -> None:
    receipt = await office.submit()
    refused = await office.call("handler", "PUT", f"/v1/requests/{receipt['id']}/case", CASE)
    assert refused.status_code == 409


async def test_joint_consultations_are_kept_sealed(office: RequestOffice) -> None:
    receipt = await office.submit()
    body = {
        "convenor": "市政府办公厅",
        "participants": ["市司法局", "保密机要局"],
        "question": "柳青禾申请的方案是否涉及工作秘密",
        "conclusion": "不涉及",
        "held_on": "2025-09-22",
    }
    path = f"/v1/requests/{receipt['id']}/joint-consultations/hs-1"
    kept = await office.call("handler", "PUT", path, body)
    assert kept.status_code == 200, kept.text
    assert (await office.call("handler", "PUT", path, body | {"conclusion": "不涉密"})).json()["version"] == 2
    listed = await office.call("handler", "GET", f"/v1/requests/{receipt['id']}/joint-consultations")
    assert [one["conclusion"] for one in listed.json()] == ["不涉密"]
    sealed = await office.database.reads.fetchval("SELECT content FROM joint_consultation")
    assert "柳青禾".encode() not in bytes(sealed)
    assert (await office.view(receipt["id"]))["due_on"] == "2025-10-24", "it does not stop the clock"


async def test_a_repeat_and_a_petition_are_pointed_out(office: RequestOffice) -> None:
    await answered(office, "r1", request())
    office.set_day("2025-10-13")
    again = await office.submit(request(), "r2")
    notes = (await office.call("handler", "GET", f"/v1/requests/{again['id']}/proposals")).json()
    assert [(one["kind"], one["decision"], one["reference"]) for one in notes["items"]] == [
        ("repeated", "E2", "1137010000418859XL-2025-00001")
    ]
    assert notes["search_asked"] is False
    angry = await office.submit(asked_by(1, wanted={"description": "举报某单位违法，要求处理并追究责任"}), "r3")
    notes = (await office.call("handler", "GET", f"/v1/requests/{angry['id']}/proposals")).json()
    assert [(one["kind"], one["decision"]) for one in notes["items"]] == [("petition", "E1")]
    body = {
        "on": "2025-10-13",
        "answer": {"decision": "E2", "reasons": "已经答复", "earlier_number": "1137010000418859XL-2025-00003"},
    }
    await office.moved(again["id"], "accept", "2025-10-13")
    refused = await office.call("handler", "POST", f"/v1/requests/{again['id']}:draft", body)
    assert refused.status_code == 422, "that number is somebody else's"


async def test_REG_44_three_applicants_make_a_candidate_of_the_catalog(
    office: RequestOffice, database_url: Callable[[str], str]
) -> None:
    for number in range(1, 4):
        await answered(office, f"r{number}", asked_by(number))
        listed = await office.call("handler", "GET", f"/v1/organizations/{CITY}/conversions")
        assert len(listed.json()["items"]) == (1 if number == 3 else 0)
    (proposed,) = listed.json()["items"]
    assert (proposed["applicants"], proposed["state"], len(proposed["requests"])) == (3, "proposed", 3)
    path = f"/v1/conversions/{proposed['id']}:decide"
    assert (await office.call("handler", "POST", path, {"accepts": True, "note": "需求集中"})).status_code == 422
    accepted = await office.call(
        "handler", "POST", path, {"accepts": True, "note": "需求集中", "subject": "青后片区征收补偿方案"}
    )
    assert accepted.json()["state"] == "accepted", accepted.text
    again = await office.call("handler", "POST", path, {"accepts": False, "note": "不再需要"})
    assert again.status_code == 409
    async with AsyncExitStack() as stack:
        suite = office.suite
        router = HostRouter({"exchange.test": suite.apps["exchange"]})
        catalog = build_catalog(CatalogSettings(database_url=database_url("catalog"), **SECRETS), transport=router)
        catalog_client = await stack.enter_async_context(running(catalog, "http://catalog.test"))
        await _let_it_deliver(office, catalog)
        await office.run_job("hand over conversions")
        found = await catalog_client.get(f"/v1/organizations/{CITY}/candidates", headers=suite.admin)
        assert [one["subject"] for one in found.json()["items"]] == ["青后片区征收补偿方案"]
        await office.run_job("hand over conversions")
    (delivered,) = (await office.call("handler", "GET", f"/v1/organizations/{CITY}/conversions")).json()["items"]
    assert (delivered["state"], delivered["candidate_id"]) == ("delivered", found.json()["items"][0]["id"])
    office.set_day("2025-10-13")
    fourth = await office.submit(asked_by(4), "r4")
    notes = (await office.call("handler", "GET", f"/v1/requests/{fourth['id']}/proposals")).json()
    assert ("converted", "A1") in [(one["kind"], one["decision"]) for one in notes["items"]]


async def _let_it_deliver(office: RequestOffice, catalog: Any) -> None:
    """The settings and the network with which the worker reaches the catalog."""
    wanted = {"name": "依申请公开", "organization": CITY, "scopes": [Scope.DISCLOSURE_WRITE.value]}
    answer = await office.suite.exchange.post("/v1/clients", json=wanted, headers=office.suite.admin)
    secret = answer.json()["secret"]
    kit = office.suite.apps["request"].state.kit
    kit.settings = kit.settings.model_copy(
        update={
            "catalog_url": "http://catalog.test",
            "client_id": secret["client_id"],
            "client_secret": SecretStr(secret["client_secret"]),
        }
    )
    kit.client._transport = HostRouter({"exchange.test": office.suite.apps["exchange"], "catalog.test": catalog})


async def test_what_one_applicant_suggests_is_proposed_at_once(office: RequestOffice) -> None:
    await answered(office, "r1", request(suggests_publication=True))
    (proposed,) = (await office.call("handler", "GET", f"/v1/organizations/{CITY}/conversions")).json()["items"]
    assert (proposed["suggested"], proposed["applicants"]) == (True, 1)


async def test_what_was_withheld_is_never_proposed(office: RequestOffice) -> None:
    for number in range(1, 4):
        office.set_day("2025-09-22")
        receipt = await office.submit(asked_by(number), f"r{number}")
        await office.moved(receipt["id"], "accept", "2025-09-22")
        denied = {"decision": "C5", "exemption": "EX16_1_FLOW", "reasons": "属于内部工作流程"}
        await office.answer(receipt["id"], "2025-10-10", denied)
    assert (await office.call("handler", "GET", f"/v1/organizations/{CITY}/conversions")).json()["items"] == []


async def test_the_library_is_told_how_reconsideration_ended(office: RequestOffice) -> None:
    request_id = await answered(office, "r1", request())
    office.set_day("2025-12-01")
    filed = {"kind": "review", "filed_on": "2025-10-20"}
    await office.call("handler", "PUT", f"/v1/requests/{request_id}/reviews/fy-1", filed)
    shared = await office.call("handler", "PUT", f"/v1/requests/{request_id}/case", CASE)
    assert shared.json()["review_result"] == "行政复议：尚未审结"
    ended = filed | {"result": "upheld", "decided_on": "2025-11-20"}
    await office.call("handler", "PUT", f"/v1/requests/{request_id}/reviews/fy-1", ended)
    found = await office.call("handler", "GET", f"/v1/cases/{shared.json()['id']}")
    assert (found.json()["review_result"], found.json()["version"]) == ("行政复议：结果维持", 2)


async def test_the_province_compares_a_days_books(office: RequestOffice) -> None:
    receipt = await office.submit(request(province_id="SD-2025-000123"), "p1")
    await office.submit(request(wanted={"description": "与省平台无关"}), "p2")
    again = await office.put(request(province_id="SD-2025-000123"), "p1")
    assert again.status_code == 200, "assigned again it is the same"
    other = await office.put(request(province_id="SD-2025-000123", wanted={"description": "另一件"}), "p3")
    assert other.status_code == 409
    params = {"organization": CITY, "day": "2025-09-22"}
    first = (await office.call("supervisor", "GET", "/v1/province-digest", params=params)).json()
    assert [(one["province_id"], one["state"], one["steps"]) for one in first["items"]] == [
        ("SD-2025-000123", "registered", 1)
    ]
    await office.moved(receipt["id"], "accept", "2025-09-23")
    second = (
        await office.call("supervisor", "GET", "/v1/province-digest", params=params | {"day": "2025-09-23"})
    ).json()
    assert (second["count"], second["items"][0]["state"]) == (1, "processing")
    assert second["hash"] != first["hash"]
    assert (await office.call("supervisor", "GET", "/v1/province-digest", params=params)).json() == first
