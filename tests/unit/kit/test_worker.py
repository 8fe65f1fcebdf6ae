"""Jobs of a worker: each goes on whatever happens to the others or to itself."""

import asyncio

import asyncpg
import pytest
from structlog.testing import capture_logs

from shared.kit.worker import Job, repeat

OUTAGES = [asyncpg.InternalClientError("gone"), ConnectionResetError("gone"), asyncpg.AdminShutdownError("gone")]


async def run_through(*outcomes: BaseException | None) -> list[str]:
    """A job that meets these one after the other; the levels of what was logged."""
    left = list(outcomes)
    done = asyncio.Event()

    async def run() -> bool:
        if not left:
            done.set()
            return False
        outcome = left.pop(0)
        if outcome is not None:
            raise outcome
        return True

    with capture_logs() as logs:
        repeating = asyncio.create_task(repeat(Job("test", 0.0, run)))
        async with asyncio.timeout(5):
            await done.wait()
        repeating.cancel()
        await asyncio.gather(repeating, return_exceptions=True)
    return [entry["log_level"] for entry in logs]


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda one: type(one).__name__)
async def test_an_outage_inside_a_job_is_no_fault_of_the_job(outage: BaseException) -> None:
    assert await run_through(outage, None, outage) == ["warning", "warning"]


async def test_a_fault_is_told_as_one_and_the_job_goes_on() -> None:
    assert await run_through(None, ValueError("defect"), None) == ["error"]
