"""The running suite as the import sees it: tokens, organisations, batches, interpretations. Decides nothing."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from shared.schemas.organizations import OrganizationInput
from shared.schemas.policies import InterpretationImport
from shared.schemas.scopes import Scope

SCOPES = (Scope.ORGANIZATIONS_WRITE, Scope.POLICY_IMPORT, Scope.POLICY_WRITE)
ATTEMPTS = 6
_FIRST_PAUSE_SECONDS = 0.5


class SuiteUnavailable(Exception):
    """The suite does not answer as it should; the message says what it was asked and what came back."""


class RefusedBySuite(Exception):
    """One request was refused; `problem` is the suite's own document."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(describe(problem))
        self.status, self.problem = status, problem


@dataclass(frozen=True)
class Credentials:
    """Of a client of exchange_api."""

    client_id: str
    client_secret: str


@dataclass(frozen=True)
class Answer:
    """One line of a batch's answer."""

    line: int
    status: int
    # Any: JSON of another process.
    receipt: dict[str, Any] | None
    problem: dict[str, Any] | None

    @property
    def may_succeed_later(self) -> bool:
        return self.status in (429, 503)


def describe(problem: dict[str, Any]) -> str:
    """A problem document in one line."""
    fields = [f"{error.get('pointer')} {error.get('detail')}" for error in problem.get("errors") or []]
    text = "；".join([str(problem.get("detail") or problem.get("title") or "没有说明"), *fields])
    return f"{problem.get('code', '')} {text}".strip()


class Suite:
    """Two services and the credentials to speak to them. A token is renewed when it is no longer taken."""

    def __init__(self, exchange: httpx.AsyncClient, policy: httpx.AsyncClient, credentials: Credentials) -> None:
        self._exchange, self._policy, self._credentials = exchange, policy, credentials
        self._token: str | None = None

    async def create_client(self, organization: str, *, name: str) -> Credentials:
        """A new client of that organisation with the scopes of an import; needs an administrator's credentials."""
        body = {"name": name, "organization": organization, "scopes": [scope.value for scope in SCOPES]}
        created = (await self._ask(self._exchange, "POST", "/v1/clients", json=body)).json()["secret"]
        return Credentials(created["client_id"], created["client_secret"])

    async def list_organizations(self) -> list[dict[str, Any]]:
        """All of them, root first or not."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            params = {"limit": "100"} | ({"cursor": cursor} if cursor else {})
            page = (await self._ask(self._exchange, "GET", "/v1/organizations", params=params)).json()
            found += page["items"]
            cursor = page.get("next_cursor")
            if cursor is None:
                return found

    async def register(self, code: str, wanted: OrganizationInput) -> None:
        """Idempotent."""
        await self._ask(self._exchange, "PUT", f"/v1/organizations/{code}", json=wanted.model_dump(mode="json"))

    async def push_batch(self, lines: Sequence[bytes]) -> AsyncIterator[Answer]:
        """Answers as they arrive, in order. A broken connection raises SuiteUnavailable after the answers so far."""
        headers = {**await self._headers(), "Content-Type": "application/x-ndjson"}
        try:
            async with self._policy.stream(
                "POST", "/v1/policies:batch", content=_stream(lines), headers=headers
            ) as response:
                if response.status_code == 401:
                    self._token = None
                if not response.is_success:
                    await response.aread()
                    raise SuiteUnavailable(f"批量接口答复 {response.status_code}：{_problem_text(response)}")
                async for line in response.aiter_lines():
                    if line:
                        stored = json.loads(line)
                        yield Answer(stored["line"], stored["status"], stored.get("receipt"), stored.get("problem"))
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise SuiteUnavailable(f"与批量接口的连接中断：{type(error).__name__}") from error

    async def put_interpretation(self, org: str, external_id: str, content: InterpretationImport) -> dict[str, Any]:
        """The receipt; RefusedBySuite when it is refused."""
        path = f"/v1/organizations/{org}/interpretations/{quote(external_id, safe='')}"
        answer = await self._ask(self._policy, "PUT", path, json=content.model_dump(mode="json"))
        receipt: dict[str, Any] = answer.json()
        return receipt

    async def get(self, path: str, **params: str) -> httpx.Response:
        """A public read of policy_api."""
        return await self._ask(self._policy, "GET", path, params=params)

    async def _headers(self) -> dict[str, str]:
        if self._token is None:
            pair = (self._credentials.client_id, self._credentials.client_secret)
            answer = await self._send(
                self._exchange, "POST", "/v1/oauth/token", data={"grant_type": "client_credentials"}, auth=pair
            )
            if not answer.is_success:
                raise SuiteUnavailable(f"领取令牌被拒绝：{_problem_text(answer)}")
            self._token = str(answer.json()["access_token"])
        return {"Authorization": f"Bearer {self._token}"}

    async def _ask(self, client: httpx.AsyncClient, method: str, path: str, **arguments: Any) -> httpx.Response:
        """The answer to a request that may be repeated; RefusedBySuite for what repeating cannot help."""
        answer = await self._send(client, method, path, headers=await self._headers(), **arguments)
        if answer.status_code == 401:
            self._token = None
            answer = await self._send(client, method, path, headers=await self._headers(), **arguments)
        if not answer.is_success:
            raise RefusedBySuite(answer.status_code, _problem(answer))
        return answer

    async def _send(self, client: httpx.AsyncClient, method: str, path: str, **arguments: Any) -> httpx.Response:
        fault = ""
        for attempt in range(ATTEMPTS):
            try:
                answer = await client.request(method, path, **arguments)
            except httpx.HTTPError as error:
                fault = type(error).__name__
            else:
                if answer.status_code not in (429, 502, 503, 504):
                    return answer
                fault = str(answer.status_code)
            if attempt < ATTEMPTS - 1:
                await pause(attempt)
        raise SuiteUnavailable(
            f"{method} {client.base_url}{path.lstrip('/')} 没有得到答复（{fault}），已试{ATTEMPTS}次"
        )


async def pause(attempt: int) -> None:
    """Back off: half a second, then twice as long each time."""
    await asyncio.sleep(_FIRST_PAUSE_SECONDS * 2**attempt)


async def _stream(lines: Sequence[bytes]) -> AsyncIterator[bytes]:
    for line in lines:
        yield line + b"\n"


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        document = answer.json()
    except ValueError:
        return {"detail": answer.text[:200]}
    return document if isinstance(document, dict) else {"detail": str(document)[:200]}


def _problem_text(answer: httpx.Response) -> str:
    return describe(_problem(answer))
