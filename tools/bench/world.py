"""The suite in motion: policy_api and search_sync with their workers over one library, and what Meilisearch holds of it."""

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx

from tools.bench.direct import await_task, open_client
from tools.bench.processes import await_idle
from tools.bench.rig import KEY, Rig, Server

INDEX = "mingquan"
_PATIENCE_SECONDS = 240.0


@dataclass
class World:
    """Databases and services that the sections on searching share."""

    rig: Rig
    documents: int
    policy_database: str
    search_database: str | None = None
    policy: Server | None = None
    search: Server | None = None
    stack: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        """Start what does not run yet; returns when everything is searchable."""
        if self.search is not None:
            return
        rig, stack = self.rig, self.stack
        policy = self.start_policy()
        stack.enter_context(rig.policy_worker(self.policy_database))
        if self.search_database is None:
            self.search_database = rig.create_database("bench_search")
        worker = stack.enter_context(rig.search_worker(self.search_database, policy.url))
        self.await_searchable()
        # A first start ends with a comparison of index and services; what is measured here is what comes after.
        await_idle(worker.pid)
        self.search = stack.enter_context(rig.search_api(self.search_database, policy.url))

    def start_policy(self) -> Server:
        if self.policy is None:
            self.policy = self.stack.enter_context(self.rig.policy_api(self.policy_database))
        return self.policy

    def await_searchable(self) -> float:
        """Return when the live index holds every document; the moment it did."""
        deadline = time.perf_counter() + _PATIENCE_SECONDS
        with self.engine() as client:
            while time.perf_counter() < deadline:
                stats = client.get(f"/indexes/{INDEX}/stats")
                if stats.is_success and stats.json()["numberOfDocuments"] >= self.documents:
                    return time.perf_counter()
                time.sleep(0.02)
        raise AssertionError(f"not everything was searchable after {_PATIENCE_SECONDS:.0f} s")

    def engine(self) -> httpx.Client:
        """A client of the run's Meilisearch."""
        return open_client(self.rig.meilisearch.url, KEY)

    def empty_engine(self) -> None:
        """Delete every index."""
        with self.engine() as client:
            for index in client.get("/indexes", params={"limit": "100"}).json()["results"]:
                await_task(client, client.delete(f"/indexes/{index['uid']}").json()["taskUid"])

    def read_index(self, uid: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Settings and documents of a live index."""
        with self.engine() as client:
            settings = client.get(f"/indexes/{uid}/settings").raise_for_status().json()
            body = {"limit": 1_000_000}
            found = client.post(f"/indexes/{uid}/documents/fetch", json=body).raise_for_status().json()
        return settings, found["results"]
