"""Quotas and the journal as a partner meets them: what is counted, what is told, and what is never kept."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.kit.journal import Entry, Journal, prune
from shared.kit.quotas import Quotas
from shared.schemas.scopes import Scope
from tests.policies import policy, published
from tests.services import CITY, DISTRICT_A, DISTRICT_B, Suite, policy_suite, request_suite, sign_in
from tests.subscribers import eventually

NDJSON = {"Content-Type": "application/x-ndjson"}
PUSHED = "/v1/organizations/{org}/policies/{external_id}"


@pytest.fixture
async def suite(database_url: Callable[[str], str]) -> AsyncIterator[Suite]:
    async with policy_suite(database_url) as opened:
        yield opened


async def journal(suite: Suite, headers: dict[str, str], service: str = "policy", **query: Any) -> dict[str, Any]:
    """What the client reads once everything that waits is written."""
    await suite.apps[service].state.kit.journal.write()
    answer = await suite.clients[service].get("/v1/journal", headers=headers, params=query)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


async def push(suite: Suite, headers: dict[str, str], name: str, *, org: str = DISTRICT_A, **query: Any) -> Any:
    address = f"/v1/organizations/{org}/policies/{name}"
    return await suite.policy.put(address, json=policy(), headers=headers, params=query)


@pytest.fixture
async def pusher(suite: Suite) -> dict[str, str]:
    return await suite.token(DISTRICT_A, Scope.POLICY_WRITE)


async def test_writes_and_refused_calls_are_told_newest_first(suite: Suite, pusher: dict[str, str]) -> None:
    begun = datetime.now(UTC)
    stored = await push(suite, pusher | {"X-Request-Id": "partner-0001"}, "wh-1")
    assert stored.status_code == 201
    rehearsed = await push(suite, pusher, "wh-2", validate_only="true")
    elsewhere = await push(suite, pusher, "wh-3", org=DISTRICT_B)
    wrong = await suite.policy.put(f"/v1/organizations/{DISTRICT_A}/policies/wh-4", json={}, headers=pusher)
    broken = await suite.policy.put(
        f"/v1/organizations/{DISTRICT_A}/policies/wh-5",
        content=b'{"title": ',
        headers=pusher | {"Content-Type": "application/json"},
    )
    unknown = "01890000-0000-7000-8000-000000000000"
    lost = await suite.policy.get(f"/v1/dossiers/{unknown}", headers=pusher)
    assert (rehearsed.status_code, elsewhere.status_code, wrong.status_code) == (200, 403, 422)
    assert (broken.json()["code"], lost.status_code) == ("malformed_body", 404)
    assert (await suite.policy.get("/v1/events", headers=await suite.token(CITY, Scope.EVENTS_READ))).is_success
    lines = (await journal(suite, pusher))["items"]
    assert [(one["method"], one["subject"], one["status"], one["code"]) for one in lines] == [
        ("GET", unknown, 404, "not_found"),
        ("PUT", "wh-5", 422, "malformed_body"),
        ("PUT", "wh-4", 422, "validation_failed"),
        ("PUT", "wh-3", 403, "outside_subtree"),
        ("PUT", "wh-2", 200, None),
        ("PUT", "wh-1", 201, None),
    ]
    assert [one["organization"] for one in lines] == [DISTRICT_A, DISTRICT_A, DISTRICT_A, DISTRICT_B, *[DISTRICT_A] * 2]
    assert [one["validate_only"] for one in lines] == [False] * 4 + [True, False]
    assert {one["route"] for one in lines} == {PUSHED, "/v1/dossiers/{dossier_id}"}
    first = lines[-1]
    assert first["request_id"] == "partner-0001" == stored.headers["x-request-id"]
    assert begun <= datetime.fromisoformat(first["at"]) <= datetime.now(UTC)
    assert first["milliseconds"] >= 0
    assert (first["lines"], first["times"]) == (None, 1)


async def test_a_batch_is_one_line_with_its_counts(suite: Suite, pusher: dict[str, str]) -> None:
    lines = [policy(organization=code, external_id="b-1") for code in (DISTRICT_A, DISTRICT_B)]
    body = "\n".join(json.dumps(line) for line in lines) + "\nnonsense\n"
    assert (await suite.policy.post("/v1/policies:batch", content=body, headers=pusher | NDJSON)).is_success
    (line,) = (await journal(suite, pusher))["items"]
    assert (line["route"], line["status"], line["lines"], line["lines_refused"]) == ("/v1/policies:batch", 200, 3, 2)


async def test_pages_and_filters(suite: Suite, pusher: dict[str, str]) -> None:
    for number in range(3):
        await push(suite, pusher, f"p-{number}")
        await push(suite, pusher, f"q-{number}", org=DISTRICT_B)
    subjects: list[str] = []
    query: dict[str, Any] = {"limit": 4}
    while True:
        page = await journal(suite, pusher, **query)
        subjects += [one["subject"] for one in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert subjects == ["q-2", "p-2", "q-1", "p-1", "q-0", "p-0"]
    refused = (await journal(suite, pusher, status="4xx"))["items"]
    assert [one["subject"] for one in refused] == ["q-2", "q-1", "q-0"]
    assert len((await journal(suite, pusher, status=["2xx", "5xx"]))["items"]) == 3
    assert (await journal(suite, pusher, route="/v1/dossiers"))["items"] == []
    assert len((await journal(suite, pusher, route=PUSHED))["items"]) == 6
    third = refused[1]["at"]
    assert [one["subject"] for one in (await journal(suite, pusher, since=third))["items"]] == ["q-2", "p-2", "q-1"]
    assert [one["subject"] for one in (await journal(suite, pusher, until=third))["items"]] == ["p-1", "q-0", "p-0"]
    cursor = {"cursor": (await journal(suite, pusher, limit=1))["next_cursor"], "status": "4xx"}
    answer = await suite.policy.get("/v1/journal", headers=pusher, params=cursor)
    assert answer.json()["code"] == "invalid_cursor"


async def test_no_client_sees_anothers_lines(suite: Suite, pusher: dict[str, str]) -> None:
    await push(suite, pusher, "mine")
    other = await suite.token(DISTRICT_A, *Scope)
    assert (await journal(suite, other))["items"] == []
    page = await journal(suite, pusher, limit=1)
    await push(suite, pusher, "mine-too")
    cursor = (await journal(suite, pusher, limit=1))["next_cursor"]
    assert page["next_cursor"] is None
    foreign = await suite.policy.get("/v1/journal", headers=other, params={"cursor": cursor, "limit": 1})
    assert foreign.json()["code"] == "invalid_cursor"
    assert (await suite.policy.get("/v1/journal")).status_code == 401


async def test_a_client_over_its_quota_is_told_when_to_come_back(suite: Suite) -> None:
    created = await suite.exchange.post(
        "/v1/clients",
        json={"name": "区系统", "organization": DISTRICT_A, "scopes": ["policy:write"]},
        headers=suite.admin,
    )
    secret = created.json()["secret"]
    address = f"/v1/clients/{secret['client_id']}/quotas"
    assert (await suite.exchange.put(address, json={"writes_per_minute": 2}, headers=suite.admin)).is_success
    headers = await sign_in(suite.exchange, secret["client_id"], secret["client_secret"])
    answers = [await push(suite, headers, f"q-{number}") for number in range(5)]
    assert [one.status_code for one in answers] == [201, 201, 429, 429, 429]
    assert answers[0].headers["ratelimit-policy"] == '"writes";q=2;w=60'
    assert answers[0].headers["ratelimit"].startswith('"writes";r=1;t=')
    problem = answers[-1]
    assert problem.json()["code"] == "too_many_requests"
    assert 1 <= int(problem.headers["retry-after"]) <= 30
    assert problem.headers["ratelimit"] == f'"writes";r=0;t={problem.headers["retry-after"]}'
    # Reads, others and other services go on; those that nobody is known of say nothing.
    read = await suite.policy.get("/v1/journal", headers=headers)
    assert read.headers["ratelimit"].startswith('"reads";r=')
    assert (await push(suite, await suite.token(DISTRICT_A, Scope.POLICY_WRITE), "q-9")).status_code == 201
    assert "ratelimit" not in (await suite.policy.get("/v1/policies")).headers
    lines = (await journal(suite, headers))["items"]
    assert [(one["status"], one["times"]) for one in lines] == [(429, 3), (201, 1), (201, 1)]
    assert lines[0]["request_id"] == problem.headers["x-request-id"]
    assert (await push(suite, headers, "q-6")).status_code == 429
    assert [one["times"] for one in (await journal(suite, headers, status="4xx"))["items"]] == [1, 3]
    me = (await suite.exchange.get("/v1/clients/me", headers=headers)).json()
    assert me["quotas"] == {"reads_per_minute": None, "writes_per_minute": 2}
    assert me["quotas_in_force"][1] == {"name": "writes", "limit": 2, "window_seconds": 60}


async def test_the_services_default_holds_for_everybody_else(suite: Suite, pusher: dict[str, str]) -> None:
    suite.apps["policy"].state.kit.quotas = Quotas(reads=0, writes=1)
    statuses = [(await push(suite, pusher, f"d-{number}")).status_code for number in range(2)]
    assert statuses == [201, 429]
    body = json.dumps(policy(organization=DISTRICT_A, external_id="d-3"))
    broken = await suite.policy.put(
        f"/v1/organizations/{DISTRICT_A}/policies/d-2",
        content=b"{",
        headers=pusher | {"Content-Type": "application/json"},
    )
    assert broken.status_code == 429
    batch = await suite.policy.post("/v1/policies:batch", content=body, headers=pusher | NDJSON)
    assert batch.status_code == 429
    assert "ratelimit" not in (await suite.policy.get("/v1/journal", headers=pusher)).headers


async def test_only_the_root_sets_quotas(suite: Suite) -> None:
    secret = (
        await suite.exchange.post(
            "/v1/clients",
            json={"name": "区系统", "organization": DISTRICT_A, "scopes": ["policy:write"]},
            headers=suite.admin,
        )
    ).json()["secret"]
    address = f"/v1/clients/{secret['client_id']}/quotas"
    district = await suite.token(DISTRICT_A, Scope.CLIENTS_ADMIN)
    refused = await suite.exchange.put(address, json={"reads_per_minute": 10_000_000}, headers=district)
    assert (refused.status_code, refused.json()["code"]) == (403, "outside_subtree")
    assert (await suite.exchange.put(address, json={"writes_per_minute": 0}, headers=suite.admin)).status_code == 422
    client = (await suite.exchange.put(address, json={"writes_per_minute": 7}, headers=suite.admin)).json()
    assert (client["quotas"]["writes_per_minute"], client["version"]) == (7, 2)
    again = (await suite.exchange.put(address, json={"writes_per_minute": 7}, headers=suite.admin)).json()
    assert again["version"] == 2
    none = (await suite.exchange.put(address, json={}, headers=suite.admin)).json()
    assert none["quotas"] == {"reads_per_minute": None, "writes_per_minute": None}


async def test_a_client_reads_its_recent_errors_about_itself(suite: Suite) -> None:
    headers = await suite.token(DISTRICT_A, Scope.POLICY_WRITE)
    assert (await suite.exchange.put("/v1/calendar/years/2027", json={}, headers=headers)).status_code == 403
    await suite.apps["exchange"].state.kit.journal.write()
    me = (await suite.exchange.get("/v1/clients/me", headers=headers)).json()
    (error,) = me["recent_errors"]
    assert (error["code"], error["route"]) == ("insufficient_scope", "/v1/calendar/years/{year}")
    assert [one["limit"] for one in me["quotas_in_force"]] == [60_000, 30_000]


async def test_nothing_that_was_sent_is_kept(suite: Suite, pusher: dict[str, str]) -> None:
    marker = "机密字样"
    await suite.policy.put(
        f"/v1/organizations/{DISTRICT_A}/policies/x?note={marker}", json=published(title=marker), headers=pusher
    )
    await suite.policy.put(f"/v1/organizations/{marker}%0a/policies/{marker}%7f", json=policy(), headers=pusher)
    assert len((await journal(suite, pusher))["items"]) == 2
    reads = suite.apps["policy"].state.kit.database.reads
    rows = await reads.fetch("SELECT one::text AS line FROM journal_line AS one")
    assert marker not in "".join(row["line"] for row in rows)


async def test_lines_wait_while_the_database_is_away(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    dropped: list[int] = []
    database = suite.apps["policy"].state.kit.database
    kept = Journal(database, retention=timedelta(days=1), max_waiting=3)
    kept._count_dropped = dropped.append
    with monkeypatch.context() as away:
        away.setattr(database, "write", _Away)
        for number in range(5):
            kept.note(line(request_id=f"wait-{number}"), over_quota=False)
        await kept.write()
    assert dropped == [1, 1]
    await kept.write()
    stored = await database.reads.fetch("SELECT request_id FROM journal_line WHERE client_id = 'somebody' ORDER BY id")
    assert [row["request_id"] for row in stored] == ["wait-0", "wait-1", "wait-2"]


class _Away:
    """A database that nobody reaches."""

    async def __aenter__(self) -> None:
        raise ConnectionRefusedError

    async def __aexit__(self, *_: object) -> None:
        pass


def line(**changes: Any) -> Entry:
    facts: dict[str, Any] = {
        **{"client_id": "somebody", "at": datetime.now(UTC), "method": "PUT", "route": PUSHED, "status": 201},
        **{"code": None, "request_id": "r", "organization": CITY, "subject": None, "milliseconds": 3},
        **{"lines": None, "lines_refused": None, "validate_only": False},
    }
    return Entry(**facts | changes)


async def test_lines_are_written_by_themselves_and_at_the_end(suite: Suite) -> None:
    database = suite.apps["policy"].state.kit.database
    count = "SELECT count(*) FROM journal_line WHERE client_id = 'somebody'"
    kept = Journal(database, retention=timedelta(days=1), every_seconds=0.01)
    kept.start(lambda _: None)
    kept.note(line(), over_quota=False)

    async def is_written() -> bool:
        return bool(await database.reads.fetchval(count) == 1)

    await eventually(is_written, seconds=10)
    slow = Journal(database, retention=timedelta(days=1), every_seconds=3600)
    slow.start(lambda _: None)
    slow.note(line(), over_quota=False)
    await slow.close()
    await kept.close()
    assert await database.reads.fetchval(count) == 2


async def test_old_lines_are_forgotten(suite: Suite) -> None:
    database, now = suite.apps["policy"].state.kit.database, datetime.now(UTC)
    kept = Journal(database, retention=timedelta(days=30), every_seconds=0)
    for days in (29, 31, 400):
        kept.note(line(at=now - timedelta(days=days), request_id=f"old-{days}"), over_quota=False)
    kept.start(lambda _: None)
    query = "SELECT request_id FROM journal_line WHERE client_id = 'somebody'"

    async def is_pruned() -> bool:
        return [row["request_id"] for row in await database.reads.fetch(query)] == ["old-29"]

    await eventually(is_pruned, seconds=10)
    await kept.close()
    async with database.write() as session:
        assert await prune(await session.driver(), older_than=now) >= 1


async def test_a_citizens_letter_leaves_no_name_in_the_journal(database_url: Callable[[str], str]) -> None:
    """A partner may number letters by whoever wrote them."""
    async with request_suite(database_url) as suite:
        headers = await suite.token(DISTRICT_A, Scope.REQUEST_SUBMIT)
        address = f"/v1/organizations/{DISTRICT_A}/requests/370102199001011234"
        answer: httpx.Response = await suite.clients["request"].put(address, json={}, headers=headers)
        assert answer.status_code == 422
        (kept,) = (await journal(suite, headers, "request"))["items"]
        assert (kept["subject"], kept["organization"]) == (None, DISTRICT_A)
