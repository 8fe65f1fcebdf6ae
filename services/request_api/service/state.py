"""What request_api tells of its state to who watches it: how near the law's deadlines are, of nobody in particular."""

from datetime import datetime
from typing import Any

from services.request_api.repository.supervision import count_colours
from services.request_api.rules.clock import colour_days
from services.request_api.service.keeping import terms_of
from shared.kit.state_metrics import StateMetric, Values


async def _colours(kit: Any, now: datetime) -> Values:
    terms = terms_of(now, await kit.calendar.get(), kit.settings)
    days = colour_days(terms.today, terms.calendar, terms.periods)
    row = await count_colours(kit.database.reads, days.today, days.orange_until, days.yellow_until)
    return [((colour,), float(count)) for colour, count in row.items()]


STATE_METRICS = (
    StateMetric("mingquan_open_requests", "Open requests by the colour of their clock.", ("colour",), _colours),
)
