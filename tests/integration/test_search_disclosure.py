"""Items, publications and entries of lists are found by the search, and no longer once they are not public."""

from collections.abc import Callable

from deploy.local.meilisearch import Meilisearch
from tests.catalogs import publication
from tests.contract.disclosure import disclosures_of
from tests.contract.registry import indexed, whole_suite
from tests.services import CITY


async def test_what_catalog_api_publishes_is_found(
    database_url: Callable[[str], str], meilisearch: Meilisearch
) -> None:
    async with whole_suite(database_url, meilisearch) as suite:
        ids = await disclosures_of(suite, CITY)
        search = suite.clients["search"]
        async with indexed(suite):
            for query, kind, wanted in (
                ("义务教育学校名录", "item", ids["item_id"]),
                ("学校的名称、地址和电话", "publication", ids["publication_id"]),
                ("检验费 每台200元", "list_entry", ids["entry_id"]),
            ):
                answer = (await search.get("/v1/search", params={"q": query, "type": kind})).json()
                assert [(hit["id"], hit["type"]) for hit in answer["items"]] == [(wanted, kind)], answer
            # Withdrawn: not shown from that moment on, whether the index knows it yet or not.
            path = f"/v1/publications/{ids['publication_id']}:withdraw"
            gone = await suite.clients["catalog"].post(path, json={"reason": "登记有误"}, headers=suite.admin)
            assert gone.status_code == 204
            answer = (
                await search.get("/v1/search", params={"q": publication()["title"], "type": "publication"})
            ).json()
            assert answer["items"] == []
