"""`python -m deploy.container COMMAND`, the entrypoint of the image.

    serve NAME         the HTTP door of a service, one process: more of them are more containers
    work NAME          the background door of a service; of several, one leads
    provision FOLDER   the database's roles and schemas
    migrate FOLDER     every schema brought to the newest revision
    secrets FOLDER     the secrets that are not there yet, made
    manifests FOLDER   those secrets as Kubernetes manifests, on standard output

FOLDER holds one folder of secrets a part (deploy/container/secrets.py).
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.container import database, secrets
from deploy.local.provision import SCHEMAS

PORT = 8000
KEEP_ALIVE_SECONDS = 75
"""Longer than the gateway keeps an idle connection, so that it is never the service that closes one first."""
GRACE_SECONDS = 20


def package_of(name: str) -> str:
    """The package of a service by the name of its schema."""
    return "services.search_sync" if name == "search" else f"services.{name}_api"


def serve_command(name: str) -> list[str]:
    """uvicorn as the local run starts it, open to the container's network."""
    return [
        *(sys.executable, "-m", "uvicorn", "--factory", f"{package_of(name)}.main:app", "--root-path", f"/api/{name}"),
        *("--host", "0.0.0.0", "--port", str(PORT)),  # noqa: S104  # a container's network is its own
        *("--no-access-log", "--no-server-header", "--log-level", "warning"),
        # Nobody reaches a container but the gateway, which says for whom it asks, and the suite itself.
        *("--forwarded-allow-ips", "*"),
        *("--timeout-keep-alive", str(KEEP_ALIVE_SECONDS), "--timeout-graceful-shutdown", str(GRACE_SECONDS)),
    ]


def work_command(name: str) -> list[str]:
    return [sys.executable, "-m", f"{package_of(name)}.worker"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for command in ("serve", "work"):
        commands.add_parser(command).add_argument("name", choices=SCHEMAS)
    for command in ("provision", "migrate", "secrets", "manifests"):
        commands.add_parser(command).add_argument("folder", type=Path)
    for command in ("secrets", "manifests"):
        commands.choices[command].add_argument("--database-host", default=secrets.DATABASE_HOST)
    asked = parser.parse_args(arguments)
    if asked.command in {"serve", "work"}:
        command_line = (serve_command if asked.command == "serve" else work_command)(asked.name)
        # In place of this process: signals reach the service itself.
        os.execv(command_line[0], command_line)  # noqa: S606  # our own words, no shell
    elif asked.command == "provision":
        asyncio.run(database.provision_roles(asked.folder))
    elif asked.command == "migrate":
        database.migrate_all(asked.folder, {name: package_of(name) for name in SCHEMAS})
    elif asked.command == "secrets":
        secrets.make_secrets(asked.folder, database_host=asked.database_host)
    else:
        sys.stdout.write(secrets.manifests(asked.folder))


if __name__ == "__main__":
    main()
