"""`Retry-After` as servers write it, and how long is waited without it."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from shared.client.pacing import Patience, retry_after_seconds


def said(value: str) -> float | None:
    return retry_after_seconds(httpx.Response(503, headers={"Retry-After": value}))


@pytest.mark.parametrize(("value", "seconds"), [("0", 0.0), ("120", 120.0), (" 5 ", 5.0)])
def test_seconds(value: str, seconds: float) -> None:
    assert said(value) == seconds


@pytest.mark.parametrize("value", ["", "soon", "-1", "1.5", "9" * 400, "Mon, 99 Nov 2026 00:00:00 GMT"])
def test_unreadable_is_as_if_it_were_not_there(value: str) -> None:
    assert said(value) is None


def test_date_is_the_time_until_then() -> None:
    soon = said(format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True))
    assert soon is not None
    assert 80 < soon <= 90
    assert said("Sun, 06 Nov 1994 08:49:37 GMT") == 0.0
    assert said("Sun Nov  6 08:49:37 1994") == 0.0


def test_waits_double_up_to_the_longest_and_end_with_the_tries() -> None:
    patience = Patience(tries=5, first_wait_seconds=1.0, longest_wait_seconds=3.0)
    waits = [patience.wait_seconds(failures, None) for failures in range(1, 6)]
    assert waits.pop() is None
    for wait, longest in zip(waits, (1.0, 2.0, 3.0, 3.0), strict=True):
        assert wait is not None
        assert longest / 2 <= wait <= longest


def test_many_failures_do_not_overflow() -> None:
    assert Patience(tries=10_000, longest_wait_seconds=1.0).wait_seconds(9_000, None) is not None
