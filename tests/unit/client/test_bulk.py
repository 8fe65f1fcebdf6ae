"""The bulk push against a suite that breaks off, stumbles and comes back: nothing lost, nothing asked for twice in vain."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.client import ApiProblem, BulkBounds, PushInterrupted, PushReport
from shared.schemas.policies import BatchLine
from tests.policies import published
from tests.unit.client.suite_double import CITY, BrokenStream, SuiteDouble, problem

SMALL = BulkBounds(lines_per_request=10)
ONE_BY_ONE = BulkBounds(lines_per_request=10, requests_under_way=1)


def lines(count: int, first: int = 1) -> list[dict[str, Any]]:
    return [{"organization": CITY, "external_id": f"doc-{number}"} for number in range(first, first + count)]


@dataclass
class Library:
    """Stores lines by their names and says so; `break_after` cuts the answers at bytes, `busy` refuses single lines."""

    break_after: list[int | None] = field(default_factory=list)
    busy: dict[str, int] = field(default_factory=dict)
    most_lines: int = 10_000
    stored: dict[str, int] = field(default_factory=dict)
    batches: list[list[str]] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        sent = [json.loads(one)["external_id"] for one in request.content.splitlines()]
        self.batches.append(sent)
        results = [self._result(number, name) for number, name in enumerate(sent[: self.most_lines], 1)]
        if len(sent) > self.most_lines:
            results.append(self._refusal(self.most_lines + 1, 413, "batch_too_large"))
        content = b"".join(json.dumps(one).encode() + b"\n" for one in results)
        place = self.break_after.pop(0) if self.break_after else None
        if place is None:
            return httpx.Response(200, content=content)
        return httpx.Response(200, stream=BrokenStream(content[:place]))

    def _result(self, number: int, name: str) -> dict[str, Any]:
        if self.busy.get(name):
            self.busy[name] -= 1
            return self._refusal(number, 503, "unavailable")
        if name.startswith("bad"):
            return self._refusal(number, 422, "validation_failed")
        self.stored[name] = self.stored.get(name, 0) + 1
        outcome = "created" if self.stored[name] == 1 else "unchanged"
        return {"line": number, "status": 200, "receipt": receipt(name, outcome)}

    def _refusal(self, number: int, status: int, code: str) -> dict[str, Any]:
        return {"line": number, "status": status, "problem": {"status": status, "code": code, "detail": "请稍候"}}


def receipt(name: str, outcome: str) -> dict[str, Any]:
    return {
        "outcome": outcome,
        "id": "0190f8a2-7c3e-7d10-8a55-2f1b6c9d0e11",
        "organization": CITY,
        "external_id": name,
        "version": 1,
        "content_hash": "0" * 64,
        "public": True,
        "recorded_at": "2026-11-23T10:00:00+08:00",
    }


def bytes_of(*names: str) -> int:
    """How long the results of these new lines are."""
    results = [{"line": n, "status": 200, "receipt": receipt(name, "created")} for n, name in enumerate(names, 1)]
    return sum(len(json.dumps(one)) + 1 for one in results)


async def push(suite: SuiteDouble, documents: Any, bounds: BulkBounds = SMALL, **options: Any) -> PushReport:
    async with suite.client() as client:
        return await client.push_policies(documents, bounds=bounds, **options)


async def test_only_what_has_no_result_is_sent_again() -> None:
    library = Library(break_after=[bytes_of("doc-1", "doc-2", "doc-3")])
    report = await push(SuiteDouble(library), lines(5))
    assert library.batches == [[f"doc-{n}" for n in range(1, 6)], ["doc-4", "doc-5"]]
    assert (list(report.accepted), list(report.unchanged), report.lines) == ([1, 2, 3], [4, 5], 5)


@pytest.mark.parametrize("short_by", [1, 20])
async def test_half_a_result_is_none(short_by: int) -> None:
    library = Library(break_after=[bytes_of("doc-1", "doc-2") - short_by])
    await push(SuiteDouble(library), lines(2))
    assert library.batches[1] == ["doc-2"]


async def test_answer_that_ends_early_without_breaking_is_not_taken_for_the_whole() -> None:
    library = Library()

    def forgetful(request: httpx.Request) -> httpx.Response:
        whole = library(request).content.splitlines(keepends=True)
        return httpx.Response(200, content=b"".join(whole[:1]))

    report = await push(SuiteDouble(forgetful), lines(3))
    assert [len(batch) for batch in library.batches] == [3, 2, 1]
    assert report.lines == 3


@given(data=st.data())
async def test_wherever_it_breaks_every_line_has_one_result_in_order(data: st.DataObject) -> None:
    count = data.draw(st.integers(0, 60))
    places = data.draw(st.lists(st.none() | st.integers(0, 4000), max_size=12))
    # Rounds that bring nothing would try the patience, which is another rule's test.
    library = Library(break_after=[place if place is None else place + 400 for place in places])
    async with SuiteDouble(library).client() as client:
        results = [result async for result in client.stream_policies(lines(count), bounds=SMALL)]
    assert [result.line for result in results] == list(range(1, count + 1))
    assert [result.receipt.external_id for result in results if result.receipt] == [
        f"doc-{n + 1}" for n in range(count)
    ]
    assert set(library.stored) == {f"doc-{n + 1}" for n in range(count)}


async def test_lines_that_the_suite_could_not_look_at_are_sent_again() -> None:
    library = Library(busy={"doc-2": 2, "doc-4": 1})
    suite = SuiteDouble(library)
    report = await push(suite, lines(5))
    assert library.batches[1:] == [["doc-2", "doc-4"], ["doc-2"]]
    assert list(report.accepted) == [1, 2, 3, 4, 5]
    assert len(suite.clock.waits) == 2


async def test_batch_that_is_cut_short_goes_on_with_the_next_request() -> None:
    library = Library(most_lines=4)
    report = await push(SuiteDouble(library), lines(10))
    assert [len(batch) for batch in library.batches] == [10, 6, 2]
    assert list(report.accepted) == list(range(1, 11))


async def test_patience_is_for_rounds_that_bring_nothing() -> None:
    library = Library(break_after=[*[400] * 9, *[0] * 4])
    suite = SuiteDouble(library)
    with pytest.raises(PushInterrupted) as told:
        await push(suite, lines(10), ONE_BY_ONE)
    assert isinstance(told.value.__cause__, httpx.RemoteProtocolError)
    assert (told.value.report.lines, len(library.batches), len(suite.clock.waits)) == (9, 13, 3)


async def test_line_that_never_lives_long_is_given_shorter_requests() -> None:
    library = Library()

    def fragile(request: httpx.Request) -> httpx.Response:
        if len(request.content.splitlines()) > 3:
            raise httpx.WriteError("connection reset by peer")
        return library(request)

    suite = SuiteDouble(fragile)
    report = await push(suite, lines(100), BulkBounds(lines_per_request=20, requests_under_way=1))
    assert list(report.accepted) == list(range(1, 101))
    assert [len(request.content.splitlines()) for request in suite.requests][:6] == [20, 10, 5, 2, 4, 2]


async def test_line_that_breaks_at_once_ends_the_push_after_its_shortest_request() -> None:
    suite = SuiteDouble(lambda _request: httpx.ReadError("connection reset by peer"))
    with pytest.raises(PushInterrupted):
        await push(suite, lines(10), ONE_BY_ONE)
    assert [len(request.content.splitlines()) for request in suite.requests] == [10, 5, 2, 1, 1, 1]
    assert len(suite.clock.waits) == 5


async def test_where_nothing_listens_requests_are_not_shortened() -> None:
    suite = SuiteDouble(lambda _request: httpx.ConnectError("nobody listens"))
    with pytest.raises(PushInterrupted):
        await push(suite, lines(10), ONE_BY_ONE)
    assert [len(request.content.splitlines()) for request in suite.requests] == [10, 10, 10, 10]


async def test_refusal_of_the_whole_ends_the_push_at_once() -> None:
    suite = SuiteDouble(lambda _request: problem(403, "insufficient_scope"))
    with pytest.raises(PushInterrupted) as told:
        await push(suite, lines(3))
    assert isinstance(told.value.__cause__, ApiProblem)
    assert told.value.__cause__.code == "insufficient_scope"
    assert suite.clock.waits == []


async def test_busy_suite_is_waited_for_as_it_asks() -> None:
    library = Library()
    answers: Iterator[httpx.Response] = iter([problem(503, "unavailable", {"Retry-After": "3"})])
    suite = SuiteDouble(lambda request: next(answers, None) or library(request))
    assert (await push(suite, lines(3))).lines == 3
    assert suite.clock.waits == [3.0]


async def test_bad_line_sinks_no_neighbour_and_is_named() -> None:
    bad = [{"organization": CITY, "external_id": f"bad-{n}"} for n in range(3)]
    report = await push(SuiteDouble(Library()), [*lines(2), *bad, *lines(8, first=3)])
    assert list(report.refused) == [3, 4, 5]
    assert report.problems[4]["code"] == "validation_failed"
    assert list(report.accepted) == [1, 2, *range(6, 14)]


async def test_document_that_comes_again_never_overtakes_itself() -> None:
    library = Library()
    again = [{"organization": CITY, "external_id": name} for name in ("a", "b", "a", "c", "b", "b")]
    report = await push(SuiteDouble(library), again)
    assert library.batches == [["a", "b"], ["a", "c", "b"], ["b"]]
    assert (list(report.accepted), list(report.unchanged)) == ([1, 2, 4], [3, 5, 6])


async def test_no_more_is_read_than_is_under_way() -> None:
    read = 0

    async def endless() -> AsyncIterator[dict[str, Any]]:
        nonlocal read
        while True:
            read += 1
            yield {"organization": CITY, "external_id": f"doc-{read}"}

    async with (
        SuiteDouble(Library()).client() as client,
        aclosing(client.stream_policies(endless(), bounds=SMALL)) as results,
    ):
        async for result in results:
            assert read <= result.line + 40
            if result.line == 1000:
                break


async def test_request_ends_at_its_bytes_too() -> None:
    library = Library()
    size = len(json.dumps(lines(1)[0], separators=(",", ":")))
    await push(SuiteDouble(library), lines(5), BulkBounds(bytes_per_request=2 * size))
    assert [len(batch) for batch in library.batches] == [2, 2, 1]
    await push(SuiteDouble(library), lines(2), BulkBounds(bytes_per_request=1))
    assert [len(batch) for batch in library.batches[3:]] == [1, 1]


async def test_typed_lines_are_sent_as_they_were_set() -> None:
    typed = BatchLine.model_validate({"organization": CITY, "external_id": "doc-1"} | published(title="关于书屋的通知"))
    suite = SuiteDouble(Library())
    await push(suite, iter([typed]), validate_only=True)
    (request,) = suite.requests
    sent = json.loads(request.content)
    assert (sent["title"], sent["published_on"], "summary" in sent) == ("关于书屋的通知", "2026-03-03", False)
    assert request.url.params["validate_only"] == "true"
    assert request.headers["content-type"] == "application/x-ndjson"


@pytest.mark.parametrize("nonsense", [b"<html>\n", b'{"line":7,"status":200}\n', b'{"line":0,"status":200}\n'])
async def test_answer_of_something_else_is_never_a_result(nonsense: bytes) -> None:
    suite = SuiteDouble(lambda _request: httpx.Response(200, content=nonsense))
    with pytest.raises(PushInterrupted) as told:
        await push(suite, lines(2))
    assert told.value.report.lines == 0


async def test_refusals_keep_their_numbers_and_a_thousand_reasons() -> None:
    report = PushReport()
    library = Library()
    async with SuiteDouble(library).client() as client:
        bad = ({"organization": CITY, "external_id": f"bad-{n}"} for n in range(1200))
        async for result in client.stream_policies(bad, bounds=BulkBounds(lines_per_request=100)):
            report.add(result)
    assert (len(report.refused), len(report.problems), max(report.problems)) == (1200, 1000, 1000)
