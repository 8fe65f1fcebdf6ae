"""`private_key_jwt`: a client that proves who it is by an Ed25519 key of its own, which never leaves it."""

import base64
import json
import secrets
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFETIME_SECONDS = 60


class PrivateKey:
    """In place of a client's secret. `public_key()` is what `PUT /v1/clients/{client_id}/keys` registers."""

    def __init__(self, pem: str | bytes, key_id: str, *, issuer: str = "mingquan-exchange") -> None:
        """`openssl genpkey -algorithm ed25519` makes one. ValueError for another kind of key."""
        key = load_pem_private_key(pem.encode() if isinstance(pem, str) else pem, password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("the key is not an Ed25519 key")
        self._key, self.key_id, self.issuer = key, key_id, issuer

    def public_key(self) -> dict[str, str]:
        """The JSON Web Key (RFC 8037)."""
        raw = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"kid": self.key_id, "alg": "EdDSA", "kty": "OKP", "crv": "Ed25519", "x": _base64url(raw)}

    def form(self, client_id: str, *, now: float) -> dict[str, str]:
        """What a request for a token carries; good once, for a minute (RFC 7523)."""
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": self.issuer,
            "jti": secrets.token_urlsafe(24),
            "iat": int(now),
            "exp": int(now) + _LIFETIME_SECONDS,
        }
        content = f"{_part({'alg': 'EdDSA', 'typ': 'JWT', 'kid': self.key_id})}.{_part(claims)}"
        signature = _base64url(self._key.sign(content.encode()))
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": f"{content}.{signature}"}


def _part(content: Mapping[str, Any]) -> str:
    return _base64url(json.dumps(content, separators=(",", ":")).encode())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
