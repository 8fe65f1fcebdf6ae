"""Seals personal data field by field, so that neither the database nor its backups show it.

A key ring holds named keys, the first of them current. What one of the others has sealed still opens and can be sealed
anew under the current one: that is rotation. A value is bound to its row and field: moved elsewhere, it does not open.
Does not keep keys: they come from a setting, as `name:algorithm:secret`, several separated by blanks.
"""

import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from shared.kit.errors import Unavailable

AES, SM4 = "aes-256-gcm", "sm4-gcm"
MIN_SECRET = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_VERSION = 1


class Aead(Protocol):
    """Authenticated encryption under one key."""

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes: ...

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes: ...


class Sm4Gcm:
    """SM4 in GCM mode (GB/T 32907, RFC 8998), with the interface of the library's AESGCM."""

    def __init__(self, key: bytes) -> None:
        self._key = algorithms.SM4(key)

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """Ciphertext and tag."""
        encryptor = Cipher(self._key, modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(associated_data)
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes, /) -> bytes:
        """InvalidTag when anything was changed."""
        if len(data) < _TAG_BYTES:
            raise InvalidTag
        sealed, tag = data[:-_TAG_BYTES], data[-_TAG_BYTES:]
        decryptor = Cipher(self._key, modes.GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(associated_data)
        return decryptor.update(sealed) + decryptor.finalize()


@dataclass(frozen=True)
class SealingKey:
    """One named key."""

    name: str
    aead: Aead
    secret: bytes


class KeyRing:
    """Seals with its first key, opens with any."""

    def __init__(self, keys: Mapping[str, SealingKey], *, current: str) -> None:
        self._keys = dict(keys)
        self._current = self._keys[current]

    @property
    def current(self) -> str:
        """The name of the key that seals."""
        return self._current.name

    @property
    def names(self) -> list[str]:
        """Of all its keys, the current one first."""
        return [self.current, *(name for name in self._keys if name != self.current)]

    @classmethod
    def parse(cls, setting: str) -> "KeyRing":
        """From `name:algorithm:secret …`; ValueError with what is wrong, never with a secret in it."""
        keys: dict[str, SealingKey] = {}
        for number, part in enumerate(setting.split(), start=1):
            name, algorithm, secret = _parts(part, number)
            if name in keys:
                raise ValueError(f"sealing key {number}: the name {name} comes twice")
            keys[name] = SealingKey(name, _aead(algorithm, secret, number), secret)
        if not keys:
            raise ValueError("no sealing key")
        return cls(keys, current=next(iter(keys)))

    def seal(self, plain: bytes, *, binding: str) -> bytes:
        """Version, name of the key, nonce and ciphertext."""
        nonce = os.urandom(_NONCE_BYTES)
        name = self._current.name.encode()
        return bytes((_VERSION, len(name))) + name + nonce + self._current.aead.encrypt(nonce, plain, binding.encode())

    def open(self, sealed: bytes, *, binding: str) -> bytes:
        """Unavailable when its key is not on the ring, or the value was changed or moved."""
        name, rest = _unwrap(sealed)
        key = self._keys.get(name)
        if key is None:
            raise Unavailable("封存的数据无法打开：封存所用的密钥不在密钥环上，请联系平台管理员")
        try:
            return key.aead.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], binding.encode())
        except (InvalidTag, ValueError) as error:
            raise Unavailable("封存的数据无法打开：数据或者密钥被改动，请联系平台管理员") from error

    def is_current(self, sealed: bytes) -> bool:
        """Whether the current key has sealed it."""
        return _unwrap(sealed)[0] == self._current.name

    def reseal(self, sealed: bytes, *, binding: str) -> bytes:
        """The same under the current key; itself when it is already."""
        return sealed if self.is_current(sealed) else self.seal(self.open(sealed, binding=binding), binding=binding)


class Fingerprints:
    """Keyed fingerprints: equal values are found without being kept. Their key does not rotate with the ring."""

    def __init__(self, secret: str) -> None:
        if len(secret) < MIN_SECRET:
            raise ValueError(f"a fingerprint key has at least {MIN_SECRET} characters")
        self._secret = secret.encode()

    def of(self, value: str, *, purpose: str) -> bytes:
        """32 bytes; different for every purpose, so that two columns cannot be joined."""
        key = hmac.digest(self._secret, f"mingquan fingerprint {purpose}".encode(), hashlib.sha256)
        return hmac.digest(key, value.encode(), hashlib.sha256)


def _parts(part: str, number: int) -> tuple[str, str, bytes]:
    name, _, rest = part.partition(":")
    algorithm, _, secret = rest.partition(":")
    if not name or len(name) > 40 or not name.isascii():
        raise ValueError(f"sealing key {number}: a name of 1 to 40 ASCII characters is needed")
    if len(secret) < MIN_SECRET:
        raise ValueError(f"sealing key {number}: a secret of at least {MIN_SECRET} characters is needed")
    return name, algorithm, secret.encode()


def _aead(algorithm: str, secret: bytes, number: int) -> Aead:
    if algorithm == AES:
        return AESGCM(_derive(secret, 32, algorithm))
    if algorithm != SM4:
        raise ValueError(f"sealing key {number}: the algorithm is {AES} or {SM4}")
    sealer = Sm4Gcm(_derive(secret, 16, algorithm))
    try:
        sealer.encrypt(bytes(_NONCE_BYTES), b"", b"")
    except UnsupportedAlgorithm as error:
        raise ValueError(f"sealing key {number}: this machine's OpenSSL has no {SM4}") from error
    return sealer


def _derive(secret: bytes, length: int, algorithm: str) -> bytes:
    info = f"mingquan sealing {algorithm}".encode()
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=info).derive(secret)


def _unwrap(sealed: bytes) -> tuple[str, bytes]:
    """The key's name and what follows it; Unavailable when it is none of ours."""
    if len(sealed) < 2 or sealed[0] != _VERSION or len(sealed) < 2 + sealed[1] + _NONCE_BYTES + _TAG_BYTES:
        raise Unavailable("封存的数据无法打开：格式未知，请联系平台管理员")
    end = 2 + sealed[1]
    return sealed[2:end].decode("ascii", "replace"), sealed[end:]
