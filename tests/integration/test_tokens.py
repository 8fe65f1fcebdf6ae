"""Clients and their tokens: who gets one, for what, and until when."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus
from uuid import UUID

import httpx
import jwt
import pytest

from shared.schemas.scopes import Scope
from tests.services import CITY, DISTRICT_A, DISTRICT_B, Suite, sign_in

FORM = {"grant_type": "client_credentials"}


async def new_client(suite: Suite, **changes: Any) -> dict[str, str]:
    """`client_id`, `client_secret`, `secret_id` of a client that may read events and write policies."""
    wanted = {"name": "测试客户端", "organization": DISTRICT_A, "scopes": ["events:read", "policy:write"]} | changes
    answer = await suite.exchange.post("/v1/clients", json=wanted, headers=suite.admin)
    assert answer.status_code == 201, answer.text
    secret: dict[str, str] = answer.json()["secret"]
    return secret


async def ask(suite: Suite, secret: dict[str, str], **form: str) -> httpx.Response:
    return await suite.exchange.post(
        "/v1/oauth/token", data=FORM | form, auth=(secret["client_id"], secret["client_secret"])
    )


def claims_of(answer: httpx.Response) -> dict[str, Any]:
    decoded: dict[str, Any] = jwt.decode(answer.json()["access_token"], options={"verify_signature": False})
    return decoded


def travel(suite: Suite, delta: timedelta) -> None:
    """Let exchange_api's clock stand elsewhere from now on."""
    suite.apps["exchange"].state.kit.clock = lambda: datetime.now(UTC) + delta


async def test_token_says_who_for_whom_and_what(suite: Suite) -> None:
    secret = await new_client(suite)
    answer = await ask(suite, secret)
    claims = claims_of(answer)
    assert answer.headers["cache-control"] == "no-store"
    assert (claims["sub"], claims["organization"], claims["division_code"]) == (
        secret["client_id"],
        DISTRICT_A,
        "370102",
    )
    assert (claims["scope"], claims["exp"] - claims["iat"]) == ("events:read policy:write", 900)


async def test_basic_and_form_are_equal(suite: Suite) -> None:
    secret = await new_client(suite)
    form = FORM | {"client_id": secret["client_id"], "client_secret": secret["client_secret"]}
    assert (await suite.exchange.post("/v1/oauth/token", data=form)).status_code == 200
    pair = f"{quote_plus(secret['client_id'])}:{quote_plus(secret['client_secret'])}"
    basic = {"Authorization": "basic " + base64.b64encode(pair.encode()).decode()}
    assert (await suite.exchange.post("/v1/oauth/token", data=FORM, headers=basic)).status_code == 200


async def test_any_spelling_of_the_client_id_is_one_client(suite: Suite) -> None:
    secret = await new_client(suite)
    for spelling in (secret["client_id"].upper(), UUID(secret["client_id"]).hex, f"urn:uuid:{secret['client_id']}"):
        form = FORM | {"client_id": spelling, "client_secret": secret["client_secret"]}
        assert claims_of(await suite.exchange.post("/v1/oauth/token", data=form))["sub"] == secret["client_id"]


async def test_fewer_scopes_may_be_asked_for_and_no_others(suite: Suite) -> None:
    secret = await new_client(suite)
    assert (await ask(suite, secret, scope="policy:write")).json()["scope"] == "policy:write"
    refused = await ask(suite, secret, scope="policy:write keys:admin")
    assert (refused.status_code, refused.json()["error"], refused.json()["required_scope"]) == (
        403,
        "invalid_scope",
        "keys:admin",
    )


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b"\xff:\xff").decode(),
        "Basic " + base64.b64encode(b"nobody:nothing").decode(),
        "Basic " + base64.b64encode(b"01890000-0000-7000-8000-000000000000:x").decode(),
        "Bearer x",
    ],
)
async def test_wrong_credentials_are_all_answered_alike(suite: Suite, authorization: str) -> None:
    answer = await suite.exchange.post("/v1/oauth/token", data=FORM, headers={"Authorization": authorization})
    assert (answer.status_code, answer.json()["code"], answer.json()["error"]) == (
        401,
        "invalid_client",
        "invalid_client",
    )
    assert answer.headers["www-authenticate"].startswith("Basic")


async def test_wrong_secret_and_no_credentials_are_refused(suite: Suite) -> None:
    secret = await new_client(suite)
    assert (await ask(suite, secret | {"client_secret": "mqs_wrong"})).status_code == 401
    assert (await suite.exchange.post("/v1/oauth/token", data=FORM)).status_code == 401
    other = await suite.exchange.post("/v1/oauth/token", data={"grant_type": "password"})
    assert (other.status_code, other.json()["error"]) == (422, "unsupported_grant_type")


@pytest.mark.parametrize("content", [b"a&" * 3000, b"grant_type=client_credentials&client_id=%00&client_secret=x"])
async def test_odd_forms_are_refused_clearly(suite: Suite, content: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await suite.exchange.post("/v1/oauth/token", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed_body")


async def test_form_route_takes_no_json_and_json_route_no_form(suite: Suite) -> None:
    assert (await suite.exchange.post("/v1/oauth/token", json=FORM)).status_code == 415
    assert (await suite.exchange.post("/v1/clients", data=FORM, headers=suite.admin)).status_code == 415


async def test_disabled_client_gets_no_token(suite: Suite) -> None:
    secret = await new_client(suite)
    for _ in range(2):
        disabled = await suite.exchange.post(f"/v1/clients/{secret['client_id']}:disable", headers=suite.admin)
        assert (disabled.status_code, disabled.json()["disabled"], disabled.json()["version"]) == (200, True, 2)
    assert (await ask(suite, secret)).status_code == 401


async def test_expiry_includes_its_last_day_where_the_city_is(suite: Suite) -> None:
    today = datetime.now(UTC).astimezone().date()
    secret = await new_client(suite, expires_on=str(today + timedelta(days=2)))
    assert (await ask(suite, secret)).status_code == 200
    over = {
        "name": "旧系统",
        "organization": CITY,
        "scopes": ["events:read"],
        "expires_on": str(today - timedelta(days=2)),
    }
    refused = await suite.exchange.post("/v1/clients", json=over, headers=suite.admin)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/expires_on")
    travel(suite, timedelta(days=4))
    assert (await ask(suite, secret)).status_code == 401


async def test_client_of_an_abolished_organization_gets_no_token(suite: Suite) -> None:
    secret = await new_client(suite)
    organization = (await suite.exchange.get(f"/v1/organizations/{DISTRICT_A}")).json()
    body = {k: v for k, v in organization.items() if k not in ("code", "path", "version")} | {"valid_to": "2020-12-31"}
    changed = await suite.exchange.put(f"/v1/organizations/{DISTRICT_A}", json=body, headers=suite.admin)
    assert changed.status_code == 200, changed.text
    assert (await ask(suite, secret)).status_code == 401


async def test_two_secrets_live_and_a_third_is_refused(suite: Suite) -> None:
    first = await new_client(suite)
    path = f"/v1/clients/{first['client_id']}/secrets"
    added = await suite.exchange.post(path, headers=suite.admin)
    second = added.json()
    assert added.status_code == 201
    assert [(await ask(suite, secret)).status_code for secret in (first, second)] == [200, 200]
    assert (await suite.exchange.post(path, headers=suite.admin)).status_code == 409
    for _ in range(2):
        assert (await suite.exchange.delete(f"{path}/{first['secret_id']}", headers=suite.admin)).status_code == 200
    assert [(await ask(suite, secret)).status_code for secret in (first, second)] == [401, 200]
    assert (await suite.exchange.post(path, headers=suite.admin)).status_code == 201
    unknown = f"{path}/01890000-0000-7000-8000-000000000000"
    assert (await suite.exchange.delete(unknown, headers=suite.admin)).status_code == 404


async def test_secret_ends_after_its_lifetime(suite: Suite) -> None:
    secret = await new_client(suite)
    travel(suite, timedelta(days=364))
    assert (await ask(suite, secret)).status_code == 200
    travel(suite, timedelta(days=366))
    assert (await ask(suite, secret)).status_code == 401


async def test_facts_of_a_client_never_show_a_secret(suite: Suite) -> None:
    secret = await new_client(suite)
    shown = await suite.exchange.get(f"/v1/clients/{secret['client_id']}", headers=suite.admin)
    assert shown.status_code == 200
    assert secret["client_secret"] not in shown.text
    assert "argon2" not in shown.text


async def test_nobody_grants_what_they_do_not_hold_or_outside_their_subtree(suite: Suite) -> None:
    district = await suite.token(DISTRICT_A, Scope.CLIENTS_ADMIN, Scope.EVENTS_READ)
    wanted = {"name": "测试客户端", "organization": DISTRICT_A, "scopes": ["policy:write"]}
    assert (await suite.exchange.post("/v1/clients", json=wanted, headers=district)).json()[
        "code"
    ] == "insufficient_scope"
    outside = wanted | {"scopes": ["events:read"], "organization": DISTRICT_B}
    assert (await suite.exchange.post("/v1/clients", json=outside, headers=district)).json()[
        "code"
    ] == "outside_subtree"
    inside = outside | {"organization": DISTRICT_A}
    assert (await suite.exchange.post("/v1/clients", json=inside, headers=district)).status_code == 201


async def test_rotated_key_signs_at_once_and_old_tokens_stay_good(suite: Suite) -> None:
    secret = await new_client(suite, scopes=["events:read"])
    old = await sign_in(suite.exchange, secret["client_id"], secret["client_secret"])
    assert (await suite.exchange.post("/v1/keys:rotate", headers=suite.admin)).status_code == 201
    new = await sign_in(suite.exchange, secret["client_id"], secret["client_secret"])
    kids = [jwt.get_unverified_header(headers["Authorization"].split()[1])["kid"] for headers in (old, new)]
    published = {key["kid"] for key in (await suite.exchange.get("/.well-known/jwks.json")).json()["keys"]}
    assert kids[0] != kids[1]
    assert set(kids) == published
    for headers in (old, new):
        assert (await suite.exchange.get("/v1/events", headers=headers)).status_code == 200


async def test_old_key_is_withdrawn_once_its_last_token_has_ended(suite: Suite) -> None:
    before = {key["kid"] for key in (await suite.exchange.get("/.well-known/jwks.json")).json()["keys"]}
    await suite.exchange.post("/v1/keys:rotate", headers=suite.admin)
    travel(suite, timedelta(seconds=900 + 60))
    after = {key["kid"] for key in (await suite.exchange.get("/.well-known/jwks.json")).json()["keys"]}
    assert len(after) == 1
    assert not before & after


async def test_district_cannot_rotate_the_citys_key(suite: Suite) -> None:
    district = await suite.token(DISTRICT_A, Scope.KEYS_ADMIN)
    answer = await suite.exchange.post("/v1/keys:rotate", headers=district)
    assert (answer.status_code, answer.json()["code"]) == (403, "outside_subtree")


async def test_wrong_key_encryption_key_is_said(suite: Suite) -> None:
    kit = suite.apps["exchange"].state.kit
    secret = await new_client(suite)
    sealed_with = kit.settings.key_encryption_key
    kit.settings = kit.settings.model_copy(
        update={"key_encryption_key": type(sealed_with)("another-key-encryption-key-for-tests")}
    )
    answer = await ask(suite, secret)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "MINGQUAN_KEY_ENCRYPTION_KEY" in answer.json()["detail"]
