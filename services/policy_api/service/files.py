"""Uploaded files: kept by their content, reviewed one by one, public while a public text names them.

Bytes are written before the row that knows them and removed after it, both under the lock of their hash: a crash
leaves bytes that nobody knows, never a file without bytes. What nobody knows, `remove_unknown` removes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any

import asyncpg

from services.policy_api.repository import files as repository
from services.policy_api.repository.reading import Reads
from services.policy_api.rules.duties import Duty, ensure_duties_separated
from services.policy_api.rules.stored_files import ADDRESS, Known, check_named, named_files
from services.policy_api.rules.three_sync.facts import Actor
from shared.kit.database import Database, WriteSession
from shared.kit.errors import Conflict, NotFound, RuleViolation, UnsupportedMediaType
from shared.kit.files import FileStore, hash_of
from shared.kit.media_types import ENDINGS, find_media_type
from shared.schemas.files import FileReceipt, FileReview, FileReviewInput, StoredFile
from shared.schemas.organizations import Organization
from shared.schemas.policies import Attachment
from shared.schemas.problems import InvalidField

NO_FILE = "没有这个文件，或它未公开"
_KEPT = "上传的文件是程序、网页、脚本、带宏的文档或认不出的格式，不能作为附件"
_NAME_CHARACTERS = 200


@dataclass(frozen=True)
class Taken:
    """A receipt, and whether the organisation had not uploaded these bytes before."""

    receipt: FileReceipt
    created: bool


async def upload_file(
    session: WriteSession,
    store: FileStore,
    actor: Actor,
    organization: Organization,
    *,
    name: str | None,
    content: bytes,
    now: datetime,
) -> Taken:
    """Keep a file for an organisation, not public and not reviewed yet."""
    if not content:
        raise RuleViolation("文件是空的", errors=[InvalidField(pointer="/file", detail="文件是空的")])
    media_type = find_media_type(content)
    if media_type is None:
        raise UnsupportedMediaType(_KEPT)
    shown = PurePath((name or "").replace("\\", "/")).name.strip()[:_NAME_CHARACTERS] or "未命名"
    driver = await session.driver()
    sha256 = hash_of(content)
    await repository.lock(driver, sha256)
    await store.put(content)
    row = {
        "sha256": sha256,
        "organization": organization.code,
        "organization_path": organization.path,
        "name": shown,
        "media_type": media_type,
        "size": len(content),
        "uploaded_by": f"{actor.client_id} {actor.person_id}",
        "uploaded_at": now,
    }
    created = await repository.insert(driver, row)
    if created:
        _record(session, actor, "file.uploaded", sha256, organization.code, media_type=media_type, size=len(content))
    kept = await repository.find(driver, sha256, organization.code)
    attachment = Attachment(name=shown, url=ADDRESS + sha256, sha256=sha256, media_type=media_type)
    remarks = list(_remarks(shown, media_type))
    return Taken(FileReceipt(file=as_stored(kept), attachment=attachment, remarks=remarks), created)


async def review_file(
    session: WriteSession, actor: Actor, organization: str, sha256: str, wanted: FileReviewInput, *, now: datetime
) -> StoredFile:
    """Record a review in place of the one before; by somebody other than who uploaded it."""
    driver = await session.driver()
    await repository.lock(driver, sha256)
    have = await _own(driver, organization, sha256)
    client, _, person = have["uploaded_by"].partition(" ")
    ensure_duties_separated([(Duty.DRAFT, Actor(client, person))], Duty.REVIEW, actor)
    review = FileReview(**wanted.model_dump(), reviewed_by=f"{actor.client_id} {actor.person_id}", reviewed_at=now)
    passed = wanted.secrecy == wanted.personal_information == "pass"
    await repository.keep_review(driver, sha256, organization, review=review.model_dump_json(), passed=passed)
    _record(session, actor, "file.reviewed", sha256, organization, passed=passed)
    return as_stored(await repository.find(driver, sha256, organization))


async def delete_file(session: WriteSession, actor: Actor, organization: str, sha256: str) -> None:
    """Take a file away that nothing names; its bytes go with the next sweep."""
    driver = await session.driver()
    await repository.lock(driver, sha256)
    await _own(driver, organization, sha256)
    if not await repository.delete_unused(driver, sha256, organization):
        users = await repository.list_users(driver, sha256)
        raise Conflict("文件正被引用，不能删除", used_by=[str(one) for one in users])
    _record(session, actor, "file.deleted", sha256, organization)


async def ensure_files(driver: asyncpg.Connection, organization: str, content: Any, *, public: bool) -> None:
    """RuleViolation unless every stored file that a content names is the organisation's and may be named so."""
    errors = (await find_faults(driver, [(organization, content, public)]))[0]
    if errors:
        raise RuleViolation("附件有误，请按所列各项改正", errors=errors)


async def find_faults(
    driver: asyncpg.Connection, contents: Sequence[tuple[str, Any, bool]]
) -> list[list[InvalidField]]:
    """For each (organisation, content, whether it is public at once), what is wrong with the files it names."""
    named = [list(named_files(content)) for _, content, _ in contents]
    keys = {
        (organization, one.sha256)
        for (organization, _, _), files in zip(contents, named, strict=True)
        for one in files
        if one.sha256 is not None
    }
    rows = await repository.find_many(driver, sorted(keys)) if keys else []
    known = {(row["organization"], row["sha256"]): Known(row["media_type"], row["passed"]) for row in rows}
    return [
        [
            fault
            for one in files
            for fault in check_named(one, known.get((organization, one.sha256 or "")), public=public)
        ]
        for (organization, _, public), files in zip(contents, named, strict=True)
    ]


async def forget_orphans(database: Database, *, before: datetime, limit: int) -> int:
    """Forget files that nobody has named since they were uploaded before a time; how many there were."""
    async with database.write() as session:
        driver = await session.driver()
        orphans = await repository.list_orphans(driver, before=before, limit=limit)
        for row in orphans:
            await repository.lock(driver, row["sha256"])
            if await repository.delete_unused(driver, row["sha256"], row["organization"]):
                _record(session, Actor("worker", "worker"), "file.deleted", row["sha256"], row["organization"])
    return len(orphans)


async def remove_unknown(database: Database, store: FileStore) -> int:
    """Remove bytes that no organisation has; how many files that were. None while a backup copies them."""
    removed = 0
    connection = await database.connect()
    try:
        async for sha256 in store.names():
            if not await repository.exists(connection, sha256):
                removed += await _remove_unknown(database, store, sha256)
    finally:
        await connection.close()
    return removed


async def _remove_unknown(database: Database, store: FileStore, sha256: str) -> bool:
    """Whether it is still unknown now that nobody else decides over it, and is gone."""
    async with database.write() as session:
        driver = await session.driver()
        # An upload of the same bytes holds this until its row is there.
        await repository.lock(driver, sha256)
        if await repository.exists(driver, sha256) or not await repository.may_remove(driver):
            return False
        await store.delete(sha256)
        return True


def as_stored(row: Any) -> StoredFile:
    """As it is listed."""
    review = FileReview.model_validate_json(row["review"]) if row["review"] is not None else None
    names = ("sha256", "organization", "name", "media_type", "size", "uploaded_at", "used")
    return StoredFile(**{name: row[name] for name in names}, review=review)


async def _own(reads: Reads, organization: str, sha256: str) -> Mapping[str, Any]:
    row: Mapping[str, Any] | None = await repository.find(reads, sha256, organization)
    if row is None:
        raise NotFound("本机关没有这个文件")
    return row


def _remarks(name: str, media_type: str) -> list[str]:
    ending = PurePath(name).suffix.lower()
    expected = ENDINGS[media_type]
    if ending in expected:
        return []
    return [f"文件名{'以' + ending + '结尾' if ending else '没有扩展名'}，内容是 {media_type}（通常为{expected[0]}）"]


def _record(session: WriteSession, actor: Actor, action: str, sha256: str, organization: str, **facts: Any) -> None:
    session.record(actor=actor.client_id, action=action, subject=sha256, version=1, organization=organization, **facts)
