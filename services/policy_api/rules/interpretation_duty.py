"""Which policies have to be interpreted, until when, and how well that was done (domain.md §7.1, §7.2 report metrics)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from shared.kit.workdays import WorkCalendar
from shared.schemas.interpretation_metrics import Timing
from shared.schemas.policies import DocClass

ALWAYS_IN_SCOPE = (DocClass.REGULATION, DocClass.NORMATIVE)
"""规章和行政规范性文件一律应当解读; of others, those that are 重大, 民生 or 涉企."""
MAX_MONTHS = 36
MAX_DAYS = 3 * 366
"""The longest period that figures are asked for: three years."""


@dataclass(frozen=True)
class Deadline:
    """Of what is published on a day, the last day for its interpretation."""

    published_on: date
    due_on: date
    provisional: bool


def deadlines(first: date, last: date, calendar: WorkCalendar, *, late_workdays: int) -> list[Deadline]:
    """For each day of a period. Published Tuesday 2025-09-30, three working days: Saturday 2025-10-11.

    原则上与政策同步，至迟3个工作日 (domain.md §7.1).
    """
    days = (first + timedelta(days=offset) for offset in range((last - first).days + 1))
    found = []
    for day in days:
        due = calendar.add_workdays(day, late_workdays)
        found.append(Deadline(day, due.on, due.provisional))
    return found


def is_in_scope(doc_class: DocClass, *, concerns_many: bool) -> bool:
    """Whether a public policy has to be interpreted, exemptions aside."""
    return doc_class in ALWAYS_IN_SCOPE or (concerns_many and doc_class is DocClass.OTHER)


@dataclass(frozen=True)
class Tally:
    """What was counted over some policies. `forms` sums the different forms of each."""

    policies: int
    timing: Mapping[Timing, int]
    forms: int
    several_forms: int
    links: int
    links_resolving: int


def figures_of(tally: Tally) -> dict[str, object]:
    """Counts and ratios. What is not due yet is in scope but neither on time nor late."""
    timing = {one: tally.timing.get(one, 0) for one in Timing}
    on_time = timing[Timing.SAME_DAY] + timing[Timing.IN_TIME]
    interpreted = on_time + timing[Timing.LATE]
    in_scope = interpreted + timing[Timing.PENDING] + timing[Timing.MISSING]
    return {
        "policies": tally.policies,
        "in_scope": in_scope,
        "interpreted": interpreted,
        "interpretation_ratio": ratio(interpreted, in_scope),
        "on_time_ratio": ratio(on_time, in_scope - timing[Timing.PENDING]),
        "timing": timing,
        "forms_per_policy": ratio(tally.forms, interpreted),
        "several_forms": tally.several_forms,
        "links": tally.links,
        "links_resolving": tally.links_resolving,
        "link_integrity_ratio": ratio(tally.links_resolving, tally.links),
    }


def ratio(part: int, whole: int) -> float | None:
    """To four digits; None of nothing."""
    return round(part / whole, 4) if whole else None


def add_up(tallies: list[Tally]) -> Tally:
    """Of several organisations."""
    timing = {one: sum(tally.timing.get(one, 0) for tally in tallies) for one in Timing}
    names = ("policies", "forms", "several_forms", "links", "links_resolving")
    sums = {name: sum(getattr(tally, name) for tally in tallies) for name in names}
    return Tally(timing=timing, **sums)
