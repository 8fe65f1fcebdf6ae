"""Passages (条、款、项): what a text says at an address, down to the paragraph.

The outline gives articles and items their addresses; a paragraph (款) of an article or point is its address with `-p`
and the paragraph's number: 第十二条第二款 is `art-12-p2`. Items belong to the paragraph that they follow. Reads text only.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice, takewhile
from typing import Any

from services.policy_api.rules.outline import outline_spans

_HAS_PARAGRAPHS = frozenset({"article", "point"})
_NEAR = 5
_ATTACHMENTS = re.compile(r"^[ \t\u3000]*附\s*件\s*[：:]", re.MULTILINE)
_LINE = re.compile(r"par-(\d{1,6})")


@dataclass(frozen=True)
class Passage:
    """A part of a text. `start` and `end` are positions in it; blanks at the ends belong to nobody."""

    address: str
    kind: str
    label: str
    parent: str | None
    start: int
    end: int


class NoSuchPassage(LookupError):
    """`near` are addresses that the text has and that look like the one asked for."""

    def __init__(self, address: str, near: list[str]) -> None:
        super().__init__(address)
        self.near = near


def passages_of(text: str) -> list[Passage]:
    """The whole tree as a list in the order of the text, paragraphs after the row that they belong to."""
    found: list[Passage] = []
    spans = _without_attachments(text, outline_spans(text))
    for index, (row, start, end) in enumerate(spans):
        found.append(_trimmed(text, row["address"], row["kind"], row["label"], row["parent"], start, end))
        if row["kind"] in _HAS_PARAGRAPHS:
            found += _paragraphs(text, spans, index)
    return found


def _without_attachments(
    text: str, spans: list[tuple[dict[str, Any], int, int]]
) -> list[tuple[dict[str, Any], int, int]]:
    """附件说明 stands below the last article and is none of it (GB/T 9704-2012 7.3.4)."""
    if not spans:
        return spans
    list_begins = _ATTACHMENTS.search(text, spans[-1][1])
    if list_begins is None:
        return spans
    stop = list_begins.start()
    return [(row, start, min(end, stop) if start < stop else end) for row, start, end in spans]


def find_passage(text: str, address: str) -> Passage:
    """NoSuchPassage when the text has none at that address."""
    line = _LINE.fullmatch(address)
    if line is not None and (found := _line_before_headings(text, int(line[1]))) is not None:
        return found
    every = passages_of(text)
    for passage in every:
        if passage.address == address:
            return passage
    near = get_close_matches(address, [passage.address for passage in every], n=_NEAR, cutoff=0.3)
    raise NoSuchPassage(address, near)


def _line_before_headings(text: str, number: int) -> Passage | None:
    """A line (`par-3`) of what stands before the first heading, or of a text without any: what search cites there."""
    spans = outline_spans(text)
    end = spans[0][1] if spans else len(text)
    places = list(_own_lines(text, 0, end, set()))
    if not 1 <= number <= len(places):
        return None
    stop = places[number] if number < len(places) else end
    return _trimmed(text, f"par-{number}", "paragraph", f"第{number}段", None, places[number - 1], stop)


def path_of(passages: list[Passage], passage: Passage) -> list[Passage]:
    """From the outermost heading down to the passage itself."""
    by_address = {one.address: one for one in passages}
    path = [passage]
    while path[-1].parent is not None and path[-1].parent in by_address:
        path.append(by_address[path[-1].parent])
    return path[::-1]


def _paragraphs(text: str, spans: list[tuple[dict[str, Any], int, int]], index: int) -> Iterator[Passage]:
    """The 款 of one row: its lines, each with the items that follow it. A row of a single line has none worth naming."""
    row, start, end = spans[index]
    below = list(takewhile(lambda other: other[1] < end, islice(spans, index + 1, None)))
    if any(other["kind"] not in ("item", "subitem", "point") for other, _, _ in below):
        return
    opens = list(_own_lines(text, start, end, {begins for _, begins, _ in below}))
    if len(opens) < 2:
        return
    for number, begins in enumerate(opens, start=1):
        ends = opens[number] if number < len(opens) else end
        yield _trimmed(text, f"{row['address']}-p{number}", "paragraph", f"第{number}款", row["address"], begins, ends)


def _own_lines(text: str, start: int, end: int, items: set[int]) -> Iterator[int]:
    """Where lines begin that are the row's own: not blank, and not the first line of an item below it."""
    position = start
    while position < end:
        stop = text.find("\n", position, end)
        stop = end if stop < 0 else stop
        line = text[position:stop]
        begins = position + len(line) - len(line.lstrip())
        if line.strip() and begins not in items:
            yield position
        position = stop + 1


def _trimmed(text: str, address: str, kind: str, label: str, parent: str | None, start: int, end: int) -> Passage:
    part = text[start:end]
    left = start + len(part) - len(part.lstrip())
    return Passage(address, kind, label, parent, left, max(left, start + len(part.rstrip())))
