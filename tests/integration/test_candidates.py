"""Candidates: what was often asked for becomes an item, a publication, or nothing, once."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from shared.schemas.scopes import Scope
from tests.catalogs import CatalogOffice, catalog, item, open_catalog_office, publication
from tests.contract.disclosure import CANDIDATE
from tests.services import CITY


@pytest.fixture
async def office(database_url: Callable[[str], str]) -> AsyncIterator[CatalogOffice]:
    async with open_catalog_office(database_url) as opened:
        yield opened


async def put(office: CatalogOffice, **changes: Any) -> httpx.Response:
    return await office.call("discloser", "PUT", f"/v1/organizations/{CITY}/candidates/c1", CANDIDATE | changes)


async def decide(office: CatalogOffice, candidate: str, headers: dict[str, str], **body: Any) -> httpx.Response:
    client = office.suite.clients["catalog"]
    wanted = {"note": "连续三个月被申请"} | body
    return await client.post(f"/v1/candidates/{candidate}:decide", json=wanted, headers=headers)


async def test_candidate_becomes_an_item_of_the_next_draft(office: CatalogOffice) -> None:
    catalog_id = await office.enforce(catalog(item("a")))
    candidate = (await put(office)).json()["id"]
    added = item("b", number=2, second_level="学区划分")
    only = await office.headers_of("discloser")
    both = await office.suite.token(CITY, Scope.DISCLOSURE_WRITE, Scope.CATALOG_WRITE)
    body = {"decision": "item", "catalog": "base", "item": added}
    assert (await decide(office, candidate, only, **body)).status_code == 403
    assert (await decide(office, candidate, both, **(body | {"catalog": "none"}))).status_code == 422
    assert (await decide(office, candidate, both, decision="item")).status_code == 422
    done = await decide(office, candidate, both, **body)
    assert (done.status_code, done.json()["state"], done.json()["result"]) == (200, "item", catalog_id)
    version = (await office.call("drafter", "GET", f"/v1/catalogs/{catalog_id}/versions/2")).json()
    assert [(one["key"]) for one in version["content"]["items"]] == ["a", "b"]
    assert (await decide(office, candidate, both, **body)).status_code == 409
    assert (await put(office, requests=20)).status_code == 409


async def test_candidate_is_fulfilled_by_a_publication(office: CatalogOffice) -> None:
    catalog_id = await office.enforce(catalog(item("a")))
    item_id = (await office.items(catalog_id))["a"]["id"]
    candidate = (await put(office)).json()["id"]
    headers = await office.headers_of("discloser")
    body = {"decision": "publication", "publication": "p1"}
    assert (await decide(office, candidate, headers, **body)).status_code == 422
    published = (await office.put_publication(publication(item=item_id))).json()["id"]
    done = await decide(office, candidate, headers, **body)
    assert (done.json()["state"], done.json()["result"]) == ("publication", published)
    path = f"/v1/organizations/{CITY}/candidates"
    assert (await office.call("discloser", "GET", path)).json()["items"] == []
    found = (await office.call("discloser", "GET", path, params={"state": "publication"})).json()["items"]
    assert [one["id"] for one in found] == [candidate]


async def test_candidate_is_what_it_was_said_last(office: CatalogOffice) -> None:
    assert (await put(office)).status_code == 201
    assert (await put(office)).json()["outcome"] == "unchanged"
    assert (await put(office, requests=20)).json()["version"] == 2
    assert (await put(office, period_to="2025-01-01")).status_code == 422
    (shown,) = (await office.call("discloser", "GET", f"/v1/organizations/{CITY}/candidates")).json()["items"]
    assert (shown["requests"], shown["state"]) == (20, "open")


async def test_a_candidate_never_says_who_asked(office: CatalogOffice) -> None:
    body = {
        "subject": "张某11010519491231002X的申请",
        "requests": 3,
        "period_from": "2026-01-01",
        "period_to": "2026-03-31",
    }
    refused = await office.call("discloser", "PUT", f"/v1/organizations/{CITY}/candidates/c9", body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/subject"
