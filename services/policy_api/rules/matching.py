"""Many clauses made ready to be matched with enterprises, and the match itself. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
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
    guard_of,
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


class ClauseGroups:
    """Clauses in their order, put together by a condition that shuts out enterprises from all of a group."""

    def __init__(self, clauses: Sequence[ReadyClause], table: ConditionTable) -> None:
        self.clauses, self.table = clauses, table
        groups: dict[int | None, list[tuple[int, ReadyClause]]] = {}
        for place, clause in enumerate(clauses):
            groups.setdefault(guard_of(clause.root, table), []).append((place, clause))
        self.groups = list(groups.items())


@dataclass(frozen=True)
class Matched:
    """One enterprise against some clauses: by place, the outcome of those that are not NO."""

    known: Known
    values: Values
    groups: ClauseGroups
    outcomes: Mapping[int, int]

    @property
    def table(self) -> ConditionTable:
        return self.groups.table

    def counts(self) -> dict[MatchResult, int]:
        found = Counter(self.outcomes.values())
        found[NO] = len(self.groups.clauses) - len(self.outcomes)
        return {RESULTS[outcome]: found[outcome] for outcome in _ORDER}

    @property
    def matching(self) -> list[ReadyClause]:
        return [self.groups.clauses[place] for place, outcome in sorted(self.outcomes.items()) if outcome == YES]

    def pick(self, *, everything: bool, limit: int) -> list[tuple[ReadyClause, int]]:
        """Matches first, then what is open, then, when everything is wanted, the rest."""
        places = sorted(self.outcomes, key=lambda place: (-self.outcomes[place], place))[:limit]
        if everything and len(places) < limit:
            rest = (place for place in range(len(self.groups.clauses)) if place not in self.outcomes)
            places += islice(rest, limit - len(places))
        return [(self.groups.clauses[place], self.outcomes.get(place, NO)) for place in places]

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


def match_profile(profile: EnterpriseProfile, groups: ClauseGroups, today: date) -> Matched:
    """Put an enterprise to each group's condition, and to the clauses of those groups that do not shut it out."""
    known = Known(profile, today)
    values = groups.table.evaluate(known)
    outcomes = {}
    for guard, members in groups.groups:
        if guard is not None and values[guard] == NO:
            continue
        for place, clause in members:
            outcome = evaluate(clause.root, values)
            if outcome != NO:
                outcomes[place] = outcome
    return Matched(known, values, groups, outcomes)


def open_clauses(clauses: Iterable[ReadyClause], today: date) -> list[ReadyClause]:
    """Those that can be had today, newest first."""
    return sorted(
        (clause for clause in clauses if clause.status(today) is ClauseStatus.OPEN),
        key=lambda clause: clause.id,
        reverse=True,
    )
