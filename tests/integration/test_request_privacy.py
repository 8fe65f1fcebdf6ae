"""Personal data is where it is sealed and nowhere else; keys rotate; its time ends; numbers have no gaps."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any

import pytest
from pydantic import SecretStr

from services.request_api.service.keeping import vault_of
from shared.kit.workdays import WorkCalendar
from shared.schemas.calendar import Calendar
from tests.request_office import PERSON, SEED, RequestOffice, open_request_office, request
from tests.services import CITY

AGENT = {
    "name": "孔令晨",
    "identity": {"kind": "id_card", "number": "370104199302025672"},
    "authorization": "授权委托书原件，2025年9月19日签署",
}
THIRD = "霍家昌"
PLANTED = [
    *(PERSON["name"], PERSON["identity"]["number"], PERSON["phone"], PERSON["address"], PERSON["email"]),
    *(AGENT["name"], "370104199302025672", THIRD, "家住泉城路的柳女士", "补正后另行说明的家事", "因家中老人看病"),
]


@pytest.fixture
async def office(database_url: Callable[[str], str]) -> AsyncIterator[RequestOffice]:
    async with open_request_office(database_url) as opened:
        yield opened


async def _whole_life(office: RequestOffice) -> str:
    """Every step that takes words, with something planted in each."""
    person = PERSON | {"agent": AGENT, "contact_person": AGENT["name"]}
    receipt = await office.submit(
        request(applicant=person, wanted={"description": "家住泉城路的柳女士的补偿方案", "title": "补偿方案"})
    )
    rid = str(receipt["id"])
    await office.moved(rid, "request-correction", "2025-09-23", items=["请说明家住泉城路的柳女士所指房屋"])
    await office.moved(
        rid, "correct", "2025-09-24", wanted={"description": "补正后另行说明的家事", "title": "补偿方案"}
    )
    letter = {
        "kind": "third_party",
        "name": THIRD,
        "question": "申请人申请公开补偿方案",
        "received_on": "2025-09-26",
    }
    view = await office.moved(rid, "consultations", "2025-09-26", **letter)
    consultation = view["consultations"][0]["id"]
    grounds = {"opinion": "objects", "grounds": "因家中老人看病，不愿公开"}
    await office.moved(rid, f"consultations/{consultation}:answer", "2025-09-29", **grounds)
    await office.moved(rid, "extend", "2025-10-09", workdays=5, reason=f"{THIRD}提出异议，需要核实")
    withheld = [{"place": f"第3页{THIRD}姓名", "exemption": "EX15_PRIVACY", "reason": "个人隐私"}]
    await office.answer(
        rid, "2025-10-15", {"decision": "B", "access": f"寄送{PERSON['address']}", "withheld": withheld}
    )
    await office.call("identifier", "POST", f"/v1/requests/{rid}:identify", {"purpose": "核对邮寄地址"})
    return rid


async def _everything_kept(office: RequestOffice) -> str:
    """Every value of every row of every table, as a dump of the database would hold it."""
    reads = office.database.reads
    tables = await reads.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'request'")
    parts = []
    for table in tables:
        for row in await reads.fetch(f'SELECT * FROM request."{table["tablename"]}"'):
            parts += [_text(value) for value in row.values()]
    return "\n".join(parts)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


async def test_planted_data_is_found_nowhere_but_in_its_sealed_fields(
    office: RequestOffice, capsys: pytest.CaptureFixture[str]
) -> None:
    rid = await _whole_life(office)
    kept = await _everything_kept(office)
    client = office.suite.clients["request"]
    answers = [
        json.dumps(await office.events(), ensure_ascii=False),
        (await client.get("/metrics")).text,
        (await office.call("handler", "GET", f"/v1/organizations/{CITY}/requests")).text,
        (await office.call("supervisor", "GET", "/v1/board", params={"organization": CITY})).text,
        (await office.call("handler", "GET", f"/v1/requests/{rid}/clock")).text,
        (await office.put(request(applicant=PERSON), name="r1")).text,
        (await office.put(request(applicant=PERSON | {"email": "不是邮箱"}), name="r9")).text,
    ]
    printed = capsys.readouterr()
    told = "\n".join([kept, *answers, printed.out, printed.err])
    assert [planted for planted in PLANTED if planted in told] == []
    assert kept.count("request.identified") == 1, "the walk looks into the tables"
    vault = vault_of(office.suite.apps["request"].state.kit.settings)
    row = await office.database.reads.fetchrow("SELECT * FROM applicant")
    assert vault.open(bytes(row["name"]), "applicant.name", row["request_id"]) == PERSON["name"]


async def test_a_value_that_is_moved_to_another_row_does_not_open(office: RequestOffice) -> None:
    first, second = (
        await office.submit(name="r1"),
        await office.submit(request(wanted={"description": "别的文件"}), "r2"),
    )
    async with office.database.write() as session:
        driver = await session.driver()
        await driver.execute(
            "UPDATE request SET wanted = (SELECT wanted FROM request WHERE id = $1) WHERE id = $2",
            first["id"],
            second["id"],
        )
    moved = await office.call("handler", "GET", f"/v1/requests/{second['id']}")
    assert moved.status_code == 503


async def test_a_rotated_key_seals_anew_what_the_old_one_sealed(office: RequestOffice) -> None:
    rid = await _whole_life(office)
    joint = {"convenor": "市政府办公厅", "participants": ["市司法局"], "question": "是否公开", "held_on": "2025-10-15"}
    await office.call("handler", "PUT", f"/v1/requests/{rid}/joint-consultations/x", joint)
    kit = office.suite.apps["request"].state.kit
    old = kit.settings.sealing_keys.get_secret_value()
    both = SecretStr(f"new:sm4-gcm:{'n' * 40} {old}")
    kit.settings = kit.settings.model_copy(update={"sealing_keys": both})
    await office.run_job("seal anew")
    # The old key is gone: what still opens was sealed by the new one.
    kit.settings = kit.settings.model_copy(update={"sealing_keys": SecretStr(both.get_secret_value().split()[0])})
    kit.extra["vault"] = vault_of(kit.settings)
    view = await office.view(rid)
    assert view["applicant"]["name"] == "柳*"
    assert view["wanted"]["description"] == "补正后另行说明的家事"
    async with office.database.write() as session:
        rows = await (await session.driver()).fetch(
            "SELECT request_id, sequence, private FROM step WHERE private IS NOT NULL"
        )
    assert len(rows) >= 5
    listed = await office.call("handler", "GET", f"/v1/requests/{rid}/joint-consultations")
    assert listed.json()[0]["question"] == "是否公开"
    for row in rows:
        kit.extra["vault"].open(bytes(row["private"]), f"step {row['sequence']}", row["request_id"])


async def test_what_has_outlived_its_time_is_erased_and_still_counted(office: RequestOffice) -> None:
    rid = await _whole_life(office)
    await office.moved(rid, "archive", "2025-10-20")
    office.set_day("2035-10-01")
    await office.run_job("erase outlived")
    assert (await office.view(rid))["applicant"] != {}
    office.set_day("2035-11-03")
    await office.run_job("erase outlived")
    view = await office.view(rid)
    assert (view["applicant"], view["wanted"]) == ({}, None)
    assert (view["report_row"], view["applicant_kind"], view["in_time"]) == ("r.partial", "natural", True)
    row = await office.database.reads.fetchrow("SELECT wanted, applicant_key, erased_on FROM request")
    assert tuple(row) == (None, None, date(2035, 11, 3))
    assert await office.database.reads.fetchval("SELECT count(*) FROM step WHERE private IS NOT NULL") == 0
    gone = await office.call("identifier", "POST", f"/v1/requests/{rid}:identify", {"purpose": "核对邮寄地址"})
    assert gone.status_code == 404


async def test_concurrent_submissions_get_gapless_numbers(office: RequestOffice) -> None:
    await office.headers_of("website")

    async def hand_in(number: int) -> int:
        # Every fifth is refused, every seventh a retry of the one before.
        name = f"r{number - 1 if number % 7 == 0 else number}"
        content = {"description": f"第{name}号文件"}
        body = request(wanted=content, **({"signed_on": None} if number % 5 == 0 else {}))
        return (await office.put(body, name)).status_code

    statuses = Counter(await asyncio.gather(*(hand_in(number) for number in range(1, 101))))
    assert set(statuses) <= {200, 201, 409, 422}
    assert min(statuses[201], statuses[422]) > 10
    rows = await office.database.reads.fetch("SELECT number FROM request ORDER BY number")
    assert [row["number"] for row in rows] == [f"1137010000418859XL-2025-{n:05d}" for n in range(1, len(rows) + 1)]
    assert len(rows) == statuses[201]


async def test_concurrent_approvals_get_gapless_reply_numbers(office: RequestOffice) -> None:
    ids = []
    for number in range(12):
        receipt = await office.submit(request(wanted={"description": f"第{number}号文件"}), f"r{number}")
        ids.append(receipt["id"])
        await office.moved(receipt["id"], "accept", "2025-09-22")
        answer = {"decision": "A2", "access": "寄送复印件"}
        await office.moved(receipt["id"], "draft", "2025-09-22", answer=answer)
        for kind in ("legal", "secrecy"):
            await office.moved(receipt["id"], "review", "2025-09-22", kind=kind, passes=True)
    twice = [office.move(one, "approve", "2025-09-22") for one in (*ids, *ids)]
    statuses = Counter(answer.status_code for answer in await asyncio.gather(*twice))
    assert statuses == {200: 12, 409: 12}
    rows = await office.database.reads.fetch("SELECT reply_number FROM request")
    assert {row["reply_number"] for row in rows} == {f"泉城市人民政府公复〔2025〕{n}号" for n in range(1, 13)}


async def test_a_request_is_decided_once_however_many_try(office: RequestOffice) -> None:
    receipt = await office.submit()
    await office.moved(receipt["id"], "accept", "2025-09-22")
    tries = [office.move(receipt["id"], "withdraw", "2025-09-22") for _ in range(6)]
    tries += [office.move(receipt["id"], "extend", "2025-09-22", workdays=5, reason="档案较多") for _ in range(6)]
    statuses = Counter(answer.status_code for answer in await asyncio.gather(*tries))
    assert statuses[200] in (1, 2)
    kinds = Counter(step["kind"] for step in (await office.view(receipt["id"]))["steps"])
    assert kinds["withdrawn"] == 1
    assert kinds["extended"] <= 1


async def test_DL_10_a_changed_calendar_moves_deadlines_and_says_which(office: RequestOffice) -> None:
    receipt = await office.submit()
    far = await office.submit(request(wanted={"description": "另一份文件"}), "r2")
    await office.moved(far["id"], "withdraw", "2025-09-22")
    years = SEED.data.model_dump()["years"]
    years[2025]["off"] = sorted([*years[2025]["off"], date(2025, 9, 29)])
    changed = WorkCalendar(
        Calendar.model_validate(SEED.data.model_dump() | {"version": "2025-changed", "years": years})
    )
    office.set_day("2025-09-23")
    await office.run_job("recompute deadlines", calendar=changed)
    row = await office.database.reads.fetchrow(
        "SELECT due_on, calendar_version FROM request WHERE number LIKE '%00001'"
    )
    assert tuple(row) == (date(2025, 10, 27), "2025-changed")
    moved = await office.call("supervisor", "GET", "/v1/calendar-moves/2025-changed")
    assert [(one["number"], one["due_before"], one["due_after"]) for one in moved.json()["items"]] == [
        ("1137010000418859XL-2025-00001", "2025-10-24", "2025-10-27")
    ]
    known = await office.call(
        "handler", "GET", f"/v1/requests/{receipt['id']}/deadline", params={"as_known_at": "2025-09-22T23:00:00+08:00"}
    )
    assert known.json()["due_on"] == "2025-10-24"
    await office.run_job("recompute deadlines", calendar=changed)
    assert len((await office.view(receipt["id"]))["steps"]) == 2, "a step is added once"
