"""Notices that go out with the steps, and an answer's files: looked into, redacted, cleared, opened. All text is invented."""

import io
import zipfile
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from docx import Document

from tests.request_office import ID_NUMBER, PERSON, RequestOffice, granted, open_request_office, request


@pytest.fixture
async def office(database_url: Callable[[str], str]) -> AsyncIterator[RequestOffice]:
    async with open_request_office(database_url) as opened:
        yield opened


def words_of(content: bytes) -> str:
    document = Document(io.BytesIO(content))
    return "\n".join(paragraph.text for paragraph in document.paragraphs)


async def documents(office: RequestOffice, receipt: dict[str, Any]) -> dict[str, str]:
    """What the applicant can download, by title without its number."""
    params = {"number": receipt["number"], "code": receipt["query_code"]}
    tracked = (await office.call(None, "GET", "/v1/track", params=params)).json()
    found = {}
    for one in tracked["documents"]:
        answer = await office.call(None, "GET", f"/v1/track/documents/{one['id']}", params=params)
        assert answer.status_code == 200, answer.text
        found[one["title"].partition("（")[0]] = words_of(answer.content)
    return found


async def test_every_step_sends_its_notice_and_the_reply_has_the_right_remedy(office: RequestOffice) -> None:
    receipt = await office.submit()
    rid = receipt["id"]
    await office.moved(rid, "request-correction", "2025-09-23", items=["请写明文号", "请写明年份"])
    await office.moved(rid, "correct", "2025-09-24", wanted={"description": "2024年青后片区征收补偿方案"})
    letter = {"kind": "third_party", "name": "霍家昌", "question": "是否同意公开方案附件", "received_on": "2025-09-26"}
    await office.moved(rid, "consultations", "2025-09-26", **letter)
    await office.moved(rid, "extend", "2025-10-22", workdays=10, reason="需要核实权属")
    withheld = [{"place": "附件二", "exemption": "EX15_PRIVACY", "reason": "涉及个人隐私"}]
    await office.decide(rid, "2025-10-24", {"decision": "B", "access": "邮寄复印件", "withheld": withheld})
    before = await documents(office, receipt)
    assert "政府信息部分公开答复书" not in before, "not before it is served"
    await office.moved(rid, "serve", "2025-10-24", method="electronic")
    told = await documents(office, receipt)
    assert set(told) == {
        *(
            "政府信息公开申请补正告知书",
            "政府信息公开征求意见告知书",
            "政府信息公开延期答复告知书",
            "政府信息部分公开答复书",
        ),
    }
    assert "1. 请写明文号\n2. 请写明年份" in told["政府信息公开申请补正告知书"]
    assert "2025年10月21日" not in told["政府信息公开申请补正告知书"]
    reply = told["政府信息部分公开答复书"]
    for expected in (
        "柳青禾",
        "条例》第三十七条",
        "附件二",
        "2025年9月23日告知补正",
        "延长答复期限10个工作日",
        "行政复议",
        "山东省人民政府",
    ):
        assert expected in reply, expected
    listed = [one["title"].partition("（")[0] for one in await notices(office, rid)]
    assert {"政府信息公开征求第三方意见书", "政府信息公开征求意见确认函"} < set(listed)
    assert "霍家昌" not in str(told), "letters to others are not the applicant's"
    listed = (await office.call("handler", "GET", f"/v1/requests/{rid}/notices")).json()
    assert [one["title"].partition("（")[0] for one in listed].count("政府信息公开征求第三方意见书") == 1
    third = next(one for one in listed if one["title"].startswith("政府信息公开征求第三方意见书"))
    opened = await office.call("handler", "POST", f"/v1/requests/{rid}/notices/{third['id']}:open")
    assert "霍家昌" in words_of(opened.content)
    assert "柳青禾" not in words_of(opened.content), "a third party is not told who asked"


async def notices(office: RequestOffice, rid: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await office.call("handler", "GET", f"/v1/requests/{rid}/notices")).json()
    return listed


async def test_the_office_keeps_a_sheet_of_each_request_to_itself(office: RequestOffice) -> None:
    receipt = await office.submit()
    rid = receipt["id"]
    await office.moved(rid, "accept", "2025-09-22")
    [sheet] = [one for one in await notices(office, rid) if one["title"].startswith("政府信息公开申请登记表")]
    opened = await office.call("handler", "POST", f"/v1/requests/{rid}/notices/{sheet['id']}:open")
    for expected in (receipt["number"], "柳青禾", ID_NUMBER, "邮寄（签收）", "纸质、邮寄", "2025年9月22日"):
        assert expected in words_of(opened.content), expected
    assert set(await documents(office, receipt)) == {"政府信息公开申请接收回执"}


async def test_REG_35_a_delayed_date_is_told_with_its_reason(office: RequestOffice) -> None:
    receipt = await office.submit()
    rid = receipt["id"]
    await office.moved(rid, "accept", "2025-09-22")
    await office.moved(rid, "ask-reasons", "2025-09-23", reason="一月内申请六十件")
    await office.moved(
        *(rid, "evaluate-reasons", "2025-09-25"),
        reasonable=True,
        evaluation="理由合理，但数量过大",
        delayed_until="2025-12-31",
    )
    told = (await documents(office, receipt))["政府信息公开申请延迟答复告知书"]
    for expected in ("柳青禾", "第三十五条", "数量过大", "2025年12月31日"):
        assert expected in told, expected


async def test_REG_32_who_objected_in_vain_is_told_what_is_disclosed_and_why(office: RequestOffice) -> None:
    receipt = await office.submit()
    rid = receipt["id"]
    await office.moved(rid, "accept", "2025-09-22")
    letter = {"kind": "third_party", "name": "霍家昌", "question": "补偿方案附件二", "received_on": "2025-09-24"}
    view = await office.moved(rid, "consultations", "2025-09-24", **letter)
    path = f"consultations/{view['consultations'][0]['id']}:answer"
    await office.moved(rid, path, "2025-09-29", opinion="objects", grounds="涉及经营信息")
    await office.answer(rid, "2025-10-15", granted(public_interest="涉及三百余户居民的安置权益"))
    listed = (await office.call("handler", "GET", f"/v1/requests/{rid}/notices")).json()
    told = next(one for one in listed if one["title"].startswith("政府信息依申请公开告知书"))
    opened = await office.call("handler", "POST", f"/v1/requests/{rid}/notices/{told['id']}:open")
    words = words_of(opened.content)
    for expected in ("霍家昌", "补偿方案附件二", "三百余户居民", "第三十二条"):
        assert expected in words
    assert "柳青禾" not in words
    assert told["title"] not in str((await documents(office, receipt)).keys())


@pytest.mark.parametrize(
    ("answer", "first"),
    [
        ({"decision": "C5", "exemption": "EX16_1_FLOW", "reasons": "属于内部工作流程"}, True),
        ({"decision": "A2", "access": "邮寄复印件"}, False),
        (
            {"decision": "D1b", "reasons": "由区政府制作", "responsible": {"name": "明湖区政府", "contact": "0531-0"}},
            False,
        ),
    ],
)
async def test_mistake_7_a_refusal_is_reviewed_first(
    office: RequestOffice, answer: dict[str, Any], first: bool
) -> None:
    receipt = await office.submit()
    await office.moved(receipt["id"], "accept", "2025-09-23")
    await office.answer(receipt["id"], "2025-10-15", answer)
    told = await documents(office, receipt)
    reply = next(text for title, text in told.items() if "答复书" in title)
    assert ("先" in reply.partition("行政复议")[0][-40:] or "应当先" in reply) is first
    assert "查询码" in told["政府信息公开申请接收回执"]


async def test_no_personal_data_is_in_a_documents_metadata(office: RequestOffice) -> None:
    receipt = await office.submit()
    await office.moved(receipt["id"], "accept", "2025-09-23")
    await office.answer(receipt["id"], "2025-10-15")
    params = {"number": receipt["number"], "code": receipt["query_code"]}
    tracked = (await office.call(None, "GET", "/v1/track", params=params)).json()
    for one in tracked["documents"]:
        content = (await office.call(None, "GET", f"/v1/track/documents/{one['id']}", params=params)).content
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            for name in package.namelist():
                part = package.read(name).decode("utf-8", "ignore")
                if name != "word/document.xml":
                    assert PERSON["name"] not in part, name
                assert ID_NUMBER not in part
                assert PERSON["phone"] not in part


async def test_a_lapse_tells_the_applicant_and_a_withdrawal_too(office: RequestOffice) -> None:
    receipt = await office.submit(request(channel="online", signed_on=None))
    await office.moved(receipt["id"], "confirm", "2025-09-22")
    await office.moved(receipt["id"], "withdraw", "2025-09-23", who="website")
    assert set(await documents(office, receipt)) == {"政府信息公开申请不再处理告知书"}


async def upload(office: RequestOffice, rid: str, name: str, content: bytes, *, role: str = "") -> httpx.Response:
    headers = await office.headers_of("website" if role else "handler")
    client = office.suite.clients["request"]
    path = f"/v1/requests/{rid}/files{role}"
    return await client.post(path, files={"file": (name, content)}, headers=headers)


def word(*paragraphs: str, author: str = "") -> bytes:
    document = Document()
    document.core_properties.author = author
    for text in paragraphs:
        document.add_paragraph(text)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


async def test_an_answers_file_with_a_number_is_kept_back_until_it_is_redacted(office: RequestOffice) -> None:
    receipt = await office.submit()
    rid = receipt["id"]
    await office.moved(rid, "accept", "2025-09-22")
    content = word("被征收人霍家昌，身份证号370103198809142340，补偿款若干。", "联系人霍家昌。")
    added = await upload(office, rid, "补偿明细.docx", content)
    assert added.status_code == 201, added.text
    file = added.json()
    assert (file["cleared"], [one["kind"] for one in file["findings"] if one["blocking"]]) == (
        False,
        ["identity_number"],
    )
    assert "370103198809142340" not in added.text
    await office.moved(rid, "draft", "2025-09-22", answer=granted())
    for kind in ("legal", "secrecy"):
        await office.moved(rid, "review", "2025-09-22", kind=kind, passes=True)
    assert (await office.move(rid, "approve", "2025-09-22")).status_code == 409
    cannot = await office.call(
        "reviewer", "POST", f"/v1/requests/{rid}/files/{file['id']}:clear", {"reason": "已经核对"}
    )
    assert cannot.status_code == 409
    terms = [
        {"term": "霍家昌", "exemption": "EX15_PRIVACY"},
        {"term": "370103198809142340", "exemption": "EX15_PRIVACY"},
    ]
    path = f"/v1/requests/{rid}/files/{file['id']}"
    # REG-17: what two reviewers have passed does not change behind them.
    unreviewed = [await office.call("handler", "POST", f"{path}:redact", {"terms": terms})]
    unreviewed.append(await upload(office, rid, "另附.txt", "另附一份".encode()))
    assert [(one.status_code, one.json()["allowed"]) for one in unreviewed] == [(409, ["returned"])] * 2
    await office.moved(rid, "return", "2025-09-22", reason="文件含有身份证号码")
    wrong = [{"term": "霍家晶", "exemption": "EX15_PRIVACY"}, *terms, {"term": "家昌", "exemption": "EX15_PRIVACY"}]
    misspelt = await office.call("handler", "POST", f"{path}:redact", {"terms": wrong})
    assert [one["pointer"] for one in misspelt.json()["errors"]] == ["/terms/0/term"], "家昌 goes with the whole name"
    redacted = await office.call("handler", "POST", f"{path}:redact", {"terms": terms})
    assert redacted.status_code == 201, redacted.text
    assert sum(one["count"] for one in redacted.json()["withheld"]) == 3
    assert redacted.json()["file"]["cleared"] is True
    assert (await office.call("handler", "DELETE", path)).status_code == 204
    await office.decide(rid, "2025-09-22")
    await office.moved(rid, "serve", "2025-09-22", method="electronic")
    params = {"number": receipt["number"], "code": receipt["query_code"]}
    tracked = (await office.call(None, "GET", "/v1/track", params=params)).json()
    attached = next(one for one in tracked["documents"] if one["title"] == "答复附件")
    got = (await office.call(None, "GET", f"/v1/track/documents/{attached['id']}", params=params)).content
    assert "霍家昌" not in words_of(got)
    assert "【不予公开：个人隐私】" in words_of(got)


async def test_what_the_applicant_hands_in_is_sealed_and_opened_on_the_record(office: RequestOffice) -> None:
    receipt = await office.submit(request(channel="online", signed_on=None))
    rid = receipt["id"]
    content = f"身份证复印件 {ID_NUMBER}".encode()
    added = await upload(office, rid, "柳青禾身份证.txt", content, role=":submit")
    assert added.status_code == 201, added.text
    letter = await office.submit(request(wanted={"description": "一封来信"}), "letter", who="handler")
    foreign = await upload(office, letter["id"], "身份证.txt", content, role=":submit")
    assert foreign.status_code == 403, "a website hands in files of what it handed in"
    row = await office.database.reads.fetchrow("SELECT name, content FROM request_file")
    assert ID_NUMBER.encode() not in bytes(row["content"])
    assert "柳青禾".encode() not in bytes(row["name"])
    opened = await office.call("handler", "POST", f"/v1/requests/{rid}/files/{added.json()['id']}:open")
    assert opened.content == content
    entries = await office.database.reads.fetch("SELECT entry FROM audit_entry")
    assert any("request.file_opened" in row["entry"] for row in entries)
    params = {"number": receipt["number"], "code": receipt["query_code"]}
    tracked = (await office.call(None, "GET", "/v1/track", params=params)).json()
    assert tracked["documents"] == []


async def test_hostile_and_unknown_files_are_refused(office: RequestOffice) -> None:
    receipt = await office.submit()
    await office.moved(receipt["id"], "accept", "2025-09-22")
    assert (await upload(office, receipt["id"], "a.exe", b"MZ")).status_code == 415
    assert (await upload(office, receipt["id"], "a.docx", b"PK\x03\x04broken")).status_code == 422
    assert (await upload(office, receipt["id"], "a.pdf", b"%PDF-1.7\nbroken")).status_code == 422
    assert (await upload(office, receipt["id"], "a.txt", b"")).status_code == 422
    for name in ("../../批复.txt", "C:\\文件\\批复.txt"):
        assert (await upload(office, receipt["id"], name, "批复".encode())).json()["name"] == "批复.txt"
    assert (await office.view(receipt["id"]))["state"] == "processing"
