"""Which text holds: beside a walk over every event in the order of recording."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.catalog_api.rules.timeline import Text, difference, in_force

DAY, MOMENT = date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)
SAID = st.lists(st.tuples(st.integers(0, 9), st.sampled_from([None, "甲", "乙", "丙"])), max_size=12)


def texts_of(said: list[tuple[int, str | None]]) -> list[Text]:
    """One an hour; a later one of the same day supersedes the earlier."""
    texts = []
    for number, (day, words) in enumerate(said):
        later = [place for place, (other, _) in enumerate(said) if place > number and other == day]
        superseded_at = MOMENT + timedelta(hours=later[0]) if later else None
        content = {"title": words} if words is not None else None
        texts.append(
            Text(number + 1, DAY + timedelta(days=day), content, MOMENT + timedelta(hours=number), superseded_at)
        )
    return texts


@given(SAID, st.integers(0, 10), st.integers(-1, 13))
def test_text_is_that_of_a_walk_over_everything_said(said: list[tuple[int, str | None]], day: int, hours: int) -> None:
    known: dict[int, str | None] = {}
    for number, (begins, words) in enumerate(said):
        if number <= hours:
            known[begins] = words
    days = sorted(begin for begin in known if begin <= day)
    expected = known[days[-1]] if days else None
    ahead = sorted(begin for begin in known if begin > day)
    moment = MOMENT + timedelta(hours=hours)
    text, until = in_force(texts_of(said), DAY + timedelta(days=day), moment)
    assert (text.content["title"] if text is not None and text.content else None) == expected
    assert until == (DAY + timedelta(days=ahead[0]) if ahead else None)


@given(SAID, st.integers(0, 10))
def test_now_is_the_latest_moment(said: list[tuple[int, str | None]], day: int) -> None:
    texts = texts_of(said)
    assert in_force(texts, DAY + timedelta(days=day)) == in_force(
        texts, DAY + timedelta(days=day), MOMENT + timedelta(hours=99)
    )


def test_difference_names_columns() -> None:
    before = {"title": "甲", "basis": [], "fields": {"收费标准": "1元", "对象": "企业"}}
    assert difference(before, before | {"fields": {"收费标准": "2元"}}) == ["收费标准", "对象"]
    assert difference(None, before) == []
