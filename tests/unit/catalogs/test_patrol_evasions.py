"""Spellings that a patrol must not miss, words that must not break it, and neighbours that must stay masked."""

import httpx
import pytest

from services.catalog_api.rules.word_scan import Words, WordScan
from services.catalog_api.service.links import check_links
from services.catalog_api.service.patrol import Lists, scan_text
from shared.kit.identifiers import find_identifiers
from shared.schemas.patrol import FindingKind, Severity

NUMBER = "11010519491231002X"


def lists(*words: str) -> Lists:
    return Lists(WordScan([Words("secrecy", Severity.ERROR, words)] if words else []), 1)


@pytest.mark.parametrize(
    "written",
    [
        NUMBER,
        NUMBER.lower(),
        "１１０１０５１９４９１２３１００２Ｘ",
        "110105 19491231 002X",
        "110105-1949-1231-002X",
        "110105\u00a019491231002x",
    ],
)
def test_an_identity_number_is_found_however_it_is_written(written: str) -> None:
    (found,) = find_identifiers(f"某人（{written}）")
    assert found.kind is FindingKind.IDENTITY_NUMBER
    ((hit, _),) = scan_text(f"某人（{written}）", lists())
    assert "19491231" not in hit.excerpt
    assert "４９１２３１" not in hit.excerpt


@pytest.mark.parametrize("text", ["teſt", "kıll", "kİll", "K", "TEST", "te st"])
def test_letters_of_other_alphabets_break_nothing(text: str) -> None:
    found = list(WordScan([Words("w", Severity.ERROR, ("test", "kill"))]).find(text))
    assert bool(found) == (text in ("TEST", "te st"))


def test_a_neighbouring_number_is_masked_even_when_it_is_not_told_of() -> None:
    phones = "，".join(f"138{number:08d}" for number in range(1200))
    hits = scan_text(f"{phones}，机密{NUMBER}", lists("机密"))
    (word,) = [hit for hit, _ in hits if hit.kind is FindingKind.WORD]
    assert "194912" not in word.excerpt
    assert FindingKind.IDENTITY_NUMBER in {hit.kind for hit, _ in hits}, "the gravest are told first"


async def test_an_address_that_cannot_be_is_a_dead_one() -> None:
    rows = [{"url": "http://localhost:99999/"}, {"url": "http://localhost:[/"}, {"url": "http://elsewhere.example/"}]
    async with httpx.AsyncClient() as client:
        faults = [fault for _, fault in await check_links(client, rows, hosts=frozenset({"localhost"}))]
    assert [bool(fault) for fault in faults] == [True, True, False]
