"""How long the public is asked, what may change meanwhile, and what a result has to say (domain.md §8)."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy_api.rules.consultation_periods import Periods, measure_period
from services.policy_api.rules.consultations import (
    Announced,
    announce_consultation,
    check_consultation,
    check_result,
    ensure_takes_opinions,
)
from shared.kit.errors import Conflict, IllegalMove, RuleViolation
from shared.kit.workdays import load_seed_calendar
from shared.schemas.consultations import ConsultationInput, ConsultedKind, HandlingOutcome, PeriodUnit, ResultInput
from tests.participation import TODAY, consultation, hearing, result

CALENDAR, PERIODS, DAY = load_seed_calendar(), Periods(), timedelta(days=1)
DAYS = st.dates(date(2020, 1, 1), date(2026, 6, 30))


def announce(today: date = TODAY, have: Announced | None = None, **changes: Any) -> Announced:
    wanted = ConsultationInput.model_validate(consultation(**changes))
    supplement = announce_consultation(wanted, have, today, calendar=CALENDAR, periods=PERIODS)
    return Announced(wanted.model_dump(mode="json"), supplement)


def pointers(**changes: Any) -> list[str]:
    wanted = ConsultationInput.model_validate(consultation(**changes))
    return [error.pointer for error in check_consultation(wanted, TODAY)]


@pytest.mark.parametrize(
    ("kind", "opened_on", "earliest", "rule"),
    [
        ("major_decision", date(2026, 3, 2), date(2026, 4, 1), "PP-03"),
        ("regulation", date(2024, 2, 10), date(2024, 3, 11), "PP-10"),  # through 29 February
        ("normative_market", date(2025, 12, 15), date(2026, 1, 14), "PP-11"),  # through the year's end
        ("normative", date(2026, 9, 28), date(2026, 10, 13), "PP-12"),  # 国庆 and the make-up Saturday 10-10
        ("normative", date(2026, 2, 13), date(2026, 3, 2), "PP-12"),  # 春节, make-up days 02-14 and 02-28
        ("other", date(2026, 3, 2), date(2026, 3, 2), None),
    ],
)
def test_P_15_earliest_close_by_kind(kind: str, opened_on: date, earliest: date, rule: str | None) -> None:
    period = measure_period(ConsultedKind(kind), opened_on, earliest, calendar=CALENDAR, periods=PERIODS)
    assert (period.earliest_closes_on, period.rule, period.met) == (earliest, rule, True)
    short = measure_period(ConsultedKind(kind), opened_on, earliest - DAY, calendar=CALENDAR, periods=PERIODS)
    assert short.met is False


@given(kind=st.sampled_from(ConsultedKind), opened_on=DAYS, length=st.integers(0, 90))
def test_a_period_is_met_from_its_earliest_day_on_and_never_before(
    kind: ConsultedKind, opened_on: date, length: int
) -> None:
    closes_on = opened_on + length * DAY
    period = measure_period(kind, opened_on, closes_on, calendar=CALENDAR, periods=PERIODS)
    assert period.met is (closes_on >= period.earliest_closes_on)
    if period.unit is PeriodUnit.WORKDAYS:
        assert CALENDAR.workdays_between(opened_on, period.earliest_closes_on) == period.days
    else:
        assert (period.earliest_closes_on - opened_on).days == period.days


def test_a_year_whose_working_days_are_unknown_is_provisional() -> None:
    opened_on = date(2026, 12, 28)
    period = measure_period(
        ConsultedKind.NORMATIVE, opened_on, opened_on + 40 * DAY, calendar=CALENDAR, periods=PERIODS
    )
    assert (period.provisional, period.calendar_version) == (True, CALENDAR.version)


def test_refusal_says_rule_days_and_the_earliest_close() -> None:
    with pytest.raises(RuleViolation) as refused:
        announce(closes_on="2026-06-04")
    (error,) = refused.value.errors or []
    assert error.pointer == "/closes_on"
    for part in ("PP-11", "30日", "2026-06-05", "优化营商环境条例第六十二条"):
        assert part in error.detail


def test_a_stated_reason_lets_the_period_be_shorter_and_shows_it() -> None:
    have = announce(closes_on="2026-05-16", shortened_reason="防汛物资调拨急需施行")
    assert have.supplement["period"]["met"] is False


def test_a_notice_pushed_late_counts_from_the_day_on_which_it_can_be_read() -> None:
    """Opened "thirty days ago" and closing in a week: nobody could have read it then."""
    with pytest.raises(RuleViolation):
        announce(opened_on="2026-04-06", closes_on="2026-05-13")
    assert announce(opened_on="2026-04-30", closes_on="2026-06-05").supplement["period"]["met"] is True


def test_what_was_held_before_is_recorded_as_it_was() -> None:
    have = announce(opened_on="2025-03-03", closes_on="2025-03-10")
    assert (have.supplement["period"]["met"], have.supplement["recorded_on"]) == (False, "2026-05-06")
    assert have.supplement["interpretation_on"] == "2025-03-03"


def test_draft_interpretation_counts_from_when_it_could_be_read() -> None:
    """TS-08: a date before that is not believed."""
    late = consultation()["interpretation"] | {"published_on": "2026-05-06"}
    have = announce(interpretation=None)
    later = announce(TODAY + 3 * DAY, have, interpretation=late)
    assert later.interpretation_on == TODAY + 3 * DAY
    assert announce(TODAY + 5 * DAY, later, interpretation=late).interpretation_on == TODAY + 3 * DAY


def test_draft_interpretation_moves_with_an_opening_that_is_still_to_come() -> None:
    have = announce(opened_on="2026-05-20", closes_on="2026-06-30")
    assert have.interpretation_on == date(2026, 5, 20)
    assert announce(TODAY, have, opened_on="2026-05-11", closes_on="2026-06-30").interpretation_on == date(2026, 5, 11)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"draft": "第一条　换掉的草案，公众并未见过。"}, "/draft"),
        ({"explanation": "换掉的说明，公众并未见过，应当拒绝。"}, "/explanation"),
        ({"files": [{"name": "换掉的草案.pdf", "url": "https://example.invalid/b.pdf"}]}, "/files"),
        ({"opened_on": "2026-05-05"}, "/opened_on"),
        ({"doc_kind": "other"}, "/doc_kind"),
        ({"shortened_reason": "事后才想起来的理由"}, "/shortened_reason"),
        ({"closes_on": "2026-06-04"}, "/closes_on"),
    ],
)
def test_what_the_public_is_asked_about_stays_while_it_is_asked(changes: dict[str, Any], pointer: str) -> None:
    have = announce()
    with pytest.raises(RuleViolation) as refused:
        announce(TODAY, have, **changes)
    assert [error.pointer for error in refused.value.errors or []] == [pointer]


def test_before_it_opens_everything_may_change() -> None:
    have = announce(opened_on="2026-05-20", closes_on="2026-06-19")
    changed = announce(
        TODAY, have, opened_on="2026-05-25", closes_on="2026-06-24", draft="第一条　改过的草案，尚未公布。"
    )
    assert changed.supplement["period"]["earliest_closes_on"] == "2026-06-24"


def test_the_close_may_be_put_off_until_it_has_passed() -> None:
    have = announce()
    longer = announce(have.closes_on, have, closes_on="2026-06-20")
    assert longer.supplement["result_due_on"] == "2026-07-20"
    with pytest.raises(RuleViolation):
        announce(have.closes_on + DAY, have, closes_on="2026-06-20")


def test_a_new_setting_does_not_make_a_consultation_short_afterwards() -> None:
    have = announce()
    wanted = ConsultationInput.model_validate(consultation())
    stricter = Periods(market_days=60, result_days=10)
    again = announce_consultation(wanted, have, have.closes_on + DAY, calendar=CALENDAR, periods=stricter)
    assert again == have.supplement


@given(
    kind=st.sampled_from(ConsultedKind),
    opens_in=st.integers(-200, 60),
    length=st.integers(0, 120),
    later=st.integers(0, 300),
    explained=st.booleans(),
)
def test_the_same_push_again_changes_nothing_on_any_later_day(
    kind: ConsultedKind, opens_in: int, length: int, later: int, explained: bool
) -> None:
    opened_on = TODAY + opens_in * DAY
    changes: dict[str, Any] = {
        "doc_kind": kind,
        "opened_on": opened_on,
        "closes_on": opened_on + length * DAY,
        "shortened_reason": "防汛物资调拨急需施行",
        "interpretation": consultation()["interpretation"] if explained else None,
    }
    have = announce(TODAY, **changes)
    assert announce(TODAY + later * DAY, have, **changes).supplement == have.supplement
    assert (have.interpretation_on is not None) is explained
    assert have.interpretation_on is None or have.interpretation_on >= have.opened_on


def test_P_20_hearing_on_a_regulation_is_announced_thirty_days_before() -> None:
    late = hearing(announced_on="2026-04-21")
    assert pointers(doc_kind="regulation", hearing=hearing()) == []
    assert pointers(doc_kind="regulation", hearing=late) == ["/hearing/announced_on"]
    assert pointers(doc_kind="major_decision", hearing=late) == []


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"announced_on": "2026-05-20"}, "/hearing/announced_on"),
        ({"participants_published_on": "2026-05-20"}, "/hearing/participants_published_on"),
        ({"materials_sent_on": "2026-05-14"}, "/hearing/materials_sent_on"),
    ],
)
def test_P_17_hearing_is_prepared_in_time(changes: dict[str, Any], pointer: str) -> None:
    assert pointers(hearing=hearing(**changes)) == [pointer]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"closes_on": "2026-05-05"}, "/closes_on"),
        ({"closes_on": "2036-05-05"}, "/closes_on"),
        ({"draft": "第一条　有意见请找身份证号11010519491231002X的人。"}, "/draft"),
        ({"explanation": "起草说明里混入了手机号码13800138000。"}, "/explanation"),
    ],
)
def test_announcement_with_a_fault_is_refused(changes: dict[str, Any], pointer: str) -> None:
    assert pointers(**changes) == [pointer]


@pytest.mark.parametrize(
    ("today", "status", "changes_on"),
    [
        (date(2026, 5, 10), "upcoming", date(2026, 5, 11)),
        (date(2026, 5, 11), "open", date(2026, 6, 11)),
        (date(2026, 6, 10), "open", date(2026, 6, 11)),
        (date(2026, 6, 11), "closed", date(2026, 7, 11)),
        (date(2026, 7, 10), "closed", date(2026, 7, 11)),
        (date(2026, 7, 11), "overdue_result", None),
    ],
)
def test_status_goes_by_the_day(today: date, status: str, changes_on: date | None) -> None:
    have = announce(opened_on="2026-05-11", closes_on="2026-06-10")
    assert (have.status(today), have.changes_on(today)) == (status, changes_on)


@given(today=st.dates(date(2026, 5, 1), date(2026, 8, 31)))
def test_status_stays_until_the_day_it_is_said_to_change(today: date) -> None:
    have = announce(opened_on="2026-05-11", closes_on="2026-06-10")
    until = have.changes_on(today)
    assert until is None or until > today
    last = until - DAY if until is not None else today + 365 * DAY
    assert have.status(last) is have.status(today)
    assert until is None or have.status(until) is not have.status(today)


def test_opinions_are_taken_from_the_first_to_the_last_day() -> None:
    have = announce(opened_on="2026-05-11", closes_on="2026-06-10")
    ensure_takes_opinions(have, date(2026, 5, 11))
    ensure_takes_opinions(have, date(2026, 6, 10))
    for day in (date(2026, 5, 10), date(2026, 6, 11)):
        with pytest.raises(IllegalMove):
            ensure_takes_opinions(have, day)


AFTER = date(2026, 6, 8)


def test_result_waits_for_the_close() -> None:
    with pytest.raises(IllegalMove):
        check_result(ResultInput.model_validate(result()), announce(), {}, announce().closes_on)
    check_result(ResultInput.model_validate(result()), announce(), {}, announce().closes_on + DAY)


def test_result_that_does_not_count_right_is_told_the_difference() -> None:
    handled = {HandlingOutcome.ADOPTED: 2, HandlingOutcome.NOT_ADOPTED: 1, None: 4}
    wanted = ResultInput.model_validate(result(received=3, adopted=2, partly=1))
    with pytest.raises(Conflict) as refused:
        check_result(wanted, announce(), handled, AFTER)
    assert refused.value.facts["unhandled"] == 4
    assert refused.value.facts["difference"] == {
        "received": {"stated": 3, "actual": 7},
        "partly": {"stated": 1, "actual": 0},
        "not_adopted": {"stated": 0, "actual": 1},
    }


@given(counts=st.fixed_dictionaries({name: st.integers(0, 500) for name in HandlingOutcome}))
def test_result_passes_exactly_with_the_numbers_of_the_handlings(counts: dict[HandlingOutcome | None, int]) -> None:
    stated = {str(name): number for name, number in counts.items()}
    right = ResultInput.model_validate(result(received=sum(counts.values()), **stated))
    check_result(right, announce(), counts, AFTER)
    wrong = right.model_copy(update={"received": right.received + 1})
    with pytest.raises(Conflict):
        check_result(wrong, announce(), counts, AFTER)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"enterprises_heard": None}, "/enterprises_heard"),
        ({"summary": "感谢来信人，身份证号11010519491231002X。"}, "/summary"),
        (
            {"items": [{"opinion": "请联系13800138000", "outcome": "adopted", "reason": "合理"}]},
            "/items/0/opinion",
        ),
    ],
)
def test_result_is_fit_for_the_public(changes: dict[str, Any], pointer: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        check_result(ResultInput.model_validate(result(**changes)), announce(), {}, AFTER)
    assert [error.pointer for error in refused.value.errors or []] == [pointer]
    assert "13800138000" not in str(refused.value.errors)


def test_enterprises_need_no_mention_where_the_draft_does_not_touch_them() -> None:
    check_result(ResultInput.model_validate(result(enterprises_heard=None)), announce(doc_kind="other"), {}, AFTER)
