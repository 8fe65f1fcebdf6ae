"""A dossier from its draft to the public, and everything that stops it on the way."""

from typing import Any

import httpx
import pytest

from shared.schemas.dossiers import Dossier, ThreeSyncReport
from shared.schemas.scopes import Scope
from tests.dossiers import Office, material, open_office, plan
from tests.services import CITY, DISTRICT_A, Suite

FILE = {"name": "附件：选址标准.pdf", "url": "https://files.example.cn/1.pdf", "sha256": "ab" * 32}


@pytest.fixture
async def office(library: Suite) -> Office:
    return await open_office(library)


async def test_the_whole_way_from_draft_to_public(office: Office) -> None:
    case = await office.open()
    (material_id,) = await case.draft()
    hidden = await office.api.get(f"/v1/policies/{case.policy_id}")
    assert hidden.status_code == 404
    await case.review_files()
    await case.approve()
    assert (await case.submit())["state"] == "submitted"
    signed = await case.sign()
    assert (signed["state"], signed["signature"]["void"]) == ("signed", False)
    assert set(signed["signature"]["manifest"]) == {"policy", "plan", f"material:{material_id}"}
    released = await case.release()
    Dossier.model_validate(released)
    assert (released["state"], released["allowed_moves"]) == ("released", ["follow_up"])
    public = (await office.api.get(f"/v1/policies/{case.policy_id}")).json()
    assert [item["id"] for item in public["interpretations"]] == [material_id]
    shown = (await office.api.get(f"/v1/interpretations/{material_id}")).json()
    assert shown["policy"]["id"] == case.policy_id
    assert shown["published_on"] == public["published_on"] == released["published_on"]
    events = (await office.api.get("/v1/events", headers=office.releaser)).json()["events"]
    assert {"policy.released", "interpretation.released"} <= {event["type"] for event in events}


async def test_the_report_is_live_at_every_stage_and_whole(office: Office) -> None:
    case = await office.open()
    answer = await case.must("GET", "/three-sync", office.drafter)
    report = ThreeSyncReport.model_validate({key: answer[key] for key in ThreeSyncReport.model_fields})
    assert [item.rule for item in report.findings] == [f"TS-{number:02d}" for number in range(1, 31)]
    assert set(answer["blocks"]) == {"TS-02", "TS-03", "TS-04", "TS-09", "TS-10", "TS-14"}
    await case.prepare_signed()
    before = await case.report()
    assert before["TS-17"]["status"] == "not_applicable"
    await case.release()
    after = await case.report()
    for rule in ("TS-12", "TS-17", "TS-18", "TS-19", "TS-26"):
        assert after[rule]["status"] == "pass", after[rule]
    assert after["TS-20"]["status"] == "fail"
    receipt = {"channel": "市政府门户网站", "executed_on": (await case.read())["published_on"]}
    await case.must("POST", "/receipts", office.drafter, receipt)
    assert [item for item in (await case.report()).values() if item["status"] == "fail"] == []


async def test_an_incomplete_submission_is_refused_with_the_report_and_returned(office: Office) -> None:
    case = await office.open()
    await case.must("PUT", "/plan", office.drafter, plan())
    refused = await case.call("POST", ":submit", office.drafter)
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (409, "three_sync_blocked")
    assert len(problem["report"]["findings"]) == 30
    assert set(problem["report"]["blocks"]) == {"TS-04", "TS-09", "TS-10", "TS-14"}
    assert "TS-04" in problem["detail"]
    stands = await case.read()
    assert stands["state"] == "returned"
    assert (stands["returns"][0]["automatic"], len(stands["returns"][0]["missing"])) == (True, 4)
    assert (await case.report())["TS-16"]["status"] == "pass"
    await case.draft()
    await case.review_files()
    await case.approve()
    assert (await case.submit())["state"] == "submitted"


EDITS: dict[str, Any] = {
    "policy": lambda case: case.office.push("a", title="关于社区食堂建设的通知（改）"),
    "plan": lambda case: case.must("PUT", "/plan", case.office.drafter, plan(outline="另写的提纲")),
    "material": lambda case: case.must("POST", "/materials", case.office.drafter, material(title="又一份解读")),
}


@pytest.mark.parametrize("what", list(EDITS))
async def test_any_edit_after_signing_voids_the_signature(office: Office, what: str) -> None:
    case = await office.open()
    await case.prepare_signed()
    await EDITS[what](case)
    refused = await case.call("POST", ":release", office.releaser)
    assert (refused.status_code, refused.json()["code"]) == (409, "signature_void"), refused.text
    assert refused.json()["report"]["findings"][11]["status"] == "fail"
    assert (await case.report())["TS-12"]["status"] == "fail"
    assert (await case.read())["signature"]["void"] is True
    assert (await office.api.get(f"/v1/policies/{case.policy_id}")).status_code == 404


async def test_undoing_the_edit_restores_the_signature(office: Office) -> None:
    case = await office.open()
    await case.prepare_signed()
    await EDITS["plan"](case)
    await case.must("PUT", "/plan", office.drafter, plan())
    assert (await case.release())["state"] == "released"


async def test_a_returned_dossier_is_corrected_and_signed_anew(office: Office) -> None:
    case = await office.open()
    await case.prepare_signed()
    body = {"reason": "解读不够通俗", "missing": ["办理流程"]}
    returned = await case.must("POST", ":return", office.signer, body)
    assert (returned["state"], returned["signature"], returned["submitted_at"]) == ("returned", None, None)
    refused = await case.call("POST", ":release", office.releaser)
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_move")
    assert "submit" in refused.json()["allowed"]
    material_id = returned["materials"][0]["id"]
    changed = material(body="食堂开在社区里。老人凭卡就餐，残疾人可以预约送餐，办卡只要身份证明。")
    await case.must("PUT", f"/materials/{material_id}", office.drafter, changed)
    assert (await case.report())["TS-10"]["status"] == "fail"
    await case.review_files()
    await case.approve()
    await case.submit()
    await case.sign()
    assert (await case.release())["state"] == "released"


async def test_reviews_bind_to_the_content_they_saw(office: Office) -> None:
    case = await office.open(attachments=[FILE])
    await case.prepare()
    stands = await case.read()
    assert {"policy", "attachment:1"} <= set(stands["manifest"])
    stale = {"type": "secrecy", "subject": "policy", "result": "pass", "content_hash": "0" * 64}
    assert (await case.call("POST", "/reviews", office.reviewer, stale)).status_code == 409
    unknown = {"type": "secrecy", "subject": "attachment:2", "result": "pass"}
    assert (await case.call("POST", "/reviews", office.reviewer, unknown)).status_code == 404
    await office.push("a", attachments=[FILE | {"sha256": "cd" * 32}])
    current = {review["subject"]: review["current"] for review in (await case.read())["reviews"]}
    assert (current["policy"], current["attachment:1"]) == (False, False)
    assert any(current[subject] for subject in current if subject.startswith("material:"))
    assert (await case.report())["TS-14"]["status"] == "fail"


async def test_an_attachment_needs_a_persons_look_and_an_escalated_one_stays(office: Office) -> None:
    case = await office.open(attachments=[FILE])
    await case.prepare()
    assert (await case.report())["TS-15"]["status"] == "fail"
    await case.review("attachment:1", "personal_information")
    assert (await case.report())["TS-15"]["status"] == "pass"
    await case.review("attachment:1", "secrecy", "escalated", reason="是否涉密不明，报保密行政管理部门")
    assert (await case.report())["TS-14"]["status"] == "fail"


async def test_personal_information_stops_a_document_until_a_reviewer_gives_a_reason(office: Office) -> None:
    case = await office.open(body="　　咨询请联系值班员，电话13800138000。\n　　一、本通知自发布之日起施行。")
    await case.draft()
    finding = (await case.report())["TS-15"]
    assert finding["status"] == "fail"
    assert "13800138000" not in str(finding)
    assert "138****8000" in str(finding["evidence"])
    await case.review("policy", "personal_information")
    assert (await case.report())["TS-15"]["status"] == "fail"
    await case.review("policy", "personal_information", reason="值班手机，已征得本人同意")
    assert (await case.report())["TS-15"]["status"] == "pass"


async def test_a_normative_document_needs_its_legality_review_and_no_exemption_helps(office: Office) -> None:
    case = await office.open(doc_class="normative", expires_on="2030-12-31", market_related=True)
    await case.prepare()
    assert (await case.report())["TS-13"]["status"] == "fail"
    for kind in ("legality", "fair_competition"):
        await case.review("policy", kind)
    assert (await case.report())["TS-13"]["status"] == "pass"
    body = {"reason": "meeting_notice", "explanation": "会议通知"}
    await case.must("PUT", "/exemption", office.drafter, body)
    await case.review("exemption", "disclosure_office")
    assert (await case.report())["TS-07"]["status"] == "fail"
    await case.must("DELETE", "/exemption", office.drafter)
    assert (await case.report())["TS-07"]["status"] == "not_applicable"


async def test_an_exempt_notice_is_released_without_interpretation(office: Office) -> None:
    case = await office.open()
    body = {"reason": "meeting_notice", "explanation": "只通知开会时间"}
    await case.must("PUT", "/exemption", office.drafter, body)
    assert (await case.call("POST", ":submit", office.drafter)).status_code == 409
    await case.review("exemption", "disclosure_office")
    await case.review("policy")
    await case.approve()
    await case.submit()
    await case.sign()
    assert (await case.release())["state"] == "released"


async def test_what_is_not_for_the_public_is_signed_but_never_released(office: Office) -> None:
    case = await office.open(publicity="withheld", publicity_reason="涉及商业秘密")
    await case.review("policy")
    await case.review("policy", "disclosure_office")
    await case.approve()
    await case.submit()
    await case.sign()
    refused = await case.call("POST", ":release", office.releaser)
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_move")
    assert (await office.api.get(f"/v1/policies/{case.policy_id}")).status_code == 404


async def test_duties_are_kept_apart_by_client_and_by_person(office: Office) -> None:
    case = await office.open()
    await case.draft()
    every = await office.suite.token(CITY, *(scope for scope in Scope if scope.value.startswith("policy:")))
    review = {"type": "secrecy", "subject": "policy", "result": "pass"}
    same_person = office.reviewer | {"Acting-Person": "drafter-1"}
    refused = await case.call("POST", "/reviews", same_person, review)
    assert (refused.status_code, refused.json()["code"]) == (409, "duties_not_separated")
    jack = every | {"Acting-Person": "jack-1"}
    await case.must("POST", "/reviews", jack, review)
    for who in (jack, every | {"Acting-Person": "jack-2"}):
        refused = await case.call("POST", "/approvals", who, {"step": "department_head"})
        assert (refused.status_code, refused.json()["code"]) == (409, "duties_not_separated")
        refused = await case.call("PUT", "/plan", who, plan())
        assert (refused.status_code, refused.json()["code"]) == (409, "duties_not_separated")
    await case.review_files()
    await case.approve()
    await case.submit()
    reviewer_as_signer = office.signer | {"Acting-Person": "reviewer-1"}
    refused = await case.call("POST", ":sign", reviewer_as_signer)
    assert (refused.status_code, refused.json()["code"]) == (409, "duties_not_separated")
    assert (await case.sign())["state"] == "signed"


async def test_who_pushed_the_text_does_not_review_it(office: Office) -> None:
    both = await office.suite.token(CITY, Scope.POLICY_WRITE, Scope.POLICY_REVIEW)
    case = await office.open()
    pushed = await office.api.put(
        f"/v1/organizations/{CITY}/policies/a",
        json={"title": "另一系统推送的通知", "body": "　　正文。", "signed_on": "2026-03-02"},
        headers=both,
    )
    assert pushed.status_code == 200, pushed.text
    refused = await case.call(
        "POST",
        "/reviews",
        both | {"Acting-Person": "somebody"},
        {"type": "secrecy", "subject": "policy", "result": "pass"},
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "duties_not_separated")


async def test_every_act_says_who_acts(office: Office) -> None:
    case = await office.open()
    nobody = {name: value for name, value in office.drafter.items() if name != "Acting-Person"}
    refused = await case.call("PUT", "/plan", nobody, plan())
    assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")


CALLS: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("GET", "/three-sync", None),
    ("PUT", "/plan", plan()),
    ("PUT", "/exemption", {"reason": "meeting_notice", "explanation": "会议通知"}),
    ("DELETE", "/exemption", None),
    ("PUT", "/consultation", {"reference": "c-1", "opened_on": "2026-01-05"}),
    ("POST", "/materials", material()),
    ("PUT", "/materials/00000000-0000-0000-0000-000000000000", material()),
    ("DELETE", "/materials/00000000-0000-0000-0000-000000000000", None),
    ("POST", "/reviews", {"type": "secrecy", "result": "pass"}),
    ("POST", "/approvals", {"step": "department_head"}),
    ("POST", ":submit", None),
    ("POST", ":sign", None),
    ("POST", ":return", {"reason": "缺材料"}),
    ("POST", ":release", None),
    ("POST", "/receipts", {"channel": "网站", "executed_on": "2026-03-03"}),
    ("PUT", "/feedback", {"enquiries": 1}),
]


async def test_every_call_needs_its_scope_and_its_subtree(office: Office) -> None:
    case = await office.open()
    powerless = await office.suite.token(CITY, Scope.EVENTS_READ) | {"Acting-Person": "x"}
    scopes = [scope for scope in Scope if scope.value.startswith("policy:")]
    district = await office.suite.token(DISTRICT_A, *scopes) | {"Acting-Person": "x"}
    for method, path, body in CALLS:
        refused = await case.call(method, path, powerless, body)
        assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope"), path
        refused = await case.call(method, path, district, body)
        assert (refused.status_code, refused.json()["code"]) == (403, "outside_subtree"), path
    assert (await case.read())["version"] == 1
    refused = await office.api.post("/v1/dossiers", json={"policy_id": case.policy_id}, headers=district)
    assert refused.json()["code"] == "outside_subtree"


async def test_a_policy_has_one_open_dossier_and_a_public_text_none(office: Office) -> None:
    case = await office.open()
    again = {"organization": CITY, "external_id": "a"}
    refused = await office.api.post("/v1/dossiers", json=again, headers=office.drafter)
    assert (refused.status_code, refused.json()["dossier_id"]) == (409, case.id)
    await case.prepare_signed()
    await case.release()
    refused = await office.api.post("/v1/dossiers", json=again, headers=office.drafter)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    await office.push("a", title="关于社区食堂建设的通知（修订）")
    assert (await office.api.post("/v1/dossiers", json=again, headers=office.drafter)).status_code == 201


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"organization": CITY}, 422),
        ({"policy_id": "00000000-0000-0000-0000-000000000000", "organization": CITY, "external_id": "a"}, 422),
        ({"policy_id": "00000000-0000-0000-0000-000000000000"}, 404),
        ({"organization": CITY, "external_id": "none"}, 404),
    ],
)
async def test_a_dossier_names_exactly_one_known_policy(office: Office, body: dict[str, Any], status: int) -> None:
    assert (await office.api.post("/v1/dossiers", json=body, headers=office.drafter)).status_code == status


async def test_puts_take_if_match_and_posts_an_idempotency_key(office: Office) -> None:
    case = await office.open()
    etag = (await case.call("GET", "", office.drafter)).headers["etag"]
    fresh = await case.call("PUT", "/plan", office.drafter | {"If-Match": etag}, plan())
    assert fresh.status_code == 200
    stale = await case.call("PUT", "/plan", office.drafter | {"If-Match": etag}, plan(person="司马光"))
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    key = office.drafter | {"Idempotency-Key": "material-1"}
    first, second = [await case.call("POST", "/materials", key, material()) for _ in range(2)]
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert len((await case.read())["materials"]) == 1


async def test_a_signer_who_has_read_something_else_is_told(office: Office) -> None:
    case = await office.open()
    await case.prepare()
    submitted = await case.submit()
    stale = await case.call("POST", ":sign", office.signer, {"manifest_hash": "0" * 64})
    assert (stale.status_code, stale.json()["code"]) == (409, "conflict")
    await case.must("POST", ":sign", office.signer, {"manifest_hash": submitted["manifest_hash"]})


async def test_follow_up_is_asked_for_and_answered(office: Office) -> None:
    case = await office.open()
    await case.prepare_signed()
    await case.release()
    await case.must("PUT", "/feedback", office.drafter, {"enquiries": 60})
    assert (await case.report())["TS-27"]["status"] == "fail"
    tasks = [{"title": "跟踪解读", "due_on": "2027-03-01"}]
    await case.must("PUT", "/feedback", office.drafter, {"enquiries": 60, "follow_up_tasks": tasks})
    assert (await case.report())["TS-27"]["status"] == "pass"


async def test_an_amendment_calls_for_a_new_interpretation(office: Office) -> None:
    case = await office.open()
    await case.prepare_signed()
    await case.release()
    importer = await office.suite.token(CITY, Scope.POLICY_WRITE, Scope.POLICY_IMPORT)
    day = (await case.read())["published_on"]
    amending = {
        "title": "关于修改社区食堂通知的决定",
        "kind": "decision",
        "body": "　　将第一条修改为：每个社区建成一处。",
        "signed_on": day,
        "published_on": day,
        "relations": [{"type": "amends", "target_id": case.policy_id}],
    }
    path = f"/v1/organizations/{CITY}/policies/amending"
    assert (await office.api.put(path, json=amending, headers=importer)).status_code == 201
    finding = (await case.report())["TS-28"]
    assert "amendment" in {item["name"] for item in finding["evidence"]}, finding


async def test_a_second_text_goes_the_same_way_and_the_first_dossier_sees_its_interpretation(office: Office) -> None:
    first = await office.open()
    await first.prepare_signed()
    await first.release()
    second = await office.open("a", title="关于社区食堂建设的通知（修订）", version={"label": "第一次修订"})
    assert second.policy_id == first.policy_id
    shown = (await office.api.get(f"/v1/policies/{first.policy_id}")).json()
    assert shown["title"] == (await first.read())["policy"]["title"]
    await second.prepare_signed()
    assert (await first.report())["TS-28"]["status"] == "not_applicable"
    await second.release()
    after = await first.report()
    assert (after["TS-28"]["status"], after["TS-12"]["status"]) == ("pass", "pass")
    public = (await office.api.get(f"/v1/policies/{first.policy_id}")).json()
    assert len(public["interpretations"]) == 2
    assert (public["title"], public["version_number"]) == ("关于社区食堂建设的通知（修订）", 2)


async def test_a_withdrawn_policy_is_reported_as_no_longer_in_the_library(office: Office) -> None:
    case = await office.open()
    await case.prepare_signed()
    await case.release()
    gone = await office.api.post(
        f"/v1/policies/{case.policy_id}:withdraw", json={"reason": "发布有误"}, headers=office.releaser
    )
    assert gone.status_code in {200, 204}, gone.text
    report = await case.report()
    assert (report["TS-18"]["status"], report["TS-19"]["status"]) == ("fail", "fail")
    refused = await office.api.post("/v1/dossiers", json={"policy_id": case.policy_id}, headers=office.drafter)
    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")


async def test_what_was_created_is_found_where_its_answer_says(office: Office) -> None:
    """Relative to the address that was called: behind the gateway that has a prefix of its own."""
    pushed = await office.push("located")
    body = {"policy_id": pushed["id"]}
    called = httpx.URL("http://gateway/api/policy/v1/dossiers")
    opened = await office.api.post("/v1/dossiers", json=body, headers=office.drafter)
    where = called.join(opened.headers["location"])
    assert str(where) == f"http://gateway/api/policy/v1/dossiers/{opened.json()['id']}"
