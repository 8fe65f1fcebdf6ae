"""Figures on interpretation and the policies behind them: loads what the rules need, and says it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.policy_api.repository import interpretation_metrics as repository
from services.policy_api.repository.interpretation_metrics import Measured
from services.policy_api.repository.reading import Reads
from services.policy_api.rules.checks import FIRST_YEAR
from services.policy_api.rules.interpretation_duty import (
    ALWAYS_IN_SCOPE,
    MAX_DAYS,
    Tally,
    add_up,
    deadlines,
    figures_of,
)
from shared.kit.errors import RuleViolation
from shared.kit.workdays import WorkCalendar
from shared.schemas.interpretation_metrics import (
    InterpretationMetrics,
    MeasuredPolicy,
    MetricFigures,
    OrganizationMetrics,
    Timing,
)
from shared.schemas.organizations import Level
from shared.schemas.policies import OrganizationRef
from shared.schemas.problems import InvalidField

MAX_ORGANIZATIONS = 500
_INTERPRETED = frozenset({Timing.SAME_DAY, Timing.IN_TIME, Timing.LATE})


@dataclass(frozen=True)
class Question:
    """Which figures are asked for, and by which calendar they are computed."""

    published_from: date
    published_to: date
    organization: str | None
    level: Level | None
    today: date
    calendar: WorkCalendar
    late_workdays: int


async def measure(reads: Reads, asked: Question) -> InterpretationMetrics:
    """The figures, over all and by organisation."""
    wanted, provisional = _measured(asked)
    by_organization: dict[str, list[Any]] = {}
    for row in await repository.count(reads, wanted):
        by_organization.setdefault(row["organization"], []).append(row)
    tallies = {code: _tally(rows) for code, rows in by_organization.items()}
    return InterpretationMetrics(
        published_from=asked.published_from,
        published_to=asked.published_to,
        organization=asked.organization,
        level=asked.level,
        computed_on=asked.today,
        late_workdays=asked.late_workdays,
        provisional=provisional,
        total=MetricFigures.model_validate(figures_of(add_up(list(tallies.values())))),
        organizations=[
            OrganizationMetrics.model_validate(
                {**figures_of(tallies[code]), "organization": {"code": code, "name": rows[0]["organization_name"]}}
            )
            for code, rows in sorted(by_organization.items())[:MAX_ORGANIZATIONS]
        ],
    )


async def list_measured(
    reads: Reads, asked: Question, *, timing: Timing | None, after: Any, limit: int
) -> list[MeasuredPolicy]:
    """The policies in scope behind those figures; one more than `limit` when there are more."""
    wanted, _ = _measured(asked)
    rows = await repository.list_measured(reads, wanted, timing=timing, after=after, limit=limit)
    return [_view(row) for row in rows]


def _measured(asked: Question) -> tuple[Measured, bool]:
    """RuleViolation for a period that is none, or too long."""
    first, last = asked.published_from, asked.published_to
    errors = []
    if first.year < FIRST_YEAR or last < first:
        errors.append(InvalidField(pointer="?from", detail=f"起始日期应在{FIRST_YEAR}年之后、不晚于截止日期"))
    elif (last - first).days >= MAX_DAYS:
        errors.append(InvalidField(pointer="?to", detail="期间最长三年，请分段查询"))
    elif first > asked.today:
        errors.append(InvalidField(pointer="?from", detail="起始日期不能在今天之后"))
    if errors:
        raise RuleViolation("查询期间不正确", errors=errors)
    days = deadlines(first, min(last, asked.today), asked.calendar, late_workdays=asked.late_workdays)
    measured = Measured(
        today=asked.today,
        days=[day.published_on for day in days],
        due=[day.due_on for day in days],
        always_in_scope=[one.value for one in ALWAYS_IN_SCOPE],
        organization=asked.organization,
        level=asked.level,
    )
    return measured, any(day.provisional for day in days)


def _tally(rows: Sequence[Any]) -> Tally:
    interpreted = [row for row in rows if row["timing"] in _INTERPRETED]
    return Tally(
        policies=sum(row["policies"] for row in rows),
        timing={Timing(row["timing"]): row["policies"] for row in rows if row["timing"] is not None},
        forms=sum(row["forms"] for row in interpreted),
        several_forms=sum(row["several_forms"] for row in interpreted),
        links=sum(row["links"] for row in rows),
        links_resolving=sum(row["links_resolving"] for row in rows),
    )


def _view(row: Any) -> MeasuredPolicy:
    names = (
        *("id", "title", "doc_no", "level", "doc_class", "major", "livelihood", "market_related", "published_on"),
        *("due_on", "forms", "links", "links_resolving", "timing"),
    )
    return MeasuredPolicy(
        organization=OrganizationRef(code=row["organization"], name=row["organization_name"]),
        interpreted_on=row["first_on"],
        **{name: row[name] for name in names},
    )
