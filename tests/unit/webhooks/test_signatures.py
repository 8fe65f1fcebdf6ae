"""Standard Webhooks: the specification's own example, our own messages, and every way to spoil one."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.webhooks import (
    InvalidWebhook,
    check_key,
    new_key_pair,
    new_secret,
    public_key_of,
    sign,
    verify,
)

# The example of the specification and of its libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID, STAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNED = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
PRIVATE, PUBLIC = new_key_pair()


def headers(signature: str, message_id: str = ID, stamp: object = STAMP) -> dict[str, str]:
    return {"webhook-id": message_id, "webhook-timestamp": str(stamp), "webhook-signature": signature}


def test_the_specifications_example_is_signed_and_verified() -> None:
    assert sign(ID, STAMP, BODY, [SECRET]) == SIGNED
    verified = verify(headers(SIGNED), BODY, [SECRET], now=STAMP)
    assert (verified.id, verified.timestamp) == (ID, STAMP)


def test_a_secret_without_its_prefix_is_the_same_secret() -> None:
    assert sign(ID, STAMP, BODY, [SECRET.removeprefix("whsec_")]) == SIGNED


@pytest.mark.parametrize("keys", [[SECRET], [PRIVATE], [f"sm3_{SECRET}"], [SECRET, PRIVATE, f"sm3_{SECRET}"]])
def test_every_scheme_verifies_what_it_signed(keys: list[str]) -> None:
    given_ = sign(ID, STAMP, BODY, keys)
    assert [one.split(",")[0] for one in given_.split(" ")] == [
        {"whsk": "v1a", "sm3_": "v1sm3"}.get(key[:4], "v1") for key in keys
    ]
    for key in keys:
        known = public_key_of(key) if key.startswith("whsk_") else key
        assert verify(headers(given_), BODY, [known], now=STAMP + 299).id == ID


def test_while_a_secret_rotates_either_verifies() -> None:
    old, new = new_secret(), new_secret()
    given_ = sign(ID, STAMP, BODY, [new, old])
    assert verify(headers(given_), BODY, [old], now=STAMP).id == ID
    assert verify(headers(given_), BODY, [new], now=STAMP).id == ID
    with pytest.raises(InvalidWebhook):
        verify(headers(given_), BODY, [new_secret()], now=STAMP)


def test_schemes_that_are_not_known_are_passed_over() -> None:
    given_ = f"v2,xyz {SIGNED} v1z,abc"
    assert verify(headers(given_), BODY, [SECRET], now=STAMP).id == ID


def test_headers_are_found_in_any_case() -> None:
    shouted = {name.upper(): value for name, value in headers(SIGNED).items()}
    assert verify(shouted, BODY, [SECRET], now=STAMP).id == ID


@pytest.mark.parametrize(
    ("wrong", "body", "now"),
    [
        (headers(SIGNED), BODY + b" ", STAMP),
        (headers(SIGNED, "msg_other"), BODY, STAMP),
        (headers(SIGNED, stamp=STAMP + 1), BODY, STAMP),
        (headers(SIGNED, stamp=f"0{STAMP}"), BODY, STAMP),
        (headers(SIGNED), BODY, STAMP + 301),
        (headers(SIGNED), BODY, STAMP - 301),
        (headers(SIGNED.replace("v1,", "v1a,")), BODY, STAMP),
        (headers(SIGNED.replace("v1,", "V1,")), BODY, STAMP),
        (headers("v1," + base64.b64encode(b"\0" * 32).decode()), BODY, STAMP),
        (headers("v1,"), BODY, STAMP),
        (headers("v1"), BODY, STAMP),
        (headers("v1,\udcff"), BODY, STAMP),
        (headers(SIGNED.replace(" ", "\u00a0").replace("g0h", "g0H")), BODY, STAMP),
        (headers(SIGNED, stamp="now"), BODY, STAMP),
        (headers(SIGNED, stamp="-1"), BODY, STAMP),
        (headers(SIGNED, stamp="１６１４２６５３３０"), BODY, STAMP),
        (headers(SIGNED, stamp="9" * 400), BODY, STAMP),
        ({}, BODY, STAMP),
        (headers(""), BODY, STAMP),
        (headers(" ".join(["v1,x"] * 30 + [SIGNED])), BODY, STAMP),
    ],
)
def test_what_was_tampered_with_is_refused_with_the_one_error(wrong: dict[str, str], body: bytes, now: int) -> None:
    with pytest.raises(InvalidWebhook):
        verify(wrong, body, [SECRET, PUBLIC, f"sm3_{SECRET}"], now=now)


@given(
    st.binary(max_size=200),
    st.integers(0, 2**40),
    st.text(st.characters(codec="ascii", exclude_characters="."), min_size=1),
)
def test_any_message_verifies_and_one_changed_byte_does_not(body: bytes, stamp: int, message_id: str) -> None:
    for key, known in ((SECRET, SECRET), (PRIVATE, PUBLIC)):
        signature = sign(message_id, stamp, body, [key])
        assert verify(headers(signature, message_id, stamp), body, [known], now=stamp).timestamp == stamp
        with pytest.raises(InvalidWebhook):
            verify(headers(signature, message_id, stamp), body + b"\0", [known], now=stamp)


@pytest.mark.parametrize(
    "key", ["whsec_", "whsec_!!!", "whsec_" + base64.b64encode(b"x" * 23).decode(), "whpk_AAAA", "whsk_AA"]
)
def test_a_key_that_is_none_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        check_key(key)


def test_new_keys_are_keys() -> None:
    for key in (new_secret(), *new_key_pair(), f"sm3_{new_secret()}"):
        assert check_key(key) == key


@pytest.mark.parametrize("message_id", ["", "a.b"])
def test_an_id_that_would_be_ambiguous_is_not_signed(message_id: str) -> None:
    with pytest.raises(ValueError, match="full stop"):
        sign(message_id, STAMP, BODY, [SECRET])
