"""Which passages answer a question: what is asked of the engine, and how what it brings is ranked. Pure.

The engine wants all words of a query, or leaves some out without weighing them; a question has many words that no
statute uses. So each pair of characters is asked for by itself, and BM25 (Robertson, Zaragoza 2009) over what comes back
weighs each by how rare it is. `docs/decisions/0007-passages-and-answers.md` has the measurements.
"""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.search_sync.rules.documents import Document

MAX_GRAMS = 24
"""Of a question; the rarest words of a longer one stand in its beginning as well as anywhere else."""
CANDIDATES_A_GRAM = 20
MIN_SHARE = 0.3
"""How much of the question's weight a passage must hold to count as an answer. Measured: see the decision."""
MIN_GRAMS = 2
_TERM_SATURATION, _LENGTH_WEIGHT = 1.2, 0.75
_NOT_WORDS = re.compile(r"[\W_]+")
_ASKING = re.compile(
    "请问|什么时候|为什么|什么|怎么办理|怎么办|怎么样|怎么|怎样|如何|是否|能否|可否|可不可以|能不能|是不是|有没有|"
    "多长时间|多少|多久|哪些|哪个|哪里|谁|何时|为何|的话|情况下|可以|应该|吗|呢|啊|吧|的|了|我|你|您"
)
_SHOWN = (
    *("id", "subject", "source", "type", "version", "address", "label", "headings", "text", "doc_no", "title", "level"),
    *("organization_name", "validity", "published_on", "policy_id", "policy_title"),
)


@dataclass(frozen=True)
class Ranked:
    """A passage with its score, and the share of the question's weight that it holds (0–1)."""

    passage: Document
    score: float
    share: float
    grams: int

    @property
    def answers(self) -> bool:
        """Whether enough of the question is in it: a single common word is no answer."""
        return self.share >= MIN_SHARE and self.grams >= MIN_GRAMS


def without_asking(text: str) -> str:
    """The text without the words of asking; a text of nothing else as it is."""
    return _ASKING.sub(" ", text).strip() or text


def grams_of(question: str) -> list[str]:
    """Pairs of characters of what is asked about, without the words of asking; of Latin letters and digits whole words."""
    text = _normal(question)
    # A question of nothing but such words (能不能?) is taken as it is.
    for part in (_ASKING.sub(" ", text), text):
        words = [word for word in _NOT_WORDS.split(part) if word]
        grams = [gram for word in words for gram in _grams_of_word(word)]
        if grams:
            return list(dict.fromkeys(grams))[:MAX_GRAMS]
    return []


def gram_parameters(uid: str, grams: Sequence[str], *, conditions: Sequence[str]) -> list[dict[str, Any]]:
    """A query for each, and one that only counts all passages there are."""
    common = {"indexUid": uid, "filter": list(conditions), "locales": ["cmn"], "matchingStrategy": "all"}
    return [
        {**common, "q": gram, "limit": CANDIDATES_A_GRAM, "attributesToRetrieve": list(_SHOWN)} for gram in grams
    ] + [{**common, "q": "", "limit": 0}]


def rank(grams: Sequence[str], totals: Mapping[str, int], passages: Sequence[Document], *, count: int) -> list[Ranked]:
    """Best first. `totals` says in how many of `count` passages each pair stands."""
    texts = {str(one["id"]): _normal(text_of(one)) for one in passages}
    mean = sum(map(len, texts.values())) / max(1, len(texts))
    # The engine cuts a text into words and misses a pair that spans two of them: what was seen is certain.
    spread = {gram: max(totals[gram], sum(gram in text for text in texts.values())) for gram in grams}
    weights = {gram: math.log(1 + max(0.0, count - n + 0.5) / (n + 0.5)) for gram, n in spread.items()}
    whole = sum(weights.values()) or 1.0
    by_id = {str(one["id"]): one for one in passages}
    ranked = []
    for key, text in texts.items():
        found = {gram: frequency for gram in grams if (frequency := text.count(gram))}
        norm = _TERM_SATURATION * (1 - _LENGTH_WEIGHT + _LENGTH_WEIGHT * len(text) / mean)
        score = sum(weights[gram] * n * (_TERM_SATURATION + 1) / (n + norm) for gram, n in found.items())
        share = sum(weights[gram] for gram in found) / whole
        ranked.append(Ranked(by_id[key], score, share, len(found)))
    return sorted(ranked, key=lambda one: (-one.score, str(one.passage["id"])))


def text_of(passage: Document) -> str:
    """What counts as the passage: what stands above it tells what it is about."""
    parts = (passage.get("title"), passage.get("policy_title"), *(passage.get("headings") or ()), passage.get("text"))
    return "\n".join(part for part in parts if part)


def _normal(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def _grams_of_word(word: str) -> list[str]:
    if word.isascii() or len(word) <= 2:
        return [word] if len(word) > 1 else []
    return [word[start : start + 2] for start in range(len(word) - 1)]
