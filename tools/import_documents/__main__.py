"""`python -m tools.import_documents FILE… [--url http://127.0.0.1:8000] [--state .mingquan]`."""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from tools.import_documents.journal import Journal
from tools.import_documents.report import Report, RowReport
from tools.import_documents.running import Mapped, map_files, run_import
from tools.import_documents.sources import UnreadableFile
from tools.import_documents.suite import Credentials, RefusedBySuite, Suite, SuiteUnavailable

_TIMEOUT = httpx.Timeout(60, connect=5)
_STATE = Path(".mingquan")
_CLIENT_NAME = "文件导入"
console = Console()


def main(
    files: Annotated[list[Path], typer.Argument(help="*.jsonl、*.json、.docx、.pdf、.html 或 .txt")],
    url: Annotated[str, typer.Option(help="正在运行的服务的地址")] = "",
    state: Annotated[Path, typer.Option(envvar="MINGQUAN_STATE", help="状态目录：凭据、导入日志、报告")] = _STATE,
    check_only: Annotated[bool, typer.Option("--check-only", help="只认读和补全，不发送")] = False,
) -> None:
    """Import documents into the running suite. Run it again to send what is missing."""
    try:
        mapped = map_files(files)
        if check_only:
            report = _report_without_sending(mapped)
        else:
            report = asyncio.run(_import(mapped, url or _find_suite(state), state))
    except (UnreadableFile, SuiteUnavailable, RefusedBySuite) as error:
        console.print(f"[red]{error}[/]")
        sys.exit(2)
    report.show(console)
    if not check_only:
        console.print(f"逐行报告：{report.write(state / 'imports')}")
    sys.exit(1 if report.broken_off else 0)


def _find_suite(state: Path) -> str:
    """Where the suite of that state runs; by its port when it does not say."""
    try:
        return str(json.loads((state / "running.json").read_text())["gateway"])
    except (OSError, ValueError, KeyError, TypeError):
        return f"http://127.0.0.1:{os.environ.get('MINGQUAN_PORT', '8000')}"


async def _import(mapped: Mapped, url: str, state: Path) -> Report:
    folder = state / "imports"
    async with (
        httpx.AsyncClient(base_url=f"{url}/api/exchange", timeout=_TIMEOUT, trust_env=False) as exchange,
        httpx.AsyncClient(base_url=f"{url}/api/policy", timeout=_TIMEOUT, trust_env=False) as policy,
    ):
        with Journal(folder, target=url) as journal, _bar() as bar:
            suite = Suite(exchange, policy, await _credentials(exchange, policy, state))
            task = bar.add_task("导入", total=len(mapped.items))
            return await run_import(
                mapped, suite, journal, progress=lambda done, total: bar.update(task, completed=done, total=total)
            )


def _bar() -> Bar:
    return Bar(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )


async def _credentials(exchange: httpx.AsyncClient, policy: httpx.AsyncClient, state: Path) -> Credentials:
    """The import's own client: from the environment, from an earlier run, or made now with the administrator's."""
    if client_id := os.environ.get("MINGQUAN_IMPORT_CLIENT_ID"):
        return Credentials(client_id, os.environ.get("MINGQUAN_IMPORT_CLIENT_SECRET", ""))
    kept = state / "imports" / "client.json"
    if kept.exists():
        credentials = Credentials(**json.loads(kept.read_text()))
        if await _is_taken(Suite(exchange, policy, credentials)):
            return credentials
    administrator = Suite(exchange, policy, _administrator(state))
    root = next((found for found in await administrator.list_organizations() if not found["parent"]), None)
    if root is None:
        raise SuiteUnavailable("机关目录里没有根机关：请先运行 make run")
    credentials = await administrator.create_client(root["code"], name=_CLIENT_NAME)
    kept.touch(mode=0o600)
    kept.write_text(json.dumps(asdict(credentials)))
    return credentials


async def _is_taken(suite: Suite) -> bool:
    """Whether the suite still knows these credentials; after `make reset` it does not."""
    try:
        await suite.list_organizations()
    except (SuiteUnavailable, RefusedBySuite):
        return False
    return True


def _administrator(state: Path) -> Credentials:
    try:
        stored = json.loads((state / "secrets.json").read_text())["administrator"]
        return Credentials(stored["client_id"], stored["client_secret"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SuiteUnavailable(
            f"{state} 里没有管理员凭据：请先运行 make run，或用 MINGQUAN_IMPORT_CLIENT_ID 和 _SECRET 给出凭据"
        ) from error


def _report_without_sending(mapped: Mapped) -> Report:
    report = Report()
    rows: Sequence[tuple[str, str, str, str | None]] = [
        (left.row.name, left.row.file, "superseded" if left.superseded else "refused", left.reason)
        for left in mapped.left
    ]
    report.rows += [RowReport(name, file, outcome, reason=reason) for name, file, outcome, reason in rows]
    report.rows += [
        RowReport(item.row.name, item.row.file, "created", external_id=item.external_id, notes=item.notes)
        for item in mapped.items
    ]
    return report


if __name__ == "__main__":
    typer.run(main)
