"""A request as what has happened to it makes it: the fold of its steps, and the table of moves (domain.md §9.1).

Pure. `fold` believes what was recorded; `services.request_api.rules.guards` decides what may be recorded next.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Any

from services.request_api.rules.clock import Clock, ClockFacts, Periods, Span, Start, Wait, add_days, clock_of
from shared.kit.workdays import WorkCalendar
from shared.schemas.request_codes import ConsultationKind, DecisionCode, Opinion, RequestState, StepKind

K, S = StepKind, RequestState
OPEN = frozenset(
    {
        S.PENDING_CONFIRM,
        S.REGISTERED,
        S.PROCESSING,
        S.AWAITING_CORRECTION,
        S.AWAITING_REASONS,
        S.AWAITING_PAYMENT,
        S.IN_REVIEW,
        S.DECIDED,
    }
)


@dataclass(frozen=True)
class Event:
    """One step as it is kept: its day, and what the rules need to know of it. Nothing personal."""

    kind: StepKind
    on: date
    facts: Mapping[str, Any] = field(default_factory=dict)
    actor: str = ""


@dataclass(frozen=True)
class Asked:
    """A consultation (征求意见)."""

    kind: ConsultationKind
    sent_on: date
    received_on: date | None
    due_on: date
    replied_on: date | None = None
    opinion: Opinion | None = None

    def opinion_on(self, today: date) -> Opinion | None:
        """What it stands for on a day: silence differs by who is silent (条例第三十二条、第三十四条)."""
        # Whose receipt of the letter is not known has been given no time: nothing follows from that silence.
        if self.opinion is not None or self.received_on is None or today <= self.due_on:
            return self.opinion
        return Opinion.DEEMED_TO_AGREE if self.kind is ConsultationKind.CO_PRODUCER else Opinion.SILENT

    @property
    def span(self) -> Span:
        """The days it takes, which do not count (DL-06); an opinion that comes too late takes no more than its time."""
        until = self.due_on if self.replied_on is None else min(self.replied_on, self.due_on)
        return Span(self.sent_on, until, *_WHY_EXCLUDED[self.kind])


_WHY_EXCLUDED = {
    ConsultationKind.THIRD_PARTY: ("征求第三方意见所需时间不计算在内", "条例第三十三条第三款"),
    ConsultationKind.CO_PRODUCER: ("征求共同制作机关意见所需时间不计算在内", "条例第三十三条第三款"),
    ConsultationKind.OTHER_ORGAN: ("征求其他机关意见所需时间不计算在内", "条例第三十三条第三款"),
}


@dataclass(frozen=True)
class Case:
    """Where a request stands."""

    state: RequestState = S.PENDING_CONFIRM
    submitted_on: date | None = None
    received_on: date | None = None
    clock: ClockFacts = field(default_factory=ClockFacts)
    waiting_until: date | None = None
    correction_notice_on: date | None = None
    was_corrected: bool = False
    reasons_asked: bool = False
    extended: bool = False
    fee_noticed: bool = False
    consultations: Mapping[str, Asked] = field(default_factory=dict)
    decision: DecisionCode | None = None
    exemption: str | None = None
    drafted_by: str | None = None
    reviewed_by: Mapping[str, str] = field(default_factory=dict)
    approved_on: date | None = None
    answered_on: date | None = None
    closed_on: date | None = None
    last_on: date | None = None
    """The day of the latest step: nothing that follows comes before it."""
    drafters: frozenset[str] = frozenset()
    """Whoever has written one of its answers."""

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    def clock_in(self, calendar: WorkCalendar, periods: Periods) -> Clock:
        """Its clock, with the days that consultations take."""
        spans = tuple(asked.span for asked in self.consultations.values())
        return clock_of(replace(self.clock, spans=spans), calendar, periods)


@dataclass(frozen=True)
class Move:
    """From which states a step is possible and where it leads; None keeps the state."""

    begins: frozenset[RequestState]
    leads_to: RequestState | None


def _move(leads_to: RequestState | None, *begins: RequestState) -> Move:
    return Move(frozenset(begins), leads_to)


_BEFORE_DECISION = tuple(OPEN - {S.DECIDED})

_CONSULTING = (S.PROCESSING, S.AWAITING_REASONS, S.AWAITING_PAYMENT, S.AWAITING_CORRECTION)

MOVES: Mapping[StepKind, Move] = MappingProxyType(
    {
        K.CONFIRMED: _move(S.REGISTERED, S.PENDING_CONFIRM),
        K.ACCEPTED: _move(S.PROCESSING, S.REGISTERED),
        K.CORRECTION_REQUESTED: _move(S.AWAITING_CORRECTION, S.REGISTERED, S.PROCESSING),
        K.CORRECTED: _move(S.PROCESSING, S.AWAITING_CORRECTION),
        K.CORRECTION_LAPSED: _move(S.CLOSED, S.AWAITING_CORRECTION),
        K.CONSULTED: _move(None, S.PROCESSING),
        K.CONSULTATION_RECEIVED: _move(None, *_CONSULTING),
        K.CONSULTATION_ANSWERED: _move(None, *_CONSULTING),
        K.REASONS_ASKED: _move(S.AWAITING_REASONS, S.PROCESSING),
        K.REASONS_GIVEN: _move(S.PROCESSING, S.AWAITING_REASONS),
        K.FEE_NOTICED: _move(S.AWAITING_PAYMENT, S.PROCESSING),
        K.PAID: _move(S.PROCESSING, S.AWAITING_PAYMENT),
        K.PAYMENT_LAPSED: _move(S.CLOSED, S.AWAITING_PAYMENT),
        K.EXTENDED: _move(None, S.PROCESSING),
        K.DRAFTED: _move(S.IN_REVIEW, S.PROCESSING),
        K.REVIEWED: _move(None, S.IN_REVIEW),
        K.RETURNED: _move(S.PROCESSING, S.IN_REVIEW),
        K.APPROVED: _move(S.DECIDED, S.IN_REVIEW),
        K.SERVED: _move(S.SERVED, S.DECIDED),
        K.ARCHIVED: _move(S.ARCHIVED, S.SERVED, S.CLOSED),
        K.WITHDRAWN: _move(S.CLOSED, *_BEFORE_DECISION),
        K.RECOMPUTED: _move(None, *OPEN),
    }
)


OUT_OF_ORDER = frozenset({K.CONSULTATION_RECEIVED, K.CONSULTATION_ANSWERED, K.RECOMPUTED})
"""Happens elsewhere, and is heard of later: its day may lie before that of a step recorded earlier."""


def fold(events: Iterable[Event], calendar: WorkCalendar, periods: Periods) -> Case:
    """The request after these steps."""
    case = Case()
    for event in events:
        case = apply(case, event, calendar, periods)
    return case


def apply(case: Case, event: Event, calendar: WorkCalendar, periods: Periods) -> Case:
    """The request after one more step."""
    move = MOVES.get(event.kind)
    if move is not None and move.leads_to is not None:
        case = replace(case, state=move.leads_to)
    if event.kind not in OUT_OF_ORDER:
        case = replace(case, last_on=max(event.on, case.last_on or event.on))
    effect = _EFFECTS.get(event.kind)
    return effect(case, event, calendar, periods) if effect else case


Effect = Callable[[Case, Event, WorkCalendar, Periods], Case]


def _submitted(case: Case, event: Event, _calendar: WorkCalendar, _periods: Periods) -> Case:
    case = replace(case, submitted_on=event.on, state=S.PENDING_CONFIRM)
    received = _day(event.facts.get("received_on"))
    return case if received is None else replace(_receive(case, received), state=S.REGISTERED)


def _confirmed(case: Case, event: Event, _calendar: WorkCalendar, _periods: Periods) -> Case:
    return _receive(case, event.on)


def _receive(case: Case, on: date) -> Case:
    start = Start(on, "收到申请，当日不计入", "条例第三十一条、民法典第二百零一条")
    return replace(case, received_on=on, clock=case.clock.with_start(start))


def _correction_requested(case: Case, event: Event, calendar: WorkCalendar, periods: Periods) -> Case:
    workdays = event.facts.get("workdays") or periods.correction
    until = calendar.add_workdays(event.on, workdays).on
    wait = Wait(event.on, None, "等待申请人补正，补正后重新起算", "条例第三十条")
    return replace(_wait(case, wait, until), correction_notice_on=event.on)


def _corrected(case: Case, event: Event, _calendar: WorkCalendar, _periods: Periods) -> Case:
    case = _resume(case, event.on, Start(event.on, "收到补正的申请，重新起算，当日不计入", "条例第三十条"))
    return replace(case, was_corrected=True)


def _fee_noticed(case: Case, event: Event, calendar: WorkCalendar, periods: Periods) -> Case:
    until = add_days(event.on, periods.payment_days, calendar).on
    wait = Wait(event.on, None, "等待申请人缴费，缴费后重新起算", "国办函〔2020〕109号")
    return replace(_wait(case, wait, until), fee_noticed=True)


def _paid(case: Case, event: Event, _calendar: WorkCalendar, _periods: Periods) -> Case:
    return _resume(case, event.on, Start(event.on, "缴费完毕，重新起算，当日不计入", "国办函〔2020〕109号"))


def _wait(case: Case, wait: Wait, until: date) -> Case:
    return replace(case, waiting_until=until, clock=replace(case.clock, waits=(*case.clock.waits, wait)))


def _resume(case: Case, on: date, start: Start) -> Case:
    waits = (*case.clock.waits[:-1], replace(case.clock.waits[-1], until=on))
    return replace(case, waiting_until=None, clock=replace(case.clock, waits=waits).with_start(start))


def _lapsed(decision: DecisionCode) -> Effect:
    def close(case: Case, event: Event, _calendar: WorkCalendar, _periods: Periods) -> Case:
        return replace(case, decision=decision, exemption=None, closed_on=event.on, waiting_until=None)

    return close


def _consulted(case: Case, event: Event, calendar: WorkCalendar, periods: Periods) -> Case:
    received = _day(event.facts.get("received_on"))
    asked = Asked(
        ConsultationKind(event.facts["kind"]),
        event.on,
        received,
        # Until the letter's receipt is known its sending stands in for it: the period cannot end earlier.
        calendar.add_workdays(received or event.on, periods.opinion).on,
    )
    return _with_consultation(case, event, asked)


def _consultation_received(case: Case, event: Event, calendar: WorkCalendar, periods: Periods) -> Case:
    asked = case.consultations[event.facts["consultation"]]
    due_on = calendar.add_workdays(event.on, periods.opinion).on
    return _with_consultation(case, event, replace(asked, received_on=event.on, due_on=due_on))


def _consultation_answered(case: Case, event: Event, _calendar: WorkCalendar, _periods: Periods) -> Case:
    asked = case.consultations[event.facts["consultation"]]
    answered = replace(asked, replied_on=event.on, opinion=Opinion(event.facts["opinion"]))
    return _with_consultation(case, event, answered)


def _with_consultation(case: Case, event: Event, asked: Asked) -> Case:
    return replace(case, consultations={**case.consultations, event.facts["consultation"]: asked})


def _reasons_asked(case: Case, event: Event, calendar: WorkCalendar, periods: Periods) -> Case:
    """DL-09: asking does not stop the clock."""
    until = calendar.add_workdays(event.on, periods.reasons).on
    return replace(case, reasons_asked=True, waiting_until=until)


def _reasons_given(case: Case, event: Event, _calendar: WorkCalendar, _periods: Periods) -> Case:
    delayed = _day(event.facts.get("delayed_until"))
    clock = case.clock
    if delayed is not None:
        clock = replace(clock, delayed_until=delayed, delayed_at=len(clock.starts) - 1)
    return replace(case, waiting_until=None, clock=clock)


def _extended(case: Case, event: Event, _calendar: WorkCalendar, _periods: Periods) -> Case:
    facts = replace(case.clock, extension=event.facts["workdays"], extended_at=len(case.clock.starts) - 1)
    return replace(case, extended=True, clock=facts)


def _drafted(case: Case, event: Event, _calendar: WorkCalendar, _periods: Periods) -> Case:
    decision, exemption = DecisionCode(event.facts["decision"]), event.facts.get("exemption")
    return replace(
        case,
        decision=decision,
        exemption=exemption,
        drafted_by=event.actor,
        reviewed_by={},
        drafters=case.drafters | {event.actor},
    )


def _reviewed(case: Case, event: Event, _calendar: WorkCalendar, _periods: Periods) -> Case:
    if not event.facts["passes"]:
        return replace(_returned(case, event, _calendar, _periods), state=S.PROCESSING)
    return replace(case, reviewed_by={**case.reviewed_by, event.facts["kind"]: event.actor})


def _returned(case: Case, _event: Event, _calendar: WorkCalendar, _periods: Periods) -> Case:
    return replace(case, decision=None, exemption=None, drafted_by=None, reviewed_by={})


def _approved(case: Case, event: Event, _calendar: WorkCalendar, _periods: Periods) -> Case:
    return replace(case, approved_on=event.on)


def _served(case: Case, event: Event, _calendar: WorkCalendar, _periods: Periods) -> Case:
    return replace(case, answered_on=event.on, closed_on=event.on)


_EFFECTS: Mapping[StepKind, Effect] = MappingProxyType(
    {
        K.SUBMITTED: _submitted,
        K.CONFIRMED: _confirmed,
        K.CORRECTION_REQUESTED: _correction_requested,
        K.CORRECTED: _corrected,
        K.CORRECTION_LAPSED: _lapsed(DecisionCode.F1),
        K.CONSULTED: _consulted,
        K.CONSULTATION_RECEIVED: _consultation_received,
        K.CONSULTATION_ANSWERED: _consultation_answered,
        K.REASONS_ASKED: _reasons_asked,
        K.REASONS_GIVEN: _reasons_given,
        K.FEE_NOTICED: _fee_noticed,
        K.PAID: _paid,
        K.PAYMENT_LAPSED: _lapsed(DecisionCode.F2),
        K.EXTENDED: _extended,
        K.DRAFTED: _drafted,
        K.REVIEWED: _reviewed,
        K.RETURNED: _returned,
        K.APPROVED: _approved,
        K.SERVED: _served,
        K.WITHDRAWN: _lapsed(DecisionCode.F3),
    }
)


def _day(value: Any) -> date | None:
    return value if isinstance(value, date) or value is None else date.fromisoformat(value)
