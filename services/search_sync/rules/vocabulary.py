"""Synonyms and stop words as the engine wants them. Pure."""

from collections.abc import Iterable, Sequence
from typing import Any


def settings_of(groups: Iterable[Sequence[str]], stop_words: Sequence[str]) -> dict[str, Any]:
    """The engine's settings. A word of several groups has the words of all of them."""
    synonyms: dict[str, dict[str, None]] = {}
    for group in groups:
        for word in group:
            synonyms.setdefault(word, {}).update(dict.fromkeys(other for other in group if other != word))
    return {"synonyms": {word: list(others) for word, others in synonyms.items()}, "stopWords": list(stop_words)}
