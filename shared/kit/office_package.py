"""The package (ZIP) of an Office file, looked at before anything in it is unpacked."""

import io
import re
import zipfile
import zlib
from dataclasses import dataclass
from enum import Enum

from shared.kit.confined import Reason, RefusedFile

_END = b"PK\x05\x06"
_ENTRY_BYTES = 46  # least size of a directory entry (APPNOTE.TXT §4.3.12)
_LONGEST_ENTRY = 400
_ENCRYPTED = 0x1
_MACROS = re.compile(r"(?:^|/)(?:vbaProject\.bin|vbaData\.xml)$", re.IGNORECASE)
_CONTENT_TYPES = "[Content_Types].xml"
_KINDS = (
    (b"template.main", "模板"),
    (b"wordprocessingml", "文字处理文档"),
    (b"spreadsheetml", "电子表格"),
    (b"presentationml", "演示文稿"),
)
_PARSED = (".xml", ".rels")
_DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be"))


class OfficeKind(Enum):
    """What a package has to be: the content type of its main part, what to call it, what to upload."""

    WORD = (b"wordprocessingml.document.main+xml", "Word 文档", ".docx")
    WORKBOOK = (b"spreadsheetml.sheet.main+xml", "Excel 工作簿", ".xlsx")


@dataclass(frozen=True)
class PackageBounds:
    """How large a package may be. What exceeds them is refused."""

    members: int = 2_000
    """Files in it."""
    unpacked_bytes: int = 150_000_000
    xml_bytes: int = 30_000_000
    """Of one part that is parsed."""
    ratio: int = 200
    """Unpacked to packed, of whatever unpacks to more than a megabyte."""


def open_package(data: bytes, kind: OfficeKind, bounds: PackageBounds) -> zipfile.ZipFile:
    """RefusedFile unless it is a package of that kind within bounds, without password, macros and document types."""
    _check_directory(data, bounds)
    try:
        package = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
        raise RefusedFile(Reason.BROKEN, "文件不完整或已损坏：压缩包打不开") from error
    _check_members(package.infolist(), bounds)
    names = {info.filename for info in package.infolist()}
    if _CONTENT_TYPES not in names:
        raise RefusedFile(Reason.WRONG_TYPE, f"这是压缩包，不是 {kind.value[1]}；请上传 {kind.value[2]} 本身")
    if any(_MACROS.search(name) for name in names):
        raise RefusedFile(Reason.MACROS, f"文档带有宏；请另存为不含宏的 {kind.value[2]} 后再上传")
    _check_parts(package, kind)
    return package


def _check_directory(data: bytes, bounds: PackageBounds) -> None:
    """Opening a package reads its whole directory: that one is bounded first."""
    place = data.rfind(_END)
    if place < 0 or len(data) < place + 22:
        raise RefusedFile(Reason.BROKEN, "文件不完整或已损坏：没有压缩包目录")
    count = int.from_bytes(data[place + 10 : place + 12], "little")
    size = int.from_bytes(data[place + 12 : place + 16], "little")
    if count > bounds.members or size > bounds.members * (_ENTRY_BYTES + _LONGEST_ENTRY):
        raise RefusedFile(Reason.BOMB, f"压缩包内的文件超过{bounds.members}个，不是正常的文档")


def _check_members(members: list[zipfile.ZipInfo], bounds: PackageBounds) -> None:
    if len(members) > bounds.members:
        raise RefusedFile(Reason.BOMB, f"压缩包内的文件超过{bounds.members}个，不是正常的文档")
    if any(info.flag_bits & _ENCRYPTED for info in members):
        raise RefusedFile(Reason.ENCRYPTED, "这份文档有密码；请去除密码后再上传")
    if sum(info.file_size for info in members) > bounds.unpacked_bytes:
        raise RefusedFile(Reason.BOMB, f"解压后超过{bounds.unpacked_bytes // 1_000_000}MB，不是正常的文档")
    for info in members:
        inflated = info.file_size > max(1_000_000, bounds.ratio * info.compress_size)
        if inflated or (info.filename.lower().endswith(_PARSED) and info.file_size > bounds.xml_bytes):
            raise RefusedFile(Reason.BOMB, "压缩包内有异常膨胀的内容（压缩炸弹），不予读取")


def _check_parts(package: zipfile.ZipFile, kind: OfficeKind) -> None:
    """No part of an Office package has a document type (ECMA-376 part 2 §7.2.3): entities have no place to hide."""
    try:
        for info in package.infolist():
            if not info.filename.lower().endswith(_PARSED):
                continue
            part = package.read(info)
            if any(doctype in part for doctype in _DOCTYPES):
                raise RefusedFile(Reason.BOMB, "文档内含有文档类型声明（DTD），可能是实体炸弹，不予读取")
            if info.filename == _CONTENT_TYPES:
                _check_types(part, kind)
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, NotImplementedError, RuntimeError) as error:
        raise RefusedFile(Reason.BROKEN, "文件不完整或已损坏：有的部分解不开") from error


def _check_types(types: bytes, kind: OfficeKind) -> None:
    wanted, name, ending = kind.value
    if b"macroenabled" in types.lower():
        raise RefusedFile(Reason.MACROS, f"文档启用了宏；请另存为不含宏的 {ending} 后再上传")
    if wanted not in types:
        found = next((called for mark, called in _KINDS if mark in types), "压缩包")
        raise RefusedFile(Reason.WRONG_TYPE, f"这是{found}，不是 {name}；请上传 {ending}")
