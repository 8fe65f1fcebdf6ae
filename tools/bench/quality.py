"""The quality report over a library, beside reading and parsing the same representations."""

import asyncio
import json
import time
from datetime import UTC, datetime

from services.policy_api.service.quality import look_on, report_on_organization
from services.policy_api.settings import Settings
from shared.kit.database import Database
from tools.bench.bench import Bench
from tools.bench.corpus import CITY
from tools.bench.figures import Figure, Section, compare

_AT_ONCE = 200


def measure_quality(bench: Bench) -> Section:
    """No target is named; what matters is that a library is looked at in minutes and its report in milliseconds."""
    documents = min(10_000, bench.pace.documents)
    database = bench.rig.create_database("bench_quality", template=bench.library(documents))
    bench.say(f"looking at {documents:,} documents")
    looked, parsed, answer = asyncio.run(_measure(bench.rig.policy_settings(database), documents))
    figures = [
        compare("documents looked at", documents / looked, documents / parsed, baseline_name="read and parsed only"),
        Figure("report of the root with all below it, p50", f"{answer * 1000:,.0f} ms"),
    ]
    notes = [
        f"{documents:,} documents, {_AT_ONCE} a transaction, in one process, findings stored at each level of the tree."
    ]
    return Section("quality", "Quality reports", figures, notes=notes)


async def _measure(settings: Settings, documents: int) -> tuple[float, float, float]:
    """Seconds to look at all, seconds to read and parse all, seconds of one report."""
    database = Database(settings)
    await database.open()
    try:
        started = time.perf_counter()
        rows = await database.reads.fetch(
            "SELECT representation FROM policy WHERE state = 'public' LIMIT $1", documents
        )
        for row in rows:
            json.loads(row["representation"])
        parsed = time.perf_counter() - started
        started = time.perf_counter()
        done = 1
        while done:
            async with database.write() as session:
                done = await look_on(session, now=datetime.now(UTC), limit=_AT_ONCE)
        looked = time.perf_counter() - started
        took = []
        for _ in range(11):
            started = time.perf_counter()
            report = await report_on_organization(database.reads, CITY, subtree=True)
            took.append(time.perf_counter() - started)
        if report.documents == 0:
            raise AssertionError("nothing was looked at")
        return looked, parsed, sorted(took)[len(took) // 2]
    finally:
        await database.close()
