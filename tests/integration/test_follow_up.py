"""After publication: enquiries are counted, tasks to interpret again open and close, a follow-up is published."""

import asyncio
from datetime import date, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.policy_api.rules.follow_up_tasks import FollowUpLimits
from services.policy_api.service.follow_up import Terms, open_due_tasks
from services.policy_api.worker import jobs_of
from shared.kit.clock import local_day, system_clock
from shared.kit.workdays import load_seed_calendar
from shared.schemas.enquiries import PolicyEnquiries
from shared.schemas.interpretation_tasks import InterpretationTask
from shared.schemas.scopes import Scope
from tests.dossiers import material, open_office
from tests.participation import evaluation
from tests.policies import published
from tests.services import CITY, DISTRICT_A, DISTRICT_B, Suite

TODAY = local_day(system_clock())


@pytest.fixture
async def editor(library: Suite) -> dict[str, str]:
    """The city's client that imports."""
    return await library.token(
        CITY, Scope.POLICY_WRITE, Scope.POLICY_IMPORT, Scope.POLICY_RELEASE, Scope.ENQUIRY_WRITE, Scope.EVENTS_READ
    )


@pytest.fixture
async def office(library: Suite) -> dict[str, str]:
    """The city's drafting office: it may not import."""
    return await library.token(CITY, Scope.POLICY_WRITE)


async def put_policy(library: Suite, headers: dict[str, str], name: str = "a", org: str = CITY, **changes: Any) -> str:
    answer = await library.policy.put(
        f"/v1/organizations/{org}/policies/{name}", json=published(**changes), headers=headers
    )
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["id"])


async def put_enquiries(
    library: Suite, headers: dict[str, str], month: int, count: int, name: str | None = None, **changes: Any
) -> httpx.Response:
    body = {
        "policy": {"external_id": "a"},
        "period_from": f"2026-{month:02}-01",
        "period_to": f"2026-{month:02}-28",
        "count": count,
    } | changes
    return await library.policy.put(f"/v1/organizations/{CITY}/enquiries/{name or month}", json=body, headers=headers)


async def tasks(library: Suite, headers: dict[str, str], **query: Any) -> list[dict[str, Any]]:
    answer = await library.policy.get("/v1/interpretation-tasks", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    for item in items:
        InterpretationTask.model_validate(item)
    return items


def follow_up(**changes: Any) -> dict[str, Any]:
    reviews = {
        "drafted_by": "staff-1",
        "secrecy_reviewed_by": "staff-2",
        "secrecy_reviewed_on": TODAY.isoformat(),
        "approved_by": "staff-3",
        "approved_on": TODAY.isoformat(),
    }
    day = TODAY.isoformat()
    wanted = {"stage": "follow_up", "policy_external_id": "a", "published_on": day, "reviews": reviews}
    return material(channels=["市政府门户网站"], **wanted) | changes


async def put_interpretation(
    library: Suite, headers: dict[str, str], body: dict[str, Any], name: str = "f", org: str = CITY
) -> httpx.Response:
    return await library.policy.put(f"/v1/organizations/{org}/interpretations/{name}", json=body, headers=headers)


async def sweep(library: Suite, today: date = TODAY, **limits: int) -> int:
    terms = Terms(today, load_seed_calendar(), FollowUpLimits(**limits))
    async with library.apps["policy"].state.kit.database.write() as session:
        return await open_due_tasks(session, terms, at_once=100)


async def test_each_passing_of_the_threshold_opens_one_task(library: Suite, editor: dict[str, str]) -> None:
    policy_id = await put_policy(library, editor)
    assert (await put_enquiries(library, editor, 4, 49)).status_code == 201
    assert await tasks(library, editor) == []
    again = await put_enquiries(library, editor, 4, 50)
    assert (again.status_code, again.json()["outcome"], again.json()["version"]) == (200, "updated", 2)
    assert (await put_enquiries(library, editor, 4, 50)).json()["outcome"] == "unchanged"
    await put_enquiries(library, editor, 5, 70)
    [task] = await tasks(library, editor, state="open")
    assert (task["reason"], task["cause"], task["policy"]["id"]) == ("enquiries", "1", policy_id)
    assert task["due_on"] == load_seed_calendar().add_workdays(TODAY, 20).on.isoformat()
    answer = await library.policy.get(f"/v1/policies/{policy_id}/enquiries", headers=editor)
    view = PolicyEnquiries.model_validate_json(answer.content)
    assert (view.total, [period.count for period in view.periods]) == (120, [70, 50])


async def test_follow_up_interpretation_closes_the_task_and_the_next_passing_opens_another(
    library: Suite, editor: dict[str, str], office: dict[str, str]
) -> None:
    policy_id = await put_policy(library, editor)
    await put_enquiries(library, editor, 4, 60)
    answer = await put_interpretation(library, office, follow_up())
    assert answer.status_code == 201, answer.text
    [task] = await tasks(library, office)
    assert (task["state"], task["closed_by"], task["closed_on"]) == ("done", answer.json()["id"], TODAY.isoformat())
    shown = (await library.policy.get(f"/v1/policies/{policy_id}")).json()["interpretations"]
    assert [(item["id"], item["stage"]) for item in shown] == [(answer.json()["id"], "follow_up")]
    await put_enquiries(library, editor, 5, 60)
    assert [task["cause"] for task in await tasks(library, office, state="open")] == ["2"]
    assert (await put_interpretation(library, office, follow_up())).json()["outcome"] == "unchanged"


async def test_dismissed_task_stays_dismissed(library: Suite, editor: dict[str, str], office: dict[str, str]) -> None:
    await put_policy(library, editor)
    await put_enquiries(library, editor, 4, 60)
    [task] = await tasks(library, office)
    path = f"/v1/interpretation-tasks/{task['id']}:dismiss"
    other = await library.token(DISTRICT_A, Scope.POLICY_WRITE)
    assert (await library.policy.post(path, json={"reason": "无需"}, headers=other)).status_code == 403
    done = await library.policy.post(path, json={"reason": "咨询集中在办事流程，已由问答答复"}, headers=office)
    assert (done.status_code, done.json()["state"]) == (200, "dismissed"), done.text
    twice = await library.policy.post(path, json={"reason": "再次免办"}, headers=office)
    assert (twice.status_code, twice.json()["code"]) == (409, "illegal_move")
    await put_enquiries(library, editor, 4, 70)
    assert await tasks(library, office, state="open") == []


async def test_overlapping_periods_are_not_counted_twice(library: Suite, editor: dict[str, str]) -> None:
    await put_policy(library, editor)
    await put_enquiries(library, editor, 4, 10)
    overlapping = await put_enquiries(library, editor, 4, 10, name="again")
    assert (overlapping.status_code, overlapping.json()["overlapping"]) == (409, "4")
    assert (await put_enquiries(library, editor, 4, 10, name="counter", source="counter")).status_code == 201
    nowhere = await put_enquiries(library, editor, 5, 1, policy={"external_id": "nowhere"})
    assert [error["pointer"] for error in nowhere.json()["errors"]] == ["/policy"]


async def test_many_counts_at_once_open_one_task(library: Suite, editor: dict[str, str]) -> None:
    policy_id = await put_policy(library, editor)
    answers = await asyncio.gather(*(put_enquiries(library, editor, month, 9) for month in range(1, 7)))
    assert {answer.status_code for answer in answers} == {201}
    view = (await library.policy.get(f"/v1/policies/{policy_id}/enquiries", headers=editor)).json()
    assert (view["total"], len(await tasks(library, editor))) == (54, 1)


async def test_tasks_are_the_subtrees_own_and_paged(library: Suite, editor: dict[str, str]) -> None:
    for name, org in (("a", CITY), ("b", DISTRICT_A), ("c", DISTRICT_B)):
        policy_id = await put_policy(library, editor, name, org)
        await put_enquiries(library, editor, 4, 60, name=name, policy={"policy_id": policy_id})
    district = await library.token(DISTRICT_A, Scope.POLICY_WRITE)
    assert [task["organization"]["code"] for task in await tasks(library, district)] == [DISTRICT_A]
    refused = await library.policy.get(
        "/v1/interpretation-tasks", params={"organization": DISTRICT_B}, headers=district
    )
    assert refused.status_code == 403
    seen, query = [], {"limit": 1}
    while True:
        page = (await library.policy.get("/v1/interpretation-tasks", params=query, headers=editor)).json()
        seen += [task["id"] for task in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert len(set(seen)) == len(seen) == 3


async def test_major_policy_six_months_in_effect_is_to_be_interpreted_again(
    library: Suite, editor: dict[str, str]
) -> None:
    await put_policy(library, editor, major=True, effective_on="2026-03-10")
    await put_policy(library, editor, "minor", effective_on="2026-03-10")
    assert await sweep(library, date(2026, 9, 9)) == 0
    assert await sweep(library, date(2026, 9, 10)) == 1
    assert await sweep(library, date(2026, 9, 11)) == 0
    [task] = await tasks(library, editor)
    assert (task["reason"], task["cause"], task["opened_on"]) == ("effect", "2026-03-10", "2026-09-10")


async def test_major_policy_already_followed_up_opens_none(library: Suite, editor: dict[str, str]) -> None:
    await put_policy(library, editor, major=True, effective_on="2026-03-10")
    await put_interpretation(library, editor, follow_up(published_on="2026-05-06"))
    assert await sweep(library, date(2026, 9, 10)) == 0


async def test_amendment_opens_a_task_that_any_new_interpretation_closes(
    library: Suite, editor: dict[str, str]
) -> None:
    policy_id = await put_policy(library, editor, livelihood=True)
    plain = await put_policy(library, editor, "plain")
    for name, target in (("decision", policy_id), ("other", plain)):
        act: dict[str, Any] = {"relations": [{"type": "amends", "target_id": target}], "published_on": "2026-09-30"}
        await put_policy(library, editor, name, **act)
    assert await sweep(library, date(2026, 10, 8)) == 1
    [task] = await tasks(library, editor)
    assert (task["reason"], task["policy"]["id"], task["due_on"]) == (
        "amended",
        policy_id,
        "2026-10-10",
    )  # 8, 9 and the worked Saturday
    before = material(policy_external_id="a", published_on="2026-09-29")
    assert (await put_interpretation(library, editor, before, "before")).status_code == 201
    assert (await tasks(library, editor))[0]["state"] == "open"
    explaining = material(policy_external_id="decision", published_on="2026-10-09")
    assert (await put_interpretation(library, editor, explaining, "explaining")).status_code == 201
    assert (await tasks(library, editor))[0]["state"] == "done"


async def test_own_later_text_opens_a_task_and_a_corrected_one_does_not(library: Suite, editor: dict[str, str]) -> None:
    await put_policy(library, editor, livelihood=True)
    await put_policy(library, editor, livelihood=True, body="　　改正了错字的同一份文本。")
    assert await sweep(library, date(2026, 3, 5)) == 0
    later: dict[str, Any] = {
        "version": {"effective_on": "2026-06-01", "label": "第一次修订"},
        "published_on": "2026-05-20",
    }
    await put_policy(library, editor, livelihood=True, body="　　修订后的文本。", **later)
    assert await sweep(library, date(2026, 5, 21)) == 1
    assert (await tasks(library, editor))[0]["cause"].endswith("#3")


async def test_tasks_of_an_ended_policy_are_dismissed(library: Suite, editor: dict[str, str]) -> None:
    policy_id = await put_policy(library, editor)
    await put_enquiries(library, editor, 4, 60)
    act: dict[str, Any] = {"relations": [{"type": "repeals", "target_id": policy_id}], "effective_on": "2026-04-01"}
    await put_policy(library, editor, "end", **act)
    assert await sweep(library) == 1
    [task] = await tasks(library, editor)
    assert (task["state"], task["policy"]["validity"]) == ("dismissed", "repealed")


async def test_evaluation_with_issues_opens_a_task(library: Suite, editor: dict[str, str]) -> None:
    policy_id = await put_policy(library, editor)
    evaluator = await library.token(CITY, Scope.DECISION_WRITE)
    for name, issues in (("clean", []), ("found", [{"issue": "资格条件看不懂", "proposal": "再解读一次"}])):
        body = evaluation(policies=[{"policy_id": policy_id}], issues=issues, published_on="2026-08-03")
        path = f"/v1/organizations/{CITY}/evaluations/{name}"
        answer = await library.policy.put(path, json=body, headers=evaluator)
        assert answer.status_code == 201, answer.text
    assert await sweep(library, date(2026, 8, 4)) == 1
    assert await sweep(library, date(2026, 8, 5)) == 0
    [task] = await tasks(library, editor)
    assert (task["reason"], task["caused_on"], task["cause"]) == ("evaluation", "2026-08-03", answer.json()["id"])


async def test_report_of_the_three_synchronisations_knows_what_the_library_knows(library: Suite) -> None:
    """TS-27: without a word from the office, counts call for a second interpretation, and its task is the evidence."""
    office = await open_office(library)
    case = await office.open()
    await case.prepare_signed()
    await case.release()
    counter = await library.token(CITY, Scope.ENQUIRY_WRITE)
    await put_enquiries(library, counter, 4, 60, policy={"policy_id": case.policy_id})
    [task] = await tasks(library, office.drafter)
    finding = (await case.report())["TS-27"]
    assert finding["status"] == "pass"
    assert any(task["id"] in item["value"] for item in finding["evidence"] if item["name"] == "task")
    assert any("60" in item["value"] for item in finding["evidence"] if item["name"] == "cause")
    overdue = datetime.fromisoformat(f"{task['due_on']}T16:00:01+00:00")
    library.apps["policy"].state.kit.clock = lambda: overdue
    assert (await case.report())["TS-27"]["status"] == "fail"
    [seen] = await tasks(library, office.drafter)
    assert seen["overdue"] is True


async def test_report_names_the_task_of_an_amendment(library: Suite, editor: dict[str, str]) -> None:
    office = await open_office(library)
    case = await office.open(livelihood=True)
    await case.prepare_signed()
    await case.release()
    later = TODAY + timedelta(days=5)
    library.apps["policy"].state.kit.clock = lambda: system_clock() + timedelta(days=5)
    act: dict[str, Any] = {"relations": [{"type": "amends", "target_id": case.policy_id}]}
    days = dict.fromkeys(("signed_on", "published_on", "effective_on"), later.isoformat())
    amending = await put_policy(library, editor, "act", **act, **days)
    assert await sweep(library, later) == 1
    [task] = await tasks(library, office.drafter)
    finding = (await case.report())["TS-28"]
    assert finding["status"] == "not_applicable"  # not due yet
    told = [(item["name"], item["value"]) for item in finding["evidence"]]
    assert {("amendment", amending), ("task", task["id"]), ("due_on", task["due_on"])} <= set(told)


async def test_worker_opens_tasks_by_its_own_clock(library: Suite, editor: dict[str, str]) -> None:
    await put_policy(library, editor, major=True, effective_on="2026-03-10")
    kit = library.apps["policy"].state.kit
    clock = system_clock() - (datetime.combine(TODAY, datetime.min.time()) - datetime(2026, 9, 10))
    jobs = {job.name: job for job in jobs_of(kit.database, kit.settings, clock=lambda: clock)}
    assert await jobs["follow-ups"].run() is False
    assert [task["reason"] for task in await tasks(library, editor)] == ["effect"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"reviews": None}, "/reviews"),
        ({"reviews": {"approved_by": "staff-1"}}, "/reviews/approved_by"),
        ({"reviews": {"secrecy_reviewed_by": "staff-1"}}, "/reviews/secrecy_reviewed_by"),
        ({"reviews": {"secrecy_reviewed_by": "staff-3"}}, "/reviews/approved_by"),
        ({"reviews": {"approved_on": "2099-01-01"}}, "/reviews/approved_on"),
        ({"reviews": {"approved_on": "2026-01-05"}}, "/reviews/secrecy_reviewed_on"),
        ({"body": "老人可以打13800138000问。"}, "/body"),
        ({"body": "本解读为机密★一年。"}, "/body"),
        ({"published_on": "2026-05-06"}, "/published_on"),
    ],
)
async def test_follow_up_without_its_reviews_is_refused(
    library: Suite, editor: dict[str, str], office: dict[str, str], changes: dict[str, Any], pointer: str
) -> None:
    await put_policy(library, editor)
    wanted = follow_up()
    if isinstance(changes.get("reviews"), dict):
        changes = {"reviews": wanted["reviews"] | changes["reviews"]}
    answer = await put_interpretation(library, office, wanted | changes)
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, [pointer])


async def test_only_follow_ups_of_own_policies_go_without_import(
    library: Suite, editor: dict[str, str], office: dict[str, str]
) -> None:
    policy_id = await put_policy(library, editor)
    issue = await put_interpretation(library, office, follow_up(stage="issue"))
    assert (issue.status_code, issue.json()["code"]) == (403, "insufficient_scope")
    imported = material(policy_external_id="a", published_on="2026-03-03")
    assert (await put_interpretation(library, editor, imported, "old")).status_code == 201
    overwriting = await put_interpretation(library, office, follow_up(), "old")
    assert (overwriting.status_code, overwriting.json()["code"]) == (403, "insufficient_scope")
    district = await library.token(DISTRICT_A, Scope.POLICY_WRITE)
    body = follow_up(policy_external_id=None, policy_id=policy_id)
    foreign = await put_interpretation(library, district, body, org=DISTRICT_A)
    assert (foreign.status_code, foreign.json()["code"]) == (403, "outside_subtree")


async def test_reviewers_appear_nowhere_in_public(
    library: Suite, editor: dict[str, str], office: dict[str, str]
) -> None:
    await put_policy(library, editor)
    reviews = follow_up()["reviews"] | {"scan_reason": "电话为值班公务手机，已审查"}
    body = follow_up(reviews=reviews, body="值班电话13800138000，全天有人接听。", title="社区食堂跟踪解读")
    answer = await put_interpretation(library, office, body)
    assert answer.status_code == 201, answer.text
    export = (await library.policy.get("/v1/export", headers=editor)).text
    events = (await library.policy.get("/v1/events", headers=editor)).text
    public = (await library.policy.get(f"/v1/interpretations/{answer.json()['id']}")).text
    assert "社区食堂跟踪解读" in export
    for text in (export, events, public):
        assert "staff-" not in text
        assert "值班公务手机" not in text
    audit = await library.apps["policy"].state.kit.database.reads.fetch("SELECT entry FROM audit_entry")
    assert not any("staff-" in row["entry"] for row in audit)


async def test_publication_and_sweep_at_once_leave_no_task_open(library: Suite, editor: dict[str, str]) -> None:
    """Whichever comes first, what was interpreted has no open task in the end."""
    for number in range(8):
        target = await put_policy(library, editor, f"p{number}", livelihood=True)
        act: dict[str, Any] = {"relations": [{"type": "amends", "target_id": target}], "published_on": "2026-09-30"}
        await put_policy(library, editor, f"act{number}", **act)
        body = material(policy_id=target, published_on="2026-10-09")
        answer, _ = await asyncio.gather(
            put_interpretation(library, editor, body, f"i{number}"), sweep(library, date(2026, 10, 8))
        )
        assert answer.status_code == 201, answer.text
    assert await tasks(library, editor, state="open") == []
