"""`python -m deploy.local run` and `reset`, which `mingquan` has as well (deploy/operations/cli.py). Reads arguments and says
what went wrong; does nothing else."""

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
    help="明泉：在一台机器上运行整套服务 Run the suite on one machine.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    add_completion=False,
)


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
