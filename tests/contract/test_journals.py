"""Every service counts, tells and keeps alike: quotas and journals, over the whole suite."""

import httpx

from shared.schemas.scopes import Scope
from tests.services import DISTRICT_A, Suite


async def kept(suite: Suite, service: str, headers: dict[str, str]) -> list[tuple[str, int, str | None, int | None]]:
    await suite.apps[service].state.kit.journal.write()
    answer = await suite.clients[service].get("/v1/journal", headers=headers)
    assert answer.status_code == 200, answer.text
    return [(one["route"], one["status"], one["code"], one["lines_refused"]) for one in answer.json()["items"]]


async def test_every_service_tells_a_client_what_it_was_refused(described: Suite) -> None:
    headers = await described.token(DISTRICT_A, *(scope for scope in Scope if scope is not Scope.EVENTS_READ))
    refused = {
        "exchange": ("PUT", "/v1/calendar/years/{year}", "/v1/calendar/years/2027"),
        "policy": ("GET", "/v1/events", "/v1/events"),
        "catalog": ("GET", "/v1/events", "/v1/events"),
        "request": ("GET", "/v1/events", "/v1/events"),
        "search": ("PUT", "/v1/stop-words", "/v1/stop-words"),
    }
    assert set(refused) == set(described.apps)
    for service, (method, route, address) in refused.items():
        answer: httpx.Response = await described.clients[service].request(method, address, headers=headers, json={})
        kind = "reads" if method == "GET" else "writes"
        assert answer.headers["ratelimit-policy"].startswith(f'"{kind}";q='), answer.text
        ((where, status, code, _),) = await kept(described, service, headers)
        assert (where, status, code) == (route, answer.status_code, answer.json()["code"])
        assert status in (403, 422)


async def test_lines_of_a_batch_are_counted(described: Suite) -> None:
    headers = await described.token(DISTRICT_A, *Scope) | {"Content-Type": "application/x-ndjson"}
    for address in ("/v1/tasks:batch", "/v1/publications:batch", "/v1/list-entries:batch"):
        assert (await described.clients["catalog"].post(address, content="no\n{}\n", headers=headers)).is_success
    lines = await kept(described, "catalog", headers)
    assert [one[3] for one in lines] == [2, 2, 2]
