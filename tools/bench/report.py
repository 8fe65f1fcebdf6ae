"""Shows a report on the terminal and keeps it in docs/benchmarks.md, between markers, so that what people wrote stays."""

import re
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable

from deploy.local.settings import REPOSITORY
from tools.bench.figures import Section, Table, format_ratio, verdict

DOCUMENT = REPOSITORY / "docs" / "benchmarks.md"
_FIGURE_COLUMNS = ("what", "measured", "baseline", "ratio", "target", "")
_STYLES = {"met": "[green]met[/]", "MISSED": "[red]MISSED[/]"}


def show(console: Console, section: Section) -> None:
    """Print one section."""
    console.rule(section.title, align="left")
    for table in tables_of(section):
        shown = RichTable(title=table.title or None, title_justify="left")
        for index, column in enumerate(table.columns):
            shown.add_column(column, justify="left" if index == 0 else "right", overflow="fold")
        for row in table.rows:
            shown.add_row(*(_STYLES.get(cell, cell) for cell in row))
        console.print(shown)
    for note in section.notes:
        console.print(f"· {note}", markup=False)


def tables_of(section: Section) -> list[Table]:
    """The figures as a table, then the others."""
    rows = [
        (figure.name, figure.measured, figure.baseline, format_ratio(figure), figure.target, verdict(figure))
        for figure in section.figures
    ]
    return ([Table("", _FIGURE_COLUMNS, rows)] if rows else []) + section.tables


def keep(sections: list[Section], facts: Mapping[str, str], path: Path = DOCUMENT) -> None:
    """Rewrite the parts of the document that these sections own; the rest stays as it is."""
    text = path.read_text(encoding="utf-8")
    text = replace_part(text, "machine", "\n".join(f"- {name}: {value}" for name, value in facts.items()))
    for section in sections:
        text = replace_part(text, section.key, as_markdown(section))
    path.write_text(text, encoding="utf-8")


def replace_part(text: str, key: str, content: str) -> str:
    """The text with what stands between a part's markers replaced; the markers are added at the end if they are missing."""
    begin, end = f"<!-- bench:{key} -->", f"<!-- /bench:{key} -->"
    part = f"{begin}\n{content.strip()}\n{end}"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if pattern.search(text):
        return pattern.sub(lambda _: part, text)
    return f"{text.rstrip()}\n\n## {key}\n\n{part}\n"


def as_markdown(section: Section) -> str:
    """The section's tables and notes."""
    parts = [_markdown_table(table) for table in tables_of(section)]
    if section.notes:
        parts.append("\n".join(f"- {note}" for note in section.notes))
    return "\n\n".join(parts)


def _markdown_table(table: Table) -> str:
    lines = [f"**{table.title}**\n"] if table.title else []
    lines.append("| " + " | ".join(table.columns) + " |")
    lines.append("|" + "|".join("---" if index == 0 else "---:" for index in range(len(table.columns))) + "|")
    bold = {"met": "met", "MISSED": "**missed**"}
    lines += ["| " + " | ".join(bold.get(cell, cell.replace("|", "\\|")) for cell in row) + " |" for row in table.rows]
    return "\n".join(lines)
