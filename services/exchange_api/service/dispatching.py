"""Sends what is due, endpoint by endpoint, side by side: a slow or dead one never delays another.

A try's result is written before its message may be picked again, many results in one transaction. A killed process leaves
its messages due: they are sent again, by the same `webhook-id`. One dispatcher runs at a time, the worker that leads.
"""

import asyncio
import contextlib
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from services.exchange_api.repository import webhooks as repository
from services.exchange_api.rules.delivery import chain, next_try
from services.exchange_api.service.secrets import KeySealer
from services.exchange_api.service.sending import Answer, Sender
from shared.kit.database import Database, WriteSession
from shared.kit.log import Announcement
from shared.kit.logging import get_logger
from shared.kit.reader import Backoff
from shared.schemas.webhooks import DeliveryState, SubscriptionInput
from shared.webhooks import ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, sign

logger = get_logger(__name__)
_HELD_EACH = 256
_RESULTS_AT_ONCE = 500
_LONGEST_SLEEP_SECONDS = 30.0
GONE = 410
SYSTEM = "worker"


@dataclass(frozen=True)
class Endpoint:
    """Where a subscription's messages go, and what signs them."""

    id: UUID
    version: int
    url: str
    wanted: SubscriptionInput
    keys: tuple[str, ...]


@dataclass(frozen=True)
class _Try:
    """One message and what came of sending it."""

    endpoint: Endpoint
    row: Any
    at: datetime
    answer: Answer


@dataclass
class _Served:
    """An endpoint at work: what it holds, and what wakes it."""

    endpoint: Endpoint
    held: dict[int, str] = field(default_factory=dict)
    """Subject by delivery: fetched, under way, or not yet written down."""
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    queue: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)
    free_at: float = 0.0


class Dispatcher:
    """Everything that is sent."""

    def __init__(
        self,
        database: Database,
        sender: Sender,
        sealer: KeySealer,
        *,
        disable_after: timedelta,
        clock: Callable[[], datetime],
        refresh_seconds: float = 1.0,
    ) -> None:
        self._database = database
        self._sender = sender
        self._sealer = sealer
        self._disable_after = disable_after
        self._clock = clock
        self._refresh = refresh_seconds
        self._results: asyncio.Queue[_Try] = asyncio.Queue(maxsize=4 * _RESULTS_AT_ONCE)
        self._served: dict[UUID, _Served] = {}
        self._tasks: dict[UUID, asyncio.Task[None]] = {}

    def wake(self) -> None:
        """There may be something to send."""
        for served in self._served.values():
            served.wake.set()

    async def run(self) -> None:
        """Until cancelled."""
        recorder = asyncio.create_task(self._record_all())
        try:
            backoff = Backoff()
            while not recorder.done():
                try:
                    await self._follow_subscriptions()
                    backoff.reset()
                    await asyncio.sleep(self._refresh)
                except Exception as error:
                    logger.warning("dispatcher without database", error=type(error).__name__)
                    await asyncio.sleep(backoff.next_seconds())
            recorder.result()
        finally:
            tasks = [recorder, *self._tasks.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            # Results that wait stay: they are written should this worker lead again.
            self._tasks.clear()
            self._served.clear()

    async def _follow_subscriptions(self) -> None:
        endpoints = {one.id: one for one in await load_endpoints(self._database, self._sealer, now=self._clock())}
        for known in list(self._served):
            if endpoints.get(known) != self._served[known].endpoint:
                await self._stop(known)
        for endpoint_id, endpoint in endpoints.items():
            if endpoint_id not in self._served:
                served = self._served[endpoint_id] = _Served(endpoint)
                self._tasks[endpoint_id] = asyncio.create_task(self._serve(served))
        # What somebody asked for through the API, in another process: a test, a message sent again.
        for endpoint_id in await repository.list_due_subscriptions(self._database.reads, now=self._clock()):
            if (served_now := self._served.get(endpoint_id)) is not None and not served_now.held:
                served_now.wake.set()

    async def _stop(self, endpoint_id: UUID) -> None:
        """What was under way and is not written down is sent again, should the endpoint come back."""
        task = self._tasks.pop(endpoint_id)
        self._served.pop(endpoint_id)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await self._sender.forget(str(endpoint_id))

    async def _serve(self, served: _Served) -> None:
        slots = [asyncio.create_task(self._send_one_by_one(served)) for _ in range(served.endpoint.wanted.concurrency)]
        backoff = Backoff()
        try:
            while True:
                try:
                    await self._feed(served)
                    backoff.reset()
                except Exception as error:
                    logger.warning("endpoint without database", error=type(error).__name__)
                    await asyncio.sleep(backoff.next_seconds())
        finally:
            for slot in slots:
                slot.cancel()
            await asyncio.gather(*slots, return_exceptions=True)

    async def _feed(self, served: _Served) -> None:
        """Fetch what is due, or wait for it."""
        endpoint, now = served.endpoint, self._clock()
        served.wake.clear()
        if served.queue.qsize() >= endpoint.wanted.concurrency:
            # Enough to do until the next result: who is slow or dead would look again for everybody's message.
            await served.wake.wait()
            return
        room = _HELD_EACH - len(served.held)
        rows: repository.Rows = []
        if room > 0:
            rows = await repository.list_due(
                self._database.reads,
                endpoint.id,
                ordered=endpoint.wanted.ordered,
                now=now,
                under_way=list(served.held),
                subjects_under_way=list(served.held.values()) if endpoint.wanted.ordered else [],
                limit=room,
            )
        for row in rows:
            served.held[row["seq"]] = row["subject"]
            served.queue.put_nowait(row)
        if rows:
            return
        following = await repository.next_due(self._database.reads, endpoint.id, after=now)
        seconds = (following - self._clock()).total_seconds() if following is not None else _LONGEST_SLEEP_SECONDS
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(min(max(seconds, 0.01), _LONGEST_SLEEP_SECONDS)):
                await served.wake.wait()

    async def _send_one_by_one(self, served: _Served) -> None:
        endpoint = served.endpoint
        loop = asyncio.get_running_loop()
        while True:
            row = await served.queue.get()
            await self._keep_to_the_rate(served, loop.time())
            at = self._clock()
            body = row["body"].encode()
            answer = await self._sender.post(str(endpoint.id), endpoint.url, headers_of(endpoint, row, at, body), body)
            await self._results.put(_Try(endpoint, row, at, answer))

    async def _keep_to_the_rate(self, served: _Served, now: float) -> None:
        start = max(served.free_at, now)
        served.free_at = start + 1 / served.endpoint.wanted.per_second
        if start > now:
            await asyncio.sleep(start - now)

    async def _record_all(self) -> None:
        backoff = Backoff()
        while True:
            tries = [await self._results.get()]
            while len(tries) < _RESULTS_AT_ONCE and not self._results.empty():
                tries.append(self._results.get_nowait())
            while True:
                try:
                    await self._record(tries)
                    break
                except Exception as error:
                    # Kept until they are written: forgetting them would send everything again.
                    logger.warning("results not written", error=type(error).__name__, count=len(tries))
                    await asyncio.sleep(backoff.next_seconds())
            backoff.reset()
            for one in tries:
                served = self._served.get(one.endpoint.id)
                if served is not None:
                    served.held.pop(one.row["seq"], None)
                    served.wake.set()

    async def _record(self, tries: Sequence[_Try]) -> None:
        async with self._database.write() as session:
            driver = await session.driver()
            await repository.settle(driver, [_settled(one) for one in tries])
            well = {one.endpoint.id for one in tries if one.answer.is_success}
            failing = {one.endpoint.id for one in tries} - well
            await repository.note_health(driver, well=sorted(well), failing=sorted(failing), now=self._clock())
            gone = {one.endpoint.id for one in tries if one.answer.status == GONE}
            for endpoint_id in sorted(gone):
                row = await repository.lock_subscription(driver, endpoint_id)
                if row is not None and row["state"] == "active":
                    await disable(session, row, reason="接收地址答复 410（已不存在）")
            await _append_to_chain(driver, tries)

    async def disable_failing(self, *, limit: int = 100) -> bool:
        """Disable endpoints that have failed for days, with notice; whether there may be more."""
        async with self._database.write() as session:
            driver = await session.driver()
            rows = await repository.list_failing(driver, since=self._clock() - self._disable_after, limit=limit)
            for row in rows:
                days = self._disable_after.total_seconds() / 86400
                await disable(session, row, reason=f"连续{days:g}日投递失败")
        return len(rows) >= limit


async def load_endpoints(database: Database, sealer: KeySealer, *, now: datetime) -> list[Endpoint]:
    """Every active subscription that has an address, with the keys that sign for it now."""
    rows = [
        (row, wanted)
        for row in await repository.list_active(database.reads)
        if (wanted := SubscriptionInput.model_validate_json(row["content"])).url is not None
    ]
    keys: dict[UUID, list[str]] = {}
    for key in await repository.list_keys(database.reads, [row["id"] for row, _ in rows], now=now):
        opened = sealer.open(key["sealed"], name=str(key["id"])).decode()
        keys.setdefault(key["subscription_id"], []).append(opened)
    return [
        Endpoint(row["id"], row["version"], wanted.url or "", wanted, tuple(keys.get(row["id"], ())))
        for row, wanted in rows
    ]


def headers_of(endpoint: Endpoint, row: Mapping[str, Any], at: datetime, body: bytes) -> dict[str, str]:
    """Of one try: the id stays, the time and so the signatures are the try's own."""
    stamp = int(at.timestamp())
    return {
        "host": endpoint.url.split("/")[2],
        "content-type": "application/json",
        "content-length": str(len(body)),
        "user-agent": "mingquan-webhooks/1",
        ID_HEADER: row["message_id"],
        TIMESTAMP_HEADER: str(stamp),
        SIGNATURE_HEADER: sign(row["message_id"], stamp, body, endpoint.keys),
    }


def _settled(one: _Try) -> dict[str, Any]:
    attempts = one.row["attempts"] + 1
    row = {"seq": one.row["seq"], "attempts": attempts, "status": one.answer.status, "at": one.at}
    if one.answer.is_success:
        return row | {"state": DeliveryState.DELIVERED.value, "next_at": one.at}
    chance = random.random()  # noqa: S311  # spreads tries, guards nothing
    again = next_try(attempts, one.at, retry_after=one.answer.retry_after, chance=chance)
    if again is None:
        return row | {"state": DeliveryState.DEAD.value, "next_at": one.at}
    return row | {"state": DeliveryState.PENDING.value, "next_at": again}


async def disable(session: WriteSession, row: Any, *, reason: str, by: str = SYSTEM) -> None:
    """Send no more, tell those who follow, and keep who did it. What waits stays."""
    await repository.set_state(await session.driver(), row["id"], state="disabled", reason=reason)
    version = row["version"] + 1
    told = {"id": str(row["id"]), "organization": row["organization"], "reason": reason, "version": version}
    session.announce(
        Announcement("subscription.disabled", str(row["id"]), version, json.dumps(told, ensure_ascii=False).encode())
    )
    session.record(
        actor=by,
        action="subscription.disabled",
        subject=str(row["id"]),
        version=version,
        organization=row["organization"],
    )


async def _append_to_chain(driver: Any, tries: Sequence[_Try]) -> None:
    head = await repository.lock_attempt_head(driver)
    seq, previous = head["seq"], head["hash"]
    rows = []
    for one in tries:
        seq += 1
        row: dict[str, Any] = {
            "seq": seq,
            "delivery_seq": one.row["seq"],
            "subscription_id": one.endpoint.id,
            "message_id": one.row["message_id"],
            "at": one.at,
            "status": one.answer.status,
            "latency_ms": one.answer.latency_ms,
            "excerpt": one.answer.excerpt,
        }
        previous = row["hash"] = chain(previous, content_of(row))
        rows.append(row)
    await repository.append_attempts(driver, rows)


def content_of(row: Mapping[str, Any]) -> str:
    """What the chain's hash covers of a try."""
    names = ("seq", "delivery_seq", "subscription_id", "message_id", "at", "status", "latency_ms", "excerpt")
    moment = int(row["at"].timestamp() * 1_000_000)
    return json.dumps([moment if name == "at" else str(row[name]) for name in names], ensure_ascii=False)
