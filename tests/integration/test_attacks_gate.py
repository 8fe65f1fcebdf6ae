"""Ways round the gate, tried: edits after the signature by other doors, other people's policies, replays, races."""

import asyncio
import json

import pytest

from shared.schemas.scopes import Scope
from tests.dossiers import Office, open_office
from tests.policies import policy
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
