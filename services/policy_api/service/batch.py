"""A batch on its way through: lines are gathered into chunks, each chunk is one transaction.

Results wait in memory for a caller who sends everything before reading anything; otherwise both would wait for ever.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from datetime import datetime

import asyncpg
from fastapi import Request
from pydantic import ValidationError
from pydantic_core import to_json

from services.policy_api.service.content import normalize_policy
from services.policy_api.service.pushing import MAX_CHARACTERS_TOGETHER, Origin, Push, Result, push_policies
from services.policy_api.settings import Settings
from shared.kit.app import Kit
from shared.kit.auth import Caller
from shared.kit.calls import Call, call_of
from shared.kit.clock import local_day
from shared.kit.database import is_unavailable
from shared.kit.errors import Conflict, DomainError, RuleViolation, TooLarge, Unavailable
from shared.kit.http import BYTE_ORDER_MARK, describe_invalid, iterate_lines, parse_json, problem_facts
from shared.kit.logging import get_logger, request_id_var
from shared.schemas.policies import BatchLine, BatchResult, Outcome
from shared.schemas.problems import ErrorCode
from shared.schemas.scopes import Scope

logger = get_logger(__name__)
_CHUNKS_UNDER_WAY = 3
_ERRORS_OF_A_LINE = 10
"""A batch of lines that are wrong in every field must not fill the memory with their errors."""


class RepeatedInBatch(Conflict):
    code, status, title = ErrorCode.REPEATED_IN_BATCH, 409, "同一批中重复"


class BatchTooLarge(TooLarge):
    code, title = ErrorCode.BATCH_TOO_LARGE, "批量过大"


@dataclass(frozen=True)
class _Line:
    """A line's number and what it says, or why it cannot be taken."""

    number: int
    content: Push | DomainError

    @property
    def size(self) -> int:
        """In characters, of what will be stored."""
        return len(self.content.content.text) if isinstance(self.content, Push) else 0


@dataclass(frozen=True)
class _Chunk:
    """Lines whose transaction is under way."""

    lines: list[_Line]
    task: asyncio.Task[list[Result]]


class Batch:
    """One batch of one caller."""

    def __init__(self, kit: Kit, caller: Caller, now: datetime, *, validate_only: bool) -> None:
        assert isinstance(kit.settings, Settings)
        self._kit = kit
        self._settings = kit.settings
        self._caller = caller
        self._origin = Origin(caller.client_id, now, request_id_var.get())
        self._validate_only = validate_only
        self._first_line: dict[tuple[str, str], int] = {}
        self._results: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._call: Call | None = None

    async def run(self, request: Request) -> AsyncGenerator[bytes, None]:
        """Results (NDJSON of BatchResult) in the order of the lines, while the rest is still coming in."""
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
        under_way: deque[_Chunk] = deque()
        try:
            lines: list[_Line] = []
            size = 0
            async for line in self._lines(request):
                lines.append(line)
                size += line.size
                if len(lines) >= self._settings.batch_chunk_lines or size >= MAX_CHARACTERS_TOGETHER:
                    await self._begin(under_way, lines)
                    lines, size = [], 0
            await self._begin(under_way, lines)
            while under_way:
                await self._finish(under_way.popleft())
        finally:
            for chunk in under_way:
                chunk.task.cancel()
            await self._results.put(None)

    async def _lines(self, request: Request) -> AsyncIterator[_Line]:
        """The lines that may be looked at; the first one too many is answered and ends the batch."""
        number = 0
        async for raw in iterate_lines(request, max_line=self._settings.max_line_bytes):
            number += 1
            if number > self._settings.max_batch_lines:
                limit = self._settings.max_batch_lines
                yield _Line(
                    number,
                    BatchTooLarge(f"一批最多{limit}行；从第{number}行起没有处理，请另批发送", limit_lines=limit),
                )
                return
            yield _Line(number, await self._read(number, raw))

    async def _begin(self, under_way: deque[_Chunk], lines: list[_Line]) -> None:
        """Start a chunk's transaction. While PostgreSQL is busy with one chunk, the next is being read."""
        if not lines:
            return
        pushes = [line.content for line in lines if isinstance(line.content, Push)]
        under_way.append(_Chunk(lines, asyncio.create_task(self._push(pushes))))
        # A caller who sends without pause must not keep the other requests of this process waiting.
        await asyncio.sleep(0)
        if len(under_way) >= _CHUNKS_UNDER_WAY:
            await self._finish(under_way.popleft())

    async def _finish(self, chunk: _Chunk) -> None:
        """Its results follow its commit, in the order of its lines."""
        outcomes = iter(await chunk.task)
        results = [next(outcomes) if isinstance(line.content, Push) else line.content for line in chunk.lines]
        if self._call is not None:
            for result in results:
                self._call.count_line(refused=isinstance(result, DomainError))
        # As bytes: they may wait for a caller who reads late, and objects take many times the room.
        await self._results.put(
            b"".join(_result(line.number, result) for line, result in zip(chunk.lines, results, strict=True))
        )

    async def _read(self, number: int, raw: bytes | None) -> Push | DomainError:
        """The push that a line asks for, or the error that refuses it."""
        try:
            if raw is None:
                raise TooLarge(
                    f"本行超过上限{self._settings.max_line_bytes}字节", limit_bytes=self._settings.max_line_bytes
                )
            line = _parse(raw)
            key = (line.organization, line.external_id)
            first = self._first_line.setdefault(key, number)
            if first != number:
                raise RepeatedInBatch(f"第{first}行已是同一机关的同一文件；每批每份文件只能出现一次", first_line=first)
            return await self._prepare(line)
        except DomainError as error:
            return error

    async def _prepare(self, line: BatchLine) -> Push:
        organization = await self._caller.ensure_covers(line.organization)
        importing = line.published_on is not None or line.repealed_on is not None
        self._caller.ensure_has(Scope.POLICY_IMPORT if importing else Scope.POLICY_WRITE)
        content = normalize_policy(line, importing=importing, today=local_day(self._origin.now))
        return Push(self._origin, organization, line.external_id, content, line.published_on)

    async def _push(self, pushes: list[Push]) -> list[Result]:
        if not pushes:
            return []
        try:
            async with self._kit.database.write() as session:
                return await push_policies(session, pushes, validate_only=self._validate_only)
        except Unavailable as error:
            return [error for _ in pushes]
        except Exception as error:
            # Foreseen in many wrappings (SQLAlchemy's, asyncpg's); what is neither away nor refusing is a fault of ours.
            if not (is_unavailable(error) or isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError)):
                raise
            logger.error("batch chunk failed", error=type(error).__name__, lines=len(pushes))
            return [Unavailable("数据库暂时不可用，本行没有存入；请稍后重发本行") for _ in pushes]


def _parse(raw: bytes) -> BatchLine:
    raw = raw.removeprefix(BYTE_ORDER_MARK)
    try:
        if b"\\u0000" in raw:
            return BatchLine.model_validate(parse_json(raw))
        return BatchLine.model_validate_json(raw)
    except ValidationError as error:
        errors = error.errors(include_url=False, include_input=False)
        if errors[0]["type"] == "json_invalid":
            parse_json(raw)  # Raises with the sentence that the other routes use too.
        raise RuleViolation("请按所列各项改正本行", errors=describe_invalid(errors, base="/")) from error


def _result(number: int, result: Result) -> bytes:
    if isinstance(result, DomainError):
        problem = problem_facts(result)
        if "errors" in problem:
            problem["errors"] = problem["errors"][:_ERRORS_OF_A_LINE]
        answer = BatchResult(line=number, status=result.status, problem=problem)
    else:
        answer = BatchResult(line=number, status=201 if result.outcome is Outcome.CREATED else 200, receipt=result)
    return to_json(answer.model_dump(exclude_none=True), by_alias=True) + b"\n"
