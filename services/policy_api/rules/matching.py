"""Many clauses made ready to be matched with enterprises, and the match itself. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.policy_api.rules.clauses import clause_status
from services.policy_api.rules.condition_tests import NO, UNKNOWN, YES
from services.policy_api.rules.conditions import (
    RESULTS,
    ConditionTable,
    Node,
    Values,
    ask_next,
    compile_conditions,
    evaluate,
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


@dataclass(frozen=True)
class Matched:
    """One enterprise against some clauses: outcomes in the clauses' order, and what explaining them needs."""

    known: Known
    values: Values
    table: ConditionTable
    clauses: Sequence[ReadyClause]
    outcomes: Sequence[int]

    def counts(self) -> dict[MatchResult, int]:
        return {RESULTS[outcome]: self.outcomes.count(outcome) for outcome in _ORDER}

    def pick(self, *, everything: bool, limit: int) -> list[tuple[ReadyClause, int]]:
        """Matches first, then what is open, then, when everything is wanted, the rest."""
        wanted = _ORDER if everything else _ORDER[:2]
        found = [
            (clause, outcome)
            for kind in wanted
            for clause, outcome in zip(self.clauses, self.outcomes, strict=True)
            if outcome == kind
        ]
        return found[:limit]

    def answer(self, clause: ReadyClause, outcome: int) -> ClauseMatch:
        return ClauseMatch(
            clause_id=clause.id,
            version=clause.version,
            title=clause.title,
            delivery=clause.delivery,
            status=clause.status(self.known.today),
            result=RESULTS[outcome],
            reasons=explain(clause.root, self.table, self.values, self.known),
            ask_next=ask_next(clause.root, self.table, self.values, self.known),
        )

    def answer_line(self, clause: ReadyClause, outcome: int, *, reasons: bool) -> LineMatch:
        """Shorter, for a batch; with the reasons when they are wanted."""
        return LineMatch(
            clause_id=clause.id,
            version=clause.version,
            result=RESULTS[outcome],
            reasons=explain(clause.root, self.table, self.values, self.known) if reasons else None,
            ask_next=ask_next(clause.root, self.table, self.values, self.known),
        )


def match_profile(
    profile: EnterpriseProfile, clauses: Sequence[ReadyClause], table: ConditionTable, today: date
) -> Matched:
    """Put an enterprise to every different condition once, then to every clause."""
    known = Known(profile, today)
    values = table.evaluate(known)
    return Matched(known, values, table, clauses, [evaluate(clause.root, values) for clause in clauses])


def open_clauses(clauses: Iterable[ReadyClause], today: date) -> list[ReadyClause]:
    """Those that can be had today, newest first."""
    return sorted(
        (clause for clause in clauses if clause.status(today) is ClauseStatus.OPEN),
        key=lambda clause: clause.id,
        reverse=True,
    )
