"""Cuts a text into the units that are compared: articles (条), headings and paragraphs. Loses no character."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.policy_api.rules.numerals import NUMERAL_CHARS

_LEAD = r"[ \t\u3000]*(?:#{1,6}[ \t]*)?(?:\*\*)?"
_ARTICLE = rf"第[{NUMERAL_CHARS}]{{1,9}}条(?:之[一二三四五六七八九十]{{1,3}})?"
# A wrapped line may begin with a reference (第五条规定的…): without a blank after it, these words tell it from an article.
_REFERENCE = r"(?:规定|所|的|第|[、，。；,;和与及或至中款项以])"
_MARK = re.compile(
    rf"^(?P<lead>{_LEAD})(?:(?P<article>{_ARTICLE})(?!{_REFERENCE})"
    rf"|(?P<heading>第[{NUMERAL_CHARS}]{{1,9}}[编章节])(?=[ \t\u3000]?[^\n]{{0,40}}$)"
    r"|(?P<annex>附[件录表]?[0-9０-９一二三四五六七八九十]{0,3}(?=[：:\s]|$)))",
    re.MULTILINE,
)
_PARAGRAPH = re.compile(r"[^\n]*\n\s*|[^\n]+$")


@dataclass(frozen=True)
class Unit:
    """One unit: blanks before it, its number if it has one, what it says, blanks after it."""

    lead: str
    label: str
    content: str
    tail: str

    @property
    def text(self) -> str:
        return self.lead + self.label + self.content + self.tail


def count_articles(text: str) -> int:
    """How many articles a text has."""
    return sum(mark["article"] is not None for mark in _MARK.finditer(text))


def split_articles(text: str) -> list[Unit]:
    """Articles, chapter headings and annexes; what stands before the first of them by paragraphs."""
    marks = list(_MARK.finditer(text))
    if not marks:
        return split_paragraphs(text)
    units = split_paragraphs(text[: marks[0].start()])
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    for mark, end in zip(marks, ends, strict=True):
        label = mark["article"] or mark["heading"] or ""
        start = mark.end() if label else mark.end("lead")
        units.append(_unit(mark["lead"], label, text[start:end]))
    return units


def split_paragraphs(text: str) -> list[Unit]:
    """Lines, each with the blank lines after it."""
    return [_unit("", "", paragraph) for paragraph in _paragraphs(text)]


def whole(text: str) -> list[Unit]:
    """The text as a single unit; none when it is empty."""
    return [_unit("", "", text)] if text else []


def _paragraphs(text: str) -> Iterator[str]:
    return (found[0] for found in _PARAGRAPH.finditer(text))


def _unit(lead: str, label: str, content: str) -> Unit:
    bare = content.rstrip()
    return Unit(lead, label, bare, content[len(bare) :])
