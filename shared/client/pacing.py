"""When to try again, and when to wait before asking: `Retry-After` (RFC 9110), `RateLimit` (IETF draft), else backoff.

Knows answers' headers only; sends nothing.
"""

import asyncio
import random
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

TOO_MANY = 429
RETRIED = frozenset({TOO_MANY, 502, 503, 504})
"""Answers that say "not now"; every other one would be the same again."""
_REMAINING = re.compile(r"\br=(\d+)")
_RESET = re.compile(r"\bt=(\d+)")


@dataclass(frozen=True)
class Patience:
    """How often and how long a call is repeated before its caller hears of the failure."""

    tries: int = 6
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 60.0
    """A `Retry-After` beyond it is not waited for: the caller gets the problem, which carries it."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic

    def wait_seconds(self, failures: int, asked_seconds: float | None) -> float | None:
        """How long before the next try; None when there shall be none."""
        if failures >= self.tries:
            return None
        if asked_seconds is not None:
            return asked_seconds if asked_seconds <= self.longest_wait_seconds else None
        longest = min(self.longest_wait_seconds, self.first_wait_seconds * 2.0 ** min(failures - 1, 30))
        # Callers who failed together must not come back together.
        return longest * random.uniform(0.5, 1.0)  # noqa: S311  # nothing secret hangs on it


@dataclass
class Quotas:
    """What the answers said of the room that is left, by part of the suite."""

    patience: Patience
    _free_at: dict[str, float] = field(default_factory=dict)

    async def wait(self, part: str) -> None:
        """Until there is room again, as far as is known."""
        free_at = self._free_at.pop(part, None)
        if free_at is not None and (left := free_at - self.patience.clock()) > 0:
            await self.patience.sleep(left)

    def note(self, part: str, answer: httpx.Response) -> None:
        """Remember a quota that this answer says is used up: `RateLimit: "default";r=0;t=12`."""
        for policy in answer.headers.get("ratelimit", "").split(","):
            remaining, reset = _REMAINING.search(policy), _RESET.search(policy)
            if remaining and reset and int(remaining[1]) == 0:
                seconds = min(float(reset[1]), self.patience.longest_wait_seconds)
                free_at = self.patience.clock() + seconds
                self._free_at[part] = max(free_at, self._free_at.get(part, 0.0))


def retry_after_seconds(answer: httpx.Response) -> float | None:
    """`Retry-After` in seconds, from a number or a date; None when it is absent or unreadable."""
    said = answer.headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,9}", said):
        return float(said)
    try:
        at = parsedate_to_datetime(said)
    except (ValueError, TypeError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - datetime.now(UTC)).total_seconds())
