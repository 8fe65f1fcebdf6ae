"""What partners install is what `shared/pyproject.toml` says: nothing of it missing, nothing more needed."""

import ast
import sys
import tomllib
from pathlib import Path
from typing import Any

SHARED = Path(__file__).resolve().parents[3] / "shared"
ASKED: dict[str, Any] = tomllib.loads((SHARED / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: list[str] = ASKED["tool"]["setuptools"]["packages"]
FOLDERS: dict[str, str] = ASKED["tool"]["setuptools"]["package-dir"]


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in (SHARED / FOLDERS[package]).glob("*.py")]


def imported() -> set[str]:
    names: set[str] = set()
    for path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module)
    return names


def test_every_package_but_the_kit_is_in_it() -> None:
    kept = {".".join(path.parent.relative_to(SHARED.parent).parts) for path in SHARED.rglob("__init__.py")}
    assert {name for name in kept if not name.startswith("shared.kit")} == set(PACKAGES)
    assert (SHARED / "py.typed").exists()


def test_it_needs_what_it_says_and_what_it_brings() -> None:
    said = {dependency.split(">=")[0] for dependency in ASKED["project"]["dependencies"]}
    foreign = {name for name in imported() if name.split(".")[0] not in sys.stdlib_module_names}
    inside = {name for name in foreign if name.split(".")[0] == "shared"}
    assert {name.split(".")[0] for name in foreign - inside} - {"pydantic_core"} == said  # comes with pydantic
    assert [name for name in inside if name.startswith("shared.kit")] == []


def test_its_bounds_are_those_of_the_suite() -> None:
    suite = tomllib.loads((SHARED.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(ASKED["project"]["dependencies"]) <= set(suite["dependencies"])
    assert ASKED["project"]["version"] == suite["version"]
