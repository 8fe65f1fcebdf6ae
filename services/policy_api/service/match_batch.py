"""Many enterprises on their way through a few clauses: a line in, a line out, in order.

The input is read as fast as it comes and waits in memory, which is bounded; answers are made at the pace at which they
are read. So a caller who sends everything before reading anything does not wait for ever, and nothing grows without end.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from datetime import date

from fastapi import Request
from pydantic import ValidationError
from pydantic_core import to_json

from services.policy_api.rules.enterprise_facts import check_profile
from services.policy_api.rules.matching import ClauseGroup, match_profile
from shared.kit.errors import DomainError
from shared.kit.http import describe_invalid, iterate_lines, parse_json
from shared.schemas.clauses import LineMatch, MatchLine, MatchLineResult
from shared.schemas.problems import InvalidField

MAX_LINE_BYTES = 32_000
MAX_BYTES = 64_000_000
_LINES_AT_ONCE = 50
_ERRORS_OF_A_LINE = 10
_Raw = tuple[int, bytes | None]


class MatchBatch:
    """One batch against clauses that were chosen when it began."""

    def __init__(self, clauses: ClauseGroup, today: date, *, max_lines: int, reasons: bool) -> None:
        self._clauses, self._today = clauses, today
        self._max_lines, self._reasons = max_lines, reasons
        self._waiting: asyncio.Queue[_Raw | None] = asyncio.Queue()

    async def run(self, request: Request) -> AsyncGenerator[bytes, None]:
        """Result lines, some at a time."""
        reader = asyncio.create_task(self._read(request))
        try:
            more = True
            while more:
                lines, more = await self._take()
                if lines:
                    yield await asyncio.to_thread(self._answer, lines)
            await reader
        finally:
            reader.cancel()

    async def _read(self, request: Request) -> None:
        number, size = 0, 0
        try:
            async for raw in iterate_lines(request, max_line=MAX_LINE_BYTES):
                number, size = number + 1, size + len(raw or b"")
                await self._waiting.put((number, raw))
                if number > self._max_lines or size > MAX_BYTES:
                    return
        finally:
            await self._waiting.put(None)

    async def _take(self) -> tuple[list[_Raw], bool]:
        """What has come, at least one line; False with the last."""
        lines: list[_Raw] = []
        while len(lines) < _LINES_AT_ONCE and (not lines or not self._waiting.empty()):
            raw = await self._waiting.get()
            if raw is None:
                return lines, False
            lines.append(raw)
        return lines, True

    def _answer(self, lines: Sequence[_Raw]) -> bytes:
        results = (self._match(number, raw) for number, raw in lines)
        return b"".join(to_json(result.model_dump(mode="json", exclude_none=True)) + b"\n" for result in results)

    def _match(self, number: int, raw: bytes | None) -> MatchLineResult:
        if number > self._max_lines:
            return _refused(number, f"一批最多{self._max_lines}行；从本行起没有处理，请另批发送")
        if raw is None:
            return _refused(number, f"本行超过上限{MAX_LINE_BYTES}字节")
        try:
            line = MatchLine.model_validate(parse_json(raw))
        except ValidationError as error:
            errors = describe_invalid(error.errors(include_url=False, include_input=False), base="/")
            return MatchLineResult(line=number, ref=None, errors=errors[:_ERRORS_OF_A_LINE])
        except DomainError as error:
            return _refused(number, error.detail)
        errors = check_profile(line.profile, self._today)
        if errors:
            told = [InvalidField(pointer=f"/profile{one.pointer}", detail=one.detail) for one in errors]
            return MatchLineResult(line=number, ref=line.ref, errors=told[:_ERRORS_OF_A_LINE])
        return MatchLineResult(line=number, ref=line.ref, matches=self._matches(line))

    def _matches(self, line: MatchLine) -> list[LineMatch]:
        matched = match_profile(line.profile, self._clauses, self._today)
        picked = matched.pick(everything=False, limit=len(self._clauses.clauses))
        return [matched.answer_line(clause, outcome, reasons=self._reasons) for clause, outcome in picked]


def _refused(number: int, detail: str) -> MatchLineResult:
    return MatchLineResult(line=number, ref=None, errors=[InvalidField(pointer="", detail=detail)])
