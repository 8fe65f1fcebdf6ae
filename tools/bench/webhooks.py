"""Webhooks: deliveries a second to 1, 10 and 100 endpoints, one in ten dead and one in ten slow, beside a bare httpx loop.

The dispatcher runs in this process over a database of its own; who receives is a process of its own and answers at once, or
after two seconds. Lag is from the moment a message is written to the moment it is received, at a steady rate.
"""

import asyncio
import json
import multiprocessing
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Connection
from statistics import median
from typing import TypeVar
from uuid import UUID

import httpx

from tools.bench.bench import Bench
from tools.bench.figures import Figure, Section, Table
from tools.bench.partners import measure_inbound, measure_kept
from tools.bench.webhook_house import CONNECTIONS_EACH, House, new_body

Measured = TypeVar("Measured")
_DELIVERIES = 6_000
_SLOW_SECONDS = 2.0
_STEADY_SECONDS, _STEADY_PER_SECOND = 6, 20


def measure_webhooks(bench: Bench) -> Section:
    """Target: 0.6 of the bare loop on one core; the healthy ones' p99 unmoved by the dead."""
    deliveries = _DELIVERIES // 6 if bench.pace.rounds < 3 else _DELIVERIES
    ours, theirs = multiprocessing.Pipe()
    receiver = multiprocessing.Process(target=_receive, args=(theirs,), daemon=True)
    receiver.start()
    port = ours.recv()
    rows, worst = [], 9.0
    try:
        for count in (1, 10, 100):
            bench.say(f"{deliveries:,} messages to {count} endpoints")
            bare = asyncio.run(_bare(port, deliveries, connections=min(count * CONNECTIONS_EACH, 64)))
            rate = _with_database(bench, f"bench_webhooks_{count}", partial(_deliver, port, count, deliveries))
            worst = min(worst, rate / bare)
            rows.append([str(count), f"{rate:,.0f}/s", f"{bare:,.0f}/s", f"{rate / bare:.2f}"])
        bench.say("lag at a steady rate, with dead and slow ones and without")
        # In turns, and the median of each: ten messages wait for one slow commit, so a single p99 is chance.
        rounds = [
            [_with_database(bench, "bench_webhooks_lag", partial(_lag, port, ours, dead)) for dead in (False, True)]
            for _ in range(bench.pace.rounds)
        ]
        figures, kept = measure_kept(bench, port)
    finally:
        receiver.terminate()
    alone, among = [
        {share: median(_at(one[place], share) for one in rounds) for share in (0.5, 0.99)} for place in (0, 1)
    ]
    moved = among[0.99] / max(alone[0.99], 0.001) - 1
    return Section(
        "webhooks",
        "Webhooks",
        [
            Figure("deliveries beside a bare httpx loop, least", f"{worst:.2f}", target="≥ 0.6", met=worst >= 0.6),
            Figure("lag of healthy endpoints, p50 / p99", f"{alone[0.5]:.1f} / {alone[0.99]:.1f} ms"),
            Figure(
                "the same among dead and slow ones",
                f"{among[0.5]:.1f} / {among[0.99]:.1f} ms ({moved:+.0%})",
                target="p99 within 20 %",
                met=moved <= 0.2,
            ),
            *measure_inbound(bench),
            *figures,
        ],
        [Table("Deliveries", ["endpoints", "dispatcher", "bare httpx loop", "ratio"], rows), kept],
        notes=[
            "One in ten endpoints answers nobody and one in ten after two seconds (from ten on); counted are the healthy ones. "
            f"Each has {CONNECTIONS_EACH} connections; the bare loop posts the same bodies over as many, 64 at most, and signs nothing, "
            "keeps nothing and waits for nobody.",
            f"Lag: {_STEADY_PER_SECOND} messages a second to each of ten healthy endpoints, beside four others that are healthy too, "
            f"or two dead and two slow; {bench.pace.rounds} rounds of {_STEADY_SECONDS} s in turns, the median of each.",
        ],
    )


def _receive(pipe: Connection) -> None:
    """The other side, until it is ended. Answers `/ok` at once, `/slow` late, `/lags` with what it has measured."""
    lags: list[float] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
                length = next(int(line[15:]) for line in head.split("\r\n") if line.startswith("content-length:"))
                body = await reader.readexactly(length)
                if head.startswith("post /slow"):
                    await asyncio.sleep(_SLOW_SECONDS)
                elif head.startswith("post /lag"):
                    lags.append((time.time() - json.loads(body)["at"]) * 1000)
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async def serve() -> None:
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        loop = asyncio.get_running_loop()
        while True:
            await loop.run_in_executor(None, pipe.recv)
            pipe.send(list(lags))
            lags.clear()

    asyncio.run(serve())


async def _bare(port: int, count: int, *, connections: int) -> float:
    body = new_body().encode()
    left = iter(range(count))
    async with httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=connections)) as client:

        async def post() -> None:
            for _ in left:
                (await client.post(f"http://127.0.0.1:{port}/ok", content=body)).raise_for_status()

        began = time.perf_counter()
        await asyncio.gather(*(post() for _ in range(connections)))
        return count / (time.perf_counter() - began)


def _with_database(bench: Bench, name: str, measure: Callable[[str], Awaitable[Measured]]) -> Measured:
    """Over a database of its own."""
    database = bench.rig.create_database(name)
    try:
        return asyncio.run(_run(measure, bench.rig.admin_url(database)))
    finally:
        bench.rig.drop_database(database)


async def _run(measure: Callable[[str], Awaitable[Measured]], url: str) -> Measured:
    return await measure(url)


async def _endpoints(house: House, port: int, count: int, path: str) -> tuple[list[UUID], list[UUID]]:
    """The healthy ones, and those that are not: every tenth dead, every tenth slow."""
    well, ill = [], []
    for number in range(count):
        if count >= 10 and number % 10 == 8:
            ill.append(await house.subscribe("http://127.0.0.1:9/"))
        elif count >= 10 and number % 10 == 9:
            ill.append(await house.subscribe(f"http://127.0.0.1:{port}/slow"))
        else:
            well.append(await house.subscribe(f"http://127.0.0.1:{port}{path}"))
    return well, ill


async def _deliver(port: int, count: int, deliveries: int, url: str) -> float:
    house = House(url)
    await house.open()
    well, ill = await _endpoints(house, port, count, "/ok")
    rate = await house.deliver(well, deliveries // len(well), beside=ill)
    await house.close()
    return rate


async def _lag(port: int, pipe: Connection, dead: bool, url: str) -> list[float]:
    house = House(url)
    await house.open()
    well = [await house.subscribe(f"http://127.0.0.1:{port}/lag") for _ in range(10)]
    # As many endpoints either way: what a dead one moves is not what one more endpoint costs.
    others = (await _endpoints(house, port, 20, "/ok"))[1] if dead else [await _well(house, port) for _ in range(4)]
    running = asyncio.create_task(house.dispatcher.run())
    await asyncio.sleep(1.5)
    for _ in range(_STEADY_SECONDS * _STEADY_PER_SECOND):
        await house.write(1, [*well, *others])
        await asyncio.sleep(1 / _STEADY_PER_SECOND)
    await asyncio.sleep(1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await house.close()
    pipe.send("lags")
    lags: list[float] = sorted(pipe.recv())
    return lags


async def _well(house: House, port: int) -> UUID:
    return await house.subscribe(f"http://127.0.0.1:{port}/ok")


def _at(took: Sequence[float], share: float) -> float:
    return took[min(int(len(took) * share), len(took) - 1)]
