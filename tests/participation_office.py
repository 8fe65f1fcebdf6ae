"""A running library with a client of every right, and its clock in a test's hand."""

import json
from datetime import UTC, date, datetime, time
from typing import Any

import httpx

from services.policy_api.service.entries import refresh_due_entries
from shared.kit.clock import LOCAL_ZONE
from shared.kit.database import Database
from shared.schemas.scopes import Scope
from tests.participation import TODAY, consultation, opinion, result
from tests.policies import published
from tests.services import CITY, Suite


class Office:
    """What a test does to one running library."""

    def __init__(self, suite: Suite, headers: dict[str, str]) -> None:
        self.suite, self.headers = suite, headers

    @property
    def database(self) -> Database:
        database: Database = self.suite.apps["policy"].state.kit.database
        return database

    def set_day(self, day: date, at: time = time(10)) -> None:
        moment = datetime.combine(day, at, LOCAL_ZONE).astimezone(UTC)
        self.suite.apps["policy"].state.kit.clock = lambda: moment

    async def call(self, method: str, path: str, body: Any = None, **options: Any) -> httpx.Response:
        headers = self.headers | options.pop("headers", {})
        return await self.suite.policy.request(method, path, json=body, headers=headers, **options)

    async def put_entry(self, plural: str, body: Any, name: str = "a", org: str = CITY) -> httpx.Response:
        return await self.call("PUT", f"/v1/organizations/{org}/{plural}/{name}", body)

    async def announce(self, **changes: Any) -> str:
        answer = await self.put_entry("consultations", consultation(**changes))
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json()["id"])

    async def hand_in(self, consultation_id: str, **changes: Any) -> str:
        answer = await self.call("POST", f"/v1/consultations/{consultation_id}/opinions", opinion(**changes))
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def handle(self, opinion_id: str, outcome: str = "adopted", **options: Any) -> httpx.Response:
        body = {"outcome": outcome, "reason": "与现行食品安全规定一致"}
        return await self.call("PUT", f"/v1/opinions/{opinion_id}/handling", body, **options)

    async def put_result(self, consultation_id: str, **changes: Any) -> httpx.Response:
        return await self.call("PUT", f"/v1/consultations/{consultation_id}/result", result(**changes))

    async def read(self, path: str) -> dict[str, Any]:
        answer = await self.suite.policy.get(path)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    async def put_policy(self, name: str = "final", **changes: Any) -> str:
        answer = await self.put_entry("policies", published(**changes), name)
        assert answer.status_code in (200, 201), answer.text
        return str(answer.json()["id"])

    async def events(self) -> list[dict[str, Any]]:
        answer = await self.call("GET", "/v1/events", params={"limit": 500})
        assert answer.status_code == 200, answer.text
        events: list[dict[str, Any]] = answer.json()["events"]
        return events

    async def audit(self) -> list[dict[str, Any]]:
        rows = await self.database.reads.fetch("SELECT entry FROM audit_entry ORDER BY seq")
        return [json.loads(row["entry"]) for row in rows]

    async def tell_changes(self, today: date) -> int:
        async with self.database.write() as session:
            return await refresh_due_entries(session, today=today, limit=100)


async def open_office(suite: Suite) -> Office:
    """The city's client with every right, on 2026-05-06."""
    office = Office(suite, await suite.token(CITY, *Scope))
    office.set_day(TODAY)
    return office
