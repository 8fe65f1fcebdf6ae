"""One order to the reading process: a line of JSON that says what to do, then the file.

`check` answers with what was found, `redact` with a file from which the withheld parts are gone.
"""

import base64
from collections.abc import Callable

from pydantic_core import from_json, to_json

from services.request_api.service.answer_files import books, pages, redaction, words
from services.request_api.service.answer_files.findings import Found, in_raw, in_text
from shared.kit.confined import Reason, RefusedFile

WORD, BOOK, PDF, TEXT = ".docx", ".xlsx", ".pdf", ".txt"
_JPEG, _PNG = bytes.fromhex("ffd8ff"), bytes.fromhex("89504e470d0a1a0a")
_MOST_TEXT = 5_000_000


def order(work: str, name: str, data: bytes, **more: object) -> bytes:
    """What is sent to the process."""
    return to_json({"work": work, "name": name, **more}) + b"\n" + data


def do_work(order_and_data: bytes) -> bytes:
    """The answer as JSON; RefusedFile for what cannot be looked into."""
    head, _, data = order_and_data.partition(b"\n")
    wanted = from_json(head)
    if wanted["work"] == "check":
        return to_json({"findings": check(wanted["name"], data)})
    redacted, withheld = redact(wanted["name"], data, [tuple(term) for term in wanted["terms"]])
    return to_json({"content": base64.b64encode(redacted).decode(), "withheld": withheld})


def check(name: str, data: bytes) -> list[Found]:
    """What a file holds that must not leave, or should be looked at."""
    if not data:
        raise RefusedFile(Reason.BROKEN, "文件是空的")
    lower = name.lower()
    for ending, look in _CHECKS.items():
        if lower.endswith(ending):
            return look(data)
    if data.startswith((_JPEG, _PNG)) and lower.endswith((".jpg", ".jpeg", ".png")):
        return _check_picture(data)
    raise RefusedFile(Reason.WRONG_TYPE, "答复文件应为 .docx、.xlsx、.pdf、.txt、.jpg 或 .png")


def redact(name: str, data: bytes, terms: list[tuple[str, str]]) -> tuple[bytes, list[dict[str, object]]]:
    """The file without these terms, each replaced by its mark, and where how many were."""
    if name.lower().endswith(WORD):
        return redaction.redact(data, terms)
    if name.lower().endswith(TEXT):
        text, withheld = redaction.redact_text(_decode(data), terms)
        return text.encode(), withheld
    raise RefusedFile(Reason.WRONG_TYPE, "只能遮盖 .docx 和 .txt；其他文件请转换后上传")


def _decode(data: bytes) -> str:
    if len(data) > _MOST_TEXT:
        raise RefusedFile(Reason.TOO_LARGE, "文本文件过大")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return text
    raise RefusedFile(Reason.BROKEN, "文本文件的编码无法识别")


def _check_text(data: bytes) -> list[Found]:
    return in_text("正文", _decode(data))


def _check_picture(data: bytes) -> list[Found]:
    """What a picture shows is not read; that it carries metadata, or more than a picture, is said."""
    is_png = data.startswith(_PNG)
    if is_png and data[12:16] != b"IHDR":
        raise RefusedFile(Reason.BROKEN, "图片不完整或已损坏")
    end = data.rfind(b"IEND") + 8 if is_png else data.rfind(bytes.fromhex("ffd9")) + 2
    found = in_raw("图片", data)
    if len(data) > end or b"PK\x03\x04" in data:
        found.append(Found("trailing_data", "图片", "图片之后还有其他内容", blocking=True))
    marks = (b"Exif\x00\x00", b"http://ns.adobe.com/xap/", b"eXIf", b"tEXt", b"iTXt", b"zTXt", b"\xff\xfe")
    if any(mark in data for mark in marks):
        found.append(Found("image_metadata", "图片", "含有拍摄信息等元数据", blocking=False))
    return [*found, Found("cannot_tell", "图片", "图片中的文字无法检查，请人工核对", blocking=False)]


_CHECKS: dict[str, Callable[[bytes], list[Found]]] = {
    WORD: words.check,
    BOOK: books.check,
    PDF: pages.check,
    TEXT: _check_text,
}
