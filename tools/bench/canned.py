"""A server that answers everything with the same bytes: shows how much the load generator itself can do."""

import asyncio
import sys
from typing import cast

import uvloop

_BODY = b'{"items":[' + b"0," * 2_000 + b"0]}"
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\ncontent-type: application/json\r\n\r\n" % len(_BODY) + _BODY


class Canned(asyncio.Protocol):
    """Answers each arriving packet once: right for a client that sends small requests one at a time."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's, only alike.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(_ANSWER)


async def serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Canned, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
