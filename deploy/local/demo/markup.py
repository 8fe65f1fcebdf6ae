"""The small markup in which the demo's texts are written, and how it becomes an official text.

| line | means |
|---|---|
| `# 组织方式` | a heading of the first level: 一、组织方式 |
| `- 多方共担。… @czj,zjj` | a point below it, with the keys of its responsible units: （一）多方共担。…（责任单位：…） |
| `= 总则` | a chapter: 第一章　总则 |
| `+ 排放污水；` | an item of the article above it: （一）排放污水； |
| `[2-] …`, `[1] …`, `[1-2] …` | only in the second text and later, in the first, in the first two |
| `{n:1200}` | a target of the whole city; a district's paper prints its share |
| anything else | a paragraph, or in articles: 第N条　… |

Knows nothing of organisations, numbers or dates.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

_DIGITS = "零一二三四五六七八九"
_VERSIONS = re.compile(r"\[(\d)(-?)(\d?)\] ?")
_TARGET = re.compile(r"\{n:(\d+)\}")
_RESPONSIBLE = re.compile(r" @([a-z,]+)$")
_LATEST = 9


@dataclass(frozen=True)
class Line:
    """A line and the texts it belongs to."""

    text: str
    first: int
    last: int

    def is_in(self, number: int) -> bool:
        return self.first <= number <= self.last


@dataclass(frozen=True)
class Chapter:
    """第一章　总则."""

    title: str


@dataclass(frozen=True)
class Article:
    """One 条 with its items, and the texts it belongs to."""

    text: str
    items: tuple[str, ...]
    first: int
    last: int

    def is_in(self, number: int) -> bool:
        return self.first <= number <= self.last

    @property
    def body(self) -> str:
        items = (f"（{chinese(number)}）{item}" for number, item in enumerate(self.items, 1))
        return "\n".join([self.text, *items])


def chinese(number: int) -> str:
    """1 to 99 as 一 to 九十九."""
    tens, ones = divmod(number, 10)
    return {0: "", 1: "十"}.get(tens, _DIGITS[tens] + "十") + (_DIGITS[ones] if ones or not tens else "")


def read_lines(text: str) -> list[Line]:
    """The lines with their marks of version read off."""
    return [_read_line(raw.strip()) for raw in text.splitlines() if raw.strip()]


def _read_line(raw: str) -> Line:
    found = _VERSIONS.match(raw)
    if found is None:
        return Line(raw, 1, _LATEST)
    first = int(found[1])
    last = int(found[3]) if found[3] else _LATEST if found[2] else first
    return Line(raw[found.end() :], first, last)


def select(text: str, number: int) -> list[str]:
    """The lines of one text."""
    return [line.text for line in read_lines(text) if line.is_in(number)]


def scale_targets(text: str, share: float) -> str:
    """Targets as one district (`share` of the city) or the whole city (1) has them, rounded to two digits."""
    return _TARGET.sub(lambda found: str(_round(int(found[1]) * share) if share < 1 else int(found[1])), text)


def _round(value: float) -> int:
    step = int(10 ** max(len(str(int(value))) - 2, 0))
    return max(round(value / step) * step, 1)


def fill(text: str, values: Mapping[str, str]) -> str:
    """Replace `{name}` by its value where there is one; other braces stay."""
    return re.sub(r"\{([a-z]+)\}", lambda found: values.get(found[1], found[0]), text)


def set_points(lines: list[str], unit_name: Callable[[str], str]) -> str:
    """Numbered headings, points and paragraphs. A heading without anything below it is left out."""
    kept = [line for line, after in zip(lines, [*lines[1:], "# "], strict=True) if not _is_empty_heading(line, after)]
    return "\n".join(_number_points(kept, unit_name))


def _is_empty_heading(line: str, after: str) -> bool:
    return line.startswith("# ") and after.startswith("# ")


def _number_points(lines: list[str], unit_name: Callable[[str], str]) -> Iterator[str]:
    heading = point = 0
    for line in lines:
        if line.startswith("# "):
            heading, point = heading + 1, 0
            yield f"{chinese(heading)}、{line[2:]}"
        elif line.startswith("- "):
            point += 1
            yield f"（{chinese(point)}）{_name_responsible(line[2:], unit_name)}"
        else:
            yield line.removeprefix("% ")


def _name_responsible(text: str, unit_name: Callable[[str], str]) -> str:
    found = _RESPONSIBLE.search(text)
    if found is None:
        return text
    names = dict.fromkeys(unit_name(key) for key in found[1].split(","))
    return f"{text[: found.start()]}（责任单位：{'、'.join(names)}）"


def read_articles(text: str) -> list[Chapter | Article]:
    """Chapters and articles in order, of every version."""
    nodes: list[Chapter | Article] = []
    for line in read_lines(text):
        if line.text.startswith("= "):
            nodes.append(Chapter(line.text[2:]))
        elif line.text.startswith("+ "):
            last = nodes[-1]
            assert isinstance(last, Article), f"an item needs an article above it: {line.text}"
            nodes[-1] = Article(last.text, (*last.items, line.text[2:]), last.first, last.last)
        else:
            nodes.append(Article(line.text, (), line.first, line.last))
    return nodes


def set_articles(nodes: list[Chapter | Article], number: int, closing: str) -> str:
    """The text of one version; `closing` becomes the last article (施行日期)."""
    out: list[str] = []
    chapters = articles = 0
    for node in nodes:
        if isinstance(node, Chapter):
            chapters += 1
            out.append(f"第{chinese(chapters)}章　{node.title}")
        elif node.is_in(number):
            articles += 1
            out.append(f"第{chinese(articles)}条　{node.body}")
    if chapters:
        out.append(f"第{chinese(chapters + 1)}章　附则")
    return "\n".join([*out, f"第{chinese(articles + 1)}条　{closing}"])


def amendments(nodes: list[Chapter | Article], number: int) -> list[str]:
    """What an amending act says to turn the text before `number` into text `number`."""
    said, before, after = [], 0, 0
    articles = [node for node in nodes if isinstance(node, Article)]
    replaced = _replacements(articles, number)
    for article in articles:
        before += article.is_in(number - 1)
        after += article.is_in(number)
        if article.is_in(number - 1) and not article.is_in(number):
            new = replaced.get(article)
            said.append(f"将第{chinese(before)}条修改为：“{new.body}”" if new else f"删去第{chinese(before)}条。")
        elif article.is_in(number) and not article.is_in(number - 1) and article not in replaced.values():
            said.append(f"增加一条，作为第{chinese(after)}条：“{article.body}”")
    return said


def _replacements(articles: list[Article], number: int) -> dict[Article, Article]:
    """Old articles to the new ones that stand directly after them."""
    return {
        old: new
        for old, new in pairwise(articles)
        if old.is_in(number - 1) and not old.is_in(number) and new.is_in(number) and not new.is_in(number - 1)
    }
