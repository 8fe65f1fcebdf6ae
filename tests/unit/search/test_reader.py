"""Reading another service's log over HTTP."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from pydantic_core import to_json

from shared.kit.errors import Unavailable
from shared.kit.reader import Backoff, Credentials, ExportLine, LogGone, LogReader, TokenSource
from shared.schemas.events import ExportEnd

PAGE = {"events": [], "cursor": "c1", "reflects_until": "2026-03-01T00:00:00Z", "at_end": True}
END = {"cursor": "c9", "count": 1, "reflects_until": "2026-03-01T00:00:00Z"}
LINE = {"type": "policy", "subject": "s", "version": 1, "hash": "h", "data": {"title": "分行\u2028不是两行\x85"}}
Answer = Callable[[httpx.Request], httpx.Response]


class Net:
    """Answers tokens itself, everything else as told; remembers what was asked."""

    def __init__(self, answer: Answer, *, expires_in: float = 900) -> None:
        self.asked: list[httpx.Request] = []
        self.tokens = 0
        self._answer = answer
        self._expires_in = expires_in

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/oauth/token":
            self.tokens += 1
            return httpx.Response(200, json={"access_token": f"t{self.tokens}", "expires_in": self._expires_in})
        self.asked.append(request)
        return self._answer(request)

    def reader(self) -> LogReader:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self))
        credentials = Credentials("me", SecretStr("secret"))
        tokens = TokenSource(client, exchange_url="http://exchange.test", credentials=credentials)
        return LogReader(client, tokens, name="政策", base_url="http://policy.test/")


async def test_page_is_asked_for_with_token_cursor_and_wait() -> None:
    net = Net(lambda _: httpx.Response(200, json=PAGE))
    reader = net.reader()
    assert (await reader.page(after="c0", limit=7, wait_seconds=2)).cursor == "c1"
    await reader.page(after=None, limit=7, wait_seconds=0)
    first, second = net.asked
    assert dict(first.url.params) == {"limit": "7", "wait": "2", "after": "c0"}
    assert "after" not in second.url.params
    assert first.headers["Authorization"] == "Bearer t1"
    assert net.tokens == 1


async def test_token_is_fetched_anew_when_it_ends_or_is_refused() -> None:
    ending = Net(lambda _: httpx.Response(200, json=PAGE), expires_in=30)
    reader = ending.reader()
    for _ in range(2):
        await reader.page(after=None, limit=1, wait_seconds=0)
    assert ending.tokens == 2
    answers = iter((httpx.Response(401), httpx.Response(200, json=PAGE)))
    refused = Net(lambda _: next(answers))
    reader = refused.reader()
    with pytest.raises(Unavailable):
        await reader.page(after=None, limit=1, wait_seconds=0)
    await reader.page(after=None, limit=1, wait_seconds=0)
    assert refused.asked[1].headers["Authorization"] == "Bearer t2"


async def test_gone_and_away_are_told_apart() -> None:
    with pytest.raises(LogGone):
        await Net(lambda _: httpx.Response(410)).reader().page(after="old", limit=1, wait_seconds=0)
    answers = iter([httpx.Response(status) for status in (500, 403, 404)])
    reader = Net(lambda _: next(answers)).reader()
    for _ in range(3):
        with pytest.raises(Unavailable):
            await reader.page(after=None, limit=1, wait_seconds=0)
    with pytest.raises(Unavailable):
        await Net(lambda _: httpx.Response(200, text="<html>")).reader().page(after=None, limit=1, wait_seconds=0)

    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route")

    with pytest.raises(Unavailable):
        await Net(refuse).reader().page(after=None, limit=1, wait_seconds=0)


async def test_a_cursor_sealed_by_an_earlier_key_is_gone_and_other_refusals_are_not() -> None:
    refusal = httpx.Response(422, json={"code": "invalid_cursor"})
    with pytest.raises(LogGone):
        await Net(lambda _: refusal).reader().page(after="old", limit=1, wait_seconds=0)
    for other in (httpx.Response(422, json={"code": "validation_failed"}), httpx.Response(422, text="no JSON")):
        with pytest.raises(Unavailable):
            await Net(lambda _, other=other: other).reader().page(after="old", limit=1, wait_seconds=0)  # type: ignore[misc]


async def test_export_is_read_line_by_line_whatever_the_lines_hold() -> None:
    body = to_json(LINE) + b"\n" + to_json(END) + b"\n"
    line, end = await collect(body)
    assert isinstance(line, ExportLine)
    assert line.data == LINE["data"]
    assert isinstance(end, ExportEnd)
    assert end.cursor == "c9"


async def test_export_that_breaks_off_is_no_export() -> None:
    with pytest.raises(Unavailable):
        await collect(to_json(LINE) + b"\n")
    with pytest.raises(Unavailable):
        await collect(to_json(LINE)[:20])


def test_backoff_doubles_within_bounds_and_begins_again() -> None:
    backoff = Backoff(first_seconds=0.1, longest_seconds=1.0)
    waits = [backoff.next_seconds() for _ in range(40)]
    assert all(0.05 <= wait <= 1.0 for wait in waits)
    assert min(waits[5:]) >= 0.5
    backoff.reset()
    assert backoff.next_seconds() <= 0.1


async def collect(body: bytes) -> list[Any]:
    return [line async for line in Net(lambda _: httpx.Response(200, content=body)).reader().export()]
