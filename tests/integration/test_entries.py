"""Entries: pushed, linked with policies, shown with what those policies are today, withdrawn."""

import asyncio
import json
from datetime import date
from typing import Any

import httpx
import pytest

from services.policy_api.rules.entry_kinds.registry import KINDS
from services.policy_api.service.entries import refresh_due_entries
from shared.schemas.questions import Question
from shared.schemas.scopes import Scope
from tests.entries import question as make_question
from tests.policies import published
from tests.services import BUREAU_A, CITY, DISTRICT_A, Suite


@pytest.fixture
async def editor(library: Suite) -> dict[str, str]:
    """The city's client that imports policies and pushes questions."""
    return await library.token(
        CITY, Scope.POLICY_WRITE, Scope.POLICY_IMPORT, Scope.POLICY_RELEASE, Scope.QUESTION_WRITE, Scope.EVENTS_READ
    )


def question(*external_ids: str, **changes: Any) -> dict[str, Any]:
    return make_question(policies=[{"external_id": name} for name in external_ids]) | changes


async def put(
    library: Suite,
    headers: dict[str, str],
    body: dict[str, Any],
    name: str = "q",
    org: str = CITY,
    match: str | None = None,
) -> httpx.Response:
    condition = {} if match is None else {"if-match": match}
    return await library.policy.put(f"/v1/organizations/{org}/questions/{name}", json=body, headers=headers | condition)


async def put_policy(library: Suite, headers: dict[str, str], name: str, **changes: Any) -> str:
    answer = await library.policy.put(
        f"/v1/organizations/{CITY}/policies/{name}", json=published(**changes), headers=headers
    )
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["id"])


async def read(library: Suite, entry_id: str) -> dict[str, Any]:
    answer = await library.policy.get(f"/v1/questions/{entry_id}")
    assert answer.status_code == 200, answer.text
    Question.model_validate_json(answer.content)
    document: dict[str, Any] = answer.json()
    return document


async def events(library: Suite, headers: dict[str, str], kind: str = "question") -> list[dict[str, Any]]:
    page = (await library.policy.get("/v1/events", headers=headers)).json()
    return [event for event in page["events"] if event["type"].startswith(kind)]


async def test_pushed_entry_is_public_linked_both_ways_and_told(library: Suite, editor: dict[str, str]) -> None:
    policy_id = await put_policy(library, editor, "a")
    answer = await put(library, editor, question("a"))
    assert (answer.status_code, answer.json()["outcome"]) == (201, "created"), answer.text
    shown = await read(library, answer.json()["id"])
    assert (shown["status"], shown["policies"][0]["id"], shown["policies"][0]["validity"]) == (
        "current",
        policy_id,
        "in_force",
    )
    links = (await library.policy.get(f"/v1/policies/{policy_id}/links")).json()["items"]
    assert [(link["kind"], link["href"]) for link in links] == [("question", f"/api/policy/v1/questions/{shown['id']}")]
    told = await events(library, editor)
    assert [(event["type"], event["subject"], event["data"]) for event in told] == [
        ("question.released", shown["id"], shown)
    ]


async def test_same_entry_again_is_unchanged(library: Suite, editor: dict[str, str]) -> None:
    await put_policy(library, editor, "a")
    first, second = [await put(library, editor, question("a")) for _ in range(2)]
    assert (second.status_code, second.json()["outcome"], second.json()["id"]) == (
        200,
        "unchanged",
        first.json()["id"],
    )
    changed = await put(library, editor, question("a", title="社区食堂用餐对象"))
    assert (changed.json()["outcome"], changed.json()["version"]) == ("updated", 2)
    assert len(await events(library, editor)) == 2


async def test_repealing_act_flags_the_questions_of_its_target_at_once(library: Suite, editor: dict[str, str]) -> None:
    policy_id = await put_policy(library, editor, "a")
    answer = await put(library, editor, question("a"))
    act = {"relations": [{"type": "repeals", "target_id": policy_id}], "effective_on": "2026-04-01"}
    await put_policy(library, editor, "b", **act)
    shown = await read(library, answer.json()["id"])
    assert (shown["status"], shown["policies"][0]["validity"], shown["version"]) == ("flagged", "repealed", 2)


async def test_withdrawn_policy_is_named_no_more(library: Suite, editor: dict[str, str]) -> None:
    policy_id = await put_policy(library, editor, "a", title="不再公开的通知")
    answer = await put(library, editor, question("a"))
    gone = await library.policy.post(f"/v1/policies/{policy_id}:withdraw", json={"reason": "发布有误"}, headers=editor)
    assert gone.status_code == 204, gone.text
    shown = await read(library, answer.json()["id"])
    assert (shown["status"], shown["policies"][0]["title"], shown["policies"][0]["validity"]) == ("flagged", None, None)
    assert "不再公开的通知" not in json.dumps(shown, ensure_ascii=False)


async def test_withdrawn_entry_is_gone_everywhere_and_may_come_back(library: Suite, editor: dict[str, str]) -> None:
    policy_id = await put_policy(library, editor, "a")
    entry_id = (await put(library, editor, question("a"))).json()["id"]
    answer = await library.policy.post(
        f"/v1/questions/{entry_id}:withdraw", json={"reason": "答复有误"}, headers=editor
    )
    assert answer.status_code == 204, answer.text
    assert (await library.policy.get(f"/v1/questions/{entry_id}")).status_code == 404
    assert (await library.policy.get("/v1/questions")).json()["items"] == []
    assert (await library.policy.get(f"/v1/policies/{policy_id}/links")).json()["items"] == []
    assert (await library.policy.get("/v1/public-states", params={"ids": entry_id})).json()["items"] == []
    back = await put(library, editor, question("a"))
    assert (back.json()["outcome"], back.json()["id"], back.json()["version"]) == ("updated", entry_id, 3)
    assert [event["type"] for event in await events(library, editor)] == [
        "question.released",
        "question.withdrawn",
        "question.released",
    ]


async def test_lists_are_narrowed_and_paged(library: Suite, editor: dict[str, str]) -> None:
    policy_id = await put_policy(library, editor, "a")
    repealed_id = await put_policy(library, editor, "old", expires_on="2026-03-31")
    district = await library.token(DISTRICT_A, Scope.QUESTION_WRITE)
    for number in range(3):
        day = f"2026-03-{number + 10}"
        await put(library, editor, question("a", published_on=day), name=f"q{number}")
    body = question(policies=[{"policy_id": repealed_id}], published_on="2026-03-20")
    assert (await put(library, district, body, org=DISTRICT_A)).status_code == 201

    async def listed(**query: Any) -> list[str]:
        found: list[str] = []
        while True:
            page = (await library.policy.get("/v1/questions", params=query | {"limit": 2})).json()
            found += [item["published_on"] for item in page["items"]]
            if page["next_cursor"] is None:
                return found
            query["cursor"] = page["next_cursor"]

    assert await listed() == ["2026-03-20", "2026-03-12", "2026-03-11", "2026-03-10"]
    assert await listed(policy_id=policy_id) == ["2026-03-12", "2026-03-11", "2026-03-10"]
    assert await listed(organization=DISTRICT_A) == ["2026-03-20"]
    assert await listed(status="current") == ["2026-03-12", "2026-03-11", "2026-03-10"]
    assert await listed(status="flagged", organization=CITY) == []


async def test_bad_links_are_refused_with_their_place(library: Suite, editor: dict[str, str]) -> None:
    await put_policy(library, editor, "a", body="第一条 为了社区食堂，制定本办法。\n第二条 自发布之日起施行。")
    nowhere = await put(library, editor, question("a", "unknown"))
    assert (nowhere.status_code, [one["pointer"] for one in nowhere.json()["errors"]]) == (422, ["/policies/1"])
    both = question(policies=[{"external_id": "a", "doc_no": "泉民字〔2026〕1号"}])
    assert (await put(library, editor, both)).status_code == 422
    article = question(policies=[{"external_id": "a", "articles": ["art-2", "art-9"]}])
    refused = await put(library, editor, article)
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/policies/0/articles/1"]
    assert (await put(library, editor, question("a", published_on="2099-01-01"))).status_code == 422
    assert (await library.policy.get("/v1/questions")).json()["items"] == []


async def test_nobody_writes_outside_the_subtree_or_without_the_scope(library: Suite, editor: dict[str, str]) -> None:
    await put_policy(library, editor, "a")
    entry_id = (await put(library, editor, question("a"))).json()["id"]
    bureau = await library.token(BUREAU_A, Scope.QUESTION_WRITE)
    assert (await put(library, bureau, question())).status_code == 403
    withdrawal = await library.policy.post(f"/v1/questions/{entry_id}:withdraw", json={"reason": "无"}, headers=bureau)
    assert withdrawal.status_code in (403, 422)
    unscoped = await library.token(CITY, Scope.POLICY_WRITE)
    assert (await put(library, unscoped, question())).status_code == 403


async def test_stale_if_match_changes_nothing(library: Suite, editor: dict[str, str]) -> None:
    first = await put(library, editor, question())
    second = await put(library, editor, question(answer="可以，凭身份证。"), match=first.headers["etag"])
    assert second.status_code == 200, second.text
    stale = await put(library, editor, question(answer="不可以。"), match=first.headers["etag"])
    assert (stale.status_code, stale.json()["code"]) == (412, "stale_version")
    assert (await read(library, first.json()["id"]))["answer"] == "可以，凭身份证。"


async def test_entry_and_the_end_of_its_policy_at_once_never_disagree(library: Suite, editor: dict[str, str]) -> None:
    """Whichever comes first, the entry shows its policy as repealed in the end."""
    for number in range(12):
        policy_id = await put_policy(library, editor, f"p{number}")
        act = {"relations": [{"type": "repeals", "target_id": policy_id}], "effective_on": "2026-04-01"}
        answer, _ = await asyncio.gather(
            put(library, editor, question(f"p{number}"), name=f"q{number}"),
            put_policy(library, editor, f"act{number}", **act),
        )
        assert answer.status_code == 201, answer.text
        assert (await read(library, answer.json()["id"]))["status"] == "flagged"


async def test_export_and_public_states_name_entries(library: Suite, editor: dict[str, str]) -> None:
    entry_id = (await put(library, editor, question())).json()["id"]
    lines = [json.loads(line) for line in (await library.policy.get("/v1/export", headers=editor)).text.splitlines()]
    assert [(line["type"], line["subject"]) for line in lines[:-1]] == [("question", entry_id)]
    states = (await library.policy.get("/v1/public-states", params={"ids": entry_id})).json()["items"]
    assert states == [{"id": entry_id, "version": 1, "type": "question"}]


async def test_nothing_is_due_without_a_date(library: Suite, editor: dict[str, str]) -> None:
    await put(library, editor, question())
    database = library.apps["policy"].state.kit.database
    async with database.write() as session:
        assert await refresh_due_entries(session, today=date(2030, 1, 1), limit=10) == 0


def test_every_kind_is_described_whole() -> None:
    assert len({kind.plural for kind in KINDS.values()}) == len(KINDS)
    for name, kind in KINDS.items():
        assert kind.name == name
        assert kind.statuses
        assert set(kind.not_in_lists) <= set(kind.public.model_fields)
