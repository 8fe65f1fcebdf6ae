"""Pushing many policies through a connection that may break at any byte.

The lines go out as a row of bounded requests, two under way at a time: while one is being sent, the results of the other
are read. One endless request would save little and could stop for ever: HTTP clients, proxies that buffer and the
suite's own chunks may each wait for more lines before the first result comes out.

What a broken connection left without a result is sent again, and nothing else. That is harmless: a line is a PUT by
the organisation's own id, and what was stored already answers "unchanged".
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from pydantic import ValidationError
from pydantic_core import to_json

from shared.client.errors import ApiProblem
from shared.client.pacing import RETRIED
from shared.client.report import LineResult
from shared.client.session import Session
from shared.schemas.policies import BatchLine, BatchResult
from shared.schemas.problems import ErrorCode

Document = BatchLine | Mapping[str, Any]
"""A mapping is sent as it is: what is wrong with it is then said by the suite, on its line."""
Documents = Iterable[Document] | AsyncIterable[Document]
PATH = "/api/policy/v1/policies:batch"
# Uncompressed: of a compressed answer that breaks off, the last results could not be read.
_HEADERS = {"Content-Type": "application/x-ndjson", "Accept-Encoding": "identity"}

# In the middle of a request; where nothing listens, a shorter one would not help.
_BROKEN = (httpx.ReadError, httpx.WriteError, httpx.CloseError, httpx.RemoteProtocolError)


@dataclass(frozen=True)
class BulkBounds:
    """How much is in memory and under way at once; a request stays below the suite's own bounds of a batch."""

    lines_per_request: int = 400
    bytes_per_request: int = 4_000_000
    requests_under_way: int = 2


@dataclass(frozen=True)
class _Line:
    number: int
    key: object
    content: bytes


@dataclass
class _Part:
    """The lines of one request."""

    lines: list[_Line] = field(default_factory=list)
    keys: set[object] = field(default_factory=set)
    size: int = 0

    def has_room(self, line: _Line, bounds: BulkBounds) -> bool:
        """A document that comes twice goes into a later request: of a batch, the second would be refused."""
        if line.key in self.keys or len(self.lines) >= bounds.lines_per_request:
            return False
        return not self.lines or self.size + len(line.content) <= bounds.bytes_per_request

    def add(self, line: _Line) -> None:
        self.lines.append(line)
        self.keys.add(line.key)
        self.size += len(line.content)


@dataclass
class _Round:
    """What a request, or all tries of a part, have come to, also when they broke off."""

    settled: dict[int, LineResult] = field(default_factory=dict)
    failure: Exception | None = None


class Bulk:
    """One push."""

    def __init__(self, session: Session, bounds: BulkBounds, *, validate_only: bool) -> None:
        self._session, self._bounds = session, bounds
        self._query = {"validate_only": True} if validate_only else {}
        self._reach = bounds.lines_per_request

    async def run(self, documents: Documents) -> AsyncGenerator[LineResult, None]:
        """Every line's result, in order. Raises what stopped it: ApiProblem or httpx.TransportError."""
        under_way: deque[tuple[_Part, asyncio.Task[_Round]]] = deque()
        try:
            async for part in self._parts(documents):
                # The later of two texts of one document must arrive later.
                while under_way and (self._is_full(under_way) or any(part.keys & other.keys for other, _ in under_way)):
                    async for result in _results(under_way.popleft()[1]):
                        yield result
                under_way.append((part, asyncio.create_task(self._settle(part.lines))))
            while under_way:
                async for result in _results(under_way.popleft()[1]):
                    yield result
        finally:
            for _, task in under_way:
                task.cancel()
            await asyncio.gather(*(task for _, task in under_way), return_exceptions=True)

    def _is_full(self, under_way: deque[Any]) -> bool:
        return len(under_way) >= self._bounds.requests_under_way

    async def _parts(self, documents: Documents) -> AsyncIterator[_Part]:
        part, number = _Part(), 0
        async for document in _each(documents):
            number += 1
            line = _line(number, document)
            if not part.has_room(line, self._bounds):
                yield part
                part = _Part()
            part.add(line)
        if part.lines:
            yield part

    async def _settle(self, lines: list[_Line]) -> _Round:
        """Send until every line has its result. Only rounds that bring nothing try the patience."""
        settled: dict[int, LineResult] = {}
        failures = 0
        while lines:
            sent = lines[: self._reach]
            done = await self._send(sent)
            settled |= done.settled
            lines = [line for line in lines if line.number not in settled]
            if len(done.settled) == len(sent):
                self._reach, failures = min(2 * self._reach, self._bounds.lines_per_request), 0
                continue
            failure = done.failure or httpx.RemoteProtocolError("the answer ended before its last line")
            if done.settled and isinstance(failure, httpx.TransportError):
                failures = 0
                continue
            if not done.settled and len(sent) > 1 and isinstance(failure, _BROKEN):
                # On a line that never lives as long as a whole request, shorter ones still get through.
                self._reach, failures = len(sent) // 2, 0
            failures = 1 if done.settled else failures + 1
            if not await self._session.pause_after(failure, failures):
                return _Round(settled, failure)
        return _Round(settled)

    async def _send(self, lines: list[_Line]) -> _Round:
        """One request. Results count from the moment that they are read, whatever becomes of the rest."""
        done = _Round()
        content = b"\n".join(line.content for line in lines) + b"\n"
        try:
            async with self._session.open("POST", PATH, content=content, query=self._query, headers=_HEADERS) as answer:
                async for raw in _whole_lines(answer):
                    self._note(done, lines, raw)
        except (ApiProblem, httpx.TransportError) as error:
            done.failure = error
        return done

    def _note(self, done: _Round, lines: list[_Line], raw: bytes) -> None:
        try:
            result = BatchResult.model_validate_json(raw)
        except ValidationError as error:
            raise httpx.RemoteProtocolError("a result line that is none") from error
        if not 1 <= result.line <= len(lines):
            raise httpx.RemoteProtocolError(f"a result for line {result.line} of {len(lines)}")
        problem = result.problem or {}
        # These say that the line was not looked at: it goes into the next request.
        if result.receipt is None and (
            result.status in RETRIED or problem.get("code") == ErrorCode.BATCH_TOO_LARGE.value
        ):
            done.failure = ApiProblem(503, problem)
            return
        number = lines[result.line - 1].number
        done.settled[number] = LineResult(number, result.status, result.receipt, result.problem)


async def _results(task: "asyncio.Task[_Round]") -> AsyncIterator[LineResult]:
    """In order; what was acknowledged before a failure comes before it is raised."""
    done = await task
    for number in sorted(done.settled):
        yield done.settled[number]
    if done.failure is not None:
        raise done.failure


async def _whole_lines(answer: httpx.Response) -> AsyncIterator[bytes]:
    """Lines with their ends: half a line, when the connection breaks, is no result."""
    rest = b""
    async for chunk in answer.aiter_bytes():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                yield line


async def _each(documents: Documents) -> AsyncIterator[Document]:
    if isinstance(documents, AsyncIterable):
        async for document in documents:
            yield document
    else:
        for document in documents:
            yield document


def _line(number: int, document: Document) -> _Line:
    if isinstance(document, BatchLine):
        key = (str(document.organization), document.external_id)
        return _Line(number, key, document.model_dump_json(exclude_unset=True).encode())
    key = (str(document.get("organization")), str(document.get("external_id")))
    return _Line(number, key, to_json(dict(document)))
