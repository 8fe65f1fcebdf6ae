"""Export, then follow the log from its closing cursor: the full state, even while everybody writes."""

import asyncio
import json
from typing import Any

import httpx

from shared.schemas.events import ExportEnd
from shared.schemas.scopes import Scope
from tests.services import CITY, DISTRICT_A, Suite, credit_code

CODES = [credit_code(f"113701020041{number:05d}") for number in range(1000, 1012)]
ROUNDS = 6


async def write_round(suite: Suite, code: str, number: int) -> None:
    body = {"name": f"机关{number}", "level": "district", "division_code": "370102", "parent": DISTRICT_A}
    answer = await suite.exchange.put(f"/v1/organizations/{code}", json=body, headers=suite.admin)
    assert answer.is_success, answer.text


async def keep_writing(suite: Suite, code: str) -> None:
    for number in range(ROUNDS):
        await write_round(suite, code, number)


async def rebuild(suite: Suite, headers: dict[str, str]) -> tuple[dict[str, tuple[int, Any]], str]:
    """State by subject, and where the log is to be followed from."""
    exported = (await suite.exchange.get("/v1/export", headers=headers)).text.splitlines()
    lines, end = [json.loads(line) for line in exported[:-1]], ExportEnd.model_validate_json(exported[-1])
    assert end.count == len(lines)
    assert [line["subject"] for line in lines] == sorted(line["subject"] for line in lines)
    return {line["subject"]: (line["version"], line["data"]) for line in lines}, end.cursor


async def follow(suite: Suite, headers: dict[str, str], state: dict[str, tuple[int, Any]], cursor: str) -> str:
    """Apply what came after; a version that is not newer would mean that export and log overlap."""
    while True:
        answer: httpx.Response = await suite.exchange.get("/v1/events", params={"after": cursor}, headers=headers)
        page = answer.json()
        for event in page["events"]:
            known = state.get(event["subject"], (0, None))[0]
            assert event["subjectversion"] == known + 1
            state[event["subject"]] = (event["subjectversion"], event["data"])
        cursor = page["cursor"]
        if page["at_end"]:
            return cursor


async def test_export_and_log_together_are_the_whole_state(suite: Suite) -> None:
    headers = await suite.token(CITY, Scope.EVENTS_READ)
    writing = asyncio.gather(*(keep_writing(suite, code) for code in CODES))
    readers = []
    while not writing.done():
        state, cursor = await rebuild(suite, headers)
        readers.append((state, await follow(suite, headers, state, cursor)))
    await writing
    final, _ = await rebuild(suite, headers)
    assert len(final) == 4 + len(CODES)
    assert len(readers) >= 2
    for state, cursor in readers:
        await follow(suite, headers, state, cursor)
        assert state == final


async def test_exported_hash_is_the_etags(suite: Suite) -> None:
    headers = await suite.token(CITY, Scope.EVENTS_READ)
    answer = await suite.exchange.get("/v1/export", headers=headers)
    assert answer.headers["content-type"].startswith("application/x-ndjson")
    line = json.loads(answer.text.splitlines()[0])
    stored = await suite.exchange.get(f"/v1/organizations/{line['subject']}")
    assert (f'"{line["hash"]}"', line["data"]) == (stored.headers["etag"], stored.json())


async def test_exports_beyond_their_places_are_asked_to_come_back(suite: Suite) -> None:
    reader = await suite.token(CITY, Scope.EVENTS_READ)
    places: asyncio.Semaphore = suite.apps["exchange"].state.kit.exports
    taken = 0
    while not places.locked():
        await places.acquire()
        taken += 1
    refused = await suite.exchange.get("/v1/export", headers=reader)
    assert (refused.status_code, refused.json()["code"], refused.headers["retry-after"]) == (503, "unavailable", "30")
    places.release()
    for _ in range(2):
        assert (await suite.exchange.get("/v1/export", headers=reader)).status_code == 200
    assert taken > 1
