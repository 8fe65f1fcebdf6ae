"""Single pushes on their way in: those that arrive while a transaction is under way go together in the next one.

Every commit waits for the disk and for its turn at the log's end. A caller who pushes alone never waits for others; when
many push at once, a transaction carries all that have arrived meanwhile, each with an outcome of its own.
"""

import asyncio
from collections import deque
from dataclasses import dataclass

from services.policy_api.service.pushing import MAX_CHARACTERS_TOGETHER, Push, Result, push_policies
from shared.kit.database import Database, is_unavailable
from shared.kit.logging import get_logger

logger = get_logger(__name__)
_UNDER_WAY = 2
"""Transactions at a time: while one waits for the disk, the next is being planned and rendered."""
_TOGETHER = 64


@dataclass(frozen=True)
class _Waiting:
    push: Push
    outcome: asyncio.Future[Result]


class PushQueue:
    """The pushes of one process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[_Waiting] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way = 0

    async def push(self, push: Push) -> Result:
        """The outcome, after its commit. A caller who goes away takes nothing back."""
        waiting = _Waiting(push, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._under_way < _UNDER_WAY:
            # Counted here and given back where the last look at the queue is: nobody can come in between.
            self._under_way += 1
            task = asyncio.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await waiting.outcome

    async def check(self, push: Push) -> Result:
        """What `push` would answer; stores nothing."""
        async with self._database.write() as session:
            return (await push_policies(session, [push], validate_only=True))[0]

    async def close(self) -> None:
        """After the last request; finishes what is under way."""
        await asyncio.gather(*self._tasks)

    async def _work(self) -> None:
        try:
            while self._waiting:
                await self._store_together(self._take())
        finally:
            self._under_way -= 1

    async def _store_together(self, group: list[_Waiting]) -> None:
        try:
            results = await self._store([waiting.push for waiting in group])
        except Exception as error:
            await self._store_alone(group, error)
        except BaseException as error:
            for waiting in group:
                _give_up(waiting, error)
            raise
        else:
            for waiting, result in zip(group, results, strict=True):
                _tell(waiting, result)

    async def _store_alone(self, group: list[_Waiting], error: Exception) -> None:
        """One push that cannot be stored must not sink its neighbours: each is tried alone, unless PostgreSQL is away."""
        if len(group) == 1 or is_unavailable(error):
            for waiting in group:
                _give_up(waiting, error)
            return
        for waiting in group:
            try:
                _tell(waiting, (await self._store([waiting.push]))[0])
            except Exception as own:
                _give_up(waiting, own)

    def _take(self) -> list[_Waiting]:
        """The longest waiting, each document once: a second push of it has to see what the first has done."""
        taken: dict[tuple[str, str], _Waiting] = {}
        kept: deque[_Waiting] = deque()
        size = 0
        while self._waiting and len(taken) < _TOGETHER and size < MAX_CHARACTERS_TOGETHER:
            waiting = self._waiting.popleft()
            if waiting.push.key in taken:
                kept.append(waiting)
            else:
                taken[waiting.push.key] = waiting
                size += len(waiting.push.content.text)
        self._waiting.extendleft(reversed(kept))
        return list(taken.values())

    async def _store(self, pushes: list[Push]) -> list[Result]:
        async with self._database.write() as session:
            return await push_policies(session, pushes)


def _tell(waiting: _Waiting, result: Result) -> None:
    if not waiting.outcome.done():
        waiting.outcome.set_result(result)


def _give_up(waiting: _Waiting, error: BaseException) -> None:
    if not waiting.outcome.done():
        waiting.outcome.set_exception(error)
