"""What an organisation has at request_api, for the walks over every route."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

from uuid_utils.compat import uuid7

from services.request_api.repository.cases import insert_case, propose_conversion
from services.request_api.repository.supervision import insert_urging
from shared.schemas.scopes import Scope
from tests.contract.notices import KIND
from tests.request_office import PERSON, granted, request
from tests.services import CITY, Suite

ON = {"on": "2026-03-04"}
LETTER = ON | {
    "kind": "third_party",
    "name": "青后物业有限公司",
    "question": "是否同意公开",
    "received_on": "2026-03-05",
}
_AT = "request POST /v1/requests/{request_id}"
_MOVES: dict[str, dict[str, Any]] = {
    ":confirm": ON,
    ":accept": ON,
    ":request-correction": ON | {"items": ["请补充文件名称"]},
    ":correct": ON | {"wanted": {"description": "2025年征收补偿方案"}},
    ":lapse-correction": ON,
    "/consultations": LETTER,
    "/consultations/{consultation_id}:receive": ON,
    "/consultations/{consultation_id}:answer": {"on": "2026-03-09", "opinion": "agrees"},
    ":ask-reasons": ON,
    ":evaluate-reasons": ON | {"reasonable": True, "evaluation": "理由成立"},
    ":notice-fee": ON | {"method": "per_page", "pages": 100},
    ":pay": ON | {"receipt_no": "37010000012345"},
    ":lapse-payment": ON,
    ":extend": ON | {"workdays": 10, "reason": "需要查阅档案"},
    ":draft": ON | {"answer": granted()},
    ":review": ON | {"kind": "legal", "passes": True},
    ":return": ON | {"reason": "请补充依据"},
    ":approve": ON,
    ":serve": ON | {"method": "electronic"},
    ":archive": ON,
    ":withdraw": ON,
    ":identify": {"purpose": "邮寄答复书"},
}


_JOINT = {"convenor": "市政府办公厅", "participants": ["市司法局"], "question": "是否公开", "held_on": "2026-03-09"}
_CASE = {
    **{"title": "征收补偿方案的公开", "topic": "征地拆迁", "request_summary": "申请公开方案", "info_type": "行政征收"},
    **{"reasoning": "应予公开", "legal_basis": ["条例第三十七条"], "share_scope": "city"},
}
WRONG_RECORD = {
    **{"submitted_on": "2026-03-02", "applicant": PERSON, "record": "不动产登记信息"},
    **{"wrong": "面积八十九平方米", "right": "面积九十八平方米", "proof": "不动产权证书原件"},
}
_OTHERS: dict[str, Any] = {
    "POST /v1/requests/{request_id}/files:submit": "身份证明".encode(),
    "POST /v1/requests/{request_id}/files": "停放点位表".encode(),
    "POST /v1/requests/{request_id}/files/{file_id}:open": None,
    "POST /v1/requests/{request_id}/files/{file_id}:redact": {"terms": []},
    "POST /v1/requests/{request_id}/files/{file_id}:clear": {"reason": "已经核对无误"},
    "DELETE /v1/requests/{request_id}/files/{file_id}": None,
    "POST /v1/requests/{request_id}/notices/{notice_id}:open": None,
    "PUT /v1/requests/{request_id}/case": _CASE,
    "DELETE /v1/requests/{request_id}/case": None,
    "PUT /v1/requests/{request_id}/joint-consultations/{external_id}": _JOINT,
    "POST /v1/conversions/{conversion_id}:decide": {"accepts": False, "note": "个案需求"},
    "POST /v1/requests/{request_id}/urgings": {"words": "请尽快办理", "answer_by": "2099-12-31"},
    "PUT /v1/organizations/{org}/reports/{year}": {"scope": "department"},
    "POST /v1/organizations/{org}/reports/{year}:submit": None,
    "POST /v1/organizations/{org}/reports/{year}:publish": {},
    "PUT /v1/requests/{request_id}/reviews/{external_id}": {"kind": "review", "filed_on": "2026-03-09"},
    "PUT /v1/organizations/{org}/record-corrections/{external_id}": WRONG_RECORD,
    "POST /v1/record-corrections/{correction_id}:identify": {"purpose": "核对更正内容"},
    "POST /v1/record-corrections/{correction_id}:answer": {
        "outcome": "corrected",
        "words": "已更正",
        "told_on": "2026-03-09",
    },
    "PUT /v1/organizations/{org}/work-records/{external_id}": {
        "kind": "training",
        "on": "2026-03-09",
        "title": "政务公开业务培训",
    },
    "POST /v1/request-urgings/{urging_id}:answer": {"words": "今日办结"},
}


def asked_bodies() -> dict[str, Callable[[Any], Any]]:
    """The body with which each route would do its work for somebody who may."""
    bodies: dict[str, Callable[[Any], Any]] = {
        f"{_AT}{address}": partial(_same, body) for address, body in _MOVES.items()
    }
    bodies |= {f"request {address}": partial(_same, body) for address, body in _OTHERS.items()}
    return bodies | {"request PUT /v1/organizations/{org}/requests/{external_id}": lambda _victim: this_year()}


def _same(body: Any, _victim: Any) -> Any:
    return body


def this_year(**changes: Any) -> dict[str, Any]:
    """A letter of this spring."""
    return request(submitted_at="2026-03-01T09:00:00+08:00", signed_on="2026-03-02") | changes


async def requests_of(suite: Suite, code: str) -> dict[str, str]:
    """A request that is worked on, with a letter to a third party: path parameters by name."""
    office = suite.clients["request"]
    clerk = await suite.token(code, Scope.REQUEST_SUBMIT, Scope.REQUEST_HANDLE, Scope.REQUEST_BACKFILL)
    handed_in = await office.put(f"/v1/organizations/{code}/requests/owned", json=this_year(), headers=clerk)
    assert handed_in.status_code == 201, handed_in.text
    address = f"/v1/requests/{handed_in.json()['id']}"
    accepted = await office.post(f"{address}:accept", json=ON, headers=clerk)
    assert accepted.status_code == 200, accepted.text
    letter = {name: value for name, value in LETTER.items() if name != "received_on"}
    consulted = await office.post(f"{address}/consultations", json=letter, headers=clerk)
    assert consulted.status_code == 200, consulted.text
    ids = {"request_id": handed_in.json()["id"], "consultation_id": consulted.json()["consultations"][0]["id"]}
    ids |= {"province_id": "SD-2026-000123", "year": "2025", "row": "new", "column": "total"}
    kept = await office.post(f"{address}/files", files={"file": ("a.txt", "点位表".encode())}, headers=clerk)
    assert kept.status_code == 201, kept.text
    notices = await office.get(f"{address}/notices", headers=clerk)
    ids |= {"file_id": kept.json()["id"], "notice_id": notices.json()[0]["id"], "document_id": notices.json()[0]["id"]}
    asked = await office.put(f"/v1/organizations/{code}/record-corrections/owned", json=WRONG_RECORD, headers=clerk)
    assert asked.status_code == 201, asked.text
    ids["correction_id"] = asked.json()["id"]
    reporter = await suite.token(code, Scope.REPORT_WRITE)
    report = f"/v1/organizations/{code}/reports/2025"
    written = await office.put(report, json={"scope": "department"}, headers=reporter)
    assert written.status_code == 200, written.text
    return ids | {"calendar_version": "seed", "notice_kind": KIND.value} | await _written(suite, ids["request_id"])


async def _written(suite: Suite, request_id: str) -> dict[str, str]:
    """A case, a conversion and an urging, written as they are kept: a request that is open has none of them."""
    kit = suite.apps["request"].state.kit
    row = await kit.database.reads.fetchrow("SELECT * FROM request WHERE id = $1", UUID(request_id))
    now = datetime.now(UTC)
    of = {name: row[name] for name in ("organization", "organization_name", "organization_path")}
    of |= {"request_id": row["id"], "decision": "A2", "shared_at": now, "withdrawn": False, "version": 1}
    case = of | {"id": uuid7(), "case_no": row["number"], "share_scope": "city", "topic": "征地拆迁"}
    conversion = of | {"id": uuid7(), "subject_key": row["subject_key"], "requests": [row["number"]], "applicants": 3}
    urging = {"id": uuid7(), "request_id": row["id"], "organization": row["organization"], "urged_by": CITY}
    words = kit.extra["vault"].seal("请尽快办理", f"urging {urging['id']}", row["id"])
    async with kit.database.write() as session:
        driver = await session.driver()
        await insert_case(driver, case | {"content": json.dumps(_CASE), "words": "征收"})
        period = {"period_from": row["received_on"], "period_to": row["received_on"]}
        await propose_conversion(driver, conversion | period | {"suggested": False})
        told = {"words": words, "answer_by": now.date(), "urged_at": now, "answer": None, "answered_at": None}
        await insert_urging(driver, urging | told)
    return {"case_id": str(case["id"]), "conversion_id": str(conversion["id"]), "urging_id": str(urging["id"])}
