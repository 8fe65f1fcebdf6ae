"""Catalogs, tasks and publications as the tests push them, and an office that does it. All text is invented."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time
from typing import Any

import httpx

from services.catalog_api.worker import jobs_of
from shared.kit.clock import LOCAL_ZONE
from shared.kit.database import Database
from shared.kit.workdays import WorkCalendar, load_seed_calendar
from shared.schemas.scopes import Scope
from tests.services import BUREAU_A, CITY, Suite, catalog_suite

SEED = load_seed_calendar()
TODAY = date(2026, 5, 6)
TWENTY = "信息形成或者变更之日起20个工作日内"


def item(key: str = "jy-01", **changes: Any) -> dict[str, Any]:
    """A row of a catalog."""
    return {
        "key": key,
        "number": 1,
        "domain": "compulsory_education",
        "first_level": "教育概况",
        "second_level": "义务教育学校名录",
        "content": "学校名称、地址、办学层次、办公电话",
        "basis": ["《政府信息公开条例》"],
        "time_limit": TWENTY,
        "publisher": "教育局",
        "channels": ["web", "reading_point"],
        "levels": ["city", "district"],
    } | changes


def catalog(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A catalog of the city's."""
    return {"title": "泉城市义务教育公开目录", "level": "city", "items": list(items) or [item()]} | changes


def task(item_id: str, **changes: Any) -> dict[str, Any]:
    """Information that was formed a month before."""
    return {"item": item_id, "title": "2026年义务教育学校名录", "occurred_on": "2026-04-07"} | changes


def publication(**changes: Any) -> dict[str, Any]:
    """On the website, reviewed the day before."""
    return {
        "index_no": "1137010000418859XL/2026-00001",
        "title": "2026年义务教育学校名录",
        "summary": "全市义务教育学校的名称、地址和电话",
        "formed_on": "2026-04-07",
        "channel": "web",
        "url": "https://www.quancheng.example/jy/2026/1.html",
        "published_at": "2026-05-06T09:00:00+08:00",
        "reviews": {
            "secrecy": "pass",
            "personal_information": "pass",
            "reviewed_by": "staff-0200",
            "reviewed_on": "2026-05-05",
        },
    } | changes


CLIENTS: dict[str, tuple[str, ...]] = {
    "drafter": (CITY, Scope.CATALOG_WRITE),
    "reviewer": (CITY, Scope.CATALOG_REVIEW),
    "approver": (CITY, Scope.CATALOG_APPROVE),
    "discloser": (CITY, Scope.DISCLOSURE_WRITE),
    "reader": (CITY, Scope.EVENTS_READ, Scope.MONITOR_READ),
    "urger": (CITY, Scope.DISCLOSURE_URGE),
    "lister": (CITY, Scope.LIST_WRITE),
    "patrol": (CITY, Scope.PATROL_WRITE),
    "bureau": (BUREAU_A, Scope.DISCLOSURE_WRITE),
}
"""Who may what: organisation, scopes."""


class CatalogOffice:
    """Drafts, reviews, puts in force, announces, registers; each with the client that may."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self._known: dict[str, dict[str, str]] = {}

    @property
    def database(self) -> Database:
        database: Database = self.suite.apps["catalog"].state.kit.database
        return database

    async def headers_of(self, who: str) -> dict[str, str]:
        """A client is made when it is first needed."""
        if who not in self._known:
            organization, *scopes = CLIENTS[who]
            self._known[who] = await self.suite.token(str(organization), *(Scope(scope) for scope in scopes))
        return self._known[who]

    def set_day(self, day: date, at: time = time(10)) -> None:
        moment = datetime.combine(day, at, LOCAL_ZONE).astimezone(UTC)
        self.suite.apps["catalog"].state.kit.clock = lambda: moment

    async def call(self, who: str | None, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        headers = (await self.headers_of(who) if who else {}) | options.pop("headers", {})
        return await self.suite.clients["catalog"].request(method, path, json=body, headers=headers, **options)

    async def draft(self, body: Any, name: str = "base", org: str = CITY) -> httpx.Response:
        return await self.call("drafter", "PUT", f"/v1/organizations/{org}/catalogs/{name}", body)

    async def move(self, catalog_id: str, number: int, move: str, **body: Any) -> httpx.Response:
        who = {"review": "reviewer", "enforce": "approver"}[move]
        return await self.call(who, "POST", f"/v1/catalogs/{catalog_id}/versions/{number}:{move}", body)

    async def enforce(self, body: Any, name: str = "base", org: str = CITY, **options: Any) -> str:
        """Drafted, reviewed, in force: the catalog's id."""
        receipt = await self.draft(body, name, org)
        assert receipt.status_code in (200, 201), receipt.text
        known = receipt.json()
        reviewed = await self.move(known["id"], known["number"], "review")
        assert reviewed.status_code == 200, reviewed.text
        enforced = await self.move(known["id"], known["number"], "enforce", **options)
        assert enforced.status_code == 200, enforced.text
        return str(known["id"])

    async def items(self, catalog_id: str) -> dict[str, dict[str, Any]]:
        """By key, what the public reads."""
        page = await self.call(None, "GET", f"/v1/catalogs/{catalog_id}/items", params={"limit": 200})
        assert page.status_code == 200, page.text
        return {one["key"]: one for one in page.json()["items"]}

    async def put_task(self, body: Any, name: str = "t1", org: str = CITY) -> httpx.Response:
        return await self.call("discloser", "PUT", f"/v1/organizations/{org}/tasks/{name}", body)

    async def put_publication(self, body: Any, name: str = "p1", org: str = CITY) -> httpx.Response:
        return await self.call("discloser", "PUT", f"/v1/organizations/{org}/publications/{name}", body)

    async def batch(self, kind: str, lines: list[Any]) -> list[dict[str, Any]]:
        content = b"".join((one if isinstance(one, bytes) else json.dumps(one).encode()) + b"\n" for one in lines)
        headers = await self.headers_of("discloser") | {"content-type": "application/x-ndjson"}
        answer = await self.suite.clients["catalog"].post(f"/v1/{kind}:batch", content=content, headers=headers)
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.text.splitlines()]

    async def run_job(
        self, name: str, *, calendar: WorkCalendar = SEED, links: httpx.AsyncClient | None = None
    ) -> None:
        """A job of the worker, until it has nothing more to do."""
        kit = self.suite.apps["catalog"].state.kit

        async def known() -> WorkCalendar:
            return calendar

        jobs = jobs_of(kit.database, kit.settings, kit.directory, known, links or kit.client, kit.clock)
        while await next(job for job in jobs if job.name == name).run():
            pass

    async def events(self) -> list[dict[str, Any]]:
        answer = await self.call("reader", "GET", "/v1/events", params={"limit": 500})
        assert answer.status_code == 200, answer.text
        events: list[dict[str, Any]] = answer.json()["events"]
        return events


@asynccontextmanager
async def open_catalog_office(database_url: Callable[[str], str]) -> AsyncIterator[CatalogOffice]:
    """catalog_api on 2026-05-06 with the city's clients."""
    async with catalog_suite(database_url) as suite:
        office = CatalogOffice(suite)
        office.set_day(TODAY)
        yield office
