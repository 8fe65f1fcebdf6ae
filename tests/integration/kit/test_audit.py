"""The audit trail: refused to change, and every way of changing it anyway is found."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from services.exchange_api.settings import Settings
from shared.kit.audit import verify_chain
from shared.kit.database import Database
from tests.services import SECRETS

ENTRIES = 5


@pytest.fixture
async def trail(database: Database, driver: asyncpg.Connection) -> asyncpg.Connection:
    """Five entries in three transactions."""
    for group in ((1, 2), (3,), (4, 5)):
        async with database.write() as session:
            for number in group:
                session.record(
                    actor="测试", action="subject.changed", subject=f"s{number}", version=1, organization="o"
                )
    return driver


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET subject = 'x'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "DELETE FROM audit_entry WHERE seq = 99",
    ],
)
async def test_entries_cannot_be_changed_or_removed(trail: asyncpg.Connection, statement: str) -> None:
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await trail.execute(statement)


async def test_untouched_trail_is_whole(trail: asyncpg.Connection) -> None:
    verdict = await verify_chain(trail)
    assert (verdict.whole, verdict.entries, verdict.broken_at) == (True, ENTRIES, None)


async def test_empty_trail_is_whole(driver: asyncpg.Connection) -> None:
    assert (await verify_chain(driver)).whole


@pytest.mark.parametrize(
    ("tampering", "broken_at"),
    [
        ("UPDATE audit_entry SET entry = replace(entry, 's3', 's9') WHERE seq = 3", 3),
        ("UPDATE audit_entry SET entry = entry || ' ' WHERE seq = 1", 1),
        ("UPDATE audit_entry SET hash = sha256('x') WHERE seq = 2", 2),
        ("UPDATE audit_entry SET subject = 's9' WHERE seq = 4", 4),
        ("UPDATE audit_entry SET recorded_at = recorded_at + interval '1 day' WHERE seq = 4", 4),
        ("UPDATE audit_entry SET seq = 6 WHERE seq = 5", 5),
        ("DELETE FROM audit_entry WHERE seq = 1", 1),
        ("DELETE FROM audit_entry WHERE seq = 3", 3),
        ("DELETE FROM audit_entry WHERE seq = 5", 5),
        ("DELETE FROM audit_entry", 1),
        ("DELETE FROM audit_entry WHERE seq = 5; UPDATE log_head SET audit_seq = 4", 5),
        ("UPDATE log_head SET audit_hash = sha256('x')", 6),
        ("UPDATE log_head SET audit_seq = 6", 6),
        ("DELETE FROM log_head", 6),
        (
            "INSERT INTO audit_entry SELECT 6, recorded_at, subject, entry, sha256(hash || convert_to(entry, 'UTF8')) "
            "FROM audit_entry WHERE seq = 5",
            6,
        ),
        (
            "UPDATE audit_entry SET seq = -2 WHERE seq = 2; UPDATE audit_entry SET seq = 2 WHERE seq = 3; "
            "UPDATE audit_entry SET seq = 3 WHERE seq = -2",
            2,
        ),
    ],
)
async def test_tampering_is_found_where_it_happened(trail: asyncpg.Connection, tampering: str, broken_at: int) -> None:
    await trail.execute(f"ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_append_only; {tampering}")
    verdict = await verify_chain(trail)
    assert (verdict.whole, verdict.broken_at) == (False, broken_at)


def run_command(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "MINGQUAN_DATABASE_URL": settings.database_url.get_secret_value(),
        "MINGQUAN_CURSOR_KEY": SECRETS["cursor_key"],
        "MINGQUAN_KEY_ENCRYPTION_KEY": SECRETS["key_encryption_key"],
        "MINGQUAN_EXCHANGE_URL": SECRETS["exchange_url"],
    }
    return subprocess.run(
        [sys.executable, "-m", "shared.kit.audit", "services.exchange_api", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=Path(__file__).resolve().parents[3],
    )


async def test_command_proves_and_disproves(trail: asyncpg.Connection, settings: Settings, database: Database) -> None:
    head = (await verify_chain(trail)).head
    async with database.write() as session:
        session.record(actor="测试", action="subject.changed", subject="s6", version=1, organization="o")
    good = await asyncio.to_thread(run_command, settings, "--kept", head)
    assert (good.returncode, '"contains_kept": true' in good.stdout) == (0, True), good.stderr
    rewritten = await asyncio.to_thread(run_command, settings, "--kept", "00" * 32)
    assert rewritten.returncode == 1
    await trail.execute(
        "ALTER TABLE audit_entry DISABLE TRIGGER USER; UPDATE audit_entry SET entry = '{}' WHERE seq = 2"
    )
    bad = await asyncio.to_thread(run_command, settings)
    assert (bad.returncode, '"broken_at": 2' in bad.stdout) == (1, True)
