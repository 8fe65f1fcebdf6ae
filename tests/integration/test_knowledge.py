"""What was in force and what the library said of it, on any two days; and documents that were taken back."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import asyncpg
import httpx
import pytest

from shared.schemas.policies import Policy
from shared.schemas.scopes import Scope
from tests.policies import published
from tests.services import CITY, Suite


@pytest.fixture
async def office(library: Suite) -> dict[str, str]:
    return await library.token(CITY, Scope.POLICY_WRITE, Scope.POLICY_IMPORT, Scope.POLICY_RELEASE, Scope.EVENTS_READ)


async def put(library: Suite, headers: dict[str, str], name: str = "a", **changes: Any) -> str:
    body = published(doc_no=None, **changes)
    answer = await library.policy.put(f"/v1/organizations/{CITY}/policies/{name}", json=body, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["id"])


async def read(library: Suite, policy_id: str, **query: str) -> dict[str, Any]:
    answer = await library.policy.get(f"/v1/policies/{policy_id}", params=query)
    assert answer.status_code == 200, answer.text
    Policy.model_validate_json(answer.content)
    document: dict[str, Any] = answer.json()
    return document


async def withdraw(library: Suite, headers: dict[str, str], policy_id: str, **body: Any) -> httpx.Response:
    return await library.policy.post(
        f"/v1/policies/{policy_id}:withdraw", json={"reason": "内容有误", **body}, headers=headers
    )


async def moment(library: Suite) -> str:
    """Now, by the clock that also stamps what is replaced."""
    reads: asyncpg.Pool = library.apps["policy"].state.kit.database.reads
    found: datetime = await reads.fetchval("SELECT clock_timestamp()")
    return found.isoformat()


TEXTS = {
    name: f"第一条 为了{name}，制定本办法。\n第二条 本办法自发布之日起施行。"
    for name in ("旧文本", "新文本", "更正文本")
}


async def test_both_times_together_give_what_was_said_then(library: Suite, office: dict[str, str]) -> None:
    policy_id = await put(library, office, body=TEXTS["旧文本"], effective_on="2026-03-10")
    before = await moment(library)
    await put(
        library,
        office,
        body=TEXTS["新文本"],
        effective_on="2026-03-10",
        version={"effective_on": "2026-05-01", "label": "第一次修正"},
    )
    after = await moment(library)
    await put(
        library,
        office,
        body=TEXTS["更正文本"],
        effective_on="2026-03-10",
        version={"effective_on": "2026-05-01", "label": "第一次修正"},
    )

    async def body(**query: str) -> str:
        return str((await read(library, policy_id, **query))["body"])

    assert await body(as_of="2026-06-01") == TEXTS["更正文本"]
    assert await body(as_of="2026-06-01", as_known_at=after) == TEXTS["新文本"]
    assert await body(as_of="2026-06-01", as_known_at=before) == TEXTS["旧文本"]
    assert await body(as_of="2026-04-01", as_known_at=after) == TEXTS["旧文本"]
    for long_ago in ("0001-01-01T00:00:00+14:00", "0001-01-01", "1900-01-01T00:00:00Z"):
        early = await library.policy.get(f"/v1/policies/{policy_id}", params={"as_known_at": long_ago})
        assert early.status_code == 404, long_ago
    known = await read(library, policy_id, as_known_at=before)
    assert [version["number"] for version in known["versions"]] == [1]
    assert known["as_of"] is not None


async def test_before_its_publication_the_library_said_nothing(library: Suite, office: dict[str, str]) -> None:
    before = await moment(library)
    policy_id = await put(library, office)
    for query in (before, "2020-01-01"):
        answer = await library.policy.get(f"/v1/policies/{policy_id}", params={"as_known_at": query})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    tomorrow = (datetime.now(UTC).date() + timedelta(days=1)).isoformat()
    assert (await read(library, policy_id, as_known_at=tomorrow))["id"] == policy_id
    odd = await library.policy.get(f"/v1/policies/{policy_id}", params={"as_known_at": "gestern"})
    assert odd.status_code == 422


async def test_a_repeal_that_was_not_known_yet_did_not_show(library: Suite, office: dict[str, str]) -> None:
    policy_id = await put(library, office)
    before = await moment(library)
    act = {"relations": [{"type": "repeals", "target_id": policy_id}], "effective_on": "2026-04-01"}
    await put(library, office, "act", **act)
    assert (await read(library, policy_id, as_of="2026-06-01"))["validity"] == "repealed"
    assert (await read(library, policy_id, as_of="2026-06-01", as_known_at=before))["validity"] == "in_force"


async def test_texts_stand_where_the_day_puts_them(library: Suite, office: dict[str, str]) -> None:
    far = (date.today() + timedelta(days=400)).isoformat()
    await put(library, office, body=TEXTS["旧文本"], effective_on="2026-03-10")
    await put(library, office, body=TEXTS["更正文本"], effective_on="2026-03-10")
    policy_id = await put(
        library, office, body=TEXTS["新文本"], effective_on="2026-03-10", version={"effective_on": far}
    )
    shown = await read(library, policy_id)
    assert [version["standing"] for version in shown["versions"]] == ["superseded", "current", "prospective"]
    then = await read(library, policy_id, as_of=far)
    assert [version["standing"] for version in then["versions"]] == ["superseded", "past", "current"]


async def test_database_itself_refuses_two_texts_from_one_day_on(library: Suite, office: dict[str, str]) -> None:
    policy_id = await put(library, office, body=TEXTS["旧文本"])
    await put(library, office, body=TEXTS["新文本"])
    database = library.apps["policy"].state.kit.database
    async with database.write() as session:
        driver = await session.driver()
        with pytest.raises(asyncpg.UniqueViolationError):
            await driver.execute("UPDATE policy_version SET superseded_at = NULL WHERE policy_id = $1", policy_id)


async def test_regulation_carries_its_caption(library: Suite, office: dict[str, str]) -> None:
    regulation = {"title": "泉城市社区食堂管理办法", "doc_class": "regulation", "kind": "order"}
    first = {"adopted_on": "2009-05-01", "instrument": "泉城市人民政府令第230号"}
    await put(library, office, **regulation, body=TEXTS["旧文本"], effective_on="2009-06-01", version=first)
    second = {
        "adopted_on": "2018-03-02",
        "instrument": "泉城市人民政府令第261号",
        "effective_on": "2018-03-02",
        "label": "第一次修正",
    }
    policy_id = await put(
        library, office, **regulation, body=TEXTS["新文本"], effective_on="2009-06-01", version=second
    )
    assert (await read(library, policy_id))["caption"] == (
        "（2009年5月1日泉城市人民政府令第230号公布 "
        "根据2018年3月2日泉城市人民政府令第261号第一次修正 自2009年6月1日起施行）"
    )
    assert (await read(library, policy_id, as_of="2010-01-01"))["caption"] == (
        "（2009年5月1日泉城市人民政府令第230号公布 自2009年6月1日起施行）"
    )


async def test_continuing_act_moves_the_last_day_from_its_own_day_on(library: Suite, office: dict[str, str]) -> None:
    policy_id = await put(library, office, effective_on="2021-01-01", expires_on="2025-12-31", signed_on="2020-12-01")
    act = {"type": "continues", "target_id": policy_id, "until": "2027-12-31"}
    await put(library, office, "act", relations=[act], effective_on="2026-01-01", signed_on="2025-12-01")

    async def on(day: str) -> tuple[str, str]:
        shown = await read(library, policy_id, as_of=day)
        return shown["validity"], shown["expires_on"]

    assert await on("2025-12-31") == ("in_force", "2025-12-31")
    assert await on("2026-01-01") == ("in_force", "2027-12-31")
    assert await on("2028-01-01") == ("lapsed", "2027-12-31")
    answer = await library.policy.put(
        f"/v1/organizations/{CITY}/policies/bad",
        json=published(relations=[act | {"type": "amends"}]),
        headers=office,
    )
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/relations/0/until"]


async def test_gone_answers_410_with_its_notice(library: Suite, office: dict[str, str]) -> None:
    policy_id = await put(library, office)
    assert (await withdraw(library, office, policy_id, notice="文件排印有误，请以更正后的为准")).status_code == 204
    answer = await library.policy.get(f"/v1/policies/{policy_id}")
    assert (answer.status_code, answer.json()["code"], answer.json()["detail"]) == (
        410,
        "withdrawn",
        "文件排印有误，请以更正后的为准",
    )
    assert "内容有误" not in answer.text
    kept = await library.policy.get(f"/v1/policies/{policy_id}", params={"as_known_at": "2099-01-01"})
    assert (kept.status_code, kept.json()["code"]) == (410, "withdrawn")
    for path in ("versions", "versions/1", "compare?from=1&to=1", "passages", "passages/art-1"):
        told = await library.policy.get(f"/v1/policies/{policy_id}/{path}")
        assert (path, told.status_code, told.json()["code"]) == (path, 410, "withdrawn")


async def test_moved_leads_to_the_other_place(library: Suite, office: dict[str, str]) -> None:
    other = await put(library, office, "other")
    for name, body, location in (
        ("a", {"moved_to_policy": other}, f"/v1/policies/{other}"),
        ("b", {"moved_to": "https://www.example.gov.cn/a"}, "https://www.example.gov.cn/a"),
    ):
        policy_id = await put(library, office, name)
        assert (await withdraw(library, office, policy_id, form="moved", **body)).status_code == 204
        answer = await library.policy.get(f"/v1/policies/{policy_id}")
        assert (answer.status_code, answer.headers["location"]) == (308, location)


async def test_banner_leaves_the_document_public_under_a_warning(library: Suite, office: dict[str, str]) -> None:
    policy_id = await put(library, office)
    for notice in ("数据正在核对，仅供参考", "第三条数据有误，正在更正"):
        assert (await withdraw(library, office, policy_id, form="banner", notice=notice)).status_code == 204
        assert (await read(library, policy_id))["banner"]["notice"] == notice
    events = (await library.policy.get("/v1/events", headers=office)).json()["events"]
    assert [event["type"] for event in events] == ["policy.released", "policy.changed", "policy.changed"]
    assert (await withdraw(library, office, policy_id)).status_code == 204
    assert (await library.policy.get(f"/v1/policies/{policy_id}")).status_code == 410


@pytest.mark.parametrize(
    "body",
    [
        {"form": "moved"},
        {"form": "gone", "moved_to": "https://www.example.gov.cn/a"},
        {"form": "banner"},
        {"form": "moved", "moved_to": "javascript:alert(1)"},
        {"form": "moved", "moved_to": "https://a.example", "moved_to_policy": "01890000-0000-7000-8000-000000000000"},
        {"form": "moved", "moved_to_policy": "01890000-0000-7000-8000-000000000000"},
    ],
    ids=json.dumps,
)
async def test_withdrawal_must_say_what_its_form_needs(
    library: Suite, office: dict[str, str], body: dict[str, Any]
) -> None:
    policy_id = await put(library, office)
    assert (await withdraw(library, office, policy_id, **body)).status_code == 422
    assert (await read(library, policy_id))["banner"] is None


async def test_change_feed_names_each_subject_once_and_buries_what_is_gone(
    library: Suite, office: dict[str, str]
) -> None:
    kept, gone = await put(library, office, "kept"), await put(library, office, "gone")
    await put(library, office, "kept", title="关于社区食堂建设的通知（更正）")
    await withdraw(library, office, gone)
    answer = await library.policy.get("/v1/changes.atom")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/atom+xml")
    feed = ElementTree.fromstring(answer.content)
    atom = "{http://www.w3.org/2005/Atom}"
    assert [entry.findtext(f"{atom}id") for entry in feed.findall(f"{atom}entry")] == [f"urn:uuid:{kept}"]
    assert feed.findtext(f"{atom}entry/{atom}title") == "关于社区食堂建设的通知（更正）"
    tombs = feed.findall("{http://purl.org/atompub/tombstones/1.0}deleted-entry")
    assert [tomb.get("ref") for tomb in tombs] == [f"urn:uuid:{gone}"]
    same = await library.policy.get("/v1/changes.atom", headers={"if-none-match": answer.headers["etag"]})
    assert same.status_code == 304


async def test_change_feed_goes_back_page_by_page(library: Suite, office: dict[str, str]) -> None:
    lines = [json.dumps(published(doc_no=None, organization=CITY, external_id=f"p{number}")) for number in range(230)]
    pushed = await library.policy.post(
        "/v1/policies:batch", content="\n".join(lines), headers=office | {"content-type": "application/x-ndjson"}
    )
    assert pushed.status_code == 200
    atom, address, seen = "{http://www.w3.org/2005/Atom}", "/v1/changes.atom", set()
    while address:
        feed = ElementTree.fromstring((await library.policy.get(address)).content)
        seen |= {entry.findtext(f"{atom}id") for entry in feed.findall(f"{atom}entry")}
        following = feed.find(f"{atom}link[@rel='next']")
        address = "" if following is None else f"/v1/{following.get('href')}"
    assert len(seen) == 230
    forged = await library.policy.get("/v1/changes.atom", params={"before": "eyJmb3JnZWQiOjF9"})
    assert (forged.status_code, forged.json()["code"]) == (422, "invalid_cursor")
