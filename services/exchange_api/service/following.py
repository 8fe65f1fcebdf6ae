"""Reads the services' logs and writes down which message goes to which subscription, with the cursor, in one transaction."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json

from services.exchange_api.repository import webhooks as repository
from services.exchange_api.rules.delivery import Place, organization_of, wants
from shared.kit.clock import local_day
from shared.kit.database import Database
from shared.kit.errors import Unavailable
from shared.kit.logging import get_logger
from shared.kit.reader import Backoff, LogGone, LogReader
from shared.schemas.events import Event
from shared.schemas.webhooks import SubscriptionInput

logger = get_logger(__name__)


@dataclass(frozen=True)
class Subscribed:
    """An active subscription: what it asks for and whose it is."""

    id: UUID
    wanted: SubscriptionInput
    owner_path: Sequence[str]


async def load_subscribed(reads: repository.Reads) -> list[Subscribed]:
    """Every active subscription."""
    return [
        Subscribed(row["id"], SubscriptionInput.model_validate_json(row["content"]), row["owner_path"])
        for row in await repository.list_active(reads)
    ]


async def follow_all(
    database: Database,
    readers: Mapping[str, LogReader],
    *,
    page_events: int,
    long_poll_seconds: float,
    clock: Callable[[], datetime],
    grown: Callable[[], None],
) -> None:
    """Every log, each at its own pace, until cancelled. `grown` is called when there is something to send."""
    async with asyncio.TaskGroup() as tasks:
        for source, reader in readers.items():
            tasks.create_task(
                _follow(
                    source,
                    lambda source=source, reader=reader: follow_page(  # type: ignore[misc]
                        database, reader, source, limit=page_events, wait_seconds=long_poll_seconds, clock=clock
                    ),
                    grown,
                )
            )


async def _follow(source: str, page: Callable[[], Awaitable[int]], grown: Callable[[], None]) -> None:
    backoff = Backoff()
    while True:
        try:
            if await page():
                grown()
            backoff.reset()
        except Unavailable:
            await asyncio.sleep(backoff.next_seconds())
        except Exception as error:  # PostgreSQL away, or a fault of ours: the other logs go on.
            logger.error("following failed", source=source, exc_info=error)
            await asyncio.sleep(backoff.next_seconds())


async def follow_page(
    database: Database,
    reader: LogReader,
    source: str,
    *,
    limit: int,
    wait_seconds: float,
    clock: Callable[[], datetime],
) -> int:
    """One page of one log; how many deliveries it makes. A log that no longer reaches back is followed from its beginning.

    Everything that it still holds comes again then: messages are kept once by their id, and a gap shows in the books.
    """
    cursor = await repository.find_position(database.reads, source)
    try:
        page = await reader.page(after=cursor, limit=limit, wait_seconds=wait_seconds)
    except LogGone:
        logger.warning("log does not reach back", source=source)
        page = await _from_its_beginning(reader, limit)
    # Read after the page: who subscribed before an event was recorded gets it.
    subscribed = await load_subscribed(database.reads)
    async with database.write() as session:
        driver = await session.driver()
        deliveries = await _sort_out(driver, source, page.events, subscribed, now=clock())
        await repository.keep_position(driver, source, page.cursor, at_end=page.at_end, now=clock())
    return deliveries


async def _from_its_beginning(reader: LogReader, limit: int) -> Any:
    """From the oldest event that is left: the export's end is a cursor, and what came before it is public by reading."""
    try:
        return await reader.page(after=None, limit=limit, wait_seconds=0)
    except LogGone:
        async for line in reader.export():
            if hasattr(line, "cursor"):
                return await reader.page(after=line.cursor, limit=limit, wait_seconds=0)
        raise Unavailable("日志的导出没有末行，请稍后重试") from None


async def _sort_out(
    driver: Any, source: str, events: Sequence[Event], subscribed: Sequence[Subscribed], *, now: datetime
) -> int:
    if not events:
        return 0
    told = {event.subject: organization_of(event.data, subject=event.subject) for event in events}
    unknown = [event.subject for event in events if told[event.subject] is None]
    known = await repository.find_places(driver, source, unknown) if unknown else {}
    named = {subject: code for subject, code in told.items() if code is not None}
    if named:
        await repository.keep_places(driver, source, named)
    codes = named | known
    organizations = await repository.find_organizations(driver, sorted(set(codes.values())))
    messages: list[dict[str, Any]] = []
    wanted: list[tuple[UUID, str, str]] = []
    for event in events:
        found = organizations.get(codes.get(event.subject, ""))
        place = Place(found["path"], found["level"]) if found is not None else None
        takers = [one.id for one in subscribed if wants(one.wanted, one.owner_path, event.type, place)]
        if takers:
            messages.append(_message(event))
            wanted += [(taker, event.id, event.subject) for taker in takers]
    if messages:
        await repository.keep_messages(driver, messages)
        await repository.keep_deliveries(driver, wanted, now=now)
    return len(wanted)


def _message(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "subjectversion": event.subjectversion,
        "occurred_at": event.time,
        "day": local_day(event.time),
        "body": body_of(event).decode(),
    }


def body_of(event: Event) -> bytes:
    """What is sent: the CloudEvent, and its time under the name that Standard Webhooks has for it."""
    return to_json(event.model_dump(mode="json") | {"timestamp": event.time})
