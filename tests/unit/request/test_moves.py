"""Random moves, legal and illegal, hold what the law holds: one correction, no late extension, one final decision.

The machine drives the rules alone; that the service obeys them is shown in tests/integration/test_requests.py.
"""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.request_api.rules.case import MOVES, OPEN, Case, Event, apply, fold
from services.request_api.rules.clock import Periods
from services.request_api.rules.guards import Terms, allowed_now, check
from shared.kit.errors import Conflict, RuleViolation
from shared.kit.workdays import WorkCalendar, load_seed_calendar
from shared.schemas.request_codes import DecisionCode, RequestState, StepKind

SEED = load_seed_calendar()
PERIODS = Periods()
K, S = StepKind, RequestState
DRAFTER, REVIEWER, LEADER = "drafter", "reviewer", "leader"
FINAL = (S.SERVED, S.CLOSED, S.ARCHIVED)


class Clockwork(RuleBasedStateMachine):
    """A request that anything is tried on, day after day."""

    def __init__(self) -> None:
        super().__init__()
        self.today = date(2024, 1, 2)
        self.events: list[Event] = []
        self.case = Case()
        self.decided: list[DecisionCode] = []
        self.counter = 0

    @property
    def terms(self) -> Terms:
        return Terms(self.today, SEED, PERIODS)

    @initialize(start=st.dates(date(2024, 1, 2), date(2025, 6, 1)), confirmed=st.booleans())
    def submit(self, start: date, confirmed: bool) -> None:
        self.today = start
        facts = {"received_on": start.isoformat()} if confirmed else {}
        self._append(Event(K.SUBMITTED, start, facts))

    @rule(days=st.integers(0, 25))
    def let_time_pass(self, days: int) -> None:
        self.today += timedelta(days=days)

    @rule(
        kind=st.sampled_from(sorted(set(MOVES) - {K.RECOMPUTED})),
        back=st.integers(0, 6),
        actor=st.sampled_from([DRAFTER, REVIEWER, LEADER]),
        flag=st.booleans(),
        number=st.integers(1, 20),
    )
    def try_something(self, kind: StepKind, back: int, actor: str, flag: bool, number: int) -> None:
        on = self.today - timedelta(days=back)
        facts = self._facts(kind, on, flag, number)
        if facts is None:
            return
        event = Event(kind, on, facts, actor)
        allowed = allowed_now(self.case, self.terms)
        try:
            check(self.case, event, self.terms)
        except (Conflict, RuleViolation):
            return
        assert kind in allowed, "what is taken was said to be possible"
        self._ensure_lawful(event)
        self._append(event)

    def _facts(self, kind: StepKind, on: date, flag: bool, number: int) -> dict[str, Any] | None:
        """What such a step carries; None when there is nothing it could be about."""
        if kind is K.CONSULTED:
            self.counter += 1
            received = {"received_on": on.isoformat()} if flag else {}
            return {
                "consultation": str(self.counter),
                "kind": "co_producer" if number % 2 else "third_party",
            } | received
        if kind in (K.CONSULTATION_RECEIVED, K.CONSULTATION_ANSWERED):
            known = sorted(self.case.consultations)
            answered = {"opinion": "agrees"} if kind is K.CONSULTATION_ANSWERED else {}
            return {"consultation": known[number % len(known)]} | answered if known else None
        if kind is K.REVIEWED:
            return {"kind": "legal" if number % 2 else "secrecy", "passes": flag or number > 3}
        simple: dict[StepKind, dict[str, Any]] = {
            K.EXTENDED: {"workdays": number},
            K.DRAFTED: {"decision": "A2" if flag else "C5"},
            K.REASONS_GIVEN: {"reasonable": flag},
        }
        return simple.get(kind, {})

    def _ensure_lawful(self, event: Event) -> None:
        """The law in plain words, beside the guards."""
        kinds = [one.kind for one in self.events]
        due = self.case.clock_in(SEED, PERIODS).due
        if event.kind is K.CORRECTION_REQUESTED:
            assert K.CORRECTION_REQUESTED not in kinds, "条例第三十条: once"
            assert self.case.received_on is not None
            assert SEED.workdays_between(self.case.received_on, event.on) <= 7
        if event.kind is K.EXTENDED:
            assert K.EXTENDED not in kinds, "条例第三十三条: once"
            assert due is not None
            assert event.on <= due.on
            assert self.today <= due.on
        if event.kind is K.APPROVED:
            by = {one.actor for one in self.events[self._last(K.DRAFTED) :] if one.kind in (K.DRAFTED, K.REVIEWED)}
            assert event.actor not in by, "drafter ≠ reviewer ≠ approver"
        if event.kind in (K.CORRECTION_LAPSED, K.PAYMENT_LAPSED):
            assert self.case.waiting_until is not None
            assert self.today > self.case.waiting_until

    def _last(self, kind: StepKind) -> int:
        return max(index for index, one in enumerate(self.events) if one.kind is kind)

    def _append(self, event: Event) -> None:
        was_final = self.case.state in FINAL
        self.case = apply(self.case, event, SEED, PERIODS)
        self.events.append(event)
        if self.case.state in FINAL and not was_final:
            assert self.case.decision is not None
            self.decided.append(self.case.decision)

    @invariant()
    def there_is_one_final_decision(self) -> None:
        assert len(self.decided) <= 1
        if self.case.state in FINAL:
            assert [self.case.decision] == self.decided
        assert self.case.is_open == (self.case.state in OPEN)

    @invariant()
    def the_clock_is_that_of_a_slow_one(self) -> None:
        if not self.events:
            return
        clock = self.case.clock_in(SEED, PERIODS)
        expected = slow_deadline(self.events, SEED)
        assert (clock.due.on if clock.due else None) == expected

    @invariant()
    def folding_again_gives_the_same(self) -> None:
        assert fold(self.events, SEED, PERIODS) == self.case


def slow_deadline(events: list[Event], calendar: WorkCalendar) -> date | None:
    """The deadline by walking from day to day, told by what happened, without the clock's own parts."""
    start: date | None = None
    stopped, extension = False, 0
    excluded: set[date] = set()
    letters: dict[str, dict[str, Any]] = {}
    for event in events:
        if (event.kind is K.SUBMITTED and "received_on" in event.facts) or event.kind is K.CONFIRMED:
            start = event.on
        elif event.kind in (K.CORRECTION_REQUESTED, K.FEE_NOTICED):
            stopped = True
        elif event.kind in (K.CORRECTED, K.PAID):
            start, stopped, extension = event.on, False, 0
        elif event.kind is K.EXTENDED:
            extension = event.facts["workdays"]
        elif event.kind is K.CONSULTED:
            received = event.facts.get("received_on")
            letters[event.facts["consultation"]] = {"sent": event.on, "from": received or event.on.isoformat()}
        elif event.kind is K.CONSULTATION_RECEIVED:
            letters[event.facts["consultation"]]["from"] = event.on.isoformat()
        elif event.kind is K.CONSULTATION_ANSWERED:
            letters[event.facts["consultation"]]["answered"] = event.on
    if start is None or stopped:
        return None
    for letter in letters.values():
        excluded |= _days_of(letter, calendar)
    day, left = start, 20 + extension
    while left:
        day += timedelta(days=1)
        left -= calendar.is_workday(day) and day not in excluded
    return day


def _days_of(letter: dict[str, Any], calendar: WorkCalendar) -> set[date]:
    until, left = date.fromisoformat(letter["from"]), 15
    while left:
        until += timedelta(days=1)
        left -= calendar.is_workday(until)
    until = min(until, letter.get("answered", until))
    return {letter["sent"] + timedelta(days=n) for n in range(1, (until - letter["sent"]).days + 1)}


TestMoves = Clockwork.TestCase
TestMoves.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("state", sorted(set(RequestState)))
def test_a_step_out_of_place_says_what_is_possible(state: RequestState) -> None:
    terms = Terms(date(2025, 9, 23), SEED, PERIODS)
    case = replace(
        fold([Event(K.SUBMITTED, date(2025, 9, 22), {"received_on": "2025-09-22"})], SEED, PERIODS), state=state
    )
    for kind in set(MOVES) - {K.RECOMPUTED}:
        if state in MOVES[kind].begins:
            continue
        with pytest.raises(Conflict) as refusal:
            check(case, Event(kind, date(2025, 9, 23), {}, DRAFTER), terms)
        assert refusal.value.facts["state"] == state.value
        assert kind.value not in refusal.value.facts["allowed"]
