"""Tries the outline on real documents and counts what looks wrong: `python -m tools.check_outline FILE…`

Numbers that are left out or come twice are counted as the parser's failures, although some texts really have them. Prints
counts and, with `--show`, the titles of documents with failures; nothing is copied anywhere.
"""

import itertools
import re
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.policy_api.rules.bodies import plain_text
from services.policy_api.rules.outline import MAX_NODES, outline_rows
from services.policy_api.rules.passages import passages_of
from shared.schemas.policies import PolicyInput
from tools.import_documents.running import map_files

_NUMBER = re.compile(r"^(?:annex-\d+-)?art-(\d+)(-bis-\d+)?(~\d+)?$")
_LONG = 1_000

console = Console()


def main(
    files: list[Path], show: Annotated[bool, typer.Option(help="Titles of documents with failures.")] = False
) -> None:
    """Count."""
    counts: Counter[str] = Counter()
    for item in map_files(files).items:
        if not isinstance(item.content, PolicyInput):
            continue
        content = item.content
        text = plain_text(content.body) if content.body_format == "html" else content.body
        found = failures_of(text)
        counts += Counter({"documents": 1, **dict(facts_of(text).items())})
        counts += Counter({f"documents with {kind}": 1 for kind in found})
        if show and found:
            console.print(f"{content.title}: {', '.join(f'{kind} {number}' for kind, number in found.items())}")
    table = Table("what", "count")
    for kind, number in counts.items():
        table.add_row(kind, f"{number:,}")
    console.print(table)


def facts_of(text: str) -> dict[str, int]:
    """How much structure a text has."""
    passages = passages_of(text)
    kinds = Counter(passage.kind for passage in passages)
    return {
        "articles": kinds["article"],
        "points and items": kinds["point"] + kinds["item"],
        "paragraphs": kinds["paragraph"],
    }


def failures_of(text: str) -> dict[str, int]:
    """By kind, how often; empty when the outline looks right."""
    rows = outline_rows(text)
    numbers = [_NUMBER.match(row["address"]) for row in rows if row["kind"] == "article"]
    articles = [(int(found[1]), found[3]) for found in numbers if found is not None]
    plain = [number for number, again in articles if again is None]
    gaps = sum(1 for one, other in itertools.pairwise(plain) if other - one > 1) + (plain[:1] not in ([], [1]))
    counted = {
        "gaps between articles": gaps,
        "articles whose number came before": sum(again is not None for _, again in articles),
        "other addresses that came before": sum("~" in row["address"] for row in rows if row["kind"] != "article"),
        "no heading in a long text": int(not rows and len(text) > _LONG),
        "more headings than are kept": int(len(rows) >= MAX_NODES),
    }
    return {kind: number for kind, number in counted.items() if number}


if __name__ == "__main__":
    typer.run(main)
