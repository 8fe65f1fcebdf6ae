"""A database of exchange_api's schema without any application around it: the kit by itself."""

from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest

from services.exchange_api.settings import Settings
from shared.kit.database import Database
from tests.services import SECRETS


@pytest.fixture
def template() -> str:
    """Nothing in it yet: what is looked at here is how a log, a chain, a schema begins."""
    return "template_mingquan"


@pytest.fixture
def settings(database_url: Callable[[str], str]) -> Settings:
    return Settings(database_url=database_url("exchange"), **SECRETS)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """Open, over a database of the test's own."""
    opened = Database(settings)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def driver(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """A connection beside the pools."""
    connection = await database.connect()
    yield connection
    await connection.close()
