"""What a lower catalog may not do to its upper one: weaken an item, or drop one that is mandatory (domain.md §5.5). Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.catalog_api.rules.time_limits import parse_time_limit
from shared.schemas.catalogs import (
    Audience,
    CatalogItemInput,
    CatalogLevel,
    DayUnit,
    DisclosureMode,
    ItemGap,
    LimitKind,
    Period,
    Recurrence,
    TimeLimit,
    Trigger,
)

_CHANNELS = {
    "web": "政府网站",
    "gazette": "政府公报",
    "social": "两微一端",
    "press_hearing": "发布会/听证会",
    "broadcast": "广播电视",
    "print": "纸质媒体",
    "reading_point": "公开查阅点",
    "service_hall": "政务服务中心",
    "convenience_station": "便民服务站",
    "onsite": "入户/现场",
    "bulletin_board": "社区/企事业单位/村公示栏（电子屏）",
    "targeted_push": "精准推送",
    "other": "其他",
}
CHANNEL_NAMES: Mapping[str, str] = _CHANNELS
"""As the standard prints them (domain.md §5.1), in its order."""
_SHARPNESS = {LimitKind.REAL_TIME: 0, LimitKind.AT_ONCE: 1}
_STATUTORY_DAYS = 28  # 20 working days of five in a week


def limit_of(item: CatalogItemInput) -> TimeLimit:
    """The rule an item states, or what its time limit is understood to say."""
    return item.limit if item.limit is not None else parse_time_limit(item.time_limit)


def title_of(first_level: str, second_level: str | None) -> str:
    return f"{first_level}／{second_level}" if second_level else first_level


def weaknesses(lower: CatalogItemInput, upper: Mapping[str, Any], level: CatalogLevel | None = None) -> list[str]:
    """Why this item weakens the upper one; none when it does not. `upper` is a public representation."""
    reasons = []
    missing = [one for one in upper["channels"] if one not in lower.channels]
    if missing:
        reasons.append(f"缺少上级要求的渠道：{'、'.join(_CHANNELS[one] for one in missing)}")
    if lower.mode is DisclosureMode.ON_REQUEST and upper["mode"] == DisclosureMode.PROACTIVE:
        reasons.append("上级要求主动公开，本级改为依申请公开")
    if lower.audience is Audience.SPECIFIC and upper["audience"] == Audience.EVERYBODY:
        reasons.append("上级面向全社会公开，本级只面向特定群体")
    others = [one for one in upper.get("other_channels") or [] if one not in lower.other_channels]
    if others:
        reasons.append(f"缺少上级要求的其他渠道：{'、'.join(others)}")
    if upper["mandatory"] and not lower.mandatory:
        reasons.append("上级列为必须公开，本级改为非必须")
    if level is not None and level not in lower.levels:
        reasons.append("公开层级没有列入本级")
    own, above = limit_of(lower), TimeLimit.model_validate(upper["limit"])
    reasons += _slower(own, above, "公开时限")
    for channel in [one for one in upper["channels"] if one in {*upper["channel_limits"], *lower.channel_limits}]:
        # A channel's own limit holds in place of the item's, above and here.
        theirs = TimeLimit.model_validate(upper["channel_limits"].get(channel) or upper["limit"])
        reasons += _slower(lower.channel_limits.get(channel, own), theirs, f"{_CHANNELS[channel]}的公开时限")
    return reasons


def _slower(own: TimeLimit, above: TimeLimit, what: str) -> list[str]:
    if above.kind is LimitKind.UNPARSED:
        return []
    if own.kind is LimitKind.UNPARSED:
        return [f"{what}无法与上级比较：请写明时限规则"]
    reasons = [_later(own, above, what)]
    if above.permanent and not own.permanent:
        reasons.append(f"{what}没有上级要求的长期公开")
    if above.display is not None and (own.display is None or _length(own.display) < _length(above.display)):
        reasons.append(f"{what}中的公示期比上级要求的短")
    return [reason for reason in reasons if reason]


def _later(own: TimeLimit, above: TimeLimit, what: str) -> str | None:
    if LimitKind.RECURRING in (own.kind, above.kind):
        return None if _as_often(own, above) else f"{what}的公开频次低于上级要求"
    if _days(own) > _days(above):
        return f"{what}比上级要求的长"
    return f"{what}的起算晚于上级要求" if _begins_later(own.trigger, above.trigger) else None


def _as_often(own: TimeLimit, above: TimeLimit) -> bool:
    """What comes back is met by what comes back as often and as soon after its end, or by what is public in real time."""
    if own.kind is LimitKind.REAL_TIME:
        return True
    if own.recurrence is None or above.recurrence is None:
        return False
    order = list(Recurrence)
    if order.index(own.recurrence) > order.index(above.recurrence):
        return False
    return above.period is None or (own.period is not None and _length(own.period) <= _length(above.period))


def _begins_later(own: Trigger | None, above: Trigger | None) -> bool:
    """Approval comes after forming; a change is a beginning of its own."""
    if own is None or above is None or own is above or own is Trigger.FORMED_OR_CHANGED:
        return False
    return not (own is Trigger.MADE_OR_OBTAINED and above is Trigger.FORMED)


def _days(limit: TimeLimit) -> float:
    if limit.kind in _SHARPNESS:
        return _SHARPNESS[limit.kind] / 10
    return _length(limit.period) if limit.period is not None else _STATUTORY_DAYS


def _length(period: Period) -> float:
    """In calendar days, a week having five working days."""
    return period.days * 7 / 5 if period.unit is DayUnit.WORKDAYS else period.days


def find_gaps(
    items: Iterable[CatalogItemInput], upper: Iterable[Mapping[str, Any]], level: CatalogLevel
) -> list[ItemGap]:
    """Items of the upper catalog that concern this level and are not refined here, or are weakened."""
    refining: dict[str, list[CatalogItemInput]] = {}
    for item in items:
        if item.refines is not None:
            refining.setdefault(str(item.refines), []).append(item)
    gaps = []
    for above in upper:
        if level not in above["levels"]:
            continue
        own = refining.get(above["id"], [])
        title = title_of(above["first_level"], above["second_level"])
        facts = {"upper_item": above["id"], "title": title, "mandatory": above["mandatory"]}
        if not own:
            gaps.append(ItemGap(key=None, reasons=["本级目录没有这一事项"], **facts))
        for one in own:
            if reasons := weaknesses(one, above, level):
                gaps.append(ItemGap(key=one.key, reasons=reasons, **facts))
    return gaps
