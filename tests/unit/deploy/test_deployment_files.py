"""The Compose files, read without an engine: what they name exists, what services need is given, no secret is in them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import generate_latest

from deploy.container.__main__ import PORT, serve_command
from deploy.container.secrets import make_secrets
from deploy.local.provision import SCHEMAS
from deploy.local.settings import REPOSITORY
from deploy.operations.doctor.looking import addresses_of
from deploy.operations.installation import deployed
from services.exchange_api.bootstrap import read_secrets
from services.exchange_api.service.own_clients import OWN_CLIENTS
from services.exchange_api.service.state import STATE_METRICS as EXCHANGE_STATE
from services.request_api.service.state import STATE_METRICS as REQUEST_STATE
from services.search_sync.repository.state import STATE_METRICS as SEARCH_STATE
from shared.kit.state_metrics import KIT_METRICS
from shared.kit.telemetry import Metrics
from tests.unit.deploy.files import (
    COMPOSE,
    DEPLOY,
    NAMES,
    OBSERVABILITY,
    PRODUCTION,
    compose,
    filled,
    named_settings,
    services_of,
    settings_of,
    variables_of,
)

FILES = [COMPOSE, PRODUCTION, OBSERVABILITY]
STATE = (*KIT_METRICS, *EXCHANGE_STATE, *REQUEST_STATE, *SEARCH_STATE)
GUIDE = (REPOSITORY / "docs" / "deployment.md").read_text(encoding="utf-8")
IMAGE = re.compile(r"[a-z0-9./-]+:[a-z0-9.-]*\d[a-z0-9.-]*(@sha256:[0-9a-f]{64})?|mingquan:local")
CREDENTIAL = re.compile(r"(?i)(password|secret|token|_key|apikey)")
PAIRS = [(name, door) for name in NAMES for door in ("api", "worker")]


def merged() -> dict[str, dict[str, Any]]:
    """Every service of the suite and of its watching, as Compose starts them together."""
    return services_of(COMPOSE) | services_of(OBSERVABILITY)


def secret_files(path: Path) -> dict[str, str]:
    """The file of each secret, below the folder of secrets where it is in there."""
    prefix = "./secrets/"
    return {
        name: filled(secret["file"]).removeprefix(prefix) for name, secret in compose(path).get("secrets", {}).items()
    }


def environment_of(service: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in service.get("environment", {}).items()}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_whatever_a_service_names_is_declared(path: Path) -> None:
    document, known = compose(path), compose(COMPOSE)
    for name, service in document["services"].items():
        for kind in ("networks", "secrets"):
            named = {item["source"] if isinstance(item, dict) else item for item in service.get(kind, [])}
            assert named <= {*document.get(kind, {}), *known[kind]}, f"{name} {kind}"
        volumes = {volume.split(":")[0] for volume in service.get("volumes", [])}
        assert {volume for volume in volumes if not volume.startswith(".")} <= set(document.get("volumes", {})), name
        assert set(service.get("depends_on", {})) <= set(document["services"]), name


def test_nothing_is_declared_that_nobody_uses() -> None:
    for path in (COMPOSE, OBSERVABILITY):
        text = path.read_text(encoding="utf-8")
        document = compose(path)
        for kind in ("secrets", "volumes", "networks"):
            unused = [name for name in document.get(kind, {}) if len(re.findall(rf"\b{name}\b", text)) < 2]
            assert unused == [], f"{path.name} {kind}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_that_are_mounted_exist(path: Path) -> None:
    mounted = [
        volume.split(":")[0]
        for service in services_of(path).values()
        for volume in service.get("volumes", [])
        if volume.startswith("./")
    ]
    assert [name for name in mounted if name != "./gateway" and not (DEPLOY / name).is_file()] == []
    assert (DEPLOY / "gateway").is_dir()


@pytest.mark.parametrize(("name", "service"), list(merged().items()))
def test_every_container_is_hardened_and_bounded(name: str, service: dict[str, Any]) -> None:
    assert IMAGE.fullmatch(filled(service["image"])), service["image"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["cpus"] > 0
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])
    assert service["pids_limit"] > 0
    # One short command changes an owner, which only root may; it has no network.
    is_root = service["user"].split(":")[0] == "0"
    assert is_root == (name == "meilisearch-folders")
    assert (service.get("network_mode") == "none") == is_root


def test_what_stays_is_restarted_and_what_listens_is_watched() -> None:
    for name, service in merged().items():
        if service["restart"] == "no":
            continue
        assert service["restart"] == "unless-stopped", name
        assert ("healthcheck" in service) == (not name.endswith("-worker")), name


def test_everything_waits_for_what_can_tell_that_it_is_ready() -> None:
    services = merged()
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            is_job = services[needed]["restart"] == "no"
            expected = "service_completed_successfully" if is_job else "service_healthy"
            assert how["condition"] == expected, f"{name} on {needed}"


def test_the_storage_has_no_way_out_and_only_the_gateway_is_published() -> None:
    document = compose(COMPOSE)
    assert document["networks"]["data"]["internal"] is True
    assert document["networks"]["services"]["internal"] is True
    assert [name for name, service in document["services"].items() if "ports" in service] == ["gateway"]
    assert "data" not in document["services"]["gateway"]["networks"]
    watching = services_of(OBSERVABILITY).values()
    assert all(port.startswith("127.0.0.1:") for service in watching for port in service["ports"])


@pytest.mark.parametrize(("name", "door"), PAIRS)
def test_a_service_gets_the_settings_it_knows_and_those_it_must_have(name: str, door: str) -> None:
    service = services_of(COMPOSE)[f"{name}-{door}"]
    given = {*service["environment"], *(secret["target"] for secret in service["secrets"])}
    fields = settings_of(name).model_fields
    required = {field for field, facts in fields.items() if facts.is_required()}
    assert required <= named_settings(list(given)) <= set(fields)


@pytest.mark.parametrize(("name", "door"), PAIRS)
def test_the_settings_are_read_from_the_environment_and_the_made_secrets(
    name: str, door: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values, not names only: what is JSON is read, what is too short is refused."""
    service = services_of(COMPOSE)[f"{name}-{door}"]
    make_secrets(tmp_path / "made")
    files = secret_files(COMPOSE)
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    for secret in service["secrets"]:
        made = tmp_path / "made" / files[secret["source"]]
        (mounted / secret["target"]).write_bytes(made.read_bytes())
    for variable, value in environment_of(service).items():
        monkeypatch.setenv(variable, filled(value))
    monkeypatch.setenv("MINGQUAN_SECRETS_DIR", str(mounted))
    settings = settings_of(name)()
    assert settings.database_url.get_secret_value().startswith(f"postgresql://mingquan_{name}:")
    assert settings.exchange_url == f"http://exchange-api:{PORT}"


def test_the_operators_command_has_every_services_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = services_of(COMPOSE)["operations"]
    assert service["profiles"] == ["operations"], "it would start with the suite"
    make_secrets(tmp_path / "made")
    files = secret_files(COMPOSE)
    for secret in service["secrets"]:
        place = tmp_path / "mounted" / secret["target"].removeprefix("/run/secrets/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes((tmp_path / "made" / files[secret["source"]]).read_bytes())
    for variable, value in environment_of(service).items():
        monkeypatch.setenv(variable, filled(value))
    installed = deployed(tmp_path / "mounted")
    own = {client.file: str(client.id) for client in OWN_CLIENTS}
    for name in NAMES:
        given = services_of(COMPOSE)[f"{name}-api"]
        settings = installed.read_settings(name)
        assert settings.exchange_url == f"http://exchange-api:{PORT}"
        if "MINGQUAN_CLIENT_ID" in given["environment"]:
            assert settings.model_dump()["client_id"] == own[name]
    assert addresses_of(installed) == {name: f"http://{name}-api:{PORT}" for name in NAMES}
    assert {"files", "backups"} == {volume.split(":")[0] for volume in service["volumes"]}


@pytest.mark.parametrize("name", NAMES)
def test_addresses_inside_are_doors_that_exist(name: str) -> None:
    services = services_of(COMPOSE)
    values = " ".join(environment_of(services[f"{name}-api"]).values())
    for host, port in re.findall(r"http://([a-z-]+):(\d+)", values):
        assert services[host]["expose" if host != "meilisearch" else "environment"], host
        assert port == ("7700" if host == "meilisearch" else str(PORT))


def test_a_door_is_asked_where_it_listens() -> None:
    for name in NAMES:
        service = services_of(COMPOSE)[f"{name}-api"]
        assert service["command"] == ["serve", name]
        assert service["expose"] == [str(PORT)]
        assert f"http://127.0.0.1:{PORT}/readyz" in service["healthcheck"]["test"][-1]
        assert str(PORT) in serve_command(name)
    assert {name: services_of(COMPOSE)[f"{name}-worker"]["command"] for name in NAMES} == {
        name: ["work", name] for name in NAMES
    }


def test_the_gateway_knows_every_service() -> None:
    gateway = services_of(COMPOSE)["gateway"]
    upstreams = {name: gateway["environment"][f"MINGQUAN_{name.upper()}_UPSTREAM"] for name in SCHEMAS}
    assert upstreams == {name: f"{name}-api:{PORT}" for name in SCHEMAS}
    assert set(gateway["depends_on"]) == {f"{name}-api" for name in SCHEMAS}
    assert "./gateway:/etc/nginx/templates:ro" in gateway["volumes"]


def test_the_made_secrets_are_those_that_are_mounted(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    made = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    mounted = {*secret_files(COMPOSE).values(), *secret_files(OBSERVABILITY).values()}
    # Those that follow another are for Kubernetes, where a Secret is a whole folder.
    followers = {f"{service}/mingquan_client_secret" for service in ("request", "search")}
    assert mounted == made - followers


def test_the_suites_own_clients_are_the_configured_ones(tmp_path: Path) -> None:
    make_secrets(tmp_path)
    secrets = read_secrets(tmp_path / "clients")
    own = {client.file: str(client.id) for client in OWN_CLIENTS}
    for name in ("request", "search"):
        assert services_of(COMPOSE)[f"{name}-api"]["environment"]["MINGQUAN_CLIENT_ID"] == own[name]
        assert (tmp_path / name / "mingquan_client_secret").read_text().strip() == secrets[name]


def test_no_secret_stands_in_a_file_and_none_has_a_default() -> None:
    for path in FILES:
        for name, service in services_of(path).items():
            for variable, value in environment_of(service).items():
                is_place = value.startswith("/run/secrets")
                assert is_place or not CREDENTIAL.search(variable), f"{name} {variable}"
        for variable, mark in variables_of(path.read_text(encoding="utf-8")).items():
            if CREDENTIAL.search(variable) and variable != "MINGQUAN_SECRETS":
                assert mark == "?", variable


def test_production_has_to_say_what_a_trial_need_not() -> None:
    trial, production = (path.read_text(encoding="utf-8") for path in (COMPOSE, PRODUCTION))
    demanded = variables_of(production)
    assert set(demanded.values()) == {"?"}
    chosen = {"MINGQUAN_SECRETS", "MINGQUAN_SETTINGS", "MINGQUAN_HTTP_PORT", "MINGQUAN_GATEWAY_WORKERS"}
    chosen |= {
        "MINGQUAN_SITE_ORIGIN",
        "MINGQUAN_TRUSTED_PROXY",
        "MINGQUAN_RATE_PER_ADDRESS",
        "MINGQUAN_RATE_PER_CLIENT",
    }
    assert set(variables_of(trial)) - chosen <= set(demanded)
    assert "demo" not in (DEPLOY / "docker-compose.yml").read_text(encoding="utf-8").replace("No demo data", "")


def test_every_variable_is_documented_and_no_other() -> None:
    used = {variable for path in FILES for variable in variables_of(path.read_text(encoding="utf-8"))}
    rows = set(re.findall(r"^\| `(MINGQUAN_[A-Z_]+)`", GUIDE, re.MULTILINE))
    gateway = set(services_of(COMPOSE)["gateway"]["environment"]) | set(
        services_of(PRODUCTION)["gateway"]["environment"]
    )
    assert rows == used | {name for name in gateway if name.startswith("MINGQUAN_")} | {"MINGQUAN_SECRETS_DIR"}


# What watches.


def known_metrics() -> set[str]:
    """Every series that a service answers with, and Prometheus' own."""
    metrics = Metrics()
    metrics.observe("GET", "/v1/policies", 200, 0.01)
    text = generate_latest(metrics.registry).decode()
    counted = {re.split(r"[{ ]", line)[0] for line in text.splitlines() if not line.startswith("#")}
    return counted | {metric.name for metric in STATE} | {"up"}


def test_what_is_told_of_the_state_is_documented_and_shown() -> None:
    page = (REPOSITORY / "docs/operations.md").read_text(encoding="utf-8")
    names = {metric.name for metric in STATE}
    assert set(re.findall(r"^\| `(mingquan_\w+)", page, re.MULTILINE)) >= names
    board = (DEPLOY / "observability/grafana/mingquan.json").read_text(encoding="utf-8")
    alerts = (DEPLOY / "observability/alerts.yml").read_text(encoding="utf-8")
    assert {name for name in names if name not in board + alerts} == {"mingquan_log_events", "mingquan_audit_entries"}


def metrics_in(expression: str) -> set[str]:
    return set(re.findall(r"\b(mingquan_\w+|up)\b(?=[{\s]|\[|$)", expression)) | set(
        re.findall(r"\bmingquan_\w+", expression)
    )


def scraped() -> dict[str, str]:
    document = yaml.safe_load((DEPLOY / "observability/prometheus.yml").read_text(encoding="utf-8"))
    found = {}
    for job in document["scrape_configs"]:
        (source,) = job["dns_sd_configs"]
        found[job["job_name"]] = f"{source['names'][0]}:{source['port']}"
    return found


def test_prometheus_asks_every_door() -> None:
    assert scraped() == {name: f"{name}-api:{PORT}" for name in SCHEMAS}


def test_alerts_ask_for_what_is_measured_and_say_what_to_do() -> None:
    document = yaml.safe_load((DEPLOY / "observability/alerts.yml").read_text(encoding="utf-8"))
    rules = [rule for group in document["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 4
    for rule in rules:
        assert metrics_in(rule["expr"]), rule["alert"]
        assert metrics_in(rule["expr"]) <= known_metrics(), rule["alert"]
        assert set(re.findall(r'job="(\w+)"', rule["expr"])) <= set(scraped())
        assert {"summary", "description"} <= set(rule["annotations"])
        assert rule["labels"]["severity"] in {"critical", "warning"}


def test_the_dashboard_shows_what_is_measured() -> None:
    board = json.loads((DEPLOY / "observability/grafana/mingquan.json").read_text(encoding="utf-8"))
    (source,) = yaml.safe_load((DEPLOY / "observability/grafana/datasources.yml").read_text())["datasources"]
    asked: set[str] = set()
    for panel in board["panels"]:
        assert panel["targets"], panel["title"]
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == source["uid"]
            assert metrics_in(target["expr"]) <= known_metrics(), panel["title"]
            asked |= metrics_in(target["expr"])
    assert {"up", "mingquan_requests_total", "mingquan_request_seconds_bucket"} <= asked
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_grafana_finds_what_is_mounted() -> None:
    mounts = dict(volume.split(":")[:2] for volume in services_of(OBSERVABILITY)["grafana"]["volumes"])
    (provider,) = yaml.safe_load((DEPLOY / "observability/grafana/dashboards.yml").read_text())["providers"]
    assert Path(mounts["./observability/grafana/mingquan.json"]).parent == Path(provider["options"]["path"])
    (source,) = yaml.safe_load((DEPLOY / "observability/grafana/datasources.yml").read_text())["datasources"]
    host = re.fullmatch(r"http://(\w+):9090", source["url"])
    assert host
    assert host[1] in services_of(OBSERVABILITY)
