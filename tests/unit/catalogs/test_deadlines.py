"""Deadlines of proactive disclosure: domain.md §4.4's cases, the special periods, and an independent slow count."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalog_api.rules.deadlines import deadline_of, end_of
from services.catalog_api.rules.standing import soon_until, standing_of, worst_of
from services.catalog_api.rules.time_limits import parse_time_limit
from shared.kit.workdays import WorkCalendar, load_seed_calendar
from shared.schemas.calendar import Calendar, CalendarYear
from shared.schemas.catalogs import DayUnit, LimitKind, Period, TimeLimit, Trigger
from shared.schemas.disclosure import DutyState

SEED = load_seed_calendar()


def within(days: int, unit: DayUnit = DayUnit.WORKDAYS) -> TimeLimit:
    return TimeLimit(kind=LimitKind.WITHIN, period=Period(days=days, unit=unit), trigger=Trigger.FORMED_OR_CHANGED)


@pytest.mark.parametrize(
    ("since", "days", "due"),
    [
        # domain.md §4.4, every case that is a period of working days from one day.
        ("2025-09-22", 20, "2025-10-24"),
        ("2025-09-22", 7, "2025-09-30"),
        ("2025-10-24", 20, "2025-11-21"),
        ("2026-02-09", 20, "2026-03-13"),
        ("2025-09-28", 20, "2025-10-31"),
        ("2025-10-14", 20, "2025-11-11"),
        ("2025-06-05", 20, "2025-07-03"),
        ("2025-06-05", 10, "2025-06-19"),
        ("2025-06-05", 3, "2025-06-10"),
        ("2025-06-14", 20, "2025-07-11"),
        ("2025-01-20", 20, "2025-02-21"),
    ],
)
def test_DL_02_and_P_01_working_days_of_the_worked_examples(since: str, days: int, due: str) -> None:
    found = deadline_of(within(days), date.fromisoformat(since), SEED)
    assert (found.on.isoformat(), found.provisional, found.assumed) == (due, False, False)
    assert found.calendar_version == SEED.version


@pytest.mark.parametrize(
    ("text", "since", "due"),
    [
        # 预算法第十四条: twenty days after approval; the last day a Saturday gives way to Monday (民法典第二百零三条).
        ("批准后20日内", "2026-01-25", "2026-02-14"),  # a Saturday that is worked
        ("批复后20日内", "2026-03-01", "2026-03-23"),
        ("本级政府财政部门批复后二十日内", "2026-04-14", "2026-05-06"),  # 05-04 and 05-05 are days off
        # 民办函〔2019〕52号: ten working days.
        ("制定或获取信息之日起10个工作日内，公示7个工作日", "2025-06-05", "2025-06-19"),
        # 行政处罚法第四十八条: three working days.
        ("公开的行政处罚决定被变更之日起3个工作日内", "2025-06-05", "2025-06-10"),
        ("实时公开", "2026-05-01", "2026-05-01"),
    ],
)
def test_P_12_and_P_13_special_periods(text: str, since: str, due: str) -> None:
    assert deadline_of(parse_time_limit(text), date.fromisoformat(since), SEED).on.isoformat() == due


@pytest.mark.parametrize("text", ["及时公开", "同上", "每季度", "视情况而定"])
def test_REG_26_without_a_number_the_statutory_bound_holds_and_says_so(text: str) -> None:
    found = deadline_of(parse_time_limit(text), date(2025, 9, 22), SEED)
    assert (found.on, found.assumed) == (date(2025, 10, 24), True)


def test_before_an_event_is_the_day_before() -> None:
    limit = parse_time_limit("开学前")
    assert deadline_of(limit, date(2026, 5, 6), SEED, event_on=date(2026, 9, 1)).on == date(2026, 8, 31)
    with pytest.raises(ValueError, match="event"):
        deadline_of(limit, date(2026, 5, 6), SEED)


def test_public_notice_runs_from_the_day_after() -> None:
    display = parse_time_limit("制定或获取信息之日起10个工作日内，公示7个工作日").display
    assert display is not None
    assert end_of(display, date(2025, 6, 19), SEED) == date(2025, 6, 30)


@pytest.mark.parametrize(("since", "provisional"), [("2026-12-03", False), ("2026-12-04", True), ("2026-12-31", True)])
def test_year_without_a_calendar_is_provisional(since: str, provisional: bool) -> None:
    """domain.md §4.4: any start on or after 2026-12-04 needs the calendar of 2027."""
    assert deadline_of(within(20), date.fromisoformat(since), SEED).provisional is provisional


_days = st.dates(date(2024, 1, 1), date(2027, 12, 31))


@st.composite
def edited_calendars(draw: st.DrawFn) -> WorkCalendar:
    """The seed with days declared off or worked by a later notice."""
    years = dict(SEED.data.years)
    for year in (2024, 2025, 2026, 2027):
        inside = st.dates(date(year, 1, 1), date(year, 12, 31))
        off = draw(st.sets(inside, max_size=6)) | {date(year, 1, 1)}
        work = draw(st.sets(inside, max_size=6)) - off
        old = years.get(year)
        years[year] = CalendarYear(
            off=sorted(((set(old.off) if old else set()) | off) - work),
            work=sorted(((set(old.work) if old else set()) - off) | work),
            source="测试用的通知",
        )
    return WorkCalendar(Calendar(version="edited", years=years))


def slow_due(since: date, days: int, calendar: WorkCalendar) -> date:
    """Written apart from the engine: list the days, keep those that are worked, take the n-th."""
    listed = [since + timedelta(days=number) for number in range(1, 4 * days + 60)]
    off = {day for year in calendar.data.years.values() for day in year.off}
    work = {day for year in calendar.data.years.values() for day in year.work}
    worked = [day for day in listed if day in work or (day.isoweekday() <= 5 and day not in off)]
    return worked[days - 1]


@given(since=_days, days=st.integers(1, 60), calendar=edited_calendars())
def test_working_days_agree_with_a_slow_count(since: date, days: int, calendar: WorkCalendar) -> None:
    found = deadline_of(within(days), since, calendar)
    assert found.on == slow_due(since, days, calendar)
    assert found.calendar_version == "edited"


@given(since=_days, days=st.integers(1, 60), calendar=edited_calendars())
def test_calendar_days_end_on_a_worked_day_and_no_earlier(since: date, days: int, calendar: WorkCalendar) -> None:
    found = deadline_of(within(days, DayUnit.DAYS), since, calendar).on
    plain = since + timedelta(days=days)
    assert found >= plain
    assert calendar.is_workday(found)
    between = [plain + timedelta(days=number) for number in range((found - plain).days)]
    assert not any(calendar.is_workday(day) for day in between)


def test_deadline_ends_with_its_day() -> None:
    due, near = date(2026, 5, 6), date(2026, 5, 9)
    states = [standing_of(due, None, day, near) for day in (date(2026, 5, 6), date(2026, 5, 7))]
    assert states == [DutyState.DUE_SOON, DutyState.OVERDUE]
    assert standing_of(due, date(2026, 5, 6), date(2026, 6, 1), near) is DutyState.ON_TIME
    assert standing_of(due, date(2026, 5, 7), date(2026, 6, 1), near) is DutyState.LATE
    assert standing_of(date(2026, 6, 1), None, date(2026, 5, 6), near) is DutyState.OPEN
    assert soon_until(date(2026, 4, 29), 3, SEED) == date(2026, 5, 7)


def test_worst_channel_decides_for_the_task() -> None:
    assert worst_of([DutyState.ON_TIME, DutyState.OVERDUE, DutyState.LATE]) is DutyState.OVERDUE
    assert worst_of([DutyState.ON_TIME, DutyState.LATE]) is DutyState.LATE
    assert worst_of([DutyState.ON_TIME]) is DutyState.ON_TIME
