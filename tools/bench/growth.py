"""Growth: the same questions to libraries of 1,000, 10,000 and 100,000 documents. No answer may take longer for it.

The libraries stand side by side, each with a service of its own, and are asked in turn, so that a noisy moment
strikes all alike.
"""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from statistics import median
from urllib.parse import urlencode

from services.policy_api.repository.listing import PolicyFilter
from tools.bench.bench import Bench, get, list_ids
from tools.bench.corpus import PUBLISHERS, RARE_PUBLISHER
from tools.bench.figures import Figure, Section, Table
from tools.bench.load import Load
from tools.bench.plans import PAGE, Touched, bound_of, explain_lists
from tools.bench.rig import Server
from tools.bench.writes import put_requests

_SECONDS = 0.25
_WRITES = 25

_LISTS = {
    "list, no filter": PolicyFilter(),
    "organization": PolicyFilter(organization=PUBLISHERS[1].code),
    "organization, rare": PolicyFilter(organization=RARE_PUBLISHER.code),
    "issuer": PolicyFilter(issuer=PUBLISHERS[1].name),
    "issuer, rare": PolicyFilter(issuer=RARE_PUBLISHER.name),
    "issuer, unknown": PolicyFilter(issuer="没有这个机关"),
    "level": PolicyFilter(level="city"),
    "level, rare": PolicyFilter(level="district"),
    "kind": PolicyFilter(kind="notice"),
    "kind, rare": PolicyFilter(kind="communique"),
    "doc_class": PolicyFilter(doc_class="other"),
    "doc_class, rare": PolicyFilter(doc_class="regulation"),
    "theme": PolicyFilter(theme="综合政务", subtheme="电子政务"),
    "theme, upper level": PolicyFilter(theme="综合政务"),
    "theme, rare": PolicyFilter(theme="国土资源、能源", subtheme="海洋"),
    "year": PolicyFilter(year=2015),
    "status in_force": PolicyFilter(status="in_force"),
    "status repealed": PolicyFilter(status="repealed"),
    "status lapsed": PolicyFilter(status="lapsed"),
    "status not_yet": PolicyFilter(status="not_yet"),
    "kind + year, rare": PolicyFilter(kind="communique", year=2015),
    "kind + level, never": PolicyFilter(kind="communique", level="national"),
    "issuer + lapsed": PolicyFilter(issuer=PUBLISHERS[2].name, status="lapsed"),
    "doc_no, common": PolicyFilter(doc_no="泉教发"),
    "doc_no, two characters": PolicyFilter(doc_no="泉财"),
    "doc_no, one document": PolicyFilter(doc_no="〕77号"),
    "doc_no, unknown": PolicyFilter(doc_no="没有发〔2031〕"),
}


def measure_growth(bench: Bench) -> Section:
    """Median time of every kind of question at each size, and what the lists touch."""
    sizes = bench.pace.sizes
    with _libraries(bench) as (servers, databases):
        answers = {size: _requests(bench, server) for size, server in servers.items()}
        times = _measure_reads(bench, servers, answers)
        touched = {
            size: asyncio.run(
                explain_lists(bench.rig.database_url(databases[size], "policy"), _LISTS, today=bench.today)
            )
            for size in sizes
        }
        times |= _measure_writes(bench, servers)
    return _describe(sizes, times, touched)


@contextmanager
def _libraries(bench: Bench) -> Iterator[tuple[dict[int, Server], dict[int, str]]]:
    """A service for each size. A larger library is a copy of the smaller one, filled up."""
    databases: dict[int, str] = {}
    filled = 0
    template = None
    for size in bench.pace.sizes:
        bench.say(f"filling a library with {size:,} documents")
        database = f"bench_growth_{size}"
        bench.rig.create_database(database, **({"template": template} if template else {}))
        bench.fill_in_parallel(database, range(filled, size))
        bench.rig.execute("VACUUM (ANALYZE)", database=database)
        databases[size], filled, template = database, size, database
    with ExitStack() as stack:
        servers = {
            size: stack.enter_context(bench.rig.policy_api(database, name=f"policy-api-{size}"))
            for size, database in databases.items()
        }
        yield servers, databases


def _requests(bench: Bench, server: Server) -> dict[str, tuple[bytes, ...]]:
    ids = list_ids(server, 200)
    lists = {name: (get(f"/v1/policies?{_query(wanted)}"),) for name, wanted in _LISTS.items()}
    return {
        "read by id": tuple(get(f"/v1/policies/{policy_id}") for policy_id in ids),
        "versions": tuple(get(f"/v1/policies/{policy_id}/versions") for policy_id in ids),
    } | lists


def _query(wanted: PolicyFilter) -> str:
    given = {name: value for name, value in asdict(wanted).items() if value is not None}
    if subtheme := given.pop("subtheme", None):
        given["theme"] += f"\\{subtheme}"
    return urlencode(given)


def _measure_reads(
    bench: Bench, servers: dict[int, Server], requests: dict[int, dict[str, tuple[bytes, ...]]]
) -> dict[str, dict[int, float]]:
    """Median milliseconds by question and size, one caller."""
    found: dict[str, dict[int, list[float]]] = {}
    for _ in range(2):
        for name in requests[bench.pace.sizes[0]]:
            for size, server in servers.items():
                outcome = bench.drive(Load(server.url, requests[size][name], 1, _SECONDS)).ensure_only(200)
                found.setdefault(name, {}).setdefault(size, []).extend(outcome.milliseconds)
    return {name: {size: median(values) for size, values in by_size.items()} for name, by_size in found.items()}


def _measure_writes(bench: Bench, servers: dict[int, Server]) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, list[float]]] = {"upsert, new": {}, "upsert, update": {}}
    for number in range(2):
        for size, server in servers.items():
            first = size + 1 + number * _WRITES
            new = put_requests(bench, range(first, first + _WRITES), edition=1)
            changed = put_requests(bench, range(number * _WRITES, (number + 1) * _WRITES), edition=2)
            for name, requests, status in (("upsert, new", new, 201), ("upsert, update", changed, 200)):
                outcome = bench.drive(Load(server.url, requests, 1)).ensure_only(status)
                found[name].setdefault(size, []).extend(outcome.milliseconds)
    return {name: {size: median(values) for size, values in by_size.items()} for name, by_size in found.items()}


def _describe(
    sizes: tuple[int, ...], times: dict[str, dict[int, float]], touched: dict[int, dict[str, Touched]]
) -> Section:
    growing = [name for name in _LISTS if _grows(touched, name, sizes)]
    figure = Figure(
        "lists that touch more rows in a larger library, past their bound",
        f"{len(growing)} of {len(_LISTS)}" + (f": {'; '.join(growing)}" if growing else ""),
        target="none",
        met=not growing,
    )
    columns = ["median ms, one caller", *(f"{size:,} documents" for size in sizes), "largest / smallest"]
    rows = [
        (name, *(f"{by_size[size]:.2f}" for size in sizes), f"{by_size[sizes[-1]] / by_size[sizes[0]]:.1f}")
        for name, by_size in times.items()
    ]
    plan_rows = [
        (name, *(f"{touched[size][name].rows:,} / {touched[size][name].blocks:,}" for size in sizes)) for name in _LISTS
    ]
    plan_columns = ["rows / blocks touched", *(f"{size:,} documents" for size in sizes)]
    return Section(
        "growth",
        "Growth with the library",
        [figure],
        [Table("", columns, rows), Table("EXPLAIN (ANALYZE, BUFFERS) of the lists", plan_columns, plan_rows)],
        [
            f"A list counts as growing when a page of {PAGE} touches more than twice the rows of the smallest library, "
            f"and more than {bound_of(PolicyFilter())} rows. Where two filters meet rarely the bound is "
            f"{bound_of(PolicyFilter(kind='notice', year=2015)):,} rows: a window of each, beyond which a page is short "
            "and its cursor goes on.",
            "Rare values are carried by one document in 500, so that a small library has fewer than a page of them. "
            "Each library was vacuumed and analysed once after it was filled, as autovacuum does in its own time.",
        ],
    )


def _grows(touched: dict[int, dict[str, Touched]], name: str, sizes: tuple[int, ...]) -> bool:
    smallest, largest = touched[sizes[0]][name].rows, touched[sizes[-1]][name].rows
    return largest > bound_of(_LISTS[name]) and largest > 2 * smallest
