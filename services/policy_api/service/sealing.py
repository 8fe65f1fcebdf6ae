"""Seals opinions, who gave them, and the facts of saved profiles, so that neither the database nor its backups show them.

The keys come from the settings `opinion_key` and `profile_key`. A sealed value is bound to its row and its part: moved
elsewhere, it does not open.
"""

import hashlib
import os
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.kit.errors import Unavailable

_NONCE_BYTES = 12
TEXT, SUBMITTER = "text", "submitter"


class OpinionSealer:
    """AES-256-GCM under the setting `opinion_key`."""

    def __init__(self, key: str) -> None:
        self._aead = AESGCM(hashlib.sha256(b"mingquan opinions\0" + key.encode()).digest())

    def seal(self, plain: bytes, *, opinion_id: UUID, part: str) -> bytes:
        """Nonce and ciphertext."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, _binding(opinion_id, part))

    def open(self, sealed: bytes, *, opinion_id: UUID, part: str) -> bytes:
        """Unavailable when the setting's key is not the one that sealed it, or the value was changed."""
        try:
            return self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _binding(opinion_id, part))
        except (InvalidTag, ValueError) as error:
            raise Unavailable("意见无法解封：封存所用的密钥与现在的不同，请联系平台管理员") from error


class ProfileSealer:
    """AES-256-GCM under the setting `profile_key`."""

    def __init__(self, key: str) -> None:
        self._aead = AESGCM(hashlib.sha256(b"mingquan profiles\0" + key.encode()).digest())

    def seal(self, plain: bytes, *, profile_id: UUID) -> bytes:
        """Nonce and ciphertext."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, plain, _binding(profile_id, "profile"))

    def open(self, sealed: bytes, *, profile_id: UUID) -> bytes:
        """Unavailable when the setting's key is not the one that sealed it, or the value was changed."""
        try:
            return self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _binding(profile_id, "profile"))
        except InvalidTag as error:
            raise Unavailable("企业档案无法解封：封存所用的密钥与现在的不同，请联系平台管理员") from error


def _binding(row_id: UUID, part: str) -> bytes:
    return f"{part} {row_id}".encode()
