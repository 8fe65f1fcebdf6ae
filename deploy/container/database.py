"""The database's part of a deployment: roles whose passwords stand in the services' own addresses, and the schemas."""

import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg

from deploy.local.provision import SCHEMAS, provision_each
from shared.kit.migrations import upgrade

ADDRESS = "mingquan_database_url"
_CONNECT_SECONDS = 30.0


def address_of(folder: Path, name: str) -> str:
    """By which a service reaches the database, from its folder of secrets."""
    return (folder / name / ADDRESS).read_text(encoding="utf-8").strip()


def password_of(address: str) -> str:
    """ValueError for an address without one: a role without a password would be open or useless."""
    password = urlsplit(address).password
    if not password:
        raise ValueError("a service's database address has no password")
    return unquote(password)


async def provision_roles(folder: Path) -> None:
    """One role and one schema a service, with the passwords of the services' own addresses. Safe to repeat."""
    passwords = {name: password_of(address_of(folder, name)) for name in SCHEMAS}
    admin_url = (folder / "postgres" / "admin_url").read_text(encoding="utf-8").strip()
    connection = await asyncpg.connect(admin_url, timeout=_CONNECT_SECONDS)
    try:
        await provision_each(connection, passwords)
    finally:
        await connection.close()


def migrate_all(folder: Path, packages: Mapping[str, str]) -> None:
    """Each schema to its newest revision, in its own role."""
    for name, package in packages.items():
        upgrade(package, database_url=address_of(folder, name), schema=name)
        sys.stdout.write(f"{name}: newest revision\n")
