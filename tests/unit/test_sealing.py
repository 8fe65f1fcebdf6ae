"""The key ring: what is sealed opens with its key, at its place, unchanged, and not otherwise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kit.errors import Unavailable
from shared.kit.sealing import Fingerprints, KeyRing, Sm4Gcm

OLD, NEW = "old:aes-256-gcm:" + "o" * 32, "new:sm4-gcm:" + "n" * 32
RINGS = {"aes": KeyRing.parse(OLD), "sm4": KeyRing.parse(NEW)}


@pytest.mark.parametrize("name", RINGS)
@given(plain=st.binary(max_size=300), place=st.text(max_size=40))
def test_what_is_sealed_opens(name: str, plain: bytes, place: str) -> None:
    sealed = RINGS[name].seal(plain, binding=place)
    assert RINGS[name].open(sealed, binding=place) == plain
    if len(plain) >= 4:
        assert plain not in sealed


def test_sm4_gcm_gives_what_rfc_8998_prints() -> None:
    key, nonce = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"), bytes.fromhex("00001234567800000000ABCD")
    plain = bytes.fromhex("AA" * 8 + "BB" * 8 + "CC" * 8 + "DD" * 8 + "EE" * 8 + "FF" * 8 + "EE" * 8 + "AA" * 8)
    added = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    sealed = Sm4Gcm(key).encrypt(nonce, plain, added)
    assert sealed[:16].hex().upper() == "17F399F08C67D5EE19D0DC9969C4BB7D"
    assert sealed[-16:].hex().upper() == "83DE3541E4C2B58177E065A9BF7B62EC"
    assert Sm4Gcm(key).decrypt(nonce, sealed, added) == plain


@given(st.data())
def test_a_changed_byte_does_not_open(data: st.DataObject) -> None:
    ring = RINGS[data.draw(st.sampled_from(sorted(RINGS)))]
    sealed = bytearray(ring.seal("张三".encode(), binding="name 1"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Unavailable):
        ring.open(bytes(sealed), binding="name 1")


@given(st.binary(max_size=60))
def test_what_is_no_seal_does_not_open(anything: bytes) -> None:
    with pytest.raises(Unavailable):
        RINGS["aes"].open(anything, binding="name 1")


def test_a_value_moved_elsewhere_does_not_open() -> None:
    sealed = RINGS["sm4"].seal(b"370102", binding="id_number 1")
    with pytest.raises(Unavailable):
        RINGS["sm4"].open(sealed, binding="id_number 2")


def test_rotation_seals_anew_what_the_old_key_sealed() -> None:
    sealed = RINGS["aes"].seal(b"secret words", binding="b")
    both = KeyRing.parse(f"{NEW} {OLD}")
    assert both.current == "new"
    assert not both.is_current(sealed)
    anew = both.reseal(sealed, binding="b")
    assert both.is_current(anew)
    assert both.reseal(anew, binding="b") == anew
    assert RINGS["sm4"].open(anew, binding="b") == b"secret words"
    with pytest.raises(Unavailable):
        RINGS["sm4"].open(sealed, binding="b")


@pytest.mark.parametrize(
    "setting",
    [
        "",
        "no-algorithm",
        "a:des:" + "x" * 32,
        "a:aes-256-gcm:short",
        ":aes-256-gcm:" + "x" * 32,
        f"{OLD} {OLD}",
    ],
)
def test_a_setting_that_cannot_be_is_refused_without_repeating_it(setting: str) -> None:
    with pytest.raises(ValueError, match="sealing key") as refusal:
        KeyRing.parse(setting)
    assert "xxxx" not in str(refusal.value)


def test_fingerprints_are_equal_for_equal_values_and_one_purpose() -> None:
    prints = Fingerprints("f" * 32)
    assert prints.of("a", purpose="applicant") == prints.of("a", purpose="applicant")
    assert prints.of("a", purpose="applicant") != prints.of("b", purpose="applicant")
    assert prints.of("a", purpose="applicant") != prints.of("a", purpose="content")
    assert prints.of("a", purpose="applicant") != Fingerprints("g" * 32).of("a", purpose="applicant")
    with pytest.raises(ValueError, match="32"):
        Fingerprints("short")
