"""Numbers that Word counts by itself: 第一章, 一、, （二）, 3. stand in the list's definition, not in the text.

Knows the formats that Chinese documents use; bullets give no label. Pictures as bullets and 正规编号 are not known.
"""

import re
from dataclasses import dataclass
from typing import Any

from services.policy_api.rules.numerals import write_chinese
from services.policy_api.service.readers.words import W, is_on, number_of
from shared.kit.confined import Reason, RefusedFile

_LEVELS = 9  # ECMA-376 part 1 §17.9.3: ilvl is 0 to 8
_PLACE = re.compile(r"%([1-9])")
_MAX_STYLES = 5_000
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"))
_ROMAN_SMALL = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))
_CHINESE = {
    "chineseCounting",
    "chineseCountingThousand",
    "ideographTraditional",
    "japaneseCounting",
    "taiwaneseCounting",
}
_CHINESE |= {"taiwaneseCountingThousand", "ideographDigital", "chineseLegalSimplified"}
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")


@dataclass(frozen=True)
class _Level:
    format: str
    text: str
    start: int


@dataclass(frozen=True)
class _Style:
    based_on: str | None
    number_id: int | None
    level: int | None
    hides: bool


class Numbering:
    """The lists of one document, counted as its paragraphs go by."""

    def __init__(self, numbering: Any, styles: Any) -> None:
        self._abstracts: dict[str, list[_Level]] = {}
        self._lists: dict[int, tuple[str, dict[int, int]]] = {}
        self._counts: dict[str, list[int | None]] = {}
        self._restarted: set[int] = set()
        self._styles = _read_styles(styles)
        if numbering is not None:
            self._read(numbering)

    def label(self, paragraph: Any) -> str:
        """The number in front of this paragraph, as Word prints it; empty where there is none."""
        number_id, level = self._place(paragraph.find(W + "pPr"))
        if not number_id or number_id not in self._lists:
            return ""
        if not 0 <= level < _LEVELS:
            raise RefusedFile(Reason.TOO_DEEP, "文档的编号层级超过9级，不予读取")
        abstract, starts = self._lists[number_id]
        levels = self._abstracts.get(abstract, [])
        if level >= len(levels):
            return ""
        counts = self._count(number_id, abstract, starts, level)
        if levels[level].format == "bullet":
            return ""
        written = _PLACE.sub(lambda place: _write(levels, counts, int(place[1]) - 1), levels[level].text)
        # Word sets these off with a tab or blank; without one 第一条规定… would read as a sentence.
        return written + "\u3000" if written.endswith(("编", "章", "节", "条")) else written

    def hides(self, style: str | None) -> bool:
        """Whether a style, or one that it rests on, hides its text."""
        return any(one.hides for one in self._chain(style))

    def _count(self, number_id: int, abstract: str, starts: dict[int, int], level: int) -> list[int | None]:
        counts = self._counts.setdefault(abstract, [None] * _LEVELS)
        if starts and number_id not in self._restarted:
            self._restarted.add(number_id)
            for place in starts:
                counts[place] = None
        levels = self._abstracts[abstract]
        now = counts[level]
        counts[level] = starts.get(level, levels[level].start) if now is None else now + 1
        counts[level + 1 :] = [None] * (_LEVELS - level - 1)
        return counts

    def _place(self, properties: Any) -> tuple[int | None, int]:
        """Of its own, else of its style."""
        own = properties.find(W + "numPr") if properties is not None else None
        number_id = number_of(own.find(W + "numId"), -1) if own is not None else -1
        level = number_of(own.find(W + "ilvl"), -1) if own is not None else -1
        style = properties.find(W + "pStyle") if properties is not None else None
        for one in self._chain(style.get(W + "val") if style is not None else None):
            number_id = one.number_id if number_id < 0 and one.number_id is not None else number_id
            level = one.level if level < 0 and one.level is not None else level
        return (number_id if number_id > 0 else None), max(level, 0)

    def _chain(self, style: str | None) -> list[_Style]:
        chain: list[_Style] = []
        while style in self._styles and len(chain) < 20:
            chain.append(self._styles[style])
            style = chain[-1].based_on
        return chain

    def _read(self, root: Any) -> None:
        for one in root.findall(W + "abstractNum"):
            levels = {int(level.get(W + "ilvl", -1)): _read_level(level) for level in one.findall(W + "lvl")}
            if levels and not set(levels) <= set(range(_LEVELS)):
                raise RefusedFile(Reason.TOO_DEEP, "文档的编号层级超过9级，不予读取")
            blank = _Level("none", "", 1)
            self._abstracts[one.get(W + "abstractNumId")] = [levels.get(place, blank) for place in range(_LEVELS)]
        for one in root.findall(W + "num"):
            link = one.find(W + "abstractNumId")
            starts = {
                int(override.get(W + "ilvl", 0)): number_of(override.find(W + "startOverride"), 1)
                for override in one.findall(W + "lvlOverride")
                if override.find(W + "startOverride") is not None and 0 <= int(override.get(W + "ilvl", 0)) < _LEVELS
            }
            if link is not None:
                self._lists[int(one.get(W + "numId"))] = link.get(W + "val"), starts


def _read_level(level: Any) -> _Level:
    shape, text = level.find(W + "numFmt"), level.find(W + "lvlText")
    return _Level(
        format=shape.get(W + "val", "decimal") if shape is not None else "decimal",
        text=(text.get(W + "val", "") if text is not None else "")[:40],
        start=number_of(level.find(W + "start"), 1),
    )


def _read_styles(root: Any) -> dict[str | None, _Style]:
    found: dict[str | None, _Style] = {}
    for style in root.findall(W + "style")[:_MAX_STYLES] if root is not None else ():
        based_on, place = style.find(W + "basedOn"), style.find(f"{W}pPr/{W}numPr")
        number = place.find(W + "numId") if place is not None else None
        level = place.find(W + "ilvl") if place is not None else None
        found[style.get(W + "styleId")] = _Style(
            based_on=based_on.get(W + "val") if based_on is not None else None,
            number_id=number_of(number) if number is not None else None,
            level=number_of(level) if level is not None else None,
            hides=is_on(style.find(f"{W}rPr/{W}vanish")),
        )
    return found


def _write(levels: list[_Level], counts: list[int | None], level: int) -> str:
    number = counts[level]
    if number is None:
        number = levels[level].start
    shape = levels[level].format
    if shape == "none":
        return ""
    if shape in _CHINESE and 1 <= number <= 9999:
        return write_chinese(number)
    if shape in ("upperLetter", "lowerLetter") and 1 <= number <= 26:
        return chr((64 if shape == "upperLetter" else 96) + number)
    if shape in ("upperRoman", "lowerRoman") and 1 <= number <= 3999:
        roman = _roman(number)
        return roman.upper() if shape == "upperRoman" else roman
    if shape.startswith("decimalEnclosedCircle") and 1 <= number <= 20:
        return chr(0x2460 + number - 1)
    return str(number).translate(_WIDE) if shape == "decimalFullWidth" else str(number)


def _roman(number: int) -> str:
    out = ""
    for value, letters in (*_ROMAN, *_ROMAN_SMALL):
        count, number = divmod(number, value)
        out += letters * count
    return out
