"""How many wrong query codes an address may give: counted in this process, forgotten with the window."""

import contextlib
import math
import time
from collections import deque

from shared.kit.errors import TooManyRequests

_MAX_ADDRESSES = 100_000


class Throttle:
    """At most `failures` wrong tries in `window` seconds for each address, and as many at once."""

    def __init__(self, failures: int, window: float) -> None:
        self._failures, self._window = failures, window
        self._seen: dict[str, deque[float]] = {}

    def begin(self, address: str) -> float:
        """Count a try; TooManyRequests, with when to come back, once there were too many. Give what it returns to `take_back`."""
        now = time.monotonic()
        seen = self._seen.get(address)
        while seen and seen[0] <= now - self._window:
            seen.popleft()
        if seen and len(seen) >= self._failures:
            wait = math.ceil(seen[0] + self._window - now)
            raise TooManyRequests("查询码错误次数过多，请稍后再试", retry_after_seconds=max(wait, 1))
        if seen is None:
            if len(self._seen) >= _MAX_ADDRESSES:
                # Full of addresses: the one that tried longest ago gives way, so that memory stays bounded.
                del self._seen[next(iter(self._seen))]
            seen = self._seen[address] = deque()
        seen.append(now)
        return now

    def take_back(self, address: str, tried: float) -> None:
        """The try was right after all."""
        seen = self._seen.get(address)
        if seen is None:
            return
        with contextlib.suppress(ValueError):
            seen.remove(tried)
        if not seen:
            del self._seen[address]
