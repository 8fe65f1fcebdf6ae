"""The outline (篇章结构) of a document's plain text: its chapters, articles and points, each with a stable address.

Addresses are made of the numbers that the text itself prints, so that they survive edits elsewhere in the text:

| printed | address | kind |
|---|---|---|
| 第一编, 第二分编 | `part-1`, `subpart-1-2` | part, subpart |
| 第三章 (in 第一编) | `chap-3` (`chap-1-3`) | chapter |
| 第二节 of it | `sec-3-2` (`sec-1-3-2`) | section |
| 第十二条, 第十二条之一 | `art-12`, `art-12-bis-1` | article |
| （三） of it, 2. of that | `art-12-3`, `art-12-3-2` | item, subitem |
| 一、, （四） of it, 1. of that, （2） of that | `h-1`, `h-1-4`, `h-1-4-1`, `h-1-4-1-2` | chapter or point, point, item, subitem |
| 一、 inside 第二章 | `chap-2-h-1` | as above |
| a line that only says 附件2 | `annex-2`, below it `annex-2-h-1`, `annex-2-art-1` … | annex |

一、 is a `chapter` when its line is only a title and something stands below it, else a `point`. An address that
occurs again (a plan attached to its notice counts 一、 anew) gets `~2`, `~3` …: unique, and stable in the order of
the text. Only the beginning of a line can be a heading. A table of contents at the top is left out.

Reads text only: HTML is turned into text by the caller. Judges nothing: gaps in the numbers are no fault here.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from services.policy_api.rules.numerals import NUMERAL_CHARS, find_number
from services.policy_api.rules.responsibility import find_responsible
from shared.schemas.policies import OutlineNode

MAX_NODES = 5_000
"""Headings beyond this are not looked for: no real document has them, and an outline is carried in every answer."""
MAX_HEADING_CHARACTERS = 60

_ANNEX, _PART, _SUBPART, _CHAPTER, _SECTION, _FIRST, _ARTICLE, _SECOND, _THIRD, _FOURTH = range(10)
_STOP = -1
"""抄送 and what follows belong to no point (版记, GB/T 9704-2012)."""

_CONTENTS = "目录"

_BY_WORD = {"编": _PART, "分编": _SUBPART, "章": _CHAPTER, "节": _SECTION, "条": _ARTICLE}
_PREFIXES = {_PART: "part", _SUBPART: "subpart", _CHAPTER: "chap", _SECTION: "sec"}
_KINDS = {
    _ANNEX: "annex",
    _PART: "part",
    _SUBPART: "subpart",
    _CHAPTER: "chapter",
    _SECTION: "section",
    _FIRST: "point",
    _ARTICLE: "article",
    _SECOND: "point",
    _THIRD: "item",
    _FOURTH: "subitem",
}
_STARTERS = frozenset("第一二三四五六七八九十百（(#*附目抄0123456789０１２３４５６７８９")
_HAN = "零〇○一二两三四五六七八九十百千"
_MARKUP = re.compile(r"#{1,6}[ \t]*|\*{2}")
_NUMBERED = re.compile(
    rf"第[ \u3000]*([{NUMERAL_CHARS}][{NUMERAL_CHARS} \u3000]{{0,14}}?)[ \u3000]*(分编|编|章|节|条)"
    # 第十二条规定的…, 第三章和… open a wrapped line, not a heading.
    rf"(?:之([{_HAN}]{{1,3}}))?(?!(?:规定|所|的|至|和|及|或|与|、|，|。|；|）|第[{NUMERAL_CHARS}]+[款项条]|款|项|中))"
)
_FIRST_LEVEL = re.compile(rf"([{_HAN}]{{1,4}})[ \u3000]*、(?![{_HAN}]+(?:级|线|类|等|次|、|是|者|产业))")
_SECOND_LEVEL = re.compile(rf"[（(][ \u3000]*([{_HAN}]{{1,4}})[ \u3000]*[）)]")
_THIRD_LEVEL = re.compile(r"([0-9０-９]{1,3})(?:[.．、](?![0-9０-９])|[ \u3000]*[.．、][ \u3000])")
_FOURTH_LEVEL = re.compile(r"[（(][ \u3000]*([0-9０-９]{1,3})[ \u3000]*[）)]|([0-9０-９]{1,3})[）)]")
_IN_BRACKETS = ((_SECOND, _SECOND_LEVEL), (_FOURTH, _FOURTH_LEVEL))
_IN_HAN = ((_FIRST, _FIRST_LEVEL),)
_IN_DIGITS = ((_THIRD, _THIRD_LEVEL), (_FOURTH, _FOURTH_LEVEL))
_ANNEX_LINE = re.compile(rf"附[ \u3000]*件[ \u3000]*([{NUMERAL_CHARS}]{{0,3}})[ \u3000]*([：:]?)[ \u3000]*")
_CONTENTS_LINE = re.compile(r"目[ \u3000]*[录次]$")
_COPIES_LINE = re.compile(r"抄[ \u3000]*送[ \u3000]*[：:]")
_LEADER = re.compile(r"(?:\.{3,}|…{1,}|·{3,})[ \u3000]*[0-9]*$")
_LEADER_ENDS = frozenset(".…·0123456789")
_BLANKS = str.maketrans("", "", " \u3000")
_BLANKS_AND_ROUND = str.maketrans({" ": None, "\u3000": None, "(": "（", ")": "）"})
_SENTENCE_END = re.compile(r"[。；：！？]")


Row = dict[str, Any]
"""The fields of an OutlineNode."""


@dataclass(slots=True)
class _Heading:
    """A line that opens something."""

    rank: int
    number: int
    bis: int
    label: str
    text: str
    start: int
    line_end: int
    node: Row | None = None
    parent: "_Heading | None" = None
    holds_articles: bool = False
    has_text: bool = False

    @property
    def title_only(self) -> bool:
        return len(self.text) <= MAX_HEADING_CHARACTERS and _SENTENCE_END.search(self.text) is None

    @property
    def has_leader(self) -> bool:
        """Whether dots lead to a page number, as in a table of contents."""
        return self.text[-1:] in _LEADER_ENDS and _LEADER.search(self.text[-80:]) is not None


def parse_outline(text: str) -> list[OutlineNode]:
    """Every heading in the order of the text; a parent stands before what is below it. Linear in the text's length."""
    return [OutlineNode(**row) for row in outline_rows(text)]


def outline_rows(text: str) -> list[Row]:
    """The same as plain rows with the fields of OutlineNode: what a push of many documents can afford."""
    headings = _place(_without_contents(list(_find_headings(text))))
    collect = "责任" in text or "牵头" in text or "负责" in text
    rows: list[Row] = []
    for index, heading in enumerate(headings):
        row = heading.node
        if row is None:
            continue
        following = headings[index + 1] if index + 1 < len(headings) else None
        end = following.start if following else len(text)
        if heading.rank == _FIRST and _is_chapter(heading, following, text, end):
            row["kind"] = "chapter"
        if collect and heading.rank >= _FIRST:
            row["responsible"] = find_responsible(text[heading.start : end])
        rows.append(row)
    return rows


def find_node(nodes: Sequence[OutlineNode], address: str) -> OutlineNode | None:
    """The node at an address."""
    return next((node for node in nodes if node.address == address), None)


def text_of(text: str, address: str) -> str:
    """What the text says at an address, all that is below it included; LookupError when it has no such address."""
    for row, start, end in outline_spans(text):
        if row["address"] == address:
            return text[start:end].strip()
    raise LookupError(address)


def outline_spans(text: str) -> list[tuple[Row, int, int]]:
    """Each row of the outline with where it begins and where all that is below it ends, as positions in the text."""
    headings = _place(_without_contents(list(_find_headings(text))))
    ends = [len(text)] * len(headings)
    open_ones: list[int] = []
    for index, heading in enumerate(headings):
        while open_ones and headings[open_ones[-1]] is not heading.parent:
            ends[open_ones.pop()] = heading.start
        open_ones.append(index)
    return [
        (heading.node, heading.start, ends[index]) for index, heading in enumerate(headings) if heading.node is not None
    ]


def _is_chapter(heading: _Heading, following: _Heading | None, text: str, end: int) -> bool:
    if not heading.title_only:
        return False
    return (following is not None and following.parent is heading) or bool(text[heading.line_end : end].strip())


def _find_headings(text: str) -> Iterator[_Heading]:
    """Lines that may be headings, in order; a list of attachments (附件：1. … 2. …) is not."""
    start, found, in_attachments = 0, 0, False
    last: _Heading | None = None
    for line in text.split("\n"):
        stripped = line.lstrip()
        heading = None
        if stripped and stripped[0] in _STARTERS:
            heading = _read_heading(stripped, start + len(line) - len(stripped))
            if heading is not None and in_attachments and heading.rank == _THIRD:
                heading = None
            else:
                in_attachments = heading is None and _ANNEX_LINE.match(stripped) is not None
        elif stripped:
            in_attachments = False
        if heading is not None:
            yield heading
            last, found = heading, found + 1
            if found >= MAX_NODES:
                return
        elif stripped and last is not None:
            last.has_text = True
        start += len(line) + 1


def _read_heading(line: str, start: int) -> _Heading | None:
    begin = 0
    if line[0] in "#*":
        markup = _MARKUP.match(line)
        begin = markup.end() if markup else 0
        if begin >= len(line):
            return None
    first = line[begin]
    line_end = start + len(line)
    line = line.rstrip()
    if first == "第":
        return _read_numbered(line, begin, start, line_end)
    if first in "附目抄":
        return _read_landmark(line, begin, start, line_end)
    return _read_point(line, begin, first, start, line_end)


def _read_numbered(line: str, begin: int, start: int, line_end: int) -> _Heading | None:
    match = _NUMBERED.match(line, begin)
    if match is None:
        return None
    number = find_number(match[1])
    bis = find_number(match[3]) if match[3] else 0
    if number is None or bis is None:
        return None
    rank = _BY_WORD[match[2]]
    rest = _heading_text(line, match.end())
    if rank != _ARTICLE and (len(rest) > MAX_HEADING_CHARACTERS or "。" in rest):
        # A sentence that begins with 第一章… is a sentence.
        return None
    label = match[0].translate(_BLANKS)
    return _Heading(rank, number, bis, label, rest, start, line_end)


def _read_landmark(line: str, begin: int, start: int, line_end: int) -> _Heading | None:
    rest = line[begin:].rstrip("* \u3000")
    match = _ANNEX_LINE.fullmatch(rest)
    if match:
        number = find_number(match[1]) if match[1] else 1
        return _Heading(_ANNEX, number, 0, rest, "", start, line_end) if number else None
    if _COPIES_LINE.match(rest):
        return _Heading(_STOP, 0, 0, "抄送", "", start, line_end)
    if _CONTENTS_LINE.match(rest):
        return _Heading(_STOP, 0, 0, _CONTENTS, "", start, line_end)
    return None


def _read_point(line: str, begin: int, first: str, start: int, line_end: int) -> _Heading | None:
    for rank, pattern in _IN_BRACKETS if first in "（(" else _IN_HAN if first in _HAN else _IN_DIGITS:
        match = pattern.match(line, begin)
        if match and (number := find_number(match[1] or match[2])):
            label = match[0].translate(_BLANKS_AND_ROUND)
            return _Heading(rank, number, 0, label, _heading_text(line, match.end()), start, line_end)
    return None


def _heading_text(line: str, begin: int) -> str:
    return line[begin:].strip(" \t\u3000*")


def _without_contents(found: list[_Heading]) -> list[_Heading]:
    """Without a table of contents: what stands in front of the text and is printed again as a heading of the text."""
    marker = next((i for i, heading in enumerate(found) if heading.label == _CONTENTS), None)
    headings = [heading for heading in found if heading.label != _CONTENTS and not heading.has_leader]
    begin = marker or 0
    front = _front_run(headings[begin:], marked=marker is not None)
    if len(front) > 1:
        again = next((i for i, heading in enumerate(front) if i and _same(heading, front[0])), None)
        if again is not None:
            return headings[:begin] + headings[begin + again :]
        begin_of_text = begin + _count_repeated(front, headings[begin:])
        return headings[:begin] + headings[begin_of_text:]
    return headings


def _front_run(headings: list[_Heading], *, marked: bool) -> list[_Heading]:
    """Headings with no text of their own below them. Under the word 目录 points may be among them."""
    for i, heading in enumerate(headings):
        titles = heading.rank in _PREFIXES or heading.rank == _FIRST or (marked and heading.rank != _ARTICLE)
        if not titles or not heading.title_only:
            return headings[:i]
        if heading.has_text:
            return headings[: i + 1]
    return headings


def _count_repeated(front: list[_Heading], headings: list[_Heading]) -> int:
    """How many headings at the front come again later. Fewer than three are no table of contents."""
    later = {_key(heading) for heading in headings[len(front) :]}
    count = next((i for i, heading in enumerate(front) if _key(heading) not in later), len(front))
    return count if count >= 3 else 0


def _same(one: _Heading, other: _Heading) -> bool:
    return _key(one) == _key(other)


def _key(heading: _Heading) -> tuple[int, int, str]:
    return heading.rank, heading.number, heading.text.replace(" ", "").replace("\u3000", "")


def _place(headings: list[_Heading]) -> list[_Heading]:
    """Gives every heading its parent and its address."""
    open_ones: list[_Heading] = []
    seen: dict[str, int] = {}
    previous: _Heading | None = None
    for heading in headings:
        if heading.rank == _STOP:
            open_ones.clear()
        else:
            _close(open_ones, heading, previous)
            heading.parent = open_ones[-1] if open_ones else None
            address = _address(heading, open_ones)
            seen[address] = count = seen.get(address, 0) + 1
            if count > 1:
                address = f"{address}~{count}"
            heading.node = _node(heading, address)
            open_ones.append(heading)
        previous = heading
    return headings


def _close(open_ones: list[_Heading], heading: _Heading, previous: _Heading | None) -> None:
    while open_ones and open_ones[-1].rank >= heading.rank:
        open_ones.pop()
    if heading.rank == _ARTICLE and open_ones and open_ones[-1].rank == _FIRST:
        # Judicial interpretations use 一、管辖 as chapters; elsewhere an article ends the points before it.
        first = open_ones[-1]
        first.holds_articles = first.holds_articles or (previous is first and first.title_only)
        if not first.holds_articles:
            open_ones.pop()


def _address(heading: _Heading, open_ones: Sequence[_Heading]) -> str:
    # Nothing is above an annex, so that it can only be the outermost.
    annex = open_ones[0].node if open_ones and open_ones[0].rank == _ANNEX else None
    base = f"{annex['address']}-" if annex else ""
    if heading.rank == _ANNEX:
        return f"annex-{heading.number}"
    if heading.rank == _ARTICLE:
        return f"{base}art-{heading.number}" + (f"-bis-{heading.bis}" if heading.bis else "")
    if heading.rank in _PREFIXES:
        within = {_PART: (), _SUBPART: (_PART,), _CHAPTER: (_PART,), _SECTION: (_PART, _CHAPTER)}[heading.rank]
        numbers = [str(one.number) for one in open_ones if one.rank in within] + [str(heading.number)]
        return f"{base}{_PREFIXES[heading.rank]}-" + "-".join(numbers) + (f"-bis-{heading.bis}" if heading.bis else "")
    return _point_address(heading, base)


def _point_address(heading: _Heading, base: str) -> str:
    above = heading.parent
    if above is None or above.node is None or above.rank == _ANNEX:
        return f"{base}h-{heading.number}"
    if above.rank in _PREFIXES:
        return f"{above.node['address']}-h-{heading.number}"
    return f"{above.node['address']}-{heading.number}"


def _node(heading: _Heading, address: str) -> Row:
    kind = _KINDS[heading.rank]
    above = heading.parent
    if heading.rank in (_SECOND, _THIRD) and above is not None and above.rank == _ARTICLE:
        kind = "item"
    elif heading.rank == _THIRD and above is not None and above.node is not None and above.node["kind"] == "item":
        kind = "subitem"
    end = _SENTENCE_END.search(heading.text)
    words = heading.text[: end.start()] if end else heading.text
    parent = above.node["address"] if above is not None and above.node is not None else None
    return {
        "address": address,
        "kind": kind,
        "label": heading.label,
        "heading": words[:MAX_HEADING_CHARACTERS],
        "parent": parent,
        "responsible": [],
    }
