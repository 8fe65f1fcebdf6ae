"""Every write route of every OpenAPI document, called by those who may not: one walk over all of them.

A new write route fails `test_every_write_route_has_its_case` until it says here with which body and whose resource it
is to be refused.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from deploy.local.postgres import Postgres
from deploy.local.provision import SCHEMAS
from services.policy_api.rules.entry_kinds.registry import KINDS
from services.policy_api.service.expiry import remind
from shared.schemas.scopes import Scope
from tests.catalogs import catalog, publication, task
from tests.contract.asked import asked_bodies, requests_of
from tests.contract.disclosure import CANDIDATE, FEE, GUIDE, WITHHELD, disclosures_of
from tests.contract.notices import notice_bodies
from tests.contract.registry import Operation, operations_of, services_with_doors
from tests.contract.webhooks import webhook_bodies, webhooks_of
from tests.dossiers import material, plan
from tests.entries import MAKERS, profile
from tests.participation import opinion, result
from tests.policies import policy, published
from tests.services import CITY, DISTRICT_A, DISTRICT_B, Suite
from tests.tables import row, workbook

NOBODY = "01890000-0000-7000-8000-000000000000"


@dataclass(frozen=True)
class Victim:
    """An organisation outside district A (370102), and what belongs to it."""

    code: str
    level: str
    division_code: str
    client_id: str
    secret_id: str
    public_id: str
    dossier_id: str
    material_id: str
    entry_ids: dict[str, str]
    expiry_task_id: str
    opinion_id: str
    interpretation_task_id: str
    file: str
    disclosures: dict[str, str]
    requests: dict[str, str]
    webhooks: dict[str, str]

    def path(self, service: str, template: str) -> str:
        """The route's address for this victim's resource."""
        values = {
            "code": self.code,
            "org": self.code,
            "external_id": "walked",
            "client_id": self.client_id,
            "secret_id": self.secret_id,
            "policy_id": self.public_id,
            "order_id": NOBODY,
            "dossier_id": self.dossier_id,
            "material_id": self.material_id,
            "interpretation_task_id": self.interpretation_task_id,
            "year": "2027",
            "task_id": self.expiry_task_id,
            "opinion_id": self.opinion_id,
            "sha256": self.file,
            # `/v1/questions/{entry_id}` is about a question.
            "entry_id": self.entry_ids.get(template.split("/")[2], NOBODY),
            **(self.disclosures if service == "catalog" else {}),
            **(self.requests if service == "request" else {}),
            **(self.webhooks if service == "exchange" else {}),
        }
        return template.format_map(values)


def _expiring() -> dict[str, Any]:
    return published(expires_on=(date.today() + timedelta(days=20)).isoformat())


DOCUMENTS = {
    "owned": policy,
    "second": policy,
    "public": published,
    "withdrawable": published,
    "expiring": _expiring,
}
Body = Callable[[Victim], Any]
INTERPRETATION = material(policy_external_id="public", published_on="2026-03-03")

ENQUIRIES = {
    "policy": {"external_id": "public"},
    "period_from": "2026-04-01",
    "period_to": "2026-04-30",
    "count": 60,
}


def _entry(kind: str) -> Body:
    return lambda _victim: MAKERS[kind]()


# The body with which the route would do its work for somebody who may.
BODIES: dict[str, Body] = {
    "exchange PUT /v1/organizations/{code}": lambda victim: {
        "name": "改名的机关",
        "level": victim.level,
        "division_code": victim.division_code,
        "parent": None if victim.code == CITY else CITY,
    },
    "exchange POST /v1/clients": lambda victim: {
        "name": "外来客户端",
        "organization": victim.code,
        "scopes": ["events:read"],
    },
    "exchange POST /v1/clients/{client_id}/secrets": lambda _: None,
    "exchange DELETE /v1/clients/{client_id}/secrets/{secret_id}": lambda _: None,
    "exchange PUT /v1/clients/{client_id}/keys": lambda _: {"keys": []},
    "exchange PUT /v1/clients/{client_id}/quotas": lambda _: {"writes_per_minute": 60},
    "exchange POST /v1/clients/{client_id}:disable": lambda _: None,
    "exchange POST /v1/keys:rotate": lambda _: None,
    "exchange PUT /v1/calendar/years/{year}": lambda _: {"off": ["2027-01-01"], "work": [], "source": "虚构的通知"},
    "policy PUT /v1/organizations/{org}/policies/{external_id}": lambda _: policy(),
    "policy PUT /v1/organizations/{org}/interpretations/{external_id}": lambda _: INTERPRETATION,
    "policy PUT /v1/organizations/{org}/enquiries/{external_id}": lambda _: ENQUIRIES | {"source": "counter"},
    "policy POST /v1/interpretation-tasks/{interpretation_task_id}:dismiss": lambda _: {"reason": "问答已经答复"},
    "policy POST /v1/organizations/{org}/files": lambda _: "停放点位表".encode(),
    "policy PUT /v1/organizations/{org}/files/{sha256}/review": lambda _: {
        "secrecy": "pass",
        "personal_information": "pass",
    },
    "policy DELETE /v1/organizations/{org}/files/{sha256}": lambda _: None,
    "policy POST /v1/policies/{policy_id}:withdraw": lambda _: {"reason": "发布有误"},
    "policy POST /v1/dossiers": lambda victim: {"organization": victim.code, "external_id": "second"},
    "policy PUT /v1/dossiers/{dossier_id}/plan": lambda _: plan(),
    "policy PUT /v1/dossiers/{dossier_id}/exemption": lambda _: {"reason": "personnel", "explanation": "人事任免"},
    "policy DELETE /v1/dossiers/{dossier_id}/exemption": lambda _: None,
    "policy PUT /v1/dossiers/{dossier_id}/consultation": lambda _: {"reference": "1", "opened_on": "2026-01-05"},
    "policy POST /v1/dossiers/{dossier_id}/materials": lambda _: material(),
    "policy PUT /v1/dossiers/{dossier_id}/materials/{material_id}": lambda _: material(title="换掉的解读"),
    "policy DELETE /v1/dossiers/{dossier_id}/materials/{material_id}": lambda _: None,
    "policy POST /v1/dossiers/{dossier_id}/reviews": lambda _: {"type": "secrecy", "result": "pass"},
    "policy POST /v1/dossiers/{dossier_id}/approvals": lambda _: {"step": "department_head"},
    "policy POST /v1/dossiers/{dossier_id}:submit": lambda _: None,
    "policy POST /v1/dossiers/{dossier_id}:sign": lambda _: {},
    "policy POST /v1/dossiers/{dossier_id}:return": lambda _: {"reason": "材料不齐"},
    "policy POST /v1/dossiers/{dossier_id}:release": lambda _: None,
    "policy POST /v1/dossiers/{dossier_id}/receipts": lambda _: {
        "channel": "市政府门户网站",
        "executed_on": "2026-03-05",
    },
    "policy PUT /v1/dossiers/{dossier_id}/feedback": lambda _: {"enquiries": 3},
    "policy POST /v1/expiry-tasks/{task_id}:decide": lambda _: {
        "evaluation": {"evaluated_on": "2026-03-01", "method": "书面评估", "findings": "仍有必要"},
        "decision": "lapse",
    },
    **{
        f"policy PUT /v1/organizations/{{org}}/{kind.plural}/{{external_id}}": _entry(name)
        for name, kind in KINDS.items()
    },
    **{
        f"policy POST /v1/{kind.plural}/{{entry_id}}:withdraw": lambda _: {"reason": "发布有误"}
        for kind in KINDS.values()
    },
    "policy POST /v1/consultations/{entry_id}/opinions": lambda _: opinion(),
    "policy PUT /v1/opinions/{opinion_id}/handling": lambda _: {"outcome": "adopted"},
    "policy PUT /v1/consultations/{entry_id}/result": lambda _: result(),
    "policy PUT /v1/organizations/{org}/profiles/{external_id}": lambda _: profile(),
    "policy DELETE /v1/organizations/{org}/profiles/{external_id}": lambda _: None,
    "catalog PUT /v1/organizations/{org}/catalogs/{external_id}": lambda _: catalog(),
    "catalog POST /v1/organizations/{org}/catalogs/{external_id}:preview": lambda _: workbook([row()]),
    "catalog POST /v1/organizations/{org}/catalogs/{external_id}:import": lambda _: workbook([row()]),
    "catalog POST /v1/catalogs/{catalog_id}/versions/{number}:review": lambda _: {},
    "catalog POST /v1/catalogs/{catalog_id}/versions/{number}:enforce": lambda _: {},
    "catalog POST /v1/catalogs/{catalog_id}:retire": lambda _: {"reason": "机构改革"},
    "catalog PUT /v1/organizations/{org}/tasks/{external_id}": lambda victim: task(victim.disclosures["item_id"]),
    "catalog POST /v1/tasks/{task_id}:cancel": lambda _: {"reason": "登记有误"},
    "catalog PUT /v1/organizations/{org}/publications/{external_id}": lambda victim: publication(
        item=victim.disclosures["item_id"]
    ),
    "catalog POST /v1/publications/{publication_id}:withdraw": lambda _: {"reason": "登记有误"},
    "catalog POST /v1/organizations/{org}/urgings": lambda victim: {
        "tasks": [victim.disclosures["task_id"]],
        "words": "请尽快公开",
        "answer_by": "2099-12-31",
    },
    "catalog PUT /v1/organizations/{org}/lists/{kind}/{external_id}": lambda _: FEE,
    "catalog POST /v1/list-entries/{entry_id}:end": lambda _: {"effective_on": "2026-05-01", "reason": "取消收费"},
    "catalog PUT /v1/organizations/{org}/candidates/{external_id}": lambda _: CANDIDATE,
    "catalog POST /v1/candidates/{candidate_id}:decide": lambda _: {"decision": "rejected", "note": "已有类似信息公开"},
    "catalog PUT /v1/organizations/{org}/withheld/{external_id}": lambda _: WITHHELD | {"reason": "内部研究讨论"},
    "catalog POST /v1/organizations/{org}/withheld/{external_id}:review": lambda _: {
        "result": "withheld",
        "reason": "理由仍在",
        "reviewed_on": "2026-03-09",
    },
    "catalog PUT /v1/organizations/{org}/guide": lambda _: GUIDE,
    "catalog POST /v1/findings/{finding_id}:decide": lambda _: {"decision": "accepted", "note": "依法公开"},
    "catalog PUT /v1/word-lists/{name}": lambda _: {"title": "密级字样", "severity": "error", "words": ["绝密"]},
    "catalog DELETE /v1/word-lists/{name}": lambda _: None,
    "catalog PUT /v1/retention-rules/{name}": lambda _: {
        "title": "公示类信息",
        "days": 30,
        "action": "unpublish",
        "basis": "公示期满即撤",
    },
    "catalog DELETE /v1/retention-rules/{name}": lambda _: None,
    "catalog POST /v1/urgings/{urging_id}:answer": lambda _: {"words": "今日公开"},
    **asked_bodies(),
    **notice_bodies(),
    **webhook_bodies(),
    "search POST /v1/rebuild": lambda _: None,
    "search POST /v1/verify": lambda _: None,
    "search POST /v1/parked": lambda _: None,
    "search PUT /v1/synonyms": lambda _: {"groups": [["低保", "最低生活保障"]]},
    "search PUT /v1/stop-words": lambda _: {"words": ["请问"]},
}
# Refused line by line inside a 200, see `test_batch_refuses_each_line_of_another_district`.
BY_LINE = {
    "policy POST /v1/policies:batch",
    "catalog POST /v1/tasks:batch",
    "catalog POST /v1/list-entries:batch",
    "catalog POST /v1/publications:batch",
}
# Write nothing and are about no organisation's resource: the scope alone decides.
ASKING = {
    "request POST /v1/reports:check",
    "request POST /v1/reports:check-page",
    "catalog POST /v1/patrol:scan",
    "policy POST /v1/match",
    "policy POST /v1/match:batch",
    "policy POST /v1/policies:parse",
}


async def _victim(suite: Suite, code: str, level: str, division_code: str) -> Victim:
    wanted = {"name": "本机关客户端", "organization": code, "scopes": [scope.value for scope in Scope]}
    secret = (await suite.exchange.post("/v1/clients", json=wanted, headers=suite.admin)).json()["secret"]
    headers = suite.admin | {"Acting-Person": "drafter-1"}
    pushed = {}
    for name, make in DOCUMENTS.items():
        address = f"/v1/organizations/{code}/policies/{name}"
        answer = await suite.policy.put(address, json=make(), headers=suite.admin)
        assert answer.status_code == 201, answer.text
        pushed[name] = answer.json()["id"]
    opened = await suite.policy.post("/v1/dossiers", json={"policy_id": pushed["owned"]}, headers=headers)
    assert opened.status_code == 201, opened.text
    dossier_id = opened.json()["id"]
    added = await suite.policy.post(f"/v1/dossiers/{dossier_id}/materials", json=material(), headers=headers)
    assert added.status_code == 201, added.text
    entry_ids = {}
    for name, kind in KINDS.items():
        address = f"/v1/organizations/{code}/{kind.plural}/owned"
        answer = await suite.policy.put(address, json=MAKERS[name](), headers=headers)
        assert answer.status_code == 201, answer.text
        entry_ids[kind.plural] = answer.json()["id"]
    address = f"/v1/consultations/{entry_ids['consultations']}/opinions"
    handed_in = await suite.policy.post(address, json=opinion(), headers=headers)
    assert handed_in.status_code == 201, handed_in.text
    kept = await suite.policy.post(
        f"/v1/organizations/{code}/files", files={"file": ("a.txt", f"{code}的点位表".encode())}, headers=headers
    )
    assert kept.status_code == 201, kept.text
    return Victim(
        code,
        level,
        division_code,
        secret["client_id"],
        secret["secret_id"],
        pushed["withdrawable"],
        dossier_id,
        added.json()["id"],
        entry_ids,
        await _expiry_task(suite, code, headers),
        handed_in.json()["id"],
        await _open_task(suite, code, headers),
        kept.json()["file"]["sha256"],
        await disclosures_of(suite, code),
        await requests_of(suite, code),
        await webhooks_of(suite, code),
    )


async def _expiry_task(suite: Suite, code: str, headers: dict[str, str]) -> str:
    async with suite.apps["policy"].state.kit.database.write() as session:
        await remind(session, months=(1,), now=datetime.now(UTC), limit=100)
    answer = await suite.policy.get(f"/v1/organizations/{code}/expiry-tasks", headers=headers)
    return str(answer.json()["items"][0]["id"])


async def _open_task(suite: Suite, code: str, headers: dict[str, str]) -> str:
    """A task to interpret the organisation's public policy again."""
    address = f"/v1/organizations/{code}/enquiries/owned"
    assert (await suite.policy.put(address, json=ENQUIRIES, headers=headers)).status_code == 201
    found = await suite.policy.get("/v1/interpretation-tasks", params={"organization": code}, headers=headers)
    return str(next(task["id"] for task in found.json()["items"] if task["organization"]["code"] == code))


@pytest.fixture
async def victims(suite: Suite) -> list[Victim]:
    """Another district, and the city itself."""
    return [await _victim(suite, DISTRICT_B, "district", "370103"), await _victim(suite, CITY, "city", "370100")]


async def call(
    suite: Suite, operation: Operation, victim: Victim, headers: dict[str, str], body: Any, **query: str
) -> httpx.Response:
    # Every identity that a route may ask for beside the token is given: only the right may be what is missing.
    headers = {"Acting-Person": "outsider-1"} | headers
    address = victim.path(operation.service, operation.path)
    sent: dict[str, Any] = {"files": {"file": ("a.txt", body)}} if isinstance(body, bytes) else {"json": body}
    return await suite.clients[operation.service].request(
        operation.method, address, headers=headers, params=query or None, **sent
    )


async def state_of(suite: Suite) -> list[tuple[Any, ...]]:
    """Where every service's log and audit trail stand: a refused call moves neither."""
    query = "SELECT seq, audit_seq FROM log_head"
    services = [name for name in suite.apps if name != "search"]
    return [tuple(await suite.apps[name].state.kit.database.reads.fetchrow(query)) for name in services]


def test_every_service_is_walked(suite: Suite) -> None:
    assert set(suite.apps) == services_with_doors()


def test_every_write_route_has_its_case(suite: Suite) -> None:
    """Closed: neither a route without a case nor a case without a route."""
    writes = {operation.name for operation in operations_of(suite) if operation.is_protected_write}
    assert writes == set(BODIES) | BY_LINE | ASKING


def test_write_routes_without_a_token_are_known(suite: Suite) -> None:
    open_writes = {o.name for o in operations_of(suite) if o.method != "get" and not o.document.get("security")}
    # Here a token is what is asked for.
    # There a signature is.
    assert open_writes == {"exchange POST /v1/oauth/token", "exchange POST /v1/inbound/{source}"}


async def test_no_district_writes_for_another_or_for_the_city(suite: Suite, victims: list[Victim]) -> None:
    """Issue 2, criterion 4: 370102, with every scope there is, on 370103 and on the city."""
    attacker = await suite.token(DISTRICT_A, *Scope)
    before, wrong = await state_of(suite), []
    for operation in operations_of(suite):
        if operation.name not in BODIES:
            continue
        for victim in victims:
            answer = await call(suite, operation, victim, attacker, BODIES[operation.name](victim))
            if answer.status_code != 403 or answer.json()["code"] != "outside_subtree":
                wrong.append(f"{operation.name} on {victim.level}: {answer.status_code} {answer.text[:200]}")
    assert wrong == []
    assert await state_of(suite) == before


async def test_batch_refuses_each_line_of_another_district(suite: Suite, victims: list[Victim]) -> None:
    attacker = await suite.token(DISTRICT_A, Scope.POLICY_WRITE, Scope.POLICY_IMPORT)
    lines = [policy(organization=victim.code, external_id="walked") for victim in victims]
    body = "\n".join(json.dumps(line) for line in lines)
    headers = attacker | {"Content-Type": "application/x-ndjson"}
    answer = await suite.policy.post("/v1/policies:batch", content=body, headers=headers)
    results = [json.loads(line) for line in answer.text.splitlines()]
    assert [(line["status"], line["problem"]["code"]) for line in results] == [(403, "outside_subtree")] * 2


@pytest.mark.parametrize("kind", ["tasks", "publications", "list-entries"])
async def test_batch_of_disclosures_refuses_each_line_of_another_district(
    suite: Suite, victims: list[Victim], kind: str
) -> None:
    attacker = await suite.token(DISTRICT_A, Scope.DISCLOSURE_WRITE, Scope.LIST_WRITE)
    lines = []
    for victim in victims:
        item_id = victim.disclosures["item_id"]
        bodies = {
            "tasks": task(item_id),
            "publications": publication(item=item_id),
            "list-entries": FEE | {"kind": "fees"},
        }
        body = bodies[kind]
        lines.append(json.dumps(body | {"organization": victim.code, "external_id": "walked"}))
    headers = attacker | {"Content-Type": "application/x-ndjson"}
    answer = await suite.clients["catalog"].post(f"/v1/{kind}:batch", content="\n".join(lines), headers=headers)
    results = [json.loads(line) for line in answer.text.splitlines()]
    assert [(line["status"], line["problem"]["code"]) for line in results] == [(403, "outside_subtree")] * 2


async def test_own_right_is_what_the_others_lacked(suite: Suite, victims: list[Victim]) -> None:
    """The same calls by the city's administrator are never refused for the subtree: the cases above mean something."""
    refused = []
    # What is deleted is asked for nothing more.
    for operation in sorted(operations_of(suite), key=lambda one: one.method == "delete"):
        if operation.name in BODIES:
            answer = await call(suite, operation, victims[0], suite.admin, BODIES[operation.name](victims[0]))
            if answer.status_code in (401, 403, 404, 415, 422):
                refused.append(f"{operation.name}: {answer.status_code} {answer.text[:200]}")
    assert refused == []


async def test_token_without_the_scope_is_refused(suite: Suite, victims: list[Victim]) -> None:
    """With every scope but those that the document says admit."""
    wrong = []
    for operation in operations_of(suite):
        if not operation.admitting_scopes:
            continue
        others = [scope for scope in Scope if scope.value not in operation.admitting_scopes]
        answer = await call(suite, operation, victims[0], await suite.token(CITY, *others), {})
        if answer.status_code != 403 or answer.json()["code"] != "insufficient_scope":
            wrong.append(f"{operation.name}: {answer.status_code} {answer.text[:200]}")
    assert wrong == []


async def test_no_token_and_no_real_token_are_refused(suite: Suite, victims: list[Victim]) -> None:
    wrong = []
    for authorization in (None, "", "Bearer", "Bearer garbage", "Bearer a.b.c", "Basic Zm9vOmJhcg==", "Token x"):
        headers: dict[str, str] = {} if authorization is None else {"Authorization": authorization}
        for operation in operations_of(suite):
            if operation.admitting_scopes:
                answer = await call(suite, operation, victims[0], headers, {})
                if answer.status_code != 401 or "Bearer" not in answer.headers["www-authenticate"]:
                    wrong.append(f"{authorization} {operation.name}: {answer.status_code} {answer.text[:200]}")
    assert wrong == []


REAL_ONLY = {
    # Here a token is made, or what another already knows is taken in, or bytes go into a store beside the database.
    "exchange POST /v1/oauth/token",
    "exchange POST /v1/keys:rotate",
    "exchange POST /v1/inbound/{source}",
    "policy POST /v1/organizations/{org}/files",
    # Here somebody sees personal data, and that has to stay on record.
    "request POST /v1/requests/{request_id}:identify",
    "request POST /v1/requests/{request_id}/files/{file_id}:open",
    "request POST /v1/requests/{request_id}/notices/{notice_id}:open",
    "request POST /v1/record-corrections/{correction_id}:identify",
    # These only ask.
    "policy POST /v1/policies:parse",
    "policy POST /v1/match",
    "policy POST /v1/match:batch",
    "catalog POST /v1/patrol:scan",
    "catalog POST /v1/organizations/{org}/catalogs/{external_id}:preview",
    "request POST /v1/reports:check",
    "request POST /v1/reports:check-page",
    "request POST /v1/notices:preview",
}


def rehearses(operation: Operation) -> bool:
    return any(one["name"] == "validate_only" for one in operation.document.get("parameters", []))


async def everything(connection: asyncpg.Connection) -> dict[str, str]:
    """Each table's rows, in one word."""
    tables = await connection.fetch(
        "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables "
        # Of rehearsals it says that they were asked for.
        "WHERE schemaname = ANY($1) AND tablename <> 'journal_line'",
        [*SCHEMAS],
    )
    query = "SELECT coalesce(md5(string_agg(one::text, '' ORDER BY one::text)), '') FROM {} AS one"
    return {row["name"]: await connection.fetchval(query.format(row["name"])) for row in tables}


async def test_rehearsed_writes_store_nothing(
    suite: Suite, victims: list[Victim], postgres: Postgres, clone: str
) -> None:
    connection = await asyncpg.connect(postgres.url.rpartition("/")[0] + f"/{clone}")
    before, wrong, carried_out = await everything(connection), [], 0
    for operation in operations_of(suite):
        if operation.name not in BODIES or operation.name in REAL_ONLY:
            continue
        body = BODIES[operation.name](victims[0])
        answer = await call(suite, operation, victims[0], suite.admin, body, validate_only="true")
        marked = answer.headers.get("validated-only") == "true"
        if marked != answer.is_success or answer.status_code in (201, 202) or "location" in answer.headers:
            wrong.append(f"{operation.name}: {answer.status_code} {dict(answer.headers)}")
        carried_out += answer.is_success
    after = await everything(connection)
    await connection.close()
    assert wrong == []
    assert [name for name in after if after[name] != before[name]] == []
    # Most of them come to their end, and it is there that something would be stored.
    assert carried_out > 90, carried_out


def test_what_cannot_be_rehearsed_is_known(suite: Suite) -> None:
    writes = {o.name for o in operations_of(suite) if o.method != "get"}
    assert {o.name for o in operations_of(suite) if rehearses(o)} == writes - REAL_ONLY


async def test_what_cannot_be_rehearsed_says_so(suite: Suite, victims: list[Victim]) -> None:
    before, wrong = await state_of(suite), []
    for operation in operations_of(suite):
        if operation.name in REAL_ONLY:
            answer = await call(suite, operation, victims[0], suite.admin, {}, validate_only="true")
            if (answer.status_code, answer.json().get("errors", [{}])[0].get("pointer")) != (422, "?validate_only"):
                wrong.append(f"{operation.name}: {answer.status_code} {answer.text[:200]}")
    assert wrong == []
    assert await state_of(suite) == before
