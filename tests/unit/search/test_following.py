"""Who writes behind gives way to who writes ahead."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

from services.search_sync.repository.ledger import Position
from services.search_sync.rules.shelves import PASSAGES, Shelf
from services.search_sync.service.changes import Change
from services.search_sync.service.following import Following, follow_behind
from services.search_sync.service.writing import Writer
from shared.kit.reader import LogReader
from shared.schemas.events import Event, EventPage
from tests.search import representation


class OnePageLog:
    """A log with one page; who reads on waits for ever."""

    def __init__(self, page: EventPage) -> None:
        self.page_ = page
        self.limits: list[int] = []

    async def page(self, *, after: str, limit: int, wait_seconds: float) -> EventPage:
        self.limits.append(limit)
        if after == self.page_.cursor:
            await asyncio.Event().wait()
        return self.page_


class Ahead:
    """A writer that has something under way until it is told otherwise."""

    def __init__(self) -> None:
        self.asked, self.is_idle = asyncio.Event(), asyncio.Event()

    async def until_idle(self) -> None:
        self.asked.set()
        await self.is_idle.wait()


class Behind:
    """Notes what it is given."""

    shelf: Shelf = PASSAGES

    def __init__(self) -> None:
        self.positions: list[Position | None] = []
        self.written = asyncio.Event()

    async def submit(self, changes: Sequence[Change], position: Position | None) -> None:
        self.positions.append(position)
        self.written.set()


def page_of_one() -> EventPage:
    policy = representation()
    now = datetime.now(UTC)
    facts: dict[str, Any] = {"id": "1", "source": "/api/policy", "type": "policy.changed", "sequence": "1", "time": now}
    event = Event(**facts, subject=policy["id"], subjectversion=1, data=policy)
    return EventPage(events=[event], cursor="c1", reflects_until=now, at_end=True)


async def test_passages_wait_until_no_document_is_under_way() -> None:
    log = OnePageLog(page_of_one())
    following = Following({"policy": cast(LogReader, log)}, 1000, 1.0, 0.0)
    ahead, behind = Ahead(), Behind()
    task = asyncio.create_task(
        follow_behind(following, cast(Writer, behind), "policy", "c0", ahead=cast(Writer, ahead))
    )
    await ahead.asked.wait()
    assert behind.positions == []
    ahead.is_idle.set()
    await behind.written.wait()
    assert [position.cursor for position in behind.positions if position] == ["c1"]
    assert max(log.limits) <= 50
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_who_writes_behind_ends_when_told_to_though_its_way_is_free_at_that_moment() -> None:
    """`asyncio.wait_for` would lose the cancellation (Python 3.11), and whoever waits for its end would wait for ever."""
    ahead = Ahead()
    following = Following({"policy": cast(LogReader, OnePageLog(page_of_one()))}, 100, 20.0, 0.0)
    task = asyncio.create_task(
        follow_behind(following, cast(Writer, Behind()), "policy", "0", ahead=cast(Writer, ahead))
    )
    await ahead.asked.wait()
    ahead.is_idle.set()
    asyncio.get_running_loop().call_soon(task.cancel)
    async with asyncio.timeout(5):
        await asyncio.wait([task])
    assert task.cancelled()
