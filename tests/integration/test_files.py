"""Uploaded files: reviewed one by one, public exactly while a public text names them, never lost to a race."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from services.policy_api.service.files import forget_orphans, remove_unknown
from shared.kit.database import Database
from shared.kit.errors import Unavailable
from shared.kit.files import BACKUP_LOCK, FileStore, hash_of
from shared.schemas.scopes import Scope
from tests.dossiers import material
from tests.files import PNG, make_docx
from tests.participation import consultation
from tests.participation_office import Office, open_office
from tests.policies import policy, published
from tests.services import BUREAU_A, CITY, DISTRICT_A, DISTRICT_B, Suite

TABLE = "区县,点位\n东湖区,12\n".encode()
PASS = {"secrecy": "pass", "personal_information": "pass"}


@pytest.fixture
async def office(library: Suite) -> Office:
    opened = await open_office(library)
    opened.headers["Acting-Person"] = "drafter-1"
    return opened


def store_of(office: Office) -> FileStore:
    store: FileStore = office.suite.apps["policy"].state.kit.extra["files"]
    return store


async def upload(office: Office, content: bytes, name: str = "点位表.csv", org: str = CITY) -> httpx.Response:
    return await office.suite.policy.post(
        f"/v1/organizations/{org}/files", files={"file": (name, content)}, headers=office.headers
    )


async def review(office: Office, sha256: str, body: Any = PASS, org: str = CITY) -> httpx.Response:
    headers = await office.suite.token(CITY, Scope.POLICY_REVIEW) | {"Acting-Person": "reviewer-2"}
    path = f"/v1/organizations/{org}/files/{sha256}/review"
    return await office.suite.policy.put(path, json=body, headers=headers)


async def keep(office: Office, content: bytes, name: str = "点位表.csv", org: str = CITY) -> dict[str, Any]:
    """Uploaded and reviewed: the attachment that names it."""
    answer = await upload(office, content, name, org)
    assert answer.status_code == 201, answer.text
    attachment: dict[str, Any] = answer.json()["attachment"]
    assert (await review(office, attachment["sha256"], org=org)).status_code == 200
    return {key: value for key, value in attachment.items() if value is not None}


async def read(office: Office, sha256: str, headers: dict[str, str] | None = None) -> httpx.Response:
    return await office.suite.policy.get(f"/v1/files/{sha256}", headers=headers or {})


def address(sha256: str) -> str:
    return f"/api/policy/v1/files/{sha256}"


async def put_policy(office: Office, body: dict[str, Any], name: str = "final") -> httpx.Response:
    return await office.put_entry("policies", body, name)


async def test_receipt_says_what_the_content_is(office: Office) -> None:
    content = make_docx(["关于停放"])
    answer = await upload(office, content, "C:\\文件\\图.png")
    receipt = answer.json()
    assert answer.status_code == 201
    assert receipt["attachment"]["name"] == "图.png"
    assert receipt["file"]["media_type"].endswith("wordprocessingml.document")
    assert ".docx" in receipt["remarks"][0]
    assert (receipt["file"]["review"], receipt["file"]["used"]) == (None, False)
    again = await upload(office, content, "图.png")
    assert again.status_code == 200


@pytest.mark.parametrize(
    ("content", "status"), [(b"", 422), (b"<html><script>", 415), (b"MZ\x00", 415), (b"x" * 50_000_001, 413)]
)
async def test_what_may_not_be_published_is_not_kept(office: Office, content: bytes, status: int) -> None:
    answer = await upload(office, content, "a.txt")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert [name async for name in store_of(office).names()] == []


async def test_REG_23_file_is_public_while_a_public_text_names_it(office: Office) -> None:
    attachment = await keep(office, TABLE)
    sha256 = attachment["sha256"]
    assert (await read(office, sha256)).status_code == 404
    own = await read(office, sha256, office.headers)
    assert (own.content, own.headers["cache-control"]) == (TABLE, "no-store")
    policy_id = await office.put_policy(attachments=[attachment])
    answer = await read(office, sha256)
    assert (answer.status_code, answer.content) == (200, TABLE)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%E7%82%B9")
    assert (answer.headers["x-content-type-options"], answer.headers["content-length"]) == ("nosniff", str(len(TABLE)))
    assert answer.headers["content-security-policy"].startswith("sandbox")
    unchanged = await read(office, sha256, {"If-None-Match": answer.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    shown = (await office.read(f"/v1/policies/{policy_id}"))["attachments"][0]
    assert shown["url"] == address(sha256)
    withdrawn = await office.call("POST", f"/v1/policies/{policy_id}:withdraw", {"reason": "发布有误"})
    assert withdrawn.status_code in (200, 204)
    assert (await read(office, sha256)).status_code == 404


async def test_draft_makes_nothing_public_and_needs_no_review_yet(office: Office) -> None:
    attachment = {
        key: value for key, value in (await upload(office, TABLE)).json()["attachment"].items() if value is not None
    }
    assert (await put_policy(office, policy(attachments=[attachment]), "draft")).status_code == 201
    assert (await read(office, attachment["sha256"])).status_code == 404


async def test_text_of_history_keeps_its_file_public(office: Office) -> None:
    old, new = await keep(office, TABLE), await keep(office, PNG, "图.png") | {"alt_text": "停放点位分布图"}
    await office.put_policy(attachments=[old])
    await office.put_policy(attachments=[new], effective_on="2026-05-01", body="第一条　换了文字。")
    assert [(await read(office, one["sha256"])).status_code for one in (old, new)] == [200, 200]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"sha256": "0" * 64}, "/attachments/0/sha256"),
        ({"media_type": "application/pdf"}, "/attachments/0/media_type"),
        ({"url": address("0" * 64), "sha256": "0" * 64}, "/attachments/0/url"),
        ({"url": "/api/policy/v1/files/zz"}, "/attachments/0/url"),
        ({"url": address("0" * 64) + "/../x"}, "/attachments/0/url"),
    ],
)
async def test_what_is_said_of_a_file_has_to_be_so(office: Office, change: dict[str, str], pointer: str) -> None:
    attachment = await keep(office, TABLE) | change
    answer = await put_policy(office, published(attachments=[attachment]))
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


@pytest.mark.parametrize("alternative", [None, "", "  "])
async def test_image_needs_its_words(office: Office, alternative: str | None) -> None:
    attachment = await keep(office, PNG, "图.png")
    if alternative is not None:
        attachment["alt_text"] = alternative
    answer = await put_policy(office, published(attachments=[attachment]))
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/attachments/0/alt_text"]


@pytest.mark.parametrize(
    "body", [None, {"secrecy": "fail", "personal_information": "pass"}, PASS | {"personal_information": "fail"}]
)
async def test_public_text_names_only_what_passed_its_review(office: Office, body: Any) -> None:
    attachment = {
        key: value for key, value in (await upload(office, TABLE)).json()["attachment"].items() if value is not None
    }
    if body is not None:
        assert (await review(office, attachment["sha256"], body)).status_code == 200
    answer = await put_policy(office, published(attachments=[attachment]))
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/attachments/0/url")
    asked = await office.put_entry("consultations", consultation(files=[attachment]))
    assert (asked.status_code, asked.json()["errors"][0]["pointer"]) == (422, "/files/0/url")


async def test_nobody_reviews_what_they_uploaded(office: Office) -> None:
    sha256 = (await upload(office, TABLE)).json()["file"]["sha256"]
    path = f"/v1/organizations/{CITY}/files/{sha256}/review"
    same = await office.call("PUT", path, PASS)
    assert (same.status_code, same.json()["code"]) == (409, "duties_not_separated")
    headers = await office.suite.token(CITY, Scope.POLICY_REVIEW) | {"Acting-Person": "drafter-1"}
    person = await office.suite.policy.put(path, json=PASS, headers=headers)
    assert (person.status_code, person.json()["same"]) == (409, "person")


async def test_materials_and_consultations_name_files_too(office: Office) -> None:
    attachment = await keep(office, TABLE)
    asked = await office.put_entry("consultations", consultation(files=[attachment]))
    assert asked.status_code == 201, asked.text
    assert (await read(office, attachment["sha256"])).status_code == 200
    draft = (await put_policy(office, policy(), "draft")).json()["id"]
    dossier = (await office.call("POST", "/v1/dossiers", {"policy_id": draft})).json()["id"]
    foreign = material(attachments=[attachment | {"url": address("1" * 64), "sha256": "1" * 64}])
    assert (await office.call("POST", f"/v1/dossiers/{dossier}/materials", foreign)).status_code == 422
    own = await office.call("POST", f"/v1/dossiers/{dossier}/materials", material(attachments=[attachment]))
    assert own.status_code == 201, own.text


async def test_files_belong_to_their_organisation_and_its_superiors(office: Office) -> None:
    attachment = await keep(office, TABLE, org=DISTRICT_A)
    sha256 = attachment["sha256"]
    a, b, bureau = [await office.suite.token(code, *Scope) for code in (DISTRICT_A, DISTRICT_B, BUREAU_A)]
    assert [(await read(office, sha256, headers)).status_code for headers in (a, b, bureau)] == [200, 404, 404]
    answer = await office.put_entry("policies", published(attachments=[attachment]), "other", org=DISTRICT_B)
    assert answer.json()["errors"][0]["pointer"] == "/attachments/0/url"
    listed = await office.suite.policy.get(f"/v1/organizations/{DISTRICT_A}/files", headers=b)
    assert listed.status_code == 403


async def test_list_goes_on_and_tells_what_is_unused(office: Office) -> None:
    for number in range(3):
        await keep(office, f"第{number}张表".encode(), f"{number}.txt")
    used = await keep(office, TABLE)
    await office.put_policy(attachments=[used])
    path, seen, cursor = f"/v1/organizations/{CITY}/files", [], None
    while True:
        params = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await office.call("GET", path, params=params)).json()
        seen += [(one["sha256"], one["used"]) for one in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert len(seen) == 4
    assert [sha256 for sha256, is_used in seen if is_used] == [used["sha256"]]
    unused = (await office.call("GET", path, params={"unused": True})).json()["items"]
    assert {one["sha256"] for one in unused} == {sha256 for sha256, is_used in seen if not is_used}


async def test_only_what_nothing_names_is_deleted(office: Office) -> None:
    used, unused = await keep(office, TABLE), await keep(office, b"other", "a.txt")
    policy_id = await office.put_policy(attachments=[used])
    path = f"/v1/organizations/{CITY}/files"
    kept = await office.call("DELETE", f"{path}/{used['sha256']}")
    assert (kept.status_code, kept.json()["used_by"]) == (409, [policy_id])
    assert (await office.call("DELETE", f"{path}/{unused['sha256']}")).status_code == 204
    assert (await office.call("DELETE", f"{path}/{unused['sha256']}")).status_code == 404
    assert await remove_unknown(office.database, store_of(office)) == 1
    assert [name async for name in store_of(office).names()] == [used["sha256"]]


async def test_long_unused_files_are_forgotten(office: Office) -> None:
    used, unused = await keep(office, TABLE), await keep(office, b"other", "a.txt")
    await office.put_policy(attachments=[used])
    later = datetime.now(UTC) + timedelta(days=400)
    assert await forget_orphans(office.database, before=datetime(2026, 1, 1, tzinfo=UTC), limit=10) == 0
    assert await forget_orphans(office.database, before=later, limit=10) == 1
    assert await remove_unknown(office.database, store_of(office)) == 1
    assert (await read(office, unused["sha256"], office.headers)).status_code == 404
    assert (await read(office, used["sha256"])).content == TABLE


async def test_uploads_at_once_and_a_sweep_between_lose_nothing(office: Office) -> None:
    """Bytes that were just put, whose row is not there yet, are held by their upload."""
    contents = [f"第{number}张表".encode() for number in range(4)]

    async def sweep() -> None:
        for _ in range(10):
            await remove_unknown(office.database, store_of(office))

    answers = await asyncio.gather(
        sweep(), *(upload(office, content, "a.txt") for content in contents for _ in range(8)), sweep()
    )
    statuses = sorted(one.status_code for one in answers if one is not None)
    assert statuses == [200] * 28 + [201] * 4
    assert {name async for name in store_of(office).names()} == {hash_of(content) for content in contents}


async def test_named_while_forgotten_is_one_or_the_other(office: Office) -> None:
    later = datetime.now(UTC) + timedelta(days=400)
    for number in range(8):
        attachment = await keep(office, f"第{number}张表".encode(), "a.txt")
        pushed, _ = await asyncio.gather(
            put_policy(office, published(attachments=[attachment]), f"p{number}"),
            forget_orphans(office.database, before=later, limit=10),
        )
        await remove_unknown(office.database, store_of(office))
        found = (await read(office, attachment["sha256"])).status_code
        assert (pushed.status_code, found) in ((201, 200), (422, 404))


async def test_bytes_without_a_row_are_a_crash_and_go(office: Office) -> None:
    """Killed after the bytes and before the commit."""
    await store_of(office).put(TABLE)
    assert await remove_unknown(office.database, store_of(office)) == 1
    assert [name async for name in store_of(office).names()] == []


async def test_the_worker_sweeps_with_a_database_that_has_no_pool(office: Office) -> None:
    await store_of(office).put(TABLE)
    database = Database(office.suite.apps["policy"].state.kit.settings)
    assert await remove_unknown(database, store_of(office)) == 1
    await database.engine.dispose()


async def test_nothing_is_swept_while_a_backup_copies(office: Office) -> None:
    await store_of(office).put(TABLE)
    backup = await office.database.connect()
    await backup.execute("SELECT pg_advisory_lock(hashtext($1))", BACKUP_LOCK)
    assert await remove_unknown(office.database, store_of(office)) == 0
    await backup.close()
    assert await remove_unknown(office.database, store_of(office)) == 1


async def test_store_that_cannot_keep_leaves_no_row(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(_content: bytes) -> str:
        raise Unavailable("存储空间不足")

    monkeypatch.setattr(store_of(office), "put", full)
    answer = await upload(office, TABLE)
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    listed = await office.call("GET", f"/v1/organizations/{CITY}/files")
    assert listed.json()["items"] == []
