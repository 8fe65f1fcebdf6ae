"""Requests that mean harm or are merely broken, over real sockets: each gets its problem document, nobody else notices."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.types import Message

from deploy.local.processes import free_port
from services.policy_api.service import batch as batch_service
from shared.kit.audit import verify_chain
from shared.kit.errors import Unavailable
from shared.schemas.scopes import Scope
from tests.policies import published
from tests.services import CITY, Suite

JSON = {"content-type": "application/json"}
NDJSON = {"content-type": "application/x-ndjson"}
URL = f"/v1/organizations/{CITY}/policies/"


@pytest.fixture
async def importer(library: Suite) -> dict[str, str]:
    """The city's client that imports."""
    return await library.token(CITY, Scope.POLICY_WRITE, Scope.POLICY_IMPORT, Scope.EVENTS_READ)


@pytest.fixture
async def port(library: Suite) -> AsyncIterator[int]:
    """policy_api behind a real server of this process."""
    number = free_port()
    app = library.apps["policy"]
    config = uvicorn.Config(
        app, host="127.0.0.1", port=number, lifespan="off", log_config=None, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(10):
        while not server.started:  # noqa: ASYNC110  # uvicorn has no event for it
            await asyncio.sleep(0)
    yield number
    server.should_exit = True
    await task


def line(name: str, **changes: Any) -> str:
    return json.dumps({"organization": CITY, "external_id": name} | published(**changes))


async def send(library: Suite, headers: dict[str, str], *lines: str) -> list[dict[str, Any]]:
    answer = await library.policy.post("/v1/policies:batch", content="\n".join(lines), headers=headers | NDJSON)
    assert answer.status_code == 200, answer.text
    return [json.loads(result) for result in answer.text.splitlines()]


HOSTILE_BODIES = {
    "lone surrogate": b'{"title":"\\ud800aa","body":"x"}',
    "surrogate in UTF-8": b'{"title":"\xed\xa0\x80a","body":"x"}',
    "NUL": b'{"title":"a\\u0000b","body":"x"}',
    "no UTF-8": b'{"title":"\xff\xfe","body":"x"}',
    "deep": b'{"title":' + b"[" * 100_000,
    "huge number": b'{"title":' + b"9" * 100_000 + b"}",
    "infinite": b'{"title":"aa","body":"x","year":1e999}',
    "BOM": b"\xef\xbb\xbf{}",
    "empty": b"",
    "null": b"null",
    "list": b"[]",
    "two values": b"{}{}",
    "first day": json.dumps(published(signed_on="0001-01-01")).encode(),
    "last day": json.dumps(published(expires_on="9999-12-31")).encode(),
    "no such day": json.dumps(published(effective_on="2026-02-30")).encode(),
    "huge day": json.dumps(published(effective_on=10**20)).encode(),
    "many relations": json.dumps(published(relations=[{"type": "based_on", "target_title": "旧文"}] * 300)).encode(),
    "script only": json.dumps(published(body="<script>x</script>", body_format="html")).encode(),
    "parted issuer": json.dumps(published(issuers=["甲局\x1f乙局"])).encode(),
}


@pytest.mark.parametrize("name", HOSTILE_BODIES)
async def test_a_hostile_body_is_refused_with_its_reason(library: Suite, importer: dict[str, str], name: str) -> None:
    answer = await library.policy.put(URL + "a", content=HOSTILE_BODIES[name], headers=importer | JSON)
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), answer.text
    assert await library.apps["policy"].state.kit.database.reads.fetchval("SELECT count(*) FROM policy") == 0


async def test_an_oversized_body_gets_its_answer_while_it_is_still_being_sent(
    port: int, importer: dict[str, str]
) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
        answer = await client.put(URL + "a", content=b"x" * 12_000_000, headers=importer | JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_caller_who_hangs_up_in_a_batch_leaves_whole_documents_and_no_incident(
    library: Suite, importer: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = "\n".join(line(f"b{number}") for number in range(1600))
    messages: list[Message] = [
        {"type": "http.request", "body": lines.encode(), "more_body": True},
        {"type": "http.disconnect"},
    ]
    answered = asyncio.Event()

    async def receive() -> Message:
        if len(messages) == 1:
            # The answer's first part tells that a chunk is committed.
            async with asyncio.timeout(10):
                await answered.wait()
        return messages.pop(0)

    async def answer(message: Message) -> None:
        if message["type"] == "http.response.body":
            answered.set()

    headers = [(name.lower().encode(), value.encode()) for name, value in (importer | NDJSON).items()]
    scope = {"type": "http", "method": "POST", "path": "/v1/policies:batch", "raw_path": b"/v1/policies:batch"}
    scope |= {"headers": headers, "query_string": b"", "root_path": "", "scheme": "http", "http_version": "1.1"}
    app = library.apps["policy"]
    await app(scope | {"server": ("policy.test", 80), "client": ("127.0.0.1", 1)}, receive, answer)
    counts = await app.state.kit.database.reads.fetchrow(
        """
        SELECT (SELECT count(*) FROM policy) AS policies, (SELECT count(*) FROM policy_version) AS texts,
               (SELECT count(*) FROM event) AS events, (SELECT max(seq) FROM event) AS last,
               (SELECT count(*) FROM audit_entry) AS entries
        """
    )
    assert len(set(counts)) == 1
    assert counts["policies"] >= 200
    connection = await app.state.kit.database.connect()
    assert (await verify_chain(connection)).whole
    await connection.close()
    assert "unexpected error" not in capsys.readouterr().out


async def test_a_wrong_line_names_its_fields_by_json_pointer_and_not_all_of_a_thousand(
    library: Suite, importer: dict[str, str]
) -> None:
    one, many, unplausible = await send(
        library,
        importer,
        line("a", title="x"),
        line("b", relations=[{"type": "wrong"}] * 200),
        line("c", issuers=[""] * 20, attachments=[{"name": " "}] * 100),
    )
    assert [error["pointer"] for error in one["problem"]["errors"]] == ["/title"]
    assert [len(result["problem"]["errors"]) for result in (many, unplausible)] == [10, 10]


async def test_lines_that_lose_every_race_are_told_so_and_the_rest_of_the_batch_goes_on(
    library: Suite, importer: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lose(*_: object, **__: object) -> None:
        raise Unavailable("同一文件正被其他请求写入，请稍后重试", retry_after_seconds=1)

    monkeypatch.setattr(batch_service, "push_policies", lose)
    results = await send(library, importer, line("a"), "{", line("b"))
    assert [result["status"] for result in results] == [503, 422, 503]


async def test_lines_may_end_in_any_way_and_blank_ones_do_not_count(library: Suite, importer: dict[str, str]) -> None:
    results = await send(library, importer, line("a") + "\r", "", " ", "\r", line("b"))
    assert [(result["line"], result["status"]) for result in results] == [(1, 201), (2, 201)]


async def test_what_is_expected_of_a_document_that_does_not_exist_is_stale(
    library: Suite, importer: dict[str, str]
) -> None:
    for expected in ("*", '"1-0123456789abcdef"'):
        answer = await library.policy.put(URL + "a", json=published(), headers=importer | {"If-Match": expected})
        assert (answer.status_code, answer.json()["code"]) == (412, "stale_version")


async def test_an_interpretation_from_before_the_republic_is_refused(library: Suite, importer: dict[str, str]) -> None:
    policy_id = (await library.policy.put(URL + "a", json=published(), headers=importer)).json()["id"]
    body = {"title": "一图读懂", "body": "谁来管。", "policy_id": policy_id, "published_on": "0001-01-01"}
    answer = await library.policy.put(f"/v1/organizations/{CITY}/interpretations/i", json=body, headers=importer)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/published_on"
