"""Document numbers: the valid and invalid ones of the grammar, spellings met on real pages, mentions in texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy_api.rules.doc_number import (
    DocNumber,
    OrderNumber,
    doc_number_variants,
    find_doc_numbers,
    is_canonical,
    parse_doc_number,
    written_alike,
)

HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=2, max_size=12)
NUMBERS = st.builds(DocNumber, HAN, st.integers(1900, 2099), st.integers(1, 999_999))
CITED = st.builds(
    DocNumber,
    st.sampled_from(["济政", "济政办", "章政办", "鲁政办", "国办", "济高管", "济民", "国发改能源", "和政办"]).flatmap(
        lambda organ: st.sampled_from("发字函").map(lambda ending: organ + ending)
    ),
    st.integers(1949, 2099),
    st.integers(1, 9_999),
)
CANONICAL = [
    "济政办发〔2025〕2号",
    "济政发〔2016〕4号",
    "济政办发〔2022〕18号",
    "济高管发〔2021〕3号",
    "章政办发〔2025〕2号",
    "鲁政办字〔2021〕115号",
    "鲁政字〔2022〕225号",
    "国办公开办函〔2021〕33号",
    "国发〔2026〕14号",
    "国办发明电〔2018〕15号",
    "穗府办规〔2024〕13号",
    "济南市人民政府令第287号",
    "国务院令第711号",
    "主席令第83号",
]


@pytest.mark.parametrize("number", CANONICAL)
def test_canonical_numbers_stay_as_they_are(number: str) -> None:
    assert parse_doc_number(number).text == number
    assert is_canonical(number)


@pytest.mark.parametrize(
    ("raw", "canonical"),
    [
        ("济政办发[2025]2号", "济政办发〔2025〕2号"),
        ("济政办发(2025)2号", "济政办发〔2025〕2号"),
        ("济政办发（2025）2号", "济政办发〔2025〕2号"),
        ("济政办发【2025】2号", "济政办发〔2025〕2号"),
        ("济政办发﹝2025﹞2号", "济政办发〔2025〕2号"),
        ("济政办发［２０２５］２号", "济政办发〔2025〕2号"),
        ("济高管发〔2021〕3 号", "济高管发〔2021〕3号"),
        ("\ufeff国办公开办函 〔2021〕\u300030号\u200b", "国办公开办函〔2021〕30号"),
        ("济南市人民政府令 第287号", "济南市人民政府令第287号"),
        ("主席令第八十三号", "主席令第83号"),
        ("交通运输部令2023年第4号", "交通运输部令2023年第4号"),
        ("中国人民银行令〔2021〕第3号", "中国人民银行令2021年第3号"),
        ("国家税务总局公告2023年第5号", "国家税务总局公告2023年第5号"),
    ],
)
def test_other_spellings_are_normalised(raw: str, canonical: str) -> None:
    assert parse_doc_number(raw).text == canonical
    assert is_canonical(raw) is (raw == canonical)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("济政办发〔25〕2号", "四位"),
        ("济政办发〔2025〕02号", "不编虚位"),
        ("济政办发〔2025〕第2号", "不加“第”"),
        ("济政办发〔2025〕2", "“号”"),
        ("济政办发〔2025〕二号", "数字"),
        ("济政办发〔2025〕1234567号", "1至6位"),
        ("JNZF〔2025〕2号", "汉字"),
        ("发〔2025〕2号", "汉字"),
        ("〔2025〕2号", "汉字"),
        ("济政办发2025 2号", "六角括号"),
        ("济政办发〔٢٠٢٥〕2号", "四位"),
        ("令第3号", "六角括号"),
        ("济南市人民政府令第〇号", "六角括号"),
        ("", "空的"),
        (" \u3000", "空的"),
        ("（政务问答）", "汉字"),
    ],
)
def test_what_is_no_number_is_refused_with_its_reason(raw: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_doc_number(raw)
    assert not is_canonical(raw)


def test_parts_of_a_number_are_read() -> None:
    assert parse_doc_number("济政办发[2025]2号") == DocNumber("济政办发", 2025, 2)
    assert parse_doc_number("国务院令第711号") == OrderNumber("国务院", 711)


@given(NUMBERS)
def test_every_bracketed_variant_leads_back_to_the_number(number: DocNumber) -> None:
    variants = doc_number_variants(number.text)
    assert variants[0] == number.text
    assert len(set(variants)) == len(variants)
    for variant in variants[:6]:
        assert parse_doc_number(variant) == number


def test_variants_hold_what_people_type() -> None:
    variants = doc_number_variants("济政办发【2025】2号")
    assert {"济政办发[2025]2号", "济政办发(2025)2号", "济政办发（2025）2号", "济政办发20252号"} <= set(variants)
    assert {"国务院令第七百一十一号", "中华人民共和国国务院令第711号", "国令第711号"} <= set(
        doc_number_variants("国务院令第711号")
    )
    assert "济南市政府令第287号" in doc_number_variants("济南市人民政府令第287号")
    assert doc_number_variants(" 社区食堂 ") == ["社区食堂"]
    assert doc_number_variants("  ") == []


def test_numbers_are_found_in_running_text_without_the_words_around_them() -> None:
    text = (
        "根据《济南市人民政府办公厅关于印发工作要点的通知》（济政办发〔2025〕2号），依据国办发〔2016〕80号文件，按照"
        "鲁政办字[2021]115号和济高管发 〔2021〕3 号，2024年1月5日济南市人民政府令第287号公布，3月5日日照市人民政府令第3号，"
        "见附件（2025）1号；再次提到济政办发（2025）２号。中华人民共和国国务院令第711号和自然资源部令第5号"
    )
    assert find_doc_numbers(text) == [
        "济政办发〔2025〕2号",
        "国办发〔2016〕80号",
        "鲁政办字〔2021〕115号",
        "济高管发〔2021〕3号",
        "济南市人民政府令第287号",
        "日照市人民政府令第3号",
        "中华人民共和国国务院令第711号",
        "自然资源部令第5号",
    ]


@given(st.text(max_size=200))
def test_any_text_may_be_searched_for_numbers(text: str) -> None:
    assert all(is_canonical(number) for number in find_doc_numbers(text))


@given(CITED, st.sampled_from(["《", "（", "\n", "：", "，"]))
def test_a_number_after_a_mark_is_found(number: DocNumber, mark: str) -> None:
    found = find_doc_numbers(f"工作{mark}{number.text}）印发")
    assert found == [number.text]


@pytest.mark.parametrize(
    "typed", ["济政办发[2025]2", "济政办发（２０２５） 2", "济政办发【2025】2", "济政办发〔2025〕2"]
)
def test_part_of_a_number_is_looked_for_in_canonical_brackets(typed: str) -> None:
    assert written_alike(typed) == "济政办发〔2025〕2"
