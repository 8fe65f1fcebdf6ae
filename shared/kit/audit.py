"""Proves that the audit trail is as it was written: walks the hash chain from the first entry to the head.

    python -m shared.kit.audit services.policy_api

with that service's environment prints one JSON line and ends with 1 when the chain is broken. Who can rewrite the whole table can also write a
whole new chain: `head` is printed so that it can be kept elsewhere, and a later run shown to contain it (`--kept`).

Each service's worker walks what is new every ten minutes and the whole chain once a day (`check_audit`); what it found stands in
`audit_check`, from where `/metrics` tells it.
"""

import argparse
import asyncio
import hashlib
import importlib
import json
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import sqlalchemy as sa

from shared.kit.clock import Clock, system_clock
from shared.kit.database import Database
from shared.kit.logging import get_logger

logger = get_logger(__name__)
CHECK_SECONDS = 600.0
_WHOLE_EVERY = timedelta(days=1)


def define_audit_check_table(metadata: sa.MetaData) -> None:
    """Add `audit_check` to a service's tables."""
    sa.Table(
        "audit_check",
        metadata,
        sa.Column("id", sa.Boolean, primary_key=True, server_default=sa.true()),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("walked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entries", sa.BigInteger, nullable=False),
        sa.Column("head", sa.LargeBinary, nullable=False),
        sa.Column("broken_at", sa.BigInteger),
        sa.CheckConstraint("id", name="one_row"),
        comment="One row: how far the audit chain was found whole, and where it is broken.",
    )


@dataclass(frozen=True)
class AuditVerdict:
    """`broken_at` is the first sequence number that does not fit; None when the chain is whole."""

    entries: int
    broken_at: int | None
    head: str = ""
    """Hash of the newest entry, hexadecimal."""
    contains_kept: bool | None = None
    """Whether a hash kept from an earlier run is still part of the chain; None when none was given."""

    @property
    def whole(self) -> bool:
        return self.broken_at is None and self.contains_kept is not False


async def verify_chain(
    connection: asyncpg.Connection, *, kept: str | None = None, after: tuple[int, bytes] = (0, b"")
) -> AuditVerdict:
    """Recompute every hash. Gaps, changed entries or columns, a cut tail and a swapped head are all found.

    `after` is an entry that was found whole before, and its hash: only what follows is walked.
    """
    previous, expected, met = after[1], after[0] + 1, kept is None
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        head = await connection.fetchrow("SELECT audit_seq, audit_hash FROM log_head")
        query = "SELECT seq, recorded_at, subject, entry, hash FROM audit_entry WHERE seq > $1 ORDER BY seq"
        async for row in connection.cursor(query, after[0], prefetch=1000):
            previous = hashlib.sha256(previous + row["entry"].encode()).digest()
            if row["seq"] != expected or row["hash"] != previous or not _columns_agree(row):
                return AuditVerdict(expected - 1, expected)
            met = met or previous.hex() == kept
            expected += 1
    if head is None or head["audit_seq"] != expected - 1 or bytes(head["audit_hash"]) != previous:
        return AuditVerdict(expected - 1, expected)
    return AuditVerdict(expected - 1, None, previous.hex(), met if kept else None)


async def check_audit(database: Database, clock: Clock = system_clock) -> AuditVerdict:
    """Walk what is new since the last time, or all of it once a day, and write down what was found."""
    connection = await database.connect()
    try:
        await connection.execute("SET statement_timeout = 0")
        now = clock()
        known = await connection.fetchrow("SELECT walked_at, entries, head, broken_at FROM audit_check")
        goes_on = known is not None and known["broken_at"] is None and now - known["walked_at"] < _WHOLE_EVERY
        after = (known["entries"], bytes(known["head"])) if goes_on else (0, b"")
        verdict = await verify_chain(connection, after=after)
        if verdict.broken_at is not None:
            logger.error("audit chain broken", at=verdict.broken_at)
        await connection.execute(
            """
            INSERT INTO audit_check (checked_at, walked_at, entries, head, broken_at) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (id) DO UPDATE SET checked_at = excluded.checked_at, walked_at = excluded.walked_at,
                entries = excluded.entries, head = excluded.head, broken_at = excluded.broken_at
            """,
            *(now, known["walked_at"] if goes_on else now),
            *(verdict.entries, bytes.fromhex(verdict.head), verdict.broken_at),
        )
        return verdict
    finally:
        await connection.close()


def _columns_agree(row: Any) -> bool:
    """The columns beside the hashed text, by which entries are searched, say what the text says."""
    try:
        entry = json.loads(row["entry"])
        said = (entry["seq"], entry["subject"], datetime.fromisoformat(entry["at"]))
    except (ValueError, KeyError, TypeError):
        return False
    return said == (row["seq"], row["subject"], row["recorded_at"])


async def _verify_service(package: str, kept: str | None) -> AuditVerdict:
    database = Database(importlib.import_module(f"{package}.settings").Settings())
    connection = await database.connect()
    try:
        await connection.execute("SET statement_timeout = 0")
        return await verify_chain(connection, kept=kept)
    finally:
        await connection.close()
        await database.engine.dispose()


def main() -> None:
    """With the settings of the environment, like the services themselves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packages", nargs="+", metavar="services.<name>")
    parser.add_argument("--kept", help="a `head` printed by an earlier run of the same service")
    arguments = parser.parse_args()
    whole = True
    for package in arguments.packages:
        verdict = asyncio.run(_verify_service(package, arguments.kept))
        whole = whole and verdict.whole
        facts = {"service": package, "whole": verdict.whole, "entries": verdict.entries, "head": verdict.head}
        facts |= {"broken_at": verdict.broken_at} if verdict.broken_at else {}
        facts |= {"contains_kept": verdict.contains_kept} if arguments.kept else {}
        sys.stdout.write(json.dumps(facts) + "\n")
    sys.exit(0 if whole else 1)


if __name__ == "__main__":
    main()
