"""Many clauses put to one enterprise at once: clauses whose conditions are built alike are worked out in one go.

A set of clauses is a whole number whose bits are their places. What a test comes to is looked up once and counts for
every clause that makes it; `all`, `any` and `not` are then one operation on numbers for thousands of clauses. Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from services.policy_api.rules.condition_tests import NO, UNKNOWN, YES
from services.policy_api.rules.conditions import ConditionTable, Node, Outcomes

_Plan = tuple["str | _Plan", ...]
"""How an expression is built: its connective and its parts; a test is `("test",)`."""
_TEST: _Plan = ("test",)
_Slot = dict[int, int]
"""By test: the clauses that have it in this place of their expression."""


@dataclass(frozen=True)
class Standing:
    """How an enterprise stands with a board's clauses, as sets of places; a place in neither is unknown."""

    size: int
    yes: int
    no: int

    @property
    def unknown(self) -> int:
        return ~(self.yes | self.no) & ((1 << self.size) - 1)

    def places(self, outcome: int) -> Iterator[int]:
        """In the clauses' order."""
        bits = f"{self._set(outcome):b}"[::-1]
        place = bits.find("1")
        while place >= 0:
            yield place
            place = bits.find("1", place + 1)

    def count(self, outcome: int) -> int:
        return self._set(outcome).bit_count()

    def _set(self, outcome: int) -> int:
        return {YES: self.yes, NO: self.no, UNKNOWN: self.unknown}[outcome]


@dataclass
class _Alike:
    """Clauses whose expressions are built by one plan."""

    slots: list[_Slot]
    """Of each test, from left to right."""
    places: int = 0


@dataclass
class ClauseBoard:
    """Expressions in their order, ready to be evaluated together."""

    size: int = 0
    _alike: dict[_Plan, _Alike] = field(default_factory=dict)
    _tests: set[int] = field(default_factory=set)
    _by_fact: list[list[int]] = field(default_factory=list)

    @classmethod
    def of(cls, roots: Sequence[Node | None], table: ConditionTable) -> "ClauseBoard":
        """None stands for conditions that were not taken apart: unknown to everybody."""
        board = cls(len(roots))
        for place, root in enumerate(roots):
            if root is not None:
                board._add(root, 1 << place)
        groups: dict[tuple[str, date | None], list[int]] = {}
        for position in sorted(board._tests):
            test = table.tests[position]
            groups.setdefault((test.fact.name, test.as_of), []).append(position)
        board._by_fact = list(groups.values())
        return board

    def evaluate(self, values: Outcomes) -> Standing:
        """Every expression, by Kleene's logic."""
        values.find_all(self._by_fact)
        met = {test for test in self._tests if values[test] == YES}
        unclear = {test for test in self._tests if values[test] == UNKNOWN}
        yes = no = 0
        for plan, alike in self._alike.items():
            more = _evaluate(plan, (_look_up(slot, alike.places, met, unclear) for slot in alike.slots))
            yes, no = yes | more[0], no | more[1]
        return Standing(self.size, yes, no)

    def _add(self, root: Node, bit: int) -> None:
        tests = list(_tests_of(root))
        self._tests.update(tests)
        alike = self._alike.setdefault(_plan_of(root), _Alike([{} for _ in tests]))
        alike.places |= bit
        for slot, position in zip(alike.slots, tests, strict=True):
            slot[position] = slot.get(position, 0) | bit


def _plan_of(node: Node) -> _Plan:
    return _TEST if node.kind == "test" else (node.kind, *(_plan_of(part) for part in node.parts))


def _tests_of(node: Node) -> Iterator[int]:
    if node.kind == "test":
        yield node.position
    for part in node.parts:
        yield from _tests_of(part)


def _look_up(slot: _Slot, places: int, met: set[int], unclear: set[int]) -> tuple[int, int]:
    """For whom this slot's test is YES, and for whom NO: most are, so only the others are gathered."""
    yes = open_ = 0
    for position in slot.keys() & met:
        yes |= slot[position]
    for position in slot.keys() & unclear:
        open_ |= slot[position]
    return yes, places & ~(yes | open_)


def _evaluate(plan: _Plan, slots: Iterator[tuple[int, int]]) -> tuple[int, int]:
    if plan == _TEST:
        return next(slots)
    kind, *parts = plan
    found = [_evaluate(part, slots) for part in parts if isinstance(part, tuple)]
    yes, no = found[0]
    if kind == "not":
        return no, yes
    for more_yes, more_no in found[1:]:
        yes, no = (yes & more_yes, no | more_no) if kind == "all" else (yes | more_yes, no & more_no)
    return yes, no
