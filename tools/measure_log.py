"""Measures what the event log costs a writer: `python -m tools.measure_log` prints the table of decision 0002.

Three ways on a durable PostgreSQL of its own: no log at all, the log's head locked as the kit does it, and events
ordered by transaction id, which a reader may only follow up to the oldest transaction still open (the xid horizon).
Each transaction changes one row of its writer's own and announces it with a representation of 2 KB.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import platform
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median

import asyncpg

from deploy.local.postgres import Postgres, place_for
from deploy.local.processes import free_port
from deploy.local.provision import provision
from shared.kit import log, migrations
from shared.kit.log import Announcement

PASSWORD = "measure-only-password"
DATA = json.dumps({"body": "明泉" * 340}, ensure_ascii=False).encode()
PROCESSES = 4
TABLES = """
CREATE TABLE subject (id int PRIMARY KEY, version bigint NOT NULL, data bytea NOT NULL);
CREATE TABLE event_by_xid (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    recorded_at timestamptz NOT NULL DEFAULT now(), envelope text NOT NULL
);
CREATE INDEX ON event_by_xid (xid, id);
"""
CHANGE = """
INSERT INTO subject VALUES ($1, 1, $2)
ON CONFLICT (id) DO UPDATE SET version = subject.version + 1, data = excluded.data RETURNING version
"""
Append = Callable[[asyncpg.Connection, Announcement], Awaitable[object]]


async def append_nothing(_driver: asyncpg.Connection, _announcement: Announcement) -> None:
    """The price of the change itself."""


async def append_at_head(driver: asyncpg.Connection, announcement: Announcement) -> None:
    """What every service does."""
    await log.append(driver, source="/measure", announcements=[announcement], records=[])


async def append_by_xid(driver: asyncpg.Connection, announcement: Announcement) -> None:
    """No lock of ours; the reader waits for the horizon instead."""
    await append_by_xid_silently(driver, announcement)
    await driver.execute("SELECT pg_notify('measure_events', '')")


async def append_by_xid_silently(driver: asyncpg.Connection, announcement: Announcement) -> None:
    """The same without NOTIFY, whose queue PostgreSQL itself serialises: readers would have to poll."""
    envelope = _whole_envelope(announcement)
    await driver.execute("INSERT INTO event_by_xid (envelope) VALUES ($1)", envelope)


WAYS: dict[str, Append] = {
    "no log": append_nothing,
    "locked head (the kit)": append_at_head,
    "xid horizon": append_by_xid,
    "xid horizon, no NOTIFY": append_by_xid_silently,
}


def _whole_envelope(announcement: Announcement) -> str:
    beginning, rest = log.render_envelope(announcement, source="/measure")
    return f'{beginning}"sequence":"0","time":"{datetime.now(UTC).isoformat()}",{rest}'


async def write(url: str, way: str, writer: int, until: float) -> int:
    """One writer: how many transactions it committed."""
    driver = await asyncpg.connect(url, server_settings={"search_path": "exchange"})
    done = 0
    while time.monotonic() < until:
        async with driver.transaction():
            version = await driver.fetchval(CHANGE, writer, DATA)
            await WAYS[way](driver, Announcement("subject.changed", str(writer), version, DATA))
        done += 1
    await driver.close()
    return done


def run_process(arguments: tuple[str, str, list[int], float]) -> int:
    """Some writers in a process of their own, so that Python is not what is measured."""
    url, way, writers, seconds = arguments

    async def run() -> int:
        until = time.monotonic() + seconds
        return sum(await asyncio.gather(*(write(url, way, writer, until) for writer in writers)))

    return asyncio.run(run())


def measure(url: str, way: str, *, writers: int, seconds: float) -> float:
    """Transactions a second."""
    shares = [list(range(first, writers, PROCESSES)) for first in range(min(PROCESSES, writers))]
    with multiprocessing.get_context("spawn").Pool(len(shares)) as pool:
        done = pool.map(run_process, [(url, way, share, seconds) for share in shares], chunksize=1)
    return sum(done) / seconds


async def _prepare(server: Postgres) -> str:
    admin = await asyncpg.connect(server.url)
    await provision(admin, password=PASSWORD)
    await admin.close()
    return server.url.replace("mingquan_admin", "mingquan_exchange")


async def _make_tables(url: str) -> None:
    driver = await asyncpg.connect(url, server_settings={"search_path": "exchange"})
    await driver.execute(TABLES)
    await driver.close()


def main() -> None:
    """Print a Markdown table, with the machine and the day."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=5, help="each way once a round; the median is printed")
    parser.add_argument("--writers", type=int, nargs="+", default=[1, 8, 32])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        server = Postgres(place_for(Path(folder)), port=free_port(), password=PASSWORD, durable=True)
        server.start()
        try:
            url = asyncio.run(_prepare(server))
            migrations.upgrade("services.exchange_api", database_url=url, schema="exchange")
            asyncio.run(_make_tables(url))
            _report(url, arguments.writers, seconds=arguments.seconds, rounds=arguments.rounds)
        finally:
            server.stop()


def _report(url: str, writers: list[int], *, seconds: float, rounds: int) -> None:
    print(f"{date.today()}, {platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, fsync on.")
    print(f"Transactions/s, median of {rounds} interleaved rounds of {seconds:g} s (lowest to highest):\n")
    print("| writers | " + " | ".join(WAYS) + " |")
    print("|---|" + "---|" * len(WAYS))
    for count in writers:
        # Interleaved, so that a neighbour on the machine disturbs all ways alike.
        done = [[measure(url, way, writers=count, seconds=seconds) for way in WAYS] for _ in range(rounds)]
        cells = [f"{median(way):,.0f} ({min(way):,.0f}–{max(way):,.0f})" for way in zip(*done, strict=True)]
        print(f"| {count} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
