"""Carries one message to one address: the name resolved here, every address of it judged, and the one judged connected to.

No redirects, no proxy, no cookies; certificates are verified, with the city's own root where one is set. What comes back is
read up to a bound.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpcore

from services.exchange_api.rules.addresses import Network, RefusedAddress, is_allowed

_EXCERPT_BYTES = 500
_MOST_ANSWER_BYTES = 65_536
_CONNECT_SECONDS = 5.0


@dataclass(frozen=True)
class Answer:
    """What came of one try. Status 0: nothing did, and `excerpt` says why."""

    status: int
    latency_ms: int
    excerpt: str
    retry_after: timedelta | None = None

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


class _JudgedBackend(httpcore.AsyncNetworkBackend):
    """Connects only to addresses that were judged, and to those themselves: a name cannot change in between."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks
        self._plain = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the interface of the library
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        address = await self._resolve(host, port)
        return await self._plain.connect_tcp(address, port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109  # the interface of the library
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise RefusedAddress("不能连接本机套接字")

    async def sleep(self, seconds: float) -> None:
        await self._plain.sleep(seconds)

    async def _resolve(self, host: str, port: int) -> str:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(_CONNECT_SECONDS):
            found = await loop.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        addresses = [str(entry[4][0]) for entry in found]
        # All of them: a name with one public and one inner address is a trap.
        if not addresses or not all(is_allowed(address, self._networks) for address in addresses):
            raise RefusedAddress("接收地址指向不允许连接的网络")
        return addresses[0]


class Sender:
    """Posts messages. One for all endpoints; an endpoint's own connections are kept for it."""

    def __init__(
        self,
        *,
        networks: Sequence[Network],
        timeout_seconds: float,
        ca_file: str | None = None,
        connections_each: int = 64,
    ) -> None:
        context = ssl.create_default_context(cafile=ca_file)
        self._timeout = timeout_seconds
        self._networks = networks
        self._context = context
        self._most = connections_each
        self._pools: dict[str, httpcore.AsyncConnectionPool] = {}

    async def post(self, endpoint: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One try. Never raises for what the other side or the network does."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._timeout):
                return await self._post(endpoint, url, headers, body, began)
        except (TimeoutError, httpcore.TimeoutException):
            said = "超时"
        except RefusedAddress as error:
            said = str(error)
        except socket.gaierror:
            said = "域名无法解析"
        except (
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
            OSError,
            ValueError,
        ) as error:
            said = f"无法连接（{type(error).__name__}）"
        return Answer(0, _since(began), said)

    async def _post(self, endpoint: str, url: str, headers: Mapping[str, str], body: bytes, began: float) -> Answer:
        pool = self._pools.get(endpoint)
        if pool is None:
            pool = self._pools[endpoint] = httpcore.AsyncConnectionPool(
                ssl_context=self._context,
                max_connections=self._most,
                max_keepalive_connections=self._most,
                keepalive_expiry=30.0,
                network_backend=_JudgedBackend(self._networks),
            )
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), self._timeout)
        async with pool.stream(
            "POST", url, headers=list(headers.items()), content=body, extensions={"timeout": timeout}
        ) as answer:
            taken = bytearray()
            async for chunk in answer.aiter_stream():
                taken += chunk
                if len(taken) > _MOST_ANSWER_BYTES:
                    # The rest is not waited for; the connection goes with it.
                    break
            excerpt = bytes(taken[:_EXCERPT_BYTES]).decode("utf-8", "replace").replace("\0", "")
            return Answer(answer.status, _since(began), excerpt, _retry_after(answer.headers))

    async def forget(self, endpoint: str) -> None:
        """Close an endpoint's connections."""
        pool = self._pools.pop(endpoint, None)
        if pool is not None:
            await pool.aclose()

    async def close(self) -> None:
        for endpoint in list(self._pools):
            await self.forget(endpoint)


def _since(began: float) -> int:
    return int((time.monotonic() - began) * 1000)


def _retry_after(headers: list[tuple[bytes, bytes]]) -> timedelta | None:
    """RFC 9110 §10.2.3: seconds or a date; None for what is neither."""
    value = next((value.decode("latin-1").strip() for name, value in headers if name.lower() == b"retry-after"), "")
    if value.isascii() and value.isdecimal():
        return timedelta(seconds=min(int(value[:9]), 10**8))
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment - datetime.now(UTC), timedelta())
