"""Running services for the tests that talk to them."""

from collections.abc import AsyncIterator, Callable

import pytest

from tests.services import Suite, exchange_suite, policy_suite


@pytest.fixture
async def suite(database_url: Callable[[str], str]) -> AsyncIterator[Suite]:
    """exchange_api over a database of the test's own."""
    async with exchange_suite(database_url) as running:
        yield running


@pytest.fixture
async def library(database_url: Callable[[str], str]) -> AsyncIterator[Suite]:
    """exchange_api and policy_api over a database of the test's own."""
    async with policy_suite(database_url) as running:
        yield running
