"""The one place where a request learns the time. Below the doors `now` and `today` are arguments."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Depends, Request

Clock = Callable[[], datetime]
LOCAL_ZONE = ZoneInfo("Asia/Shanghai")
"""The zone of every statutory day: periods end at 24:00 there (domain.md §4.1 DL-04)."""


def system_clock() -> datetime:
    """Now, aware, in UTC."""
    return datetime.now(UTC)


def local_day(moment: datetime) -> date:
    """The calendar day of an instant where the city is; of one at the end of time, the last day there is."""
    try:
        return moment.astimezone(LOCAL_ZONE).date()
    except OverflowError:
        return date.min if moment.year == 1 else date.max


async def _now(request: Request) -> datetime:
    moment: datetime = request.app.state.kit.clock()
    return moment


Now = Annotated[datetime, Depends(_now)]
"""The instant at which the request is handled. A coroutine, like every dependency: a plain function would go through a thread."""
