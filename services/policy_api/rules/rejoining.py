"""Lines of printed pages put together to paragraphs again: page numbers and running heads dropped, wrapped lines joined.

A line goes on with its paragraph when the line before runs to the right margin, both are of one size, and it is not set
in. Where a print sets nothing in, a full line that ends a sentence may end its paragraph or not: such breaks are kept
and counted. Pure.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import east_asian_width

_PAGE_NUMBER = re.compile(
    r"[-—–－―_ \u3000·•]*(?:第\s*)?\d{1,4}(?:\s*[/／]\s*\d{1,4})?(?:\s*页)?(?:[，, ]*共\s*\d{1,4}\s*页)?[-—–－―_ \u3000·•]*"
)
_HEADING = re.compile(
    r"第[一二三四五六七八九十百千零〇0-9]{1,7}[编章节条]|[一二三四五六七八九十]{1,3}、|[（(][一二三四五六七八九十0-9]{1,3}[）)]"
    r"|[0-9]{1,3}[.．、](?![0-9])|附\s*件|抄\s*送|主\s*送|（此件|（联系人"
)
_TITLE = re.compile(r".*关于.+的(?:通知|通告|公告|意见|决定|决议|命令|批复|函|报告|请示|纪要|议案|公报|通报)")
_STOPS = "。！？：；"
_LATIN = re.compile(r"[A-Za-z0-9,;:)\]]")
_EDGES = 2
_SLACK = 2.5
"""How many characters a full line may fall short: punctuation may not begin a line."""
_SET_IN = 0.8
_BLANKS = " \u3000\xa0\t"


@dataclass(frozen=True)
class PrintedLine:
    """A line of a page: its text, where it begins, and how wide a Chinese character is (0 where that is unknown)."""

    text: str
    left: float = 0.0
    em: float = 0.0

    @property
    def begins_at(self) -> float:
        """With the blanks that the text itself begins with."""
        blanks = self.text[: len(self.text) - len(self.text.lstrip(_BLANKS))]
        return self.left + width(blanks) * (self.em or 1.0)

    @property
    def ends_at(self) -> float:
        return self.left + width(self.text.rstrip(_BLANKS)) * (self.em or 1.0)


@dataclass(frozen=True)
class Rejoined:
    """The text, and what was done to it."""

    text: str
    joined: int
    doubtful: int
    """Breaks after a full line that ends a sentence: of the paragraph, or of the line alone."""
    running_heads: tuple[str, ...]


def rejoin_pages(pages: Sequence[Sequence[PrintedLine]]) -> Rejoined:
    """The text of all pages, in order."""
    filled = [[line for line in page if line.text.strip(_BLANKS)] for page in pages]
    heads = _running_heads(filled)
    kept = [_without_furniture(page, heads) for page in filled]
    lines = [(line, _is_set_in(line, page)) for page in kept for line in page]
    margin = _right_margin([line for line, _ in lines])
    sets_in = sum(set_in for _, set_in in lines) * 20 >= len(lines)
    paragraphs: list[str] = []
    joined = doubtful = 0
    before: PrintedLine | None = None
    for line, set_in in lines:
        text = line.text.strip(_BLANKS)
        goes_on = before is not None and _may_go_on(before, line, margin) and not set_in and not _HEADING.match(text)
        if goes_on and before is not None and not _ends_title(paragraphs[-1]):
            if sets_in or before.text.rstrip(_BLANKS)[-1] not in _STOPS:
                paragraphs[-1] += _gap(paragraphs[-1], text) + text
                joined, before = joined + 1, line
                continue
            doubtful += 1
        paragraphs.append(text)
        before = line
    return Rejoined("\n".join(paragraphs), joined, doubtful, tuple(sorted(heads)))


def width(text: str) -> float:
    """In Chinese characters."""
    return sum(1.0 if east_asian_width(char) in "WFA" else 0.5 for char in text)


def _may_go_on(before: PrintedLine, line: PrintedLine, margin: float) -> bool:
    em = before.em or 1.0
    return before.ends_at >= margin - _SLACK * em and abs(before.em - line.em) <= 0.1 * em


def _ends_title(paragraph: str) -> bool:
    """公文标题: what follows it is the addressee, flush left, however long the title's last line is."""
    return _TITLE.fullmatch(paragraph) is not None and paragraph.count("《") == paragraph.count("》")


def _is_set_in(line: PrintedLine, page: Sequence[PrintedLine]) -> bool:
    left = min(other.begins_at for other in page)
    return line.begins_at > left + _SET_IN * (line.em or 1.0)


def _without_furniture(page: list[PrintedLine], heads: set[str]) -> list[PrintedLine]:
    first, last = 0, len(page)
    while first < min(_EDGES, last) and _is_furniture(page[first], heads):
        first += 1
    while last > max(first, len(page) - _EDGES) and _is_furniture(page[last - 1], heads):
        last -= 1
    return page[first:last]


def _is_furniture(line: PrintedLine, heads: set[str]) -> bool:
    text = line.text.strip(_BLANKS)
    return _PAGE_NUMBER.fullmatch(text) is not None or text in heads


def _running_heads(pages: Sequence[list[PrintedLine]]) -> set[str]:
    """What stands first or last on at least half of the pages, three or more."""
    counts = Counter(text for page in pages for text in {line.text.strip(_BLANKS) for line in (*page[:1], *page[-1:])})
    least = max(3, (len(pages) + 1) // 2)
    return {text for text, count in counts.items() if count >= least and not _PAGE_NUMBER.fullmatch(text)}


def _right_margin(lines: Sequence[PrintedLine]) -> float:
    """Where a tenth of the lines end or go beyond, so that no single long one decides."""
    ends = sorted((line.ends_at for line in lines), reverse=True)
    return ends[min(len(ends) // 10, len(ends) - 1)] if ends else 0.0


def _gap(before: str, after: str) -> str:
    """Chinese wraps without blanks, Latin words are parted by one."""
    return " " if _LATIN.match(before[-1]) and _LATIN.match(after[0]) and not before.endswith("-") else ""
