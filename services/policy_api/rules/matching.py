"""Many clauses made ready to be matched with enterprises, and the match itself. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any
from uuid import UUID

from services.policy_api.rules.clause_board import ClauseBoard, Standing
from services.policy_api.rules.clauses import clause_status
from services.policy_api.rules.condition_tests import NO, UNKNOWN, YES
from services.policy_api.rules.conditions import (
    RESULTS,
    ConditionTable,
    Node,
    Outcomes,
    ask_next,
    compile_conditions,
    explain,
)
from services.policy_api.rules.enterprise_facts import Known
from shared.schemas.clauses import ClauseMatch, ClauseStatus, EnterpriseProfile, LineMatch, MatchResult

_ORDER = (YES, UNKNOWN, NO)


@dataclass(frozen=True)
class ReadyClause:
    """A public clause in its fast form. `dates` is what its status is made of."""

    id: UUID
    version: int
    title: str
    delivery: str
    policy_id: UUID
    dates: Mapping[str, Any]
    root: Node | None

    def status(self, today: date) -> ClauseStatus:
        return clause_status(dict(self.dates), today)


def make_ready(shown: Mapping[str, Any], table: ConditionTable) -> ReadyClause:
    """From a public representation."""
    return ReadyClause(
        id=UUID(shown["id"]),
        version=shown["version"],
        title=shown["title"],
        delivery=shown["delivery"],
        policy_id=UUID(shown["policies"][0]["id"]),
        dates={name: shown[name] for name in ("policies", "window", "valid_from", "valid_to")},
        root=compile_conditions(shown["conditions"], table),
    )


class ClauseGroup:
    """Clauses in their order, and their conditions on one board."""

    def __init__(self, clauses: Sequence[ReadyClause], table: ConditionTable) -> None:
        self.clauses, self.table = clauses, table
        self.board = ClauseBoard.of([clause.root for clause in clauses], table)


@dataclass(frozen=True)
class Matched:
    """One enterprise against some clauses."""

    known: Known
    values: Outcomes
    group: ClauseGroup
    standing: Standing

    def counts(self) -> dict[MatchResult, int]:
        return {RESULTS[outcome]: self.standing.count(outcome) for outcome in _ORDER}

    @property
    def matching(self) -> list[ReadyClause]:
        return [self.group.clauses[place] for place in self.standing.places(YES)]

    def pick(self, *, everything: bool, limit: int) -> list[tuple[ReadyClause, int]]:
        """Matches first, then what is open, then, when everything is wanted, the rest."""
        wanted = _ORDER if everything else _ORDER[:2]
        found = ((self.group.clauses[place], one) for one in wanted for place in self.standing.places(one))
        return list(islice(found, limit))

    def answer(self, clause: ReadyClause, outcome: int) -> ClauseMatch:
        return ClauseMatch(
            clause_id=clause.id,
            version=clause.version,
            title=clause.title,
            delivery=clause.delivery,
            status=clause.status(self.known.today),
            result=RESULTS[outcome],
            reasons=explain(clause.root, self.values),
            ask_next=ask_next(clause.root, self.values),
        )

    def answer_line(self, clause: ReadyClause, outcome: int, *, reasons: bool) -> LineMatch:
        """Shorter, for a batch; with the reasons when they are wanted."""
        return LineMatch(
            clause_id=clause.id,
            version=clause.version,
            result=RESULTS[outcome],
            reasons=explain(clause.root, self.values) if reasons else None,
            ask_next=ask_next(clause.root, self.values),
        )


def match_profile(profile: EnterpriseProfile, group: ClauseGroup, today: date) -> Matched:
    """Put an enterprise to all clauses of a group."""
    known = Known(profile, today)
    values = group.table.evaluate(known)
    return Matched(known, values, group, group.board.evaluate(values))


def open_clauses(clauses: Iterable[ReadyClause], today: date) -> list[ReadyClause]:
    """Those that can be had today, newest first."""
    return sorted(
        (clause for clause in clauses if clause.status(today) is ClauseStatus.OPEN),
        key=lambda clause: clause.id,
        reverse=True,
    )
