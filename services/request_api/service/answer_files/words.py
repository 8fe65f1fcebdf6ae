"""Word documents (.docx): what they hold that must not leave."""

from collections.abc import Iterator
from typing import Any

from services.request_api.service.answer_files.findings import Found
from services.request_api.service.answer_files.parts import (
    check_links,
    check_members,
    check_properties,
    check_texts,
    distinct,
    local,
    read_parts,
)
from shared.kit.office_package import OfficeKind, PackageBounds, open_package

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_TRACKED = frozenset(
    {
        *(
            "ins",
            "del",
            "moveFrom",
            "moveTo",
            "moveFromRangeStart",
            "moveToRangeStart",
            "cellIns",
            "cellDel",
            "cellMerge",
        ),
        *("rPrChange", "pPrChange", "sectPrChange", "tblPrChange", "tblGridChange", "tcPrChange", "trPrChange"),
        *("numberingChange", "customXmlInsRangeStart", "customXmlDelRangeStart"),
    }
)
_MARKS = {"word/glossary/": "词汇表", "word/activeX": "控件", "word/embeddings/": "内嵌文件"}
_WHITE = frozenset({"FFFFFF", "WHITE", "FEFEFE"})
_BLACK = frozenset({"000000", "BLACK"})
_SMALLEST_HALF_POINTS = 6
_OFF = frozenset({"0", "false", "off", "none"})


def check(data: bytes) -> list[Found]:
    """Numbers of persons in every part, and whatever does not show on paper."""
    with open_package(data, OfficeKind.WORD, PackageBounds()) as package:
        parts = read_parts(package)
        found = [*check_members(data, package)]
    hidden = hidden_styles(parts)
    for mark, label in _MARKS.items():
        if any(name.startswith(mark) for name in parts):
            found.append(Found("embedded", mark.strip("/"), f"有{label}", blocking=True))
    for name, root in parts.items():
        found += check_texts(name, root)
        found += check_links(name, root)
        found += check_properties(name, root)
        found += _check_part(name, root, hidden)
    return distinct(found)


def _check_part(name: str, root: Any, hidden: frozenset[str]) -> Iterator[Found]:
    if name.startswith("customXml/"):
        yield Found("embedded", "customXml", "有自定义数据", blocking=False)
        return
    if not name.startswith("word/"):
        return
    names = {local(one) for one in root.iter()}
    if names & _TRACKED:
        yield Found("tracked_changes", name, "有修订痕迹", blocking=True)
    if "comment" in names:
        yield Found("comments", name, "有批注", blocking=True)
    if "altChunk" in names or "object" in names:
        yield Found("embedded", name, "内嵌有其他文件", blocking=True)
    runs = [run for run in root.iter(w("r")) if "".join(run.itertext()).strip()]
    if any(is_hidden(run, hidden) for run in runs):
        yield Found("hidden_text", name, "有隐藏文字", blocking=True)
    if any(_is_unseen(run) for run in runs):
        yield Found("hidden_text", name, "有白色或者极小的文字", blocking=True)
    if any(_is_blackened(run) for run in runs):
        yield Found("text_under_box", name, "有涂黑的文字，涂黑下面的文字仍在", blocking=True)


def hidden_styles(parts: dict[str, Any]) -> frozenset[str]:
    """The styles whose text does not show."""
    styles = parts.get("word/styles.xml")
    if styles is None:
        return frozenset()
    return frozenset(
        style.get(w("styleId"), "")
        for style in styles.iter(w("style"))
        if _is_on(style.find(w("rPr")), "vanish", "webHidden")
    )


def is_hidden(run: Any, hidden: frozenset[str]) -> bool:
    """By the run's own properties, its style, or its paragraph's."""
    properties = run.find(w("rPr"))
    if _is_on(properties, "vanish", "webHidden", "specVanish"):
        return True
    styles = [properties.find(w("rStyle"))] if properties is not None else []
    paragraph = next((one for one in run.iterancestors(w("p"))), None)
    if paragraph is not None:
        styles.append(paragraph.find(f"{w('pPr')}/{w('pStyle')}"))
    return any(style is not None and style.get(w("val")) in hidden for style in styles)


def _is_on(properties: Any, *tags: str) -> bool:
    """A switch without a value is on; `0` turns it off."""
    if properties is None:
        return False
    found = (properties.find(w(tag)) for tag in tags)
    return any(one is not None and one.get(w("val"), "1").lower() not in _OFF for one in found)


def _value(run: Any, tag: str, attribute: str = "val") -> str:
    one = run.find(f"{w('rPr')}/{w(tag)}")
    return one.get(w(attribute), "").upper() if one is not None else ""


def _is_unseen(run: Any) -> bool:
    size = _value(run, "sz")
    is_tiny = size.isdecimal() and int(size) < _SMALLEST_HALF_POINTS
    is_shaded = _value(run, "shd", "fill") not in ("", "AUTO", *_WHITE) or _value(run, "highlight") != ""
    # White on a dark cell can be read.
    shaded_cell = any(one.find(f"{w('tcPr')}/{w('shd')}") is not None for one in run.iterancestors(w("tc")))
    return is_tiny or (_value(run, "color") in _WHITE and not is_shaded and not shaded_cell)


def _is_blackened(run: Any) -> bool:
    is_black = _value(run, "highlight") in _BLACK or _value(run, "shd", "fill") in _BLACK
    return is_black and _value(run, "color") not in _WHITE


def w(tag: str) -> str:
    """A name of WordprocessingML."""
    return f"{{{W}}}{tag}"
