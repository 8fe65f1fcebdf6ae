"""Templates of notices at the edge, and what a document would look like."""

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Path, Request, Response

from services.request_api.routes.requests import NOT_STORED
from services.request_api.rules.notices import FORMS
from services.request_api.service.notices import templates as service
from services.request_api.service.notices.rendering import render_notice
from services.request_api.settings import Settings
from shared.kit.auth import Caller, OrganizationCode, require
from shared.kit.clock import Now, local_day
from shared.kit.database import Reading, Writing
from shared.kit.http import UPLOAD_BODY, api_router, problems, read_upload
from shared.schemas.notices import NoticeKind, NoticePreview, NoticeTemplate
from shared.schemas.scopes import Scope

router = api_router(tags=["notices"])
NoticeWriter = Annotated[Caller, Depends(require(Scope.NOTICE_WRITE))]
NoticeReader = Annotated[Caller, Depends(require(Scope.NOTICE_WRITE, Scope.REQUEST_HANDLE))]
Kind = Annotated[NoticeKind, Path(title="文书种类")]
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "Word 文档", "content": {DOCX: {"schema": {"type": "string", "format": "binary"}}}}
}


@router.put(
    "/v1/organizations/{org}/notice-templates/{notice_kind}",
    response_model=NoticeTemplate,
    responses=problems(404, 413, 415, 422),
    openapi_extra=UPLOAD_BODY,
    summary="替换文书模板 Replace a template",
)
async def put_template(
    org: OrganizationCode, notice_kind: Kind, request: Request, caller: NoticeWriter, session: Writing, now: Now
) -> NoticeTemplate:
    """A .docx with {{field}} placeholders, for the organisation and those below it that have none of their own.

    Refused with the list of what is wrong: unknown and missing fields, macros, links that lead out, comments, changes
    that nobody has accepted. Authors and properties are taken out.
    """
    organization = await caller.ensure_covers(org)
    settings: Settings = request.app.state.kit.settings
    upload = await read_upload(request, limit=settings.max_template_bytes)
    return await service.put_template(session, caller, organization, notice_kind, upload.content, now=now)


@router.get(
    "/v1/organizations/{org}/notice-templates",
    response_model=list[NoticeTemplate],
    responses=problems(404),
    summary="文书模板列表 List templates",
)
async def list_templates(org: OrganizationCode, caller: NoticeReader, reads: Reading) -> list[NoticeTemplate]:
    """A line for every kind: the fields, and whose template is in force."""
    return await service.list_templates(reads, await caller.ensure_covers(org))


@router.get(
    "/v1/organizations/{org}/notice-templates/{notice_kind}",
    response_class=Response,
    responses=_FILE | problems(404),
    summary="下载文书模板 Download a template",
)
async def get_template(org: OrganizationCode, notice_kind: Kind, caller: NoticeReader, reads: Reading) -> Response:
    """The one in force, to be changed and handed in again."""
    template = await service.template_in_force(reads, await caller.ensure_covers(org), notice_kind)
    return _document(template.content, notice_kind)


@router.post(
    "/v1/notices:preview",
    response_class=Response,
    responses=_FILE | problems(404, 422),
    summary="预览文书 Preview a document",
)
async def preview_notice(body: NoticePreview, caller: NoticeReader, reads: Reading, now: Now) -> Response:
    """The document with these fields, by the template in force. It has no number of its own, and nothing is kept."""
    organization = await caller.ensure_covers(body.organization)
    template = await service.template_in_force(reads, organization, body.kind)
    dated = body.dated or local_day(now)
    content = await asyncio.to_thread(render_notice, template, body.fields, dated=dated, decision=body.decision)
    return _document(content, body.kind)


def _document(content: bytes, kind: NoticeKind) -> Response:
    name = f"attachment; filename=\"{kind.value}.docx\"; filename*=UTF-8''{quote(FORMS[kind].title)}.docx"
    headers = NOT_STORED | {"Content-Disposition": name, "X-Content-Type-Options": "nosniff"}
    return Response(content, media_type=DOCX, headers=headers)
