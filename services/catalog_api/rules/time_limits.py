"""Understands what catalogs write as 公开时限 (domain.md §5.3). What it does not understand it leaves to a person. Pure."""

import re

from shared.schemas.catalogs import DayUnit, LimitKind, Period, Recurrence, TimeLimit, Trigger

_DIGITS = str.maketrans("０１２３４５６７８９", "0123456789")
_FIGURES = {figure: number for number, figure in enumerate("〇一二三四五六七八九")} | {"两": 2}
# The whole number, never its end: 四十 is not 十.
_NUMBER = r"(?<![一二三四五六七八九十百两〇\d.])(\d{1,3}|[一二三四五六七八九十百两〇]{1,7})"
_WITHIN = re.compile(_NUMBER + r"\s*(?:个)?(工作日|自然日|日|天)(?:之)?(?:内|以内)")
_DAY = re.compile(_NUMBER + r"\s*(?:个)?(?:工作日|自然日|日|天|号)")
_DOUBT = re.compile(r"每|提前|前")
"""Beside a number of days these say something else than an end: a day of the month, a time before an event."""
_DISPLAY = re.compile(
    r"(?:公示|公告|公示期限?|公告期限?)(?:期限?)?(?:为|不少于|不得少于)?\s*"
    + _NUMBER
    + r"\s*(?:个)?(工作日|自然日|日|天)"
)
_TRIGGERS = (
    (re.compile(r"(?:形成|产生)(?:或者?|、)?(?:变更|更新|变动)"), Trigger.FORMED_OR_CHANGED),
    (re.compile(r"(?:制定|制作)(?:或者?|、)(?:获取|取得)"), Trigger.MADE_OR_OBTAINED),
    (re.compile(r"批准|批复|审批通过|审议通过"), Trigger.APPROVED),
    (re.compile(r"形成|产生|作出|印发|制定"), Trigger.FORMED),
    (re.compile(r"变更|更新|变动"), Trigger.CHANGED),
)
_RECURRENCES = (
    (re.compile(r"每季度?|按季度?"), Recurrence.QUARTERLY),
    (re.compile(r"每半年|按半年"), Recurrence.HALF_YEARLY),
    (re.compile(r"每个?月|按月"), Recurrence.MONTHLY),
    (re.compile(r"每年|按年度?|^年度$"), Recurrence.YEARLY),
)
_EVENT = re.compile(r"(?:开学|考试|招生|举行|召开|实施|活动|听证)(?:开始)?(?:之)?前")
_PERMANENT = re.compile(r"长期(?:公示|公开)")


def parse_time_limit(text: str) -> TimeLimit:
    """The rule that a written time limit means; `unparsed` when there is a doubt. Never a default (domain.md §5.3)."""
    written = re.sub(r"\s+", "", text.translate(_DIGITS)).replace("：", ":")
    display = _display_of(written)
    permanent = _PERMANENT.search(written) is not None
    rest = _DISPLAY.sub("", written)
    periods = _WITHIN.findall(rest)
    triggers = [trigger for pattern, trigger in _TRIGGERS if pattern.search(rest)]
    if len(periods) == 1 and triggers and not _DOUBT.search(rest):
        period = _period(*periods[0])
        return TimeLimit(
            kind=LimitKind.WITHIN, period=period, trigger=triggers[0], display=display, permanent=permanent
        )
    if not periods:
        for kind, found in _without_period(rest):
            return TimeLimit(kind=kind, recurrence=found, display=display, permanent=permanent)
    return TimeLimit(kind=LimitKind.UNPARSED, display=display, permanent=permanent)


def _without_period(text: str) -> list[tuple[LimitKind, Recurrence | None]]:
    if _DAY.search(text):
        return []
    if "实时" in text:
        return [(LimitKind.REAL_TIME, None)]
    recurring = [found for pattern, found in _RECURRENCES if pattern.search(text)]
    if recurring:
        return [(LimitKind.RECURRING, recurring[0])] if len(recurring) == 1 else []
    if _EVENT.search(text):
        return [(LimitKind.BEFORE_EVENT, None)]
    return [(LimitKind.AT_ONCE, None)] if "及时" in text or "即时" in text else []


def _display_of(text: str) -> Period | None:
    found = _DISPLAY.search(text)
    return _period(found[1], found[2]) if found else None


def _period(number: str, unit: str) -> Period:
    days = int(number) if number.isdigit() else _chinese(number)
    return Period(days=days, unit=DayUnit.WORKDAYS if unit == "工作日" else DayUnit.DAYS)


def _chinese(number: str) -> int:
    """四十五 is 45, 一百二十 120, 十五 15."""
    total = figure = 0
    for one in number:
        if one in "百十":
            total += (figure or 1) * (100 if one == "百" else 10)
            figure = 0
        else:
            figure = _FIGURES[one]
    return total + figure
