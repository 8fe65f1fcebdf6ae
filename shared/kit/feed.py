"""Serves the event log: `GET /v1/events` with long-polling, and the frame of `GET /v1/export`."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic_core import to_json

from shared.kit import log
from shared.kit.auth import Caller, require
from shared.kit.database import Database
from shared.kit.errors import Gone, Unavailable
from shared.kit.http import api_router, problems
from shared.kit.logging import get_logger
from shared.schemas.events import EventPage
from shared.schemas.scopes import Scope

logger = get_logger(__name__)

EventReader = Annotated[Caller, Depends(require(Scope.EVENTS_READ))]
MAX_EVENTS = 1000
MAX_WAIT_SECONDS = 30
_RECONNECT_SECONDS = 1.0


class LogSignal:
    """Wakes waiting readers when the log grows (LISTEN/NOTIFY). A lost connection only makes them poll."""

    def __init__(self, database: Database, schema: str) -> None:
        self._database = database
        self._channel = f"{schema}_events"
        self._grown = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._listening = False
        self.wakes = 0
        """How often the log is known to have grown. Read it before reading the log, and hand it to `wait`."""
        self.closing = False
        """The process is being stopped: nobody should wait any more."""

    def start(self) -> None:
        self._task = asyncio.create_task(self._listen())

    def close(self) -> None:
        """Send everybody who waits home, so that a stop need not wait for them."""
        self.closing = True
        self._wake()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def wait(self, seconds: float, *, since: int | None = None) -> None:
        """Return when something was appended, at the latest after `seconds`; sooner when not listening.

        `since` is `wakes` as it was before the log was read: what was appended in between is not slept through.
        """
        if since is not None and since != self.wakes:
            return
        grown = self._grown
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds if self._listening else min(seconds, _RECONNECT_SECONDS)):
                await grown.wait()

    async def _listen(self) -> None:
        while True:
            try:
                connection = await self._database.connect()
                try:
                    closed = asyncio.Event()
                    connection.add_termination_listener(lambda _, closed=closed: closed.set())
                    await connection.add_listener(self._channel, self._on_notify)
                    self._listening = True
                    self._wake()
                    await closed.wait()
                finally:
                    self._listening = False
                    await connection.close(timeout=1)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                logger.warning("log signal lost", error=type(error).__name__)
            await asyncio.sleep(_RECONNECT_SECONDS)

    def _on_notify(self, *_: object) -> None:
        self._wake()

    def _wake(self) -> None:
        self.wakes += 1
        self._grown.set()
        self._grown = asyncio.Event()


router = api_router(tags=["events"])


@router.get(
    "/v1/events",
    response_model=EventPage,
    responses={
        200: {"description": "事件，按发生顺序", "content": {"application/json": {}}},
        **problems(410),
    },
    summary="读取事件日志 Read the event log",
)
async def read_events(
    request: Request,
    caller: EventReader,
    after: Annotated[
        str | None,
        Query(title="游标", description="Where the last page ended; empty: from the beginning.", max_length=400),
    ] = None,
    limit: Annotated[int, Query(title="条数上限", ge=1, le=MAX_EVENTS)] = 500,
    wait: Annotated[
        float,
        Query(title="等待秒数", description="Hold the request until something happens.", ge=0, le=MAX_WAIT_SECONDS),
    ] = 0,
) -> Response:
    """Events after a cursor in commit order, gapless. Answers at once when there are any, else after `wait` seconds.

    At-least-once: apply a page, store its cursor with the effect, go on. `410 cursor_gone`: rebuild from `/v1/export`.
    """
    kit = request.app.state.kit
    reads: asyncpg.Pool = kit.database.reads
    kind = f"events:{kit.settings.source}"
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait
    opened = kit.cursors.open(kind, after) if after else None
    seen, head = kit.signal.wakes, await log.read_head(reads)
    seq = _position(opened, head)
    while head.seq <= seq and not kit.signal.closing and (left := deadline - loop.time()) > 0:
        await kit.signal.wait(left, since=seen)
        seen, head = kit.signal.wakes, await log.read_head(reads)
        seq = _position(opened, head)
    part = await log.read_slice(reads, after=seq, head=head, limit=limit)
    if part.starts_late:
        raise _gone()
    reflects = head.at if part.at_end else part.last_recorded_at
    tail = to_json(
        {
            "cursor": kit.cursors.seal(kind, [head.epoch, part.last_seq]),
            "reflects_until": reflects,
            "at_end": part.at_end,
        }
    )
    body = b'{"events":[' + ",".join(part.envelopes).encode() + b"]," + tail[1:]
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


def _position(opened: list[Any] | None, head: log.LogHead) -> int:
    """The sequence number a cursor stands for; Gone when the log no longer reaches back to it."""
    epoch, seq = opened or (head.epoch, 0)
    if epoch != head.epoch or seq < head.pruned_through or seq > head.seq:
        raise _gone()
    return int(seq)


def _gone() -> Gone:
    return Gone("日志已不含该位置之后的全部事件；请用 /v1/export 重建后从其末行的游标继续")


async def _export_place(request: Request) -> AsyncIterator[None]:
    places: asyncio.Semaphore = request.app.state.kit.exports
    if places.locked():
        raise Unavailable("正在进行的导出已达上限，请稍后重试", retry_after_seconds=30)
    async with places:
        yield


ExportPlace = Annotated[None, Depends(_export_place)]
"""Held until the last line is sent."""


def export_response(request: Request, query: str) -> StreamingResponse:
    """NDJSON of what `query` selects as `line`, in one snapshot, closed by the cursor to follow the log from.

    The query orders by primary key and renders `{"type","subject","version","hash","data"}` itself.
    """
    return StreamingResponse(
        _export_lines(request, query), media_type="application/x-ndjson", headers={"Cache-Control": "no-store"}
    )


async def _export_lines(request: Request, query: str) -> AsyncIterator[bytes]:
    kit = request.app.state.kit
    count = 0
    # Its own connection: an export may last minutes and must not hold a place in the pool.
    connection = await kit.database.connect()
    try:
        await connection.execute("SET statement_timeout = 0")
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            head = await log.read_head(connection)
            async for row in connection.cursor(query, prefetch=200):
                count += 1
                yield row["line"].encode() + b"\n"
            cursor = kit.cursors.seal(f"events:{kit.settings.source}", [head.epoch, head.seq])
            yield to_json({"cursor": cursor, "count": count, "reflects_until": head.at}) + b"\n"
    finally:
        await connection.close()
