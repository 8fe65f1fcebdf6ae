"""Proves that the audit trail is as it was written: walks the hash chain from the first entry to the head.

    python -m shared.kit.audit services.policy_api

with that service's environment prints one JSON line and ends with 1 when the chain is broken. Who can rewrite the whole table can also write a
whole new chain: `head` is printed so that it can be kept elsewhere, and a later run shown to contain it (`--kept`).
"""

import argparse
import asyncio
import hashlib
import importlib
import json
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from shared.kit.database import Database


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


async def verify_chain(connection: asyncpg.Connection, *, kept: str | None = None) -> AuditVerdict:
    """Recompute every hash. Gaps, changed entries or columns, a cut tail and a swapped head are all found."""
    previous, expected, met = b"", 1, kept is None
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        head = await connection.fetchrow("SELECT audit_seq, audit_hash FROM log_head")
        query = "SELECT seq, recorded_at, subject, entry, hash FROM audit_entry ORDER BY seq"
        async for row in connection.cursor(query, prefetch=1000):
            previous = hashlib.sha256(previous + row["entry"].encode()).digest()
            if row["seq"] != expected or row["hash"] != previous or not _columns_agree(row):
                return AuditVerdict(expected - 1, expected)
            met = met or previous.hex() == kept
            expected += 1
    if head is None or head["audit_seq"] != expected - 1 or bytes(head["audit_hash"]) != previous:
        return AuditVerdict(expected - 1, expected)
    return AuditVerdict(expected - 1, None, previous.hex(), met if kept else None)


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
