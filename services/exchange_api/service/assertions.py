"""`private_key_jwt` (RFC 7523, OpenID Connect Core §9): a client proves who it is with its own key instead of a secret.

Only `aud` = this issuer's name counts, never the address that a request came by: an assertion that was made for another
server could otherwise be presented here under that server's name.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from pydantic import TypeAdapter

from shared.kit.auth import LEEWAY_SECONDS
from shared.kit.errors import RuleViolation
from shared.schemas.clients import ClientKey
from shared.schemas.problems import InvalidField

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST = timedelta(minutes=5)
LEEWAY = timedelta(seconds=LEEWAY_SECONDS)
MOST_CHARACTERS = 4096
_RSA_BITS = range(2048, 8193)
_MOST_JTI = 200
_KEYS = TypeAdapter(list[ClientKey])
# What PyJWT would judge by its own clock is judged here by the service's.
_OPTIONS = {
    "require": ["iss", "sub", "aud", "exp", "jti"],
    **dict.fromkeys(("verify_exp", "verify_iat", "verify_nbf"), False),
}


class NotProven(Exception):
    """The assertion does not show that its sender holds the client's key; nobody is told why."""


def check_keys(keys: Sequence[ClientKey]) -> None:
    """RuleViolation naming each that is no usable public key, or no key of its algorithm."""
    errors = []
    for position, key in enumerate(keys):
        try:
            loaded = load_key(key)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError):
            errors.append(InvalidField(pointer=f"/keys/{position}", detail="不是这种算法的公钥"))
            continue
        if isinstance(loaded.key, RSAPublicKey) and loaded.key.key_size not in _RSA_BITS:
            errors.append(InvalidField(pointer=f"/keys/{position}/n", detail="RSA 密钥应为2048位至8192位"))
    if len({key.kid for key in keys}) < len(keys):
        errors.append(InvalidField(pointer="/keys", detail="密钥编号 kid 重复"))
    if errors:
        raise RuleViolation("公钥有误，请按所列各项改正", errors=errors)


def load_key(key: ClientKey) -> jwt.PyJWK:
    """As the library that verifies takes it; its errors, ValueError and others, for what is no key."""
    curve = {"EdDSA": "Ed25519", "ES256": "P-256"}.get(key.alg)
    if key.crv != curve:
        raise ValueError("the curve is not the algorithm's")
    loaded = jwt.PyJWK(key.model_dump(exclude_none=True), algorithm=key.alg)
    return loaded


def claimed_client(assertion: str) -> str:
    """Whose assertion it says it is. NotProven for what is no assertion."""
    try:
        subject = jwt.decode(assertion, options={"verify_signature": False}).get("sub")
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise NotProven from error
    if not isinstance(subject, str):
        raise NotProven
    return subject


def verify_assertion(
    assertion: str, keys: str, *, client_id: str, issuer: str, now: datetime
) -> tuple[bytes, datetime]:
    """By one of the client's keys, for this issuer, now. What to remember of its `jti`, and until when."""
    try:
        named = jwt.get_unverified_header(assertion).get("kid")
        key = next((one for one in _KEYS.validate_json(keys) if one.kid == named), None)
        if key is None:
            raise NotProven
        claims = jwt.decode(
            assertion,
            load_key(key),
            algorithms=[key.alg],
            audience=issuer,
            issuer=client_id,
            subject=client_id,
            options=_OPTIONS,  # type: ignore[arg-type]  # the library's TypedDict, spelled out
        )
        ends_at = _moment(claims, "exp")
        begins_at = max(_moment(claims, name) for name in ("iat", "nbf") if name in claims) if _dated(claims) else now
    except (jwt.PyJWTError, ValueError, OverflowError, RecursionError) as error:
        raise NotProven from error
    number = claims["jti"]
    if not isinstance(number, str) or not 0 < len(number) <= _MOST_JTI:
        raise NotProven
    if not now - LEEWAY < ends_at <= now + LONGEST + LEEWAY or begins_at > now + LEEWAY:
        raise NotProven
    return hashlib.sha256(number.encode("utf-8", "surrogatepass")).digest(), ends_at + LEEWAY


def _dated(claims: Mapping[str, Any]) -> bool:
    return "iat" in claims or "nbf" in claims


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    seconds = claims[name]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise NotProven
    return datetime.fromtimestamp(seconds, UTC)
