"""What an organisation has at catalog_api, for the walks over every route."""

from datetime import UTC, datetime, timedelta
from typing import Any

from uuid_utils.compat import uuid7

from services.catalog_api.repository.monitoring import insert_urging
from services.catalog_api.repository.patrol import FINDING, keep_findings
from shared.schemas.scopes import Scope
from tests.catalogs import catalog, item, publication, task
from tests.services import CITY, Suite

CANDIDATE = {"subject": "学区划分", "requests": 12, "period_from": "2026-01-01", "period_to": "2026-03-31"}
GUIDE = {
    **{
        "categories": "机构职能、政策文件",
        "arrangement": "按事项和日期编排",
        "access": "门户网站",
        "office": "政务公开科",
    },
    **{
        "address": "龙鼎大道1号",
        "hours": "工作日9:00—17:00",
        "phone": "0531-00000000",
        "fax": "无",
        "online": "网上留言",
    },
}
WITHHELD = {
    **{"title": "某项会商纪要", "exemptions": ["EX16_2_DISCUSS"], "reason": "内部讨论"},
    "decided_on": "2026-03-02",
}
FEE = {"title": "检验费", "fields": {"收费标准": "每台200元"}, "effective_on": "2026-01-01"}
WEB = item("a", channels=["web"])


async def disclosures_of(suite: Suite, code: str) -> dict[str, str]:
    """A catalog in force with a draft of its next version, a task, a publication and a notice: path parameters by name."""
    office = suite.clients["catalog"]
    scopes = (Scope.CATALOG_WRITE, Scope.CATALOG_REVIEW, Scope.CATALOG_APPROVE)
    drafter, reviewer, approver = [await suite.token(code, scope) for scope in scopes]
    address = f"/v1/organizations/{code}/catalogs/owned"
    drafted = await office.put(address, json=catalog(WEB), headers=drafter)
    assert drafted.status_code == 201, drafted.text
    ids = {"catalog_id": drafted.json()["id"]}
    versions = f"/v1/catalogs/{ids['catalog_id']}/versions"
    for move, headers in (("review", reviewer), ("enforce", approver)):
        moved = await office.post(f"{versions}/1:{move}", json={}, headers=headers)
        assert moved.status_code == 200, moved.text
    next_one = await office.put(address, json=catalog(WEB, title="下一版目录"), headers=drafter)
    assert next_one.json()["number"] == 2, next_one.text
    found = await office.get(f"/v1/catalogs/{ids['catalog_id']}/items")
    ids["item_id"] = found.json()["items"][0]["id"]
    discloser = await suite.token(code, Scope.DISCLOSURE_WRITE)
    address = f"/v1/organizations/{code}"
    opened = await office.put(f"{address}/tasks/owned", json=task(ids["item_id"]), headers=discloser)
    assert opened.status_code == 201, opened.text
    ids["task_id"] = opened.json()["task"]["id"]
    told = publication(item=ids["item_id"])
    kept = await office.put(f"{address}/publications/owned", json=told, headers=discloser)
    assert kept.status_code == 201, kept.text
    ids["publication_id"] = kept.json()["id"]
    lister = await suite.token(code, Scope.LIST_WRITE)
    listed = await office.put(f"{address}/lists/fees/owned", json=FEE, headers=lister)
    assert listed.status_code == 201, listed.text
    ids |= {"entry_id": listed.json()["id"], "kind": "fees"}
    asked = await office.put(f"{address}/candidates/owned", json=CANDIDATE, headers=discloser)
    assert asked.status_code == 201, asked.text
    ids["candidate_id"] = asked.json()["id"]
    kept = await office.put(f"{address}/withheld/walked", json=WITHHELD, headers=discloser)
    assert kept.status_code == 201, kept.text
    ids["finding_id"] = await _found(suite, code, ids["publication_id"])
    return ids | {"name": "owned", "urging_id": await _urged(suite, code, ids["task_id"]), "number": "2"}


async def _found(suite: Suite, code: str, publication_id: str) -> str:
    """Written as the patrol keeps it."""
    row: dict[str, Any] = dict.fromkeys(FINDING) | {"id": uuid7(), "organization": code, "found_at": datetime.now(UTC)}
    row |= {"publication_id": publication_id, "kind": "word", "rule": "owned", "severity": "error", "excerpt": "绝密"}
    async with suite.apps["catalog"].state.kit.database.write() as session:
        await keep_findings(await session.driver(), [row | {"fingerprint": b"owned"}])
    return str(row["id"])


async def _urged(suite: Suite, code: str, task_id: str) -> str:
    """Written as it is kept: nobody can urge the root."""
    now = datetime.now(UTC)
    row: dict[str, Any] = {"id": uuid7(), "organization": code, "urged_by": CITY, "tasks": [task_id]}
    row |= {"words": "请尽快公开", "answer_by": (now + timedelta(days=9)).date(), "urged_at": now}
    async with suite.apps["catalog"].state.kit.database.write() as session:
        await insert_urging(await session.driver(), row)
    return str(row["id"])
