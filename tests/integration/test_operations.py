"""The operator's commands against the databases of an installation, reached by a folder of secrets as in a deployment."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from rich.progress import Progress

from deploy.container.__main__ import package_of
from deploy.container.database import ADDRESS
from deploy.container.secrets import make_secrets
from deploy.local.postgres import Postgres
from deploy.local.provision import SCHEMAS, provision
from deploy.operations import auditing, calendars, clients, keys, migrating, pruning
from deploy.operations.backup import measure, take_backup
from deploy.operations.doctor.findings import Finding, Level
from deploy.operations.doctor.looking import examine
from deploy.operations.installation import Installation, OperationFailed, deployed
from deploy.operations.restore import check_backup, list_obstacles, restore_backup
from services.request_api.service.keeping import vault_of
from services.request_api.settings import Settings as RequestSettings
from shared.kit.clock import system_clock
from shared.kit.database import Database
from shared.kit.files import BACKUP_LOCK, hash_of
from shared.kit.migrations import upgrade
from shared.schemas.clients import ClientInput, NewSecret
from shared.schemas.scopes import Scope
from tests.conftest import PASSWORD, service_url
from tests.services import CITY, SECRETS, Suite, exchange_suite

WANTED = ClientInput(name="测试客户端", organization=CITY, scopes=[Scope.EVENTS_READ])
CONTENT = "区县,点位\n".encode()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Secrets as the tests' services have them, and the settings that all have in common."""
    secrets = tmp_path / "secrets"
    make_secrets(secrets)
    given = {
        "exchange/mingquan_key_encryption_key": SECRETS["key_encryption_key"],
        "request/mingquan_sealing_keys": SECRETS["sealing_keys"],
        **{f"{name}/mingquan_cursor_key": SECRETS["cursor_key"] for name in SCHEMAS},
    }
    for file, value in given.items():
        write(secrets / file, value)
    monkeypatch.setenv("MINGQUAN_FILES_URL", (tmp_path / "files").as_uri())
    # Nobody listens there.
    monkeypatch.setenv("MINGQUAN_EXCHANGE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("MINGQUAN_POLICY_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("MINGQUAN_MEILI_URL", "http://127.0.0.1:1")
    return secrets


def write(file: Path, value: str) -> None:
    file.unlink(missing_ok=True)
    file.write_text(value, encoding="utf-8")


def installed_at(folder: Path, address: Callable[[str], str]) -> Installation:
    for name in SCHEMAS:
        write(folder / name / ADDRESS, address(name))
    return deployed(folder)


@pytest.fixture
def installed(folder: Path, database_url: Callable[[str], str]) -> Installation:
    return installed_at(folder, database_url)


@pytest.fixture
async def empty(postgres: Postgres) -> AsyncIterator[Callable[[str], str]]:
    """Addresses of a database with roles and schemas, and nothing migrated."""
    admin = await asyncpg.connect(postgres.url)
    await admin.execute("CREATE DATABASE test_restored")
    inside = await asyncpg.connect(f"{postgres.url.rpartition('/')[0]}/test_restored")
    await provision(inside, password=PASSWORD)
    await inside.close()
    yield lambda schema: service_url(postgres, "test_restored", schema)
    await admin.execute("DROP DATABASE test_restored WITH (FORCE)")
    await admin.close()


@pytest.fixture
async def suite(database_url: Callable[[str], str]) -> AsyncIterator[Suite]:
    async with exchange_suite(database_url) as running:
        yield running


async def is_admitted(suite: Suite, made: NewSecret) -> bool:
    form = {"grant_type": "client_credentials"}
    answer = await suite.exchange.post("/v1/oauth/token", data=form, auth=(str(made.client_id), made.client_secret))
    return answer.status_code == 200


async def test_a_client_lives_through_creation_rotation_and_leak(installed: Installation, suite: Suite) -> None:
    await clients.create_client(installed, WANTED, dry_run=True)
    before = await clients.list_clients(installed, CITY)
    made = (await clients.create_client(installed, WANTED, dry_run=False)).secret
    assert len(await clients.list_clients(installed, CITY)) == len(before) + 1
    second, others = await clients.rotate_secret(installed, made.client_id, revoke_others=False, dry_run=False)
    assert [one.id for one in others] == [made.secret_id]
    assert await is_admitted(suite, made)
    assert await is_admitted(suite, second)
    with pytest.raises(OperationFailed, match="两个有效密钥"):
        await clients.rotate_secret(installed, made.client_id, revoke_others=False, dry_run=False)
    third, _ = await clients.rotate_secret(installed, made.client_id, revoke_others=True, dry_run=False)
    assert [await is_admitted(suite, one) for one in (made, second, third)] == [False, False, True]
    await clients.disable_client(installed, made.client_id, dry_run=True)
    assert await is_admitted(suite, third)
    await clients.disable_client(installed, made.client_id, dry_run=False)
    assert not await is_admitted(suite, third)
    verdicts = await asyncio.to_thread(auditing.verify_audit, installed, {})
    assert all(verdict.whole for verdict in verdicts.values())


async def test_what_the_rules_refuse_is_one_sentence(installed: Installation) -> None:
    stranger = WANTED.model_copy(update={"organization": "11370102004190009W"})
    with pytest.raises(OperationFailed, match="没有机关"):
        await clients.create_client(installed, stranger, dry_run=False)
    with pytest.raises(OperationFailed, match="没有这个客户端"):
        await clients.disable_client(installed, UUID(int=0), dry_run=False)


async def test_a_new_signing_key_signs_and_old_tokens_stay_good(installed: Installation, suite: Suite) -> None:
    before = await keys.list_signing_keys(installed)
    await keys.rotate_signing_key(installed, dry_run=True)
    assert await keys.list_signing_keys(installed) == before
    made = await keys.rotate_signing_key(installed, dry_run=False)
    now = await keys.list_signing_keys(installed)
    assert [key.id for key in now] == [made, *(key.id for key in before)]
    assert now[1].retired_at is not None
    published = (await suite.exchange.get("/.well-known/jwks.json")).json()["keys"]
    assert {key["kid"] for key in published} == {key.id for key in now}


async def test_personal_data_is_sealed_anew_under_the_first_key(
    folder: Path, installed: Installation, database_url: Callable[[str], str]
) -> None:
    settings = installed.settings("request")
    assert isinstance(settings, RequestSettings)
    vault, correction = vault_of(settings), UUID(int=7)
    database = Database(settings)
    async with database.write() as session:
        await (await session.driver()).execute(
            """
            INSERT INTO record_correction (id, organization, organization_name, external_id, number, content_key, content,
                submitted_on, sealed_with, recorded_at, version)
            VALUES ($1, $2, '市政府', 'one', 'G1', '', $3, '2026-03-02', 'test', now(), 1)
            """,
            *(correction, CITY, vault.ring.seal(b"{}", binding=f"record correction {correction}")),
        )
    await database.engine.dispose()
    write(folder / "request" / "mingquan_sealing_keys", f"next:sm4-gcm:{'k' * 40} {SECRETS['sealing_keys']}")
    rotated = deployed(folder)
    assert keys.ring_of(rotated) == ["next", "test"]
    assert await keys.count_sealed(rotated) == {"test": 1}
    assert await keys.seal_all_anew(rotated, lambda _: None) == 1
    assert await keys.count_sealed(rotated) == {"next": 1}
    assert await keys.seal_all_anew(rotated, lambda _: None) == 0


async def test_old_events_are_counted_and_then_forgotten(installed: Installation, suite: Suite) -> None:
    now = system_clock()
    kept_from = pruning.ages(installed, None, now=now)
    assert not any((await pruning.count_old(installed, kept_from)).values())
    everything = dict.fromkeys(kept_from, now)
    counts = await pruning.count_old(installed, everything)
    assert counts["exchange 事件"] > 0
    forgotten: list[int] = []
    await pruning.prune(installed, everything, forgotten.append)
    assert sum(forgotten) == sum(counts.values())
    assert not any((await pruning.count_old(installed, everything)).values())


async def test_the_doctor_says_what_is_well_and_what_is_not(folder: Path, installed: Installation) -> None:
    def examined(which: Installation) -> dict[str, Finding]:
        found: dict[str, Finding] = {}
        examine(which, lambda finding: found.__setitem__(finding.subject, finding))
        return found

    found = await asyncio.to_thread(examined, installed)
    well = {subject for subject, finding in found.items() if finding.level is Level.OK}
    assert {"PostgreSQL", "时钟", "数据库连接", "签名密钥", "附件", *(f"数据库结构 {name}" for name in SCHEMAS)} <= well
    assert found["服务 policy"].level is found["Meilisearch"].level is Level.FAILED
    assert not [finding for finding in found.values() if "不能检查" in finding.text]
    write(folder / "exchange" / "mingquan_key_encryption_key", "another-key-encryption-key-for-tests")
    write(folder / "policy" / ADDRESS, "postgresql://mingquan_policy:wrong@127.0.0.1:1/none")
    write(folder / "catalog" / "mingquan_cursor_key", "short")
    found = await asyncio.to_thread(examined, deployed(folder))
    for subject in ("签名密钥", "附件", "设置 catalog", "数据库结构 policy"):
        assert found[subject].level is Level.FAILED, subject
    assert "wrong" not in str(found)


async def test_an_audit_chain_that_was_replaced_whole_is_found_by_its_kept_head(
    installed: Installation, tmp_path: Path
) -> None:
    heads = tmp_path / "heads.json"
    assert auditing.read_heads(heads) == {}
    verdicts = await asyncio.to_thread(auditing.verify_audit, installed, {})
    auditing.write_heads(heads, verdicts)
    kept = auditing.read_heads(heads)
    again = await asyncio.to_thread(auditing.verify_audit, installed, kept)
    assert [auditing.fault_of(name, one) for name, one in again.items() if not one.whole] == []
    other = await asyncio.to_thread(auditing.verify_audit, installed, kept | {"exchange": "0" * 64})
    assert auditing.fault_of("exchange", other["exchange"]) is not None


async def test_a_backup_of_an_older_revision_is_restored_and_brought_up(
    folder: Path, empty: Callable[[str], str], database_url: Callable[[str], str], tmp_path: Path
) -> None:
    """Taken before an upgrade, restored after it: the rows, where sequences go on, files; and no epoch that was before."""
    old = installed_at(folder, empty)
    for name in SCHEMAS:
        to = "0001" if name == "request" else "head"
        await asyncio.to_thread(upgrade, package_of(name), database_url=empty(name), schema=name, to=to)
    await fill(empty, tmp_path / "files")
    target, progress = tmp_path / "backup", Progress(disable=True)
    assert (await asyncio.to_thread(measure, old)).files == 1
    manifest, lost = await asyncio.to_thread(take_backup, old, target, progress)
    assert (lost, manifest.services["request"].revision) == ([], "0001")
    place = tmp_path / "files" / hash_of(CONTENT)[:2] / hash_of(CONTENT)[2:]
    place.unlink()
    # Into a database that holds a city already.
    new = installed_at(folder, database_url)
    assert await asyncio.to_thread(check_backup, target, progress) == manifest
    assert [one.option for one in await asyncio.to_thread(list_obstacles, new, manifest)] == ["yes"]
    await asyncio.to_thread(restore_backup, new, target, manifest, progress)
    pending = await asyncio.to_thread(migrating.list_pending, new)
    assert not any(pending.values())
    assert place.read_bytes() == CONTENT
    before, after = await asyncpg.connect(empty("exchange")), await asyncpg.connect(database_url("exchange"))
    for query in (
        "SELECT code, name FROM exchange.organization",
        "SELECT seq, entry FROM exchange.audit_entry",
        "SELECT seq, audit_seq FROM exchange.log_head",
        "SELECT last_value, is_called FROM exchange.delivery_seq_seq",
    ):
        assert await before.fetch(query) == await after.fetch(query)
    epoch = "SELECT epoch FROM exchange.log_head"
    assert await before.fetchval(epoch) != await after.fetchval(epoch)
    with pytest.raises(asyncpg.RaiseError, match="append-only"):
        await after.execute("DELETE FROM exchange.audit_entry")
    await before.close()
    await after.close()


async def test_code_that_was_rolled_back_leaves_the_newer_schema_as_it_is(
    installed: Installation, capfd: pytest.CaptureFixture[str]
) -> None:
    """Compose runs the migrations at every `up`, hence also when it goes back to the image before."""
    url = installed.database_url("policy")
    connection = await asyncpg.connect(url)
    await connection.execute("UPDATE policy.alembic_version SET version_num = '9999'")
    await asyncio.to_thread(upgrade, package_of("policy"), database_url=url, schema="policy")
    assert await connection.fetchval("SELECT version_num FROM policy.alembic_version") == "9999"
    await connection.close()
    assert "newer than this code" in capfd.readouterr().err
    with pytest.raises(OperationFailed, match="比本版本新"):
        await asyncio.to_thread(migrating.list_pending, installed)


async def fill(address: Callable[[str], str], files: Path) -> None:
    """A root organisation, a delivery's number that was used, and an uploaded file."""
    exchange = await asyncpg.connect(address("exchange"), server_settings={"search_path": "exchange,public"})
    await exchange.execute("SELECT nextval('delivery_seq_seq')")
    await exchange.execute("SELECT append_to_log('{}', '{}', '{one}', $1)", ['"actor":"nobody","subject":"one"}'])
    await exchange.close()
    policy = await asyncpg.connect(address("policy"), server_settings={"search_path": "policy,public"})
    await policy.execute(
        """
        INSERT INTO file (sha256, organization, organization_path, name, media_type, size, uploaded_by, uploaded_at, passed)
        VALUES ($1, $2, ARRAY[$2], 'a.csv', 'text/csv', $3, 'x y', now(), false)
        """,
        *(hash_of(CONTENT), CITY, len(CONTENT)),
    )
    await policy.close()
    place = files / hash_of(CONTENT)[:2] / hash_of(CONTENT)[2:]
    place.parent.mkdir(parents=True)
    place.write_bytes(CONTENT)


async def test_a_restore_is_stopped_by_running_services_and_by_other_keys(
    folder: Path, installed: Installation, suite: Suite, tmp_path: Path
) -> None:
    progress = Progress(disable=True)
    manifest, _ = await asyncio.to_thread(take_backup, installed, tmp_path / "backup", progress)
    write(folder / "policy" / "mingquan_opinion_key", "o" * 40)
    obstacles = await asyncio.to_thread(list_obstacles, deployed(folder), manifest)
    assert [one.option for one in obstacles] == [None, "other_keys", "yes"]
    assert "exchange" in obstacles[0].text
    assert "MINGQUAN_OPINION_KEY" in obstacles[1].text


async def test_a_backup_waits_for_nobody_and_leaves_nothing_half_done(
    installed: Installation, database_url: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deploy.operations.backup._LOCK_TIMEOUT", "100ms")
    other = await asyncpg.connect(database_url("policy"))
    await other.execute("SELECT pg_advisory_lock(hashtext($1))", BACKUP_LOCK)
    progress = Progress(disable=True)
    with pytest.raises(OperationFailed, match="另一个备份"):
        await asyncio.to_thread(take_backup, installed, tmp_path / "backup", progress)
    await other.close()
    assert not (tmp_path / "backup").exists()
    await asyncio.to_thread(take_backup, installed, tmp_path / "backup", progress)
    with pytest.raises(OperationFailed, match="已经存在"):
        await asyncio.to_thread(take_backup, installed, tmp_path / "backup", progress)


async def test_a_year_is_put_with_its_event(installed: Installation, suite: Suite, tmp_path: Path) -> None:
    file = tmp_path / "2027.json"
    file.write_text('{"off": ["2027-01-01"], "work": ["2027-01-03"], "source": "国办发明电〔2026〕0号（虚构）"}')
    wanted = calendars.read_year(file)
    await calendars.put_year(installed, 2027, wanted, dry_run=True)
    assert 2027 not in (await calendars.read_calendar(installed)).years
    await calendars.put_year(installed, 2027, wanted, dry_run=False)
    shown = (await suite.exchange.get("/v1/calendar")).json()
    assert shown["years"]["2027"]["work"] == ["2027-01-03"]
    connection = await asyncpg.connect(installed.database_url("exchange"))
    newest = await connection.fetchval("SELECT envelope FROM exchange.event ORDER BY seq DESC LIMIT 1")
    await connection.close()
    assert "calendar.changed" in newest
    with pytest.raises(OperationFailed, match="不都在2026年"):
        await calendars.put_year(installed, 2026, wanted, dry_run=False)
    file.write_text('{"off": ["2027-13-01"]}')
    with pytest.raises(OperationFailed, match="不能使用"):
        calendars.read_year(file)
