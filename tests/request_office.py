"""Requests for information as the tests hand them in, and an office that works on them. People and text are invented."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, time
from typing import Any

import httpx

from services.request_api.worker import jobs_of
from shared.kit.clock import LOCAL_ZONE
from shared.kit.database import Database
from shared.kit.workdays import WorkCalendar, load_seed_calendar
from shared.schemas.scopes import Scope
from tests.services import BUREAU_A, CITY, Suite, request_suite

SEED = load_seed_calendar()
TODAY = date(2025, 9, 22)
ID_NUMBER = "370102199003071238"
PERSON: dict[str, Any] = {
    "kind": "natural",
    "name": "柳青禾",
    "identity": {"kind": "id_card", "number": ID_NUMBER},
    "phone": "13800531234",
    "address": "泉城市历下区青后小区路7号2单元301室",
    "email": "qinghe.liu@mail.example",
}


def request(**changes: Any) -> dict[str, Any]:
    """A letter signed for on the day it is handed in."""
    return {
        "channel": "mail_signed",
        "submitted_at": "2025-09-20T09:00:00+08:00",
        "signed_on": "2025-09-22",
        "applicant": PERSON,
        "wanted": {"description": "青后片区征收补偿方案及其批准文件", "title": "青后片区征收补偿方案"},
        "form": {"carriers": ["paper"], "ways": ["post"]},
    } | changes


def granted(**changes: Any) -> dict[str, Any]:
    """An answer that discloses."""
    return {"decision": "A2", "access": "随本答复书寄送复印件一份"} | changes


CLIENTS: dict[str, tuple[str, ...]] = {
    "website": (CITY, Scope.REQUEST_SUBMIT),
    "handler": (CITY, Scope.REQUEST_HANDLE, Scope.REQUEST_SUBMIT),
    "head": (CITY, Scope.REQUEST_EXTEND),
    "reviewer": (CITY, Scope.REQUEST_REVIEW),
    "leader": (CITY, Scope.REQUEST_APPROVE),
    "identifier": (CITY, Scope.REQUEST_IDENTIFY),
    "supervisor": (CITY, Scope.REQUEST_SUPERVISE),
    "reporter": (CITY, Scope.REPORT_WRITE),
    "reader": (CITY, Scope.EVENTS_READ, Scope.AUDIT_READ),
    "archive": (CITY, Scope.REQUEST_SUBMIT, Scope.REQUEST_HANDLE, Scope.REQUEST_BACKFILL),
    "bureau": (BUREAU_A, Scope.REQUEST_HANDLE, Scope.REQUEST_SUBMIT, Scope.REQUEST_IDENTIFY),
}
"""Who may what: organisation, scopes."""
_WHO = {"extend": "head", "review": "reviewer", "approve": "leader", "return": "leader"}


class RequestOffice:
    """Takes requests in and works on them, each step with the client whose duty it is."""

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self._known: dict[str, dict[str, str]] = {}

    @property
    def database(self) -> Database:
        database: Database = self.suite.apps["request"].state.kit.database
        return database

    async def headers_of(self, who: str) -> dict[str, str]:
        """A client is made when it is first needed."""
        if who not in self._known:
            organization, *scopes = CLIENTS[who]
            self._known[who] = await self.suite.token(str(organization), *(Scope(scope) for scope in scopes))
        return self._known[who]

    def set_day(self, day: date | str, at: time = time(10)) -> None:
        day = date.fromisoformat(day) if isinstance(day, str) else day
        moment = datetime.combine(day, at, LOCAL_ZONE).astimezone(UTC)
        self.suite.apps["request"].state.kit.clock = lambda: moment

    async def call(self, who: str | None, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        headers = (await self.headers_of(who) if who else {}) | options.pop("headers", {})
        return await self.suite.clients["request"].request(method, path, json=body, headers=headers, **options)

    async def put(self, body: Any = None, name: str = "r1", org: str = CITY, who: str | None = None) -> httpx.Response:
        """By the desk, or by the website what came over the Internet."""
        body = body or request()
        online = body.get("channel") == "online" and not body.get("confirmed_on")
        return await self.call(
            who or ("website" if online else "handler"), "PUT", f"/v1/organizations/{org}/requests/{name}", body
        )

    async def submit(self, body: Any = None, name: str = "r1", **options: Any) -> dict[str, Any]:
        """The receipt of a request that is taken in."""
        answer = await self.put(body, name, **options)
        assert answer.status_code == 201, answer.text
        receipt: dict[str, Any] = answer.json()
        return receipt

    async def move(self, request_id: str, move: str, on: str, who: str | None = None, **body: Any) -> httpx.Response:
        """One step, on its day, by whose duty it is. `today` follows the day."""
        self.set_day(on)
        who = who or _WHO.get(move, "handler")
        separator = "/" if move.startswith("consultations") else ":"
        path = f"/v1/requests/{request_id}{separator}{move}"
        return await self.call(who, "POST", path, {"on": on, **body})

    async def moved(self, request_id: str, move: str, on: str, who: str | None = None, **body: Any) -> dict[str, Any]:
        """The request after a step that is taken."""
        answer = await self.move(request_id, move, on, who, **body)
        assert answer.status_code == 200, answer.text
        view: dict[str, Any] = answer.json()
        return view

    async def decide(self, request_id: str, on: str, answer: dict[str, Any] | None = None) -> dict[str, Any]:
        """Drafted, reviewed twice, approved on one day."""
        await self.moved(request_id, "draft", on, answer=answer or granted())
        for kind in ("legal", "secrecy"):
            await self.moved(request_id, "review", on, kind=kind, passes=True)
        return await self.moved(request_id, "approve", on)

    async def answer(self, request_id: str, on: str, answer: dict[str, Any] | None = None) -> dict[str, Any]:
        """Decided and posted on one day."""
        await self.decide(request_id, on, answer)
        return await self.moved(request_id, "serve", on, method="post", postal_number="XA12345678937")

    async def view(self, request_id: str) -> dict[str, Any]:
        answer = await self.call("handler", "GET", f"/v1/requests/{request_id}")
        assert answer.status_code == 200, answer.text
        view: dict[str, Any] = answer.json()
        return view

    async def run_job(self, name: str, *, calendar: WorkCalendar = SEED) -> None:
        """A job of the worker, until it has nothing more to do."""
        kit = self.suite.apps["request"].state.kit

        async def known() -> WorkCalendar:
            return calendar

        jobs = jobs_of(kit.database, kit.settings, kit.directory, known, kit.client, kit.clock)
        while await next(job for job in jobs if job.name == name).run():
            pass

    async def events(self) -> list[dict[str, Any]]:
        answer = await self.call("reader", "GET", "/v1/events", params={"limit": 500})
        assert answer.status_code == 200, answer.text
        events: list[dict[str, Any]] = answer.json()["events"]
        return events


@asynccontextmanager
async def open_request_office(database_url: Callable[[str], str]) -> AsyncIterator[RequestOffice]:
    """request_api on 2025-09-22 with the city's clients."""
    async with request_suite(database_url) as suite:
        office = RequestOffice(suite)
        office.set_day(TODAY)
        yield office
