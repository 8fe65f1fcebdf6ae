"""Steps come in the order of their days, late ones need the right to record them, and nothing revives a time that is up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from shared.schemas.scopes import Scope
from tests.request_office import PERSON, RequestOffice, granted, open_request_office, request
from tests.services import CITY


@pytest.fixture
async def office(database_url: Callable[[str], str]) -> AsyncIterator[RequestOffice]:
    async with open_request_office(database_url) as opened:
        yield opened


async def accepted(office: RequestOffice) -> str:
    """Received on 2025-09-22, due on 2025-10-24."""
    receipt = await office.submit()
    await office.moved(receipt["id"], "accept", "2025-09-22")
    return str(receipt["id"])


async def step(office: RequestOffice, rid: str, move: str, on: str, who: str = "handler", **body: Any) -> Any:
    """Without moving today along."""
    separator = "/" if move.startswith("consultations") else ":"
    return await office.call(who, "POST", f"/v1/requests/{rid}{separator}{move}", {"on": on, **body})


async def delayed(office: RequestOffice, until: str) -> str:
    rid = await accepted(office)
    await office.moved(rid, "ask-reasons", "2025-09-23")
    body: dict[str, Any] = {"reasonable": True, "evaluation": "理由成立，数量较大", "delayed_until": until}
    await office.moved(rid, "evaluate-reasons", "2025-09-25", **body)
    return rid


async def test_FEE_08_and_DL_07_a_payment_ends_a_delayed_date(office: RequestOffice) -> None:
    rid = await delayed(office, "2025-11-10")
    await office.moved(rid, "notice-fee", "2025-10-21", method="per_page", pages=300)
    view = await office.moved(rid, "pay", "2025-11-20", receipt_no="37010000012345")
    assert view["due_on"] == "2025-12-18"


async def test_REG_30_and_DL_07_a_correction_ends_a_delayed_date(office: RequestOffice) -> None:
    rid = await delayed(office, "2025-10-27")
    await office.moved(rid, "request-correction", "2025-09-30", items=["请说明所指房屋"])
    view = await office.moved(rid, "correct", "2025-10-14", wanted={"description": "补正后的描述"})
    assert view["due_on"] == "2025-11-11"


async def test_DL_08_what_is_delayed_is_not_extended(office: RequestOffice) -> None:
    rid = await delayed(office, "2025-11-10")
    refused = await office.move(rid, "extend", "2025-10-20", workdays=10, reason="需要查阅档案")
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_move")
    assert "extended" not in refused.json()["allowed"]


async def test_DL_05_an_overdue_answer_is_not_dated_back(office: RequestOffice) -> None:
    rid = await accepted(office)
    await office.moved(rid, "draft", "2025-12-01", answer=granted())
    for move, who, body in (
        ("review", "reviewer", {"kind": "legal", "passes": True}),
        ("return", "leader", {"reason": "请补充"}),
        ("withdraw", "handler", {}),
    ):
        refused = await step(office, rid, move, "2025-11-28", who, **body)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/on"), move
    for kind in ("legal", "secrecy"):
        await office.moved(rid, "review", "2025-12-01", kind=kind, passes=True)
    assert (await step(office, rid, "approve", "2025-11-30", "leader")).status_code == 422
    await office.moved(rid, "approve", "2025-12-01")
    assert (await step(office, rid, "serve", "2025-11-30", method="electronic")).status_code == 422


async def test_DL_05_a_step_of_long_ago_needs_the_right_to_record_it(office: RequestOffice) -> None:
    rid = await accepted(office)
    office.set_day("2025-12-01")
    refused = await step(office, rid, "draft", "2025-10-20", answer=granted())
    assert refused.json()["errors"][0]["detail"].startswith("早于今天超过5个工作日")
    assert (await step(office, rid, "draft", "2025-10-20", "archive", answer=granted())).status_code == 200


async def test_DL_05_approval_is_given_on_its_own_day(office: RequestOffice) -> None:
    """A number belongs to the year in which it is taken."""
    rid = await accepted(office)
    await office.moved(rid, "draft", "2025-12-30", answer=granted())
    for kind in ("legal", "secrecy"):
        await office.moved(rid, "review", "2025-12-30", kind=kind, passes=True)
    office.set_day("2026-01-05")
    assert (await step(office, rid, "approve", "2025-12-31", "leader")).json()["errors"][0][
        "detail"
    ] == "签发日期应为今天（2026-01-05）"
    view = await office.moved(rid, "approve", "2026-01-05")
    assert "2026" in view["reply_number"]


async def test_FEE_06_an_overdue_request_is_not_revived(office: RequestOffice) -> None:
    rid = await accepted(office)
    office.set_day("2025-10-27")
    fee = await step(office, rid, "notice-fee", "2025-10-24", method="per_page", pages=300)
    assert fee.status_code == 409
    letter = {"kind": "third_party", "name": "青后物业有限公司", "question": "是否同意公开"}
    asked = await step(office, rid, "consultations", "2025-10-24", **letter)
    assert (asked.status_code, asked.json()["errors"][0]["pointer"]) == (422, "/on")
    # Asking late is no crime; it only takes no day out of a time that is over.
    view = await step(office, rid, "consultations", "2025-10-27", **letter)
    assert (view.status_code, view.json()["due_on"]) == (200, "2025-10-24")


async def test_REG_32_and_REG_34_silence_says_nothing_while_the_receipt_is_unknown(office: RequestOffice) -> None:
    rid = await accepted(office)
    letter = {"kind": "co_producer", "name": "泉城市住建局", "question": "是否同意公开"}
    view = await office.moved(rid, "consultations", "2025-09-23", **letter)
    asked = view["consultations"][0]["id"]
    refused = await office.move(rid, "draft", "2025-10-24", answer=granted())
    assert (refused.status_code, "收到日期未登记" in refused.json()["detail"]) == (409, True)
    assert (await office.view(rid))["consultations"][0]["opinion"] is None
    late = await step(office, rid, f"consultations/{asked}:receive", "2025-09-24", "archive")
    assert late.json()["consultations"][0]["opinion"] == "deemed_to_agree"
    assert (await office.move(rid, "draft", "2025-10-24", answer=granted())).status_code == 200


async def test_FEE_07_what_is_paid_too_late_revives_nothing(office: RequestOffice) -> None:
    rid = await accepted(office)
    await office.moved(rid, "notice-fee", "2025-10-21", method="per_page", pages=300)
    late = await office.move(rid, "pay", "2025-11-21", receipt_no="37010000012345")
    assert (late.status_code, late.json()["errors"][0]["pointer"]) == (422, "/on")


async def test_an_opinion_that_comes_while_payment_is_awaited_is_taken_in(office: RequestOffice) -> None:
    rid = await accepted(office)
    letter = {"kind": "third_party", "name": "青后物业有限公司", "question": "是否同意", "received_on": "2025-09-23"}
    view = await office.moved(rid, "consultations", "2025-09-23", **letter)
    asked = view["consultations"][0]["id"]
    await office.moved(rid, "notice-fee", "2025-09-25", method="per_page", pages=300)
    view = await office.moved(rid, f"consultations/{asked}:answer", "2025-09-26", opinion="agrees")
    assert (view["state"], view["consultations"][0]["opinion"]) == ("awaiting_payment", "agrees")


async def test_steps_of_a_consultation_are_offered_while_there_is_a_letter_to_take_them(office: RequestOffice) -> None:
    def offered(view: dict[str, Any]) -> list[str]:
        return [one for one in view["allowed"] if one.startswith("consultation_")]

    rid = await accepted(office)
    assert offered(await office.view(rid)) == []
    letter = {"kind": "third_party", "name": "青后物业有限公司", "question": "是否同意"}
    view = await office.moved(rid, "consultations", "2025-09-23", **letter)
    at = f"consultations/{view['consultations'][0]['id']}"
    assert offered(view) == ["consultation_received", "consultation_answered"]
    assert offered(await office.moved(rid, f"{at}:receive", "2025-09-24")) == ["consultation_answered"]
    assert offered(await office.moved(rid, f"{at}:answer", "2025-09-25", opinion="agrees")) == []
    again = await office.move(rid, f"{at}:answer", "2025-09-25", opinion="agrees")
    assert (again.status_code, "drafted" in again.json()["allowed"]) == (409, True), "what is possible instead"


async def test_who_wrote_an_answer_reviews_none_of_its_successors(office: RequestOffice) -> None:
    rid = await accepted(office)
    both = await office.suite.token(CITY, Scope.REQUEST_HANDLE, Scope.REQUEST_REVIEW, Scope.REQUEST_APPROVE)
    other = await office.suite.token(CITY, Scope.REQUEST_HANDLE, Scope.REQUEST_REVIEW)
    client = office.suite.clients["request"]
    office.set_day("2025-09-23")

    async def take(headers: dict[str, str], move: str, **body: Any) -> Any:
        return await client.post(f"/v1/requests/{rid}:{move}", json={"on": "2025-09-23", **body}, headers=headers)

    assert (await take(both, "draft", answer=granted())).status_code == 200
    assert (await take(other, "return", reason="请补充")).status_code == 200
    assert (await take(other, "draft", answer=granted())).status_code == 200
    for kind in ("legal", "secrecy"):
        assert (await take(both, "review", kind=kind, passes=True)).json()["code"] == "duties_not_separated"
    for kind in ("legal", "secrecy"):
        await office.moved(rid, "review", "2025-09-23", kind=kind, passes=True)
    assert (await take(both, "approve")).json()["code"] == "duties_not_separated"


async def test_a_website_acts_only_for_those_who_came_to_it(office: RequestOffice) -> None:
    by_clerk = await office.submit(name="letter", who="handler")
    assert (await office.move(by_clerk["id"], "withdraw", "2025-09-22", "website")).status_code == 403
    online = {"channel": "online", "signed_on": None}
    own = await office.submit(request(wanted={"description": "另一份文件"}, **online), name="web")
    await office.moved(own["id"], "confirm", "2025-09-22")
    await office.moved(own["id"], "accept", "2025-09-22")
    await office.moved(own["id"], "request-correction", "2025-09-23", items=["请写明名称"])
    somebody = PERSON | {"name": "孔令晨", "identity": {"kind": "passport", "number": "E12345678"}}
    wanted = {"description": "补正后的描述"}
    swapped = await office.move(own["id"], "correct", "2025-09-24", "website", wanted=wanted, applicant=somebody)
    assert (swapped.status_code, swapped.json()["errors"][0]["pointer"]) == (422, "/applicant/identity")
    moved = PERSON | {"address": "泉城市历下区青后小区路9号"}
    corrected = await office.move(own["id"], "correct", "2025-09-24", "website", wanted=wanted, applicant=moved)
    assert corrected.status_code == 200, corrected.text
    assert (await office.move(own["id"], "withdraw", "2025-09-25", "website")).status_code == 200


@pytest.mark.parametrize(
    "entered",
    [
        {},
        {"channel": "in_person", "signed_on": None},
        {"channel": "online", "signed_on": None, "confirmed_on": "2025-09-22"},
        {"channel": "online", "signed_on": None, "filled_by_staff": True},
        {"channel": "online", "signed_on": None, "province_id": "SD-1"},
    ],
)
async def test_REG_31_a_website_sets_no_day_of_receipt(office: RequestOffice, entered: dict[str, Any]) -> None:
    refused = await office.put(request(**entered), who="website")
    assert (refused.status_code, refused.json()["required_scope"]) == (403, "request:handle"), refused.text
    assert (await office.put(request(**entered), who="handler")).status_code == 201


async def test_many_wrong_codes_at_once_are_as_many_tries(office: RequestOffice) -> None:
    receipt = await office.submit()

    async def guess(n: int) -> int:
        params = {"number": receipt["number"], "code": f"{n:012d}"}
        return (await office.call(None, "GET", "/v1/track", params=params)).status_code

    statuses = await asyncio.gather(*(guess(n) for n in range(60)))
    assert (statuses.count(404), statuses.count(429)) == (10, 50)


async def test_right_codes_are_no_tries_and_may_be_typed_full_width(office: RequestOffice) -> None:
    receipt = await office.submit()
    wide = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})
    params = {"number": receipt["number"].translate(wide), "code": receipt["query_code"].lower().translate(wide)}
    for _ in range(15):
        assert (await office.call(None, "GET", "/v1/track", params=params)).status_code == 200
