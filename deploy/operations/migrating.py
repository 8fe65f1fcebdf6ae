"""Every schema to the newest revision of this code, one after another, each in its own role."""

import asyncio
from collections.abc import Iterator

from deploy.container.__main__ import package_of
from deploy.local.provision import SCHEMAS
from deploy.operations.installation import Installation, OperationFailed
from deploy.operations.reaching import connect, read_revision
from shared.kit.migrations import list_revisions, upgrade


def list_pending(installed: Installation) -> dict[str, list[str]]:
    """By service, the revisions that its schema lacks; OperationFailed where it is newer than the code."""
    pending = {}
    for name in SCHEMAS:
        current, known = asyncio.run(_read(installed, name)), list_revisions(package_of(name))
        if current is not None and current not in known:
            raise OperationFailed(f"{name} 的结构是 {current}，比本版本新：旧程序可以在新结构上运行，但不能升级它")
        pending[name] = known if current is None else known[known.index(current) + 1 :]
    return pending


def migrate(installed: Installation, pending: dict[str, list[str]]) -> Iterator[str]:
    """Each service that was brought up, as soon as it was."""
    for name, revisions in pending.items():
        if revisions:
            upgrade(package_of(name), database_url=installed.database_url(name), schema=name)
            yield name


async def _read(installed: Installation, name: str) -> str | None:
    async with connect(installed, name) as connection:
        return await read_revision(connection, name)
