"""Reads another service's event log and export over HTTP: with a token, within timeouts, typed.

    LogReader.page    one page of `/v1/events`, long-polled
    LogReader.export  everything public now, from `/v1/export`, closed by the cursor to follow from
    LogGone           the log does not know the cursor any more: rebuild from the export
    Unavailable       anything that another try may mend; `Backoff` says when

Keeps no cursor and decides nothing: whoever applies a page stores its cursor with the effect.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from shared.kit.errors import InvalidCursor, Unavailable
from shared.schemas.events import EventPage, ExportEnd

_REFRESH_BEFORE_SECONDS = 60.0
_ANSWER_SECONDS = 30.0
_CONNECT_SECONDS = 5.0


class LogGone(Exception):
    """The log was pruned past the cursor, is another log than the one that gave it (410), or seals with another key now."""


class ExportLine(BaseModel):
    """One public representation as `/v1/export` gives it."""

    type: str
    subject: str
    version: int
    hash: str
    data: dict[str, Any]


@dataclass(frozen=True)
class Credentials:
    """A client of exchange_api that may read events."""

    client_id: str
    client_secret: SecretStr


class Tokens(Protocol):
    """Where the headers of a call come from."""

    async def headers(self) -> dict[str, str]:
        """What a request carries."""
        ...

    def forget(self) -> None:
        """A service refused the token: get another next time."""
        ...


class TokenSource:
    """An access token by client credentials, fetched when first needed and again before it expires."""

    def __init__(self, client: httpx.AsyncClient, *, exchange_url: str, credentials: Credentials) -> None:
        self._client = client
        self._url = f"{exchange_url}/v1/oauth/token"
        self._credentials = credentials
        self._token: str | None = None
        self._expires_at = 0.0
        self._lock = asyncio.Lock()

    async def headers(self) -> dict[str, str]:
        """What a request carries. Unavailable when exchange_api is away or refuses."""
        async with self._lock:
            if self._token is None or time.monotonic() > self._expires_at - _REFRESH_BEFORE_SECONDS:
                await self._fetch()
            return {"Authorization": f"Bearer {self._token}"}

    def forget(self) -> None:
        """A service refused the token: fetch another next time."""
        self._token = None

    async def _fetch(self) -> None:
        secret = self._credentials.client_secret.get_secret_value()
        asked_at = time.monotonic()
        try:
            answer = await self._client.post(
                self._url,
                data={"grant_type": "client_credentials"},
                auth=httpx.BasicAuth(self._credentials.client_id, secret),
            )
        except httpx.HTTPError as error:
            raise Unavailable("无法访问交换服务（令牌），请稍后重试") from error
        if not answer.is_success:
            raise Unavailable(f"交换服务没有发给令牌（{answer.status_code}）：请核对客户端编号和密钥")
        try:
            body = answer.json()
            self._token, self._expires_at = str(body["access_token"]), asked_at + float(body["expires_in"])
        except (ValueError, KeyError, TypeError) as error:
            raise Unavailable("交换服务（令牌）的应答无法读取，请稍后重试") from error


class Backoff:
    """How long to wait after each failure in a row: doubling, bounded, with jitter so that many do not return at once."""

    def __init__(self, *, first_seconds: float = 0.2, longest_seconds: float = 15.0) -> None:
        self._first = first_seconds
        self._longest = longest_seconds
        self._failures = 0

    def reset(self) -> None:
        """Something succeeded."""
        self._failures = 0

    def next_seconds(self) -> float:
        """The wait before the next try."""
        longest = min(self._longest, self._first * 2.0**self._failures)
        self._failures = min(self._failures + 1, 30)
        return random.uniform(longest / 2, longest)  # noqa: S311  # spreads callers, guards nothing


class LogReader:
    """One service's log. `name` is what messages call the service."""

    def __init__(self, client: httpx.AsyncClient, tokens: Tokens, *, name: str, base_url: str) -> None:
        self.name = name
        self._client = client
        self._tokens = tokens
        self._base_url = base_url.rstrip("/")

    async def page(self, *, after: str | None, limit: int, wait_seconds: float) -> EventPage:
        """Events after a cursor; at once when there are any, else within `wait_seconds`. LogGone, Unavailable."""
        params: dict[str, str | int | float] = {"limit": limit, "wait": wait_seconds}
        if after is not None:
            params["after"] = after
        async with self._get("/v1/events", params, wait_seconds=wait_seconds) as answer:
            content = await answer.aread()
        try:
            return EventPage.model_validate_json(content)
        except ValidationError as error:
            raise self._unreadable() from error

    async def export(self) -> AsyncIterator[ExportLine | ExportEnd]:
        """Every line, the closing one last. Unavailable when it breaks off before that: what came is no whole."""
        ended = False
        async with self._get("/v1/export", {}, wait_seconds=0) as answer:
            async for line in _lines(answer):
                parsed = self._parse_line(line)
                ended = isinstance(parsed, ExportEnd)
                yield parsed
        if not ended:
            raise Unavailable(f"{self.name}的导出中途断开，请稍后重试")

    def _parse_line(self, line: bytes) -> ExportLine | ExportEnd:
        try:
            # The closing line is the only one that begins so; see shared.kit.feed.
            return (ExportEnd if line.startswith(b'{"cursor"') else ExportLine).model_validate_json(line)
        except ValidationError as error:
            raise self._unreadable() from error

    @asynccontextmanager
    async def _get(self, path: str, params: dict[str, Any], *, wait_seconds: float) -> AsyncIterator[httpx.Response]:
        timeout = httpx.Timeout(_ANSWER_SECONDS + wait_seconds, connect=_CONNECT_SECONDS)
        try:
            request = self._client.build_request(
                "GET",
                self._base_url + path,
                params=params,
                headers=await self._tokens.headers() | {"Accept-Encoding": "identity"},
                timeout=timeout,
            )
            answer = await self._client.send(request, stream=True)
            try:
                if await _refuses_cursor(answer):
                    raise LogGone(self.name)
                self._check(answer)
                yield answer
            finally:
                await answer.aclose()
        except httpx.HTTPError as error:
            raise Unavailable(f"无法读取{self.name}的日志，请稍后重试") from error

    def _check(self, answer: httpx.Response) -> None:
        if answer.status_code == 410:
            raise LogGone(self.name)
        if answer.status_code == 401:
            self._tokens.forget()
        if not answer.is_success:
            raise Unavailable(f"{self.name}暂时无法应答（{answer.status_code}），请稍后重试")

    def _unreadable(self) -> Unavailable:
        return Unavailable(f"{self.name}的应答无法读取，请稍后重试")


async def _refuses_cursor(answer: httpx.Response) -> bool:
    """A service whose cursor key was changed knows none that it gave before."""
    if answer.status_code != InvalidCursor.status:
        return False
    await answer.aread()
    try:
        return bool(answer.json()["code"] == InvalidCursor.code)
    except (ValueError, KeyError, TypeError):
        return False


async def _lines(answer: httpx.Response) -> AsyncIterator[bytes]:
    """NDJSON lines. Only LF ends one: httpx's own line iterator also splits at U+2028, which JSON may hold raw."""
    rest = b""
    async for chunk in answer.aiter_bytes():
        *lines, rest = (rest + chunk).split(b"\n") if b"\n" in chunk else [rest + chunk]
        for line in lines:
            if line.strip():
                yield line
    if rest.strip():
        yield rest
