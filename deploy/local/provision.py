"""Prepares a database for the services: one role and one schema a service, so that none can read its neighbour.

Run by whoever may create roles: the local launcher, the tests, a container, or an operator (docs/operations.md).
"""

from collections.abc import Mapping

import asyncpg

SCHEMAS = ("exchange", "policy", "catalog", "request", "search")


async def provision(connection: asyncpg.Connection, *, password: str) -> None:
    """Roles `mingquan_<schema>` with that password, each owning its schema. Safe to repeat."""
    await provision_each(connection, dict.fromkeys(SCHEMAS, password))


async def provision_each(connection: asyncpg.Connection, passwords: Mapping[str, str]) -> None:
    """The same, each schema's role with a password of its own. A changed password takes effect."""
    await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public")
    for schema, password in passwords.items():
        role = f"mingquan_{schema}"
        exists = await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role)
        quoted = await connection.fetchval("SELECT quote_literal($1::text)", password)
        verb = "ALTER" if exists else "CREATE"
        await connection.execute(f"{verb} ROLE {role} LOGIN PASSWORD {quoted}")
        await connection.execute(f"GRANT {role} TO CURRENT_USER")
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {role}")
        await connection.execute(f"REVOKE ALL ON SCHEMA {schema} FROM PUBLIC")
