"""The event log (CloudEvents) and the audit trail (hash chain): how both are appended and how the log is read.

Every transaction takes the log's one-row head last, after all its other locks, and keeps it until it commits.
So sequence numbers are gapless and ascend in commit order: a reader that asks for `seq > cursor` can neither skip an
event nor see an older state of a subject after a newer one, and the audit chain needs no second lock.
The price is that commits which announce something queue up; `docs/decisions/0002-event-log.md` has the measurement.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import sqlalchemy as sa
from pydantic_core import to_json
from uuid_utils.compat import uuid7

MAX_PAGE_BYTES = 8_000_000


@dataclass(frozen=True)
class Announcement:
    """A change of one subject, to be written to the log when the transaction commits.

    `data` is the rendered public representation (JSON bytes); None says that the subject is no longer public.
    """

    type: str
    subject: str
    version: int
    data: bytes | None


@dataclass(frozen=True)
class AuditRecord:
    """Who did what to which subject. `facts` hold ids, hashes and codes, never personal data."""

    actor: str
    action: str
    subject: str
    version: int
    organization: str
    request_id: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def define_log_tables(metadata: sa.MetaData) -> None:
    """Add `log_head`, `event` and `audit_entry` to a service's tables."""
    sa.Table(
        "log_head",
        metadata,
        sa.Column("id", sa.Boolean, primary_key=True, server_default=sa.true()),
        sa.Column("epoch", sa.Text, nullable=False, server_default=sa.text("gen_random_uuid()::text")),
        sa.Column("seq", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("pruned_through", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("audit_seq", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("audit_hash", sa.LargeBinary, nullable=False, server_default=sa.text(r"'\x'::bytea")),
        sa.CheckConstraint("id", name="one_row"),
        comment="One row: where log and audit chain end. Its row lock orders all appends.",
    )
    sa.Table(
        "event",
        metadata,
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("envelope", sa.Text, nullable=False),
        comment="CloudEvents as served, byte for byte.",
    )
    sa.Table(
        "audit_entry",
        metadata,
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subject", sa.Text, nullable=False, index=True),
        sa.Column("entry", sa.Text, nullable=False),
        sa.Column("hash", sa.LargeBinary, nullable=False),
        comment="Append-only; hash = sha256(previous hash + entry).",
    )


AUDIT_IS_APPEND_ONLY = (
    """
    CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'audit_entry is append-only'; END $$
    """,
    """
    CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()
    """,
    "INSERT INTO log_head DEFAULT VALUES",
    # In one call inside the server, because every round trip under the head's lock is time that all other writers wait.
    """
    CREATE FUNCTION append_to_log(beginnings text[], ends text[], subjects text[], entries text[]) RETURNS void
    LANGUAGE plpgsql AS $$
    DECLARE
        head log_head%ROWTYPE;
        moment timestamptz;
        stamp text;
        entry record;
        written text;
    BEGIN
        SELECT * INTO STRICT head FROM log_head FOR UPDATE;
        moment := clock_timestamp();
        stamp := to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"');
        INSERT INTO event (seq, recorded_at, envelope)
        SELECT head.seq + n, moment,
               beginning || '"sequence":"' || (head.seq + n) || '","time":"' || stamp || '",' || rest
        FROM unnest(beginnings, ends) WITH ORDINALITY AS new(beginning, rest, n);
        FOR entry IN SELECT * FROM unnest(subjects, entries) WITH ORDINALITY AS new(subject, rest, n) LOOP
            written := '{"at":"' || stamp || '","seq":' || (head.audit_seq + entry.n) || ',' || entry.rest;
            head.audit_hash := sha256(head.audit_hash || convert_to(written, 'UTF8'));
            INSERT INTO audit_entry (seq, recorded_at, subject, entry, hash)
            VALUES (head.audit_seq + entry.n, moment, entry.subject, written, head.audit_hash);
        END LOOP;
        UPDATE log_head SET seq = head.seq + cardinality(beginnings),
               audit_seq = head.audit_seq + cardinality(entries), audit_hash = head.audit_hash;
        IF cardinality(beginnings) > 0 THEN
            PERFORM pg_notify(current_schema() || '_events', '');
        END IF;
    END $$
    """,
)
"""What a service's first migration executes after its tables exist."""


async def append(
    driver: asyncpg.Connection,
    *,
    source: str,
    announcements: Sequence[Announcement],
    records: Sequence[AuditRecord],
) -> None:
    """Write both as the last thing a transaction does before its commit: it takes the head's lock."""
    if not announcements and not records:
        return
    envelopes = [render_envelope(announcement, source=source) for announcement in announcements]
    await driver.execute(
        "SELECT append_to_log($1, $2, $3, $4)",
        [beginning for beginning, _ in envelopes],
        [rest for _, rest in envelopes],
        [record.subject for record in records],
        [render_audit_entry(record) for record in records],
    )


def render_envelope(announcement: Announcement, *, source: str) -> tuple[str, str]:
    """The CloudEvents JSON before and after its sequence and time, which are known only under the lock.

    `data` is already JSON and is put in unchanged.
    """
    attributes = to_json(
        {
            "specversion": "1.0",
            "id": str(uuid7()),
            "source": source,
            "type": announcement.type,
            "subject": announcement.subject,
            "subjectversion": announcement.version,
        }
    )
    data = announcement.data if announcement.data is not None else b"null"
    return attributes[:-1].decode() + ",", '"datacontenttype":"application/json","data":' + data.decode() + "}"


def render_audit_entry(record: AuditRecord) -> str:
    """The text that the chain's hash covers, after its time and sequence, which are known only under the lock."""
    return json.dumps(
        {
            "actor": record.actor,
            "action": record.action,
            "subject": record.subject,
            "version": record.version,
            "organization": record.organization,
            "request_id": record.request_id,
            "facts": record.facts,
        },
        ensure_ascii=False,
        separators=(",", ":"),
        sort_keys=True,
    )[1:]


@dataclass(frozen=True)
class LogHead:
    """Where the log stands at one moment."""

    epoch: str
    seq: int
    pruned_through: int
    at: datetime


@dataclass(frozen=True)
class LogSlice:
    """Some envelopes in order and the sequence number after which to go on."""

    envelopes: list[str]
    last_seq: int
    last_recorded_at: datetime | None
    at_end: bool
    starts_late: bool
    """Events between the asked position and the first one here were pruned since the head was read."""


async def read_head(connection: asyncpg.Pool | asyncpg.Connection) -> LogHead:
    """Everything committed before `at` has a sequence number of `seq` or lower."""
    row = await connection.fetchrow("SELECT epoch, seq, pruned_through, statement_timestamp() AS at FROM log_head")
    return LogHead(row["epoch"], row["seq"], row["pruned_through"], row["at"])


async def read_slice(
    connection: asyncpg.Pool | asyncpg.Connection, *, after: int, head: LogHead, limit: int
) -> LogSlice:
    """At most `limit` events after a sequence number, at most MAX_PAGE_BYTES of them but always one."""
    rows = await connection.fetch(
        """
        SELECT seq, recorded_at, envelope FROM (
            SELECT seq, recorded_at, envelope,
                   sum(octet_length(envelope)) OVER (ORDER BY seq) - octet_length(envelope) AS bytes_before
            FROM (SELECT * FROM event WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3) AS page
        ) AS sized WHERE bytes_before < $4 ORDER BY seq
        """,
        after,
        head.seq,
        limit,
        MAX_PAGE_BYTES,
    )
    first_seq = rows[0]["seq"] if rows else head.seq + 1
    last_seq = rows[-1]["seq"] if rows else after
    return LogSlice(
        [row["envelope"] for row in rows],
        last_seq,
        rows[-1]["recorded_at"] if rows else None,
        at_end=last_seq >= head.seq,
        # Numbers are gapless, so the first one tells.
        starts_late=after < head.seq and first_seq != after + 1,
    )


async def prune(driver: asyncpg.Connection, *, older_than: datetime, limit: int = 10_000) -> int:
    """Delete old events, oldest first, and remember how far; returns how many went."""
    async with driver.transaction():
        row = await driver.fetchrow(
            """
            WITH gone AS (
                DELETE FROM event WHERE seq IN (
                    SELECT seq FROM event WHERE recorded_at < $1 ORDER BY seq LIMIT $2
                ) RETURNING seq
            ), moved AS (
                UPDATE log_head SET pruned_through = greatest(pruned_through, (SELECT max(seq) FROM gone))
                WHERE EXISTS (SELECT FROM gone)
            ) SELECT count(*) AS count FROM gone
            """,
            older_than,
            limit,
        )
    return int(row["count"])
