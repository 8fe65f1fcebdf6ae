"""The Kubernetes manifests, read without a cluster: names, selectors, ports and keys meet, and every pod is hardened."""

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.container.__main__ import PORT
from deploy.container.secrets import make_secrets
from deploy.container.secrets import manifests as secret_manifests
from deploy.local.provision import SCHEMAS
from shared.schemas.organizations import check_credit_code
from tests.unit.deploy.files import (
    COMPOSE,
    KUBERNETES,
    NAMES,
    PRODUCTION,
    base,
    containers,
    filled,
    manifests,
    named_settings,
    services_of,
    settings_of,
    workloads,
)

DATABASE = "mingquan-db"
GIVEN = {"ConfigMap": {"mingquan-gateway"}, "Secret": {"mingquan-tls"}}
"""What the operator gives by hand (docs/deployment.md)."""
OVERLAYS = sorted(path.name for path in (KUBERNETES / "overlays").iterdir())
PODS = list(workloads())


def by_name(pods: list[tuple[str, dict[str, Any], dict[str, Any]]]) -> list[str]:
    return [name for name, _, _ in pods]


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Every Secret that the command makes, decoded."""
    folder = tmp_path_factory.mktemp("secrets")
    make_secrets(folder, database_host="mingquan-db-rw:5432")
    items = json.loads(secret_manifests(folder))["items"]
    return {
        item["metadata"]["name"]: {key: base64.b64decode(value).decode() for key, value in item["data"].items()}
        for item in items
    }


def labels_of(item: dict[str, Any]) -> dict[str, str]:
    labels: dict[str, str] = item["spec"]["template"]["metadata"]["labels"]
    return labels


def matches(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """A label selector, as far as these files use it."""
    wanted = selector.get("matchLabels", {}).items()
    among = selector.get("matchExpressions", [])
    assert all(term["operator"] == "In" for term in among)
    return all(labels.get(key) == value for key, value in wanted) and all(
        labels.get(term["key"]) in term["values"] for term in among
    )


def test_every_file_is_listed_and_every_listed_one_exists() -> None:
    for path in KUBERNETES.rglob("kustomization.yaml"):
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        listed = [*document.get("resources", []), *document.get("components", [])]
        listed += [patch["path"] for patch in document.get("patches", []) if "path" in patch]
        assert [name for name in listed if not (path.parent / name).exists()] == []
        files = {file.name for file in path.parent.glob("*.yaml")} - {"kustomization.yaml"}
        assert files == {name for name in listed if name.endswith(".yaml")}, path.parent.name


def test_an_object_is_described_once() -> None:
    keys = [(item["kind"], item["metadata"]["name"]) for item in manifests(KUBERNETES / "base")]
    assert len(keys) == len(set(keys)) > 50


@pytest.mark.parametrize(("name", "item", "pod"), PODS, ids=by_name(PODS))
def test_pods_are_hardened(name: str, item: dict[str, Any], pod: dict[str, Any]) -> None:
    context = pod["securityContext"]
    assert context["runAsNonRoot"] is True
    assert context["runAsUser"] > 0
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    for container in containers(pod):
        own = container["securityContext"]
        assert own["readOnlyRootFilesystem"] is True
        assert own["allowPrivilegeEscalation"] is False
        assert own["capabilities"] == {"drop": ["ALL"]}
        assert {"cpu", "memory"} <= set(container["resources"]["requests"]), name
        assert {"cpu", "memory"} <= set(container["resources"]["limits"]), name
        assert re.fullmatch(r"[a-z0-9./-]+:v?\d[a-z0-9.-]*", container["image"])
        written = {volume["name"] for volume in pod["volumes"] if "emptyDir" in volume}
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert mounted & written, f"{container['name']} has no place for temporary files"


@pytest.mark.parametrize(("name", "item", "pod"), PODS, ids=by_name(PODS))
def test_volumes_are_mounted_and_mounts_have_volumes(name: str, item: dict[str, Any], pod: dict[str, Any]) -> None:
    volumes = {volume["name"] for volume in pod["volumes"]}
    volumes |= {claim["metadata"]["name"] for claim in item["spec"].get("volumeClaimTemplates", [])}
    mounted = {mount["name"] for container in containers(pod) for mount in container["volumeMounts"]}
    assert mounted == volumes
    claims = {
        volume["persistentVolumeClaim"]["claimName"] for volume in pod["volumes"] if "persistentVolumeClaim" in volume
    }
    assert claims <= set(base("PersistentVolumeClaim"))


@pytest.mark.parametrize(("name", "item", "pod"), PODS, ids=by_name(PODS))
def test_configuration_and_secrets_exist_with_their_keys(
    name: str, item: dict[str, Any], pod: dict[str, Any], secrets: dict[str, dict[str, str]]
) -> None:
    maps = base("ConfigMap")
    for volume in pod["volumes"]:
        if "secret" in volume and volume["secret"]["secretName"] not in GIVEN["Secret"]:
            keys = {entry["key"] for entry in volume["secret"].get("items", [])}
            assert keys <= set(secrets[volume["secret"]["secretName"]])
        if "configMap" in volume:
            assert volume["configMap"]["name"] in {*maps, *GIVEN["ConfigMap"]}
    for container in containers(pod):
        assert {source["configMapRef"]["name"] for source in container.get("envFrom", [])} <= set(maps)
        for variable in container.get("env", []):
            if "valueFrom" in variable:
                asked = variable["valueFrom"]["configMapKeyRef"]
                assert asked["key"] in maps[asked["name"]]["data"]


def test_every_value_of_a_map_is_text() -> None:
    """A number, or a code that looks like one, is refused by the cluster."""
    folders = [KUBERNETES / "base", *(KUBERNETES / "overlays" / name for name in OVERLAYS)]
    for item in (item for folder in folders for item in manifests(folder) if item["kind"] == "ConfigMap"):
        assert all(isinstance(value, str) for value in item["data"].values()), item["metadata"]["name"]


def test_selectors_choose_their_own_pods() -> None:
    pods = {name: labels_of(item) for name, item, _ in PODS}
    for name, item, _ in PODS:
        if item["kind"] != "Job":
            assert [other for other, labels in pods.items() if matches(item["spec"]["selector"], labels)] == [name]
            spread = item["spec"]["template"]["spec"].get("topologySpreadConstraints", [])
            assert all(matches(constraint["labelSelector"], pods[name]) for constraint in spread)
    for name, budget in base("PodDisruptionBudget").items():
        assert [other for other, labels in pods.items() if matches(budget["spec"]["selector"], labels)] == [name]
    for name, service in base("Service").items():
        chosen = {"matchLabels": service["spec"]["selector"]}
        assert [other for other, labels in pods.items() if matches(chosen, labels)] == [name]


def test_services_probes_and_listeners_agree_on_ports() -> None:
    ports = {
        name: {
            port["name"]: port["containerPort"] for container in containers(pod) for port in container.get("ports", [])
        }
        for name, _, pod in PODS
    }
    for name, service in base("Service").items():
        assert {port["targetPort"] for port in service["spec"]["ports"]} == set(ports[name])
    for name, _, pod in PODS:
        for container in containers(pod):
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                how = container.get(probe, {})
                for kind in ("httpGet", "tcpSocket"):
                    assert how.get(kind, {}).get("port", "http") in {*ports[name], "http"}
    assert {ports[f"{name}-api"]["http"] for name in NAMES} == {PORT}
    assert ports["meilisearch"] == {"http": 7700}


def test_what_answers_is_probed_and_what_stands_by_needs_no_port() -> None:
    for name, _, pod in PODS:
        for container in containers(pod):
            assert ("readinessProbe" in container) == ("ports" in container), name
            assert ("livenessProbe" in container) == ("ports" in container), name


def test_everything_stateless_has_two_of_itself_and_may_lose_one() -> None:
    scaled = base("HorizontalPodAutoscaler")
    for name, item in base("Deployment").items():
        least = scaled[name]["spec"]["minReplicas"] if name in scaled else item["spec"]["replicas"]
        assert least >= 2, name
        # Where the autoscaler decides, a number in the manifest would undo its decision at every apply.
        assert ("replicas" in item["spec"]) == (name not in scaled), name
        assert base("PodDisruptionBudget")[name]["spec"]["maxUnavailable"] == 1
        assert item["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert set(scaled) == {"gateway", *(f"{name}-api" for name in NAMES)}
    assert all(item["spec"]["scaleTargetRef"]["name"] == name for name, item in scaled.items())


@pytest.mark.parametrize("name", NAMES)
def test_a_service_gets_the_settings_it_knows_and_those_it_must_have(
    name: str, secrets: dict[str, dict[str, str]]
) -> None:
    given = [*base("ConfigMap")[f"mingquan-{name}"]["data"], *secrets[f"mingquan-{name}"]]
    fields = settings_of(name).model_fields
    required = {field for field, facts in fields.items() if facts.is_required()}
    assert required <= named_settings(given) <= set(fields)


@pytest.mark.parametrize("name", NAMES)
def test_the_settings_are_read_from_map_and_secret(
    name: str, secrets: dict[str, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key, value in secrets[f"mingquan-{name}"].items():
        (tmp_path / key).write_text(value, encoding="utf-8")
    for variable, value in base("ConfigMap")[f"mingquan-{name}"]["data"].items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setenv("MINGQUAN_SECRETS_DIR", str(tmp_path))
    address = settings_of(name)().database_url.get_secret_value()
    assert address.endswith(f"@{DATABASE}-rw:5432/mingquan")


@pytest.mark.parametrize("name", NAMES)
def test_compose_and_kubernetes_configure_alike(name: str) -> None:
    composed = services_of(COMPOSE)[f"{name}-api"]["environment"]
    mapped = base("ConfigMap")[f"mingquan-{name}"]["data"]
    assert {key: _read(value) for key, value in composed.items()} == {
        key: _read(value) for key, value in mapped.items()
    }
    gateway = {key: filled(value) for key, value in services_of(COMPOSE)["gateway"]["environment"].items()}
    gateway["MINGQUAN_GATEWAY_TRANSPORT"] = services_of(PRODUCTION)["gateway"]["environment"][
        "MINGQUAN_GATEWAY_TRANSPORT"
    ]
    assert gateway.items() <= base("ConfigMap")["mingquan-gateway-settings"]["data"].items()


def _read(value: str) -> Any:
    return json.loads(value) if value.startswith("{") else value


@pytest.mark.parametrize("name", NAMES)
def test_the_services_files_differ_in_what_only_one_needs(name: str) -> None:
    """Five copies stay five copies: whoever changes one changes all."""

    def likened(service: str) -> list[str]:
        text = (KUBERNETES / "base" / f"{service}.yaml").read_text(encoding="utf-8").split("\n---\n", 1)[1]
        own = re.compile(r"^.*(files|memory:).*\n", re.MULTILINE)
        # Only policy_api keeps files and reads documents of any size.
        return own.sub("", text).replace(f"{service}", "NAME").replace("policy/v1", "NAME/v1").splitlines()

    assert likened(name) == likened("catalog")


def test_every_role_of_the_database_has_its_schema_and_its_password(secrets: dict[str, dict[str, str]]) -> None:
    cluster = base("Cluster")[DATABASE]["spec"]
    statements = " ".join(cluster["bootstrap"]["initdb"]["postInitApplicationSQL"])
    roles = {role["name"]: role["passwordSecret"]["name"] for role in cluster["managed"]["roles"]}
    assert set(roles) == {f"mingquan_{schema}" for schema in SCHEMAS}
    for schema in SCHEMAS:
        assert f"CREATE SCHEMA {schema} AUTHORIZATION mingquan_{schema}" in statements
        role = secrets[roles[f"mingquan_{schema}"]]
        assert role["username"] == f"mingquan_{schema}"
        address = secrets[f"mingquan-{schema}"]["mingquan_database_url"]
        assert address.startswith(f"postgresql://{role['username']}:{role['password']}@")
    assert cluster["bootstrap"]["initdb"]["database"] == "mingquan"
    assert cluster["instances"] >= 3


def pool_size(overlay: str | None) -> tuple[int, int, int]:
    """Connections that all processes may hold together, those the database has, and the processes."""
    patches = list(manifests(KUBERNETES / "overlays" / overlay)) if overlay else []
    changed = {(item["kind"], item["metadata"]["name"]): item for item in patches}
    processes = connections = 0
    for name in NAMES:
        scaled = changed.get(("HorizontalPodAutoscaler", f"{name}-api"), base("HorizontalPodAutoscaler")[f"{name}-api"])
        data = changed.get(("ConfigMap", f"mingquan-{name}"), {}).get("data", {})
        fields = settings_of(name).model_fields
        pools = sum(
            int(data.get(f"MINGQUAN_{pool.upper()}", fields[pool].default))
            for pool in ("read_pool_size", "write_pool_size")
        )
        count = scaled["spec"]["maxReplicas"] + base("Deployment")[f"{name}-worker"]["spec"]["replicas"]
        processes, connections = processes + count, connections + count * pools
    cluster = changed.get(("Cluster", DATABASE), base("Cluster")[DATABASE])
    return connections, int(cluster["spec"]["postgresql"]["parameters"]["max_connections"]), processes


@pytest.mark.parametrize("overlay", [None, "province"])
def test_the_database_has_connections_for_all_processes(overlay: str | None) -> None:
    wanted, there, processes = pool_size(overlay)
    # One more for each worker's lead and each door's listening, and some for exports and people.
    assert wanted + processes + 50 <= there


def test_nothing_is_allowed_by_default_and_every_pod_reaches_what_it_needs() -> None:
    policies = base("NetworkPolicy")
    assert policies["deny-by-default"]["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    for name, item, _ in PODS:
        labels = labels_of(item)
        opened = [policy for policy in policies.values() if matches(policy["spec"]["podSelector"], labels)]
        assert len(opened) > 2, f"{name} has no policy of its own"
    for schema in SCHEMAS:
        for door in ("api", "worker"):
            assert _may_reach(f"{schema}-{door}", {"cnpg.io/cluster": DATABASE}, 5432)
            assert _may_reach(f"{schema}-{door}", _pod_labels("exchange-api"), PORT)
            assert _may_reach(f"{schema}-{door}", _pod_labels("meilisearch"), 7700) == (schema == "search")
        assert _may_reach("gateway", _pod_labels(f"{schema}-api"), PORT)
    assert _may_reach("mingquan-prepare", {"cnpg.io/cluster": DATABASE}, 5432)
    assert not _may_reach("gateway", {"cnpg.io/cluster": DATABASE}, 5432)


def _pod_labels(name: str) -> dict[str, str]:
    return next(labels_of(item) for other, item, _ in PODS if other == name)


def _may_reach(source: str, target: dict[str, str], port: int) -> bool:
    """Whether one side may send it and the other take it."""
    return _is_open(_pod_labels(source), target, port, way="egress") and _is_open(
        target, _pod_labels(source), port, way="ingress"
    )


def _is_open(own: dict[str, str], other: dict[str, str], port: int, *, way: str) -> bool:
    peers = "to" if way == "egress" else "from"
    return any(
        matches(peer["podSelector"], other)
        for policy in base("NetworkPolicy").values()
        if matches(policy["spec"]["podSelector"], own)
        for rule in policy["spec"].get(way, [])
        if port in {entry["port"] for entry in rule["ports"]}
        for peer in rule.get(peers, [])
        if "podSelector" in peer
    )


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_changes_what_is_there_and_names_a_government(overlay: str) -> None:
    there = {(item["kind"], item["metadata"]["name"]) for item in manifests(KUBERNETES / "base")}
    patches = list(manifests(KUBERNETES / "overlays" / overlay))
    added = {("NetworkPolicy", "object-store")}
    assert {(item["kind"], item["metadata"]["name"]) for item in patches} - there <= added
    (root,) = [item["data"] for item in patches if item["metadata"]["name"] == "mingquan-root"]
    assert set(root) == set(base("ConfigMap")["mingquan-root"]["data"])
    assert check_credit_code(root["code"]) == root["code"]
    assert root["code"][2:8] == root["division"]
    for item in patches:
        if item["kind"] == "ConfigMap" and item["metadata"]["name"].removeprefix("mingquan-") in SCHEMAS:
            fields = settings_of(item["metadata"]["name"].removeprefix("mingquan-")).model_fields
            assert named_settings(list(item["data"])) <= set(fields)


def test_the_monitor_asks_the_doors() -> None:
    (monitor,) = manifests(KUBERNETES / "components" / "monitoring")
    chosen = {name for name, item, _ in PODS if matches(monitor["spec"]["selector"], labels_of(item))}
    assert chosen == {f"{name}-api" for name in NAMES}
    # What the alert rules call a job is this label's value.
    label = monitor["spec"]["jobLabel"]
    assert {labels_of(item)[label] for name, item, _ in PODS if name in chosen} == set(SCHEMAS)


def test_what_comes_first_can_be_applied_first() -> None:
    steps = {"prepare", "serve"}
    for item in manifests(KUBERNETES / "base"):
        assert item["metadata"]["labels"]["mingquan/step"] in steps, item["metadata"]["name"]
        is_serving = item["kind"] in {"Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget"}
        assert is_serving <= (item["metadata"]["labels"]["mingquan/step"] == "serve")
