"""Which of the readable types a file is, by its content. Its name and its declared type are not asked."""

import re
from enum import StrEnum

from shared.kit.confined import Reason, RefusedFile

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_PDF_WITHIN = 1024
_PAGE = re.compile(rb"<(?:!doctype\s+html|html|head|body|div|p|table|span|br|h[1-6]|meta)[\s>/]", re.IGNORECASE)
_COMMENT = re.compile(rb"\s*<!--")
_SNIFFED = 4096
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"{\\rtf", "RTF 文档"),
    (b"\x89PNG", "PNG 图片"),
    (b"\xff\xd8\xff", "JPEG 图片"),
    (b"GIF8", "GIF 图片"),
    (b"RIFF", "多媒体文件"),
    (b"MZ", "可执行程序"),
    (b"\x7fELF", "可执行程序"),
    (b"Rar!", "RAR 压缩包"),
    (b"7z\xbc\xaf", "7z 压缩包"),
    (b"\x1f\x8b", "gzip 压缩包"),
)


class FileKind(StrEnum):
    """What can be read; the value is the media type."""

    WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    PDF = "application/pdf"
    PAGE = "text/html"
    TEXT = "text/plain"


ENDINGS = {
    FileKind.WORD: (".docx",),
    FileKind.PDF: (".pdf",),
    FileKind.PAGE: (".html", ".htm"),
    FileKind.TEXT: (".txt",),
}


def find_kind(data: bytes) -> FileKind:
    """RefusedFile for what is none of them. A package is looked into only by its reader."""
    if data.startswith(_ZIP):
        return FileKind.WORD
    if data.startswith(_OLE):
        raise _refuse_old_office(data)
    if b"%PDF-" in data[:_PDF_WITHIN]:
        return FileKind.PDF
    for magic, name in _OTHERS:
        if data.startswith(magic):
            raise RefusedFile(Reason.WRONG_TYPE, f"这是{name}；请上传 .docx、有文字层的 .pdf、.html 或 .txt")
    # Marks of two bytes a character stand in the way of what is looked for.
    start = data[: 2 * _SNIFFED].replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf")
    return FileKind.PAGE if _PAGE.search(start[:_SNIFFED]) or _COMMENT.match(start) else FileKind.TEXT


def _refuse_old_office(data: bytes) -> RefusedFile:
    """Office files before 2007, and encrypted ones of today ([MS-OFFCRYPTO] §1.3), share one container."""
    if "EncryptedPackage".encode("utf-16-le") in data:
        return RefusedFile(Reason.ENCRYPTED, "这份文档有打开密码；请去除密码后再上传")
    return RefusedFile(Reason.WRONG_TYPE, "这是旧版 Office 文件（如 .doc）；请用文字处理软件另存为 .docx 后再上传")
