"""Every call to Meilisearch, through its official client in threads. No decisions, no knowledge of documents.

    EngineAway      not reachable, too slow, overloaded, or refusing us: the same call may succeed later
    EngineRefused   it understood and will not: the same call will fail again

Every call has a timeout; those that may be repeated are. Keeps to what older and newer servers have in common with 1.21.
"""

import asyncio
import random
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import meilisearch
import requests
from meilisearch.errors import MeilisearchApiError, MeilisearchError, MeilisearchTimeoutError

from shared.kit.errors import Unavailable

T = TypeVar("T")
PRIMARY_KEY = "id"
_TRIES = 3
_THREADS = 8
_POLL_SECONDS = 0.01
_LONGEST_POLL_SECONDS = 0.25
_DETAIL = "搜索引擎暂时无法应答，请稍后重试"


class EngineAway(Unavailable):
    """The engine cannot be used now."""

    def __init__(self, reason: str) -> None:
        super().__init__(_DETAIL)
        self.reason = reason

    def __str__(self) -> str:
        return f"engine away: {self.reason}"


class EngineRefused(Exception):
    """The engine says that what it was given is wrong."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.reason = f"{code}: {message}"


@dataclass(frozen=True)
class Found:
    """What one query brought."""

    hits: list[dict[str, Any]]
    total: int
    facets: dict[str, dict[str, int]]


class Engine:
    """One Meilisearch. Safe to share between tasks; `close` after use."""

    def __init__(self, url: str, key: str, *, timeout_seconds: int) -> None:
        self._url = url.rstrip("/")
        self._key = key or None
        self._timeout = timeout_seconds
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="meilisearch")
        self._own = threading.local()
        self.doubts = 0
        """How many writes timed out: each may still arrive, late, on top of a newer one. Only `verify` can tell."""

    def close(self) -> None:
        """Waits for calls under way."""
        self._threads.shutdown()

    async def add(self, uid: str, lines: Sequence[bytes]) -> int:
        """Enqueue documents (a JSON line each); returns the task."""
        body = b"\n".join(lines)
        task = await self._write(lambda client: client.index(uid).add_documents_ndjson(body, PRIMARY_KEY))
        return int(task.task_uid)

    async def delete(self, uid: str, condition: str) -> int:
        """Enqueue the deletion of what a condition holds for; returns the task. That nothing is there is no error."""
        task = await self._write(lambda client: client.index(uid).delete_documents(filter=condition))
        return int(task.task_uid)

    async def create(self, uid: str, settings: dict[str, Any] | None) -> str:
        """A new, empty index with these settings before its first document; returns its identity."""
        created = await self._call(lambda client: client.create_index(uid, {"primaryKey": PRIMARY_KEY}))
        await self.wait(created.task_uid, tolerate=("index_already_exists",))
        if settings is not None:
            await self.change_settings(uid, settings)
        identity = await self.identity(uid)
        if identity is None:
            raise EngineAway("index vanished after its creation")
        return identity

    async def change_settings(self, uid: str, settings: dict[str, Any]) -> None:
        """Change some settings of an index in use; it is searched as before meanwhile."""
        changed = await self._call(lambda client: client.index(uid).update_settings(settings))
        await self.wait(changed.task_uid)

    async def drop(self, uid: str) -> None:
        """Delete an index, if it is there."""
        task = await self._call(lambda client: client.delete_index(uid))
        await self.wait(task.task_uid, tolerate=("index_not_found",))

    async def swap(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Exchange two indexes' names, of all pairs at once. Not repeated by itself: twice would undo it."""
        wanted: list[Mapping[str, list[str] | bool]] = [{"indexes": list(pair)} for pair in pairs]
        task = await self._call(lambda client: client.swap_indexes(wanted), tries=1)
        await self.wait(task.task_uid)

    async def identity(self, uid: str) -> str | None:
        """When the index was created; None when there is none. It stays with the content when names are swapped."""
        try:
            raw = await self._call(lambda client: client.get_raw_index(uid))
        except EngineRefused as error:
            if error.code == "index_not_found":
                return None
            raise
        return str(raw["createdAt"])

    async def wait(self, task: int, *, tolerate: Sequence[str] = ()) -> None:
        """Return when a task has succeeded. EngineRefused when it failed for good, EngineAway when by its own fault."""
        pause = _POLL_SECONDS
        while True:
            state = await self._call(lambda client: client.get_task(task))
            if state.status == "succeeded":
                return
            if state.status == "canceled":
                raise EngineAway(f"task {task} was cancelled")
            if state.status == "failed":
                error = state.error or {}
                code, message = str(error.get("code", "unknown")), str(error.get("message", ""))
                if code in tolerate:
                    return
                # `system` is a full disk or too many open files: no document's fault.
                if error.get("type") in ("system", "auth"):
                    raise EngineAway(f"{code}: {message}")
                raise EngineRefused(code, message)
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_POLL_SECONDS)

    async def count(self, uid: str) -> int:
        """Documents in an index, tasks under way not counted."""
        stats = await self._call(lambda client: client.index(uid).get_stats(), tries=1)
        return int(stats.number_of_documents)

    async def documents(
        self, uid: str, *, offset: int = 0, limit: int = 100, condition: str | None = None
    ) -> list[dict[str, Any]]:
        """Whole documents, a page of all or of those for which a condition holds."""
        wanted: dict[str, Any] = {"offset": offset, "limit": limit}
        if condition is not None:
            wanted["filter"] = condition
        page = await self._call(lambda client: client.index(uid).get_documents(dict(wanted)))
        return [dict(document) for document in page.results]

    async def search(self, queries: Sequence[dict[str, Any]]) -> list[Found]:
        """Several queries in one call. Each names its `indexUid` and `q`."""
        answer = await self._call(lambda client: client.multi_search([dict(query) for query in queries]), tries=1)
        return [
            Found(result["hits"], int(result.get("estimatedTotalHits", 0)), result.get("facetDistribution") or {})
            for result in answer["results"]
        ]

    async def is_ready(self) -> bool:
        """Whether it answers at all."""
        try:
            await self._call(lambda client: client.health(), tries=1)
        except (EngineAway, EngineRefused):
            return False
        return True

    async def _write(self, call: Callable[[meilisearch.Client], T]) -> T:
        """Like `_call`, and when cancelled it waits until the call has ended: nothing is written after that."""
        task = asyncio.ensure_future(self._call(call, counts_doubt=True))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task])
            if not task.cancelled():
                task.exception()  # Seen, so that asyncio does not report it as lost.
            raise

    async def _call(
        self, call: Callable[[meilisearch.Client], T], *, tries: int = _TRIES, counts_doubt: bool = False
    ) -> T:
        loop = asyncio.get_running_loop()
        for attempt in range(tries):
            try:
                return await loop.run_in_executor(self._threads, lambda: call(self._client()))
            except (MeilisearchError, requests.RequestException, ValueError) as error:
                # ValueError: an answer that is not JSON, from something that stands where the engine should.
                self.doubts += counts_doubt and isinstance(error, MeilisearchTimeoutError)
                away = _translate(error)
                if attempt + 1 == tries:
                    raise away from error
            await asyncio.sleep(random.uniform(0.05, 0.1) * 3**attempt)  # noqa: S311  # spreads retries, guards nothing
        raise AssertionError("a call returns or raises")

    def _client(self) -> meilisearch.Client:
        """One client a thread: it keeps the headers of the call under way in itself."""
        if not hasattr(self._own, "client"):
            self._own.client = meilisearch.Client(self._url, self._key, timeout=self._timeout)
        client: meilisearch.Client = self._own.client
        return client


def _translate(error: Exception) -> EngineAway:
    """EngineAway for what may pass; raises EngineRefused for what will not."""
    if isinstance(error, MeilisearchApiError):
        status = error.status_code
        if status < 500 and status not in (401, 403, 408, 429):
            raise EngineRefused(str(error.code or status), str(error.message)) from error
        return EngineAway(f"{status} {error.code}")
    return EngineAway(type(error).__name__)
