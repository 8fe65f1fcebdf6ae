"""Walks the audit chain of every service, and remembers their heads elsewhere so that a new chain is found out."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path

from deploy.local.provision import SCHEMAS
from deploy.operations.installation import Installation, OperationFailed
from deploy.operations.reaching import connect
from shared.kit.audit import AuditVerdict, verify_chain


def verify_audit(installed: Installation, kept: Mapping[str, str]) -> dict[str, AuditVerdict]:
    """By service; `kept` are heads of an earlier walk, which the chains must contain."""
    return {name: asyncio.run(_verify(installed, name, kept.get(name))) for name in SCHEMAS}


def read_heads(file: Path) -> dict[str, str]:
    """The heads that an earlier walk wrote; none when there was no walk."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise OperationFailed(f"{file} 读不到或已损坏") from error
    return {name: str(head) for name, head in found.items() if head}


def write_heads(file: Path, verdicts: Mapping[str, AuditVerdict]) -> None:
    """Whole or not at all."""
    staging = file.with_name(file.name + ".new")
    staging.write_text(json.dumps({name: one.head for name, one in verdicts.items()}, indent=1) + "\n")
    staging.replace(file)


def fault_of(name: str, verdict: AuditVerdict) -> str | None:
    """What is wrong with it; None when nothing is."""
    if verdict.broken_at is not None:
        return f"{name} 第 {verdict.broken_at} 条起与记录不符"
    if verdict.contains_kept is False:
        return f"{name} 的审计链不含先前留存的散列：它被整个换过"
    return None


async def _verify(installed: Installation, name: str, kept: str | None) -> AuditVerdict:
    async with connect(installed, name) as connection:
        return await verify_chain(connection, kept=kept)
