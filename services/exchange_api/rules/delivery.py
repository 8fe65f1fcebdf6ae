"""Who is sent an event, when a failed one is tried again, and how the books of a day are compared. Pure."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from services.exchange_api.rules.event_types import EVENT_TYPES, UNKNOWN
from shared.schemas.webhooks import SubscriptionInput

SCHEDULE = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
"""After each failed try, the first one being at once (Standard Webhooks 1.0)."""
LONGEST_RETRY_AFTER = timedelta(days=1)
JITTER = 0.1


@dataclass(frozen=True)
class Place:
    """Whose an event is: the codes from the root to its organisation, and the organisation's level."""

    path: Sequence[str]
    level: str | None


def wants(subscription: SubscriptionInput, owner_path: Sequence[str], event_type: str, place: Place | None) -> bool:
    """Whether an event goes to a subscription. `place` is None for what belongs to no organisation, or to one unknown."""
    if not any(_fits(pattern, event_type) for pattern in subscription.event_types):
        return False
    if EVENT_TYPES.get(event_type, UNKNOWN).restricted and not _is_below(owner_path, place):
        return False
    if subscription.levels and (place is None or place.level not in subscription.levels):
        return False
    if not subscription.organizations:
        return True
    if place is None or not place.path:
        return False
    among = set(place.path) if subscription.subtree else {place.path[-1]}
    return not among.isdisjoint(subscription.organizations)


def _fits(pattern: str, event_type: str) -> bool:
    kind, _, name = pattern.partition(".")
    return pattern in ("*", event_type) or (name == "*" and event_type.startswith(f"{kind}."))


def _is_below(owner_path: Sequence[str], place: Place | None) -> bool:
    return place is not None and bool(owner_path) and owner_path[-1] in place.path


def organization_of(data: Mapping[str, Any] | None, *, subject: str) -> str | None:
    """The credit code that a representation names as its organisation; None when it names none."""
    if data is None:
        return None
    for name in ("organization", "issuer", "publisher"):
        value = data.get(name)
        if isinstance(value, Mapping):
            value = value.get("code")
        if isinstance(value, str) and len(value) == 18:
            return value
    return subject if data.get("code") == subject else None


def next_try(attempts: int, now: datetime, *, retry_after: timedelta | None, chance: float) -> datetime | None:
    """When a message is tried again after its `attempts`-th failure; None when it is given up.

    `chance` in [0, 1) spreads the tries of many. An endpoint that says when it wants to be asked again is not asked before.
    """
    if attempts > len(SCHEDULE):
        return None
    wait = SCHEDULE[attempts - 1] * (1 + JITTER * (2 * chance - 1))
    if retry_after is not None:
        wait = max(wait, min(retry_after, LONGEST_RETRY_AFTER))
    return now + wait


def digest_of(lines: Iterable[tuple[str, int]]) -> tuple[int, str]:
    """How many, and SHA-256 over the sorted lines `id version`."""
    sorted_lines = sorted(f"{message} {version}\n".encode() for message, version in lines)
    return len(sorted_lines), hashlib.sha256(b"".join(sorted_lines)).hexdigest()


def chain(previous: bytes, content: str) -> bytes:
    """The hash of a try that comes after another."""
    return hashlib.sha256(previous + content.encode()).digest()
