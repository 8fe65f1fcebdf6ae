"""Conditions of clauses over facts of enterprises: three-valued, with the reason per condition and what to ask next.

An expression is `{"all": […]}`, `{"any": […]}`, `{"not": …}` or a test `{"fact", "op", "value", "unit"?, "as_of"?}`;
`condition_checks` says whether it is sound. Unknown is not no (domain.md §10): Kleene's logic. Pure.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from services.policy_api.rules.condition_checks import children_of
from services.policy_api.rules.condition_tests import NO, UNKNOWN, YES, Condition, make_condition
from services.policy_api.rules.enterprise_facts import Known
from shared.schemas.clauses import MatchResult, Reason

RESULTS = {NO: MatchResult.NO_MATCH, UNKNOWN: MatchResult.UNKNOWN, YES: MatchResult.MATCH}
NOT_TAKEN_APART = "该条款的条件尚未拆解，无法自动比对，请对照原文"
Values = Mapping[int, int]
"""By position in the table, how each condition came out for one enterprise."""
Program = Callable[[Values], int]


@dataclass
class ConditionTable:
    """Every different test of many clauses, once: an enterprise is put to each test only once. Grows only."""

    tests: list[Condition] = field(default_factory=list)
    _positions: dict[tuple[Any, ...], int] = field(default_factory=dict)

    def place(self, node: Mapping[str, Any]) -> int:
        test = make_condition(dict(node))
        position = self._positions.get(test.key)
        if position is None:
            position = len(self.tests)
            self.tests.append(test)
            self._positions[test.key] = position
        return position

    def evaluate(self, known: Known) -> "Outcomes":
        return Outcomes(self, known)


class Outcomes(dict[int, int]):
    """How an enterprise's conditions came out, each found when it is first looked at, and said when first asked for."""

    def __init__(self, table: ConditionTable, known: Known) -> None:
        super().__init__()
        self.tests, self.known = table.tests, known
        self._said: dict[tuple[int, bool], str] = {}

    def __missing__(self, position: int) -> int:
        outcome = self[position] = self.tests[position].evaluate(self.known)
        return outcome

    def find_all(self, groups: Iterable[Sequence[int]]) -> None:
        """Look at many at once: the tests of a group are of one fact, as of one day."""
        for positions in groups:
            first = self.tests[positions[0]]
            value = self.known.read(first.fact, first.as_of)
            if value is None:
                self.update(dict.fromkeys(positions, UNKNOWN))
            else:
                for position in positions:
                    self[position] = self.tests[position].compare(value)

    def say(self, position: int, *, negated: bool = False) -> str:
        """Why it came out so; `negated` where the expression asks that it does not hold."""
        said = self._said.get((position, negated))
        if said is None:
            outcome = 2 - self[position] if negated else self[position]
            said = self.tests[position].explain(self.known, outcome, negated=negated)
            self._said[position, negated] = said
        return said


@dataclass(frozen=True)
class Node:
    """A compiled part. `position` is a test's; connectives have `parts`."""

    kind: str
    pointer: str
    program: Program
    parts: tuple["Node", ...] = ()
    position: int = -1


def compile_conditions(expression: Any, table: ConditionTable) -> Node | None:
    """A sound expression in its fast form; None for conditions that were not taken apart."""
    return _compile(expression, "", table) if expression is not None else None


def _compile(node: Any, pointer: str, table: ConditionTable) -> Node:
    if "fact" in node:
        position = table.place(node)
        return Node("test", pointer, itemgetter(position), position=position)
    parts = tuple(_compile(child, at, table) for at, child in children_of(node, pointer))
    kind = next(iter(node))
    return Node(kind, pointer, _program(kind, parts), parts)


def _program(kind: str, parts: tuple[Node, ...]) -> Program:
    if kind == "not":
        inner = parts[0].program
        return lambda values: 2 - inner(values)
    decisive = NO if kind == "all" else YES
    further = min if kind == "all" else max
    programs = [part.program for part in parts]

    def run(values: Values) -> int:
        found = 2 - decisive
        for program in programs:
            outcome = program(values)
            if outcome == decisive:
                return decisive
            found = further(found, outcome)
        return found

    return run


def evaluate(root: Node | None, values: Values) -> int:
    """NO, UNKNOWN or YES."""
    return UNKNOWN if root is None else root.program(values)


def explain(root: Node | None, values: Outcomes) -> list[Reason]:
    """One reason a condition, in the order of the expression; below a `not` it is that the condition does not hold."""
    if root is None:
        return [Reason(pointer="", fact=None, result=MatchResult.UNKNOWN, sentence=NOT_TAKEN_APART)]
    return [
        Reason(
            pointer=node.pointer,
            fact=values.tests[node.position].fact.name,
            result=RESULTS[2 - values[node.position] if negated else values[node.position]],
            sentence=values.say(node.position, negated=negated),
        )
        for node, negated in _asked_of(root)
    ]


def _asked_of(node: Node, negated: bool = False) -> list[tuple[Node, bool]]:
    """Every test, and whether the expression asks for its opposite."""
    if node.kind == "test":
        return [(node, negated)]
    turned = negated != (node.kind == "not")
    return [found for part in node.parts for found in _asked_of(part, turned)]


def _tests_of(node: Node) -> list[Node]:
    return [node] if node.kind == "test" else [test for part in node.parts for test in _tests_of(part)]


def ask_next(root: Node | None, values: Outcomes) -> list[str]:
    """Fields of the profile that can still change an UNKNOWN, the one that can decide the most first."""
    if root is None or root.program(values) != UNKNOWN:
        return []
    weights: dict[str, int] = {}
    mine = {node.position: values[node.position] for node in _tests_of(root)}
    for position in _open_tests(root, values):
        weight = _decides(root, mine, position)
        for name in values.known.missing(values.tests[position].fact):
            weights[name] = weights.get(name, 0) + weight
    return sorted(weights, key=lambda name: (-weights[name], name))


def _open_tests(node: Node, values: Values) -> list[int]:
    """Tests whose answer can still matter: below a part that is decided nothing does."""
    if node.program(values) != UNKNOWN:
        return []
    if node.kind == "test":
        return [node.position]
    return list(dict.fromkeys(position for part in node.parts for position in _open_tests(part, values)))


def _decides(root: Node, values: dict[int, int], position: int) -> int:
    """How many of its two answers decide the whole by themselves; one more, so that every open test counts."""
    return 1 + sum(root.program(values | {position: answer}) != UNKNOWN for answer in (NO, YES))
