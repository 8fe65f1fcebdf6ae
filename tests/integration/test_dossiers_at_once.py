"""Dossiers when two act at the same moment, and when a release breaks off half-way."""

import asyncio
import inspect

import asyncpg
import pytest

from services.policy_api.service import dossier_moves
from tests.dossiers import Office, open_office, plan
from tests.services import Suite


@pytest.fixture
async def office(library: Suite) -> Office:
    return await open_office(library)


@pytest.mark.parametrize("move", [":sign", ":release"])
async def test_of_two_who_act_at_once_exactly_one_wins(office: Office, move: str) -> None:
    case = await office.open()
    await case.prepare()
    await case.submit()
    if move == ":release":
        await case.sign()
    who = office.signer if move == ":sign" else office.releaser
    answers = await asyncio.gather(*(case.call("POST", move, who) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"illegal_move"}
    kinds = {":sign": "signature", ":release": "release"}
    rows = await office.suite.apps["policy"].state.kit.database.reads.fetchval(
        "SELECT count(*) FROM dossier_act WHERE kind = $1", kinds[move]
    )
    assert rows == 1


async def test_a_text_pushed_while_the_release_waits_is_not_published_unsigned(office: Office) -> None:
    case = await office.open()
    await case.prepare_signed()
    database = office.suite.apps["policy"].state.kit.database
    # Another transaction holds the policy, as a push in progress does.
    other: asyncpg.Connection = await database.connect()
    holding = other.transaction()
    await holding.start()
    await other.execute("SELECT FROM policy WHERE id = $1 FOR UPDATE", case.policy_id)
    releasing = asyncio.create_task(case.call("POST", ":release", office.releaser))
    await _until_someone_waits(other)
    await other.execute(
        """
        INSERT INTO policy_version (policy_id, number, content, content_hash, recorded_by, recorded_at)
        SELECT policy_id, 2, content, repeat('0', 64), recorded_by, recorded_at FROM policy_version WHERE policy_id = $1
        """,
        case.policy_id,
    )
    await other.execute("UPDATE policy SET latest_number = 2 WHERE id = $1", case.policy_id)
    await holding.commit()
    await other.close()
    refused = await releasing
    assert (refused.status_code, refused.json()["code"]) == (409, "signature_void")


async def _until_someone_waits(connection: asyncpg.Connection) -> None:
    """Returns once another session waits for a lock this one holds."""
    blocked = "SELECT count(*) FROM pg_locks AS l WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(l.pid))"
    async with asyncio.timeout(10):
        while not await connection.fetchval(blocked):
            pass


STEPS = ["release_policy_version", "publish_interpretations", "append_act"]


@pytest.mark.parametrize("step", STEPS)
async def test_a_release_that_breaks_off_leaves_nothing_behind(
    office: Office, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    case = await office.open()
    await case.prepare_signed()
    before = await _state_of_everything(office)
    whole = getattr(dossier_moves, step)

    async def break_off(*args: object, **kwargs: object) -> None:
        await whole(*args, **kwargs)
        raise RuntimeError("the machine stops here")

    assert inspect.iscoroutinefunction(whole)
    with monkeypatch.context() as broken:
        broken.setattr(dossier_moves, step, break_off)
        failed = await case.call("POST", ":release", office.releaser)
    assert failed.status_code == 500
    assert await _state_of_everything(office) == before
    assert (await case.release())["state"] == "released"


async def _state_of_everything(office: Office) -> list[object]:
    """Rows that a release touches, log and audit trail included."""
    reads = office.suite.apps["policy"].state.kit.database.reads
    tables = ("policy", "policy_version", "interpretation", "dossier", "dossier_act", "event", "audit_entry")
    return [
        await reads.fetchval(f"SELECT jsonb_agg(to_jsonb(t) ORDER BY to_jsonb(t)::text) FROM {table} AS t")
        for table in tables
    ]


async def test_an_edit_waits_for_the_signature_and_then_voids_it(office: Office) -> None:
    case = await office.open()
    await case.prepare()
    await case.submit()
    edit = case.call("PUT", "/plan", office.drafter, plan(outline="同时改的提纲"))
    signed, edited = await asyncio.gather(case.call("POST", ":sign", office.signer), edit)
    assert edited.status_code == 200
    if signed.status_code == 200:
        released = await case.call("POST", ":release", office.releaser)
        assert (released.status_code, released.json()["code"]) == (409, "signature_void")
    else:
        # The edit came first: its plan was neither reviewed nor approved.
        assert signed.json()["code"] == "three_sync_blocked"
