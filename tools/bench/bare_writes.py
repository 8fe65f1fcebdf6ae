"""The limit of single writes: finished rows into the same tables, one durable transaction each, nothing else.

The log's one-row head is locked and moved as the kit does it, since that is what orders the log; what is saved is HTTP,
tokens, validation, rules, rendering and hashing.
"""

import asyncio
import time
from typing import Any

import asyncpg
import uvloop

_SINGLE = ("policy", "policy_version")
_LOGGED = ("event", "audit_entry")


def measure(source: str, target: str, count: int, connections: int) -> float:
    """Transactions a second, with rows taken from `source` before the clock starts. Blocks."""
    return uvloop.run(_measure(source, target, count, connections))


async def _measure(source: str, target: str, count: int, connections: int) -> float:
    rows, statements = await _load(source, count)
    pool = await asyncpg.create_pool(
        target, min_size=connections, max_size=connections, server_settings={"search_path": "policy,public"}
    )
    position = iter(range(count))

    async def write() -> None:
        async with pool.acquire() as connection:
            for index in position:
                async with connection.transaction():
                    for table in _SINGLE:
                        await connection.execute(statements[table], *rows[table][index])
                    seq = await connection.fetchval("SELECT seq FROM log_head FOR UPDATE")
                    for table in _LOGGED:
                        await connection.execute(statements[table], seq + 1, *rows[table][index][1:])
                    await connection.execute("UPDATE log_head SET seq = $1, audit_seq = $1", seq + 1)

    started = time.perf_counter()
    await asyncio.gather(*(write() for _ in range(connections)))
    seconds = time.perf_counter() - started
    await pool.close()
    return count / seconds


async def _load(source: str, count: int) -> tuple[dict[str, list[Any]], dict[str, str]]:
    """As many new documents' rows of each table as wanted, and the statement that inserts one."""
    connection = await asyncpg.connect(source, server_settings={"search_path": "policy,public"})
    rows, statements = {}, {}
    queries = {
        "policy": "SELECT * FROM policy WHERE latest_number = 1 ORDER BY id LIMIT $1",
        "policy_version": "SELECT v.* FROM policy_version v JOIN policy p ON p.id = v.policy_id"
        " WHERE p.latest_number = 1 ORDER BY p.id LIMIT $1",
        "event": "SELECT * FROM event ORDER BY seq LIMIT $1",
        "audit_entry": "SELECT * FROM audit_entry ORDER BY seq LIMIT $1",
    }
    for table, query in queries.items():
        found = await connection.fetch(query, count)
        assert len(found) == count, f"{table} has too few rows"
        rows[table] = [tuple(row.values()) for row in found]
        places = ", ".join(f"${place + 1}" for place in range(len(found[0])))
        statements[table] = f"INSERT INTO {table} ({', '.join(found[0].keys())}) VALUES ({places})"
    await connection.close()
    return rows, statements
