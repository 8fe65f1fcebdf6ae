"""Guides, transfer lists, and the catalogs as DCAT-AP 3, checked by its mandatory properties."""

import csv
import io
import json
import warnings
from collections.abc import AsyncIterator, Callable
from typing import Any

import pyshacl
import pytest
import rdflib

from tests.catalogs import CatalogOffice, catalog, item, open_catalog_office, publication
from tests.services import BUREAU_A, CITY

GUIDE = {
    "categories": "机构职能、政策文件、规划计划、财政信息、应急管理",
    "arrangement": "按公开事项和生成日期编排，每条有索引号",
    "access": "门户网站、政府公报、市图书馆和市档案馆查阅场所",
    "office": "泉城市人民政府办公室政务公开科",
    "address": "泉城市龙鼎大道1号",
    "hours": "工作日9:00—12:00，13:30—17:30",
    "phone": "0531-00000000",
    "fax": "无",
    "online": "zwgk@quancheng.example",
}
# What DCAT-AP 3.0 makes mandatory of the three classes, and of which kind it must be.
SHAPES = """
@prefix sh: <http://www.w3.org/ns/shacl#> . @prefix dcat: <http://www.w3.org/ns/dcat#> .
@prefix dct: <http://purl.org/dc/terms/> . @prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> . @prefix : <urn:shapes:> .
:Catalog a sh:NodeShape ; sh:targetClass dcat:Catalog ;
  sh:property [ sh:path dct:title ; sh:minCount 1 ; sh:nodeKind sh:Literal ] ,
    [ sh:path dct:description ; sh:minCount 1 ; sh:nodeKind sh:Literal ] ,
    [ sh:path dct:publisher ; sh:minCount 1 ; sh:maxCount 1 ; sh:class foaf:Agent ] ,
    [ sh:path foaf:homepage ; sh:maxCount 1 ; sh:class foaf:Document ] ,
    [ sh:path dcat:dataset ; sh:class dcat:Dataset ] .
:Dataset a sh:NodeShape ; sh:targetClass dcat:Dataset ;
  sh:property [ sh:path dct:title ; sh:minCount 1 ; sh:nodeKind sh:Literal ] ,
    [ sh:path dct:description ; sh:minCount 1 ; sh:nodeKind sh:Literal ] ,
    [ sh:path dct:publisher ; sh:maxCount 1 ; sh:class foaf:Agent ] ,
    [ sh:path dcat:distribution ; sh:class dcat:Distribution ] ,
    [ sh:path dcat:landingPage ; sh:class foaf:Document ] .
:Distribution a sh:NodeShape ; sh:targetClass dcat:Distribution ;
  sh:property [ sh:path dcat:accessURL ; sh:minCount 1 ; sh:nodeKind sh:IRI ] ,
    [ sh:path dct:format ; sh:maxCount 1 ; sh:nodeKind sh:IRI ] .
:Agent a sh:NodeShape ; sh:targetClass foaf:Agent ;
  sh:property [ sh:path foaf:name ; sh:minCount 1 ; sh:nodeKind sh:Literal ] .
"""


@pytest.fixture
async def office(database_url: Callable[[str], str]) -> AsyncIterator[CatalogOffice]:
    async with open_catalog_office(database_url) as opened:
        yield opened


async def test_REG_04_and_REG_12_guide_has_everything_that_is_asked_of_it(office: CatalogOffice) -> None:
    path = f"/v1/organizations/{CITY}/guide"
    assert (await office.call(None, "GET", path)).status_code == 404
    for name in GUIDE:
        lacking = {key: value for key, value in GUIDE.items() if key != name}
        assert (await office.call("discloser", "PUT", path, lacking)).status_code == 422
    made = await office.call("discloser", "PUT", path, GUIDE)
    assert (made.status_code, made.json()["version"]) == (201, 1)
    assert (await office.call("discloser", "PUT", path, GUIDE)).json()["outcome"] == "unchanged"
    changed = await office.call("discloser", "PUT", path, GUIDE | {"phone": "0531-00000001"})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    shown = await office.call(None, "GET", path)
    assert (shown.json()["phone"], shown.json()["updated_on"]) == ("0531-00000001", "2026-05-06")
    unchanged = await office.call(None, "GET", path, headers={"If-None-Match": shown.headers["etag"]})
    assert unchanged.status_code == 304
    assert (await office.call("bureau", "PUT", path, GUIDE)).status_code == 403
    assert [one["type"] for one in await office.events()] == ["guide.released", "guide.changed"]


async def test_REG_25_transfer_list_is_of_a_period(office: CatalogOffice) -> None:
    catalog_id = await office.enforce(catalog(item("a", channels=["web"])))
    item_id = (await office.items(catalog_id))["a"]["id"]
    for name, day, title in (("a", "2026-04-20", "=HYPERLINK(1)"), ("b", "2026-05-05", "学校名录")):
        body = publication(item=item_id, title=title, published_at=f"{day}T09:00:00+08:00")
        body["reviews"]["reviewed_on"] = body["formed_on"] = "2026-04-01"
        assert (await office.put_publication(body, name)).status_code == 201
    path = f"/v1/organizations/{CITY}/transfer-list"
    answer = await office.call(None, "GET", path, params={"from": "2026-04-01", "to": "2026-05-06"})
    lines: list[list[str]] = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert lines[0][:4] == ["索引", "名称", "内容概述", "生成日期"]
    assert [line[1] for line in lines[1:]] == ["'=HYPERLINK(1)", "学校名录"]
    assert {line[lines[0].index("公开渠道")] for line in lines[1:]} == {"政府网站"}
    april = await office.call(None, "GET", path, params={"from": "2026-04-01", "to": "2026-04-30"})
    assert len(april.text.splitlines()) == 2
    assert len((await office.call(None, "GET", f"/v1/organizations/{BUREAU_A}/transfer-list")).text.splitlines()) == 1


def conforms(document: str) -> tuple[bool, str]:
    with warnings.catch_warnings():
        # The libraries' use of each other is not ours to mend.
        warnings.simplefilter("ignore")
        data = rdflib.Graph().parse(data=document, format="json-ld")
        shapes = rdflib.Graph().parse(data=SHAPES, format="turtle")
        held, _, words = pyshacl.validate(data, shacl_graph=shapes)
    return bool(held), str(words)


async def test_catalogs_conform_to_dcat(office: CatalogOffice) -> None:
    catalog_id = await office.enforce(catalog(item("a")))
    answer = await office.call(None, "GET", "/v1/dcat")
    assert answer.headers["content-type"] == "application/ld+json"
    assert conforms(answer.text) == (True, conforms(answer.text)[1])
    document: dict[str, Any] = answer.json()
    (dataset,) = document["dcat:dataset"]
    assert dataset["dct:identifier"] == catalog_id
    for distribution in dataset["dcat:distribution"]:
        address = distribution["dcat:accessURL"]["@id"].partition("/v1/")[2]
        assert (await office.call(None, "GET", f"/v1/{address}")).status_code == 200
    del dataset["dct:title"]
    assert conforms(json.dumps(document))[0] is False
