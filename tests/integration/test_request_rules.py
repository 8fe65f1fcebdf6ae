"""Rules of the Regulation by their numbers (domain.md §1, §4), over HTTP: what the other tests do not name."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from shared.schemas.scopes import Scope
from tests.request_office import PERSON, RequestOffice, granted, open_request_office, request
from tests.services import CITY, credit_code


@pytest.fixture
async def office(database_url: Callable[[str], str]) -> AsyncIterator[RequestOffice]:
    async with open_request_office(database_url) as opened:
        yield opened


async def accepted(office: RequestOffice, **changes: Any) -> str:
    receipt = await office.submit(request(**changes))
    await office.moved(receipt["id"], "accept", "2025-09-22")
    return str(receipt["id"])


async def drafted(office: RequestOffice, answer: dict[str, Any]) -> list[str]:
    """The pointers with which an answer is refused; empty when it goes on to review."""
    request_id = await accepted(office)
    tried = await office.move(request_id, "draft", "2025-10-15", answer=answer)
    return [] if tried.status_code == 200 else [one["pointer"] for one in tried.json()["errors"]]


async def test_REG_10_a_known_responsible_organ_is_named_with_its_contact(office: RequestOffice) -> None:
    answer = {"decision": "D1b", "reasons": "由区政府制作", "responsible": {"name": "明湖区人民政府"}}
    assert await drafted(office, answer) == ["/answer/responsible/contact"]


async def test_REG_27_nobody_is_asked_what_for(office: RequestOffice) -> None:
    refused = await office.put(request(purpose="科研"))
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/purpose"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"applicant": {"kind": "natural", "name": "柳青禾", "phone": "13800531234"}}, "/applicant/identity"),
        ({"applicant": {"kind": "natural", "name": "柳青禾", "identity": PERSON["identity"]}}, "/applicant"),
        ({"wanted": {"title": "方案"}}, "/wanted/description"),
        ({"form": {"carriers": [], "ways": ["post"]}}, "/form/carriers"),
        ({"form": {"carriers": ["paper"]}}, "/form/ways"),
    ],
)
async def test_REG_29_what_a_request_has_to_contain(
    office: RequestOffice, change: dict[str, Any], pointer: str
) -> None:
    refused = await office.put(request(**change))
    assert refused.status_code == 422, refused.text
    assert pointer in [one["pointer"] for one in refused.json()["errors"]]


async def test_REG_29_an_oral_request_is_written_down_by_the_office(office: RequestOffice) -> None:
    oral = {"channel": "oral", "signed_on": None, "submitted_at": "2025-09-22T09:00:00+08:00"}
    assert (await office.put(request(**oral))).status_code == 422
    receipt = await office.submit(request(**oral, filled_by_staff=True))
    assert receipt["received_on"] == "2025-09-22"


@pytest.mark.parametrize(
    ("channel", "days", "received"),
    [
        ("in_person", {}, "2025-09-20"),
        ("mail_signed", {"signed_on": "2025-09-22"}, "2025-09-22"),
        ("mail_plain", {"arrived_on": "2025-09-21", "confirmed_on": "2025-09-22"}, "2025-09-22"),
        ("fax", {"arrived_on": "2025-09-20", "confirmed_on": "2025-09-21"}, "2025-09-21"),
        ("online", {"confirmed_on": "2025-09-21"}, "2025-09-21"),
    ],
)
async def test_REG_31_the_day_of_receipt_follows_from_the_channel(
    office: RequestOffice, channel: str, days: dict[str, str], received: str
) -> None:
    receipt = await office.submit(request(channel=channel, **({"signed_on": None} | days)))
    assert receipt["received_on"] == received


async def test_P_08_a_plain_letter_waits_for_its_confirmation_and_raises_an_alarm(office: RequestOffice) -> None:
    plain = request(channel="mail_plain", signed_on=None, arrived_on="2025-09-22")
    assert (await office.submit(plain))["state"] == "pending_confirm"
    assert (await office.put(request(channel="mail_plain", signed_on=None), "r2")).status_code == 422
    office.set_day("2025-09-24")
    board = await office.call("supervisor", "GET", "/v1/board", params={"organization": CITY})
    assert board.json()["total"]["unconfirmed"] == 1


async def test_P_03_the_applicant_has_the_time_that_the_notice_names_or_ten_working_days(office: RequestOffice) -> None:
    cases: list[tuple[dict[str, Any], str]] = [({}, "2025-10-13"), ({"workdays": 3}, "2025-09-26")]
    for number, (body, until) in enumerate(cases):
        office.set_day("2025-09-22")
        receipt = await office.submit(name=f"r{number}")
        view = await office.moved(receipt["id"], "request-correction", "2025-09-23", items=["请写明文号"], **body)
        assert view["waiting_until"] == until


@pytest.mark.parametrize(("kind", "rule"), [("third_party", "P-06"), ("co_producer", "P-07"), ("other_organ", "P-07")])
async def test_P_06_and_P_07_fifteen_working_days_from_the_receipt_of_the_letter(
    office: RequestOffice, kind: str, rule: str
) -> None:
    request_id = await accepted(office)
    letter = {"kind": kind, "name": "某单位", "question": "是否同意公开"}
    view = await office.moved(request_id, "consultations", "2025-09-29", **letter)
    consultation = view["consultations"][0]["id"]
    view = await office.moved(request_id, f"consultations/{consultation}:receive", "2025-09-30")
    assert view["consultations"][0]["opinion_due_on"] == "2025-10-28", rule


async def test_REG_33_twenty_working_days_and_up_to_twenty_more(office: RequestOffice) -> None:
    request_id = await accepted(office)
    assert (await office.view(request_id))["due_on"] == "2025-10-24"
    too_long = await office.move(request_id, "extend", "2025-10-10", workdays=21, reason="档案较多")
    assert too_long.status_code == 422
    view = await office.moved(request_id, "extend", "2025-10-10", workdays=20, reason="档案较多")
    assert view["due_on"] == "2025-11-21"


async def test_DL_04_an_answer_on_the_last_day_is_in_time_and_the_day_after_is_late(office: RequestOffice) -> None:
    for name, day, in_time in (("a", "2025-10-24", True), ("b", "2025-10-25", False)):
        office.set_day("2025-09-22")
        receipt = await office.submit(name=name)
        await office.moved(receipt["id"], "accept", "2025-09-22")
        assert (await office.answer(receipt["id"], day))["in_time"] is in_time


async def test_DL_05_by_post_the_day_of_posting_counts_and_only_the_post_carries_it(office: RequestOffice) -> None:
    request_id = await accepted(office)
    await office.decide(request_id, "2025-10-23")
    without = await office.move(request_id, "serve", "2025-10-24", method="post")
    assert without.status_code == 422, "邮政法第五十五条"
    for number in ("SF1234567890123", "YT7531234567890", "１２３４５６７８９０１２３", "12345"):
        courier = await office.move(request_id, "serve", "2025-10-24", method="post", postal_number=number)
        assert courier.status_code == 422, number
    view = await office.moved(request_id, "serve", "2025-10-24", method="post", postal_number="XA12345678937")
    assert (view["answered_on"], view["in_time"]) == ("2025-10-24", True)


async def test_REG_35_reasons_are_asked_before_a_request_is_not_handled(office: RequestOffice) -> None:
    answer = {"decision": "E4", "reasons": "数量明显超过合理范围", "evaluation": "未说明合理理由"}
    assert await drafted(office, answer) == ["/answer/decision"]
    receipt = await office.submit(request(wanted={"description": "第二件"}), "r2")
    rid = receipt["id"]
    await office.moved(rid, "accept", "2025-10-15")
    asked = await office.moved(rid, "ask-reasons", "2025-10-15", reason="一月内提交申请四百件")
    assert asked["due_on"] == "2025-10-24", "the clock runs on"
    await office.moved(rid, "evaluate-reasons", "2025-10-17", reasonable=False, evaluation="未说明合理理由")
    assert (await office.moved(rid, "draft", "2025-10-20", answer=answer))["state"] == "in_review"


async def test_REG_35_a_reasonable_but_long_request_is_delayed_to_a_day_that_is_told(office: RequestOffice) -> None:
    request_id = await accepted(office)
    await office.moved(request_id, "ask-reasons", "2025-09-25")
    body: dict[str, Any] = {"reasonable": True, "evaluation": "理由成立，数量较大", "delayed_until": "2026-01-30"}
    view = await office.moved(request_id, "evaluate-reasons", "2025-10-10", **body)
    assert view["due_on"] == "2026-01-30"


@pytest.mark.parametrize(
    ("answer", "pointers"),
    [
        ({"decision": "A2"}, ["/answer/access"]),
        ({"decision": "B", "access": "邮寄"}, ["/answer/withheld"]),
        ({"decision": "C4", "exemption": "EX14_LAW", "reasons": "第三方不同意"}, ["/answer/exemption"]),
        ({"decision": "C8", "exemption": "QRY36_7", "reasons": "不动产登记资料"}, ["/answer/law"]),
        ({"decision": "D1a", "reasons": "信息不存在"}, ["/answer/search_record"]),
        (
            {
                "decision": "D1a",
                "reasons": "信息不存在",
                "search_record": {
                    "places": ["档案室"],
                    "keywords": ["批复"],
                    "searched_by": "秦明远",
                    "searched_on": "2030-01-01",
                },
            },
            ["/answer/search_record/searched_on"],
        ),
        ({"decision": "D3", "reasons": "不明确"}, ["/answer/decision"]),
        ({"decision": "E1", "reasons": "属于投诉"}, ["/answer/guidance"]),
        ({"decision": "E2", "reasons": "重复"}, ["/answer/earlier_number"]),
        ({"decision": "F1", "reasons": "未补正"}, ["/answer/decision"]),
        ({"decision": "F3"}, ["/answer/reasons"]),
        ({"decision": "A2", "access": "邮寄", "exemption": "EX14_LAW"}, ["/answer/exemption"]),
    ],
)
async def test_REG_36_each_decision_has_what_it_must_contain(
    office: RequestOffice, answer: dict[str, Any], pointers: list[str]
) -> None:
    assert await drafted(office, answer) == pointers


async def test_REG_38_nothing_has_to_be_made_or_analysed(office: RequestOffice) -> None:
    assert await drafted(office, {"decision": "D2"}) == ["/answer/reasons"]
    office.set_day("2025-09-22")


async def test_REG_40_and_REG_43_the_form_and_the_help_that_is_asked_for_are_kept(office: RequestOffice) -> None:
    form = {"carriers": ["paper", "email"], "ways": ["pick_up"], "accepts_other": False}
    receipt = await office.submit(request(form=form, assistance=["visual", "writing"]))
    view = await office.view(receipt["id"])
    assert view["form"] == form
    assert view["assistance"] == ["visual", "writing"]


async def test_REG_42_a_first_request_costs_nothing_and_pages_beyond_thirty_do(office: RequestOffice) -> None:
    request_id = await accepted(office)
    assert (await office.move(request_id, "notice-fee", "2025-10-10", method="per_item")).status_code == 409
    assert (await office.move(request_id, "notice-fee", "2025-10-10", method="per_page", pages=30)).status_code == 409
    view = await office.moved(request_id, "notice-fee", "2025-10-10", method="per_page", pages=68)
    assert view["steps"][-1]["facts"]["amount_yuan"] == 380


async def test_FEE_02_per_item_or_per_page_never_both(office: RequestOffice) -> None:
    request_id = await accepted(office)
    both = await office.move(request_id, "notice-fee", "2025-10-10", method="per_item", pages=68)
    assert both.status_code == 422


async def test_FEE_06_a_fee_is_noticed_inside_the_time_for_the_answer(office: RequestOffice) -> None:
    request_id = await accepted(office)
    late = await office.move(request_id, "notice-fee", "2025-10-27", method="per_page", pages=68)
    assert late.status_code == 409


async def test_FEE_05_the_organ_decides_and_its_office_gives_notice(office: RequestOffice) -> None:
    request_id = await accepted(office)
    by_website = await office.move(request_id, "notice-fee", "2025-10-10", "website", method="per_page", pages=68)
    assert by_website.status_code == 403
    await office.moved(request_id, "notice-fee", "2025-10-10", method="per_page", pages=68)
    notices = (await office.call("handler", "GET", f"/v1/requests/{request_id}/notices")).json()
    assert any(notice["title"].startswith("政府信息公开信息处理费收费通知书") for notice in notices)


async def test_FEE_11_a_charge_is_proposed_and_nobody_is_charged_by_itself(office: RequestOffice) -> None:
    receipts = [
        await office.submit(name=f"r{n}", body=request(wanted={"description": f"第{n}号会议纪要"}))
        for n in range(1, 12)
    ]
    proposed = []
    for receipt in receipts[-2:]:
        notes = (await office.call("handler", "GET", f"/v1/requests/{receipt['id']}/proposals")).json()["items"]
        proposed.append([note["reason"] for note in notes if note["kind"] == "fee"])
    assert proposed == [[], ["同一申请人本月的第11件申请，按件计收可收100元；是否收费由本机关决定"]]
    last = receipts[-1]["id"]
    await office.moved(last, "accept", "2025-09-23")
    await office.answer(last, "2025-10-15")
    assert (await office.view(last))["state"] == "served"


async def test_REG_02_what_is_no_government_information_can_be_said_so(office: RequestOffice) -> None:
    request_id = await accepted(office)
    reason = "所申请的是本机关作为民事主体采购办公用品的合同，不是履行行政管理职能产生的信息"
    await office.answer(request_id, "2025-10-15", {"decision": "F3", "reasons": reason})
    view = await office.view(request_id)
    assert (view["decision"], view["state"]) == ("F3", "served")


async def test_FEE_07_what_is_not_paid_is_closed_by_the_worker(office: RequestOffice) -> None:
    request_id = await accepted(office)
    await office.moved(request_id, "notice-fee", "2025-10-21", method="per_page", pages=68)
    office.set_day("2025-11-28")
    await office.run_job("close lapsed")
    view = await office.view(request_id)
    assert (view["state"], view["decision"], view["report_row"]) == ("closed", "F2", "r.other.no_payment")
    assert view["steps"][-1]["on"] == "2025-11-21"


async def test_REG_45_every_stage_has_its_moment(office: RequestOffice) -> None:
    request_id = await accepted(office)
    await office.answer(request_id, "2025-10-15")
    view = await office.moved(request_id, "archive", "2025-10-20")
    kinds = [step["kind"] for step in view["steps"]]
    assert kinds == ["submitted", "accepted", "drafted", "reviewed", "reviewed", "approved", "served", "archived"]
    assert all(step["recorded_at"] and step["on"] for step in view["steps"])


async def test_REG_54_an_organ_outside_the_tree_takes_no_requests(office: RequestOffice) -> None:
    external = {
        "name": "国务院办公厅",
        "kind": "external",
        "level": "national",
        "division_code": "100000",
        "parent": CITY,
    }
    code = credit_code("11100000000014349")
    put = await office.suite.exchange.put(f"/v1/organizations/{code}", json=external, headers=office.suite.admin)
    if put.status_code >= 400:
        pytest.fail(put.text)
    refused = await office.put(org=code)
    assert refused.status_code == 422


async def test_only_who_may_take_a_step_takes_it(office: RequestOffice) -> None:
    request_id = await accepted(office)
    bodies: dict[str, dict[str, Any]] = {
        "draft": {"answer": granted()},
        "review": {"kind": "legal", "passes": True},
        "approve": {},
        "extend": {"workdays": 5, "reason": "档案较多"},
        "serve": {"method": "electronic"},
    }
    website = await office.suite.token(CITY, Scope.REQUEST_SUBMIT)
    for move, body in bodies.items():
        path = f"/v1/requests/{request_id}:{move}"
        sent = {"on": "2025-09-23", **body}
        answer = await office.suite.clients["request"].post(path, json=sent, headers=website)
        assert answer.status_code == 403, move
    assert (await office.call("bureau", "GET", f"/v1/organizations/{CITY}/requests")).status_code == 403
