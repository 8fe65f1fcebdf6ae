"""Comparing texts: articles aligned across insertions, characters exact, effort bounded."""

import random
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.policy_api.rules.compare import apply_comparison, compare_texts, render_html
from services.policy_api.rules.text_units import split_articles, split_paragraphs
from shared.schemas.comparisons import ComparedUnit, Comparison, SpanKind, UnitBasis, UnitChange

OLD = """济南市示例管理办法
（2020年1月1日济南市人民政府令第900号公布）
第一章　总则
第一条　为了规范社区食堂管理，制定本办法。
第二条　本办法适用于本市行政区域内的社区食堂。
第三条　区县人民政府应当将社区食堂纳入年度计划。
　　街道办事处负责日常管理。
第四条　违反第二条规定的，责令改正。
第五条　本办法自2020年3月1日起施行。
"""
NEW = """济南市示例管理办法
（2020年1月1日济南市人民政府令第900号公布）
第一章　总则
第一条　为了规范社区食堂管理，保障老年人权益，制定本办法。
第二条　本办法所称社区食堂，是指面向居民的公益助餐场所。
第三条　本办法适用于本市行政区域内的社区食堂。
第四条　区县人民政府应当将社区食堂纳入年度计划。
　　街道办事处负责日常管理。
第五条　本办法自2025年3月1日起施行。
"""
PIECES = st.sampled_from(
    [
        *(
            "第一条　",
            "第二条 ",
            "第十二条",
            "第三章　总则\n",
            "附件：",
            "甲",
            "乙",
            "应当",
            "规定",
            "。",
            "\n",
            "\r\n",
            "\r",
        ),
        *("\n\n", " ", "　", "𠮷", "😀", "第二条规定的", "<b>&", "**第四条** ", "e\u0301"),
    ]
)
TEXTS = st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=60)


def side(comparison: Comparison, but: SpanKind) -> str:
    return "".join(span.text for unit in comparison.units for span in unit.spans if span.kind is not but)


def assert_exact(comparison: Comparison, old: str, new: str) -> None:
    assert apply_comparison(comparison, old) == new
    assert side(comparison, SpanKind.INSERT) == old
    assert sum(getattr(comparison, change.value) for change in UnitChange) == len(comparison.units)
    assert all(span.text for unit in comparison.units for span in unit.spans)


def changes(comparison: Comparison) -> list[tuple[str, str | None, str | None]]:
    return [
        (unit.change.value, unit.old_label, unit.new_label)
        for unit in comparison.units
        if unit.old_label or unit.new_label
    ]


def unit_of(comparison: Comparison, new_label: str) -> ComparedUnit:
    return next(unit for unit in comparison.units if unit.new_label == new_label)


def test_articles_are_followed_through_an_insertion() -> None:
    comparison = compare_texts(OLD, NEW)
    assert comparison.basis is UnitBasis.ARTICLES
    assert changes(comparison) == [
        ("equal", "第一章", "第一章"),
        ("changed", "第一条", "第一条"),
        ("added", None, "第二条"),
        ("renumbered", "第二条", "第三条"),
        ("renumbered", "第三条", "第四条"),
        ("removed", "第四条", None),
        ("changed", "第五条", "第五条"),
    ]
    assert_exact(comparison, OLD, NEW)


def test_characters_of_a_changed_article_are_marked() -> None:
    unit = unit_of(compare_texts(OLD, NEW), "第一条")
    assert [(span.kind.value, span.text) for span in unit.spans] == [
        ("equal", "第一条　为了规范社区食堂管理，"),
        ("insert", "保障老年人权益，"),
        ("equal", "制定本办法。\n"),
    ]


def test_a_number_changes_as_a_whole() -> None:
    old = "第十一条　甲乙丙丁。\n第十二条　应当公开。\n"
    new = "第十一条　戊己庚辛。\n第十二条　甲乙丙丁。\n第十三条　应当公开。\n"
    unit = unit_of(compare_texts(old, new), "第十三条")
    assert [(span.kind.value, span.text) for span in unit.spans] == [
        ("delete", "第十二条"),
        ("insert", "第十三条"),
        ("equal", "　应当公开。\n"),
    ]


def test_a_line_end_at_the_last_article_is_no_change() -> None:
    comparison = compare_texts("第一条　甲\n第二条　乙", "第一条　甲\n第二条　乙\n第三条　丙\n")
    assert [change for change, _, _ in changes(comparison)] == ["equal", "equal", "added"]


def test_texts_without_articles_are_compared_by_paragraphs() -> None:
    old = "各区县人民政府：\n　　一、加强组织领导。\n　　二、做好宣传。\n"
    new = "各区县人民政府：\n　　一、切实加强组织领导。\n　　二、明确分工。\n　　三、做好宣传。\n"
    comparison = compare_texts(old, new)
    assert comparison.basis is UnitBasis.PARAGRAPHS
    assert (comparison.equal, comparison.removed) == (1, 0)
    assert (comparison.changed, comparison.added) == (2, 1)
    assert_exact(comparison, old, new)


@pytest.mark.parametrize("text", ["", "\n", OLD, OLD.replace("\n", "\r\n"), "𠮷\ufeff"])
def test_equal_texts_have_no_changes(text: str) -> None:
    comparison = compare_texts(text, text)
    assert comparison.equal == len(comparison.units)
    assert_exact(comparison, text, text)


def test_from_nothing_everything_is_added() -> None:
    assert compare_texts("", "").units == []
    comparison = compare_texts("", OLD)
    assert comparison.added == len(comparison.units) == 8
    assert_exact(comparison, "", OLD)
    assert_exact(compare_texts(OLD, ""), OLD, "")


@given(TEXTS, TEXTS)
@settings(max_examples=300)
def test_old_text_and_comparison_give_the_new_text(old: str, new: str) -> None:
    comparison = compare_texts(old, new)
    assert_exact(comparison, old, new)
    assert compare_texts(old, new) == comparison
    assert Comparison.model_validate_json(comparison.model_dump_json()) == comparison


@given(st.lists(st.sampled_from(OLD.splitlines(keepends=True)), max_size=12).map("".join))
def test_shuffled_articles_are_compared_exactly(new: str) -> None:
    assert_exact(compare_texts(OLD, new), OLD, new)


@given(TEXTS)
def test_units_lose_no_character(text: str) -> None:
    assert "".join(unit.text for unit in split_articles(text)) == text
    assert "".join(unit.text for unit in split_paragraphs(text)) == text


def test_a_reference_at_the_start_of_a_line_is_no_article() -> None:
    units = split_articles("第一条　依照\n第五条规定的条件办理。\n第二条之一 甲\n**第三条** 乙\n附件：\n丙")
    assert [unit.label for unit in units] == ["第一条", "第二条之一", "第三条", ""]


def test_a_comparison_is_applied_to_its_own_text_only() -> None:
    with pytest.raises(ValueError, match="another text"):
        apply_comparison(compare_texts(OLD, NEW), OLD + "。")


def test_html_escapes_every_text() -> None:
    old, new = "<script>alert(1)</script>甲&乙", "<script>alert(2)</script>甲&乙"
    html = render_html(compare_texts(old, new))
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "<del>1</del><ins>2</ins>" in html
    assert not any(loaded in html for loaded in ("http", "url(", "@import", "src="))


@given(TEXTS, TEXTS)
def test_html_has_only_our_own_tags(old: str, new: str) -> None:
    tags = set(re.findall(r"</?([a-z]+)", render_html(compare_texts(old, new))))
    assert tags <= {"section", "style", "p", "div", "ins", "del"}


def _han(source: random.Random, length: int, kinds: int = 2_500) -> str:
    return "".join(chr(0x4E00 + source.randrange(kinds)) for _ in range(length))


def _law(source: random.Random, articles: int, length: int, kinds: int = 2_500) -> str:
    return "".join(f"第{number}条　{_han(source, length, kinds)}。\n" for number in range(1, articles + 1))


@pytest.mark.parametrize(
    ("articles", "length", "kinds"), [(250, 195, 2_500), (250, 195, 3), (1, 49_000, 2), (12_000, 1, 3), (40, 5_000, 2)]
)
def test_texts_with_nothing_in_common_are_compared_in_bounded_time(articles: int, length: int, kinds: int) -> None:
    source = random.Random(articles)
    old, new = _law(source, articles, length, kinds), _law(source, articles, length, kinds)
    begun = time.process_time()
    comparison = compare_texts(old, new)
    assert time.process_time() - begun < 5
    assert_exact(comparison, old, new)


def test_a_long_law_with_a_few_edits_shows_only_these() -> None:
    source = random.Random(7)
    old = _law(source, 250, 195)
    new = old.replace("第100条　", "第100条　市人民政府应当", 1).replace(old[-50:-40], "", 1)
    comparison = compare_texts(old, new)
    assert (comparison.equal, comparison.changed) == (248, 2)
    assert_exact(comparison, old, new)


def test_one_long_paragraph_is_compared_by_what_stays() -> None:
    source = random.Random(8)
    parts = [_han(source, 4_000) for _ in range(6)]
    old, new = "".join(parts), _han(source, 3) + "".join(parts[:3]) + "新增内容" + "".join(parts[3:])
    comparison = compare_texts(old, new)
    inserted = [span.text for unit in comparison.units for span in unit.spans if span.kind is SpanKind.INSERT]
    assert len(inserted) == 2
    assert inserted[1] == "新增内容"
    assert_exact(comparison, old, new)


def test_units_carry_the_addresses_of_both_texts() -> None:
    old = "第一章 总则\n第一条 甲乙丙丁。\n第二条 湖岸归全体市民使用。\n第三条 自发布之日起施行。"
    new = (
        "第一章 总则\n第一条 甲乙丙丁。\n第二条 湖岸免费开放。\n第三条 湖岸归全体市民使用。\n第四条 自发布之日起施行。"
    )
    units = compare_texts(old, new).units
    assert [(unit.old_address, unit.new_address) for unit in units] == [
        ("chap-1", "chap-1"),
        ("art-1", "art-1"),
        (None, "art-2"),
        ("art-2", "art-3"),
        ("art-3", "art-4"),
    ]
