"""What a section gives back: figures with their baselines and targets, tables, and sentences about how it was measured."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Figure:
    """One measured number beside its baseline. `met` is None where the issue names no target."""

    name: str
    measured: str
    baseline: str = "–"
    ratio: float | None = None
    target: str = "–"
    met: bool | None = None


@dataclass(frozen=True)
class Table:
    """Any other numbers."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass
class Section:
    """One part of the report."""

    key: str
    title: str
    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def compare(
    name: str,
    measured: float,
    baseline: float,
    *,
    unit: str = "/s",
    baseline_name: str = "",
    at_least: float | None = None,
    target: str = "",
) -> Figure:
    """A rate and its baseline's, with their ratio and, where there is a target for it, whether it is met."""
    ratio = measured / baseline
    return Figure(
        name,
        f"{measured:,.0f}{unit}",
        f"{baseline:,.0f}{unit} {baseline_name}".strip(),
        ratio,
        target or (f"≥ {at_least:g} of the baseline" if at_least is not None else "–"),
        ratio >= at_least if at_least is not None else None,
    )


def verdict(figure: Figure) -> str:
    """A word for `met`."""
    return {None: "", True: "met", False: "MISSED"}[figure.met]


def format_ratio(figure: Figure) -> str:
    return "–" if figure.ratio is None else f"{figure.ratio:.2f}"
