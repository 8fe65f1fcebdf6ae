"""A client that is disabled is refused everywhere within seconds; a secret that is rotated interrupts nobody."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from shared.kit.auth import DenyList, denied_over_http
from shared.kit.errors import Unauthenticated, Unavailable
from shared.schemas.scopes import Scope
from tests.services import CITY, DISTRICT_A, Suite, catalog_suite, sign_in
from tests.subscribers import eventually


@pytest.fixture
async def suite(database_url: Callable[[str], str]) -> AsyncIterator[Suite]:
    async with catalog_suite(database_url) as opened:
        yield opened


async def made(suite: Suite, **changes: Any) -> dict[str, Any]:
    body = {"name": "区政务公开系统", "organization": DISTRICT_A, "scopes": [Scope.DISCLOSURE_WRITE]} | changes
    answer = await suite.exchange.post("/v1/clients", json=body, headers=suite.admin)
    assert answer.status_code == 201, answer.text
    client: dict[str, Any] = answer.json()
    return client


async def asked(suite: Suite, headers: dict[str, str]) -> httpx.Response:
    return await suite.clients["catalog"].get(f"/v1/organizations/{DISTRICT_A}/candidates", headers=headers)


async def test_a_disabled_clients_token_is_refused_everywhere(suite: Suite) -> None:
    kit = suite.apps["catalog"].state.kit
    kit.denied = DenyList(denied_over_http(kit.client, kit.settings.denied_url), ttl_seconds=0.001)
    client = await made(suite)
    headers = await sign_in(suite.exchange, client["secret"]["client_id"], client["secret"]["client_secret"])
    other = await suite.token(DISTRICT_A, Scope.DISCLOSURE_WRITE)
    assert (await asked(suite, headers)).status_code == 200
    address = f"/v1/clients/{client['secret']['client_id']}:disable"
    assert (await suite.exchange.post(address, headers=suite.admin)).status_code == 200

    async def is_refused_by_both() -> bool:
        here = await suite.exchange.get("/v1/clients/me", headers=headers)
        return {here.status_code, (await asked(suite, headers)).status_code} == {401}

    await eventually(is_refused_by_both, seconds=5)
    assert (await asked(suite, headers)).json()["code"] == "unauthenticated"
    assert (await asked(suite, other)).status_code == 200


async def test_the_list_holds_while_its_owner_is_away() -> None:
    answers: list[frozenset[str] | None] = [frozenset({"x"}), None, None]

    async def load() -> frozenset[str]:
        answer = answers.pop(0) if answers else None
        if answer is None:
            raise Unavailable("away")
        return answer

    denied = DenyList(load, ttl_seconds=1e-9)
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            await denied.ensure_allowed("x")
        await denied.ensure_allowed("y")


async def test_before_anything_was_read_tokens_hold() -> None:
    async def load() -> frozenset[str]:
        raise Unavailable("away")

    await DenyList(load, ttl_seconds=1).ensure_allowed("x")


async def test_a_rotated_secret_interrupts_nobody(suite: Suite) -> None:
    client = await made(suite)
    client_id, old = client["secret"]["client_id"], client["secret"]["client_secret"]
    headers = await sign_in(suite.exchange, client_id, old)
    rotated = await suite.exchange.post(f"/v1/clients/{client_id}/secrets", headers=suite.admin)
    new = rotated.json()["client_secret"]
    for secret in (old, new):
        assert (await asked(suite, await sign_in(suite.exchange, client_id, secret))).status_code == 200
    gone = f"/v1/clients/{client_id}/secrets/{client['secret']['secret_id']}"
    assert (await suite.exchange.delete(gone, headers=suite.admin)).status_code == 200
    assert (await asked(suite, headers)).status_code == 200, "what was given out is good until it ends"
    assert (await asked(suite, await sign_in(suite.exchange, client_id, new))).status_code == 200


async def test_tokens_are_given_to_the_networks_that_were_named(suite: Suite) -> None:
    async def status(*networks: str) -> int:
        client = (await made(suite, networks=list(networks)))["secret"]
        form = {"grant_type": "client_credentials"}
        auth = (client["client_id"], client["client_secret"])
        return (await suite.exchange.post("/v1/oauth/token", data=form, auth=auth)).status_code

    # The harness calls from 127.0.0.1.
    assert await status("127.0.0.0/8") == 200
    assert await status("10.0.0.0/8", "::1/128") == 401
    body = {"name": "区政务公开系统", "organization": DISTRICT_A, "scopes": ["events:read"], "networks": ["10.0.0.1/8"]}
    assert (await suite.exchange.post("/v1/clients", json=body, headers=suite.admin)).status_code == 422


async def test_a_client_reads_about_itself(suite: Suite) -> None:
    soon = date.today() + timedelta(days=20)
    client = await made(suite, expires_on=soon.isoformat(), networks=["127.0.0.0/8"])
    headers = await sign_in(suite.exchange, client["secret"]["client_id"], client["secret"]["client_secret"])
    me = (await suite.exchange.get("/v1/clients/me", headers=headers)).json()
    assert (me["id"], me["organization"], me["scopes"]) == (
        client["secret"]["client_id"],
        DISTRICT_A,
        ["disclosure:write"],
    )
    assert me["networks"] == ["127.0.0.0/8"]
    assert me["warnings"] == [f"客户端有效期至{soon.isoformat()}"]
    used = datetime.fromisoformat(me["last_used_at"])
    assert datetime.now(UTC) - used < timedelta(minutes=1)
    assert "mqs_" not in str(me)


async def test_the_server_describes_itself(suite: Suite) -> None:
    document = (await suite.exchange.get("/.well-known/oauth-authorization-server")).json()
    assert document["token_endpoint"].endswith("/v1/oauth/token")
    assert document["grant_types_supported"] == ["client_credentials"]
    assert set(document["scopes_supported"]) == {scope.value for scope in Scope}
    assert (await suite.exchange.get("/.well-known/denied-clients.json")).json() == {"clients": []}
    assert CITY not in str(document)
