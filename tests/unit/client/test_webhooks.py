"""What a partner's receiver does with a message."""

import time

import pytest

from shared.client import InvalidWebhook, verify_webhook
from shared.webhooks import new_key_pair, new_secret, sign

BODY = b'{"type":"policy.published","subject":"0190f8a2"}'


def headers(*keys: str, at: int | None = None) -> dict[str, str]:
    stamp = int(time.time()) if at is None else at
    return {"Webhook-Id": "m1", "Webhook-Timestamp": str(stamp), "Webhook-Signature": sign("m1", stamp, BODY, keys)}


def test_message_is_known_by_any_key_that_its_receiver_holds() -> None:
    old, new = new_secret(), new_secret()
    private, public = new_key_pair()
    assert verify_webhook(headers(old), BODY, old).id == "m1"
    assert verify_webhook(headers(new), BODY, [old, new]).id == "m1"
    assert verify_webhook(headers(private), BODY, public).id == "m1"


def test_tampered_old_and_foreign_messages_are_refused() -> None:
    secret = new_secret()
    good = headers(secret)
    for wrong, body, at in [
        (good, BODY + b" ", None),
        (good | {"Webhook-Id": "m2"}, BODY, None),
        (headers(new_secret()), BODY, None),
        (headers(secret, at=1_700_000_000), BODY, 1_700_000_301.0),
        (headers(secret, at=1_700_000_000), BODY, 1_699_999_699.0),
        ({}, BODY, None),
    ]:
        with pytest.raises(InvalidWebhook):
            verify_webhook(wrong, body, secret, now=at)
    assert (
        verify_webhook(headers(secret, at=1_700_000_000), BODY, secret, now=1_700_000_300.0).timestamp == 1_700_000_000
    )
