"""A lean HTTP/1.1 client over kept-alive connections, so that the load generator is not what is measured.

Speaks just enough: answers with a length or in chunks. No redirects, no compression, no TLS.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"\r\n[Cc]ontent-[Ll]ength: *(\d+)")
_CHUNKED = re.compile(rb"\r\n[Tt]ransfer-[Ee]ncoding: *chunked")
TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Answer:
    """Status and body."""

    status: int
    body: bytes


class ConnectionLost(Exception):
    """The server closed the connection before it had answered."""


class Connection(asyncio.Protocol):
    """One connection with one request under way at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._waiting: asyncio.Future[Answer] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's, only alike.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(ConnectionLost(str(exc or "closed")))

    def data_received(self, data: bytes) -> None:
        self._received += data
        answer = parse_answer(self._received)
        if answer is not None and self._waiting is not None and not self._waiting.done():
            self._received.clear()
            self._waiting.set_result(answer)

    async def send(self, request: bytes) -> Answer:
        """Write a whole request, return its whole answer."""
        assert self._transport is not None
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def parse_answer(received: bytearray) -> Answer | None:
    """The answer once it is whole."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    head, status = received[: end + 2], int(received[9:12])
    if status in (204, 304):
        return Answer(status, b"")
    if length := _LENGTH.search(head):
        stop = end + 4 + int(length[1])
        return Answer(status, bytes(received[end + 4 : stop])) if len(received) >= stop else None
    if _CHUNKED.search(head) and received.endswith(b"0\r\n\r\n"):
        return Answer(status, join_chunks(bytes(received[end + 4 :])))
    return None


def join_chunks(data: bytes) -> bytes:
    """The body of a chunked answer that has come in whole."""
    parts: list[bytes] = []
    position = 0
    while True:
        line_end = data.index(b"\r\n", position)
        size = int(data[position:line_end], 16)
        if size == 0:
            return b"".join(parts)
        parts.append(data[line_end + 2 : line_end + 2 + size])
        position = line_end + 2 + size + 2


async def connect(url: str) -> Connection:
    """A connection to the host and port of an address."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    _, connection = await asyncio.get_running_loop().create_connection(Connection, parts.hostname, parts.port)
    return connection


def build_request(
    method: str,
    path: str,
    *,
    body: bytes = b"",
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """A request's bytes. `Accept-Encoding: identity`, without which Meilisearch costs 40 ms a call."""
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", "accept-encoding: identity"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines += [f"content-type: {content_type}", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body
