"""How many requests a client may make: a bucket a client for reads and one for writes, counted in this process.

A bucket holds a minute's quota and refills evenly. What is said of it follows draft-ietf-httpapi-ratelimit-headers-08:
`RateLimit-Policy: "writes";q=600;w=60` is the quota, `RateLimit: "writes";r=599;t=1` what is left of it.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from shared.kit.auth import Principal
from shared.kit.calls import Call
from shared.kit.errors import TooManyRequests
from shared.schemas.clients import QuotaInForce

WINDOW_SECONDS = 60
MAX_BUCKETS = 20_000
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
Kind = Literal["reads", "writes"]
READS: Kind = "reads"
WRITES: Kind = "writes"
_SECOND = 1_000_000_000
_WINDOW = WINDOW_SECONDS * _SECOND
_IN_WORDS = {READS: "读取", WRITES: "写入"}


@dataclass(frozen=True)
class Allowance:
    """Whether a request may be made, and what is left after it."""

    allowed: bool
    remaining: int
    reset_seconds: int
    """Until the whole quota is there again; until there is anything again when nothing is left."""


class Buckets:
    """Buckets by key. Whole numbers only: what was taken, times the window, drains by `limit` every nanosecond."""

    def __init__(self, *, at_most: int = MAX_BUCKETS) -> None:
        self._at_most = at_most
        self._taken: dict[tuple[str, str], tuple[int, int]] = {}

    def __len__(self) -> int:
        return len(self._taken)

    def take(self, key: tuple[str, str], limit: int, now: int) -> Allowance:
        """One request out of `limit` a minute. `now` in nanoseconds of a clock that never goes back."""
        taken, since = self._taken.pop(key, (0, now))
        taken = max(0, taken - (now - since) * limit)
        allowed = taken + _WINDOW <= limit * _WINDOW
        if allowed:
            taken += _WINDOW
        if len(self._taken) >= self._at_most:
            # Whoever was away longest begins anew; after a minute that makes no difference.
            del self._taken[next(iter(self._taken))]
        self._taken[key] = (taken, now)
        remaining = max(0, limit * _WINDOW - taken) // _WINDOW
        missing = taken if remaining else taken + _WINDOW - limit * _WINDOW
        return Allowance(allowed, remaining, max(1, -(-missing // (limit * _SECOND))))


class Quotas:
    """The quotas of one process. A limit of 0 is none."""

    def __init__(self, *, reads: int, writes: int, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._limits: dict[Kind, int] = {READS: reads, WRITES: writes}
        self._clock = clock
        self._buckets = Buckets()

    def limit_of(self, principal: Principal, kind: Kind) -> int:
        """Requests a minute: the client's own, else the service's; 0: as many as it likes."""
        own = principal.reads_per_minute if kind == READS else principal.writes_per_minute
        return self._limits[kind] if own is None else own

    def in_force(self, principal: Principal) -> list[QuotaInForce]:
        """What a client may be told."""
        return [
            QuotaInForce(name=kind, limit=self.limit_of(principal, kind) or None, window_seconds=WINDOW_SECONDS)
            for kind in (READS, WRITES)
        ]

    def admit(self, principal: Principal, method: str, call: Call) -> None:
        """Count a request and let the answer say so; TooManyRequests when the quota is used up."""
        kind = READS if method in SAFE_METHODS else WRITES
        if not (limit := self.limit_of(principal, kind)):
            return
        left = self._buckets.take((principal.client_id, kind), limit, self._clock())
        call.headers = [
            (b"ratelimit-policy", _policy(kind, limit)),
            (b"ratelimit", b'"%s";r=%d;t=%d' % (kind.encode(), left.remaining, left.reset_seconds)),
        ]
        if not left.allowed:
            call.over_quota = True
            raise TooManyRequests(
                f"本客户端的{_IN_WORDS[kind]}配额（每分钟{limit}次）已用完；请在{left.reset_seconds}秒后重试",
                retry_after_seconds=left.reset_seconds,
                limit=limit,
            )


@lru_cache(maxsize=1024)
def _policy(kind: Kind, limit: int) -> bytes:
    return b'"%s";q=%d;w=%d' % (kind.encode(), limit, WINDOW_SECONDS)
