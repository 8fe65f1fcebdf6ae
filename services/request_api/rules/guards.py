"""What may happen to a request next: one guard a step, over the table of moves (domain.md §9.1).

A step out of place raises IllegalMove and names what is possible; a day that cannot be raises RuleViolation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from services.request_api.rules.case import MOVES, OUT_OF_ORDER, Case, Event, K, S
from services.request_api.rules.clock import Periods
from shared.kit.errors import DutiesNotSeparated, IllegalMove, RuleViolation
from shared.kit.workdays import WorkCalendar
from shared.schemas.problems import InvalidField
from shared.schemas.request_codes import RequestState, StepKind
from shared.schemas.requests import ReviewKind


@dataclass(frozen=True)
class Terms:
    """By what a step is judged: today, the calendar and the periods."""

    today: date
    calendar: WorkCalendar
    periods: Periods
    backfills: bool = False
    """Whether what happened long ago may be recorded (补录); its own day then stands for today."""


STATES: Mapping[RequestState, str] = MappingProxyType(
    {
        S.PENDING_CONFIRM: "待双方确认",
        S.REGISTERED: "已登记",
        S.PROCESSING: "办理中",
        S.AWAITING_CORRECTION: "待补正",
        S.AWAITING_REASONS: "待说明理由",
        S.AWAITING_PAYMENT: "待缴费",
        S.IN_REVIEW: "审核中",
        S.DECIDED: "已决定，待送达",
        S.SERVED: "已送达",
        S.CLOSED: "已结束",
        S.ARCHIVED: "已归档",
    }
)
_BY_SYSTEM = frozenset({K.SUBMITTED, K.RECOMPUTED})


def allowed_now(case: Case, terms: Terms) -> list[StepKind]:
    """The steps that are possible, were their days and contents right."""
    return [
        kind
        for kind, move in MOVES.items()
        if kind not in _BY_SYSTEM and case.state in move.begins and _once(case, kind, terms) is None
    ]


def check(case: Case, event: Event, terms: Terms) -> None:
    """Raises unless the step may be recorded."""
    move = MOVES[event.kind]
    if case.state not in move.begins:
        raise _illegal(case, terms, f"申请{STATES[case.state]}，不能办理这一环节")
    if reason := _once(case, event.kind, terms):
        raise _illegal(case, terms, reason)
    _check_day(case, event, terms)
    if guard := _GUARDS.get(event.kind):
        guard(case, event, terms)


def _illegal(case: Case, terms: Terms, detail: str) -> IllegalMove:
    return IllegalMove(detail, state=case.state.value, allowed=[kind.value for kind in allowed_now(case, terms)])


def _once(case: Case, kind: StepKind, terms: Terms) -> str | None:
    """Why a step that comes at most once, or only in time, cannot come any more."""
    bar = _BARS.get(kind)
    return bar(case, terms) if bar else None


def _no_second_correction(case: Case, terms: Terms) -> str | None:
    """REG-30: 一次性告知, within seven working days."""
    if case.correction_notice_on is not None:
        return "补正只能告知一次（条例第三十条）"
    if case.received_on is not None and terms.today > _correction_notice_until(case, terms):
        return "已超过收到申请之日起七个工作日，不能再告知补正（条例第三十条）"
    return None


def _no_late_extension(case: Case, terms: Terms) -> str | None:
    """DL-08: once, before the time is up."""
    if case.extended:
        return "只能延期一次（条例第三十三条）"
    if case.clock.delay is not None:
        return "答复已延迟到告知的日期，不再延期（条例第三十五条）"
    return "答复期限已过，不能延期（条例第三十三条）" if _is_late(case, terms) else None


def _is_late(case: Case, terms: Terms) -> bool:
    due = case.clock_in(terms.calendar, terms.periods).due
    return due is None or terms.today > due.on


def _no_second_fee(case: Case, terms: Terms) -> str | None:
    """FEE-06: once, inside the time for the answer."""
    if case.fee_noticed:
        return "已发出收费通知"
    return "答复期限已过，不能再发收费通知（国办函〔2020〕109号）" if _is_late(case, terms) else None


def _no_second_question(case: Case, _terms: Terms) -> str | None:
    return "已要求申请人说明理由" if case.reasons_asked else None


def _no_letter_to_receive(case: Case, _terms: Terms) -> str | None:
    is_under_way = any(one.received_on is None and one.replied_on is None for one in case.consultations.values())
    return None if is_under_way else "没有尚待登记收到的征求意见"


def _no_letter_to_answer(case: Case, _terms: Terms) -> str | None:
    is_open = any(one.replied_on is None for one in case.consultations.values())
    return None if is_open else "没有尚未答复的征求意见"


def _no_unreviewed_approval(case: Case, _terms: Terms) -> str | None:
    is_reviewed = set(case.reviewed_by) == {one.value for one in ReviewKind}
    return None if is_reviewed else "法制审核和保密审查均通过后才能签发（条例第十七条）"


_BARS: Mapping[StepKind, Callable[[Case, Terms], str | None]] = MappingProxyType(
    {
        K.CORRECTION_REQUESTED: _no_second_correction,
        K.EXTENDED: _no_late_extension,
        K.FEE_NOTICED: _no_second_fee,
        K.REASONS_ASKED: _no_second_question,
        K.CONSULTATION_RECEIVED: _no_letter_to_receive,
        K.CONSULTATION_ANSWERED: _no_letter_to_answer,
        K.APPROVED: _no_unreviewed_approval,
    }
)


def _correction_notice_until(case: Case, terms: Terms) -> date:
    assert case.received_on is not None
    return terms.calendar.add_workdays(case.received_on, terms.periods.correction_notice).on


def _check_day(case: Case, event: Event, terms: Terms) -> None:
    earliest = case.received_on or case.submitted_on
    if event.on > terms.today:
        raise _wrong_day("不能晚于今天")
    if earliest is not None and event.on < earliest:
        raise _wrong_day("不能早于收到申请之日")
    if event.kind not in OUT_OF_ORDER and case.last_on is not None and event.on < case.last_on:
        raise _wrong_day(f"不能早于上一环节（{case.last_on.isoformat()}）")
    if not terms.backfills and terms.calendar.workdays_between(event.on, terms.today) > terms.periods.backdating:
        limit = terms.periods.backdating
        raise _wrong_day(f"早于今天超过{limit}个工作日的，应由有补录权限（request:backfill）的客户端登记")


def _wrong_day(detail: str, pointer: str = "/on") -> RuleViolation:
    return RuleViolation("日期有误", errors=[InvalidField(pointer=pointer, detail=detail)])


def _correction_requested(case: Case, event: Event, terms: Terms) -> None:
    if event.on > _correction_notice_until(case, terms):
        raise _wrong_day("补正应在收到申请之日起七个工作日内告知（条例第三十条）")


def _corrected(case: Case, event: Event, _terms: Terms) -> None:
    assert case.correction_notice_on is not None
    if event.on < case.correction_notice_on:
        raise _wrong_day("不能早于补正告知之日")


def _lapsed(case: Case, event: Event, _terms: Terms) -> None:
    """F1, F2: only once the time that was given has passed."""
    assert case.waiting_until is not None
    if event.on <= case.waiting_until:
        raise _wrong_day(f"期限至{case.waiting_until.isoformat()}，届满后才能终止办理")


def _paid(case: Case, event: Event, _terms: Terms) -> None:
    """FEE-07: what is paid after its time revives nothing."""
    if event.on < case.clock.waits[-1].after:
        raise _wrong_day("不能早于收到收费通知之日")
    if case.waiting_until is not None and event.on > case.waiting_until:
        raise _wrong_day(f"缴费期限至{case.waiting_until.isoformat()}，逾期视为放弃申请")


def _consulted(case: Case, event: Event, terms: Terms) -> None:
    due = case.clock_in(terms.calendar, terms.periods).due
    if due is not None and event.on <= due.on < terms.today:
        raise _wrong_day("答复期限已过，不能再登记期限内发出的征求意见")
    received = event.facts.get("received_on")
    if received is not None and not event.on <= date.fromisoformat(received) <= terms.today:
        raise _wrong_day("应在发出之日和今天之间", "/received_on")


def _of_consultation(case: Case, event: Event, terms: Terms) -> None:
    asked = case.consultations[event.facts["consultation"]]
    if asked.replied_on is not None:
        raise _illegal(case, terms, "这一征求意见已有答复")
    if event.on < (asked.received_on or asked.sent_on):
        raise _wrong_day("不能早于征求意见函发出和收到之日")
    if event.kind is K.CONSULTATION_RECEIVED and asked.received_on is not None:
        raise _illegal(case, terms, "已登记对方收到日期")


def _reasons_given(case: Case, event: Event, terms: Terms) -> None:
    delayed = event.facts.get("delayed_until")
    if delayed is None:
        return
    due = case.clock_in(terms.calendar, terms.periods).due
    if not event.facts["reasonable"]:
        raise _wrong_day("理由不合理的不延迟答复", "/delayed_until")
    if due is not None and date.fromisoformat(delayed) <= due.on:
        raise _wrong_day("应晚于现在的答复期限", "/delayed_until")


def _fee_noticed(case: Case, event: Event, terms: Terms) -> None:
    """FEE-06: inside the time for the answer."""
    due = case.clock_in(terms.calendar, terms.periods).due
    if due is not None and event.on > due.on:
        raise _wrong_day("收费通知应在答复期限内送达（国办函〔2020〕109号）")


def _extended(case: Case, event: Event, terms: Terms) -> None:
    """DL-08: decided and told before the time is up."""
    due = case.clock_in(terms.calendar, terms.periods).due
    if due is not None and event.on > due.on:
        raise _wrong_day("延期应在答复期限届满前决定并告知申请人（条例第三十三条）")


def _drafted(case: Case, _event: Event, terms: Terms) -> None:
    open_ones = [one for one in case.consultations.values() if one.opinion_on(terms.today) is None]
    if open_ones:
        until = max(one.due_on for one in open_ones)
        unknown = any(one.received_on is None for one in open_ones)
        raise IllegalMove(
            "征求意见函的收到日期未登记，不能视为逾期未答复（条例第三十二条、第三十四条）"
            if unknown
            else f"征求意见尚未答复，期限至{until.isoformat()}",
            state=case.state.value,
            allowed=[kind.value for kind in allowed_now(case, terms) if kind is not K.DRAFTED],
        )


def _reviewed(case: Case, event: Event, terms: Terms) -> None:
    if event.actor in case.drafters:
        raise DutiesNotSeparated("拟稿人不能审核自己的答复")
    if event.facts["kind"] in case.reviewed_by:
        raise _illegal(case, terms, "这一审核已经通过")


def _approved(case: Case, event: Event, terms: Terms) -> None:
    if event.actor in case.drafters or event.actor in case.reviewed_by.values():
        raise DutiesNotSeparated("签发人应与拟稿人、审核人不同")
    if event.on != terms.today:
        # The number is one of the day's year, and the answer is signed when it is signed.
        raise _wrong_day(f"签发日期应为今天（{terms.today.isoformat()}）")


def _served(case: Case, event: Event, _terms: Terms) -> None:
    if case.approved_on is not None and event.on < case.approved_on:
        raise _wrong_day("不能早于签发之日")


def _archived(case: Case, event: Event, _terms: Terms) -> None:
    if case.closed_on is not None and event.on < case.closed_on:
        raise _wrong_day("不能早于办结之日")


_GUARDS: Mapping[StepKind, Callable[[Case, Event, Terms], None]] = MappingProxyType(
    {
        K.CORRECTION_REQUESTED: _correction_requested,
        K.CORRECTED: _corrected,
        K.CORRECTION_LAPSED: _lapsed,
        K.PAYMENT_LAPSED: _lapsed,
        K.PAID: _paid,
        K.CONSULTED: _consulted,
        K.CONSULTATION_RECEIVED: _of_consultation,
        K.CONSULTATION_ANSWERED: _of_consultation,
        K.REASONS_GIVEN: _reasons_given,
        K.FEE_NOTICED: _fee_noticed,
        K.EXTENDED: _extended,
        K.DRAFTED: _drafted,
        K.REVIEWED: _reviewed,
        K.APPROVED: _approved,
        K.SERVED: _served,
        K.ARCHIVED: _archived,
    }
)
