"""Disclosure on request: submitting, following, the board, the annual report and the nightly clock at three sizes.

Tables are filled inside the server: five years of 300 organisations, one request in a hundred still open.
"""

import asyncio
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
from pydantic import SecretStr

from deploy.local.exchange import get_token
from services.request_api.service.keeping import terms_of, vault_of
from services.request_api.service.upkeep import follow_calendar
from services.request_api.settings import Settings
from shared.kit.database import Database
from shared.kit.workdays import WorkCalendar, load_seed_calendar
from shared.schemas.scopes import Scope
from tools.bench.bench import Bench
from tools.bench.corpus import CITY
from tools.bench.figures import Figure, Section, Table
from tools.bench.processes import memory_of
from tools.bench.rig import KEY

_FULL = 1_000_000
_CALLS = 300
_NIGHTLY = 2_000
_SEALING = f"bench:aes-256-gcm:{KEY}"
_SCOPES = [Scope.REQUEST_SUBMIT, Scope.REQUEST_HANDLE, Scope.REQUEST_SUPERVISE, Scope.REPORT_WRITE]


def measure_requests(bench: Bench) -> Section:
    """Targets: the board under 500 ms, the city's annual report under 3 s."""
    full = _FULL // 20 if bench.pace.rounds < 3 else _FULL
    rows, figures = [], list[Figure]()
    for size in (full // 16, full // 4, full):
        bench.say(f"{size:,} requests of 300 organisations over five years")
        found, figures = _measure_size(bench, size)
        rows.append([f"{size:,}", *found])
    names = (
        "submit, p50 / p99",
        "follow, p50 / p99",
        "board",
        "annual report",
        "nightly clock",
        "memory of the service",
    )
    return Section(
        "requests",
        "Disclosure on request",
        figures,
        [Table("Growth", ["requests", *names], rows)],
        notes=[
            "One service process. Submitting and following: one call after another over HTTP, each submission answered after "
            "its commit (fsync on), its applicant sealed field by field. The board: the whole city by organisation. The "
            "report: all organisations' tables 3 and 4 with their identities. The nightly clock: open requests computed anew "
            "under another calendar in which none moves, by one worker process, with their steps read and folded.",
        ],
    )


def _measure_size(bench: Bench, size: int) -> tuple[list[str], list[Figure]]:
    rig = bench.rig
    database = rig.create_database(f"bench_requests_{size}")
    asyncio.run(_fill(rig.admin_url(database), size, bench))
    settings = Settings(
        database_url=SecretStr(rig.database_url(database, "request")),
        cursor_key=SecretStr(KEY),
        sealing_keys=SecretStr(_SEALING),
        fingerprint_key=SecretStr(KEY),
        exchange_url=rig.exchange.url,
    )
    vault = vault_of(settings)
    headers = {"authorization": f"Bearer {get_token(rig.exchange.url, rig.create_client('依申请公开', _SCOPES))}"}
    year = bench.today.year - 1
    with (
        rig.request_api(database) as server,
        httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=300) as http,
    ):
        submit = _timed(_CALLS, lambda number: _submit(http, number, bench))
        follow = _timed(_CALLS, lambda number: _follow(http, vault.query_code(_number(number)), number))
        asked = {"organization": CITY, "from": f"{year}-01-01", "to": bench.today.isoformat()}
        board = _timed(7, lambda _: http.get("/v1/board", params=asked).raise_for_status())
        path = f"/v1/organizations/{CITY}/reports/{year}"
        http.put(path, json={"scope": "government"}).raise_for_status()
        report = _timed(3, lambda _: http.get(path).raise_for_status())
        memory = memory_of(server.pid)
    nightly = asyncio.run(_nightly(settings))
    rig.drop_database(database)
    shown = [
        f"{_at(submit, 0.5):.1f} / {_at(submit, 0.99):.1f} ms",
        f"{_at(follow, 0.5):.1f} / {_at(follow, 0.99):.1f} ms",
        f"{_at(board, 0.5):,.0f} ms",
        f"{_at(report, 0.5) / 1000:.2f} s",
        f"{nightly:,.0f} requests/s",
        f"{memory.pss:,.0f} MiB",
    ]
    figures = [
        Figure("submit one request", f"p99 {_at(submit, 0.99):.1f} ms, p50 {_at(submit, 0.5):.1f} ms"),
        Figure("follow one by number and code", f"p99 {_at(follow, 0.99):.1f} ms, p50 {_at(follow, 0.5):.1f} ms"),
        Figure("the board of the city", shown[2], target="< 500 ms", met=_at(board, 0.5) < 500),
        Figure("the annual report of the city", shown[3], target="< 3 s", met=_at(report, 0.5) < 3000),
        Figure("the nightly clock", shown[4]),
    ]
    return shown, figures


def _timed(count: int, call: Any) -> list[float]:
    """Milliseconds of each call, sorted; the first two warm up."""
    took = []
    for number in range(count + 2):
        started = time.perf_counter()
        call(number)
        took.append((time.perf_counter() - started) * 1000)
    return sorted(took[2:])


def _at(took: Sequence[float], share: float) -> float:
    return took[min(len(took) - 1, int(len(took) * share))]


def _submit(http: httpx.Client, number: int, bench: Bench) -> None:
    day = bench.today.isoformat()
    body = {
        "channel": "mail_signed",
        "submitted_at": f"{day}T00:00:00+08:00",
        "signed_on": day,
        "applicant": {
            "kind": "natural",
            "name": f"申请人{number}",
            "identity": {"kind": "passport", "number": f"E{number:08d}"},
            "phone": "13800000000",
            "address": "泉城市虚构路1号",
        },
        "wanted": {"description": f"第{number}号事项的批准文件和附图", "title": f"第{number}号事项批准文件"},
        "form": {"carriers": ["paper"], "ways": ["post"]},
    }
    http.put(f"/v1/organizations/{CITY}/requests/bench-{number}", json=body).raise_for_status()


def _number(number: int) -> str:
    """Of a request that the filling made."""
    return f"F-{number % 30 * 100 + 1}"


def _follow(http: httpx.Client, code: str, number: int) -> None:
    http.get("/v1/track", params={"number": _number(number), "code": code}).raise_for_status()


async def _nightly(settings: Settings) -> float:
    """Requests a second that are computed anew; none of them moves."""
    seed = load_seed_calendar()
    other = WorkCalendar(seed.data.model_copy(update={"version": "bench"}))
    database, vault = Database(settings), vault_of(settings)
    done, started = 0, time.perf_counter()
    try:
        while done < _NIGHTLY:
            async with database.write() as session:
                terms = terms_of(datetime.now(UTC), other, settings)
                taken = await follow_calendar(session, terms, vault, now=datetime.now(UTC), limit=200)
            if not taken:
                break
            done += taken
    finally:
        await database.engine.dispose()
    return done / (time.perf_counter() - started)


async def _fill(url: str, size: int, bench: Bench) -> None:
    """Inside the server. One in a hundred is open and has its steps; the others were closed by every kind of decision."""
    connection = await asyncpg.connect(url, server_settings={"search_path": "request,public"})
    sealed = os.urandom(200)
    first = bench.today - timedelta(days=5 * 365)
    version = load_seed_calendar().version
    try:
        await connection.execute(_REQUESTS, size, CITY, first, sealed, version, timeout=600)
        await connection.execute(_STEPS, timeout=600)
        await connection.execute("VACUUM ANALYZE request, step", timeout=600)
    finally:
        await connection.close()


_REQUESTS = """
    INSERT INTO request (id, organization, organization_name, organization_path, external_id, number, province_id, channel,
        state, is_open, applicant_kind, applicant_key, content_key, subject_key, assistance, form, wanted, submitted_at,
        received_on, first_due_on, due_on, waiting_until, provisional, calendar_version, decision, exemption, report_row,
        answered_on, closed_on, reply_number, erased_on, sealed_with, version, recorded_at)
    SELECT gen_random_uuid(), org, '机关' || org, ARRAY[$2::text, org], 'f-' || n, 'F-' || n, NULL, 'mail_signed',
           CASE WHEN is_open THEN 'processing' ELSE 'archived' END, is_open,
           (ARRAY['natural','natural','natural','legal.commercial','legal.other'])[1 + n % 5], NULL, $4::bytea, NULL,
           ARRAY[]::text[], '{"carriers":["paper"],"ways":["post"],"accepts_other":true}', $4::bytea, day, day,
           due, due, NULL, false, $5, CASE WHEN is_open THEN NULL ELSE 'A2' END, NULL,
           CASE WHEN is_open THEN NULL ELSE (ARRAY['r.granted','r.partial','r.unable.not_held','r.denied.process'])[1 + n % 4] END,
           CASE WHEN is_open THEN NULL ELSE due - 3 END, CASE WHEN is_open THEN NULL ELSE due - 3 END, NULL, NULL, 'bench', 2, day
    FROM (
        SELECT n, n % 100 = 1 AS is_open, CASE WHEN n % 300 = 0 THEN $2::text ELSE 'B' || n % 300 END AS org,
               CASE WHEN n % 100 = 1 THEN $3::date + 1800 ELSE $3::date + (n::bigint * 1790 / $1)::int END AS day,
               CASE WHEN n % 100 = 1 THEN $3::date + 1828 ELSE $3::date + (n::bigint * 1790 / $1)::int + 28 END AS due
        FROM generate_series(1, $1::int) AS n
    ) AS made
"""
_STEPS = """
    INSERT INTO step (request_id, sequence, kind, on_day, recorded_at, actor, facts, private, state, due_on)
    SELECT id, 1, 'submitted', received_on, received_on, 'bench', '{"received_on":"' || received_on || '"}', NULL::bytea,
           'registered', due_on FROM request WHERE is_open
    UNION ALL
    SELECT id, 2, 'accepted', received_on, received_on, 'bench', '{}', NULL::bytea, 'processing', due_on FROM request WHERE is_open
"""
