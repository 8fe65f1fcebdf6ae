"""Passages: every part of a text down to the paragraph, where it stands and what it says."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy_api.rules.outline import outline_rows, text_of
from services.policy_api.rules.passages import NoSuchPassage, find_passage, passages_of, path_of

LAW = """泉城市湖岸保护办法
第一章　总则
第一条　为了保护湖岸，制定本办法。
第二条　湖岸分为下列区域：
（一）保育区；
（二）游憩区，包括：
1.步道；
2.码头。
湖岸区域由市人民政府划定。
划定方案应当公示。
第二章　管理
第三条　禁止在保育区垂钓。
第三条之一　科研需要的除外。
"""


def said(address: str, text: str = LAW) -> str:
    passage = find_passage(text, address)
    return text[passage.start : passage.end]


def test_articles_paragraphs_and_items_have_their_own_text() -> None:
    assert said("art-1") == "第一条　为了保护湖岸，制定本办法。"
    assert said("art-2-p1").startswith("第二条　湖岸分为下列区域：")
    assert said("art-2-p1").endswith("2.码头。")
    assert said("art-2-p2") == "湖岸区域由市人民政府划定。"
    assert said("art-2-p3") == "划定方案应当公示。"
    assert said("art-2-1") == "（一）保育区；"
    assert said("art-2-2-1") == "1.步道；"
    assert said("art-3-bis-1") == "第三条之一　科研需要的除外。"
    assert said("chap-2").count("\n") == 2


def test_an_item_ends_where_the_next_paragraph_begins_at_the_latest_with_its_article() -> None:
    assert said("art-2").endswith("划定方案应当公示。")
    with pytest.raises(NoSuchPassage):
        said("art-1-p1")


def test_path_names_what_is_above() -> None:
    every = passages_of(LAW)
    path = path_of(every, find_passage(LAW, "art-2-p2"))
    assert [one.label for one in path] == ["第一章", "第二条", "第2款"]


def test_unknown_address_names_its_neighbours() -> None:
    with pytest.raises(NoSuchPassage) as missing:
        find_passage(LAW, "art-33")
    assert "art-3" in missing.value.near


LINE = st.one_of(
    st.from_regex(r"第[一二三四五六七八九十]{1,2}[章节条]　[甲乙丙丁，。]{0,12}", fullmatch=True),
    st.from_regex(r"（[一二三四五]）[甲乙丙。；]{0,8}", fullmatch=True),
    st.from_regex(r"[一二三]、[甲乙丙。]{0,8}", fullmatch=True),
    st.from_regex(r"[1-3]\.[甲乙丙。]{0,8}", fullmatch=True),
    st.text("甲乙丙丁。， \u3000", max_size=12),
    st.text(max_size=12),
)
STATUTE_LINE = st.one_of(
    st.from_regex(r"第[一二三四五六七八九十]{1,2}[章节条]　[甲乙丙丁，。]{1,12}", fullmatch=True),
    st.from_regex(r"（[一二三四五]）[甲乙丙。；]{1,8}", fullmatch=True),
    st.text("甲乙丙丁。，", min_size=1, max_size=12),
)
STATUTES = st.lists(STATUTE_LINE, max_size=30).map("\n".join)
"""Without 一、, which an article below it may turn from a point into a chapter."""
TEXTS = st.lists(LINE, max_size=30).map("\n".join)


@given(TEXTS)
def test_every_text_has_a_tree_whose_parts_lie_inside_each_other(text: str) -> None:
    every = passages_of(text)
    by_address = {passage.address: passage for passage in every}
    assert len(by_address) == len(every)
    for passage in every:
        assert 0 <= passage.start <= passage.end <= len(text)
        if passage.parent is not None:
            above = by_address[passage.parent]
            assert above.start <= passage.start
            assert passage.end <= above.end


@given(TEXTS)
def test_what_is_found_at_an_address_is_what_the_outline_says(text: str) -> None:
    for row in outline_rows(text):
        passage = find_passage(text, row["address"])
        assert text[passage.start : passage.end] == text_of(text, row["address"])


@given(TEXTS)
def test_paragraphs_of_an_article_are_the_whole_of_it(text: str) -> None:
    every = passages_of(text)
    for passage in every:
        parts = [one for one in every if one.parent == passage.address and one.kind == "paragraph"]
        if parts:
            whole = "".join("".join(text[one.start : one.end].split()) for one in parts)
            assert whole == "".join(text[passage.start : passage.end].split())


@given(STATUTES, st.integers(0, 3))
def test_an_article_added_at_the_end_moves_no_address(text: str, blanks: int) -> None:
    before = [(one.address, one.start) for one in passages_of(text)]
    after = passages_of(text + "\n" * (blanks + 1) + "第九十九条　附则。")
    assert [(one.address, one.start) for one in after][: len(before)] == before


@pytest.mark.parametrize(
    "hostile",
    [
        "第一条　甲。\n" * 20_000,
        "（一）" * 60_000,
        "（一）甲\n" * 30_000,
        "第一条　甲\n" + "乙\n" * 100_000,
        "一、\n（一）\n1.\n（1）\n" * 10_000,
        "第" * 100_000,
    ],
    ids=["articles", "one line", "items", "paragraphs", "levels", "numbers"],
)
def test_hostile_texts_take_little_time(hostile: str) -> None:
    started = time.perf_counter()
    passages_of(hostile)
    assert time.perf_counter() - started < 10


def test_list_of_attachments_is_no_part_of_the_last_article() -> None:
    text = "关于停放的通知\n各区：\n第一条 停放。\n第二条 施行。\n附件：1.点位表\n2.示意图\n"
    last = find_passage(text, "art-2")
    assert text[last.start : last.end] == "第二条 施行。"


def test_lines_before_the_first_heading_can_be_cited() -> None:
    text = "关于停放的通知\n\n各区：\n第一条 停放。\n"
    found = [find_passage(text, f"par-{number}") for number in (1, 2)]
    assert [text[one.start : one.end] for one in found] == ["关于停放的通知", "各区："]
    with pytest.raises(NoSuchPassage):
        find_passage(text, "par-3")
    plain = "停放有序。\n违者劝导。"
    second = find_passage(plain, "par-2")
    assert plain[second.start : second.end] == "违者劝导。"
