"""What the patrol looks for: every planted number is found, none is shown, look-alikes are left alone."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalog_api.rules.word_scan import Words, WordScan
from services.catalog_api.service.patrol import Lists, scan_text
from shared.kit.identifiers import find_identifiers, is_bank_card, is_identity_number, mask
from shared.schemas.patrol import FindingKind, Severity

NOBODY = Lists(WordScan([]), 1)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def identity_number(rng: random.Random) -> str:
    """A number nobody has: an area code that was never given."""
    body = f"370199{rng.randint(1930, 2015)}{rng.randint(1, 12):02d}{rng.randint(1, 28):02d}{rng.randint(0, 999):03d}"
    return body + "10X98765432"[sum(int(a) * b for a, b in zip(body, _WEIGHTS, strict=True)) % 11]


def bank_card(rng: random.Random) -> str:
    body = "62" + "".join(str(rng.randint(0, 9)) for _ in range(rng.choice((13, 16))))
    digits = [int(char) for char in reversed(body)]
    total = sum(digits[1::2]) + sum(d * 2 - 9 if d > 4 else d * 2 for d in digits[::2])
    return body + str(-total % 10)


def planted(rng: random.Random) -> tuple[FindingKind, str]:
    kind = rng.choice(list(FindingKind)[:4])
    made = {
        FindingKind.IDENTITY_NUMBER: lambda: identity_number(rng),
        FindingKind.BANK_CARD: lambda: bank_card(rng),
        FindingKind.MOBILE_PHONE: lambda: f"1{rng.choice('3456789')}{rng.randint(10**8, 10**9 - 1)}",
        FindingKind.ADDRESS: lambda: (
            f"芙蓉{rng.choice(('小区', '家园', '新村'))}{rng.randint(1, 30)}号楼{rng.randint(1, 4)}单元{rng.randint(101, 2902)}室"
        ),
    }
    return kind, made[kind]()


FILLING = (
    "，现将名单公示如下：",
    "\n申请人",
    "联系方式：",
    "（",
    "）；",
    " ",
    "户主张某，",
    "共计3人，金额12000元。\n",
)


def test_every_planted_number_is_found_and_none_is_shown() -> None:
    """1,000 texts with 1 to 6 numbers each, from a fixed seed."""
    rng = random.Random(20260506)
    for _ in range(1000):
        marks, text = [], "公示"
        for _ in range(rng.randint(1, 6)):
            kind, number = planted(rng)
            text += rng.choice(FILLING)
            marks.append((kind, len(text), number))
            text += number + rng.choice(FILLING)
        hits = [hit for hit, _ in scan_text(text, NOBODY)]
        # An address has no sharp beginning: words before it may be part of its name.
        assert [(hit.kind, hit.at + hit.length) for hit in hits] == [
            (kind, at + len(words)) for kind, at, words in marks
        ]
        for _, _, number in marks:
            assert not any(number in hit.excerpt for hit in hits)
            assert not any(number[6:14] in hit.excerpt for hit in hits)


@pytest.mark.parametrize("number", ["11010519491231002X", "11010519491231002x"])
def test_classic_sample_is_one(number: str) -> None:
    assert is_identity_number(number)


@pytest.mark.parametrize(
    "text",
    [
        "110105194912310021",  # check character
        "110105194913310020",  # month
        "990105194912310020",  # province
        "2110105194912310020X",  # within a longer number
        "索引号1137010000418859XL/2026-00001",  # a public body's code
        "https://www.quancheng.example/art/13812345678.html",
        "统一编号 6222021234567890124",  # Luhn
        "0531-66601234",  # an office's telephone
        "天府路1号区机关大院1号楼5016室",
        "解放路1号政务服务中心2号楼3楼301室",
        "2026年5月6日至2026年6月6日",
        "金额：1234567890123456元",
    ],
)
def test_look_alikes_are_left_alone(text: str) -> None:
    assert find_identifiers(text) == []


@given(st.from_regex(r"[1-9][0-9]{5}(18|19|20)[0-9]{9}[0-9X]", fullmatch=True))
def test_one_check_character_in_eleven_fits(number: str) -> None:
    fitting = [char for char in "0123456789X" if is_identity_number(number[:17] + char)]
    assert len(fitting) in (0, 1)


@given(st.from_regex(r"62[0-9]{13,16}", fullmatch=True))
def test_luhn_fits_one_last_digit(body: str) -> None:
    fitting = [digit for digit in "0123456789" if is_bank_card(body + digit)]
    assert len(fitting) == (1 if len(set(body)) >= 4 else len(fitting))


def test_masks() -> None:
    assert mask(FindingKind.IDENTITY_NUMBER, "11010519491231002X") == "110105********002X"
    assert mask(FindingKind.MOBILE_PHONE, "+86 138-1234-5678") == "138****5678"
    assert mask(FindingKind.BANK_CARD, "6222 0212 3456 7890") == "****7890"


WORD = st.text(st.sampled_from("甲乙丙ab"), min_size=1, max_size=4)


@given(st.lists(WORD, max_size=12), st.text(st.sampled_from("甲乙丙abAB 丁"), max_size=40))
def test_words_are_those_of_a_slow_search(words: list[str], text: str) -> None:
    """Beside a search that tries each word at each place."""
    scan = WordScan([Words("list", Severity.ERROR, tuple(words))])
    found = [(one.start, one.end) for one in scan.find(text.replace(" ", ""))]
    expected, place, plain = [], 0, text.replace(" ", "").lower()
    while place < len(plain):
        longest = max((len(word) for word in words if plain.startswith(word.lower(), place)), default=0)
        if longest:
            expected.append((place, place + longest))
        place += longest or 1
    assert found == expected


def test_blanks_do_not_hide_a_word() -> None:
    scan = WordScan([Words("secrecy", Severity.ERROR, ("绝密", "内部资料"))])
    assert [one.list for one in scan.find("绝　密\n内 部资料")] == ["secrecy", "secrecy"]
    assert list(scan.find("内部\n资料")) == []


def test_excerpt_of_a_word_masks_the_number_beside_it() -> None:
    lists = Lists(WordScan([Words("secrecy", Severity.ERROR, ("绝密",))]), 1)
    hits = scan_text("绝密 11010519491231002X", lists)
    assert [hit.kind for hit, _ in hits] == [FindingKind.WORD, FindingKind.IDENTITY_NUMBER]
    assert all("19491231" not in hit.excerpt for hit, _ in hits)
