"""Carries a request's body up while its answer comes down, and notices when the caller goes away."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

import h11
from starlette.types import Receive

from deploy.local.upstream import Connection, UpstreamDown

# Most HTTP clients read nothing before they have sent everything. Until then the answer is kept here; were it not, a
# batch whose result lines fill the sockets would stop in the middle for ever.
_KEPT_WHILE_SENDING = 256 * 1024 * 1024
_KEPT_AFTERWARDS = 256 * 1024


class ClientGone(Exception):
    """The caller closed the connection before the answer was whole."""


class Relay:
    """One request and its answer, both under way at once."""

    def __init__(self, connection: Connection, receive: Receive, *, request_sent: bool) -> None:
        self._connection = connection
        self._receive = receive
        self._request_sent = request_sent
        self._kept = 0
        self._room = asyncio.Event()

    async def run(self, answer: Callable[[], Awaitable[None]]) -> None:
        """Until the answer is out. Raises ClientGone, or what `answer` raises."""
        down = asyncio.ensure_future(answer())
        up = asyncio.ensure_future(self._carry_up())
        try:
            await asyncio.wait({down, up}, return_when=asyncio.FIRST_COMPLETED)
            if not down.done() and isinstance(up.exception(), UpstreamDown):
                # The service stopped listening: it may have answered already, as with a body that is too large.
                await asyncio.wait({down})
            if not down.done():
                raise ClientGone
            down.result()
        finally:
            for task in (down, up):
                task.cancel()
            await asyncio.gather(down, up, return_exceptions=True)

    async def _carry_up(self) -> None:
        """Send the body as it arrives, then wait for the caller to go."""
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                return
            if self._request_sent:
                continue
            if message.get("body"):
                await self._connection.send(h11.Data(data=message["body"]))
            if not message.get("more_body", False):
                await self._connection.send(h11.EndOfMessage())
                self._request_sent = True
                self._room.set()

    async def spooled(self, chunks: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """The same chunks, read ahead of whoever takes them."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()

        async def read_ahead() -> None:
            try:
                async for chunk in chunks:
                    queue.put_nowait(chunk)
                    self._kept += len(chunk)
                    while self._kept > self._limit:
                        self._room.clear()
                        await self._room.wait()
            finally:
                queue.put_nowait(None)

        reading = asyncio.ensure_future(read_ahead())
        try:
            while (chunk := await queue.get()) is not None:
                yield chunk
                self._kept -= len(chunk)
                self._room.set()
            await reading
        finally:
            reading.cancel()

    @property
    def _limit(self) -> int:
        return _KEPT_AFTERWARDS if self._request_sent else _KEPT_WHILE_SENDING
