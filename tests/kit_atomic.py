"""`assert_atomic`: a command fails at each of its writes in turn, and each time nothing of it may remain.

The fault sits in PostgreSQL itself (a trigger on every table), so that the command runs as in production, whichever
way it writes: ORM, driver, log or audit trail.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import asyncpg
import httpx
import sqlalchemy as sa

MAX_WRITES = 200
FAULT = """
CREATE TABLE IF NOT EXISTS atomicity_fault (fail_at int NOT NULL);
-- A sequence counts on through commits and rollbacks, so that a second transaction of the same command is struck too.
CREATE SEQUENCE IF NOT EXISTS atomicity_writes;
CREATE OR REPLACE FUNCTION fail_at_write() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE written bigint := nextval('atomicity_writes');
BEGIN
    IF written = (SELECT fail_at FROM atomicity_fault) THEN
        RAISE EXCEPTION 'deliberate fault at write %', written;
    END IF;
    RETURN NULL;
END $$
"""

UseCase = Callable[[], Awaitable[Any]]


async def assert_atomic(driver: asyncpg.Connection, use_case: UseCase, *, changes: Sequence[str]) -> None:
    """`use_case` is a request or a coroutine that opens its own session; done whole, it changes the tables `changes`.

    `driver` is a connection of the service's own role. The use case is run again after each failure, so it must be the
    same every time until it succeeds.
    """
    tables = await _arm(driver)
    before = await _fingerprints(driver, tables)
    for fail_at in range(1, MAX_WRITES):
        await driver.execute("UPDATE atomicity_fault SET fail_at = $1", fail_at)
        await driver.execute("ALTER SEQUENCE atomicity_writes RESTART")
        succeeded = await _succeeds(use_case)
        after = await _fingerprints(driver, tables)
        if succeeded:
            assert fail_at > len(changes), "the fault never struck"
            changed = {table for table in tables if before[table] != after[table]}
            assert changed == set(changes)
            await driver.execute("UPDATE atomicity_fault SET fail_at = 0")
            return
        left = {table for table in tables if before[table] != after[table]}
        assert not left, f"after a fault at write {fail_at} something stayed in {sorted(left)}"
    raise AssertionError(f"no success within {MAX_WRITES} writes")


async def _arm(driver: asyncpg.Connection) -> list[str]:
    await driver.execute(FAULT)
    await driver.execute("DELETE FROM atomicity_fault; INSERT INTO atomicity_fault VALUES (0)")
    rows = await driver.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() "
        # The journal is no part of any command: it is written later, and apart.
        "AND tablename NOT IN ('alembic_version', 'atomicity_fault', 'journal_line') ORDER BY tablename"
    )
    tables = [row["tablename"] for row in rows]
    for table in tables:
        await driver.execute(
            f"CREATE OR REPLACE TRIGGER fail_at_write BEFORE INSERT OR UPDATE OR DELETE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION fail_at_write()"
        )
    return tables


async def _succeeds(use_case: UseCase) -> bool:
    try:
        outcome = await use_case()
    except (asyncpg.RaiseError, sa.exc.DBAPIError) as error:
        if "deliberate fault" not in str(error):
            raise
        return False
    if not isinstance(outcome, httpx.Response):
        return True
    assert outcome.is_success or outcome.status_code == 500, outcome.text
    return outcome.is_success


async def _fingerprints(driver: asyncpg.Connection, tables: Sequence[str]) -> dict[str, str]:
    """One hash over all rows of each table."""
    return {
        table: await driver.fetchval(
            f"SELECT md5(coalesce(string_agg(row::text, '|' ORDER BY row::text), '')) FROM {table} AS row"
        )
        for table in tables
    }
