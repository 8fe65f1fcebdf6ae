"""Bodies within bounds, lines whatever the chunks, problem documents that point at what is wrong."""

import asyncio
import itertools
import json
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.types import Message

from shared.kit import http
from shared.kit.errors import DomainError, MalformedBody, StaleVersion, TooLarge
from shared.kit.http import (
    DuplexResponse,
    check_if_match,
    check_if_match_absent,
    describe_invalid,
    etag_matches,
    iterate_lines,
    parse_json,
    problem_body,
    problem_facts,
    read_body,
)
from shared.kit.logging import request_id_var
from shared.schemas.problems import ErrorCode, InvalidField, Problem


def request_of(chunks: Sequence[bytes]) -> Request:
    """A request whose body arrives in these chunks."""
    messages: list[Message] = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    waiting = iter([*messages, {"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> Message:
        return next(waiting)

    return Request({"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}, receive)


async def collected(lines: AsyncIterator[bytes | None]) -> list[bytes | None]:
    return [line async for line in lines]


def split_at(body: bytes, places: Sequence[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(body) + 1) for place in places), len(body)]
    return [body[start:end] for start, end in itertools.pairwise(edges)]


def lines_of(body: bytes, places: Sequence[int], max_line: int) -> list[bytes | None]:
    return asyncio.run(collected(iterate_lines(request_of(split_at(body, places)), max_line=max_line)))


def expected_lines(body: bytes, max_line: int) -> list[bytes | None]:
    kept = [line for line in body.split(b"\n") if len(line) > max_line or line.strip()]
    return [None if len(line) > max_line else line.strip() for line in kept]


@given(
    st.lists(st.sampled_from([b"", b" ", b"a", b'{"n":1}', b"\r", b"0123456789", b"x" * 30, "泉".encode()])),
    st.booleans(),
    st.lists(st.integers(0, 500), max_size=8),
    st.integers(1, 12),
)
def test_any_chunking_gives_the_same_lines(
    parts: list[bytes], ends_with_newline: bool, places: list[int], max_line: int
) -> None:
    body = b"\n".join(parts) + (b"\n" if ends_with_newline else b"")
    assert lines_of(body, places, max_line) == expected_lines(body, max_line)


def test_byte_by_byte_is_the_hardest_chunking() -> None:
    body = b"short\n" + b"x" * 40 + b"\n\n  \nlast"
    assert lines_of(body, range(len(body)), 10) == [b"short", None, b"last"]


@pytest.mark.parametrize("size", [9, 10])
async def test_body_within_the_bound_is_read(size: int) -> None:
    assert await read_body(request_of([b"x" * size]), limit=10) == b"x" * size


async def test_body_beyond_the_bound_is_thrown_away_and_in_the_end_not_read_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http, "MAX_DISCARDED_BYTES", 20)
    taken = []

    async def receive() -> Message:
        taken.append(1)
        return {"type": "http.request", "body": b"x" * 6, "more_body": True}

    endless = Request({"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}, receive)
    with pytest.raises(TooLarge) as refusal:
        await read_body(endless, limit=10)
    assert (len(taken), refusal.value.facts) == (6, {"limit_bytes": 10})


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(JSON_VALUES)
def test_what_json_can_say_is_read(value: Any) -> None:
    assert parse_json(json.dumps(value).encode()) == value


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a":1}x',
        b'"\\u0000"',
        b'{"a\\u0000":1}',
        b'[[{"k":"\\u0000"}]]',
        b'"\x00"',
        b'"\\ud800"',
        b'{"\\udfff":1}',
        b'"\xed\xa0\x80"',
        b'"\xff"',
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"[" * 202 + b"]" * 202,
        b'{"a":' * 201 + b"1" + b"}" * 201,
        b"[" * 1_000_000,
        b"1" * 5000,
    ],
)
def test_what_cannot_be_stored_or_trusted_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        parse_json(body)


def test_where_reading_stopped_is_said_in_chinese() -> None:
    with pytest.raises(MalformedBody) as refused:
        parse_json(b'{"a":1,\n bad')
    assert refused.value.detail.endswith("：读到第2行第2列为止")
    assert not re.search("[a-z]{3}", refused.value.detail)


def test_escaped_backslash_before_u0000_is_text() -> None:
    assert parse_json(b'"\\\\u0000"') == "\\u0000"


def test_long_numbers_cost_no_time() -> None:
    """Four thousand digits are a number like any other; a refusal of more comes at once (above)."""
    assert parse_json(b"1" * 4000) == int("1" * 4000)


class Inner(BaseModel):
    day: int = Field(ge=1, le=31)


class Outer(BaseModel):
    name: str = Field(min_length=2, max_length=4)
    parts: list[Inner] = []
    extra: dict[str, int] = {}


def invalid(value: Any) -> list[Any]:
    with pytest.raises(ValidationError) as refusal:
        Outer.model_validate(value)
    return list(refusal.value.errors())


@pytest.mark.parametrize(
    ("value", "pointer", "detail"),
    [
        ({}, "/name", "缺少此项"),
        ({"name": "a"}, "/name", "至少2个字符"),
        ({"name": "abc", "parts": [{"day": 1}, {"day": 40}]}, "/parts/1/day", "不得大于31"),
        ({"name": "abc", "extra": {"a/b~c": "x"}}, "/extra/a~1b~0c", "应为整数"),
    ],
)
def test_pointer_leads_to_the_refused_value(value: Any, pointer: str, detail: str) -> None:
    in_body = [{**error, "loc": ("body", *error["loc"])} for error in invalid(value)]
    assert [(f.pointer, f.detail) for f in describe_invalid(in_body)] == [(pointer, detail)]
    in_line = describe_invalid(invalid(value), base="/policy")
    assert in_line[0].pointer == "/policy" + pointer


class Numbers(BaseModel):
    rate: float = Field(default=1, gt=0, lt=9)
    fee: Decimal = Field(default=Decimal(1), max_digits=6, decimal_places=2)
    at: AwareDatetime | None = None


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        ({"rate": 0}, "应大于0.0"),
        ({"rate": 9}, "应小于9.0"),
        ({"rate": "x"}, "应为数字"),
        ({"fee": "NaN"}, "应为有限的数字"),
        ({"fee": "1.234"}, "小数点后最多2位"),
        ({"fee": "1e400"}, "最多6位数字"),
        ({"fee": []}, "应为数字"),
    ],
)
def test_numbers_are_refused_in_chinese(value: Any, detail: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Numbers.model_validate(value)
    assert [one.detail for one in describe_invalid(refused.value.errors(), base="/")] == [detail]


def test_a_moment_is_refused_in_chinese() -> None:
    wrong: Any
    for wrong in ("x", "2026-11-24T99", []):
        with pytest.raises(ValidationError) as refused:
            Numbers.model_validate({"at": wrong})
        (one,) = describe_invalid(refused.value.errors(), base="/")
        assert one.detail.startswith("应为带时区的时间"), wrong


def test_no_refusal_is_in_english() -> None:
    for kind in ("url_parsing", "union_tag_invalid", "set_type", "of a later Pydantic"):
        (one,) = describe_invalid([{"loc": ("body", "a"), "type": kind, "msg": "Input should be something"}])
        assert one.detail == "内容或者格式不符合要求"


@pytest.mark.parametrize(
    ("location", "pointer"),
    [
        (("query", "limit"), "?limit"),
        (("query", "status", 0, "enum"), "?status"),
        (("header", "if-match"), "@if-match"),
        (("path", "client_id"), "{client_id"),
        (("body",), ""),
    ],
)
def test_parameters_have_marks_of_their_own(location: tuple[str, ...], pointer: str) -> None:
    assert describe_invalid([{"loc": location, "type": "missing", "msg": ""}])[0].pointer == pointer


def test_refused_value_is_not_repeated() -> None:
    planted = "某人的身份证号码"
    described = describe_invalid([{**error, "loc": ("body", *error["loc"])} for error in invalid({"name": planted})])
    assert planted not in str(described)


def test_at_most_fifty_errors_are_listed() -> None:
    many = invalid({"name": "abc", "parts": [{"day": 0}] * 80})
    assert len(describe_invalid(many, base="/x")) == 50


def every_error() -> list[type[DomainError]]:
    found: list[type[DomainError]] = [DomainError]
    for kind in found:
        found.extend(kind.__subclasses__())
    return found


@pytest.mark.parametrize("kind", every_error(), ids=lambda kind: kind.__name__)
def test_every_error_makes_a_valid_problem_document(kind: type[DomainError]) -> None:
    document = problem_facts(_raised(kind))
    problem = Problem.model_validate(document)
    assert problem.type == f"urn:mingquan:problem:{problem.code.value}"
    assert (problem.status, problem.title) == (kind.status, kind.title)


def _raised(kind: type[DomainError]) -> DomainError:
    try:
        return kind("说明")
    except TypeError:
        return kind()  # type: ignore[call-arg]  # some kinds bring their own sentence


def test_facts_become_members_and_never_replace_the_documents_own() -> None:
    body = problem_body(
        409,
        ErrorCode.CONFLICT,
        "说明",
        errors=[InvalidField(pointer="/a", detail="错")],
        facts={"status": 1, "seen": 7},
    )
    document = json.loads(body)
    assert (document["status"], document["seen"], document["errors"]) == (409, 7, [{"pointer": "/a", "detail": "错"}])


def test_problem_names_the_request() -> None:
    token = request_id_var.set("0123456789ab")
    try:
        assert (
            json.loads(problem_body(404, ErrorCode.NOT_FOUND, "x"))["instance"] == "urn:mingquan:request:0123456789ab"
        )
    finally:
        request_id_var.reset(token)


@pytest.mark.parametrize("header", [None, "*", '"7-ab"', '"1-x", "7-ab"', ' "7-ab" '])
def test_current_etag_passes(header: str | None) -> None:
    check_if_match(header, etag='"7-ab"', version=7)


@pytest.mark.parametrize("header", ['"6-ab"', 'W/"7-ab"', "7-ab", ""])
def test_any_other_etag_is_stale(header: str) -> None:
    with pytest.raises(StaleVersion) as refusal:
        check_if_match(header, etag='"7-ab"', version=7)
    assert "当前版本是7" in refusal.value.detail


def test_no_version_can_be_expected_of_what_is_not_there() -> None:
    check_if_match_absent(None)
    for header in ("*", '"1"'):
        with pytest.raises(StaleVersion):
            check_if_match_absent(header)


@pytest.mark.parametrize(
    ("header", "matches"),
    [('"a"', True), ('W/"a"', True), ("*", True), ('"b", W/"a"', True), ('"b"', False), ("a", False), ("", False)],
)
def test_if_none_match_compares_weakly(header: str, matches: bool) -> None:
    assert etag_matches(header, '"a"') is matches


@pytest.mark.parametrize(("headers", "after"), [([], 0), ([(b"x-answer-after-request", b"1")], 3)])
async def test_a_bulk_answer_waits_for_the_request_where_a_gateway_needs_it(
    headers: list[tuple[bytes, bytes]], after: int
) -> None:
    """nginx sends no more of a request once it has the head of its answer."""
    read, sent, read_at_the_head = 0, [], []

    async def lines() -> AsyncGenerator[bytes, None]:
        nonlocal read
        for number in range(3):
            read += 1
            # More than is held in memory.
            yield b"%d" % number * 2_000_000

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            read_at_the_head.append(read)
        sent.append(message.get("body", b""))

    async def receive() -> Message:
        raise AssertionError("whoever makes the answer reads the request")

    answer = DuplexResponse(lines(), media_type="application/x-ndjson")
    await answer({"type": "http", "headers": headers}, receive, send)
    assert read_at_the_head == [after]
    assert b"".join(sent) == b"0" * 2_000_000 + b"1" * 2_000_000 + b"2" * 2_000_000
