"""Index numbers, themes and registration numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy_api.rules.index_number import check_index_number
from services.policy_api.rules.registration import check_registration_number
from services.policy_api.rules.themes import THEMES, check_theme, theme_levels


@pytest.mark.parametrize(
    "number", ["1137010000418859XL/2023-00797", "11370181MB2833372X/2024-4262969", "1137018100420588XX-A/2025-6667894"]
)
@pytest.mark.parametrize("accept_legacy", [True, False])
def test_index_numbers_of_the_city_and_its_districts_are_taken(number: str, accept_legacy: bool) -> None:
    assert check_index_number(number, accept_legacy=accept_legacy) == number


def test_index_number_is_normalised() -> None:
    raw = "１１３７０１００００４１８８５９xl ／ 2023—00797"
    assert check_index_number(raw, accept_legacy=False) == "1137010000418859XL/2023-00797"


@pytest.mark.parametrize("number", ["000014349/2018-00204", "000000001/2021-00151", "F0001-0201-2010-0001"])
def test_legacy_index_numbers_are_taken_only_when_asked(number: str) -> None:
    assert check_index_number(number, accept_legacy=True) == number
    with pytest.raises(ValueError, match="旧格式"):
        check_index_number(number, accept_legacy=False)


@pytest.mark.parametrize("accept_legacy", [True, False])
def test_a_wrong_check_character_is_refused_even_in_imports(accept_legacy: bool) -> None:
    with pytest.raises(ValueError, match="校验位"):
        check_index_number("1137010000418859XA/2023-00797", accept_legacy=accept_legacy)


@pytest.mark.parametrize(
    "number", ["", "索引号", "1137010000418859XL", "1137010000418859XL/23-00797", "A" * 61, "ABC/DEF"]
)
def test_what_is_no_index_number_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="索引号"):
        check_index_number(number, accept_legacy=True)


def test_library_has_22_classes() -> None:
    assert len(THEMES) == 22
    assert THEMES["其他"] == ()


@pytest.mark.parametrize("theme", [*THEMES, *(f"{first}\\{second}" for first in THEMES for second in THEMES[first])])
def test_every_class_is_taken_as_it_stands(theme: str) -> None:
    assert check_theme(theme) == theme
    first, second = theme_levels(theme)
    assert first in THEMES
    assert second is None or second in THEMES[first]


@pytest.mark.parametrize(
    ("raw", "theme"),
    [
        ("综合政务-文秘工作", "综合政务\\文秘工作"),
        ("综合政务＞政务公开", "综合政务\\政务公开"),
        ("综合政务 / 政务公开", "综合政务\\政务公开"),
        ("综合政务\\", "综合政务"),
        ("财政、金融、审计\\货币(含外汇)", "财政、金融、审计\\货币（含外汇）"),
        ("民政,扶贫,救灾\\社会福利", "民政、扶贫、救灾\\社会福利"),
    ],
)
def test_themes_are_taken_as_sites_print_them(raw: str, theme: str) -> None:
    assert check_theme(raw) == theme


@pytest.mark.parametrize(
    ("raw", "hint"),
    [
        ("政务综合", "综合政务"),
        ("综合政务\\政务", "“政务公开”"),
        ("综合政务\\政务公开\\要点", "两级"),
        ("其他\\其他", "不分二级"),
        ("", "空的"),
        ("qqqq", "22类"),
    ],
)
def test_an_unknown_theme_is_refused_with_a_hint(raw: str, hint: str) -> None:
    with pytest.raises(ValueError, match=hint):
        check_theme(raw)


@given(st.text(max_size=60))
def test_a_theme_is_known_or_refused(raw: str) -> None:
    try:
        theme = check_theme(raw)
    except ValueError:
        return
    assert check_theme(theme) == theme


@pytest.mark.parametrize(
    "raw", ["JNCR-2023-0020001", "JNCR—2023—0020001", "JNCR——2023——0020001", "jncr－２０２３－0020001 "]
)
def test_registration_number_is_normalised(raw: str) -> None:
    assert check_registration_number(raw) == "JNCR-2023-0020001"


@pytest.mark.parametrize("raw", ["", "JNXR-2023-0020001", "JNCR-2023-002001", "JNCR-1823-0020001", "JNCR20230020001"])
def test_what_is_no_registration_number_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match="JNCR"):
        check_registration_number(raw)
