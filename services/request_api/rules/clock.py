"""The statutory clock of a request: a pure function of what happened and of the calendar (domain.md §4, §1.5).

A correction or a payment starts it anew; a consultation is left out; an extension lengthens it once; a delayed date
replaces it. The first deadline is kept beside the present one. Does not decide what may happen: `rules.case` does.
"""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from shared.kit.workdays import DueDate, WorkCalendar
from shared.schemas.request_codes import Colour
from shared.schemas.requests import ClockDay, DayKind

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Periods:
    """The periods of domain.md §4.2. What the law fixes has no setting; what it leaves open is a city's."""

    answer: int = 20  # P-04, 条例第三十三条
    correction_notice: int = 7  # P-02, 条例第三十条
    backdating: int = 5  # [D] by how many working days a step may be recorded late without the right to 补录
    opinion: int = 15  # P-06, P-07, 条例第三十二条、第三十四条
    correction: int = 10  # P-03: 合理期限 [D]
    reasons: int = 10  # 条例第三十五条 names none [D]
    payment_days: int = 30  # P-09, calendar days
    orange: int = 2
    yellow: int = 5


@dataclass(frozen=True)
class Span:
    """Days `(after, until]` that do not count (条例第三十三条第三款)."""

    after: date
    until: date
    reason: str
    article: str


@dataclass(frozen=True)
class Wait:
    """Days `(after, until]` in which the applicant has to act; the clock starts anew afterwards."""

    after: date
    until: date | None
    reason: str
    article: str


@dataclass(frozen=True)
class Start:
    """A day from which the period runs, itself not counted."""

    on: date
    reason: str
    article: str


@dataclass(frozen=True)
class ClockFacts:
    """What the clock counts with."""

    starts: tuple[Start, ...] = ()
    spans: tuple[Span, ...] = ()
    waits: tuple[Wait, ...] = ()
    extension: int = 0
    extended_at: int = -1
    """Which start the extension belongs to: a restarted period is a new one."""
    delayed_until: date | None = None
    delayed_at: int = -1
    """Which start the delayed date belongs to: what starts anew has its full period again (DL-07)."""

    def with_start(self, start: Start) -> "ClockFacts":
        return replace(self, starts=(*self.starts, start))

    @property
    def is_waiting(self) -> bool:
        """Whether it stands still until the applicant acts."""
        return bool(self.waits) and self.waits[-1].until is None

    @property
    def delay(self) -> date | None:
        """The date that replaces the running period's end (条例第三十五条)."""
        return self.delayed_until if self.delayed_at == len(self.starts) - 1 else None

    @property
    def workdays(self) -> int:
        """By how much the running period is lengthened."""
        return self.extension if self.extended_at == len(self.starts) - 1 else 0


@dataclass(frozen=True)
class Clock:
    """Where the clock stands."""

    received_on: date | None
    first: DueDate | None
    """Of the day of receipt alone, nothing else considered."""
    due: DueDate | None
    """None before the receipt is confirmed and while the applicant has to act."""
    workdays: int
    facts: ClockFacts = field(repr=False)


def clock_of(facts: ClockFacts, calendar: WorkCalendar, periods: Periods) -> Clock:
    """The deadlines that follow from the facts."""
    if not facts.starts:
        return Clock(None, None, None, periods.answer, facts)
    first = calendar.add_workdays(facts.starts[0].on, periods.answer)
    workdays = periods.answer + facts.workdays
    due: DueDate | None
    if facts.is_waiting:
        due = None
    elif facts.delay is not None:
        due = DueDate(facts.delay, not calendar.knows(facts.delay), calendar.version)
    else:
        spans = [(span.after, span.until) for span in facts.spans]
        due = calendar.add_workdays(facts.starts[-1].on, workdays, excluded=spans)
    return Clock(facts.starts[0].on, first, due, workdays, facts)


def explain(clock: Clock, calendar: WorkCalendar, *, until: date | None = None) -> list[ClockDay]:
    """Every day from the receipt to the deadline (or `until`, when the clock stands still) and why it counts or not."""
    facts = clock.facts
    if not facts.starts:
        return []
    last = clock.due.on if clock.due is not None else max(until or facts.starts[-1].on, facts.starts[-1].on)
    starts = {start.on: start for start in facts.starts}
    days: list[ClockDay] = []
    day, number, begun = facts.starts[0].on, 0, 0
    while day <= last:
        if day in starts:
            number, begun = 0, begun + 1
            days.append(_start(starts[day]))
        else:
            shown = _explain_day(day, number, facts, calendar)
            number = shown.number or number
            days.append(shown)
        day += ONE_DAY
    return days


def _start(start: Start) -> ClockDay:
    return ClockDay(day=start.on, kind=DayKind.START, number=None, reason=start.reason, article=start.article)


def _explain_day(day: date, number: int, facts: ClockFacts, calendar: WorkCalendar) -> ClockDay:
    for wait in facts.waits:
        if wait.after < day and (wait.until is None or day <= wait.until):
            return ClockDay(day=day, kind=DayKind.WAITING, number=None, reason=wait.reason, article=wait.article)
    if not calendar.is_workday(day):
        return ClockDay(
            day=day,
            kind=DayKind.REST,
            number=None,
            reason="休息日或者节假日，不计入工作日",
            article="国务院办公厅节假日安排",
        )
    for span in facts.spans:
        if span.after < day <= span.until:
            return ClockDay(day=day, kind=DayKind.EXCLUDED, number=None, reason=span.reason, article=span.article)
    return ClockDay(day=day, kind=DayKind.COUNTED, number=number + 1, reason="计入", article="条例第三十三条第二款")


def add_days(start: date, days: int, calendar: WorkCalendar) -> DueDate:
    """`days` calendar days after `start`; a last day that is no working day moves to the next one (DL-03, 民法典第二百零三条)."""
    day = start + timedelta(days=days)
    while not calendar.is_workday(day):
        day += ONE_DAY
    return DueDate(day, not calendar.knows(day), calendar.version)


def workdays_left(due_on: date, today: date, calendar: WorkCalendar) -> int:
    """Working days in `(today, due_on]`; negative by those that have passed since."""
    if today <= due_on:
        return calendar.workdays_between(today, due_on)
    return -calendar.workdays_between(due_on, today)


@dataclass(frozen=True)
class ColourDays:
    """The last days of red, orange and yellow as of a day: colours of many requests without counting for each."""

    today: date
    orange_until: date
    yellow_until: date

    def colour(self, due_on: date | None) -> Colour:
        if due_on is None:
            return Colour.NONE
        if due_on < self.today:
            return Colour.RED
        if due_on <= self.orange_until:
            return Colour.ORANGE
        return Colour.YELLOW if due_on <= self.yellow_until else Colour.GREEN


def colour_days(today: date, calendar: WorkCalendar, periods: Periods) -> ColourDays:
    """Green with more than five working days left, yellow to five, orange to two, red when overdue (domain.md §9.1 [D])."""
    return ColourDays(today, _last_with(today, periods.orange, calendar), _last_with(today, periods.yellow, calendar))


def _last_with(today: date, workdays: int, calendar: WorkCalendar) -> date:
    """The last day to which no more than `workdays` working days are left."""
    return calendar.add_workdays(today, workdays + 1).on - ONE_DAY
