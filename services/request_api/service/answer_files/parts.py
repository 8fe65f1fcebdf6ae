"""The parts of an Office package, one and all: what is XML is searched whole, what is neither XML nor a picture does not leave."""

import contextlib
import re
import zipfile
from collections.abc import Iterator
from typing import Any

from lxml import etree

from services.request_api.service.answer_files.findings import Found, in_raw, in_text
from shared.kit.confined import Reason, RefusedFile

PARSER = etree.XMLParser(
    resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
)
REL = "http://schemas.openxmlformats.org/package/2006/relationships"
_STRICT = "http://purl.oclc.org/ooxml/"
_XML = (".xml", ".rels", ".vml")
_PICTURE = re.compile(r"/media/[^/]+\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf|svg)$", re.IGNORECASE)
_FONT = re.compile(r"/fonts/[^/]+\.(?:odttf|fntdata)$", re.IGNORECASE)
_PRINTER = re.compile(r"/printerSettings/printerSettings\d*\.bin$")
_SHORTEST = 8
_PARAGRAPH = frozenset({"p", "si", "is"})
"""Whose texts are read in one go: a paragraph of Word or of a drawing, a string of a workbook."""


def parse(content: bytes) -> Any:
    """The part as a tree; RefusedFile when it is none."""
    try:
        return etree.fromstring(content, PARSER)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise RefusedFile(Reason.BROKEN, "文件不完整或已损坏：有的部分读不出来") from error


def local(element: Any) -> str:
    """An element's name without its namespace; empty for what is no element."""
    return etree.QName(element.tag).localname if isinstance(element.tag, str) else ""


def read_parts(package: zipfile.ZipFile) -> dict[str, Any]:
    """Every XML part by its name. The strict dialect is refused: what reads the other finds nothing in it."""
    parts = {name: parse(package.read(name)) for name in package.namelist() if name.lower().endswith(_XML)}
    for root in parts.values():
        if any(isinstance(uri, str) and uri.startswith(_STRICT) for uri in root.nsmap.values()):
            raise RefusedFile(Reason.WRONG_TYPE, "这是“严格 Open XML”格式；请另存为普通的 .docx 或 .xlsx 后再上传")
    return parts


def check_members(data: bytes, package: zipfile.ZipFile) -> Iterator[Found]:
    """What is in the package beside XML, and around it."""
    for info in package.infolist():
        name = info.filename
        if name.lower().endswith(_XML) or name.endswith("/"):
            continue
        if _PICTURE.search(name):
            yield from in_raw("图片", package.read(name))
        elif name.startswith("docProps/thumbnail."):
            yield Found("thumbnail", name, "带有首页缩略图，可能是以前的内容", blocking=False)
        elif not _FONT.search(name) and not _PRINTER.search(name):
            # Not by its name, which may be anybody's.
            yield Found("embedded", name.rpartition("/")[0][:60] or "文件", "内嵌有其他文件", blocking=True)
    if not data.startswith(b"PK"):
        yield Found("trailing_data", "文件", "压缩包前后还有其他内容", blocking=True)
    end = data.rfind(b"PK\x05\x06")
    if len(data) > end + 22 + int.from_bytes(data[end + 20 : end + 22], "little") or package.comment:
        yield Found("trailing_data", "文件", "压缩包前后还有其他内容", blocking=True)


def check_texts(name: str, root: Any) -> list[Found]:
    """Every text and every attribute of a part: paragraph by paragraph over all runs, the rest one by one, and all as one."""
    found: list[Found] = []
    loose: list[str] = []
    for number, paragraph in enumerate((one for one in root.iter() if local(one) in _PARAGRAPH), start=1):
        found += in_text(f"{name} 第{number}段", _paragraph_text(paragraph))
    for element in root.iter():
        if not isinstance(element.tag, str):
            continue
        loose += [value for value in element.attrib.values() if len(value) >= _SHORTEST]
        loose += [text for text in (element.text, element.tail) if text and len(text.strip()) >= _SHORTEST]
    found += in_text(name, "\n".join(loose))
    # A number over several cells or lines: each character of it may stand by itself.
    found += in_text(name, "\n".join(text for text in root.itertext() if text.strip()))
    return found


def _paragraph_text(paragraph: Any) -> str:
    """All its texts, and the digits that are put in as symbols of a font."""
    pieces: list[str] = []
    for one in paragraph.iter():
        if local(one) == "sym":
            code = next((value for name, value in one.attrib.items() if name.endswith("}char")), "")
            with contextlib.suppress(ValueError):
                pieces.append(chr(int(code, 16) & 0xFF if int(code, 16) >= 0xF000 else int(code, 16)))
        pieces += [text for text in (one.text,) if text]
        if one is not paragraph and one.tail:
            pieces.append(one.tail)
    return "".join(pieces)


def check_links(name: str, root: Any) -> Iterator[Found]:
    """Relationships that lead out of the package to more than a page."""
    if not name.endswith(".rels"):
        return
    for one in root.iter(f"{{{REL}}}Relationship"):
        if one.get("TargetMode") == "External" and not one.get("Type", "").endswith("/hyperlink"):
            yield Found("external_link", name, "引用外部文件", blocking=True)
        elif one.get("TargetMode") == "External" and not one.get("Target", "").startswith(("http://", "https://", "#")):
            yield Found("external_link", name, "链接含有邮箱、电话或者本机路径", blocking=True)


def check_properties(name: str, root: Any) -> Iterator[Found]:
    """What a document says of its making."""
    if name.startswith("docProps/") and name != "docProps/app.xml" and "".join(root.itertext()).strip():
        yield Found("properties", name, "文档属性含作者等信息", blocking=False)


def distinct(found: list[Found]) -> list[Found]:
    """Each finding once: what was looked at twice says nothing new."""
    seen: dict[tuple[str, str, str], Found] = {}
    for one in found:
        seen.setdefault((one.kind, one.place.split(" ")[0], one.excerpt), one)
    return list(seen.values())
