"""Templates of notices over HTTP, and numbers without gaps, on a real PostgreSQL."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any

import docx
import httpx
import pytest

from services.request_api.repository.requests import next_number
from services.request_api.rules.notices import FIELDS, FORMS
from services.request_api.service.notices.remedy_texts import remedies_for
from services.request_api.service.notices.rendering import built_in_template
from services.request_api.service.notices.templates import number_notice
from shared.kit.errors import RuleViolation
from shared.schemas.notices import NoticeKind
from shared.schemas.organizations import Organization
from shared.schemas.request_codes import DecisionCode
from shared.schemas.scopes import Scope
from tests.request_office import RequestOffice, open_request_office
from tests.services import BUREAU_A, CITY, DISTRICT_A, DISTRICT_B, TREE

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXTENSION = NoticeKind.EXTENSION
VALUES = {name: f"{FIELDS[name]}甲" for name in FORMS[EXTENSION].needs}
HOLDERS = "".join(f"{{{{{name}}}}}" for name in FORMS[EXTENSION].needs)


@pytest.fixture
async def office(database_url: Callable[[str], str]) -> AsyncIterator[RequestOffice]:
    async with open_request_office(database_url) as opened:
        yield opened


def template(*lines: str) -> bytes:
    document = docx.Document()
    document.core_properties.author = "宁若溪"
    for line in lines:
        document.add_paragraph(line)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


async def put(office: RequestOffice, org: str, content: bytes, *, by: str = CITY, kind: str = "extension") -> Any:
    headers = await office.suite.token(by, Scope.NOTICE_WRITE)
    path = f"/v1/organizations/{org}/notice-templates/{kind}"
    return await office.suite.clients["request"].put(path, files={"file": ("a.docx", content)}, headers=headers)


async def preview(office: RequestOffice, org: str, fields: dict[str, str] | None = None, **more: Any) -> httpx.Response:
    headers = await office.suite.token(CITY, Scope.NOTICE_WRITE)
    body = {"organization": org, "kind": "extension", "fields": VALUES if fields is None else fields} | more
    return await office.suite.clients["request"].post("/v1/notices:preview", json=body, headers=headers)


def text_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    return "\n".join(paragraph.text for paragraph in docx.Document(io.BytesIO(answer.content)).paragraphs)


async def test_an_office_replaces_a_template_for_itself_and_those_below(office: RequestOffice) -> None:
    own = await put(office, DISTRICT_A, template("历下区专用", HOLDERS))
    assert (own.status_code, own.json()["version"], own.json()["organization"]) == (200, 1, DISTRICT_A)
    assert "历下区专用" in text_of(await preview(office, DISTRICT_A))
    assert "历下区专用" in text_of(await preview(office, BUREAU_A))
    assert "历下区专用" not in text_of(await preview(office, DISTRICT_B))
    below = await put(office, BUREAU_A, template("教育局专用", HOLDERS), by=BUREAU_A)
    assert below.json()["organization"] == BUREAU_A
    assert "教育局专用" in text_of(await preview(office, BUREAU_A))
    assert "历下区专用" in text_of(await preview(office, DISTRICT_A))


async def test_the_list_says_whose_template_is_in_force(office: RequestOffice) -> None:
    await put(office, DISTRICT_A, template("一", HOLDERS))
    await put(office, DISTRICT_A, template("二", HOLDERS))
    headers = await office.suite.token(BUREAU_A, Scope.REQUEST_HANDLE)
    answer = await office.suite.clients["request"].get(
        f"/v1/organizations/{BUREAU_A}/notice-templates", headers=headers
    )
    lines = {line["kind"]: line for line in answer.json()}
    assert set(lines) == {kind.value for kind in NoticeKind}
    assert (lines["extension"]["organization"], lines["extension"]["version"]) == (DISTRICT_A, 2)
    assert (lines["fee"]["organization"], lines["fee"]["version"]) == (None, 0)
    assert {field["name"] for field in lines["fee"]["fields"] if field["mandatory"]} == set(FORMS[NoticeKind.FEE].needs)


async def test_the_same_file_again_changes_nothing(office: RequestOffice) -> None:
    first = await put(office, DISTRICT_A, template("一", HOLDERS))
    again = await put(office, DISTRICT_A, first_content := template("一", HOLDERS))
    assert again.json() == first.json()
    taken = await office.suite.clients["request"].get(
        f"/v1/organizations/{DISTRICT_A}/notice-templates/extension",
        headers=await office.suite.token(CITY, Scope.NOTICE_WRITE),
    )
    assert taken.headers["content-type"] == DOCX
    assert "宁若溪" in docx.Document(io.BytesIO(first_content)).core_properties.author
    assert docx.Document(io.BytesIO(taken.content)).core_properties.author == ""
    assert (await put(office, DISTRICT_A, taken.content)).json() == first.json()


async def test_a_template_that_does_not_fit_is_refused_with_the_list(office: RequestOffice) -> None:
    answer = await put(office, DISTRICT_A, template("{{number}} {{secret}} {{remedies}}"))
    assert answer.status_code == 422
    details = [error["detail"] for error in answer.json()["errors"]]
    assert "“政府信息公开延期答复告知书”没有字段{{secret}}" in details
    assert "“政府信息公开延期答复告知书”没有字段{{remedies}}" in details
    assert "缺少必备字段{{workdays}}（延长工作日数）" in details
    assert (await put(office, DISTRICT_A, b"no package")).status_code == 422
    assert (await put(office, DISTRICT_A, b"x" * 2_100_000)).status_code == 413
    assert "宁若溪" not in text_of(await preview(office, DISTRICT_A))


async def test_only_who_writes_templates_for_that_subtree_may(office: RequestOffice) -> None:
    outside = await put(office, DISTRICT_B, template(HOLDERS), by=DISTRICT_A)
    assert (outside.status_code, outside.json()["code"]) == (403, "outside_subtree")
    assert (await put(office, DISTRICT_A, template(HOLDERS), kind="letter")).status_code == 422
    handler = await office.suite.token(DISTRICT_A, Scope.REQUEST_HANDLE)
    path = f"/v1/organizations/{DISTRICT_A}/notice-templates/extension"
    answer = await office.suite.clients["request"].put(path, files={"file": ("a", b"x")}, headers=handler)
    assert answer.json()["code"] == "insufficient_scope"


async def test_a_preview_lacks_nothing_and_is_not_kept(office: RequestOffice) -> None:
    answer = await preview(office, DISTRICT_A, VALUES | {"reason": " "})
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/fields/reason"]
    answer = await preview(office, DISTRICT_A, dated="2025-09-22")
    assert answer.headers["cache-control"].startswith("no-store")
    assert answer.content == (await preview(office, DISTRICT_A)).content
    # The day is the office's: a document made on another one differs in that alone.
    assert answer.content != (await preview(office, DISTRICT_A, dated="2025-09-23")).content
    wrong = await preview(office, DISTRICT_A, decision="C1", kind="reply_granted")
    assert {error["pointer"] for error in wrong.json()["errors"]} >= {"/decision", "/fields/workdays"}


async def test_two_uploads_at_once_make_two_versions(office: RequestOffice) -> None:
    answers = await asyncio.gather(*(put(office, DISTRICT_A, template(f"第{n}版", HOLDERS)) for n in range(6)))
    assert sorted(answer.json()["version"] for answer in answers) == [1, 2, 3, 4, 5, 6]
    active = await office.database.reads.fetchval("SELECT count(*) FROM notice_template WHERE is_active")
    assert active == 1


class _Undone(Exception):
    pass


async def test_numbers_have_no_gap_when_32_write_at_once_and_some_roll_back(office: RequestOffice) -> None:
    async def write(n: int) -> int | None:
        try:
            async with office.database.write() as session:
                number = await next_number(await session.driver(), CITY, "notice 公复", 2026)
                if n % 3 == 0:
                    raise _Undone
                return number
        except _Undone:
            return None

    given = await asyncio.gather(*(write(n) for n in range(32)))
    kept = sorted(number for number in given if number is not None)
    assert kept == list(range(1, len(kept) + 1))
    assert len(kept) == 21


async def test_numbers_are_counted_by_organisation_mark_and_year(office: RequestOffice) -> None:
    settings = office.suite.apps["request"].state.kit.settings
    settings = settings.model_copy(update={"notice_number_formats": {DISTRICT_B: "市中府{mark}〔{year}〕第{n}号"}})
    a = Organization(**TREE[DISTRICT_A].model_dump(), code=DISTRICT_A, path=[CITY, DISTRICT_A], version=1)
    a = a.model_copy(update={"short_name": "历下"})
    b = Organization(**TREE[DISTRICT_B].model_dump(), code=DISTRICT_B, path=[CITY, DISTRICT_B], version=1)
    wanted = [
        (a, NoticeKind.REPLY_GRANTED, 2026, "历下公复〔2026〕1号"),
        (a, NoticeKind.REPLY_DENIED, 2026, "历下公复〔2026〕2号"),
        (a, NoticeKind.CORRECTION, 2026, "历下公补〔2026〕1号"),
        (a, NoticeKind.REPLY_GRANTED, 2027, "历下公复〔2027〕1号"),
        (b, NoticeKind.REPLY_GRANTED, 2026, "市中府公复〔2026〕第1号"),
    ]
    async with office.database.write() as session:
        for organization, kind, year, number in wanted:
            assert await number_notice(session, organization, kind, year=year, settings=settings) == number


async def test_built_in_templates_can_be_handed_in_as_they_are(office: RequestOffice) -> None:
    for kind in NoticeKind:
        answer = await put(office, DISTRICT_A, built_in_template(kind).content, kind=kind.value)
        assert answer.status_code == 200, answer.text


async def test_a_document_holds_nothing_of_its_day_but_the_day(office: RequestOffice) -> None:
    office.set_day(date(2026, 3, 4))
    answer = await preview(office, CITY)
    properties = docx.Document(io.BytesIO(answer.content)).core_properties
    assert properties.created is not None
    assert properties.created.date() == date(2026, 3, 4)
    assert (properties.author, properties.title, properties.last_modified_by) == ("", "", "")


async def test_remedies_name_the_government_above_and_the_court(office: RequestOffice) -> None:
    kit = office.suite.apps["request"].state.kit
    settings = kit.settings.model_copy(update={"courts": {BUREAU_A: "泉城铁路运输法院"}})
    bureau, city = await kit.directory.get(BUREAU_A), await kit.directory.get(CITY)
    text = await remedies_for(bureau, DecisionCode.C4, kit.directory, settings)
    assert "先向历下区人民政府申请行政复议" in text
    assert "向泉城铁路运输法院提起" in text
    text = await remedies_for(city, DecisionCode.F1, kit.directory, settings)
    assert text.startswith("如对本告知书不服")
    assert f"向{settings.province_government}申请行政复议" in text
    assert "向有管辖权的人民法院提起" in text
    orphan = bureau.model_copy(update={"path": [BUREAU_A]})
    with pytest.raises(RuleViolation, match="复议机关"):
        await remedies_for(orphan, DecisionCode.C4, kit.directory, settings)
