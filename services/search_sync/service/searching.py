"""Answers searches and suggestions: asks the engine, puts a named document first, shows only what is public still."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from services.search_sync.repository import ledger
from services.search_sync.repository.engine import Engine, EngineRefused, Found
from services.search_sync.rules.doc_numbers import keys_in
from services.search_sync.rules.documents import day_of
from services.search_sync.rules.queries import (
    CURRENT,
    Wanted,
    count_parameters,
    filter_of,
    left_out,
    named_parameters,
    none_of,
    search_parameters,
    suggest_parameters,
    text_of,
    validity_in,
)
from services.search_sync.rules.questions import without_asking
from services.search_sync.rules.shelves import DOCUMENTS, Shelf
from services.search_sync.rules.texts import highlighted
from services.search_sync.service.phrasing import Phraser
from services.search_sync.service.publicity import PublicityCheck
from shared.kit.errors import Unavailable
from shared.schemas.search import (
    Freshness,
    Highlights,
    Hit,
    SearchAnswer,
    SuggestAnswer,
    Suggestion,
)

_NOT_BUILT = "检索索引尚未建成，请稍后重试"
_CURRENT = {status.value for status in CURRENT}


@dataclass(frozen=True)
class SearchRoom:
    """What answering takes."""

    engine: Engine
    reads: asyncpg.Pool
    publicity: PublicityCheck
    uid: str
    sources: Sequence[str]
    stale_after_seconds: float
    phraser: Phraser | None = None


@dataclass(frozen=True)
class _Page:
    hits: list[dict[str, Any]]
    named: frozenset[str]
    total: int
    left_out: int
    facets: dict[str, dict[str, int]]


async def search(room: SearchRoom, wanted: Wanted, *, offset: int, limit: int, now: datetime) -> SearchAnswer:
    """One page. Unavailable when the engine, or a service that must vouch for the hits, cannot be asked."""
    # Read before the search: what it says is then true of the hits.
    freshness = await read_freshness(room)
    try:
        page = await _find(room, wanted, offset=offset, limit=limit)
    except EngineRefused as refusal:
        if refusal.code == "index_not_found":
            raise Unavailable(_NOT_BUILT) from refusal
        raise
    public = await room.publicity.versions(page.hits)
    shown = [hit for hit in page.hits if str(hit["id"]) in public]
    return SearchAnswer(
        items=[_hit(one, public[str(one["id"])], exact=str(one["id"]) in page.named) for one in shown],
        total=max(page.total - (len(page.hits) - len(shown)), len(shown)),
        left_out=page.left_out,
        facets=page.facets,
        freshness=freshness,
        stale=is_stale(room, freshness, now),
    )


async def suggest(room: SearchRoom, q: str, *, limit: int) -> SuggestAnswer:
    """Titles and numbers that begin like what was typed."""
    await read_freshness(room)
    found = (await room.engine.search([suggest_parameters(room.uid, text_of(q), limit=limit)]))[0]
    public = await room.publicity.versions(found.hits)
    return SuggestAnswer(
        items=[
            Suggestion(
                id=hit["id"],
                type=hit["type"],
                title=hit["title"],
                doc_no=hit.get("doc_no") or hit.get("policy_doc_no"),
                highlighted=highlighted(hit["_formatted"]["title"]),
            )
            for hit in found.hits
            if str(hit["id"]) in public
        ]
    )


async def read_freshness(room: SearchRoom, shelf: Shelf = DOCUMENTS) -> list[Freshness]:
    """Up to when the index reflects each service; Unavailable while there is no index yet."""
    rows = await ledger.list_live_positions(room.reads, shelf.name)
    if not rows:
        raise Unavailable(_NOT_BUILT)
    return [Freshness(source=row["source"], reflects_until=row["reflects_until"]) for row in rows]


def is_stale(room: SearchRoom, freshness: Sequence[Freshness], now: datetime) -> bool:
    """Whether any source is behind by more than the settings allow, or not followed at all."""
    known = {one.source: one.reflects_until for one in freshness}
    return any(
        source not in known or (now - known[source]).total_seconds() > room.stale_after_seconds
        for source in room.sources
    )


async def _find(room: SearchRoom, wanted: Wanted, *, offset: int, limit: int) -> _Page:
    """The page, with documents that the query names by number ahead of all others.

    All words must match; only when nothing does, the words of asking and then the most frequent ones may be left out.
    """
    page = await _find_strictly(room, wanted, offset=offset, limit=limit, lenient=False)
    if page.total or page.left_out:
        return page
    return await _find_strictly(room, wanted, offset=offset, limit=limit, lenient=True)


async def _find_strictly(room: SearchRoom, wanted: Wanted, *, offset: int, limit: int, lenient: bool) -> _Page:
    candidates = keys_in(wanted.q)
    keys = [key for group in candidates for key in group]
    narrowed, excluded = filter_of(wanted), left_out(wanted)
    visible = narrowed + validity_in(wanted.shown_statuses)
    text = without_asking(text_of(wanted.q)) if lenient else text_of(wanted.q)
    named: list[dict[str, Any]] = []
    queries = [named_parameters(room.uid, keys, conditions=visible)] if keys else []
    if keys and offset:
        # How far the others are skipped depends on how many are named, so that has to be known first.
        named = (await room.engine.search(queries))[0].hits
        queries = []
    others = visible + ([none_of("doc_no_key", keys)] if keys else [])
    start = max(0, offset - len(named))
    queries.append(
        search_parameters(
            room.uid, text, conditions=others, sort=wanted.sort, offset=start, limit=limit, lenient=lenient
        )
    )
    if excluded is not None:
        queries.append(count_parameters(room.uid, text, conditions=narrowed + excluded, lenient=lenient))
    found = await room.engine.search(queries)
    if keys and not offset:
        named, found = found[0].hits, found[1:]
    return _compose(candidates, named, found, offset=offset, limit=limit)


def _compose(
    candidates: list[list[str]], named: list[dict[str, Any]], found: list[Found], *, offset: int, limit: int
) -> _Page:
    """The named ahead of the others; among the named, those that are meant ahead of those a shorter reading names."""
    by_key: dict[str, list[dict[str, Any]]] = {}
    for hit in named:
        by_key.setdefault(hit["doc_no_key"], []).append(hit)
    meant: list[dict[str, Any]] = []
    for group in candidates:
        key = next((key for key in group if key in by_key), None)
        meant += by_key.pop(key) if key is not None else []
    ordered = meant + [hit for hits in by_key.values() for hit in hits]
    return _Page(
        hits=(ordered[offset : offset + limit] + found[0].hits)[:limit],
        named=frozenset(str(hit["id"]) for hit in meant),
        total=len(named) + found[0].total,
        left_out=found[1].total if len(found) > 1 else 0,
        facets=_add_facets(found[0].facets, named),
    )


def _add_facets(facets: dict[str, dict[str, int]], named: Sequence[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """The counts with the named documents, which the search itself left out."""
    counts = {name: dict(values) for name, values in facets.items()}
    for hit in named:
        shown = {**hit, "theme_top": (hit.get("theme") or "").partition("\\")[0]}
        for name, values in counts.items():
            worth = shown.get(name)
            for value in worth if isinstance(worth, list) else [worth]:
                if value not in (None, ""):
                    values[str(value)] = values.get(str(value), 0) + 1
    return counts


def _hit(found: dict[str, Any], public_version: int, *, exact: bool) -> Hit:
    marked = found["_formatted"]
    number = "doc_no" if found.get("doc_no") else "policy_doc_no"
    return Hit(
        id=found["id"],
        type=found["type"],
        version=found["version"],
        outdated=public_version > found["version"],
        exact_number=exact,
        title=found["title"],
        doc_no=found.get(number),
        organization=found["organization"],
        organization_name=found["organization_name"],
        issuers=found["issuers"],
        level=found.get("level"),
        kind=found.get("kind"),
        doc_class=found.get("doc_class"),
        form=found.get("form"),
        theme=found.get("theme"),
        year=found.get("year"),
        published_on=_day(found, "published_on"),
        effective_on=_day(found, "effective_on"),
        expires_on=_day(found, "expires_on"),
        repealed_on=_day(found, "repealed_on"),
        validity=found["validity"],
        status=found.get("status"),
        flagged=found["validity"] not in _CURRENT,
        summary=found.get("summary") or None,
        policy_id=found.get("policy_id"),
        policy_title=found.get("policy_title"),
        interpretation_count=found.get("interpretation_count"),
        highlights=Highlights(
            title=highlighted(marked["title"]),
            doc_no=highlighted(marked[number]) if marked.get(number) else None,
            body=highlighted(marked["body"]) if marked.get("body") else None,
        ),
    )


def _day(found: dict[str, Any], name: str) -> Any:
    return day_of(found.get(name))
