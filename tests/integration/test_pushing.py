"""Pushing policies: one at a time and in batches, what goes in, what is refused, what the public reads."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from shared.schemas.policies import Policy
from shared.schemas.scopes import Scope
from tests.policies import policy, published
from tests.services import BUREAU_A, CITY, DISTRICT_A, DISTRICT_B, Suite

NDJSON = {"content-type": "application/x-ndjson"}


@pytest.fixture
async def importer(library: Suite) -> dict[str, str]:
    """The city's client that imports."""
    return await library.token(CITY, Scope.POLICY_WRITE, Scope.POLICY_IMPORT, Scope.POLICY_RELEASE, Scope.EVENTS_READ)


async def put(
    library: Suite, headers: dict[str, str], body: dict[str, Any], name: str = "a", org: str = CITY
) -> httpx.Response:
    return await library.policy.put(f"/v1/organizations/{org}/policies/{name}", json=body, headers=headers)


async def read(library: Suite, answer: httpx.Response, **query: str) -> dict[str, Any]:
    got = await library.policy.get(f"/v1/policies/{answer.json()['id']}", params=query)
    assert got.status_code == 200, got.text
    Policy.model_validate_json(got.content)
    document: dict[str, Any] = got.json()
    return document


async def batch(library: Suite, headers: dict[str, str], lines: list[Any], **query: str) -> list[dict[str, Any]]:
    body = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    answer = await library.policy.post("/v1/policies:batch", content=body, headers=headers | NDJSON, params=query)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def test_same_document_again_is_unchanged_with_the_same_id(library: Suite, importer: dict[str, str]) -> None:
    body = published()
    first, second = await put(library, importer, body), await put(library, importer, body)
    assert (first.status_code, second.status_code) == (201, 200), first.text
    assert second.json()["outcome"] == "unchanged"
    assert first.json()["id"] == second.json()["id"]
    third = await put(library, importer, body | {"title": "关于社区食堂建设的补充通知"})
    assert (third.json()["outcome"], third.json()["version"], third.json()["id"]) == ("updated", 2, first.json()["id"])


async def test_draft_is_invisible_to_the_public_and_to_the_log(library: Suite, importer: dict[str, str]) -> None:
    answer = await put(library, importer, policy())
    assert (answer.status_code, answer.json()["public"]) == (201, False)
    hidden = await library.policy.get(f"/v1/policies/{answer.json()['id']}")
    assert (hidden.status_code, hidden.json()["code"]) == (404, "not_found")
    events = (await library.policy.get("/v1/events", headers=importer)).json()["events"]
    assert events == []


async def test_imported_document_is_read_as_pushed_with_its_validity(library: Suite, importer: dict[str, str]) -> None:
    answer = await put(library, importer, published(expires_on="2027-12-31", doc_no="泉民字[2026] ９01 号"))
    document = await read(library, answer)
    assert (document["doc_no"], document["doc_no_raw"]) == ("泉民字〔2026〕901号", "泉民字[2026] ９01 号")
    assert [document["validity"], (await read(library, answer, as_of="2026-03-09"))["validity"]] == [
        "in_force",
        "not_yet",
    ]
    last, after = await read(library, answer, as_of="2027-12-31"), await read(library, answer, as_of="2028-01-01")
    assert (last["validity"], after["validity"]) == ("in_force", "lapsed")


async def test_if_none_match_saves_the_body(library: Suite, importer: dict[str, str]) -> None:
    answer = await put(library, importer, published())
    first = await library.policy.get(f"/v1/policies/{answer.json()['id']}")
    again = await library.policy.get(
        f"/v1/policies/{answer.json()['id']}", headers={"If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")


async def test_stale_if_match_is_refused_and_changes_nothing(library: Suite, importer: dict[str, str]) -> None:
    body = published()
    first = await put(library, importer, body)
    await put(library, importer, body | {"summary": "第二稿"})
    stale = await put(library, importer | {"If-Match": first.headers["etag"]}, body | {"summary": "第三稿"})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert (await read(library, first))["summary"] == "第二稿"


async def test_number_of_another_document_is_refused(library: Suite, importer: dict[str, str]) -> None:
    body = published()
    await put(library, importer, body, "a")
    taken = await put(library, importer, published(doc_no=body["doc_no"]), "b")
    assert (taken.status_code, taken.json()["code"]) == (409, "document_number_taken")
    assert taken.json()["holder"] == {"organization": CITY, "external_id": "a"}


async def test_import_needs_its_scope_and_the_subtree(library: Suite) -> None:
    drafter = await library.token(DISTRICT_A, Scope.POLICY_WRITE)
    for org, body, status in (
        (DISTRICT_A, published(), 403),
        (DISTRICT_B, policy(), 403),
        (CITY, policy(), 403),
        (BUREAU_A, policy(), 201),
    ):
        assert (await put(library, drafter, body, org=org)).status_code == status


async def test_bad_lines_never_sink_their_neighbours(library: Suite, importer: dict[str, str]) -> None:
    good = {"organization": CITY, "external_id": "g1"} | published()
    results = await batch(
        library,
        importer,
        [
            good,
            "{",
            {"organization": CITY, "external_id": "b1"} | published(doc_no="泉民字〔26〕1号"),
            {"organization": CITY, "external_id": "g1"} | published(),
            {"organization": CITY, "external_id": "b2"} | published(doc_no=good["doc_no"]),
            json.dumps({"organization": CITY, "external_id": "b3"} | published(title="有\x00空字符")),
            {"organization": CITY, "external_id": "b4"} | published(effective_on="2026-13-01"),
            "[" * 5000,
            {"organization": CITY, "external_id": "g2"} | published(),
        ],
    )
    assert [result["line"] for result in results] == list(range(1, 10))
    assert [result["status"] for result in results] == [201, 422, 422, 409, 409, 422, 422, 422, 201]
    codes = [result["problem"]["code"] for result in results if "problem" in result]
    assert codes[:4] == ["malformed_body", "validation_failed", "repeated_in_batch", "document_number_taken"]
    listed = (await library.policy.get("/v1/policies")).json()["items"]
    assert {item["external_id"] for item in listed} == {"g1", "g2"}


async def test_validate_only_answers_the_same_and_stores_nothing(library: Suite, importer: dict[str, str]) -> None:
    lines = [{"organization": CITY, "external_id": "x"} | published()]
    dry = await batch(library, importer, lines, validate_only="true")
    assert dry[0]["status"] == 201
    assert (await library.policy.get("/v1/policies")).json()["items"] == []
    assert (await library.policy.get("/v1/events", headers=importer)).json()["events"] == []


async def test_repealing_act_ends_its_target_from_its_own_first_day(library: Suite, importer: dict[str, str]) -> None:
    old = await put(library, importer, published(), "old")
    number = (await read(library, old))["doc_no"]
    act = published(relations=[{"type": "repeals", "target_doc_no": number}], effective_on="2026-09-01")
    new = await put(library, importer, act, "new")
    document = await read(library, old)
    assert document["repealed_on"] == "2026-09-01"
    assert [(link["type"], link["policy_id"]) for link in document["relations"]] == [("repealed_by", new.json()["id"])]
    before, after = await read(library, old, as_of="2026-08-31"), await read(library, old, as_of="2026-09-01")
    assert (before["validity"], after["validity"]) == ("in_force", "repealed")
    events = (await library.policy.get("/v1/events", headers=importer)).json()["events"]
    assert [(event["subject"], event["subjectversion"]) for event in events] == [
        (old.json()["id"], 1),
        (new.json()["id"], 1),
        (new.json()["id"], 2),
        (old.json()["id"], 2),
    ] or len({(event["subject"], event["subjectversion"]) for event in events}) == len(events)


async def test_relation_waits_for_a_target_that_comes_later(library: Suite, importer: dict[str, str]) -> None:
    later = published()
    first = await put(
        library, importer, published(relations=[{"type": "based_on", "target_doc_no": later["doc_no"]}]), "1"
    )
    assert (await read(library, first))["relations"][0]["policy_id"] is None
    second = await put(library, importer, later, "2")
    assert (await read(library, first))["relations"][0]["policy_id"] == second.json()["id"]
    assert (await read(library, second))["relations"][0]["type"] == "basis_of"


async def test_lower_organization_cannot_repeal_a_higher_ones_document(
    library: Suite, importer: dict[str, str]
) -> None:
    city = published()
    await put(library, importer, city)
    act = published(relations=[{"type": "repeals", "target_doc_no": city["doc_no"]}])
    refused = await put(library, importer, act, org=DISTRICT_A)
    assert (refused.status_code, refused.json()["code"]) == (403, "outside_subtree")


async def test_later_text_joins_the_history_and_as_of_finds_each(library: Suite, importer: dict[str, str]) -> None:
    first = published(body="第一条 旧文。", version={"label": "原始", "effective_on": "2020-01-01"})
    second = first | {"body": "第一条 新文。", "version": {"label": "第一次修订", "effective_on": "2026-05-01"}}
    answer = await put(library, importer, first)
    await put(library, importer, second)
    assert (await put(library, importer, first)).json()["outcome"] == "unchanged"
    bodies = [(await read(library, answer, as_of=day))["body"] for day in ("2019-12-31", "2026-04-30", "2026-05-01")]
    assert bodies == ["第一条 旧文。", "第一条 旧文。", "第一条 新文。"]
    difference = await library.policy.get(f"/v1/policies/{answer.json()['id']}/compare", params={"from": 1, "to": 2})
    assert difference.status_code == 200, difference.text
    page = await library.policy.get(
        f"/v1/policies/{answer.json()['id']}/compare", params={"from": 1, "to": 2, "format": "html"}
    )
    assert "<del>旧</del>" in page.text


async def test_withdrawn_document_is_gone_and_its_number_of_links_with_it(
    library: Suite, importer: dict[str, str]
) -> None:
    answer = await put(library, importer, published())
    identity = answer.json()["id"]
    gone = await library.policy.post(f"/v1/policies/{identity}:withdraw", json={"reason": "发布有误"}, headers=importer)
    assert gone.status_code == 204, gone.text
    assert (await library.policy.get(f"/v1/policies/{identity}")).status_code == 410
    last = (await library.policy.get("/v1/events", headers=importer)).json()["events"][-1]
    assert (last["type"], last["data"]) == ("policy.withdrawn", None)
    states = await library.policy.get("/v1/public-states", params={"ids": identity})
    assert states.json()["items"] == []


async def test_withdrawn_document_stays_withdrawn_and_its_number_is_free(
    library: Suite, importer: dict[str, str]
) -> None:
    body = published()
    answer = await put(library, importer, body, "wrong")
    url = f"/v1/policies/{answer.json()['id']}:withdraw"
    await library.policy.post(url, json={"reason": "发布有误"}, headers=importer)
    again = await put(library, importer, body | {"summary": "更正"}, "wrong")
    assert (again.status_code, again.json()["code"]) == (409, "illegal_move")
    assert (await put(library, importer, body | {"summary": "更正"}, "right")).status_code == 201


async def test_concurrent_pushes_of_one_document_give_one_id_and_every_version_once(
    library: Suite, importer: dict[str, str]
) -> None:
    body = published()
    answers = await asyncio.gather(*(put(library, importer, body | {"summary": f"第{n}稿"}) for n in range(8)))
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sorted(answer.json()["version"] for answer in answers) == list(range(1, 9))


async def test_interpretation_and_policy_show_each_other(library: Suite, importer: dict[str, str]) -> None:
    target = await put(library, importer, published())
    explained = {
        "title": "一图读懂社区食堂建设",
        "form": "infographic",
        "body": "社区食堂怎么建、谁来管、多少钱，一张图看明白。",
        "policy_id": target.json()["id"],
        "published_on": "2026-03-03",
    }
    url = f"/v1/organizations/{CITY}/interpretations/i1"
    answer = await library.policy.put(url, json=explained, headers=importer)
    assert answer.status_code == 201, answer.text
    assert (await read(library, target))["interpretations"][0]["id"] == answer.json()["id"]
    got = await library.policy.get(f"/v1/interpretations/{answer.json()['id']}")
    assert got.json()["policy"]["id"] == target.json()["id"]
    assert (await library.policy.put(url, json=explained, headers=importer)).json()["outcome"] == "unchanged"


async def test_list_pages_through_everything_once_by_key(library: Suite, importer: dict[str, str]) -> None:
    lines = [{"organization": CITY, "external_id": f"p{n}"} | published() for n in range(7)]
    await batch(library, importer, lines)
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 3, "year": 2026, "status": "in_force"}
    while True:
        page = (await library.policy.get("/v1/policies", params=query)).json()
        seen += [item["external_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert sorted(seen) == sorted(f"p{n}" for n in range(7))
    forged = await library.policy.get("/v1/policies", params=query | {"year": 2025})
    assert (forged.status_code, forged.json()["code"]) == (422, "invalid_cursor")
