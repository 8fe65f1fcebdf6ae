"""The package of a template: only what a letter needs, nothing of who wrote it, and the same bytes every time."""

import io
import re
import zipfile
from collections.abc import Mapping
from datetime import date
from typing import Any

from lxml import etree

from shared.kit.confined import Reason, RefusedFile
from shared.kit.office_package import OfficeKind, PackageBounds, open_package

BOUNDS = PackageBounds(members=300, unpacked_bytes=20_000_000, xml_bytes=4_000_000)
DOCUMENT = "word/document.xml"
_TYPES, _ROOT, _CORE = "[Content_Types].xml", "_rels/.rels", "docProps/core.xml"
_RELATED = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPED = "http://schemas.openxmlformats.org/package/2006/content-types"
_MAIN = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
_PROPERTIES = "http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties"
_CORE_TYPE = "application/vnd.openxmlformats-package.core-properties+xml"
_KEPT = re.compile(
    r"word/(?:(?:document|styles|settings|fontTable|numbering|webSettings|footnotes|endnotes|header\d*|footer\d*)\.xml"
    r"|theme/theme\d*\.xml|media/[\w-]+\.(?:png|jpe?g)|_rels/[\w]+\.xml\.rels)"
)
_DROPPED = re.compile(
    r"(?:docProps/.*|customXml/.*|word/(?:stylesWithEffects|people|glossary/.*|comments(?:Ids|Extended|Extensible)"
    r"|_rels/.*|theme/_rels/.*)(?:\.xml)?(?:\.rels)?|.*/)"
)
FILLED = re.compile(r"word/(?:document|header\d*|footer\d*|footnotes|endnotes)\.xml")
"""Parts that hold text of a letter."""


def parse(content: bytes) -> Any:
    """A part as a tree. Its package has been looked at: there are no document types in it."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise RefusedFile(Reason.BROKEN, "文件不完整或已损坏：文档内容不是合法的 XML") from error


def to_bytes(tree: Any) -> bytes:
    written: bytes = etree.tostring(tree, xml_declaration=True, encoding="UTF-8", standalone=True)
    return written


def read_parts(data: bytes) -> dict[str, bytes]:
    """The parts that are kept; RefusedFile for a package that is not safe or holds what no letter holds."""
    with open_package(data, OfficeKind.WORD, BOUNDS) as package:
        names = [info.filename for info in package.infolist()]
        if len({name.lower() for name in names}) != len(names):
            raise RefusedFile(Reason.BROKEN, "压缩包内有同名文件，不予读取")
        strange = [name for name in names if not _is_known(name)]
        if strange:
            raise RefusedFile(
                Reason.WRONG_TYPE, f"模板中有不允许的内容：{strange[0][:80]}；请去除批注、嵌入对象等再上传"
            )
        parts = {name: package.read(name) for name in names if _KEPT.fullmatch(name)}
        types = package.read(_TYPES)
    if DOCUMENT not in parts:
        raise RefusedFile(Reason.BROKEN, "文件不完整：没有正文")
    for name in [name for name in parts if name.endswith(".rels")]:
        parts[name] = _clean_relations(parts[name], parts)
    return parts | {_TYPES: _clean_types(types, parts), _ROOT: _root_relations()}


def _is_known(name: str) -> bool:
    return name in (_TYPES, _ROOT) or bool(_KEPT.fullmatch(name) or _DROPPED.fullmatch(name))


def _clean_relations(content: bytes, parts: Mapping[str, bytes]) -> bytes:
    """Relations to what is kept; one that leads out of the package is refused."""
    tree = parse(content)
    for relation in list(tree):
        if relation.get("TargetMode", "").lower() == "external":
            raise RefusedFile(Reason.WRONG_TYPE, "模板中有外部链接（链接图片、附加模板或超链接）；请去除后再上传")
        target = relation.get("Target", "")
        path = target.lstrip("/") if target.startswith("/") else f"word/{target}"
        if path not in parts:
            tree.remove(relation)
    return to_bytes(tree)


def _clean_types(content: bytes, parts: Mapping[str, bytes]) -> bytes:
    tree = parse(content)
    for override in list(tree.iterfind(f"{{{_TYPED}}}Override")):
        if override.get("PartName", "").lstrip("/") not in parts:
            tree.remove(override)
    etree.SubElement(tree, f"{{{_TYPED}}}Override", PartName=f"/{_CORE}", ContentType=_CORE_TYPE)
    return to_bytes(tree)


def _root_relations() -> bytes:
    tree = etree.Element(f"{{{_RELATED}}}Relationships", nsmap={None: _RELATED})
    for number, (kind, target) in enumerate(((_MAIN, DOCUMENT), (_PROPERTIES, _CORE)), start=1):
        etree.SubElement(tree, f"{{{_RELATED}}}Relationship", Id=f"rId{number}", Type=kind, Target=target)
    return to_bytes(tree)


def write_parts(parts: Mapping[str, bytes], *, dated: date) -> bytes:
    """One package of these parts: their order, times and properties depend on nothing but `dated`."""
    whole = {**parts, _CORE: _core_properties(dated)}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name in sorted(whole, key=lambda name: (name != _TYPES, name)):
            info = zipfile.ZipInfo(name, (dated.year, dated.month, dated.day, 0, 0, 0))
            info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, 0
            package.writestr(info, whole[name])
    return buffer.getvalue()


def _core_properties(dated: date) -> bytes:
    """Neither author nor title: a title would repeat whom the letter is to."""
    moment = f"{dated.isoformat()}T00:00:00Z"
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        '<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties"'
        ' xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<dcterms:created xsi:type="dcterms:W3CDTF">{moment}</dcterms:created>'
        f'<dcterms:modified xsi:type="dcterms:W3CDTF">{moment}</dcterms:modified></cp:coreProperties>'
    ).encode()
