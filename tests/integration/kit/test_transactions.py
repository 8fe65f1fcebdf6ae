"""One request, one transaction: committed before the answer leaves, whole or not at all, and no connection spoilt."""

import asyncio
import json
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from starlette.types import Message

from services.exchange_api.models import CalendarYearRow
from services.exchange_api.settings import Settings
from shared.kit.database import Database, WriteSession, is_unavailable
from shared.kit.log import Announcement
from shared.schemas.scopes import Scope
from tests.kit_atomic import assert_atomic
from tests.services import CITY, Suite

YEAR = {"off": ["2027-01-01"], "work": [], "source": "国务院办公厅关于2027年部分节假日安排的通知（虚构）"}

REFUSE_AT_COMMIT = """
CREATE FUNCTION refuse_at_commit() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'refused at commit' USING ERRCODE = 'integrity_constraint_violation'; END $$;
CREATE CONSTRAINT TRIGGER refuse_at_commit AFTER INSERT ON event DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION refuse_at_commit()
"""


async def test_row_is_visible_to_others_when_the_answer_starts(suite: Suite, driver: asyncpg.Connection) -> None:
    """A caller who has read `200` must find what was written, whoever it asks next."""
    headers = {"Content-Type": "application/json", **suite.admin}
    body = json.dumps(YEAR).encode()
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "PUT",
        "path": "/v1/calendar/years/2027",
        "raw_path": b"/v1/calendar/years/2027",
        "root_path": "",
        "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
    }
    at_start = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            at_start.append((message["status"], await driver.fetchval("SELECT count(*) FROM calendar_year")))

    await suite.apps["exchange"](scope, receive, send)
    assert at_start == [(200, 1)]


async def test_failing_commit_is_never_a_success(suite: Suite, driver: asyncpg.Connection) -> None:
    await driver.execute(REFUSE_AT_COMMIT)
    for _ in range(20):  # more often than the pool has connections
        answer = await suite.exchange.put("/v1/calendar/years/2027", json=YEAR, headers=suite.admin)
        assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert await driver.fetchval("SELECT count(*) FROM calendar_year") == 0
    await driver.execute("DROP TRIGGER refuse_at_commit ON event")
    answer = await suite.exchange.put("/v1/calendar/years/2027", json=YEAR, headers=suite.admin)
    assert answer.status_code == 200


async def test_failing_commit_tells_its_own_reason(database: Database, driver: asyncpg.Connection) -> None:
    """The rollback that follows must not hide it: callers translate constraint violations by name."""
    await driver.execute(REFUSE_AT_COMMIT)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="refused at commit"):
        async with database.write() as session:
            session.announce(Announcement("subject.changed", "a", 1, b"{}"))


async def add_year(session: WriteSession, year: int) -> None:
    orm = await session.orm()
    orm.add(CalendarYearRow(year=year, content={}, revision=1))
    await orm.flush()


async def test_driver_and_orm_share_one_transaction(database: Database) -> None:
    async with database.write() as session:
        await add_year(session, 2030)
        assert await (await session.driver()).fetchval("SELECT count(*) FROM calendar_year") == 1
        assert await database.reads.fetchval("SELECT count(*) FROM calendar_year") == 0
    assert await database.reads.fetchval("SELECT count(*) FROM calendar_year") == 1


async def test_cancelled_writer_leaves_nothing_and_spoils_no_connection(
    settings: Settings, driver: asyncpg.Connection
) -> None:
    database = Database(settings.model_copy(update={"write_pool_size": 1}))
    await database.open()
    await driver.execute("SELECT pg_advisory_lock(1)")
    reached = asyncio.Event()

    async def write_and_wait() -> None:
        async with database.write() as session:
            await add_year(session, 2031)
            reached.set()
            await (await session.driver()).execute("SELECT pg_advisory_lock(1)")

    writer = asyncio.create_task(write_and_wait())
    await reached.wait()
    writer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writer
    async with database.write() as session:
        await add_year(session, 2031)
    assert await database.reads.fetchval("SELECT count(*) FROM calendar_year") == 1
    await database.close()


async def test_killed_connection_is_unavailable_and_the_next_request_gets_another(settings: Settings) -> None:
    database = Database(settings.model_copy(update={"write_pool_size": 1}))
    await database.open()

    async def write_while_killed() -> None:
        async with database.write() as session:
            driver = await session.driver()
            beside = await database.connect()
            await beside.execute("SELECT pg_terminate_backend($1)", driver.get_server_pid())
            await beside.close()
            await driver.fetchval("SELECT 1")

    with pytest.raises(Exception) as lost:  # noqa: PT011  # which one it is depends on how far the news has come
        await write_while_killed()
    assert is_unavailable(lost.value)
    async with database.write() as session:
        await add_year(session, 2032)
    assert await database.reads.fetchval("SELECT count(*) FROM calendar_year") == 1
    await database.close()


async def test_rolled_back_session_announces_and_records_nothing(database: Database) -> None:
    async def announce_and_fail() -> None:
        async with database.write() as session:
            session.announce(Announcement("subject.changed", "a", 1, b"{}"))
            session.record(actor="a", action="b", subject="c", version=1, organization="d")
            raise LookupError

    with pytest.raises(LookupError):
        await announce_and_fail()
    counts = await database.reads.fetchrow(
        "SELECT (SELECT count(*) FROM event) AS events, (SELECT count(*) FROM audit_entry) AS entries, seq, audit_seq FROM log_head"
    )
    assert tuple(counts) == (0, 0, 0, 0)


async def test_announcement_alone_is_enough_to_commit(database: Database) -> None:
    async with database.write() as session:
        session.announce(Announcement("subject.changed", "a", 1, b"{}"))
    assert await database.reads.fetchval("SELECT seq FROM log_head") == 1


async def test_unused_session_takes_no_connection(settings: Settings) -> None:
    database = Database(settings)
    async with database.write():
        pass
    assert database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # a QueuePool, which the base hides
    await database.engine.dispose()


async def test_readers_refuse_to_write(database: Database) -> None:
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await database.reads.execute("INSERT INTO calendar_year VALUES (2040, '{}', 1)")


@pytest.mark.parametrize(
    ("error", "unavailable"),
    [
        (ConnectionRefusedError(), True),
        (TimeoutError(), True),
        (asyncpg.DeadlockDetectedError("x"), True),
        (asyncpg.QueryCanceledError("x"), True),
        (asyncpg.InterfaceError("connection is closed"), True),
        (asyncpg.InternalClientError("cannot switch to state 11"), True),
        (sa.exc.TimeoutError(), True),
        (FileNotFoundError(2, "no", "x"), False),
        (asyncpg.UniqueViolationError("x"), False),
        (asyncpg.InterfaceError("another operation is in progress"), False),
        (ValueError("x"), False),
    ],
    ids=repr,
)
def test_what_may_succeed_in_a_moment(error: Exception, unavailable: bool) -> None:
    assert is_unavailable(error) is unavailable
    wrapped = RuntimeError("wrapped")
    wrapped.__cause__ = error
    assert is_unavailable(wrapped) is unavailable


async def test_helper_notices_what_stays_behind(database: Database, driver: asyncpg.Connection) -> None:
    """assert_atomic itself: a command in two transactions does not pass."""

    async def in_two_steps() -> None:
        async with database.write() as session:
            await (await session.driver()).execute(
                "INSERT INTO calendar_year VALUES (2050, '{}', 1) ON CONFLICT (year) DO UPDATE SET revision = calendar_year.revision + 1"
            )
        async with database.write() as session:
            session.announce(Announcement("calendar.changed", "2050", 1, b"{}"))

    with pytest.raises(AssertionError, match="calendar_year"):
        await assert_atomic(driver, in_two_steps, changes=["calendar_year", "event", "log_head"])


async def test_scope_of_a_caller_is_told_when_it_lacks(suite: Suite) -> None:
    headers = await suite.token(CITY, Scope.EVENTS_READ)
    answer = await suite.exchange.put("/v1/calendar/years/2027", json=YEAR, headers=headers)
    assert (answer.status_code, answer.json()["required_scope"]) == (403, "calendar:write")
