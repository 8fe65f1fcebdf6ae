"""The suite's database: made or found, provisioned with roles and schemas, and brought to the newest revision."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

from deploy.local.processes import StartFailed
from deploy.local.provision import provision
from deploy.local.settings import REPOSITORY

DATABASE = "mingquan"
_OLDEST_POSTGRES = 15
_CONNECT_SECONDS = 10.0


def prepare_database(admin_url: str, *, password: str) -> str:
    """Roles and schemas. Returns what identifies the database: another cluster or database, another identity."""
    return asyncio.run(_prepare(admin_url, password))


def create_database(admin_url: str) -> str:
    """The suite's database in a cluster of one's own, made if it is not there; its administrator's address."""
    asyncio.run(_create(admin_url))
    return urlunsplit(urlsplit(admin_url)._replace(path=f"/{DATABASE}"))


def role_url(admin_url: str, schema: str, password: str) -> str:
    """The address by which one service reaches the database, in its own role."""
    parts = urlsplit(admin_url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"mingquan_{schema}:{quote(password, safe='')}@{host}"))


def list_outdated(admin_url: str, packages: dict[str, str]) -> list[str]:
    """Packages (by schema) whose schema is not at the newest revision of the code."""
    current = asyncio.run(_revisions(admin_url, list(packages)))
    return [package for schema, package in packages.items() if current[schema] != _newest_revision(package)]


def _newest_revision(package: str) -> str | None:
    """By the files' names, which begin with the revision (tools/new_migration.py): importing Alembic takes a second."""
    versions = REPOSITORY / Path(*package.split(".")) / "migrations" / "versions"
    return max((path.name.split("_")[0] for path in versions.glob("[0-9]*_*.py")), default=None)


async def _connect(url: str) -> asyncpg.Connection:
    try:
        return await asyncpg.connect(url, timeout=_CONNECT_SECONDS)
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise StartFailed(f"无法连接数据库（{error or type(error).__name__}）：请检查 MINGQUAN_DATABASE_URL") from error


async def _create(admin_url: str) -> None:
    connection = await _connect(admin_url)
    try:
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await connection.close()


async def _prepare(admin_url: str, password: str) -> str:
    connection = await _connect(admin_url)
    try:
        major = connection.get_server_version().major
        if major < _OLDEST_POSTGRES:
            raise StartFailed(f"数据库是 PostgreSQL {major}，需要 {_OLDEST_POSTGRES} 以上")
        await provision(connection, password=password)
        identity: str = await connection.fetchval(
            "SELECT (SELECT system_identifier FROM pg_control_system()) || '/' || oid FROM pg_database"
            " WHERE datname = current_database()"
        )
        return identity
    except asyncpg.InsufficientPrivilegeError as error:
        raise StartFailed(
            f"数据库账号的权限不够（{error}）：MINGQUAN_DATABASE_URL 的账号应能建立角色和模式，见 docs/operations.md"
        ) from error
    finally:
        await connection.close()


async def _revisions(admin_url: str, schemas: Sequence[str]) -> dict[str, str | None]:
    connection = await _connect(admin_url)
    try:
        found: dict[str, str | None] = {}
        for schema in schemas:
            known = await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", f"{schema}.alembic_version")
            query = f"SELECT version_num FROM {schema}.alembic_version"  # noqa: S608  # our own names
            found[schema] = await connection.fetchval(query) if known else None
        return found
    finally:
        await connection.close()
