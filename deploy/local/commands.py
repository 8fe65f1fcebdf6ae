"""What the `mingquan` command does to a suite that runs. Talks to it as any administrator would."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence

import asyncpg

from deploy.local import console, exchange
from deploy.local.processes import StartFailed
from deploy.local.settings import REPOSITORY
from deploy.local.state import State
from shared.kit.audit import AuditVerdict, verify_chain


def verify_audit(state: State) -> None:
    """Every service's chain from its first entry; StartFailed when one is broken."""
    running = state.read_running()
    broken = []
    for name, environment in running.environments.items():
        verdict = asyncio.run(_verify(environment["MINGQUAN_DATABASE_URL"], name))
        if verdict.whole:
            console.console.print(
                f"[green]✓[/] {name}：{verdict.entries} 条，完整 [dim]{verdict.head}[/]", soft_wrap=True
            )
        else:
            broken.append(f"{name} 第 {verdict.broken_at} 条")
    if broken:
        raise StartFailed(f"审计链不完整：{'、'.join(broken)}起与记录不符")


def run_beside(state: State, service: str, module: str) -> int:
    """Run a service's own command with the settings of the running service; its exit code."""
    settings = state.read_running().environments[service]
    environment = {**os.environ, **settings, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.run([sys.executable, "-m", module], env=environment, check=False).returncode


async def _verify(url: str, schema: str) -> AuditVerdict:
    connection = await asyncpg.connect(url, server_settings={"search_path": schema})
    try:
        return await verify_chain(connection)
    finally:
        await connection.close()


def create_client(state: State, *, name: str, organization: str, scopes: Sequence[str]) -> None:
    """Print the new client's credentials, once."""
    running, administrator = state.read_running(), state.read_secrets().administrator
    if administrator is None:
        raise StartFailed("状态目录里没有管理员凭据")
    made = exchange.create_client(
        running.services["exchange"], administrator, name=name, organization=organization, scopes=scopes
    )
    console.console.print(f"client_id     {made.client_id}\nclient_secret {made.client_secret}")
