"""Prepares a database for the services: one role and one schema a service, so that none can read its neighbour.

Run by whoever may create roles: the local launcher, the tests, or an operator (docs/operations.md).
"""

import asyncpg

SCHEMAS = ("exchange", "policy", "catalog", "request", "search")


async def provision(connection: asyncpg.Connection, *, password: str) -> None:
    """Roles `mingquan_<schema>` with that password, each owning its schema. Safe to repeat."""
    await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public")
    for schema in SCHEMAS:
        role = f"mingquan_{schema}"
        exists = await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role)
        quoted = await connection.fetchval("SELECT quote_literal($1::text)", password)
        verb = "ALTER" if exists else "CREATE"
        await connection.execute(f"{verb} ROLE {role} LOGIN PASSWORD {quoted}")
        await connection.execute(f"GRANT {role} TO CURRENT_USER")
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {role}")
        await connection.execute(f"REVOKE ALL ON SCHEMA {schema} FROM PUBLIC")
