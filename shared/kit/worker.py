"""What every background door does alike: lead alone, run jobs at their intervals, stop when asked.

A job that fails is logged and tried again at its next turn; the others go on.
"""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from shared.kit.audit import CHECK_SECONDS, check_audit
from shared.kit.database import Database, is_unavailable
from shared.kit.logging import get_logger

logger = get_logger(__name__)
_RETRY_SECONDS = 1.0


@dataclass(frozen=True)
class Job:
    """Something to do again and again. `run` returns True when there is more to do at once."""

    name: str
    every_seconds: float
    run: Callable[[], Awaitable[bool]]


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM or SIGINT sets."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked.set)
    return asked


async def run_jobs(database: Database, *, name: str, jobs: list[Job], asked_to_stop: asyncio.Event) -> None:
    """Run the jobs as the only worker of that name, until asked to stop. Survives PostgreSQL being away.

    The audit chain is looked after beside them, whatever the worker is for.
    """
    jobs = [*jobs, _audit_job(database)]
    while not asked_to_stop.is_set():
        try:
            async with leadership(database, name, asked_to_stop) as lost:
                if not asked_to_stop.is_set():
                    await _run_until(jobs, [asked_to_stop, lost])
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
            logger.warning("worker without database", worker=name, error=type(error).__name__)
            await _wait(asked_to_stop, _RETRY_SECONDS)


@asynccontextmanager
async def audit_looked_after(database: Database) -> AsyncIterator[None]:
    """For a worker that leads in its own way."""
    task = asyncio.create_task(repeat(_audit_job(database)))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await database.engine.dispose()


def _audit_job(database: Database) -> Job:
    async def look() -> bool:
        await check_audit(database)
        return False

    return Job("check audit", CHECK_SECONDS, look)


@asynccontextmanager
async def leadership(database: Database, name: str, asked_to_stop: asyncio.Event) -> AsyncIterator[asyncio.Event]:
    """Holds the session lock of that name; yields an event set when the lock's connection is lost.

    Entered also when `asked_to_stop` is set while waiting: look at it first.
    """
    connection = await database.connect()
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    try:
        while not asked_to_stop.is_set():
            if await connection.fetchval("SELECT pg_try_advisory_lock(hashtext($1))", f"mingquan worker {name}"):
                logger.info("leading", worker=name)
                break
            await _wait(asked_to_stop, _RETRY_SECONDS)
        yield lost
    finally:
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            await connection.close(timeout=2)


async def _run_until(jobs: list[Job], events: list[asyncio.Event]) -> None:
    tasks = [asyncio.create_task(repeat(job)) for job in jobs]
    waiters = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiters, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (*tasks, *waiters):
            task.cancel()
        await asyncio.gather(*tasks, *waiters, return_exceptions=True)


async def repeat(job: Job) -> None:
    """Until cancelled."""
    while True:
        try:
            more = await job.run()
        except Exception as error:  # The job's fault must not end the worker.
            more = False
            if is_unavailable(error):
                # The lead goes with the database; who notices first is chance.
                logger.warning("job without database", job=job.name, error=type(error).__name__)
            else:
                logger.error("job failed", job=job.name, exc_info=error)
        if not more:
            await asyncio.sleep(job.every_seconds)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
