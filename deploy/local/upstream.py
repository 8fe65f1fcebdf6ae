"""A small HTTP/1.1 client for one upstream: pooled, streaming both ways at once. Knows nothing of routes or problems.

httpx and httpcore read no byte of an answer before the whole request is sent. A service that answers a batch line by
line would then fill every buffer and both sides would wait for each other.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import suppress

import h11

_CONNECT_SECONDS = 2.0
_ANSWER_SECONDS = 120.0
_IDLE_SECONDS = 20.0  # below the services' own keep-alive (suite.py), so that they never close first
_MOST_IDLE = 16
_CHUNK = 65_536
_MAX_HEAD = 65_536


class UpstreamDown(Exception):
    """Nobody answers there, or the connection broke before an answer began."""


class AnswerBroken(Exception):
    """The connection broke in the middle of an answer."""


class Connection:
    """One connection and where its conversation stands."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD)
        self.idle_since = 0.0
        self.reused = False

    @property
    def usable(self) -> bool:
        """Whether another request may be sent on it."""
        fresh = time.monotonic() - self.idle_since < _IDLE_SECONDS
        return fresh and not self._reader.at_eof() and not self._writer.is_closing()

    async def send(self, event: h11.Request | h11.Data | h11.EndOfMessage) -> None:
        """Send one piece of the request; UpstreamDown when the other side has closed."""
        try:
            data = self._http.send(event)
            if data:
                self._writer.write(data)
                await self._writer.drain()
        except OSError as error:
            raise UpstreamDown from error

    async def head(self) -> h11.Response:
        """The answer's status and headers."""
        try:
            while True:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    event = await self._next()
                if isinstance(event, h11.Response):
                    return event
                if not isinstance(event, h11.InformationalResponse):
                    raise UpstreamDown
        except (OSError, h11.RemoteProtocolError) as error:
            raise UpstreamDown from error

    async def body(self) -> AsyncIterator[bytes]:
        """The answer's bytes as they come; AnswerBroken when they stop too early."""
        try:
            while isinstance(event := await self._next(), h11.Data):
                yield bytes(event.data)
            if not isinstance(event, h11.EndOfMessage):
                raise AnswerBroken
        except (OSError, h11.RemoteProtocolError) as error:
            raise AnswerBroken from error

    async def _next(self) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self._http.receive_data(await self._reader.read(_CHUNK))
        return event

    def finish(self) -> bool:
        """Ready for the next request; False when the conversation was not finished and it must be closed."""
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        self.idle_since, self.reused = time.monotonic(), True
        return True

    def close(self) -> None:
        """At once: what was not sent is not sent."""
        self._writer.transport.abort()


class Upstream:
    """Connections to one service."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._idle: list[Connection] = []

    async def acquire(self, *, fresh: bool = False) -> Connection:
        """A connection from the pool, else a new one; UpstreamDown when there is none to be had."""
        while self._idle and not fresh:
            connection = self._idle.pop()
            if connection.usable:
                return connection
            connection.close()
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                return Connection(*await asyncio.open_connection(self._host, self._port))
        except (OSError, TimeoutError) as error:
            raise UpstreamDown from error

    def release(self, connection: Connection) -> None:
        """Back into the pool, or closed when its conversation broke off.

        What writes travels on a new connection each and comes back here: the oldest give way, or they would pile up.
        """
        if not connection.finish():
            connection.close()
            return
        self._idle.append(connection)
        while self._idle and (len(self._idle) > _MOST_IDLE or not self._idle[0].usable):
            self._idle.pop(0).close()

    async def get(self, path: str) -> int:
        """The status of a small GET; UpstreamDown when there is no answer. For health."""
        connection = await self.acquire()
        try:
            await connection.send(h11.Request(method="GET", target=path, headers=[("host", "gateway")]))
            await connection.send(h11.EndOfMessage())
            head = await connection.head()
            with suppress(AnswerBroken):
                async for _ in connection.body():
                    pass
            return head.status_code
        finally:
            self.release(connection)

    def close(self) -> None:
        for connection in self._idle:
            connection.close()
        self._idle.clear()
