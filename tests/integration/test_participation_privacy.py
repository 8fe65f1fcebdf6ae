"""What a citizen tells the city with an opinion stands nowhere but sealed: issue 3, criterion 5 (PP-C4)."""

import asyncio
import base64
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from tests.logs import everything_logged
from tests.participation import TODAY, consultation, opinion
from tests.participation_office import Office, open_office
from tests.services import Suite

AFTER = TODAY + timedelta(days=31)
PLANTED = {
    "text": "我家住甲乙丙丁新村七零一室，盼早餐早些开门。",
    "name": "欧阳未曾有",
    "contact": "weicengyou-7351@example.invalid",
    "identity_number": "370102199001019973",
}


def planted(**changes: Any) -> dict[str, Any]:
    submitter = {name: PLANTED[name] for name in ("name", "contact", "identity_number")}
    return opinion(text=PLANTED["text"], submitter=submitter) | changes


def spellings(value: str) -> Iterator[bytes]:
    """How a value may stand in a row, a line or a body."""
    raw = value.encode()
    yield from (raw, raw.hex().encode(), base64.b64encode(raw)[:-4], json.dumps(value)[1:-1].encode())


def found_in(blob: bytes) -> list[str]:
    return [name for name, value in PLANTED.items() for spelling in spellings(value) if spelling in blob]


async def every_row(office: Office) -> dict[str, bytes]:
    """All that each table holds, sealed columns included, as text and as the bytes themselves."""
    reads = office.database.reads
    tables = await reads.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'policy'")
    dump = {}
    for (table,) in tables:
        rows = await reads.fetch(f'SELECT * FROM "{table}"')
        parts = [value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row.values()]
        dump[table] = b"\n".join(parts)
    return dump


@pytest.fixture
async def office(library: Suite) -> Office:
    return await open_office(library)


async def live_through(office: Office) -> tuple[str, list[bytes]]:
    """Opinions through every door, good and bad; gives the consultation and every answer that is not the drafter's."""
    consultation_id = await office.announce()
    path, answers = f"/v1/consultations/{consultation_id}/opinions", []
    key = {"Idempotency-Key": "planted-1"}
    for body, headers in (
        (planted(), key),
        (planted(), key),
        (planted(about="art-1"), key),
        (planted(about=PLANTED["name"]), {}),
        (planted(submitter_kind=PLANTED["contact"]), {}),
        (planted(text=""), {}),
        (planted(text=PLANTED["text"] * 2000), {}),
    ):
        answers.append((await office.call("POST", path, body, headers=headers)).content)
    broken = json.dumps(planted()).encode()[:-3]
    headers = office.headers | {"content-type": "application/json"}
    answers.append((await office.suite.policy.post(path, content=broken, headers=headers)).content)
    await _break_the_table(office, path, answers)
    asked = {"identities": "true", "reason": "回访提出建议的市民"}
    (shown,) = (await office.call("GET", path, params=asked)).json()["items"]
    assert shown["text"] == PLANTED["text"]
    assert shown["submitter"]["identity_number"] == PLANTED["identity_number"]
    plain = await office.call("GET", path)
    assert found_in(plain.content) == ["text"]
    office.set_day(AFTER)
    answers.append((await office.call("POST", path, planted())).content)
    answers.append((await office.handle(shown["id"], "partly")).content)
    answers.append((await office.put_result(consultation_id, received=1, partly=1)).content)
    answers.append((await office.put_entry("consultations", consultation(channels=["信函"]))).content)
    return consultation_id, answers


async def _break_the_table(office: Office, path: str, answers: list[bytes]) -> None:
    """PostgreSQL refuses the row: the error that is logged must not carry it."""
    driver: asyncpg.Connection = await office.database.connect()
    await driver.execute("ALTER TABLE opinion ADD CONSTRAINT ck_broken CHECK (about IS DISTINCT FROM 'art-99')")
    answer = await office.call("POST", path, planted(about="art-99"))
    assert answer.status_code == 500
    answers.append(answer.content)
    await driver.execute("ALTER TABLE opinion DROP CONSTRAINT ck_broken")
    await driver.close()


async def test_planted_values_are_in_no_table_event_audit_export_answer_or_log(
    office: Office, capfd: pytest.CaptureFixture[str]
) -> None:
    with everything_logged():
        consultation_id, answers = await live_through(office)
    tables = await every_row(office)
    assert {"opinion", "event", "audit_entry", "idempotency_key", "rendering", "entry"} <= set(tables)
    assert {table: found for table, blob in tables.items() if (found := found_in(blob))} == {}
    assert [found_in(answer) for answer in answers if found_in(answer)] == []
    public = [
        (await office.suite.policy.get(f"/v1/consultations/{consultation_id}{part}")).content
        for part in ("", "/opinion-count", "/opinions", "?identities=true")
    ]
    public.append((await office.suite.policy.get("/v1/consultations")).content)
    public.append((await office.call("GET", "/v1/export")).content)
    public.append((await office.call("GET", "/v1/events", params={"limit": 500})).content)
    assert [found_in(body) for body in public if found_in(body)] == []
    written = capfd.readouterr()
    logged = (written.out + written.err).encode()
    assert b"ck_broken" in logged or b"CheckViolation" in logged
    assert found_in(logged) == []


async def test_search_would_find_the_planted_values_if_they_were_there(office: Office) -> None:
    """The test above must be able to fail: the same values in a public text are seen in the tables."""
    await office.announce(explanation=f"起草说明：{PLANTED['text']}")
    tables = await every_row(office)
    seen = {table for table, blob in tables.items() if found_in(blob)}
    assert {"entry", "event"} <= seen
    for value in PLANTED.values():
        assert all(found_in(spelling) for spelling in spellings(value))


async def test_sealed_opinion_cannot_be_moved_to_another(office: Office) -> None:
    """Whoever can write the table still cannot show one person's words as another's."""
    consultation_id = await office.announce()
    first, second = await asyncio.gather(office.hand_in(consultation_id), office.hand_in(consultation_id))
    driver: asyncpg.Connection = await office.database.connect()
    moved = "UPDATE opinion SET sealed_text = (SELECT sealed_text FROM opinion WHERE id = $1) WHERE id = $2"
    await driver.execute(moved, first, second)
    await driver.close()
    answer = await office.call("GET", f"/v1/consultations/{consultation_id}/opinions")
    assert answer.status_code == 503
