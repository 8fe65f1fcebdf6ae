"""Reads the deployment's files as the tests want them: YAML with Compose's tags, interpolated, and every manifest."""

import importlib
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from deploy.container.__main__ import package_of
from deploy.local.provision import SCHEMAS
from deploy.local.settings import REPOSITORY
from shared.kit.settings import KitSettings

DEPLOY = REPOSITORY / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
COMPOSE = DEPLOY / "docker-compose.yml"
PRODUCTION = DEPLOY / "compose.production.yml"
OBSERVABILITY = DEPLOY / "compose.observability.yml"
_VARIABLE = re.compile(r"\$\{([A-Z_]+)(?::([-?])([^}]*))?\}")
NAMES = list(SCHEMAS)


class ComposeLoader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML ships no types
    """YAML with the tags that Compose adds."""


ComposeLoader.add_constructor("!override", lambda loader, node: loader.construct_sequence(node, deep=True))


# Any: YAML, which promises nothing.
@cache
def compose(path: Path) -> dict[str, Any]:
    """A Compose file as written. Not to be changed: it is read once."""
    document: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), ComposeLoader)
    return document


def services_of(path: Path) -> dict[str, dict[str, Any]]:
    services: dict[str, dict[str, Any]] = compose(path)["services"]
    return services


def variables_of(text: str) -> dict[str, str]:
    """What a Compose file asks of its environment: each variable with `-`, `?` or nothing behind it."""
    return {found[1]: found[2] or "" for found in _VARIABLE.finditer(text)}


def filled(text: str, given: Mapping[str, str] | None = None) -> str:
    """Interpolated as Compose does it, with the defaults; what is required and not given is left as it is."""
    known = given or {}

    def value(found: re.Match[str]) -> str:
        if found[1] in known:
            return known[found[1]]
        return found[3] if found[2] == "-" else found[0]

    return _VARIABLE.sub(value, text)


@cache
def manifests(folder: Path) -> tuple[dict[str, Any], ...]:
    """Every Kubernetes object of the folder's files. Not to be changed: it is read once."""
    texts = [
        path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml")) if path.name != "kustomization.yaml"
    ]
    return tuple(document for text in texts for document in yaml.safe_load_all(text) if document)


def base(kind: str) -> dict[str, dict[str, Any]]:
    """The base's objects of a kind, by name."""
    return {item["metadata"]["name"]: item for item in manifests(KUBERNETES / "base") if item["kind"] == kind}


def workloads() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Whatever has pods: its name, itself, and the specification of its pods."""
    for kind in ("Deployment", "StatefulSet", "Job"):
        for name, item in base(kind).items():
            yield name, item, item["spec"]["template"]["spec"]


def containers(pod: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [*pod.get("initContainers", []), *pod["containers"]]


def settings_of(name: str) -> type[KitSettings]:
    """The settings class of a service."""
    settings: type[KitSettings] = importlib.import_module(f"{package_of(name)}.settings").Settings
    return settings


def named_settings(names: Iterable[str]) -> set[str]:
    """Field names of those `MINGQUAN_…` variables that are settings of a service."""
    ours = {name.upper() for name in names if name.upper().startswith("MINGQUAN_")} - {"MINGQUAN_SECRETS_DIR"}
    return {name.removeprefix("MINGQUAN_").lower() for name in ours}
