"""What became of the lines of a bulk push. Keeps numbers, not documents: eight bytes a line."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.schemas.policies import Outcome, Receipt

PROBLEMS_KEPT = 1000
"""A million refused lines must not fill the memory with their problem documents."""


@dataclass(frozen=True)
class LineResult:
    """What became of one line: a receipt, or the problem document that refused it."""

    line: int
    """From 1, over the whole push."""
    status: int
    """As the single PUT would have answered."""
    receipt: Receipt | None
    problem: dict[str, Any] | None


@dataclass
class PushReport:
    """The numbers of accepted, unchanged and refused lines.

    A line that was stored just before its connection broke is sent again and counts as unchanged.
    """

    accepted: Sequence[int] = field(default_factory=lambda: array("Q"))
    """Created or updated."""
    unchanged: Sequence[int] = field(default_factory=lambda: array("Q"))
    refused: Sequence[int] = field(default_factory=lambda: array("Q"))
    problems: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Why a line was refused, of the first thousand."""

    @property
    def lines(self) -> int:
        """How many lines are acknowledged."""
        return len(self.accepted) + len(self.unchanged) + len(self.refused)

    def add(self, result: LineResult) -> None:
        """Count one line."""
        numbers = self._numbers(result)
        assert isinstance(numbers, array)
        numbers.append(result.line)
        if result.problem is not None and len(self.problems) < PROBLEMS_KEPT:
            self.problems[result.line] = result.problem

    def _numbers(self, result: LineResult) -> Sequence[int]:
        if result.receipt is None:
            return self.refused
        return self.unchanged if result.receipt.outcome is Outcome.UNCHANGED else self.accepted
