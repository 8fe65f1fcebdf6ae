"""What is kept in the open holds nothing personal, what is erased stays so, and no rotation loses a value."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pydantic import SecretStr

from services.request_api.service.keeping import vault_of
from tests.request_office import ID_NUMBER, PERSON, RequestOffice, granted, open_request_office, request
from tests.services import CITY

FAR = "2037-01-05"


@pytest.fixture
async def office(database_url: Callable[[str], str]) -> AsyncIterator[RequestOffice]:
    async with open_request_office(database_url) as opened:
        yield opened


async def answered(office: RequestOffice, name: str = "r1") -> str:
    receipt = await office.submit(request(wanted={"description": f"{name}号文件"}), name=name)
    await office.moved(receipt["id"], "accept", "2025-09-22")
    await office.answer(receipt["id"], "2025-10-15", granted())
    return str(receipt["id"])


@pytest.mark.parametrize("name", [f"r-{ID_NUMBER}", "r-柳青禾", "a b"])
async def test_a_name_that_somebody_gives_is_no_person(office: RequestOffice, name: str) -> None:
    assert (await office.put(name=name)).status_code == 422
    rid = await answered(office)
    joint = {"convenor": "市政府办公厅", "participants": ["市司法局"], "question": "是否公开", "held_on": "2025-10-15"}
    for path, body in (
        (f"joint-consultations/{name}", joint),
        (f"reviews/{name}", {"kind": "review", "filed_on": "2025-10-15"}),
    ):
        assert (await office.call("handler", "PUT", f"/v1/requests/{rid}/{path}", body)).status_code in (403, 422)


async def test_a_receipt_of_payment_is_a_number_and_nobodys(office: RequestOffice) -> None:
    receipt = await office.submit()
    await office.moved(receipt["id"], "accept", "2025-09-22")
    await office.moved(receipt["id"], "notice-fee", "2025-10-10", method="per_page", pages=68)
    for wrong in ("交款人柳青禾", f"NO-{ID_NUMBER}"):
        refused = await office.move(receipt["id"], "pay", "2025-10-13", receipt_no=wrong)
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/receipt_no")
    assert (await office.move(receipt["id"], "pay", "2025-10-13", receipt_no="37010000012345")).status_code == 200


async def test_a_report_publishes_no_number_of_a_person(office: RequestOffice) -> None:
    path = f"/v1/organizations/{CITY}/reports/2025"
    body = {"scope": "department", "problems": f"申请人{ID_NUMBER}多次来电"}
    refused = await office.call("reporter", "PUT", path, body)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/problems")


async def test_a_letter_to_somebody_else_does_not_name_the_applicant(office: RequestOffice) -> None:
    receipt = await office.submit()
    await office.moved(receipt["id"], "accept", "2025-09-22")
    letter = {"kind": "third_party", "name": "青后物业有限公司", "question": f"{PERSON['name']}申请公开合同"}
    refused = await office.move(receipt["id"], "consultations", "2025-09-23", **letter)
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/question")


async def erased(office: RequestOffice) -> str:
    rid = await answered(office)
    office.set_day(FAR)
    await office.run_job("erase outlived")
    assert not (await office.view(rid))["applicant"]
    return rid


async def test_what_was_served_is_erased_though_nobody_archived_it(office: RequestOffice) -> None:
    rid = await erased(office)
    assert (await office.view(rid))["state"] == "served"


async def test_nothing_new_comes_into_what_is_erased(office: RequestOffice) -> None:
    rid = await erased(office)
    joint = {"convenor": "市政府办公厅", "participants": ["市司法局"], "question": "是否公开", "held_on": "2036-01-05"}
    case = {
        **{"title": "合同的公开", "topic": "合同", "request_summary": "申请公开合同", "info_type": "合同"},
        **{"reasoning": "应予公开", "legal_basis": ["条例第三十七条"], "share_scope": "city"},
    }
    for path, body in (("joint-consultations/j1", joint), ("case", case)):
        refused = await office.call("handler", "PUT", f"/v1/requests/{rid}/{path}", body)
        assert refused.status_code == 409, path


async def test_a_suit_that_is_pending_keeps_its_evidence(office: RequestOffice) -> None:
    rid = await answered(office)
    path = f"/v1/requests/{rid}/reviews/s1"
    filed: dict[str, Any] = {"kind": "suit_direct", "filed_on": "2025-11-03"}
    office.set_day("2025-11-03")
    kept = await office.call("handler", "PUT", path, filed)
    assert kept.status_code == 200, kept.text
    office.set_day(FAR)
    await office.run_job("erase outlived")
    assert (await office.view(rid))["applicant"]
    ended = filed | {"result": "upheld", "decided_on": "2036-12-01"}
    assert (await office.call("handler", "PUT", path, ended)).status_code == 200
    await office.run_job("erase outlived")
    assert not (await office.view(rid))["applicant"]


def use(office: RequestOffice, *keys: str) -> None:
    """As a process with this ring."""
    app = office.suite.apps["request"]
    settings = app.state.kit.settings.model_copy(update={"sealing_keys": SecretStr(" ".join(keys))})
    app.state.kit.settings, app.state.kit.extra["vault"] = settings, vault_of(settings)


NEW = f"next:aes-256-gcm:{'n' * 40}"


async def test_a_process_that_is_behind_a_rotation_loses_nothing(office: RequestOffice) -> None:
    """It still seals by the old key after the worker has sealed everything anew."""
    old = office.suite.apps["request"].state.kit.settings.sealing_keys.get_secret_value()
    receipt = await office.submit()
    use(office, NEW, old)
    await office.run_job("seal anew")
    use(office, old, NEW)
    await office.moved(receipt["id"], "accept", "2025-09-22")
    await office.moved(receipt["id"], "request-correction", "2025-09-23", items=["请写明名称"])
    use(office, NEW, old)
    await office.run_job("seal anew")
    use(office, NEW)
    row = await office.database.reads.fetchrow("SELECT * FROM step WHERE kind = 'correction_requested'")
    said = vault_of(office.suite.apps["request"].state.kit.settings).open(
        bytes(row["private"]), f"step {row['sequence']}", row["request_id"]
    )
    assert "请写明名称" in str(said)


async def test_one_value_that_does_not_open_keeps_nothing_else_back(office: RequestOffice) -> None:
    first = await office.submit(name="r1")
    second = await office.submit(request(wanted={"description": "另一份文件"}), name="r2")
    async with office.database.write() as session:
        driver = await session.driver()
        await driver.execute("UPDATE request SET wanted = '\\x01046c6f7374' || wanted WHERE id = $1", first["id"])
    old = office.suite.apps["request"].state.kit.settings.sealing_keys.get_secret_value()
    use(office, NEW, old)
    await office.run_job("seal anew")
    rows = await office.database.reads.fetch("SELECT id, sealed_with FROM request")
    assert {str(row["id"]): row["sealed_with"] for row in rows} == {first["id"]: "test", second["id"]: "next"}


async def test_public_figures_do_not_tell_of_one(office: RequestOffice) -> None:
    await office.submit()
    figures = (await office.call(None, "GET", "/v1/statistics", params={"year": 2025})).json()
    assert (figures["received"], figures["closed"]) == ([], [])
