"""Recurring duties open their own tasks: when a period ends, what an item asks for it is due."""

from dataclasses import dataclass
from uuid import UUID

from pydantic_core import from_json

from services.catalog_api.repository import catalogs as repository
from services.catalog_api.repository.catalogs import Reads
from services.catalog_api.repository.disclosure import lock_tasks
from services.catalog_api.rules.recurrence import ended_periods
from services.catalog_api.rules.refinement import title_of
from services.catalog_api.service.tasks import TaskPush, Terms, put_tasks
from shared.kit.auth import Caller, Principal
from shared.kit.database import WriteSession
from shared.kit.errors import DomainError, UnknownOrganization
from shared.kit.logging import get_logger
from shared.kit.organizations import OrganizationDirectory
from shared.schemas.catalogs import Recurrence, Trigger
from shared.schemas.disclosure import TaskInput

logger = get_logger(__name__)
MOST_PERIODS = 12
"""Of one item at a time: an item that has been in force for years begins with the last ones."""

RECURRING = "auto-"
"""How the names of duties begin that the calendar opens."""


@dataclass(frozen=True)
class Planned:
    """What the ended periods of some items ask for, and where to go on; None at the end."""

    pushes: list[TaskPush]
    after: UUID | None


async def plan_recurring(
    reads: Reads, directory: OrganizationDirectory, terms: Terms, *, after: UUID | None, limit: int
) -> Planned:
    """Of the next items. Asks the directory: not within a transaction."""
    rows = await repository.list_recurring(reads, after=after, limit=limit)
    pushes = []
    for row in rows:
        item = from_json(row["representation"])
        try:
            organization = await directory.get(row["responsible"])
        except UnknownOrganization:
            logger.warning("recurring item of an unknown organisation", item=str(row["id"]))
            continue
        periods = list(ended_periods(Recurrence(row["recurrence"]), row["since"], terms.today))[-MOST_PERIODS:]
        for name, end in periods:
            title = f"{title_of(item['first_level'], item['second_level'])}（{name}）"
            wanted = TaskInput(
                item=row["id"], title=title[:500], trigger=Trigger.FORMED, occurred_on=end, event_on=None
            )
            # Made of item and period: opened once, however often it is asked for.
            pushes.append(TaskPush(organization, f"{RECURRING}{row['id']}-{name}", wanted))
    return Planned(pushes, rows[-1]["id"] if len(rows) == limit else None)


async def open_planned(session: WriteSession, planned: Planned, directory: OrganizationDirectory, terms: Terms) -> None:
    """Those that are not there yet. One that is refused, such as for an item that just ended, holds up no other."""
    if not planned.pushes:
        return
    have = await lock_tasks(await session.driver(), [push.key for push in planned.pushes])
    fresh = [push for push in planned.pushes if push.key not in have]
    caller = Caller(Principal("worker", "", frozenset(), 0), directory)
    results = await put_tasks(session, caller, fresh, terms) if fresh else []
    for push, result in zip(fresh, results, strict=True):
        if isinstance(result, DomainError):
            logger.warning("recurring task refused", task=push.external_id, reason=str(result))
