"""Every SQL statement on generations, positions, the ledger, parked documents and the writer's epoch. No decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg

Connection: TypeAlias = "asyncpg.Pool | asyncpg.Connection"
_CHUNK = 20_000
_GENERATION = "id, shelf, engine_identity, index_version, state, live_at, vocabulary"


@dataclass(frozen=True)
class Generation:
    """One building of one index."""

    id: int
    shelf: str
    engine_identity: str
    index_version: str
    state: str
    live_at: datetime | None
    vocabulary: str
    """Which synonyms and stop words its index has."""


@dataclass(frozen=True)
class Position:
    """How far a log has been applied."""

    source: str
    cursor: str
    reflects_until: datetime
    applied: int = 0
    last_lag_ms: int | None = None


@dataclass(frozen=True)
class LedgerEntry:
    """A subject as it is in the index, or as it was taken out."""

    source: str
    subject: str
    kind: str
    version: int
    content_hash: str | None
    deleted: bool


@dataclass(frozen=True)
class ParkedDocument:
    """A document that cannot be indexed."""

    source: str
    subject: str
    kind: str
    version: int
    reason: str
    data: str | None
    attempts: int = 1
    parked_at: datetime | None = None


async def take_epoch(driver: asyncpg.Connection) -> int:
    """A new epoch: whoever writes under an older one is refused from now on."""
    return int(await driver.fetchval("UPDATE writer SET epoch = epoch + 1 RETURNING epoch"))


async def hold_epoch(driver: asyncpg.Connection) -> int:
    """The current epoch, kept from changing until this transaction ends."""
    return int(await driver.fetchval("SELECT epoch FROM writer FOR SHARE"))


async def list_generations(connection: Connection, shelf: str | None = None) -> list[Generation]:
    """Newest first; of each shelf at most one is live."""
    rows = await connection.fetch(
        f"SELECT {_GENERATION} FROM generation WHERE $1::text IS NULL OR shelf = $1 ORDER BY id DESC",  # noqa: S608
        shelf,
    )
    return [Generation(**row) for row in rows]


async def find_live(connection: Connection, shelf: str) -> Generation | None:
    row = await connection.fetchrow(
        f"SELECT {_GENERATION} FROM generation WHERE state = 'live' AND shelf = $1",  # noqa: S608
        shelf,
    )
    return Generation(**row) if row else None


async def insert_generation(
    driver: asyncpg.Connection, shelf: str, *, engine_identity: str, index_version: str, vocabulary: str
) -> Generation:
    row = await driver.fetchrow(
        f"""
        INSERT INTO generation (shelf, engine_identity, index_version, vocabulary, state)
        VALUES ($1, $2, $3, $4, 'building') RETURNING {_GENERATION}
        """,  # noqa: S608
        shelf,
        engine_identity,
        index_version,
        vocabulary,
    )
    return Generation(**row)


async def make_live(driver: asyncpg.Connection, generation: Generation) -> None:
    """The only one of its shelf from now on."""
    await driver.execute("DELETE FROM generation WHERE shelf = $1 AND id <> $2", generation.shelf, generation.id)
    await driver.execute("UPDATE generation SET state = 'live', live_at = now() WHERE id = $1", generation.id)


async def store_vocabulary(driver: asyncpg.Connection, generation: int, vocabulary: str) -> None:
    await driver.execute("UPDATE generation SET vocabulary = $2 WHERE id = $1", generation, vocabulary)


async def delete_generation(driver: asyncpg.Connection, generation: int) -> None:
    await driver.execute("DELETE FROM generation WHERE id = $1", generation)


async def clear_ledgers(connection: asyncpg.Connection) -> None:
    """Forget the ledgers of generations that are no more, in pieces: a whole one would outlast the statement timeout."""
    while True:
        done = await connection.execute(
            """
            DELETE FROM ledger WHERE ctid = ANY(ARRAY(
                SELECT ctid FROM ledger WHERE generation NOT IN (SELECT id FROM generation) LIMIT $1
            ))
            """,
            _CHUNK,
        )
        if int(done.split()[1]) < _CHUNK:
            return


async def list_positions(connection: Connection, generation: int) -> list[Position]:
    rows = await connection.fetch(
        "SELECT source, cursor, reflects_until, applied, last_lag_ms FROM log_position WHERE generation = $1",
        generation,
    )
    return [Position(**row) for row in rows]


async def store_position(
    driver: asyncpg.Connection, generation: int, position: Position, *, last_lag_ms: int | None
) -> None:
    """`position.applied` is added to what was applied before."""
    await driver.execute(
        """
        INSERT INTO log_position AS old (generation, source, cursor, reflects_until, applied, last_lag_ms)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (generation, source) DO UPDATE SET
            cursor = excluded.cursor, reflects_until = excluded.reflects_until,
            applied = old.applied + excluded.applied,
            last_lag_ms = coalesce(excluded.last_lag_ms, old.last_lag_ms), updated_at = now()
        """,
        generation,
        position.source,
        position.cursor,
        position.reflects_until,
        position.applied,
        last_lag_ms,
    )


async def versions_of(connection: Connection, generation: int, source: str, subjects: Sequence[str]) -> dict[str, int]:
    """The newest version of each that was written or parked; those never seen are left out."""
    rows = await connection.fetch(
        """
        SELECT subject, max(version) AS version FROM (
            SELECT subject, version FROM ledger WHERE generation = $1 AND source = $2 AND subject = ANY($3::text[])
            UNION ALL
            SELECT subject, version FROM parked WHERE generation = $1 AND source = $2 AND subject = ANY($3::text[])
        ) AS known GROUP BY subject
        """,
        generation,
        source,
        subjects,
    )
    return {row["subject"]: row["version"] for row in rows}


async def store_entries(driver: asyncpg.Connection, generation: int, entries: Sequence[LedgerEntry]) -> None:
    """What is in the index now; a document that was parked and is in is parked no more."""
    if not entries:
        return
    await driver.execute(
        """
        INSERT INTO ledger (generation, source, subject, kind, version, content_hash, deleted)
        SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::boolean[])
        ON CONFLICT (generation, source, subject) DO UPDATE SET
            kind = excluded.kind, version = excluded.version, content_hash = excluded.content_hash,
            deleted = excluded.deleted
        """,
        generation,
        [entry.source for entry in entries],
        [entry.subject for entry in entries],
        [entry.kind for entry in entries],
        [entry.version for entry in entries],
        [entry.content_hash for entry in entries],
        [entry.deleted for entry in entries],
    )
    await driver.execute(
        """
        DELETE FROM parked USING unnest($2::text[], $3::text[], $4::bigint[]) AS written(source, subject, version)
        WHERE parked.generation = $1 AND parked.source = written.source AND parked.subject = written.subject
          AND parked.version <= written.version
        """,
        generation,
        [entry.source for entry in entries],
        [entry.subject for entry in entries],
        [entry.version for entry in entries],
    )


async def park(driver: asyncpg.Connection, generation: int, document: ParkedDocument) -> None:
    await driver.execute(
        """
        INSERT INTO parked AS old (generation, source, subject, kind, version, reason, data)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (generation, source, subject) DO UPDATE SET
            kind = excluded.kind, version = excluded.version, reason = excluded.reason, data = excluded.data,
            attempts = CASE WHEN old.version = excluded.version THEN old.attempts + 1 ELSE 1 END
        """,
        generation,
        document.source,
        document.subject,
        document.kind,
        document.version,
        document.reason,
        document.data,
    )


async def list_parked(connection: Connection, generations: Sequence[int], *, limit: int) -> list[ParkedDocument]:
    """Oldest first; what is parked in several generations once, as in the first of them."""
    rows = await connection.fetch(
        """
        SELECT source, subject, kind, version, reason, data, attempts, parked_at FROM (
            SELECT DISTINCT ON (source, subject) * FROM parked WHERE generation = ANY($1::bigint[])
            ORDER BY source, subject, array_position($1::bigint[], generation)
        ) AS each ORDER BY parked_at, source, subject LIMIT $2
        """,
        generations,
        limit,
    )
    return [ParkedDocument(**row) for row in rows]


async def count_entries(connection: Connection, generation: int) -> dict[str, int]:
    """Subjects in the index by kind, as the ledger knows."""
    rows = await connection.fetch(
        "SELECT kind, count(*) AS count FROM ledger WHERE generation = $1 AND NOT deleted GROUP BY kind", generation
    )
    return {row["kind"]: row["count"] for row in rows}


async def count_parked(connection: Connection, generations: Sequence[int]) -> int:
    """Subjects that are parked in any of these."""
    return int(
        await connection.fetchval(
            "SELECT count(DISTINCT (source, subject)) FROM parked WHERE generation = ANY($1::bigint[])", generations
        )
    )


async def list_live_positions(connection: Connection, shelf: str) -> list[Any]:
    """What the public API says of its freshness, in one statement: positions and versions of a shelf's live generation."""
    rows: list[Any] = await connection.fetch(
        """
        SELECT p.source, p.reflects_until, g.index_version
        FROM generation AS g JOIN log_position AS p ON p.generation = g.id WHERE g.state = 'live' AND g.shelf = $1
        """,
        shelf,
    )
    return rows
