"""Placeholders of a template: found where a word processor has cut them up, filled with text and nothing but text."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from itertools import accumulate
from typing import Any

from lxml import etree

from services.request_api.service.notices.package import FILLED, parse, to_bytes
from shared.kit.confined import Reason, RefusedFile

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_PLACE = re.compile(r"\{\{([^{}]{0,60})\}\}")
_MOST_PLACEHOLDERS = 200
"""A template that repeats a long value many times over would make a document without end."""
_NAME = re.compile(r"[a-z_]{1,40}")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_BREAKS = re.compile(r"\r\n?|[\u2028\u2029]")
_ACTIVE = {
    f"{_W}{name}": name
    for name in ("altChunk", "object", "control", "dataBinding", "attachedTemplate", "mailMerge", "delInstrText")
}
_SAFE_FIELDS = re.compile(r"\s*(?:PAGE|NUMPAGES|SECTIONPAGES|SECTION)(?:\s*\\\*\s*\w+)*\s*", re.IGNORECASE)
_LEADS_OUT = re.compile(r"(?:^|[^a-z])(?:[a-z][a-z0-9+.-]*://|file:|\\\\)", re.IGNORECASE)
_NAMES_OF_FORMATS = ("http://schemas.", "http://www.w3.org/", "urn:schemas-")


def find_placeholders(parts: Mapping[str, bytes]) -> list[str]:
    """The names of a template's placeholders; RefusedFile for braces that are none."""
    found: list[str] = []
    for name, content in parts.items():
        if not FILLED.fullmatch(name):
            continue
        for _, texts in _paragraphs(parse(content)):
            text = "".join(piece.text or "" for piece in texts)
            found += (names := _names_in(text))
            rest = _PLACE.sub("", text)
            broken = next((one for one in names if not _NAME.fullmatch(one)), None)
            if broken is not None or "{{" in rest or "}}" in rest:
                shown = broken if broken is not None else rest.strip()
                raise RefusedFile(Reason.BROKEN, f"占位符写法不正确：{shown[:60]!r}；应在同一段内写成 {{{{field}}}}")
            if len(found) > _MOST_PLACEHOLDERS:
                raise RefusedFile(Reason.TOO_LARGE, f"占位符超过{_MOST_PLACEHOLDERS}处，不是正常的模板")
    return found


def check_markup(parts: Mapping[str, bytes]) -> None:
    """RefusedFile for comments, changes that nobody has accepted, and what runs or fetches when a document is opened."""
    for name, content in parts.items():
        if not name.endswith(".xml") or not name.startswith("word/"):
            continue
        for element in parse(content).iter():
            if not isinstance(element.tag, str):
                continue
            if element.get(f"{_W}author") is not None:
                raise RefusedFile(
                    Reason.WRONG_TYPE, "模板中有修订或批注，其中记着作者；请接受全部修订、删除批注后再上传"
                )
            if element.tag in _ACTIVE:
                raise RefusedFile(Reason.WRONG_TYPE, f"模板中有不允许的内容：{_ACTIVE[element.tag]}")
            code = element.text if element.tag == f"{_W}instrText" else element.get(f"{_W}instr")
            if code is not None and not _SAFE_FIELDS.fullmatch(code):
                raise RefusedFile(Reason.WRONG_TYPE, f"模板中的域只能是页码：{code.strip()[:60]!r}")
            if any(
                _LEADS_OUT.search(value) and not value.startswith(_NAMES_OF_FORMATS)
                for value in element.attrib.values()
            ):
                raise RefusedFile(Reason.WRONG_TYPE, "模板中有指向文件之外的地址；请删去链接和外部图片后再上传")


def fill(content: bytes, values: Mapping[str, str]) -> bytes:
    """A part with its placeholders replaced. A paragraph of the body whose placeholders are all empty is left out."""
    tree = parse(content)
    for paragraph, texts in list(_paragraphs(tree)):
        names = _names_in("".join(piece.text or "" for piece in texts))
        if not names:
            continue
        if not any(values.get(name, "").strip() for name in names) and _may_go(paragraph):
            paragraph.getparent().remove(paragraph)
        else:
            _fill_texts(texts, values)
    return to_bytes(tree)


def _may_go(paragraph: Any) -> bool:
    """A cell, a header and a section keep their last paragraph."""
    return paragraph.getparent().tag == f"{_W}body" and paragraph.find(f"{_W}pPr/{_W}sectPr") is None


def _paragraphs(tree: Any) -> Iterator[tuple[Any, list[Any]]]:
    """Each paragraph with its own pieces of text, not those of a text box that hangs in it. One walk, however deep."""
    around: list[list[Any]] = []
    for event, element in etree.iterwalk(tree, events=("start", "end"), tag=(f"{_W}p", f"{_W}t")):
        if element.tag == f"{_W}t":
            if event == "start" and around:
                around[-1].append(element)
        elif event == "start":
            around.append([])
        else:
            yield element, around.pop()


def _names_in(text: str) -> list[str]:
    return [name.strip() for name in _PLACE.findall(text)]


def _fill_texts(texts: list[Any], values: Mapping[str, str]) -> None:
    """From the last placeholder to the first, so that places before stay what they are: nothing is read twice."""
    pieces = [(text.text or "").replace("\n", " ").replace("\t", " ") for text in texts]
    starts = list(accumulate(map(len, pieces[:-1]), initial=0))
    for place in reversed(list(_PLACE.finditer("".join(pieces)))):
        first, last = _piece_at(starts, place.start()), _piece_at(starts, place.end() - 1)
        after = pieces[last][place.end() - starts[last] :]
        before = pieces[first][: place.start() - starts[first]]
        for between in range(first + 1, last + 1):
            pieces[between] = ""
        value = _plain(values.get(place[1].strip(), ""))
        if first == last:
            pieces[first] = before + value + after
        else:
            pieces[first], pieces[last] = before + value, after
    for text, piece in zip(texts, pieces, strict=True):
        _write(text, piece)


def _piece_at(starts: list[int], offset: int) -> int:
    """Which piece holds the character: the last one that begins at or before it (empty ones begin where the next does)."""
    return bisect_right(starts, offset) - 1


def _plain(value: str) -> str:
    return _NOT_XML.sub("", _BREAKS.sub("\n", value)).strip("\n")


def _write(text: Any, piece: str) -> None:
    """One piece of text with its line breaks and tabs as Word's own."""
    first, *more = re.split("([\n\t])", piece)
    text.text = first
    text.set(_SPACE, "preserve")
    place = text
    for number, part in enumerate(more):
        if number % 2 == 0:
            added = place.makeelement(f"{_W}br" if part == "\n" else f"{_W}tab")
        elif part:
            added = place.makeelement(f"{_W}t", {_SPACE: "preserve"})
            added.text = part
        else:
            continue
        place.addnext(added)
        place = added
