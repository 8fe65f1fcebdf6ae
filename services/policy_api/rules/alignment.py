"""Which unit of an old text became which unit of a new one. Order is kept: what moved was removed and added.

The same texts always align alike: effort is bounded by counting, never by a clock.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from itertools import pairwise

from services.policy_api.rules.text_units import Unit

Pair = tuple[Unit | None, Unit | None]

_MIN_SIMILARITY = 0.4
_MIN_SIMILARITY_SAME_LABEL = 0.2
_LABEL_BONUS = 0.15
_MAX_CELLS = 40_000
_MAX_COMPARED = 12_000_000
_MAX_DEPTH = 20


def align_units(old: Sequence[Unit], new: Sequence[Unit]) -> list[Pair]:
    """Pairs in the order of both texts; None stands where a unit has no counterpart."""
    return list(_Alignment().pairs(list(old), list(new)))


def longest_increasing(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest run of pairs, sorted by their first, whose seconds increase as well."""
    ends: list[int] = []
    ends_at: list[int] = []
    previous: list[int] = []
    for index, (_, second) in enumerate(pairs):
        place = bisect_left(ends, second)
        if place == len(ends):
            ends.append(second)
            ends_at.append(index)
        else:
            ends[place] = second
            ends_at[place] = index
        previous.append(ends_at[place - 1] if place else -1)
    run, at = [], ends_at[-1] if ends_at else -1
    while at >= 0:
        run.append(pairs[at])
        at = previous[at]
    return run[::-1]


class _Alignment:
    """One comparison and what effort it has left."""

    def __init__(self) -> None:
        self._cells = _MAX_CELLS
        self._compared = _MAX_COMPARED

    def pairs(self, old: list[Unit], new: list[Unit], depth: int = 0) -> Iterator[Pair]:
        start = 0
        while start < min(len(old), len(new)) and _same(old[start], new[start]):
            start += 1
        end = 0
        while end < min(len(old), len(new)) - start and _same(old[-1 - end], new[-1 - end]):
            end += 1
        yield from zip(old[:start], new[:start], strict=True)
        yield from self._gap(old[start : len(old) - end], new[start : len(new) - end], depth)
        yield from zip(old[len(old) - end :], new[len(new) - end :], strict=True)

    def _gap(self, old: list[Unit], new: list[Unit], depth: int) -> Iterator[Pair]:
        if not old or not new:
            yield from _unrelated(old, new)
            return
        anchors: list[tuple[int, int]] = []
        if depth < _MAX_DEPTH:
            anchors = _common_once([unit.content for unit in old], [unit.content for unit in new])
        if anchors:
            yield from self._between(old, new, anchors, depth + 1)
        elif self._affords(old, new):
            yield from _most_similar(old, new)
        else:
            anchors = _common_once([unit.label or id(unit) for unit in old], [unit.label or id(unit) for unit in new])
            yield from self._between(old, new, anchors, None)

    def _between(
        self, old: list[Unit], new: list[Unit], anchors: list[tuple[int, int]], depth: int | None
    ) -> Iterator[Pair]:
        """The anchors as pairs and what stands between them; without a depth that is left unrelated."""
        from_old = from_new = 0
        for at_old, at_new in [*anchors, (len(old), len(new))]:
            gap = old[from_old:at_old], new[from_new:at_new]
            yield from _unrelated(*gap) if depth is None else self.pairs(*gap, depth)
            if at_old < len(old):
                yield old[at_old], new[at_new]
            from_old, from_new = at_old + 1, at_new + 1

    def _affords(self, old: list[Unit], new: list[Unit]) -> bool:
        cells = len(old) * len(new)
        compared = min(
            len(old) * sum(len(unit.content) for unit in new), len(new) * sum(len(unit.content) for unit in old)
        )
        if cells > self._cells or compared > self._compared:
            return False
        self._cells -= cells
        self._compared -= compared
        return True


def _same(old: Unit, new: Unit) -> bool:
    return old.content == new.content and old.label == new.label


def _unrelated(old: Sequence[Unit], new: Sequence[Unit]) -> Iterator[Pair]:
    yield from ((unit, None) for unit in old)
    yield from ((None, unit) for unit in new)


def _most_similar(old: list[Unit], new: list[Unit]) -> Iterator[Pair]:
    """The order-preserving pairing with the greatest sum of similarities."""
    grams_old, grams_new = [_bigrams(unit.content) for unit in old], [_bigrams(unit.content) for unit in new]
    weights = [
        [_weight(one, other, grams_one, grams_other) for other, grams_other in zip(new, grams_new, strict=True)]
        for one, grams_one in zip(old, grams_old, strict=True)
    ]
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in range(len(old) - 1, -1, -1):
        row, below, gains = best[i], best[i + 1], weights[i]
        for j in range(len(new) - 1, -1, -1):
            row[j] = max(below[j], row[j + 1], below[j + 1] + gains[j] if gains[j] else 0.0)
    i = j = 0
    while i < len(old) and j < len(new):
        if weights[i][j] and best[i][j] == best[i + 1][j + 1] + weights[i][j]:
            yield old[i], new[j]
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            yield old[i], None
            i += 1
        else:
            yield None, new[j]
            j += 1
    yield from _unrelated(old[i:], new[j:])


def _weight(old: Unit, new: Unit, grams_old: frozenset[str], grams_new: frozenset[str]) -> float:
    """Dice's coefficient of the character pairs, zero when too small to be the same unit."""
    same_label = bool(old.label) and old.label == new.label
    least = _MIN_SIMILARITY_SAME_LABEL if same_label else _MIN_SIMILARITY
    size = len(grams_old) + len(grams_new)
    if size == 0:
        return 1.0 if old.content == new.content else 0.0
    if 2 * min(len(grams_old), len(grams_new)) < least * size:
        return 0.0
    similarity = 2 * len(grams_old & grams_new) / size
    return similarity + _LABEL_BONUS * same_label if similarity >= least else 0.0


def _bigrams(content: str) -> frozenset[str]:
    return frozenset(map("".join, pairwise(content)))


def _common_once(old: Sequence[Hashable], new: Sequence[Hashable]) -> list[tuple[int, int]]:
    """Positions of what occurs exactly once in either sequence and is common to both, longest increasing run (patience)."""
    once_old, once_new = _once(old), _once(new)
    common = [(position, once_new[key]) for key, position in once_old.items() if key in once_new]
    common.sort()
    return longest_increasing(common)


def _once(keys: Sequence[Hashable]) -> dict[Hashable, int]:
    counts = Counter(keys)
    return {key: position for position, key in enumerate(keys) if counts[key] == 1}
