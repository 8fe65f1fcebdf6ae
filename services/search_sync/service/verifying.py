"""Compares the index with what the services say is public now, document by document, and repairs the difference.

What should be there is built anew from each export; what is there is read whole from the engine and hashed anew. So a
document that was damaged, overwritten by a late write or never written is found whatever the ledger believes.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Any

from services.search_sync.repository import ledger
from services.search_sync.repository.ledger import Generation
from services.search_sync.rules.documents import hash_document
from services.search_sync.rules.queries import one_of
from services.search_sync.service.changes import Change, changes_of_lines
from services.search_sync.service.following import list_changed
from services.search_sync.service.rebuilding import Workshop
from shared.kit.reader import ExportLine

_DOCUMENTS_AT_ONCE = 200
_PASSAGES_AT_ONCE = 1000
_LINES_AT_ONCE = 500
_MAX_LISTED = 100


@dataclass(frozen=True)
class _State:
    """A document's version and hash, and whose it is."""

    source: str
    version: int
    content_hash: str | None
    """None: no document can be made of what is exported, so it should be parked."""


@dataclass
class Differences:
    """Ids by what is wrong with them. `checked` counts the documents that should be there."""

    checked: int = 0
    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    parked: int = 0
    repaired: int = 0

    @property
    def ids(self) -> set[str]:
        return {*self.missing, *self.extra, *self.stale}

    def as_outcome(self) -> dict[str, Any]:
        """For the order's record: counts, and the first ids of each kind."""
        return {
            "checked": self.checked,
            "parked": self.parked,
            "repaired": self.repaired,
            **{
                name: {"count": len(ids), "ids": ids[:_MAX_LISTED]}
                for name, ids in (("missing", self.missing), ("extra", self.extra), ("stale", self.stale))
            },
        }


async def verify(shop: Workshop, hold: Callable[[], AbstractAsyncContextManager[None]]) -> Differences:
    """The differences that were found, repaired. `hold` stops whoever follows the logs; not entered when all is well.

    The first look goes on beside the writing, so that it also meets documents on their way; only what it suspects is
    looked at again while nothing is written, less what the logs have yet to bring.
    """
    generation = await shop.find_live()
    assert generation is not None
    parked = await _parked_versions(shop, generation)
    expected = _states_of([change async for change in _exported(shop, states_only=True)])
    actual = await _read_index(shop)
    suspects = _compare(expected, actual, among=(expected.keys() | actual.keys()) - _unfit(expected, parked))
    if suspects.ids:
        async with hold():
            found = await _look_again(shop, suspects=suspects.ids)
    else:
        found = suspects
    found.checked, found.parked = len(expected), len(parked)
    return found


async def _look_again(shop: Workshop, *, suspects: Collection[str]) -> Differences:
    generation = await shop.find_live()
    assert generation is not None
    changes = {change.subject: change async for change in _exported(shop, among=suspects)}
    on_their_way: set[str] = set()
    for position in await ledger.list_positions(shop.database.reads, generation.id):
        on_their_way |= await list_changed(shop.following, position.source, position.cursor)
    expected = _states_of(changes.values())
    actual = await _read_index(shop, among=list(suspects))
    settled = set(suspects) - on_their_way - _unfit(expected, await _parked_versions(shop, generation))
    found = _compare(expected, actual, among=settled)
    await _repair(shop, generation, found, changes=changes, actual=actual)
    return found


async def _repair(
    shop: Workshop,
    generation: Generation,
    found: Differences,
    *,
    changes: Mapping[str, Change],
    actual: Mapping[str, _State],
) -> None:
    """Write what should be there and take out what should not, whatever the ledger believes."""
    wanted = [changes[one] for one in (*found.missing, *found.stale)]
    for one in found.extra:
        source = actual[one].source
        known = await ledger.versions_of(shop.database.reads, generation.id, source, [one])
        wanted.append(Change(source, one, "unknown", known.get(one, 0), (), None, None))
    if not wanted:
        return
    writer = shop.writer(generation, shop.uid)
    try:
        if shop.shelf.is_many:
            # Whatever else passes for a part of the subject, in the very edition that is public, goes by this.
            await writer.submit([replace(change, lines=()) for change in wanted], None, force=True)
        await writer.submit(wanted, None, force=True)
        await writer.drain()
    except BaseException:
        await writer.abandon()
        raise
    found.repaired = len(wanted)


def _compare(expected: Mapping[str, _State], actual: Mapping[str, _State], *, among: Iterable[str]) -> Differences:
    found = Differences()
    for one in sorted(among):
        should, is_there = expected.get(one), actual.get(one)
        if should == is_there:
            continue
        if should is None:
            found.extra.append(one)
        elif is_there is None:
            found.missing.append(one)
        else:
            found.stale.append(one)
    return found


def _unfit(expected: Mapping[str, _State], parked: Mapping[str, int]) -> set[str]:
    """What is known to be unfit in the very version that is public now. An older one may stand in the index meanwhile."""
    return {one for one, version in parked.items() if one in expected and expected[one].version == version}


def _states_of(changes: Iterable[Change]) -> dict[str, _State]:
    """What has no entry (a text without a passage) should not be there; what is unfit has a state without a hash."""
    return {
        change.subject: _State(change.source, change.version, change.content_hash)
        for change in changes
        if change.content_hash is not None or change.fault is not None
    }


async def _exported(
    shop: Workshop, *, among: Collection[str] | None = None, states_only: bool = False
) -> AsyncIterator[Change]:
    """What every service exports now, or of it only some subjects, as it should be in the index.

    `states_only` leaves the texts out: a whole library's need not be in memory at once.
    """
    for source, reader in shop.following.readers.items():
        lines: list[ExportLine] = []
        async for line in reader.export():
            if isinstance(line, ExportLine) and (among is None or line.subject in among):
                lines.append(line)
            if len(lines) >= _LINES_AT_ONCE:
                for change in await changes_of_lines(shop.shelf, source, lines):
                    yield replace(change, lines=(), data=None) if states_only else change
                lines = []
        for change in await changes_of_lines(shop.shelf, source, lines):
            yield replace(change, lines=(), data=None) if states_only else change


@dataclass
class _Found:
    """The entries of one subject, as they are in the index."""

    source: str
    version: int
    hashes: dict[str, str] = field(default_factory=dict)


async def _read_index(shop: Workshop, *, among: list[str] | None = None) -> dict[str, _State]:
    """Every subject of the index in use, or some of them, hashed as it is there."""
    conditions: list[str | None] = [None]
    if among is not None:
        starts = range(0, len(among), _DOCUMENTS_AT_ONCE)
        conditions = [one_of(shop.shelf.key, among[start : start + _DOCUMENTS_AT_ONCE]) for start in starts]
    found: dict[str, _Found] = {}
    for condition in conditions:
        offset = 0
        limit = _PASSAGES_AT_ONCE if shop.shelf.is_many else _DOCUMENTS_AT_ONCE
        while documents := await shop.engine.documents(shop.uid, offset=offset, limit=limit, condition=condition):
            await asyncio.to_thread(_collect, shop.shelf.key, documents, found)
            offset += len(documents)
    return {subject: _State(one.source, one.version, shop.shelf.hash_of(one.hashes)) for subject, one in found.items()}


def _collect(key: str, documents: list[dict[str, Any]], found: dict[str, _Found]) -> None:
    for one in documents:
        version = int(one.get("version", 0))
        entry = found.setdefault(str(one.get(key)), _Found(str(one.get("source")), version))
        entry.version = max(entry.version, version)
        entry.hashes[str(one["id"])] = hash_document(one)


async def _parked_versions(shop: Workshop, generation: Generation) -> dict[str, int]:
    parked = await ledger.list_parked(shop.database.reads, [generation.id], limit=100_000)
    return {document.subject: document.version for document in parked}
