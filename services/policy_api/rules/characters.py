"""What changed within a unit, character by character.

Exact: the spans rebuild both texts. The same texts always give the same spans: effort is bounded by counting, and a
stretch too large and too different to be worth it is shown as replaced.
"""

from collections.abc import Iterable, Iterator

from diff_match_patch import diff_match_patch

from services.policy_api.rules.alignment import longest_increasing
from shared.schemas.comparisons import Span, SpanKind

Edit = tuple[int, str]
"""An operation of diff-match-patch (-1, 0, 1) and its text."""

_KINDS = {-1: SpanKind.DELETE, 0: SpanKind.EQUAL, 1: SpanKind.INSERT}
_GRAMS = (16, 6, 3)
_SMALL_CELLS = 2_500
_MAX_CELLS = 20_000
_MAX_ALL_CELLS = 400_000
"""Old length times new length: what a stretch without anything in common costs the engine is proportional (1 µs)."""
_STRIDE = 1_000
"""How far an anchor is followed at once; the next anchor follows on."""
_CONTEXT = 64
_MAX_WINDOW = 2_000


class CharacterDiff:
    """Differences of one comparison; the effort left is shared by all its units."""

    def __init__(self) -> None:
        self._cells = _MAX_ALL_CELLS
        self._engine = diff_match_patch()
        # With its default of one second the result would depend on how busy the machine is.
        self._engine.Diff_Timeout = 0

    def spans(self, old: str, new: str) -> list[Span]:
        """Spans that lead from `old` to `new`, tidied so that whole words and phrases change rather than single characters."""
        return [Span(kind=_KINDS[kind], text=text) for kind, text in _merged(self._tidied(self._edits(old, new, 0)))]

    def _edits(self, old: str, new: str, level: int) -> Iterator[Edit]:
        if old == new:
            yield 0, old
            return
        start: int = self._engine.diff_commonPrefix(old, new)
        yield 0, old[:start]
        old, new = old[start:], new[start:]
        end: int = self._engine.diff_commonSuffix(old, new)
        yield from self._middle(old[: len(old) - end], new[: len(new) - end], level)
        yield 0, old[len(old) - end :]

    def _middle(self, old: str, new: str, level: int) -> Iterator[Edit]:
        """What lies between a common beginning and a common end."""
        cells = len(old) * len(new)
        affordable = cells <= (_SMALL_CELLS if level < len(_GRAMS) else _MAX_CELLS) and cells <= self._cells
        if cells and affordable:
            self._cells -= cells
            yield from self._engine.diff_main(old, new, False)
        elif cells and level < len(_GRAMS):
            yield from self._by_anchors(old, new, level)
        else:
            yield -1, old
            yield 1, new

    def _by_anchors(self, old: str, new: str, level: int) -> Iterator[Edit]:
        """Holds on to runs of characters that are common to both texts, and looks between them."""
        from_old = from_new = 0
        for at_old, at_new in _anchors(old, new, _GRAMS[level]):
            if at_old < from_old or at_new < from_new:
                continue
            yield from self._edits(old[from_old:at_old], new[from_new:at_new], level + 1)
            common: int = self._engine.diff_commonPrefix(old[at_old : at_old + _STRIDE], new[at_new : at_new + _STRIDE])
            yield 0, old[at_old : at_old + common]
            from_old, from_new = at_old + common, at_new + common
        yield from self._edits(old[from_old:], new[from_new:], level + 1)

    def _tidied(self, edits: Iterable[Edit]) -> Iterator[Edit]:
        """Semantic clean-up in windows around the edits, since its cost grows with the equal text on either side."""
        window: list[Edit] = []
        for kind, text in _merged(edits):
            if kind or len(text) <= 2 * _CONTEXT:
                window.append((kind, text))
                continue
            yield from self._tidied_window([*window, (0, text[:_CONTEXT])])
            yield 0, text[_CONTEXT:-_CONTEXT]
            window = [(0, text[-_CONTEXT:])]
        yield from self._tidied_window(window)

    def _tidied_window(self, window: list[Edit]) -> Iterator[Edit]:
        if len(window) > 1 and sum(len(text) for _, text in window) <= _MAX_WINDOW:
            self._engine.diff_cleanupSemantic(window)
        yield from window


def _anchors(old: str, new: str, length: int) -> list[tuple[int, int]]:
    """Where blocks of the old text that occur once stand, once, in the new one; in the order of both."""
    blocks: dict[str, int] = {}
    for at in range(0, len(old) - length + 1, length):
        block = old[at : at + length]
        blocks[block] = -1 if block in blocks else at
    found: dict[str, int] = {}
    for at in range(len(new) - length + 1):
        block = new[at : at + length]
        if block in blocks:
            found[block] = -1 if block in found else at
    pairs = [(at, found.get(block, -1)) for block, at in blocks.items() if at >= 0]
    return longest_increasing([pair for pair in pairs if pair[1] >= 0])


def _merged(edits: Iterable[Edit]) -> Iterator[Edit]:
    """Neighbours of a kind as one, within a change the deletion first, nothing empty."""
    deleted: list[str] = []
    inserted: list[str] = []
    equal: list[str] = []
    for kind, text in edits:
        if not text:
            continue
        if kind == 0:
            yield from _flush(deleted, inserted)
            equal.append(text)
            continue
        if equal:
            yield 0, "".join(equal)
            equal.clear()
        (deleted if kind < 0 else inserted).append(text)
    if equal:
        yield 0, "".join(equal)
    yield from _flush(deleted, inserted)


def _flush(deleted: list[str], inserted: list[str]) -> Iterator[Edit]:
    for kind, texts in ((-1, deleted), (1, inserted)):
        if texts:
            yield kind, "".join(texts)
            texts.clear()
