"""Word documents (.docx): what they hide, and how withheld parts are taken out so that nothing of them is left.

Redaction keeps only the parts that print. Terms are looked for paragraph by paragraph over all runs, with blanks between
their characters; what stands in pictures is not read.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from lxml import etree

from services.request_api.service.answer_files.findings import Found, in_text
from shared.kit.confined import Reason, RefusedFile
from shared.kit.office_package import OfficeKind, PackageBounds, open_package

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_REL = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
)
_TEXT_PART = re.compile(r"^word/(?:document|header\d*|footer\d*|footnotes|endnotes|comments)\.xml$")
_KEPT = re.compile(
    r"^(?:\[Content_Types\]\.xml|_rels/\.rels"
    r"|word/(?:document|header\d*|footer\d*|footnotes|endnotes|styles|numbering|settings|fontTable)\.xml"
    r"|word/theme/[^/]+\.xml|word/_rels/[^/]+\.rels|word/media/[^/]+\.(?:png|jpe?g|gif|bmp|tiff?))$",
    re.IGNORECASE,
)
_GONE_PARTS = ("comments", "customXml", "glossary", "people", "webSettings", "oleObject", "package", "aFChunk")
_DELETED = ("del", "moveFrom", "commentRangeStart", "commentRangeEnd", "commentReference", "delText", "rPrChange")
_DELETED_TOO = ("pPrChange", "sectPrChange", "tblPrChange", "tcPrChange", "trPrChange", "object", "altChunk", "sdtPr")
_UNWRAPPED = ("ins", "moveTo", "smartTag", "customXml")
_SETTINGS_GONE = ("docVars", "attachedTemplate", "rsids", "mailMerge", "trackRevisions")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def check(data: bytes) -> list[Found]:
    """Numbers of persons in every part, and whatever does not show on paper."""
    found: list[Found] = []
    with open_package(data, OfficeKind.WORD, PackageBounds()) as package:
        for name in package.namelist():
            if _TEXT_PART.match(name):
                found += _check_part(name, _parse(package.read(name)))
        found += _check_package(package)
    return found


def _check_part(name: str, root: Any) -> list[Found]:
    found: list[Found] = []
    for number, paragraph in enumerate(root.iter(_w("p")), start=1):
        found += in_text(
            f"{name} 第{number}段", "".join(one.text or "" for one in paragraph.iter(_w("t"), _w("delText")))
        )
    hidden = "".join(
        "".join(run.itertext()) for run in root.iter(_w("r")) if run.find(f"{_w('rPr')}/{_w('vanish')}") is not None
    )
    if hidden.strip():
        found.append(Found("hidden_text", name, "有隐藏文字", blocking=True))
    if next(root.iter(*map(_w, ("ins", "del", "moveFrom", "moveTo"))), None) is not None:
        found.append(Found("tracked_changes", name, "有修订痕迹", blocking=True))
    if name.endswith("comments.xml") and next(root.iter(_w("comment")), None) is not None:
        found.append(Found("comments", name, "有批注", blocking=True))
    return found


def _check_package(package: zipfile.ZipFile) -> Iterator[Found]:
    names = package.namelist()
    marks = {
        "word/embeddings/": "内嵌文件",
        "customXml/": "自定义数据",
        "word/activeX": "控件",
        "word/glossary/": "词汇表",
    }
    for mark, label in marks.items():
        if any(name.startswith(mark) for name in names):
            # Every document that Word makes carries custom data of its own; what is in it is looked through below.
            yield Found("embedded", mark.strip("/"), f"有{label}", blocking=mark != "customXml/")
    for name in names:
        if name.endswith(".rels"):
            for one in _parse(package.read(name)).iter(f"{{{_REL}}}Relationship"):
                if one.get("TargetMode") == "External" and not one.get("Type", "").endswith("/hyperlink"):
                    yield Found("external_link", name, "引用外部文件", blocking=True)
        if name.startswith("customXml/item") and name.endswith(".xml"):
            yield from in_text(name, "\n".join(_parse(package.read(name)).itertext()))
        if name in ("docProps/core.xml", "docProps/app.xml", "docProps/custom.xml"):
            text = " ".join(part.strip() for part in _parse(package.read(name)).itertext() if part.strip())
            yield from in_text(name, text)
            if name != "docProps/app.xml" and text:
                yield Found("properties", name, "文档属性含作者等信息", blocking=False)


def redact(data: bytes, terms: list[tuple[str, str]]) -> tuple[bytes, list[dict[str, object]]]:
    """Another document without these terms and without anything hidden; where each mark stands and how often."""
    withheld: list[dict[str, object]] = []
    patterns = [(re.compile(r"\s*".join(map(re.escape, term))), term, mark) for term, mark in terms]
    parts: dict[str, bytes] = {}
    with open_package(data, OfficeKind.WORD, PackageBounds()) as package:
        for name in package.namelist():
            if not _KEPT.match(name):
                continue
            content = package.read(name)
            if name.endswith((".xml", ".rels")):
                root = _parse(content)
                _clean(name, root, package.namelist())
                for pattern, _, mark in patterns:
                    if count := _replace(root, pattern, mark):
                        withheld.append({"place": name, "mark": mark, "count": count})
                content = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
            parts[name] = content
    _ensure_gone(parts, terms)
    return _pack(parts), withheld


def _clean(name: str, root: Any, names: list[str]) -> None:
    """Take out what does not print."""
    if name.endswith(".rels"):
        for one in list(root):
            kind = one.get("Type", "").rsplit("/", 1)[-1]
            is_kept = one.get("TargetMode") == "External" or _KEPT.match(_target(name, one.get("Target", "")))
            if kind in _GONE_PARTS or not is_kept:
                root.remove(one)
        return
    if name == "[Content_Types].xml":
        for one in list(root):
            if one.tag == f"{{{_TYPES}}}Override" and not _KEPT.match(one.get("PartName", "").lstrip("/")):
                root.remove(one)
        return
    for run in [run for run in root.iter(_w("r")) if run.find(f"{_w('rPr')}/{_w('vanish')}") is not None]:
        run.getparent().remove(run)
    for tag in (*_DELETED, *_DELETED_TOO, *(_SETTINGS_GONE if name.endswith("settings.xml") else ())):
        for one in list(root.iter(_w(tag))):
            if one.getparent() is not None:
                one.getparent().remove(one)
    for tag in _UNWRAPPED:
        for one in list(root.iter(_w(tag))):
            _unwrap(one)


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
    for paragraph in root.iter(_w("p")):
        count += _replace_in_runs(list(paragraph.iter(_w("t"), _w("instrText"))), pattern, mark)
    for element in root.iter():
        if isinstance(element.tag, str):
            for attribute, value in element.attrib.items():
                changed, found = pattern.subn(mark, value)
                if found:
                    element.set(attribute, changed)
                    count += found
            if element.tag != _w("t") and element.text and pattern.search(element.text):
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
    """What cannot be taken out is not handed over: every part is searched once more, without marks and blanks."""
    for name, content in parts.items():
        is_xml = name.endswith((".xml", ".rels"))
        plain = "".join(_parse(content).itertext()) if is_xml else ""
        raw = content.decode("utf-8", "ignore") if is_xml else ""
        for term, _ in terms:
            bare = "".join(term.split())
            if bare in "".join(plain.split()) or term in raw:
                raise RefusedFile(Reason.BROKEN, f"“{name}”中的内容跨段落或者格式特殊，不能可靠遮盖；请调整后再试")


def _pack(parts: dict[str, bytes]) -> bytes:
    """A package whose members tell nothing of when they were made."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name in sorted(parts, key=lambda one: (one != "[Content_Types].xml", one)):
            package.writestr(zipfile.ZipInfo(name, _EPOCH), parts[name], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _parse(content: bytes) -> Any:
    try:
        return etree.fromstring(content, _PARSER)
    except etree.XMLSyntaxError as error:
        raise RefusedFile(Reason.BROKEN, "文件不完整或已损坏：有的部分读不出来") from error


def _w(tag: str) -> str:
    return f"{{{_W}}}{tag}"
