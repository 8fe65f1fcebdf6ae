"""`make tour`: walk the main job against the running suite. Exit code 1 at the first promise that is not kept."""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from deploy.local.demo.api import DemoFailed, open_gateway
from deploy.local.demo.dossiers import department
from deploy.local.demo.loader import open_doors, open_sessions
from deploy.local.processes import StartFailed
from deploy.local.settings import read_settings
from deploy.local.state import Credentials, State
from deploy.local.tour.disclosure import Disclosure
from deploy.local.tour.guide import Guide, NotAsPromised
from deploy.local.tour.history import History
from deploy.local.tour.matching import Matching
from deploy.local.tour.participation import Participation
from deploy.local.tour.province import Province
from deploy.local.tour.requests import Requests
from deploy.local.tour.story import SEARCHABLE_WITHIN_SECONDS, Story
from deploy.local.tour.texts import new_run
from deploy.local.tour.uploads import Uploads
from shared.kit.clock import local_day

console = Console(highlight=False)


def main(
    url: Annotated[
        str | None, typer.Option(help="网关地址；缺省为本机正在运行的套件 Gateway of another suite.")
    ] = None,
    client_id: Annotated[str | None, typer.Option(help="那里的管理员 Its administrator.")] = None,
    client_secret: Annotated[
        str | None, typer.Option(envvar="MINGQUAN_TOUR_SECRET", help="其密钥 And the secret.")
    ] = None,
    within: Annotated[
        float, typer.Option(help="发布后几秒之内应检索到；机器繁忙时可放宽 Seconds until searchable.")
    ] = SEARCHABLE_WITHIN_SECONDS,
) -> None:
    """走一遍主流程，逐项核对。Walk the main job and check every promise."""
    try:
        gateway, administrator, state = _find_suite(url, client_id, client_secret)
        _walk(gateway, administrator, state, within_seconds=within)
    except NotAsPromised as broken:
        console.print(f"\n[bold red]✗ 没有做到：[/]{str(broken).replace('[', chr(92) + '[')}", soft_wrap=True)
        sys.exit(1)
    except (DemoFailed, StartFailed) as error:
        console.print(f"[bold red]✗[/] {str(error).replace('[', chr(92) + '[')}", soft_wrap=True)
        sys.exit(1)


def _find_suite(
    url: str | None, client_id: str | None, client_secret: str | None
) -> tuple[str, Credentials, Path | None]:
    """Where the suite is and who administers it; the folder is None when it is another's."""
    if url is not None:
        if not client_id or not client_secret:
            raise StartFailed("用 --url 走别处的套件时，请一并给出管理员的 --client-id 和 --client-secret")
        return url.rstrip("/"), Credentials(client_id=client_id, client_secret=client_secret), None
    state = State(read_settings().state.resolve())
    running, administrator = state.read_running(), state.read_secrets().administrator
    if administrator is None:
        raise StartFailed("状态目录里没有管理员凭据：请等 make run 启动完成")
    return running.gateway, administrator, state.root


def _walk(url: str, administrator: Credentials, state: Path | None, *, within_seconds: float) -> None:
    started = time.monotonic()
    console.print(f"[bold]明泉主流程 The main job[/]　{url}")
    with open_gateway(url) as gateway:
        with Progress(console=console, transient=True) as progress:
            credentials = open_doors(gateway, administrator, state, progress)
        guide = Guide(console, gateway, open_sessions(gateway, credentials))
        run = new_run(local_day(datetime.now(UTC)))
        Story(guide, run, department(), within_seconds=within_seconds).tell()
        History(guide, run).tell()
        Participation(guide, run, department()).tell()
        Matching(guide, run).tell()
        Uploads(guide, run).tell()
        Disclosure(guide, run).tell()
        Requests(guide, run).tell()
        if state is None:
            guide.say("别处的套件连不到本机的模拟省平台：这一章略过")
        else:
            Province(guide, run).tell()
    took = time.monotonic() - started
    console.print(f"\n[bold green]✓ 全部做到：{guide.steps} 步、{guide.promises} 项承诺，{took:.1f} 秒[/]")


if __name__ == "__main__":
    typer.run(main)
