"""What callers read: every OpenAPI document complete, every error code explained."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

import services.policy_api.main
import services.search_sync.main
from shared.kit.errors import DomainError
from shared.kit.http import STATUS_TITLES
from shared.schemas.problems import PROBLEM_MEDIA_TYPE, ErrorCode, Problem
from shared.schemas.scopes import Scope
from tests.contract.registry import ROOT, Operation, operations_of, services_with_doors
from tests.services import Suite

ROW = re.compile(
    r"^\| `(?P<code>\w+)` \| (?P<status>\d{3}) \| (?P<meaning>[^|]+) \| (?P<remedy>[^|]+) \|$", re.MULTILINE
)
SERVICES = (services.policy_api.main, services.search_sync.main)
"""Imported, so that the error classes that services add are known below."""


def documented_errors() -> dict[str, int]:
    text = (ROOT / "docs/errors.md").read_text(encoding="utf-8")
    return {row["code"]: int(row["status"]) for row in ROW.finditer(text)}


def error_kinds() -> Iterator[type[DomainError]]:
    kinds = [DomainError]
    for kind in kinds:
        yield kind
        kinds.extend(kind.__subclasses__())


def test_error_list_is_exactly_the_closed_list() -> None:
    assert list(documented_errors()) == [code.value for code in ErrorCode]


def test_documented_status_is_the_one_answered() -> None:
    documented = documented_errors()
    wrong = [kind.__name__ for kind in error_kinds() if documented[kind.code] != kind.status]
    assert wrong == []


def test_every_status_has_a_title() -> None:
    assert set(documented_errors().values()) <= set(STATUS_TITLES)


def says_something(schema: dict[str, Any]) -> bool:
    """A title of our own: what FastAPI derives from the name (`Client Id`) explains nothing."""
    return bool(schema.get("description")) or bool(re.search(r"[\u4e00-\u9fff]", schema.get("title", "")))


def test_every_operation_explains_itself(described: Suite) -> None:
    silent = [
        operation.name
        for operation in operations_of(described)
        for part in ("summary", "description", "tags", "operationId")
        if not operation.document.get(part)
    ]
    assert silent == []


def test_every_summary_is_bilingual(described: Suite) -> None:
    pattern = re.compile(r"[\u4e00-\u9fff]+.* [A-Z][a-z]")
    assert [o.name for o in operations_of(described) if not pattern.match(o.document["summary"])] == []


def test_every_parameter_explains_itself(described: Suite) -> None:
    silent = [
        f"{operation.name} {parameter['name']}"
        for operation in operations_of(described)
        for parameter in operation.document.get("parameters", [])
        if not says_something(parameter) and not says_something(parameter["schema"])
    ]
    assert silent == []


@pytest.mark.parametrize("service", sorted(services_with_doors()))
def test_every_property_explains_itself(described: Suite, service: str) -> None:
    silent = [
        f"{name}.{member}"
        for name, schema in described.apps[service].openapi()["components"]["schemas"].items()
        for member, facts in schema.get("properties", {}).items()
        if not says_something(facts)
    ]
    assert silent == []


def expected_errors(operation: Operation) -> set[str]:
    """What any such operation can answer, from what its document says of it."""
    expected = {"422", "500", "503"}
    if any(way for way in operation.document.get("security", [])):
        expected |= {"401", "429"}
    if operation.admitting_scopes:
        expected |= {"403"}
    if "{" in operation.path:
        expected |= {"404"}
    if "requestBody" in operation.document:
        expected |= {"415"}
    parameters = {parameter["name"].lower() for parameter in operation.document.get("parameters", [])}
    if "if-match" in parameters:
        expected |= {"412"}
    if "idempotency-key" in parameters:
        expected |= {"409", "413"}
    return expected


def test_every_operation_documents_its_errors(described: Suite) -> None:
    lacking = {
        operation.name: missing
        for operation in operations_of(described)
        if (missing := expected_errors(operation) - set(operation.document["responses"]))
    }
    assert lacking == {}


def test_every_answer_to_a_token_names_its_quota(described: Suite) -> None:
    quota, later = {"RateLimit", "RateLimit-Policy"}, {"Retry-After"}
    lacking = [
        f"{operation.name} {status}"
        for operation in operations_of(described)
        for status, response in operation.document["responses"].items()
        if (quota if "security" in operation.document else set()) | (later if status in ("429", "503") else set())
        != set(response.get("headers", {})) & (quota | later)
    ]
    assert lacking == []


def test_errors_are_problem_documents_and_nothing_else(described: Suite) -> None:
    other = [
        f"{operation.name} {status}"
        for operation in operations_of(described)
        for status, response in operation.document["responses"].items()
        if status >= "400" and list(response.get("content", {})) != [PROBLEM_MEDIA_TYPE]
    ]
    assert other == []


@pytest.mark.parametrize("service", sorted(services_with_doors()))
def test_problem_schema_is_in_every_document(described: Suite, service: str) -> None:
    problem = described.apps[service].openapi()["components"]["schemas"]["Problem"]
    assert set(problem["properties"]) == set(Problem.model_fields)


def test_documents_name_known_scopes_only(described: Suite) -> None:
    named = {scope for operation in operations_of(described) for scope in operation.admitting_scopes}
    assert named <= {scope.value for scope in Scope}


@pytest.mark.parametrize("service", sorted(services_with_doors()))
async def test_reference_needs_no_network(described: Suite, service: str) -> None:
    """A government intranet has no CDN: every asset of the page comes from the service itself."""
    page = await described.clients[service].get("/docs")
    assert page.status_code == 200
    assets = re.findall(r"(?:src|href)=[\"']([^\"']+)[\"']", page.text)
    assert assets
    for asset in assets:
        assert not re.match(r"(?:https?:)?//", asset), asset
        assert (await described.clients[service].get(asset)).status_code == 200, asset
    assert (await described.clients[service].get("/openapi.json")).json()["servers"] == [{"url": f"/api/{service}"}]
