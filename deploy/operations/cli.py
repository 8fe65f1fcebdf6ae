"""The `mingquan` command. Reads arguments and says what came of it; does nothing else."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic import ValidationError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from deploy.local import cli as local
from deploy.local import console
from deploy.local.processes import StartFailed
from shared.schemas.clients import ClientInput, NewSecret
from shared.schemas.scopes import Scope

app = typer.Typer(
    help="明泉：运行和维护整套服务 Run and operate the suite.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    add_completion=False,
)
audit_app = typer.Typer(help="审计记录 The audit trail.", no_args_is_help=True)
calendar_app = typer.Typer(help="工作日历 The working-day calendar.", no_args_is_help=True)
clients_app = typer.Typer(help="接口客户端 API clients.", no_args_is_help=True)
keys_app = typer.Typer(help="签名密钥与封存密钥 Signing and sealing keys.", no_args_is_help=True)
log_app = typer.Typer(help="事件日志与推送记录 Event logs and deliveries.", no_args_is_help=True)
app.command()(local.run)
app.command()(local.reset)
app.add_typer(audit_app, name="audit")
app.add_typer(calendar_app, name="calendar")
app.add_typer(clients_app, name="clients")
app.add_typer(keys_app, name="keys")
app.add_typer(log_app, name="log")
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


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="每项一行 JSON One line of JSON each.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="有警告时退出码也为 1 Warnings count too.")] = False,
) -> None:
    """体检：设置、数据库、服务、时钟、磁盘、日历、结构、日志、索引、密钥；有问题时退出码为 1。Examine everything."""
    from deploy.operations.doctor.findings import Finding, Level
    from deploy.operations.doctor.looking import examine
    from deploy.operations.installation import installation

    marks = {Level.OK: "[green]✓[/]", Level.WARNING: "[yellow]![/]", Level.FAILED: "[bold red]✗[/]"}
    found: list[Finding] = []

    def say(finding: Finding) -> None:
        found.append(finding)
        if as_json:
            typer.echo(json.dumps(asdict(finding), ensure_ascii=False))
            return
        console.console.print(
            f"{marks[finding.level]} {finding.subject}：{console.plain(finding.text)}", soft_wrap=True
        )
        if finding.advice:
            console.console.print(f"  → {console.plain(finding.advice)}", style="dim", soft_wrap=True)

    with _in_one_sentence(), installation() as installed:
        examine(installed, say)
    bad = {Level.FAILED, Level.WARNING} if strict else {Level.FAILED}
    if not as_json:
        counts = {level: sum(one.level is level for one in found) for level in Level}
        console.console.print(f"正常 {counts[Level.OK]}，警告 {counts[Level.WARNING]}，失败 {counts[Level.FAILED]}")
    raise typer.Exit(int(any(one.level in bad for one in found)))


@clients_app.command("create")
def clients_create(
    name: Annotated[str, typer.Option(help="名称，如：历下区政务公开系统")],
    organization: Annotated[str, typer.Option(help="所属机关的统一社会信用代码")],
    scope: Annotated[list[Scope], typer.Option(help="权限，可重复，如 policy:write")],
    network: Annotated[list[str] | None, typer.Option(help="允许的网络，可重复，如 10.1.0.0/16")] = None,
    dry_run: DryRun = False,
) -> None:
    """新建接口客户端，密钥只显示这一次。Create a client; its secret is shown once."""
    from deploy.operations import clients
    from deploy.operations.installation import installation

    with _in_one_sentence(), installation() as installed:
        try:
            wanted = ClientInput(name=name, organization=organization, scopes=scope, networks=network or [])
        except ValidationError as error:
            wrong = error.errors(include_url=False)[0]
            raise StartFailed(f"{wrong['loc'][0]} 不能使用：{wrong['msg']}") from error
        made = asyncio.run(clients.create_client(installed, wanted, dry_run=dry_run))
        _show_secret(made.secret, dry_run=dry_run)


@clients_app.command("list")
def clients_list(
    organization: Annotated[str | None, typer.Option(help="只列这个机关的 Of this organisation only.")] = None,
) -> None:
    """列出接口客户端：权限、密钥有效期、最近使用。List clients, their scopes and until when their secrets are good."""
    from deploy.operations import clients
    from deploy.operations.installation import installation

    with _in_one_sentence(), installation() as installed:
        for one in asyncio.run(clients.list_clients(installed, organization)):
            ends = one.live_until.date().isoformat() if one.live_until else "无密钥"
            used = one.last_used_at.date().isoformat() if one.last_used_at else "从未"
            state = "已停用" if one.disabled else f"密钥至 {ends}"
            line = f"{one.id}  {console.plain(one.name)}  {one.organization}  {state}  最近使用 {used}"
            console.console.print(line, soft_wrap=True)
            console.console.print(f"  {' '.join(one.scopes)}", style="dim", soft_wrap=True)


@clients_app.command("disable")
def clients_disable(client_id: Annotated[UUID, typer.Argument()], dry_run: DryRun = False) -> None:
    """停用客户端：数秒内各服务都拒绝它，已发的令牌也是。Disable a client; its tokens are refused within seconds."""
    from deploy.operations import clients
    from deploy.operations.installation import installation

    with _in_one_sentence(), installation() as installed:
        name = asyncio.run(clients.disable_client(installed, client_id, dry_run=dry_run))
        console.console.print(f"{'会停用' if dry_run else '[green]✓[/] 已停用'} {console.plain(name)}")


@clients_app.command("rotate")
def clients_rotate(
    client_id: Annotated[UUID, typer.Argument()],
    revoke_others: Annotated[
        bool, typer.Option("--revoke-others", help="立即作废其他密钥（已泄露时用） Revoke the others at once.")
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """给客户端一个新密钥，只显示这一次；旧的照旧有效，除非 --revoke-others。Add a secret, shown once."""
    from deploy.operations import clients
    from deploy.operations.installation import installation

    with _in_one_sentence(), installation() as installed:
        made, others = asyncio.run(
            clients.rotate_secret(installed, client_id, revoke_others=revoke_others, dry_run=dry_run)
        )
        _show_secret(made, dry_run=dry_run)
        for one in others:
            what = "作废" if revoke_others else f"有效至 {one.expires_at.date().isoformat()}"
            console.console.print(f"原密钥 {one.id} {what}", style="dim", soft_wrap=True)


def _show_secret(made: NewSecret, *, dry_run: bool) -> None:
    if dry_run:
        console.console.print("可以办理，什么也没有改")
        return
    console.console.print(f"client_id     {made.client_id}\nclient_secret {made.client_secret}", soft_wrap=True)
    console.console.print(f"有效至 {made.expires_at.date().isoformat()}", style="dim")


@keys_app.command("list")
def keys_list() -> None:
    """列出签名密钥，以及封存个人信息的密钥各封存了多少。List signing keys, and what each sealing key has sealed."""
    from deploy.operations import keys
    from deploy.operations.installation import installation

    with _in_one_sentence(), installation() as installed:
        for key in asyncio.run(keys.list_signing_keys(installed)):
            state = f"已退役 {key.retired_at:%Y-%m-%d %H:%M}" if key.retired_at else "[green]签名中[/]"
            console.console.print(f"签名 {key.id}  {key.created_at:%Y-%m-%d %H:%M}  {state}")
        ring, used = keys.ring_of(installed), asyncio.run(keys.count_sealed(installed))
        for name in dict.fromkeys([*ring, *used]):
            state = "[green]封存中[/]" if name == ring[0] else "只开启" if name in ring else "[red]不在密钥环上[/]"
            console.console.print(f"封存 {name}  {used.get(name, 0)} 件  {state}")


@keys_app.command("rotate")
def keys_rotate(dry_run: DryRun = False) -> None:
    """换一个签名密钥；已发的令牌照旧有效到期满。Sign with a new key; tokens already out stay good."""
    from deploy.operations import keys
    from deploy.operations.installation import installation

    with _in_one_sentence(), installation() as installed:
        made = asyncio.run(keys.rotate_signing_key(installed, dry_run=dry_run))
        console.console.print("可以轮换，什么也没有改" if dry_run else f"[green]✓[/] 现在由 {made} 签名")


@keys_app.command("reseal")
def keys_reseal(dry_run: DryRun = False) -> None:
    """把个人信息全部改由密钥环上的第一个密钥封存。Seal all personal data anew under the first sealing key."""
    from deploy.operations import keys
    from deploy.operations.installation import installation

    with _in_one_sentence(), installation() as installed:
        ring, used = keys.ring_of(installed), asyncio.run(keys.count_sealed(installed))
        waiting = sum(count for name, count in used.items() if name != ring[0])
        console.console.print(f"{waiting} 件由旧密钥封存，当前密钥是 {ring[0]}")
        if dry_run or not waiting:
            return
        with _progress() as progress:
            task = progress.add_task("重新封存 Sealing anew", total=waiting)
            done = asyncio.run(keys.seal_all_anew(installed, lambda count: progress.advance(task, count)))
        if left := sum(n for name, n in asyncio.run(keys.count_sealed(installed)).items() if name != ring[0]):
            raise StartFailed(f"{done} 件已重新封存，{left} 件打不开：所用的密钥不在密钥环上，或数据被改动")
        console.console.print(f"[green]✓[/] {done} 件已由 {ring[0]} 封存；旧密钥可以从密钥环上取下")


@log_app.command("prune")
def log_prune(
    days: Annotated[
        int | None, typer.Option(min=1, help="保留的天数，代替各设置 Days kept, in place of the settings.")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """清理过期的事件、推送尝试和收到的消息；后台进程平时自行清理。Forget old events, deliveries and messages."""
    from deploy.operations import pruning
    from deploy.operations.installation import installation
    from shared.kit.clock import system_clock

    with _in_one_sentence(), installation() as installed:
        kept_from = pruning.ages(installed, days, now=system_clock())
        counts = asyncio.run(pruning.count_old(installed, kept_from))
        for what, count in counts.items():
            console.console.print(f"{what}：{count}")
        if dry_run:
            return
        with _progress() as progress:
            task = progress.add_task("清理 Pruning", total=sum(counts.values()))
            asyncio.run(pruning.prune(installed, kept_from, lambda count: progress.advance(task, count)))


@calendar_app.command("list")
def calendar_list() -> None:
    """列出有哪些年的放假安排。List the years that are known."""
    from deploy.operations import calendars
    from deploy.operations.installation import installation

    with _in_one_sentence(), installation() as installed:
        calendar = asyncio.run(calendars.read_calendar(installed))
        for year, content in calendar.years.items():
            console.console.print(f"{year}  放假 {len(content.off)} 天，调休上班 {len(content.work)} 天")
        console.console.print(f"版本 {calendar.version}", style="dim")


@calendar_app.command("put")
def calendar_put(
    year: Annotated[int, typer.Argument(min=2000, max=2100)],
    file: Annotated[
        Path,
        typer.Argument(help='JSON：{"off": ["2027-01-01"], "work": ["2027-01-03"], "source": "…"}；- 从标准输入读'),
    ],
    dry_run: DryRun = False,
) -> None:
    """导入一年的放假安排；未结的期限随后按它重算。Put a year; open deadlines are computed anew."""
    from deploy.operations import calendars
    from deploy.operations.installation import installation

    with _in_one_sentence(), installation() as installed:
        wanted = calendars.read_year(file)
        calendar = asyncio.run(calendars.put_year(installed, year, wanted, dry_run=dry_run))
        if not dry_run:
            console.console.print(f"[green]✓[/] {year}年已导入，日历版本 {calendar.version}")
            return
        console.console.print(f"可以导入{year}年：放假 {len(wanted.off)} 天，调休上班 {len(wanted.work)} 天")
        for day in wanted.work:
            console.console.print(f"上班 {day.isoformat()} 星期{'一二三四五六日'[day.weekday()]}")


@app.command("import", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def import_documents(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="*.jsonl、*.json、.docx、.pdf、.html 或 .txt")],
    dry_run: DryRun = False,
) -> None:
    """导入文件；其余选项照 python -m tools.import_documents --help。Import documents (docs/import.md)."""
    from deploy.operations import documents
    from deploy.operations.installation import installation

    arguments = [*map(str, files), *context.args, *(["--check-only"] if dry_run else [])]
    with _in_one_sentence(), installation() as installed:
        raise typer.Exit(documents.import_documents(installed, arguments))


@app.command("export")
def export_documents(
    service: Annotated[str, typer.Argument(help="policy、catalog 或 exchange")],
    file: Annotated[Path, typer.Argument(help="写到哪里；以 .gz 结尾则压缩 Where to; packed if it ends with .gz.")],
) -> None:
    """导出一个服务公开的全部内容，每件一行 JSON。Write everything public of a service, one line of JSON each."""
    from deploy.operations import documents
    from deploy.operations.installation import installation

    with _in_one_sentence(), installation() as installed, _progress() as progress:
        if service not in documents.EXPORTING:
            raise StartFailed(f"{service} 没有导出：可以是 {'、'.join(documents.EXPORTING)}")
        task = progress.add_task("导出 Exporting", total=None)
        count = asyncio.run(documents.export_documents(installed, service, file, lambda: progress.advance(task)))
        progress.update(task, total=count)
