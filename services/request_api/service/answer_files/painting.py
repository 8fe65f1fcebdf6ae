"""Follows the painting of a page: dark boxes and lines, and where text stands, how large, in what colour, seen or not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_DARK = 0.35
_LIGHT = 0.95
_SMALLEST_BOX = 4.0
_FILLS = frozenset({b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*"})
_STROKES = frozenset({b"S", b"s", b"B", b"B*", b"b", b"b*"})
_FILL_COLOURS = frozenset({b"g", b"rg", b"k", b"sc", b"scn"})
_STROKE_COLOURS = frozenset({b"G", b"RG", b"K", b"SC", b"SCN"})
_INVISIBLE = frozenset({3, 7})
_BLACK = [0.0]
_MOST_MARKS = 5_000
_DEEPEST = 4
Box = tuple[float, float, float, float]


@dataclass
class _State:
    """What `q` keeps and `Q` brings back."""

    fill: list[float]
    stroke: list[float]
    width: float = 1.0
    render: int = 0


class Watcher:
    """The visitor of one page's operators and texts."""

    def __init__(self, forms: Mapping[str, list[tuple[Any, bytes]]]) -> None:
        self.boxes: list[tuple[Box, bool, int]] = []
        """Each with whether it is dark, and how many texts stood there when it was painted."""
        self.texts: list[tuple[Box, bool]] = []
        """Each with whether it is light."""
        self.is_inkless = False
        """Some text is drawn without ink."""
        self.forms: Mapping[str, list[tuple[Any, bytes]]] = forms
        self._state = _State(_BLACK, _BLACK)
        self._kept: list[_State] = []
        self._path: list[Box] = []
        self._lines: list[Box] = []
        self._point = (0.0, 0.0)
        self._is_shown_light = False
        self._depth = 0

    def operand(self, operator: Any, operands: Any, cm: list[float], _tm: list[float]) -> None:
        name = operator if isinstance(operator, bytes) else str(operator).encode()
        numbers = [float(one) for one in operands if isinstance(one, int | float)]
        match name:
            case b"q":
                self._kept.append(_State(**vars(self._state)))
            case b"Q" if self._kept:
                self._state = self._kept.pop()
            case b"cs":
                self._state.fill = _BLACK
            case b"CS":
                self._state.stroke = _BLACK
            case b"w" if numbers:
                self._state.width = numbers[0]
            case b"Tr" if numbers:
                self._state.render = int(numbers[0])
            case b"Tj" | b"TJ" | b"'" | b'"':
                self.is_inkless = self.is_inkless or self._state.render in _INVISIBLE
                self._is_shown_light = _is_light(self._state.fill)
            case b"Do" if operands and self._depth < _DEEPEST:
                self._depth += 1
                for more, inner in self.forms.get(str(operands[0]), []):
                    self.operand(inner, more, cm, _tm)
                self._depth -= 1
            case _:
                self._colour(name, numbers)
                self._build(name, numbers, cm)
                self._paint(name)

    def _colour(self, name: bytes, numbers: list[float]) -> None:
        if name in _FILL_COLOURS:
            self._state.fill = numbers
        elif name in _STROKE_COLOURS:
            self._state.stroke = numbers

    def _build(self, name: bytes, numbers: list[float], cm: list[float]) -> None:
        if name == b"re" and len(numbers) >= 4:
            self._path.append(_rectangle(numbers, cm))
        elif name in (b"m", b"l") and len(numbers) >= 2:
            point = _moved(numbers[0], numbers[1], cm)
            if name == b"l":
                (x1, y1), (x2, y2) = self._point, point
                half = self._state.width * abs(cm[3] or cm[1]) / 2
                self._lines.append((min(x1, x2), min(y1, y2) - half, max(x1, x2), max(y1, y2) + half))
            self._point = point

    def _paint(self, name: bytes) -> None:
        painted: list[tuple[Box, list[float]]] = []
        if name in _FILLS:
            painted += [(box, self._state.fill) for box in [*self._path, *_whole(self._lines)]]
        if name in _STROKES:
            painted += [(line, self._state.stroke) for line in self._lines]
        if len(self.boxes) < _MOST_MARKS:
            self.boxes += [(box, is_dark(colour), len(self.texts)) for box, colour in painted if _is_large(box)]
        if name in _FILLS or name in _STROKES or name == b"n":
            self._path, self._lines = [], []

    def text(self, text: str, cm: list[float], tm: list[float], _font: Any, size: float) -> None:
        if not text.strip():
            return
        if len(self.texts) >= _MOST_MARKS:
            return
        x, y = _moved(tm[4], tm[5], cm)
        scale = abs(tm[0] or tm[1] or 1.0) * abs(cm[0] or cm[1] or 1.0)
        height = max(abs(size or 1.0) * scale, 1.0)
        width = sum(height * (1.0 if ord(char) > 0x2E7F else 0.5) for char in text.strip("\n"))
        self.texts.append(((x, y, x + max(width, height / 2), y + height * 0.7), self._is_shown_light))

    @property
    def is_covering(self) -> bool:
        """Whether any text lies under a box that was painted over it, or is dark on a dark one."""
        return any(
            _meet(text, box) and (number < before or (dark and not light))
            for number, (text, light) in enumerate(self.texts)
            for box, dark, before in self.boxes
        )

    @property
    def is_unseen(self) -> bool:
        """Whether any text is drawn in no ink, or in the paper's colour on nothing."""
        return self.is_inkless or any(
            light and not any(number >= before and _meet(text, box) for box, _, before in self.boxes)
            for number, (text, light) in enumerate(self.texts)
        )

    def is_outside(self, paper: Box) -> bool:
        """Whether any text stands wholly off the paper."""
        return any(not _meet(text, paper) for text, _ in self.texts)


def is_dark(colour: list[float]) -> bool:
    if len(colour) == 4:  # CMYK
        colour = [(1 - one) * (1 - colour[3]) for one in colour[:3]]
    return bool(colour) and max(colour) <= _DARK


def _is_light(colour: list[float]) -> bool:
    if len(colour) == 4:
        colour = [(1 - one) * (1 - colour[3]) for one in colour[:3]]
    return bool(colour) and min(colour) >= _LIGHT


def _moved(x: float, y: float, cm: list[float]) -> tuple[float, float]:
    return x * cm[0] + y * cm[2] + cm[4], x * cm[1] + y * cm[3] + cm[5]


def _rectangle(numbers: list[float], cm: list[float]) -> Box:
    x, y, width, height = numbers[:4]
    (x1, y1), (x2, y2) = _moved(x, y, cm), _moved(x + width, y + height, cm)
    return min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)


def _whole(lines: list[Box]) -> list[Box]:
    """The box around a path of lines, which a fill paints."""
    if len(lines) < 2:
        return []
    return [
        (
            min(line[0] for line in lines),
            min(line[1] for line in lines),
            max(line[2] for line in lines),
            max(line[3] for line in lines),
        )
    ]


def _is_large(box: Box) -> bool:
    """A rule under a heading is no box."""
    return box[2] - box[0] >= _SMALLEST_BOX and box[3] - box[1] >= _SMALLEST_BOX


def _meet(one: Box, other: Box) -> bool:
    """By more than the line that two boxes share."""
    return min(one[2], other[2]) - max(one[0], other[0]) > 1 and min(one[3], other[3]) - max(one[1], other[1]) > 1
