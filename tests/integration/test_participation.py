"""Public participation whole: asked, opinions taken in and handled, the result published, linked with what came of it."""

from datetime import date, time, timedelta
from typing import Any

import httpx
import pytest

from services.policy_api.service.sealing import OpinionSealer
from shared.schemas.consultations import Consultation, Opinion
from shared.schemas.decisions import Decision, Evaluation
from shared.schemas.scopes import Scope
from tests.dossiers import Case
from tests.dossiers import open_office as open_dossier_office
from tests.participation import (
    DELIBERATION,
    GATES,
    PUBLICATION,
    TODAY,
    consultation,
    decision,
    evaluation,
    opinion,
    result,
)
from tests.participation_office import Office, open_office
from tests.services import BUREAU_A, CITY, DISTRICT_A, DISTRICT_B, Suite

DAY = timedelta(days=1)
CLOSES = TODAY + 30 * DAY


@pytest.fixture
async def office(library: Suite) -> Office:
    """The city's client with every right, on 2026-05-06."""
    return await open_office(library)


async def test_consultation_from_announcement_to_the_policy_that_came_of_it(office: Office) -> None:
    consultation_id = await office.announce()
    address = f"/v1/consultations/{consultation_id}"
    shown = await office.read(address)
    Consultation.model_validate(shown)
    assert (shown["status"], shown["changes_on"], shown["period"]["rule"]) == ("open", "2026-06-06", "PP-11")
    assert (shown["interpretation"]["stage"], shown["interpretation"]["published_on"]) == ("draft", "2026-05-06")
    first, second = await office.hand_in(consultation_id), await office.hand_in(consultation_id, text="价格太高。")
    assert (await office.read(f"{address}/opinion-count"))["received"] == 2
    office.set_day(CLOSES + DAY)
    assert (await office.read(address))["status"] == "closed"
    assert (await office.handle(first)).status_code == 200
    assert (await office.handle(second, "not_adopted")).status_code == 200
    items = [{"opinion": "早餐价格偏高", "outcome": "not_adopted", "reason": "已低于市场平均价"}]
    answer = await office.put_result(consultation_id, received=2, adopted=1, not_adopted=1, items=items)
    assert answer.status_code == 200, answer.text
    shown = await office.read(address)
    assert (shown["status"], shown["result"]["adopted"], shown["result"]["published_on"]) == (
        "result_published",
        1,
        "2026-06-06",
    )
    policy_id = await office.put_policy()
    linked = await office.announce(policies=[{"policy_id": policy_id}])
    assert linked == consultation_id
    shown = await office.read(address)
    assert (shown["policies"][0]["id"], shown["result"]["received"]) == (policy_id, 2)
    links = (await office.read(f"/v1/policies/{policy_id}/links"))["items"]
    assert [(link["kind"], link["id"], link["status"]) for link in links] == [
        ("consultation", consultation_id, "result_published")
    ]


async def test_refusal_names_the_rule_and_the_earliest_close(office: Office) -> None:
    answer = await office.put_entry("consultations", consultation(closes_on="2026-05-20"))
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/closes_on"
    assert "PP-11" in error["detail"]
    assert "2026-06-05" in error["detail"]


async def test_announcement_shows_the_draft_from_its_opening_on_and_the_log_is_told(office: Office) -> None:
    opening = {"opened_on": "2026-05-11", "closes_on": "2026-06-10"}
    consultation_id = await office.announce(**opening)
    address = f"/v1/consultations/{consultation_id}"
    shown = await office.read(address)
    hidden = ("draft", "explanation", "files", "interpretation")
    assert (shown["status"], {shown[name] for name in hidden}) == ("upcoming", {None})
    steps = [
        (date(2026, 5, 11), "open"),
        (date(2026, 6, 11), "closed"),
        (date(2026, 7, 11), "overdue_result"),
    ]
    for day, status in steps:
        office.set_day(day)
        # A reader is told the truth before the worker comes by, and the log when it does.
        assert (await office.read(address))["status"] == status
        assert await office.tell_changes(day) == 1
        last = (await office.events())[-1]
        assert (last["type"], last["data"]["status"]) == ("consultation.changed", status)
        assert await office.tell_changes(day) == 0
    assert (await office.read(address))["draft"].startswith("第一条")
    overdue = await office.read("/v1/consultations?status=overdue_result")
    assert [(item["id"], item.get("draft")) for item in overdue["items"]] == [(consultation_id, None)]


async def test_export_and_public_states_know_consultations(office: Office) -> None:
    consultation_id = await office.announce()
    lines = (await office.call("GET", "/v1/export")).text.splitlines()
    assert any(consultation_id in line and "consultation" in line for line in lines)
    states = await office.read(f"/v1/public-states?ids={consultation_id}")
    assert [state["id"] for state in states["items"]] == [consultation_id]


@pytest.mark.parametrize(
    ("day", "at", "status"),
    [
        (TODAY, time(0, 0), 201),
        (CLOSES, time(23, 59, 59), 201),
        (CLOSES + DAY, time(0, 0), 409),
        (TODAY - DAY, time(23, 59, 59), 409),
    ],
)
async def test_opinions_are_taken_in_until_midnight_in_the_city(
    office: Office, day: date, at: time, status: int
) -> None:
    office.set_day(TODAY - DAY)
    consultation_id = await office.announce()
    office.set_day(day, at)
    answer = await office.call("POST", f"/v1/consultations/{consultation_id}/opinions", opinion())
    assert answer.status_code == status, answer.text
    received = (await office.read(f"/v1/consultations/{consultation_id}/opinion-count"))["received"]
    assert received == (1 if status == 201 else 0)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": ""},
        {"text": "好"},
        {"text": " \n　 "},
        {"text": "字" * 20_001},
        opinion(submitter={"name": "甄" * 101}),
        opinion(submitter={"name": "甄无此人", "age": 40}),
        opinion(about="第一条"),
        opinion(submitter_kind="robot"),
    ],
)
async def test_unbounded_or_unknown_opinion_is_refused_without_repeating_it(office: Office, body: Any) -> None:
    consultation_id = await office.announce()
    answer = await office.call("POST", f"/v1/consultations/{consultation_id}/opinions", body)
    assert answer.status_code == 422
    assert "甄" not in answer.text


async def test_same_key_hands_an_opinion_in_once(office: Office) -> None:
    consultation_id = await office.announce()
    path, key = f"/v1/consultations/{consultation_id}/opinions", {"Idempotency-Key": "web-1"}
    first = await office.call("POST", path, opinion(), headers=key)
    second = await office.call("POST", path, opinion(), headers=key)
    other = await office.call("POST", path, opinion(text="另一条意见"), headers=key)
    assert (first.status_code, second.json(), other.status_code) == (201, first.json(), 409)
    assert (await office.read(f"/v1/consultations/{consultation_id}/opinion-count"))["received"] == 1


async def test_drafter_reads_opinions_in_order_page_by_page_and_by_handling(office: Office) -> None:
    consultation_id = await office.announce()
    texts = [f"第{number}条建议" for number in range(5)]
    ids = [await office.hand_in(consultation_id, text=text) for text in texts]
    path = f"/v1/consultations/{consultation_id}/opinions"
    read: list[Any] = []
    cursor: dict[str, str] = {}
    while True:
        answer = await office.call("GET", path, params={"limit": "2"} | cursor)
        assert answer.headers["cache-control"] == "no-store"
        page = answer.json()
        read += page["items"]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert [item["text"] for item in read] == texts
    assert {item["submitter"] for item in read} == {None}
    Opinion.model_validate(read[0])
    await office.handle(ids[1], "partly")
    by_handling = {
        name: [item["id"] for item in (await office.call("GET", path, params={"handling": name})).json()["items"]]
        for name in ("none", "partly", "adopted")
    }
    assert by_handling == {"none": [ids[0], *ids[2:]], "partly": [ids[1]], "adopted": []}
    foreign = await office.call("GET", path, params=cursor | {"handling": "none"})
    assert (foreign.status_code, foreign.json()["code"]) == (422, "invalid_cursor")


async def test_identities_need_their_own_right_and_a_reason_and_leave_a_trace(office: Office) -> None:
    consultation_id = await office.announce()
    named, anonymous = await office.hand_in(consultation_id), await office.hand_in(consultation_id, submitter=None)
    path = f"/v1/consultations/{consultation_id}/opinions"
    reader = await office.suite.token(CITY, Scope.OPINION_READ)
    asked = {"identities": "true", "reason": "回访提出建议的市民"}
    refused = await office.suite.policy.get(path, params=asked, headers=reader)
    assert (refused.status_code, refused.json()["required_scope"]) == (403, "opinion:identify")
    for reason in ({}, {"reason": "看看"}, {"reason": "联系13800138000核实"}):
        answer = await office.call("GET", path, params={"identities": "true"} | reason)
        assert answer.status_code == 422, answer.text
    assert "opinion.identified" not in {entry["action"] for entry in await office.audit()}
    answer = await office.call("GET", path, params=asked)
    shown = {item["id"]: item["submitter"] for item in answer.json()["items"]}
    assert shown == {
        named: {"name": "甄无此人", "contact": "010-00000001", "identity_number": None},
        anonymous: None,
    }
    last = (await office.audit())[-1]
    assert (last["action"], last["subject"]) == ("opinion.identified", consultation_id)
    assert "回访提出建议的市民" in str(last)
    assert named in str(last)


async def test_opinions_are_read_and_handled_by_the_drafters_own_subtree_only(office: Office) -> None:
    body = consultation()
    assert (await office.put_entry("consultations", body, org=DISTRICT_A)).status_code == 201
    listed = await office.read(f"/v1/consultations?organization={DISTRICT_A}")
    consultation_id = listed["items"][0]["id"]
    opinion_id = await office.hand_in(consultation_id)
    path = f"/v1/consultations/{consultation_id}/opinions"
    for org, status in ((DISTRICT_A, 200), (CITY, 200), (DISTRICT_B, 403), (BUREAU_A, 403)):
        headers = await office.suite.token(org, Scope.OPINION_READ, Scope.CONSULTATION_WRITE)
        answer = await office.suite.policy.get(path, headers=headers)
        assert answer.status_code == status
        handled = await office.suite.policy.put(
            f"/v1/opinions/{opinion_id}/handling", json={"outcome": "adopted"}, headers=headers
        )
        assert handled.status_code == status
    assert (await office.suite.policy.get(path)).status_code == 401


async def test_handling_wants_a_reason_and_names_no_person(office: Office) -> None:
    opinion_id = await office.hand_in(await office.announce())
    path = f"/v1/opinions/{opinion_id}/handling"
    for body in (
        {"outcome": "not_adopted"},
        {"outcome": "partly"},
        {"outcome": "partly", "reason": "    "},
        {"outcome": "ignored", "reason": "不理会"},
        {"outcome": "adopted", "reason": "已电话13800138000答复"},
    ):
        assert (await office.call("PUT", path, body)).status_code == 422
    first = await office.call("PUT", path, {"outcome": "adopted"})
    again = await office.call("PUT", path, {"outcome": "adopted"})
    assert (first.status_code, first.headers["etag"], again.json()) == (200, '"1"', first.json())
    nobody = "01890000-0000-7000-8000-000000000000"
    assert (await office.call("PUT", f"/v1/opinions/{nobody}/handling", {"outcome": "adopted"})).status_code == 404


async def test_result_is_refused_while_open_while_unhandled_and_when_miscounted(office: Office) -> None:
    consultation_id = await office.announce()
    opinion_id = await office.hand_in(consultation_id)
    assert (await office.put_result(consultation_id, received=1, adopted=1)).json()["code"] == "illegal_move"
    office.set_day(CLOSES + DAY)
    unhandled = await office.put_result(consultation_id, received=1, adopted=1)
    assert (unhandled.status_code, unhandled.json()["unhandled"]) == (409, 1)
    await office.handle(opinion_id)
    miscounted = await office.put_result(consultation_id, received=2, adopted=2)
    assert miscounted.json()["difference"] == {
        "received": {"stated": 2, "actual": 1},
        "adopted": {"stated": 2, "actual": 1},
    }
    personal = await office.put_result(consultation_id, received=1, adopted=1, summary="来信人电话13800138000。")
    assert (personal.status_code, personal.json()["errors"][0]["pointer"]) == (422, "/summary")
    assert (await office.read(f"/v1/consultations/{consultation_id}"))["result"] is None
    assert (await office.put_result(consultation_id, received=1, adopted=1)).status_code == 200


async def test_published_result_fixes_the_handlings_and_can_be_worded_better(office: Office) -> None:
    consultation_id = await office.announce()
    opinion_id = await office.hand_in(consultation_id)
    office.set_day(CLOSES + DAY)
    await office.handle(opinion_id)
    assert (await office.put_result(consultation_id, received=1, adopted=1)).status_code == 200
    changed = await office.handle(opinion_id, "partly")
    assert (changed.status_code, changed.json()["code"]) == (409, "illegal_move")
    before = len(await office.events())
    assert (await office.put_result(consultation_id, received=1, adopted=1)).status_code == 200
    assert len(await office.events()) == before
    office.set_day(CLOSES + 2 * DAY)
    better = await office.put_result(consultation_id, received=1, adopted=1, summary="收到意见一条，已采纳。")
    assert (better.json()["published_on"], better.json()["summary"]) == ("2026-06-06", "收到意见一条，已采纳。")
    stale = await office.call(
        "PUT",
        f"/v1/consultations/{consultation_id}/result",
        result(received=1, adopted=1),
        headers={"If-Match": '"1-0000000000000000"'},
    )
    assert stale.status_code == 412


async def test_withdrawn_consultation_takes_nothing_and_does_not_come_back(office: Office) -> None:
    consultation_id = await office.announce()
    gone = await office.call("POST", f"/v1/consultations/{consultation_id}:withdraw", {"reason": "草案有重大改动"})
    assert gone.status_code == 204
    path = f"/v1/consultations/{consultation_id}"
    assert (await office.call("POST", f"{path}/opinions", opinion())).status_code == 404
    assert (await office.suite.policy.get(f"{path}/opinion-count")).status_code == 404
    assert (await office.put_entry("consultations", consultation())).status_code == 409
    assert (await office.put_entry("consultations", consultation(), "b")).status_code == 201


async def test_opinion_sealed_under_another_key_is_not_shown(office: Office) -> None:
    consultation_id = await office.announce()
    await office.hand_in(consultation_id)
    office.suite.apps["policy"].state.kit.extra["opinion_sealer"] = OpinionSealer(
        "another-key-of-thirty-two-characters"
    )
    answer = await office.call("GET", f"/v1/consultations/{consultation_id}/opinions")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_decision_passes_its_gates_and_keeps_its_adjustments(office: Office) -> None:
    consultation_id = await office.announce(doc_kind="major_decision", closes_on="2026-06-05")
    participation = GATES["participation"] | {"consultation_id": consultation_id}
    running = participation | {"completed_on": None, "adoption": None}
    answer = await office.put_entry("decisions", decision(participation=running))
    assert answer.status_code == 201, answer.text
    address = f"/v1/decisions/{answer.json()['id']}"
    shown = await office.read(address)
    Decision.model_validate(shown)
    assert shown["status"] == "participation"
    early = await office.put_entry("decisions", decision(participation=running, deliberation=DELIBERATION))
    assert early.status_code == 422
    assert [error["pointer"] for error in early.json()["errors"]] == [
        "/deliberation",
        *(f"/{name}" for name in GATES),
    ]
    claimed = await office.put_entry("decisions", decision(participation=participation))
    assert claimed.json()["errors"][0]["pointer"] == "/participation/consultation_id"
    office.set_day(CLOSES + DAY)
    assert (await office.put_result(consultation_id)).status_code == 200
    policy_id = await office.put_policy()
    whole = GATES | {"participation": participation, "deliberation": DELIBERATION, "publication": PUBLICATION}
    later = {"planned_time": "2026年第三季度", "adjustment_reason": "选址工作量超出预期"}
    body = decision(**whole, **later, implemented_on="2026-06-10", policies=[{"policy_id": policy_id}])
    assert (await office.put_entry("decisions", body)).status_code == 200
    shown = await office.read(address)
    assert (shown["status"], shown["changes_on"]) == ("published", "2026-06-10")
    assert shown["adjustments"] == [
        {"adjusted_on": "2026-06-06", "reason": "选址工作量超出预期", "before": {"planned_time": "2026年第二季度"}}
    ]
    assert (await office.put_entry("decisions", body)).json()["outcome"] == "unchanged"
    links = (await office.read(f"/v1/policies/{policy_id}/links"))["items"]
    assert [link["kind"] for link in links] == ["decision"]
    assert await office.tell_changes(date(2026, 6, 10)) == 1
    assert (await office.read(address))["status"] == "implemented"


async def test_evaluation_names_its_policy_and_its_decision(office: Office) -> None:
    policy_id = await office.put_policy()
    made = await office.put_entry("decisions", decision())
    found = {"conclusion": "amend", "issues": [{"issue": "早餐价格标准偏高", "proposal": "按季度核定"}]}
    body = evaluation(policies=[{"policy_id": policy_id}], decision_id=made.json()["id"], **found)
    answer = await office.put_entry("evaluations", body)
    assert answer.status_code == 201, answer.text
    shown = await office.read(f"/v1/evaluations/{answer.json()['id']}")
    Evaluation.model_validate(shown)
    assert (shown["status"], shown["issues"][0]["proposal"]) == ("amend", "按季度核定")
    listed = await office.read(f"/v1/evaluations?policy_id={policy_id}&status=amend")
    assert [item["id"] for item in listed["items"]] == [shown["id"]]
    wrong = await office.put_entry("evaluations", body | {"decision_id": policy_id}, "b")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/decision_id")


LATE = consultation()["interpretation"]


async def open_case(office: Office) -> Case:
    people = await open_dossier_office(office.suite)
    office.set_day(TODAY)
    return await people.open()


async def note(case: Case, **held: Any) -> httpx.Response:
    return await case.call("PUT", "/consultation", case.office.drafter, held)


@pytest.mark.parametrize(
    ("changes", "explained_on", "status"),
    [({}, None, "pass"), ({"interpretation": None}, None, "fail"), ({"interpretation": None}, TODAY + DAY, "fail")],
)
async def test_dossier_reads_the_draft_interpretations_day_from_our_own_consultation(
    office: Office, changes: dict[str, Any], explained_on: date | None, status: str
) -> None:
    """TS-08: an interpretation added a day later was not published with the draft, whatever day it claims."""
    case = await open_case(office)
    consultation_id = await office.announce(**changes)
    if explained_on is not None:
        office.set_day(explained_on)
        await office.announce(interpretation=LATE | {"published_on": TODAY.isoformat()})
    answer = await note(case, consultation_id=consultation_id)
    assert answer.status_code == 200, answer.text
    assert answer.json()["consultation"]["consultation_id"] == consultation_id
    finding = (await case.report())["TS-08"]
    assert finding["status"] == status
    assert {"name": "consultation", "value": consultation_id} in finding["evidence"]


async def test_withdrawn_consultation_no_longer_shows_its_interpretation(office: Office) -> None:
    case = await open_case(office)
    consultation_id = await office.announce()
    await note(case, consultation_id=consultation_id)
    await office.call("POST", f"/v1/consultations/{consultation_id}:withdraw", {"reason": "草案有重大改动"})
    assert (await case.report())["TS-08"]["status"] == "fail"


async def test_consultation_held_elsewhere_is_still_reported(office: Office) -> None:
    case = await open_case(office)
    reported = {"reference": "省平台-7", "opened_on": "2026-03-02"}
    explained = {"interpretation_reference": "省平台-8", "interpretation_published_on": "2026-03-02"}
    assert (await note(case, **reported)).status_code == 200
    assert (await case.report())["TS-08"]["status"] == "fail"
    assert (await note(case, **reported, **explained)).status_code == 200
    assert (await case.report())["TS-08"]["status"] == "pass"


async def test_dossier_names_a_consultation_that_there_is_or_reports_one(office: Office) -> None:
    case = await open_case(office)
    upcoming = await office.announce(opened_on="2026-05-11", closes_on="2026-06-30")
    nobody = "01890000-0000-7000-8000-000000000000"
    for held in (
        {},
        {"reference": "c-1"},
        {"consultation_id": nobody},
        {"consultation_id": upcoming},
        {"consultation_id": upcoming, "opened_on": "2026-05-11"},
        {"consultation_id": case.policy_id},
    ):
        assert (await note(case, **held)).status_code == 422, held
