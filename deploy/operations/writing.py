"""A service's own kind of transaction for a command, with its log and its audit trail."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import sqlalchemy as sa

from deploy.operations.installation import Installation, OperationFailed
from shared.kit.database import Database, WriteSession
from shared.kit.errors import DomainError


@asynccontextmanager
async def writing(installed: Installation, service: str, *, dry_run: bool = False) -> AsyncIterator[WriteSession]:
    """Committed at the end of the block; everything is carried out and undone where it is a dry run."""
    async with opened(installed, service) as database, database.write(rehearsal=dry_run) as session:
        yield session


@asynccontextmanager
async def opened(installed: Installation, service: str) -> AsyncIterator[Database]:
    """The service's database, without its pool of readers; OperationFailed for what its rules refuse."""
    database = Database(installed.settings(service))
    try:
        yield database
    except DomainError as error:
        raise OperationFailed(error.detail) from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, sa.exc.DBAPIError) as error:
        raise OperationFailed(f"{service} 的数据库没有照办（{type(error).__name__}）：先看 mingquan doctor") from error
    finally:
        await database.engine.dispose()
