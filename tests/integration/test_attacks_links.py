"""Documents that speak of each other, attacked: what one side says after the other was changed, released or withdrawn."""

import asyncio
from datetime import date
from typing import Any

import httpx
import pytest

from services.policy_api.service.publication import refresh_due
from shared.schemas.scopes import Scope
from tests.dossiers import Case, open_office
from tests.policies import policy, published
from tests.services import CITY, DISTRICT_A, Suite


@pytest.fixture
async def importer(library: Suite) -> dict[str, str]:
    """The city's client that imports."""
    return await library.token(CITY, Scope.POLICY_WRITE, Scope.POLICY_IMPORT, Scope.POLICY_RELEASE, Scope.EVENTS_READ)


async def put(
    library: Suite, headers: dict[str, str], name: str, body: dict[str, Any], org: str = CITY
) -> httpx.Response:
    return await library.policy.put(f"/v1/organizations/{org}/policies/{name}", json=body, headers=headers)


async def push(library: Suite, headers: dict[str, str], name: str, org: str = CITY, **changes: Any) -> str:
    """The id of a document that went in, public at once."""
    answer = await put(library, headers, name, published(**changes), org)
    assert answer.status_code in {200, 201}, answer.text
    identity: str = answer.json()["id"]
    return identity


async def read(library: Suite, identity: str, **query: str) -> dict[str, Any]:
    answer = await library.policy.get(f"/v1/policies/{identity}", params=query)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def withdraw(library: Suite, headers: dict[str, str], identity: str) -> httpx.Response:
    return await library.policy.post(f"/v1/policies/{identity}:withdraw", json={"reason": "发布有误"}, headers=headers)


async def last_told(library: Suite, headers: dict[str, str], identity: str) -> dict[str, Any]:
    """What the log's readers hold of a document."""
    events = (await library.policy.get("/v1/events", params={"limit": 1000}, headers=headers)).json()["events"]
    told: dict[str, Any] = [event["data"] for event in events if event["subject"] == identity][-1]
    return told


async def test_target_is_in_force_again_everywhere_when_the_repealing_act_is_withdrawn(
    library: Suite, importer: dict[str, str]
) -> None:
    old = await push(library, importer, "old")
    number = (await read(library, old))["doc_no"]
    act = await push(library, importer, "act", relations=[{"type": "repeals", "target_doc_no": number}])
    assert (await read(library, old))["validity"] == "repealed"
    assert (await withdraw(library, importer, act)).status_code == 204
    document = await read(library, old)
    assert (document["validity"], document["repealed_on"], document["relations"]) == ("in_force", None, [])
    listed = (await library.policy.get("/v1/policies", params={"status": "in_force"})).json()["items"]
    assert [item["id"] for item in listed] == [old]
    assert await last_told(library, importer, old) == document


async def test_changed_title_and_number_show_in_the_documents_that_name_it(
    library: Suite, importer: dict[str, str]
) -> None:
    first = published()
    target = (await put(library, importer, "t", first)).json()["id"]
    source = await push(library, importer, "s", relations=[{"type": "based_on", "target_id": target}])
    changed = first | {"title": "关于社区食堂建设的实施意见", "kind": "opinion", "doc_no": "泉政字〔2026〕77号"}
    assert (await put(library, importer, "t", changed)).status_code == 200
    for document in (await read(library, source), await last_told(library, importer, source)):
        link = document["relations"][0]
        assert (link["title"], link["doc_no"]) == (changed["title"], changed["doc_no"])


async def test_a_draft_named_by_id_is_linked_on_both_sides_once_it_is_public(
    library: Suite, importer: dict[str, str]
) -> None:
    body = policy()
    target = (await put(library, importer, "t", body)).json()["id"]
    source = await push(library, importer, "s", relations=[{"type": "based_on", "target_id": target}])
    assert (await read(library, source))["relations"][0]["policy_id"] is None
    await put(library, importer, "t", body | {"published_on": "2026-03-03"})
    assert (await read(library, source))["relations"][0]["policy_id"] == target
    assert (await read(library, target))["relations"][0]["policy_id"] == source
    assert (await last_told(library, importer, source))["relations"][0]["policy_id"] == target


async def test_no_document_acts_on_itself(library: Suite, importer: dict[str, str]) -> None:
    body = published()
    own = (await put(library, importer, "a", body)).json()["id"]
    for relation in ({"target_id": own}, {"target_doc_no": body["doc_no"]}):
        again = body | {"doc_no": "泉政字〔2026〕88号", "relations": [{"type": "repeals", **relation}]}
        refused = await put(library, importer, "a", again)
        assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed"), refused.text
    assert (await read(library, own))["validity"] == "in_force"


async def test_a_chain_of_replacements_ends_each_but_the_last(library: Suite, importer: dict[str, str]) -> None:
    first = await push(library, importer, "1")
    second = await push(library, importer, "2", relations=[{"type": "replaces", "target_id": first}])
    third = await push(library, importer, "3", relations=[{"type": "replaces", "target_id": second}])
    states = [(await read(library, identity))["validity"] for identity in (first, second, third)]
    assert states == ["repealed", "repealed", "in_force"]
    await withdraw(library, importer, third)
    states = [(await read(library, identity))["validity"] for identity in (first, second)]
    assert states == ["repealed", "in_force"]


async def test_two_that_repeal_each_other_are_both_told_and_neither_hangs(
    library: Suite, importer: dict[str, str]
) -> None:
    numbers = ["泉政字〔2026〕101号", "泉政字〔2026〕102号"]
    for mine, other in (numbers, numbers[::-1]):
        await push(library, importer, mine[-4:-1], doc_no=mine, relations=[{"type": "repeals", "target_doc_no": other}])
    items = (await library.policy.get("/v1/policies")).json()["items"]
    assert [item["validity"] for item in items] == ["repealed", "repealed"]


async def test_a_relation_that_waited_binds_only_for_who_has_the_right(
    library: Suite, importer: dict[str, str]
) -> None:
    number = "泉政字〔2026〕103号"
    act = [{"type": "repeals", "target_doc_no": number}]
    below = await push(library, importer, "below", DISTRICT_A, relations=act)
    city = await push(library, importer, "city", doc_no=number)
    assert (await read(library, city))["validity"] == "in_force"
    assert (await read(library, below))["relations"][0]["policy_id"] is None


async def test_relation_to_a_withdrawn_document_is_kept_without_a_link(
    library: Suite, importer: dict[str, str]
) -> None:
    gone = await push(library, importer, "gone")
    await withdraw(library, importer, gone)
    act = await push(library, importer, "act", relations=[{"type": "repeals", "target_id": gone}])
    assert (await read(library, act))["relations"][0]["policy_id"] is None


async def test_an_older_text_imported_later_leaves_the_relations_of_the_text_in_force(
    library: Suite, importer: dict[str, str]
) -> None:
    old = await push(library, importer, "old")
    act = published(
        relations=[{"type": "repeals", "target_id": old}], version={"label": "修订", "effective_on": "2026-05-01"}
    )
    await put(library, importer, "act", act)
    original = act | {
        "relations": [],
        "version": {"label": "原始", "effective_on": "2026-03-10"},
        "summary": "原始文本",
    }
    assert (await put(library, importer, "act", original)).status_code == 200
    assert (await read(library, old))["validity"] == "repealed"


async def test_a_repeal_that_a_later_text_brings_begins_with_that_text(
    library: Suite, importer: dict[str, str]
) -> None:
    old = await push(library, importer, "old")
    original = published(version={"label": "原始", "effective_on": "2026-03-10"})
    await put(library, importer, "act", original)
    later = original | {
        "relations": [{"type": "repeals", "target_id": old}],
        "version": {"label": "修订", "effective_on": "2026-09-01"},
    }
    await put(library, importer, "act", later)
    assert (await read(library, old, as_of="2026-08-31"))["validity"] == "in_force"
    assert (await read(library, old, as_of="2026-09-01"))["validity"] == "repealed"


def explanation(policy_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "title": "一图读懂社区食堂",
        "body": "社区食堂怎么建、谁来管。",
        "policy_id": policy_id,
        "published_on": "2026-03-03",
    } | changes


async def test_an_interpretation_that_moves_to_another_policy_leaves_the_first(
    library: Suite, importer: dict[str, str]
) -> None:
    first, second = await push(library, importer, "1"), await push(library, importer, "2")
    url = f"/v1/organizations/{CITY}/interpretations/i1"
    for target in (first, second):
        assert (await library.policy.put(url, json=explanation(target), headers=importer)).status_code < 300
    assert (await read(library, first))["interpretations"] == []
    assert len((await read(library, second))["interpretations"]) == 1
    assert (await last_told(library, importer, first))["interpretations"] == []


async def test_interpretations_of_one_key_pushed_at_once_are_one(library: Suite, importer: dict[str, str]) -> None:
    targets = [await push(library, importer, str(n)) for n in range(4)]
    url = f"/v1/organizations/{CITY}/interpretations/i1"
    answers = await asyncio.gather(
        *(library.policy.put(url, json=explanation(targets[n % 4]), headers=importer) for n in range(12))
    )
    assert {answer.status_code for answer in answers} <= {200, 201}, [answer.text for answer in answers]
    assert len({answer.json()["id"] for answer in answers}) == 1
    shown = [(await read(library, target))["interpretations"] for target in targets]
    assert sum(map(len, shown)) == 1


async def test_opposite_lock_orders_never_fail_and_leave_both_sides_agreeing(
    library: Suite, importer: dict[str, str]
) -> None:
    bodies = {name: published() for name in "ab"}
    ids = {name: (await put(library, importer, name, body)).json()["id"] for name, body in bodies.items()}

    def turn(name: str, other: str, number: int) -> Any:
        kind = ("repeals", "amends", "replaces")[number % 3]
        body = bodies[name] | {"summary": f"第{number}次", "relations": [{"type": kind, "target_id": ids[other]}]}
        return put(library, importer, name, body)

    for number in range(8):
        answers = await asyncio.gather(turn("a", "b", number), turn("b", "a", number + 1))
        assert [answer.status_code for answer in answers] == [200, 200], [answer.text for answer in answers]
    one, other = await read(library, ids["a"]), await read(library, ids["b"])
    assert len(one["relations"]) == len(other["relations"]) == 2
    events = (await library.policy.get("/v1/events", params={"limit": 1000}, headers=importer)).json()["events"]
    seen = [(event["subject"], event["subjectversion"]) for event in events]
    assert len(seen) == len(set(seen))
    assert await last_told(library, importer, ids["a"]) == one


async def test_a_number_claimed_by_many_at_once_goes_to_one(library: Suite, importer: dict[str, str]) -> None:
    number = "泉政字〔2026〕104号"
    answers = await asyncio.gather(*(put(library, importer, f"n{n}", published(doc_no=number)) for n in range(16)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 15
    holder = next(answer.json()["external_id"] for answer in answers if answer.status_code == 201)
    assert {answer.json()["holder"]["external_id"] for answer in answers if answer.status_code == 409} == {holder}


async def test_of_many_who_expect_the_same_version_exactly_one_wins(library: Suite, importer: dict[str, str]) -> None:
    body = published()
    first = await put(library, importer, "a", body)
    headers = importer | {"If-Match": first.headers["etag"]}
    answers = await asyncio.gather(*(put(library, headers, "a", body | {"summary": f"第{n}稿"}) for n in range(12)))
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 11


async def test_the_receipt_of_a_text_that_stands_already_names_that_text(
    library: Suite, importer: dict[str, str]
) -> None:
    first = published(version={"label": "原始", "effective_on": "2026-03-10"})
    one = (await put(library, importer, "a", first)).json()
    await put(library, importer, "a", first | {"version": {"label": "修订", "effective_on": "2026-05-01"}})
    again = (await put(library, importer, "a", first)).json()
    assert (again["outcome"], again["version"], again["content_hash"]) == ("unchanged", 1, one["content_hash"])


async def test_a_draft_taken_back_to_the_public_text_is_not_called_unchanged(
    library: Suite, importer: dict[str, str]
) -> None:
    office = await open_office(library)
    body = policy(effective_on="2026-03-10")
    receipt = (await put(library, office.drafter, "x", body)).json()
    opened = await office.api.post("/v1/dossiers", json={"policy_id": receipt["id"]}, headers=office.drafter)
    case = Case(office, opened.json()["id"], receipt["id"])
    await case.prepare_signed()
    await case.release()
    await put(library, office.drafter, "x", body | {"summary": "拟改"})
    back = (await put(library, office.drafter, "x", body)).json()
    versions = (await library.policy.get(f"/v1/policies/{case.policy_id}/versions", headers=office.drafter)).json()
    assert versions["items"][-1]["content_hash"] == back["content_hash"]
    assert (back["version"], back["public"]) == (3, False)


async def test_a_number_that_comes_with_a_later_day_is_reserved_from_the_push_on(
    library: Suite, importer: dict[str, str]
) -> None:
    first, number = published(), "泉政字〔2026〕301号"
    await put(library, importer, "a", first)
    later = first | {"doc_no": number, "version": {"label": "修订", "effective_on": "2027-09-01"}}
    await put(library, importer, "a", later)
    refused = await put(library, importer, "b", published(doc_no=number))
    assert (refused.status_code, refused.json()["holder"]["external_id"]) == (409, "a")
    other = await push(library, importer, "c", expires_on="2027-08-31")
    async with library.apps["policy"].state.kit.database.write() as session:
        assert await refresh_due(session, today=date(2027, 9, 1), limit=10) == 2
    assert (await last_told(library, importer, other))["validity"] == "lapsed"
