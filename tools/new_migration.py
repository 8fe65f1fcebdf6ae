"""Writes a migration for a service from the difference between its models and a migrated database.

`python -m tools.new_migration services.policy_api "add opinions"` with that service's MINGQUAN_DATABASE_URL.
"""

import importlib
import sys

from alembic import command
from alembic.script import ScriptDirectory

from shared.kit.migrations import alembic_config


def main() -> None:
    package, message = sys.argv[1:3]
    settings = importlib.import_module(f"{package}.settings").Settings()
    config = alembic_config(package, database_url=settings.database_url.get_secret_value(), schema=settings.schema_name)
    command.upgrade(config, "head")
    existing = len(list(ScriptDirectory.from_config(config).walk_revisions()))
    command.revision(config, message, autogenerate=True, rev_id=f"{existing + 1:04d}")


if __name__ == "__main__":
    main()
