"""Cursors: what was sealed comes back, and nothing else is accepted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kit.errors import InvalidCursor
from shared.kit.paging import CursorCodec

CODEC = CursorCodec("a-key-for-cursors-in-unit-tests-0000")
POSITIONS = st.lists(st.one_of(st.integers(), st.text(max_size=20), st.none(), st.booleans()), max_size=4)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@given(st.text(max_size=30), POSITIONS)
def test_what_was_sealed_is_opened(kind: str, position: list[object]) -> None:
    assert CODEC.open(kind, CODEC.seal(kind, position)) == position


@given(POSITIONS, st.data())
def test_one_changed_character_is_refused(position: list[object], data: st.DataObject) -> None:
    cursor = CODEC.seal("list", position)
    place = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(st.sampled_from(ALPHABET + "=+/ 游").filter(lambda character: character != cursor[place]))
    with pytest.raises(InvalidCursor):
        CODEC.open("list", cursor[:place] + other + cursor[place + 1 :])


@given(POSITIONS, st.data())
def test_a_cut_or_lengthened_cursor_is_refused(position: list[object], data: st.DataObject) -> None:
    cursor = CODEC.seal("list", position)
    cut = cursor[: data.draw(st.integers(0, len(cursor) - 1))]
    for forged in (cut, cursor + data.draw(st.text(ALPHABET + "=", min_size=1, max_size=4))):
        with pytest.raises(InvalidCursor):
            CODEC.open("list", forged)


@given(st.text(max_size=10), st.text(max_size=10))
def test_a_cursor_of_another_list_is_refused(kind: str, other: str) -> None:
    if kind != other:
        with pytest.raises(InvalidCursor):
            CODEC.open(other, CODEC.seal(kind, [1]))


@given(st.text(max_size=60))
def test_an_invented_cursor_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursor):
        CODEC.open("list", text)


def test_another_installations_cursor_is_refused() -> None:
    with pytest.raises(InvalidCursor):
        CursorCodec("a-key-for-cursors-in-unit-tests-0001").open("list", CODEC.seal("list", [1]))
