"""What exchange_api tells of its state to who watches it."""

from datetime import date, datetime
from typing import Any

from services.exchange_api.repository.state import FROM_TABLES
from services.exchange_api.service.calendar import get_calendar
from shared.kit.clock import local_day
from shared.kit.state_metrics import StateMetric, Values


async def _horizon(kit: Any, now: datetime) -> Values:
    """Days until the end of the last year whose holidays are known, without a gap from this one."""
    known = (await get_calendar(kit.database.reads)).years
    today = local_day(now)
    last = today.year - 1
    while last + 1 in known:
        last += 1
    return [((), float((date(last, 12, 31) - today).days))]


STATE_METRICS = (
    *FROM_TABLES,
    StateMetric(
        "mingquan_calendar_horizon_days", "Days until the last day whose kind (working or not) is known.", (), _horizon
    ),
)
