"""schemathesis on every operation of every OpenAPI document: no server error, no undocumented answer.

Cases are generated from the documents, valid and invalid ones, and sent to the applications in this process over a real
PostgreSQL. Seeds are fixed, so that a failure comes back.
"""

import asyncio
import json
import os
import warnings
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.policy_api.rules.entry_kinds.registry import KINDS
from tests.contract.asked import requests_of
from tests.contract.disclosure import disclosures_of
from tests.contract.registry import Operation, indexed, operations_of, services_with_doors
from tests.dossiers import material
from tests.entries import MAKERS
from tests.policies import policy, published
from tests.services import CITY, DISTRICT_B, Suite

EXAMPLES = int(os.environ.get("MINGQUAN_SCHEMATHESIS_EXAMPLES", "3"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
Call = Callable[[requests.PreparedRequest], httpx.Response]


def modes_of(operation: Operation) -> list[GenerationMode]:
    """Nothing can be wrong with a request that takes nothing."""
    takes_something = "parameters" in operation.document or "requestBody" in operation.document
    return [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if takes_something else [])]


def check_operation(schema: Any, operation: Operation, mode: GenerationMode, known: dict[str, str], call: Call) -> None:
    """Generate, send, compare with the document. Runs outside the event loop, which `call` enters."""
    api_operation = schema[operation.path][operation.method]

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=api_operation.as_strategy(generation_mode=mode), at_home=st.booleans())
    def exercise(case: Any, at_home: bool) -> None:
        if at_home:
            case.path_parameters.update(known_here(operation, known, case.path_parameters))
        if str(case.query.get("wait", "")) not in ("", "0"):
            case.query["wait"] = 0.001
        prepared = requests.Request(**case.as_transport_kwargs(base_url=f"http://{operation.service}.test")).prepare()
        answer = call(prepared)
        headers = {name: [value] for name, value in answer.headers.items()}
        case.validate_response(
            Response(answer.status_code, headers, answer.content, prepared, elapsed=0.0, verify=False), checks=CHECKS
        )

    exercise()


def known_here(operation: Operation, known: dict[str, str], parameters: Iterable[str]) -> dict[str, str]:
    """The ids of what exists that this path asks for: `/v1/questions/{entry_id}` is about a question."""
    here = known | {"entry_id": known.get(f"entry_id {operation.path.split('/')[2]}", "")}
    # A task of one service is none of another.
    own = f"{operation.service} "
    here |= {name.removeprefix(own): value for name, value in known.items() if name.startswith(own)}
    return {name: here[name] for name in parameters if here.get(name)}


@schemathesis.serializer("application/x-ndjson")
def write_lines(_context: Any, value: Any) -> bytes:
    """One line that fits the schema of a line, or does not."""
    return value if isinstance(value, bytes) else json.dumps(value).encode() + b"\n"


@pytest.fixture
async def known(suite: Suite) -> AsyncIterator[dict[str, str]]:
    """Ids of what exists, so that half of the cases get past 'not found'."""
    headers = suite.admin | {"Acting-Person": "drafter-1"}
    ids = {"code": DISTRICT_B, "org": CITY, "external_id": "known", "number": "1", "year": "2027"}
    client = {"name": "测试客户端", "organization": CITY, "scopes": ["events:read"]}
    secret = (await suite.exchange.post("/v1/clients", json=client, headers=headers)).json()["secret"]
    ids |= {"client_id": secret["client_id"], "secret_id": secret["secret_id"]}
    address = f"/v1/organizations/{CITY}/policies"
    draft = (await suite.policy.put(f"{address}/draft", json=policy(), headers=headers)).json()["id"]
    ids["policy_id"] = (await suite.policy.put(f"{address}/known", json=published(), headers=headers)).json()["id"]
    await suite.policy.put(f"{address}/public", json=published(), headers=headers)
    explained = material(policy_external_id="known", published_on="2026-03-03")
    stored = await suite.policy.put(f"/v1/organizations/{CITY}/interpretations/known", json=explained, headers=headers)
    ids["interpretation_id"] = stored.json()["id"]
    dossier = (await suite.policy.post("/v1/dossiers", json={"policy_id": draft}, headers=headers)).json()["id"]
    added = await suite.policy.post(f"/v1/dossiers/{dossier}/materials", json=material(), headers=headers)
    kept = await suite.policy.post(
        f"/v1/organizations/{CITY}/files", files={"file": ("a.txt", "停放点位表".encode())}, headers=headers
    )
    ids["sha256"] = kept.json()["file"]["sha256"]
    for name, kind in KINDS.items():
        pushed = await suite.policy.put(
            f"/v1/organizations/{CITY}/{kind.plural}/known", json=MAKERS[name](), headers=headers
        )
        assert pushed.status_code == 201, pushed.text
        ids[f"entry_id {kind.plural}"] = pushed.json()["id"]
    ids |= {f"catalog {name}": value for name, value in (await disclosures_of(suite, CITY)).items()}
    ids |= {f"request {name}": value for name, value in (await requests_of(suite, CITY)).items()}
    async with indexed(suite):
        yield ids | {"dossier_id": dossier, "material_id": added.json()["id"]}


@pytest.mark.parametrize("service", sorted(services_with_doors()))
async def test_every_answer_is_documented(suite: Suite, service: str, known: dict[str, str]) -> None:
    loop, client = asyncio.get_running_loop(), suite.clients[service]
    authorization = suite.admin["Authorization"]

    def call(prepared: requests.PreparedRequest) -> httpx.Response:
        assert prepared.method is not None
        assert prepared.url is not None
        headers = [(name, _text(value)) for name, value in prepared.headers.items() if name.lower() != "authorization"]
        sent = client.request(
            prepared.method,
            prepared.url,
            content=prepared.body,  # type: ignore[arg-type]  # bytes or text, as requests prepares it
            headers=[*headers, ("Authorization", authorization)],
        )
        return asyncio.run_coroutine_threadsafe(sent, loop).result(timeout=60)

    with warnings.catch_warnings():
        # Its own use of libraries is not ours to mend.
        warnings.simplefilter("ignore")
        schema = schemathesis.openapi.from_dict(suite.apps[service].openapi())
        failures = []
        for operation in operations_of(suite):
            if operation.service != service:
                continue
            for mode in modes_of(operation):
                try:
                    await asyncio.to_thread(check_operation, schema, operation, mode, known, call)
                except (Exception, BaseExceptionGroup) as error:  # Collected, so that one run shows them all.
                    failures.append(f"{operation.name} [{mode.value}]\n{_shown(error)}")
    assert not failures, "\n\n".join(failures)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _shown(error: BaseException) -> str:
    parts = [error, *getattr(error, "exceptions", ())]
    return "\n".join(str(part)[:1500] for part in parts)
