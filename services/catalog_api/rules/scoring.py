"""The score of 效能监测, from counts alone, so that everybody can work it out again. Pure. `[D]`: weights are settings."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Weights:
    """How the parts count. A late publication is worth a share of one on time."""

    timeliness: float
    coverage: float
    late: float


def share(part: int, whole: int) -> float | None:
    """Four decimals; None of nothing."""
    return round(part / whole, 4) if whole else None


def score_of(
    *, on_time: int, late: int, overdue: int, covered: int | None, items: int | None, weights: Weights
) -> float | None:
    """0 to 100 with one decimal; a part without anything to count leaves the other alone; None without both."""
    parts = []
    due = on_time + late + overdue
    if due:
        parts.append((weights.timeliness, (on_time + weights.late * late) / due))
    if items:
        parts.append((weights.coverage, (covered or 0) / items))
    total = sum(weight for weight, _ in parts)
    return round(100 * sum(weight * value for weight, value in parts) / total, 1) if total else None
