"""A database with subscriptions and the dispatcher that serves them, for measuring."""

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from uuid_utils.compat import uuid7

from services.exchange_api.repository import webhooks as repository
from services.exchange_api.rules.addresses import parse_networks
from services.exchange_api.service.dispatching import Dispatcher
from services.exchange_api.service.sending import Sender
from services.exchange_api.service.tokens import sealer_of
from services.exchange_api.settings import Settings
from shared.kit.database import Database
from shared.schemas.webhooks import SubscriptionInput
from shared.webhooks import new_secret
from tools.bench.corpus import CITY

CONNECTIONS_EACH = 4
_PADDING = "正" * 500


def new_body() -> str:
    """A message that says when it was written."""
    return json.dumps({"type": "policy.released", "at": time.time(), "data": {"text": _PADDING}}, ensure_ascii=False)


class House:
    """A database with subscriptions, and the dispatcher that serves them."""

    def __init__(self, url: str) -> None:
        settings = Settings.model_validate(
            {
                "database_url": url,
                "cursor_key": "k" * 40,
                "exchange_url": "http://127.0.0.1:9",
                "key_encryption_key": "k" * 40,
            }
        )
        self.database, self.sealer = Database(settings), sealer_of(settings)
        self.sender = Sender(networks=parse_networks(["127.0.0.0/8"]), timeout_seconds=15)
        self.dispatcher = Dispatcher(
            self.database, self.sender, self.sealer, disable_after=timedelta(days=5), clock=lambda: datetime.now(UTC)
        )

    async def open(self) -> None:
        await self.database.open()
        async with self.database.write() as session:
            driver = await session.driver()
            await driver.execute(
                """
                INSERT INTO organization (code, name, kind, level, division_code, path, version, representation, etag)
                VALUES ($1, '市政府', 'government', 'city', '370100', ARRAY[$1], 1, '', '')
                """,
                CITY,
            )

    async def subscribe(self, url: str) -> UUID:
        wanted = SubscriptionInput(
            name="省平台", organization=CITY, url=url, event_types=["*"], concurrency=CONNECTIONS_EACH, per_second=2000
        )
        subscription_id, key_id, now = uuid7(), uuid7(), datetime.now(UTC)
        async with self.database.write() as session:
            driver = await session.driver()
            row = {"id": subscription_id, "organization": CITY, "content": wanted.model_dump_json(), "created_at": now}
            await repository.insert_subscription(driver, row)
            sealed = self.sealer.seal(new_secret().encode(), name=str(key_id))
            key = {"id": key_id, "subscription_id": subscription_id, "scheme": "v1", "sealed": sealed}
            await repository.insert_key(driver, key | {"public_key": None, "created_at": now})
        return subscription_id

    async def write(self, count: int, takers: Sequence[UUID]) -> None:
        """So many messages, each for every taker."""
        now = datetime.now(UTC)
        of = {"source": "/api/policy", "type": "policy.released", "subjectversion": 1, "occurred_at": now}
        rows = [
            of | {"id": str(uuid7()), "subject": str(number), "day": now.date(), "body": new_body()}
            for number in range(count)
        ]
        async with self.database.write() as session:
            driver = await session.driver()
            await repository.keep_messages(driver, rows)
            wanted = [(taker, str(row["id"]), str(row["subject"])) for row in rows for taker in takers]
            await repository.keep_deliveries(driver, wanted, now=now)
        self.dispatcher.wake()

    async def deliver(self, takers: Sequence[UUID], each: int, *, beside: Sequence[UUID] = ()) -> float:
        """Deliveries a second to the takers, who answer, of so many messages each; `beside` gets them too."""
        before = await self._delivered(takers)
        await self.write(each, [*takers, *beside])
        began = time.perf_counter()
        running = asyncio.create_task(self.dispatcher.run())
        while await self._delivered(takers) - before < each * len(takers):  # noqa: ASYNC110  # it is in the database
            await asyncio.sleep(0.05)
        took = time.perf_counter() - began
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        return each * len(takers) / took

    async def _delivered(self, takers: Sequence[UUID]) -> int:
        query = "SELECT count(*) FROM delivery WHERE state = 'delivered' AND subscription_id = ANY($1)"
        count: int = await self.database.reads.fetchval(query, list(takers))
        return count

    async def settle_old(self, taker: UUID, count: int, at: datetime) -> None:
        """So many deliveries that were settled at that time after four tries."""
        async with self.database.write() as session:
            driver = await session.driver()
            await driver.execute(
                """
                INSERT INTO message (id, source, type, subject, subjectversion, occurred_at, day, body)
                SELECT 'old-' || n, '/api/policy', 'policy.released', n::text, 1, $2::timestamptz, $2::date, $3
                FROM generate_series(1, $1::int) AS n
                """,
                *(count, at, new_body()),
            )
            await driver.execute(
                """
                INSERT INTO delivery (subscription_id, message_id, subject, state, attempts, next_at, last_status, settled_at)
                SELECT $2, 'old-' || n, n::text, 'delivered', 4, $3, 204, $3 FROM generate_series(1, $1::int) AS n
                """,
                *(count, taker, at),
            )

    async def close(self) -> None:
        await self.sender.close()
        await self.database.close()
