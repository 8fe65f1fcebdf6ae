"""What a document may say of a stored file that it names by its address. Pure."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.schemas.problems import InvalidField

ADDRESS = "/api/policy/v1/files/"
_ADDRESS = re.compile(re.escape(ADDRESS) + r"([0-9a-f]{64})")


@dataclass(frozen=True)
class Known:
    """What is known of an organisation's file."""

    media_type: str
    passed: bool


@dataclass(frozen=True)
class Named:
    """An attachment that names a stored file, and where it stands."""

    pointer: str
    sha256: str | None
    """None: an address of ours that is none."""
    item: Mapping[str, Any]


def hash_in(url: str | None) -> str | None:
    """The hash that an address of the file store is made of; None for any other address."""
    match = _ADDRESS.fullmatch(url or "")
    return match[1] if match else None


def named_files(content: Any, pointer: str = "") -> Iterator[Named]:
    """Every attachment in a content whose address is one of the file store's."""
    if isinstance(content, Mapping):
        url = content.get("url")
        if isinstance(url, str) and url.startswith(ADDRESS):
            match = _ADDRESS.fullmatch(url)
            yield Named(pointer, match[1] if match else None, content)
        for name, value in content.items():
            if isinstance(value, dict | list):
                yield from named_files(value, f"{pointer}/{name}")
    elif isinstance(content, list):
        for number, value in enumerate(content):
            yield from named_files(value, f"{pointer}/{number}")


def check_named(named: Named, known: Known | None, *, public: bool) -> Iterator[InvalidField]:
    """What is wrong with it. `public` says that the content is to be read by everybody at once, without a dossier."""
    if named.sha256 is None or known is None:
        detail = "没有这个文件：请先由同一机关上传，再引用回执中的地址"
        yield InvalidField(pointer=f"{named.pointer}/url", detail=detail)
        return
    if named.item.get("sha256") not in (None, named.sha256):
        yield InvalidField(pointer=f"{named.pointer}/sha256", detail="与所引用文件的哈希不同")
    if named.item.get("media_type") not in (None, known.media_type):
        detail = f"所引用的文件是 {known.media_type}"
        yield InvalidField(pointer=f"{named.pointer}/media_type", detail=detail)
    alternative = named.item.get("alt_text")
    if known.media_type.startswith("image/") and not (isinstance(alternative, str) and alternative.strip()):
        # 互联网网页内容无障碍 (GB/T 37668-2019): what an image says must be there in words.
        yield InvalidField(pointer=f"{named.pointer}/alt_text", detail="图片应有替代文本，说明图中内容")
    if public and not known.passed:
        # 先审查、后公开，逐项审查 (保密法实施条例第四十二条); in a dossier TS-14 sees to it.
        detail = "文件还没有通过保密审查和个人信息审查，不能公开"
        yield InvalidField(pointer=f"{named.pointer}/url", detail=detail)
