"""What `/metrics` tells of a service's state beside its requests: read from its tables when it is asked for.

Workers have no port; what they have done stands in the tables, and every process of the service tells the same of it: take the
maximum. A figure that cannot be read is left out. No label names a person, an organisation or an address.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg
from prometheus_client import CollectorRegistry, Gauge

from shared.kit.logging import get_logger

logger = get_logger(__name__)
_SECONDS = 3.0
Values = Sequence[tuple[tuple[str, ...], float]]


@dataclass(frozen=True)
class StateMetric:
    """A gauge, the names of its labels, and who reads its values: the labels of each, and the figure."""

    name: str
    help: str
    labels: tuple[str, ...]
    read: Callable[[Any, datetime], Awaitable[Values]]
    """Gets the service's kit and the time."""


async def state_registry(metrics: Sequence[StateMetric], kit: Any) -> CollectorRegistry:
    """All of them as they are now."""
    registry, now = CollectorRegistry(), kit.clock()
    found = await asyncio.gather(*(_read(metric, kit, now) for metric in metrics))
    for metric, values in zip(metrics, found, strict=True):
        gauge = Gauge(metric.name, metric.help, metric.labels, registry=registry)
        for labels, value in values:
            (gauge.labels(*labels) if metric.labels else gauge).set(value)
        if not values and not metric.labels:
            registry.unregister(gauge)
    return registry


async def _read(metric: StateMetric, kit: Any, now: datetime) -> Values:
    try:
        async with asyncio.timeout(_SECONDS):
            return await metric.read(kit, now)
    except Exception as error:  # Whatever it is, the other figures are told.
        logger.warning("state not measured", metric=metric.name, error=type(error).__name__)
        return []


def by_query(statement: str, *, labels: int = 0) -> Callable[[Any, datetime], Awaitable[Values]]:
    """Reads rows whose first columns are labels and whose next one is the figure; `$1` is the time where it is named."""

    async def read(kit: Any, now: datetime) -> Values:
        reads: asyncpg.Pool = kit.database.reads
        rows = await reads.fetch(statement, *([now] if "$1" in statement else []))
        return [
            (tuple(str(part) for part in row[:labels]), float(row[labels])) for row in rows if row[labels] is not None
        ]

    return read


KIT_METRICS = (
    StateMetric("mingquan_log_events", "Events that were ever recorded.", (), by_query("SELECT seq FROM log_head")),
    StateMetric(
        "mingquan_audit_entries", "Entries of the audit trail.", (), by_query("SELECT audit_seq FROM log_head")
    ),
    StateMetric(
        "mingquan_audit_whole",
        "Whether the audit chain was found whole: 1, or 0.",
        (),
        by_query("SELECT (broken_at IS NULL)::int FROM audit_check"),
    ),
    StateMetric(
        "mingquan_audit_check_age_seconds",
        "Since the audit chain was looked at.",
        (),
        by_query("SELECT extract(epoch FROM $1 - checked_at) FROM audit_check"),
    ),
)
