"""PDF files with a text layer: text page by page, put together to paragraphs. What is only a picture is refused.

Pictures, forms, bookmarks, scripts and embedded files are not looked at.
"""

import io
import logging
from collections.abc import Callable
from typing import Any

from pypdf import Configuration, PdfReader, apply_configuration
from pypdf.errors import LimitReachedError, PyPdfError

from services.policy_api.rules.rejoining import PrintedLine, Rejoined, rejoin_pages
from services.policy_api.service.readers.found import Bounds, Readout, Remark
from services.policy_api.service.readers.kinds import FileKind
from shared.kit.confined import Reason, RefusedFile

_ENCRYPTED = "PDF 有密码或权限限制；请解除后再上传"
_LEAST_CHARACTERS = 10
"""On a page that has text at all; below, it is a page number or a stamp."""
_UNREADABLE = range(0xE000, 0xF900)
_FAULTS = (
    PyPdfError,
    KeyError,
    ValueError,
    AttributeError,
    TypeError,
    IndexError,
    AssertionError,
    OverflowError,
    OSError,
)


def read_pdf(data: bytes, bounds: Bounds, allow_pages: Callable[[int], None]) -> Readout:
    """The text; RefusedFile for what is encrypted, a scan, broken or made to keep a reader busy.

    `allow_pages` is told how many pages there are before their text is read.
    """
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    apply_configuration(_limits(bounds))
    try:
        reader = PdfReader(io.BytesIO(data), root_object_recovery_limit=100, xref_stream_maximum_entries=200_000)
        if reader.is_encrypted:
            raise RefusedFile(Reason.ENCRYPTED, _ENCRYPTED)
        count = len(reader.pages)
        if count > bounds.pages:
            raise RefusedFile(Reason.TOO_LARGE, f"PDF 超过{bounds.pages}页；请拆成几份文件")
        allow_pages(count)
        pages = _texts(reader, bounds)
    except LimitReachedError as error:
        raise RefusedFile(Reason.BOMB, "PDF 内有异常庞大的内容（压缩炸弹或过深的结构），不予读取") from error
    except RecursionError as error:
        raise RefusedFile(Reason.TOO_DEEP, "PDF 的结构嵌套过深，不予读取") from error
    except _FAULTS as error:
        if b"/Encrypt" in data:
            raise RefusedFile(Reason.ENCRYPTED, _ENCRYPTED) from error
        raise RefusedFile(Reason.BROKEN, "文件不完整或已损坏：PDF 无法读取") from error
    return _readout(pages)


def _limits(bounds: Bounds) -> Configuration:
    most = bounds.page_bytes
    return Configuration(
        maximum_declared_stream_length=30_000_000,
        array_based_stream_maximum_output_length=most,
        lzw_maximum_output_length=most,
        run_length_maximum_output_length=most,
        zlib_maximum_output_length=most,
        zlib_maximum_recovery_input_length=100_000,
        brotli_maximum_output_length=most,
        jbig2_maximum_output_length=0,
        image_maximum_buffer_size=0,
        stream_filters_maximum_length=4,
        stream_decoding_work_maximum_length=4 * most,
        stream_parsing_work_maximum_count=100_000,
        # Widths of a large font's characters are the longest arrays that honest files have.
        array_maximum_element_count=40_000,
        dictionary_maximum_element_count=10_000,
        page_tree_maximum_entries=2 * bounds.pages,
        page_tree_maximum_depth=50,
        page_tree_maximum_page_entries=100 * bounds.pages,
        xform_maximum_invocations_per_extraction=100,
        jbig2dec_binary=None,
    )


def _texts(reader: PdfReader, bounds: Bounds) -> list[list[PrintedLine]]:
    pages: list[list[PrintedLine]] = []
    size = 0
    for page in reader.pages:
        lines = _Lines()
        page.extract_text(visitor_text=lines.take)
        pages.append(lines.done())
        size += sum(len(line.text) for line in pages[-1])
        if size > bounds.characters:
            raise RefusedFile(Reason.TOO_LARGE, f"正文超过{bounds.characters}字；请拆成几份文件")
    return pages


class _Lines:
    """The lines of one page as pypdf reports their pieces, each with the place and size of its first."""

    def __init__(self) -> None:
        self._lines: list[PrintedLine] = []
        self._parts: list[str] = []
        self._left = self._em = 0.0

    def take(self, text: str, user: list[float], place: list[float], _font: Any, size: float | None) -> None:
        """A piece; it may end lines, and only its first line's place is known."""
        for number, part in enumerate(text.split("\n")):
            if number:
                self._end()
            if part.strip() and not "".join(self._parts).strip():
                self._left = user[0] * place[4] + user[2] * place[5] + user[4]
                self._em = abs(user[0] * place[0] * (size or 0.0))
            self._parts.append(part)

    def done(self) -> list[PrintedLine]:
        """All of them."""
        self._end()
        return self._lines

    def _end(self) -> None:
        self._lines.append(PrintedLine("".join(self._parts), self._left, self._em))
        self._parts = []


def _readout(pages: list[list[PrintedLine]]) -> Readout:
    sizes = [sum(len("".join(line.text.split())) for line in page) for page in pages]
    empty = [str(number) for number, size in enumerate(sizes, 1) if size < _LEAST_CHARACTERS]
    if len(empty) == len(pages):
        raise RefusedFile(
            Reason.NO_TEXT, "PDF 没有文字层（像是扫描件）；请上传由文字处理软件导出的 PDF，或先做文字识别"
        )
    rejoined = rejoin_pages(pages)
    remarks = _remarks(rejoined)
    if empty:
        listed = "、".join(empty[:20]) + ("等" if len(empty) > 20 else "")
        remarks.append(Remark("/body", f"第{listed}页没有文字（可能是图片或空白页），请核对"))
    return Readout(FileKind.PDF, rejoined.text, remarks, pages=len(pages))


def _remarks(rejoined: Rejoined) -> list[Remark]:
    remarks: list[Remark] = []
    if rejoined.joined:
        remarks.append(Remark("/body", f"按行宽接合了{rejoined.joined}处换行，请核对分段"))
    if rejoined.doubtful:
        remarks.append(Remark("/body", f"有{rejoined.doubtful}处换行看不出是否分段，按分段处理，请核对"))
    if rejoined.running_heads:
        remarks.append(Remark("/body", "各页重复的页眉页脚没有收入正文", "；".join(rejoined.running_heads)[:60]))
    strange = [char for char in rejoined.text if char == "\ufffd" or ord(char) in _UNREADABLE]
    if strange:
        place = rejoined.text.index(strange[0])
        seen: Any = rejoined.text[max(0, place - 15) : place + 15]
        remarks.append(Remark("/body", f"有{len(strange)}个字没有编码，读出来可能是乱码，请核对", seen))
    return remarks
