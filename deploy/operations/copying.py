"""One schema's rows out of a snapshot and into a schema of the same revision, by PostgreSQL's own COPY.

The tables themselves are Alembic's work: a backup holds rows only, in a text format that every PostgreSQL reads. So it
needs no program of PostgreSQL's, whose version would have to be the server's, and works in the services' own roles.
"""

import gzip
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import asyncpg

from deploy.operations.manifest import SequenceState, ServiceCopy, TableCopy

DERIVED = {
    # Built anew from the services' exports as soon as the search worker finds no generation.
    "search": {"generation", "log_position", "ledger", "parked"},
    # Cursors of logs that are others after a restore: the readers begin where those begin.
    "exchange": {"reading_position"},
}
_LEVEL = 1
Advance = Callable[[str, int], None]
"""Told the table and its rows whenever one is done."""


async def copy_out(connection: asyncpg.Connection, schema: str, folder: Path, *, advance: Advance) -> ServiceCopy:
    """Every table of the schema into `folder`, as the connection's transaction sees them."""
    (folder / schema).mkdir(mode=0o700)
    revision = await connection.fetchval(f"SELECT version_num FROM {schema}.alembic_version")  # noqa: S608  # our own names
    tables = []
    for name, columns in (await _columns(connection, schema)).items():
        if name in DERIVED.get(schema, ()):
            continue
        tables.append(await _copy_table(connection, schema, name, columns, folder))
        advance(f"{schema}.{name}", tables[-1].rows)
    return ServiceCopy(revision=revision, tables=tables, sequences=await _sequences(connection, schema))


async def copy_in(
    connection: asyncpg.Connection, schema: str, copy: ServiceCopy, folder: Path, *, advance: Advance
) -> None:
    """Those rows instead of whatever the schema holds, whole or not at all. The log becomes another one: see below."""
    have = await _columns(connection, schema)
    names = ", ".join(f'{schema}."{name}"' for name in have)
    async with connection.transaction():
        for name in have:
            # What triggers derive, and what they refuse, has happened already where the rows come from.
            await connection.execute(f'ALTER TABLE {schema}."{name}" DISABLE TRIGGER USER')
        # Migrations put first rows into some.
        await connection.execute(f"TRUNCATE {names}")
        by_name = {table.name: table for table in copy.tables}
        for name in await _in_order(connection, schema, list(have)):
            if name in by_name:
                await _fill_table(connection, schema, by_name[name], folder)
                advance(f"{schema}.{name}", by_name[name].rows)
        for one in copy.sequences:
            await connection.execute(
                "SELECT setval($1::text::regclass, $2, $3)", f'{schema}."{one.name}"', one.last_value, one.is_called
            )
        for name in have:
            await connection.execute(f'ALTER TABLE {schema}."{name}" ENABLE TRIGGER USER')
        # From here on it gives numbers again that readers have seen: every cursor of theirs must be refused.
        await connection.execute(f"UPDATE {schema}.log_head SET epoch = gen_random_uuid()::text")  # noqa: S608
    await connection.execute("ANALYZE " + names)


async def empty_schema(connection: asyncpg.Connection, schema: str) -> None:
    """Take everything out of the schema, which stays: its owner may not make another."""
    async with connection.transaction():
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", schema)
        if tables:
            names = ", ".join(f'{schema}."{row["tablename"]}"' for row in tables)
            await connection.execute(f"DROP TABLE {names} CASCADE")
        routines = await connection.fetch(
            "SELECT oid::regprocedure::text AS name FROM pg_proc WHERE pronamespace = $1::text::regnamespace", schema
        )
        for row in routines:
            await connection.execute(f"DROP ROUTINE {row['name']} CASCADE")


async def _columns(connection: asyncpg.Connection, schema: str) -> Mapping[str, list[str]]:
    """Of every table but Alembic's own, the columns that are stored and not computed."""
    rows = await connection.fetch(
        """
        SELECT relname::text AS name,
               array_agg(attname::text ORDER BY attnum) FILTER (WHERE attgenerated = '') AS columns
        FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE relnamespace = $1::text::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
          AND attnum > 0 AND NOT attisdropped
        GROUP BY relname ORDER BY relname
        """,
        schema,
    )
    return {row["name"]: row["columns"] for row in rows}


async def _sequences(connection: asyncpg.Connection, schema: str) -> list[SequenceState]:
    names = await connection.fetch("SELECT sequencename::text AS name FROM pg_sequences WHERE schemaname = $1", schema)
    found = []
    for name in sorted(row["name"] for row in names):
        row = await connection.fetchrow(f'SELECT last_value, is_called FROM {schema}."{name}"')  # noqa: S608
        found.append(SequenceState(name=name, last_value=row["last_value"], is_called=row["is_called"]))
    return found


async def _in_order(connection: asyncpg.Connection, schema: str, names: Sequence[str]) -> list[str]:
    """The tables, each behind those that it refers to. One that refers to itself is filled by one statement."""
    rows = await connection.fetch(
        """
        SELECT DISTINCT own.relname::text AS own, other.relname::text AS other
        FROM pg_constraint JOIN pg_class AS own ON own.oid = conrelid JOIN pg_class AS other ON other.oid = confrelid
        WHERE contype = 'f' AND connamespace = $1::text::regnamespace AND conrelid <> confrelid
        """,
        schema,
    )
    waits = {name: {row["other"] for row in rows if row["own"] == name} for name in names}
    ordered: list[str] = []
    while waits:
        ready = sorted(name for name, others in waits.items() if others <= set(ordered))
        assert ready, f"tables of {schema} refer to each other in a circle: {sorted(waits)}"
        ordered += ready
        waits = {name: others for name, others in waits.items() if name not in ready}
    return ordered


async def _copy_table(
    connection: asyncpg.Connection, schema: str, name: str, columns: list[str], folder: Path
) -> TableCopy:
    file = f"{schema}/{name}.copy.gz"
    with (folder / file).open("xb") as raw:
        summed = _Summed(raw)
        with gzip.GzipFile(fileobj=summed, mode="wb", compresslevel=_LEVEL, filename="", mtime=0) as packed:
            done = await connection.copy_from_table(name, output=packed, columns=columns, schema_name=schema)
    return TableCopy(name=name, columns=columns, rows=int(done.split()[1]), file=file, sha256=summed.total.hexdigest())


async def _fill_table(connection: asyncpg.Connection, schema: str, table: TableCopy, folder: Path) -> None:
    with gzip.open(folder / table.file, "rb") as packed:
        done = await connection.copy_to_table(table.name, source=packed, columns=table.columns, schema_name=schema)
    assert int(done.split()[1]) == table.rows, f"{table.file} holds another number of rows"


class _Summed:
    """A file being written, and the sum of what was written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.total = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.total.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()
