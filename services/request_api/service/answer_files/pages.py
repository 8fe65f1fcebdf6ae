"""PDF: numbers of persons in every text and value, text that ink hides only from the eye, notes, attachments, older versions.

What a picture shows is not read, and that it cannot be told is said.
"""

import io
from collections.abc import Iterator
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import (
    ArrayObject,
    ByteStringObject,
    ContentStream,
    DictionaryObject,
    IndirectObject,
    StreamObject,
    TextStringObject,
)

from services.request_api.service.answer_files.findings import Found, in_raw, in_text
from services.request_api.service.answer_files.painting import Watcher
from shared.kit.confined import Reason, RefusedFile

_MOST_PAGES = 2_000
_MOST_OBJECTS = 500_000
_DEEPEST = 40
_HARMLESS_NOTES = frozenset({"/Link", "/Widget", "/Popup"})
_ACTIVE = frozenset({"/JavaScript", "/JS", "/Launch", "/SubmitForm", "/ImportData"})
_METADATA = "/Metadata"
_FONT_FILES = ("/Length1", "/Length2", "/Length3")
_LONGEST_STREAM = 4_000_000
_LONGEST_VALUE = 1_000_000


def check(data: bytes) -> list[Found]:
    """What a PDF holds that must not leave."""
    if not data.lstrip()[:5] == b"%PDF-":
        raise RefusedFile(Reason.WRONG_TYPE, "这不是 PDF 文件")
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted:
            raise RefusedFile(Reason.ENCRYPTED, "这份 PDF 有密码；请去除密码后再上传")
        if len(reader.pages) > _MOST_PAGES:
            raise RefusedFile(Reason.TOO_LARGE, f"PDF 超过{_MOST_PAGES}页")
        found = [*_check_file(reader, data), *_check_objects(reader)]
        for number, page in enumerate(reader.pages, start=1):
            found += _check_page(page, f"第{number}页")
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise RefusedFile(Reason.BROKEN, "PDF 不完整或已损坏") from error
    return list(dict.fromkeys(found))


def _check_file(reader: PdfReader, data: bytes) -> Iterator[Found]:
    # A file that is made for the web begins with a table of its own.
    tables = 2 if b"/Linearized" in data[:2048] else 1
    if data.count(b"%%EOF") > tables or data.count(b"startxref") > tables:
        yield Found("older_versions", "文件", "文件里留有以前的版本", blocking=True)
    if data.rpartition(b"%%EOF")[2].strip(b"\r\n\t \0"):
        yield Found("trailing_data", "文件", "文件末尾之后还有其他内容", blocking=True)
    if reader.attachments:
        yield Found("embedded", "文件", "有附件", blocking=True)
    information = " ".join(str(value) for value in (reader.metadata or {}).values())
    yield from in_text("文件属性", information)
    if reader.metadata and reader.metadata.author:
        yield Found("properties", "文件属性", "文档属性含作者等信息", blocking=False)


def _check_objects(reader: PdfReader) -> Iterator[Found]:
    """Every object that the file holds, whether a page leads to it or not."""
    for number in _numbers(reader):
        thing = IndirectObject(number, 0, reader).get_object()
        if isinstance(thing, StreamObject):
            kind = str(thing.get("/Type"))
            if kind == "/EmbeddedFile":
                yield Found("embedded", "文件", "有附件", blocking=True)
            if str(thing.get("/Subtype")) != "/Image" and not any(key in thing for key in _FONT_FILES):
                yield from in_raw("文件", thing.get_data()[:_LONGEST_STREAM])
            if kind == _METADATA:
                yield from in_text("文件元数据", thing.get_data()[:_LONGEST_VALUE].decode("utf-8", "replace"))
        texts: list[str] = []
        for key, value in _values(thing, 0):
            if key in _ACTIVE or value in _ACTIVE:
                yield Found("active_content", "文件", "有脚本或者会启动程序的动作", blocking=True)
            if isinstance(value, str):
                texts.append(value)
        yield from in_text("文件内的注释、书签、表单或者链接", "\n".join(texts))
    if _has_closed_layers(reader.trailer["/Root"]):
        yield Found("hidden_text", "文件", "有关闭的图层", blocking=True)


def _has_closed_layers(root: Any) -> bool:
    layers = root.get("/OCProperties")
    shown = layers.get_object().get("/D") if layers is not None else None
    return shown is not None and bool(shown.get_object().get("/OFF"))


def _numbers(reader: PdfReader) -> list[int]:
    found = {number for table in reader.xref.values() for number in table} | set(reader.xref_objStm)
    if len(found) > _MOST_OBJECTS:
        raise RefusedFile(Reason.TOO_LARGE, "PDF 的对象过多")
    return sorted(number for number in found if number > 0)


def _values(thing: Any, depth: int) -> Iterator[tuple[str, Any]]:
    """Keys and plain values of an object; what it refers to is looked at for itself."""
    if depth > _DEEPEST:
        return
    if isinstance(thing, DictionaryObject):
        for key, value in thing.items():
            if isinstance(value, DictionaryObject | ArrayObject):
                yield str(key), None
                yield from _values(value, depth + 1)
            else:
                yield str(key), _plain(value)
    elif isinstance(thing, ArrayObject):
        for value in thing:
            if isinstance(value, DictionaryObject | ArrayObject):
                yield from _values(value, depth + 1)
            else:
                yield "", _plain(value)
    else:
        yield "", _plain(thing)


def _plain(value: Any) -> str | None:
    if isinstance(value, TextStringObject):
        return str(value)[:_LONGEST_VALUE]
    if isinstance(value, ByteStringObject):
        return bytes(value)[:_LONGEST_VALUE].decode("utf-8", "replace")
    return str(value) if isinstance(value, str) else None


def _forms_of(page: Any) -> dict[str, list[tuple[Any, bytes]]]:
    """The operators of the forms that a page paints, by name."""
    resources = page.get("/Resources")
    things = resources.get_object().get("/XObject") if resources is not None else None
    found: dict[str, list[tuple[Any, bytes]]] = {}
    for name, reference in things.get_object().items() if things is not None else ():
        form = reference.get_object()
        if form.get("/Subtype") == "/Form":
            found[str(name)] = [(operands, operator) for operands, operator in ContentStream(form, page.pdf).operations]
    return found


def _check_page(page: Any, place: str) -> list[Found]:
    watcher = Watcher(_forms_of(page))
    text = page.extract_text(visitor_operand_before=watcher.operand, visitor_text=watcher.text)
    found = in_text(place, text)
    contents = page.get_contents()
    if contents is not None:
        found += in_raw(place, contents.get_data()[:_LONGEST_STREAM])
    if watcher.is_covering:
        found.append(Found("text_under_box", place, "黑块下面还有文字", blocking=True))
    if watcher.is_unseen:
        found.append(Found("hidden_text", place, "有看不见的文字（无墨或者白色）", blocking=True))
    paper = page.mediabox
    if watcher.is_outside((float(paper.left), float(paper.bottom), float(paper.right), float(paper.top))):
        found.append(Found("hidden_text", place, "页面之外还有文字", blocking=True))
    notes = {str(note.get_object().get("/Subtype")) for note in page.get("/Annots") or []}
    if notes - _HARMLESS_NOTES:
        found.append(Found("annotations", place, "有批注或者覆盖物", blocking=True))
    if not text.strip():
        found.append(Found("cannot_tell", place, "没有文字层，可能是扫描件，请人工核对", blocking=False))
    return found
