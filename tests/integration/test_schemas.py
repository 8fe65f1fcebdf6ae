"""Each service in its own schema and role: migrations equal to the models, and neighbours out of reach."""

import asyncio
import importlib
from collections.abc import Callable
from contextlib import redirect_stdout
from io import StringIO

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory

from deploy.local.provision import SCHEMAS
from shared.kit.migrations import alembic_config, upgrade
from tests.conftest import PACKAGES

NEIGHBOURS = [(own, other) for own in SCHEMAS for other in SCHEMAS if own != other]


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_migrations_make_what_the_models_say(schema: str, database_url: Callable[[str], str]) -> None:
    """`alembic check`: raises when autogenerate would have something to do."""
    config = alembic_config(PACKAGES[schema], database_url=database_url(schema), schema=schema)
    with redirect_stdout(StringIO()):
        await asyncio.to_thread(command.check, config)


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_upgrading_again_changes_nothing(schema: str, database_url: Callable[[str], str]) -> None:
    before = await _tables(database_url(schema), schema)
    await asyncio.to_thread(upgrade, PACKAGES[schema], database_url=database_url(schema), schema=schema)
    assert await _tables(database_url(schema), schema) == before


@pytest.mark.parametrize("schema", SCHEMAS)
def test_revisions_are_one_line(schema: str) -> None:
    config = alembic_config(PACKAGES[schema], database_url="", schema=schema)
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


async def _tables(url: str, schema: str) -> set[str]:
    connection = await asyncpg.connect(url)
    rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = $1", schema)
    await connection.close()
    return {row["tablename"] for row in rows}


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_tables_stand_in_the_services_own_schema(schema: str, database_url: Callable[[str], str]) -> None:
    metadata = importlib.import_module(f"{PACKAGES[schema]}.models").Base.metadata
    assert await _tables(database_url(schema), schema) == {*metadata.tables, "alembic_version"}
    assert await _tables(database_url(schema), "public") == set()


@pytest.mark.parametrize(("own", "other"), NEIGHBOURS, ids=str)
async def test_service_cannot_reach_its_neighbours_tables(
    own: str, other: str, database_url: Callable[[str], str]
) -> None:
    connection = await asyncpg.connect(database_url(own))
    try:
        for statement in (
            f"SELECT * FROM {other}.log_head" if other != "search" else f"SELECT * FROM {other}.alembic_version",
            f"INSERT INTO {other}.alembic_version VALUES ('x')",
            f"CREATE TABLE {other}.intruder (id int)",
            f"SET ROLE mingquan_{other}",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_roles_are_nobody_special(schema: str, database_url: Callable[[str], str]) -> None:
    connection = await asyncpg.connect(database_url(schema))
    role = await connection.fetchrow(
        "SELECT rolsuper, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = current_user"
    )
    await connection.close()
    assert not any(role.values())
