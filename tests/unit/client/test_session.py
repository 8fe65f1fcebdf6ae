"""Tokens, problems, waiting and repeating, as a partner's program meets them."""

from datetime import UTC, datetime

import httpx
import pytest

from shared.client import ApiProblem, BlockingClient, MingquanClient
from shared.schemas.journal import StatusClass
from shared.schemas.problems import ErrorCode
from tests.unit.client.suite_double import SuiteDouble, in_turn, problem

FOUND = {"items": [], "total": 0, "left_out": 0, "facets": {}, "freshness": [], "stale": False}


def found() -> httpx.Response:
    return httpx.Response(200, json=FOUND)


async def test_token_is_fetched_once_and_renewed_before_it_ends() -> None:
    suite = SuiteDouble(lambda _request: found(), token_seconds=900)
    async with suite.client() as client:
        await client.search("食堂")
        suite.clock.now += 839
        await client.search("食堂")
        assert suite.tokens == 1
        suite.clock.now += 1
        await client.search("食堂")
    assert suite.tokens == 2
    assert [one.headers["authorization"] for one in suite.requests] == [f"Bearer token-{n}" for n in (1, 1, 2)]


async def test_token_shorter_than_the_margin_is_still_used_for_half_its_life() -> None:
    suite = SuiteDouble(lambda _request: found(), token_seconds=20)
    async with suite.client() as client:
        await client.search()
        suite.clock.now += 9
        await client.search()
        assert suite.tokens == 1
        suite.clock.now += 1
        await client.search()
    assert suite.tokens == 2


async def test_token_that_is_honoured_no_more_is_renewed_once() -> None:
    refused = problem(401, "unauthenticated")
    suite = SuiteDouble(in_turn(refused, found(), problem(401, "unauthenticated"), problem(401, "unauthenticated")))
    async with suite.client() as client:
        await client.search()
        assert suite.tokens == 2
        with pytest.raises(ApiProblem) as told:
            await client.search()
    assert (told.value.code, suite.tokens, suite.clock.waits) == ("unauthenticated", 3, [])


async def test_without_credentials_no_token_is_asked_for() -> None:
    suite = SuiteDouble(lambda _request: found())
    async with suite.client(anonymous=True) as client:
        await client.search("食堂", include_lapsed=True)
    (sent,) = suite.requests
    assert suite.tokens == 0
    assert "authorization" not in sent.headers
    assert dict(sent.url.params) == {
        "q": "食堂",
        "include_lapsed": "true",
        "sort": "relevance",
        "limit": "10",
        "offset": "0",
    }


async def test_retry_after_is_waited_for_to_the_second() -> None:
    busy = problem(429, "too_many_requests", {"Retry-After": "7"})
    suite = SuiteDouble(in_turn(busy, problem(503, "unavailable", {"Retry-After": "2"}), found()))
    async with suite.client() as client:
        await client.search()
    assert suite.clock.waits == [7.0, 2.0]


async def test_without_retry_after_the_waits_grow_and_end() -> None:
    suite = SuiteDouble(lambda _request: httpx.ConnectError("nobody listens"))
    async with suite.client() as client:
        with pytest.raises(httpx.ConnectError):
            await client.search()
    assert len(suite.requests) == 4
    assert all(least <= wait <= 2 * least for wait, least in zip(suite.clock.waits, (0.25, 0.5, 1.0), strict=True))


async def test_wait_beyond_patience_is_left_to_the_caller() -> None:
    suite = SuiteDouble(in_turn(problem(503, "unavailable", {"Retry-After": "3600"})))
    async with suite.client() as client:
        with pytest.raises(ApiProblem) as told:
            await client.search()
    assert (told.value.retry_after_seconds, suite.clock.waits) == (3600.0, [])


async def test_refusal_is_not_repeated_and_says_every_field() -> None:
    errors = [{"pointer": "/title", "detail": "缺少此项"}]
    suite = SuiteDouble(in_turn(problem(422, "validation_failed", errors=errors, instance="urn:mingquan:request:abc")))
    async with suite.client() as client:
        with pytest.raises(ApiProblem) as told:
            await client.request("PUT", "/api/policy/v1/organizations/x/policies/y", content=b"{}")
    assert (told.value.status, told.value.detail, told.value.request_id) == (422, "请稍候", "abc")
    assert [one.pointer for one in told.value.errors] == ["/title"]


async def test_page_of_something_in_between_is_a_problem_without_a_code() -> None:
    suite = SuiteDouble(lambda _request: httpx.Response(403, text="<html>blocked</html>"))
    async with suite.client() as client:
        with pytest.raises(ApiProblem) as told:
            await client.search()
    assert (told.value.status, told.value.code, told.value.errors) == (403, "", [])
    assert "blocked" in told.value.detail


async def test_moved_document_says_where_to_and_is_not_followed() -> None:
    moved = httpx.Response(308, headers={"Location": "https://elsewhere.example/doc"})
    suite = SuiteDouble(in_turn(moved))
    async with suite.client() as client:
        with pytest.raises(ApiProblem) as told:
            await client.get_policy("0190f8a2-7c3e-7d10-8a55-2f1b6c9d0e11")
    assert (told.value.status, told.value.document["location"]) == (308, "https://elsewhere.example/doc")


async def test_post_is_repeated_under_an_idempotency_key_only() -> None:
    path = "/api/policy/v1/policies/x:withdraw"
    suite = SuiteDouble(in_turn(problem(503, "unavailable"), problem(503, "unavailable"), httpx.Response(204)))
    async with suite.client() as client:
        with pytest.raises(ApiProblem):
            await client.request("POST", path, content=b"{}")
        assert len(suite.requests) == 1
        answer = await client.request("POST", path, content=b"{}", headers={"Idempotency-Key": "once"})
    assert (answer.status_code, len(suite.requests)) == (204, 3)


async def test_used_up_quota_is_waited_out_in_its_part_of_the_suite_only() -> None:
    used_up = {"RateLimit": '"burst";r=3;t=1, "hour";r=0;t=12'}
    suite = SuiteDouble(
        lambda request: httpx.Response(200, json=FOUND, headers=used_up if "search" in request.url.path else {})
    )
    async with suite.client() as client:
        await client.search()
        await client.request("GET", "/api/policy/v1/policies")
        assert suite.clock.waits == []
        await client.search()
    assert suite.clock.waits == [12.0]


async def test_used_up_writes_leave_reads_alone() -> None:
    used_up = {"RateLimit": '"writes";r=0;t=12'}
    suite = SuiteDouble(lambda request: httpx.Response(200, json=FOUND, headers=used_up if request.content else {}))
    async with suite.client() as client:
        await client.request("PUT", "/api/policy/v1/x", content=b"{}")
        await client.request("GET", "/api/policy/v1/x")
        assert suite.clock.waits == []
        await client.request("PUT", "/api/policy/v1/x", content=b"{}")
    assert suite.clock.waits == [12.0]


async def test_a_post_over_the_quota_is_repeated_after_one_wait() -> None:
    over = {"Retry-After": "3", "RateLimit": '"writes";r=0;t=3'}
    suite = SuiteDouble(in_turn(problem(429, "too_many_requests", over), httpx.Response(204)))
    async with suite.client() as client:
        assert (await client.request("POST", "/api/policy/v1/policies/x:withdraw")).status_code == 204
    assert suite.clock.waits == [3.0]


async def test_the_journal_is_asked_for_by_service() -> None:
    line = {"at": "2026-03-04T01:00:00Z", "method": "PUT", "route": "/v1/x", "status": 422, "code": "validation_failed"}
    line |= {"request_id": "r", "organization": "1137010000418859XL", "milliseconds": 3}
    suite = SuiteDouble(lambda _request: httpx.Response(200, json={"items": [line], "next_cursor": None}))
    since = datetime(2026, 3, 4, tzinfo=UTC)
    async with suite.client() as client:
        page = await client.journal("policy", status=[StatusClass.REFUSED, StatusClass.FAILED], since=since)
    assert (page.items[0].code, page.next_cursor) == (ErrorCode.VALIDATION_FAILED, None)
    url = suite.requests[0].url
    assert url.path == "/api/policy/v1/journal"
    assert url.params.get_list("status") == ["4xx", "5xx"]
    assert url.params["since"] == "2026-03-04T00:00:00+00:00"


async def test_names_cannot_leave_their_place_in_the_address() -> None:
    suite = SuiteDouble(lambda _request: problem(404, "not_found"))
    async with suite.client() as client:
        with pytest.raises(ApiProblem):
            await client.get_policy("../../exchange/v1/clients?x#y")
        assert suite.requests[0].url.raw_path == b"/api/policy/v1/policies/..%2F..%2Fexchange%2Fv1%2Fclients%3Fx%23y"
        with pytest.raises(ValueError, match="address"):
            await client.get_policy("..")
    assert len(suite.requests) == 1


def test_half_of_the_credentials_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="belong together"):
        MingquanClient("https://suite.example", "partner")


def test_blocking_client_waits_for_its_answers() -> None:
    suite = SuiteDouble(lambda _request: found())
    with BlockingClient(suite.client()) as client:
        assert client.search("食堂", limit=3).total == 0
        assert client.push_policies([]).lines == 0
    assert [one.url.params["limit"] for one in suite.requests] == ["3"]
