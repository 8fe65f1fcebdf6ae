"""Files of a request: sealed as they come in; an answer's files are looked into before they may leave."""

import base64
import mimetypes
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json, to_json
from uuid_utils.compat import uuid7

from services.request_api.repository import files as repository
from services.request_api.repository.requests import Reads, list_steps, note_sealed
from services.request_api.service.answer_files.work import order
from services.request_api.service.keeping import Vault
from shared.kit.auth import Caller
from shared.kit.clock import local_day
from shared.kit.confined import ConfinedReader
from shared.kit.database import WriteSession
from shared.kit.errors import Conflict, IllegalMove, NotFound, RuleViolation
from shared.schemas.problems import InvalidField
from shared.schemas.request_codes import ExemptionCode, RequestState, StepKind
from shared.schemas.request_files import FileFinding, FileRole, RedactedPlace, RequestFile, WithheldTerm

READER = "services.request_api.service.answer_files"
NO_FILE = "没有这个文件"
_PERSONAL = frozenset({"identity_number", "bank_card", "mobile_phone"})
_ANSWERING = frozenset({RequestState.PROCESSING.value, RequestState.IN_REVIEW.value})
_OPEN = _ANSWERING | {
    RequestState.PENDING_CONFIRM.value,
    RequestState.REGISTERED.value,
    RequestState.AWAITING_CORRECTION.value,
}
_MARKS = {"EX15_PRIVACY": "个人隐私", "EX15_TRADE": "商业秘密", "EX14_SECRET": "国家秘密"}


async def check(reader: ConfinedReader, name: str, content: bytes) -> list[dict[str, Any]]:
    """What an answer's file holds that must not leave; refused when it cannot be looked into."""
    findings: list[dict[str, Any]] = from_json(await reader.read(order("check", name, content)))["findings"]
    return findings


async def add(
    session: WriteSession,
    caller: Caller,
    row: Any,
    role: FileRole,
    *,
    name: str,
    content: bytes,
    findings: Sequence[dict[str, Any]],
    most: int,
    vault: Vault,
    now: datetime,
) -> RequestFile:
    """Keep a file, name and content sealed."""
    driver = await session.driver()
    states = _ANSWERING if role is FileRole.ANSWER else _OPEN
    if row["state"] not in states:
        raise IllegalMove("申请现在的状态不能增加这类文件", state=row["state"], allowed=[])
    if role is FileRole.ANSWER:
        await _ensure_not_reviewed(driver, row)
    if len(await repository.list_files(driver, row["id"])) >= most:
        raise Conflict(f"一件申请最多{most}个文件")
    file_id = uuid7()
    kept = {
        "id": file_id,
        "request_id": row["id"],
        "role": role.value,
        "title": "答复附件" if role is FileRole.ANSWER else "",
        "name": vault.seal(name, f"file name {file_id}", row["id"]),
        "media_type": mimetypes.guess_type(name)[0] or "application/octet-stream",
        "size": len(content),
        "content": vault.seal_bytes(content, f"file {file_id}", row["id"]),
        "findings": to_json(findings).decode(),
        "cleared": not any(one["blocking"] for one in findings),
        "issued_on": local_day(now),
        "recorded_at": now,
    }
    await repository.insert_file(driver, kept)
    await note_sealed(driver, row["id"], vault.ring.current)
    _record(session, caller, "request.file_added", row, file_id)
    return show(kept, vault)


async def _ensure_not_reviewed(reads: Reads, row: Any) -> None:
    """REG-17: every file is reviewed before it leaves, so none joins an answer that a review has passed."""
    kinds = [step["kind"] for step in await list_steps(reads, row["id"])]
    since_draft = kinds[::-1].index(StepKind.DRAFTED) if StepKind.DRAFTED in kinds else 0
    if row["state"] == RequestState.IN_REVIEW and StepKind.REVIEWED in kinds[len(kinds) - since_draft :]:
        detail = "答复已有审核通过，再加入的文件未经审核；请先退回，加入后重新送审（条例第十七条）"
        raise IllegalMove(detail, state=row["state"], allowed=[StepKind.RETURNED.value])


async def redact(
    reader: ConfinedReader, kept: Any, terms: Sequence[WithheldTerm], vault: Vault
) -> tuple[str, bytes, list[RedactedPlace]]:
    """Name, content and redaction list of the file without these words."""
    name = str(vault.open(bytes(kept["name"]), f"file name {kept['id']}", kept["request_id"]))
    content = vault.open_bytes(bytes(kept["content"]), f"file {kept['id']}", kept["request_id"])
    longest_first = sorted(range(len(terms)), key=lambda place: -len(terms[place].term))
    marked = [(terms[place].term, mark_of(terms[place].exemption)) for place in longest_first]
    answer = from_json(await reader.read(order("redact", name, content, terms=marked)))
    found = {longest_first[one.pop("term")] for one in answer["withheld"]}
    _ensure_found([one.term for one in terms], found)
    places = [RedactedPlace(**one) for one in answer["withheld"]]
    return f"遮盖-{name}"[:200], base64.b64decode(answer["content"]), places


def _ensure_found(terms: Sequence[str], found: set[int]) -> None:
    """A term that is nowhere is misspelt: what it stands for would leave with the file."""
    errors = [
        InvalidField(pointer=f"/terms/{place}/term", detail="文件中没有这一内容，请核对写法")
        for place, term in enumerate(terms)
        if place not in found and not any(term in terms[other] for other in found)
    ]
    if errors:
        raise RuleViolation("有的内容在文件中没有找到，没有遮盖", errors=errors)


def mark_of(exemption: ExemptionCode) -> str:
    """What stands in the place of what is withheld."""
    return f"【不予公开：{_MARKS.get(exemption.value, exemption.value)}】"


async def clear(session: WriteSession, caller: Caller, row: Any, file_id: UUID, reason: str) -> None:
    """A reviewer answers for what was found; numbers of persons have to be taken out."""
    driver = await session.driver()
    kept = await find(driver, row["id"], file_id)
    personal = [one for one in from_json(kept["findings"]) if one["blocking"] and one["kind"] in _PERSONAL]
    if personal:
        raise Conflict("文件含有个人号码，应遮盖后再外发，不能核准")
    await repository.clear_file(driver, file_id)
    _record(session, caller, "request.file_cleared", row, file_id, reason=reason)


async def delete(session: WriteSession, caller: Caller, row: Any, file_id: UUID) -> None:
    """Only while the answer is not signed; what the applicant handed in and what went out stays."""
    driver = await session.driver()
    kept = await find(driver, row["id"], file_id)
    if kept["role"] != FileRole.ANSWER.value or row["state"] not in _ANSWERING:
        raise IllegalMove("只能删除尚未签发的答复文件", state=row["state"], allowed=[])
    await repository.delete_file(driver, file_id)
    _record(session, caller, "request.file_deleted", row, file_id)


async def find(reads: Reads, request_id: UUID, file_id: UUID) -> Any:
    """NotFound when the request has no such file."""
    kept = await repository.find_file(reads, request_id, file_id)
    if kept is None:
        raise NotFound(NO_FILE)
    return kept


def open_content(session: WriteSession, caller: Caller, row: Any, kept: Any, vault: Vault) -> bytes:
    """A file's content; that it was opened is kept in the audit trail."""
    _record(session, caller, "request.file_opened", row, kept["id"])
    return vault.open_bytes(bytes(kept["content"]), f"file {kept['id']}", kept["request_id"])


def open_notice(session: WriteSession, caller: Caller, row: Any, notice: Any, vault: Vault) -> bytes:
    """A notice's content; that it was opened is kept in the audit trail."""
    _record(session, caller, "request.notice_opened", row, notice["id"])
    return vault.open_bytes(bytes(notice["content"]), f"notice {notice['id']}", notice["request_id"])


def show(kept: Any, vault: Vault) -> RequestFile:
    """A file as the office lists it."""
    names = ("id", "role", "media_type", "size", "cleared", "issued_on", "recorded_at")
    return RequestFile(
        name=vault.open(bytes(kept["name"]), f"file name {kept['id']}", kept["request_id"]),
        findings=[FileFinding(**one) for one in from_json(kept["findings"])],
        **{name: kept[name] for name in names},
    )


def _record(session: WriteSession, caller: Caller, action: str, row: Any, file_id: UUID, **facts: str) -> None:
    session.record(
        actor=caller.client_id,
        action=action,
        subject=str(row["id"]),
        version=row["version"],
        organization=row["organization"],
        file=str(file_id),
        **facts,
    )
