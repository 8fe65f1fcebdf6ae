"""One step of a request: locked, judged by the rules, appended, told. Every move of the state machine goes through here."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from services.request_api.repository import requests as repository
from services.request_api.repository.requests import Rows
from services.request_api.rules.case import Case, Event, apply, fold
from services.request_api.rules.guards import Terms, check
from services.request_api.service.keeping import Vault, columns_of, events_of
from services.request_api.service.telling import announce_status, record_step
from shared.kit.database import WriteSession
from shared.kit.errors import NotFound

NO_REQUEST = "没有这件申请"


@dataclass
class Held:
    """A request that this transaction holds, as it is before the step."""

    row: Any
    steps: Rows
    case: Case
    terms: Terms
    events: list[Event]


@dataclass(frozen=True)
class Taken:
    """What a step changes besides what follows from the rules."""

    event: Event
    private: dict[str, Any] | None = None
    changes: dict[str, Any] = field(default_factory=dict)


async def hold(session: WriteSession, request_id: UUID, terms: Terms) -> Held:
    """The request with its steps, nobody else writing it until the transaction ends."""
    driver = await session.driver()
    row = await repository.lock_request(driver, request_id)
    if row is None:
        raise NotFound(NO_REQUEST)
    steps = await repository.list_steps(driver, request_id)
    events = events_of(steps)
    return Held(row, steps, fold(events, terms.calendar, terms.periods), terms, events)


async def take(session: WriteSession, held: Held, taken: Taken, vault: Vault, *, now: datetime) -> Case:
    """Append a step that the rules allow, and let the request's columns follow."""
    check(held.case, taken.event, held.terms)
    return await append(session, held, taken, vault, now=now)


async def append(session: WriteSession, held: Held, taken: Taken, vault: Vault, *, now: datetime) -> Case:
    """Append a step unjudged: for what is no move, such as a deadline that a calendar has moved."""
    case = apply(held.case, taken.event, held.terms.calendar, held.terms.periods)
    changes = columns_of(case, held.terms) | taken.changes | {"version": held.row["version"] + 1}
    row = dict(held.row) | changes
    await repository.update_request(await session.driver(), row["id"], changes)
    sequence = len(held.steps) + 1
    await record_step(session, row, taken.event, sequence=sequence, private=taken.private, vault=vault, now=now)
    announce_status(session, row)
    return case
