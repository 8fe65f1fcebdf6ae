"""All services, for the tests that walk their OpenAPI documents."""

from collections.abc import AsyncIterator, Callable

import asyncpg
import pytest

from deploy.local.meilisearch import Meilisearch
from deploy.local.postgres import Postgres
from tests.conftest import service_url
from tests.contract.registry import whole_suite
from tests.services import Suite


@pytest.fixture
async def suite(database_url: Callable[[str], str], meilisearch: Meilisearch) -> AsyncIterator[Suite]:
    """Every service that has a door, over a database of the test's own."""
    async with whole_suite(database_url, meilisearch) as running:
        yield running


@pytest.fixture(scope="session")
async def described(postgres: Postgres, meilisearch: Meilisearch) -> AsyncIterator[Suite]:
    """The same, once for all tests that only read documents and change nothing that others look at."""
    admin = await asyncpg.connect(postgres.url)
    await admin.execute("CREATE DATABASE described TEMPLATE template_mingquan STRATEGY file_copy")
    async with whole_suite(lambda schema: service_url(postgres, "described", schema), meilisearch) as running:
        yield running
    await admin.execute("DROP DATABASE described WITH (FORCE)")
    await admin.close()
