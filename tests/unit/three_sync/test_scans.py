"""What the scan finds, what it lets be, and that it never shows what it found."""

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy_api.rules.scans import ScanKind, WordLists, is_id_number, passes_luhn, scan_text
from services.policy_api.rules.similarity import copied_share

# The sample of the standard; not a person.
SAMPLE_ID = "11010519491231002X"
SAMPLE_CARD = "4111111111111111"


def kinds(text: str) -> list[ScanKind]:
    return [hit.kind for hit in scan_text(text)]


@pytest.mark.parametrize(
    "text",
    [
        f"身份证号：{SAMPLE_ID}。",
        f"身份证{SAMPLE_ID.lower()}",
        "身份证１１０１０５１９４９１２３１００２Ｘ",
        f"<p>{SAMPLE_ID[:6]}<b>{SAMPLE_ID[6:]}</b></p>",
    ],
)
def test_citizens_numbers_are_found_in_any_spelling(text: str) -> None:
    assert kinds(text) == [ScanKind.ID_CARD]


@pytest.mark.parametrize(
    "text",
    [
        "110105194912310021",  # wrong check character
        "110105194913310020",  # month 13
        "11010519490229002X",  # 1949 had no February 29
        f"9{SAMPLE_ID}",  # part of a longer number
        "索引号 1137010000418859XL/2023-00797",
    ],
)
def test_what_is_no_citizens_number_is_no_hit(text: str) -> None:
    assert ScanKind.ID_CARD not in kinds(text)


@pytest.mark.parametrize("text", ["手机13800138000", "+86 138-0013-8000", "138 0013 8000", "138<i>0013</i>8000"])
def test_mobile_numbers_are_found(text: str) -> None:
    assert kinds(text) == [ScanKind.MOBILE]


@pytest.mark.parametrize(
    "text",
    [
        "联系电话：0531-66601234",
        "（0531）66601234转8001",
        "市民热线12345，监督电话12388",
        "400-000-1234",
        "济政办发〔2025〕2号，2025年6月5日",
        "投资113800138000元",
        "邮箱 zwgk@jinan.gov.cn",
    ],
)
def test_office_numbers_amounts_and_official_mailboxes_are_no_hits(text: str) -> None:
    assert kinds(text) == []


@pytest.mark.parametrize("text", [SAMPLE_CARD, "4111 1111 1111 1111", "卡号：4111-1111-1111-1111，"])
def test_bank_cards_are_found_by_their_check_digit(text: str) -> None:
    assert kinds(text) == [ScanKind.BANK_CARD]
    assert kinds(text.replace("4111", "4112", 1)) == []


def test_private_mailboxes_are_found() -> None:
    assert kinds("请寄 someone.invented@example.com") == [ScanKind.EMAIL]


@pytest.mark.parametrize("text", ["绝密★启用前", "机密★10年", "秘密 ★ 1年", "机 密☆"])
def test_secrecy_marks_are_found(text: str) -> None:
    assert kinds(text) == [ScanKind.SECRECY]


def test_the_words_alone_are_no_mark() -> None:
    assert kinds("依法保守国家秘密、商业秘密，机密文件的管理按规定执行") == []


@pytest.mark.parametrize("typo", ["中国入民", "烈土", "人民代表大人"])
def test_grave_typos_are_found(typo: str) -> None:
    assert kinds(f"……{typo}……") == [ScanKind.TYPO]


def test_a_city_adds_its_own_words() -> None:
    hits = scan_text("这是试验词。", WordLists(sensitive=("试验词",), typos=()))
    assert [(hit.kind, hit.start, hit.end) for hit in hits] == [(ScanKind.SENSITIVE, 2, 5)]


def test_excerpts_are_masked() -> None:
    hits = scan_text(f"{SAMPLE_ID}，13800138000，{SAMPLE_CARD}，someone.invented@example.com")
    assert [hit.excerpt for hit in hits] == ["110105********002X", "138****8000", "****1111", "s***@example.com"]


def test_places_are_those_of_the_original_text() -> None:
    text = "联系<b>人</b>：138<b>0013</b>8000。"
    (hit,) = scan_text(text)
    assert text[hit.start : hit.end] == "138<b>0013</b>8000"


@pytest.mark.parametrize("unit", ["<", "13800138000 ", "1 ", "a@", "绝 ", "<b>1"])
def test_hostile_texts_are_read_in_linear_time(unit: str) -> None:
    def seconds(length: int) -> float:
        text, best = (unit * length)[:length], float("inf")
        for _ in range(3):
            started = time.perf_counter()
            scan_text(text)
            best = min(best, time.perf_counter() - started)
        return best

    # Quadratic work would take 64 times as long for 8 times the text.
    assert seconds(160_000) < 30 * max(seconds(20_000), 0.002)


@given(st.integers(0, 10**15 - 1))
def test_luhn_accepts_exactly_one_last_digit(number: int) -> None:
    assert sum(passes_luhn(f"{number:015d}{last}") for last in range(10)) == 1


@given(st.dates(), st.integers(110000, 659999), st.integers(0, 999))
def test_exactly_one_check_character_makes_a_citizens_number(born: object, region: int, serial: int) -> None:
    stem = f"{region}{born:%Y%m%d}{serial:03d}" if born.year >= 1000 else None  # type: ignore[attr-defined]  # a date
    if stem is not None:
        assert sum(is_id_number(stem + last) for last in "0123456789X") == 1


@given(st.text("0123456789Xx -<>b/★秘密@.", max_size=80))
def test_any_text_is_scanned_without_error_and_hits_do_not_overlap(text: str) -> None:
    hits = scan_text(text)
    assert all(first.end <= second.start for first, second in itertools.pairwise(hits))


def test_copied_share_tells_an_abridgement_from_an_explanation() -> None:
    policy = "各区人民政府应当在每年三月底前公布上一年度政府信息公开工作年度报告，并接受社会监督。" * 3
    assert copied_share("应当在每年三月底前公布上一年度政府信息公开工作年度报告", policy) == 1.0
    assert copied_share("为什么要有期限？因为群众希望尽早看到去年的成绩单。", policy) < 0.1
    assert copied_share("<p>应当在每年<b>三月底</b>前公布上一年度</p>", policy) == 1.0
    assert copied_share("短", policy) == 0.0
