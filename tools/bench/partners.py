"""What partners send, taken in; and what a million tries that are kept cost the dispatcher and whoever asks about them."""

import asyncio
import multiprocessing
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import uvloop

from deploy.local.exchange import get_token
from services.exchange_api.repository import webhooks as repository
from services.exchange_api.rules.delivery import chain
from services.exchange_api.service.dispatching import content_of
from services.exchange_api.service.subscriptions import verify_attempts
from shared.schemas.scopes import Scope
from shared.webhooks import ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, new_secret, sign
from tools.bench.bench import Bench
from tools.bench.client import build_request
from tools.bench.corpus import CITY
from tools.bench.figures import Figure, Table
from tools.bench.load import Load, percentile
from tools.bench.processes import memory_of
from tools.bench.webhook_house import House

SOURCE = "bench"
_MESSAGES = 6_000
_CONNECTIONS = 16
_ATTEMPTS = 1_000_000
_AFTER = 2_000
_KEPT_AT_ONCE = 50_000


def measure_inbound(bench: Bench) -> list[Figure]:
    """Messages a second that are verified, sealed and stored, beside the bare insert of the same rows."""
    count = _MESSAGES // 6 if bench.pace.rounds < 3 else _MESSAGES
    bench.say(f"{count:,} messages from a partner")
    rig, secret = bench.rig, new_secret()
    administrator = rig.create_client("外部平台管理", [Scope.PARTNER_ADMIN, Scope.WEBHOOK_READ])
    headers = {"authorization": f"Bearer {get_token(rig.exchange.url, administrator)}"}
    partner = {"name": "省平台", "organization": CITY, "keys": [secret], "types": ["request.urged"]}
    with httpx.Client(base_url=rig.exchange.url, trust_env=False, headers=headers) as client:
        client.put(f"/v1/partners/{SOURCE}", json=partner).raise_for_status()
    requests = tuple(_message(number, secret) for number in range(count))
    outcome = bench.drive(Load(rig.exchange.url, requests, _CONNECTIONS)).ensure_only(202)
    database = rig.admin_url("bench_exchange")
    bare = uvloop.run(_insert_again(database, count))
    return [
        Figure(
            "inbound messages accepted, 16 connections", f"{outcome.rate:,.0f}/s, p99 {outcome.percentile(0.99):.1f} ms"
        ),
        Figure(
            "the same rows into the same table, a durable transaction each",
            f"{bare:,.0f}/s ({outcome.rate / bare:.2f} of it is reached)",
        ),
    ]


def _message(number: int, secret: str) -> bytes:
    now = datetime.now(UTC)
    data = {"province_id": f"P-{number}", "sequence": 1, "reason": "请于期限内办结", "due_on": "2026-12-31"}
    body = httpx.Request(
        "POST", "http://bench", json={"type": "request.urged", "timestamp": now.isoformat(), "data": data}
    )
    raw, message_id, second = body.content, f"bench-{number}-{time.time_ns()}", int(now.timestamp())
    signed = {
        ID_HEADER: message_id,
        TIMESTAMP_HEADER: str(second),
        SIGNATURE_HEADER: sign(message_id, second, raw, [secret]),
    }
    return build_request("POST", f"/v1/inbound/{SOURCE}", headers=signed, body=raw)


async def _insert_again(url: str, count: int) -> float:
    """The stored rows once more, under other ids."""
    pool = await asyncpg.create_pool(
        url, min_size=_CONNECTIONS, max_size=_CONNECTIONS, server_settings={"search_path": "exchange,public"}
    )
    names = ("source", "id", "type", "subject", "place", "day", "digest", "body", "received_at")
    rows = await pool.fetch(f"SELECT {', '.join(names)} FROM inbound LIMIT $1", count)  # own names
    left = iter(rows)
    insert = (
        "INSERT INTO inbound (source, id, type, subject, place, day, digest, body, state, attempts, next_at, received_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'stored', 0, $9, $9) ON CONFLICT (source, id) DO NOTHING"
    )

    async def write() -> None:
        async with pool.acquire() as connection:
            for row in left:
                values = [f"again-{row['id']}" if name == "id" else row[name] for name in names]
                async with connection.transaction():
                    await connection.execute(insert, *values)

    began = time.perf_counter()
    await asyncio.gather(*(write() for _ in range(_CONNECTIONS)))
    rate = len(rows) / (time.perf_counter() - began)
    await pool.close()
    return rate


def measure_kept(bench: Bench, port: int) -> tuple[list[Figure], Table]:
    """The dispatcher's memory over an empty book and over one of a million tries; what asking and forgetting cost then."""
    attempts = _ATTEMPTS // 20 if bench.pace.rounds < 3 else _ATTEMPTS
    rows, memory = [], []
    for kept in (0, attempts):
        bench.say(f"{kept:,} tries kept")
        database = bench.rig.create_database("bench_webhooks_kept")
        try:
            found = _in_a_process(bench.rig.admin_url(database), port, kept)
        finally:
            bench.rig.drop_database(database)
        memory.append(found["memory"])
        rows.append(
            [
                f"{kept:,}",
                f"{found['memory']:.0f} MB",
                f"{found['rate']:,.0f}/s",
                f"{found['list']:.1f} ms",
                f"{found['verify']:,.0f}/s" if kept else "–",
                f"{found['prune']:,.0f}/s" if kept else "–",
            ]
        )
    figure = Figure(
        f"dispatcher's memory with {attempts:,} tries kept", f"{memory[1]:.0f} MB ({memory[1] - memory[0]:+.0f} MB)"
    )
    head = [
        "tries kept",
        "resident memory",
        "deliveries to 1 endpoint",
        "newest 50 deliveries, p99",
        "chain verified",
        "pruned",
    ]
    return [figure], Table("Tries that are kept", head, rows)


def _in_a_process(url: str, port: int, kept: int) -> dict[str, float]:
    """Measured in a process of its own: nothing else is in its memory."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_kept_in_here, args=(theirs, url, port, kept))
    process.start()
    theirs.close()
    found: dict[str, float] = ours.recv()
    process.join()
    return found


def _kept_in_here(pipe: Any, url: str, port: int, kept: int) -> None:
    pipe.send(asyncio.run(_kept(url, port, kept)))


async def _kept(url: str, port: int, kept: int) -> dict[str, float]:
    house = House(url)
    await house.open()
    taker = await house.subscribe(f"http://127.0.0.1:{port}/ok")
    if kept:
        await _fill(house, taker, kept)
    rate = await house.deliver([taker], _AFTER)
    found = {"rate": rate, "memory": memory_of(multiprocessing.current_process().pid or 0).rss}
    took = []
    for _ in range(200):
        began = time.perf_counter()
        await repository.list_deliveries(house.database.reads, taker, state=None, after=None, limit=50)
        took.append((time.perf_counter() - began) * 1000)
    found["list"] = percentile(took, 0.99)
    began = time.perf_counter()
    assert await verify_attempts(house.database.reads) is None, "the chain does not fit"
    found["verify"] = (kept + _AFTER) / (time.perf_counter() - began)
    began, pruned = time.perf_counter(), 0
    for _ in range(10):
        async with house.database.write() as session:
            before = datetime.now(UTC) - timedelta(days=1)
            pruned += await repository.prune_attempts(await session.driver(), before=before, limit=5000)
    found["prune"] = pruned / (time.perf_counter() - began)
    await house.close()
    return found


async def _fill(house: House, taker: UUID, kept: int) -> None:
    """Tries of a quarter as many deliveries, made by the rules, all a month old."""
    month_ago, previous, number = datetime.now(UTC) - timedelta(days=30), b"", 0
    await house.settle_old(taker, kept // 4, month_ago)
    while number < kept:
        rows = []
        for _ in range(min(_KEPT_AT_ONCE, kept - number)):
            number += 1
            row = {
                "seq": number,
                "delivery_seq": (number - 1) // 4 + 1,
                "subscription_id": taker,
                "message_id": f"old-{(number - 1) // 4 + 1}",
                "at": month_ago + timedelta(milliseconds=number),
                "status": 204 if number % 4 == 0 else 503,
                "latency_ms": 20,
                "excerpt": "" if number % 4 == 0 else "upstream is away",
            }
            previous = chain(previous, content_of(row))
            rows.append(row | {"hash": previous})
        async with house.database.write() as session:
            driver = await session.driver()
            await repository.lock_attempt_head(driver)
            await repository.append_attempts(driver, rows)
    connection = await house.database.connect()
    await connection.execute("VACUUM ANALYZE attempt, delivery, message")
    await connection.close()
