"""Quality reports: on one document as it stands, and on an organisation's, behind the log."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.policy_api.service import quality
from services.policy_api.service.quality import look_on
from shared.schemas.scopes import Scope
from tests.policies import published
from tests.services import BUREAU_A, CITY, DISTRICT_A, Suite

BODY = "第一条 为了加强社区食堂管理，制定本办法。\n第二条 本办法由市民政局负责解释，自发布之日起施行。" * 2
SOUND: dict[str, Any] = {
    "body": BODY,
    "index_no": f"{CITY}/2026-00797",
    "signed_on": "2026-03-02",
}


@pytest.fixture
async def office(library: Suite) -> dict[str, str]:
    return await library.token(CITY, Scope.POLICY_WRITE, Scope.POLICY_IMPORT, Scope.POLICY_RELEASE)


async def put(library: Suite, headers: dict[str, str], name: str, org: str = CITY, **changes: Any) -> str:
    body = published(**SOUND) | changes
    answer = await library.policy.put(f"/v1/organizations/{org}/policies/{name}", json=body, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["id"])


async def rules_of(library: Suite, headers: dict[str, str], policy_id: str) -> set[str]:
    answer = await library.policy.get(f"/v1/policies/{policy_id}/quality", headers=headers)
    assert answer.status_code == 200, answer.text
    return {f"{finding['rule']} {finding['pointer']}" for finding in answer.json()["findings"]}


async def look(library: Suite, *, limit: int = 100) -> None:
    """What the worker does until there is nothing left to do."""
    for _ in range(50):
        async with library.apps["policy"].state.kit.database.write() as session:
            done = await look_on(session, now=datetime.now(UTC), limit=limit)
        if done == 0:
            return
    raise AssertionError("never done")


async def report(library: Suite, headers: dict[str, str], org: str = CITY, **query: Any) -> dict[str, Any]:
    answer = await library.policy.get(f"/v1/organizations/{org}/quality", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"theme": None}, "LIB-01 /theme"),
        ({"index_no": None}, "LIB-01 /index_no"),
        ({"signed_on": None}, "LIB-01 /signed_on"),
        ({"contact": None}, "LIB-01 /contact"),
        ({"attachments": [{"name": "附表"}]}, "LIB-01 /attachments/0/sha256"),
        ({"doc_no": "泉民字[2026]9号"}, "LIB-02 /doc_no_raw"),
        ({"doc_no": "泉民字〔2025〕9号"}, "LIB-02 /doc_no"),
        ({"effective_on": "2026-01-10"}, "LIB-03 /effective_on"),
        ({"repealed_on": "2026-04-10"}, "LIB-03 /repealed_on"),
        ({"body": f"{BODY}\n本办法自2026年3月10日起施行，有效期至2028年12月31日。"}, "LIB-03 /expires_on"),
        ({"doc_class": "normative"}, "LIB-04 /reg_no"),
        ({"doc_class": "normative", "reg_no": "JNCR-2026-0020001"}, "LIB-04 /expires_on"),
        ({"body": "见附件。", "attachments": [{"name": "办法全文", "sha256": "0" * 64}]}, "LIB-05 /body"),
        ({"body": f"{BODY}\n附件：社区食堂名单"}, "LIB-05 /attachments"),
        ({"body": f"{BODY}\n【字体：大 中 小】\n打印\n关闭窗口"}, "LIB-05 /body"),
        ({"livelihood": True}, "LIB-08 /interpretations"),
        ({"relations": [{"type": "repeals", "target_doc_no": "泉民字〔2019〕1号"}]}, "LIB-08 /relations/0"),
    ],
    ids=str,
)
async def test_each_rule_finds_its_fault_and_nothing_in_a_sound_document(
    library: Suite, office: dict[str, str], changes: dict[str, Any], finding: str
) -> None:
    sound = await put(library, office, "sound")
    assert await rules_of(library, office, sound) == set()
    assert finding in await rules_of(library, office, await put(library, office, "faulty", **changes))


async def test_part_of_a_document_that_does_not_exist_cannot_be_repealed(
    library: Suite, office: dict[str, str]
) -> None:
    target = await put(library, office, "target")
    for articles, expected in ((["art-2"], set()), (["art-77"], {"LIB-03 /relations/0/articles"})):
        act = {"type": "partly_repeals", "target_id": target, "articles": articles}
        found = await rules_of(library, office, await put(library, office, "act", relations=[act], body=f"{BODY}。"))
        assert {one for one in found if "articles" in one} == expected


async def test_report_of_an_organisation_counts_what_the_rows_say(library: Suite, office: dict[str, str]) -> None:
    await put(library, office, "sound")
    for number in range(3):
        await put(library, office, f"bare{number}", theme=None, body=f"{BODY}{number}")
    await put(library, office, "district", org=DISTRICT_A, index_no=None, body=f"{BODY}区")
    assert (await report(library, office))["complete"] is False
    await look(library, limit=2)
    own = await report(library, office)
    assert own["complete"] is True
    assert (own["documents"], own["flawless"], own["score"]) == (4, 1, 92.5)
    assert [(one["rule"], one["documents"]) for one in own["rules"]] == [("LIB-01", 3)]
    whole = await report(library, office, subtree=True)
    assert (whole["documents"], whole["rules"][0]["findings"]) == (5, 4)
    district = await report(library, office, org=DISTRICT_A)
    assert (district["documents"], district["flawless"]) == (1, 0)
    rows: list[dict[str, Any]] = []
    query: dict[str, Any] = {"subtree": True, "limit": 3}
    while True:
        path = f"/v1/organizations/{CITY}/quality/findings"
        page = (await library.policy.get(path, params=query, headers=office)).json()
        rows += page["items"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert len(rows) == 4
    assert len({(row["policy_id"], row["pointer"]) for row in rows}) == 4


async def test_mended_and_withdrawn_documents_leave_the_report(library: Suite, office: dict[str, str]) -> None:
    mended = await put(library, office, "mended", theme=None)
    gone = await put(library, office, "gone", theme=None, body=f"{BODY}。")
    await look(library)
    assert (await report(library, office))["rules"][0]["documents"] == 2
    assert await put(library, office, "mended") == mended
    await library.policy.post(f"/v1/policies/{gone}:withdraw", json={"reason": "有误"}, headers=office)
    await look(library)
    after = await report(library, office)
    assert (after["documents"], after["flawless"], after["rules"]) == (1, 1, [])


async def test_two_copies_of_one_text_name_each_other(library: Suite, office: dict[str, str]) -> None:
    await put(library, office, "one")
    await look(library)
    await put(library, office, "two", title="关于社区食堂的另一份通知")
    await look(library)
    found = await report(library, office)
    assert [(one["rule"], one["documents"]) for one in found["rules"]] == [("LIB-07", 2)]


async def test_new_rules_and_a_restored_log_make_it_look_at_everything(
    library: Suite, office: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(library, office, "sound")
    await look(library)
    database = library.apps["policy"].state.kit.database
    async with database.write() as session:
        driver = await session.driver()
        await driver.execute("DELETE FROM policy_quality")
    await look(library)
    assert (await report(library, office))["documents"] == 0
    monkeypatch.setattr(quality, "RULES_VERSION", 99)
    await look(library)
    assert (await report(library, office))["documents"] == 1


async def test_reports_are_for_the_own_subtree(library: Suite, office: dict[str, str]) -> None:
    policy_id = await put(library, office, "a")
    bureau = await library.token(BUREAU_A, Scope.POLICY_WRITE)
    for path in (
        f"/v1/policies/{policy_id}/quality",
        f"/v1/organizations/{CITY}/quality",
        f"/v1/organizations/{CITY}/quality/findings",
    ):
        answer = await library.policy.get(path, headers=bureau)
        assert (answer.status_code, answer.json()["code"]) == (403, "outside_subtree")
        assert (await library.policy.get(path)).status_code == 401
    unknown = await library.policy.get(f"/v1/policies/{UUID(int=7)}/quality", headers=office)
    assert unknown.status_code == 404
