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
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing.connection import Connection
from typing import TypeVar
from uuid import UUID

import httpx
from uuid_utils.compat import uuid7

from services.exchange_api.repository import webhooks as repository
from services.exchange_api.rules.addresses import parse_networks
from services.exchange_api.service.dispatching import Dispatcher
from services.exchange_api.service.sending import Sender
from services.exchange_api.service.tokens import sealer_of
from services.exchange_api.settings import Settings
from shared.kit.database import Database
from shared.schemas.webhooks import SubscriptionInput
from shared.webhooks import new_secret
from tools.bench.bench import Bench
from tools.bench.corpus import CITY
from tools.bench.figures import Figure, Section, Table

Measured = TypeVar("Measured")
_DELIVERIES = 6_000
_EACH = 4
_SLOW_SECONDS = 2.0
_STEADY_SECONDS, _STEADY_PER_SECOND = 6, 20
_PADDING = "正" * 500


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
            bare = asyncio.run(_bare(port, deliveries, connections=min(count * _EACH, 64)))
            rate = _with_database(bench, f"bench_webhooks_{count}", partial(_deliver, port, count, deliveries))
            worst = min(worst, rate / bare)
            rows.append([str(count), f"{rate:,.0f}/s", f"{bare:,.0f}/s", f"{rate / bare:.2f}"])
        bench.say("lag at a steady rate, with dead and slow ones and without")
        alone = _with_database(bench, "bench_webhooks_lag", partial(_lag, port, ours, False))
        among = _with_database(bench, "bench_webhooks_lag", partial(_lag, port, ours, True))
    finally:
        receiver.terminate()
    moved = _at(among, 0.99) / max(_at(alone, 0.99), 0.001) - 1
    return Section(
        "webhooks",
        "Webhooks",
        [
            Figure("deliveries beside a bare httpx loop, least", f"{worst:.2f}", target="≥ 0.6", met=worst >= 0.6),
            Figure("lag of healthy endpoints, p50 / p99", f"{_at(alone, 0.5):.0f} / {_at(alone, 0.99):.0f} ms"),
            Figure(
                "the same among dead and slow ones",
                f"{_at(among, 0.5):.0f} / {_at(among, 0.99):.0f} ms ({moved:+.0%})",
                target="p99 within 20 %",
                met=moved <= 0.2,
            ),
        ],
        [Table("Deliveries", ["endpoints", "dispatcher", "bare httpx loop", "ratio"], rows)],
        notes=[
            "One in ten endpoints answers nobody and one in ten after two seconds (from ten on); counted are the healthy ones. "
            f"Each has {_EACH} connections; the bare loop posts the same bodies over as many, 64 at most, and signs nothing, "
            "keeps nothing and waits for nobody.",
            f"Lag: {_STEADY_PER_SECOND} messages a second to each of ten healthy endpoints.",
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


def _body() -> str:
    return json.dumps({"type": "policy.released", "at": time.time(), "data": {"text": _PADDING}}, ensure_ascii=False)


async def _bare(port: int, count: int, *, connections: int) -> float:
    body = _body().encode()
    left = iter(range(count))
    async with httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=connections)) as client:

        async def post() -> None:
            for _ in left:
                (await client.post(f"http://127.0.0.1:{port}/ok", content=body)).raise_for_status()

        began = time.perf_counter()
        await asyncio.gather(*(post() for _ in range(connections)))
        return count / (time.perf_counter() - began)


class _House:
    """A database with subscriptions, and the dispatcher that serves them."""

    def __init__(self, url: str) -> None:
        settings = Settings.model_validate(
            {
                "database_url": url,
                "cursor_key": "k" * 40,
                "exchange_url": "http://127.0.0.1:9",
                "key_encryption_key": "k" * 40,
            }
        )
        self.database, self.sealer = Database(settings), sealer_of(settings)
        self.sender = Sender(networks=parse_networks(["127.0.0.0/8"]), timeout_seconds=15)
        self.dispatcher = Dispatcher(
            self.database, self.sender, self.sealer, disable_after=timedelta(days=5), clock=lambda: datetime.now(UTC)
        )

    async def open(self) -> None:
        await self.database.open()
        async with self.database.write() as session:
            driver = await session.driver()
            await driver.execute(
                """
                INSERT INTO organization (code, name, kind, level, division_code, path, version, representation, etag)
                VALUES ($1, '市政府', 'government', 'city', '370100', ARRAY[$1], 1, '', '')
                """,
                CITY,
            )

    async def subscribe(self, url: str) -> UUID:
        wanted = SubscriptionInput(
            name="省平台", organization=CITY, url=url, event_types=["*"], concurrency=_EACH, per_second=2000
        )
        subscription_id, key_id, now = uuid7(), uuid7(), datetime.now(UTC)
        async with self.database.write() as session:
            driver = await session.driver()
            row = {"id": subscription_id, "organization": CITY, "content": wanted.model_dump_json(), "created_at": now}
            await repository.insert_subscription(driver, row)
            sealed = self.sealer.seal(new_secret().encode(), name=str(key_id))
            key = {"id": key_id, "subscription_id": subscription_id, "scheme": "v1", "sealed": sealed}
            await repository.insert_key(driver, key | {"public_key": None, "created_at": now})
        return subscription_id

    async def write(self, count: int, takers: Sequence[UUID]) -> None:
        """So many messages, each for every taker."""
        now = datetime.now(UTC)
        of = {"source": "/api/policy", "type": "policy.released", "subjectversion": 1, "occurred_at": now}
        rows = [
            of | {"id": str(uuid7()), "subject": str(number), "day": now.date(), "body": _body()}
            for number in range(count)
        ]
        async with self.database.write() as session:
            driver = await session.driver()
            await repository.keep_messages(driver, rows)
            wanted = [(taker, str(row["id"]), str(row["subject"])) for row in rows for taker in takers]
            await repository.keep_deliveries(driver, wanted, now=now)
        self.dispatcher.wake()

    async def close(self) -> None:
        await self.sender.close()
        await self.database.close()


def _with_database(bench: Bench, name: str, measure: Callable[[str], Awaitable[Measured]]) -> Measured:
    """Over a database of its own."""
    database = bench.rig.create_database(name)
    try:
        return asyncio.run(_run(measure, bench.rig.admin_url(database)))
    finally:
        bench.rig.drop_database(database)


async def _run(measure: Callable[[str], Awaitable[Measured]], url: str) -> Measured:
    return await measure(url)


async def _endpoints(house: _House, port: int, count: int, path: str) -> tuple[list[UUID], list[UUID]]:
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
    house = _House(url)
    await house.open()
    well, ill = await _endpoints(house, port, count, "/ok")
    each = deliveries // len(well)
    await house.write(each, [*well, *ill])
    began = time.perf_counter()
    running = asyncio.create_task(house.dispatcher.run())
    while await _delivered(house, well) < each * len(well):  # noqa: ASYNC110  # what is waited for is in the database
        await asyncio.sleep(0.05)
    took = time.perf_counter() - began
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await house.close()
    return each * len(well) / took


async def _delivered(house: _House, well: Sequence[UUID]) -> int:
    query = "SELECT count(*) FROM delivery WHERE state = 'delivered' AND subscription_id = ANY($1)"
    count: int = await house.database.reads.fetchval(query, list(well))
    return count


async def _lag(port: int, pipe: Connection, dead: bool, url: str) -> list[float]:
    house = _House(url)
    await house.open()
    well = [await house.subscribe(f"http://127.0.0.1:{port}/lag") for _ in range(10)]
    ill = (await _endpoints(house, port, 20, "/ok"))[1] if dead else []
    running = asyncio.create_task(house.dispatcher.run())
    await asyncio.sleep(1.5)
    for _ in range(_STEADY_SECONDS * _STEADY_PER_SECOND):
        await house.write(1, [*well, *ill])
        await asyncio.sleep(1 / _STEADY_PER_SECOND)
    await asyncio.sleep(1)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await house.close()
    pipe.send("lags")
    lags: list[float] = sorted(pipe.recv())
    return lags


def _at(took: Sequence[float], share: float) -> float:
    return took[min(int(len(took) * share), len(took) - 1)]
