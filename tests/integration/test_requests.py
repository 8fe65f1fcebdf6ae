"""A request from its submission to the archive, over HTTP and a real PostgreSQL."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.request_office import ID_NUMBER, PERSON, RequestOffice, granted, open_request_office, request
from tests.services import BUREAU_A, CITY


@pytest.fixture
async def office(database_url: Callable[[str], str]) -> AsyncIterator[RequestOffice]:
    async with open_request_office(database_url) as opened:
        yield opened


async def test_a_letter_is_registered_accepted_answered_and_archived(office: RequestOffice) -> None:
    receipt = await office.submit()
    assert receipt["number"] == "1137010000418859XL-2025-00001"
    assert (receipt["received_on"], receipt["due_on"]) == ("2025-09-22", "2025-10-24")
    view = await office.moved(receipt["id"], "accept", "2025-09-23")
    assert view["state"] == "processing"
    assert view["colour"] == "green"
    assert view["applicant"]["name"] == "柳*"
    assert view["applicant"]["identity"] == "370102********1238"
    view = await office.answer(receipt["id"], "2025-10-15")
    assert (view["state"], view["decision"], view["report_row"]) == ("served", "A2", "r.granted")
    assert view["reply_number"] == "泉城市人民政府公复〔2025〕1号"
    assert view["in_time"] is True
    view = await office.moved(receipt["id"], "archive", "2025-10-20")
    assert view["state"] == "archived"
    assert view["allowed"] == []


async def test_a_retry_is_answered_as_the_first_time_and_another_content_is_refused(office: RequestOffice) -> None:
    receipt = await office.submit()
    again = await office.put()
    assert again.status_code == 200
    assert again.json() == receipt | {"outcome": "unchanged"}
    other = await office.put(request(wanted={"description": "另一件事项的文件"}))
    assert other.status_code == 409


async def test_REG_31_an_online_request_counts_from_its_confirmation(office: RequestOffice) -> None:
    body = request(channel="online", signed_on=None)
    receipt = await office.submit(body)
    assert (receipt["state"], receipt["received_on"], receipt["due_on"]) == ("pending_confirm", None, None)
    view = await office.moved(receipt["id"], "confirm", "2025-09-24")
    assert (view["state"], view["received_on"]) == ("registered", "2025-09-24")


async def test_REG_30_correction_restarts_the_clock_and_comes_once(office: RequestOffice) -> None:
    receipt = await office.submit()
    view = await office.moved(receipt["id"], "request-correction", "2025-09-30", items=["请补充文件名称"])
    assert (view["state"], view["due_on"], view["waiting_until"]) == ("awaiting_correction", None, "2025-10-21")
    wanted = {"description": "2024年青后片区征收补偿方案"}
    view = await office.moved(receipt["id"], "correct", "2025-10-14", wanted=wanted)
    assert (view["due_on"], view["first_due_on"]) == ("2025-11-11", "2025-10-24")
    assert view["wanted"]["description"] == "2024年青后片区征收补偿方案"
    again = await office.move(receipt["id"], "request-correction", "2025-10-15", items=["再补一次"])
    assert again.status_code == 409
    assert again.json()["code"] == "illegal_move"
    assert "correction_requested" not in again.json()["allowed"]


async def test_REG_30_an_uncorrected_request_is_closed_after_its_time(office: RequestOffice) -> None:
    receipt = await office.submit()
    await office.moved(receipt["id"], "request-correction", "2025-09-24", items=["请补充文件名称"], workdays=5)
    early = await office.move(receipt["id"], "lapse-correction", "2025-09-30")
    assert early.status_code == 422
    office.set_day("2025-10-11")
    await office.run_job("close lapsed")
    assert (await office.view(receipt["id"]))["state"] == "awaiting_correction", "letters may be under way"
    office.set_day("2025-10-13")
    await office.run_job("close lapsed")
    view = await office.view(receipt["id"])
    assert (view["state"], view["decision"], view["report_row"]) == ("closed", "F1", "r.other.no_correction")
    assert view["steps"][-1]["on"] == "2025-10-01", "the day it lapsed, not the day somebody looked"


async def test_REG_32_and_REG_34_silence_means_what_the_law_says(office: RequestOffice) -> None:
    receipt = await office.submit()
    await office.moved(receipt["id"], "accept", "2025-09-22")
    for kind in ("third_party", "co_producer"):
        letter = {"kind": kind, "name": "青后物业有限公司", "question": "是否同意公开", "received_on": "2025-09-30"}
        office.set_day("2025-09-30")
        answer = await office.call(
            "handler", "POST", f"/v1/requests/{receipt['id']}/consultations", {"on": "2025-09-29"} | letter
        )
        assert answer.status_code == 200, answer.text
    blocked = await office.move(receipt["id"], "draft", "2025-10-20", answer=granted())
    assert blocked.status_code == 409
    office.set_day("2025-10-29")
    view = await office.view(receipt["id"])
    assert [(one["kind"], one["opinion"]) for one in view["consultations"]] == [
        ("third_party", "silent"),
        ("co_producer", "deemed_to_agree"),
    ]
    assert "青后物业" not in str(view["consultations"])
    assert (await office.moved(receipt["id"], "draft", "2025-10-29", answer=granted()))["state"] == "in_review"


async def test_REG_32_what_a_third_party_objects_to_needs_a_public_interest(office: RequestOffice) -> None:
    receipt = await office.submit()
    await office.moved(receipt["id"], "accept", "2025-09-22")
    letter = {"kind": "third_party", "name": "孔繁星", "question": "是否同意公开", "received_on": "2025-09-24"}
    view = await office.moved(receipt["id"], "consultations", "2025-09-24", **letter)
    consultation = view["consultations"][0]["id"]
    view = await office.moved(
        receipt["id"], f"consultations/{consultation}:answer", "2025-09-29", opinion="objects", grounds="涉及家庭住址"
    )
    assert view["consultations"][0]["opinion"] == "objects"
    refused = await office.move(receipt["id"], "draft", "2025-10-09", answer=granted())
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/answer/public_interest"
    allowed = granted(public_interest="涉及三百余户居民的安置权益")
    assert (await office.moved(receipt["id"], "draft", "2025-10-09", answer=allowed))["state"] == "in_review"


async def test_DL_08_an_extension_comes_once_in_time_and_by_its_head(office: RequestOffice) -> None:
    receipt = await office.submit()
    await office.moved(receipt["id"], "accept", "2025-09-22")
    body: dict[str, Any] = {"workdays": 20, "reason": "需要查阅的档案较多"}
    by_handler = await office.move(receipt["id"], "extend", "2025-10-20", who="handler", **body)
    assert by_handler.status_code == 403
    view = await office.moved(receipt["id"], "extend", "2025-10-20", **body)
    assert view["due_on"] == "2025-11-21"
    assert (await office.move(receipt["id"], "extend", "2025-10-21", **body)).status_code == 409
    late = await office.submit(name="r2", body=request(signed_on="2025-10-09"))
    await office.moved(late["id"], "accept", "2025-10-21")
    refused = await office.move(late["id"], "extend", "2025-11-07", **body)
    assert refused.status_code == 409


async def test_FEE_03_the_eleventh_request_of_a_month_costs_a_hundred(office: RequestOffice) -> None:
    receipts = [
        await office.submit(name=f"r{n}", body=request(wanted={"description": f"第{n}号会议纪要"}))
        for n in range(1, 12)
    ]
    for receipt in (receipts[9], receipts[10]):
        await office.moved(receipt["id"], "accept", "2025-09-23")
    free = await office.move(receipts[9]["id"], "notice-fee", "2025-10-10", method="per_item")
    assert free.status_code == 409
    view = await office.moved(receipts[10]["id"], "notice-fee", "2025-10-10", method="per_item")
    assert view["steps"][-1]["facts"] == {"method": "per_item", "quantity": 11, "amount_yuan": 100}
    assert view["waiting_until"] == "2025-11-10"
    view = await office.moved(receipts[10]["id"], "pay", "2025-11-05", receipt_no="37010000012345")
    assert view["due_on"] == "2025-12-03"
    assert (await office.move(receipts[10]["id"], "notice-fee", "2025-11-06", method="per_item")).status_code == 409


async def test_duties_are_separated(office: RequestOffice) -> None:
    both = await office.suite.token(CITY, *(Scope for Scope in _all_request_scopes()))
    client = office.suite.clients["request"]

    async def by_both(move: str, **body: Any) -> int:
        path = f"/v1/requests/{receipt['id']}:{move}"
        return (await client.post(path, json={"on": "2025-10-09", **body}, headers=both)).status_code

    receipt = await office.submit()
    await office.moved(receipt["id"], "accept", "2025-10-09")
    assert await by_both("draft", answer=granted()) == 200
    assert await by_both("review", kind="legal", passes=True) == 409
    await office.moved(receipt["id"], "review", "2025-10-09", kind="legal", passes=True)
    early = await office.move(receipt["id"], "approve", "2025-10-09")
    assert early.status_code == 409, "secrecy has not been reviewed"
    await office.moved(receipt["id"], "review", "2025-10-09", kind="secrecy", passes=True)
    assert await by_both("approve") == 409


def _all_request_scopes() -> list[Any]:
    from shared.schemas.scopes import Scope

    return [scope for scope in Scope if scope.value.startswith("request:")]


async def test_nobody_works_on_another_organs_request(office: RequestOffice) -> None:
    receipt = await office.submit()
    assert (await office.call("bureau", "GET", f"/v1/requests/{receipt['id']}")).status_code == 403
    assert (await office.move(receipt["id"], "accept", "2025-09-23", who="bureau")).status_code == 403
    assert (await office.put(name="x", who="bureau")).status_code == 403
    assert (await office.put(name="x", who="bureau", org=BUREAU_A)).status_code == 201


async def test_who_asked_is_shown_for_a_purpose_that_is_kept(office: RequestOffice) -> None:
    receipt = await office.submit()
    path = f"/v1/requests/{receipt['id']}:identify"
    assert (await office.call("handler", "POST", path, {"purpose": "邮寄答复书"})).status_code == 403
    shown = await office.call("identifier", "POST", path, {"purpose": "邮寄答复书"})
    assert shown.status_code == 200
    assert shown.json()["identity"]["number"] == ID_NUMBER
    assert shown.json()["address"] == PERSON["address"]
    telling = await office.call("identifier", "POST", path, {"purpose": f"给{PERSON['name']}寄答复书"})
    assert telling.status_code == 422, "the audit trail is no place for a name"
    rows = await office.database.reads.fetch("SELECT entry FROM audit_entry WHERE subject = $1", receipt["id"])
    trail = " ".join(row["entry"] for row in rows)
    assert "request.identified" in trail
    assert "邮寄答复书" in trail
    assert ID_NUMBER not in trail


async def test_the_applicant_follows_the_request_by_number_and_code(office: RequestOffice) -> None:
    receipt = await office.submit()
    await office.moved(receipt["id"], "accept", "2025-09-23")
    found = await office.call(
        None, "GET", "/v1/track", params={"number": receipt["number"], "code": receipt["query_code"].lower()}
    )
    assert found.status_code == 200
    assert found.json()["due_on"] == "2025-10-24"
    assert [step["title"] for step in found.json()["steps"]] == ["已提交申请", "已受理，正在办理"]
    assert found.headers["cache-control"] == "no-store"
    for secret in (PERSON["name"], ID_NUMBER, PERSON["phone"]):
        assert secret not in found.text


async def test_wrong_codes_and_wrong_numbers_are_told_apart_by_nothing_and_run_out(office: RequestOffice) -> None:
    receipt = await office.submit()
    answers = []
    for number, code in [(receipt["number"], "2" * 12), ("1137010000418859XL-2025-99999", receipt["query_code"])]:
        answers.append(await office.call(None, "GET", "/v1/track", params={"number": number, "code": code}))
    assert {answer.status_code for answer in answers} == {404}
    bodies = [answer.json() | {"request_id": "", "instance": ""} for answer in answers]
    assert bodies[0] == bodies[1]
    statuses = []
    for n in range(12):
        params = {"number": receipt["number"], "code": f"{n:012d}"}
        statuses.append((await office.call(None, "GET", "/v1/track", params=params)).status_code)
    assert statuses[-1] == 429
    right = {"number": receipt["number"], "code": receipt["query_code"]}
    blocked = await office.call(None, "GET", "/v1/track", params=right)
    assert blocked.status_code == 429
    assert int(blocked.headers["retry-after"]) > 0


async def test_the_website_asks_for_all_its_visitors(office: RequestOffice) -> None:
    first, second = await office.submit(), await office.submit(request(wanted={"description": "另一份文件"}), "r2")
    for n in range(12):
        params = {"number": first["number"], "code": f"{n:012d}"}
        last = await office.call("website", "GET", "/v1/track", params=params)
    assert last.status_code == 429, "counted by number"
    other = {"number": second["number"], "code": second["query_code"]}
    assert (await office.call("website", "GET", "/v1/track", params=other)).status_code == 200


async def test_the_deadline_as_it_was_known(office: RequestOffice) -> None:
    receipt = await office.submit()
    await office.moved(receipt["id"], "accept", "2025-09-23")
    await office.moved(receipt["id"], "extend", "2025-10-20", workdays=10, reason="需要征询业务处室")
    path = f"/v1/requests/{receipt['id']}/deadline"

    async def known(moment: str) -> Any:
        return (await office.call("handler", "GET", path, params={"as_known_at": moment})).json()

    assert (await known("2025-10-01T00:00:00+08:00"))["due_on"] == "2025-10-24"
    assert (await known("2025-10-21T00:00:00+08:00"))["due_on"] == "2025-11-07"
    early = await office.call("handler", "GET", path, params={"as_known_at": "2025-01-01T00:00:00+08:00"})
    assert early.status_code == 404


async def test_the_public_calculator(office: RequestOffice) -> None:
    answer = await office.call(None, "GET", "/v1/deadlines", params={"start": "2025-09-22", "workdays": 20})
    assert answer.json()["due_on"] == "2025-10-24"
    answer = await office.call(None, "GET", "/v1/deadlines", params={"start": "2025-10-21", "days": 30})
    assert answer.json()["due_on"] == "2025-11-20"
    neither = await office.call(None, "GET", "/v1/deadlines", params={"start": "2025-10-21"})
    assert neither.status_code == 422


async def test_events_tell_number_status_and_dates_only(office: RequestOffice) -> None:
    receipt = await office.submit()
    await office.moved(receipt["id"], "accept", "2025-09-23")
    events = await office.events()
    assert [event["data"]["state"] for event in events] == ["registered", "processing"]
    assert set(events[0]["data"]) == {
        *("id", "number", "organization", "province_id", "state", "received_on", "due_on", "waiting_until"),
        *("answered_on", "closed_on"),
    }


async def test_who_may_register_late_is_judged_by_the_day_it_happened(office: RequestOffice) -> None:
    office.set_day("2025-12-01")
    receipt = await office.submit(who="archive")
    assert receipt["number"] == "1137010000418859XL-2025-00001"
    body = {"on": "2025-09-25", "items": ["请补充文件名称"]}
    path = f"/v1/requests/{receipt['id']}:request-correction"
    assert (await office.call("handler", "POST", path, body)).status_code == 409, "not by who may not"
    view = await office.call("archive", "POST", path, body)
    assert view.status_code == 200, view.text
    late = await office.submit(request(wanted={"description": "另一份文件"}), "r2", who="archive")
    path = f"/v1/requests/{late['id']}:request-correction"
    assert (await office.call("archive", "POST", path, body | {"on": "2025-10-20"})).status_code == 409, (
        "too late then too"
    )
    recorded = (await office.view(receipt["id"]))["steps"][1]
    assert (recorded["on"], recorded["recorded_at"][:10]) == ("2025-09-25", "2025-12-01")
