"""Files by their content: a folder, or an S3-compatible store, in which a file's name is its SHA-256.

What was put is there whole or not at all, and never changes. Knows no rights, no names and no kinds.
"""

import asyncio
import hashlib
import os
import re
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from shared.kit.errors import Unavailable
from shared.kit.logging import get_logger

logger = get_logger(__name__)
_CHUNK_BYTES = 1 << 18
_ABANDONED_SECONDS = 86_400
_NAME = re.compile(r"[0-9a-f]{64}")
BACKUP_LOCK = "mingquan backup"
"""Name of the advisory lock under which files are copied: nothing is removed meanwhile."""
_FULL = "文件没有存下：存储空间不足或暂不可用，请稍后重试"


class FileStore(Protocol):
    """Where files are kept."""

    async def put(self, data: bytes) -> str:
        """Keep these bytes; their SHA-256 in hexadecimal. Unavailable when they could not be kept, and then nothing is."""
        ...

    async def read(self, sha256: str) -> AsyncIterator[bytes] | None:
        """The bytes in pieces; None when there are none."""
        ...

    async def delete(self, sha256: str) -> None:
        """Remove the bytes, if they are there."""
        ...

    def names(self) -> AsyncIterator[str]:
        """Of everything that is kept, in no order."""
        ...


def open_store(
    url: str, *, key: str | None = None, secret: str | None = None, endpoint: str | None = None
) -> FileStore:
    """`file:///folder`, or `s3://bucket/prefix` with its access key, secret and, outside AWS, endpoint."""
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path:
        return FolderStore(Path(parts.path))
    if parts.scheme == "s3" and parts.netloc:
        return BucketStore(
            S3Store(
                parts.netloc,
                prefix=parts.path.strip("/") or None,
                endpoint=endpoint,
                access_key_id=key,
                secret_access_key=secret,
                region="us-east-1",
                client_options={"allow_http": True},
                retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=10)},
            )
        )
    raise ValueError(f"files_url is neither file:///folder nor s3://bucket/prefix: {url}")


class FolderStore:
    """Files in a folder, by the first two characters of their name in folders of their own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, data: bytes) -> str:
        name = await asyncio.to_thread(hash_of, data)
        try:
            await asyncio.to_thread(self._write, name, data)
        except OSError as error:
            logger.error("file not kept", error=type(error).__name__, errno=error.errno)
            raise Unavailable(_FULL, retry_after_seconds=60) from error
        return name

    async def read(self, sha256: str) -> AsyncIterator[bytes] | None:
        try:
            file = await asyncio.to_thread(self._place(sha256).open, "rb")
        except FileNotFoundError:
            return None

        async def pieces() -> AsyncIterator[bytes]:
            with file:
                while piece := await asyncio.to_thread(file.read, _CHUNK_BYTES):
                    yield piece

        return pieces()

    async def delete(self, sha256: str) -> None:
        with suppress(FileNotFoundError):
            await asyncio.to_thread(self._place(sha256).unlink)

    async def names(self) -> AsyncIterator[str]:
        for name in await asyncio.to_thread(self._list):
            yield name

    def _place(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError("not the name of a file")
        return self._folder / name[:2] / name[2:]

    def _write(self, name: str, data: bytes) -> None:
        """Under another name first: what has this name is whole and on the disk."""
        place = self._place(name)
        if place.exists():
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=place.parent, prefix=".")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, place)
        except BaseException:
            with suppress(OSError):
                os.unlink(temporary)
            raise
        for folder in (place.parent, self._folder):
            _sync(folder)

    def _list(self) -> list[str]:
        """The names; what a crash left half-written a day ago or longer is removed on the way."""
        found = []
        for one in self._folder.glob("[0-9a-f][0-9a-f]/*"):
            if _NAME.fullmatch(one.parent.name + one.name):
                found.append(one.parent.name + one.name)
            elif one.name.startswith(".") and time.time() - one.stat().st_mtime > _ABANDONED_SECONDS:
                one.unlink(missing_ok=True)
        return found


class BucketStore:
    """Files in a bucket of an S3-compatible store, which keeps an object whole or not at all."""

    def __init__(self, store: S3Store) -> None:
        self._store = store

    async def put(self, data: bytes) -> str:
        name = await asyncio.to_thread(hash_of, data)
        try:
            await obstore.put_async(self._store, name, data)
        except (BaseError, OSError) as error:
            logger.error("file not kept", error=type(error).__name__)
            raise Unavailable(_FULL, retry_after_seconds=60) from error
        return name

    async def read(self, sha256: str) -> AsyncIterator[bytes] | None:
        try:
            found = await obstore.get_async(self._store, sha256)
        except FileNotFoundError:
            return None
        except (BaseError, OSError) as error:
            raise Unavailable("文件暂时读不到，请稍后重试") from error

        async def pieces() -> AsyncIterator[bytes]:
            async for piece in found.stream(min_chunk_size=_CHUNK_BYTES):
                yield bytes(piece)

        return pieces()

    async def delete(self, sha256: str) -> None:
        with suppress(FileNotFoundError):
            await obstore.delete_async(self._store, sha256)

    async def names(self) -> AsyncIterator[str]:
        async for page in obstore.list(self._store):
            for one in page:
                name = one["path"].rpartition("/")[2]
                if _NAME.fullmatch(name):
                    yield name


def hash_of(data: bytes) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _sync(folder: Path) -> None:
    """So that the folder's entry for a new file survives a crash."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
