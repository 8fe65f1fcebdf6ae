"""The keys that sign tokens and those that seal personal data: what is in use, a new one, and sealing anew."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from deploy.operations.installation import Installation
from deploy.operations.reaching import connect
from deploy.operations.writing import opened, writing
from services.exchange_api.service.tokens import rotate_key
from services.exchange_api.settings import Settings as ExchangeSettings
from services.request_api.service.keeping import vault_of
from services.request_api.service.records import seal_corrections_anew
from services.request_api.service.retention import seal_anew
from services.request_api.settings import Settings as RequestSettings
from shared.kit.clock import system_clock

_AT_ONCE = 100


@dataclass(frozen=True)
class SigningKey:
    """The newest that is not retired signs."""

    id: str
    created_at: datetime
    retired_at: datetime | None


async def list_signing_keys(installed: Installation) -> list[SigningKey]:
    """Newest first."""
    async with connect(installed, "exchange") as connection:
        rows = await connection.fetch("SELECT id, created_at, retired_at FROM signing_key ORDER BY created_at DESC")
    return [SigningKey(**dict(row)) for row in rows]


async def rotate_signing_key(installed: Installation, *, dry_run: bool) -> str:
    """Signs from now on; the one before is published until its last token has ended."""
    settings = installed.settings("exchange")
    assert isinstance(settings, ExchangeSettings)
    async with writing(installed, "exchange", dry_run=dry_run) as session:
        return await rotate_key(session, settings, None, now=system_clock())


async def count_sealed(installed: Installation) -> dict[str, int]:
    """Requests and corrections by the key that sealed them."""
    async with connect(installed, "request") as connection:
        rows = await connection.fetch(
            """
            SELECT sealed_with, count(*) AS count
            FROM (SELECT sealed_with FROM request UNION ALL SELECT sealed_with FROM record_correction) AS sealed
            GROUP BY sealed_with ORDER BY sealed_with
            """
        )
    return {row["sealed_with"]: row["count"] for row in rows}


def ring_of(installed: Installation) -> list[str]:
    """Names of the sealing keys, the one that seals first."""
    return vault_of(_request_settings(installed)).ring.names


async def seal_all_anew(installed: Installation, advance: Callable[[int], None]) -> int:
    """Everything under the first key; how many were done. The worker does the same by itself, only later."""
    vault, done = vault_of(_request_settings(installed)), 0
    async with opened(installed, "request") as database:
        for seal in (seal_anew, seal_corrections_anew):
            while True:
                async with database.write() as session:
                    count = await seal(session, vault, limit=_AT_ONCE)
                if not count:
                    break
                done += count
                advance(count)
    return done


def _request_settings(installed: Installation) -> RequestSettings:
    settings = installed.settings("request")
    assert isinstance(settings, RequestSettings)
    return settings
