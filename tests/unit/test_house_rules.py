"""The rules of the house that the import linter cannot see, read from the source itself."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICES = sorted(path for path in (ROOT / "services").glob("*/") if (path / "__init__.py").exists())
SOURCES = sorted(
    path
    for part in ("shared", "services", "deploy", "tools")
    for path in (ROOT / part).rglob("*.py")
    if path.stat().st_size
)
# A statement, not a sentence that begins with one of these words.
SQL = re.compile(
    r"\b(SELECT\s.+\sFROM\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|LISTEN\s+\w+|pg_(advisory|notify)\w*\()",
    re.DOTALL,
)
BUILDERS = {"select", "insert", "update", "delete", "text", "literal_column"}


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports_of(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def functions_of(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert function.end_lineno is not None
    return function.end_lineno - function.lineno + 1


def sql_in(tree: ast.Module) -> Iterator[int]:
    """Lines that hold a statement, as text or by SQLAlchemy's builders."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and SQL.search(node.value):
            yield node.lineno
        if (
            isinstance(node, ast.Attribute)
            and node.attr in BUILDERS
            and getattr(node.value, "id", "") in {"sa", "sqlalchemy"}
        ):
            yield node.lineno


def holds_sql(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return parts[2].removesuffix(".py") in {"repository", "models", "migrations"}


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_sql_stands_in_repository_and_models_only(service: Path) -> None:
    outside = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in service.rglob("*.py")
        if not holds_sql(path)
        for line in sql_in(tree_of(path))
    ]
    assert outside == []


def test_sql_is_recognised_where_it_is() -> None:
    """The rule above would hold vacuously if its eyes were shut."""
    assert list(sql_in(tree_of(ROOT / "services/exchange_api/repository/organizations.py")))
    assert list(sql_in(ast.parse("import sqlalchemy as sa\nsa.select(1)"))) == [2]


def test_schemas_need_pydantic_and_the_standard_library_only() -> None:
    allowed = sys.stdlib_module_names | {"pydantic", "pydantic_core"}
    foreign = {
        f"{path.name}: {module}"
        for path in (ROOT / "shared/schemas").glob("*.py")
        for module in imports_of(tree_of(path))
        if module.split(".")[0] not in allowed and not module.startswith("shared.schemas")
    }
    assert foreign == set()


CLOCKS = {"now", "utcnow", "today", "time", "monotonic"}


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_rules_have_no_clock_and_no_file(service: Path) -> None:
    """`today` is an argument; what a rule needs is handed to it."""
    faults = []
    for path in (service / "rules").rglob("*.py"):
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.Call):
                continue
            name = node.func
            if isinstance(name, ast.Name) and name.id == "open":
                faults.append(f"{path.relative_to(ROOT)}:{node.lineno} open")
            if (
                isinstance(name, ast.Attribute)
                and name.attr in CLOCKS
                and getattr(name.value, "id", "") in {"datetime", "date", "time"}
            ):
                faults.append(f"{path.relative_to(ROOT)}:{node.lineno} {name.attr}")
    assert faults == []


def test_every_module_opens_with_its_purpose() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if "versions" not in path.parts and not ast.get_docstring(tree_of(path))
    ]
    assert silent == []


def test_files_and_functions_stay_short() -> None:
    """No file over 600 lines, no function over 70, nine functions in ten under 35."""
    long_files = [
        str(path.relative_to(ROOT)) for path in SOURCES if len(path.read_text(encoding="utf-8").splitlines()) > 600
    ]
    functions = [
        (length(function), f"{path.relative_to(ROOT)}:{function.lineno} {function.name}")
        for path in SOURCES
        if "versions" not in path.parts
        for function in functions_of(tree_of(path))
    ]
    assert long_files == []
    assert [where for lines, where in functions if lines > 70] == []
    assert sum(lines < 35 for lines, _ in functions) >= 0.9 * len(functions)


def test_nothing_is_left_for_later() -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|raise NotImplementedError")
    left = [str(path.relative_to(ROOT)) for path in SOURCES if words.search(path.read_text(encoding="utf-8"))]
    assert left == []


def test_no_cancellation_is_lost() -> None:
    """`asyncio.wait_for` of Python 3.11 swallows one that comes as its answer does; `asyncio.timeout` does not."""
    losing = [str(path.relative_to(ROOT)) for path in SOURCES if "asyncio.wait_for(" in path.read_text("utf-8")]
    assert losing == []
