"""The `mingquan` command. Reads arguments and says what came of it; does nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.local import cli as local
from deploy.local import console
from deploy.local.processes import StartFailed

app = typer.Typer(
    help="明泉：运行和维护整套服务 Run and operate the suite.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    add_completion=False,
)
audit_app = typer.Typer(help="审计记录 The audit trail.", no_args_is_help=True)
app.command()(local.run)
app.command()(local.reset)
app.add_typer(audit_app, name="audit")
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="只说会做什么，什么也不改 Say what would be done, and do nothing.")
]


@contextmanager
def _in_one_sentence() -> Iterator[None]:
    """What was foreseen is said without a traceback, and the exit code is 1."""
    try:
        yield
    except StartFailed as error:
        console.fail(str(error))
        raise typer.Exit(1) from error


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console.console)


@app.command()
def backup(
    folder: Annotated[Path, typer.Argument(help="新的目录 A folder that is not there yet.")],
    dry_run: DryRun = False,
) -> None:
    """备份全部数据和附件，服务照常运行。Back up all data and files while the suite works."""
    from deploy.operations.backup import measure, take_backup
    from deploy.operations.installation import installation

    with _in_one_sentence(), installation(may_start=True) as installed:
        if dry_run:
            extent = measure(installed)
            console.console.print(
                f"会备份 {extent.tables} 张表（{extent.database_bytes / 1e6:.0f} MB，压缩前）"
                f"和 {extent.files} 个附件（{extent.file_bytes / 1e6:.0f} MB）到 {folder}"
            )
            return
        with _progress() as progress:
            manifest, lost = take_backup(installed, folder, progress)
        console.console.print(
            f"[green]✓[/] {folder}：{manifest.began_at.isoformat(timespec='seconds')} 之前的全部内容，"
            f"{manifest.rows} 行，{len(manifest.files)} 个附件",
            soft_wrap=True,
        )
        console.console.print("密钥不在备份里：请另存密钥目录（本机运行：secrets.json）", soft_wrap=True)
        if lost:
            shown = "\n".join(lost[:10])
            raise StartFailed(f"附件存储里有{len(lost)}个文件缺失或已损坏，备份里也没有它们\n{shown}")


@app.command()
def restore(
    folder: Annotated[Path, typer.Argument(help="备份目录 The backup.")],
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="替换已有内容 Replace what is there.")] = False,
    other_keys: Annotated[
        bool, typer.Option(help="密钥与备份时不同也恢复；封存的内容将无法打开 Restore although keys differ.")
    ] = False,
) -> None:
    """用备份替换全部内容；服务须已停止。Put a backup in place of everything; the services must be stopped."""
    from deploy.operations.installation import installation
    from deploy.operations.restore import check_backup, list_obstacles, restore_backup

    passed = {name for name, is_given in (("yes", yes), ("other_keys", other_keys)) if is_given}
    with _in_one_sentence(), installation(may_start=True) as installed:
        with _progress() as progress:
            manifest = check_backup(folder, progress)
            obstacles = [one for one in list_obstacles(installed, manifest) if one.option not in passed]
            if not obstacles and not dry_run:
                restore_backup(installed, folder, manifest, progress)
        what = f"{manifest.began_at.isoformat(timespec='seconds')} 的备份：{manifest.rows} 行，{len(manifest.files)} 个附件"
        if obstacles:
            raise StartFailed("\n".join(["没有恢复任何内容", *(one.text for one in obstacles)]))
        if dry_run:
            console.console.print(f"校验和全部相符，可以恢复 {what}", soft_wrap=True)
            return
        console.console.print(
            f"[green]✓[/] 已恢复 {what}。现在启动服务；检索索引会自行重建，之后用 mingquan verify 核对", soft_wrap=True
        )


@app.command()
def migrate(dry_run: DryRun = False) -> None:
    """把每个服务的数据库结构升级到最新（本机运行每次启动会自动升级）。Migrate every schema."""
    from deploy.operations import migrating
    from deploy.operations.installation import installation

    with _in_one_sentence(), installation(may_start=True) as installed:
        pending = migrating.list_pending(installed)
        for name, revisions in pending.items():
            console.console.print(f"{name}：{'、'.join(revisions) or '已是最新'}")
        if not dry_run:
            for name in migrating.migrate(installed, pending):
                console.console.print(f"[green]✓[/] {name}")


@app.command()
def reindex() -> None:
    """重建检索索引并切换，期间检索不中断。Rebuild the search index and swap it in."""
    from deploy.operations.installation import installation
    from deploy.operations.running_modules import run_module

    with _in_one_sentence(), installation() as installed:
        raise typer.Exit(run_module(installed, "search", "services.search_sync.rebuild"))


@app.command()
def verify() -> None:
    """逐件核对索引与各服务，修复差异；有差异时退出码为 1。Compare index and services, repair differences."""
    from deploy.operations.installation import installation
    from deploy.operations.running_modules import run_module

    with _in_one_sentence(), installation() as installed:
        raise typer.Exit(run_module(installed, "search", "services.search_sync.verify"))


@audit_app.command("verify")
def audit_verify(
    heads: Annotated[
        Path | None, typer.Option(help="留存散列的文件：核对先前的，再写入新的 Heads: compared, then written anew.")
    ] = None,
) -> None:
    """核对每个服务的审计链：有缺失或改动时退出码为 1。Verify every service's hash chain."""
    from deploy.operations import auditing
    from deploy.operations.installation import installation

    with _in_one_sentence(), installation(may_start=True) as installed:
        verdicts = auditing.verify_audit(installed, auditing.read_heads(heads) if heads else {})
        for name, verdict in verdicts.items():
            if verdict.whole:
                said = f"[green]✓[/] {name}：{verdict.entries} 条，完整 [dim]{verdict.head}[/]"
                console.console.print(said, soft_wrap=True)
        broken = [fault for name, one in verdicts.items() if (fault := auditing.fault_of(name, one)) is not None]
        if broken:
            raise StartFailed("审计链不完整：" + "；".join(broken))
        if heads:
            auditing.write_heads(heads, verdicts)
