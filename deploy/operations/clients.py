"""API clients, by exchange_api's own rules but in the operator's name: also when no administrator can sign in any more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from deploy.operations.installation import Installation, OperationFailed
from deploy.operations.writing import writing
from services.exchange_api.service import clients as service
from services.exchange_api.settings import Settings
from shared.kit.clock import system_clock
from shared.schemas.clients import ClientInput, NewClient, NewSecret


@dataclass(frozen=True)
class Listed:
    """A client as the list shows it."""

    id: UUID
    name: str
    organization: str
    scopes: list[str]
    disabled: bool
    live_until: datetime | None
    last_used_at: datetime | None


async def create_client(installed: Installation, wanted: ClientInput, *, dry_run: bool) -> NewClient:
    """With its first secret, which is kept nowhere."""
    async with writing(installed, "exchange", dry_run=dry_run) as session:
        driver = await session.driver()
        if not await driver.fetchval("SELECT true FROM organization WHERE code = $1", wanted.organization):
            raise OperationFailed(f"没有机关 {wanted.organization}：请先登记机关")
        days = _lifetime(installed)
        return await service.create_client(session, None, wanted, secret_lifetime_days=days, now=system_clock())


async def list_clients(installed: Installation, organization: str | None) -> list[Listed]:
    """All, or those of one organisation."""
    async with writing(installed, "exchange", dry_run=True) as session:
        rows = await (await session.driver()).fetch(
            """
            SELECT client.id, name, organization, scopes, disabled_at IS NOT NULL AS disabled, last_used_at,
                   (SELECT max(expires_at) FROM client_secret WHERE client_id = client.id AND revoked_at IS NULL)
                   AS live_until
            FROM client WHERE $1::text IS NULL OR organization = $1 ORDER BY organization, name, client.id
            """,
            organization,
        )
    return [Listed(**dict(row)) for row in rows]


async def disable_client(installed: Installation, client_id: UUID, *, dry_run: bool) -> str:
    """Refused everywhere within seconds; its name."""
    async with writing(installed, "exchange", dry_run=dry_run) as session:
        return (await service.disable_client(session, None, client_id, now=system_clock())).name


async def rotate_secret(
    installed: Installation, client_id: UUID, *, revoke_others: bool, dry_run: bool
) -> tuple[NewSecret, Sequence[Any]]:
    """A new secret beside the old one, or in place of all others at once; also what became of the others."""
    now = system_clock()
    async with writing(installed, "exchange", dry_run=dry_run) as session:
        before = await service.get_client(session, client_id, now=now)
        live = [one for one in before.secrets if one.revoked_at is None and one.expires_at > now]
        if revoke_others:
            for one in live:
                await service.revoke_secret(session, None, client_id, one.id, now=now)
        days = _lifetime(installed)
        made = await service.rotate_secret(session, None, client_id, secret_lifetime_days=days, now=now)
    return made, live


def _lifetime(installed: Installation) -> int:
    settings = installed.settings("exchange")
    assert isinstance(settings, Settings)
    return settings.secret_lifetime_days
