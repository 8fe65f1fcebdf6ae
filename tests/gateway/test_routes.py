"""The shipped nginx configuration on the real nginx: routes, bodies, ids, errors, limits, logs, TLS."""

import asyncio
import json
import re
import ssl
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.types import Receive, Scope, Send

from deploy.local.gateway import Gateway, server_of
from deploy.local.nginx import SERVICES
from deploy.local.processes import free_port, listen
from shared.schemas.problems import PROBLEM_TYPE_PREFIX, ErrorCode
from tests.gateway.houses import Street, answer, gateway, needs_nginx, read, street
from tests.subscribers import eventually

pytestmark = needs_nginx
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
async def opened() -> AsyncIterator[Street]:
    async with street(MINGQUAN_SITE_ORIGIN="https://www.city.example") as made:
        yield made


@pytest.fixture
def town(opened: Street) -> Street:
    opened.forget()
    return opened


async def ask(town: Street, target: str, *lines: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    """A request whose target is sent as it is written."""
    reader, writer = await asyncio.open_connection(*town.address)
    head = [f"{method} {target} HTTP/1.1", "Host: city.example", "Connection: close", *lines, "", ""]
    writer.write("\r\n".join(head).encode())
    received = await reader.read()
    writer.close()
    await writer.wait_closed()
    top, _, body = received.partition(b"\r\n\r\n")
    first, *rest = top.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    return int(first.split()[1]), headers, body


def ensure_problem(
    status: int, headers: dict[str, str] | httpx.Headers, body: bytes, code: ErrorCode
) -> dict[str, Any]:
    """The problem document, which says of itself what the answer says."""
    assert headers["content-type"] == "application/problem+json"
    assert headers["cache-control"] == "no-store"
    problem: dict[str, Any] = json.loads(body)
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["type"] == PROBLEM_TYPE_PREFIX + code
    assert problem["instance"] == f"urn:mingquan:request:{headers['x-request-id']}"
    return problem


@pytest.mark.parametrize("name", SERVICES)
async def test_each_service_is_asked_under_its_prefix(town: Street, name: str) -> None:
    told = (await town.client.get(f"/api/{name}/v1/things?x=1")).json()
    assert (told["service"], told["target"]) == (name, "/v1/things?x=1")


# What a caller may write, and whether some service is asked.
TARGETS = (
    *("/", "/nothing", "/api", "/api/", "/api/policyx/v1", "/api/policy", "/api/policy/", "/api/policy?x=1"),
    *("/api/policy/v1/policies?q=%E6%94%BF&x=1", "/api/policy/v1/policies/%E6%B5%8E%2F1", "/api/policy/docs"),
    *("/healthz", "/readyz", "/metrics", "/api/policy/healthz", "/api/policy/readyz?x", "/api/policy/metrics"),
    *("/api/policy/%68ealthz", "/api/policy//readyz", "/api/policy/metrics%0a", "/api/policy/%6d%65trics"),
    *("/api//policy/v1/x", "/%61pi/policy/v1/x", "/api/%70olicy/v1/x", "/api/policy/v1/../../search/v1/x"),
)


async def test_the_local_gateway_and_this_one_route_alike(town: Street) -> None:
    local = {f"/api/{name}": f"http://{address}" for name, address in town.upstreams.items()}
    server = server_of(Gateway(local))
    with listen(0) as door:
        running = asyncio.ensure_future(server._serve(sockets=[door]))
        found: dict[str, list[tuple[int, list[str]]]] = {target: [] for target in TARGETS}
        for port in (door.getsockname()[1], town.address[1]):
            for target in TARGETS:
                town.forget()
                status = await _status(port, target)
                found[target].append((status, [scope["raw_path"].decode() for scope in town.asked]))
        server.should_exit = True
        await running
    assert {target: here for target, (here, _) in found.items()} == {
        target: there for target, (_, there) in found.items()
    }


async def _status(port: int, target: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: city.example\r\nConnection: close\r\n\r\n".encode())
    first = await reader.readline()
    await reader.read()
    writer.close()
    await writer.wait_closed()
    return int(first.split()[1])


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("word", ["healthz", "readyz", "metrics"])
async def test_what_is_internal_is_never_reached(town: Street, name: str, word: str) -> None:
    coded = "".join(f"%{ord(letter):02x}" for letter in word)
    ways = [
        *(f"/{word}", f"/%{ord(word[0]):02x}{word[1:]}", f"/{coded}", f"/{coded.upper().replace('%', '%')}"),
        *(f"//{word}", f"/./{word}", f"/v1/../{word}", f"/v1/%2e%2e/{word}", f"/v1%2f..%2f{word}", f"/%2f{word}"),
        *(f"/{word}/", f"/{word}?x=1", f"/{word}%0a", f"/{word}%20", f"/{word}#x", f"/{word};x", f"/{word}%00"),
        *(f"/..%2f{name}/{word}", f"/../{name}/{word}", f"/v1/..//{word}", f"/{word}/%2e", f"/{word}/../{word}"),
    ]
    for way in ways:
        status, headers, body = await ask(town, f"/api/{name}{way}")
        assert status in (400, 404), way
        ensure_problem(status, headers, body, ErrorCode.NOT_FOUND if status == 404 else ErrorCode.MALFORMED_BODY)
        assert town.asked == [], way
    for target in (f"http://city.example/api/{name}/{word}", f"/{word}", f"/api/{name}{{{word}}}"):
        assert (await ask(town, target))[0] in (400, 404)
    assert town.asked == []


async def test_a_request_id_is_passed_or_made_and_the_trace_passes(town: Street) -> None:
    given = await town.client.get("/api/policy/a", headers={"X-Request-Id": "city-2025-0001", "traceparent": TRACE})
    assert given.json()["headers"]["x-request-id"] == given.headers["x-request-id"] == "city-2025-0001"
    assert given.json()["headers"]["traceparent"] == TRACE
    for unfit in (None, "short", "x" * 65, "<script>1", "two words"):
        made = await town.client.get("/api/policy/a", headers={"X-Request-Id": unfit} if unfit else {})
        assert re.fullmatch("[0-9a-f]{32}", made.headers["x-request-id"])
        assert made.json()["headers"]["x-request-id"] == made.headers["x-request-id"]


async def test_a_caller_cannot_say_who_he_is(town: Street) -> None:
    sent = {"X-Forwarded-For": "8.8.8.8", "Forwarded": "for=8.8.8.8", "X-Real-IP": "8.8.8.8", "Proxy": "http://evil"}
    for method in ("GET", "POST"):
        told = (await town.client.request(method, "/api/policy/a", headers=sent)).json()["headers"]
        assert told["x-forwarded-for"] == "127.0.0.1"
        assert told["x-forwarded-proto"] == "http"
        assert not {"forwarded", "x-real-ip", "proxy", "accept-encoding"} & told.keys()


async def test_who_stands_before_may_say_it_where_he_is_named(town: Street) -> None:
    async with (
        gateway(town.upstreams, MINGQUAN_TRUSTED_PROXY="127.0.0.0/8") as nginx,
        httpx.AsyncClient(base_url=nginx.url, trust_env=False) as client,
    ):
        sent = {"X-Forwarded-For": "10.9.9.9, 192.0.2.7"}
        for headers in (sent, sent | {"Authorization": "Basic eA=="}):
            told = (await client.get("/api/policy/a", headers=headers)).json()["headers"]
            assert told["x-forwarded-for"] == "192.0.2.7"


async def test_head_answers_like_get_without_a_body(town: Street) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}):
        asked = await town.client.head("/api/policy/a", headers=headers)
        assert (asked.status_code, asked.content) == (200, b"")
    assert {scope["method"] for scope in town.asked} == {"GET"}


async def test_own_errors_are_problem_documents(town: Street) -> None:
    """Each with its status, also where the request could not be parsed."""
    long = "x" * 9000
    cases: list[tuple[int, ErrorCode, tuple[Any, ...]]] = [
        (404, ErrorCode.NOT_FOUND, ("/nothing",)),
        (400, ErrorCode.MALFORMED_BODY, ("/", "X Odd: a")),
        (400, ErrorCode.MALFORMED_BODY, ("/", "Host: a", "Host: b")),
        (414, ErrorCode.BODY_TOO_LARGE, (f"/{long}",)),
        (431, ErrorCode.BODY_TOO_LARGE, ("/", f"X-Long: {long}")),
        (413, ErrorCode.BODY_TOO_LARGE, ("/api/policy/v1/x", "Content-Length: 4000001")),
        (413, ErrorCode.BODY_TOO_LARGE, ("/api/request/v1/requests/1/files", "Content-Length: 20004097")),
        (400, ErrorCode.MALFORMED_BODY, ("/api/policy/v1/x", "Transfer-Encoding: gzip")),
    ]
    for status, code, (target, *lines) in cases:
        found, headers, body = await ask(town, target, *lines)
        assert found == status, target[:40]
        ensure_problem(status, headers, body, code)
    for method, target, allowed in (
        ("TRACE", "/api/policy/v1/x", "GET, HEAD, POST, PUT, PATCH, DELETE"),
        ("POST", "/", "GET, HEAD"),
    ):
        found, headers, body = await ask(town, target, method=method)
        ensure_problem(found, headers, body, ErrorCode.METHOD_NOT_ALLOWED)
        assert (found, headers["allow"]) == (405, allowed)
    assert town.asked == []


async def test_a_services_problem_passes_as_it_is(town: Street) -> None:
    async def refuse(_scope: Scope, _receive: Receive, send: Send) -> None:
        await answer(
            send, b'{"code":"not_ours"}', status=503, headers=[(b"retry-after", b"30"), (b"x-request-id", b"x")]
        )

    town.policy.handler = refuse
    refused = await town.client.get("/api/policy/v1/x", headers={"X-Request-Id": "city-2025-0001"})
    assert (refused.status_code, refused.json()) == (503, {"code": "not_ours"})
    assert refused.headers.get_list("retry-after") == ["30"]
    assert refused.headers.get_list("x-request-id") == ["city-2025-0001"]


@pytest.fixture(scope="module")
async def half_gone(opened: Street) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway before services of which one is away."""
    away = opened.upstreams | {"search": f"127.0.0.1:{free_port()}"}
    async with gateway(away) as nginx, httpx.AsyncClient(base_url=nginx.url, trust_env=False) as client:
        yield client


async def test_a_service_that_is_away_is_503_with_when_to_retry(half_gone: httpx.AsyncClient) -> None:
    for method, path in (("GET", "/api/search/v1/x"), ("PUT", "/api/search/v1/x"), ("GET", "/api/search/docs")):
        away = await half_gone.request(method, path, content=b"x" * 100_000 if method == "PUT" else None)
        assert away.status_code == 503
        assert away.headers["retry-after"] == "1"
        ensure_problem(503, away.headers, away.content, ErrorCode.UNAVAILABLE)


async def test_health_tells_each_service(town: Street, half_gone: httpx.AsyncClient) -> None:
    whole = await town.client.get("/health")
    services = {f"/api/{name}": "ok" for name in SERVICES}
    assert (whole.status_code, whole.json()) == (200, {"status": "ok", "services": services})
    assert whole.headers["cache-control"] == "no-store"
    town.policy.is_ready = False
    degraded = await half_gone.get("/health")
    assert degraded.status_code == 503
    told = services | {"/api/policy": "not ready", "/api/search": "down"}
    assert degraded.json()["services"] == told
    assert degraded.json()["status"] == "degraded"
    assert degraded.headers["content-type"] == "application/json"


@pytest.mark.parametrize(("path", "name"), [("/", "page"), ("/status", "status")])
async def test_the_pages_are_the_local_runs(town: Street, path: str, name: str) -> None:
    page = await town.client.get(path)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.content == (Path(__file__).parents[2] / f"deploy/gateway/{name}.html.template").read_bytes()


async def test_security_headers_are_on_every_answer(town: Street) -> None:
    for path in ("/", "/nothing", "/api/policy/v1/x"):
        headers = (await town.client.get(path)).headers
        assert headers.get_list("x-content-type-options") == ["nosniff"]
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["server"] == "nginx"


async def test_only_the_citys_site_may_read_from_a_browser(town: Street) -> None:
    site = {"Origin": "https://www.city.example"}
    read_by_site = await town.client.get("/api/policy/a", headers=site)
    assert read_by_site.headers["access-control-allow-origin"] == "https://www.city.example"
    assert "ETag" in read_by_site.headers["access-control-expose-headers"]
    other = await town.client.get("/api/policy/a", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers
    assert "Origin" in other.headers["vary"]
    town.forget()
    wanted = {"Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "if-none-match"}
    preflight = await town.client.options("/api/policy/a", headers=site | wanted)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-methods"] == "GET, HEAD"
    assert "authorization" not in preflight.headers["access-control-allow-headers"].lower()
    assert town.asked == []
    await town.client.options("/api/policy/a", headers=wanted | {"Origin": "https://evil.example"})
    assert len(town.asked) == 1


# Bodies.


async def test_a_file_is_passed_on_while_it_is_sent(town: Street) -> None:
    first_piece, go_on = asyncio.Event(), asyncio.Event()

    async def take(_scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        first_piece.set()
        await go_on.wait()
        await answer(send, str(len(await read(receive))).encode())

    async def pieces() -> AsyncIterator[bytes]:
        yield b"x" * 50_000
        async with asyncio.timeout(10):
            await first_piece.wait()
        go_on.set()
        yield b"y" * 50_000

    town.policy.handler = take
    sent = await town.client.post("/api/policy/v1/organizations/1/files", content=pieces())
    assert sent.status_code == 200


async def test_a_batch_arrives_whole_although_its_answer_could_begin_at_once(town: Street) -> None:
    """nginx sends no more of a request once it has the head of its answer: the service is told to wait with it."""
    batch = b"x" * 30_000_000
    told = (await town.client.post("/api/policy/v1/policies:batch", content=batch, timeout=30)).json()
    assert told["length"] == len(batch)
    assert told["headers"]["x-answer-after-request"] == "1"
    ordinary = await town.client.post("/api/policy/v1/x", headers={"X-Answer-After-Request": "1"})
    assert "x-answer-after-request" not in ordinary.json()["headers"]


async def test_an_export_is_passed_on_as_it_comes(town: Street) -> None:
    arrived = asyncio.Event()

    async def lines(_scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/x-ndjson"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"one\n", "more_body": True})
        async with asyncio.timeout(10):
            await arrived.wait()
        await send({"type": "http.response.body", "body": b"two\n"})

    town.policy.handler = lines
    async with town.client.stream("GET", "/api/policy/v1/export", headers={"Accept-Encoding": "gzip"}) as export:
        came = []
        async for line in export.aiter_lines():
            came.append(line)
            arrived.set()
    assert came == ["one", "two"]


async def test_only_what_may_be_asked_twice_is_asked_twice() -> None:
    """The service closes a kept connection just as it is used again."""
    asked: list[bytes] = []

    async def answer_once_a_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answered in (False, True):
            asked.append((await reader.readuntil(b"\r\n\r\n")).split()[0])
            if not answered:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nCache-Control: no-store\r\n\r\nok")
        writer.close()

    async with await asyncio.start_server(answer_once_a_connection, "127.0.0.1") as upstream:
        address = f"127.0.0.1:{upstream.sockets[0].getsockname()[1]}"
        async with (
            gateway(dict.fromkeys(SERVICES, address)) as nginx,
            httpx.AsyncClient(base_url=nginx.url, trust_env=False) as client,
        ):
            token = {"Authorization": "Bearer x"}
            assert [(await client.get("/api/policy/a", headers=token)).text for _ in range(2)] == ["ok", "ok"]
            assert asked == [b"GET", b"GET", b"GET"]
            refused = await client.post("/api/policy/a", headers=token)
            ensure_problem(503, refused.headers, refused.content, ErrorCode.UNAVAILABLE)
    assert asked == [b"GET", b"GET", b"GET", b"POST"]


async def test_during_maintenance_the_services_rest(town: Street) -> None:
    flag = town.nginx.folder / "maintenance"

    async def is_closed() -> bool:
        return (await town.client.get("/api/policy/v1/x")).status_code == 503

    async def is_open() -> bool:
        return not await is_closed()

    flag.touch()
    try:
        await eventually(is_closed)
        town.forget()
        for method in ("GET", "PUT"):
            closed = await town.client.request(method, "/api/policy/v1/x")
            assert (closed.status_code, closed.headers["retry-after"]) == (503, "300")
            assert ensure_problem(503, closed.headers, closed.content, ErrorCode.UNAVAILABLE)["title"] == "系统维护中"
        assert (await town.client.get("/")).status_code == 200
        assert town.asked == []
    finally:
        flag.unlink()
    await eventually(is_open)


# What is written down.


async def test_the_log_names_no_query_and_no_token(town: Street) -> None:
    number, code, token = "request-id-of-log-1", "QUERYCODE77", "Bearer " + "t" * 60
    await town.client.get(
        f"/api/request/v1/track?number=1&code={code}",
        headers={"X-Request-Id": number, "traceparent": TRACE, "Authorization": token, "Referer": f"https://x/?{code}"},
    )
    (line,) = await town.log_lines(number)
    assert (line["path"], line["status"], line["method"]) == ("/api/request/v1/track", 200, "GET")
    assert line["trace"] == TRACE.split("-")[1]
    assert line["client"] == "token"
    assert line["upstream_status"] == "200"
    text = town.nginx.log.read_text(encoding="utf-8")
    assert code not in text
    assert "t" * 50 not in text


async def test_failures_write_down_no_query_either(town: Street) -> None:
    away = dict.fromkeys(SERVICES, f"127.0.0.1:{free_port()}")
    async with (
        gateway(away, MINGQUAN_RATE_PER_ADDRESS="2") as nginx,
        httpx.AsyncClient(base_url=nginx.url, trust_env=False) as client,
    ):
        statuses = {
            (await client.get(f"/api/{path}?code=QUERYCODE78")).status_code
            for path in ("request/v1/track", "policy/v1/x") * 5
        }
        nginx.stop()
        assert statuses == {429, 503}
        assert "QUERYCODE78" not in nginx.log.read_text(encoding="utf-8")


# Limits.


def token_of(client: str, ending: str = "a") -> dict[str, str]:
    """A header as exchange_api's tokens look: header, payload with `sub` first, signature."""
    claims = json.dumps({"sub": client, "iss": "mingquan-exchange", "jti": ending}, separators=(",", ":"))
    payload = urlsafe_b64encode(claims.encode()).decode().rstrip("=")
    return {"Authorization": f"Bearer eyJhbGciOiJFZERTQSJ9.{payload}.{ending * 86}"}


async def burst(client: httpx.AsyncClient, count: int, headers: dict[str, str] | None = None) -> list[httpx.Response]:
    return await asyncio.gather(*(client.get("/api/policy/a", headers=headers) for _ in range(count)))


async def test_an_address_has_its_quota(town: Street) -> None:
    async with (
        gateway(town.upstreams, MINGQUAN_RATE_PER_ADDRESS="10") as nginx,
        httpx.AsyncClient(base_url=nginx.url, trust_env=False) as client,
    ):
        answers = await burst(client, 30)
    taken = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(taken) + len(refused) == 30
    assert 11 <= len(taken) <= 20
    for one in refused:
        ensure_problem(429, one.headers, one.content, ErrorCode.TOO_MANY_REQUESTS)
        assert one.headers["retry-after"] == "1"
        assert one.headers["ratelimit"] == '"address";r=0;t=1'
    assert {one.headers["ratelimit-policy"] for one in answers} == {'"address";q=10;w=1'}


async def test_a_client_has_its_quota_whatever_its_token(town: Street) -> None:
    first, second = "0193a0d2-0000-7000-8000-000000000001", "0193a0d2-0000-7000-8000-000000000002"
    async with (
        gateway(town.upstreams, MINGQUAN_RATE_PER_CLIENT="5") as nginx,
        httpx.AsyncClient(base_url=nginx.url, trust_env=False) as client,
    ):
        answers = await burst(client, 20, token_of(first))
        assert {answer.status_code for answer in answers} == {200, 429}
        renewed = await burst(client, 10, token_of(first, "b"))
        assert 429 in {answer.status_code for answer in renewed}
        others = await burst(client, 5, token_of(second)) + await burst(client, 20)
        assert {answer.status_code for answer in others} == {200}
    assert answers[0].headers["ratelimit-policy"] == '"address";q=200;w=1, "client";q=5;w=1'


async def test_foreign_tokens_are_counted_one_by_one(town: Street) -> None:
    """A second issuer's tokens begin as they like: each counts by its end."""
    shared_beginning = "Bearer h." + "p" * 200 + "."
    async with (
        gateway(town.upstreams, MINGQUAN_RATE_PER_CLIENT="5") as nginx,
        httpx.AsyncClient(base_url=nginx.url, trust_env=False) as client,
    ):
        one = await burst(client, 20, {"Authorization": shared_beginning + "a" * 80})
        other = await burst(client, 5, {"Authorization": shared_beginning + "b" * 80})
    assert {answer.status_code for answer in one} == {200, 429}
    assert {answer.status_code for answer in other} == {200}


async def test_tokens_are_given_out_slowly(town: Street) -> None:
    asked = [town.client.post("/api/exchange/v1/oauth/token", data={"x": "1"}) for _ in range(40)]
    answers = await asyncio.gather(*asked)
    assert {answer.status_code for answer in answers} == {200, 429}
    assert '"token";q=10;w=1' in answers[0].headers["ratelimit-policy"]


# TLS.


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of city.example's own, and its key."""
    folder, key = tmp_path_factory.mktemp("tls"), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "city.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("city.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "chain.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return folder / "chain.pem", folder / "key.pem"


async def test_production_speaks_tls_and_nothing_else(town: Street, certificate: tuple[Path, Path]) -> None:
    chain, key = certificate
    changed = {
        "MINGQUAN_GATEWAY_TRANSPORT": "tls",
        "MINGQUAN_SERVER_NAME": "city.example",
        "MINGQUAN_TLS_CERTIFICATE": str(chain),
        "MINGQUAN_TLS_KEY": str(key),
    }
    async with gateway(town.upstreams, **changed) as nginx:
        port = int(nginx.environment["MINGQUAN_GATEWAY_TLS_PORT"])
        trusted = ssl.create_default_context(cafile=chain)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            trusted.minimum_version = trusted.maximum_version = version
            head = await _over_tls(port, trusted, "city.example")
            assert head.startswith("HTTP/1.1 200")
            assert "Strict-Transport-Security: max-age=31536000" in head
            assert '"x-forwarded-proto": "https"' in head
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await _over_tls(port, trusted, "other.example")
        async with httpx.AsyncClient(base_url=nginx.url, trust_env=False) as plain:
            led = await plain.get("/api/policy/v1/x?y=1", headers={"Host": "city.example"})
            assert (led.status_code, led.headers["location"]) == (308, "https://city.example/api/policy/v1/x?y=1")
            # A probe, which asks by address.
            assert (await plain.get("/")).status_code == 200
            assert (await plain.get("/api/policy/v1/x")).status_code == 404


async def _over_tls(port: int, context: ssl.SSLContext, name: str) -> str:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
    writer.write(f"GET /api/policy/v1/x HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
    received = await reader.read()
    writer.close()
    return received.decode()
