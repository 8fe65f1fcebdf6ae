"""The partners' client against the services themselves, through sockets, also such as break."""

import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest

from deploy.local.meilisearch import Meilisearch
from shared.client import ApiProblem, MingquanClient, Patience, PushInterrupted
from shared.schemas.disclosure import PublicationInput, TaskInput
from shared.schemas.policies import BatchLine, Outcome, PolicyInput
from shared.schemas.requests import RequestInput
from shared.schemas.scopes import Scope
from tests.catalogs import catalog, open_catalog_office, publication, task
from tests.cutting_proxy import cutting_proxy
from tests.front import Front, serving
from tests.policies import published
from tests.request_office import open_request_office, request
from tests.search import representation, search_suite
from tests.services import CITY, DISTRICT_A, Suite

DOCUMENTS = 10_000
CUTS_EACH_WAY = 10
LEAST_RESULT_BYTES = 200
"""Of one result line; they are longer."""


@dataclass(frozen=True)
class Partner:
    """A client of the city, and where it finds the suite."""

    library: Suite
    port: int
    client_id: str
    client_secret: str

    def client(self, port: int | None = None) -> MingquanClient:
        return MingquanClient(
            f"http://127.0.0.1:{port or self.port}",
            self.client_id,
            self.client_secret,
            transport=httpx.AsyncHTTPTransport(),
        )

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """The whole log of policy_api."""
        headers = await self.library.token(CITY, Scope.EVENTS_READ)
        after: dict[str, str] = {}
        while True:
            answer = await self.library.policy.get("/v1/events", headers=headers, params={"limit": "1000"} | after)
            page = answer.json()
            for event in page["events"]:
                yield event
            if not page["events"]:
                return
            after = {"after": page["cursor"]}


async def credentials(suite: Suite, organization: str, *scopes: Scope) -> tuple[str, str]:
    """Of a new client."""
    wanted = {"name": "测试伙伴", "organization": organization, "scopes": [scope.value for scope in scopes]}
    made = await suite.exchange.post("/v1/clients", json=wanted, headers=suite.admin)
    secret = made.json()["secret"]
    return secret["client_id"], secret["client_secret"]


async def client_of(suite: Suite, *scopes: Scope, organization: str = CITY) -> MingquanClient:
    """A client with those scopes, in this process: no socket."""
    transport = httpx.ASGITransport(app=Front(suite.apps))
    return MingquanClient("http://suite.test", *await credentials(suite, organization, *scopes), transport=transport)


@pytest.fixture
async def partner(library: Suite) -> AsyncIterator[Partner]:
    """One that may import."""
    who = await credentials(library, CITY, Scope.POLICY_WRITE, Scope.POLICY_IMPORT)
    async with serving(library.apps) as port:
        yield Partner(library, port, *who)


@pytest.fixture
async def suite(library: Suite) -> AsyncIterator[MingquanClient]:
    """The city's client that imports."""
    async with await client_of(library, Scope.POLICY_WRITE, Scope.POLICY_IMPORT) as client:
        yield client


def line(number: int, **changes: Any) -> dict[str, Any]:
    return {"organization": CITY, "external_id": f"doc-{number}"} | published(**changes)


async def test_ten_thousand_documents_through_twenty_cuts_are_there_once(partner: Partner) -> None:
    documents = [line(number) for number in range(1, DOCUMENTS + 1)]
    sent = sum(len(BatchLine.model_validate(one).model_dump_json(exclude_unset=True)) for one in documents)
    chance = random.Random(20261123)
    up = chance.sample(range(1, sent), CUTS_EACH_WAY)
    down = chance.sample(range(1, DOCUMENTS * LEAST_RESULT_BYTES), CUTS_EACH_WAY)
    async with cutting_proxy(partner.port, up=up, down=down) as (proxy, port), partner.client(port) as suite:
        report = await suite.push_policies(documents)
    assert (proxy.up.made, proxy.down.made) == (CUTS_EACH_WAY, CUTS_EACH_WAY)
    assert list(report.refused) == []
    assert sorted([*report.accepted, *report.unchanged]) == list(range(1, DOCUMENTS + 1))
    told = [event async for event in partner.events()]
    names = Counter(event["data"]["external_id"] for event in told)
    assert names == Counter(one["external_id"] for one in documents)
    assert {event["subjectversion"] for event in told} == {1}


async def test_report_names_every_line_by_its_number(suite: MingquanClient) -> None:
    first = [line(number) for number in range(1, 6)]
    assert (await suite.push_policies(first[1:3])).lines == 2
    bad = [line(0, published_on="not a day"), line(0) | {"organization": DISTRICT_A, "no_such_field": 1}]
    report = await suite.push_policies([*first, *bad])
    assert (list(report.accepted), list(report.unchanged), list(report.refused)) == ([1, 4, 5], [2, 3], [6, 7])
    assert report.problems[6]["errors"][0]["pointer"] == "/published_on"
    assert report.problems[7]["code"] == "validation_failed"


async def test_rehearsal_stores_nothing(suite: MingquanClient) -> None:
    rehearsed = await suite.push_policies([line(1), line(2)], validate_only=True)
    assert list(rehearsed.accepted) == [1, 2]
    put = await suite.put_policy(CITY, "doc-1", PolicyInput.model_validate(published()), validate_only=True)
    with pytest.raises(ApiProblem) as told:
        await suite.get_policy(put.id)
    assert (told.value.status, told.value.code) == (404, "not_found")


async def test_document_that_comes_twice_ends_as_its_later_text(suite: MingquanClient) -> None:
    texts = [line(1, title=f"关于社区食堂的第{number}次通知") for number in range(1, 8)]
    results = [result async for result in suite.stream_policies([line(2), *texts, line(3)])]
    assert [result.line for result in results] == list(range(1, 10))
    outcomes = [result.receipt.outcome for result in results if result.receipt is not None]
    assert outcomes == [Outcome.CREATED, Outcome.CREATED, *[Outcome.UPDATED] * 6, Outcome.CREATED]
    last = results[7].receipt
    assert last is not None
    assert (await suite.get_policy(last.id)).title == "关于社区食堂的第7次通知"


async def test_policy_is_put_read_and_put_again_under_its_version(suite: MingquanClient) -> None:
    content = PolicyInput.model_validate(published(expires_on="2026-06-30"))
    receipt = await suite.put_policy(CITY, "泉民字 2026-1", content)
    assert (receipt.outcome, receipt.external_id) == (Outcome.CREATED, "泉民字 2026-1")
    shown = await suite.get_policy(receipt.id, as_of=date(2026, 5, 1))
    assert (shown.title, shown.validity.value) == (content.title, "in_force")
    assert (await suite.put_policy(CITY, "泉民字 2026-1", content)).outcome is Outcome.UNCHANGED
    with pytest.raises(ApiProblem) as told:
        await suite.put_policy(CITY, "泉民字 2026-1", content, if_match='"7-0000"')
    assert (told.value.status, told.value.code) == (412, "stale_version")


async def test_who_may_not_push_learns_it_from_the_report_and_from_the_problem(library: Suite) -> None:
    async with await client_of(library, Scope.POLICY_IMPORT, organization=DISTRICT_A) as suite:
        report = await suite.push_policies([line(1)])
        assert report.problems[1]["code"] == "outside_subtree"
    async with await client_of(library, Scope.EVENTS_READ) as suite:
        with pytest.raises(PushInterrupted) as told:
            await suite.push_policies([line(1)])
    assert told.value.report.lines == 0
    assert isinstance(told.value.__cause__, ApiProblem)
    assert told.value.__cause__.code == "insufficient_scope"


async def test_wrong_secret_is_said_once_and_not_tried_again(library: Suite) -> None:
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    who = await credentials(library, CITY, Scope.POLICY_IMPORT)
    transport = httpx.ASGITransport(app=Front(library.apps))
    patience = Patience(sleep=wait)
    async with MingquanClient("http://suite.test", who[0], "wrong", transport=transport, patience=patience) as suite:
        with pytest.raises(ApiProblem) as told:
            await suite.put_policy(CITY, "a", PolicyInput.model_validate(published()))
    assert (told.value.status, told.value.code, waited) == (401, "invalid_client", [])


async def test_task_and_publication_are_registered(database_url: Callable[[str], str]) -> None:
    async with open_catalog_office(database_url) as office:
        (item,) = (await office.items(await office.enforce(catalog()))).values()
        async with await client_of(office.suite, Scope.DISCLOSURE_WRITE) as suite:
            announced = await suite.put_task(CITY, "t1", TaskInput.model_validate(task(item["id"])))
            registered = await suite.put_publication(
                CITY, "p1", PublicationInput.model_validate(publication(task="t1"))
            )
    assert registered.task == announced.task.id
    assert announced.task.due_on == date(2026, 5, 8)


async def test_request_is_submitted_and_followed(database_url: Callable[[str], str]) -> None:
    async with (
        open_request_office(database_url) as office,
        await client_of(office.suite, Scope.REQUEST_SUBMIT, Scope.REQUEST_HANDLE) as suite,
    ):
        receipt = await suite.submit_request(CITY, "r1", RequestInput.model_validate(request()))
        seen = await suite.track(receipt.number, receipt.query_code)
        with pytest.raises(ApiProblem) as told:
            await suite.track(receipt.number, "0000-0000")
    assert (seen.number, seen.received_on) == (receipt.number, date(2025, 9, 22))
    assert told.value.status == 404


async def test_search_finds_by_words_and_filters(database_url: Callable[[str], str], meilisearch: Meilisearch) -> None:
    canteen, lapsed = (
        representation(title="社区食堂补贴办法"),
        representation(title="社区食堂旧办法", validity="lapsed"),
    )
    async with search_suite(database_url, meilisearch) as running:
        await running.log.publish(canteen, lapsed)
        async with running.worker():
            await running.until_applied()
            transport = httpx.ASGITransport(app=Front({"search": running.app}))
            async with MingquanClient("http://suite.test", transport=transport) as suite:
                found = await suite.search("社区食堂", published_from=date(2026, 1, 1), limit=5)
                everything = await suite.search("社区食堂", include_lapsed=True)
    assert [hit.id for hit in found.items] == [UUID(str(canteen["id"]))]
    assert {hit.id for hit in everything.items} == {UUID(str(one["id"])) for one in (canteen, lapsed)}
