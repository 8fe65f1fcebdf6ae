"""Every period of domain.md §4.2 by its number, for the public calculator. Pure.

Those of requests are counted by `rules.clock`; publications, interpretations and consultations by the services that own
them. Here a clerk or a website asks for any of them, from a day of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.request_api.rules.clock import add_days
from services.request_api.rules.remedies import suit_until
from shared.kit.workdays import DueDate, WorkCalendar


@dataclass(frozen=True)
class LawfulPeriod:
    """One row: what runs, how long, from what, by which law. Exactly one length is given."""

    name: str
    start: str
    basis: str
    workdays: int | None = None
    days: int | None = None
    hours: int | None = None
    month_day: tuple[int, int] | None = None
    half_year: bool = False
    before: bool = False
    """Counted back: the latest day that is early enough."""


PERIODS: Mapping[str, LawfulPeriod] = {
    "P-01": LawfulPeriod("主动公开", "信息形成或者变更之日", "条例第二十六条", workdays=20),
    "P-02": LawfulPeriod("补正告知", "收到申请之日", "条例第三十条", workdays=7),
    "P-03": LawfulPeriod("申请人补正（合理期限，默认）", "收到补正告知之日", "条例第三十条", workdays=10),
    "P-04": LawfulPeriod("答复", "收到申请、补正或者缴费之日", "条例第三十三条", workdays=20),
    "P-05": LawfulPeriod("延长", "答复期限届满之日", "条例第三十三条", workdays=20),
    "P-06": LawfulPeriod("第三方意见", "第三方收到征求意见书之日", "条例第三十二条", workdays=15),
    "P-07": LawfulPeriod("共同制作机关意见", "被征求意见机关收到征求意见书之日", "条例第三十四条", workdays=15),
    "P-08": LawfulPeriod("平常信函确认", "收到信函之日", "条例第三十一条第二项", days=0),
    "P-09": LawfulPeriod("缴费", "收到收费通知之日", "国办函〔2020〕109号", days=30),
    "P-10a": LawfulPeriod("部门年度报告", "报告年度内任一日", "条例第四十九条", month_day=(1, 31)),
    "P-10b": LawfulPeriod("政府年度报告", "报告年度内任一日", "条例第四十九条", month_day=(3, 31)),
    "P-11a": LawfulPeriod("申请行政复议", "知道该行政行为之日", "行政复议法第二十条", days=60),
    "P-11b": LawfulPeriod("直接提起行政诉讼", "知道该行政行为之日", "行政诉讼法第四十六条", half_year=True),
    "P-11c": LawfulPeriod("复议后提起行政诉讼", "收到复议决定书之日", "行政诉讼法第四十五条", days=15),
    "P-12": LawfulPeriod("撤回变更的处罚决定信息", "处罚决定变更之日", "行政处罚法第四十八条", workdays=3),
    "P-13": LawfulPeriod("预算、决算公开", "批准或者批复之日", "预算法第十四条", days=20),
    "P-14": LawfulPeriod("解读材料发布（至迟）", "政策文件公布之日", "政策解读的地方规定", workdays=3),
    "P-15": LawfulPeriod("公开征求意见（至少）", "公告之日", "国务院令第713号第十五条", days=30),
    "P-16": LawfulPeriod("合法性审查（至少）", "送审之日", "国务院令第713号第二十六条", workdays=7),
    "P-17": LawfulPeriod("听证材料送达", "听证会举行之日", "国务院令第713号第十六条", days=7, before=True),
    "P-18": LawfulPeriod("规章施行（至早）", "公布之日", "规章制定程序条例第三十二条", days=30),
    "P-19": LawfulPeriod("规章备案", "公布之日", "规章制定程序条例第三十四条、立法法第一百零九条", days=30),
    "P-20": LawfulPeriod("规章听证会公告", "听证会举行之日", "规章制定程序条例第十六条", days=30, before=True),
    "P-21a": LawfulPeriod(
        "特别重大、重大突发事件发布权威信息", "事件发生之时", "地方规定（引国办发〔2016〕80号）", hours=5
    ),
    "P-21b": LawfulPeriod(
        "特别重大、重大突发事件新闻发布会", "事件发生之时", "地方规定（引国办发〔2016〕80号）", hours=24
    ),
}
# What somebody has to wait for, or to be early enough for, does not move because its last day is a day off.
_AS_COUNTED = frozenset({"P-08", "P-15", "P-17", "P-18", "P-20"})


def last_day(number: str, start: date, calendar: WorkCalendar) -> DueDate:
    """The last day of a period, or the latest that is early enough; ValueError for one that is counted in hours."""
    period = PERIODS[number]
    if period.workdays is not None:
        return calendar.add_workdays(start, period.workdays)
    if period.month_day is not None:
        return DueDate(date(start.year + 1, *period.month_day), False, calendar.version)
    if period.half_year:
        return suit_until(start, calendar)
    if period.days is None:
        raise ValueError("counted in hours")
    if number in _AS_COUNTED:
        length = timedelta(days=-period.days if period.before else period.days)
        return DueDate(start + length, False, calendar.version)
    return add_days(start, period.days, calendar)


def last_moment(number: str, start: datetime) -> datetime:
    """The moment by which it is done, of a period that is counted in hours; ValueError for another."""
    hours = PERIODS[number].hours
    if hours is None:
        raise ValueError("counted in days")
    return start + timedelta(hours=hours)
