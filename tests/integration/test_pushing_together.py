"""Pushes that arrive at once share a transaction, and nobody notices: each has its own outcome, sender and request."""

import asyncio
import json
from collections import Counter
from typing import Any

import asyncpg
import httpx
import pytest

from services.policy_api.repository import policies
from services.policy_api.service import push_queue
from services.policy_api.service.pushing import push_policies
from shared.schemas.scopes import Scope
from tests.policies import policy, published
from tests.services import BUREAU_A, CITY, DISTRICT_A, Suite


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many pushes each transaction carried."""
    sizes: list[int] = []

    async def counted(session: Any, pushes: Any, **options: Any) -> Any:
        sizes.append(len(pushes))
        return await push_policies(session, pushes, **options)

    monkeypatch.setattr(push_queue, "push_policies", counted)
    return sizes


async def put(
    library: Suite, headers: dict[str, str], name: str, body: dict[str, Any], *, org: str = CITY, **more: str
) -> httpx.Response:
    url = f"/v1/organizations/{org}/policies/{name}"
    return await library.policy.put(url, json=body, headers=headers | more)


async def test_who_arrives_at_once_goes_together_and_everybody_is_served(library: Suite, calls: list[int]) -> None:
    headers = await library.token(CITY, Scope.POLICY_WRITE, Scope.POLICY_IMPORT)
    answers = await asyncio.gather(*(put(library, headers, f"n{i}", published()) for i in range(40)))
    assert Counter(answer.status_code for answer in answers) == {201: 40}
    assert len({answer.json()["id"] for answer in answers}) == 40
    assert max(calls) > 1, calls
    assert sum(calls) == 40


async def test_a_refused_push_costs_its_neighbours_nothing(library: Suite) -> None:
    headers = await library.token(CITY, Scope.POLICY_WRITE, Scope.POLICY_IMPORT)
    lost = {"type": "based_on", "target_id": "01900000-0000-7000-8000-000000000000"}
    wrong = published(doc_no="泉政发〔2026〕77号", relations=[lost])
    right = published(doc_no="泉政发〔2026〕77号")
    others = [put(library, headers, f"n{i}", published()) for i in range(6)]
    refused, kept, *rest = await asyncio.gather(
        put(library, headers, "wrong", wrong), put(library, headers, "right", right), *others
    )
    assert (refused.status_code, kept.status_code) == (404, 201), (refused.text, kept.text)
    assert {answer.status_code for answer in rest} == {201}


async def test_of_many_edits_of_one_document_each_sees_the_one_before(library: Suite) -> None:
    headers = await library.token(CITY, Scope.POLICY_WRITE)
    bodies = [policy(doc_no=None, title=f"关于第{i}批试点的通知") for i in range(12)]
    answers = await asyncio.gather(*(put(library, headers, "same", body) for body in bodies))
    assert sorted(answer.json()["version"] for answer in answers) == list(range(1, 13))
    assert Counter(answer.json()["outcome"] for answer in answers) == {"created": 1, "updated": 11}


async def test_of_many_edits_with_one_etag_exactly_one_wins(library: Suite) -> None:
    headers = await library.token(CITY, Scope.POLICY_WRITE)
    etag = (await put(library, headers, "same", policy(doc_no=None))).headers["etag"]
    bodies = [policy(doc_no=None, title=f"关于第{i}批试点的通知") for i in range(8)]
    answers = await asyncio.gather(*(put(library, headers, "same", body, **{"If-Match": etag}) for body in bodies))
    assert Counter(answer.status_code for answer in answers) == {200: 1, 412: 7}


async def test_the_audit_trail_names_each_sender_and_request(library: Suite) -> None:
    senders = {org: await library.token(org, Scope.POLICY_WRITE) for org in (CITY, DISTRICT_A, BUREAU_A)}
    wanted = [(org, f"request-{org}-{i}") for i in range(4) for org in senders]
    answers = await asyncio.gather(
        *(
            put(library, senders[org], request_id, policy(), org=org, **{"X-Request-Id": request_id})
            for org, request_id in wanted
        )
    )
    assert {answer.status_code for answer in answers} == {201}
    rows = await library.apps["policy"].state.kit.database.reads.fetch("SELECT entry FROM audit_entry")
    entries = {entry["subject"]: entry for entry in (json.loads(row["entry"]) for row in rows)}
    written = {(answer.json()["organization"], entries[answer.json()["id"]]["request_id"]) for answer in answers}
    assert written == set(wanted)
    actors = {entries[answer.json()["id"]]["actor"] for answer in answers}
    assert len(actors) == 3


async def test_a_push_that_cannot_be_stored_sinks_alone(library: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse_one(session: Any, pushes: Any, **options: Any) -> Any:
        if any(push.external_id == "poison" for push in pushes):
            raise asyncpg.CheckViolationError("as if")
        return await push_policies(session, pushes, **options)

    monkeypatch.setattr(push_queue, "push_policies", refuse_one)
    headers = await library.token(CITY, Scope.POLICY_WRITE)
    names = ["a", "b", "poison", "c", "d"]
    answers = await asyncio.gather(*(put(library, headers, name, policy()) for name in names))
    assert {name: answer.status_code for name, answer in zip(names, answers, strict=True)} == {
        **dict.fromkeys("abcd", 201),
        "poison": 500,
    }


async def test_while_postgresql_is_away_everybody_is_told_to_come_again(
    library: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any, **__: Any) -> Any:
        raise asyncpg.ConnectionDoesNotExistError("as if")

    headers = await library.token(CITY, Scope.POLICY_WRITE)
    bodies = [policy() for _ in range(5)]
    with monkeypatch.context() as patch:
        patch.setattr(push_queue, "push_policies", away)
        answers = await asyncio.gather(*(put(library, headers, f"n{i}", body) for i, body in enumerate(bodies)))
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(503, "unavailable")}
    again = await asyncio.gather(*(put(library, headers, f"n{i}", body) for i, body in enumerate(bodies)))
    assert {answer.status_code for answer in again} == {201}


async def test_a_push_that_its_own_retry_overtakes_is_unchanged(
    library: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection breaks, the caller sends again: the first arrives between the retry's look at its key and at its number."""
    headers = await library.token(CITY, Scope.POLICY_WRITE, Scope.POLICY_IMPORT)
    body = published(reg_no="QC-2026-0417")
    look = policies.find_by_keys
    first: list[httpx.Response] = []

    async def look_then_lose_the_race(driver: Any, keys: Any) -> Any:
        found = await look(driver, keys)
        if not first:
            monkeypatch.setattr(policies, "find_by_keys", look)
            first.append(await put(library, headers, "same", body))
        return found

    monkeypatch.setattr(policies, "find_by_keys", look_then_lose_the_race)
    line = json.dumps({"organization": CITY, "external_id": "same"} | body)
    ndjson = headers | {"Content-Type": "application/x-ndjson"}
    again = await library.policy.post("/v1/policies:batch", content=line, headers=ndjson)
    assert first[0].status_code == 201
    result = json.loads(again.text)
    assert (result["status"], result["receipt"]["outcome"], result["receipt"]["version"]) == (200, "unchanged", 1)
