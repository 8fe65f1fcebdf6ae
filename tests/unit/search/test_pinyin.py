"""Titles as pinyin and initials."""

from hypothesis import given
from hypothesis import strategies as st

from services.search_sync.rules.pinyin import WINDOW, read_query, read_title


def found(query: str, title: str) -> bool:
    """Whether the engine, which finds words by their beginning, would find the title."""
    full, short = read_title(title)
    wanted = read_query(query)
    assert wanted is not None
    return any(piece.startswith(wanted) for piece in (*full, *short))


def test_title_is_found_from_any_of_its_words_on() -> None:
    title = "关于加快社区食堂建设的实施意见"
    for query in ("guanyujiakuai", "shequshitang", "she qu shi tang", "SHEQU", "sqst", "gyjk", "jianshede", "ssyj"):
        assert found(query, title), query
    for query in ("shitangshequ", "stsq", "xuexiao"):
        assert not found(query, title), query


def test_phrase_decides_the_reading_and_the_other_is_kept() -> None:
    for query in ("yinhang", "yinxing", "chongqing", "zhongqing", "yhzcq", "yxzcq"):
        assert found(query, "银行在重庆"), query


def test_u_with_dots_is_found_as_v_and_as_u() -> None:
    for query in ("lvse", "luse", "lüse"):
        assert found(query, "绿色出行办法"), query


def test_long_query_is_cut_like_the_pieces() -> None:
    title = "关于进一步加强城市生活垃圾分类管理工作的通知"
    assert found("chengshishenghuolajifenleiguanligongzuodetongzhi", title)
    assert all(len(piece) <= WINDOW for pieces in read_title(title) for piece in pieces)


def test_letters_and_digits_of_a_title_stand_for_themselves() -> None:
    assert found("5Gjizhan", "关于5G基站建设的意见")


def test_chinese_and_bare_numbers_are_not_read_as_pinyin() -> None:
    for query in ("社区", "shequ食堂", "2025", "2025-2", "", "  ", "a/b", "【】"):
        assert read_query(query) is None, query


@given(st.text(max_size=300))
def test_any_title_is_read(title: str) -> None:
    full, short = read_title(title)
    assert len(full) <= 300
    assert all(piece.isascii() and piece.isalnum() for piece in (*full, *short))
