"""The load generator: closed loops over kept-alive connections, in a process of its own.

Each connection sends its next request as soon as it has its answer. Nothing here knows what is being asked.
"""

import asyncio
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from statistics import median

import uvloop

from tools.bench.client import connect


@dataclass(frozen=True)
class Load:
    """What to ask of whom: for so many seconds round and round, or, without `seconds`, each request once."""

    url: str
    requests: tuple[bytes, ...]
    connections: int = 16
    seconds: float | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of it."""

    count: int
    seconds: float
    milliseconds: list[float] = field(repr=False)
    statuses: dict[int, int]
    volume: int
    samples: dict[int, bytes] = field(default_factory=dict, repr=False)
    """The beginning of the first answer of each status."""

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.count / self.seconds

    def percentile(self, share: float) -> float:
        """Milliseconds within which that share of the answers came."""
        return percentile(self.milliseconds, share)

    def ensure_only(self, *expected: int) -> "Outcome":
        """Itself, if every answer had one of these statuses: a refused request is fast and proves nothing."""
        if set(self.statuses) - set(expected):
            raise AssertionError(f"unexpected answers while measuring: {self.statuses}, {self.samples}")
        return self


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def combine(outcomes: list[Outcome]) -> Outcome:
    """Several rounds as one: every latency counts, the rate is that of the median round."""
    rate = median(outcome.rate for outcome in outcomes)
    count = sum(outcome.count for outcome in outcomes)
    milliseconds: list[float] = []
    statuses: Counter[int] = Counter()
    for outcome in outcomes:
        milliseconds.extend(outcome.milliseconds)
        statuses.update(outcome.statuses)
    return Outcome(count, count / rate, milliseconds, dict(statuses), sum(outcome.volume for outcome in outcomes))


def drive(load: Load) -> Outcome:
    """Run a load to its end. Blocks: call it in a process of its own."""
    return uvloop.run(_drive(load))


async def _drive(load: Load) -> Outcome:
    requests: Iterator[bytes] = iter(load.requests) if load.seconds is None else cycle(load.requests)
    milliseconds: list[float] = []
    statuses: Counter[int] = Counter()
    samples: dict[int, bytes] = {}
    volume = 0
    connections = [await connect(load.url) for _ in range(load.connections)]
    started = time.perf_counter()
    ends = started + load.seconds if load.seconds is not None else float("inf")

    async def call(number: int) -> None:
        nonlocal volume
        send, clock = connections[number].send, time.perf_counter
        now = clock()
        for request in requests:
            answer = await send(request)
            later = clock()
            milliseconds.append((later - now) * 1000)
            statuses[answer.status] += 1
            if answer.status not in samples:
                samples[answer.status] = answer.body[:300]
            volume += len(answer.body)
            now = later
            if later >= ends:
                return

    await asyncio.gather(*(call(number) for number in range(load.connections)))
    seconds = time.perf_counter() - started
    for connection in connections:
        connection.close()
    return Outcome(len(milliseconds), seconds, milliseconds, dict(statuses), volume, samples)


@contextmanager
def generator(workers: int = 1) -> Iterator[ProcessPoolExecutor]:
    """The processes that drive loads, warmed up."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=workers, mp_context=context) as pool:
        for future in [pool.submit(time.sleep, 0.05) for _ in range(workers)]:
            future.result()
        yield pool
