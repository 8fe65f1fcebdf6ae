"""Takes a backup of a suite that goes on working: every schema in one snapshot, then the uploaded files.

In this order, because files are kept by their content: their bytes are there before the row that knows them, and never
change. So each row of the snapshot has its bytes in the store, and copying them later misses none; copied before, a file
that was uploaded in between would be a row without bytes. While a backup runs nothing is swept away (BACKUP_LOCK).
"""

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg
from rich.progress import Progress

from deploy.local.provision import SCHEMAS
from deploy.operations.copying import copy_out
from deploy.operations.installation import Installation, OperationFailed
from deploy.operations.manifest import FILES, NAME, Manifest, fingerprint_keys, place_of
from deploy.operations.reaching import connect
from services.policy_api.settings import Settings as PolicySettings
from services.policy_api.settings import file_store
from shared.kit.clock import system_clock
from shared.kit.files import BACKUP_LOCK, FileStore

_LOCK_TIMEOUT = "10s"


@dataclass(frozen=True)
class Extent:
    """What a backup would hold, before it is taken."""

    tables: int
    database_bytes: int
    files: int
    file_bytes: int


def take_backup(installed: Installation, folder: Path, progress: Progress) -> tuple[Manifest, list[str]]:
    """What is in it, and the names of uploaded files that the store has lost."""
    with _new_folder(folder):
        manifest, lost = asyncio.run(_take(installed, folder, progress))
        _write_last(folder / NAME, manifest.model_dump_json(indent=1))
    return manifest, lost


def measure(installed: Installation) -> Extent:
    """How much there is now; nothing is copied."""
    return asyncio.run(_measure(installed))


async def _measure(installed: Installation) -> Extent:
    tables = size = 0
    async with _one_snapshot(installed) as (_, connections):
        for schema, connection in connections.items():
            row = await connection.fetchrow(
                """
                SELECT count(*) AS count, coalesce(sum(pg_table_size(oid)), 0)::bigint AS bytes
                FROM pg_class WHERE relnamespace = $1::text::regnamespace AND relkind = 'r'
                """,
                schema,
            )
            tables, size = tables + row["count"], size + row["bytes"]
        sizes = await _list_files(connections["policy"])
    return Extent(tables, size, len(sizes), sum(sizes.values()))


async def _take(installed: Installation, folder: Path, progress: Progress) -> tuple[Manifest, list[str]]:
    settings = installed.settings("policy")
    assert isinstance(settings, PolicySettings)
    keys = await asyncio.to_thread(fingerprint_keys, installed)
    services = {}
    async with _one_snapshot(installed) as (began_at, connections):
        version = connections["policy"].get_server_version()
        task = progress.add_task("数据 Rows", total=None)

        def advance(table: str, rows: int) -> None:
            progress.update(task, advance=rows, description=f"数据 Rows {table}")

        for schema, connection in connections.items():
            services[schema] = await copy_out(connection, schema, folder, advance=advance)
        progress.update(task, total=progress.tasks[task].completed, description="数据 Rows")
        sizes = await _list_files(connections["policy"])
        lost = await _copy_files(file_store(settings), sorted(sizes), folder, progress)
    manifest = Manifest(
        began_at=began_at,
        ended_at=system_clock(),
        postgres=f"{version.major}.{version.minor}",
        services=services,
        files={name: size for name, size in sizes.items() if name not in lost},
        keys=keys,
    )
    return manifest, lost


@asynccontextmanager
async def _one_snapshot(installed: Installation) -> AsyncIterator[tuple[datetime, dict[str, asyncpg.Connection]]]:
    """A connection a service, all seeing the same moment, and the time before which everything is seen.

    Each in its own role: nobody else may read its schema. Neither a migration nor a second backup begins meanwhile.
    """
    async with AsyncExitStack() as stack:
        guards = {schema: await stack.enter_async_context(connect(installed, schema)) for schema in SCHEMAS}
        await _hold(guards["policy"], "SELECT pg_advisory_lock(hashtext($1))", BACKUP_LOCK, "另一个备份正在进行")
        for schema, guard in guards.items():
            lock = "SELECT pg_advisory_lock_shared(hashtext('mingquan migrations ' || $1))"
            await _hold(guard, lock, schema, f"{schema} 正在升级数据库结构")
        began_at = await guards["policy"].fetchval("SELECT clock_timestamp()")
        connections, snapshot = {}, None
        for schema in SCHEMAS:
            connection = await stack.enter_async_context(connect(installed, schema))
            await stack.enter_async_context(connection.transaction(isolation="repeatable_read", readonly=True))
            if snapshot is None:
                snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
            else:
                await _join(connection, snapshot, schema)
            connections[schema] = connection
        yield began_at, connections


async def _hold(guard: asyncpg.Connection, lock: str, name: str, otherwise: str) -> None:
    """Until the connection ends. A sweep of files or another's look is over in a moment, and is waited for."""
    await guard.execute(f"SET lock_timeout = '{_LOCK_TIMEOUT}'")
    try:
        await guard.execute(lock, name)
    except asyncpg.LockNotAvailableError as error:
        raise OperationFailed(f"{otherwise}：请等它结束") from error


async def _join(connection: asyncpg.Connection, snapshot: str, schema: str) -> None:
    try:
        await connection.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
    except asyncpg.PostgresError as error:
        raise OperationFailed(
            f"{schema} 和 {SCHEMAS[0]} 不在同一个数据库里，没有共同的快照：请用数据库自己的手段备份（docs/runbooks.md）"
        ) from error


async def _list_files(connection: asyncpg.Connection) -> dict[str, int]:
    rows = await connection.fetch("SELECT sha256, max(size) AS size FROM policy.file GROUP BY sha256")
    return {row["sha256"]: row["size"] for row in rows}


async def _copy_files(store: FileStore, names: list[str], folder: Path, progress: Progress) -> list[str]:
    """Those that are not there, or are there damaged."""
    task = progress.add_task("附件 Files", total=len(names))
    (folder / FILES).mkdir(mode=0o700)
    lost = []
    for name in names:
        if not await _copy_file(store, name, place_of(folder, name)):
            lost.append(name)
        progress.advance(task)
    return lost


async def _copy_file(store: FileStore, name: str, place: Path) -> bool:
    pieces = await store.read(name)
    if pieces is None:
        return False
    place.parent.mkdir(mode=0o700, exist_ok=True)
    total = hashlib.sha256()
    with place.open("xb") as file:
        async for piece in pieces:
            total.update(piece)
            file.write(piece)
    if total.hexdigest() == name:
        return True
    await asyncio.to_thread(place.unlink)
    return False


@contextmanager
def _new_folder(folder: Path) -> Iterator[None]:
    """A folder of this backup's own, gone again when there is no backup."""
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError as error:
        raise OperationFailed(f"{folder} 已经存在：每个备份请用一个新的目录") from error
    except OSError as error:
        raise OperationFailed(f"不能建立 {folder}（{error.strerror}）") from error
    try:
        yield
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError) and error.filename is None and error.errno is not None:
            raise OperationFailed(f"备份没有写成（{error.strerror}），{folder} 已删除") from error
        raise


def _write_last(path: Path, text: str) -> None:
    """Only when everything before it is on the disk."""
    os.sync()
    with path.open("x", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
