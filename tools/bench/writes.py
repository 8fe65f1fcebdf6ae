"""Writes: batch push against COPY of the same rows, single upserts against the same rows written bare."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import asyncpg
from pydantic_core import to_json

from tools.bench import bare_writes
from tools.bench.bench import Bench
from tools.bench.client import build_request
from tools.bench.corpus import document, external_id, publisher_of
from tools.bench.figures import Figure, Section, Table, compare
from tools.bench.load import Load, Outcome
from tools.bench.processes import cpu_seconds
from tools.bench.pushing import Pushed, make_batches, push
from tools.bench.rig import Server

_TABLES = ("policy", "policy_version", "event", "audit_entry")
_CONNECTIONS = 16


def measure_batch(bench: Bench) -> Section:
    """Documents a second through the batch route. Target: 2,000 on one core."""
    count = bench.pace.documents
    batches = make_batches(range(count), today=bench.today)
    pushed: list[Pushed] = []
    copied: list[float] = []
    with TemporaryDirectory(prefix="mingquan-bench-rows-") as folder:
        for number in range(bench.pace.write_rounds):
            bench.say(f"batch round {number + 1}: {count:,} documents, then COPY of their rows")
            database = bench.rig.create_database(f"bench_batch_{number}")
            with bench.rig.policy_api(database) as server:
                pushed.append(push(server.url, batches, pid=server.pid, authorization=bench.rig.authorization))
            if number == 0:
                asyncio.run(_save_rows(bench.rig.database_url(database, "policy"), Path(folder)))
                bench.rig.execute("VACUUM (ANALYZE)", database=database)
                bench.adopt_library(database, count)
            copied.append(_time_copy(bench, Path(folder)))
    return _describe_batch(pushed, copied)


def _describe_batch(pushed: list[Pushed], copied: list[float]) -> Section:
    documents = pushed[0].documents
    rate, per_core = median(one.rate for one in pushed), median(one.rate_per_core for one in pushed)
    target = "≥ 2,000 documents/s on one core"
    figure = compare("documents/s", rate, documents / median(copied), baseline_name="COPY of the same rows")
    return Section(
        "batch",
        "Batch push",
        [
            Figure(figure.name, figure.measured, figure.baseline, figure.ratio, target, rate >= 2_000),
            Figure(
                "documents/s per core-second of policy_api", f"{per_core:,.0f}/s", target=target, met=per_core >= 2_000
            ),
        ],
        [],
        [
            f"{documents:,} documents of {pushed[0].bytes / documents:,.0f} bytes over one connection, public at once: "
            "each with version row, stored representations, event, audit entry and receipt. "
            f"{len(pushed)} interleaved rounds, each into an empty database; median.",
            f"COPY writes the finished rows of {', '.join(_TABLES)} into equal tables with all their indexes and "
            "constraints, in binary form, in one transaction: nothing is parsed, checked, rendered or hashed.",
        ],
    )


async def _save_rows(url: str, folder: Path) -> None:
    connection = await asyncpg.connect(url)
    for table in _TABLES:
        await connection.copy_from_table(table, schema_name="policy", output=folder / table, format="binary")
    await connection.close()


def _time_copy(bench: Bench, folder: Path) -> float:
    database = bench.rig.create_database("bench_copy")
    try:
        return asyncio.run(_copy_rows(bench.rig.database_url(database, "policy"), folder))
    finally:
        bench.rig.drop_database(database)


async def _copy_rows(url: str, folder: Path) -> float:
    connection = await asyncpg.connect(url)
    started = time.perf_counter()
    async with connection.transaction():
        for table in _TABLES:
            await connection.copy_to_table(table, schema_name="policy", source=folder / table, format="binary")
    seconds = time.perf_counter() - started
    await connection.close()
    return seconds


@dataclass(frozen=True)
class _Round:
    """One kind of upserts in one round."""

    outcome: Outcome
    cpu_seconds: float


def measure_upserts(bench: Bench) -> Section:
    """Single PUTs over 16 connections. Target: 400 a second."""
    library = bench.library()
    database = bench.rig.create_database("bench_upserts", template=library)
    size, count = bench.pace.documents, max(200, int(400 * bench.pace.round_seconds))
    rounds: dict[str, list[_Round]] = {"new documents": [], "updates": []}
    bare: list[float] = []
    with bench.rig.policy_api(database) as server:
        warm = put_requests(bench, range(size, size + 100), edition=1)
        bench.drive(Load(server.url, warm, _CONNECTIONS)).ensure_only(201)
        for number in range(bench.pace.write_rounds):
            start = size + 1_000 + number * count
            new = put_requests(bench, range(start, start + count), edition=1)
            rounds["new documents"].append(_timed(bench, server, new, 201))
            changed = put_requests(
                bench, range(number * count % size, number * count % size + count), edition=2 + number
            )
            rounds["updates"].append(_timed(bench, server, changed, 200))
            bare.append(_time_bare(bench, database, count))
    return _describe_upserts(rounds, median(bare))


def put_requests(bench: Bench, numbers: Sequence[int], *, edition: int) -> tuple[bytes, ...]:
    """One PUT a document."""
    return tuple(put_request(bench, number, edition=edition) for number in numbers)


def put_request(bench: Bench, number: int, *, edition: int) -> bytes:
    path = f"/v1/organizations/{publisher_of(number).code}/policies/{external_id(number)}"
    body = to_json(document(number, edition=edition, today=bench.today))
    return build_request("PUT", path, body=body, headers=bench.rig.authorization)


def _timed(bench: Bench, server: Server, requests: tuple[bytes, ...], status: int) -> _Round:
    before = cpu_seconds(server.pid)
    outcome = bench.drive(Load(server.url, requests, _CONNECTIONS)).ensure_only(status)
    return _Round(outcome, cpu_seconds(server.pid) - before)


def _time_bare(bench: Bench, database: str, count: int) -> float:
    """Upserts a second of a loop that writes the same rows and nothing else, into tables of its own."""
    scratch = bench.rig.create_database("bench_bare")
    try:
        source = bench.rig.database_url(database, "policy")
        target = bench.rig.database_url(scratch, "policy")
        return bench.loads.submit(bare_writes.measure, source, target, count, _CONNECTIONS).result()
    finally:
        bench.rig.drop_database(scratch)


def _describe_upserts(rounds: dict[str, list[_Round]], bare: float) -> Section:
    figures, rows = [], []
    for name, timed in rounds.items():
        rate = median(one.outcome.rate for one in timed)
        figure = compare(name, rate, bare, baseline_name="same rows, bare transactions")
        figures.append(Figure(name, figure.measured, figure.baseline, figure.ratio, "≥ 400/s", rate >= 400))
        cpu = sum(one.cpu_seconds for one in timed) / sum(one.outcome.count for one in timed)
        every = [value for one in timed for value in one.outcome.milliseconds]
        latencies = Outcome(len(every), 1, every, {}, 0)
        shares = (f"{latencies.percentile(share):.1f}" for share in (0.5, 0.95, 0.99))
        rows.append((name, f"{rate:,.0f}", *shares, f"{cpu * 1000:.2f}"))
    return Section(
        "upserts",
        "Single upserts",
        figures,
        [Table("", ("", "PUT/s", "p50 ms", "p95 ms", "p99 ms", "processor ms of policy_api each"), rows)],
        [
            f"{_CONNECTIONS} connections, one uvicorn worker, PostgreSQL with fsync: version row, representation, event, "
            "audit entry and receipt in one durable transaction each.",
            "The baseline inserts finished rows of the same tables, log head locked and moved likewise, one commit each, "
            "straight through asyncpg over as many connections.",
        ],
    )
