"""A document that the province announces stands in our library under an external organisation, for ours to link to."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from shared.schemas.organizations import Level, OrganizationInput, OrganizationKind
from tests.integration.test_inbound import messages, register, send, until_done
from tests.services import CITY, Suite, credit_code, policy_suite
from tests.subscribers import working

PROVINCE = credit_code("11370000004500001")
ANNOUNCED: dict[str, Any] = {
    "province_id": "SD-ZC-2026-7",
    "sequence": 1,
    "organization": PROVINCE,
    "title": "关于推进社区食堂建设的指导意见",
    "document_number": "鲁政办发〔2026〕7号",
    "issuer": "省人民政府办公厅",
    "issued_on": "2026-02-02",
    "published_on": "2026-02-03",
    "url": "https://province.example/zc/2026/7.html",
}


@pytest.fixture
async def suite(database_url: Callable[[str], str]) -> AsyncIterator[Suite]:
    async with policy_suite(database_url) as opened:
        await register(opened)
        office = OrganizationInput(
            name="省人民政府办公厅",
            kind=OrganizationKind.EXTERNAL,
            level=Level.PROVINCE,
            division_code="370000",
            parent=CITY,
        )
        body = office.model_dump(mode="json")
        made = await opened.exchange.put(f"/v1/organizations/{PROVINCE}", json=body, headers=opened.admin)
        assert made.status_code == 201, made.text
        yield opened


async def test_an_announced_document_is_public_here_once(suite: Suite) -> None:
    async with working(suite):
        for name in ("m1", "m1"):
            assert (await send(suite, "policy.announced", ANNOUNCED, name)).status_code in (202, 409)
        await until_done(suite, 1)
        found = await suite.policy.get("/v1/policies", params={"organization": PROVINCE})
        [shown] = found.json()["items"]
        assert (shown["title"], shown["doc_no"]) == (ANNOUNCED["title"], ANNOUNCED["document_number"])
        changed = ANNOUNCED | {"sequence": 2, "title": "关于推进社区食堂建设的指导意见（修订）"}
        await send(suite, "policy.announced", changed, "m2")
        await until_done(suite, 2)
        again = (await suite.policy.get(f"/v1/policies/{shown['id']}")).json()
        assert again["title"] == changed["title"]
        assert [one["state"] for one in await messages(suite)] == ["done", "done"]
