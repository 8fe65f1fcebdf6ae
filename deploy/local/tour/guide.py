"""How the tour speaks: each step with its request and answer, each promise with a tick, or the end of the tour."""

import json
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from urllib.parse import unquote

import httpx
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.local.demo.api import Session

_EXCERPT = 220
_LONG_TEXT = 60
_PATIENCE_SECONDS = 30.0
Found = TypeVar("Found")


class NotAsPromised(Exception):
    """The suite did not do what it should; the message says what was promised and what came."""


class Guide:
    """Prints and checks. Knows nothing of policies."""

    def __init__(self, console: Console, gateway: httpx.Client, sessions: dict[str, Session]) -> None:
        self.console = console
        self._gateway = gateway
        self.address = str(gateway.base_url).rstrip("/")
        self._sessions = sessions
        self.steps = 0
        self.promises = 0

    def step(self, chinese: str, english: str) -> None:
        """A heading."""
        self.steps += 1
        self.console.print(f"\n[bold cyan]{self.steps:2}. {chinese}[/] [dim]{english}[/]", soft_wrap=True)

    def say(self, text: str) -> None:
        """A remark between requests."""
        self.console.print(f"    [dim]{escape(text)}[/]", soft_wrap=True)

    # Any: JSON of the services under examination.
    def call(
        self,
        who: str | None,
        method: str,
        path: str,
        *,
        body: Any = None,
        file: tuple[str, bytes] | None = None,
        expect: int | Iterable[int],
        person: str | None = None,
        show: Iterable[str] = (),
    ) -> Any:
        """A request as `who` (None: the public), shown with its answer; returns its document. NotAsPromised on another
        status. `show` picks members of the answer."""
        named = f" [dim]以 {who} 身份{f'（经办人 {person}）' if person else ''}[/]" if who else " [dim]公众[/]"
        self.console.print(f"    → [bold]{method}[/] {escape(unquote(path))}{named}", soft_wrap=True)
        if body is not None:
            self.console.print(f"      [dim]{escape(_excerpt(body))}[/]", soft_wrap=True)
        if file is not None:
            self.console.print(f"      [dim]{escape(file[0])}，{len(file[1]):,} 字节[/]", soft_wrap=True)
        answer = self.ask(who, method, path, body=body, file=file, person=person)
        document = _document(answer)
        shown = _pick(document, list(show))
        colour = "green" if answer.is_success else "yellow"
        self.console.print(f"    ← [{colour}]{answer.status_code}[/] [dim]{escape(_excerpt(shown))}[/]", soft_wrap=True)
        expected = {expect} if isinstance(expect, int) else set(expect)
        if answer.status_code not in expected:
            wanted = "或".join(map(str, sorted(expected)))
            raise NotAsPromised(f"{method} {path} 应答 {wanted}，得到 {answer.status_code}：{_excerpt(document)}")
        return document

    def ask(
        self,
        who: str | None,
        method: str,
        path: str,
        *,
        body: Any = None,
        file: tuple[str, bytes] | None = None,
        person: str | None = None,
    ) -> Any:
        """The same without a word."""
        if who is None:
            return self._gateway.request(method, path, json=body)
        return self._sessions[who].call(method, path, json=body, file=file, person=person)

    def promise(self, holds: bool, promise: str, got: object = "") -> None:
        """Tick it off; NotAsPromised with what came instead."""
        if not holds:
            raise NotAsPromised(f"{promise}——实际：{_excerpt(got)}")
        self.promises += 1
        self.console.print(f"    [green]✓[/] {escape(promise)}", soft_wrap=True)

    def wait(self, find: Callable[[], Found | None], promise: str) -> Found:
        """What `find` finds, asked again for as long as a worker may take; NotAsPromised when it does not come."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while not (found := find()):
            if time.monotonic() > until:
                raise NotAsPromised(f"{promise}——{_PATIENCE_SECONDS:.0f} 秒后仍未做到")
            time.sleep(0.05)
        return found

    def table(self, title: str, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
        """A table below the step."""
        table = Table(title=title, title_justify="left", title_style="bold", pad_edge=False)
        for name in columns:
            table.add_column(name, overflow="fold")
        for row in rows:
            table.add_row(*(escape(cell) for cell in row))
        self.console.print(table)


def _document(answer: httpx.Response) -> Any:
    if not answer.content:
        return {}
    try:
        return answer.json()
    except ValueError:
        return f"{answer.headers.get('content-type', '')}，{len(answer.content):,} 字节"


def _pick(document: Any, names: list[str]) -> Any:
    """Those members of an object; all of it when none is named."""
    if not names or not isinstance(document, dict):
        return document
    return {name: document[name] for name in names if name in document}


def _excerpt(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(_short(value), ensure_ascii=False, default=str)
    return text if len(text) <= _EXCERPT else text[:_EXCERPT] + "…"


def _short(value: Any) -> Any:
    """Long texts cut, so that an excerpt shows more members than the first."""
    if isinstance(value, dict):
        return {name: _short(item) for name, item in value.items() if item not in (None, [], {})}
    if isinstance(value, list):
        return [_short(item) for item in value[:3]] + (["…"] if len(value) > 3 else [])
    return value[:_LONG_TEXT] + "…" if isinstance(value, str) and len(value) > _LONG_TEXT else value
