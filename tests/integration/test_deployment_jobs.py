"""What comes before the services, from files of secrets: roles, schemas, and the suite's own clients."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest

from deploy.container.__main__ import package_of
from deploy.container.database import ADDRESS, migrate_all, provision_roles
from deploy.container.secrets import make_secrets
from deploy.local.postgres import Postgres
from deploy.local.provision import SCHEMAS
from services.exchange_api.bootstrap import enrol, read_secrets
from services.exchange_api.main import build_app
from services.exchange_api.service.own_clients import OWN_CLIENTS, keep_client
from services.exchange_api.settings import Settings
from shared.kit.audit import verify_chain
from shared.kit.clock import system_clock
from shared.kit.database import Database
from shared.schemas.organizations import Level, OrganizationInput, OrganizationKind
from shared.schemas.scopes import Scope
from tests.conftest import service_url
from tests.services import CITY, SECRETS, running

ROOT = OrganizationInput(
    name="泉城市人民政府", kind=OrganizationKind.GOVERNMENT, level=Level.CITY, division_code="370100"
)
GIVEN = {own.file: f"mqs_{own.file:x<40}" for own in OWN_CLIENTS}
SEARCH = next(own for own in OWN_CLIENTS if own.file == "search")


@pytest.fixture
def template() -> str:
    """Migrated, with nothing in it."""
    return "template_mingquan"


@pytest.fixture
def settings(database_url: Callable[[str], str]) -> Settings:
    return Settings(database_url=database_url("exchange"), **SECRETS)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    opened = Database(settings)
    await opened.open()
    yield opened
    await opened.close()


@pytest.fixture
async def exchange(settings: Settings, database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """exchange_api after the own clients were enrolled."""
    await enrol(database, settings, CITY, ROOT, GIVEN)
    async with running(build_app(settings), "http://exchange.test") as client:
        yield client


async def ask_token(exchange: httpx.AsyncClient, client_id: str, secret: str) -> httpx.Response:
    form = {"grant_type": "client_credentials"}
    return await exchange.post("/v1/oauth/token", data=form, auth=(client_id, secret))


async def test_own_clients_get_tokens_by_the_given_secrets_with_their_own_scopes(exchange: httpx.AsyncClient) -> None:
    for own in OWN_CLIENTS:
        answer = await ask_token(exchange, str(own.id), GIVEN[own.file])
        assert answer.status_code == 200, answer.text
        assert set(answer.json()["scope"].split()) == {scope.value for scope in own.scopes}
        assert (await ask_token(exchange, str(own.id), GIVEN[own.file] + "x")).status_code == 401


async def test_enrolling_again_changes_nothing(
    exchange: httpx.AsyncClient, settings: Settings, database: Database
) -> None:
    async def entries() -> int:
        count: int = await database.reads.fetchval("SELECT count(*) FROM audit_entry")
        return count

    before = await entries()
    assert before > 0
    await enrol(database, settings, CITY, ROOT, GIVEN)
    assert await entries() == before
    assert await database.reads.fetchval("SELECT count(*) FROM client_secret") == len(OWN_CLIENTS)


async def test_a_new_secret_takes_effect_and_the_old_one_ends_within_a_day(
    exchange: httpx.AsyncClient, settings: Settings, database: Database
) -> None:
    changed = "mqs_" + "another" * 6
    await enrol(database, settings, CITY, ROOT, GIVEN | {"search": changed})
    assert (await ask_token(exchange, str(SEARCH.id), changed)).status_code == 200
    # Processes that were started with it go on until they are started again.
    assert (await ask_token(exchange, str(SEARCH.id), GIVEN["search"])).status_code == 200
    ends = await database.reads.fetch(
        "SELECT expires_at FROM client_secret WHERE client_id = $1 ORDER BY expires_at", SEARCH.id
    )
    assert len(ends) == 2
    assert ends[0][0] <= system_clock() + timedelta(hours=24)
    assert ends[1][0] > system_clock() + timedelta(days=settings.secret_lifetime_days - 1)


async def test_a_disabled_own_client_stays_disabled(
    exchange: httpx.AsyncClient, settings: Settings, database: Database
) -> None:
    administrator = (await ask_token(exchange, str(OWN_CLIENTS[0].id), GIVEN["administrator"])).json()
    headers = {"Authorization": f"Bearer {administrator['access_token']}"}
    assert (await exchange.post(f"/v1/clients/{SEARCH.id}:disable", headers=headers)).is_success
    await enrol(database, settings, CITY, ROOT, GIVEN)
    assert (await ask_token(exchange, str(SEARCH.id), GIVEN["search"])).status_code == 401


async def test_scopes_follow_the_code_and_are_audited(exchange: httpx.AsyncClient, database: Database) -> None:
    wider = type(SEARCH)(SEARCH.file, SEARCH.id, SEARCH.name, (Scope.EVENTS_READ, Scope.AUDIT_READ))
    async with database.write() as session:
        now = system_clock()
        expires_at = now + timedelta(days=1)
        await keep_client(session, wider, CITY, secret=GIVEN["search"], expires_at=expires_at, now=now)
    answer = await ask_token(exchange, str(SEARCH.id), GIVEN["search"])
    assert set(answer.json()["scope"].split()) == {"audit:read", "events:read"}
    connection = await database.connect()
    try:
        verdict = await verify_chain(connection)
    finally:
        await connection.close()
    assert verdict.broken_at is None


async def test_a_secret_that_could_be_guessed_is_refused_and_nothing_is_made(
    settings: Settings, database: Database
) -> None:
    with pytest.raises(ValueError, match="search is shorter"):
        await enrol(database, settings, CITY, ROOT, GIVEN | {"search": "changeme"})
    assert await database.reads.fetchval("SELECT count(*) FROM client") == 0


def test_secrets_are_read_from_the_files_of_their_names(tmp_path: Path) -> None:
    for name, secret in GIVEN.items():
        (tmp_path / name).write_text(f"{secret}\n", encoding="utf-8")
    assert read_secrets(tmp_path) == GIVEN


async def test_a_job_without_its_secrets_says_which(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=ADDRESS):
        await provision_roles(tmp_path)
    with pytest.raises(FileNotFoundError, match=ADDRESS):
        migrate_all(tmp_path, dict.fromkeys(SCHEMAS, "services.policy_api"))


@pytest.fixture
async def empty(postgres: Postgres, tmp_path: Path) -> AsyncIterator[Path]:
    """A folder of secrets for a database with nothing in it. The run's roles keep the password that its tests share."""
    name = "test_empty"
    folder = tmp_path / "secrets"
    make_secrets(folder)
    given = {schema: service_url(postgres, name, schema) for schema in SCHEMAS}
    files = {f"{schema}/{ADDRESS}": url for schema, url in given.items()}
    for file, value in {**files, "postgres/admin_url": f"{postgres.url.rpartition('/')[0]}/{name}"}.items():
        (folder / file).unlink()
        (folder / file).write_text(value, encoding="utf-8")
    admin = await asyncpg.connect(postgres.url)
    await admin.execute(f"CREATE DATABASE {name}")
    yield folder
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


async def test_an_empty_database_is_ready_after_the_jobs_and_none_sees_its_neighbour(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What Compose and Kubernetes run before the services, from files alone; twice, for an upgrade runs it again."""
    monkeypatch.setenv("MINGQUAN_SECRETS_DIR", str(empty / "exchange"))
    monkeypatch.setenv("MINGQUAN_EXCHANGE_URL", "http://exchange.test")
    for _ in range(2):
        await provision_roles(empty)
        # Alembic runs an event loop of its own.
        await asyncio.to_thread(migrate_all, empty, {name: package_of(name) for name in SCHEMAS})
        database = Database(Settings())
        await enrol(database, Settings(), CITY, ROOT, read_secrets(empty / "clients"))
        await database.engine.dispose()
    for schema in SCHEMAS:
        connection = await asyncpg.connect((empty / schema / ADDRESS).read_text())
        assert await connection.fetchval(f"SELECT count(*) FROM {schema}.alembic_version") == 1
        neighbour = "policy" if schema == "exchange" else "exchange"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetchval(f"SELECT count(*) FROM {neighbour}.alembic_version")
        await connection.close()


async def test_every_role_takes_the_password_of_its_own_address(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, str] = {}

    async def keep(_connection: object, passwords: Mapping[str, str]) -> None:
        given.update(passwords)

    for schema in SCHEMAS:
        (empty / schema / ADDRESS).write_text(f"postgresql://mingquan_{schema}:of-{schema}@db/mingquan\n")
    monkeypatch.setattr("deploy.container.database.provision_each", keep)
    await provision_roles(empty)
    assert given == {schema: f"of-{schema}" for schema in SCHEMAS}
