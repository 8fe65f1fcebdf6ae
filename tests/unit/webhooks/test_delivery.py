"""Who is sent what, when a failed message is tried again, and how a day's books are compared."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.exchange_api.rules.delivery import (
    LONGEST_RETRY_AFTER,
    SCHEDULE,
    Place,
    digest_of,
    next_try,
    organization_of,
    wants,
)
from services.exchange_api.rules.event_types import EVENT_TYPES
from shared.schemas.organizations import credit_code_check_character
from shared.schemas.webhooks import SubscriptionInput

CITY, DISTRICT, BUREAU = (
    first + credit_code_check_character(first)
    for first in ("11370100004190001", "11370102004190001", "11370102004190003")
)
PATH = (CITY, DISTRICT, BUREAU)
NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)


def asks(**changes: Any) -> SubscriptionInput:
    body = {"name": "省平台", "organization": CITY, "url": "https://h.example/", "event_types": ["*"]} | changes
    return SubscriptionInput.model_validate(body)


@pytest.mark.parametrize(
    ("changes", "event_type", "wanted"),
    [
        ({}, "policy.released", True),
        ({"event_types": ["policy.*"]}, "policy.released", True),
        ({"event_types": ["policy.*"]}, "publication.released", False),
        ({"event_types": ["policy.released"]}, "policy.changed", False),
        ({"organizations": [DISTRICT]}, "policy.released", True),
        ({"organizations": [DISTRICT], "subtree": False}, "policy.released", False),
        ({"organizations": [BUREAU], "subtree": False}, "policy.released", True),
        ({"levels": ["district"]}, "policy.released", True),
        ({"levels": ["town", "city"]}, "policy.released", False),
    ],
)
def test_a_subscription_gets_what_it_asks_for(changes: dict[str, Any], event_type: str, wanted: bool) -> None:
    assert wants(asks(**changes), (CITY,), event_type, Place(PATH, "district")) is wanted


@pytest.mark.parametrize("event_type", [*(name for name, one in EVENT_TYPES.items() if one.restricted), "new.kind"])
def test_what_is_nobody_elses_business_stays_in_the_subtree(event_type: str) -> None:
    place = Place(PATH, "district")
    assert wants(asks(), (CITY, DISTRICT), event_type, place)
    assert not wants(asks(), (CITY, "another"), event_type, place)
    assert not wants(asks(), (CITY,), event_type, None)


def test_what_belongs_to_nobody_goes_to_who_asks_for_everybody() -> None:
    assert wants(asks(), (CITY,), "calendar.changed", None)
    assert not wants(asks(organizations=[DISTRICT]), (CITY,), "calendar.changed", None)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"organization": {"code": DISTRICT, "name": "区"}}, DISTRICT),
        ({"organization": DISTRICT}, DISTRICT),
        ({"issuer": {"code": DISTRICT}}, DISTRICT),
        ({"code": DISTRICT}, DISTRICT),
        ({"organization": "区政府"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_whose_an_event_is(data: dict[str, Any] | None, code: str | None) -> None:
    assert organization_of(data, subject=DISTRICT) == code


def test_the_schedule_is_the_standards() -> None:
    seconds = [wait.total_seconds() for wait in SCHEDULE]
    assert seconds == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]


@given(attempts=st.integers(1, 9), chance=st.floats(0, 1, exclude_max=True), asked=st.none() | st.integers(0, 10**6))
def test_a_try_comes_near_its_time_and_not_before_it_was_asked_for(
    attempts: int, chance: float, asked: int | None
) -> None:
    retry_after = timedelta(seconds=asked) if asked is not None else None
    again = next_try(attempts, NOW, retry_after=retry_after, chance=chance)
    assert again is not None
    waited = again - NOW
    least = min(retry_after, LONGEST_RETRY_AFTER) if retry_after is not None else timedelta()
    assert waited >= max(SCHEDULE[attempts - 1] * 0.9, least) - timedelta(microseconds=2)
    assert waited <= max(SCHEDULE[attempts - 1] * 1.1, least) + timedelta(microseconds=2)


def test_after_its_last_try_a_message_is_given_up() -> None:
    assert next_try(10, NOW, retry_after=None, chance=0.5) is None


@given(st.lists(st.tuples(st.text("abc-", min_size=1), st.integers(1, 9)), max_size=8))
def test_books_do_not_depend_on_the_order(lines: list[tuple[str, int]]) -> None:
    assert digest_of(lines) == digest_of(reversed(lines))
    text = "".join(sorted(f"{name} {version}\n" for name, version in lines))
    assert digest_of(lines) == (len(lines), hashlib.sha256(text.encode()).hexdigest())
