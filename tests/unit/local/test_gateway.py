"""The gateway: what it routes, what it passes through untouched, and what it says when a service is away."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import h11
import httpx
import pytest
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deploy.local.gateway import Gateway, server_of
from deploy.local.processes import free_port, listen
from deploy.local.suite import SERVICES
from deploy.local.upstream import Upstream

Handler = Callable[[Scope, Receive, Send], Awaitable[None]]
JSON = [(b"content-type", b"application/json")]


class Service:
    """A service whose next answers the test decides. Keeps what it was asked."""

    def __init__(self) -> None:
        self.handler: Handler = echo
        self.connections: set[int] = set()
        self.asked: list[Scope] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.asked.append(scope)
            self.connections.add(scope["client"][1])
            await self.handler(scope, receive, send)
            return
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = b""
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    told = {
        "method": scope["method"],
        "path": scope["path"],
        "query": scope["query_string"].decode(),
        "headers": {name.decode(): value.decode() for name, value in scope["headers"]},
        "length": len(body),
    }
    await send({"type": "http.response.start", "status": 200, "headers": [*JSON, (b"connection", b"x-mine")]})
    await send({"type": "http.response.body", "body": json.dumps(told).encode()})


@asynccontextmanager
async def serving(server: uvicorn.Server) -> AsyncIterator[str]:
    """Behind a real socket on a port of its own."""
    with listen(0) as door:
        # Not `serve`, which would take the signal handlers from pytest. Callers wait in the socket until it listens.
        running = asyncio.ensure_future(server._serve(sockets=[door]))
        yield f"http://127.0.0.1:{door.getsockname()[1]}"
        server.should_exit = True
        await running


def server_of_service(service: ASGIApp) -> uvicorn.Server:
    return uvicorn.Server(uvicorn.Config(service, log_level="critical", timeout_graceful_shutdown=1))


@pytest.fixture(scope="module")
async def started() -> AsyncIterator[tuple[str, Service]]:
    """A gateway before one service that lives and one that does not."""
    service = Service()
    async with serving(server_of_service(service)) as upstream:
        upstreams = {"/api/policy": upstream, "/api/gone": f"http://127.0.0.1:{free_port()}"}
        async with serving(server_of(Gateway(upstreams))) as url:
            yield url, service


@pytest.fixture
def service(started: tuple[str, Service]) -> Service:
    _, service = started
    service.handler = echo
    service.asked.clear()
    service.connections.clear()
    return service


@pytest.fixture
async def gateway(started: tuple[str, Service], service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=started[0], trust_env=False) as client:
        yield client


async def test_the_prefix_is_taken_off_and_the_rest_is_passed_as_it_is(gateway: httpx.AsyncClient) -> None:
    answer = await gateway.get("/api/policy/v1/policies/%E6%B5%8E%2F1?q=%E6%94%BF&x=1")
    told = answer.json()
    assert told["path"] == "/v1/policies/济/1"
    assert told["query"] == "q=%E6%94%BF&x=1"
    assert told["headers"]["host"] == gateway.base_url.netloc.decode()


async def test_a_request_id_is_passed_or_made(gateway: httpx.AsyncClient) -> None:
    given = await gateway.get("/api/policy/a", headers={"X-Request-Id": "city-2025-0001"})
    assert given.json()["headers"]["x-request-id"] == "city-2025-0001"
    made = await gateway.get("/api/policy/a")
    assert len(made.json()["headers"]["x-request-id"]) == 32
    refused = await gateway.get("/api/policy/a", headers={"X-Request-Id": "<script>"})
    assert refused.json()["headers"]["x-request-id"] != "<script>"


async def test_headers_of_one_connection_are_not_passed_on(gateway: httpx.AsyncClient) -> None:
    sent = {
        "Connection": "x-secret, keep-alive",
        "X-Secret": "1",
        "Proxy-Authorization": "Basic x",
        "TE": "trailers",
        "X-Forwarded-For": "8.8.8.8",
        "X-Kept": "2",
    }
    answer = await gateway.get("/api/policy/a", headers=sent)
    told = answer.json()["headers"]
    assert told["x-kept"] == "2"
    assert not {"x-secret", "proxy-authorization", "te"} & told.keys()
    assert told["x-forwarded-for"] == "127.0.0.1"
    assert "x-mine" not in answer.headers.get("connection", "")


@pytest.mark.parametrize(
    "path", ["/healthz", "/readyz", "/metrics", "/%68ealthz", "/v1/../readyz", "/metrics%0a", "//readyz"]
)
async def test_what_is_internal_is_not_routed(gateway: httpx.AsyncClient, service: Service, path: str) -> None:
    answer = await gateway.get(f"/api/policy{path}")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_found"
    assert service.asked == []


async def test_an_unknown_address_is_a_problem_document(gateway: httpx.AsyncClient) -> None:
    answer = await gateway.get("/api/policyx/v1", headers={"X-Request-Id": "city-2025-0001"})
    assert answer.status_code == 404
    assert answer.json()["instance"] == "urn:mingquan:request:city-2025-0001"


async def test_a_service_that_is_away_is_503_with_when_to_retry(gateway: httpx.AsyncClient) -> None:
    for answer in (await gateway.get("/api/gone/v1/x"), await gateway.put("/api/gone/v1/x", content=b"x" * 100_000)):
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "1"
        assert answer.json()["code"] == "unavailable"
        assert answer.json()["type"] == "urn:mingquan:problem:unavailable"


async def test_answers_of_a_batch_come_while_its_lines_are_still_sent(
    gateway: httpx.AsyncClient, service: Service
) -> None:
    async def line_by_line(_scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (message := await receive())["type"] == "http.request":
            await send({"type": "http.response.body", "body": message["body"].upper(), "more_body": True})
            if not message.get("more_body"):
                break
        await send({"type": "http.response.body", "body": b""})

    service.handler = line_by_line
    reader, writer = await connect(gateway)
    writer.write(b"POST /api/policy/b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert await reader.readuntil(b"ONE\r\n") == b"3\r\nONE\r\n"
    writer.write(b"3\r\ntwo\r\n0\r\n\r\n")
    assert await reader.readuntil(b"0\r\n\r\n") == b"3\r\nTWO\r\n0\r\n\r\n"
    await hang_up(writer)


async def test_a_caller_who_reads_nothing_before_all_is_sent_does_not_block_the_batch(
    gateway: httpx.AsyncClient, service: Service
) -> None:
    async def more_than_was_sent(_scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (message := await receive())["type"] == "http.request":
            await send({"type": "http.response.body", "body": message["body"] * 2, "more_body": True})
            if not message.get("more_body"):
                break
        await send({"type": "http.response.body", "body": b""})

    service.handler = more_than_was_sent

    async def lines() -> AsyncIterator[bytes]:
        for _ in range(400):
            yield b"x" * 50_000

    answer = await gateway.post("/api/policy/b", content=lines(), timeout=30)
    assert len(answer.content) == 40_000_000


async def test_a_large_body_arrives_whole(gateway: httpx.AsyncClient) -> None:
    answer = await gateway.put("/api/policy/a", content=b"x" * 3_000_000)
    assert answer.json()["length"] == 3_000_000


async def test_an_early_refusal_reaches_the_caller(gateway: httpx.AsyncClient, service: Service) -> None:
    async def refuse(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"9")]})
        await send({"type": "http.response.body", "body": b"too large"})

    service.handler = refuse
    answer = await gateway.put("/api/policy/a", content=b"x" * 3_000_000)
    assert (answer.status_code, answer.text) == (413, "too large")


async def test_a_caller_who_leaves_ends_the_work_upstream(gateway: httpx.AsyncClient, service: Service) -> None:
    arrived, left = asyncio.Event(), asyncio.Event()

    async def wait_long(_scope: Scope, receive: Receive, _send: Send) -> None:
        await receive()
        arrived.set()
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            left.set()

    service.handler = wait_long
    _, writer = await connect(gateway)
    writer.write(b"GET /api/policy/v1/events?wait=30 HTTP/1.1\r\nHost: x\r\n\r\n")
    async with asyncio.timeout(10):
        await arrived.wait()
    await hang_up(writer)
    async with asyncio.timeout(10):
        await left.wait()
    assert left.is_set()


async def test_an_answer_that_breaks_off_is_not_passed_as_whole(gateway: httpx.AsyncClient, service: Service) -> None:
    async def break_off(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})

    service.handler = break_off
    with pytest.raises(httpx.RemoteProtocolError):
        await gateway.get("/api/policy/v1/export")


async def test_head_answers_like_get_without_a_body(gateway: httpx.AsyncClient) -> None:
    read, asked = await gateway.get("/api/policy/a"), await gateway.head("/api/policy/a")
    assert asked.status_code == read.status_code == 200
    assert asked.content == b""
    page = await gateway.head("/")
    assert int(page.headers["content-length"]) > 1000
    assert page.content == b""


async def test_connections_are_kept_for_reads(gateway: httpx.AsyncClient, service: Service) -> None:
    for _ in range(5):
        assert (await gateway.get("/api/policy/a")).status_code == 200
    assert len(service.connections) == 1


async def test_writes_leave_no_connections_behind(service: Service) -> None:
    async with serving(server_of_service(service)) as address:
        upstream = Upstream("127.0.0.1", int(address.rpartition(":")[2]))
        held = []
        for _ in range(40):
            connection = await upstream.acquire(fresh=True)
            held.append(connection)
            await connection.send(h11.Request(method="GET", target="/x", headers=[("host", "a")]))
            await connection.send(h11.EndOfMessage())
            await connection.head()
            async for _chunk in connection.body():
                pass
            upstream.release(connection)
        assert sum(connection.usable for connection in held) <= 16
        assert held[-1].usable
        upstream.close()
        assert not any(connection.usable for connection in held)


async def test_a_kept_connection_that_was_closed_is_replaced_unseen() -> None:
    connections = 0

    async def answer_once_a_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        # The next request on it is read and never answered, as by a process that dies just then.
        await reader.read(1)
        await hang_up(writer)

    async with await asyncio.start_server(answer_once_a_connection, "127.0.0.1") as upstream:
        address = f"http://127.0.0.1:{upstream.sockets[0].getsockname()[1]}"
        async with serving(server_of(Gateway({"/api/policy": address}))) as url, httpx.AsyncClient() as client:
            answers = [await client.get(f"{url}/api/policy/a") for _ in range(2)]
    assert [answer.text for answer in answers] == ["ok", "ok"]
    assert connections == 2


async def test_a_process_that_ends_under_a_request_is_asked_again_where_that_is_harmless() -> None:
    """As when an old process takes a connection and is replaced: another one answers, if the method may be repeated."""
    connections = 0

    async def answer_every_second_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        head = await reader.readuntil(b"\r\n\r\n")
        if connections % 2 == 0:
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0] or 0)
            body = await reader.readexactly(length)
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await hang_up(writer)

    async with await asyncio.start_server(answer_every_second_connection, "127.0.0.1") as upstream:
        address = f"http://127.0.0.1:{upstream.sockets[0].getsockname()[1]}"
        async with serving(server_of(Gateway({"/api/policy": address}))) as url, httpx.AsyncClient() as client:
            assert (await client.get(f"{url}/api/policy/a")).status_code == 200
            kept = await client.put(f"{url}/api/policy/a", content=b"x" * 65_536)
            assert (kept.status_code, kept.content) == (200, b"x" * 65_536)
            assert (await client.delete(f"{url}/api/policy/a")).status_code == 200
            assert connections == 6
            assert (await client.post(f"{url}/api/policy/a", content=b"x")).status_code == 503
            connections = 0
            assert (await client.put(f"{url}/api/policy/a", content=b"x" * 65_537)).status_code == 503
            assert connections == 1


async def test_a_pool_of_nothing_that_is_usable_is_emptied(service: Service) -> None:
    async with serving(server_of_service(service)) as address:
        upstream = Upstream("127.0.0.1", int(address.rpartition(":")[2]))
        connection = await upstream.acquire()
        await connection.send(h11.Request(method="GET", target="/x", headers=[("host", "a")]))
        await connection.send(h11.EndOfMessage())
        await connection.head()
        async for _chunk in connection.body():
            pass
        connection._writer.close()
        upstream.release(connection)
        assert not connection.usable
        upstream.close()


async def test_malformed_headers_are_refused_not_forwarded(gateway: httpx.AsyncClient, service: Service) -> None:
    reader, writer = await connect(gateway)
    writer.write(b"GET /api/policy/a HTTP/1.1\r\nHost: x\r\nX-Odd: a\x01b\r\n\r\n")
    head = await reader.readline()
    assert head.startswith(b"HTTP/1.1 400")
    assert service.asked == []
    await hang_up(writer)


async def test_health_tells_each_service(gateway: httpx.AsyncClient) -> None:
    answer = await gateway.get("/health")
    assert answer.status_code == 503
    assert answer.json() == {"status": "degraded", "services": {"/api/policy": "ok", "/api/gone": "down"}}


async def test_the_landing_page_is_bilingual_and_loads_nothing_from_elsewhere(gateway: httpx.AsyncClient) -> None:
    answer = await gateway.get("/")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "政策文件库" in answer.text
    assert "Search what is public" in answer.text
    assert "https://" not in answer.text
    assert 'src="' not in answer.text
    assert (await gateway.post("/")).status_code == 405


async def test_the_status_page_asks_after_every_service_and_loads_nothing_from_elsewhere(
    gateway: httpx.AsyncClient,
) -> None:
    answer = await gateway.get("/status")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    landing = (await gateway.get("/")).text
    everyone = {f"/api/{service.name}" for service in SERVICES}
    for text in (answer.text, landing):
        assert set(re.findall(r'data-service="([^"]+)"', text)) == everyone
    assert "fetch(path" in answer.text
    assert "https://" not in answer.text
    assert 'src="' not in answer.text
    assert (await gateway.post("/status")).status_code == 405
    assert (await gateway.get("/status/")).status_code == 404


async def test_a_service_without_a_path_leads_to_its_reference(gateway: httpx.AsyncClient) -> None:
    answer = await gateway.get("/api/policy")
    assert (answer.status_code, answer.headers["location"]) == (307, "/api/policy/docs")


async def connect(gateway: httpx.AsyncClient) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(gateway.base_url.host, gateway.base_url.port)


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    await writer.wait_closed()
