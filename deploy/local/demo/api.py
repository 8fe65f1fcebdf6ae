"""HTTP as the demo speaks it: sign in, send, and say in one sentence what was refused. Shared by loader and tour."""

import time
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeVar

import httpx
from pydantic import BaseModel

_TIMEOUT_SECONDS = 60.0
_RENEW_SECONDS = 300.0
Item = TypeVar("Item")


class DemoFailed(Exception):
    """Loading cannot go on; the message is for a person."""


class ClientCredentials(Protocol):
    """Whatever names a client: deploy.local.state.Credentials, or one's own."""

    @property
    def client_id(self) -> str: ...

    @property
    def client_secret(self) -> str: ...


class DemoClient(BaseModel):
    """One client of the demo with what it is for."""

    client_id: str
    client_secret: str
    name: str
    organization: str
    scopes: list[str]


class Session:
    """One client's calls through the gateway, with a token that is renewed in time."""

    def __init__(self, gateway: httpx.Client, credentials: ClientCredentials, *, person: str) -> None:
        self._gateway = gateway
        self._credentials = credentials
        self._person = person
        self._token = ""
        self._signed_in_at = 0.0

    def is_accepted(self) -> bool:
        """Whether these credentials open anything."""
        try:
            self._headers()
        except DemoFailed:
            return False
        return True

    def call(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        lines: bytes | None = None,
        file: tuple[str, bytes] | None = None,
        person: str | None = None,
    ) -> httpx.Response:
        """Any call, by the session's own person unless another is named; what comes back is the caller's to judge."""
        sent = self._headers() | ({"Acting-Person": person} if person else {})
        if lines is not None:
            sent["Content-Type"] = "application/x-ndjson"
        if file is not None:
            return _send(self._gateway, method, path, files={"file": file}, headers=sent)
        return _send(self._gateway, method, path, json=json, content=lines, headers=sent)

    # Any: foreign JSON.
    def must(self, method: str, path: str, *, json: object = None, file: tuple[str, bytes] | None = None) -> Any:
        """The answer's document; DemoFailed when the call is refused."""
        answer = self.call(method, path, json=json, file=file)
        if not answer.is_success:
            raise DemoFailed(f"{method} {path} 被拒绝（{answer.status_code}）：{detail_of(answer)}")
        return answer.json() if answer.content else None

    def _headers(self) -> dict[str, str]:
        if not self._token or time.monotonic() - self._signed_in_at > _RENEW_SECONDS:
            self._token, self._signed_in_at = self._sign_in(), time.monotonic()
        return {"Authorization": f"Bearer {self._token}", "Acting-Person": self._person}

    def _sign_in(self) -> str:
        form = {"grant_type": "client_credentials"}
        pair = (self._credentials.client_id, self._credentials.client_secret)
        answer = _send(self._gateway, "POST", "/api/exchange/v1/oauth/token", data=form, auth=pair)
        if not answer.is_success:
            raise DemoFailed(f"客户端 {pair[0]} 不能登录（{answer.status_code}）：{detail_of(answer)}")
        return str(answer.json()["access_token"])


def open_gateway(url: str) -> httpx.Client:
    """Connections to the gateway; the caller closes them."""
    return httpx.Client(base_url=url, timeout=_TIMEOUT_SECONDS, trust_env=False)


def _send(gateway: httpx.Client, method: str, path: str, **arguments: Any) -> httpx.Response:
    try:
        return gateway.request(method, path, **arguments)
    except httpx.HTTPError as error:
        raise DemoFailed(f"网关没有应答（{type(error).__name__}）：{method} {path}") from error


def detail_of(answer: httpx.Response) -> str:
    """What a problem document says, with the fields it names."""
    try:
        document = answer.json()
    except ValueError:
        return answer.text[:200]
    return problem_text(document)


def problem_text(problem: dict[str, Any]) -> str:
    """A problem document in one line."""
    fields = "；".join(f"{item['pointer']} {item['detail']}" for item in problem.get("errors") or [])
    return str(problem.get("detail", "")) + (f"（{fields}）" if fields else "")


def chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Pieces of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]
