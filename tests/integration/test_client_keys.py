"""`private_key_jwt`: a client that proves who it is by its own key, and everything that proves nothing."""

import asyncio
import base64
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.exchange_api.service.assertions import ASSERTION_TYPE
from tests.integration.test_tokens import FORM, ask, claims_of, new_client, travel
from tests.services import Suite

ISSUER = "mingquan-exchange"
PRIVATE: dict[str, Any] = {
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "PS256": rsa.generate_private_key(65537, 2048),
    "RS256": rsa.generate_private_key(65537, 2048),
}
SHORT = rsa.generate_private_key(65537, 1024)  # too short on purpose


def public_of(alg: str, private: Any, kid: str) -> dict[str, str]:
    """What the client registers."""
    document = jwt.get_algorithm_by_name(alg).to_jwk(private.public_key(), as_dict=True)
    return {name: document[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in document} | {
        "kid": kid,
        "alg": alg,
    }


def assertion(client_id: str, *, alg: str = "EdDSA", key: Any = None, kid: str | None = "first", **changes: Any) -> str:
    now = int(datetime.now(UTC).timestamp())
    claims = {"iss": client_id, "sub": client_id, "aud": ISSUER, "jti": uuid4().hex, "iat": now, "exp": now + 120}
    claims |= changes
    stated = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(stated, key or PRIVATE[alg], algorithm=alg, headers={"kid": kid} if kid else None)


async def present(suite: Suite, stated: str, **form: str) -> httpx.Response:
    content = FORM | {"client_assertion_type": ASSERTION_TYPE, "client_assertion": stated} | form
    return await suite.exchange.post("/v1/oauth/token", data=content)


async def register(suite: Suite, client_id: str, *keys: dict[str, str]) -> httpx.Response:
    return await suite.exchange.put(f"/v1/clients/{client_id}/keys", json={"keys": list(keys)}, headers=suite.admin)


@pytest.fixture
async def client_id(suite: Suite) -> str:
    """Of a client with an Ed25519 key named `first`."""
    made = (await new_client(suite))["client_id"]
    answer = await register(suite, made, public_of("EdDSA", PRIVATE["EdDSA"], "first"))
    assert answer.status_code == 200, answer.text
    assert [key["kid"] for key in answer.json()["keys"]] == ["first"]
    return made


@pytest.mark.parametrize("alg", sorted(PRIVATE))
async def test_a_key_of_every_algorithm_proves_the_client(suite: Suite, alg: str) -> None:
    client_id = (await new_client(suite))["client_id"]
    assert (await register(suite, client_id, public_of(alg, PRIVATE[alg], "k"))).status_code == 200
    answer = await present(suite, assertion(client_id, alg=alg, kid="k"), scope="events:read")
    assert answer.status_code == 200, answer.text
    claims = claims_of(answer)
    assert (claims["sub"], claims["scope"]) == (client_id, "events:read")
    named = await present(suite, assertion(client_id, alg=alg, kid="k"), client_id=client_id)
    assert named.status_code == 200, named.text


async def test_what_the_metadata_says_is_so(suite: Suite) -> None:
    document = (await suite.exchange.get("/.well-known/oauth-authorization-server")).json()
    assert "private_key_jwt" in document["token_endpoint_auth_methods_supported"]
    assert set(document["token_endpoint_auth_signing_alg_values_supported"]) == set(PRIVATE)
    assert document["issuer"] == ISSUER


def _unsigned(client_id: str) -> str:
    def part(content: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()

    now = int(datetime.now(UTC).timestamp())
    claims = {"iss": client_id, "sub": client_id, "aud": ISSUER, "jti": "1", "exp": now + 60}
    return f"{part({'alg': 'none', 'kid': 'first'})}.{part(claims)}."


def _by_the_public_key_as_a_secret(client_id: str) -> str:
    public = PRIVATE["EdDSA"].public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    now = int(datetime.now(UTC).timestamp())
    claims = {"iss": client_id, "sub": client_id, "aud": ISSUER, "jti": "1", "exp": now + 60}
    return jwt.encode(claims, public, algorithm="HS256", headers={"kid": "first"})


def _now(seconds: int) -> int:
    return int(datetime.now(UTC).timestamp()) + seconds


FORGERIES: dict[str, Any] = {
    "no signature": _unsigned,
    "public key as a shared secret": _by_the_public_key_as_a_secret,
    "another's key": lambda of: assertion(of, key=ed25519.Ed25519PrivateKey.generate()),
    "another algorithm": lambda of: assertion(of, alg="ES256"),
    "unknown key": lambda of: assertion(of, kid="second"),
    "no key named": lambda of: assertion(of, kid=None),
    "for another server": lambda of: assertion(of, aud="https://elsewhere.example"),
    "for the address it came by": lambda of: assertion(of, aud="http://exchange.test/v1/oauth/token"),
    "for nobody": lambda of: assertion(of, aud=None),
    "by another issuer": lambda of: assertion(of, iss="somebody"),
    "about another": lambda of: assertion(of, sub=str(uuid4())),
    "about nobody": lambda of: assertion(of, sub=None),
    "without a number": lambda of: assertion(of, jti=None),
    "with an empty number": lambda of: assertion(of, jti=""),
    "with a long number": lambda of: assertion(of, jti="x" * 201),
    "without an end": lambda of: assertion(of, exp=None),
    "with an end that is a word": lambda of: assertion(of, exp="soon"),
    "ended": lambda of: assertion(of, exp=_now(-31)),
    "good for a year": lambda of: assertion(of, exp=_now(365 * 86_400)),
    "good for six minutes": lambda of: assertion(of, exp=_now(360)),
    "good for ever": lambda of: assertion(of, exp=10**20),
    "from the future": lambda of: assertion(of, iat=_now(60)),
    "not yet good": lambda of: assertion(of, nbf=_now(60)),
    "garbage": lambda _: "garbage",
    "three garbage parts": lambda _: "a.b.c",
    "deep": lambda of: ".".join(
        [base64.urlsafe_b64encode(b"[" * 900).decode().rstrip("="), *assertion(of).split(".")[1:]]
    ),
}


@pytest.mark.parametrize("kind", sorted(FORGERIES))
async def test_what_proves_nothing_is_refused_alike(suite: Suite, client_id: str, kind: str) -> None:
    refused = await present(suite, FORGERIES[kind](client_id))
    wrong_secret = await ask(suite, {"client_id": client_id, "client_secret": "wrong"})
    assert (refused.status_code, refused.json()["code"], refused.json()["error"]) == (
        401,
        "invalid_client",
        "invalid_client",
    )
    told = {name: value for name, value in refused.json().items() if name not in ("instance", "request_id")}
    assert told == {name: value for name, value in wrong_secret.json().items() if name in told}


async def test_an_assertion_serves_once_however_many_try_at_once(suite: Suite, client_id: str) -> None:
    stated = assertion(client_id)
    answers = await asyncio.gather(*(present(suite, stated) for _ in range(32)))
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 31
    # Whoever's number it is: another client may use the same one.
    other = (await new_client(suite))["client_id"]
    await register(suite, other, public_of("EdDSA", PRIVATE["EdDSA"], "first"))
    assert (await present(suite, assertion(client_id, jti="one"))).status_code == 200
    assert (await present(suite, assertion(other, jti="one"))).status_code == 200


async def test_a_client_that_is_named_otherwise_or_twice_or_disabled_gets_nothing(suite: Suite, client_id: str) -> None:
    assert (await present(suite, assertion(client_id), client_id=str(uuid4()))).status_code == 401
    assert (await present(suite, assertion(client_id), client_assertion_type="jwt")).status_code == 401
    twice = await present(suite, assertion(client_id), client_id=client_id, client_secret="x")
    assert (twice.status_code, twice.json()["error"]) == (422, "invalid_request")
    without_type = await suite.exchange.post("/v1/oauth/token", data=FORM | {"client_assertion": assertion(client_id)})
    assert without_type.status_code == 401
    long = await present(suite, assertion(client_id) + "x" * 5000)
    assert long.status_code == 422
    await suite.exchange.post(f"/v1/clients/{client_id}:disable", headers=suite.admin)
    assert (await present(suite, assertion(client_id))).status_code == 401


async def test_a_refused_scope_does_not_use_the_assertion_up(suite: Suite, client_id: str) -> None:
    stated = assertion(client_id)
    assert (await present(suite, stated, scope="keys:admin")).status_code == 403
    assert (await present(suite, stated)).status_code == 200


async def test_the_clock_is_the_services(suite: Suite, client_id: str) -> None:
    stated = assertion(client_id)
    travel(suite, timedelta(minutes=10))
    assert (await present(suite, stated)).status_code == 401
    travel(suite, timedelta(minutes=-10))
    assert (await present(suite, stated)).status_code == 401
    travel(suite, timedelta())
    assert (await present(suite, stated)).status_code == 200


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"alg": "ES256"}, "/keys/0"),
        ({"crv": "P-256"}, "/keys/0"),
        ({"x": "AAAA"}, "/keys/0"),
        ({"kty": "RSA"}, "/keys/0"),
        ({"d": "c2VjcmV0"}, "/keys/0/d"),
        ({"alg": "HS256"}, "/keys/0/alg"),
        ({"kty": "oct"}, "/keys/0/kty"),
    ],
)
async def test_what_is_no_public_key_is_refused(suite: Suite, changed: dict[str, str], pointer: str) -> None:
    client_id = (await new_client(suite))["client_id"]
    answer = await register(suite, client_id, public_of("EdDSA", PRIVATE["EdDSA"], "k") | changed)
    assert answer.status_code == 422, answer.text
    assert pointer in {error["pointer"] for error in answer.json()["errors"]}


async def test_short_keys_and_keys_of_one_name_are_refused(suite: Suite) -> None:
    client_id = (await new_client(suite))["client_id"]
    short = await register(suite, client_id, public_of("RS256", SHORT, "k"))
    assert [error["pointer"] for error in short.json()["errors"]] == ["/keys/0/n"]
    same = [public_of(alg, PRIVATE[alg], "k") for alg in ("EdDSA", "ES256")]
    assert (await register(suite, client_id, *same)).json()["errors"][0]["pointer"] == "/keys"


async def test_replacing_key_and_secret_interrupts_nobody(suite: Suite, client_id: str) -> None:
    """Systems take up the new one while others still hold the old one; then the old one goes."""
    first, second = public_of("EdDSA", PRIVATE["EdDSA"], "first"), public_of("ES256", PRIVATE["ES256"], "second")
    caller = _Caller(suite, client_id, ("EdDSA", "first"), await new_client(suite))
    address = f"/v1/clients/{caller.secret['client_id']}/secrets"

    async def rotate() -> None:
        for old, new, named in ((first, second, ("ES256", "second")), (second, first, ("EdDSA", "first"))):
            assert (await register(suite, client_id, old, new)).status_code == 200
            replaced = caller.secret
            added = await suite.exchange.post(address, headers=suite.admin)
            await caller.goes_on_with(named, added.json())
            assert (await register(suite, client_id, new)).status_code == 200
            ended = await suite.exchange.delete(f"{address}/{replaced['secret_id']}", headers=suite.admin)
            assert ended.status_code == 200
        caller.over = True

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(rotate())
        tasks.create_task(caller.call())
    assert caller.refused == 0
    assert caller.rounds > 4


@dataclass
class _Caller:
    """Asks for tokens all the time, by key and by secret."""

    suite: Suite
    client_id: str
    key: tuple[str, str]
    secret: dict[str, str]
    over: bool = False
    rounds: int = 0
    refused: int = 0
    turned: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def call(self) -> None:
        while not self.over:
            alg, kid = self.key
            by_key = await present(self.suite, assertion(self.client_id, alg=alg, kid=kid))
            by_secret = await ask(self.suite, self.secret)
            self.refused += (by_key.status_code != 200) + (by_secret.status_code != 200)
            async with self.turned:
                self.rounds += 1
                self.turned.notify_all()

    async def goes_on_with(self, key: tuple[str, str], secret: dict[str, str]) -> None:
        """Returns when nothing that it has under way goes by what it had before."""
        self.key, self.secret, begun = key, secret, self.rounds
        async with self.turned:
            await self.turned.wait_for(lambda: self.rounds >= begun + 2)
