"""Relevance: lay questions and the statute articles that answer them, through the passages' own rules and engine settings.

The data is not part of the project; without `--data` this section says so and measures nothing. Expects there

    retrieval_statute_articles.jsonl   {"id", "law", "article", "text"}
    retrieval_statute_queries.jsonl    {"query", "relevant_doc_ids"}
"""

import json
import math
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from services.search_sync.rules.questions import Ranked, gram_parameters, grams_of, rank, without_asking
from services.search_sync.rules.shelves import PASSAGE_SETTINGS
from tools.bench.bench import Bench
from tools.bench.direct import await_task, open_client
from tools.bench.figures import Figure, Section, Table
from tools.bench.load import percentile
from tools.bench.rig import KEY

ARTICLES, QUERIES = "retrieval_statute_articles.jsonl", "retrieval_statute_queries.jsonl"
_UID = "relevance"
_DEPTH = 10

Ranker = Callable[[str], list[str]]


@dataclass(frozen=True)
class _Question:
    text: str
    relevant: frozenset[str]


@dataclass(frozen=True)
class _Scores:
    """Shares of all questions, and milliseconds a question."""

    first: float
    in_ten: float
    reciprocal: float
    milliseconds: list[float]

    def row(self, name: str) -> tuple[str, ...]:
        shares = (f"{share:.3f}" for share in (self.first, self.in_ten, self.reciprocal))
        return (
            name,
            *shares,
            f"{percentile(self.milliseconds, 0.5):.1f}",
            f"{percentile(self.milliseconds, 0.95):.1f}",
        )


def measure_relevance(bench: Bench) -> Section:
    """hit@1, hit@10 and MRR of what answers and of what else the engine offers, beside bigram BM25."""
    title = "Relevance of answers"
    if bench.data is None:
        return Section("relevance", title, notes=["Not measured: `--data` names no folder with the questions."])
    articles = _read(bench.data / ARTICLES)
    questions = [_Question(one["query"], frozenset(one["relevant_doc_ids"])) for one in _read(bench.data / QUERIES)]
    baseline = BigramRanking({one["id"]: one["text"] for one in articles})
    with open_client(bench.rig.meilisearch.url, KEY) as client:
        names = _fill(client, articles)
        rankers: dict[str, Ranker] = {
            "bigram BM25 (baseline)": baseline.rank,
            "engine, all words": lambda text: _ask(client, names, text, "all"),
            "engine, words left out from the end": lambda text: _ask(client, names, text, "last"),
            "engine, frequent words left out": lambda text: _ask(client, names, text, "frequency"),
            "the same, without words of asking": lambda text: _ask(client, names, without_asking(text), "frequency"),
            "answers": lambda text: _names_of(names, _rank(client, text)),
            "answers, only what counts as one": lambda text: _names_of(
                names, [one for one in _rank(client, text) if one.answers]
            ),
        }
        scores = {name: _score(ranker, questions) for name, ranker in rankers.items()}
    return _describe(title, scores, len(questions), len(articles))


def _describe(title: str, scores: dict[str, _Scores], questions: int, articles: int) -> Section:
    ours, base = scores["answers"], scores["bigram BM25 (baseline)"]
    figures = [
        Figure(name, f"{one:.3f}", f"{other:.3f} bigram BM25", one / other)
        for name, one, other in (
            ("hit@1", ours.first, base.first),
            ("hit@10", ours.in_ten, base.in_ten),
            ("MRR", ours.reciprocal, base.reciprocal),
        )
    ]
    columns = ("", "hit@1", "hit@10", "MRR", "p50 ms", "p95 ms")
    return Section(
        "relevance",
        title,
        figures,
        [Table("", columns, [one.row(name) for name, one in scores.items()])],
        [
            f"{questions:,} lay questions, {articles:,} statute articles, each a passage with its law as the title. MRR over "
            "the first ten. BM25 with k1 = 1.5, b = 0.75 over all articles in memory, nothing tuned. No target is set.",
        ],
    )


class BigramRanking:
    """BM25 over pairs of characters: the baseline, whole and in memory."""

    def __init__(self, texts: dict[str, str], *, k1: float = 1.5, b: float = 0.75) -> None:
        counts = {name: Counter(_bigrams(text)) for name, text in texts.items()}
        lengths = {name: sum(count.values()) for name, count in counts.items()}
        mean = sum(lengths.values()) / len(lengths)
        spread = Counter(gram for count in counts.values() for gram in count)
        self._weights: defaultdict[str, dict[str, float]] = defaultdict(dict)
        for name, count in counts.items():
            for gram, n in count.items():
                rarity = math.log(1 + (len(counts) - spread[gram] + 0.5) / (spread[gram] + 0.5))
                norm = k1 * (1 - b + b * lengths[name] / mean)
                self._weights[gram][name] = rarity * n * (k1 + 1) / (n + norm)

    def rank(self, question: str) -> list[str]:
        """The best ten."""
        scores: Counter[str] = Counter()
        for gram in set(_bigrams(question)):
            scores.update(self._weights.get(gram, {}))
        return [name for name, _ in scores.most_common(_DEPTH)]


def _bigrams(text: str) -> list[str]:
    text = re.sub(r"\W", "", text)
    return [text[start : start + 2] for start in range(len(text) - 1)]


def _score(ranker: Ranker, questions: Sequence[_Question]) -> _Scores:
    places: list[int | None] = []
    milliseconds = []
    for question in questions:
        started = time.perf_counter()
        found = ranker(question.text)[:_DEPTH]
        milliseconds.append((time.perf_counter() - started) * 1000)
        places.append(next((place for place, name in enumerate(found) if name in question.relevant), None))
    hits = [place for place in places if place is not None]
    count = len(places)
    return _Scores(
        hits.count(0) / count, len(hits) / count, sum(1 / (place + 1) for place in hits) / count, milliseconds
    )


def _rank(client: httpx.Client, question: str) -> list[Ranked]:
    """As the search service does it."""
    grams = grams_of(question)
    if not grams:
        return []
    body = {"queries": gram_parameters(_UID, grams, conditions=[])}
    *found, everything = client.post("/multi-search", json=body).raise_for_status().json()["results"]
    passages = {hit["id"]: hit for one in found for hit in one["hits"]}
    totals = {gram: one["estimatedTotalHits"] for gram, one in zip(grams, found, strict=True)}
    return rank(grams, totals, list(passages.values()), count=everything["estimatedTotalHits"])


def _names_of(names: Sequence[str], ranked: Sequence[Ranked]) -> list[str]:
    return [names[int(one.passage["id"])] for one in ranked]


def _ask(client: httpx.Client, names: Sequence[str], text: str, strategy: str) -> list[str]:
    wanted = {"q": text, "limit": _DEPTH, "matchingStrategy": strategy, "locales": ["cmn"]}
    answer = client.post(f"/indexes/{_UID}/search", json={**wanted, "attributesToRetrieve": ["id"]})
    return [names[int(hit["id"])] for hit in answer.raise_for_status().json()["hits"]]


def _fill(client: httpx.Client, articles: Sequence[dict[str, Any]]) -> list[str]:
    """The articles as passages in an index of their own; returns their names by number."""
    documents = [
        {"id": str(number), "title": one["law"], "label": one["article"], "text": one["text"]}
        for number, one in enumerate(articles)
    ]
    for method, path, body in (
        ("POST", "/indexes", {"uid": _UID, "primaryKey": "id"}),
        ("PATCH", f"/indexes/{_UID}/settings", PASSAGE_SETTINGS),
        ("POST", f"/indexes/{_UID}/documents", documents),
    ):
        await_task(client, client.request(method, path, json=body).raise_for_status().json()["taskUid"])
    return [one["id"] for one in articles]


def _read(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]
