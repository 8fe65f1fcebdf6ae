"""A partner's system as one should be: it believes receipts only, and sends again what got none or a 5xx.

Speaks to the gateway of a running suite. A batch is sent and answered at the same time, so that receipts count that were
given before the connection broke.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import h11
import httpx

from deploy.local.state import Credentials
from deploy.local.upstream import AnswerBroken, Connection, Upstream, UpstreamDown

PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.05
_LINES_OF_A_PIECE = 20


class Progress:
    """Counts receipts and wakes whoever waits for more of them."""

    def __init__(self) -> None:
        self.count = 0
        self._grown = asyncio.Condition()

    async def add(self, count: int = 1) -> None:
        async with self._grown:
            self.count += count
            self._grown.notify_all()

    async def reach(self, count: int) -> None:
        """Return when there are as many."""
        async with self._grown, asyncio.timeout(PATIENCE_SECONDS):
            await self._grown.wait_for(lambda: self.count >= count)

    async def pause(self) -> None:
        """Until the next receipt, or for a moment when there is none."""
        async with self._grown:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._grown.wait()


@dataclass(frozen=True)
class Document:
    """What is pushed, and by which key."""

    organization: str
    external_id: str
    content: dict[str, Any]

    @property
    def line(self) -> bytes:
        named = {"organization": self.organization, "external_id": self.external_id}
        return json.dumps(named | self.content, ensure_ascii=False).encode() + b"\n"

    @property
    def path(self) -> str:
        return f"/api/policy/v1/organizations/{self.organization}/policies/{quote(self.external_id)}"


@dataclass
class Partner:
    """One client of the suite and every receipt it was given."""

    http: httpx.AsyncClient
    credentials: Credentials
    progress: Progress = field(default_factory=Progress)
    receipts: dict[str, dict[str, Any]] = field(default_factory=dict)
    """The newest by external id."""
    refused: list[Any] = field(default_factory=list)
    """Anything that no second try would mend; there should be none."""
    sent_again: int = 0
    _token: str | None = None

    async def headers(self) -> dict[str, str]:
        """With a token, however long that takes."""
        while self._token is None:
            form = {"grant_type": "client_credentials"}
            who = (self.credentials.client_id, self.credentials.client_secret)
            answer = await self.http.post("/api/exchange/v1/oauth/token", data=form, auth=who)
            if answer.is_success:
                self._token = str(answer.json()["access_token"])
            else:
                await self._try_later(answer.status_code, answer.text)
        return {"Authorization": f"Bearer {self._token}"}

    async def put(self, document: Document) -> None:
        """Push one document until there is a receipt."""
        while True:
            try:
                answer = await self.http.put(document.path, json=document.content, headers=await self.headers())
            except httpx.RemoteProtocolError:
                # The answer broke off: whether it was stored is not known, and need not be.
                await self._try_later(503, "")
                continue
            if answer.is_success:
                await self._keep([answer.json()])
                return
            await self._try_later(answer.status_code, answer.text)

    async def push(self, documents: Sequence[Document]) -> None:
        """Push a batch, and again what is left of it, until every document has its receipt."""
        left = list(documents)
        while left:
            done = await self._push_once(left)
            left = [document for index, document in enumerate(left) if index not in done]
            if left:
                self.sent_again += len(left)
                await self.progress.pause()

    async def _push_once(self, documents: Sequence[Document]) -> set[int]:
        """Positions of the documents that need not be sent again."""
        done: set[int] = set()
        async with contextlib.AsyncExitStack() as stack:
            stack.enter_context(contextlib.suppress(UpstreamDown, AnswerBroken))
            connection = await self._open_batch(await self.headers())
            stack.callback(connection.close)
            sending = asyncio.create_task(_stream(connection, documents))
            stack.push_async_callback(_end, sending)
            head = await connection.head()
            if head.status_code != 200:
                await self._try_later(head.status_code, "batch")
                return done
            async for result in _results(connection):
                if result["status"] < 500:
                    done.add(result["line"] - 1)
                if "receipt" in result:
                    await self._keep([result["receipt"]])
                elif result["status"] < 500:
                    self.refused.append(result)
        return done

    async def _open_batch(self, headers: dict[str, str]) -> Connection:
        address = self.http.base_url
        connection = await Upstream(address.host, address.port or 80).acquire()
        sent = [("host", address.host), ("content-type", "application/x-ndjson"), ("transfer-encoding", "chunked")]
        await connection.send(
            h11.Request(method="POST", target="/api/policy/v1/policies:batch", headers=[*sent, *headers.items()])
        )
        return connection

    async def _keep(self, receipts: Sequence[dict[str, Any]]) -> None:
        for receipt in receipts:
            self.receipts[receipt["external_id"]] = receipt
        await self.progress.add(len(receipts))

    async def _try_later(self, status: int, text: str) -> None:
        if status == 401:
            self._token = None
        elif status < 500:
            self.refused.append((status, text))
            raise AssertionError(f"{status}: {text}")
        self.sent_again += 1
        await self.progress.pause()


async def _stream(connection: Connection, documents: Sequence[Document]) -> None:
    for start in range(0, len(documents), _LINES_OF_A_PIECE):
        piece = b"".join(document.line for document in documents[start : start + _LINES_OF_A_PIECE])
        await connection.send(h11.Data(data=piece))
    await connection.send(h11.EndOfMessage())


async def _results(connection: Connection) -> AsyncIterator[dict[str, Any]]:
    """Result lines; half a line at the end of a broken answer is none."""
    rest = b""
    async for chunk in connection.body():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield json.loads(line)


async def _end(task: asyncio.Task[None]) -> None:
    """Whatever became of the sending: the answer tells what arrived."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
