"""Every command of exchange_api, done whole or not at all, with its event and its audit entry."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import pytest

from shared.kit.audit import verify_chain
from shared.schemas.scopes import Scope
from tests.kit_atomic import assert_atomic
from tests.services import BUREAU_A, DISTRICT_A, DISTRICT_B, TREE, Suite, credit_code

NEW = credit_code("11370102004190009")
YEAR = {"off": ["2027-01-01"], "work": ["2027-01-03"], "source": "国务院办公厅关于2027年部分节假日安排的通知（虚构）"}
LOGGED = ["audit_entry", "event", "log_head"]
AUDITED = ["audit_entry", "log_head"]


@pytest.fixture
async def driver(suite: Suite) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the service's own role, beside the service."""
    connection = await suite.apps["exchange"].state.kit.database.connect()
    yield connection
    await connection.close()


def body_of(code: str, **changes: Any) -> dict[str, Any]:
    return TREE[code].model_dump(mode="json") | changes


async def client_of(suite: Suite) -> dict[str, Any]:
    wanted = {"name": "测试客户端", "organization": DISTRICT_A, "scopes": [Scope.EVENTS_READ.value]}
    answer = await suite.exchange.post("/v1/clients", json=wanted, headers=suite.admin)
    document: dict[str, Any] = answer.json()
    return document


Request = Callable[[], Awaitable[httpx.Response]]


def put_organization(suite: Suite, code: str, body: dict[str, Any]) -> Request:
    return lambda: suite.exchange.put(f"/v1/organizations/{code}", json=body, headers=suite.admin)


async def test_registering_an_organization_is_atomic(suite: Suite, driver: asyncpg.Connection) -> None:
    use_case = put_organization(suite, NEW, body_of(BUREAU_A, name="历下区民政局"))
    await assert_atomic(driver, use_case, changes=[*LOGGED, "organization"])


async def test_moving_an_organization_with_all_below_is_atomic(suite: Suite, driver: asyncpg.Connection) -> None:
    await put_organization(suite, NEW, body_of(BUREAU_A, name="历下区实验学校", parent=BUREAU_A))()
    use_case = put_organization(suite, BUREAU_A, body_of(BUREAU_A, parent=DISTRICT_B))
    await assert_atomic(driver, use_case, changes=[*LOGGED, "organization"])


async def test_creating_a_client_is_atomic_with_its_idempotency_key(suite: Suite, driver: asyncpg.Connection) -> None:
    wanted = {"name": "测试客户端", "organization": DISTRICT_A, "scopes": [Scope.EVENTS_READ.value]}
    headers = suite.admin | {"Idempotency-Key": "once"}
    await assert_atomic(
        driver,
        lambda: suite.exchange.post("/v1/clients", json=wanted, headers=headers),
        changes=[*AUDITED, "client", "client_secret", "idempotency_key"],
    )


async def test_adding_a_secret_is_atomic(suite: Suite, driver: asyncpg.Connection) -> None:
    path = f"/v1/clients/{(await client_of(suite))['client']['id']}/secrets"
    use_case = lambda: suite.exchange.post(path, headers=suite.admin)  # noqa: E731  # named for the line below
    await assert_atomic(driver, use_case, changes=[*AUDITED, "client", "client_secret"])


async def test_revoking_a_secret_is_atomic(suite: Suite, driver: asyncpg.Connection) -> None:
    secret = (await client_of(suite))["secret"]
    path = f"/v1/clients/{secret['client_id']}/secrets/{secret['secret_id']}"
    await assert_atomic(
        driver, lambda: suite.exchange.delete(path, headers=suite.admin), changes=[*AUDITED, "client", "client_secret"]
    )


async def test_disabling_a_client_is_atomic(suite: Suite, driver: asyncpg.Connection) -> None:
    path = f"/v1/clients/{(await client_of(suite))['client']['id']}:disable"
    await assert_atomic(driver, lambda: suite.exchange.post(path, headers=suite.admin), changes=[*AUDITED, "client"])


async def test_rotating_the_key_is_atomic(suite: Suite, driver: asyncpg.Connection) -> None:
    await assert_atomic(
        driver,
        lambda: suite.exchange.post("/v1/keys:rotate", headers=suite.admin),
        changes=[*AUDITED, "signing_key"],
    )


async def test_importing_a_year_is_atomic(suite: Suite, driver: asyncpg.Connection) -> None:
    await assert_atomic(
        driver,
        lambda: suite.exchange.put("/v1/calendar/years/2027", json=YEAR, headers=suite.admin),
        changes=[*LOGGED, "calendar_year"],
    )


async def test_audit_names_actor_action_and_request(suite: Suite, driver: asyncpg.Connection) -> None:
    created = await client_of(suite)
    headers = suite.admin | {"X-Request-Id": "request-of-a-test"}
    await suite.exchange.post(f"/v1/clients/{created['client']['id']}:disable", headers=headers)
    entry = json.loads(await driver.fetchval("SELECT entry FROM audit_entry ORDER BY seq DESC LIMIT 1"))
    assert (entry["action"], entry["subject"], entry["organization"]) == (
        "client.disabled",
        created["client"]["id"],
        DISTRICT_A,
    )
    assert entry["request_id"] == "request-of-a-test"
    assert (await verify_chain(driver)).whole
