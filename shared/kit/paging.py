"""Opaque cursors that cannot be forged: where to go on, sealed with a key and bound to what was asked.

A cursor taken from one list and given to another, or changed by one character, is refused.
"""

import base64
import binascii
import hashlib
import hmac
import json
from typing import Any

from shared.kit.errors import InvalidCursor

_MAC_BYTES = 12


class CursorCodec:
    """Seals and opens positions. `kind` names the list and its filters."""

    def __init__(self, key: str) -> None:
        self._key = hashlib.sha256(b"mingquan cursor\0" + key.encode()).digest()

    def seal(self, kind: str, position: list[Any]) -> str:
        """An opaque, URL-safe string for a JSON-able position."""
        payload = json.dumps(position, separators=(",", ":"), ensure_ascii=False).encode()
        return base64.urlsafe_b64encode(self._mac(kind, payload) + payload).rstrip(b"=").decode()

    def open(self, kind: str, cursor: str) -> list[Any]:
        """The position inside; InvalidCursor when forged, cut or made for another list."""
        try:
            raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except (binascii.Error, UnicodeEncodeError) as error:
            raise self._refusal() from error
        mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != cursor:
            # Base64 ignores the last character's spare bits; only the spelling that was sent is accepted.
            raise self._refusal()
        if not hmac.compare_digest(mac, self._mac(kind, payload)):
            raise self._refusal()
        position = json.loads(payload)
        if not isinstance(position, list):
            raise self._refusal()
        return position

    def _mac(self, kind: str, payload: bytes) -> bytes:
        return hmac.new(self._key, kind.encode() + b"\0" + payload, hashlib.sha256).digest()[:_MAC_BYTES]

    @staticmethod
    def _refusal() -> InvalidCursor:
        return InvalidCursor("游标不是本列表发出的，或已被改动；请从第一页重新读取")
