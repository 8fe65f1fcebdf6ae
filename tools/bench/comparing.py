"""Comparing two versions of 50,000 characters, beside diff-match-patch on the two raw texts."""

import random
import time
from collections.abc import Callable

from diff_match_patch import diff_match_patch

from services.policy_api.rules.compare import apply_comparison, compare_texts
from tools.bench.bench import Bench
from tools.bench.corpus import body_text
from tools.bench.figures import Figure, Section

_CHARACTERS = 50_000
_TARGET_MILLISECONDS = 200.0
_BASELINE_SECONDS = 10.0
_ROUNDS = 5


def measure_comparing(bench: Bench) -> Section:
    """Target: under 200 ms."""
    chance = random.Random(20261123)  # no secret, and the same every run
    old = _statute(chance)
    figures = []
    for share in (0.05, 0.3, 0.9):
        bench.say(f"two versions of {len(old):,} characters, {share:.0%} of the articles edited")
        figures.append(_compare(old, _edited(chance, old, share), share))
    notes = [
        f"A statute of numbered articles; edits inside articles, articles left out and added. The best of {_ROUNDS}. Each "
        "comparison is checked: applied to the old text it gives the new one. The baseline compares characters only, without "
        f"articles, and is stopped after {_BASELINE_SECONDS:.0f} s.",
    ]
    return Section("comparing", "Comparing two versions", figures, notes=notes)


def _compare(old: str, new: str, share: float) -> Figure:
    ours = _best(lambda: compare_texts(old, new))
    if apply_comparison(compare_texts(old, new), old) != new:
        raise AssertionError("a comparison that does not lead to the new text")
    engine = diff_match_patch()
    engine.Diff_Timeout = _BASELINE_SECONDS
    plain = _best(lambda: engine.diff_main(old, new), rounds=1)
    return Figure(
        f"two versions, {share:.0%} of the articles edited",
        f"{ours:,.0f} ms",
        f"{plain:,.0f} ms diff-match-patch on the raw texts",
        ours / plain,
        f"< {_TARGET_MILLISECONDS:.0f} ms",
        ours < _TARGET_MILLISECONDS,
    )


def _best(work: Callable[[], object], *, rounds: int = _ROUNDS) -> float:
    """Milliseconds of the fastest of some rounds."""
    took = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return min(took) * 1000


def _statute(chance: random.Random) -> str:
    lines: list[str] = []
    size = 0
    while size < _CHARACTERS:
        lines += [_plain(part) for part in body_text(chance, "湖岸保护").split("\n")[1:]]
        size = sum(map(len, lines))
    return "\n".join(f"第{number}条　{line}" for number, line in enumerate(lines, start=1))


def _edited(chance: random.Random, old: str, share: float) -> str:
    lines = []
    for line in old.split("\n"):
        fate = chance.random()
        if fate < share / 10:
            continue
        at = chance.randrange(6, len(line))
        lines.append(line[:at] + "改为按季度公示" + line[at + 3 :] if fate < share else line)
        if chance.random() < share / 20:
            lines.append("第九百条　本条为新增内容，自公布之日起执行。")
    return "\n".join(lines)


def _plain(part: str) -> str:
    """A point without its number, so that only articles count."""
    return part.strip().partition("）")[2] or part.strip()
