"""Reads logs and exports into a writer. Knows neither how they are carried nor how they are written."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from services.search_sync.repository.ledger import Position
from services.search_sync.service.changes import changes_of_events, changes_of_lines
from services.search_sync.service.writing import Writer
from shared.kit.reader import ExportLine, LogReader
from shared.schemas.events import EventPage, ExportEnd

Cursors = dict[str, str]
"""Where to go on in each log, by source."""
_LINES_AT_ONCE = 1000
_EVENTS_BEHIND = 50
"""A fifth of a second of the engine's time."""
_LONGEST_WAY_SECONDS = 30.0


@dataclass(frozen=True)
class Following:
    """What logs to follow, and how."""

    readers: Mapping[str, LogReader]
    page_events: int
    long_poll_seconds: float
    rest_seconds: float


async def follow(following: Following, writer: Writer, source: str, cursor: str) -> None:
    """Apply a log from a cursor on, for ever. Raises what the reader or the writer raises."""
    while True:
        cursor, _ = await _apply_page(following, [writer], source, cursor, wait_seconds=following.long_poll_seconds)


async def follow_behind(following: Following, writer: Writer, source: str, cursor: str, *, ahead: Writer) -> None:
    """The same, giving way to the writer ahead: the engine does one thing after another.

    So a page is small, comes after a rest in which the other takes the same events, and is written while that one has
    nothing under way, or has had no pause for too long.
    """
    reader = following.readers[source]
    limit = min(following.page_events, _EVENTS_BEHIND)
    while True:
        page = await reader.page(after=cursor, limit=limit, wait_seconds=following.long_poll_seconds)
        if page.events:
            if page.at_end:
                await asyncio.sleep(following.rest_seconds)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LONGEST_WAY_SECONDS):
                    await ahead.until_idle()
        await _submit(writer, source, page)
        cursor = page.cursor


async def catch_up(following: Following, writers: Sequence[Writer], cursors: Cursors) -> Cursors:
    """Apply every log until its present end; returns where that is. Everything is in on return."""
    reached = dict(cursors)
    for source in following.readers:
        at_end = False
        while not at_end:
            reached[source], at_end = await _apply_page(following, writers, source, reached[source], wait_seconds=0)
    for writer in writers:
        await writer.drain()
    return reached


async def fill_from_exports(following: Following, writers: Sequence[Writer]) -> Cursors:
    """Read once into empty indexes: write everything that is public now; returns from where to follow each log. Everything is in on return."""
    cursors: Cursors = {}
    for source, reader in following.readers.items():
        lines: list[ExportLine] = []
        async for line in reader.export():
            if isinstance(line, ExportEnd):
                await _write_lines(writers, source, lines)
                cursors[source] = line.cursor
                for writer in writers:
                    await writer.submit([], Position(source, line.cursor, line.reflects_until))
            else:
                lines.append(line)
                if len(lines) >= _LINES_AT_ONCE:
                    await _write_lines(writers, source, lines)
                    lines = []
    for writer in writers:
        await writer.drain()
    return cursors


async def list_changed(following: Following, source: str, cursor: str) -> set[str]:
    """Subjects that the log names between a cursor and its present end. Applies nothing."""
    changed: set[str] = set()
    at_end = False
    while not at_end:
        page = await following.readers[source].page(after=cursor, limit=following.page_events, wait_seconds=0)
        changed |= {event.subject for event in page.events}
        cursor, at_end = page.cursor, page.at_end
    return changed


@asynccontextmanager
async def following_all(
    following: Following, writers: Sequence[tuple[Writer, Cursors]]
) -> AsyncIterator[asyncio.Task[None]]:
    """Every log applied by every writer beside the block, the first ahead of the others; ends orderly: what was enqueued is waited for unless something failed.

    Yields a task that ends, by raising, when something failed.
    """
    followers = [writer for writer, _ in writers]
    readers = [
        asyncio.create_task(
            follow(following, writer, source, cursors[source])
            if writer is followers[0]
            else follow_behind(following, writer, source, cursors[source], ahead=followers[0])
        )
        for writer, cursors in writers
        for source in following.readers
    ]
    watch = asyncio.create_task(_until_failure(readers, followers))
    try:
        yield watch
    finally:
        for task in (*readers, watch):
            task.cancel()
        await asyncio.gather(*readers, watch, return_exceptions=True)


async def _until_failure(readers: Sequence[asyncio.Task[None]], writers: Sequence[Writer]) -> None:
    failed = [asyncio.create_task(writer.failed.wait()) for writer in writers]
    try:
        done, _ = await asyncio.wait([*readers, *failed], return_when=asyncio.FIRST_COMPLETED)
        for reader in readers:
            if reader in done:
                reader.result()
        for writer in writers:
            await writer.drain()
    finally:
        for one in failed:
            one.cancel()


async def _apply_page(
    following: Following, writers: Sequence[Writer], source: str, cursor: str, *, wait_seconds: float
) -> tuple[str, bool]:
    reader = following.readers[source]
    page = await reader.page(after=cursor, limit=following.page_events, wait_seconds=wait_seconds)
    for writer in writers:
        await _submit(writer, source, page)
    return page.cursor, page.at_end


async def _submit(writer: Writer, source: str, page: EventPage) -> None:
    changes = await changes_of_events(writer.shelf, source, page.events)
    await writer.submit(changes, Position(source, page.cursor, page.reflects_until))


async def _write_lines(writers: Sequence[Writer], source: str, lines: Sequence[ExportLine]) -> None:
    for writer in writers if lines else ():
        await writer.submit(await changes_of_lines(writer.shelf, source, lines, is_first=True), None)
