"""Redaction of Word documents and texts: withheld words are taken out so that nothing of them is left.

Only the parts that print are kept. Terms are looked for paragraph by paragraph over all runs, with blanks between their
characters; afterwards every part is searched once more in one width, and what cannot be taken out is not handed over. What
stands in pictures is not read.
"""

import io
import re
import zipfile
from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

from lxml import etree

from services.request_api.service.answer_files.findings import fold
from services.request_api.service.answer_files.parts import parse, read_parts
from services.request_api.service.answer_files.words import hidden_styles, is_hidden, w
from shared.kit.confined import Reason, RefusedFile
from shared.kit.office_package import OfficeKind, PackageBounds, open_package

_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_KEPT = re.compile(
    r"^(?:\[Content_Types\]\.xml|_rels/\.rels"
    r"|word/(?:document|header\d*|footer\d*|footnotes|endnotes|styles|numbering|settings|fontTable)\.xml"
    r"|word/theme/[^/]+\.xml|word/_rels/[^/]+\.rels|word/media/[^/]+\.(?:png|jpe?g|gif|bmp|tiff?))$",
    re.IGNORECASE,
)
_GONE_PARTS = ("comments", "customXml", "glossary", "people", "webSettings", "oleObject", "package", "aFChunk")
_DELETED = ("del", "moveFrom", "commentRangeStart", "commentRangeEnd", "commentReference", "delText", "rPrChange")
_DELETED_TOO = ("pPrChange", "sectPrChange", "tblPrChange", "tcPrChange", "trPrChange", "object", "altChunk", "sdtPr")
_MOVES = (
    *("moveFromRangeStart", "moveFromRangeEnd", "moveToRangeStart", "moveToRangeEnd", "cellIns", "cellMerge"),
    *("tblGridChange", "numberingChange", "customXmlInsRangeStart", "customXmlInsRangeEnd"),
    *("customXmlDelRangeStart", "customXmlDelRangeEnd", "proofErr", "bookmarkStart", "bookmarkEnd"),
)
_UNWRAPPED = ("ins", "moveTo", "smartTag", "customXml")
_SETTINGS_GONE = (
    *("docVars", "attachedTemplate", "rsids", "mailMerge", "trackRevisions", "saveThroughXslt", "attachedSchema"),
    *("writeProtection", "documentProtection", "docId"),
)
_KNOWN = (
    "{http://schemas.openxmlformats.org/",
    "{http://schemas.microsoft.com/",
    "{urn:schemas-microsoft-com:",
    "{http://www.w3.org/",
)
_PAGE_FIELD = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES|SECTION)(?:\s*\\\*\s*\w+)*\s*", re.IGNORECASE)
_EPOCH = (1980, 1, 1, 0, 0, 0)


def redact(data: bytes, terms: list[tuple[str, str]]) -> tuple[bytes, list[dict[str, object]]]:
    """Another document without these terms and without anything hidden; which term's mark stands where and how often."""
    withheld: list[dict[str, object]] = []
    patterns = [(pattern_of(term), _stand_in(place), mark) for place, (term, mark) in enumerate(terms)]
    parts: dict[str, bytes] = {}
    with open_package(data, OfficeKind.WORD, PackageBounds()) as package:
        hidden = hidden_styles(_ordinary(package))
        for name in package.namelist():
            if not _KEPT.match(name):
                continue
            content = package.read(name)
            if name.endswith((".xml", ".rels")):
                root = parse(content)
                _clean(name, root, hidden)
                for place, (pattern, stand_in, mark) in enumerate(patterns):
                    if count := _replace(root, pattern, stand_in):
                        withheld.append({"term": place, "place": name, "mark": mark, "count": count})
                content = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
                for _, stand_in, mark in patterns:
                    content = content.replace(stand_in.encode(), escape(mark, {'"': "&quot;"}).encode())
            parts[name] = content
    _ensure_gone(parts, terms)
    return _pack(parts), withheld


def _stand_in(place: int) -> str:
    """One character in the place of a mark until all is done: what a mark says is not looked through for the next term."""
    return chr(0xF0000 + place)


def pattern_of(term: str) -> re.Pattern[str]:
    """The term with blanks of any kind between its characters."""
    return re.compile(r"\s*".join(map(re.escape, "".join(term.split()))))


def _ordinary(package: zipfile.ZipFile) -> dict[str, Any]:
    """The parts; RefusedFile unless the text stands where the parts that are kept are."""
    parts = read_parts(package)
    if "word/document.xml" not in parts or re.search(rb"word/document\d+\.xml", package.read("[Content_Types].xml")):
        raise RefusedFile(Reason.WRONG_TYPE, "文档的结构不寻常，不能可靠遮盖；请用 Word 另存为 .docx 后再上传")
    return parts


def _clean(name: str, root: Any, hidden: frozenset[str]) -> None:
    """Take out what does not print."""
    if name.endswith(".rels"):
        _clean_relationships(name, root)
    elif name == "[Content_Types].xml":
        for one in list(root):
            if one.tag == f"{{{_TYPES}}}Override" and not _KEPT.match(one.get("PartName", "").lstrip("/")):
                root.remove(one)
    else:
        _clean_text(root, hidden, _SETTINGS_GONE if name.endswith("settings.xml") else ())


def _clean_relationships(name: str, root: Any) -> None:
    for one in list(root):
        kind = one.get("Type", "").rsplit("/", 1)[-1]
        target = one.get("Target", "")
        if one.get("TargetMode") == "External":
            is_kept = kind == "hyperlink" and target.startswith(("http://", "https://"))
        else:
            is_kept = bool(_KEPT.match(_target(name, target)))
        if kind in _GONE_PARTS or not is_kept:
            root.remove(one)


def _clean_text(root: Any, hidden: frozenset[str], further: tuple[str, ...]) -> None:
    # What was struck out with its mark goes whole: without the mark it would live again.
    gone = [row for row in root.iter(w("tr")) if row.find(f"{w('trPr')}/{w('del')}") is not None]
    gone += [cell for cell in root.iter(w("tc")) if cell.find(f"{w('tcPr')}/{w('cellDel')}") is not None]
    gone += [run for run in root.iter(w("r")) if is_hidden(run, hidden)]
    for tag in (*_DELETED, *_DELETED_TOO, *_MOVES, *further):
        gone += root.iter(w(tag))
    for one in gone:
        if one.getparent() is not None:
            one.getparent().remove(one)
    for tag in _UNWRAPPED:
        for one in list(root.iter(w(tag))):
            _unwrap(one)
    _clean_strangers(root)


def _clean_strangers(root: Any) -> None:
    """What Word itself would not write, fields but page numbers, and marks of who edited when."""
    for element in list(root.iter()):
        if not isinstance(element.tag, str):
            continue
        if not element.tag.startswith(_KNOWN) and element.getparent() is not None:
            element.getparent().remove(element)
            continue
        for name in [name for name in element.attrib if _is_strange(name)]:
            del element.attrib[name]
        if element.tag == w("instrText") and not _PAGE_FIELD.fullmatch(element.text or ""):
            element.text = ""
        if element.tag == w("fldSimple") and not _PAGE_FIELD.fullmatch(element.get(w("instr"), "")):
            element.set(w("instr"), "")


def _is_strange(attribute: str) -> bool:
    foreign = attribute.startswith("{") and not attribute.startswith(_KNOWN)
    return foreign or attribute.rpartition("}")[2].startswith("rsid")


def _target(rels: str, target: str) -> str:
    """The part that a relationship leads to, as a member's name."""
    if target.startswith("/"):
        return target.lstrip("/")
    return target if rels == "_rels/.rels" else f"word/{target}"


def _unwrap(element: Any) -> None:
    parent = element.getparent()
    if parent is None:
        return
    place = parent.index(element)
    for child in list(element):
        parent.insert(place, child)
        place += 1
    parent.remove(element)


def _replace(root: Any, pattern: re.Pattern[str], mark: str) -> int:
    """How often the pattern stood in texts, over runs, and in attributes."""
    count = 0
    for paragraph in root.iter(w("p")):
        count += _replace_in_runs(list(paragraph.iter(w("t"), w("instrText"))), pattern, mark)
    for element in root.iter():
        if isinstance(element.tag, str):
            for attribute, value in element.attrib.items():
                changed, found = pattern.subn(mark, value)
                if found:
                    element.set(attribute, changed)
                    count += found
            if element.tag != w("t") and element.text and pattern.search(element.text):
                element.text, found = pattern.subn(mark, element.text)
                count += found
            if element.tail and pattern.search(element.tail):
                element.tail, found = pattern.subn(mark, element.tail)
                count += found
    return count


def _replace_in_runs(texts: list[Any], pattern: re.Pattern[str], mark: str) -> int:
    """A term may begin in one run and end in another: the mark goes where it begins."""
    count = 0
    while True:
        whole = "".join(one.text or "" for one in texts)
        match = pattern.search(whole)
        if match is None:
            return count
        place, put = 0, False
        for one in texts:
            text = one.text or ""
            start, end = max(match.start() - place, 0), min(match.end() - place, len(text))
            place += len(text)
            if start < end:
                one.text = text[:start] + ("" if put else mark) + text[end:]
                put = True
        count += 1


def _ensure_gone(parts: dict[str, bytes], terms: list[tuple[str, str]]) -> None:
    """What cannot be taken out is not handed over: every part is searched once more, in one width, without marks and blanks."""
    marks = [mark for _, mark in terms]
    for name, content in parts.items():
        is_xml = name.endswith((".xml", ".rels"))
        plain = "".join(parse(content).itertext()) if is_xml else ""
        raw = content.decode("utf-8", "ignore") if is_xml else content.decode("latin-1")
        for term, _ in terms:
            written = term if is_xml else term.encode().decode("latin-1")
            spelled = unquote(raw) if name.endswith(".rels") else ""
            if remains(term, plain, marks) or remains_as_written(written, raw, marks) or term in spelled:
                raise RefusedFile(Reason.BROKEN, f"“{name}”中的内容跨段落或者格式特殊，不能可靠遮盖；请调整后再试")


def remains(term: str, text: str, marks: list[str]) -> bool:
    """Whether the term is still there, however it is written: in any width and case, over lines, with blanks."""
    return _bare(term) in _bare(_without(text, marks))


def remains_as_written(term: str, text: str, marks: list[str]) -> bool:
    return term in _without(text, marks)


def _without(text: str, marks: list[str]) -> str:
    for mark in marks:
        text = text.replace(mark, "\0")
    return text


def _bare(text: str) -> str:
    return "".join(fold(text).split()).casefold()


def redact_text(text: str, terms: list[tuple[str, str]]) -> tuple[str, list[dict[str, object]]]:
    """A text without these terms, over lines too; RefusedFile when one stays in another writing."""
    withheld: list[dict[str, object]] = []
    marks = [mark for _, mark in terms]
    for place, (term, mark) in enumerate(terms):
        text, count = pattern_of(term).subn(_stand_in(place), text)
        if count:
            withheld.append({"term": place, "place": "正文", "mark": mark, "count": count})
    for place, (_, mark) in enumerate(terms):
        text = text.replace(_stand_in(place), mark)
    if any(remains(term, text, marks) for term, _ in terms):
        raise RefusedFile(Reason.BROKEN, "有的文字换了写法（全角、大小写、零宽字符），不能可靠遮盖；请调整后再试")
    return text, withheld


def _pack(parts: dict[str, bytes]) -> bytes:
    """A package whose members tell nothing of when they were made."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name in sorted(parts, key=lambda one: (one != "[Content_Types].xml", one)):
            package.writestr(zipfile.ZipInfo(name, _EPOCH), parts[name], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
