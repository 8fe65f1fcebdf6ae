"""What a person in front of the terminal sees: steps with their time, sentences, the closing table."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table

from deploy.local.state import Credentials

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)


def say(text: str) -> None:
    """One sentence, and what belongs to it on further lines."""
    first, _, rest = text.partition("\n")
    console.print(f"[yellow]![/] {plain(first)}", soft_wrap=True)
    if rest:
        console.print(plain(rest), style="dim", soft_wrap=True)


def fail(text: str) -> None:
    """Why it does not go on, in one sentence."""
    first, _, rest = text.partition("\n")
    errors.print(f"[bold red]✗[/] {plain(first)}", soft_wrap=True)
    if rest:
        errors.print(plain(rest), style="dim", soft_wrap=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """A line that turns while it lasts and afterwards says how long it took."""
    started = time.monotonic()
    with console.status(f"{title}…"):
        yield
    console.print(f"[green]✓[/] {title} [dim]{time.monotonic() - started:.1f} 秒[/]")


def show_clients(clients: dict[str, tuple[str, Credentials]]) -> None:
    """The demo's clients: what they may do, and how they sign in."""
    table = Table(title="演示客户端 Demo clients", title_justify="left", show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for key, (what, client) in clients.items():
        # One below the other: a secret broken across lines cannot be copied.
        table.add_row(key, f"{what}\n{client.client_id}\n{client.client_secret}", end_section=True)
    console.print(table)


def show_addresses(gateway: str, services: list[tuple[str, str]], administrator: Credentials, logs: str) -> None:
    """Where everything is, and who may enter."""
    table = Table(title="明泉已就绪 Mingquan is running", title_justify="left", show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    table.add_row("首页 Landing page", f"{gateway}/")
    for title, path in services:
        table.add_row(title, f"{gateway}{path}/docs")
    table.add_row("令牌 Token endpoint", f"{gateway}/api/exchange/v1/oauth/token")
    table.add_row("管理员 client_id", administrator.client_id)
    table.add_row("管理员 client_secret", administrator.client_secret)
    table.add_row("日志 Logs", logs)
    console.print(table)
    console.print("按 Ctrl-C 停止 Press Ctrl-C to stop")


def plain(text: str) -> str:
    """Square brackets in a log are no markup."""
    return text.replace("[", r"\[")
