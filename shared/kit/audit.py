"""Proves that the audit trail is as it was written: walks the hash chain from the first entry to the head."""

import hashlib
from dataclasses import dataclass

import asyncpg


@dataclass(frozen=True)
class AuditVerdict:
    """`broken_at` is the first sequence number that does not fit; None when the chain is whole."""

    entries: int
    broken_at: int | None

    @property
    def whole(self) -> bool:
        return self.broken_at is None


async def verify_chain(connection: asyncpg.Connection) -> AuditVerdict:
    """Recompute every hash. Gaps, changed entries, a cut tail and a swapped head are all found."""
    previous, expected = b"", 1
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        head = await connection.fetchrow("SELECT audit_seq, audit_hash FROM log_head")
        async for row in connection.cursor("SELECT seq, entry, hash FROM audit_entry ORDER BY seq", prefetch=1000):
            previous = hashlib.sha256(previous + row["entry"].encode()).digest()
            if row["seq"] != expected or row["hash"] != previous:
                return AuditVerdict(expected - 1, expected)
            expected += 1
    if head["audit_seq"] != expected - 1 or bytes(head["audit_hash"]) != previous:
        return AuditVerdict(expected - 1, expected)
    return AuditVerdict(expected - 1, None)
