"""Every command that the runbooks or the doctor name is one, with the options that it has."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperCommand, TyperGroup

from deploy.local.settings import REPOSITORY
from deploy.operations.cli import app

DOCS = REPOSITORY / "docs"
COMMAND = typer.main.get_command(app)
# Typer brings a click of its own, whose exceptions it names in part only.
USAGE_ERROR = typer.BadParameter.__mro__[1]
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
NO_COMMANDS = {"migrations", "operations", "backup"}
"""Words behind `mingquan` in the names of locks and connections."""
MENTIONED = re.compile(r"mingquan ((?:[a-z]+)(?: [a-z]+)?)")


def shown() -> Iterator[str]:
    """Whole command lines, in blocks or indented."""
    for path in sorted(DOCS.glob("*.md")):
        text = path.read_text(encoding="utf-8")
        lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
        lines += re.findall(r"^ {4}(mingquan .*)$", text, re.MULTILINE)
        # In a cell or a sentence, whole where it begins and ends the code.
        lines += [line for line in re.findall(r"`(mingquan [^`…]+)`", text) if len(line.split()) > 2]
        yield from (line for line in lines if line.startswith("mingquan "))


def find_command(words: list[str]) -> tuple[TyperCommand, list[str]]:
    """The command that the words lead to, and its arguments; KeyError when there is none."""
    command = COMMAND
    while isinstance(command, TyperGroup):
        command, words = command.commands[words[0]], words[1:]
    assert isinstance(command, TyperCommand)
    return command, words


@pytest.mark.parametrize("line", sorted(set(shown())))
def test_a_command_line_that_is_shown_can_be_given(line: str) -> None:
    command, arguments = find_command(shlex.split(line.partition(" <")[0])[1:])
    with command.make_context(command.name, arguments):
        pass


def test_the_runbooks_show_most_of_the_commands() -> None:
    lines = set(shown())
    assert len(lines) > 20
    named = {find_command(shlex.split(line)[1:])[0].name for line in lines}
    assert {"backup", "restore", "doctor", "migrate", "reindex", "verify", "rotate", "reseal", "prune", "put"} <= named


@pytest.mark.parametrize(
    "path", [*sorted((REPOSITORY / "deploy/operations").rglob("*.py"))], ids=lambda path: path.name
)
def test_a_command_that_an_advice_names_exists(path: Path) -> None:
    for found in MENTIONED.findall(path.read_text(encoding="utf-8")):
        first = found.split()[0]
        if first in NO_COMMANDS:
            continue
        assert isinstance(COMMAND, TyperGroup)
        group = COMMAND.commands[first]
        if isinstance(group, TyperGroup):
            assert found.split()[1] in group.commands, found


@pytest.mark.parametrize("line", ["mingquan explode", "mingquan clients rotate not-a-uuid", "mingquan verify --fast"])
def test_what_is_none_would_be_found(line: str) -> None:
    with pytest.raises((KeyError, USAGE_ERROR)):  # noqa: PT012  # either step may be the one
        command, arguments = find_command(shlex.split(line)[1:])
        command.make_context(command.name, arguments)


def test_what_the_advice_of_the_doctor_points_to_is_a_heading() -> None:
    runbooks = (DOCS / "runbooks.md").read_text(encoding="utf-8")
    findings = (REPOSITORY / "deploy/operations/doctor/findings.py").read_text(encoding="utf-8")
    for heading in re.findall(r"docs/runbooks\.md “([^”]+)”", findings):
        assert re.search(rf"^## .*{re.escape(heading)}", runbooks, re.MULTILINE), heading


def test_the_runbooks_are_linked() -> None:
    for path in (
        REPOSITORY / "README.md",
        REPOSITORY / "README.zh-CN.md",
        DOCS / "operations.md",
        DOCS / "deployment.md",
    ):
        assert "runbooks.md" in path.read_text(encoding="utf-8"), path.name
