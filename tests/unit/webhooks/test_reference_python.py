"""The reference library of Standard Webhooks for Python accepts what we sign, and we accept what it signs."""

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from shared.webhooks import InvalidWebhook, new_key_pair, new_secret, sign, verify

SECRET = new_secret()
BODY = '{"type": "policy.released", "data": {"title": "关于早餐工程的通知"}}'


def headers(signature: str, *, message_id: str = "msg_1", stamp: int) -> dict[str, str]:
    return {"webhook-id": message_id, "webhook-timestamp": str(stamp), "webhook-signature": signature}


@given(
    body=st.text(st.characters(codec="utf-8"), max_size=300),
    message_id=st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
)
def test_either_accepts_the_other(body: str, message_id: str) -> None:
    secret, now = new_secret(), int(time.time())
    reference = Webhook(secret)
    raw = body.encode()
    ours = headers(sign(message_id, now, raw, [secret]), message_id=message_id, stamp=now)
    reference.verify(raw, ours, json_parse=False)
    theirs = reference.sign(message_id, datetime.fromtimestamp(now, UTC).replace(tzinfo=None), body)
    assert theirs == ours["webhook-signature"]
    assert verify(headers(theirs, message_id=message_id, stamp=now), raw, [secret], now=now).id == message_id


def test_while_a_secret_rotates_both_accept_old_and_new() -> None:
    old, new, now = new_secret(), new_secret(), int(time.time())
    private, _ = new_key_pair()
    signed = headers(sign("msg_1", now, BODY.encode(), [new, private, old]), stamp=now)
    for secret in (old, new):
        Webhook(secret).verify(BODY, signed)
        assert verify(signed, BODY.encode(), [secret], now=now).id == "msg_1"


@pytest.mark.parametrize(
    "spoilt", ["body", "id", "stamp", "signature", "secret", "too old", "too new", "no id", "no stamp", "no signature"]
)
def test_both_refuse_what_was_spoilt(spoilt: str) -> None:
    now = int(time.time())
    stamp = {"too old": now - 302, "too new": now + 302}.get(spoilt, now)
    signed = headers(sign("msg_1", stamp, BODY.encode(), [SECRET]), stamp=stamp)
    body, secret = BODY, SECRET
    if spoilt == "body":
        body = BODY.replace("早餐", "午餐")
    elif spoilt == "id":
        signed["webhook-id"] = "msg_2"
    elif spoilt == "stamp":
        signed["webhook-timestamp"] = str(now + 1)
    elif spoilt == "signature":
        signed["webhook-signature"] = sign("msg_1", stamp, b"{}", [SECRET])
    elif spoilt == "secret":
        secret = new_secret()
    elif spoilt.startswith("no "):
        name = {"no id": "webhook-id", "no stamp": "webhook-timestamp", "no signature": "webhook-signature"}[spoilt]
        del signed[name]
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, signed)
    with pytest.raises(InvalidWebhook):
        verify(signed, body.encode(), [secret], now=now)
