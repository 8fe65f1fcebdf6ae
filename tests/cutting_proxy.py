"""A TCP proxy that cuts connections at bytes chosen beforehand, counted over all that has passed in a direction."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

_PIECE = 32 * 1024


@dataclass
class Direction:
    """What has passed one way, and at which bytes a connection is cut."""

    cuts: deque[int]
    passed: int = 0
    made: int = 0

    def room(self) -> int | None:
        """How many bytes may pass until the next cut."""
        return self.cuts[0] - self.passed if self.cuts else None


@dataclass
class CuttingProxy:
    """Both directions to one server."""

    target: int
    up: Direction
    down: Direction
    connections: int = 0
    _tasks: set["asyncio.Task[None]"] = field(default_factory=set)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Begin to carry a new connection."""
        self.connections += 1
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until either end closes it, or a cut comes."""
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self.target)
        ways = [
            asyncio.create_task(self._carry(reader, there_writer, self.up)),
            asyncio.create_task(self._carry(there_reader, writer, self.down)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            # What has passed still arrives; nothing more does.
            for end in (writer, there_writer):
                end.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Direction) -> None:
        with contextlib.suppress(ConnectionError):
            while piece := await reader.read(_PIECE):
                room = way.room()
                passing = piece if room is None else piece[:room]
                way.passed += len(passing)
                cut = room is not None and len(piece) >= room
                if cut:
                    # Before anything is waited for: the cut is this connection's, not also its neighbour's.
                    way.cuts.popleft()
                    way.made += 1
                writer.write(passing)
                await writer.drain()
                if cut:
                    return

    async def stop(self) -> None:
        """End what is still carried."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def cutting_proxy(
    target: int, *, up: Iterable[int], down: Iterable[int]
) -> AsyncIterator[tuple[CuttingProxy, int]]:
    """The proxy before a port of this machine, and its own port."""
    proxy = CuttingProxy(target, Direction(deque(sorted(up))), Direction(deque(sorted(down))))
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0)
    try:
        yield proxy, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await proxy.stop()
        await server.wait_closed()
