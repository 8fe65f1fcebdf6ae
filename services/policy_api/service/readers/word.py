"""Word documents (.docx): the text as a reader of the final version sees it, numbers that Word counts itself included.

Left out: headers, footers, page numbers, deletions, hidden text, comments, notes, text boxes, pictures. Whatever of these
holds words is remarked. Tables become rows with their cells parted by tabs.
"""

import io
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import docx
from docx.opc.constants import RELATIONSHIP_TYPE as RT
from docx.opc.exceptions import PackageNotFoundError
from lxml import etree

from services.policy_api.service.readers.found import Bounds, Readout, Remark
from services.policy_api.service.readers.kinds import FileKind
from services.policy_api.service.readers.numbering import Numbering
from services.policy_api.service.readers.words import W, is_on
from shared.kit.confined import Reason, RefusedFile
from shared.kit.office_package import OfficeKind, open_package

_BROKEN = (PackageNotFoundError, etree.XMLSyntaxError, KeyError, ValueError, AttributeError, TypeError, IndexError)
_SEEN = 60
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_MATH_TEXT = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_BREAKS = {W + "tab": "\t", W + "ptab": "\t", W + "br": "\n", W + "cr": "\n", W + "noBreakHyphen": "-"}
_SKIPPED = {
    W + "del": "deleted",
    W + "moveFrom": "deleted",
    W + "txbxContent": "boxes",
    W + "drawing": "",  # its text boxes are looked at by themselves
    W + "pict": "",
    W + "object": "objects",
    W + "altChunk": "chunks",
    W + "subDoc": "chunks",
    W + "rt": "",
    W + "rPr": "",
    W + "pPr": "",
    W + "tblPr": "",
    W + "sectPr": "",
    _FALLBACK: "",
}
_REMARKS = {
    "deleted": "处修订删除的内容没有收入正文；请确认文稿已定稿",
    "inserted": "处修订插入的内容已收入正文；请确认文稿已定稿",
    "hidden": "处隐藏文字没有收入正文，请核对",
    "comments": "条批注没有收入正文；请确认批注已处理完",
    "notes": "条脚注或尾注没有收入正文，请核对",
    "boxes": "个文本框没有收入正文，请核对",
    "pictures": "张图片没有收入正文；图中如有文字请录入",
    "objects": "个嵌入对象没有收入正文，请核对",
    "chunks": "处插入的其他文件没有收入正文，请核对",
    "formulas": "个公式已转为一行文字，请核对",
    "tables": "个表格已转为以制表符分隔的文字，请核对",
}


@dataclass
class _Seen:
    """How often each thing was met, and the words of the first."""

    counts: Counter[str] = field(default_factory=Counter)
    samples: dict[str, str] = field(default_factory=dict)

    def add(self, what: str, words: str = "") -> None:
        self.counts[what] += 1
        if words.strip() and what not in self.samples:
            self.samples[what] = " ".join(words.split())[:_SEEN]

    def remarks(self) -> list[Remark]:
        return [
            Remark("/body", f"{self.counts[what]}{sentence}", self.samples.get(what))
            for what, sentence in _REMARKS.items()
            if self.counts[what]
        ]


def read_word(data: bytes, bounds: Bounds) -> Readout:
    """The document's text; RefusedFile for what is no Word document, or one that no office would write."""
    open_package(data, OfficeKind.WORD, bounds.package).close()
    try:
        part: Any = docx.Document(io.BytesIO(data)).part
        return _read(part, bounds)
    except RecursionError as error:
        raise RefusedFile(Reason.TOO_DEEP, "文档的内容嵌套过深，不予读取") from error
    except etree.XMLSyntaxError as error:
        if "depth" in str(error):
            raise RefusedFile(Reason.TOO_DEEP, "文档的内容嵌套过深，不予读取") from error
        raise RefusedFile(Reason.BROKEN, "文件不完整或已损坏：文档内容不是合法的 XML") from error
    except _BROKEN as error:
        raise RefusedFile(Reason.BROKEN, "文件不完整或已损坏，或者不是 Word 文档（.docx）") from error


def _read(part: Any, bounds: Bounds) -> Readout:
    seen = _Seen()
    numbering = Numbering(_related(part, RT.NUMBERING), _related(part, RT.STYLES))
    _count_side_texts(part, seen)
    lines: list[str] = []
    size = 0
    for block in _blocks(part.element.body, bounds):
        added = _table_rows(block, numbering, seen) if block.tag == W + "tbl" else [_paragraph(block, numbering, seen)]
        lines += added
        size += sum(map(len, added))
        if size > bounds.characters:
            raise RefusedFile(Reason.TOO_LARGE, f"正文超过{bounds.characters}字；请拆成几份文件")
    text = "\n".join(lines)
    if not text.strip():
        raise RefusedFile(Reason.NO_TEXT, "文档里没有文字；如果内容是图片，请先识别为文字")
    return Readout(FileKind.WORD, text, seen.remarks())


def _related(part: Any, kind: str) -> Any:
    """The root of a part that stands in this relation to the document; None where there is none."""
    for relation in part.rels.values():
        if relation.reltype == kind and not relation.is_external:
            blob: bytes = relation.target_part.blob
            return etree.fromstring(blob, etree.XMLParser(resolve_entities=False, no_network=True))
    return None


def _blocks(body: Any, bounds: Bounds) -> Any:
    """Paragraphs and tables of the text, those within content controls and insertions too. Nothing recursive."""
    walk = etree.iterwalk(body, events=("start", "end"))
    depth = 0
    for event, element in walk:
        depth += 1 if event == "start" else -1
        if depth > bounds.depth:
            raise RefusedFile(Reason.TOO_DEEP, "文档的内容嵌套过深，不予读取")
        if event == "start" and (element.tag in (W + "p", W + "tbl") or element.tag in _SKIPPED):
            if element.tag in (W + "p", W + "tbl"):
                yield element
            walk.skip_subtree()


def _count_side_texts(part: Any, seen: _Seen) -> None:
    for kind, what, tag in (
        (RT.COMMENTS, "comments", W + "comment"),
        (RT.FOOTNOTES, "notes", W + "footnote"),
        (RT.ENDNOTES, "notes", W + "endnote"),
    ):
        root = _related(part, kind)
        for one in root.iter(tag) if root is not None else ():
            # Separator lines are notes too, with a type.
            if one.get(W + "type") in (None, "normal"):
                seen.add(what, "".join(text.text or "" for text in one.iter(W + "t")))


def _table_rows(table: Any, numbering: Numbering, seen: _Seen) -> list[str]:
    seen.add("tables")
    rows: list[str] = []
    cells: list[str] = []
    walk = etree.iterwalk(table, events=("start", "end"), tag=(W + "tr", W + "tc", W + "p"))
    for event, element in walk:
        if event == "end":
            if element.tag == W + "tr" and cells:
                rows.append("\t".join(cells).rstrip("\t"))
                cells = []
            continue
        if element.tag == W + "tc":
            cells.append("")
        elif element.tag == W + "p" and not _in_box(element):
            words = _paragraph(element, numbering, seen).strip().replace("\n", " ")
            if words and cells:
                cells[-1] = f"{cells[-1]} {words}".strip()
    return [row for row in rows if row.strip()]


def _in_box(paragraph: Any) -> bool:
    nearest = next(paragraph.iterancestors(W + "txbxContent", W + "tbl"), None)
    return nearest is not None and nearest.tag == W + "txbxContent"


def _paragraph(paragraph: Any, numbering: Numbering, seen: _Seen) -> str:
    """Its number, if Word counts it, and its words."""
    parts = [numbering.label(paragraph)]
    walk = etree.iterwalk(paragraph, events=("start",))
    for _, element in walk:
        tag = element.tag
        if tag in _SKIPPED and element is not paragraph:
            _note_skipped(element, seen)
            walk.skip_subtree()
        elif tag == W + "r" and _is_hidden(element, numbering):
            words = _words_of(element)
            if words.strip():
                seen.add("hidden", words)
            walk.skip_subtree()
        elif tag in (W + "t", _MATH_TEXT):
            parts.append(element.text or "")
        elif tag in _BREAKS:
            parts.append(_BREAKS[tag])
        elif tag in (W + "ins", W + "moveTo"):
            seen.add("inserted", _words_of(element))
        elif tag.endswith("}oMath"):
            seen.add("formulas")
    return "".join(parts)


def _note_skipped(element: Any, seen: _Seen) -> None:
    what = _SKIPPED[element.tag]
    if what == "deleted":
        seen.add(what, "".join(text.text or "" for text in element.iter(W + "delText", W + "t")))
    elif what:
        seen.add(what, _words_of(element))
    elif element.tag in (W + "drawing", W + "pict"):
        boxes = list(element.iter(W + "txbxContent"))
        for box in boxes:
            seen.add("boxes", _words_of(box))
        if not boxes:
            seen.add("pictures")


def _is_hidden(run: Any, numbering: Numbering) -> bool:
    properties = run.find(W + "rPr")
    if properties is None:
        return False
    vanish = properties.find(W + "vanish")
    if vanish is not None:
        return is_on(vanish)
    style = properties.find(W + "rStyle")
    return style is not None and numbering.hides(style.get(W + "val"))


def _words_of(element: Any) -> str:
    return "".join(text.text or "" for text in element.iter(W + "t"))
