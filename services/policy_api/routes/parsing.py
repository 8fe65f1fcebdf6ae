"""Reading uploaded documents at the edge."""

from typing import Annotated

from fastapi import Depends, Request

from services.policy_api.routes.policies import Pusher
from services.policy_api.service import parsing
from services.policy_api.settings import Settings
from shared.kit.confined import ConfinedReader
from shared.kit.http import UPLOAD_BODY, api_router, problems, read_upload
from shared.schemas.parsing import ParsedDocument

router = api_router(tags=["policies"])


def _reader(request: Request) -> ConfinedReader:
    reader: ConfinedReader = request.app.state.kit.extra["reader"]
    return reader


Reader = Annotated[ConfinedReader, Depends(_reader)]


@router.post(
    "/v1/policies:parse",
    response_model=ParsedDocument,
    responses=problems(413, 415),
    openapi_extra=UPLOAD_BODY,
    summary="读取文件草稿 Read a document into a draft",
)
async def parse_document(request: Request, _caller: Pusher, reader: Reader) -> ParsedDocument:
    """One .docx, .pdf with a text layer, .html or .txt: its fields, its outline and what is uncertain. Stores nothing.

    What the file is, its content decides, not its name. Encrypted files, macros, scans, and what would unpack or nest
    beyond measure are refused; `reason` of the problem says why.
    """
    settings: Settings = request.app.state.kit.settings
    upload = await read_upload(request, limit=settings.max_upload_bytes)
    return await parsing.parse_document(reader, upload.content, name=upload.name)
