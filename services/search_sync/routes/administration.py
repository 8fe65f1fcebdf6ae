"""Orders to the worker and parked documents at the edge."""

from typing import Annotated
from uuid import UUID

from fastapi import Depends, Path, Response

from services.search_sync.service import administration as service
from shared.kit.auth import Caller, require
from shared.kit.database import Reading, Writing
from shared.kit.http import api_router
from shared.schemas.scopes import Scope
from shared.schemas.search import ParkedList, WorkOrder

router = api_router(tags=["administration"])
OrderId = Annotated[UUID, Path(title="任务编号")]
Administrator = Annotated[Caller, Depends(require(Scope.SEARCH_ADMIN))]


@router.post("/v1/rebuild", status_code=202, response_model=WorkOrder, summary="重建索引 Rebuild the index")
async def order_rebuild(caller: Administrator, session: Writing) -> Response:
    """A fresh index is filled beside the one in use and swapped in: searching goes on. For the root organisation's clients."""
    return _accepted(await service.place_order(session, caller, "rebuild"))


@router.post("/v1/verify", status_code=202, response_model=WorkOrder, summary="核对并修复索引 Verify the index")
async def order_verify(caller: Administrator, session: Writing) -> Response:
    """Ids, versions and content hashes of index and services are compared and differences repaired."""
    return _accepted(await service.place_order(session, caller, "verify"))


@router.get("/v1/parked", response_model=ParkedList, summary="搁置的文件 Parked documents")
async def list_parked(_caller: Administrator, reads: Reading) -> ParkedList:
    """Documents that could not be indexed, each with its reason."""
    return await service.list_parked(reads)


@router.post(
    "/v1/parked", status_code=202, response_model=WorkOrder, summary="重试搁置的文件 Try parked documents again"
)
async def order_retry(caller: Administrator, session: Writing) -> Response:
    """They are also tried again by themselves, from time to time and when a newer version arrives."""
    return _accepted(await service.place_order(session, caller, "retry_parked"))


@router.get("/v1/orders/{order_id}", response_model=WorkOrder, summary="任务 Read an order")
async def get_order(order_id: OrderId, _caller: Administrator, reads: Reading) -> WorkOrder:
    """What became of it."""
    return await service.get_order(reads, order_id)


def _accepted(order: WorkOrder) -> Response:
    return Response(
        order.model_dump_json(),
        status_code=202,
        headers={"Location": f"orders/{order.id}", "Cache-Control": "no-store"},
        media_type="application/json",
    )
