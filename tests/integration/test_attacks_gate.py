"""Ways round the gate, tried: edits after the signature by other doors, other people's policies, replays, races."""

import asyncio
import json

import pytest

from shared.schemas.scopes import Scope
from tests.dossiers import Office, open_office
from tests.policies import policy, published
from tests.services import CITY, DISTRICT_A, Suite

NDJSON = {"content-type": "application/x-ndjson"}


@pytest.fixture
async def office(library: Suite) -> Office:
    return await open_office(library)


async def test_a_text_pushed_by_batch_after_signing_voids_the_signature(office: Office) -> None:
    case = await office.open()
    await case.prepare_signed()
    line = json.dumps({"organization": CITY, "external_id": "a"} | policy(summary="签发后改的"))
    answer = await office.api.post("/v1/policies:batch", content=line, headers=office.drafter | NDJSON)
    assert json.loads(answer.text)["status"] == 200
    refused = await case.call("POST", ":release", office.releaser)
    assert (refused.status_code, refused.json()["code"]) == (409, "signature_void")
    assert (await office.api.get(f"/v1/policies/{case.policy_id}")).status_code == 404


async def test_nobody_opens_a_dossier_of_another_organisations_policy(office: Office) -> None:
    receipt = await office.push("a")
    stranger = await office.suite.token(DISTRICT_A, Scope.POLICY_WRITE) | {"Acting-Person": "stranger-1"}
    refused = await office.api.post("/v1/dossiers", json={"policy_id": receipt["id"]}, headers=stranger)
    assert (refused.status_code, refused.json()["code"]) == (403, "outside_subtree")


async def test_an_idempotency_key_of_another_client_replays_nothing(office: Office) -> None:
    receipt = await office.push("a")
    body, key = {"policy_id": receipt["id"]}, {"Idempotency-Key": "same-key"}
    opened = await office.api.post("/v1/dossiers", json=body, headers=office.drafter | key)
    other = await office.suite.token(CITY, Scope.POLICY_WRITE) | {"Acting-Person": "drafter-2"}
    refused = await office.api.post("/v1/dossiers", json=body, headers=other | key)
    assert (opened.status_code, refused.status_code) == (201, 409)
    assert "Idempotency-Replayed" not in refused.headers


async def test_release_and_edit_at_once_never_publish_what_was_not_signed(office: Office) -> None:
    case = await office.open(summary="签发的")
    await case.prepare_signed()
    signed = (await case.read())["manifest"]["policy"]
    edit = office.api.put(
        f"/v1/organizations/{CITY}/policies/a", json=policy(summary="没有签发的"), headers=office.drafter
    )
    released, edited = await asyncio.gather(case.call("POST", ":release", office.releaser), edit)
    assert edited.status_code == 200
    assert released.status_code in {200, 409}
    shown = await office.api.get(f"/v1/policies/{case.policy_id}")
    assert (shown.status_code == 200) == (released.status_code == 200)
    if shown.status_code == 200:
        assert shown.json()["content_hash"] == signed


async def test_an_import_does_not_lead_around_an_open_dossier(office: Office) -> None:
    """Neither for a draft nor for the next text of what is public already; afterwards imports go on."""
    case = await office.open("guarded")
    importer = await office.suite.token(CITY, Scope.POLICY_WRITE, Scope.POLICY_IMPORT)
    address = f"/v1/organizations/{CITY}/policies/guarded"
    refused = await office.api.put(address, json=published(title="绕过会签卷的通知"), headers=importer)
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_move"), refused.text
    assert (await office.api.get(f"/v1/policies/{case.policy_id}")).status_code == 404
    lines = json.dumps(published(organization=CITY, external_id="guarded"))
    headers = importer | {"content-type": "application/x-ndjson"}
    line = json.loads((await office.api.post("/v1/policies:batch", content=lines, headers=headers)).text)
    assert (line["status"], line["problem"]["code"]) == (409, "illegal_move")


async def test_a_dossier_opened_meanwhile_stops_the_import(office: Office) -> None:
    importer = await office.suite.token(CITY, Scope.POLICY_WRITE, Scope.POLICY_IMPORT)
    for number in range(8):
        pushed = await office.push(f"raced{number}")
        opening = office.api.post("/v1/dossiers", json={"policy_id": pushed["id"]}, headers=office.drafter)
        importing = office.api.put(
            f"/v1/organizations/{CITY}/policies/raced{number}", json=published(), headers=importer
        )
        opened, imported = await asyncio.gather(opening, importing)
        assert {opened.status_code, imported.status_code} != {201, 200}, (opened.text, imported.text)
