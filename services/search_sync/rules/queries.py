"""What is asked of the engine for a search: filters, defaults and parameters. Pure.

By default only what is in force or will be is found: lapsed and repealed documents, and what explains them, have to be
asked for (domain.md TS-29).
"""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.search_sync.rules.doc_numbers import with_phrases
from services.search_sync.rules.documents import day_number
from services.search_sync.rules.index_settings import FACETS
from services.search_sync.rules.pinyin import read_query
from services.search_sync.rules.texts import MARK_END, MARK_START, without_marks
from shared.schemas.policies import Validity
from shared.schemas.search import Sort

CURRENT = (Validity.IN_FORCE, Validity.NOT_YET)
_CROP_WORDS = 60
_MAX_NAMED = 10
_SHOWN = (
    *("id", "source", "type", "version", "title", "doc_no", "policy_doc_no", "organization", "organization_name"),
    *("issuers", "level", "kind", "doc_class", "form", "theme", "year", "published_on", "effective_on", "expires_on"),
    *(
        "repealed_on",
        "validity",
        "status",
        "summary",
        "policy_id",
        "policy_title",
        "interpretation_count",
        "doc_no_key",
    ),
)


@dataclass(frozen=True)
class Wanted:
    """A search as its caller means it; None and empty do not narrow."""

    q: str = ""
    type: str | None = None
    kind: str | None = None
    doc_class: str | None = None
    issuer: str | None = None
    level: str | None = None
    theme: str | None = None
    organization: str | None = None
    year: int | None = None
    published_from: date | None = None
    published_to: date | None = None
    statuses: tuple[Validity, ...] = ()
    include_lapsed: bool = False
    sort: Sort = Sort.RELEVANCE

    @property
    def shown_statuses(self) -> tuple[Validity, ...]:
        """Which validities are asked for, by name or by default; empty: all."""
        return self.statuses or (() if self.include_lapsed else CURRENT)


def filter_of(wanted: Wanted) -> list[str]:
    """Conditions that must all hold, without the one on validity."""
    equal = {
        "type": wanted.type,
        "kind": wanted.kind,
        "doc_class": wanted.doc_class,
        "level": wanted.level,
        "organization": wanted.organization,
        "issuers": wanted.issuer,
    }
    conditions = [equals(name, value) for name, value in equal.items() if value is not None]
    if wanted.theme is not None:
        # 一级, or 一级\二级.
        conditions.append(f"{'theme' if chr(92) in wanted.theme else 'theme_top'} = {_quoted(wanted.theme)}")
    if wanted.year is not None:
        conditions.append(f"year = {wanted.year}")
    if wanted.published_from is not None:
        conditions.append(f"published_on >= {day_number(wanted.published_from)}")
    if wanted.published_to is not None:
        conditions.append(f"published_on <= {day_number(wanted.published_to)}")
    return conditions


def validity_in(statuses: tuple[Validity, ...]) -> list[str]:
    """The condition on validity; none when all are wanted."""
    return [one_of("validity", [status.value for status in statuses])] if statuses else []


def left_out(wanted: Wanted) -> list[str] | None:
    """The condition on what is not shown by default; None when nothing is left out unasked."""
    if wanted.shown_statuses != CURRENT or wanted.statuses:
        return None
    return validity_in(tuple(status for status in Validity if status not in CURRENT))


def one_of(name: str, values: list[str]) -> str:
    return f"{name} IN [{', '.join(map(_quoted, values))}]"


def equals(name: str, value: str) -> str:
    return f"{name} = {_quoted(value)}"


def none_of(name: str, values: list[str]) -> str:
    return f"{name} NOT IN [{', '.join(map(_quoted, values))}]"


def text_of(query: str) -> str:
    """What is searched for: pinyin typed with blanks becomes one word, as it is indexed."""
    return read_query(query) or with_phrases(without_marks(query)).strip()


def search_parameters(
    uid: str, text: str, *, conditions: list[str], sort: Sort, offset: int, limit: int, lenient: bool = False
) -> dict[str, Any]:
    """A query with highlights and facets. `lenient` lets the most frequent words be left out, when all together find nothing."""
    order = {Sort.NEWEST: ["published_on:desc"], Sort.OLDEST: ["published_on:asc"]}.get(sort, [])
    return {
        "indexUid": uid,
        "q": text,
        "filter": conditions,
        "sort": order,
        "offset": offset,
        "limit": limit,
        "facets": list(FACETS),
        "matchingStrategy": "frequency" if lenient else "all",
        "locales": ["cmn"],
        "attributesToRetrieve": list(_SHOWN),
        "attributesToHighlight": ["title", "doc_no", "policy_doc_no", "body"],
        "attributesToCrop": ["body"],
        "cropLength": _CROP_WORDS,
        "cropMarker": "…",
        "highlightPreTag": MARK_START,
        "highlightPostTag": MARK_END,
    }


def named_parameters(uid: str, keys: list[str], *, conditions: list[str]) -> dict[str, Any]:
    """Documents with one of these numbers."""
    parameters = search_parameters(
        uid, "", conditions=[*conditions, one_of("doc_no_key", keys)], sort=Sort.NEWEST, offset=0, limit=_MAX_NAMED
    )
    return parameters | {"facets": []}


def count_parameters(uid: str, text: str, *, conditions: list[str], lenient: bool = False) -> dict[str, Any]:
    """The same without any hit: how many there are."""
    parameters = search_parameters(
        uid, text, conditions=conditions, sort=Sort.RELEVANCE, offset=0, limit=0, lenient=lenient
    )
    return parameters | {"facets": []}


def suggest_parameters(uid: str, text: str, *, limit: int) -> dict[str, Any]:
    """Titles and numbers in force that begin like the text, in Chinese, pinyin or initials."""
    return {
        "indexUid": uid,
        "q": text,
        "filter": validity_in(CURRENT),
        "limit": limit,
        "matchingStrategy": "all",
        "locales": ["cmn"],
        "attributesToSearchOn": ["title", "doc_no_forms", "title_pinyin", "title_initials"],
        "attributesToRetrieve": ["id", "source", "type", "title", "doc_no", "policy_doc_no"],
        "attributesToHighlight": ["title"],
        "highlightPreTag": MARK_START,
        "highlightPostTag": MARK_END,
    }


def _quoted(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
