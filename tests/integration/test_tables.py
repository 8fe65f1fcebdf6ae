"""Catalogs as tables over HTTP: preview, import, export, templates; and files that mean harm."""

import io
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import openpyxl
import pytest

from services.catalog_api.service.importing import WORKBOOKS
from shared.kit.confined import ConfinedReader, ReaderLimits
from shared.kit.errors import DomainError
from tests.catalogs import CatalogOffice, catalog, item, open_catalog_office
from tests.services import BUREAU_A, CITY
from tests.tables import cells_of, hostile, row, workbook

HOSTILE = hostile()


@pytest.fixture
async def office(database_url: Callable[[str], str]) -> AsyncIterator[CatalogOffice]:
    async with open_catalog_office(database_url) as opened:
        yield opened


@pytest.fixture(scope="module")
async def reader() -> AsyncIterator[ConfinedReader]:
    made = ConfinedReader(WORKBOOKS, ReaderLimits(memory_bytes=600_000_000, seconds=20.0, at_once=2))
    yield made
    await made.close()


async def send(office: CatalogOffice, action: str, content: bytes, name: str = "base", **params: Any) -> httpx.Response:
    path = f"/v1/organizations/{CITY}/catalogs/{name}:{action}"
    client = office.suite.clients["catalog"]
    return await client.post(
        path, files={"file": ("目录.xlsx", content)}, headers=await office.headers_of("drafter"), params=params
    )


async def test_preview_says_what_import_does(office: CatalogOffice) -> None:
    content = workbook([row(), row(2, second="学校名录")])
    preview = (await send(office, "preview", content)).json()
    assert [(one["row"], one["change"]) for one in preview["rows"]] == [(4, "added"), (5, "added")]
    assert (await office.call(None, "GET", "/v1/catalogs")).json()["items"] == []
    made = await send(office, "import", content)
    assert made.status_code == 201, made.text
    assert (made.json()["items"], made.json()["state"], made.json()["incomplete"]) == (2, "draft", [])
    again = (await send(office, "preview", content)).json()
    assert (again["unchanged"], again["added"], again["removed"]) == (2, 0, [])
    shorter = workbook([row(limit="制定或获取信息之日起10个工作日内")])
    changed = (await send(office, "preview", shorter)).json()
    assert [(one["change"], one["fields"]) for one in changed["rows"]] == [("changed", ["time_limit"])]
    assert [one["title"] for one in changed["removed"]] == ["招生管理／学校名录"]


async def test_preview_says_what_was_read_otherwise_than_it_is_written(office: CatalogOffice) -> None:
    rows = [row(), row(2, second="学校名录", basis="同上", channels="■政府服务中心", limit="领导同意以后")]
    first, second = (await send(office, "preview", workbook(rows))).json()["rows"]
    assert first["remarks"] == []
    assert second["remarks"] == [
        "“同上”沿用上一行：《政府信息公开条例》",
        "公开渠道“政府服务中心”按“政务服务中心”读取",
        "公开时限“领导同意以后”没有读懂，按原文保留；请在目录中写明规则（limit）",
    ]


async def test_a_domain_is_named_by_code_or_in_chinese(office: CatalogOffice) -> None:
    for number, named in enumerate(("social_assistance", "社会救助")):
        content = workbook([row()], title="泉城市政务公开标准目录")
        params = {"domain": named, "title": "社会救助目录"}
        made = await send(office, "import", content, f"t{number}", **params)
        assert made.status_code == 201, made.text
        version = await office.call("drafter", "GET", f"/v1/catalogs/{made.json()['id']}/versions/1")
        assert [one["domain"] for one in version.json()["content"]["items"]] == ["social_assistance"]


async def test_table_with_a_wrong_row_is_refused_whole_and_row_by_row(office: CatalogOffice) -> None:
    content = workbook([row(), row(2, second="学校名录", everybody="√", specific="√"), row(3, content="")])
    refused = await send(office, "import", content)
    assert refused.status_code == 422
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/Sheet1/5", "/Sheet1/6"]
    assert (await send(office, "preview", content)).json()["refused"] == 2


async def test_what_a_table_does_not_say_stays(office: CatalogOffice) -> None:
    (first,) = (await send(office, "preview", workbook([row()]))).json()["rows"]
    ten = {"kind": "within", "period": {"days": 10, "unit": "workdays"}, "trigger": "formed"}
    kept = item(
        first["key"],
        first_level="招生管理",
        second_level="招生范围",
        organization=BUREAU_A,
        channels=["web", "social"],
        channel_limits={"web": ten},
        limit=ten,
    )
    await office.draft(catalog(kept))
    (change,) = (await send(office, "preview", workbook([row()]))).json()["rows"]
    assert not {"organization", "limit", "channel_limits"} & set(change["fields"])


async def test_export_imports_as_it_was(office: CatalogOffice) -> None:
    given = [row(), row("0505", second="学校介绍", channels="政府网站、区级平台"), row(3, second="名录", limit="同上")]
    assert (await send(office, "import", workbook(given))).status_code == 201
    catalog_id = (await send(office, "import", workbook(given))).json()["id"]
    for action in ("review", "enforce"):
        assert (await office.move(catalog_id, 1, action)).status_code == 200
    for kind in ("xlsx", "csv"):
        exported = await office.call(None, "GET", f"/v1/catalogs/{catalog_id}/table", params={"format": kind})
        assert exported.status_code == 200
        assert f".{kind}" in exported.headers["content-disposition"]
        again = (await send(office, "preview", exported.content)).json()
        assert (again["unchanged"], again["refused"]) == (3, 0), again
        if kind == "xlsx":
            assert [line[:14] for line in cells_of(exported.content)[3:]] == [
                [str(cell) for cell in one] for one in given
            ]


async def test_item_without_what_it_needs_is_imported_and_not_reviewed(office: CatalogOffice) -> None:
    made = (await send(office, "import", workbook([row(limit="", publisher="", channels="")]))).json()
    assert made["incomplete"] == made["unparsed"]
    refused = await office.move(made["id"], 1, "review")
    assert refused.status_code == 422
    assert "公开主体、公开渠道和载体、公开时限" in refused.json()["errors"][0]["detail"]


async def test_every_template_can_be_put_in_force(office: CatalogOffice) -> None:
    domains = (await office.call(None, "GET", "/v1/domains")).json()
    assert len(domains) == 26
    for domain in (one for one in domains if one["examples"]):
        items = (await office.call(None, "GET", f"/v1/domains/{domain['code']}/template")).json()
        receipt = (await office.draft(catalog(*items), domain["code"].replace("_", "-"))).json()
        assert (receipt["items"], receipt["unparsed"], receipt["incomplete"]) == (domain["examples"], [], [])
        table = await office.call(None, "GET", f"/v1/domains/{domain['code']}/template/table")
        preview = (await send(office, "preview", table.content, domain["code"].replace("_", "-"))).json()
        assert (preview["refused"], preview["added"]) == (0, 0), preview


@pytest.mark.parametrize("name", sorted(HOSTILE))
async def test_file_that_means_harm_is_refused_with_its_reason(reader: ConfinedReader, name: str) -> None:
    content, reasons = HOSTILE[name]
    with pytest.raises(DomainError) as refused:
        await reader.read(content)
    assert refused.value.facts["reason"] in [*reasons.split(), "too_costly"]


async def test_harmless_parts_are_named(office: CatalogOffice) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook([row()])))
    book.worksheets[0]["D4"] = "=1+1"
    hidden = book.create_sheet("底稿")
    hidden.sheet_state = "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    preview = (await send(office, "preview", buffer.getvalue())).json()
    said = "；".join(preview["remarks"])
    assert "1处公式" in said
    assert "底稿" in said
    assert "没有写公开内容" in preview["rows"][0]["problems"]
