"""Uploaded files at the edge: upload, review, list, delete; everybody reads what a public text names."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse

from services.policy_api.repository import files as repository
from services.policy_api.routes.dossiers import ActingPerson, Reviewer
from services.policy_api.routes.policies import Pusher, page_response
from services.policy_api.rules.three_sync.facts import Actor
from services.policy_api.service import files as service
from services.policy_api.settings import Settings
from shared.kit.auth import MaybeAuthenticated, OrganizationCode
from shared.kit.clock import Now
from shared.kit.database import Reading, Writing, WritingForReal
from shared.kit.errors import InvalidCursor, NotFound
from shared.kit.files import FileStore
from shared.kit.http import UPLOAD_BODY, api_router, etag_matches, problems, read_upload
from shared.kit.media_types import SHOWN_IN_BROWSERS
from shared.schemas.files import FileReceipt, FileReviewInput, StoredFile
from shared.schemas.pages import Page

router = api_router(tags=["files"])
FileHash = Annotated[str, Path(title="文件哈希", description="SHA-256, hexadecimal.", pattern=r"^[0-9a-f]{64}$")]
_PUBLIC_CACHE = "public, max-age=300"


def _store(request: Request) -> FileStore:
    store: FileStore = request.app.state.kit.extra["files"]
    return store


Store = Annotated[FileStore, Depends(_store)]


@router.post(
    "/v1/organizations/{org}/files",
    response_model=FileReceipt,
    responses={201: {"model": FileReceipt, "description": "已存入"}, **problems(413, 415)},
    openapi_extra=UPLOAD_BODY,
    summary="上传附件 Upload a file",
)
async def upload_file(
    org: OrganizationCode,
    request: Request,
    caller: Pusher,
    store: Store,
    session: WritingForReal,
    acting_person: ActingPerson,
    now: Now,
) -> Response:
    """Kept by its content: the same bytes again change nothing (200). Not public, and not reviewed yet.

    What it is, its content decides; programs, web pages, drawings that can run scripts and documents with macros are
    refused. The receipt's `attachment` names it in a document.
    """
    organization = await caller.ensure_covers(org)
    settings: Settings = request.app.state.kit.settings
    upload = await read_upload(request, limit=settings.max_file_bytes)
    actor = Actor(caller.client_id, acting_person)
    taken = await service.upload_file(
        session, store, actor, organization, name=upload.name, content=upload.content, now=now
    )
    return Response(
        taken.receipt.model_dump_json(),
        status_code=201 if taken.created else 200,
        headers={"Cache-Control": "no-store"},
        media_type="application/json",
    )


@router.put(
    "/v1/organizations/{org}/files/{sha256}/review",
    response_model=StoredFile,
    responses=problems(404, 409),
    summary="审查附件 Review a file",
)
async def review_file(
    org: OrganizationCode,
    sha256: FileHash,
    body: FileReviewInput,
    caller: Reviewer,
    session: Writing,
    acting_person: ActingPerson,
    now: Now,
) -> StoredFile:
    """Secrecy and personal information, file by file; by somebody other than who uploaded it, in another client.

    A text that is public at once may name only files that passed. In a dossier TS-14 asks for each file's review.
    """
    await caller.ensure_covers(org)
    actor = Actor(caller.client_id, acting_person)
    return await service.review_file(session, actor, org, sha256, body, now=now)


@router.delete(
    "/v1/organizations/{org}/files/{sha256}",
    status_code=204,
    response_class=Response,
    responses=problems(404, 409),
    summary="删除附件 Delete a file",
)
async def delete_file(
    org: OrganizationCode, sha256: FileHash, caller: Pusher, session: Writing, acting_person: ActingPerson
) -> Response:
    """Only what nothing names; 409 says what does."""
    await caller.ensure_covers(org)
    await service.delete_file(session, Actor(caller.client_id, acting_person), org, sha256)
    return Response(status_code=204)


@router.get("/v1/organizations/{org}/files", response_model=Page[StoredFile], summary="附件列表 List files")
async def list_files(
    org: OrganizationCode,
    request: Request,
    caller: Pusher,
    reads: Reading,
    unused: Annotated[bool, Query(title="只列未被引用的")] = False,
    cursor: Annotated[str | None, Query(title="游标", max_length=400)] = None,
    limit: Annotated[int, Query(title="条数", ge=1, le=100)] = 50,
) -> Response:
    """An organisation's files, newest first."""
    await caller.ensure_covers(org)
    cursors, name = request.app.state.kit.cursors, f"files:{org}:{unused}"
    after = _place(cursors.open(name, cursor)) if cursor else None
    rows = await repository.list_of(reads, org, unused=unused, after=after, limit=limit)
    last = rows[limit - 1] if len(rows) > limit else None
    more = cursors.seal(name, [last["uploaded_at"].isoformat(), last["sha256"]]) if last else None
    items = [service.as_stored(row).model_dump_json().encode() for row in rows[:limit]]
    answer = page_response(request, items, more)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@router.get(
    "/v1/files/{sha256}",
    response_class=Response,
    responses={
        200: {"description": "文件内容", "content": {"application/octet-stream": {}}},
        304: {"description": "未变化"},
        **problems(404),
    },
    summary="读取附件 Read a file",
)
async def read_file(
    sha256: FileHash, request: Request, reads: Reading, store: Store, caller: MaybeAuthenticated
) -> Response:
    """Public while a public text names it. Otherwise only for a client of the organisation that has it, or above it."""
    rows = await repository.find_readable(reads, sha256)
    row = next((one for one in rows if one["public"]), None)
    if row is None and caller is not None:
        own = [one for one in rows if await caller.covers(one["organization"])]
        row = own[0] if own else None
    if row is None:
        raise NotFound(service.NO_FILE)
    headers = _headers(row, sha256)
    asked = request.headers.get("if-none-match")
    if asked is not None and etag_matches(asked, headers["ETag"]):
        return Response(status_code=304, headers={name: headers[name] for name in ("ETag", "Cache-Control")})
    pieces = await store.read(sha256)
    if pieces is None:
        raise NotFound(service.NO_FILE)
    return StreamingResponse(pieces, headers=headers, media_type=row["media_type"])


def _headers(row: Any, sha256: str) -> dict[str, str]:
    """Content of others: never guessed at, never run, and saved under its own name."""
    way = "inline" if row["media_type"] in SHOWN_IN_BROWSERS else "attachment"
    # Browsers do not show a PDF inside a sandbox; their viewers have one of their own.
    policy = (
        {} if row["media_type"] == "application/pdf" else {"Content-Security-Policy": "sandbox; default-src 'none'"}
    )
    return policy | {
        "ETag": f'"{sha256}"',
        "Content-Length": str(row["size"]),
        "Content-Disposition": f"{way}; filename*=UTF-8''{quote(row['name'], safe='')}",
        "Cache-Control": _PUBLIC_CACHE if row["public"] else "no-store",
        "X-Content-Type-Options": "nosniff",
    }


def _place(position: list[Any]) -> tuple[datetime, str]:
    try:
        moment, sha256 = position
        return datetime.fromisoformat(str(moment)), str(sha256)
    except ValueError as error:
        raise InvalidCursor("游标无法使用；请从第一页重新读取") from error
