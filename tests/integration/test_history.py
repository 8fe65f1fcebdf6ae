"""Invented documents imported into running services: their history on every day, and an import that is broken off."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.schemas.organizations import OrganizationKind
from shared.schemas.policies import PolicyInput, Validity
from tests.services import CITY, Suite
from tools.check_history import check_histories, expectations, histories
from tools.import_documents import running
from tools.import_documents import suite as import_suite
from tools.import_documents.journal import Journal
from tools.import_documents.report import Report
from tools.import_documents.running import Mapped, map_rows, run_import
from tools.import_documents.sources import SourceRow, recognize
from tools.import_documents.suite import SCOPES, Credentials


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    async def go_on(attempt: int) -> None:
        pass

    monkeypatch.setattr(running, "pause", go_on)
    monkeypatch.setattr(import_suite, "pause", go_on)


def law(number: int, promulgated_on: str, effective_on: str | None, *acts: tuple[str, str, str]) -> dict[str, Any]:
    return {
        "id": f"law-{number}",
        "title": "泉城市湖岸保护条例",
        "category": "地方性法规",
        "region": "山东省",
        "city": "泉城市",
        "version_date": promulgated_on,
        "effective_date": effective_on,
        "commencement_in_text": "2012-03-01",
        "history": [{"date": day, "event": event, "text": text} for day, event, text in acts],
        "body_markdown": f"第一条 第{number}个文本。\n\n第二条 本条例自2012年3月1日起施行。",
    }


PASSED = ("2012-01-10", "passed", "2012年1月10日会议通过")
AMENDED = ("2016-05-20", "amended", "2016年5月20日会议第一次修正")
REVISED = ("2021-09-30", "revised", "2021年9月30日会议修订")
# As a file might hold them: neither in order nor with their dates where one would look.
LAWS = [
    law(3, "2021-09-30", "2022-01-01", PASSED, AMENDED, REVISED),
    law(1, "2012-01-10", None, PASSED),
    law(2, "2016-05-20", None, PASSED, AMENDED),
]


def notice(number: int) -> dict[str, Any]:
    return {
        "title": f"关于湖岸第{number}段步道的通知",
        "issuers": ["泉城市人民政府"],
        "doc_no": f"泉政发〔2020〕{number}号",
        "external_id": f"notice-{number}",
        "published_on": "2020-03-02",
        "body": f"第{number}段步道开放。",
    }


def mapped(*fields: dict[str, Any]) -> Mapped:
    rows = [SourceRow("测试.jsonl", number, recognize(one), one) for number, one in enumerate(fields, 1)]
    return map_rows(rows)


class Importer:
    """Imports into the test's services with a client of the root."""

    def __init__(self, library: Suite, credentials: Credentials, folder: Path) -> None:
        self.library, self.credentials, self.folder = library, credentials, folder

    async def run(self, documents: Mapped, *, policy: httpx.AsyncClient | None = None) -> Report:
        target = import_suite.Suite(self.library.exchange, policy or self.library.policy, self.credentials)
        with Journal(self.folder, target="test") as journal:
            return await run_import(documents, target, journal)


@pytest.fixture
async def importer(library: Suite, tmp_path: Path) -> Importer:
    wanted = {"name": "文件导入", "organization": CITY, "scopes": [scope.value for scope in SCOPES]}
    created = await library.exchange.post("/v1/clients", json=wanted, headers=library.admin)
    secret = created.json()["secret"]
    return Importer(library, Credentials(secret["client_id"], secret["client_secret"]), tmp_path)


def outcomes(report: Report) -> dict[str, str]:
    return {row.row.split()[-1]: row.outcome for row in report.rows}


async def test_every_day_has_its_text_and_its_validity(importer: Importer) -> None:
    documents = mapped(*LAWS)
    report = await importer.run(documents)
    assert outcomes(report) == {"law-1": "created", "law-2": "updated", "law-3": "updated"}
    verdict = await check_histories(importer.library.policy, histories(documents.items))
    assert (verdict.documents, verdict.answers, verdict.pairs, verdict.faults) == (1, 9, 3, [])
    policy_id = report.rows[0].id
    for day, number, validity in (
        ("2012-02-29", 1, Validity.NOT_YET),
        ("2012-03-01", 1, Validity.IN_FORCE),
        ("2016-05-19", 1, Validity.IN_FORCE),
        ("2016-05-20", 2, Validity.IN_FORCE),
        ("2021-12-31", 2, Validity.IN_FORCE),
        ("2022-01-01", 3, Validity.IN_FORCE),
    ):
        answer = await importer.library.policy.get(f"/v1/policies/{policy_id}", params={"as_of": day})
        assert f"第{number}个文本" in answer.json()["body"], day
        assert answer.json()["validity"] == validity, day


async def test_the_check_finds_a_text_that_is_not_the_days(importer: Importer) -> None:
    documents = mapped(*LAWS)
    await importer.run(documents)
    (key, texts), *_ = histories(documents.items).items()
    wrong = [texts[0], texts[1].model_copy(update={"body": "另一个文本。"}), texts[2]]
    verdict = await check_histories(importer.library.policy, {key: wrong, "law-没有": texts})
    assert [fault.partition("：")[0] for fault in verdict.faults] == [
        f"{key} 2016-05-20",
        f"{key} 2016-05-21",
        f"{key} 2021-12-31",
        "law-没有",
    ]


def test_expected_days_are_those_around_each_text() -> None:
    texts = [
        PolicyInput(title="湖岸办法", body=body, effective_on=day)
        for body, day in (("甲", date(2020, 1, 1)), ("乙", date(2020, 1, 2)))
    ]
    assert [(e.day.day, e.body, e.validity) for e in expectations(texts)] == [
        (31, "甲", Validity.NOT_YET),
        (1, "甲", Validity.IN_FORCE),
        (2, "乙", Validity.IN_FORCE),
        (3, "乙", Validity.IN_FORCE),
    ]


async def test_a_second_run_sends_nothing_and_a_lost_journal_changes_nothing(importer: Importer) -> None:
    documents = mapped(*LAWS, notice(1))
    first = await importer.run(documents)
    second = await importer.run(documents)
    assert set(outcomes(second).values()) == {"already_sent"}
    (importer.folder / "journal.jsonl").unlink()
    third = await importer.run(documents)
    assert set(outcomes(third).values()) == {"unchanged"}
    assert {row.id for row in first.rows} == {row.id for row in second.rows} == {row.id for row in third.rows}


async def test_a_bad_row_is_refused_with_its_reason_and_its_neighbours_are_in(importer: Importer) -> None:
    twin = {**notice(3), "doc_no": notice(1)["doc_no"]}
    report = await importer.run(mapped(notice(1), twin, {"title": "某通知"}, notice(2)))
    assert [row.outcome for row in report.rows] == ["refused", "created", "refused", "created"]
    assert "至少要有" in (report.rows[0].reason or "")
    assert "document_number_taken" in (report.rows[2].reason or "")
    assert report.as_json()["totals"]["refused"] == 2


async def test_organisations_that_are_missing_stand_below_external_sources(importer: Importer) -> None:
    report = await importer.run(mapped(LAWS[1], notice(1)))
    assert [found["name"] for found in report.organizations_registered] == ["外部来源", "泉城市人民代表大会常务委员会"]
    root, congress = (found["code"] for found in report.organizations_registered)
    stored = (await importer.library.exchange.get(f"/v1/organizations/{congress}")).json()
    assert (stored["path"], stored["kind"]) == ([CITY, root, congress], OrganizationKind.EXTERNAL)
    by_row = {row.external_id: row.organization for row in report.rows}
    assert by_row["notice-1"] == CITY  # It was registered under its own name already.


class _Breaking(httpx.AsyncBaseTransport):
    """Lets a batch through and loses its answer after some lines, the first times."""

    def __init__(self, inner: httpx.AsyncBaseTransport, *, breaks: int, after_lines: int) -> None:
        self._inner, self._breaks, self._after = inner, breaks, after_lines
        self.batches = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        if request.url.path != "/v1/policies:batch":
            return answer
        self.batches += 1
        if self.batches > self._breaks:
            return answer
        lines = (await answer.aread()).splitlines(keepends=True)
        return httpx.Response(200, headers=answer.headers, stream=_Cut(lines[: self._after]))


class _Busy(httpx.AsyncBaseTransport):
    """Answers the second line of the first batch as a suite does whose database is away."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self.batches = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != "/v1/policies:batch":
            return await self._inner.handle_async_request(request)
        self.batches += 1
        if self.batches > 1:
            return await self._inner.handle_async_request(request)
        first, *_ = (await request.aread()).splitlines(keepends=True)
        stored = await self._inner.handle_async_request(
            httpx.Request("POST", request.url, headers=_without_length(request), content=first)
        )
        busy = b'{"line":2,"status":503,"problem":{"code":"unavailable"}}\n'
        return httpx.Response(
            200, headers={"content-type": "application/x-ndjson"}, content=await stored.aread() + busy
        )


def _without_length(request: httpx.Request) -> dict[str, str]:
    return {name: request.headers[name] for name in ("authorization", "content-type")}


class _Cut(httpx.AsyncByteStream):
    def __init__(self, lines: list[bytes]) -> None:
        self._lines = lines

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for line in self._lines:
            yield line
        raise httpx.ReadError("cut")


async def test_an_answer_that_breaks_off_is_asked_for_again(importer: Importer) -> None:
    transport = _Breaking(importer.library.policy._transport, breaks=1, after_lines=2)
    async with httpx.AsyncClient(transport=transport, base_url="http://policy.test") as policy:
        report = await importer.run(mapped(*(notice(number) for number in range(1, 6))), policy=policy)
    assert transport.batches == 2
    # Three rows were stored although their answers were lost: asked again, they are unchanged.
    assert [row.outcome for row in report.rows] == ["created", "created", "unchanged", "unchanged", "unchanged"]


async def test_a_line_that_the_suite_could_not_store_now_is_sent_again(importer: Importer) -> None:
    transport = _Busy(importer.library.policy._transport)
    async with httpx.AsyncClient(transport=transport, base_url="http://policy.test") as policy:
        report = await importer.run(mapped(notice(1), notice(2)), policy=policy)
    assert transport.batches == 2
    assert [row.outcome for row in report.rows] == ["created", "created"]


async def test_a_suite_that_stays_away_ends_the_run_and_the_next_goes_on(importer: Importer) -> None:
    documents = mapped(*(notice(number) for number in range(1, 6)))
    transport = _Breaking(importer.library.policy._transport, breaks=100, after_lines=0)
    async with httpx.AsyncClient(transport=transport, base_url="http://policy.test") as policy:
        report = await importer.run(documents, policy=policy)
    assert report.broken_off is not None
    assert report.rows == []
    again = await importer.run(documents)
    assert again.broken_off is None
    assert len(again.rows) == 5
