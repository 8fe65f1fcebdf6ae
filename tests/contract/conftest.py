"""All services, for the tests that walk their OpenAPI documents."""

from collections.abc import AsyncIterator, Callable

import pytest

from deploy.local.meilisearch import Meilisearch
from tests.contract.registry import whole_suite
from tests.services import Suite


@pytest.fixture
async def suite(database_url: Callable[[str], str], meilisearch: Meilisearch) -> AsyncIterator[Suite]:
    """Every service that has a door, over a database of the test's own."""
    async with whole_suite(database_url, meilisearch) as running:
        yield running
