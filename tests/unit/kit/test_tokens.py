"""Verifying tokens offline: every way in which one can be wrong, and how often the issuer is asked."""

import base64
import dataclasses
import hashlib
import hmac
import json
import time
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.exchange_api.settings import Settings as ExchangeSettings
from shared.kit.app import mapping_of
from shared.kit.auth import SECOND_ISSUER_ALGORITHMS, ClaimMapping, TokenVerifier, keys_over_http
from shared.kit.errors import Unauthenticated, Unavailable

ISSUER, AUDIENCE = "https://issuer.test", "mingquan"


def encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


class Issuer:
    """Signs tokens and counts who asks for its keys."""

    def __init__(self) -> None:
        self.keys: dict[str, Ed25519PrivateKey] = {}
        self.asked = 0
        self.rotate("k1")

    def rotate(self, key_id: str) -> None:
        self.keys[key_id] = Ed25519PrivateKey.generate()
        self.newest = key_id

    def public(self, key_id: str) -> bytes:
        return self.keys[key_id].public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)

    async def load(self) -> dict[str, Any]:
        self.asked += 1
        return {
            "keys": [
                {
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "alg": "EdDSA",
                    "use": "sig",
                    "kid": kid,
                    "x": encode(self.public(kid)),
                }
                for kid in self.keys
            ]
        }

    def claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        standard = {"iss": ISSUER, "aud": AUDIENCE, "sub": "client", "iat": now, "exp": now + 900}
        ours = {"organization": "11370102004190001X", "division_code": "370102", "scope": "events:read policy:write"}
        merged = standard | ours | changes
        return {name: value for name, value in merged.items() if value is not None}

    def sign(self, *, kid: str | None = None, **changes: Any) -> str:
        key_id = kid or self.newest
        return jwt.encode(self.claims(**changes), self.keys[key_id], algorithm="EdDSA", headers={"kid": key_id})


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def verifier(issuer: Issuer) -> TokenVerifier:
    return TokenVerifier(issuer.load, issuer=ISSUER, audience=AUDIENCE)


async def refused(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(Unauthenticated) as refusal:
        await verifier.verify(token)
    return refusal.value.detail


async def test_good_token_names_its_bearer(issuer: Issuer, verifier: TokenVerifier) -> None:
    principal = await verifier.verify(issuer.sign())
    assert (principal.client_id, principal.organization) == ("client", "11370102004190001X")
    assert principal.scopes == {"events:read", "policy:write"}


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1},
        {"iss": "https://somebody.test"},
        {"aud": "another suite"},
        {"aud": None},
        {"iss": None},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"organization": None},
        {"scope": None},
        {"nbf": 9_999_999_999},
        {"iat": 9_999_999_999},
    ],
    ids=str,
)
async def test_token_with_a_wrong_or_missing_claim_is_refused(
    issuer: Issuer, verifier: TokenVerifier, changes: dict[str, Any]
) -> None:
    await refused(verifier, issuer.sign(**changes))


async def test_expired_token_says_so_even_when_it_was_once_good(issuer: Issuer, verifier: TokenVerifier) -> None:
    assert "已过期" in await refused(verifier, issuer.sign(exp=int(time.time()) - 31))
    within_leeway = issuer.sign(exp=int(time.time()) - 5)
    await verifier.verify(within_leeway)


def forged(header: dict[str, Any], claims: dict[str, Any], signature: bytes) -> str:
    return f"{encode(json.dumps(header).encode())}.{encode(json.dumps(claims).encode())}.{encode(signature)}"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
async def test_unsigned_token_is_refused(issuer: Issuer, verifier: TokenVerifier, algorithm: str) -> None:
    await refused(verifier, forged({"alg": algorithm, "kid": "k1"}, issuer.claims(), b""))


async def test_public_key_as_shared_secret_is_refused(issuer: Issuer, verifier: TokenVerifier) -> None:
    """The HS256 confusion: everybody knows the public key, so it must never count as a secret."""
    pem = (
        issuer.keys["k1"]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    for secret in (pem, issuer.public("k1"), encode(issuer.public("k1")).encode()):
        unsigned = forged({"alg": "HS256", "kid": "k1"}, issuer.claims(), b"").rpartition(".")[0]
        signature = hmac.new(secret, unsigned.encode(), hashlib.sha256).digest()
        await refused(verifier, f"{unsigned}.{encode(signature)}")


async def test_embedded_or_linked_key_is_not_believed(issuer: Issuer, verifier: TokenVerifier) -> None:
    stranger = Ed25519PrivateKey.generate()
    public = stranger.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    header = {
        "kid": "k1",
        "jwk": {"kty": "OKP", "crv": "Ed25519", "x": encode(public)},
        "jku": "https://somebody.test/keys",
    }
    await refused(verifier, jwt.encode(issuer.claims(), stranger, algorithm="EdDSA", headers=header))


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_changed_token_is_refused(issuer: Issuer, verifier: TokenVerifier, place: int) -> None:
    parts = issuer.sign().split(".")
    parts[place] = ("A" if parts[place][5] != "A" else "B").join((parts[place][:5], parts[place][6:]))
    await refused(verifier, ".".join(parts))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "a.b",
        "a.b.c",
        "....",
        "é.é.é",
        encode(b"[" * 60_000) + ".e30.e30",
        encode(b'{"alg":' + b"[" * 60_000) + ".e30.e30",
        encode(b'{"alg":"EdDSA","kid":5}') + ".e30.e30",
        encode(b'{"alg":"EdDSA","kid":' + b"9" * 5000 + b"}") + ".e30.e30",
        encode(b"null") + ".e30.e30",
    ],
    ids=lambda token: token[:12] or "empty",
)
async def test_garbage_is_no_token_and_no_fault_of_ours(verifier: TokenVerifier, token: str) -> None:
    await refused(verifier, token)


async def test_flood_of_unknown_keys_does_not_turn_into_requests(issuer: Issuer, verifier: TokenVerifier) -> None:
    await verifier.verify(issuer.sign())
    stranger = Ed25519PrivateKey.generate()
    for number in range(200):
        headers = {"kid": f"forged-{number}"}
        await refused(verifier, jwt.encode(issuer.claims(), stranger, algorithm="EdDSA", headers=headers))
    assert issuer.asked == 2


async def test_rotated_key_is_found_at_once_and_old_tokens_stay_good(issuer: Issuer, verifier: TokenVerifier) -> None:
    old = issuer.sign()
    await verifier.verify(old)
    issuer.rotate("k2")
    await verifier.verify(issuer.sign())
    await verifier.verify(issuer.sign(kid="k1"))
    assert (await verifier.verify(old)).client_id == "client"
    assert issuer.asked == 2


async def test_verified_token_is_remembered(issuer: Issuer, verifier: TokenVerifier) -> None:
    token = issuer.sign()
    first = await verifier.verify(token)
    issuer.keys.clear()
    assert await verifier.verify(token) is first


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, json={"code": "not_found"}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"keys": None}),
        httpx.Response(503),
    ],
    ids=["404", "html", "list", "null", "503"],
)
async def test_issuer_without_readable_keys_is_unavailable_not_a_bad_token(
    issuer: Issuer, answer: httpx.Response
) -> None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda _: answer)) as client:
        verifier = TokenVerifier(keys_over_http(client, "http://issuer.test/k"), issuer=ISSUER, audience=AUDIENCE)
        with pytest.raises(Unavailable):
            await verifier.verify(issuer.sign())


async def test_second_issuer_is_accepted_under_its_own_name_only(issuer: Issuer) -> None:
    """The city's single sign-on signs with ES256; neither issuer can speak for the other."""
    private = generate_private_key(SECP256R1())
    public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(private.public_key())) | {"kid": "sso", "alg": "ES256"}

    async def load() -> dict[str, Any]:
        return {"keys": [public]}

    second = TokenVerifier(load, issuer="https://sso.test", audience=AUDIENCE, algorithms=SECOND_ISSUER_ALGORITHMS)
    verifier = TokenVerifier(issuer.load, issuer=ISSUER, audience=AUDIENCE, second=second)

    def sign(claimed: str) -> str:
        return jwt.encode(issuer.claims(iss=claimed), private, algorithm="ES256", headers={"kid": "sso"})

    assert (await verifier.verify(sign("https://sso.test"))).client_id == "client"
    await refused(verifier, sign(ISSUER))
    await refused(verifier, issuer.sign(iss="https://sso.test"))
    assert (await verifier.verify(issuer.sign())).client_id == "client"


class SignOn:
    """The city's single sign-on, as its operator set it up: roles inside, organisations under a URL."""

    def __init__(self) -> None:
        self.private = generate_private_key(SECP256R1())

    async def load(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(self.private.public_key()))
        return {"keys": [public | {"kid": "sso", "alg": "ES256"}]}

    def token(self, **changes: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": "https://sso.test",
            "aud": "gov-open",
            "iat": now,
            "exp": now + 60,
            "uid": "zhang",
            "https://city.test/org": {"code": "113701020041887000"},
            "realm_access": {"roles": ["信息公开员", "打印机管理员"]},
        }
        stated = {name: value for name, value in (claims | changes).items() if value is not None}
        return jwt.encode(stated, self.private, algorithm="ES256", headers={"kid": "sso"})


def verifier_of(issuer: Issuer, sign_on: SignOn, mapping: ClaimMapping) -> TokenVerifier:
    second = TokenVerifier(
        sign_on.load,
        issuer="https://sso.test",
        audience="gov-open",
        algorithms=SECOND_ISSUER_ALGORITHMS,
        mapping=mapping,
    )
    return TokenVerifier(issuer.load, issuer=ISSUER, audience=AUDIENCE, second=second)


MAPPING = ClaimMapping(
    subject="uid",
    organization="org.code",
    scope="realm_access.roles",
    roles={"信息公开员": frozenset({"request:handle", "no:scope"}), "审批人": frozenset({"request:approve"})},
)


async def test_claims_of_the_single_sign_on_are_read_as_the_operator_says(issuer: Issuer) -> None:
    sign_on = SignOn()
    verifier = verifier_of(issuer, sign_on, MAPPING)
    who = await verifier.verify(sign_on.token(org={"code": "113701020041887000"}))
    assert (who.client_id, who.organization) == ("sso:zhang", "113701020041887000")
    # A role that is not named means nothing, nor does a scope that there is not.
    assert who.scopes == {"request:handle"}
    whole = ClaimMapping(subject="uid", organization="https://city.test/org", scope="permissions")
    named = verifier_of(issuer, sign_on, whole)
    token = sign_on.token(
        **{"https://city.test/org": "113701020041887000", "permissions": "request:handle  openid keys:x"}
    )
    assert (await named.verify(token)).scopes == {"request:handle"}
    assert (await named.verify(sign_on.token(**{"https://city.test/org": "11", "permissions": None}))).scopes == set()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"org": {}},
        {"org": {"code": ""}},
        {"org": {"code": 11}},
        {"org": "113701020041887000"},
        {"org": {"code": "11"}, "uid": None},
        {"org": {"code": "11"}, "uid": ""},
        {"org": {"code": "11"}, "aud": AUDIENCE},
        {"org": {"code": "11"}, "exp": 1},
        {"org": {"code": "11"}, "realm_access": {"roles": 7}},
    ],
)
async def test_claims_that_do_not_say_who_for_whom_are_refused(issuer: Issuer, changes: dict[str, Any]) -> None:
    sign_on = SignOn()
    await refused(verifier_of(issuer, sign_on, MAPPING), sign_on.token(**changes))


def test_the_settings_say_it_all() -> None:
    said: dict[str, Any] = {
        "database_url": "postgresql://x",
        "cursor_key": "k" * 32,
        "exchange_url": "http://x",
        "key_encryption_key": "k" * 40,
        "second_issuer": "https://sso.test",
        "second_jwks_url": "https://sso.test/keys",
        "second_subject_claim": "uid",
        "second_organization_claim": "org.code",
        "second_scope_claim": "realm_access.roles",
        "second_roles": {"信息公开员": ["request:handle"], "审批人": ["request:approve"]},
    }
    expected = dataclasses.replace(
        MAPPING, roles={**(MAPPING.roles or {}), "信息公开员": frozenset({"request:handle"})}
    )
    assert mapping_of(ExchangeSettings(**said)) == expected
