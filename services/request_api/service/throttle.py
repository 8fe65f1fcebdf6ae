"""How many wrong query codes an address may give: counted in this process, forgotten with the window."""

import math
import time
from collections import deque

from shared.kit.errors import TooManyRequests

_MAX_ADDRESSES = 100_000


class Throttle:
    """At most `failures` in `window` seconds for each address."""

    def __init__(self, failures: int, window: float) -> None:
        self._failures, self._window = failures, window
        self._seen: dict[str, deque[float]] = {}

    def ensure_may_try(self, address: str) -> None:
        """TooManyRequests, with when to come back, once an address has failed too often."""
        seen = self._seen.get(address)
        if seen is None:
            return
        now = time.monotonic()
        while seen and seen[0] <= now - self._window:
            seen.popleft()
        if not seen:
            del self._seen[address]
        elif len(seen) >= self._failures:
            wait = math.ceil(seen[0] + self._window - now)
            raise TooManyRequests("查询码错误次数过多，请稍后再试", retry_after_seconds=max(wait, 1))

    def note_failure(self, address: str) -> None:
        if address not in self._seen and len(self._seen) >= _MAX_ADDRESSES:
            # Full of addresses: the one that failed longest ago gives way, so that memory stays bounded.
            del self._seen[next(iter(self._seen))]
        self._seen.setdefault(address, deque(maxlen=self._failures)).append(time.monotonic())
