"""Documents about to expire: their offices are reminded in time, evaluate them, decide."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.policy_api.service.expiry import remind
from shared.schemas.scopes import Scope
from tests.policies import published
from tests.services import BUREAU_A, CITY, Suite

MONTHS = (6, 3, 1)
EVALUATED: dict[str, Any] = {
    "evaluation": {
        "evaluated_on": "2026-03-01",
        "method": "书面评估并听取服务对象意见",
        "findings": "仍有必要继续执行",
    },
    "decision": "continue",
}


@pytest.fixture
async def office(library: Suite) -> dict[str, str]:
    return await library.token(CITY, Scope.POLICY_WRITE, Scope.POLICY_IMPORT, Scope.POLICY_RELEASE, Scope.EVENTS_READ)


async def put(library: Suite, headers: dict[str, str], name: str, **changes: Any) -> str:
    body = published(doc_no=None, signed_on="2020-03-02", published_on="2020-03-03", effective_on="2020-03-10")
    answer = await library.policy.put(f"/v1/organizations/{CITY}/policies/{name}", json=body | changes, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["id"])


async def pass_by(library: Suite, day: str) -> int:
    """What the worker does on a day."""
    async with library.apps["policy"].state.kit.database.write() as session:
        now = datetime.fromisoformat(f"{day}T04:00:00+00:00")
        return await remind(session, months=MONTHS, now=now, limit=100)


async def tasks(library: Suite, headers: dict[str, str], **query: Any) -> list[dict[str, Any]]:
    answer = await library.policy.get(f"/v1/organizations/{CITY}/expiry-tasks", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def reminders(library: Suite, headers: dict[str, str]) -> list[int]:
    events = (await library.policy.get("/v1/events", headers=headers)).json()["events"]
    return [event["data"]["days_left"] for event in events if event["type"] == "expiry.reminder"]


async def test_each_reminder_is_told_once_and_on_its_day(library: Suite, office: dict[str, str]) -> None:
    await put(library, office, "a", expires_on="2027-12-31")
    for day in ("2027-06-29", "2027-06-30", "2027-07-01", "2027-09-30", "2027-11-30", "2027-12-01", "2027-12-20"):
        await pass_by(library, day)
        await pass_by(library, day)
    assert await reminders(library, office) == [184, 92, 31]
    assert [task["next_reminder_on"] for task in await tasks(library, office)] == [None]


async def test_late_start_reminds_once(library: Suite, office: dict[str, str]) -> None:
    await put(library, office, "a", expires_on="2027-12-31")
    await pass_by(library, "2027-12-15")
    await pass_by(library, "2027-12-16")
    assert await reminders(library, office) == [16]


async def test_decision_keeps_its_evaluation_and_ends_the_reminders(library: Suite, office: dict[str, str]) -> None:
    policy_id = await put(library, office, "a", expires_on="2027-12-31")
    await pass_by(library, "2027-06-30")
    (task,) = await tasks(library, office, decided=False)
    decided = await library.policy.post(f"/v1/expiry-tasks/{task['id']}:decide", json=EVALUATED, headers=office)
    assert (decided.status_code, decided.json()["decision"], decided.json()["carried_out"]) == (200, "continue", False)
    await pass_by(library, "2027-09-30")
    assert await reminders(library, office) == [184]
    act = {"type": "continues", "target_id": policy_id, "until": "2030-12-31"}
    await put(library, office, "act", relations=[act], effective_on="2020-06-01")
    (task,) = await tasks(library, office, decided=True)
    assert (task["carried_out"], task["evaluation"]["findings"]) == (True, "仍有必要继续执行")
    again = await library.policy.post(f"/v1/expiry-tasks/{task['id']}:decide", json=EVALUATED, headers=office)
    assert (again.status_code, again.json()["code"]) == (409, "illegal_move")


async def test_what_has_no_end_or_was_ended_is_nobodys_task(library: Suite, office: dict[str, str]) -> None:
    await put(library, office, "open")
    ended = await put(library, office, "ended", expires_on="2027-12-31")
    act = {"type": "repeals", "target_id": ended}
    await put(library, office, "act", relations=[act], effective_on="2020-06-01")
    assert await pass_by(library, "2027-12-01") == 0
    assert await tasks(library, office) == []


async def test_only_the_own_subtree_sees_and_decides(library: Suite, office: dict[str, str]) -> None:
    await put(library, office, "a", expires_on="2027-12-31")
    await pass_by(library, "2027-12-01")
    (task,) = await tasks(library, office)
    bureau = await library.token(BUREAU_A, Scope.POLICY_WRITE)
    for answer in (
        await library.policy.get(f"/v1/organizations/{CITY}/expiry-tasks", headers=bureau),
        await library.policy.post(f"/v1/expiry-tasks/{task['id']}:decide", json=EVALUATED, headers=bureau),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "outside_subtree")
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    early = EVALUATED | {"evaluation": EVALUATED["evaluation"] | {"evaluated_on": tomorrow}}
    refused = await library.policy.post(f"/v1/expiry-tasks/{task['id']}:decide", json=early, headers=office)
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/evaluation/evaluated_on"]
