"""PDF: numbers of persons in the text layer, text under dark boxes, notes, attachments, older versions in the file.

What a picture shows is not read, and that it cannot be told is said. A box is a filled rectangle darker than grey; text
whose place lies inside one is hidden only to the eye.
"""

import io
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from services.request_api.service.answer_files.findings import Found, in_text
from shared.kit.confined import Reason, RefusedFile

_DARK = 0.35
_MOST_PAGES = 2_000
_SMALLEST_BOX = 4.0
_HARMLESS_NOTES = frozenset({"/Link", "/Widget", "/Popup"})
_FILLS = frozenset({b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*"})
Box = tuple[float, float, float, float]


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
        found = _check_file(reader, data)
        for number, page in enumerate(reader.pages, start=1):
            found += _check_page(page, f"第{number}页")
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise RefusedFile(Reason.BROKEN, "PDF 不完整或已损坏") from error
    return found


def _check_file(reader: PdfReader, data: bytes) -> list[Found]:
    found = []
    if data.count(b"%%EOF") > 1:
        found.append(Found("older_versions", "文件", "文件里留有以前的版本", blocking=True))
    if reader.attachments:
        found.append(Found("embedded", "文件", "有附件", blocking=True))
    information = " ".join(str(value) for value in (reader.metadata or {}).values())
    found += in_text("文件属性", information)
    if reader.metadata and reader.metadata.author:
        found.append(Found("properties", "文件属性", "文档属性含作者等信息", blocking=False))
    return found


class _Watcher:
    """Follows the page's painting: dark boxes and where text stands."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.texts: list[tuple[float, float, str]] = []
        self._path: list[Box] = []
        self._is_dark = True  # A page begins with black.

    def operand(self, operator: Any, operands: Any, cm: list[float], _tm: list[float]) -> None:
        name = operator if isinstance(operator, bytes) else str(operator).encode()
        if name in (b"g", b"rg", b"k", b"sc", b"scn"):
            self._is_dark = _is_dark([float(one) for one in operands if isinstance(one, int | float)])
        elif name == b"re":
            self._path.append(_transformed([float(one) for one in operands[:4]], cm))
        elif name in _FILLS:
            self.boxes += [box for box in self._path if self._is_dark and _is_large(box)]
            self._path = []
        elif name in (b"n", b"S", b"s"):
            self._path = []

    def text(self, text: str, cm: list[float], tm: list[float], _font: Any, _size: float) -> None:
        if text.strip():
            x = tm[4] * cm[0] + tm[5] * cm[2] + cm[4]
            y = tm[4] * cm[1] + tm[5] * cm[3] + cm[5]
            self.texts.append((x, y, text.strip()))

    @property
    def is_covering(self) -> bool:
        """Whether any text begins inside a dark box."""
        return any(
            left - 1 <= x <= right + 1 and bottom - 1 <= y <= top + 1
            for x, y, _ in self.texts
            for left, bottom, right, top in self.boxes
        )


def _check_page(page: Any, place: str) -> list[Found]:
    watcher = _Watcher()
    text = page.extract_text(visitor_operand_before=watcher.operand, visitor_text=watcher.text)
    found = in_text(place, text)
    if watcher.is_covering:
        found.append(Found("text_under_box", place, "黑块下面还有文字", blocking=True))
    notes = {str(note.get_object().get("/Subtype")) for note in page.get("/Annots") or []}
    if notes - _HARMLESS_NOTES:
        found.append(Found("annotations", place, "有批注或者覆盖物", blocking=True))
    if not text.strip():
        found.append(Found("cannot_tell", place, "没有文字层，可能是扫描件，请人工核对", blocking=False))
    return found


def _is_dark(colour: list[float]) -> bool:
    if len(colour) == 4:  # CMYK
        colour = [(1 - one) * (1 - colour[3]) for one in colour[:3]]
    return bool(colour) and max(colour) <= _DARK


def _transformed(rectangle: list[float], cm: list[float]) -> Box:
    x, y, width, height = rectangle
    corners = [(x, y), (x + width, y + height)]
    points = [(a * cm[0] + b * cm[2] + cm[4], a * cm[1] + b * cm[3] + cm[5]) for a, b in corners]
    (x1, y1), (x2, y2) = points
    return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


def _is_large(box: Box) -> bool:
    """A rule under a heading is no box."""
    return box[2] - box[0] >= _SMALLEST_BOX and box[3] - box[1] >= _SMALLEST_BOX
