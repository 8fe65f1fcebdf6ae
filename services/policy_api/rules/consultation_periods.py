"""How long the public has to be asked (PP-03, PP-10 to PP-12), and whether a consultation does so (PP-C1). Pure."""

from dataclasses import dataclass
from datetime import date, timedelta

from shared.kit.workdays import WorkCalendar
from shared.schemas.consultations import ConsultationPeriod, ConsultedKind, PeriodUnit

_UNIT_NAMES = {PeriodUnit.CALENDAR_DAYS: "日", PeriodUnit.WORKDAYS: "个工作日"}


@dataclass(frozen=True)
class Periods:
    """Numbers of days. Thirty is law; what the law leaves to the province or the city is a setting (mark D)."""

    decision_days: int = 30
    """国令713 第十五条：一般不少于30日."""
    regulation_days: int = 30
    """规章制定程序条例第十五条：一般不少于30日."""
    market_days: int = 30
    """优化营商环境条例第六十二条：一般不少于30日."""
    normative_workdays: int = 7
    """省令353 的期限未核实；设置项."""
    result_days: int = 30
    """PP-C2：截止后公布结果的期限，设置项."""


@dataclass(frozen=True)
class MinimumPeriod:
    """What one rule asks for."""

    rule: str | None
    basis: str | None
    days: int
    unit: PeriodUnit = PeriodUnit.CALENDAR_DAYS


def minimum_period(kind: ConsultedKind, periods: Periods) -> MinimumPeriod:
    """The rule that applies to a kind of draft."""
    match kind:
        case ConsultedKind.MAJOR_DECISION:
            return MinimumPeriod("PP-03", "重大行政决策程序暂行条例（国务院令第713号）第十五条", periods.decision_days)
        case ConsultedKind.REGULATION:
            return MinimumPeriod("PP-10", "规章制定程序条例第十五条", periods.regulation_days)
        case ConsultedKind.NORMATIVE_MARKET:
            return MinimumPeriod("PP-11", "优化营商环境条例第六十二条", periods.market_days)
        case ConsultedKind.NORMATIVE:
            basis = "山东省行政规范性文件制定和监督管理办法（期限由本市设定）"
            return MinimumPeriod("PP-12", basis, periods.normative_workdays, PeriodUnit.WORKDAYS)
        case ConsultedKind.OTHER:
            return MinimumPeriod(None, None, 0)


def measure_period(
    kind: ConsultedKind, opened_on: date, closes_on: date, *, calendar: WorkCalendar, periods: Periods
) -> ConsultationPeriod:
    """The minimum from an opening day, and whether it is met.

    The opening day is not counted (民法典第二百零一条). Opened 2026-03-02, thirty days: 2026-04-01 at the earliest.
    Opened 2026-09-28, seven working days across 国庆 and the make-up Saturday 10-10: 2026-10-13.
    """
    least = minimum_period(kind, periods)
    provisional, version = False, None
    earliest = opened_on + timedelta(days=least.days)
    if least.unit is PeriodUnit.WORKDAYS:
        due = calendar.add_workdays(opened_on, least.days)
        earliest, provisional, version = due.on, due.provisional, due.calendar_version
    return ConsultationPeriod(
        rule=least.rule,
        basis=least.basis,
        days=least.days,
        unit=least.unit,
        earliest_closes_on=earliest,
        met=closes_on >= earliest,
        provisional=provisional,
        calendar_version=version,
    )


def describe_shortfall(period: ConsultationPeriod) -> str:
    """What to tell a clerk whose closing day is too early."""
    return (
        f"征求意见期限一般不少于{period.days}{_UNIT_NAMES[period.unit]}（{period.rule}，{period.basis}），"
        f"最早可于{period.earliest_closes_on.isoformat()}截止；确需缩短的，请在公告中说明理由（shortened_reason）"
    )
