"""Jobs of a worker: each goes on whatever happens to the others or to itself."""

import asyncio

import asyncpg
import pytest
from structlog.testing import CapturingLogger

from shared.kit import worker
from shared.kit.worker import Job, repeat

OUTAGES = [asyncpg.InternalClientError("gone"), ConnectionResetError("gone"), asyncpg.AdminShutdownError("gone")]


@pytest.fixture
def logger(monkeypatch: pytest.MonkeyPatch) -> CapturingLogger:
    """In place of the module's own, which other tests of this process may have set up and cached."""
    capturing = CapturingLogger()
    monkeypatch.setattr(worker, "logger", capturing)
    return capturing


async def run_through(*outcomes: BaseException | None) -> None:
    """A job that meets these one after the other."""
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

    repeating = asyncio.create_task(repeat(Job("test", 0.0, run)))
    async with asyncio.timeout(5):
        await done.wait()
    repeating.cancel()
    await asyncio.gather(repeating, return_exceptions=True)


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda one: type(one).__name__)
async def test_an_outage_inside_a_job_is_no_fault_of_the_job(outage: BaseException, logger: CapturingLogger) -> None:
    await run_through(outage, None, outage)
    assert [call.method_name for call in logger.calls] == ["warning", "warning"]


async def test_a_fault_is_told_as_one_and_the_job_goes_on(logger: CapturingLogger) -> None:
    await run_through(None, ValueError("defect"), None)
    assert [call.method_name for call in logger.calls] == ["error"]
