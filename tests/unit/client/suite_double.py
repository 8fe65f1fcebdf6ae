"""A suite that answers as the test says, for the client's own rules: what it sends again, and how long it waits."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from shared.client import MingquanClient, Patience
from shared.client.session import TOKEN_PATH

BASE_URL = "https://suite.example"
CITY = "1137010000418859XL"
Answer = httpx.Response | Exception


class BrokenStream(httpx.AsyncByteStream):
    """A body that stops without its end."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content
        raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")


@dataclass
class Clock:
    """Time that passes only while somebody waits."""

    now: float = 1000.0
    waits: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@dataclass
class SuiteDouble:
    """Gives tokens that say which they are; everything else is for `handle`."""

    handle: Callable[[httpx.Request], Answer]
    token_seconds: int = 900
    clock: Clock = field(default_factory=Clock)
    tokens: int = 0
    requests: list[httpx.Request] = field(default_factory=list)

    def client(self, *, anonymous: bool = False) -> MingquanClient:
        who = (None, None) if anonymous else ("partner", "secret")
        patience = Patience(tries=4, sleep=self.clock.sleep, clock=self.clock)
        return MingquanClient(BASE_URL, *who, patience=patience, transport=httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == TOKEN_PATH:
            self.tokens += 1
            token = {"access_token": f"token-{self.tokens}", "expires_in": self.token_seconds, "scope": "policy:write"}
            return httpx.Response(200, json=token)
        self.requests.append(request)
        answer = self.handle(request)
        if isinstance(answer, Exception):
            raise answer
        return answer


def problem(status: int, code: str, headers: dict[str, str] | None = None, **facts: Any) -> httpx.Response:
    """A problem document."""
    document = {
        "type": f"urn:mingquan:problem:{code}",
        "title": "…",
        "status": status,
        "code": code,
        "detail": "请稍候",
    }
    content = json.dumps(document | facts)
    return httpx.Response(
        status, content=content, headers={"Content-Type": "application/problem+json"} | (headers or {})
    )


def in_turn(*answers: Answer) -> Callable[[httpx.Request], Answer]:
    """One answer after the other."""
    left = list(answers)
    return lambda _request: left.pop(0)
