"""Making, hashing and checking client secrets; sealing private keys at rest.

A secret is 256 random bits, so a light argon2 profile is enough: nobody guesses it, and a token request stays cheap.
"""

import asyncio
import base64
import hashlib
import os
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_HASHER = PasswordHasher(time_cost=2, memory_cost=8 * 1024, parallelism=1)
_NOBODY = _HASHER.hash(secrets.token_urlsafe(32))
_NONCE_BYTES = 12


def new_secret() -> str:
    """A secret to show once: a recognisable prefix, so that leak scanners find it, and 256 bits."""
    return "mqs_" + secrets.token_urlsafe(32)


async def hash_secret(secret: str) -> str:
    return await asyncio.to_thread(_HASHER.hash, secret)


async def matches_any(secret: str, hashes: list[str]) -> bool:
    """Whether the secret is one of those hashed. Takes as long for an unknown client as for a known one."""
    for candidate in hashes or [_NOBODY]:
        if await asyncio.to_thread(_verify, candidate, secret) and hashes:
            return True
    return False


def _verify(candidate: str, secret: str) -> bool:
    try:
        return _HASHER.verify(candidate, secret)
    except (VerifyMismatchError, InvalidHashError):
        return False


class KeySealer:
    """AES-256-GCM under the setting `key_encryption_key`."""

    def __init__(self, key: str) -> None:
        self._aead = AESGCM(hashlib.sha256(b"mingquan signing keys\0" + key.encode()).digest())

    def seal(self, plain: bytes, *, name: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, name.encode())

    def open(self, sealed: bytes, *, name: str) -> bytes:
        """Raises cryptography's InvalidTag when the setting's key is not the one that sealed it."""
        return self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode())


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
