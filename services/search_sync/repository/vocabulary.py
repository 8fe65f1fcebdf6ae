"""Every SQL statement on synonyms and stop words. No decisions."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

import asyncpg
from pydantic_core import from_json, to_json

Connection: TypeAlias = "asyncpg.Pool | asyncpg.Connection"
SYNONYMS, STOP_WORDS = "synonyms", "stop_words"
REFUSED = " refused"
"""Behind the version that an index should have and the engine would not take."""


@dataclass(frozen=True)
class Vocabulary:
    """One of the two as it was last put."""

    kind: str
    version: int
    content: dict[str, Any]
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True)
class Words:
    """Both together; `version` names both, `0.0` before anything was put."""

    version: str
    groups: list[list[str]]
    stop_words: list[str]


async def find(connection: Connection, kind: str) -> Vocabulary | None:
    row = await connection.fetchrow(
        "SELECT kind, version, content, changed_by, changed_at FROM vocabulary WHERE kind = $1", kind
    )
    return _vocabulary(row) if row else None


async def lock(driver: asyncpg.Connection, kind: str) -> None:
    """Others who want to change the same wait until this transaction ends, also when it was never put yet."""
    await driver.execute("SELECT pg_advisory_xact_lock(hashtextextended('search.vocabulary.' || $1, 0))", kind)


async def store(driver: asyncpg.Connection, kind: str, *, version: int, content: dict[str, Any], by: str) -> Vocabulary:
    row = await driver.fetchrow(
        """
        INSERT INTO vocabulary (kind, version, content, changed_by) VALUES ($1, $2, $3::text::jsonb, $4)
        ON CONFLICT (kind) DO UPDATE SET
            version = excluded.version, content = excluded.content, changed_by = excluded.changed_by, changed_at = now()
        RETURNING kind, version, content, changed_by, changed_at
        """,
        kind,
        version,
        to_json(content).decode(),
        by,
    )
    return _vocabulary(row)


async def read(connection: Connection) -> Words:
    """What every index should have now."""
    rows = await connection.fetch("SELECT kind, version, content, changed_by, changed_at FROM vocabulary")
    known = {one.kind: one for one in map(_vocabulary, rows)}
    synonyms, stop_words = known.get(SYNONYMS), known.get(STOP_WORDS)
    return Words(
        f"{synonyms.version if synonyms else 0}.{stop_words.version if stop_words else 0}",
        synonyms.content["groups"] if synonyms else [],
        stop_words.content["words"] if stop_words else [],
    )


async def read_version(connection: Connection) -> str:
    """The version of both alone: cheap enough to be looked at several times a second."""
    rows = await connection.fetch("SELECT kind, version FROM vocabulary")
    known = {row["kind"]: row["version"] for row in rows}
    return f"{known.get(SYNONYMS, 0)}.{known.get(STOP_WORDS, 0)}"


def _vocabulary(row: asyncpg.Record) -> Vocabulary:
    content = row["content"]
    return Vocabulary(**{**row, "content": from_json(content) if isinstance(content, str) else content})
