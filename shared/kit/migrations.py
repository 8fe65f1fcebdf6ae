"""Runs Alembic for one service in its own schema. Lock and statement timeouts stand here, for every migration."""

import importlib
import sys
from pathlib import Path

import sqlalchemy as sa
from alembic import command, context
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from pydantic import SecretStr
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.ext.asyncio import create_async_engine

from shared.kit.settings import EnvironmentSettings

LOCK_TIMEOUT = "4s"
STATEMENT_TIMEOUT = "600s"


def alembic_config(package: str, *, database_url: str, schema: str) -> Config:
    """Alembic's configuration for `services.<name>`, without any ini file."""
    module = importlib.import_module(package)
    assert module.__file__ is not None
    config = Config(attributes={"database_url": database_url, "schema": schema})
    config.set_main_option("script_location", str(Path(module.__file__).parent / "migrations"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return config


def upgrade(package: str, *, database_url: str, schema: str, to: str = "head") -> None:
    """Bring the schema to a revision; one that is newer than the code stays. Must not be called from a running event loop."""
    command.upgrade(alembic_config(package, database_url=database_url, schema=schema), to)


def list_revisions(package: str) -> list[str]:
    """Every revision of the code, the oldest first."""
    scripts = ScriptDirectory.from_config(alembic_config(package, database_url="", schema=""))
    return [script.revision for script in scripts.walk_revisions()][::-1]


async def run_from_env(metadata: sa.MetaData) -> None:
    """What every service's `migrations/env.py` calls."""
    attributes = context.config.attributes
    schema = attributes["schema"]
    engine = create_async_engine(
        make_url(attributes["database_url"]).set(drivername="postgresql+asyncpg"),
        poolclass=sa.NullPool,
        # Only the own schema is on the path, so that autogenerate never sees a neighbour's tables.
        connect_args={
            "server_settings": {
                "search_path": f"{schema},public",
                "lock_timeout": LOCK_TIMEOUT,
                "statement_timeout": STATEMENT_TIMEOUT,
            }
        },
    )
    async with engine.connect() as connection:
        await connection.run_sync(_run, metadata, schema)
        await connection.commit()
    await engine.dispose()


def _run(connection: Connection, metadata: sa.MetaData, schema: str) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table_schema=schema,
        # Alembic knows its own table by schema and reflects it without one.
        include_name=lambda name, kind, _parents: not (kind == "table" and name == "alembic_version"),
        compare_type=True,
        compare_server_default=False,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        # Two starters at once: the second waits and then finds nothing to do.
        connection.execute(sa.text("SELECT pg_advisory_lock(hashtext('mingquan migrations ' || current_schema()))"))
        current = context.get_context().get_current_revision()
        if current is None or current in {script.revision for script in context.script.walk_revisions()}:
            context.run_migrations()
        else:
            # The code was rolled back: it runs on the newer schema (expand, then contract), which it leaves as it is.
            sys.stderr.write(f"{schema}: at {current}, which is newer than this code; left as it is\n")


def is_current(connection: Connection, package: str, *, schema: str) -> bool:
    """Whether the schema stands at the newest revision of the code."""
    config = alembic_config(package, database_url="", schema=schema)
    newest = ScriptDirectory.from_config(config).get_current_head()
    return (
        MigrationContext.configure(connection, opts={"version_table_schema": schema}).get_current_revision() == newest
    )


class _Address(EnvironmentSettings):
    """All that a migration needs: a service's other settings may not exist yet when its tables are made."""

    database_url: SecretStr


def main() -> None:
    """`python -m shared.kit.migrations services.policy_api`: with MINGQUAN_DATABASE_URL of the service's own role."""
    database_url = _Address().database_url.get_secret_value()
    for package in sys.argv[1:]:
        settings = importlib.import_module(f"{package}.settings").Settings
        upgrade(package, database_url=database_url, schema=settings.schema_name)


if __name__ == "__main__":
    main()
