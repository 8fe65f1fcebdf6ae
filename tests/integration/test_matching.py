"""Clauses and matching: what an enterprise is told, and that it is always told of what is committed."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from shared.schemas.clauses import Clause, MatchAnswer
from shared.schemas.scopes import Scope
from tests.entries import clause
from tests.participation import TODAY
from tests.participation_office import Office, open_office
from tests.services import CITY, Suite

CANTEEN = {"region": "370102", "employees": 32}
AUTO = {"delivery": "auto"}


@pytest.fixture
async def office(library: Suite) -> Office:
    opened = await open_office(library)
    await opened.put_policy("public")
    return opened


async def put(office: Office, name: str = "a", **changes: Any) -> str:
    answer = await office.put_entry("clauses", clause(**changes), name)
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["id"])


async def match(office: Office, profile: dict[str, Any], **params: Any) -> dict[str, Any]:
    answer = await office.call("POST", "/v1/match", profile, params=params)
    assert answer.status_code == 200, answer.text
    MatchAnswer.model_validate_json(answer.content)
    document: dict[str, Any] = answer.json()
    return document


async def results(office: Office, profile: dict[str, Any], **params: Any) -> dict[str, str]:
    return {item["clause_id"]: item["result"] for item in (await match(office, profile, **params))["items"]}


async def test_clause_is_public_and_linked_with_its_policy(office: Office) -> None:
    clause_id = await put(office)
    shown = await office.read(f"/v1/clauses/{clause_id}")
    Clause.model_validate(shown)
    assert (shown["status"], shown["policies"][0]["validity"], shown["amount"]["value"]) == ("open", "in_force", 5)
    links = await office.read(f"/v1/policies/{shown['policies'][0]['id']}/links")
    assert [(link["kind"], link["id"]) for link in links["items"]] == [("clause", clause_id)]


async def test_enterprise_is_told_match_no_and_what_to_ask(office: Office) -> None:
    clause_id = await put(office)
    answer = await match(office, CANTEEN)
    assert [(one["clause_id"], one["result"]) for one in answer["items"]] == [(clause_id, "MATCH")]
    unsure = await match(office, {"region": "370102"})
    assert (unsure["items"][0]["result"], unsure["items"][0]["ask_next"]) == ("UNKNOWN", ["employees"])
    assert unsure["ask_next"] == [{"fact": "employees", "clauses": 1}]
    none = await match(office, CANTEEN | {"employees": 3})
    assert (none["items"], none["counts"]["NO_MATCH"]) == ([], 1)
    told = await match(office, CANTEEN | {"employees": 3}, all=True)
    assert told["items"][0]["reasons"][1] == {
        "pointer": "/all/1",
        "fact": "employees",
        "result": "NO_MATCH",
        "sentence": "从业人员：要求不低于20人；企业为3人，不符合",
    }


async def test_answers_are_bounded_with_matches_first(office: Office) -> None:
    for number in range(3):
        await put(office, f"unsure-{number}", conditions={"fact": "tax_wan", "op": "ge", "value": number})
    sure = await put(office, "sure")
    answer = await match(office, CANTEEN, limit=2)
    assert (answer["truncated"], len(answer["items"]), answer["items"][0]["clause_id"]) == (True, 2, sure)
    assert answer["counts"] == {"MATCH": 1, "UNKNOWN": 3, "NO_MATCH": 0}


async def test_every_committed_change_is_in_the_next_answer(office: Office) -> None:
    assert await results(office, CANTEEN) == {}
    clause_id = await put(office)
    assert await results(office, CANTEEN) == {clause_id: "MATCH"}
    await put(office, conditions={"fact": "region", "op": "prefix", "value": "370103"})
    assert await results(office, CANTEEN) == {}
    await put(office)
    assert await results(office, CANTEEN) == {clause_id: "MATCH"}
    gone = await office.call("POST", f"/v1/clauses/{clause_id}:withdraw", {"reason": "发布有误"})
    assert gone.status_code == 204
    assert await results(office, CANTEEN) == {}


async def test_repealed_policy_ends_its_clauses_at_once(office: Office) -> None:
    clause_id = await put(office)
    assert await results(office, CANTEEN) == {clause_id: "MATCH"}
    policy_id = (await office.read(f"/v1/clauses/{clause_id}"))["policies"][0]["id"]
    act = {"relations": [{"type": "repeals", "target_id": policy_id}], "effective_on": "2026-04-01"}
    await office.put_policy("repealing", **act)
    assert (await office.read(f"/v1/clauses/{clause_id}"))["status"] == "ended"
    assert await results(office, CANTEEN) == {}


async def test_days_open_and_close_without_anybody_touching_the_clause(office: Office) -> None:
    opens, closes = TODAY + timedelta(days=2), TODAY + timedelta(days=3)
    clause_id = await put(office, window={"opens_on": opens.isoformat(), "closes_on": closes.isoformat()})
    seen = []
    for days in range(5):
        office.set_day(TODAY + timedelta(days=days))
        shown = await office.read(f"/v1/clauses/{clause_id}")
        seen.append((shown["status"], bool(await results(office, CANTEEN))))
    assert seen == [("upcoming", False), ("upcoming", False), ("open", True), ("open", True), ("closed", False)]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"policies": []}, "/policies"),
        ({"policies": [{"external_id": "public", "articles": ["art-99"]}]}, "/policies/0/articles/0"),
        ({"conditions": {"all": []}}, "/conditions/all"),
        ({"conditions": {"fact": "region", "op": "eq", "value": "3"}}, "/conditions/value"),
        ({"window": {"opens_on": "2026-05-02", "closes_on": "2026-05-01"}}, "/window/closes_on"),
        ({"contact": "联系人手机 13812345678"}, "/contact"),
        ({"valid_from": "2026-05-02", "valid_to": "2026-05-01"}, "/valid_to"),
    ],
)
async def test_unsound_clause_is_refused_where_it_is_wrong(office: Office, changes: Any, pointer: str) -> None:
    answer = await office.put_entry("clauses", clause(**changes))
    assert answer.status_code == 422, answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


async def test_impossible_profile_is_refused(office: Office) -> None:
    for body, pointer in [({"industry": "C65"}, "/industry"), ({"established_on": "2030-01-01"}, "/established_on")]:
        answer = await office.call("POST", "/v1/match", body)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_matching_needs_its_right(office: Office) -> None:
    others = await office.suite.token(CITY, *(scope for scope in Scope if scope is not Scope.MATCH_RUN))
    for path in ("/v1/match", "/v1/match:batch"):
        assert (await office.suite.policy.post(path, json={}, headers=others)).status_code == 403
        assert (await office.suite.policy.post(path, json={})).status_code == 401


async def batch(office: Office, lines: list[bytes], **params: Any) -> list[dict[str, Any]]:
    headers = office.headers | {"content-type": "application/x-ndjson"}
    answer = await office.suite.policy.post(
        "/v1/match:batch", content=b"\n".join(lines), headers=headers, params=params
    )
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def line(ref: str, **profile: Any) -> bytes:
    return json.dumps({"ref": ref, "profile": profile}).encode()


async def test_batch_answers_each_line_in_order_and_bad_ones_sink_nobody(office: Office) -> None:
    await put(office, "manual")
    auto = await put(office, "auto", **AUTO)
    told = await batch(
        office,
        [
            line("a", **CANTEEN),
            b"{",
            line("b", region="370102"),
            line("c", industry="C65"),
            line("d", shoes=1),
            b'{"ref": "e", "profile": {"park": "' + b"x" * 40_000 + b'"}}',
            line("f", **CANTEEN | {"employees": 1}),
        ],
    )
    assert [one["line"] for one in told] == list(range(1, 8))
    assert [[(m["clause_id"], m["result"]) for m in one["matches"]] if "matches" in one else "bad" for one in told] == [
        [(auto, "MATCH")],
        "bad",
        [(auto, "UNKNOWN")],
        "bad",
        "bad",
        "bad",
        [],
    ]
    assert told[3]["errors"][0]["pointer"] == "/profile/industry"


async def test_batch_takes_chosen_clauses_and_gives_reasons(office: Office) -> None:
    manual = await put(office, "manual")
    (told,) = await batch(office, [line("a", **CANTEEN)], clauses=manual, reasons=True)
    assert [(one["clause_id"], len(one["reasons"])) for one in told["matches"]] == [(manual, 2)]
    missing = await office.suite.policy.post(
        "/v1/match:batch",
        content=line("a"),
        headers=office.headers | {"content-type": "application/x-ndjson"},
        params={"clauses": "01890000-0000-7000-8000-000000000000"},
    )
    assert missing.status_code == 404


async def test_answers_at_once_agree_while_clauses_change(office: Office) -> None:
    """What was acknowledged before a match began is in it, with writers and readers at the same time."""

    async def write_then_match(number: int) -> None:
        clause_id = await put(office, f"c{number}")
        assert clause_id in await results(office, CANTEEN)

    await asyncio.gather(*(write_then_match(number) for number in range(8)))
    assert len(await results(office, CANTEEN)) == 8


async def test_nothing_of_a_profile_is_kept(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    await put(office)
    planted = "无此园区七七四九"
    await match(office, CANTEEN | {"park": planted}, all=True)
    await batch(office, [line("a", **CANTEEN | {"park": planted})])
    told = json.dumps([await office.events(), await office.audit()], ensure_ascii=False)
    assert planted not in told
    assert planted not in "".join(capsys.readouterr())
