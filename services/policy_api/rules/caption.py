"""题注: the line under a regulation's title that tells its history (国办公开办函〔2021〕33号; domain.md §6.7).

Built from the texts of the document, never typed. Whether a document has one, the caller decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

_REVISION, _CORRECTION = "修订", "修正"


@dataclass(frozen=True)
class CaptionText:
    """What the caption says of one text: the act that brought it, when, and under which name."""

    day: date
    """通过或公布日期."""
    effective_on: date
    instrument: str | None
    label: str | None


def caption_of(texts: Sequence[CaptionText]) -> str:
    """（2009年5月1日泉城市人民政府令第230号公布 根据2018年3月2日泉城市人民政府令第261号第一次修正 自2009年6月1日起施行）

    `texts` in the order of their effective days, none of them superseded. A revision (修订) is in effect as a whole from
    its own day; a correction (修正) leaves the document's first day as it was.
    """
    if not texts:
        raise ValueError("a document without texts has no history to tell")
    first, *later = texts
    parts = [f"{_written(first.day)}{first.instrument or ''}公布"]
    effective_on = first.effective_on
    counts = {_CORRECTION: 0, _REVISION: 0}
    for text in later:
        kind = _REVISION if _REVISION in (text.label or "") else _CORRECTION
        counts[kind] += 1
        number = counts[kind]
        # A label says which of the two it is; how often, the texts themselves say.
        label = f"第{_ORDINALS[number - 1] if number <= len(_ORDINALS) else number}次{kind}"
        parts.append(f"根据{_written(text.day)}{text.instrument or ''}{label}")
        if _REVISION in label:
            effective_on = text.effective_on
    return f"（{' '.join(parts)} 自{_written(effective_on)}起施行）"


_ORDINALS = "一二三四五六七八九十"


def _written(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
