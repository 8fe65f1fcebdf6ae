"""Reads: by id and as a list, against the bare application and against the ORM with a response model."""

from contextlib import ExitStack

from deploy.local.processes import free_port
from tools.bench.bench import Bench, get, list_ids
from tools.bench.figures import Figure, Section, Table, compare
from tools.bench.load import Load, Outcome

_CONNECTIONS = 16
_IDS = 1_000


def measure_reads(bench: Bench) -> Section:
    """Read by id. Targets: 0.6 of the bare application, 5 times the ORM."""
    database = bench.library()
    with ExitStack() as stack:
        ours = stack.enter_context(bench.rig.policy_api(database))
        bare = stack.enter_context(bench.rig.baseline("bare", "tools.bench.bare:app", database))
        orm = stack.enter_context(bench.rig.baseline("orm", "tools.bench.orm_app:app", database))
        requests = tuple(get(f"/v1/policies/{policy_id}") for policy_id in list_ids(ours, _IDS))
        seconds = bench.pace.round_seconds
        found = bench.interleave(
            {
                "ours": Load(ours.url, requests, _CONNECTIONS, seconds),
                "bare": Load(bare.url, requests, _CONNECTIONS, seconds),
                "orm": Load(orm.url, requests, _CONNECTIONS, seconds),
            }
        )
    ceiling = _ceiling(bench, requests)
    ours_rate = found["ours"].rate
    return Section(
        "reads",
        "Read by id",
        [
            compare(
                "policy_api against the bare application",
                ours_rate,
                found["bare"].rate,
                baseline_name="bare ASGI + asyncpg",
                at_least=0.6,
            ),
            compare(
                "policy_api against the ORM",
                ours_rate,
                found["orm"].rate,
                baseline_name="FastAPI + ORM + response model",
                at_least=5,
                target="≥ 5 times the baseline",
            ),
            Figure("the load generator's own ceiling", f"{ceiling.rate:,.0f}/s", "canned answers of 4 KB"),
        ],
        [_latencies({"policy_api": found["ours"], "bare": found["bare"], "ORM": found["orm"]})],
        [
            f"One uvicorn worker each (uvloop, httptools), {_CONNECTIONS} connections, {_IDS} different documents of "
            f"{found['ours'].volume / found['ours'].count / 1024:.1f} KiB on average, {bench.pace.rounds} interleaved "
            f"rounds of {seconds:g} s, median round.",
            "policy_api has everything in place: request id, metrics, conditional requests, an access log line to a file.",
        ],
    )


def measure_lists(bench: Bench) -> Section:
    """List of 20, newest first."""
    database = bench.library()
    with (
        bench.rig.policy_api(database) as ours,
        bench.rig.baseline("bare", "tools.bench.bare:app", database) as bare,
    ):
        seconds = bench.pace.round_seconds
        found = bench.interleave(
            {
                "ours": Load(ours.url, (get("/v1/policies"),), _CONNECTIONS, seconds),
                "filtered": Load(ours.url, (get("/v1/policies?kind=opinion&limit=20"),), _CONNECTIONS, seconds),
                "bare": Load(bare.url, (get("/list"),), _CONNECTIONS, seconds),
            }
        )
    base, name = found["bare"].rate, "bare ASGI, same query joined"
    return Section(
        "lists",
        "List of 20",
        [
            compare("the newest 20", found["ours"].rate, base, baseline_name=name),
            compare("the newest 20 of one kind", found["filtered"].rate, base, baseline_name=name),
        ],
        [_latencies({"policy_api": found["ours"], "policy_api, filtered": found["filtered"], "bare": found["bare"]})],
        [f"{found['ours'].volume / found['ours'].count / 1024:.1f} KiB a page; no target is set for lists."],
    )


def _ceiling(bench: Bench, requests: tuple[bytes, ...]) -> Outcome:
    """The same load against a server that does nothing."""
    port = free_port()
    with bench.rig.background("canned", ["-m", "tools.bench.canned", str(port)], bench.rig.plain_environment()):
        url = f"http://127.0.0.1:{port}"
        bench.rig.await_port(port)
        return bench.drive(Load(url, requests, _CONNECTIONS, bench.pace.round_seconds))


def _latencies(found: dict[str, Outcome]) -> Table:
    rows = [
        (name, f"{outcome.rate:,.0f}", *(f"{outcome.percentile(share):.1f}" for share in (0.5, 0.95, 0.99)))
        for name, outcome in found.items()
    ]
    return Table("", ("", "requests/s", "p50 ms", "p95 ms", "p99 ms"), rows)
