"""How the index is set up, and the version that tells whether an index was built this way.

`docs/decisions/0004-search.md` has the reasons and the measurements.
"""

import hashlib
from typing import Any

from pydantic_core import to_json

from services.search_sync.rules.documents import DOCUMENT_FORMAT

FACETS = ("type", "kind", "doc_class", "level", "theme_top", "validity", "year", "issuers")
_CHINESE = ("title", "policy_title", "summary", "issuers", "organization_name", "doc_no_forms", "body")

SETTINGS: dict[str, Any] = {
    # In order of weight.
    "searchableAttributes": [
        "doc_no_forms",
        "title",
        "title_pinyin",
        "title_initials",
        "policy_title",
        "index_no",
        "reg_no",
        "summary",
        "issuers",
        "body",
    ],
    "filterableAttributes": [
        *FACETS,
        *("id", "source", "doc_no_key", "organization", "division_code", "theme", "published_on", "policy_id"),
    ],
    "sortableAttributes": ["published_on"],
    # A wanted order by date is an order by date, not a tie-break; without one the newest of equals comes first.
    "rankingRules": ["sort", "words", "typo", "proximity", "attribute", "exactness", "published_on:desc"],
    "localizedAttributes": [{"attributePatterns": list(_CHINESE), "locales": ["cmn"]}],
    "typoTolerance": {
        "enabled": True,
        "disableOnNumbers": True,
        "disableOnAttributes": ["doc_no_forms", "title_pinyin", "title_initials", "index_no", "reg_no"],
    },
    # Chinese compounds are split into words (社区, 食堂): only their distance tells a compound from a coincidence.
    "proximityPrecision": "byWord",
    "faceting": {"maxValuesPerFacet": 100, "sortFacetValuesBy": {"*": "count"}},
    "pagination": {"maxTotalHits": 100_000},
    "searchCutoffMs": 1500,
}

INDEX_VERSION = hashlib.sha256(to_json([DOCUMENT_FORMAT, SETTINGS])).hexdigest()[:16]
"""Of settings and documents together. An index of another version is replaced by a rebuild."""
