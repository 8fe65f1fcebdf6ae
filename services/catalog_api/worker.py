"""The background door of catalog_api: what the calendar changes, and what may be forgotten."""

import asyncio
from datetime import timedelta

from services.catalog_api.settings import Settings
from shared.kit import log
from shared.kit.clock import Clock, system_clock
from shared.kit.collector import calm_collector
from shared.kit.database import Database
from shared.kit.idempotency import forget_old_keys
from shared.kit.logging import configure_logging
from shared.kit.worker import Job, run_jobs, stop_on_signals


def jobs_of(database: Database, settings: Settings, clock: Clock = system_clock) -> list[Job]:
    """Everything this worker does."""

    async def prune() -> bool:
        connection = await database.connect()
        try:
            forget_from = clock() - timedelta(hours=settings.idempotency_retention_hours)
            await forget_old_keys(connection, older_than=forget_from)
            kept_from = clock() - timedelta(days=settings.event_retention_days)
            return await log.prune(connection, older_than=kept_from) > 0
        finally:
            await connection.close()

    return [Job("prune", 600.0, prune)]


async def main() -> None:
    """Until SIGTERM."""
    settings = Settings()
    configure_logging("catalog-worker", level=settings.log_level)
    calm_collector()
    database = Database(settings)
    try:
        await run_jobs(database, name="catalog", jobs=jobs_of(database, settings), asked_to_stop=stop_on_signals())
    finally:
        await database.engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
