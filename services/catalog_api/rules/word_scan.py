"""Many words looked for at once: one expression out of all of them, grown as a tree so that none is tried in vain. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared.schemas.patrol import Severity


@dataclass(frozen=True)
class Words:
    """A list: its name, how much its words matter, and the words."""

    name: str
    severity: Severity
    words: tuple[str, ...]


@dataclass(frozen=True)
class FoundWord:
    """A word of a list in a text."""

    list: str
    severity: Severity
    start: int
    end: int


class WordScan:
    """Built once for a set of lists. Blanks within a word of the text do not hide it; letters count without case."""

    def __init__(self, lists: Iterable[Words]) -> None:
        self._of: dict[str, Words] = {}
        for one in lists:
            for word in one.words:
                self._of.setdefault(_bare(word), one)
        self._of.pop("", None)
        self._pattern = re.compile(_tree(self._of), re.IGNORECASE | re.ASCII) if self._of else None

    def find(self, text: str) -> Iterator[FoundWord]:
        """The longest word at each place, none within another."""
        for match in self._pattern.finditer(text) if self._pattern else ():
            found = self._of[_bare(match[0])]
            yield FoundWord(found.name, found.severity, match.start(), match.end())


_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")


def _bare(word: str) -> str:
    """As the expression compares: only the 26 letters have a case, so that what it finds is known here too."""
    return "".join(word.split()).translate(_LOWER)


_GAP = r"[ \t\u3000]{0,2}"


def _tree(words: Mapping[str, Any]) -> str:
    """`ab`, `ac` as `a(?:b|c)`: the length of the text decides how long it takes, not the number of words."""
    root: dict[str, Any] = {}
    for word in words:
        node = root
        for char in word:
            node = node.setdefault(char, {})
        node[""] = {}
    return _expression(root)


def _expression(node: Mapping[str, Any]) -> str:
    branches = []
    for char in sorted(key for key in node if key):
        rest = _expression(node[char])
        branches.append(re.escape(char) + (_GAP + rest if rest else ""))
    if not branches:
        return ""
    joined = branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"
    # The longer word first; a word that ends here is one without what follows.
    return f"(?:{joined})?" if "" in node else joined
