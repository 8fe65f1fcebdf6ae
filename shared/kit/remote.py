"""Facts fetched from another service: kept for a while, refreshed when old, used stale when the owner is away.

Knows HTTP but not what it fetches.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import httpx

from shared.kit.errors import Unavailable

T = TypeVar("T")

MAX_REMEMBERED = 10_000
_RETRY_SECONDS = 1.0


class Remembered(Generic[T]):
    """What `load(key)` returned, per key. Concurrent callers of one key share one call."""

    def __init__(self, load: Callable[[str], Awaitable[T]], *, ttl_seconds: float) -> None:
        self._load = load
        self._ttl = ttl_seconds
        self._values: dict[str, tuple[float, T]] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._failed: dict[str, tuple[float, str]] = {}

    async def get(self, key: str, *, fresh: bool = False) -> T:
        """The value for a key, at most `ttl_seconds` old while the owner answers; `fresh` asks the owner now."""
        if not fresh and (kept := self._values.get(key)) and time.monotonic() - kept[0] < self._ttl:
            return kept[1]
        asked_at = time.monotonic()
        async with self._locks.setdefault(key, asyncio.Lock()):
            kept = self._values.get(key)
            if kept and (kept[0] >= asked_at or (not fresh and time.monotonic() - kept[0] < self._ttl)):
                return kept[1]
            failed_at, detail = self._failed.get(key, (float("-inf"), ""))
            # While the owner hangs, those who queued here share one refusal instead of waiting it out one by one,
            # and who can do with an old answer gets it at once.
            patience = _RETRY_SECONDS if kept else 0.0
            if failed_at < asked_at and time.monotonic() - failed_at >= patience:
                try:
                    return self._keep(key, await self._load(key))
                except Unavailable as error:
                    detail = error.detail
                    self._failed[key] = (time.monotonic(), detail)
            if kept is None:
                raise Unavailable(detail)
            return kept[1]

    def _keep(self, key: str, value: T) -> T:
        if max(len(self._values), len(self._failed)) >= MAX_REMEMBERED:
            self.forget()
            self._locks.clear()
        self._failed.pop(key, None)
        self._values[key] = (time.monotonic(), value)
        return value

    def forget(self) -> None:
        """Ask anew for every key."""
        self._values.clear()
        self._failed.clear()


@contextmanager
def readable(*, owner: str) -> Iterator[None]:
    """Turns the block's ValueError (an answer that is not what was asked for) into Unavailable in the owner's name."""
    try:
        yield
    except ValueError as error:
        raise Unavailable(f"{owner}的应答无法读取，请稍后重试") from error


async def fetch_json(client: httpx.AsyncClient, url: str, *, owner: str) -> httpx.Response:
    """GET; a 2xx or 404 answer is returned, anything else is Unavailable in the owner's name."""
    try:
        response = await client.get(url)
    except httpx.HTTPError as error:
        raise Unavailable(f"无法访问{owner}，请稍后重试") from error
    if response.status_code == 404 or response.is_success:
        return response
    raise Unavailable(f"{owner}暂时无法应答（{response.status_code}），请稍后重试")
