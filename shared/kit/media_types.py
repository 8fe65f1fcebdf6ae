"""What a file is, by its content. Its name and its declared type are not asked, and nothing is unpacked.

Knows the kinds that offices publish. Whatever could run in a reader's browser or machine is none of them.
"""

import re
from collections.abc import Callable

_CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_MARKUP = re.compile(
    rb"<\s*(?:!doctype|html|head|body|script|svg|\?xml|iframe|object|embed|style|a\s|img\s|div|p>|table)", re.I
)
_SCRIPT = (b"#!", b"@echo", b"mz", b"\x7felf", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe")
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"{\\rtf", "application/rtf"),
)
# A picture that was cut, or is a picture by its first bytes only, shows nothing.
_WHOLE: dict[str, Callable[[bytes], bool]] = {
    "image/png": lambda data: data[12:16] == b"IHDR" and b"IEND" in data[-64:],
    "image/jpeg": lambda data: b"\xff\xd9" in data[-1024:],
    "image/gif": lambda data: b";" in data[-8:],
    "application/pdf": lambda data: b"%%EOF" in data[-2048:],
}
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_OLE_KINDS = (
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
)
_OFFICE = "application/vnd.openxmlformats-officedocument."
# The first part that only that kind of package has; names stand uncompressed in a ZIP's directory.
_PACKAGES = (
    (b"word/document.xml", _OFFICE + "wordprocessingml.document"),
    (b"xl/workbook.xml", _OFFICE + "spreadsheetml.sheet"),
    (b"ppt/presentation.xml", _OFFICE + "presentationml.presentation"),
    (b"OFD.xml", "application/ofd"),  # GB/T 33190-2016
)
_ACTIVE = (b"vbaProject.bin", b"macroenabled")
SHOWN_IN_BROWSERS = frozenset({"application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp"})
"""May be shown in place; everything else is offered for saving."""
ENDINGS = {
    "application/pdf": (".pdf",),
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/gif": (".gif",),
    "image/webp": (".webp",),
    "audio/mp4": (".m4a", ".mp4"),
    "video/mp4": (".mp4", ".m4v", ".mov"),
    "audio/mpeg": (".mp3",),
    "application/rtf": (".rtf", ".doc"),
    "application/msword": (".doc", ".wps"),
    "application/vnd.ms-excel": (".xls", ".et"),
    "application/vnd.ms-powerpoint": (".ppt", ".dps"),
    _OFFICE + "wordprocessingml.document": (".docx",),
    _OFFICE + "spreadsheetml.sheet": (".xlsx",),
    _OFFICE + "presentationml.presentation": (".pptx",),
    "application/ofd": (".ofd",),
    "text/plain; charset=utf-8": (".txt", ".csv"),
    "text/plain; charset=gb18030": (".txt", ".csv"),
}


def find_media_type(data: bytes) -> str | None:
    """The media type of a file that may be published; None for any other."""
    for place, magic, media_type in _MAGIC:
        if data.startswith(magic, place):
            if media_type in _WHOLE and not _WHOLE[media_type](data):
                return None
            return media_type if media_type != "image/webp" or data.startswith(b"RIFF") else None
    if data.startswith(_OLE):
        found = (kind for name, kind in _OLE_KINDS if name.encode("utf-16-le") in data)
        return next(found, None)
    if data.startswith(b"PK\x03\x04"):
        if any(mark in data for mark in _ACTIVE):
            return None
        return next((kind for part, kind in _PACKAGES if part in data), None)
    return _find_text(data)


def _find_text(data: bytes) -> str | None:
    """Plain text without markup: a page or a drawing would run what it holds in the reader's browser."""
    if not data.strip() or data.lower().startswith(_SCRIPT) or _CONTROLS.search(data) or _MARKUP.search(data):
        return None
    for encoding in ("utf-8", "gb18030"):
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return f"text/plain; charset={encoding}"
    return None
