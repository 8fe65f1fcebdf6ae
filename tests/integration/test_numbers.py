"""Document and registration numbers: each belongs to one document, from the text that first carries it on (LIB-02)."""

import asyncio
import json
from typing import Any

import httpx
import pytest

from shared.schemas.scopes import Scope
from tests.policies import policy, published
from tests.services import CITY, Suite

REGISTERED = {"doc_class": "normative", "expires_on": "2029-12-31"}


@pytest.fixture
async def office(library: Suite) -> dict[str, str]:
    return await library.token(CITY, Scope.POLICY_WRITE, Scope.POLICY_IMPORT, Scope.POLICY_RELEASE)


async def put(library: Suite, headers: dict[str, str], name: str, body: dict[str, Any]) -> httpx.Response:
    return await library.policy.put(f"/v1/organizations/{CITY}/policies/{name}", json=body, headers=headers)


async def taken(answer: httpx.Response) -> list[str]:
    """Pointers of the numbers that belong to another document."""
    assert (answer.status_code, answer.json()["code"]) == (409, "document_number_taken"), answer.text
    return [error["pointer"] for error in answer.json()["errors"]]


async def test_registration_number_belongs_to_one_document(library: Suite, office: dict[str, str]) -> None:
    first = published(**REGISTERED, reg_no="QCCR-2026-0020001")
    assert (await put(library, office, "a", first)).status_code == 201
    second = policy(**REGISTERED, reg_no="qccr—2026—0020001")
    refused = await put(library, office, "b", second)
    assert await taken(refused) == ["/reg_no"]
    assert refused.json()["holder"] == {"organization": CITY, "external_id": "a"}
    assert (await put(library, office, "a", first | {"title": "关于社区食堂的办法（更正）"})).status_code == 200


async def test_number_of_a_text_that_waits_is_reserved_already(library: Suite, office: dict[str, str]) -> None:
    assert (await put(library, office, "a", published(doc_no="泉民字〔2026〕501号"))).status_code == 201
    assert (await put(library, office, "a", policy(doc_no="泉民字〔2026〕502号"))).status_code == 200
    for number in ("泉民字〔2026〕501号", "泉民字〔2026〕502号"):
        assert await taken(await put(library, office, "b", published(doc_no=number))) == ["/doc_no"]


async def test_number_that_a_draft_gave_up_is_free(library: Suite, office: dict[str, str]) -> None:
    assert (await put(library, office, "a", policy(doc_no="泉民字〔2026〕601号"))).status_code == 201
    assert (await put(library, office, "a", policy(doc_no="泉民字〔2026〕602号"))).status_code == 200
    assert (await put(library, office, "b", policy(doc_no="泉民字〔2026〕601号"))).status_code == 201
    assert await taken(await put(library, office, "a", policy(doc_no="泉民字〔2026〕601号"))) == ["/doc_no"]


async def test_numbers_of_a_withdrawn_document_are_free(library: Suite, office: dict[str, str]) -> None:
    body = published(**REGISTERED, reg_no="QCCR-2026-0020002", doc_no="泉民规〔2026〕7号")
    policy_id = (await put(library, office, "a", body)).json()["id"]
    gone = await library.policy.post(f"/v1/policies/{policy_id}:withdraw", json={"reason": "有误"}, headers=office)
    assert gone.status_code == 204
    assert (await put(library, office, "b", body)).status_code == 201


async def test_batch_refuses_the_second_line_with_a_registration_number(library: Suite, office: dict[str, str]) -> None:
    lines = [
        json.dumps(published(**REGISTERED, reg_no="QCCR-2026-0020003", organization=CITY, external_id=f"line{number}"))
        for number in range(3)
    ]
    headers = office | {"content-type": "application/x-ndjson"}
    answer = await library.policy.post("/v1/policies:batch", content="\n".join(lines), headers=headers)
    assert [json.loads(line)["status"] for line in answer.text.splitlines()] == [201, 409, 409]


async def test_of_many_at_once_one_gets_the_number(library: Suite, office: dict[str, str]) -> None:
    for number in range(4):
        claimed = {"reg_no": f"QCCR-2026-003000{number}"}
        answers = await asyncio.gather(
            *(put(library, office, f"r{number}-{one}", published(**REGISTERED, **claimed)) for one in range(6))
        )
        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
