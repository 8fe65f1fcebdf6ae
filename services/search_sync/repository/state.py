"""What search_sync tells of its state to who watches it."""

from datetime import datetime
from typing import Any

from pydantic_core import from_json

from shared.kit.state_metrics import StateMetric, Values, by_query

_KINDS = ("missing", "extra", "stale")


async def _differences(kit: Any, _now: datetime) -> Values:
    """Of the last comparison, documents and passages together."""
    row = await kit.database.reads.fetchrow(
        "SELECT outcome FROM work_order WHERE kind = 'verify' AND outcome IS NOT NULL ORDER BY finished_at DESC LIMIT 1"
    )
    if row is None:
        return []
    outcome = from_json(row["outcome"])
    shelves = [outcome, outcome.get("passages", {})]
    return [((kind,), float(sum(one.get(kind, {}).get("count", 0) for one in shelves))) for kind in _KINDS]


STATE_METRICS = (
    StateMetric(
        "mingquan_reader_lag_seconds",
        "Since a reader last had everything that a log had.",
        ("reader", "source"),
        by_query(
            "SELECT shelf, source, extract(epoch FROM $1 - reflects_until) FROM log_position"
            " JOIN generation ON generation.id = generation WHERE state = 'live'",
            labels=2,
        ),
    ),
    StateMetric(
        "mingquan_index_differences",
        "Documents in which index and services differed when they were last compared, before it was mended.",
        ("kind",),
        _differences,
    ),
    StateMetric(
        "mingquan_index_compared_age_seconds",
        "Since index and services were last compared.",
        (),
        by_query(
            "SELECT extract(epoch FROM $1 - max(finished_at)) FROM work_order"
            " WHERE kind = 'verify' AND outcome IS NOT NULL"
        ),
    ),
    StateMetric(
        "mingquan_index_parked",
        "Documents that cannot be indexed.",
        (),
        by_query("SELECT count(*) FROM parked JOIN generation ON generation.id = generation WHERE state = 'live'"),
    ),
)
