"""Files of a request at the edge: upload, list, open, redact, clear, delete."""

from typing import Annotated, cast
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, Path, Request, Response

from services.request_api.repository import files as repository
from services.request_api.repository import notices as notice_repository
from services.request_api.repository import requests as request_repository
from services.request_api.routes.common import (
    Handler,
    Office,
    OpenVault,
    RequestId,
    Reviewer,
    Submitter,
    covered,
    ensure_own,
)
from services.request_api.routes.requests import NOT_STORED
from services.request_api.service import request_files as service
from services.request_api.service.library import ensure_nothing_personal
from services.request_api.service.showing import title_of
from services.request_api.settings import Settings
from shared.kit.clock import Now
from shared.kit.confined import ConfinedReader
from shared.kit.database import Reading, Writing, WritingForReal
from shared.kit.errors import NotFound
from shared.kit.http import UPLOAD_BODY, api_router, problems, read_upload
from shared.schemas.request_files import Clearance, FileRole, Redaction, RedactionInput, RequestFile
from shared.schemas.requests import TrackedDocument

router = api_router(tags=["files"])
AT = "/v1/requests/{request_id}/files"
FileId = Annotated[UUID, Path(title="文件编号")]


def _reader(request: Request) -> ConfinedReader:
    return cast(ConfinedReader, request.app.state.kit.extra["answer_files"])


Reader = Annotated[ConfinedReader, Depends(_reader)]


@router.post(
    f"{AT}:submit",
    response_model=RequestFile,
    status_code=201,
    responses=problems(404, 409, 413, 415),
    openapi_extra=UPLOAD_BODY,
    summary="上传申请附件 Upload a file of the applicant",
)
async def upload_application(
    request_id: RequestId,
    request: Request,
    caller: Submitter,
    reads: Reading,
    session: Writing,
    vault: OpenVault,
    now: Now,
    response: Response,
) -> RequestFile:
    """What the applicant hands in, such as a proof of identity. Sealed; nobody looks into it."""
    await covered(reads, caller, request_id)
    await ensure_own(reads, caller, request_id)
    settings: Settings = request.app.state.kit.settings
    upload = await read_upload(request, limit=settings.max_file_bytes)
    row = await request_repository.lock_request(await session.driver(), request_id)
    response.headers.update(NOT_STORED)
    return await service.add(
        session,
        caller,
        row,
        FileRole.APPLICATION,
        name=upload.name or "附件",
        content=upload.content,
        findings=[],
        most=settings.max_files,
        vault=vault,
        now=now,
    )


@router.post(
    AT,
    response_model=RequestFile,
    status_code=201,
    responses=problems(404, 409, 413, 415),
    openapi_extra=UPLOAD_BODY,
    summary="上传答复文件 Upload a file of the answer",
)
async def upload_answer(
    request_id: RequestId,
    request: Request,
    caller: Handler,
    reads: Reading,
    session: Writing,
    vault: OpenVault,
    reader: Reader,
    now: Now,
    response: Response,
) -> RequestFile:
    """Looked into before it may leave: numbers of persons, hidden sheets, comments, tracked changes, text under boxes."""
    await covered(reads, caller, request_id)
    settings: Settings = request.app.state.kit.settings
    upload = await read_upload(request, limit=settings.max_file_bytes)
    findings = await service.check(reader, upload.name or "附件", upload.content)
    row = await request_repository.lock_request(await session.driver(), request_id)
    response.headers.update(NOT_STORED)
    return await service.add(
        session,
        caller,
        row,
        FileRole.ANSWER,
        name=upload.name or "附件",
        content=upload.content,
        findings=findings,
        most=settings.max_files,
        vault=vault,
        now=now,
    )


@router.get(AT, response_model=list[RequestFile], responses=problems(404), summary="文件列表 List files")
async def list_files(
    request_id: RequestId, caller: Office, reads: Reading, vault: OpenVault, response: Response
) -> list[RequestFile]:
    """All of a request, with what was found in them."""
    await covered(reads, caller, request_id)
    response.headers.update(NOT_STORED)
    return [service.show(row, vault) for row in await repository.list_files(reads, request_id)]


@router.post(
    f"{AT}/{{file_id}}:open",
    response_class=Response,
    responses={200: {"description": "文件", "content": {"application/octet-stream": {}}}, **problems(404)},
    summary="打开文件 Open a file",
)
async def open_file(
    request_id: RequestId, file_id: FileId, caller: Handler, reads: Reading, session: WritingForReal, vault: OpenVault
) -> Response:
    """Its bytes. That it was opened is kept in the audit trail."""
    row = await covered(reads, caller, request_id)
    kept = await service.find(reads, request_id, file_id)
    content = service.open_content(session, caller, row, kept, vault)
    name = quote(service.show(kept, vault).name)
    headers = NOT_STORED | {
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type="application/octet-stream", headers=headers)


@router.post(
    f"{AT}/{{file_id}}:redact",
    response_model=Redaction,
    status_code=201,
    responses=problems(404, 409, 413, 415),
    summary="遮盖 Redact",
)
async def redact_file(
    request_id: RequestId,
    file_id: FileId,
    body: RedactionInput,
    request: Request,
    caller: Handler,
    reads: Reading,
    session: Writing,
    vault: OpenVault,
    reader: Reader,
    now: Now,
    response: Response,
) -> Redaction:
    """Another answer file without these words and without anything hidden, looked into like every answer file."""
    await covered(reads, caller, request_id)
    kept = await service.find(reads, request_id, file_id)
    name, content, places = await service.redact(reader, kept, body.terms, vault)
    findings = await service.check(reader, name, content)
    settings: Settings = request.app.state.kit.settings
    row = await request_repository.lock_request(await session.driver(), request_id)
    response.headers.update(NOT_STORED)
    file = await service.add(
        session,
        caller,
        row,
        FileRole.ANSWER,
        name=name,
        content=content,
        findings=findings,
        most=settings.max_files,
        vault=vault,
        now=now,
    )
    return Redaction(file=file, withheld=places)


@router.post(
    f"{AT}/{{file_id}}:clear",
    status_code=204,
    response_class=Response,
    responses=problems(404, 409),
    summary="核准外发 Clear a file",
)
async def clear_file(
    request_id: RequestId,
    file_id: FileId,
    body: Clearance,
    caller: Reviewer,
    reads: Reading,
    session: Writing,
    vault: OpenVault,
) -> Response:
    """A reviewer answers for what was found. Numbers of persons cannot be cleared: they are taken out."""
    row = await covered(reads, caller, request_id)
    await ensure_nothing_personal(reads, request_id, {"reason": body.reason}, vault)
    await service.clear(session, caller, row, file_id, body.reason)
    return Response(status_code=204)


@router.delete(
    f"{AT}/{{file_id}}",
    status_code=204,
    response_class=Response,
    responses=problems(404, 409),
    summary="删除答复文件 Delete a file",
)
async def delete_file(
    request_id: RequestId, file_id: FileId, caller: Handler, reads: Reading, session: Writing
) -> Response:
    """Only an answer's file, and only before the answer is signed."""
    await covered(reads, caller, request_id)
    row = await request_repository.lock_request(await session.driver(), request_id)
    await service.delete(session, caller, row, file_id)
    return Response(status_code=204)


@router.get(
    "/v1/requests/{request_id}/notices",
    response_model=list[TrackedDocument],
    responses=problems(404),
    summary="文书列表 List notices",
)
async def list_notices(
    request_id: RequestId, caller: Office, reads: Reading, response: Response
) -> list[TrackedDocument]:
    """All that went out, letters to others too."""
    await covered(reads, caller, request_id)
    response.headers.update(NOT_STORED)
    return [
        TrackedDocument(id=one["id"], title=title_of(one), issued_on=one["issued_on"])
        for one in await notice_repository.list_notices(reads, request_id)
    ]


@router.post(
    "/v1/requests/{request_id}/notices/{notice_id}:open",
    response_class=Response,
    responses={200: {"description": "文书", "content": {"application/octet-stream": {}}}, **problems(404)},
    summary="打开文书 Open a notice",
)
async def open_notice(
    request_id: RequestId,
    notice_id: Annotated[UUID, Path(title="文书编号")],
    caller: Handler,
    reads: Reading,
    session: WritingForReal,
    vault: OpenVault,
) -> Response:
    """The .docx as it went out. That it was opened is kept in the audit trail."""
    row = await covered(reads, caller, request_id)
    found = await notice_repository.find_notice(reads, request_id, notice_id)
    if found is None or found["content"] is None:
        raise NotFound("没有这份文书，或者已按期删除")
    content = service.open_notice(session, caller, row, found, vault)
    headers = NOT_STORED | {"Content-Disposition": "attachment", "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type="application/octet-stream", headers=headers)
