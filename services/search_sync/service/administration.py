"""What administrators see and ask for: the state of the index, parked documents, orders to the worker."""

from datetime import datetime
from uuid import UUID

import asyncpg

from services.search_sync.repository import ledger, orders
from services.search_sync.repository.engine import EngineAway, EngineRefused
from services.search_sync.repository.ledger import Position
from services.search_sync.repository.orders import Order
from services.search_sync.rules.index_settings import INDEX_VERSION
from services.search_sync.rules.shelves import DOCUMENTS, PASSAGES, SHELVES, Shelf
from services.search_sync.service.searching import SearchRoom, is_stale
from shared.kit.auth import Caller, ensure_supervises_all
from shared.kit.database import WriteSession
from shared.kit.errors import NotFound
from shared.schemas.search import Freshness, Parked, ParkedList, PassageStatus, SearchStatus, SourceStatus, WorkOrder

MAX_PARKED_SHOWN = 200


async def read_status(room: SearchRoom, *, now: datetime) -> SearchStatus:
    """Never fails for want of the engine: that it is away is part of the answer."""
    live = await ledger.find_live(room.reads, DOCUMENTS.name)
    positions = await ledger.list_positions(room.reads, live.id) if live else []
    generations = await ledger.list_generations(room.reads)
    in_use = [one.id for one in generations if one.state == "live"]
    # Positions before counts: what is said to be reflected is then counted.
    passages = await _read_passages(room, now=now)
    available, documents = await _ask_engine(room)
    freshness = [Freshness(source=one.source, reflects_until=one.reflects_until) for one in positions]
    return SearchStatus(
        ready=live is not None and available,
        stale=is_stale(room, freshness, now),
        index_uid=room.uid,
        index_version=live.index_version if live else None,
        wanted_index_version=INDEX_VERSION,
        live_since=live.live_at if live else None,
        engine_available=available,
        documents_in_engine=documents,
        documents=await ledger.count_entries(room.reads, live.id) if live else {},
        parked=await ledger.count_parked(room.reads, in_use),
        rebuilding=any(one.state == "building" for one in generations),
        sources=[_source(one, now) for one in positions],
        passages=passages,
    )


async def place_order(session: WriteSession, caller: Caller, kind: str) -> WorkOrder:
    """Ask the worker. What nobody has begun yet is not asked for twice."""
    await ensure_supervises_all(caller)
    order = await orders.insert_order(await session.driver(), kind, requested_by=caller.client_id)
    session.record(
        actor=caller.client_id,
        action=f"search.{kind}",
        subject=str(order.id),
        version=1,
        organization=caller.principal.organization,
    )
    return as_work_order(order)


async def get_order(reads: asyncpg.Pool, order_id: UUID) -> WorkOrder:
    """NotFound when there is none of that id."""
    order = await orders.find_order(reads, order_id)
    if order is None:
        raise NotFound("没有这项任务")
    return as_work_order(order)


async def list_parked(reads: asyncpg.Pool) -> ParkedList:
    """Documents that could not be indexed, the longest waiting first."""
    # The documents' reasons first: what is wrong with a document is mostly wrong with its passages too.
    found = [await ledger.find_live(reads, shelf.name) for shelf in SHELVES]
    in_use = [one.id for one in found if one is not None]
    shown = await ledger.list_parked(reads, in_use, limit=MAX_PARKED_SHOWN)
    items = [
        Parked.model_validate(
            {
                "source": one.source,
                "subject": one.subject,
                "type": one.kind,
                "version": one.version,
                "reason": one.reason,
                "attempts": one.attempts,
                "parked_at": one.parked_at,
            }
        )
        for one in shown
    ]
    return ParkedList(items=items, total=await ledger.count_parked(reads, in_use))


def as_work_order(order: Order) -> WorkOrder:
    return WorkOrder.model_validate(order, from_attributes=True)


async def _read_passages(room: SearchRoom, *, now: datetime) -> PassageStatus:
    live = await ledger.find_live(room.reads, PASSAGES.name)
    positions = await ledger.list_positions(room.reads, live.id) if live else []
    _, passages = await _ask_engine(room, PASSAGES)
    return PassageStatus(
        index_version=live.index_version if live else None,
        passages_in_engine=passages,
        sources=[_source(one, now) for one in positions],
    )


def _source(one: Position, now: datetime) -> SourceStatus:
    return SourceStatus(
        source=one.source,
        cursor=one.cursor,
        reflects_until=one.reflects_until,
        lag_seconds=max(0.0, (now - one.reflects_until).total_seconds()),
        last_change_lag_ms=one.last_lag_ms,
        applied=one.applied,
    )


async def _ask_engine(room: SearchRoom, shelf: Shelf = DOCUMENTS) -> tuple[bool, int | None]:
    try:
        return True, await room.engine.count(room.uid + shelf.suffix)
    except EngineRefused:
        return True, None
    except EngineAway:
        return False, None
