"""PostgreSQL for one service: a write session that is one transaction, and a pool that can only read.

Writes go through SQLAlchemy or, where speed counts, straight through the driver: both on the same connection inside the
same transaction. Reads of stored representations use the driver only. No SQL of any service stands here.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import asyncpg
import sqlalchemy as sa
from asyncpg.transaction import Transaction
from fastapi import Depends, Query, Request
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from shared.kit import log
from shared.kit.log import Announcement, AuditRecord
from shared.kit.logging import get_logger, request_id_var
from shared.kit.settings import KitSettings

logger = get_logger(__name__)


class WriteSession:
    """One transaction, begun at first use, with what it will announce and record.

    `announce` and `record` are written by `commit`, in the same transaction: all or nothing. In a rehearsal `commit` does
    all of that, so that whatever would fail does, and then undoes it.
    """

    def __init__(self, engine: AsyncEngine, *, source: str, rehearsal: bool = False) -> None:
        self._engine = engine
        self._source = source
        self.rehearsal = rehearsal
        self._connection: AsyncConnection | None = None
        self._driver: asyncpg.Connection | None = None
        self._transaction: Transaction | None = None
        self._orm: AsyncSession | None = None
        self._announcements: list[Announcement] = []
        self._records: list[AuditRecord] = []

    async def driver(self) -> asyncpg.Connection:
        """The asyncpg connection, inside the transaction."""
        if self._driver is None:
            self._connection, driver = await _checkout(self._engine)
            transaction = driver.transaction()
            try:
                await transaction.start()
            except BaseException:
                await self._close(clean=False)
                raise
            self._driver, self._transaction = driver, transaction
        return self._driver

    async def orm(self) -> AsyncSession:
        """The SQLAlchemy session, inside the same transaction. Flush it before mixing in driver statements."""
        if self._orm is None:
            await self.driver()
            assert self._connection is not None
            self._orm = AsyncSession(bind=self._connection, expire_on_commit=False)
        return self._orm

    def announce(self, announcement: Announcement) -> None:
        """Append an event to the log when this transaction commits."""
        self._announcements.append(announcement)

    def record(
        self,
        *,
        actor: str,
        action: str,
        subject: str,
        version: int,
        organization: str,
        request_id: str | None = None,
        **facts: Any,
    ) -> None:
        """Append an entry to the audit trail when this transaction commits. `request_id` is the running request's."""
        request_id = request_id_var.get() if request_id is None else request_id
        self._records.append(AuditRecord(actor, action, subject, version, organization, request_id, facts))

    async def commit(self) -> None:
        """Flush, append log and audit, commit. Nothing happens when the session was never used."""
        if self._driver is None or self._transaction is None:
            if self._announcements or self._records:
                await self.driver()
                await self.commit()
            return
        if self._orm is not None:
            await self._orm.flush()
        await log.append(self._driver, source=self._source, announcements=self._announcements, records=self._records)
        if self.rehearsal:
            await self.rollback()
            return
        transaction, self._transaction = self._transaction, None
        try:
            await transaction.commit()
        except BaseException:
            # PostgreSQL has ended the transaction, or nobody knows what it did: there is nothing left to roll back.
            await self._close(clean=False)
            raise
        await self._close(clean=True)

    async def rollback(self) -> None:
        """Undo everything, announcements and records included."""
        self._announcements.clear()
        self._records.clear()
        transaction, self._transaction = self._transaction, None
        clean = transaction is None
        try:
            if transaction is not None and self._driver is not None and not self._driver.is_closed():
                await transaction.rollback()
                clean = True
        except Exception as error:
            # Whatever it is: the connection is dropped below, which undoes as well; what went wrong first is what must be told.
            logger.warning("rollback failed", error=type(error).__name__)
        finally:
            await self._close(clean=clean)

    async def _close(self, *, clean: bool) -> None:
        """Give the connection back; one that may still be inside a transaction is dropped, never reused."""
        orm, connection, driver = self._orm, self._connection, self._driver
        self._orm = self._connection = self._driver = None
        self._announcements.clear()
        self._records.clear()
        if connection is None:
            return
        if not clean or driver is None or driver.is_closed():
            await connection.invalidate()
        if orm is not None:
            await orm.close()
        await connection.close()


async def _checkout(engine: AsyncEngine) -> tuple[AsyncConnection, asyncpg.Connection]:
    """A pooled connection that is alive. After a restart of PostgreSQL the pool holds dead ones: they are dropped."""
    while True:
        connection = await engine.connect()
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        if not driver.is_closed():
            return connection, driver
        await connection.invalidate()
        await connection.close()


class Database:
    """Engine and read pool of one service. `open` before use, `close` after."""

    reads: asyncpg.Pool

    def __init__(self, settings: KitSettings) -> None:
        self._settings = settings
        self._url = make_url(settings.database_url.get_secret_value())
        self._server_settings = {
            "search_path": f"{settings.schema_name},public",
            "statement_timeout": str(int(settings.statement_timeout_seconds * 1000)),
            "idle_in_transaction_session_timeout": "60000",
            "application_name": f"mingquan-{settings.schema_name}",
            "jit": "off",
        }
        self.engine = create_async_engine(
            self._url.set(drivername="postgresql+asyncpg"),
            # The transaction is the driver's own, so that both ways of writing share it.
            isolation_level="AUTOCOMMIT",
            # Values must not reach the log through an exception's text.
            hide_parameters=True,
            pool_size=settings.write_pool_size,
            max_overflow=0,
            pool_timeout=10,
            connect_args={"server_settings": self._server_settings},
        )

    async def open(self) -> None:
        """Connect the read pool; raises when PostgreSQL is away."""
        self.reads = await asyncpg.create_pool(
            self.driver_url,
            min_size=1,
            max_size=self._settings.read_pool_size,
            server_settings={**self._server_settings, "default_transaction_read_only": "on"},
            reset=_keep_session,
        )

    async def close(self) -> None:
        await self.reads.close()
        await self.engine.dispose()

    @property
    def driver_url(self) -> str:
        """The address as asyncpg takes it."""
        return self._url.set(drivername="postgresql").render_as_string(hide_password=False)

    async def connect(self) -> asyncpg.Connection:
        """A connection outside both pools, for LISTEN, locks and commands. The caller closes it."""
        return await asyncpg.connect(self.driver_url, server_settings=self._server_settings)

    @asynccontextmanager
    async def write(self, *, rehearsal: bool = False) -> AsyncIterator[WriteSession]:
        """One transaction: committed at the end of the block, rolled back by any exception, or because it is a rehearsal."""
        session = WriteSession(self.engine, source=self._settings.source, rehearsal=rehearsal)
        try:
            yield session
            await session.commit()
        except BaseException:
            await session.rollback()
            raise


_UNAVAILABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.QueryCanceledError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.LockNotAvailableError,
    asyncpg.InvalidCachedStatementError,
    # What asyncpg says of a connection that was killed but has not noticed yet, or dies in the middle of an answer.
    asyncpg.InternalClientError,
    sa.exc.TimeoutError,
)


def is_unavailable(error: BaseException | None) -> bool:
    """Whether PostgreSQL is away, starting, stopping or too busy: the same request may succeed in a moment."""
    while error is not None:
        # An operating system's error about the network names no file.
        if isinstance(error, _UNAVAILABLE) or (isinstance(error, OSError) and error.filename is None):
            return True
        if isinstance(error, asyncpg.InterfaceError) and "clos" in str(error):
            return True
        error = error.__cause__
    return False


async def _keep_session(_connection: asyncpg.Connection) -> None:
    """Readers never change session state, so the round trip that would reset it is saved."""


ValidateOnly = Annotated[
    bool,
    Query(
        title="只校验",
        description="Carry everything out, answer `200` as if it had been stored, and store nothing: no row, no event, no number.",
    ),
]


async def _write_session(request: Request, validate_only: ValidateOnly = False) -> AsyncIterator[WriteSession]:
    database: Database = request.app.state.kit.database
    async with database.write(rehearsal=validate_only) as session:
        yield session


async def _real_session(request: Request) -> AsyncIterator[WriteSession]:
    database: Database = request.app.state.kit.database
    async with database.write() as session:
        yield session


async def _read_pool(request: Request) -> asyncpg.Pool:
    pool: asyncpg.Pool = request.app.state.kit.database.reads
    return pool


Writing = Annotated[WriteSession, Depends(_write_session, scope="function")]
"""One transaction a request. `scope="function"` commits before the response is sent. `?validate_only=true` rehearses it."""

WritingForReal = Annotated[WriteSession, Depends(_real_session, scope="function")]
"""The same where nothing can be rehearsed: the answer would be untrue, or somebody else already knows of it."""

Reading = Annotated[asyncpg.Pool, Depends(_read_pool)]
"""A pool whose sessions refuse to write."""
