"""docs/operations.md names every setting with its default, and no setting that is none."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from deploy.local.settings import REPOSITORY, LocalSettings
from deploy.local.suite import SERVICES
from shared.kit.settings import KitSettings

TEXT = (REPOSITORY / "docs" / "operations.md").read_text(encoding="utf-8")
LOCAL = "deploy.local"
KIT = "shared.kit"


def settings_classes() -> Iterator[tuple[str, type[BaseModel], set[str]]]:
    """Each class with the names of the fields that are its own."""
    yield LOCAL, LocalSettings, set(LocalSettings.model_fields)
    yield KIT, KitSettings, set(KitSettings.model_fields)
    for service in SERVICES:
        settings = importlib.import_module(f"{service.package}.settings").Settings
        yield service.package, settings, set(settings.model_fields) - set(KitSettings.model_fields)


def row_of(name: str, field: FieldInfo) -> str:
    """How the table's row of a setting begins."""
    return f"| `MINGQUAN_{name.upper()}` | {default_of(field)} |"


def default_of(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None:
        return "unset"
    if isinstance(value, Path):
        value = value.relative_to(REPOSITORY)
    if isinstance(value, bool):
        value = str(value).lower()
    if isinstance(value, tuple):
        value = "、".join(map(str, value))
    return f"`{value}`"


def section_of(package: str) -> str:
    """The text under the heading that names the package."""
    found = re.search(rf"^### [^\n]*`{re.escape(package)}`\n(.*?)(?=^##|\Z)", TEXT, re.DOTALL | re.MULTILINE)
    assert found, f"docs/operations.md has no heading that ends with `{package}`"
    return found[1]


@pytest.mark.parametrize(("package", "settings", "own"), list(settings_classes()))
def test_every_setting_is_documented_with_its_default(package: str, settings: type[BaseModel], own: set[str]) -> None:
    section = section_of(package)
    fields = {name: settings.model_fields[name] for name in sorted(own)}
    missing = [
        f"{row_of(name, field)} {field.description} |"
        for name, field in fields.items()
        if row_of(name, field) not in section
    ]
    assert missing == []
    rows = set(re.findall(r"^\| `MINGQUAN_([A-Z_0-9]+)`", section, re.MULTILINE))
    assert rows == {name.upper() for name in own}


def test_every_row_says_what_the_setting_does() -> None:
    rows = [line.split("|") for line in TEXT.splitlines() if line.startswith("| `MINGQUAN_")]
    assert rows
    assert [row[1] for row in rows if len(row) < 5 or len(row[3].strip()) < 10] == []
