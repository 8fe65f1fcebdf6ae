"""From commit to searchable: changes at a fixed rate, and a look every few milliseconds whether the engine has them.

The clock of a change starts when its receipt has arrived (the commit lies before it) and stops when the engine gives
the document in that version. Runs in a process of its own.
"""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

import uvloop

from tools.bench.client import Connection, build_request, connect

_CALLERS = 16
_LOOK_EVERY_SECONDS = 0.004
_PATIENCE_SECONDS = 60.0
_AT_ONCE = 200


@dataclass(frozen=True)
class Changes:
    """Writes to be sent at so many a second, and where to look for them."""

    policy_url: str
    requests: tuple[bytes, ...]
    rate: float
    meili_url: str
    meili_key: str
    index: str


@dataclass(frozen=True)
class Lag:
    """Milliseconds from receipt to searchable; what never became so; how well the rate was kept."""

    milliseconds: list[float] = field(repr=False)
    lost: int
    answer_milliseconds: list[float] = field(repr=False)
    late_milliseconds: float
    """By how much the last change was sent too late."""


@dataclass
class _State:
    """What waits to become searchable: id → (version, when its receipt came)."""

    waiting: dict[str, tuple[int, float]] = field(default_factory=dict)
    lags: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)
    sent: bool = False
    late: float = 0.0


def measure(changes: Changes) -> Lag:
    """Send all changes, wait until the last is searchable. Blocks."""
    return uvloop.run(_measure(changes))


async def _measure(changes: Changes) -> Lag:
    state = _State()
    watching = asyncio.create_task(_watch(changes, state))
    await _send_all(changes, state)
    await watching
    return Lag([value * 1000 for value in state.lags], len(state.waiting), state.answers, state.late * 1000)


async def _send_all(changes: Changes, state: _State) -> None:
    """Each change at its own moment, counted from the first, so that delays do not add up."""
    idle: asyncio.Queue[Connection] = asyncio.Queue()
    for _ in range(_CALLERS):
        idle.put_nowait(await connect(changes.policy_url))
    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number, request in enumerate(changes.requests):
            due = started + number / changes.rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            connection = await idle.get()
            state.late = time.perf_counter() - due
            group.create_task(_send(connection, idle, request, state))
    state.sent = True


async def _send(connection: Connection, idle: asyncio.Queue[Connection], request: bytes, state: _State) -> None:
    before = time.perf_counter()
    answer = await connection.send(request)
    now = time.perf_counter()
    idle.put_nowait(connection)
    if answer.status not in (200, 201):
        raise AssertionError(f"a change was refused: {answer.status} {answer.body[:300]!r}")
    receipt = json.loads(answer.body)
    state.answers.append((now - before) * 1000)
    state.waiting[receipt["id"]] = (receipt["version"], now)


async def _watch(changes: Changes, state: _State) -> None:
    connection = await connect(changes.meili_url)
    last_found = time.perf_counter()
    while state.waiting or not state.sent:
        await asyncio.sleep(_LOOK_EVERY_SECONDS)
        wanted = list(state.waiting)[:_AT_ONCE]
        if not wanted:
            last_found = time.perf_counter()
            continue
        found = await _look(connection, changes, wanted)
        now = time.perf_counter()
        for document in found:
            version, since = state.waiting[document["id"]]
            if document["version"] >= version:
                del state.waiting[document["id"]]
                state.lags.append(now - since)
                last_found = now
        if now - last_found > _PATIENCE_SECONDS:
            return


async def _look(connection: Connection, changes: Changes, ids: list[str]) -> list[dict[str, Any]]:
    body = json.dumps({"ids": ids, "fields": ["id", "version"], "limit": len(ids)}).encode()
    headers = {"authorization": f"Bearer {changes.meili_key}"}
    request = build_request("POST", f"/indexes/{changes.index}/documents/fetch", body=body, headers=headers)
    answer = await connection.send(request)
    results: list[dict[str, Any]] = json.loads(answer.body)["results"] if answer.status == 200 else []
    return results
