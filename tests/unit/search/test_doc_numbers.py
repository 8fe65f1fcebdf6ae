"""Document numbers as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.search_sync.rules.doc_numbers import forms_of, key_of, keys_in, squeeze, with_phrases

CODES = st.text(alphabet="济政办发字函泉民教卫规令", min_size=2, max_size=8).filter(lambda code: "令" not in code)


@pytest.mark.parametrize(
    ("spelling", "key"),
    [
        ("济政办发〔2025〕2号", "济政办发2025-2"),
        ("济政办发[2025]2号", "济政办发2025-2"),
        ("济政办发（２０２５）２号", "济政办发2025-2"),
        ("济政办发【2025】 2 号", "济政办发2025-2"),
        ("济政办发﹝2025﹞2号", "济政办发2025-2"),
        ("济政办发20252号", "济政办发2025-2"),
        ("济政办发2025-2", "济政办发2025-2"),
        ("济政办发2025年第2号", "济政办发2025-2"),
        ("济政办发〔2025〕02号", "济政办发2025-2"),
        ("国办公开办函〔2021〕33号", "国办公开办函2021-33"),
        ("济南市人民政府令第287号", "济南市人民政府令-287"),
        ("济南市人民政府令第二百八十七号", "济南市人民政府令-287"),
        ("交通运输部令2023年第4号", "交通运输部令2023-4"),
        ("第三号公告", "第三号公告"),
    ],
)
def test_spelling_is_reduced_to_one_key(spelling: str, key: str) -> None:
    assert key_of(spelling) == key
    assert key in {one for group in keys_in(spelling + " ") for one in group} | {squeeze(spelling)}


@given(code=CODES, year=st.integers(1949, 2099), seq=st.integers(1, 99_999))
def test_every_spelling_of_a_number_names_the_same_document(code: str, year: int, seq: int) -> None:
    key = key_of(f"{code}〔{year}〕{seq}号")
    for form in (*forms_of(f"{code}〔{year}〕{seq}号"), f"{code} ( {year} ) 第{seq} 号", f"{code}{year}_{seq}"):
        assert key_of(form) == key
        assert any(key in group for group in keys_in(f"查询{form}"))


def test_words_before_the_code_leave_it_among_the_candidates_longest_first() -> None:
    (whole, group) = keys_in("关于济政办发〔2025〕2号的解读")
    assert whole == ["关于济政办发〔2025〕2号的解读"]
    assert group == ["关于济政办发2025-2", "于济政办发2025-2", "济政办发2025-2", "政办发2025-2", "办发2025-2"]


def test_two_numbers_are_two_groups() -> None:
    groups = keys_in("济政发〔2016〕4号和济政办发〔2022〕18号")
    assert [groups[1][0], any("济政办发2022-18" in group for group in groups)] == ["济政发2016-4", True]


@pytest.mark.parametrize(
    "text", ["2025年6月5日关于公开", "济南2025-06-05", "养老服务", "2025", "", "关于2025年10月工作"]
)
def test_dates_and_words_are_no_numbers(text: str) -> None:
    assert [group for group in keys_in(text) if group != [squeeze(text)]] == []
    assert with_phrases(text) == text


@given(st.text(max_size=200))
def test_any_text_is_read_without_failing(text: str) -> None:
    assert all(group for group in keys_in(text))
    assert isinstance(with_phrases(text), str)


def test_number_is_searched_as_a_phrase() -> None:
    assert with_phrases("济政办发[2025]2号 停车").split() == ["济政办发", '"2025', '2"', "停车"]
