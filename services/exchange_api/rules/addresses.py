"""Where a webhook may go. Decided after the name is resolved, for every address that it has. Pure."""

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_PREFIX_64 = ipaddress.IPv6Network("64:ff9b::/96")


class RefusedAddress(ValueError):
    """Not an address that anything is sent to."""


def check_url(url: str, *, allow_http: bool) -> str:
    """The address itself; RefusedAddress when it is not a plain one: scheme, host, port, path and query."""
    if any(char.isspace() or ord(char) < 33 or ord(char) > 126 for char in url) or "\\" in url:
        raise RefusedAddress("地址只能用可见的英文字符；域名请写成 punycode")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise RefusedAddress("地址写法有误") from error
    if parts.scheme != "https" and not (allow_http and parts.scheme == "http"):
        raise RefusedAddress("接收地址应使用 https")
    if not parts.hostname or "@" in parts.netloc or parts.fragment or port == 0:
        raise RefusedAddress("地址应有主机名，不能含有用户名、密码或者片段")
    return url


def parse_networks(texts: Iterable[str]) -> list[Network]:
    """The allow-list of a government intranet; ValueError for what is no network."""
    return [ipaddress.ip_network(text) for text in texts]


def is_allowed(text: str, networks: Iterable[Network]) -> bool:
    """Whether a resolved address may be connected to: a public one, or one of a network that the operator allows."""
    try:
        address = _plain(ipaddress.ip_address(text.partition("%")[0]))
    except ValueError:
        return False
    if any(address in network for network in networks if network.version == address.version):
        return True
    return address.is_global and not address.is_multicast


def _plain(address: Address) -> Address:
    """What an IPv6 address that wraps an IPv4 one leads to."""
    if isinstance(address, ipaddress.IPv6Address):
        for inner in (address.ipv4_mapped, address.sixtofour, address.teredo and address.teredo[1]):
            if inner is not None:
                return inner
        if address in _PREFIX_64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
