"""Nothing that is sent reaches an address that was not judged: inner networks in every spelling, changing names, redirects."""

import asyncio
import socket
from typing import Any

import pytest

from services.exchange_api.rules.addresses import RefusedAddress, check_url, is_allowed, parse_networks
from services.exchange_api.service.sending import Sender
from tests.subscribers import Received, endpoint

LOOPBACK = parse_networks(["127.0.0.0/8"])


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
        ),
        *("::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1"),
        *("2002:7f00:1::", "2001:0:0:0:0:0:80ff:fffe", "240.0.0.1", "255.255.255.255", "192.0.2.1", "nonsense", ""),
    ],
)
def test_inner_and_reserved_addresses_are_refused(address: str) -> None:
    assert not is_allowed(address, [])


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_allowed(address, [])


def test_a_network_of_the_operators_is_allowed_and_no_other() -> None:
    networks = parse_networks(["10.20.0.0/16", "fd00:1::/32"])
    allowed = [
        one
        for one in ("10.20.3.4", "::ffff:10.20.3.4", "fd00:1::9", "10.21.0.1", "fd00:2::1")
        if is_allowed(one, networks)
    ]
    assert allowed == ["10.20.3.4", "::ffff:10.20.3.4", "fd00:1::9"]
    with pytest.raises(ValueError, match="host bits"):
        parse_networks(["10.20.0.1/16"])


@pytest.mark.parametrize(
    "url",
    [
        "http://h.example/",
        "https://u@h.example/",
        "https://h.example:0/",
        "https://h\\@x/",
        "https:///x",
        "https://h.example:99999/",
    ],
)
def test_an_address_that_is_not_plain_is_refused(url: str) -> None:
    with pytest.raises(RefusedAddress):
        check_url(url, allow_http=False)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "017700000001", "0", "[::1]", "[::ffff:127.0.0.1]"],
)
async def test_loopback_is_not_reached_in_any_spelling(host: str) -> None:
    async with endpoint() as hooks:
        port = hooks.url.rpartition(":")[2]
        sender = Sender(networks=[], timeout_seconds=2)
        answer = await sender.post("e", f"http://{host}:{port}", {}, b"{}")
        await sender.close()
        assert answer.status == 0
        assert hooks.received == []


class _Names:
    """A resolver whose answers change: first one that is judged well, then the trap."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, _host: str, port: int, **_: Any) -> list[Any]:
        self.asked += 1
        address = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in address.split()]


async def test_a_name_that_changes_between_check_and_use_reaches_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked once for each connection, and the address that was judged is the one connected to."""
    async with endpoint() as hooks:
        port = hooks.url.split(":")[2].split("/")[0]
        names = _Names("127.0.0.1", "127.0.0.2", "169.254.169.254")
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", names)
        sender = Sender(networks=parse_networks(["127.0.0.1/32"]), timeout_seconds=2)
        first = await sender.post("e", f"http://rebind.example:{port}/", {"host": "rebind.example"}, b"{}")
        assert (first.status, names.asked) == (204, 1)
        await sender.forget("e")
        second = await sender.post("e", f"http://rebind.example:{port}/", {"host": "rebind.example"}, b"{}")
        assert (second.status, second.excerpt) == (0, "接收地址指向不允许连接的网络")
        assert len(hooks.received) == 1
        await sender.close()


async def test_one_inner_address_among_public_ones_is_a_trap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", _Names("93.184.215.14 127.0.0.1"))
    sender = Sender(networks=[], timeout_seconds=2)
    assert (await sender.post("e", "http://both.example/", {}, b"{}")).excerpt == "接收地址指向不允许连接的网络"
    await sender.close()


async def test_a_redirect_leads_nowhere() -> None:
    async with endpoint() as hooks, endpoint() as inner:

        async def redirect(_: Received) -> tuple[int, dict[str, str]]:
            return 307, {"location": inner.url}

        hooks.behave = redirect
        sender = Sender(networks=LOOPBACK, timeout_seconds=2)
        answer = await sender.post("e", hooks.url, {}, b"{}")
        await sender.close()
        assert (answer.status, answer.is_success) == (307, False)
        assert inner.received == []


async def test_a_certificate_that_nobody_vouches_for_is_refused() -> None:
    async with endpoint() as hooks:
        sender = Sender(networks=LOOPBACK, timeout_seconds=2)
        answer = await sender.post("e", hooks.url.replace("http://", "https://"), {}, b"{}")
        await sender.close()
        assert answer.status == 0
        assert hooks.received == []


async def test_an_endless_answer_is_not_waited_for() -> None:
    """What is read of an answer is bounded, and so is the time."""

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        try:
            while True:
                writer.write(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            writer.close()

    server = await asyncio.start_server(pour, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    sender = Sender(networks=LOOPBACK, timeout_seconds=5)
    answer = await sender.post("e", f"http://127.0.0.1:{port}/", {"content-length": "2"}, b"{}")
    await sender.close()
    server.close()
    assert (answer.status, len(answer.excerpt)) == (200, 500)


@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7), ("0", 0), ("soon", None), ("-3", None), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)]
)
async def test_when_to_come_back_is_understood(value: str, seconds: int | None) -> None:
    async with endpoint() as hooks:

        async def busy(_: Received) -> tuple[int, dict[str, str]]:
            return 503, {"retry-after": value}

        hooks.behave = busy
        sender = Sender(networks=LOOPBACK, timeout_seconds=2)
        answer = await sender.post("e", hooks.url, {"content-length": "2"}, b"{}")
        await sender.close()
        told = answer.retry_after.total_seconds() if answer.retry_after is not None else None
        assert told == seconds
