"""The gateway of a local run: one port before all services, and the landing page. Compose uses nginx instead.

Streams both ways, passes long polls, keeps connections, says 503 in a problem document when a service is away. It does
not route what is internal (`/healthz`, `/readyz`, `/metrics`), compress, cache or limit.
"""

import argparse
import asyncio
import json
import re
import socket
from collections.abc import Iterable, Mapping
from contextlib import aclosing
from urllib.parse import urlsplit

import h11
import uvicorn
from pydantic_core import to_json
from starlette.types import Message, Receive, Scope, Send
from uuid_utils import uuid7

from deploy.local.relay import ClientGone, Relay
from deploy.local.settings import REPOSITORY
from deploy.local.upstream import AnswerBroken, Connection, Upstream, UpstreamDown
from shared.schemas.problems import PROBLEM_MEDIA_TYPE, PROBLEM_TYPE_PREFIX, ErrorCode

Headers = list[tuple[bytes, bytes]]

_PAGES = {"/": "page", "/status": "status"}
_PAGE_HEADERS: Headers = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-content-type-options", b"nosniff"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; img-src data:",
    ),
]
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
# With whatever follows: a route's pattern lets a line break pass at its end.
_INTERNAL = re.compile(r"/+(healthz|readyz|metrics)\b")
# RFC 9110 §7.6.1, and what this gateway answers or decides itself.
_HOP_BY_HOP = {
    *(b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"proxy-authorization"),
    *(b"te", b"trailer", b"upgrade"),
}
_NOT_FORWARDED = _HOP_BY_HOP | {b"expect", b"x-request-id", b"forwarded"}
_NOT_RETURNED = _HOP_BY_HOP | {b"date", b"server", b"transfer-encoding"}
_HEALTH_SECONDS = 3.0
_IDEMPOTENT = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS"}
_LARGEST_KEPT = 65_536


class Gateway:
    """The ASGI application. `upstreams` maps a path prefix such as `/api/policy` to a service's address."""

    def __init__(self, upstreams: Mapping[str, str]) -> None:
        self._upstreams = {prefix: _upstream(address) for prefix, address in upstreams.items()}
        folder = REPOSITORY / "deploy" / "gateway"
        self._pages = {path: (folder / f"{name}.html.template").read_bytes() for path, name in _PAGES.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for upstream in self._upstreams.values():
            upstream.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request_id = _request_id(scope)
        answer = _Answer(send, request_id, head_only=scope["method"] == "HEAD")
        path = scope["path"]
        if path == "/health" or path in _PAGES:
            await self._own(scope, answer)
            return
        prefix = next((prefix for prefix in self._upstreams if f"{path}/".startswith(f"{prefix}/")), None)
        # The decoded path decides what is internal, for an encoded letter reaches the same route.
        inner = path.removeprefix(prefix) if prefix else ""
        if prefix is None or not scope["raw_path"].startswith(prefix.encode()) or _INTERNAL.match(inner):
            await answer.problem(404, ErrorCode.NOT_FOUND, "没有找到", "没有这个地址。接口目录见 / 。")
        elif inner in {"", "/"}:
            await answer.whole(307, [(b"location", f"{prefix}/docs".encode())], b"")
        else:
            await self._forward(scope, receive, answer, prefix)

    async def _own(self, scope: Scope, answer: "_Answer") -> None:
        if scope["method"] not in {"GET", "HEAD"}:
            title = "此地址不支持该方法"
            await answer.problem(405, ErrorCode.METHOD_NOT_ALLOWED, title, "只支持 GET。", (b"allow", b"GET, HEAD"))
        elif (page := self._pages.get(scope["path"])) is not None:
            await answer.whole(200, _PAGE_HEADERS, page)
        else:
            states = await asyncio.gather(*map(_health, self._upstreams.values()))
            services = dict(zip(self._upstreams, states, strict=True))
            whole = all(state == "ok" for state in services.values())
            body = to_json({"status": "ok" if whole else "degraded", "services": services})
            headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
            await answer.whole(200 if whole else 503, headers, body)

    async def _forward(self, scope: Scope, receive: Receive, answer: "_Answer", prefix: str) -> None:
        try:
            request = _request(scope, prefix, answer.request_id)
            if not _may_be_repeated(scope):
                await self._relay(scope, receive, answer, self._upstreams[prefix], request)
                return
            body = await _read(receive)
            try:
                await self._relay(scope, _from_its_start(body, receive), answer, self._upstreams[prefix], request)
            except _Unanswered:
                again = _from_its_start(body, receive)
                await self._relay(scope, again, answer, self._upstreams[prefix], request, fresh=True)
        except h11.LocalProtocolError:
            title = "请求体无法读取"
            await answer.problem(400, ErrorCode.MALFORMED_BODY, title, "请求头不符合 HTTP 规范，没有转发。")
        except (UpstreamDown, TimeoutError):
            detail = "该服务正在启动或暂时无法连接，请稍后重试。"
            await answer.problem(503, ErrorCode.UNAVAILABLE, "服务暂不可用", detail, (b"retry-after", b"1"))
        except (AnswerBroken, ClientGone):
            # An answer that stops without its end: the server cuts the connection, and the caller knows.
            return

    async def _relay(
        self,
        scope: Scope,
        receive: Receive,
        answer: "_Answer",
        upstream: Upstream,
        request: h11.Request,
        *,
        fresh: bool = False,
    ) -> None:
        has_body = _has_body(scope)
        # Only what may be asked twice travels on a connection that may just have been closed.
        connection = await upstream.acquire(fresh=fresh or has_body or request.method != b"GET")
        try:
            await connection.send(request)
            if not has_body:
                await connection.send(h11.EndOfMessage())
            relay = Relay(connection, receive, request_sent=not has_body)
            await relay.run(lambda: answer.relayed(connection, relay))
        except UpstreamDown as error:
            if not fresh and _may_be_repeated(scope):
                raise _Unanswered from error
            raise
        finally:
            upstream.release(connection)


class _Unanswered(Exception):
    """The other side closed the connection without a word, as a process does that ends just then."""


class _Answer:
    """What goes back to the caller, once."""

    def __init__(self, send: Send, request_id: bytes, *, head_only: bool) -> None:
        self._send = send
        self._head_only = head_only
        self._begun = False
        self.request_id = request_id

    async def whole(self, status: int, headers: Headers, body: bytes) -> None:
        """An answer of the gateway's own."""
        length = (b"content-length", str(len(body)).encode())
        await self._start(status, [*headers, length, (b"x-request-id", self.request_id)])
        await self._send({"type": "http.response.body", "body": b"" if self._head_only else body})

    async def problem(
        self, status: int, code: ErrorCode, title: str, detail: str, *headers: tuple[bytes, bytes]
    ) -> None:
        """A problem document as the services write them."""
        if self._begun:
            return
        document = {
            "type": f"{PROBLEM_TYPE_PREFIX}{code}",
            "title": title,
            "status": status,
            "code": code,
            "detail": detail,
            "instance": f"urn:mingquan:request:{self.request_id.decode()}",
        }
        media_type = (b"content-type", PROBLEM_MEDIA_TYPE.encode())
        await self.whole(status, [media_type, (b"cache-control", b"no-store"), *headers], to_json(document))

    async def relayed(self, connection: Connection, relay: Relay) -> None:
        """The upstream's answer, as it comes."""
        head = await connection.head()
        await self._start(head.status_code, _end_to_end(head.headers, _NOT_RETURNED))
        if self._head_only:
            await self._send({"type": "http.response.body", "body": b""})
            return
        async with aclosing(relay.spooled(connection.body())) as chunks:
            async for chunk in chunks:
                await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})

    async def _start(self, status: int, headers: Headers) -> None:
        self._begun = True
        message: Message = {"type": "http.response.start", "status": status, "headers": headers}
        await self._send(message)


def _request(scope: Scope, prefix: str, request_id: bytes) -> h11.Request:
    """The request as the service sees it. HEAD becomes GET, whose routes know no HEAD; the body is dropped here."""
    target = scope["raw_path"][len(prefix) :]
    if scope["query_string"]:
        target += b"?" + scope["query_string"]
    headers = [
        (name, value)
        for name, value in _end_to_end(scope["headers"], _NOT_FORWARDED)
        if not name.startswith(b"x-forwarded-")
    ]
    headers += [(b"x-request-id", request_id), (b"x-forwarded-proto", scope["scheme"].encode())]
    if scope["client"]:
        headers.append((b"x-forwarded-for", scope["client"][0].encode()))
    method = "GET" if scope["method"] == "HEAD" else scope["method"]
    return h11.Request(method=method, target=target, headers=headers)


def _end_to_end(headers: Iterable[tuple[bytes, bytes]], dropped: set[bytes]) -> Headers:
    """Without what belongs to one connection only, also by the Connection header's own word."""
    pairs = [(name.lower(), value) for name, value in headers]
    named = {part.strip().lower() for name, value in pairs if name == b"connection" for part in value.split(b",")}
    return [(name, value) for name, value in pairs if name not in dropped and name not in named]


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


def _may_be_repeated(scope: Scope) -> bool:
    """RFC 9110 §9.2.2, as far as the body is small enough to be kept: a process may end while it comes."""
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    known = not any(name == b"transfer-encoding" for name, _ in scope["headers"])
    method: str = scope["method"]
    return method in _IDEMPOTENT and known and int(length) <= _LARGEST_KEPT


async def _read(receive: Receive) -> bytes:
    """The whole body."""
    body = bytearray()
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)
    raise ClientGone


def _from_its_start(body: bytes, receive: Receive) -> Receive:
    """What the caller sent, once more, and then whatever comes."""
    said = False

    async def receive_again() -> Message:
        nonlocal said
        if said:
            return await receive()
        said = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


def _request_id(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return bytes(value)
    return uuid7().hex.encode()


def _upstream(address: str) -> Upstream:
    parts = urlsplit(address)
    assert parts.hostname is not None
    return Upstream(parts.hostname, parts.port or 80)


async def _health(upstream: Upstream) -> str:
    try:
        async with asyncio.timeout(_HEALTH_SECONDS):
            return "ok" if await upstream.get("/readyz") == 200 else "not ready"
    except (UpstreamDown, TimeoutError):
        return "down"


def server_of(gateway: Gateway) -> uvicorn.Server:
    """The server around it. It trusts no forwarding headers, for nobody stands before it."""
    config = uvicorn.Config(
        gateway,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=3,
    )
    return uvicorn.Server(config)


def main() -> None:
    """`python -m deploy.local.gateway --socket 5 --upstreams '{"/api/policy": "http://127.0.0.1:8001"}'`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--socket", type=int, required=True, help="descriptor of a listening socket")
    parser.add_argument("--upstreams", required=True, help="JSON: path prefix to address")
    arguments = parser.parse_args()
    gateway = Gateway(json.loads(arguments.upstreams))
    server_of(gateway).run(sockets=[socket.socket(fileno=arguments.socket)])


if __name__ == "__main__":
    main()
