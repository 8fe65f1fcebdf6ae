"""The clock of a request: the worked examples of domain.md §4.4, and an independent slow one beside it."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.request_api.rules.case import Case, Event, fold
from services.request_api.rules.clock import Periods, colour_days, explain, workdays_left
from shared.kit.workdays import WorkCalendar, load_seed_calendar
from shared.schemas.calendar import Calendar
from shared.schemas.request_codes import Colour, StepKind
from shared.schemas.requests import DayKind

SEED = load_seed_calendar()
PERIODS = Periods()
K = StepKind


def event(kind: StepKind, on: str, /, **facts: Any) -> Event:
    return Event(kind, date.fromisoformat(on), facts)


def submitted(on: str) -> Event:
    return event(K.SUBMITTED, on, received_on=on)


def case_of(*events: Event, calendar: WorkCalendar = SEED) -> Case:
    return fold(events, calendar, PERIODS)


def due_of(*events: Event) -> str | None:
    due = case_of(*events).clock_in(SEED, PERIODS).due
    return due.on.isoformat() if due else None


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2025-09-22", "2025-10-24"),
        ("2026-02-09", "2026-03-13"),
        ("2025-09-28", "2025-10-31"),
        ("2025-06-14", "2025-07-11"),
        ("2025-01-20", "2025-02-21"),
    ],
)
def test_P_04_twenty_working_days(received: str, due: str) -> None:
    assert due_of(submitted(received)) == due


def test_P_02_correction_notice_within_seven_working_days() -> None:
    assert SEED.add_workdays(date(2025, 9, 22), PERIODS.correction_notice).on == date(2025, 9, 30)


def test_P_05_an_extension_adds_twenty_working_days() -> None:
    begun = [submitted("2025-09-22"), event(K.ACCEPTED, "2025-09-22")]
    assert due_of(*begun, event(K.EXTENDED, "2025-10-20", workdays=20)) == "2025-11-21"


def test_DL_07_and_REG_30_a_correction_starts_the_clock_anew() -> None:
    asked = [submitted("2025-09-22"), event(K.CORRECTION_REQUESTED, "2025-09-30", workdays=10)]
    assert due_of(*asked) is None
    case = case_of(*asked, event(K.CORRECTED, "2025-10-14"))
    clock = case.clock_in(SEED, PERIODS)
    assert clock.due is not None
    assert clock.due.on == date(2025, 11, 11)
    assert clock.first is not None
    assert clock.first.on == date(2025, 10, 24), "the first deadline is kept beside the present one"


def test_DL_06_consulting_a_third_party_is_left_out() -> None:
    consulted = event(
        K.CONSULTED, "2025-09-29", consultation="1", kind="third_party", received_on=date(2025, 9, 30).isoformat()
    )
    begun = [submitted("2025-09-22"), event(K.ACCEPTED, "2025-09-22"), consulted]
    assert case_of(*begun).consultations["1"].due_on == date(2025, 10, 28)
    answered = event(K.CONSULTATION_ANSWERED, "2025-10-17", consultation="1", opinion="objects")
    assert due_of(*begun, answered) == "2025-11-06"


def test_DL_06_overlapping_consultations_are_counted_once() -> None:
    def asked(number: str, kind: str) -> Event:
        return event(K.CONSULTED, "2025-09-29", consultation=number, kind=kind, received_on="2025-09-30")

    one = [submitted("2025-09-22"), asked("1", "third_party")]
    assert due_of(*one) == due_of(*one, asked("2", "co_producer"))


def test_DL_06_an_answer_that_comes_too_late_takes_no_more_than_its_time() -> None:
    begun = [
        submitted("2025-09-22"),
        event(K.CONSULTED, "2025-09-29", consultation="1", kind="third_party", received_on="2025-09-30"),
    ]
    late = event(K.CONSULTATION_ANSWERED, "2025-11-10", consultation="1", opinion="agrees")
    assert due_of(*begun) == due_of(*begun, late)


def test_DL_07_P_09_FEE_07_and_FEE_08_payment_in_thirty_days_starts_the_clock_anew() -> None:
    noticed = [submitted("2025-10-09"), event(K.ACCEPTED, "2025-10-09"), event(K.FEE_NOTICED, "2025-10-21")]
    assert case_of(*noticed).waiting_until == date(2025, 11, 20)
    assert due_of(*noticed, event(K.PAID, "2025-11-05")) == "2025-12-03"


def test_DL_03_a_last_day_of_rest_moves_to_the_next_working_day() -> None:
    # 30 days from 2025-09-05 end in the National Day week: 2025-10-05 → 2025-10-09.
    noticed = [submitted("2025-09-01"), event(K.ACCEPTED, "2025-09-01"), event(K.FEE_NOTICED, "2025-09-05")]
    assert case_of(*noticed).waiting_until == date(2025, 10, 9)


def test_DL_09_asking_for_reasons_does_not_stop_the_clock_and_a_delay_replaces_the_day() -> None:
    begun = [submitted("2025-09-22"), event(K.ACCEPTED, "2025-09-22"), event(K.REASONS_ASKED, "2025-09-25")]
    assert due_of(*begun) == "2025-10-24"
    given_ = event(K.REASONS_GIVEN, "2025-10-10", reasonable=True, delayed_until="2026-01-30")
    assert due_of(*begun, given_) == "2026-01-30"


def test_a_paid_fee_after_an_extension_is_a_full_new_period() -> None:
    begun = [
        submitted("2025-09-22"),
        event(K.ACCEPTED, "2025-09-22"),
        event(K.EXTENDED, "2025-10-20", workdays=20),
        event(K.FEE_NOTICED, "2025-10-21"),
        event(K.PAID, "2025-11-05"),
    ]
    assert due_of(*begun) == "2025-12-03"


def test_year_end_hazard_is_marked_and_not_guessed() -> None:
    on_time = case_of(submitted("2026-12-03")).clock_in(SEED, PERIODS).due
    hazard = case_of(submitted("2026-12-04")).clock_in(SEED, PERIODS).due
    assert on_time is not None
    assert hazard is not None
    assert (on_time.provisional, hazard.provisional) == (False, True)


def test_an_unconfirmed_request_has_no_clock() -> None:
    case = case_of(event(K.SUBMITTED, "2025-09-22"))
    assert case.clock_in(SEED, PERIODS).due is None
    assert explain(case.clock_in(SEED, PERIODS), SEED) == []
    confirmed = case_of(event(K.SUBMITTED, "2025-09-19"), event(K.CONFIRMED, "2025-09-22"))
    due = confirmed.clock_in(SEED, PERIODS).due
    assert due is not None
    assert due.on == date(2025, 10, 24)


# An independent slow clock: walks day by day over a plain list of what each day is.


def slow_due(received: date, steps: list[tuple[str, int]], calendar: WorkCalendar) -> date:
    """The deadline by walking: `steps` are (what, days after the step before)."""
    excluded: set[date] = set()
    need, start, day = 20, received, received
    extended = corrected = paid = False
    told: date | None = None
    for what, gap in steps:
        day += timedelta(days=gap)
        if what == "correct" and not corrected:
            start, need, corrected, told = day + timedelta(days=gap), 20, True, None
            day = start
        elif what == "pay" and not paid:
            start, need, paid, told = day + timedelta(days=gap), 20, True, None
            day = start
        elif what == "delay":
            told = day + timedelta(days=40 + gap)
        elif what == "extend" and not extended:
            need, extended = need + gap + 1, True
        elif what == "consult":
            until = day
            left = 15
            while left:
                until += timedelta(days=1)
                left -= calendar.is_workday(until)
                excluded.add(until)
    if told is not None:
        return told
    walked = start
    while need:
        walked += timedelta(days=1)
        if calendar.is_workday(walked) and walked not in excluded:
            need -= 1
    return walked


CHANGED = WorkCalendar(
    Calendar.model_validate(
        SEED.data.model_dump()
        | {
            "version": "changed",
            "years": {
                year: days.model_dump()
                | ({"off": [*days.off, date(2025, 9, 29), date(2025, 12, 31)]} if year == 2025 else {})
                for year, days in SEED.data.years.items()
            },
        }
    )
)
DAYS = st.dates(date(2023, 1, 1), date(2026, 9, 1))
WHAT = st.sampled_from(["correct", "pay", "extend", "consult", "delay"])
STEPS = st.lists(st.tuples(WHAT, st.integers(0, 12)), max_size=5)


@given(received=DAYS, steps=STEPS, calendar=st.sampled_from([SEED, CHANGED]))
def test_DL_01_to_DL_08_agree_with_a_slow_clock(
    received: date, steps: list[tuple[str, int]], calendar: WorkCalendar
) -> None:
    events = [Event(K.SUBMITTED, received, {"received_on": received.isoformat()}), Event(K.ACCEPTED, received)]
    day, extended, corrected, paid = received, False, False, False
    for number, (what, gap) in enumerate(steps):
        day += timedelta(days=gap)
        if what == "correct" and not corrected:
            events += [Event(K.CORRECTION_REQUESTED, day), Event(K.CORRECTED, day + timedelta(days=gap))]
            day, corrected = day + timedelta(days=gap), True
        elif what == "pay" and not paid:
            events += [Event(K.FEE_NOTICED, day), Event(K.PAID, day + timedelta(days=gap))]
            day, paid = day + timedelta(days=gap), True
        elif what == "delay":
            until = day + timedelta(days=40 + gap)
            events += [Event(K.REASONS_ASKED, day)]
            events += [Event(K.REASONS_GIVEN, day, {"reasonable": True, "delayed_until": until.isoformat()})]
        elif what == "extend" and not extended:
            events.append(Event(K.EXTENDED, day, {"workdays": gap + 1}))
            extended = True
        elif what == "consult":
            facts = {"consultation": str(number), "kind": "third_party", "received_on": day.isoformat()}
            events.append(Event(K.CONSULTED, day, facts))
    clock = fold(events, calendar, PERIODS).clock_in(calendar, PERIODS)
    assert clock.due is not None
    assert clock.due.on == slow_due(received, steps, calendar)
    assert clock.due.calendar_version == calendar.version
    days = explain(clock, calendar)
    assert [one.day for one in days] == [
        received + timedelta(days=n) for n in range((clock.due.on - received).days + 1)
    ]
    if clock.facts.delay is None:
        assert days[-1].number == clock.workdays
        assert days[-1].kind is DayKind.COUNTED


def test_every_day_says_why_it_counts_or_not() -> None:
    case = case_of(
        submitted("2025-09-22"),
        event(K.ACCEPTED, "2025-09-22"),
        event(K.CONSULTED, "2025-09-29", consultation="1", kind="third_party", received_on="2025-09-30"),
        event(K.CONSULTATION_ANSWERED, "2025-10-17", consultation="1", opinion="agrees"),
    )
    days = {one.day: one for one in explain(case.clock_in(SEED, PERIODS), SEED)}
    assert days[date(2025, 9, 22)].kind is DayKind.START
    assert days[date(2025, 9, 28)].kind is DayKind.COUNTED, "a Sunday that is worked"
    assert days[date(2025, 9, 30)].kind is DayKind.EXCLUDED
    assert days[date(2025, 9, 30)].article == "条例第三十三条第三款"
    assert days[date(2025, 10, 1)].kind is DayKind.REST
    assert days[date(2025, 11, 6)].number == 20


@given(today=DAYS, ahead=st.integers(-40, 40))
def test_colours_follow_the_working_days_that_are_left(today: date, ahead: int) -> None:
    due = today + timedelta(days=ahead)
    left = workdays_left(due, today, SEED)
    colour = colour_days(today, SEED, PERIODS).colour(due)
    if due < today:
        assert colour is Colour.RED
    else:
        assert colour is (Colour.ORANGE if left <= 2 else Colour.YELLOW if left <= 5 else Colour.GREEN)
