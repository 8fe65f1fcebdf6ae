"""Puts a backup in place of what an installation holds. The services must not run; the search index is built anew.

Each schema is made by Alembic at the backup's own revision, filled, and then brought to the newest one. Whole or not at
all a schema: broken off, the restore is done again.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from rich.progress import Progress

from deploy.container.__main__ import package_of
from deploy.operations.copying import Advance, copy_in, empty_schema
from deploy.operations.installation import Installation, OperationFailed
from deploy.operations.manifest import Manifest, fingerprint_keys, list_damaged, place_of, read_manifest
from deploy.operations.reaching import connect, read_revision
from services.policy_api.settings import Settings as PolicySettings
from services.policy_api.settings import file_store
from shared.kit.files import FileStore
from shared.kit.migrations import list_revisions, upgrade

_LISTED = 10
_LOCK_TIMEOUT = "5s"


@dataclass(frozen=True)
class Obstacle:
    """Why a restore does not go ahead."""

    text: str
    option: str | None = None
    """With which it does all the same; None: there is none."""


def check_backup(folder: Path, progress: Progress) -> Manifest:
    """The manifest, once every sum is right and this code knows the revisions; OperationFailed otherwise."""
    manifest = read_manifest(folder)
    tables = sum(len(service.tables) for service in manifest.services.values())
    task = progress.add_task("核对 Checking sums", total=tables + len(manifest.files))
    damaged = []
    for name, is_damaged in list_damaged(folder, manifest):
        damaged += [name] if is_damaged else []
        progress.advance(task)
    if damaged:
        shown = "\n".join(damaged[:_LISTED])
        raise OperationFailed(f"备份里有{len(damaged)}个文件缺失或与校验和不符，没有恢复任何内容\n{shown}")
    for name, copy in manifest.services.items():
        if copy.revision not in list_revisions(package_of(name)):
            raise OperationFailed(f"备份的 {name} 是结构 {copy.revision}，本版本不认识：请用取备份时的版本或更新的版本")
    return manifest


def list_obstacles(installed: Installation, manifest: Manifest) -> list[Obstacle]:
    """What stands in the way in this installation. Changes nothing."""
    written, sessions = asyncio.run(_look(installed, manifest))
    mine = fingerprint_keys(installed)
    other_keys = [name for name, fingerprint in manifest.keys.items() if mine.get(name) != fingerprint]
    found = []
    if sessions:
        found.append(Obstacle(f"{'、'.join(sessions)} 正在运行：请先停止所有服务和后台进程"))
    if other_keys:
        listed = "\n".join(other_keys)
        found.append(
            Obstacle(
                "密钥与备份时不同，封存的内容将无法打开：请先放回备份时的密钥（本机运行：mingquan reset 之后放回 secrets.json）；"
                f"仍要恢复请加 --other-keys\n{listed}",
                "other_keys",
            )
        )
    if written:
        found.append(Obstacle(f"{'、'.join(written)} 里已有内容，恢复会全部替换：确认请加 --yes", "yes"))
    return found


def restore_backup(installed: Installation, folder: Path, manifest: Manifest, progress: Progress) -> None:
    """Replace everything. `check_backup` and `list_obstacles` come before it."""
    task = progress.add_task("数据 Rows", total=manifest.rows)

    def advance(table: str, rows: int) -> None:
        progress.update(task, advance=rows, description=f"数据 Rows {table}")

    for name, copy in manifest.services.items():
        url = installed.database_url(name)
        asyncio.run(_empty(installed, name))
        # Alembic runs an event loop of its own.
        upgrade(package_of(name), database_url=url, schema=name, to=copy.revision)
        asyncio.run(_fill(installed, name, manifest, folder, advance=advance))
        upgrade(package_of(name), database_url=url, schema=name)
    progress.update(task, description="数据 Rows")
    settings = installed.settings("policy")
    assert isinstance(settings, PolicySettings)
    asyncio.run(_put_files(file_store(settings), folder, manifest, progress))
    installed.adopt()


async def _look(installed: Installation, manifest: Manifest) -> tuple[list[str], list[str]]:
    written, sessions = [], []
    for name in manifest.services:
        async with connect(installed, name) as connection:
            if await _holds_something(connection, name):
                written.append(name)
            if await connection.fetchval(
                """
                SELECT EXISTS (SELECT FROM pg_stat_activity
                WHERE datname = current_database() AND usename = current_user AND application_name = $1)
                """,
                f"mingquan-{name}",
            ):
                sessions.append(name)
    return written, sessions


async def _holds_something(connection: asyncpg.Connection, schema: str) -> bool:
    """Whatever was ever written there is in its log or in its audit trail."""
    if await read_revision(connection, schema) is None:
        return False
    wrote: bool = await connection.fetchval(f"SELECT seq > 0 OR audit_seq > 0 FROM {schema}.log_head")  # noqa: S608  # our own names
    return wrote


async def _empty(installed: Installation, name: str) -> None:
    async with connect(installed, name) as connection:
        await connection.execute(f"SET lock_timeout = '{_LOCK_TIMEOUT}'")
        try:
            await empty_schema(connection, name)
        except asyncpg.LockNotAvailableError as error:
            raise OperationFailed(f"{name} 的表正被使用：请先停止它的服务和后台进程") from error


async def _fill(installed: Installation, name: str, manifest: Manifest, folder: Path, *, advance: Advance) -> None:
    async with connect(installed, name) as connection:
        await copy_in(connection, name, manifest.services[name], folder, advance=advance)


async def _put_files(store: FileStore, folder: Path, manifest: Manifest, progress: Progress) -> None:
    """Those that are there already stay: a file's name is its content."""
    task = progress.add_task("附件 Files", total=len(manifest.files))
    have = {name async for name in store.names()}
    for name in manifest.files:
        if name not in have:
            await store.put(place_of(folder, name).read_bytes())
        progress.advance(task)
