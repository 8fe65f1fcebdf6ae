"""Calls to one suite: the token, the pace and the repetition of what may be repeated. Knows no resource."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx

from shared.client.errors import ApiProblem, problem_of
from shared.client.keys import PrivateKey
from shared.client.pacing import RETRIED, TOO_MANY, Patience, Quotas, retry_after_seconds
from shared.schemas.clients import Token

Query = Mapping[str, str | int | bool | Sequence[str] | None]
Credentials = tuple[str, str | PrivateKey]
"""A client's number, and its secret or its key."""
TOKEN_PATH = "/api/exchange/v1/oauth/token"  # noqa: S105  # an address
_TIMEOUT = httpx.Timeout(60.0, connect=10.0)
_RENEWED_BEFORE_SECONDS = 60.0
_READS = frozenset({"GET", "HEAD"})
_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})


class Session:
    """One client's connections. Without credentials it asks for what is public."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        credentials: Credentials | None,
        patience: Patience,
    ) -> None:
        self._http, self._credentials, self.patience = http, credentials, patience
        self._quotas = Quotas(patience)
        self._token: tuple[str, float] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def request(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """The successful answer. Raises ApiProblem, or httpx.TransportError when nothing answers.

        Repeated are GET, PUT, DELETE, and a POST that carries an `Idempotency-Key`; any call that was one too many (429).
        """
        sent = {"Content-Type": "application/json"} if content is not None else {}
        sent |= headers or {}
        repeatable = method in _REPEATABLE or any(name.lower() == "idempotency-key" for name in sent)
        failures = 0
        while True:
            try:
                async with self.open(method, path, content=content, query=query, headers=sent) as answer:
                    await answer.aread()
                    return answer
            except (ApiProblem, httpx.TransportError) as error:
                failures += 1
                # Whatever exceeds a quota is refused before it begins.
                unbegun = isinstance(error, ApiProblem) and error.status == TOO_MANY
                if not (repeatable or unbegun) or not await self.pause_after(error, failures):
                    raise

    async def pause_after(self, error: Exception, failures: int) -> bool:
        """Wait as this failure asks for, the latest of so many; False when it is final."""
        asked = None
        if isinstance(error, ApiProblem):
            if error.status not in RETRIED:
                return False
            asked = error.retry_after_seconds
        seconds = self.patience.wait_seconds(failures, asked)
        if seconds is None:
            return False
        await self.patience.sleep(seconds)
        return True

    @asynccontextmanager
    async def open(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        query: Query | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncGenerator[httpx.Response, None]:
        """One try: the answer as it begins. A token that is not honoured any more is renewed, once."""
        # Each service counts reads and writes apart.
        part = "/".join(path.split("/")[:3]) + (" reads" if method in _READS else " writes")
        for renewed in (False, True):
            await self._quotas.wait(part)
            token = await self._authorization()
            parameters = {name: value for name, value in (query or {}).items() if value is not None}
            request = self._http.build_request(
                method, path, content=content, params=parameters or None, headers={**(headers or {}), **token}
            )
            answer = await self._http.send(request, stream=True)
            try:
                self._quotas.note(part, answer)
                if answer.status_code == 401 and token and not renewed:
                    self._forget(token)
                    continue
                await _raise_for_problem(answer)
                yield answer
                return
            finally:
                await answer.aclose()

    async def _authorization(self) -> dict[str, str]:
        """The header with a token that lives on for a while; nothing without credentials."""
        if self._credentials is None:
            return {}
        async with self._one_at_a_time:
            if self._token is None or self._token[1] <= self.patience.clock():
                self._token = await self._fetch_token(self._credentials)
            return _bearer(self._token[0])

    def _forget(self, refused: dict[str, str]) -> None:
        """Unless another call has renewed it meanwhile."""
        if self._token is not None and refused == _bearer(self._token[0]):
            self._token = None

    async def _fetch_token(self, credentials: Credentials) -> tuple[str, float]:
        asked_at = self.patience.clock()
        form, (client_id, proof) = {"grant_type": "client_credentials"}, credentials
        if isinstance(proof, PrivateKey):
            answer = await self._http.post(TOKEN_PATH, data=form | proof.form(client_id, now=time.time()))
        else:
            answer = await self._http.post(TOKEN_PATH, data=form, auth=httpx.BasicAuth(client_id, proof))
        await _raise_for_problem(answer)
        token = Token.model_validate_json(answer.content)
        early = min(_RENEWED_BEFORE_SECONDS, token.expires_in / 2)
        return token.access_token, asked_at + token.expires_in - early


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def _raise_for_problem(answer: httpx.Response) -> None:
    if not answer.is_success:
        await answer.aread()
        raise problem_of(answer, retry_after_seconds=retry_after_seconds(answer))


def open_http(base_url: str, *, transport: httpx.AsyncBaseTransport | None, verify: Any) -> httpx.AsyncClient:
    """Connections to a suite. `verify` as in httpx: an SSLContext for a city with a root certificate of its own."""
    return httpx.AsyncClient(base_url=base_url.rstrip("/"), transport=transport, verify=verify, timeout=_TIMEOUT)
