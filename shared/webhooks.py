"""Standard Webhooks 1.0: signing what is sent and verifying what arrives. Needs the standard library and cryptography only.

    sign     the `webhook-signature` header for a message, one signature a key
    verify   the message's id and time when one of its signatures is one of the keys'; InvalidWebhook otherwise
    new_secret, new_key_pair   what an endpoint and its sender are given

Keys are text, told apart by their prefix: `whsec_` a shared secret (scheme `v1`, HMAC-SHA256), `whsk_` an Ed25519 private key
and `whpk_` its public one (scheme `v1a`). `sm3_` before a shared secret asks for HMAC-SM3 (GB/T 32905, scheme `v1sm3`), which
verifiers that do not know it pass over. What is signed: `id.timestamp.body`, the bytes as they travel.
Source: the Standard Webhooks specification 1.0.0.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

ID_HEADER: Final = "webhook-id"
TIMESTAMP_HEADER: Final = "webhook-timestamp"
SIGNATURE_HEADER: Final = "webhook-signature"
TOLERANCE_SECONDS: Final = 300
_LEAST_SECRET_BYTES, _MOST_SECRET_BYTES = 24, 64
_MOST_SIGNATURES = 20
_SEED_BYTES = 32


class InvalidWebhook(ValueError):
    """The message is not to be trusted: a header is missing, its time is off, or no signature fits."""


@dataclass(frozen=True)
class Verified:
    """A message that was signed by one of the keys."""

    id: str
    timestamp: int
    """Seconds since 1970 as the sender signed them."""


def new_secret() -> str:
    """A shared secret of 32 random bytes."""
    return "whsec_" + _encode(secrets.token_bytes(32))


def new_key_pair() -> tuple[str, str]:
    """An Ed25519 private key, and the public one to give away."""
    private = Ed25519PrivateKey.generate()
    seed = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    return "whsk_" + _encode(seed), public_key_of("whsk_" + _encode(seed))


def public_key_of(private_key: str) -> str:
    """The `whpk_` of a `whsk_`."""
    public = _private(private_key).public_key()
    return "whpk_" + _encode(public.public_bytes(Encoding.Raw, PublicFormat.Raw))


def check_key(key: str) -> str:
    """The key itself; ValueError when it is none of the three kinds or its bytes are too few or too many."""
    if key.startswith("whpk_"):
        Ed25519PublicKey.from_public_bytes(_decode(key.removeprefix("whpk_")))
    elif key.startswith("whsk_"):
        _private(key)
    else:
        _secret(key)
    return key


def sign(message_id: str, timestamp: int, body: bytes, keys: Iterable[str]) -> str:
    """The header's value: a signature for each key, separated by blanks. ValueError for a key that cannot sign."""
    if not message_id or "." in message_id:
        raise ValueError("a message's id is not empty and has no full stop")
    content = _content(message_id, timestamp, body)
    return " ".join(_signature(key, content) for key in keys)


def verify(
    headers: Mapping[str, str],
    body: bytes,
    keys: Iterable[str],
    *,
    now: float,
    tolerance_seconds: int = TOLERANCE_SECONDS,
) -> Verified:
    """The message's id and time. `headers` are found in any case; `now` is in seconds since 1970.

    Raises InvalidWebhook alone, whatever is wrong, and says nothing that helps to forge.
    """
    found = {name.lower(): value for name, value in headers.items()}
    message_id, stamp, given = (found.get(name, "") for name in (ID_HEADER, TIMESTAMP_HEADER, SIGNATURE_HEADER))
    if not (message_id and stamp and given):
        raise InvalidWebhook("webhook-id, webhook-timestamp and webhook-signature are needed")
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 15):
        raise InvalidWebhook("webhook-timestamp is not a number of seconds")
    timestamp = int(stamp)
    if abs(now - timestamp) > tolerance_seconds:
        raise InvalidWebhook("webhook-timestamp is too old or too far ahead")
    content = _content(message_id, timestamp, body, stamp=stamp)
    checks = [check for key in keys for check in _checks(key)]
    for signature in given.split(" ")[:_MOST_SIGNATURES]:
        scheme, _, value = signature.partition(",")
        for known, fits in checks:
            if scheme == known and fits(value, content):
                return Verified(message_id, timestamp)
    raise InvalidWebhook("no signature fits")


def _content(message_id: str, timestamp: int, body: bytes, *, stamp: str | None = None) -> bytes:
    return f"{message_id}.{stamp or timestamp}.".encode() + body


def _signature(key: str, content: bytes) -> str:
    if key.startswith("whsk_"):
        return "v1a," + _encode(_private(key).sign(content))
    scheme, digest = ("v1sm3", _sm3) if key.startswith("sm3_") else ("v1", _sha256)
    return f"{scheme},{_encode(digest(_secret(key), content))}"


def _checks(key: str) -> list[tuple[str, Callable[[str, bytes], bool]]]:
    """By scheme, whether a signature is this key's."""
    if key.startswith(("whpk_", "whsk_")):
        public = public_key_of(key) if key.startswith("whsk_") else key
        return [("v1a", partial(_fits_public, _decode(public.removeprefix("whpk_"))))]
    if key.startswith("sm3_"):
        return [("v1sm3", partial(_fits_secret, _sm3, _secret(key)))]
    return [("v1", partial(_fits_secret, _sha256, _secret(key)))]


def _fits_secret(digest: Callable[[bytes, bytes], bytes], secret: bytes, value: str, content: bytes) -> bool:
    return hmac.compare_digest(_encode(digest(secret, content)).encode(), value.encode("utf-8", "replace"))


def _fits_public(key: bytes, value: str, content: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(base64.b64decode(value, validate=True), content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _sha256(secret: bytes, content: bytes) -> bytes:
    return hmac.digest(secret, content, "sha256")


def _sm3(secret: bytes, content: bytes) -> bytes:
    mac = HMAC(secret, hashes.SM3())
    mac.update(content)
    return mac.finalize()


def _secret(key: str) -> bytes:
    raw = _decode(key.removeprefix("sm3_").removeprefix("whsec_"))
    if not _LEAST_SECRET_BYTES <= len(raw) <= _MOST_SECRET_BYTES:
        raise ValueError("a shared secret has 24 to 64 bytes")
    return raw


def _private(key: str) -> Ed25519PrivateKey:
    # Some libraries write the public key behind the seed.
    return Ed25519PrivateKey.from_private_bytes(_decode(key.removeprefix("whsk_"))[:_SEED_BYTES])


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("a key is its prefix and base64") from error
