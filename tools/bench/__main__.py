"""`python -m tools.bench [--only reads,list,…] [--quick] [--data FOLDER] [--write]`."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tools.bench import report
from tools.bench.bench import QUICK, Bench, Pace
from tools.bench.comparing import measure_comparing
from tools.bench.disclosure import measure_disclosure
from tools.bench.figures import Section
from tools.bench.gateway import measure_gateway
from tools.bench.growth import measure_growth
from tools.bench.load import generator
from tools.bench.matching import measure_matching
from tools.bench.parsing import measure_parsing
from tools.bench.processes import machine_facts
from tools.bench.quality import measure_quality
from tools.bench.reads import measure_lists, measure_reads
from tools.bench.relevance import measure_relevance
from tools.bench.requests import measure_requests
from tools.bench.rig import rig
from tools.bench.searching import measure_indexing, measure_lag, measure_memory, measure_search
from tools.bench.webhooks import measure_webhooks
from tools.bench.writes import measure_batch, measure_upserts

console = Console(width=None if sys.stdout.isatty() else 120)
# In this order: what one section fills, the next reads.
SECTIONS: dict[str, Callable[[Bench], Section]] = {
    "batch": measure_batch,
    "reads": measure_reads,
    "lists": measure_lists,
    "gateway": measure_gateway,
    "upserts": measure_upserts,
    "indexing": measure_indexing,
    "lag": measure_lag,
    "search": measure_search,
    "relevance": measure_relevance,
    "comparing": measure_comparing,
    "parsing": measure_parsing,
    "quality": measure_quality,
    "memory": measure_memory,
    "matching": measure_matching,
    "disclosure": measure_disclosure,
    "requests": measure_requests,
    "webhooks": measure_webhooks,
    "growth": measure_growth,
}


def main(
    only: Annotated[str, typer.Option(help=f"Sections, by comma: {', '.join(SECTIONS)}")] = "",
    quick: Annotated[bool, typer.Option("--quick", help="Small and short: shows that it works, not how fast.")] = False,
    data: Annotated[Path | None, typer.Option(help="Folder with the questions of the relevance section.")] = None,
    write: Annotated[bool, typer.Option("--write", help="Keep the figures in docs/benchmarks.md.")] = False,
) -> None:
    """Measure, each figure beside its baseline."""
    wanted = [name.strip() for name in only.split(",") if name.strip()] or list(SECTIONS)
    if unknown := set(wanted) - set(SECTIONS):
        raise typer.BadParameter(f"no such section: {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    started = time.perf_counter()
    facts = {"date": datetime.now(UTC).date().isoformat(), **machine_facts()}
    sections = []
    with ExitStack() as stack:
        loads, running = stack.enter_context(generator(workers=2)), stack.enter_context(rig())
        facts["servers"] = running.versions()
        bench = Bench(running, loads, QUICK if quick else Pace(), datetime.now(UTC).date(), _say, stack, data)
        for name, measure in SECTIONS.items():
            if name in wanted:
                _say(f"{time.perf_counter() - started:.0f} s: {name}")
                sections.append(measure(bench))
                report.show(console, sections[-1])
                # What could not be measured leaves the figures that are kept as they are.
                if write and (sections[-1].figures or sections[-1].tables):
                    # At once: what fails later must not cost what has been measured.
                    report.keep(sections[-1:], facts)
    facts["load average at the end"] = f"{os.getloadavg()[0]:.1f}, this run's own processes included"
    summary = _summarise(sections)
    report.show(console, summary)
    for name, value in facts.items():
        console.print(f"{name}: {value}", highlight=False)
    console.print(f"{time.perf_counter() - started:.0f} s in all")
    if write:
        if not only:  # Of a part there is no whole to sum up: the kept summary stays.
            report.keep([summary], facts)
        console.print(f"written: {report.DOCUMENT}")


def _summarise(sections: list[Section]) -> Section:
    """Every figure that has a target."""
    found = [
        replace(figure, name=f"{section.title}: {figure.name}")
        for section in sections
        for figure in section.figures
        if figure.met is not None
    ]
    missed = sum(not figure.met for figure in found)
    return Section("summary", "Targets", found, notes=[f"{len(found) - missed} of {len(found)} met."])


def _say(text: str) -> None:
    console.print(f"[dim]… {text}[/]")


if __name__ == "__main__":
    typer.run(main)
