"""Connections to the services' databases, in their own roles, and what the schemas are at."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from deploy.operations.installation import Installation, OperationFailed

_CONNECT_SECONDS = 10.0


@asynccontextmanager
async def connect(installed: Installation, service: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the service's role without its time limits; OperationFailed when there is none."""
    try:
        connection = await asyncpg.connect(
            installed.database_url(service),
            timeout=_CONNECT_SECONDS,
            server_settings={
                "search_path": f"{service},public",
                "application_name": "mingquan operations",
                "timezone": "UTC",
            },
        )
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise OperationFailed(f"无法连接 {service} 的数据库（{error or type(error).__name__}）") from error
    try:
        yield connection
    finally:
        await connection.close(timeout=5)


async def read_revision(connection: asyncpg.Connection, schema: str) -> str | None:
    """At which the schema stands; None where nothing was ever migrated."""
    if not await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{schema}.alembic_version"):
        return None
    revision: str | None = await connection.fetchval(f"SELECT version_num FROM {schema}.alembic_version")  # noqa: S608  # our own names
    return revision
