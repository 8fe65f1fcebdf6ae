"""What every section is given: the rig, the load generator, how long to measure, and a filled library made once."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import httpx

from tools.bench.client import build_request
from tools.bench.load import Load, Outcome, combine, drive
from tools.bench.pushing import LINES_A_BATCH, push_numbers
from tools.bench.rig import Rig, Server
from tools.bench.world import World

Say = Callable[[str], None]


@dataclass(frozen=True)
class Pace:
    """How much is measured. Rounds are interleaved, because neighbours on the machine come and go."""

    rounds: int = 5
    round_seconds: float = 2.0
    documents: int = 20_000
    write_rounds: int = 2
    lag_seconds: float = 30.0
    sizes: tuple[int, ...] = (1_000, 10_000, 100_000)


QUICK = Pace(rounds=2, round_seconds=0.7, documents=2_000, write_rounds=1, lag_seconds=5.0, sizes=(300, 3_000))


@dataclass
class Bench:
    """One run."""

    rig: Rig
    loads: ProcessPoolExecutor
    pace: Pace
    today: date
    say: Say
    stack: ExitStack
    """Closed at the end of the run."""
    data: Path | None = None
    """Where to find what is not part of the project."""
    _libraries: dict[int, str] = field(default_factory=dict)
    _world: World | None = None

    @property
    def world(self) -> World:
        """The suite over a copy of the library, made at first use. Nothing in it runs before somebody asks."""
        if self._world is None:
            database = self.rig.create_database("bench_world", template=self.library())
            self._world = World(self.rig, self.pace.documents, database)
            self.stack.enter_context(self._world.stack)
        return self._world

    def drive(self, load: Load) -> Outcome:
        """Run a load in the generator's process."""
        return self.loads.submit(drive, load).result()

    def interleave(self, loads: dict[str, Load], *, expect: tuple[int, ...] = (200,)) -> dict[str, Outcome]:
        """A B A B …: every load once a round, after one short round that nobody counts."""
        for load in loads.values():
            self.drive(Load(load.url, load.requests, load.connections, 0.4)).ensure_only(*expect)
        results: dict[str, list[Outcome]] = {name: [] for name in loads}
        for _ in range(self.pace.rounds):
            for name, load in loads.items():
                results[name].append(self.drive(load).ensure_only(*expect))
        return {name: combine(outcomes) for name, outcomes in results.items()}

    def library(self, documents: int | None = None) -> str:
        """A database with that many public documents, made at first use; nobody writes to it except by a copy."""
        wanted = documents or self.pace.documents
        if wanted not in self._libraries:
            self.say(f"filling a library with {wanted:,} documents")
            database = self.rig.create_database(f"bench_library_{wanted}")
            self.fill_in_parallel(database, range(wanted))
            self.rig.execute("VACUUM (ANALYZE)", database=database)
            self._libraries[wanted] = database
        return self._libraries[wanted]

    def adopt_library(self, database: str, documents: int) -> None:
        """Let a database that a section has filled anyway serve as the library of that size."""
        self._libraries.setdefault(documents, database)

    def fill_in_parallel(self, database: str, numbers: range) -> None:
        """Push these documents, by two services at once when they are many. Nothing of this is measured."""
        middle = numbers[len(numbers) // 2] if len(numbers) >= 2 * LINES_A_BATCH else numbers.stop
        parts = [part for part in (range(numbers.start, middle), range(middle, numbers.stop)) if part]
        with ExitStack() as stack:
            waiting = []
            for index, part in enumerate(parts):
                server = stack.enter_context(self.rig.policy_api(database, name=f"filling-{index}"))
                job = (server.url, part, self.today, server.pid, self.rig.authorization)
                waiting.append(self.loads.submit(push_numbers, *job))
            for future in waiting:
                future.result()


def get(path: str) -> bytes:
    """The request of a public GET."""
    return build_request("GET", path)


def list_ids(server: Server, count: int) -> list[str]:
    """Ids of public documents, newest publication first."""
    ids: list[str] = []
    cursor = None
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        while len(ids) < count:
            query = {"limit": "100"} | ({"cursor": cursor} if cursor else {})
            page = client.get("/v1/policies", params=query).raise_for_status().json()
            ids += [item["id"] for item in page["items"]]
            cursor = page["next_cursor"]
            if cursor is None:
                break
    return ids[:count]
