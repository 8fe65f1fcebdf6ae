"""救济告知 (domain.md §1.8): which remedy a decision names, and the government that reviews it.

The sentences and the choice among them belong to the legal reviewer: they come in as a value, checked here, and are data of
the service. What the law leaves no choice in is held here: a refusal under 条例第十四条 to 第十六条 is reviewed first.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from services.request_api.rules.clock import add_days
from shared.kit.workdays import DueDate, WorkCalendar
from shared.schemas.organizations import Level, Organization, OrganizationKind
from shared.schemas.request_codes import DecisionCode


class Remedy(StrEnum):
    """救济途径: which paragraph is printed."""

    FIRST_REVIEW = "first_review"  # R-PRE: 复议前置
    PARTIAL = "partial"  # R-PRE for what is withheld, the rest raised along with it
    PARTIAL_APART = "partial_apart"  # R-PRE for what is withheld, R-ALT for the rest
    EITHER = "either"  # R-ALT
    SILENCE = "silence"  # no answer in time: 复议前置 (行政复议法第二十三条第一款第（三）项)
    NONE = "none"


REVIEW_DAYS, SUIT_AFTER_REVIEW_DAYS = 60, 15  # P-11: 行政复议法第二十条, 行政诉讼法第四十五条
_PLACES = frozenset({"body", "court", "document"})
_PLACE = re.compile(r"\{([^{}]*)\}")
_REFUSALS = frozenset({f"C{number}" for number in range(1, 8)})
_PARTIAL = frozenset({Remedy.FIRST_REVIEW, Remedy.PARTIAL, Remedy.PARTIAL_APART})
DEFAULT_COURT = "有管辖权的人民法院"


@dataclass(frozen=True)
class RemedyTexts:
    """The legal reviewer's choice for each decision, and the paragraphs."""

    variants: Mapping[DecisionCode, Remedy]
    texts: Mapping[Remedy, str]

    def __post_init__(self) -> None:
        faults = check_remedies(self.variants, self.texts)
        if faults:
            raise ValueError("；".join(faults))


def check_remedies(variants: Mapping[DecisionCode, Remedy], texts: Mapping[Remedy, str]) -> list[str]:
    """What is wrong with a set of paragraphs; empty when it may be used."""
    faults = [f"决定{code.value}没有规定救济告知" for code in DecisionCode if code not in variants]
    for code, remedy in variants.items():
        # 行政复议法第二十三条第一款第（四）项 leaves no choice here, and the decision has to say so.
        if code.value in _REFUSALS and remedy is not Remedy.FIRST_REVIEW:
            faults.append(f"决定{code.value}应当告知复议前置")
        if code is DecisionCode.B and remedy not in _PARTIAL:
            faults.append("部分公开应当对不予公开的部分告知复议前置")
        if remedy is not Remedy.NONE and remedy not in texts:
            faults.append(f"缺少{remedy.value}的文本")
    for remedy, text in texts.items():
        places = _PLACE.findall(text)
        faults += [f"{remedy.value}中有不认识的占位符{{{place}}}" for place in places if place not in _PLACES]
        faults += [f"{remedy.value}缺少占位符{{{place}}}" for place in ("body", "court") if place not in places]
    return faults


def remedies_of(
    decision: DecisionCode, texts: RemedyTexts, *, body: str, court: str = DEFAULT_COURT, document: str = "答复书"
) -> str:
    """The paragraph that a decision's document ends with; empty when it names none."""
    return _fill(texts, texts.variants[decision], {"body": body, "court": court, "document": document})


def remedies_of_silence(texts: RemedyTexts, *, body: str, court: str = DEFAULT_COURT) -> str:
    """What somebody may do whom nobody answered in time."""
    return _fill(texts, Remedy.SILENCE, {"body": body, "court": court, "document": "答复书"})


def _fill(texts: RemedyTexts, remedy: Remedy, values: Mapping[str, str]) -> str:
    """One pass: a name that has braces in it stays what it is."""
    if remedy is Remedy.NONE:
        return ""
    return _PLACE.sub(lambda place: values[place[1]], texts.texts[remedy])


def find_reviewing_body(
    chain: Sequence[Organization], *, province: str, vertical: Mapping[str, str] | None = None
) -> str | None:
    """The name of the people's government that reviews what the last of `chain` (root first) decided (行政复议法第二十四条).

    A department, an authorised organisation, an office or a zone: the government above it, never the superior department.
    A government: the one above it, for the root of a city the `province`; a province reviews itself (第二十四条第二款).
    `vertical` names another by code for 海关、金融、税务、国家安全 and the like (第二十七条). None when nothing of that says.
    """
    own = chain[-1]
    if vertical and own.code in vertical:
        return vertical[own.code]
    if own.kind is OrganizationKind.EXTERNAL:
        return None
    if own.level in (Level.NATIONAL, Level.PROVINCE) and own.kind is OrganizationKind.GOVERNMENT:
        return own.name
    for above in reversed(chain[:-1]):
        if above.kind is OrganizationKind.GOVERNMENT:
            return above.name
    if own.level is Level.CITY and own.kind is OrganizationKind.GOVERNMENT:
        return province
    return None


def review_until(received_on: date, calendar: WorkCalendar) -> DueDate:
    """P-11, DL-03: a hint at the last day on which a review can be asked for."""
    return add_days(received_on, REVIEW_DAYS, calendar)


def suit_until_after_review(received_on: date, calendar: WorkCalendar) -> DueDate:
    """P-11, DL-03: a hint at the last day of a suit against a decision on review."""
    return add_days(received_on, SUIT_AFTER_REVIEW_DAYS, calendar)


def suit_until(received_on: date, calendar: WorkCalendar) -> DueDate:
    """P-11, DL-03: six months after the decision was known (行政诉讼法第四十六条); the month's last day where it has no such day."""
    months = received_on.month + 5
    year, month = received_on.year + months // 12, months % 12 + 1
    return add_days(_same_day(year, month, received_on.day), 0, calendar)


def _same_day(year: int, month: int, day: int) -> date:
    following = date(year + month // 12, month % 12 + 1, 1)
    return min(following - timedelta(days=1), date(year, month, 1) + timedelta(days=day - 1))
