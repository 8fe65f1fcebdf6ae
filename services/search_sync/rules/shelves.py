"""The two indexes that are kept (documents, passages): how each is set up and built. One writer keeps both alike."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json

from services.search_sync.rules.documents import Document, build_document, is_searched
from services.search_sync.rules.index_settings import INDEX_VERSION, SETTINGS
from services.search_sync.rules.passage_documents import PASSAGE_FORMAT, build_passages, has_passages

PASSAGE_SETTINGS: dict[str, Any] = {
    "searchableAttributes": ["title", "policy_title", "label", "headings", "text"],
    "filterableAttributes": [
        *("id", "subject", "edition", "level", "validity"),
    ],
    "sortableAttributes": [],
    "rankingRules": ["words", "typo", "proximity", "exactness", "attribute"],
    "localizedAttributes": [{"attributePatterns": ["title", "policy_title", "headings", "text"], "locales": ["cmn"]}],
    "typoTolerance": {"enabled": False},
    "proximityPrecision": "byAttribute",
    "pagination": {"maxTotalHits": 1_000_000},
    "searchCutoffMs": 1500,
}
PASSAGE_VERSION = hashlib.sha256(to_json([PASSAGE_FORMAT, PASSAGE_SETTINGS])).hexdigest()[:16]


@dataclass(frozen=True)
class Shelf:
    """One index. `key` is the attribute that names the subject; a subject may have many entries (`is_many`)."""

    name: str
    suffix: str
    settings: dict[str, Any]
    version: str
    key: str
    is_many: bool
    holds: Callable[[str], bool]
    build: Callable[..., list[Document]]

    def hash_of(self, hashes: Mapping[str, str]) -> str:
        """Of a subject, from the hashes of its entries by their ids."""
        if not self.is_many:
            return next(iter(hashes.values()))
        return hashlib.sha256(repr(sorted(hashes.items())).encode()).hexdigest()


def _build_one(kind: str, **facts: Any) -> list[Document]:
    return [build_document(kind, **facts)]


DOCUMENTS = Shelf("documents", "", SETTINGS, INDEX_VERSION, "id", False, is_searched, _build_one)
PASSAGES = Shelf(
    *("passages", "_passages", PASSAGE_SETTINGS, PASSAGE_VERSION, "subject", True),
    has_passages,
    build_passages,
)
SHELVES = (DOCUMENTS, PASSAGES)
