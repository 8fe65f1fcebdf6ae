"""Searching: indexing against direct posting, lag from commit to searchable, latency of a search."""

import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.parse import quote

from pydantic_core import to_json

from services.search_sync.rules.queries import Wanted, filter_of, search_parameters, text_of, validity_in
from services.search_sync.rules.shelves import SHELVES
from tools.bench import corpus, lag
from tools.bench.bench import Bench, get
from tools.bench.client import build_request
from tools.bench.figures import Figure, Section, Table, compare
from tools.bench.load import Load, percentile
from tools.bench.rig import KEY
from tools.bench.world import INDEX, World
from tools.bench.writes import put_requests

_PAGE = 10


def measure_indexing(bench: Bench) -> Section:
    """A full log into an empty index, against a script that posts the same documents. Target: 0.9."""
    world = bench.world
    ours: list[float] = []
    direct: list[float] = []
    with TemporaryDirectory(prefix="mingquan-bench-index-") as folder:
        for number in range(bench.pace.write_rounds):
            bench.say(f"indexing round {number + 1}: search_sync, then direct posting")
            ours.append(_time_worker(world, number))
            if number == 0:
                _save_index(world, Path(folder))
            direct.append(_time_direct(world, Path(folder)))
    world.empty_engine()
    count = bench.pace.documents
    return Section(
        "indexing",
        "Indexing",
        [
            compare(
                f"{count:,} documents into an empty index, search_sync",
                count / median(ours),
                count / median(direct),
                baseline_name="same documents posted directly",
                at_least=0.9,
            )
        ],
        [
            Table(
                "",
                ("seconds from the start of the process until everything is searchable", "search_sync", "direct"),
                [
                    (f"round {number + 1}", f"{one:.1f}", f"{other:.1f}")
                    for number, (one, other) in enumerate(zip(ours, direct, strict=True))
                ],
            )
        ],
        [
            "search_sync starts with an empty database of its own and no index, policy_api with a full log; both "
            "processes' start-up counts. Direct posting sends the finished documents and passages of those very indexes as "
            "NDJSON, 5,000 a request, to indexes with the same settings made beforehand.",
        ],
    )


def _time_worker(world: World, number: int) -> float:
    world.empty_engine()
    rig = world.rig
    database = rig.create_database(f"bench_search_{number}")
    policy = world.start_policy()
    started = time.perf_counter()
    with rig.search_worker(database, policy.url):
        return world.await_searchable() - started


def _save_index(world: World, folder: Path) -> None:
    for shelf in SHELVES:
        settings, documents = world.read_index(INDEX + shelf.suffix)
        (folder / f"{shelf.name}.json").write_bytes(to_json(settings))
        (folder / f"{shelf.name}.ndjson").write_bytes(b"\n".join(to_json(document) for document in documents))


def _time_direct(world: World, folder: Path) -> float:
    world.empty_engine()
    rig = world.rig
    arguments = ["-m", "tools.bench.direct", rig.meilisearch.url, KEY, str(folder)]
    started = time.perf_counter()
    with rig.background("direct", arguments, rig.plain_environment()) as process:
        if process.wait(timeout=300) != 0:
            raise AssertionError(f"direct posting failed: {rig.log('direct').read_text()[-500:]}")
        return time.perf_counter() - started


def measure_lag(bench: Bench) -> Section:
    """At 5 and at 100 changes a second. Target: p95 under half a second at 100."""
    bench.world.start()
    policy = bench.world.policy
    assert policy is not None
    results: dict[int, lag.Lag] = {}
    first = 0
    for rate in (5, 100):
        bench.say(f"{rate} changes a second for {bench.pace.lag_seconds:.0f} s")
        count = min(int(rate * bench.pace.lag_seconds), bench.pace.documents - first)
        requests = put_requests(bench, range(first, first + count), edition=2)
        first += count
        changes = lag.Changes(policy.url, requests, rate, bench.rig.meilisearch.url, KEY, INDEX)
        results[rate] = bench.loads.submit(lag.measure, changes).result()
    return _describe_lag(results)


def _describe_lag(results: dict[int, lag.Lag]) -> Section:
    figures, rows = [], []
    for rate, found in results.items():
        p95 = percentile(found.milliseconds, 0.95)
        met = (p95 < 500 and not found.lost and found.late_milliseconds < 1_000) if rate == 100 else None
        target = "p95 < 500 ms, none lost, rate kept" if rate == 100 else "–"
        figures.append(Figure(f"p95 at {rate} changes/s", f"{p95:,.0f} ms", target=target, met=met))
        rows.append(
            (
                f"{rate} changes/s",
                *(f"{percentile(found.milliseconds, share):,.0f}" for share in (0.5, 0.95, 0.99)),
                f"{max(found.milliseconds, default=0.0):,.0f}",
                str(len(found.milliseconds)),
                str(found.lost),
                f"{percentile(found.answer_milliseconds, 0.5):.0f}",
                f"{found.late_milliseconds:,.0f}",
            )
        )
    columns = ["", "p50 ms", "p95 ms", "p99 ms", "worst ms", "changes", "lost", "PUT p50 ms", "last sent late by ms"]
    return Section(
        "lag",
        "From commit to searchable",
        figures,
        [Table("", columns, rows)],
        [
            "Changes are single PUTs that replace a public document, sent on a fixed schedule. A change counts as "
            "searchable when Meilisearch gives it in its new version, looked for every 4 ms, which loads the engine too. "
            "The clock starts with the receipt.",
        ],
    )


def measure_search(bench: Bench) -> Section:
    """Through the search API with 1 and 8 callers, against the engine asked directly."""
    bench.world.start()
    search = bench.world.search
    assert search is not None
    queries = corpus.queries()
    through_api = tuple(get(f"/v1/search?q={quote(query)}&limit={_PAGE}") for query in queries)
    straight = tuple(_engine_request(query) for query in queries)
    rows, figures = [], []
    for callers in (1, 8):
        seconds = bench.pace.round_seconds
        found = bench.interleave(
            {
                "search API": Load(search.url, through_api, callers, seconds),
                "Meilisearch": Load(bench.rig.meilisearch.url, straight, callers, seconds),
            }
        )
        for name, outcome in found.items():
            shares = (f"{outcome.percentile(share):.1f}" for share in (0.5, 0.95, 0.99))
            rows.append((f"{name}, {callers} caller{'s' * (callers > 1)}", *shares, f"{outcome.rate:,.0f}"))
        ours, base = found["search API"], found["Meilisearch"]
        figures.append(
            Figure(
                f"search p50 / p99, {callers} caller{'s' * (callers > 1)}",
                f"{ours.percentile(0.5):.1f} / {ours.percentile(0.99):.1f} ms",
                f"{base.percentile(0.5):.1f} / {base.percentile(0.99):.1f} ms engine alone",
                base.percentile(0.5) / ours.percentile(0.5),
            )
        )
    return Section(
        "search",
        "Search",
        figures,
        [Table("", ("", "p50 ms", "p95 ms", "p99 ms", "searches/s"), rows)],
        [
            f"{len(queries)} Chinese queries over {bench.pace.documents:,} documents, {_PAGE} hits with highlights and "
            "facets. The engine alone gets the same main query over a kept-alive connection; the API adds the number "
            "look-up, the count of what is left out, the freshness of the index and the check that every hit is public.",
            "The ratio is the engine's p50 by ours. No target is set.",
        ],
    )


def _engine_request(query: str) -> bytes:
    wanted = Wanted(q=query)
    conditions = filter_of(wanted) + validity_in(wanted.shown_statuses)
    parameters = search_parameters(
        INDEX, text_of(query), conditions=conditions, sort=wanted.sort, offset=0, limit=_PAGE
    )
    headers = {"authorization": f"Bearer {KEY}"}
    return build_request("POST", "/multi-search", body=to_json({"queries": [parameters]}), headers=headers)


def measure_memory(bench: Bench) -> Section:
    """Every process of the suite, at the end of whatever ran before."""
    bench.world.start()
    rows = [
        (name, str(memory.processes), f"{memory.rss:,.0f}", f"{memory.pss:,.0f}")
        for name, memory in bench.rig.list_memory().items()
    ]
    return Section(
        "memory",
        "Memory",
        [],
        [Table("", ("", "processes", "RSS MiB", "PSS MiB"), rows)],
        [
            f"With {bench.pace.documents:,} documents, after the sections above. PSS counts shared pages once; RSS of "
            "PostgreSQL counts its shared buffers in every process. Meilisearch maps its index into memory: most of its "
            "figure is file cache that the kernel may take back. The gateway is not part of this run.",
        ],
    )
