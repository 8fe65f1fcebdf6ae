"""Statements on subscriptions, their keys, messages and deliveries. No decisions."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID

import asyncpg

Reads: TypeAlias = asyncpg.Pool | asyncpg.Connection
Rows: TypeAlias = list[Any]


async def insert_subscription(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    await driver.execute(
        """
        INSERT INTO subscription (id, organization, content, state, version, created_at)
        VALUES ($1, $2, $3, 'active', 1, $4)
        """,
        *(row["id"], row["organization"], row["content"], row["created_at"]),
    )


async def lock_subscription(driver: asyncpg.Connection, subscription_id: UUID) -> Any:
    return await driver.fetchrow("SELECT * FROM subscription WHERE id = $1 FOR UPDATE", subscription_id)


async def update_subscription(driver: asyncpg.Connection, subscription_id: UUID, content: str) -> None:
    await driver.execute(
        "UPDATE subscription SET content = $2, version = version + 1 WHERE id = $1", subscription_id, content
    )


async def set_state(driver: asyncpg.Connection, subscription_id: UUID, *, state: str, reason: str | None) -> None:
    """Sent to again, or no more; failures are counted anew."""
    await driver.execute(
        """
        UPDATE subscription SET state = $2, disabled_reason = $3, failing_since = NULL, version = version + 1
        WHERE id = $1
        """,
        *(subscription_id, state, reason),
    )


async def delete_subscription(driver: asyncpg.Connection, subscription_id: UUID) -> None:
    """With its keys and deliveries; the tries stay in their chain."""
    await driver.execute("DELETE FROM subscription WHERE id = $1", subscription_id)


async def find_subscription(reads: Reads, subscription_id: UUID) -> Any:
    """With how many of its messages wait or were given up."""
    return await reads.fetchrow(
        """
        SELECT subscription.*,
               (SELECT count(*) FROM delivery WHERE subscription_id = $1 AND state = 'pending') AS pending,
               (SELECT count(*) FROM delivery WHERE subscription_id = $1 AND state = 'dead') AS dead
        FROM subscription WHERE id = $1
        """,
        subscription_id,
    )


async def list_subscriptions(reads: Reads, organization: str, *, after: UUID | None, limit: int) -> Rows:
    """Of an organisation and all below it, newest first; one more than `limit` when there are more."""
    rows: Rows = await reads.fetch(
        """
        SELECT subscription.*,
               (SELECT count(*) FROM delivery WHERE subscription_id = subscription.id AND state = 'pending') AS pending,
               (SELECT count(*) FROM delivery WHERE subscription_id = subscription.id AND state = 'dead') AS dead
        FROM subscription JOIN organization ON organization.code = subscription.organization
        WHERE organization.path @> ARRAY[$1::text] AND ($2::uuid IS NULL OR subscription.id < $2)
        ORDER BY subscription.id DESC LIMIT $3
        """,
        *(organization, after, limit + 1),
    )
    return rows


async def list_active(reads: Reads) -> Rows:
    """Every subscription that is sent to or fetched from, with its owner's path."""
    rows: Rows = await reads.fetch(
        """
        SELECT subscription.*, organization.path AS owner_path
        FROM subscription JOIN organization ON organization.code = subscription.organization
        WHERE state = 'active' ORDER BY subscription.id
        """
    )
    return rows


async def insert_key(driver: asyncpg.Connection, row: dict[str, Any]) -> None:
    await driver.execute(
        """
        INSERT INTO webhook_key (id, subscription_id, scheme, sealed, public_key, created_at)
        VALUES ($1, $2, $3, $4, $5, $6)
        """,
        *(row["id"], row["subscription_id"], row["scheme"], row["sealed"], row["public_key"], row["created_at"]),
    )


async def end_keys(driver: asyncpg.Connection, subscription_id: UUID, scheme: str, *, at: datetime) -> None:
    """Those of a scheme that sign now sign until then."""
    await driver.execute(
        "UPDATE webhook_key SET ends_at = $3 WHERE subscription_id = $1 AND scheme = $2 AND ends_at IS NULL",
        *(subscription_id, scheme, at),
    )


async def list_keys(reads: Reads, subscription_ids: Sequence[UUID], *, now: datetime) -> Rows:
    """Those that sign, the newest first."""
    rows: Rows = await reads.fetch(
        """
        SELECT * FROM webhook_key WHERE subscription_id = ANY($1) AND (ends_at IS NULL OR ends_at > $2)
        ORDER BY subscription_id, scheme, id DESC
        """,
        list(subscription_ids),
        now,
    )
    return rows


async def find_position(reads: Reads, source: str) -> str | None:
    cursor: str | None = await reads.fetchval("SELECT cursor FROM reading_position WHERE source = $1", source)
    return cursor


async def keep_position(driver: asyncpg.Connection, source: str, cursor: str, *, at_end: bool, now: datetime) -> None:
    await driver.execute(
        """
        INSERT INTO reading_position (source, cursor, moved_at, caught_up_at)
        VALUES ($1, $2, $3, CASE WHEN $4 THEN $3::timestamptz END)
        ON CONFLICT (source) DO UPDATE SET cursor = excluded.cursor, moved_at = excluded.moved_at,
            caught_up_at = coalesce(excluded.caught_up_at, reading_position.caught_up_at)
        """,
        *(source, cursor, now, at_end),
    )


async def find_places(driver: asyncpg.Connection, source: str, subjects: Sequence[str]) -> dict[str, str]:
    """Whose these subjects are, as far as it is known."""
    rows = await driver.fetch(
        "SELECT subject, organization FROM subject_place WHERE source = $1 AND subject = ANY($2)",
        source,
        list(subjects),
    )
    return {row["subject"]: row["organization"] for row in rows}


async def keep_places(driver: asyncpg.Connection, source: str, places: dict[str, str]) -> None:
    await driver.execute(
        """
        INSERT INTO subject_place (source, subject, organization) SELECT $1, * FROM unnest($2::text[], $3::text[])
        ON CONFLICT (source, subject) DO UPDATE SET organization = excluded.organization
        WHERE subject_place.organization <> excluded.organization
        """,
        *(source, list(places), list(places.values())),
    )


async def find_organizations(reads: Reads, codes: Sequence[str]) -> dict[str, Any]:
    """Path and level by code."""
    rows = await reads.fetch("SELECT code, path, level FROM organization WHERE code = ANY($1)", list(codes))
    return {row["code"]: row for row in rows}


async def keep_messages(driver: asyncpg.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Once each, however often they are read."""
    names = ("id", "source", "type", "subject", "subjectversion", "occurred_at", "day", "body")
    await driver.execute(
        """
        INSERT INTO message (id, source, type, subject, subjectversion, occurred_at, day, body)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::timestamptz[],
                             $7::date[], $8::text[])
        ON CONFLICT (id) DO NOTHING
        """,
        *([row[name] for row in rows] for name in names),
    )


async def keep_deliveries(
    driver: asyncpg.Connection, wanted: Sequence[tuple[UUID, str, str]], *, now: datetime
) -> None:
    """One for each (subscription, message, subject) that is still there and has none, in this order.

    Where there is no address nothing is sent: the message waits to be fetched.
    """
    await driver.execute(
        """
        INSERT INTO delivery (subscription_id, message_id, subject, state, attempts, next_at)
        SELECT wanted.subscription_id, message_id, subject,
               CASE WHEN subscription.content::jsonb ->> 'url' IS NULL THEN 'delivered' ELSE 'pending' END, 0, $4
        FROM unnest($1::uuid[], $2::text[], $3::text[]) WITH ORDINALITY AS wanted(subscription_id, message_id, subject, n)
        JOIN subscription ON subscription.id = wanted.subscription_id
        ORDER BY n ON CONFLICT (subscription_id, message_id) DO NOTHING
        """,
        *([one[column] for one in wanted] for column in range(3)),
        now,
    )


async def list_due(
    reads: Reads,
    subscription_id: UUID,
    *,
    ordered: bool,
    now: datetime,
    under_way: Sequence[int],
    subjects_under_way: Sequence[str],
    limit: int,
) -> Rows:
    """What is to be sent now. Where order is kept, of each subject the first that waits and none beside one under way."""
    rows: Rows = await reads.fetch(
        """
        SELECT due.seq, due.message_id, due.subject, due.attempts, message.body
        FROM (
            SELECT * FROM delivery AS own
            WHERE subscription_id = $1 AND state = 'pending' AND next_at <= $2 AND seq <> ALL($3::bigint[])
                AND (NOT $4 OR (subject <> ALL($5::text[]) AND NOT EXISTS (
                    SELECT 1 FROM delivery AS earlier WHERE earlier.subscription_id = $1 AND earlier.state = 'pending'
                    AND earlier.subject = own.subject AND earlier.seq < own.seq)))
            ORDER BY next_at, seq LIMIT $6
        ) AS due JOIN message ON message.id = due.message_id ORDER BY due.seq
        """,
        *(subscription_id, now, list(under_way), ordered, list(subjects_under_way), limit),
    )
    return rows


async def list_due_subscriptions(reads: Reads, *, now: datetime) -> list[UUID]:
    """Those that have something to be sent now."""
    rows = await reads.fetch(
        """
        SELECT id FROM subscription WHERE state = 'active' AND EXISTS (
            SELECT 1 FROM delivery WHERE subscription_id = subscription.id AND state = 'pending' AND next_at <= $1)
        """,
        now,
    )
    return [row["id"] for row in rows]


async def next_due(reads: Reads, subscription_id: UUID, *, after: datetime) -> datetime | None:
    """When the next message is due that is not due yet."""
    moment: datetime | None = await reads.fetchval(
        "SELECT min(next_at) FROM delivery WHERE subscription_id = $1 AND state = 'pending' AND next_at > $2",
        *(subscription_id, after),
    )
    return moment


async def settle(driver: asyncpg.Connection, rows: Sequence[dict[str, Any]]) -> None:
    """What came of tries. A message that was asked for again meanwhile stays due."""
    names = ("seq", "state", "attempts", "next_at", "status", "at")
    await driver.execute(
        """
        UPDATE delivery SET state = done.state, attempts = done.attempts, next_at = done.next_at,
               last_status = done.status, settled_at = CASE WHEN done.state = 'pending' THEN NULL ELSE done.at END
        FROM unnest($1::bigint[], $2::text[], $3::int[], $4::timestamptz[], $5::int[], $6::timestamptz[])
             AS done(seq, state, attempts, next_at, status, at)
        WHERE delivery.seq = done.seq AND delivery.state = 'pending' AND delivery.attempts = done.attempts - 1
        """,
        *([row[name] for row in rows] for name in names),
    )


async def note_health(
    driver: asyncpg.Connection, *, well: Sequence[UUID], failing: Sequence[UUID], now: datetime
) -> None:
    """Since when an endpoint fails; nothing once one of its messages arrives."""
    await driver.execute(
        "UPDATE subscription SET failing_since = NULL WHERE id = ANY($1) AND failing_since IS NOT NULL", list(well)
    )
    await driver.execute(
        "UPDATE subscription SET failing_since = $2 WHERE id = ANY($1) AND failing_since IS NULL", list(failing), now
    )


async def list_failing(driver: asyncpg.Connection, *, since: datetime, limit: int) -> Rows:
    """Endpoints that have failed from before a moment on, held."""
    rows: Rows = await driver.fetch(
        """
        SELECT * FROM subscription WHERE state = 'active' AND failing_since < $1 ORDER BY id LIMIT $2
        FOR UPDATE SKIP LOCKED
        """,
        since,
        limit,
    )
    return rows


async def lock_attempt_head(driver: asyncpg.Connection) -> Any:
    """Where the chain of tries ends, held; made when there is none."""
    await driver.execute("INSERT INTO attempt_head DEFAULT VALUES ON CONFLICT DO NOTHING")
    return await driver.fetchrow("SELECT * FROM attempt_head FOR UPDATE")


async def append_attempts(driver: asyncpg.Connection, rows: Sequence[dict[str, Any]]) -> None:
    names = ("seq", "delivery_seq", "subscription_id", "message_id", "at", "status", "latency_ms", "excerpt", "hash")
    await driver.execute(
        """
        INSERT INTO attempt (seq, delivery_seq, subscription_id, message_id, at, status, latency_ms, excerpt, hash)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::uuid[], $4::text[], $5::timestamptz[], $6::int[], $7::int[],
                             $8::text[], $9::bytea[])
        """,
        *([row[name] for row in rows] for name in names),
    )
    await driver.execute("UPDATE attempt_head SET seq = $1, hash = $2", rows[-1]["seq"], rows[-1]["hash"])


async def list_attempts(reads: Reads, *, after: int, limit: int) -> Rows:
    """The chain from a place on."""
    rows: Rows = await reads.fetch("SELECT * FROM attempt WHERE seq > $1 ORDER BY seq LIMIT $2", after, limit)
    return rows


async def read_attempt_head(reads: Reads) -> Any:
    return await reads.fetchrow("SELECT * FROM attempt_head")


async def prune_attempts(driver: asyncpg.Connection, *, before: datetime, limit: int) -> int:
    """Forget the oldest tries, keeping the hash that the rest begins from; how many."""
    head = await lock_attempt_head(driver)
    last = await driver.fetchrow(
        """
        SELECT seq, hash FROM attempt WHERE seq <= $1::bigint + $2 AND at < $3
        AND NOT EXISTS (SELECT 1 FROM attempt AS kept WHERE kept.at >= $3 AND kept.seq < attempt.seq)
        ORDER BY seq DESC LIMIT 1
        """,
        *(head["pruned_through"], limit, before),
    )
    if last is None:
        return 0
    await driver.execute("DELETE FROM attempt WHERE seq <= $1", last["seq"])
    await driver.execute("UPDATE attempt_head SET pruned_through = $1, pruned_hash = $2", last["seq"], last["hash"])
    return int(last["seq"] - head["pruned_through"])


async def prune_messages(driver: asyncpg.Connection, *, before: date, limit: int) -> int:
    """Forget messages of old days that nobody waits for; how many."""
    status = await driver.execute(
        """
        DELETE FROM message WHERE id IN (
            SELECT id FROM message WHERE day < $1
            AND NOT EXISTS (SELECT 1 FROM delivery WHERE message_id = message.id AND state = 'pending') LIMIT $2)
        """,
        before,
        limit,
    )
    return int(status.rpartition(" ")[2])


_SHOWN = """
    SELECT delivery.*, message.type, message.subjectversion, message.body FROM delivery
    JOIN message ON message.id = delivery.message_id
"""


async def list_deliveries(
    reads: Reads, subscription_id: UUID, *, state: str | None, after: int | None, limit: int
) -> Rows:
    """Newest first; one more than `limit` when there are more."""
    rows: Rows = await reads.fetch(
        f"""{_SHOWN}
        WHERE delivery.subscription_id = $1 AND ($2::text IS NULL OR state = $2) AND ($3::bigint IS NULL OR seq < $3)
        ORDER BY seq DESC LIMIT $4
        """,  # a constant
        *(subscription_id, state, after, limit + 1),
    )
    return rows


async def find_delivery(reads: Reads, subscription_id: UUID, message_id: str) -> Any:
    return await reads.fetchrow(
        f"{_SHOWN} WHERE delivery.subscription_id = $1 AND delivery.message_id = $2",  # a constant
        *(subscription_id, message_id),
    )


async def list_tries(reads: Reads, delivery_seq: int) -> Rows:
    rows: Rows = await reads.fetch("SELECT * FROM attempt WHERE delivery_seq = $1 ORDER BY seq LIMIT 100", delivery_seq)
    return rows


async def list_feed(reads: Reads, subscription_id: UUID, *, after: int, limit: int) -> Rows:
    """In order, from a place on; one more than `limit` when there are more."""
    rows: Rows = await reads.fetch(
        f"{_SHOWN} WHERE delivery.subscription_id = $1 AND seq > $2 ORDER BY seq LIMIT $3",  # a constant
        *(subscription_id, after, limit + 1),
    )
    return rows


async def resend(
    driver: asyncpg.Connection, subscription_id: UUID, message_ids: Sequence[str], *, now: datetime
) -> int:
    """Due at once, the count of tries begun anew; how many there were."""
    status = await driver.execute(
        """
        UPDATE delivery SET state = 'pending', attempts = 0, next_at = $3, settled_at = NULL
        WHERE subscription_id = $1 AND message_id = ANY($2)
        """,
        *(subscription_id, list(message_ids), now),
    )
    return int(status.rpartition(" ")[2])


async def resend_range(
    driver: asyncpg.Connection,
    subscription_id: UUID,
    *,
    since: datetime,
    until: datetime,
    only_failed: bool,
    now: datetime,
) -> int:
    """The same of what happened in a stretch of time."""
    status = await driver.execute(
        """
        UPDATE delivery SET state = 'pending', attempts = 0, next_at = $5, settled_at = NULL
        FROM message WHERE message.id = delivery.message_id AND subscription_id = $1
            AND occurred_at >= $2 AND occurred_at <= $3 AND (state = 'dead' OR NOT $4)
        """,
        *(subscription_id, since, until, only_failed, now),
    )
    return int(status.rpartition(" ")[2])


async def list_day(reads: Reads, subscription_id: UUID, day: date) -> Rows:
    """Type, id and version of each message of a day."""
    rows: Rows = await reads.fetch(
        """
        SELECT message.type, message.id, message.subjectversion FROM delivery
        JOIN message ON message.id = delivery.message_id
        WHERE delivery.subscription_id = $1 AND message.day = $2 ORDER BY message.type, message.id
        """,
        *(subscription_id, day),
    )
    return rows
