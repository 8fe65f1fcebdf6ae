"""Asks published addresses whether they are still there. Only hosts on the city's list are ever asked."""

import asyncio
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx

_AT_ONCE = 8
_TRIES = 2
_BODY_REFUSED = (405, 501)


async def check_links(
    client: httpx.AsyncClient, rows: Sequence[Any], *, hosts: frozenset[str]
) -> list[tuple[Any, str | None]]:
    """Each row with what is wrong with its `url`, or None. Redirects are not followed: whatever answers is there."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def check(row: Any) -> tuple[Any, str | None]:
        async with places:
            return row, await _fault_of(client, row["url"], hosts)

    return list(await asyncio.gather(*(check(row) for row in rows)))


async def _fault_of(client: httpx.AsyncClient, url: str, hosts: frozenset[str]) -> str | None:
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return "地址写法有误"
    if host not in hosts:
        return None
    fault: str | None = None
    for _ in range(_TRIES):
        try:
            answer = await client.head(url)
            if answer.status_code in _BODY_REFUSED:
                async with client.stream("GET", url) as streamed:
                    answer = streamed
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OverflowError, ExceptionGroup) as error:
            fault = f"地址打不开（{type(error).__name__}）"
            continue
        if answer.status_code < 400:
            return None
        fault = f"地址回答{answer.status_code}"
        if answer.status_code < 500:
            return fault
    return fault
