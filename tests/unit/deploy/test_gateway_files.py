"""The gateway's templates, read without nginx: what they ask for is given, what they promise is what the services do."""

import json
import re
import subprocess
from pathlib import Path
from shutil import which

import pytest

from deploy.local.nginx import SERVICES, TEMPLATES, render, settings_for, substitute
from deploy.local.provision import SCHEMAS
from services.catalog_api.settings import Settings as CatalogSettings
from services.policy_api.settings import Settings as PolicySettings
from services.request_api.settings import Settings as RequestSettings
from shared.kit.http import _FORM_OVERHEAD_BYTES
from shared.kit.settings import KitSettings
from shared.schemas.problems import PROBLEM_TYPE_PREFIX, ErrorCode
from tests.unit.deploy.files import COMPOSE, PRODUCTION, services_of

FILES = sorted(TEMPLATES.glob("*.template"))
TEXT = {path.name.removesuffix(".template"): path.read_text(encoding="utf-8") for path in FILES}


def test_templates_ask_for_what_compose_gives_and_no_other() -> None:
    asked = {name for text in TEXT.values() for name in re.findall(r"\$\{(MINGQUAN_[A-Z_]+)\}", text)}
    given = {
        name
        for path in (COMPOSE, PRODUCTION)
        for name in services_of(path)["gateway"]["environment"]
        if name.startswith("MINGQUAN_")
    }
    assert asked == given


def test_what_runs_here_is_given_the_same(tmp_path: Path) -> None:
    ours = set(settings_for(dict.fromkeys(SERVICES, "127.0.0.1:1"), tmp_path))
    composed = {name for name in services_of(COMPOSE)["gateway"]["environment"] if name.startswith("MINGQUAN_")}
    assert ours == composed
    assert set(SERVICES) == set(SCHEMAS)


def test_nothing_but_templates_lies_in_the_folder_and_all_are_flat() -> None:
    """A ConfigMap made from the folder has no folders in it."""
    assert [path for path in TEMPLATES.iterdir() if path not in FILES] == []


def test_what_is_included_is_there() -> None:
    named = {name for text in TEXT.values() for name in re.findall(r"^\s*include (\S+);", text, re.MULTILINE)}
    named |= {substitute(name, {"MINGQUAN_GATEWAY_TRANSPORT": way}) for name in named for way in ("plain", "tls")}
    assert {name for name in named if "$" not in name} == {name for name in TEXT if name.endswith(".conf")} - {
        "nginx.conf"
    }


@pytest.mark.skipif(which("envsubst") is None, reason="envsubst is not installed")
def test_templates_are_rendered_as_envsubst_does(tmp_path: Path) -> None:
    given = settings_for(dict.fromkeys(SERVICES, "127.0.0.1:1"), tmp_path)
    render(TEMPLATES, tmp_path, given)
    names = " ".join(f"${{{name}}}" for name in given)
    for path in FILES:
        with path.open() as template:
            said = subprocess.run(["envsubst", names], stdin=template, env=given, capture_output=True, check=True)
        assert (tmp_path / path.name.removesuffix(".template")).read_bytes() == said.stdout


def test_a_name_that_is_not_given_stays() -> None:
    assert substitute("${A} $A ${B} $B $AB a$", {"A": "1"}) == "1 1 ${B} $B $AB a$"


def test_the_gateways_own_errors_are_problem_documents_of_the_closed_list() -> None:
    answers = re.findall(r"return (\d{3}) '(.*)';", TEXT["problems.conf"])
    assert len(answers) > 10
    for status, body in answers:
        problem = json.loads(body.replace("$request_number", "0123456789"))
        assert problem["status"] == int(status)
        assert problem["type"] == f"{PROBLEM_TYPE_PREFIX}{ErrorCode(problem['code'])}"
        assert problem["instance"] == "urn:mingquan:request:0123456789"
        assert re.search("[一-鿿]", problem["title"] + problem["detail"])
    led_to = set(re.findall(r"^(?:error_page.*|.*rewrite \^) (/_problem/\w+)", "".join(TEXT.values()), re.MULTILINE))
    assert led_to == set(re.findall(r"location = (\S+)", TEXT["problems.conf"]))


def size_of(settings: type[KitSettings], name: str) -> int:
    return int(settings.model_fields[name].default)


def test_bodies_may_be_as_large_as_the_services_take() -> None:
    limits = [int(size) for size in re.findall(r"client_max_body_size (\d+);", TEXT["gateway.conf"])]
    form = _FORM_OVERHEAD_BYTES
    largest_of_uploads = {
        size_of(PolicySettings, "max_upload_bytes"),
        size_of(CatalogSettings, "max_table_bytes"),
        size_of(RequestSettings, "max_file_bytes"),
    }
    assert len(largest_of_uploads) == 1
    assert limits == [
        size_of(KitSettings, "max_body_bytes"),
        0,
        size_of(PolicySettings, "max_file_bytes") + form,
        largest_of_uploads.pop() + form,
    ]
    # What else is uploaded fits into an ordinary body.
    assert size_of(RequestSettings, "max_template_bytes") + form < limits[0]
