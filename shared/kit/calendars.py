"""The working-day calendar in force, read through from exchange_api; the shipped one while it cannot be asked."""

import httpx

from shared.kit.errors import Unavailable
from shared.kit.remote import Remembered, fetch_json, readable
from shared.kit.workdays import WorkCalendar, load_seed_calendar
from shared.schemas.calendar import Calendar

_OWNER = "交换服务（工作日历）"


class CalendarSource:
    """Gives the calendar; an administrator's import is seen within `ttl_seconds`."""

    def __init__(self, client: httpx.AsyncClient, *, exchange_url: str, ttl_seconds: float) -> None:
        self._client = client
        self._url = f"{exchange_url}/v1/calendar"
        self._known: Remembered[WorkCalendar] = Remembered(self._load, ttl_seconds=ttl_seconds)

    async def get(self) -> WorkCalendar:
        """The calendar as exchange_api has it. Without an answer ever, the seed: computed dates carry its version."""
        try:
            return await self._known.get("")
        except Unavailable:
            return load_seed_calendar()

    async def _load(self, _key: str) -> WorkCalendar:
        response = await fetch_json(self._client, self._url, owner=_OWNER)
        with readable(owner=_OWNER):
            return WorkCalendar(Calendar.model_validate_json(response.content))
