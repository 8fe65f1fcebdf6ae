"""效能监测: figures from rows, the rows behind the figures, urging, and what a new calendar moves."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic_core import from_json
from uuid_utils.compat import uuid7

from services.catalog_api.repository import disclosure as disclosure_repository
from services.catalog_api.repository import monitoring as repository
from services.catalog_api.repository.catalogs import Reads
from services.catalog_api.rules.deadlines import deadline_of
from services.catalog_api.rules.domains import DOMAINS
from services.catalog_api.rules.refinement import title_of
from services.catalog_api.rules.scoring import Weights, score_of, share
from services.catalog_api.rules.standing import soon_until, standing_of
from services.catalog_api.service.tasks import Terms
from shared.kit.auth import Caller
from shared.kit.database import WriteSession
from shared.kit.errors import Conflict, Forbidden, NotFound, RuleViolation
from shared.kit.workdays import WorkCalendar
from shared.schemas.catalogs import TimeLimit
from shared.schemas.monitoring import GroupBy, Monitor, MonitoredDuty, MonitoredItem, MonitorRow, Urging, UrgingInput
from shared.schemas.organizations import Organization
from shared.schemas.policies import OrganizationRef
from shared.schemas.problems import InvalidField

_COUNTS = ("duties", "on_time", "late", "overdue", "open", "due_soon")
_LEVELS = {
    "national": "国家",
    "province": "省级",
    "city": "市级",
    "district": "县级",
    "town": "乡级",
    "village": "村级",
}
NO_URGING = "没有这份督办"


@dataclass(frozen=True)
class Asked:
    """What a table is of."""

    organization: str
    subtree: bool
    since: date
    until: date

    def check(self) -> None:
        if self.since > self.until:
            raise RuleViolation(
                "期间的起点在终点之后", errors=[InvalidField(pointer="?to", detail="期间止不能早于期间起")]
            )


async def report(reads: Reads, asked: Asked, by: GroupBy, terms: Terms, weights: Weights) -> Monitor:
    """The whole table, as of today."""
    asked.check()
    names = await repository.list_disclosers(reads, asked.organization, subtree=asked.subtree)
    near = soon_until(terms.today, terms.soon_workdays, terms.calendar)
    period = {"since": asked.since, "until": asked.until}
    organizations = list(names)
    duties = await repository.count_duties(reads, organizations, by=by, **period, today=terms.today, near=near)
    items = await repository.count_items(reads, organizations, by=by, **period)
    counted: dict[str, dict[str, Any]] = {}
    for row in duties:
        counted.setdefault(row["key"], {}).update({name: row[name] for name in _COUNTS})
    for row in items:
        counted.setdefault(row["key"], {}).update({"items": row["items"], "covered": row["covered"]})
    rows = [_row(key, _name(by, key, names), found, by, weights) for key, found in sorted(counted.items())]
    sums = {name: sum(found.get(name, 0) for found in counted.values()) for name in (*_COUNTS, "items", "covered")}
    return Monitor(
        organization=asked.organization,
        subtree=asked.subtree,
        period_from=asked.since,
        period_to=asked.until,
        by=by,
        today=terms.today,
        total=_row("total", "合计", sums, by, weights),
        rows=rows,
    )


def _row(key: str, name: str, found: dict[str, int], by: GroupBy, weights: Weights) -> MonitorRow:
    counts = {count: found.get(count, 0) for count in _COUNTS}
    whole, covered = (None, None) if by is GroupBy.MONTH else (found.get("items", 0), found.get("covered", 0))
    due = counts["on_time"] + counts["late"] + counts["overdue"]
    return MonitorRow(
        key=key,
        name=name,
        **counts,
        timeliness=share(counts["on_time"], due),
        items=whole,
        covered=covered,
        coverage=share(covered or 0, whole or 0),
        score=score_of(
            on_time=counts["on_time"],
            late=counts["late"],
            overdue=counts["overdue"],
            covered=covered,
            items=whole,
            weights=weights,
        ),
    )


def _name(by: GroupBy, key: str, names: dict[str, str]) -> str:
    if by is GroupBy.ORGANIZATION:
        return names.get(key, key)
    names = {GroupBy.LEVEL: _LEVELS, GroupBy.DOMAIN: DOMAINS}.get(by, {})
    return names.get(key, key)


async def list_duties(
    reads: Reads,
    asked: Asked,
    terms: Terms,
    *,
    state: str,
    domain: str | None,
    level: str | None,
    after: tuple[date, UUID, str] | None,
    limit: int,
) -> tuple[list[MonitoredDuty], bool]:
    """The rows behind a figure, and whether there are more."""
    asked.check()
    names = await repository.list_disclosers(reads, asked.organization, subtree=asked.subtree)
    near = soon_until(terms.today, terms.soon_workdays, terms.calendar)
    rows = await repository.list_duties(
        reads,
        list(names),
        since=asked.since,
        until=asked.until,
        domain=domain,
        level=level,
        condition=state,
        today=terms.today,
        near=near,
        after=after,
        limit=limit,
    )
    shown = [
        MonitoredDuty(
            task=row["task_id"],
            organization=OrganizationRef(code=row["organization"], name=row["organization_name"]),
            item=row["item_id"],
            state=standing_of(row["due_on"], row["done_on"], terms.today, near),
            **{name: row[name] for name in ("external_id", "title", "domain", "channel", "due_on", "done_on")},
        )
        for row in rows[:limit]
    ]
    return shown, len(rows) > limit


async def urge(
    session: WriteSession, caller: Caller, organization: Organization, wanted: UrgingInput, *, terms: Terms
) -> Urging:
    """A notice from above over tasks of one organisation that are not done."""
    if caller.principal.organization not in organization.path[:-1]:
        raise Forbidden("督办由上级机关发出，不能督办本机关")
    driver = await session.driver()
    found = {row["id"]: row for row in await repository.find_tasks(driver, wanted.tasks)}
    errors = [
        InvalidField(pointer=f"/tasks/{position}", detail="没有这个未完成的任务，或它不是该机关的")
        for position, task in enumerate(wanted.tasks)
        if (row := found.get(task)) is None
        or row["organization"] != organization.code
        or row["done_on"] is not None
        or row["cancelled"]
    ]
    if wanted.answer_by < terms.today:
        errors.append(InvalidField(pointer="/answer_by", detail="答复期限不能在今天之前"))
    if errors:
        raise RuleViolation("督办有误，请按所列各项改正", errors=errors)
    row = {
        "id": uuid7(),
        "organization": organization.code,
        "urged_by": caller.principal.organization,
        "tasks": list(dict.fromkeys(wanted.tasks)),
        "words": wanted.words,
        "answer_by": wanted.answer_by,
        "urged_at": terms.now,
    }
    await repository.insert_urging(driver, row)
    session.record(
        actor=caller.client_id, action="urging.sent", subject=str(row["id"]), version=1, organization=organization.code
    )
    return as_urging(await repository.find_urging(driver, row["id"]))


async def answer_urging(session: WriteSession, caller: Caller, urging_id: UUID, *, words: str, now: datetime) -> Urging:
    """The urged organisation's answer, once."""
    driver = await session.driver()
    row = await repository.lock_urging(driver, urging_id)
    if row is None:
        raise NotFound(NO_URGING)
    if row["answer"] is not None:
        raise Conflict("这份督办已经答复")
    await repository.keep_answer(driver, urging_id, words=words, at=now)
    session.record(
        actor=caller.client_id,
        action="urging.answered",
        subject=str(urging_id),
        version=row["version"] + 1,
        organization=row["organization"],
    )
    return as_urging(await repository.find_urging(driver, urging_id))


def as_urging(row: Any) -> Urging:
    """As both sides read it."""
    return Urging(**{name: row[name] for name in Urging.model_fields})


async def follow_calendar(session: WriteSession, calendar: WorkCalendar, *, limit: int) -> int:
    """Deadlines of open tasks that rest on another calendar are computed anew (domain.md DL-10); how many tasks.

    Done tasks keep the deadline by which they were judged, and its calendar.
    """
    driver = await session.driver()
    rows = await repository.list_outdated(driver, calendar_version=calendar.version, limit=limit)
    asked = await disclosure_repository.list_duties(driver, [row["id"] for row in rows]) if rows else {}
    duties: list[tuple[UUID, str, date, bool]] = []
    tasks: list[tuple[UUID, date, str]] = []
    for row in rows:
        due = {
            duty["channel"]: deadline_of(
                TimeLimit.model_validate_json(duty["time_limit"]),
                row["occurred_on"],
                calendar,
                event_on=row["event_on"],
            )
            for duty in asked[row["id"]]
        }
        duties += [(row["id"], channel, one.on, one.provisional) for channel, one in due.items()]
        tasks.append((row["id"], max(one.on for one in due.values()), calendar.version))
        session.record(
            actor="worker",
            action="task.recomputed",
            subject=str(row["id"]),
            version=row["version"] + 1,
            organization=row["organization"],
            due_on=str(max(one.on for one in due.values())),
            was=str(row["due_on"]),
            calendar=calendar.version,
        )
    if rows:
        await repository.move_deadlines(driver, duties, tasks)
    return len(rows)


async def list_items(
    reads: Reads,
    asked: Asked,
    *,
    domain: str | None,
    level: str | None,
    covered: bool | None,
    after: UUID | None,
    limit: int,
) -> tuple[list[MonitoredItem], bool]:
    """The items behind the coverage, and whether there are more."""
    asked.check()
    names = await repository.list_disclosers(reads, asked.organization, subtree=asked.subtree)
    rows = await repository.list_items(
        reads,
        list(names),
        since=asked.since,
        until=asked.until,
        domain=domain,
        level=level,
        covered=covered,
        after=after,
        limit=limit,
    )
    shown = []
    for row in rows[:limit]:
        item = from_json(row["representation"])
        shown.append(
            MonitoredItem(
                item=row["item"],
                organization=OrganizationRef(code=row["responsible"], name=names[row["responsible"]]),
                title=title_of(item["first_level"], item["second_level"]),
                domain=row["domain"],
                level=row["level"],
                covered=row["covered"],
            )
        )
    return shown, len(rows) > limit
