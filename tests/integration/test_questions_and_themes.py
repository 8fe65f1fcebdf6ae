"""Questions flagged the day their policy ends, themes that follow what they hold, links that resolve both ways."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from services.policy_api.service.entries import refresh_due_entries
from services.policy_api.service.publication import refresh_due
from shared.kit.clock import local_day
from shared.schemas.collections import Collection, CollectionGone
from shared.schemas.entries import Entry, LinkCheck
from shared.schemas.questions import Question
from shared.schemas.scopes import Scope
from tests.dossiers import material
from tests.entries import collection, question
from tests.policies import published
from tests.services import CITY, DISTRICT_A, Suite

NOW = datetime(2026, 5, 6, 4, tzinfo=UTC)


@pytest.fixture
async def editor(library: Suite) -> dict[str, str]:
    """The city's client that imports policies and edits questions and themes."""
    library.apps["policy"].state.kit.clock = lambda: NOW
    return await library.token(
        CITY,
        *(Scope.POLICY_WRITE, Scope.POLICY_IMPORT, Scope.POLICY_RELEASE, Scope.EVENTS_READ),
        *(Scope.QUESTION_WRITE, Scope.COLLECTION_WRITE),
    )


async def put(
    library: Suite, headers: dict[str, str], plural: str, name: str, body: dict[str, Any], org: str = CITY
) -> str:
    answer = await library.policy.put(f"/v1/organizations/{org}/{plural}/{name}", json=body, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["id"])


async def read(library: Suite, plural: str, entry_id: str) -> dict[str, Any]:
    answer = await library.policy.get(f"/v1/{plural}/{entry_id}")
    assert answer.status_code == 200, answer.text
    schema: type[Entry] = Question if plural == "questions" else Collection
    schema.model_validate_json(answer.content)
    document: dict[str, Any] = answer.json()
    return document


async def withdraw(library: Suite, headers: dict[str, str], path: str) -> None:
    answer = await library.policy.post(f"{path}:withdraw", json={"reason": "发布有误"}, headers=headers)
    assert answer.status_code == 204, answer.text


def theme(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return collection(sections=[{"heading": "就餐", "note": "先看通知", "items": list(items)}], **changes)


async def test_question_is_flagged_on_the_first_day_without_its_policy(library: Suite, editor: dict[str, str]) -> None:
    """At the first minute of that day, before the worker has rendered anything; and once told afterwards."""
    await put(library, editor, "policies", "a", published(expires_on="2026-05-31"))
    question_id = await put(library, editor, "questions", "q", question(policies=[{"external_id": "a"}]))
    last = await read(library, "questions", question_id)
    assert (last["status"], last["changes_on"], last["flags"]) == ("current", "2026-06-01", [])
    midnight = datetime(2026, 5, 31, 16, 0, 1, tzinfo=UTC)
    library.apps["policy"].state.kit.clock = lambda: midnight
    first = await read(library, "questions", question_id)
    assert (first["status"], first["flags"][0]["reason"], first["policies"][0]["validity"]) == (
        "flagged",
        "lapsed",
        "lapsed",
    )
    async with library.apps["policy"].state.kit.database.write() as session:
        await refresh_due(session, today=local_day(midnight), limit=10)
    async with library.apps["policy"].state.kit.database.write() as session:
        await refresh_due_entries(session, today=local_day(midnight), limit=10)
    stored = await read(library, "questions", question_id)
    assert (stored["status"], stored["version"], stored["changes_on"]) == ("flagged", 2, None)
    listed = (await library.policy.get("/v1/questions", params={"status": "flagged"})).json()["items"]
    assert [item["id"] for item in listed] == [question_id]


async def test_question_on_a_repealed_article_is_flagged_and_its_neighbour_is_not(
    library: Suite, editor: dict[str, str]
) -> None:
    body = "第一条 为了社区食堂，制定本办法。\n第二条 早餐补贴两元。\n第三条 自发布之日起施行。"
    policy_id = await put(library, editor, "policies", "a", published(body=body))
    ids = [
        await put(
            library, editor, "questions", article, question(policies=[{"external_id": "a", "articles": [article]}])
        )
        for article in ("art-2", "art-3")
    ]
    act = [{"type": "partly_repeals", "target_id": policy_id, "articles": ["art-2"]}]
    await put(library, editor, "policies", "b", published(relations=act))
    shown = [await read(library, "questions", entry_id) for entry_id in ids]
    assert [one["status"] for one in shown] == ["flagged", "current"]
    assert shown[0]["flags"] == [
        {"kind": "policy", "id": policy_id, "reason": "article_repealed", "articles": ["art-2"]}
    ]


async def test_answer_expires_by_its_own_date(library: Suite, editor: dict[str, str]) -> None:
    question_id = await put(library, editor, "questions", "q", question(valid_to="2026-05-07"))
    library.apps["policy"].state.kit.clock = lambda: datetime(2026, 5, 7, 16, tzinfo=UTC)
    assert (await read(library, "questions", question_id))["status"] == "expired"


async def test_personal_data_goes_in_nowhere(library: Suite, editor: dict[str, str]) -> None:
    body = question(answer="请致电当事人13800138000。", topic="用餐", source="counter")
    answer = await library.policy.put(f"/v1/organizations/{CITY}/questions/q", json=body, headers=editor)
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (422, ["/answer"])
    assert "13800138000" not in answer.text
    assert (await library.policy.get("/v1/questions")).json()["items"] == []


async def test_theme_across_departments_follows_its_items(library: Suite, editor: dict[str, str]) -> None:
    district = await library.token(DISTRICT_A, Scope.POLICY_WRITE, Scope.POLICY_IMPORT)
    own = await put(library, editor, "policies", "a", published(title="市级社区食堂通知"))
    theirs = await put(library, district, "policies", "b", published(title="区级社区食堂细则"), org=DISTRICT_A)
    explained = material(policy_external_id="a", published_on="2026-03-03")
    interpretation = await put(library, editor, "interpretations", "i", explained)
    asked = await put(library, editor, "questions", "q", question(policies=[{"external_id": "a"}]))
    body = theme(
        {"policy_id": own}, {"policy_id": theirs}, {"interpretation_id": interpretation}, {"question_id": asked}
    )
    theme_id = await put(library, editor, "collections", "t", body)
    first = await read(library, "collections", theme_id)
    assert [item["kind"] for item in first["sections"][0]["items"]] == [
        *("policy", "policy", "interpretation", "question")
    ]
    assert (first["status"], [one["id"] for one in first["policies"]]) == ("current", [own, theirs])
    changed = published(title="区级社区食堂实施细则", doc_no=None, version={"effective_on": "2026-04-01"})
    await put(library, district, "policies", "b", changed, org=DISTRICT_A)
    repealing = [{"type": "repeals", "target_id": own}]
    await put(library, editor, "policies", "end", published(relations=repealing, effective_on="2026-04-01"))
    second = await read(library, "collections", theme_id)
    items = second["sections"][0]["items"]
    assert [(item["title"], item["status"], item["flagged"]) for item in items] == [
        ("市级社区食堂通知", "repealed", True),
        ("区级社区食堂实施细则", "in_force", False),
        (explained["title"], "repealed", True),
        (question()["title"], "flagged", True),
    ]
    assert second["status"] == "flagged"
    for path in (f"policies/{theirs}", f"interpretations/{interpretation}", f"questions/{asked}"):
        links = (await library.policy.get(f"/v1/{path}/links")).json()["items"]
        assert [(link["kind"], link["id"]) for link in links] == [("collection", theme_id)], path
    for path in (f"interpretations/{own}", f"questions/{interpretation}", f"collections/{asked}"):
        assert (await library.policy.get(f"/v1/{path}/links")).status_code == 404


async def test_withdrawn_item_disappears_and_waits_for_the_editors(library: Suite, editor: dict[str, str]) -> None:
    policy_id = await put(library, editor, "policies", "a", published(title="不再公开的通知"))
    asked = await put(library, editor, "questions", "q", question(title="不再公开的问答"))
    theme_id = await put(library, editor, "collections", "t", theme({"question_id": asked}, {"policy_id": policy_id}))
    await withdraw(library, editor, f"/v1/questions/{asked}")
    await withdraw(library, editor, f"/v1/policies/{policy_id}")
    shown = (await library.policy.get(f"/v1/collections/{theme_id}")).text
    for gone in (policy_id, asked, "不再公开"):
        assert gone not in shown
    path = f"/v1/collections/{theme_id}/gone"
    answer = await library.policy.get(path, headers=editor)
    found = CollectionGone.model_validate_json(answer.content).gone
    assert [(one.pointer, one.kind, str(one.id)) for one in found] == [
        ("/sections/0/items/0", "question", asked),
        ("/sections/0/items/1", "policy", policy_id),
    ]
    outsider = await library.token(DISTRICT_A, Scope.COLLECTION_WRITE)
    assert (await library.policy.get(path, headers=outsider)).status_code == 403
    assert (await library.policy.get(path)).status_code == 401
    await put(library, editor, "questions", "q", question(title="又公开的问答"))
    back = await read(library, "collections", theme_id)
    assert [item["title"] for item in back["sections"][0]["items"]] == ["又公开的问答"]


async def test_policy_under_a_banner_flags_what_rests_on_it(library: Suite, editor: dict[str, str]) -> None:
    policy_id = await put(library, editor, "policies", "a", published())
    asked = await put(library, editor, "questions", "q", question(policies=[{"external_id": "a"}]))
    theme_id = await put(library, editor, "collections", "t", theme({"policy_id": policy_id}))
    banner = {"reason": "发布有误", "form": "banner", "notice": "本文件内容有误，正在更正，请勿据此办理"}
    answer = await library.policy.post(f"/v1/policies/{policy_id}:withdraw", json=banner, headers=editor)
    assert answer.status_code == 204, answer.text
    assert (await read(library, "questions", asked))["status"] == "flagged"
    assert (await read(library, "collections", theme_id))["sections"][0]["items"][0]["flagged"] is True


async def test_theme_and_the_end_of_its_item_at_once_never_show_what_is_gone(
    library: Suite, editor: dict[str, str]
) -> None:
    for number in range(10):
        asked = await put(library, editor, "questions", f"q{number}", question())
        address = f"/v1/organizations/{CITY}/collections/t{number}"
        pushed, _ = await asyncio.gather(
            library.policy.put(address, json=theme({"question_id": asked}), headers=editor),
            withdraw(library, editor, f"/v1/questions/{asked}"),
        )
        assert pushed.status_code in (201, 422), pushed.text
        if pushed.status_code == 201:
            assert asked not in (await library.policy.get(f"/v1/collections/{pushed.json()['id']}")).text


async def test_item_of_another_kind_or_not_public_is_refused(library: Suite, editor: dict[str, str]) -> None:
    policy_id = await put(library, editor, "policies", "a", published())
    for item in ({"question_id": policy_id}, {"clause_id": "01890000-0000-7000-8000-000000000000"}):
        answer = await library.policy.put(f"/v1/organizations/{CITY}/collections/t", json=theme(item), headers=editor)
        assert answer.status_code == 422, answer.text


async def _links(library: Suite, policy_id: str, **query: Any) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    while True:
        answer: httpx.Response = await library.policy.get(f"/v1/policies/{policy_id}/links", params=query)
        assert answer.status_code == 200, answer.text
        found += [(item["kind"], item["id"]) for item in answer.json()["items"]]
        if answer.json()["next_cursor"] is None:
            return found
        query["cursor"] = answer.json()["next_cursor"]


async def test_links_name_interpretations_and_page_across_kinds(library: Suite, editor: dict[str, str]) -> None:
    policy_id = await put(library, editor, "policies", "a", published())
    linked = [{"external_id": "a"}]
    wanted = [("question", await put(library, editor, "questions", f"q{n}", question(policies=linked))) for n in (1, 2)]
    for number in (1, 2, 3):
        body = material(policy_external_id="a", published_on=f"2026-03-0{number + 2}")
        wanted.append(("interpretation", await put(library, editor, "interpretations", f"i{number}", body)))
    wanted.append(("collection", await put(library, editor, "collections", "t", collection(policies=linked))))
    whole = await _links(library, policy_id)
    assert sorted(whole) == sorted(wanted)
    assert await _links(library, policy_id, limit=1) == await _links(library, policy_id, limit=2) == whole


async def test_link_check_names_what_cannot_be_followed(library: Suite, editor: dict[str, str]) -> None:
    relations = [
        {"type": "based_on", "target_doc_no": "鲁政发〔2001〕999号"},
        {"type": "implements", "target_title": "尚未入库的上级文件"},
    ]
    policy_id = await put(library, editor, "policies", "a", published(relations=relations))
    asked = await put(library, editor, "questions", "q", question(policies=[{"external_id": "a"}]))
    body = material(policy_external_id="a", published_on="2026-03-04")
    shown = await put(library, editor, "interpretations", "i", body)
    await put(library, editor, "policies", "b", published(relations=[{"type": "supplements", "target_id": policy_id}]))
    answer = await library.policy.get(f"/v1/policies/{policy_id}/link-check")
    check = LinkCheck.model_validate_json(answer.content)
    assert (check.links, check.resolving) == (5, 3)
    assert [(one.kind, one.id, one.problem) for one in check.unresolved] == [("relation", None, "not_in_library")] * 2
    async with library.apps["policy"].state.kit.database.write() as session:
        driver = await session.driver()
        # As a restore of one table, or a fault, would leave it: one side no longer names the other.
        await driver.execute("UPDATE entry SET listing = '{}' WHERE id = $1", asked)
        await driver.execute("UPDATE interpretation SET representation = '{}' WHERE id = $1", shown)
    found = (await library.policy.get(f"/v1/policies/{policy_id}/link-check")).json()["unresolved"]
    assert {(one["kind"], one["problem"]) for one in found} == {
        ("interpretation", "not_shown_there"),
        ("question", "not_shown_there"),
        ("relation", "not_in_library"),
    }
    assert (await library.policy.get(f"/v1/policies/{asked}/link-check")).status_code == 404
