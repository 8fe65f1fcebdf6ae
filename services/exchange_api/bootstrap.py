"""Makes the first signing key, the root organisation and its administrator: what no token can ask for yet.

`python -m services.exchange_api.bootstrap --code … --name … --division 370100` prints the administrator's credentials
as one JSON line, once. Run again it changes nothing and prints nothing.

With `--clients FOLDER` nothing is printed, for what a container prints is kept in its log: the folder's files
`administrator`, `request` and `search` hold the secrets of the suite's own clients, which are made or brought up to them.
"""

import argparse
import asyncio
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from services.exchange_api.repository.organizations import has_root
from services.exchange_api.service.clients import create_client
from services.exchange_api.service.organizations import put_organization
from services.exchange_api.service.own_clients import OWN_CLIENTS, keep_client
from services.exchange_api.service.tokens import ensure_key
from services.exchange_api.settings import Settings
from shared.kit.clock import system_clock
from shared.kit.database import Database
from shared.schemas.clients import ClientInput, NewClient
from shared.schemas.organizations import Level, OrganizationInput, OrganizationKind, check_credit_code
from shared.schemas.scopes import Scope


async def bootstrap(database: Database, settings: Settings, code: str, root: OrganizationInput) -> NewClient | None:
    """Key, root and administrator in one transaction; None when a root exists."""
    async with database.write() as session:
        now = system_clock()
        await ensure_key(session, settings, now=now)
        if await has_root(await session.orm()):
            return None
        await put_organization(session, None, code, root)
        administrator = ClientInput(name="平台管理员", organization=code, scopes=list(Scope))
        days = settings.secret_lifetime_days
        return await create_client(session, None, administrator, secret_lifetime_days=days, now=now)


async def enrol(
    database: Database, settings: Settings, code: str, root: OrganizationInput, secrets: Mapping[str, str]
) -> None:
    """Key, root and the suite's own clients in one transaction, each with its given secret. Safe to repeat."""
    async with database.write() as session:
        now = system_clock()
        await ensure_key(session, settings, now=now)
        if not await has_root(await session.orm()):
            await put_organization(session, None, code, root)
        expires_at = now + timedelta(days=settings.secret_lifetime_days)
        for own in OWN_CLIENTS:
            await keep_client(session, own, code, secret=secrets[own.file], expires_at=expires_at, now=now)


def read_secrets(folder: Path) -> dict[str, str]:
    """The secret of each own client, from the file of its name."""
    return {own.file: (folder / own.file).read_text(encoding="utf-8").strip() for own in OWN_CLIENTS}


async def _run(arguments: argparse.Namespace) -> None:
    settings = Settings()
    database = Database(settings)
    root = OrganizationInput(
        name=arguments.name,
        kind=OrganizationKind.GOVERNMENT,
        level=Level(arguments.level),
        division_code=arguments.division,
    )
    code = check_credit_code(arguments.code)
    created = None
    try:
        if arguments.clients is None:
            created = await bootstrap(database, settings, code, root)
        else:
            await enrol(database, settings, code, root, read_secrets(arguments.clients))
    finally:
        await database.engine.dispose()
    if created is not None:
        sys.stdout.write(created.secret.model_dump_json() + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--code", required=True, help="统一社会信用代码 of the root organisation")
    parser.add_argument("--name", required=True)
    parser.add_argument("--division", required=True, help="行政区划代码, e.g. 370100")
    parser.add_argument("--level", default="city", choices=[level.value for level in Level])
    parser.add_argument("--clients", type=Path, help="folder with the secrets of the suite's own clients")
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
