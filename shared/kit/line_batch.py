"""Batches of lines (NDJSON): lines are gathered into chunks, each chunk is one transaction, results come in order.

Results wait in memory for a caller who sends everything before reading anything; otherwise both would wait for ever.
Knows nothing of what a line says.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

import asyncpg
from fastapi import Request
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from shared.kit.calls import Call, call_of
from shared.kit.database import is_unavailable
from shared.kit.errors import Conflict, DomainError, RuleViolation, TooLarge, Unavailable
from shared.kit.http import BYTE_ORDER_MARK, describe_invalid, iterate_lines, parse_json, problem_facts
from shared.kit.logging import get_logger
from shared.schemas.problems import ErrorCode

logger = get_logger(__name__)
_CHUNKS_UNDER_WAY = 3
_ERRORS_OF_A_LINE = 10
"""A batch of lines that are wrong in every field must not fill the memory with their errors."""
Line = TypeVar("Line", bound=BaseModel)
Push = TypeVar("Push")


class RepeatedInBatch(Conflict):
    code, status, title = ErrorCode.REPEATED_IN_BATCH, 409, "同一批中重复"


class BatchTooLarge(TooLarge):
    code, title = ErrorCode.BATCH_TOO_LARGE, "批量过大"


@dataclass(frozen=True)
class BatchBounds:
    """How much is taken at once."""

    lines: int
    line_bytes: int
    chunk_lines: int


@dataclass(frozen=True)
class BatchWork(Generic[Line, Push]):
    """What a kind of lines is made of."""

    model: type[Line]
    key: Callable[[Line], Hashable]
    """What may come only once in a batch."""
    prepare: Callable[[Line], Awaitable[Push]]
    """The push that a line asks for; DomainError refuses it."""
    push: Callable[[list[Push]], Awaitable[list[BaseModel | DomainError]]]
    """Carries out a chunk in one transaction."""
    status_of: Callable[[BaseModel], int]


class LineBatch(Generic[Line, Push]):
    """One batch of one caller."""

    def __init__(self, bounds: BatchBounds, work: BatchWork[Line, Push]) -> None:
        self._bounds, self._work_of = bounds, work
        self._first_line: dict[Hashable, int] = {}
        self._results: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._call: Call | None = None

    async def run(self, request: Request) -> AsyncGenerator[bytes, None]:
        """Result lines in the order of the lines, while the rest is still coming in."""
        self._call = call_of(request.scope)
        work = asyncio.create_task(self._work(request))
        try:
            while (results := await self._results.get()) is not None:
                yield results
            await work
        finally:
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await work

    async def _work(self, request: Request) -> None:
        under_way: deque[tuple[list[tuple[int, Push | DomainError]], asyncio.Task[list[BaseModel | DomainError]]]]
        under_way = deque()
        try:
            lines: list[tuple[int, Push | DomainError]] = []
            async for line in self._lines(request):
                lines.append(line)
                if len(lines) >= self._bounds.chunk_lines:
                    under_way.append((lines, self._begin(lines)))
                    lines = []
                    # A caller who sends without pause must not keep the other requests of this process waiting.
                    await asyncio.sleep(0)
                    if len(under_way) >= _CHUNKS_UNDER_WAY:
                        await self._finish(*under_way.popleft())
            under_way.append((lines, self._begin(lines)))
            while under_way:
                await self._finish(*under_way.popleft())
        finally:
            for _, task in under_way:
                task.cancel()
            await self._results.put(None)

    async def _lines(self, request: Request) -> AsyncIterator[tuple[int, Push | DomainError]]:
        """The lines that may be looked at; the first one too many is answered and ends the batch."""
        number = 0
        async for raw in iterate_lines(request, max_line=self._bounds.line_bytes):
            number += 1
            if number > self._bounds.lines:
                limit = self._bounds.lines
                detail = f"一批最多{limit}行；从第{number}行起没有处理，请另批发送"
                yield number, BatchTooLarge(detail, limit_lines=limit)
                return
            yield number, await self._read(number, raw)

    async def _read(self, number: int, raw: bytes | None) -> Push | DomainError:
        try:
            if raw is None:
                limit = self._bounds.line_bytes
                raise TooLarge(f"本行超过上限{limit}字节", limit_bytes=limit)
            line = _parse(self._work_of.model, raw)
            first = self._first_line.setdefault(self._work_of.key(line), number)
            if first != number:
                raise RepeatedInBatch(f"第{first}行已是同一机关的同一编号；每批中只能出现一次", first_line=first)
            return await self._work_of.prepare(line)
        except DomainError as error:
            return error

    def _begin(self, lines: list[tuple[int, Push | DomainError]]) -> "asyncio.Task[list[BaseModel | DomainError]]":
        pushes = [content for _, content in lines if not isinstance(content, DomainError)]
        return asyncio.create_task(self._push(pushes))

    async def _finish(
        self, lines: list[tuple[int, Push | DomainError]], task: "asyncio.Task[list[BaseModel | DomainError]]"
    ) -> None:
        """Its results follow its commit, in the order of its lines; as bytes: objects take many times the room."""
        outcomes = iter(await task)
        results = [
            (number, content if isinstance(content, DomainError) else next(outcomes)) for number, content in lines
        ]
        if results:
            await self._results.put(b"".join(self._result(number, result) for number, result in results))

    async def _push(self, pushes: list[Push]) -> list[BaseModel | DomainError]:
        if not pushes:
            return []
        try:
            return await self._work_of.push(pushes)
        except Unavailable as error:
            return [error for _ in pushes]
        except Exception as error:
            # Foreseen in many wrappings (SQLAlchemy's, asyncpg's); what is neither away nor refusing is a fault of ours.
            if not (is_unavailable(error) or isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError)):
                raise
            logger.error("batch chunk failed", error=type(error).__name__, lines=len(pushes))
            return [Unavailable("数据库暂时不可用，本行没有存入；请稍后重发本行") for _ in pushes]

    def _result(self, number: int, result: BaseModel | DomainError) -> bytes:
        if self._call is not None:
            self._call.count_line(refused=isinstance(result, DomainError))
        if not isinstance(result, DomainError):
            status = self._work_of.status_of(result)
            return to_json({"line": number, "status": status, "receipt": result.model_dump(mode="json")}) + b"\n"
        problem = problem_facts(result)
        if "errors" in problem:
            problem["errors"] = problem["errors"][:_ERRORS_OF_A_LINE]
        return to_json({"line": number, "status": result.status, "problem": problem}, by_alias=True) + b"\n"


def _parse(model: type[Line], raw: bytes) -> Line:
    raw = raw.removeprefix(BYTE_ORDER_MARK)
    try:
        if b"\\u0000" in raw:
            return model.model_validate(parse_json(raw))
        return model.model_validate_json(raw)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        if errors[0]["type"] == "json_invalid":
            parse_json(raw)  # Raises with the sentence that the other routes use too.
        raise RuleViolation("请按所列各项改正本行", errors=describe_invalid(errors, base="/")) from error
