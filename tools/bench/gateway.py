"""The gateway: reads that it keeps and reads that it passes on, through nginx with the shipped configuration.

Beside it in the same run: a bare nginx with a file of the same size, and the service asked directly.
"""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import mkdtemp

import httpx

from deploy.local.nginx import MISSING, SERVICES, Nginx, find_nginx, settings_for
from deploy.local.processes import free_port
from tools.bench.bench import Bench, list_ids
from tools.bench.client import build_request
from tools.bench.figures import Figure, Section, Table, compare
from tools.bench.load import Load

_TITLE = "Gateway"
_WORKERS = (1, 4)
_CONNECTIONS = 32
_KEPT, _PASSED = "kept", "passed on"
_COMPRESSED = "kept, compressed"
_FILE, _DIRECT = "a file", "policy_api itself"
_BARE = """worker_processes ${MINGQUAN_GATEWAY_WORKERS};
pid nginx.pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
    access_log off;
    sendfile on;
    tcp_nopush on;
    server {
        listen 127.0.0.1:${MINGQUAN_GATEWAY_PORT};
        root .;
        default_type application/json;
    }
}
"""


@dataclass(frozen=True)
class _Read:
    """One address, asked again and again."""

    url: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)


def measure_gateway(bench: Bench) -> Section:
    """Targets: kept reads 0.6 of a static file, compressed ones 0.8 of those that are not."""
    if find_nginx() is None:
        return Section("gateway", _TITLE, notes=[f"Not measured: {MISSING}."])
    drive, generator = _driver(bench)
    with bench.rig.policy_api(bench.library()) as policy:
        path = f"/v1/policies/{list_ids(policy, 1)[0]}"
        body = httpx.get(policy.url + path, trust_env=False).raise_for_status().content
        found = {count: _measure(bench, drive, policy.url, path, body, workers=count) for count in _WORKERS}
    figures: list[Figure] = []
    for count, rates in found.items():
        name = f"{count} worker{'s' if count > 1 else ''}"
        figures += [
            compare(f"kept reads, {name}", rates[_KEPT], rates[_FILE], baseline_name="file of that size", at_least=0.6),
            compare(
                *(f"kept and compressed, {name}", rates[_COMPRESSED], rates[_KEPT]),
                baseline_name="not compressed",
                at_least=0.8,
            ),
            compare(
                f"reads that are passed on, {name}", rates[_PASSED], rates[_DIRECT], baseline_name="asked directly"
            ),
        ]
    rows = [(name, *(f"{found[count][name]:,.0f}" for count in _WORKERS)) for name in found[_WORKERS[0]]]
    return Section(
        "gateway",
        _TITLE,
        figures,
        [Table("", ("requests/s", *(f"{count} of nginx's workers" for count in _WORKERS)), rows)],
        [
            f"One document of {len(body) / 1024:.1f} KiB, {_CONNECTIONS} connections, {bench.pace.rounds} interleaved rounds of "
            f"{bench.pace.round_seconds:g} s, median round; one policy_api process, without compression. {generator}",
            "The gateway does all it does for a city: request id, quotas (set out of reach), access log, security headers. The "
            "bare nginx writes no log and does nothing else.",
        ],
    )


def _measure(
    bench: Bench, drive: Callable[[_Read], float], policy_url: str, path: str, body: bytes, *, workers: int
) -> dict[str, float]:
    with ExitStack() as stack:
        gateway = stack.enter_context(_gateway(policy_url, workers))
        bare = stack.enter_context(_bare(body, workers))
        public = f"/api/policy{path}"
        reads = {
            _FILE: _Read(bare.url, "/file"),
            _KEPT: _Read(gateway.url, public),
            _COMPRESSED: _Read(gateway.url, public, {"accept-encoding": "gzip"}),
            _DIRECT: _Read(policy_url, path),
            _PASSED: _Read(gateway.url, public, {"cookie": "a=b"}),
        }
        _ensure_is_so(reads, body)
        for read in reads.values():
            drive(read)
        rates: dict[str, list[float]] = {name: [] for name in reads}
        for _ in range(bench.pace.rounds):
            for name, read in reads.items():
                rates[name].append(drive(read))
    return {name: median(values) for name, values in rates.items()}


def _ensure_is_so(reads: dict[str, _Read], body: bytes) -> None:
    """Each gives the document, and in the way that its name says."""
    with httpx.Client(trust_env=False) as client:
        for name, read in reads.items():
            headers = {"accept-encoding": "identity"} | read.headers
            for _ in range(2):
                answer = client.get(read.url + read.path, headers=headers).raise_for_status()
            assert answer.content == body, name
            assert ("hit" in answer.headers.get("cache-status", "")) == (name in (_KEPT, _COMPRESSED)), name
            assert ("content-encoding" in answer.headers) == (name == _COMPRESSED), name


@contextmanager
def _gateway(policy_url: str, workers: int) -> Iterator[Nginx]:
    with _started(workers, {name: policy_url.removeprefix("http://") for name in SERVICES}, None) as nginx:
        yield nginx


@contextmanager
def _bare(body: bytes, workers: int) -> Iterator[Nginx]:
    templates = Path(mkdtemp(prefix="mingquan-bench-nginx-"))
    (templates / "nginx.conf.template").write_text(_BARE, encoding="utf-8")
    try:
        with _started(workers, dict.fromkeys(SERVICES, f"127.0.0.1:{free_port()}"), templates) as nginx:
            (nginx.folder / "file").write_bytes(body)
            yield nginx
    finally:
        shutil.rmtree(templates)


@contextmanager
def _started(workers: int, upstreams: dict[str, str], templates: Path | None) -> Iterator[Nginx]:
    folder = Path(mkdtemp(prefix="mingquan-bench-nginx-"))
    out_of_reach = {f"MINGQUAN_RATE_PER_{who}": "1000000" for who in ("ADDRESS", "CLIENT")}
    changed = out_of_reach | {"MINGQUAN_GATEWAY_WORKERS": str(workers)}
    nginx = Nginx(folder, settings_for(upstreams, folder) | changed, **({"templates": templates} if templates else {}))
    try:
        nginx.start()
        yield nginx
    finally:
        nginx.stop()
        shutil.rmtree(folder)


def _driver(bench: Bench) -> tuple[Callable[[_Read], float], str]:
    """What asks, and a sentence about it: one process in Python is slower than nginx, so wrk where there is one."""
    seconds = bench.pace.round_seconds
    wrk = shutil.which("wrk")
    if wrk is not None:
        return lambda read: _by_wrk(wrk, read, seconds), "Asked by wrk with two threads."

    def by_ourselves(read: _Read) -> float:
        request = build_request("GET", read.path, headers=read.headers)
        if "accept-encoding" in read.headers:
            request = request.replace(b"accept-encoding: identity\r\n", b"", 1)
        return bench.drive(Load(read.url, (request,), _CONNECTIONS, seconds)).ensure_only(200).rate

    return by_ourselves, (
        "Asked by the generator of the other sections, one process, for wrk is not installed: beyond its own ceiling (see "
        "Read by id) it is measured, not nginx."
    )


def _by_wrk(program: str, read: _Read, seconds: float) -> float:
    headers = [part for name, value in read.headers.items() for part in ("-H", f"{name}: {value}")]
    # It takes whole seconds.
    command = [program, "-t2", f"-c{_CONNECTIONS}", f"-d{max(1, round(seconds))}s", *headers, read.url + read.path]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 60).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise AssertionError(f"unexpected answers while measuring: {said}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert rate is not None, said
    return float(rate[1])
