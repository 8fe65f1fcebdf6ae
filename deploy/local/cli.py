"""The `mingquan` command: `python -m deploy.local --help`. Reads arguments and says what went wrong; does nothing else."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from deploy.local import console
from deploy.local.processes import StartFailed
from deploy.local.settings import read_settings
from deploy.local.state import State

app = typer.Typer(
    help="明泉：在一台机器上运行和管理整套服务 Run and manage the suite on one machine.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    add_completion=False,
)
audit_app = typer.Typer(help="审计记录 The audit trail.", no_args_is_help=True)
client_app = typer.Typer(help="接口客户端 API clients.", no_args_is_help=True)
app.add_typer(audit_app, name="audit")
app.add_typer(client_app, name="client")


@contextmanager
def _in_one_sentence() -> Iterator[None]:
    """What was foreseen is said without a traceback, and the exit code is 1."""
    try:
        yield
    except StartFailed as error:
        console.fail(str(error))
        raise typer.Exit(1) from error


def _state() -> State:
    return State(read_settings().state.resolve())


@app.command()
def run(
    demo: Annotated[bool, typer.Option(help="首次启动时载入演示数据 Load demo data on the first start.")] = True,
) -> None:
    """启动整套服务，直到 Ctrl-C。Start everything, until Ctrl-C."""
    from deploy.local.run import run as run_suite

    with _in_one_sentence():
        run_suite(read_settings(), with_demo=demo)


@app.command()
def reset(yes: Annotated[bool, typer.Option("--yes", "-y", help="不再询问 Do not ask.")] = False) -> None:
    """删除本机的全部数据，重新开始。Delete all local data."""
    with _in_one_sentence():
        state = _state()
        if not state.is_made:
            console.console.print(f"{state.root} 没有数据，无需重置")
            return
        if not yes and not (sys.stdin.isatty() and typer.confirm(f"删除 {state.root} 中的全部数据？")):
            raise StartFailed("没有删除任何东西：请确认后再执行，或加上 --yes")
        with state.only_instance():
            state.remove()
        console.console.print(f"{state.root} 已清空")


@app.command()
def migrate() -> None:
    """只升级数据库结构，不启动服务（启动时会自动升级）。Migrate every schema; a start does so by itself."""
    from deploy.local.run import migrate as migrate_database

    with _in_one_sentence():
        migrate_database(read_settings())


@app.command()
def reindex() -> None:
    """重建检索索引并切换，期间检索不中断。Rebuild the search index and swap it in."""
    from deploy.local.commands import run_beside

    with _in_one_sentence():
        raise typer.Exit(run_beside(_state(), "search", "services.search_sync.rebuild"))


@app.command()
def verify() -> None:
    """逐件核对索引与各服务，修复差异。Compare index and services document by document, repair differences."""
    from deploy.local.commands import run_beside

    with _in_one_sentence():
        raise typer.Exit(run_beside(_state(), "search", "services.search_sync.verify"))


@audit_app.command("verify")
def audit_verify() -> None:
    """核对每个服务的审计链：有缺失或改动时退出码为 1。Verify every service's hash chain."""
    from deploy.local.commands import verify_audit

    with _in_one_sentence():
        verify_audit(_state())


@client_app.command("create")
def client_create(
    name: Annotated[str, typer.Option(help="名称，如：历下区政务公开系统")],
    organization: Annotated[str, typer.Option(help="所属机关的统一社会信用代码")],
    scope: Annotated[list[str], typer.Option(help="权限，可重复，如 policy:write")],
) -> None:
    """新建接口客户端，密钥只显示这一次。Create a client; its secret is shown once."""
    from deploy.local.commands import create_client

    with _in_one_sentence():
        create_client(_state(), name=name, organization=organization, scopes=scope)
