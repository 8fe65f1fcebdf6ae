"""Gathers the facts that `findings` judges: from settings, databases, services, the engine and disks. Changes nothing."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import httpx
from cryptography.exceptions import InvalidTag
from pydantic import ValidationError

from deploy.container.__main__ import package_of
from deploy.local.provision import SCHEMAS
from deploy.operations.doctor import findings
from deploy.operations.doctor.findings import Finding
from deploy.operations.installation import Installation, OperationFailed, faults_of
from deploy.operations.reaching import connect, read_revision
from services.exchange_api.service.calendar import get_calendar
from services.exchange_api.service.tokens import sealer_of
from services.exchange_api.settings import Settings as ExchangeSettings
from services.policy_api.settings import Settings as PolicySettings
from services.policy_api.settings import file_store
from services.search_sync.settings import Settings as SearchSettings
from shared.kit.clock import local_day, system_clock
from shared.kit.errors import InvalidCursor
from shared.kit.migrations import list_revisions
from shared.kit.paging import CursorCodec
from shared.kit.sealing import KeyRing

_ANSWER_SECONDS = 5.0
_SOON = timedelta(days=30)
_NOT_READY = "上面各项正常后再看"
Look = Callable[[Installation], AsyncIterator[Finding]]


def examine(installed: Installation, said: Callable[[Finding], None]) -> None:
    """Every finding, as soon as it is made. What cannot be looked at is a finding too."""
    broken = set()
    for service in SCHEMAS:
        finding = _look_at_settings(installed, service)
        if finding.level is not findings.Level.OK:
            broken.add(service)
        said(finding)
    asyncio.run(_examine(installed, said, broken))


async def _examine(installed: Installation, said: Callable[[Finding], None], broken: set[str]) -> None:
    looks: list[tuple[str, str, Look]] = [
        ("数据库", "exchange", _look_at_server),
        *((f"数据库结构 {name}", name, _revision_look(name)) for name in SCHEMAS),
        ("服务", "exchange", _look_at_services),
        ("Meilisearch", "search", _look_at_engine),
        ("磁盘", "policy", _look_at_disks),
        ("附件", "policy", _look_at_files),
        ("日志读者", "exchange", _look_at_exchange),
        ("检索", "search", _look_at_index),
        ("密钥", "exchange", _look_at_keys),
        ("封存密钥", "request", _look_at_sealing),
        ("工作日历", "exchange", _look_at_calendar),
    ]
    for subject, service, look in looks:
        if service in broken:
            continue
        try:
            async for finding in look(installed):
                said(finding)
        except OperationFailed as error:
            said(findings.failed(subject, str(error), "检查地址、密码和网络"))
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
            said(findings.failed(subject, "数据库结构不是本版本的", _NOT_READY))
        except Exception as error:  # A doctor that stops at the first surprise is none.
            said(findings.failed(subject, f"不能检查：{type(error).__name__}", _NOT_READY))


def _look_at_settings(installed: Installation, service: str) -> Finding:
    try:
        installed.read_settings(service)
    except ValidationError as error:
        return findings.judge_settings(service, faults_of(error))
    except (OSError, ValueError) as error:
        return findings.judge_settings(service, [str(error)])
    return findings.judge_settings(service, [])


async def _look_at_server(installed: Installation) -> AsyncIterator[Finding]:
    async with connect(installed, "exchange") as connection:
        version = connection.get_server_version()
        row = await connection.fetchrow(
            """
            SELECT pg_encoding_to_char(encoding) AS encoding, datcollate AS locale, datctype AS ctype,
                   EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm') AS trigrams,
                   (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS used,
                   current_setting('max_connections')::int AS most
            FROM pg_database WHERE datname = current_database()
            """
        )
        yield findings.judge_postgres(
            (version.major, version.minor),
            encoding=row["encoding"],
            character_type=row["ctype"],
            has_trigrams=row["trigrams"],
        )
        yield findings.judge_connections(row["used"], row["most"])
        before = system_clock()
        theirs = await connection.fetchval("SELECT clock_timestamp()")
        after = system_clock()
        # Half of the way there and back is what the network may add.
        yield findings.judge_clock((theirs - (before + (after - before) / 2)).total_seconds())


def _revision_look(service: str) -> Look:
    async def look(installed: Installation) -> AsyncIterator[Finding]:
        async with connect(installed, service) as connection:
            current = await read_revision(connection, service)
        known = await asyncio.to_thread(list_revisions, package_of(service))
        yield findings.judge_revision(service, current, known)

    return look


async def _look_at_services(installed: Installation) -> AsyncIterator[Finding]:
    async with httpx.AsyncClient(timeout=_ANSWER_SECONDS, trust_env=False) as client:
        for service, address in addresses_of(installed).items():
            yield findings.judge_service(service, await _ask_readiness(client, address))


def addresses_of(installed: Installation) -> dict[str, str]:
    """Where the services reach each other, by the settings that say so."""
    exchange, request = installed.environments["exchange"], installed.environments["request"]
    sources: dict[str, str] = json.loads(exchange.get("MINGQUAN_SOURCES", "{}"))
    known = {
        **sources,
        "exchange": exchange.get("MINGQUAN_EXCHANGE_URL", ""),
        "search": request.get("MINGQUAN_SEARCH_URL", ""),
    }
    return {name: known.get(name, "").rstrip("/") for name in SCHEMAS}


async def _ask_readiness(client: httpx.AsyncClient, address: str) -> str:
    if not address:
        return "地址未知（MINGQUAN_SOURCES、MINGQUAN_SEARCH_URL）"
    try:
        answer = await client.get(f"{address}/readyz")
        return str(answer.json()["status"])
    except httpx.HTTPError as error:
        return f"连不上（{type(error).__name__}）"
    except (ValueError, KeyError, TypeError):
        return f"应答无法读取（{answer.status_code}）"


async def _look_at_engine(installed: Installation) -> AsyncIterator[Finding]:
    settings = installed.settings("search")
    assert isinstance(settings, SearchSettings)
    headers = {"Authorization": f"Bearer {settings.meili_key.get_secret_value()}"}
    version = None
    try:
        async with httpx.AsyncClient(timeout=_ANSWER_SECONDS, trust_env=False) as client:
            answer = await client.get(f"{settings.meili_url}/version", headers=headers)
            version = str(answer.json()["pkgVersion"]) if answer.is_success else None
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        version = None
    yield findings.judge_meilisearch(version)


async def _look_at_disks(installed: Installation) -> AsyncIterator[Finding]:
    """Of what this host can see: the files' folder, and everything of a local run."""
    settings = installed.settings("policy")
    assert isinstance(settings, PolicySettings)
    parts = urlsplit(settings.files_url)
    places = [Path(parts.path)] if parts.scheme == "file" else []
    places += [installed.state.root] if installed.state else []
    seen = set()
    for place in places:
        usage = await asyncio.to_thread(_usage_of, place)
        if usage not in seen:
            seen.add(usage)
            yield findings.judge_disk(str(place), usage[0], usage[1])


def _usage_of(place: Path) -> tuple[int, int]:
    """Free and all bytes where the place is, or will be."""
    usage = shutil.disk_usage(next(parent for parent in (place, *place.parents) if parent.exists()))
    return usage.free, usage.total


async def _look_at_files(installed: Installation) -> AsyncIterator[Finding]:
    settings = installed.settings("policy")
    assert isinstance(settings, PolicySettings)
    async with connect(installed, "policy") as connection:
        rows = await connection.fetch("SELECT DISTINCT sha256 FROM file")
        kept = {name async for name in file_store(settings).names()}
        yield findings.judge_files(sum(row["sha256"] not in kept for row in rows), len(rows))


async def _look_at_exchange(installed: Installation) -> AsyncIterator[Finding]:
    async with connect(installed, "exchange") as connection:
        now = await connection.fetchval("SELECT clock_timestamp()")
        for row in await connection.fetch("SELECT source, cursor, moved_at FROM reading_position ORDER BY source"):
            waiting = await _count_waiting(installed, row["source"], row["cursor"])
            yield findings.judge_reader(f"exchange ← {row['source']}", waiting, now - row["moved_at"])
        dead = await connection.fetchval("SELECT count(*) FROM delivery WHERE state = 'dead'")
        disabled = await connection.fetchval(
            "SELECT count(*) FROM subscription WHERE state = 'disabled' AND disabled_reason <> '由管理员停用'"
        )
        yield findings.judge_webhooks(dead, disabled)


async def _count_waiting(installed: Installation, source: str, cursor: str) -> int | None:
    """Events behind the cursor; None for a log that is not one of this installation, or is another one by now."""
    if source not in SCHEMAS:
        return None
    settings = installed.settings(source)
    async with connect(installed, source) as connection:
        head = await connection.fetchrow("SELECT epoch, seq FROM log_head")
    try:
        epoch, seq = CursorCodec(settings.cursor_key.get_secret_value()).open(f"events:{settings.source}", cursor)
    except InvalidCursor:
        return None
    return int(head["seq"] - seq) if epoch == head["epoch"] else None


async def _look_at_index(installed: Installation) -> AsyncIterator[Finding]:
    settings = installed.settings("search")
    assert isinstance(settings, SearchSettings)
    async with connect(installed, "search") as connection:
        now = await connection.fetchval("SELECT clock_timestamp()")
        rows = await connection.fetch(
            """
            SELECT shelf, source, cursor, reflects_until FROM log_position JOIN generation ON generation.id = generation
            WHERE state = 'live' ORDER BY shelf, source
            """
        )
        for row in rows:
            waiting = await _count_waiting(installed, row["source"], row["cursor"])
            subject = f"search {row['shelf']} ← {row['source']}"
            yield findings.judge_reader(subject, waiting, now - row["reflects_until"])
        if not rows:
            yield findings.failed("日志读者 search", "还没有索引", "看 search-worker 是否在运行；它会自行建立索引")
        order = await connection.fetchrow(
            """
            SELECT finished_at, outcome FROM work_order WHERE kind = 'verify' AND outcome IS NOT NULL
            ORDER BY finished_at DESC LIMIT 1
            """
        )
        outcome = _counts(json.loads(order["outcome"])) if order else None
        finished_at = order["finished_at"] if order else None
        every = timedelta(hours=settings.verify_every_hours)
        yield findings.judge_index(outcome, finished_at, now=now, every=every)
        yield findings.judge_parked(
            await connection.fetchval(
                "SELECT count(*) FROM parked JOIN generation ON generation.id = generation WHERE state = 'live'"
            )
        )


def _counts(outcome: dict[str, dict[str, dict[str, int]]]) -> dict[str, int]:
    """Documents and passages together."""
    shelves = [outcome, outcome.get("passages", {})]
    return {kind: sum(one.get(kind, {}).get("count", 0) for one in shelves) for kind in ("missing", "extra", "stale")}  # type: ignore[attr-defined]


async def _look_at_keys(installed: Installation) -> AsyncIterator[Finding]:
    settings = installed.settings("exchange")
    assert isinstance(settings, ExchangeSettings)
    own = {
        UUID(known): name
        for name in ("request", "search")
        if (known := installed.environments[name].get("MINGQUAN_CLIENT_ID"))
    }
    async with connect(installed, "exchange") as connection:
        now = system_clock()
        rows = await connection.fetch(
            """
            SELECT client.id, client.name, max(client_secret.expires_at) FILTER (WHERE revoked_at IS NULL) AS live_until
            FROM client LEFT JOIN client_secret ON client_secret.client_id = client.id
            WHERE disabled_at IS NULL AND (expires_on IS NULL OR expires_on >= current_date) AND public_keys = '[]'
            GROUP BY client.id ORDER BY client.name
            """
        )
        until = {row["id"]: row["live_until"] for row in rows}
        for client_id, name in own.items():
            yield findings.judge_own_client(name, until.get(client_id), now=now)
        yield findings.judge_clients(
            [
                row["name"]
                for row in rows
                if row["id"] not in own and row["live_until"] is not None and row["live_until"] < now + _SOON
            ]
        )
        key = await connection.fetchrow(
            """
            SELECT id, created_at, encrypted_private_key FROM signing_key WHERE retired_at IS NULL
            ORDER BY created_at DESC LIMIT 1
            """
        )
        opens = bool(key) and _opens(settings, key["encrypted_private_key"], key["id"])
        yield findings.judge_signing_key(key["created_at"] if key else None, opens=opens, now=now)


def _opens(settings: ExchangeSettings, sealed: bytes, name: str) -> bool:
    try:
        sealer_of(settings).open(sealed, name=name)
    except InvalidTag:
        return False
    return True


async def _look_at_sealing(installed: Installation) -> AsyncIterator[Finding]:
    from deploy.operations.keys import count_sealed

    ring = KeyRing.parse(installed.environments["request"]["MINGQUAN_SEALING_KEYS"])
    yield findings.judge_sealing(await count_sealed(installed), ring.names)


async def _look_at_calendar(installed: Installation) -> AsyncIterator[Finding]:
    async with connect(installed, "exchange") as connection:
        calendar = await get_calendar(connection)
    yield findings.judge_calendar(calendar.years, local_day(datetime.now(UTC)))
