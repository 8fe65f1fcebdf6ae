"""Passages: a text cut where its outline cuts it, each piece with the address of what it is (`art-12`).

    第一章 总则              opens no passage: it is the heading above art-1
    第一条 …                 art-1, with its items while the whole is short
    第二条 … （一）… （二）…   art-2, art-2-1, art-2-2 when the whole is long

What stands before the first heading, and a text without headings, is packed by lines and addressed by the number of the
first of them (`par-1`). Knows texts and outlines, of whatever depth; neither representations nor the index.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from shared.schemas.policies import OutlineNode

MIN_CHARACTERS, MAX_CHARACTERS = 300, 800
MAX_PASSAGES = 2_000
"""Of one document; no real one comes near. What is beyond is found by the document index only."""
_START = 2
_MAX_HEADINGS = 8
_MAX_HEADING_CHARACTERS = 120
_CONTAINERS = frozenset({"part", "subpart", "chapter", "section", "annex"})
_BLANKS = re.compile(r"[\s*#\u200b-\u200d\u2060\ufeff]+")
_SENTENCE = re.compile(r"[^。；！？]*[。；！？]?")


@dataclass(frozen=True)
class Passage:
    """A piece of a text. `headings` are those above it, from the outermost."""

    address: str
    label: str | None
    headings: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class _Line:
    start: int
    end: int
    key: str
    """Without blanks and markup: what labels are compared with."""


@dataclass
class _Span:
    """A heading found in the text, up to the next one; `whole_end` is after everything below it."""

    node: OutlineNode
    start: int
    end: int
    headings: tuple[str, ...]
    parent: int | None
    whole_end: int = 0
    has_children: bool = False


def split_text(text: str, outline: Sequence[OutlineNode]) -> list[Passage]:
    """Passages in the order of the text. Every character of it that is not blank is in one, or is a mere heading."""
    spans = _locate(text, outline)
    passages = list(_pack_lines(text[: spans[0].start] if spans else text))
    done = 0
    for span in spans:
        if span.start < done or len(passages) >= MAX_PASSAGES:
            continue
        is_whole = not span.has_children or (
            span.node.kind not in _CONTAINERS and span.whole_end - span.start <= MAX_CHARACTERS
        )
        end = span.whole_end if is_whole else span.end
        passages += _pieces(span, text[span.start : end], is_whole=is_whole)
        done = end
    return passages[:MAX_PASSAGES]


def _pieces(span: _Span, text: str, *, is_whole: bool) -> Iterator[Passage]:
    """One passage, or several of the same address when the text is long; none when it is a heading for what follows."""
    if not is_whole and _says_only(text, span.node):
        return
    lines = _filled_lines(text)
    for piece in [lines] if lines and sum(map(len, lines)) <= MAX_CHARACTERS else _pack(lines):
        yield Passage(span.node.address, span.node.label or None, span.headings, "\n".join(piece))


def _says_only(text: str, node: OutlineNode) -> bool:
    rest = _key(text).removeprefix(_key(node.label))
    return node.kind in _CONTAINERS and len(rest) <= len(_key(node.heading)) + 1


def _pack_lines(text: str) -> Iterator[Passage]:
    number = 1
    for piece in _pack(_filled_lines(text)):
        yield Passage(f"par-{number}", None, (), "\n".join(piece))
        number += len(piece)


def _filled_lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if _key(line)]


def _pack(lines: Sequence[str]) -> Iterator[list[str]]:
    """Lines together until they are MIN_CHARACTERS long, never more than MAX_CHARACTERS unless one alone is."""
    pack: list[str] = []
    size = 0
    for line in lines:
        for part in _cut_line(line):
            if pack and (size >= MIN_CHARACTERS or size + len(part) > MAX_CHARACTERS):
                yield pack
                pack, size = [], 0
            pack.append(part)
            size += len(part)
    if pack:
        yield pack


def _cut_line(line: str) -> Iterator[str]:
    """A line that is too long, at the ends of its sentences; a sentence that is too long, where it has to be."""
    if len(line) <= MAX_CHARACTERS:
        yield line
        return
    piece = ""
    for found in _SENTENCE.finditer(line):
        for start in range(0, len(found[0]), MAX_CHARACTERS):
            part = found[0][start : start + MAX_CHARACTERS]
            if piece and len(piece) + len(part) > MAX_CHARACTERS:
                yield piece
                piece = ""
            piece += part
    if piece:
        yield piece


def _locate(text: str, outline: Sequence[OutlineNode]) -> list[_Span]:
    """Where each heading stands: at the beginning of a line, in the order of the outline. One not found is left out."""
    lines = list(_lines(text))
    starts = _by_start(lines)
    spans: list[_Span] = []
    places: dict[str, int] = {}
    next_line = 0
    for node in outline:
        found = _find_line(lines, starts, node, next_line)
        if found is None:
            continue
        next_line = found + 1
        parent = places.get(node.parent or "")
        headings = () if parent is None else _headings_below(spans[parent])
        places[node.address] = len(spans)
        spans.append(_Span(node, lines[found].start, len(text), headings, parent))
    for span, following in pairwise(spans):
        span.end = following.start
    for span in reversed(spans):
        span.whole_end = max(span.whole_end, span.end)
        if span.parent is not None:
            above = spans[span.parent]
            above.has_children = True
            above.whole_end = max(above.whole_end, span.whole_end)
    return spans


def _find_line(lines: Sequence[_Line], starts: Mapping[str, list[int]], node: OutlineNode, first: int) -> int | None:
    label, heading = _key(node.label), _key(node.heading)
    places = starts.get(label[:_START], [])
    return next(
        (
            place
            for place in places[bisect_left(places, first) :]
            if lines[place].key.startswith(label) and lines[place].key.startswith(heading, len(label))
        ),
        None,
    )


def _by_start(lines: Sequence[_Line]) -> dict[str, list[int]]:
    """Numbers of the lines that begin so, for labels of one character and of more."""
    starts: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        for length in range(1, min(_START, len(line.key)) + 1):
            starts.setdefault(line.key[:length], []).append(number)
    return starts


def _headings_below(span: _Span) -> tuple[str, ...]:
    own = f"{span.node.label} {span.node.heading}".strip()[:_MAX_HEADING_CHARACTERS]
    return (*span.headings, own)[-_MAX_HEADINGS:]


def _lines(text: str) -> Iterator[_Line]:
    start = 0
    for line in text.split("\n"):
        yield _Line(start, start + len(line), _key(line[:400]))
        start += len(line) + 1


def _key(text: str) -> str:
    return _BLANKS.sub("", text)
