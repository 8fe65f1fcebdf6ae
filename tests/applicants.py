"""Many applicants at once who do not give up: each request is handed in, accepted and withdrawn, whatever dies meanwhile."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import httpx

from deploy.local.exchange import CITY_CODE
from tests.partner import Partner
from tests.request_office import PERSON, request

AT_ONCE = 8
AGAIN = {502, 503, 504}


@dataclass
class Applicants:
    """Hands in `count` requests; `receipts` is what was promised to whom."""

    partner: Partner
    count: int
    receipts: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    sent_again: int = 0

    async def all(self) -> None:
        """Every request through its three steps, several at a time."""
        waiting = list(range(self.count))

        async def one_after_another() -> None:
            while waiting:
                await self._see_through(waiting.pop())

        async with asyncio.TaskGroup() as many:
            for _ in range(AT_ONCE):
                many.create_task(one_after_another())

    async def _see_through(self, number: int) -> None:
        name = f"storm-{number}"
        identity = {"kind": "passport", "number": f"E{number:08d}"}
        body = request(applicant=PERSON | {"identity": identity}, wanted={"description": f"第{number}号文件"})
        path = f"/api/request/v1/organizations/{CITY_CODE}/requests/{name}"
        answer = await self._until_answered("PUT", path, body)
        if answer.status_code not in (200, 201):
            self.refused.append(answer.text[:300])
            return
        self.receipts[name] = answer.json()
        for move in ("accept", "withdraw"):
            path = f"/api/request/v1/requests/{self.receipts[name]['id']}:{move}"
            moved = await self._until_answered("POST", path, {"on": "2025-09-23"})
            # An answer that was lost: the step had been taken.
            if moved.status_code not in (200, 409):
                self.refused.append(moved.text[:300])

    async def _until_answered(self, method: str, path: str, body: dict[str, Any]) -> httpx.Response:
        while True:
            try:
                answer = await self.partner.http.request(method, path, json=body, headers=await self.partner.headers())
            except httpx.HTTPError:
                answer = None
            if answer is not None and answer.status_code not in AGAIN:
                await self.partner.progress.add()
                return answer
            self.sent_again += 1
            await self.partner.progress.pause()
