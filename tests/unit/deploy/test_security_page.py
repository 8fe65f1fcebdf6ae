"""docs/security.md: every threat has its answer, and the modules and tests that it names are there."""

import re
from functools import cache

import pytest

from deploy.local.settings import REPOSITORY

PAGE = (REPOSITORY / "docs" / "security.md").read_text(encoding="utf-8")
ROWS = [
    line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| threat", "| **", "|--"))
]
TESTS = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)
PLACES = re.findall(r"`((?:shared|services|deploy)/[\w/.]+)`", PAGE)


@cache
def source(path: str) -> str:
    return (REPOSITORY / path).read_text(encoding="utf-8")


def test_every_threat_has_an_answer_and_a_test() -> None:
    assert len(ROWS) > 30
    for row in ROWS:
        threat, answer, shown = (cell.strip() for cell in row.strip("| ").split(" | "))
        assert threat
        assert answer, threat
        assert "tests/" in shown, threat


@pytest.mark.parametrize(("path", "name"), sorted(set(TESTS)))
def test_a_test_that_is_named_exists(path: str, name: str) -> None:
    assert (REPOSITORY / path).is_file()
    assert not name or re.search(rf"def {name}\(", source(path))


@pytest.mark.parametrize("place", sorted(set(PLACES)))
def test_a_module_that_is_named_exists(place: str) -> None:
    assert (REPOSITORY / place).exists()
