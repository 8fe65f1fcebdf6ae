"""Remedies (domain.md §1.8): the paragraph of each decision, and the government that reviews it."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from services.request_api.rules.remedies import (
    Remedy,
    check_remedies,
    find_reviewing_body,
    remedies_of,
    remedies_of_silence,
    review_until,
    suit_until,
    suit_until_after_review,
)
from services.request_api.service.notices.remedy_texts import load_remedy_texts
from shared.kit.workdays import load_seed_calendar
from shared.schemas.organizations import Level, Organization, OrganizationKind, credit_code_check_character
from shared.schemas.request_codes import DecisionCode

TEXTS, SEED = load_remedy_texts(), load_seed_calendar()
REFUSED = ["C1", "C2", "C3", "C4", "C5", "C6", "C7"]
OTHERS = [code.value for code in DecisionCode if code.value not in [*REFUSED, "B"]]
PROVINCE = "东山省人民政府"


def paragraph(code: str, **changes: Any) -> str:
    return remedies_of(DecisionCode(code), TEXTS, body="泉城市人民政府", **changes)


@pytest.mark.parametrize("code", REFUSED)
def test_a_refusal_under_articles_14_to_16_is_reviewed_first_by_the_government(code: str) -> None:
    """Mistake 7: one paragraph for all, and the superior department as reviewer."""
    text = paragraph(code)
    assert "应当自收到之日起60日内先向泉城市人民政府申请行政复议" in text
    assert "第二十三条第一款第（四）项" in text
    assert "15日内向有管辖权的人民法院提起行政诉讼" in text
    assert "6个月" not in text


@pytest.mark.parametrize("code", OTHERS)
def test_every_other_decision_may_be_reviewed_or_sued(code: str) -> None:
    text = paragraph(code)
    assert "可以自收到之日起60日内向泉城市人民政府申请行政复议" in text
    assert "也可以自收到之日起6个月内" in text
    assert "先向" not in text


def test_a_partial_disclosure_is_reviewed_first_for_what_is_withheld() -> None:
    text = paragraph("B")
    assert "对不予公开的部分不服，应当" in text
    assert "6个月" not in text
    apart = replace(TEXTS, variants={**TEXTS.variants, DecisionCode.B: Remedy.PARTIAL_APART})
    both = remedies_of(DecisionCode.B, apart, body="泉城市人民政府")
    assert "不予公开的部分不服，应当" in both.splitlines()[0]
    assert "6个月" in both.splitlines()[1]


def test_silence_is_reviewed_first() -> None:
    text = remedies_of_silence(TEXTS, body="泉城市人民政府", court="泉城铁路运输法院")
    assert "第二十三条第一款第（三）项" in text
    assert "向泉城铁路运输法院提起" in text


def test_court_and_document_are_named_and_braces_in_a_name_stay() -> None:
    text = paragraph("D2", court="泉城市{court}中级人民法院", document="告知书")
    assert "向泉城市{court}中级人民法院提起" in text
    assert "如对本告知书不服" in text


@pytest.mark.parametrize("code", ["C8", "D2", "E1", "E2", "E3"])
def test_what_courts_may_not_take_is_the_reviewers_to_set(code: str) -> None:
    silent = replace(TEXTS, variants={**TEXTS.variants, DecisionCode(code): Remedy.NONE})
    assert remedies_of(DecisionCode(code), silent, body="泉城市人民政府") == ""


@pytest.mark.parametrize("code", [*REFUSED, "B"])
def test_nobody_sets_away_that_a_refusal_is_reviewed_first(code: str) -> None:
    with pytest.raises(ValueError, match="复议前置"):
        replace(TEXTS, variants={**TEXTS.variants, DecisionCode(code): Remedy.EITHER})


def test_paragraphs_name_both_bodies_and_nothing_unknown() -> None:
    faults = check_remedies(TEXTS.variants, {**TEXTS.texts, Remedy.EITHER: "可以向{bodi}申请行政复议"})
    assert faults == ["either中有不认识的占位符{bodi}", "either缺少占位符{body}", "either缺少占位符{court}"]
    assert check_remedies({}, {})[0] == "决定A1没有规定救济告知"


def organ(name: str, kind: OrganizationKind, level: Level, code: str = "1137010000418859XL") -> Organization:
    return Organization(name=name, kind=kind, level=level, division_code="370100", code=code, path=[code], version=1)


K, L = OrganizationKind, Level
CITY = organ("泉城市人民政府", K.GOVERNMENT, L.CITY)
DISTRICT = organ("柳泉区人民政府", K.GOVERNMENT, L.DISTRICT)
CITY_BUREAU = organ("泉城市水务局", K.DEPARTMENT, L.CITY)
BUREAU = organ("柳泉区水务局", K.DEPARTMENT, L.DISTRICT)
ZONE = organ("泉城高新区管委会", K.ZONE, L.DISTRICT)
TOWN = organ("河埠镇人民政府", K.GOVERNMENT, L.TOWN)


@pytest.mark.parametrize(
    ("chain", "body"),
    [
        ([CITY], PROVINCE),
        ([CITY, CITY_BUREAU], "泉城市人民政府"),
        ([CITY, organ("市政府办公厅", K.OFFICE, L.CITY)], "泉城市人民政府"),
        ([CITY, DISTRICT], "泉城市人民政府"),
        ([CITY, DISTRICT, BUREAU], "柳泉区人民政府"),
        ([CITY, DISTRICT, TOWN], "柳泉区人民政府"),
        ([CITY, DISTRICT, BUREAU, organ("区河道管理所", K.INSTITUTION, L.DISTRICT)], "柳泉区人民政府"),
        ([CITY, ZONE], "泉城市人民政府"),
        ([CITY, ZONE, organ("高新区建设局", K.DEPARTMENT, L.DISTRICT)], "泉城市人民政府"),
        ([CITY, CITY_BUREAU, BUREAU], "泉城市人民政府"),
        ([organ(PROVINCE, K.GOVERNMENT, L.PROVINCE)], PROVINCE),
        ([CITY, organ("外省某厅", K.EXTERNAL, L.PROVINCE)], None),
        ([CITY_BUREAU], None),
    ],
)
def test_the_reviewing_body_is_the_government_above(chain: list[Organization], body: str | None) -> None:
    assert find_reviewing_body(chain, province=PROVINCE) == body


TAX = "11370102004190003"
TAX += credit_code_check_character(TAX)


def test_what_is_led_from_above_is_reviewed_above() -> None:
    tax = organ("柳泉区税务局", K.DEPARTMENT, L.DISTRICT, TAX)
    vertical = {TAX: "泉城市税务局"}
    assert find_reviewing_body([CITY, DISTRICT, tax], province=PROVINCE, vertical=vertical) == "泉城市税务局"


@pytest.mark.parametrize(
    ("received", "review", "after_review", "suit"),
    [
        ("2025-03-05", "2025-05-06", "2025-03-20", "2025-09-05"),
        ("2025-08-31", "2025-10-30", "2025-09-15", "2026-02-28"),
        ("2025-08-07", "2025-10-09", "2025-08-22", "2026-02-09"),
    ],
)
def test_DL_03_P_11_last_days_of_rest_move_to_the_next_working_day(
    received: str, review: str, after_review: str, suit: str
) -> None:
    day = date.fromisoformat(received)
    found = (review_until(day, SEED).on, suit_until_after_review(day, SEED).on, suit_until(day, SEED).on)
    assert [one.isoformat() for one in found] == [review, after_review, suit]
