"""What the editors of themes have to replace, at the edge. The themes' other doors are those of every entry."""

from typing import Annotated

from fastapi import Depends, Response

from services.policy_api.repository import entries as repository
from services.policy_api.routes.entries import EntryId
from services.policy_api.rules.entry_kinds.collection import COLLECTION, find_gone
from services.policy_api.service.entries import load_material
from shared.kit.auth import Caller, require
from shared.kit.database import Reading
from shared.kit.errors import NotFound
from shared.kit.http import api_router
from shared.schemas.collections import CollectionGone, GoneItem
from shared.schemas.scopes import Scope

router = api_router(tags=["collections"])
Editor = Annotated[Caller, Depends(require(Scope.COLLECTION_WRITE))]


@router.get("/v1/collections/{entry_id}/gone", response_model=CollectionGone, summary="专题缺项 List what is gone")
async def get_collection_gone(entry_id: EntryId, caller: Editor, reads: Reading) -> Response:
    """Items that were withdrawn since they were put here, with their place in the pushed content."""
    row = await repository.find(reads, COLLECTION.name, entry_id)
    if row is None:
        raise NotFound("没有这个专题")
    await caller.ensure_covers(row["organization"])
    gone = [GoneItem(**item) for item in find_gone(await load_material(reads, row))]
    answer = CollectionGone(id=entry_id, gone=gone)
    return Response(answer.model_dump_json(), headers={"Cache-Control": "no-store"}, media_type="application/json")
