"""Whether pushed counts of enquiries can be what they say. Numbers and topics only, never who asked."""

from collections.abc import Iterator
from datetime import date

from services.policy_api.rules.checks import FIRST_YEAR
from services.policy_api.rules.personal_data import find_personal_data
from shared.schemas.enquiries import EnquiriesInput
from shared.schemas.problems import InvalidField

MAX_PERIOD_DAYS = 366


def check_enquiries(wanted: EnquiriesInput, today: date) -> list[InvalidField]:
    """What is wrong with a push, by pointer."""
    errors = [InvalidField(pointer=pointer, detail=detail) for pointer, detail in _find_faults(wanted, today)]
    return errors + find_personal_data((f"/topics/{place}/topic", one.topic) for place, one in enumerate(wanted.topics))


def _find_faults(wanted: EnquiriesInput, today: date) -> Iterator[tuple[str, str]]:
    if wanted.period_from.year < FIRST_YEAR:
        yield "/period_from", f"起始日期不应早于{FIRST_YEAR}年"
    if wanted.period_to > today:
        yield "/period_to", "截止日期不能在今天之后"
    elif wanted.period_to < wanted.period_from:
        yield "/period_to", "截止日期不应早于起始日期"
    elif (wanted.period_to - wanted.period_from).days >= MAX_PERIOD_DAYS:
        yield "/period_to", f"一期最长{MAX_PERIOD_DAYS}天，请分期推送"
    if wanted.policy.articles:
        yield "/policy/articles", "咨询件数按整份政策统计，请不要填写条款"
    names = [one.topic for one in wanted.topics]
    for place, name in enumerate(names):
        if name in names[:place]:
            yield f"/topics/{place}/topic", f"主题“{name}”重复"
    if sum(one.count for one in wanted.topics) > wanted.count:
        yield "/topics", "各主题件数之和不应大于总件数"
