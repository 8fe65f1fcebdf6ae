"""Which subjects are public at this moment, and all of them at once: what readers of the log ask beside it."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from services.catalog_api.repository.catalogs import EXPORT, list_public_states
from shared.kit.database import Reading
from shared.kit.errors import RuleViolation
from shared.kit.feed import EventReader, ExportPlace, export_response
from shared.kit.http import api_router
from shared.schemas.policies import PublicState, PublicStates
from shared.schemas.problems import InvalidField

router = api_router(tags=["events"])
MAX_STATES = 100


@router.get("/v1/public-states", response_model=PublicStates, summary="公开状态 Which are public")
async def get_public_states(
    reads: Reading,
    ids: Annotated[
        str, Query(title="编号", description=f"Up to {MAX_STATES} UUIDs, comma-separated.", max_length=37 * MAX_STATES)
    ],
) -> PublicStates:
    """Of these items, publications, entries of lists and catalogs, those that the public may see, with their versions."""
    try:
        wanted = [UUID(part) for part in ids.split(",") if part]
    except ValueError as error:
        errors = [InvalidField(pointer="?ids", detail="应为以逗号分隔的 UUID")]
        raise RuleViolation("编号格式不正确", errors=errors) from error
    rows = await list_public_states(reads, wanted)
    return PublicStates(items=[PublicState(**dict(row)) for row in rows])


@router.get(
    "/v1/export",
    response_class=Response,
    responses={200: {"description": "NDJSON；末行是续读事件日志的游标", "content": {"application/x-ndjson": {}}}},
    summary="导出全部公开内容 Export everything public",
)
async def export_public(request: Request, caller: EventReader, place: ExportPlace) -> Response:
    """Catalogs, items, publications and entries of lists in one snapshot, closed by the cursor of the log."""
    return export_response(request, EXPORT)
