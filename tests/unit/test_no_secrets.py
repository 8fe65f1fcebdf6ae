"""No tracked file holds a secret, and what is installed is pinned by hash without naming where it comes from."""

import math
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.settings import REPOSITORY

PATTERNS = {
    "a private key": re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/=\s]{40,}"),
    "a secret of a client": re.compile(r"\bmqs_[A-Za-z0-9_-]{30,}"),
    "a secret of a webhook": re.compile(r"\bwhs(?:ec|k)_[A-Za-z0-9+/]{30,}={0,2}"),
    "a token": re.compile(r"\beyJ[A-Za-z0-9_-]{20,}\.eyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}"),
    "a key of a cloud": re.compile(r"\b(?:AKIA|LTAI|AKID)[A-Za-z0-9]{12,}\b"),
    "a password in an address": re.compile(r"\b[a-z]+://[A-Za-z0-9_]+:(?P<value>[A-Za-z0-9_+/-]{12,})@"),
    "a password": re.compile(
        r"(?i)\b(?:password|passwd|secret|api_?key|access_?key)\b[\"']?\s*[:=]\s*[\"'](?P<value>[A-Za-z0-9+/_=-]{20,})[\"']"
    ),
}
PUBLISHED = {
    # The vector that the specification of Standard Webhooks prints, and the example of docs/client.md.
    *("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_bWluZ3F1YW4tZG9jdW1lbnRhdGlvbi1zZWNyZXQtMDE="),
}
ENOUGH_BITS = 3.5
"""Of each character of what is random; words and what repeats have less."""
LOCKS = ("requirements.lock", "deploy/requirements.lock")


def tracked() -> Iterator[Path]:
    """What git knows, or, in an unpacked archive, what would be known."""
    done = subprocess.run(["git", "-C", str(REPOSITORY), "ls-files", "-z"], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("no git here")
    yield from (REPOSITORY / name for name in done.stdout.decode().split("\0") if name)


def bits(value: str) -> float:
    """Entropy of a character, by how often each occurs."""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())


def secrets_in(text: str) -> list[str]:
    """What looks like one: its kind, never itself."""
    found = []
    for kind, pattern in PATTERNS.items():
        for match in pattern.finditer(text):
            value = match.groupdict().get("value", match[0])
            if value not in PUBLISHED and bits(value) >= ENOUGH_BITS and not re.search(r"(?i)test|example|only", value):
                found.append(kind)
    return found


def test_no_tracked_file_holds_a_secret() -> None:
    found = {}
    for path in tracked():
        if path.is_file() and path.stat().st_size < 5_000_000:
            kinds = secrets_in(path.read_bytes().decode("utf-8", "ignore"))
            if kinds:
                found[str(path.relative_to(REPOSITORY))] = kinds
    assert found == {}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("mqs_" + "azuSTqH-DIFVec6myI1GXKqlgNmf_uzhqyaF", "a secret of a client"),
        ("key = 'whsec_" + "xg4xCgizgCDwEad79DB1bmSkQEeMN8twIQezvPjLI='", "a secret of a webhook"),
        ("-----BEGIN PRIVATE " + "KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ7Jk2mW1xQpVd0b8sZc3yT5uRf6hL9a\n", "a private key"),
        ("postgresql://owner:" + "q8Zk2mW1xQpVd0b8@db/x", "a password in an address"),
        ('{"password"' + ': "q8Zk2mW1xQpVd0b8sZc3yT5u"}', "a password"),
        ("AKIA" + "Q8ZK2MW1XQPVD0B8", "a key of a cloud"),
    ],
)
def test_a_secret_would_be_found(text: str, kind: str) -> None:
    assert kind in secrets_in(text)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_of_the_locks_has_its_hashes_and_no_host(lock: str) -> None:
    text = (REPOSITORY / lock).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*(?:-i|--index|--extra-index|--find-links|--trusted-host)", text, re.MULTILINE)
    pins = re.split(r"\n(?=[a-zA-Z0-9])", re.sub(r"(?m)^\s*#.*\n", "", text).strip())
    assert len(pins) > 30
    for pin in pins:
        assert re.match(r"[a-zA-Z0-9._-]+(?:\[[^\]]+\])?==[^\s;]+", pin), pin[:80]
        assert "--hash=sha256:" in pin, pin[:80]
