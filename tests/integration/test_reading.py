"""What readers get: the short path and the ordinary route agree, dates are honoured before any worker has run."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.policy_api.rules.validity import Lifetime, validity_on
from services.policy_api.service.publication import bind_stragglers, bind_titles, refresh_due
from shared.kit.clock import local_day
from shared.kit.database import Database
from shared.schemas.policies import Policy, PolicySummary, Validity
from shared.schemas.scopes import Scope
from tests.policies import published
from tests.services import CITY, Suite


@pytest.fixture
async def importer(library: Suite) -> dict[str, str]:
    return await library.token(CITY, Scope.POLICY_WRITE, Scope.POLICY_IMPORT, Scope.EVENTS_READ)


async def push(library: Suite, headers: dict[str, str], name: str, **changes: Any) -> str:
    answer = await library.policy.put(
        f"/v1/organizations/{CITY}/policies/{name}", json=published(**changes), headers=headers
    )
    assert answer.status_code in (200, 201), answer.text
    identity: str = answer.json()["id"]
    return identity


def at(library: Suite, day: str) -> None:
    """Set policy_api's clock to noon of a day in the city."""
    moment = datetime.fromisoformat(f"{day}T12:00:00+08:00").astimezone(UTC)
    library.apps["policy"].state.kit.clock = lambda: moment


async def test_short_path_and_ordinary_route_give_the_same_answer(library: Suite, importer: dict[str, str]) -> None:
    identity = await push(library, importer, "a")
    short = await library.policy.get(f"/v1/policies/{identity}")
    # A query that changes nothing sends the request through the framework.
    ordinary = await library.policy.get(f"/v1/policies/{identity}", params={"x": "1"})
    assert short.content == ordinary.content
    names = ("etag", "cache-control", "content-type", "content-length")
    assert [short.headers[name] for name in names] == [ordinary.headers[name] for name in names]
    assert short.headers["x-request-id"] != ordinary.headers["x-request-id"]


async def test_date_that_no_worker_has_seen_is_honoured_at_once(library: Suite, importer: dict[str, str]) -> None:
    identity = await push(library, importer, "a", expires_on="2027-12-31")
    at(library, "2027-12-31")
    assert (await library.policy.get(f"/v1/policies/{identity}")).json()["validity"] == "in_force"
    at(library, "2028-01-01")
    assert (await library.policy.get(f"/v1/policies/{identity}")).json()["validity"] == "lapsed"
    listed = (await library.policy.get("/v1/policies", params={"status": "lapsed"})).json()["items"]
    assert [(item["id"], item["validity"]) for item in listed] == [(identity, "lapsed")]


async def test_worker_tells_the_log_when_a_date_has_changed_a_document(
    library: Suite, importer: dict[str, str]
) -> None:
    identity = await push(library, importer, "a", expires_on="2027-12-31")
    database: Database = library.apps["policy"].state.kit.database
    for day, due in ((date(2027, 12, 31), 0), (date(2028, 1, 1), 1), (date(2028, 1, 2), 0)):
        async with database.write() as session:
            assert await refresh_due(session, today=day, limit=10) == due
    last = (await library.policy.get("/v1/events", headers=importer)).json()["events"][-1]
    assert (last["type"], last["subject"], last["data"]["validity"]) == ("policy.validity_changed", identity, "lapsed")


async def test_later_text_takes_over_on_its_day(library: Suite, importer: dict[str, str]) -> None:
    identity = await push(
        library, importer, "a", doc_no=None, body="第一条 旧。", version={"effective_on": "2026-01-01"}
    )
    await push(library, importer, "a", doc_no=None, body="第一条 新。", version={"effective_on": "2027-01-01"})
    at(library, "2026-12-31")
    assert (await library.policy.get(f"/v1/policies/{identity}")).json()["body"] == "第一条 旧。"
    at(library, "2027-01-01")
    assert (await library.policy.get(f"/v1/policies/{identity}")).json()["body"] == "第一条 新。"


async def test_lists_judge_validity_as_the_rule_does(library: Suite, importer: dict[str, str]) -> None:
    days = [None, "2026-05-01", "2026-06-01", "2026-07-01"]
    expected: dict[str, Lifetime] = {}
    # Rendered on a day before all others: time does not run backwards.
    at(library, "2026-04-29")
    for begins in days[1:]:
        for expires in days:
            for repealed in days:
                if expires is not None and expires < str(begins):
                    continue
                name = f"{begins}/{expires}/{repealed}".replace("/", "_")
                answer = await library.policy.put(
                    f"/v1/organizations/{CITY}/policies/{name}",
                    json=published(effective_on=begins, expires_on=expires, repealed_on=repealed),
                    headers=importer,
                )
                if answer.status_code == 201:
                    ends = [date.fromisoformat(day) if day else None for day in (begins, expires, repealed)]
                    assert ends[0] is not None
                    expected[answer.json()["id"]] = Lifetime(ends[0], ends[1], ends[2])
    assert len(expected) > 15
    for today in ("2026-04-30", "2026-05-01", "2026-06-01", "2026-06-02", "2026-07-02"):
        at(library, today)
        for status in Validity:
            page = await library.policy.get("/v1/policies", params={"status": status.value, "limit": 100})
            listed = {item["id"] for item in page.json()["items"]}
            day = date.fromisoformat(today)
            assert listed == {one for one, life in expected.items() if validity_on(life, day) is status}, (
                today,
                status,
            )


async def test_stored_forms_follow_their_schemas(library: Suite, importer: dict[str, str]) -> None:
    await push(library, importer, "b", relations=[{"type": "implements", "target_title": "某某条例"}])
    items = (await library.policy.get("/v1/policies")).json()["items"]
    assert len(items) == 1
    for item in items:
        PolicySummary.model_validate(item)
        Policy.model_validate_json((await library.policy.get(f"/v1/policies/{item['id']}")).content)


async def test_relation_whose_ends_missed_each_other_is_bound_later(library: Suite, importer: dict[str, str]) -> None:
    target = published()
    target_id = await push(library, importer, "t", **target)
    source_id = await push(library, importer, "s", relations=[{"type": "based_on", "target_doc_no": target["doc_no"]}])
    database: Database = library.apps["policy"].state.kit.database
    async with database.write() as session:
        # As if both had been written at the same moment, neither seeing the other.
        await (await session.driver()).execute("UPDATE relation SET target_id = NULL")
    today = local_day(datetime.now(UTC))
    async with database.write() as session:
        assert await bind_stragglers(session, today=today, limit=10) == 2
    async with database.write() as session:
        assert await bind_stragglers(session, today=today, limit=10) == 0
    assert (await library.policy.get(f"/v1/policies/{source_id}")).json()["relations"][0]["policy_id"] == target_id
    assert (await library.policy.get(f"/v1/policies/{target_id}")).json()["relations"][0]["type"] == "basis_of"


async def test_what_the_public_saw_is_kept(
    library: Suite, importer: dict[str, str], database_url: Callable[[str], str]
) -> None:
    identity = await push(library, importer, "a", doc_no="泉档字〔2026〕1号", summary="甲")
    await push(library, importer, "a", doc_no="泉档字〔2026〕1号", summary="乙", title="关于社区食堂建设的通知（二）")
    reads = library.apps["policy"].state.kit.database.reads
    kept = await reads.fetch("SELECT version, representation FROM rendering WHERE subject = $1", identity)
    assert [(row["version"], Policy.model_validate_json(row["representation"]).summary) for row in kept] == [(1, "甲")]


async def test_number_is_listed_by_any_spelling_and_by_its_parts(library: Suite, importer: dict[str, str]) -> None:
    identity = await push(library, importer, "a", doc_no="泉政办发〔2026〕12号")
    await push(library, importer, "b", doc_no="泉政办发〔2026〕13号")
    for typed in ("泉政办发[2026]12号", "泉政办发（2026） 12号", "泉政办发〔２０２６〕12号", "2026〕12"):
        page = await library.policy.get("/v1/policies", params={"doc_no": typed})
        assert [item["id"] for item in page.json()["items"]] == [identity], typed


async def test_a_passage_is_read_by_its_address_on_any_day(library: Suite) -> None:
    office = await library.token(CITY, Scope.POLICY_WRITE, Scope.POLICY_IMPORT)
    body = "第一条 为了社区食堂，制定本办法。\n第二条 分为下列两类：\n（一）全日制；\n（二）定时制。\n类别由街道确定。"
    address = f"/v1/organizations/{CITY}/policies/passages"
    first = await library.policy.put(address, json=published(body=body, doc_no=None), headers=office)
    path = f"/v1/policies/{first.json()['id']}/passages"
    later = published(body=body.replace("街道", "区"), doc_no=None, version={"effective_on": "2026-05-01"})
    assert (await library.policy.put(address, json=later, headers=office)).status_code == 200
    listed = (await library.policy.get(path)).json()["items"]
    assert [item["address"] for item in listed] == ["art-1", "art-2", "art-2-p1", "art-2-p2", "art-2-1", "art-2-2"]
    for query, words in (({"as_of": "2026-04-01"}, "类别由街道确定。"), ({}, "类别由区确定。")):
        answer = await library.policy.get(f"{path}/art-2-p2", params=query)
        assert (answer.json()["text"], answer.json()["path"]) == (words, ["第二条", "第2款"])
    missing = await library.policy.get(f"{path}/art-22")
    assert (missing.status_code, "art-2" in missing.json()["near"]) == (404, True)
    assert (await library.policy.get(f"{path}/..%2Fart-1")).status_code in (404, 422)


async def test_relation_by_title_is_bound_when_there_is_one_of_that_name(
    library: Suite, importer: dict[str, str]
) -> None:
    """Both sides show it; a title that two documents have stays a title; an end of another document needs its number."""
    title, today = "泉城市停放管理办法", local_day(datetime.now(UTC))
    relations = [{"type": "based_on", "target_title": title}, {"type": "implements", "target_title": "泉城市某办法"}]
    source = await push(library, importer, "source", relations=relations)
    target = await push(library, importer, "target", title=title)
    for name in ("a", "b"):
        await push(library, importer, name, title="泉城市某办法")
    database = library.apps["policy"].state.kit.database
    for expected in (1, 0):
        async with database.write() as session:
            assert await bind_titles(session, today=today, limit=10) == expected
    shown = await read(library, source)
    assert [(one["type"], one["policy_id"]) for one in shown["relations"]] == [
        ("based_on", target),
        ("implements", None),
    ]
    assert (await read(library, target))["relations"][0]["policy_id"] == source
    again = await push(library, importer, "source", relations=relations, summary="另一份摘要")
    assert (await read(library, again))["relations"][0]["policy_id"] == target


async def read(library: Suite, policy_id: str) -> dict[str, Any]:
    answer = await library.policy.get(f"/v1/policies/{policy_id}")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown
