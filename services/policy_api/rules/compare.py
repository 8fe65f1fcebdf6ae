"""Compares two texts of a document: article by article, and within what changed character by character.

Articles that only moved to another number are told from those that changed. Nothing is lost: a comparison and the old
text give the new one. Which texts may be compared by whom is not decided here.
"""

from collections import defaultdict, deque
from html import escape

from services.policy_api.rules.alignment import Pair, align_units
from services.policy_api.rules.characters import CharacterDiff
from services.policy_api.rules.outline import outline_rows
from services.policy_api.rules.text_units import Unit, count_articles, split_articles, split_paragraphs, whole
from shared.schemas.comparisons import ComparedUnit, Comparison, Span, SpanKind, UnitBasis, UnitChange

_MAX_UNITS = 5_000
_NAMES = {
    UnitChange.EQUAL: "未变",
    UnitChange.CHANGED: "修改",
    UnitChange.ADDED: "新增",
    UnitChange.REMOVED: "删除",
    UnitChange.RENUMBERED: "条序变动",
}
_BASIS_NAMES = {UnitBasis.ARTICLES: "条", UnitBasis.PARAGRAPHS: "段"}
_TAGS = {SpanKind.EQUAL: "", SpanKind.DELETE: "del", SpanKind.INSERT: "ins"}
_STYLE = (
    ".comparison{max-width:50em;margin:1em auto;padding:0 1em;font-family:sans-serif;line-height:1.7;color:#1a1a1a;"
    "background:#fff}"
    ".comparison .unit{border-left:.3em solid transparent;padding:.2em .8em;margin:.2em 0}"
    ".comparison .text{white-space:pre-wrap;overflow-wrap:anywhere}"
    ".comparison .changed{border-color:#b7791f}.comparison .added{border-color:#2f855a}"
    ".comparison .removed{border-color:#c53030}.comparison .renumbered{border-color:#718096}"
    ".comparison .what{font-size:.8em;color:#4a5568}"
    ".comparison ins{background:#d9f2e0;color:#14532d}.comparison del{background:#fde2e2;color:#7f1d1d}"
)


def compare_texts(old: str, new: str) -> Comparison:
    """What changed from `old` to `new`. By articles when both have some, by paragraphs otherwise.

    Blanks at a unit's end do not make it changed, although the spans show them.
    """
    basis, olds, news = _split(old, new)
    characters = CharacterDiff()
    places = _Addresses(old), _Addresses(new)
    units = [_placed(_compare_pair(pair, characters), pair, *places) for pair in align_units(olds, news)]
    counts = {change.value: sum(unit.change is change for unit in units) for change in UnitChange}
    return Comparison(basis=basis, units=units, **counts)


def apply_comparison(comparison: Comparison, old: str) -> str:
    """The new text. ValueError when `old` is not the text that was compared."""
    spans = [span for unit in comparison.units for span in unit.spans]
    if "".join(span.text for span in spans if span.kind is not SpanKind.INSERT) != old:
        raise ValueError("the comparison belongs to another text")
    return "".join(span.text for span in spans if span.kind is not SpanKind.DELETE)


def render_html(comparison: Comparison) -> str:
    """A fragment of HTML with its own style: `<ins>` and `<del>`, every text escaped, nothing loaded from elsewhere."""
    units = "".join(_render_unit(unit) for unit in comparison.units)
    return (
        f'<section class="comparison" lang="zh"><style>{_STYLE}</style>'
        f'<p class="summary">{_summary(comparison)}</p>{units}</section>'
    )


def _split(old: str, new: str) -> tuple[UnitBasis, list[Unit], list[Unit]]:
    articles = [count_articles(text) for text in (old, new)]
    by_articles = any(articles) and all(
        count > 1 or not text.strip() for count, text in zip(articles, (old, new), strict=True)
    )
    basis = UnitBasis.ARTICLES if by_articles else UnitBasis.PARAGRAPHS
    split = split_articles if by_articles else split_paragraphs
    olds, news = split(old), split(new)
    if max(len(olds), len(news)) > _MAX_UNITS:
        return basis, whole(old), whole(new)
    return basis, olds, news


def _compare_pair(pair: Pair, characters: CharacterDiff) -> ComparedUnit:
    old, new = pair
    if old is None or new is None:
        return _compare_lone(old, new)
    labels = {"old_label": old.label or None, "new_label": new.label or None}
    if old.label == new.label:
        change = UnitChange.EQUAL if old.content == new.content else UnitChange.CHANGED
        return ComparedUnit(change=change, spans=characters.spans(old.text, new.text), **labels)
    change = UnitChange.RENUMBERED if old.content == new.content else UnitChange.CHANGED
    spans = [
        *characters.spans(old.lead, new.lead),
        # A number changes as a whole: 第十二条 to 第十三条, not 二 to 三.
        *_replaced(old.label, new.label),
        *characters.spans(old.content + old.tail, new.content + new.tail),
    ]
    return ComparedUnit(change=change, spans=spans, **labels)


class _Addresses:
    """The outline's address of each numbered unit. Units come in the order of the text, as the outline's rows do."""

    def __init__(self, text: str) -> None:
        self._left: dict[str, deque[str]] = defaultdict(deque)
        for row in outline_rows(text):
            self._left[_bare(row["label"])].append(row["address"])

    def take(self, unit: Unit | None) -> str | None:
        left = self._left.get(_bare(unit.label)) if unit is not None and unit.label else None
        return left.popleft() if left else None


def _bare(label: str) -> str:
    return "".join(label.split())


def _placed(unit: ComparedUnit, pair: Pair, old: _Addresses, new: _Addresses) -> ComparedUnit:
    unit.old_address, unit.new_address = old.take(pair[0]), new.take(pair[1])
    return unit


def _compare_lone(old: Unit | None, new: Unit | None) -> ComparedUnit:
    if new is None:
        assert old is not None
        spans = [Span(kind=SpanKind.DELETE, text=old.text)]
        return ComparedUnit(change=UnitChange.REMOVED, old_label=old.label or None, spans=spans)
    spans = [Span(kind=SpanKind.INSERT, text=new.text)]
    return ComparedUnit(change=UnitChange.ADDED, new_label=new.label or None, spans=spans)


def _replaced(old: str, new: str) -> list[Span]:
    spans = [Span(kind=SpanKind.DELETE, text=old), Span(kind=SpanKind.INSERT, text=new)]
    return [span for span in spans if span.text]


def _summary(comparison: Comparison) -> str:
    counts = [(name, getattr(comparison, change.value)) for change, name in _NAMES.items()]
    basis = _BASIS_NAMES[comparison.basis]
    return escape("，".join(f"{name}{count}{basis}" for name, count in counts if count) or "两份文本都是空的")


def _render_unit(unit: ComparedUnit) -> str:
    text = "".join(_render_span(span) for span in unit.spans)
    what = "" if unit.change is UnitChange.EQUAL else f'<div class="what">{_NAMES[unit.change]}</div>'
    return f'<div class="unit {unit.change.value}">{what}<div class="text">{text}</div></div>'


def _render_span(span: Span) -> str:
    tag = _TAGS[span.kind]
    return f"<{tag}>{escape(span.text)}</{tag}>" if tag else escape(span.text)
