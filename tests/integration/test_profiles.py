"""Saved profiles: sealed, matched with what is released, told by opaque ids, erased at once."""

import json
from typing import Any
from uuid import UUID

import pytest

from services.policy_api.repository import profiles as repository
from services.policy_api.service.clause_set import ClauseSource
from services.policy_api.service.profiles import match_released_clause, match_saved_profiles, retry_unreadable
from services.policy_api.service.sealing import ProfileSealer
from shared.kit.errors import Unavailable
from shared.schemas.clauses import FoundMatch
from shared.schemas.scopes import Scope
from tests.entries import clause, profile
from tests.logs import everything_logged
from tests.participation_office import Office, open_office
from tests.services import BUREAU_A, CITY, DISTRICT_A, DISTRICT_B, SECRETS, Suite

PLANTED = "无此园区七七四九"


@pytest.fixture
async def office(library: Suite) -> Office:
    opened = await open_office(library)
    await opened.put_policy("public")
    return opened


async def save(office: Office, name: str = "e1", **facts: Any) -> str:
    answer = await office.put_entry("profiles", profile(**facts), name)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["profile_id"])


async def put_clause(office: Office, name: str = "a", **changes: Any) -> str:
    answer = await office.put_entry("clauses", clause(**changes), name)
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["id"])


async def work(office: Office, *, at_once: int = 200, matches_at_once: int = 1000) -> None:
    """What the worker does until nothing is left."""
    kit = office.suite.apps["policy"].state.kit
    sealer, source = kit.extra["profile_sealer"], ClauseSource()
    more = True
    while more:
        async with office.database.write() as session:
            saved = await match_saved_profiles(session, sealer, source, now=kit.clock(), limit=matches_at_once)
        async with office.database.write() as session:
            more = await match_released_clause(session, sealer, now=kit.clock(), limit=at_once) or saved


async def found(office: Office) -> list[tuple[str, str]]:
    """(profile, clause) of every `match.found` so far."""
    told = [event for event in await office.events() if event["type"] == "match.found"]
    for event in told:
        assert event["data"].keys() == FoundMatch.model_fields.keys()
        assert event["data"]["result"] == "MATCH"
    assert len({event["subject"] for event in told}) == len(told)
    return [(event["data"]["profile_id"], event["data"]["clause_id"]) for event in told]


async def matches(office: Office, name: str = "e1") -> list[str]:
    page = await office.call("GET", f"/v1/organizations/{CITY}/profiles/{name}/matches")
    assert page.status_code == 200, page.text
    return [item["clause_id"] for item in page.json()["items"]]


async def test_released_clause_finds_the_profiles_that_it_is_for(office: Office) -> None:
    fits = await save(office, "fits")
    await save(office, "too-small", employees=3)
    await save(office, "unsure", employees=None)
    await work(office)
    clause_id = await put_clause(office)
    await work(office)
    assert await found(office) == [(fits, clause_id)]
    assert [await matches(office, name) for name in ("fits", "too-small", "unsure")] == [[clause_id], [], []]


async def test_saved_profile_finds_the_clauses_that_are_open_already(office: Office) -> None:
    clause_id = await put_clause(office)
    profile_id = await save(office)
    await work(office)
    assert await found(office) == [(profile_id, clause_id)]


async def test_each_profile_is_told_once_whatever_the_size_of_a_step(office: Office) -> None:
    saved = {await save(office, f"e{number}") for number in range(7)}
    await work(office)
    clause_id = await put_clause(office)
    await work(office, at_once=2)
    await work(office)
    await save(office, "e1")
    await work(office)
    assert sorted(await found(office)) == sorted((one, clause_id) for one in saved)


async def test_profile_with_many_matches_is_told_of_in_turns(office: Office) -> None:
    clauses = {await put_clause(office, f"c{number}") for number in range(5)}
    saved = {await save(office, f"e{number}") for number in range(3)}
    await work(office, matches_at_once=2)
    assert sorted(await found(office)) == sorted((one, clause_id) for one in saved for clause_id in clauses)


async def test_profile_that_does_not_open_holds_up_no_other_and_is_tried_again(office: Office) -> None:
    """The key was lost, or a row came from elsewhere."""
    clause_id, broken, sound = await put_clause(office), await save(office, "e1"), await save(office, "e2")
    async with office.database.write() as session:
        driver = await session.driver()
        sealed = await driver.fetchval("SELECT sealed_facts FROM enterprise_profile WHERE id = $1", UUID(broken))
        await driver.execute("UPDATE enterprise_profile SET sealed_facts = $2 WHERE id = $1", UUID(broken), b"x" * 40)
    await work(office)
    second = await put_clause(office, "second")
    await work(office)
    assert await found(office) == [(sound, clause_id), (sound, second)]
    async with office.database.write() as session:
        driver = await session.driver()
        await driver.execute("UPDATE enterprise_profile SET sealed_facts = $2 WHERE id = $1", UUID(broken), sealed)
        await retry_unreadable(session)
    await work(office)
    assert sorted((await found(office))[2:]) == sorted([(broken, clause_id), (broken, second)])


async def test_step_that_fails_leaves_nothing_and_is_done_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that dies between a match and its progress has done neither."""
    profile_id = await save(office)
    await work(office)
    clause_id = await put_clause(office)

    async def die(*_: Any, **__: Any) -> None:
        raise ConnectionError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(repository, "note_progress", die)
        with pytest.raises(ConnectionError):
            await work(office)
    assert (await found(office), await matches(office)) == ([], [])
    await work(office)
    assert await found(office) == [(profile_id, clause_id)]


async def test_changed_clause_tells_new_matches_only_and_forgets_old_ones(office: Office) -> None:
    here, there = await save(office, "e1"), await save(office, "e2", region="370103")
    clause_id = await put_clause(office, conditions={"fact": "region", "op": "prefix", "value": "370102"})
    await work(office)
    await put_clause(office, conditions={"fact": "region", "op": "prefix", "value": "3701"})
    await work(office)
    assert await found(office) == [(here, clause_id), (there, clause_id)]
    await put_clause(office, conditions={"fact": "region", "op": "prefix", "value": "370103"})
    await work(office)
    assert [await matches(office, name) for name in ("e1", "e2")] == [[], [clause_id]]
    assert len(await found(office)) == 2


async def test_withdrawn_clause_is_matched_no_more_and_told_again_when_it_is_back(office: Office) -> None:
    profile_id = await save(office)
    clause_id = await put_clause(office)
    await work(office)
    await office.call("POST", f"/v1/clauses/{clause_id}:withdraw", {"reason": "发布有误"})
    await work(office)
    assert await matches(office) == []
    await put_clause(office)
    await work(office)
    assert await found(office) == [(profile_id, clause_id)] * 2


async def test_changed_facts_change_what_is_matched(office: Office) -> None:
    await put_clause(office)
    first = await save(office)
    await work(office)
    assert await save(office, employees=2) == first
    await work(office)
    assert await matches(office) == []


async def test_erased_profile_is_gone_from_every_table(office: Office) -> None:
    profile_id = await save(office)
    await put_clause(office)
    await work(office)
    path = f"/v1/organizations/{CITY}/profiles/e1"
    assert (await office.call("DELETE", path)).status_code == 204
    assert await office.database.reads.fetchval("SELECT count(*) FROM enterprise_profile") == 0
    assert await office.database.reads.fetchval("SELECT count(*) FROM profile_match") == 0
    assert (await office.call("DELETE", path)).status_code == 404
    assert (await office.call("GET", f"{path}/matches")).status_code == 404
    told = [entry for entry in await office.audit() if entry["subject"] == profile_id]
    assert [entry["action"] for entry in told] == ["profile.saved", "profile.erased"]
    assert await save(office) != profile_id


async def test_facts_are_in_no_table_event_or_audit_entry(office: Office) -> None:
    await put_clause(office)
    await save(office, "outside-name-774", park=PLANTED)
    await work(office)
    rows = await office.database.reads.fetch(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'policy' AND table_type = 'BASE TABLE'"
    )
    assert {"event", "audit_entry", "enterprise_profile"} <= {row["table_name"] for row in rows}
    for row in rows:
        text = await office.database.reads.fetchval(
            f"SELECT string_agg(entry::text, '') FROM {row['table_name']} AS entry"
        )
        assert PLANTED not in (text or ""), row["table_name"]
        assert PLANTED.encode().hex() not in (text or ""), row["table_name"]
    told = json.dumps([await office.events(), await office.audit()], ensure_ascii=False)
    assert "outside-name-774" not in told
    assert "370102" not in json.dumps([e for e in await office.events() if e["type"] == "match.found"])
    feed = await office.suite.policy.get("/v1/changes.atom")
    assert "match" not in feed.text
    export = await office.call("GET", "/v1/export")
    assert PLANTED not in export.text
    assert '"match"' not in export.text


async def test_facts_are_in_no_answer_and_no_log(office: Office, capfd: pytest.CaptureFixture[str]) -> None:
    """The service at its most talkative, through good and bad saves, matches and a refusing database."""
    path, good = f"/v1/organizations/{CITY}/profiles/e1", profile(park=PLANTED)
    with everything_logged():
        await put_clause(office)
        answers = [await office.call("PUT", path, good)]
        answers.append(await office.call("PUT", path, good | {"profile": {"park": PLANTED, "employees": -1}}))
        answers.append(await office.call("PUT", path, {"profile": {"park": PLANTED}, PLANTED: 1}))
        answers.append(await office.call("POST", "/v1/match", {"park": PLANTED, "industry": PLANTED}))
        lines = json.dumps({"ref": "1", "profile": {"park": PLANTED, "industry": PLANTED}}).encode() + b"\n{"
        headers = office.headers | {"content-type": "application/x-ndjson"}
        answers.append(await office.suite.policy.post("/v1/match:batch", content=lines, headers=headers))
        await work(office)
        async with office.database.write() as session:
            driver = await session.driver()
            await driver.execute("ALTER TABLE enterprise_profile ADD CONSTRAINT ck_broken CHECK (external_id <> 'e2')")
        answers.append(await office.call("PUT", path[:-1] + "2", good))
        assert answers[-1].status_code == 500
        answers.append(await office.call("DELETE", path))
    written = capfd.readouterr()
    assert "ck_broken" in written.out + written.err
    assert PLANTED not in written.out + written.err
    assert json.dumps(PLANTED)[1:-1] not in written.out + written.err
    # Its own refused field is named to whoever sent it; no value is.
    assert [one.status_code for one in answers if PLANTED in one.text] == [422]


async def test_sealed_facts_open_with_their_key_and_in_their_row_only(office: Office) -> None:
    await save(office)
    row = await office.database.reads.fetchrow("SELECT id, sealed_facts FROM enterprise_profile")
    sealer = ProfileSealer(SECRETS["profile_key"])
    assert b"370102" in sealer.open(row["sealed_facts"], profile_id=row["id"])
    with pytest.raises(Unavailable):
        ProfileSealer("another-key-another-key-another-key").open(row["sealed_facts"], profile_id=row["id"])
    other = type(row["id"])("01890000-0000-4000-8000-000000000000")
    with pytest.raises(Unavailable):
        sealer.open(row["sealed_facts"], profile_id=other)


async def test_consent_is_needed_and_not_from_the_future(office: Office) -> None:
    without = profile()
    del without["consent"]
    assert (await office.put_entry("profiles", without)).status_code == 422
    future = profile() | {"consent": {"text_version": "1", "agreed_at": "2026-05-07T10:00:00+08:00"}}
    answer = await office.put_entry("profiles", future)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/consent/agreed_at")


async def test_profile_belongs_to_its_organisations_subtree(office: Office) -> None:
    district = await office.suite.token(DISTRICT_A, Scope.PROFILE_WRITE)
    for org, expected in ((BUREAU_A, 200), (DISTRICT_B, 403), (CITY, 403)):
        path = f"/v1/organizations/{org}/profiles/e1"
        answer = await office.suite.policy.put(path, json=profile(), headers=district)
        assert answer.status_code == expected
        if expected == 403:
            assert (await office.suite.policy.get(f"{path}/matches", headers=district)).status_code == 403


async def test_matches_are_listed_page_by_page(office: Office) -> None:
    wanted = {await put_clause(office, f"c{number}") for number in range(5)}
    await save(office)
    await work(office)
    path, seen, cursor = f"/v1/organizations/{CITY}/profiles/e1/matches", [], None
    for _ in range(3):
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await office.call("GET", path, params=params)).json()
        seen += [item["clause_id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert (len(seen), set(seen), cursor) == (5, wanted, None)
