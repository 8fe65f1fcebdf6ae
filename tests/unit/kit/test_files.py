"""The file store: whole or not at all, under the hash of its content; and what a file is."""

import errno
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.kit.errors import Unavailable
from shared.kit.files import BucketStore, FileStore, FolderStore, hash_of, open_store
from shared.kit.media_types import ENDINGS, find_media_type
from tests.files import PNG, docx_of, make_docx, make_pdf, replace_part, zip_of
from tests.object_store import running_object_store


@pytest.fixture(params=["folder", "bucket"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FileStore]:
    """Both kinds of stores, the bucket's over HTTP."""
    if request.param == "folder":
        yield open_store(tmp_path.as_uri())
        return
    async with running_object_store() as endpoint:
        yield open_store("s3://files/kept", key="key", secret="secret", endpoint=endpoint)


async def content_of(store: FileStore, name: str) -> bytes | None:
    pieces = await store.read(name)
    return None if pieces is None else b"".join([piece async for piece in pieces])


async def test_what_is_put_is_what_is_read(store: FileStore) -> None:
    contents = [b"", b"a", "停放点位表".encode() * 100_000]
    names = [await store.put(content) for content in contents]
    assert names == [hash_of(content) for content in contents]
    assert [await content_of(store, name) for name in names] == contents
    assert {name async for name in store.names()} == set(names)
    await store.delete(names[1])
    await store.delete(names[1])
    assert await content_of(store, names[1]) is None
    assert {name async for name in store.names()} == {names[0], names[2]}


async def test_the_same_again_changes_nothing(store: FileStore) -> None:
    assert await store.put(PNG) == await store.put(PNG)
    assert [name async for name in store.names()] == [hash_of(PNG)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(content=st.binary(max_size=3000))
async def test_any_bytes_come_back(tmp_path: Path, content: bytes) -> None:
    store = FolderStore(tmp_path)
    assert await content_of(store, await store.put(content)) == content


def fail(code: int) -> Any:
    def failing(*_: Any) -> None:
        raise OSError(code, os.strerror(code))

    return failing


@pytest.mark.parametrize("where", ["fsync", "replace"])
async def test_full_disk_is_said_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    store = FolderStore(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, where, fail(errno.ENOSPC))
        with pytest.raises(Unavailable):
            await store.put(PNG)
    assert [name for _, _, names in os.walk(tmp_path) for name in names] == []
    assert await store.put(PNG) == hash_of(PNG)


async def test_half_written_file_of_a_crash_is_never_seen_and_goes(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    name = await store.put(PNG)
    fresh, old = (tmp_path / name[:2] / f".{age}" for age in ("fresh", "old"))
    for one in (fresh, old):
        one.write_bytes(b"half")
    day_before = time.time() - 90_000
    os.utime(old, (day_before, day_before))
    assert [found async for found in store.names()] == [name]
    assert (fresh.exists(), old.exists()) == (True, False)


@pytest.mark.parametrize("name", ["../../etc/passwd", "a" * 63, "A" * 64, ""])
async def test_only_hashes_are_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        await FolderStore(tmp_path).read(name)


@pytest.mark.parametrize("url", ["ftp://a/b", "file://host/a", "s3:///a", "a"])
def test_other_addresses_of_a_store_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="files_url"):
        open_store(url)


async def test_bucket_out_of_reach_is_unavailable() -> None:
    store = open_store("s3://files", key="key", secret="secret", endpoint="http://127.0.0.1:9")
    assert isinstance(store, BucketStore)
    with pytest.raises(Unavailable):
        await store.put(PNG)


OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(500)
OFFICE = "application/vnd.openxmlformats-officedocument."


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (make_docx(["关于"]), OFFICE + "wordprocessingml.document"),
        (zip_of({"[Content_Types].xml": b"", "xl/workbook.xml": b""}), OFFICE + "spreadsheetml.sheet"),
        (zip_of({"[Content_Types].xml": b"", "ppt/presentation.xml": b""}), OFFICE + "presentationml.presentation"),
        (zip_of({"OFD.xml": b"", "Doc_0/Document.xml": b""}), "application/ofd"),
        (make_pdf([["关于"]]), "application/pdf"),
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0" + bytes(20) + b"\xff\xd9", "image/jpeg"),
        (b"GIF89a" + bytes(20) + b";", "image/gif"),
        (PNG[:-12], None),
        (b"\xff\xd8\xff\xe0" + bytes(20), None),
        (b"GIF89a" + bytes(20), None),
        (make_pdf([["关于"]])[:-20], None),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x18ftypmp42", "video/mp4"),
        (b"ID3\x04" + bytes(9), "audio/mpeg"),
        (OLE + "WordDocument".encode("utf-16-le"), "application/msword"),
        (OLE + "Workbook".encode("utf-16-le"), "application/vnd.ms-excel"),
        ("区县,点位\n东湖区,12\n".encode(), "text/plain; charset=utf-8"),
        ("区县,点位\n东湖区,12\n".encode("gb18030"), "text/plain; charset=gb18030"),
        (b"<!doctype html><p>a", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", None),
        ("说明 <script>alert(1)</script>".encode(), None),
        (b"<?xml version='1.0'?><x/>", None),
        (b"MZ" + bytes(40), None),
        (b"\x7fELF" + bytes(40), None),
        (b"#!/bin/sh\nrm -rf /\n", None),
        (b"@ECHO off\r\n", None),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", None),
        (replace_part(make_docx(["关于"]), "word/vbaProject.bin", b"x"), None),
        (zip_of({"a.txt": b"a"}), None),
        (OLE, None),
        (bytes(range(256)), None),
        (b"   \n", None),
        (b"", None),
    ],
)
def test_kind_is_what_the_content_is(content: bytes, media_type: str | None) -> None:
    assert find_media_type(content) == media_type
    assert media_type is None or ENDINGS[media_type]


def test_docx_whose_parts_are_in_another_order_is_still_one() -> None:
    assert find_media_type(docx_of("<w:p/>")) == OFFICE + "wordprocessingml.document"


@given(st.binary(max_size=300))
def test_any_bytes_have_a_known_kind_or_none(content: bytes) -> None:
    found = find_media_type(content)
    assert found is None or found in ENDINGS
