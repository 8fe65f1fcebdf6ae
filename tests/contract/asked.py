"""What an organisation has at request_api, for the walks over every route."""

from collections.abc import Callable
from functools import partial
from typing import Any

from shared.schemas.scopes import Scope
from tests.request_office import granted, request
from tests.services import Suite

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


def asked_bodies() -> dict[str, Callable[[Any], Any]]:
    """The body with which each route would do its work for somebody who may."""
    bodies: dict[str, Callable[[Any], Any]] = {
        f"{_AT}{address}": partial(_same, body) for address, body in _MOVES.items()
    }
    return bodies | {"request PUT /v1/organizations/{org}/requests/{external_id}": lambda _victim: this_year()}


def _same(body: Any, _victim: Any) -> Any:
    return body


def this_year(**changes: Any) -> dict[str, Any]:
    """A letter of this spring."""
    return request(submitted_at="2026-03-01T09:00:00+08:00", signed_on="2026-03-02") | changes


async def requests_of(suite: Suite, code: str) -> dict[str, str]:
    """A request that is worked on, with a letter to a third party: path parameters by name."""
    office = suite.clients["request"]
    clerk = await suite.token(code, Scope.REQUEST_SUBMIT, Scope.REQUEST_HANDLE)
    handed_in = await office.put(f"/v1/organizations/{code}/requests/owned", json=this_year(), headers=clerk)
    assert handed_in.status_code == 201, handed_in.text
    address = f"/v1/requests/{handed_in.json()['id']}"
    accepted = await office.post(f"{address}:accept", json=ON, headers=clerk)
    assert accepted.status_code == 200, accepted.text
    letter = {name: value for name, value in LETTER.items() if name != "received_on"}
    consulted = await office.post(f"{address}/consultations", json=letter, headers=clerk)
    assert consulted.status_code == 200, consulted.text
    ids = {"request_id": handed_in.json()["id"], "consultation_id": consulted.json()["consultations"][0]["id"]}
    return ids | {"calendar_version": "seed"}
