"""What is sealed opens for its own opinion and part only, under its own key only."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy_api.service.sealing import SUBMITTER, TEXT, OpinionSealer
from shared.kit.errors import Unavailable

SEALER = OpinionSealer("a-key-for-tests-only-of-32-letters")
IDS = st.uuids()


@given(text=st.text(max_size=500), opinion_id=IDS)
def test_what_is_sealed_opens_again(text: str, opinion_id: UUID) -> None:
    sealed = SEALER.seal(text.encode(), opinion_id=opinion_id, part=TEXT)
    assert SEALER.open(sealed, opinion_id=opinion_id, part=TEXT).decode() == text
    assert SEALER.seal(text.encode(), opinion_id=opinion_id, part=TEXT) != sealed


@given(place=st.integers(0, 10_000), opinion_id=IDS)
def test_one_changed_bit_is_noticed(place: int, opinion_id: UUID) -> None:
    sealed = bytearray(SEALER.seal("建议早餐增加杂粮粥。".encode(), opinion_id=opinion_id, part=TEXT))
    sealed[place % len(sealed)] ^= 1 << (place % 8)
    with pytest.raises(Unavailable):
        SEALER.open(bytes(sealed), opinion_id=opinion_id, part=TEXT)


def test_another_opinion_part_or_key_does_not_open_it() -> None:
    opinion_id = uuid4()
    sealed = SEALER.seal(b"x", opinion_id=opinion_id, part=TEXT)
    for sealer, identity, part in (
        (SEALER, uuid4(), TEXT),
        (SEALER, opinion_id, SUBMITTER),
        (OpinionSealer("another-key-of-thirty-two-letters"), opinion_id, TEXT),
    ):
        with pytest.raises(Unavailable):
            sealer.open(sealed, opinion_id=identity, part=part)


def test_cut_value_is_no_crash() -> None:
    for length in (0, 5, 12, 20):
        with pytest.raises(Unavailable):
            SEALER.open(b"x" * length, opinion_id=uuid4(), part=TEXT)
